//! Joins glyphs that follow each other without a gap into words.

use std::collections::BTreeMap;

use hayro_interpret::hayro_cmap::BfString;
use hayro_interpret::kurbo::{Point, Rect};

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::compose;

use super::direction;
use super::growing_text::GrowingText;
use super::rotation::Rotation;
use super::scripts::script;
use crate::FileError;
use crate::context::ReadContext;
use crate::markup::text_style::Script;
use crate::pdf::drawing::Glyph;
use crate::pdf::drawing::typeface::Typeface;

/// The least gap between two words, in ems: after the first letter of a word, when its letter spacing
/// is unknown; and the bounds once it is known. A space is about 0.25. Chosen by hand.
const FIRST_GAP: f64 = 0.17;
const LEAST_GAP: f64 = 0.08;
const MOST_GAP: f64 = 0.25;
/// The largest overlap of two letters of a word, in ems: chosen by hand.
const MOST_OVERLAP: f64 = 0.42;
/// The largest distance of the baselines of one line, in ems: chosen by hand.
pub(in crate::pdf) const BASELINE_SLACK: f64 = 0.4;

/// A word in reading coordinates: x along the line, y down the lines, in points.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::pdf) struct PageWord {
    pub(in crate::pdf) text: String,
    /// The box from the usual ascent to the usual descent of its letters.
    pub(in crate::pdf) bounds: Rect,
    pub(in crate::pdf) baseline: f64,
    pub(in crate::pdf) size: f64,
    pub(in crate::pdf) face: Typeface,
    /// The middle of the space that is drawn before the word.
    pub(in crate::pdf) space_before: Option<Point>,
    /// Its place in the order of drawing.
    pub(in crate::pdf) drawn: usize,
    /// How sure text recognition is, from 0 to 1; `None` for text of the file.
    pub(in crate::pdf) score: Option<f32>,
}

/// Glyphs between two checks of the time: some 0.1 ms of work.
const GLYPHS_PER_CHECK: usize = 4096;

/// Groups the glyphs of a page to words, by rotation, upright ones first.
///
/// # Errors
/// The time is used up.
pub(in crate::pdf) fn words(
    context: &ReadContext,
    glyphs: Vec<Glyph>,
) -> Result<BTreeMap<Rotation, Vec<PageWord>>, FileError> {
    let mut builders: BTreeMap<Rotation, WordBuilder> = BTreeMap::new();
    for (count, glyph) in glyphs.into_iter().enumerate() {
        if count.is_multiple_of(GLYPHS_PER_CHECK) {
            context.check_time()?;
        }
        let rotation = Rotation::along(glyph.end - glyph.origin, glyph.mirrored);
        builders.entry(rotation).or_default().push(rotation, glyph);
    }
    Ok(builders.into_iter().map(|(rotation, maker)| (rotation, maker.finish())).collect())
}

/// Builds words glyph by glyph.
#[derive(Default)]
struct WordBuilder {
    words: Vec<PageWord>,
    /// The text of the last word, which is set when the word is complete.
    text: GrowingText,
    /// The last glyph; `None` before the first.
    last: Option<PlacedGlyph>,
    /// The middle of a space that followed the last glyph.
    space: Option<Point>,
    /// The widest gap between letters of the last word, in ems; `None` after the first letter.
    spacing: Option<f64>,
}

/// A glyph in reading coordinates.
struct PlacedGlyph {
    text: BfString,
    origin: Point,
    end: Point,
}

/// The side at which a glyph continues the last word, with the gap in ems.
enum Side {
    After(f64),
    Before(f64),
}

impl WordBuilder {
    fn push(&mut self, rotation: Rotation, glyph: Glyph) {
        let (origin, end) = (rotation.to_reading(glyph.origin), rotation.to_reading(glyph.end));
        if is_space(&glyph.text) {
            self.space = Some(origin.midpoint(end));
            return;
        }
        let this = PlacedGlyph { text: glyph.text, origin, end };
        // Some writers draw a glyph twice for bold or outlined text.
        if self.last.as_ref().is_some_and(|last| last.repeats(&this, glyph.size)) {
            return;
        }
        if self.accent(&this) {
            return;
        }
        if let Some(place) = self.place(&this, glyph.size) {
            self.extend(&place, &this, glyph.size);
        } else {
            self.complete();
            let style = (glyph.size, glyph.face);
            self.words.push(PageWord::new(&this, style, self.space, self.words.len()));
            self.text = GrowingText::new(clean(&this.text));
            self.spacing = None;
        }
        self.space = None;
        self.last = Some(this);
    }

    /// Composes a letter and an accent drawn over or under it, in either order.
    fn accent(&mut self, this: &PlacedGlyph) -> bool {
        let (Some(last), Some(word)) = (&self.last, self.words.last_mut()) else { return false };
        let (BfString::Char(first), BfString::Char(second)) = (&last.text, &this.text) else {
            return false;
        };
        let (base, mark) = match (combining(*first), combining(*second)) {
            (Some(mark), None) => (*second, mark),
            (None, Some(mark)) => (*first, mark),
            _ => return false,
        };
        let width = (last.end.x - last.origin.x).max(this.end.x - this.origin.x);
        let offset = last.origin.midpoint(last.end).x - this.origin.midpoint(this.end).x;
        if offset.abs() > 0.4 * width || !self.text.ends_with(*first) {
            return false;
        }
        // A dotless i is used below accents.
        let base = if base == 'ı' { 'i' } else { base };
        let Some(composed) = compose(base, mark) else { return false };
        self.text.replace_last(composed);
        let area = Rect::new(this.origin.x, word.bounds.y0, this.end.x, word.bounds.y1);
        word.bounds = word.bounds.union(area);
        self.last = Some(PlacedGlyph { text: BfString::Char(composed), ..*this });
        self.space = None;
        true
    }

    fn place(&self, glyph: &PlacedGlyph, size: f64) -> Option<Side> {
        let word = self.words.last().filter(|_| self.space.is_none())?;
        let em = word.size.max(size);
        if (glyph.origin.y - word.baseline).abs() >= BASELINE_SLACK * em {
            return None;
        }
        let most = match self.spacing {
            None => FIRST_GAP,
            Some(widest) => (1.5 * widest).clamp(LEAST_GAP, MOST_GAP),
        };
        let fits = |gap: &f64| *gap < most && *gap > -MOST_OVERLAP;
        let after = Some((glyph.origin.x - word.bounds.x1) / em).filter(fits);
        let before =
            Some((word.bounds.x0 - glyph.end.x) / em).filter(|gap| fits(gap) && self.text.is_rtl());
        after.map(Side::After).or(before.map(Side::Before))
    }

    fn extend(&mut self, place: &Side, glyph: &PlacedGlyph, size: f64) {
        let Some(word) = self.words.last_mut() else { return };
        let (own, of_word) = ((size, glyph.origin.y), (word.size, word.baseline));
        let text = clean(&glyph.text);
        let text = script(own, of_word).apply(&text);
        let raised = script(of_word, own);
        if raised != Script::Normal {
            let before = std::mem::take(&mut self.text).into_text();
            self.text = GrowingText::new(raised.apply(&before).into_owned());
        }
        let gap = match place {
            Side::After(gap) => {
                self.text.append(&text);
                *gap
            }
            Side::Before(gap) => {
                self.text.prepend(&text);
                *gap
            }
        };
        self.spacing = Some(self.spacing.map_or(gap, |widest| widest.max(gap)));
        word.bounds = word.bounds.union(reach(glyph, size));
        // Superscripts and subscripts are smaller and don't set the baseline.
        if size > word.size {
            (word.size, word.baseline) = (size, glyph.origin.y);
        }
    }

    /// Sets the text of the last word.
    fn complete(&mut self) {
        if let Some(word) = self.words.last_mut() {
            word.text = std::mem::take(&mut self.text).into_text();
            direction::order_letters(&mut word.text);
        }
    }

    fn finish(mut self) -> Vec<PageWord> {
        self.complete();
        // Words of invisible characters only.
        self.words.retain(|word| !word.text.is_empty());
        self.words
    }
}

impl PlacedGlyph {
    fn repeats(&self, next: &Self, size: f64) -> bool {
        let offset = next.origin - self.origin;
        let is_same = offset.x.abs().max(offset.y.abs()) < 0.1 * size && self.text == next.text;
        // A narrow letter may be followed by itself, as those are that stretch Arabic words.
        let apart = self.end.distance(next.origin).min(self.origin.distance(next.end));
        is_same && offset.hypot() <= apart
    }
}

impl PageWord {
    fn new(
        at: &PlacedGlyph,
        style: (f64, Typeface),
        space_before: Option<Point>,
        drawn: usize,
    ) -> Self {
        let ((size, face), bounds, baseline) = (style, reach(at, style.0), at.origin.y);
        let text = String::new();
        Self { text, bounds, baseline, size, face, space_before, drawn, score: None }
    }
}

/// The box of a glyph, from the usual ascent to the usual descent.
fn reach(glyph: &PlacedGlyph, size: f64) -> Rect {
    let Point { x, y } = glyph.origin;
    Rect::new(x, y - 0.8 * size, glyph.end.x.max(x), y + 0.2 * size)
}

/// The combining form of a spacing accent.
fn combining(accent: char) -> Option<char> {
    Some(match accent {
        '`' | '\u{300}' => '\u{300}',
        '´' | '\u{301}' => '\u{301}',
        'ˆ' | '\u{302}' => '\u{302}',
        '˜' | '\u{303}' => '\u{303}',
        '¯' | '\u{304}' => '\u{304}',
        '˘' | '\u{306}' => '\u{306}',
        '˙' | '\u{307}' => '\u{307}',
        '¨' | '\u{308}' => '\u{308}',
        '˚' | '\u{30a}' => '\u{30a}',
        '˝' | '\u{30b}' => '\u{30b}',
        'ˇ' | '\u{30c}' => '\u{30c}',
        '¸' | '\u{327}' => '\u{327}',
        _ => return None,
    })
}

fn is_space(text: &BfString) -> bool {
    match text {
        BfString::Char(character) => character.is_whitespace(),
        BfString::String(text) => text.trim().is_empty(),
    }
}

/// Decomposes ligatures and Arabic presentation forms to letters; drops invisible characters.
fn clean(glyph: &BfString) -> String {
    let mut text = String::new();
    let mut push = |character: char| match character {
        '\u{fb00}'..='\u{fb17}' => text.extend(character.nfkc()),
        // From left to right, as the letters beside them.
        '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}' => {
            let letters: Vec<char> = character.nfkc().collect();
            text.extend(letters.iter().rev());
        }
        // A soft hyphen that is drawn ends a line.
        '\u{ad}' => text.push('-'),
        '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}'
        | '\u{feff}' => {}
        _ => text.push(character),
    };
    match glyph {
        BfString::Char(character) => push(*character),
        BfString::String(letters) if direction::is_rtl(letters) => {
            letters.chars().rev().for_each(push);
        }
        BfString::String(letters) => letters.chars().filter(|c| !c.is_whitespace()).for_each(push),
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Instant;

    use hayro_interpret::hayro_cmap::BfString;
    use hayro_interpret::kurbo::{Point, Vec2};
    use proptest::prelude::*;

    use super::super::rotation::Rotation;
    use super::PageWord;
    use crate::context::ReadContext;
    use crate::pdf::drawing::Glyph;
    use crate::pdf::drawing::typeface::Typeface;
    use crate::{FileErrorKind, Limits, ReadOptions};

    /// A letter of 10 points that is half an em wide.
    fn glyph(text: &str, x: f64, y: f64) -> Glyph {
        let mut characters = text.chars();
        let text = match (characters.next(), characters.next()) {
            (Some(character), None) => BfString::Char(character),
            _ => BfString::String(text.to_owned()),
        };
        Glyph {
            text,
            origin: Point::new(x, y),
            end: Point::new(x + 5.0, y),
            size: 10.0,
            face: Typeface::default(),
            mirrored: false,
        }
    }

    /// A letter that is 0.08 ems wide.
    fn narrow(text: &str, x: f64, y: f64) -> Glyph {
        Glyph { end: Point::new(x + 0.8, y), ..glyph(text, x, y) }
    }

    fn sized(text: &str, x: f64, y: f64, size: f64) -> Glyph {
        Glyph { size, ..glyph(text, x, y) }
    }

    fn words(glyphs: Vec<Glyph>) -> BTreeMap<Rotation, Vec<PageWord>> {
        super::words(&ReadContext::new("x", &ReadOptions::default()), glyphs).unwrap()
    }

    fn texts(glyphs: Vec<Glyph>) -> Vec<String> {
        words(glyphs).into_values().flatten().map(|word| word.text).collect()
    }

    /// Letters with gaps in ems after each.
    fn spaced(text: &str, gaps: &[f64]) -> Vec<String> {
        let mut x = 50.0;
        let mut glyphs = Vec::new();
        for (character, gap) in text.chars().zip(gaps.iter().chain([&0.0])) {
            glyphs.push(glyph(&character.to_string(), x, 100.0));
            x += 5.0 + gap * 10.0;
        }
        texts(glyphs)
    }

    #[test]
    fn narrow_spaces_part_words_and_spaced_letters_do_not() {
        assert_eq!(spaced("LA70", &[0.0, 0.1, 0.0]), ["LA", "70"]);
        assert_eq!(spaced("ABCDE", &[0.12, 0.12, 0.13, 0.12]), ["ABCDE"]);
        assert_eq!(spaced("ABCDE", &[0.12, 0.12, 0.3, 0.12]), ["ABC", "DE"]);
        assert_eq!(spaced("A B", &[0.0, 0.0]), ["A", "B"]);
    }

    #[test]
    fn what_stands_for_letters_becomes_them() {
        for (glyphs, text) in [
            (vec![glyph("ﬁ", 50.0, 100.0), glyph("t", 55.0, 100.0)], "fit"),
            (vec![glyph("ffi", 50.0, 100.0)], "ffi"),
            // An accent over its letter, and one under it.
            (vec![glyph("n", 50.0, 100.0), glyph("´", 55.0, 100.0), glyph("e", 55.2, 100.0)], "né"),
            (vec![glyph("c", 50.0, 100.0), glyph("¸", 50.3, 100.0), glyph("a", 55.0, 100.0)], "ça"),
            // The same letter, drawn again to look bold.
            (vec![glyph("b", 50.0, 100.0), glyph("b", 50.3, 100.0), glyph("o", 55.0, 100.0)], "bo"),
            // A narrow letter twice.
            (vec![narrow("ـ", 50.8, 100.0), narrow("ـ", 50.0, 100.0)], "ــ"),
            // Raised.
            (vec![glyph("m", 50.0, 100.0), sized("2", 55.0, 97.0, 6.0)], "m²"),
            (vec![sized("2", 50.0, 97.0, 6.0), glyph("m", 55.0, 100.0)], "²m"),
            (vec![glyph("H", 50.0, 100.0), sized("2", 55.0, 101.5, 6.0)], "H₂"),
            (vec![glyph("m", 50.0, 100.0), glyph("2", 55.0, 97.0)], "m2"),
            // Hebrew, drawn from the left and from the right.
            (vec![glyph("ב", 50.0, 100.0), glyph("א", 55.0, 100.0)], "אב"),
            (vec![glyph("א", 55.0, 100.0), glyph("ב", 50.0, 100.0)], "אב"),
            // Lam with alef in one glyph, then a letter on its left.
            (vec![glyph("ب", 50.0, 100.0), glyph("\u{fefb}", 55.0, 100.0)], "لاب"),
        ] {
            assert_eq!(texts(glyphs), [text]);
        }
    }

    #[test]
    fn text_is_known_by_how_it_is_turned() {
        for (direction, degrees) in [
            ((1.0, 0.0), 0.0),
            ((0.0, 1.0), 90.0),
            ((-1.0, 0.1), 180.0),
            ((0.0, -1.0), 270.0),
            ((1.0, 1.0), 45.0),
        ] {
            let step = 5.0 * Vec2::new(direction.0, direction.1).normalize();
            let letter = |(number, character): (u32, char)| {
                let origin = Point::new(100.0, 100.0) + f64::from(number) * step;
                let letter = glyph(&character.to_string(), 0.0, 0.0);
                Glyph { origin, end: origin + step, ..letter }
            };
            let found = words((0..).zip("turned".chars()).map(letter).collect());
            let [(rotation, words)] = &found.into_iter().collect::<Vec<_>>()[..] else {
                panic!("not one turn: {direction:?}");
            };
            assert_eq!(*rotation, Rotation::of_degrees(degrees));
            assert_eq!(words.len(), 1, "{direction:?}");
            let corner = rotation.to_page(Point::new(words[0].bounds.x0, words[0].baseline));
            assert!(corner.distance(Point::new(100.0, 100.0)) < 0.1, "{corner:?}");
        }
    }

    /// Pages of one word: letters on one spot, and letters put before each other.
    fn one_word(count: u32) -> [Vec<Glyph>; 2] {
        let stacked = (0..count).map(|number| {
            let letter = if number % 2 == 0 { "a" } else { "b" };
            Glyph { end: Point::new(50.0, 100.0), ..glyph(letter, 50.0, 100.0) }
        });
        let leftwards = (0..count).map(|number| {
            let letter = if number % 2 == 0 { "א" } else { "ב" };
            glyph(letter, 5.0 * f64::from(count - number), 100.0)
        });
        [stacked.collect(), leftwards.collect()]
    }

    #[test]
    fn the_clock_is_read_within_a_page() {
        let limits = Limits { seconds: 0.0, ..Limits::default() };
        let options = ReadOptions { limits, ..ReadOptions::default() };
        for glyphs in one_word(10_000) {
            let error = super::words(&ReadContext::new("x", &options), glyphs).unwrap_err();
            assert_eq!(error.kind, FileErrorKind::LimitExceeded);
        }
    }

    /// Of 190,000 glyphs, a word took 2 to 5 s when each of them cost the length of the word.
    #[test]
    #[ignore = "a benchmark: prints milliseconds, which must grow with the number of glyphs"]
    fn time_of_one_word() {
        for count in [50_000, 100_000, 200_000] {
            let spent = one_word(count).map(|glyphs| {
                let started = Instant::now();
                assert_eq!(texts(glyphs).len(), 1);
                started.elapsed().as_millis()
            });
            println!("{count} glyphs: {spent:?} ms");
        }
    }

    proptest! {
        /// Wherever letters stand: none is lost, and none is read twice.
        #[test]
        fn every_letter_is_read_once(places in prop::collection::vec((0_u32..600, 0_u32..60), 0..200)) {
            let letters: Vec<Glyph> = (0x4e00_u32..)
                .zip(&places)
                .map(|(code, (x, y))| {
                    let letter = char::from_u32(code).unwrap().to_string();
                    glyph(&letter, f64::from(*x), f64::from(*y))
                })
                .collect();
            let count = letters.len();
            let mut found: Vec<char> = texts(letters).concat().chars().collect();
            found.sort_unstable();
            found.dedup();
            prop_assert_eq!(found.len(), count);
        }
    }
}
