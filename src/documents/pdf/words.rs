//! Glyphs that follow each other without a gap, put together to words.

use std::collections::BTreeMap;

use hayro_interpret::hayro_cmap::BfString;
use hayro_interpret::kurbo::{Point, Rect};

use unicode_normalization::UnicodeNormalization;

use super::direction;
use super::glyphs::Glyph;

/// In ems: what parts two words after the first letter of one, where it is not known yet how wide
/// its letters are spaced; from then on at least, and at most. A space is about 0.25.
const FIRST_GAP: f64 = 0.17;
const LEAST_GAP: f64 = 0.08;
const MOST_GAP: f64 = 0.25;
/// In ems: how far a letter may reach back over the one before.
const MOST_OVERLAP: f64 = 0.3;
/// In ems: how far apart the baselines of one line are.
pub(super) const BASELINE_SLACK: f64 = 0.4;
/// In degrees: how far text that counts as upright, or turned by a quarter, may be off.
const SLANT: i16 = 10;
/// In degrees: the steps in which other text is turned.
const STEP: i16 = 15;

/// A word in the frame of its reader: x along the line, y down the lines, in points.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Word {
    pub(super) text: String,
    /// From the usual reach of letters over the baseline to that under it.
    pub(super) bounds: Rect,
    pub(super) baseline: f64,
    pub(super) size: f64,
    pub(super) bold: bool,
    /// A space is drawn before it.
    pub(super) parted: bool,
}

/// How a text is turned: degrees clockwise from left to right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Turn(i16);

/// The words of a page, upright ones first, apart by how they are turned.
pub(super) fn words(glyphs: Vec<Glyph>) -> BTreeMap<Turn, Vec<Word>> {
    let mut makers: BTreeMap<Turn, Maker> = BTreeMap::new();
    for glyph in glyphs {
        let turn = Turn::of(&glyph);
        makers.entry(turn).or_default().push(turn, glyph);
    }
    makers.into_iter().map(|(turn, maker)| (turn, maker.words)).collect()
}

impl Turn {
    pub(super) const UPRIGHT: Self = Self(0);

    fn of(glyph: &Glyph) -> Self {
        let along = glyph.end - glyph.origin;
        // What nearly all text is.
        if along.y == 0.0 && along.x >= 0.0 {
            return Self::UPRIGHT;
        }
        #[expect(clippy::cast_possible_truncation, reason = "an angle in degrees")]
        let degrees = along.atan2().to_degrees().round() as i16;
        let quarter = (degrees + 405).rem_euclid(360) / 90 * 90;
        let off = (degrees - quarter + 180).rem_euclid(360) - 180;
        if off.abs() <= SLANT {
            return Self(quarter);
        }
        Self((degrees + 360 + STEP / 2).rem_euclid(360) / STEP * STEP)
    }

    fn sin_cos(self) -> (f64, f64) {
        match self.0 {
            0 => (0.0, 1.0),
            90 => (1.0, 0.0),
            180 => (0.0, -1.0),
            270 => (-1.0, 0.0),
            degrees => f64::from(degrees).to_radians().sin_cos(),
        }
    }

    /// A point of the page in the frame of one who reads along the line.
    pub(super) fn to_reader(self, point: Point) -> Point {
        let (sin, cos) = self.sin_cos();
        Point::new(point.x * cos + point.y * sin, point.y * cos - point.x * sin)
    }

    pub(super) fn to_page(self, point: Point) -> Point {
        let (sin, cos) = self.sin_cos();
        Point::new(point.x * cos - point.y * sin, point.y * cos + point.x * sin)
    }
}

/// Puts words together, glyph by glyph.
#[derive(Default)]
struct Maker {
    words: Vec<Word>,
    /// The last glyph; `None` before the first.
    last: Option<Last>,
    /// A space came after it.
    parted: bool,
    /// In ems: the widest gap between the letters of the last word; `None` after the first.
    spacing: Option<f64>,
}

/// A glyph in the frame of its reader.
struct Last {
    text: BfString,
    origin: Point,
    end: Point,
}

/// Where a glyph stands that belongs to the last word.
enum Place {
    After(f64),
    Before(f64),
}

impl Maker {
    fn push(&mut self, turn: Turn, glyph: Glyph) {
        if is_space(&glyph.text) {
            self.parted = true;
            return;
        }
        let (origin, end) = (turn.to_reader(glyph.origin), turn.to_reader(glyph.end));
        let this = Last { text: glyph.text, origin, end };
        // Bold is imitated, and outlines are filled, by drawing the same glyph twice.
        if self.last.as_ref().is_some_and(|last| last.repeats(&this, glyph.size)) {
            return;
        }
        match self.place(&this, glyph.size) {
            Some(place) => self.extend(&place, &this, glyph.size),
            None => {
                let parted = self.parted || self.words.is_empty();
                self.words.push(Word::new(&this, glyph.size, glyph.bold, parted));
                self.spacing = None;
            }
        }
        self.parted = false;
        self.last = Some(this);
    }

    fn place(&self, glyph: &Last, size: f64) -> Option<Place> {
        let word = self.words.last().filter(|_| !self.parted)?;
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
        let before = Some((word.bounds.x0 - glyph.end.x) / em)
            .filter(|gap| fits(gap) && direction::is_rtl(&word.text));
        after.map(Place::After).or(before.map(Place::Before))
    }

    fn extend(&mut self, place: &Place, glyph: &Last, size: f64) {
        let Some(word) = self.words.last_mut() else { return };
        let gap = match place {
            Place::After(gap) => {
                push_clean(&mut word.text, &glyph.text);
                *gap
            }
            Place::Before(gap) => {
                let mut text = String::new();
                push_clean(&mut text, &glyph.text);
                word.text.insert_str(0, &text);
                *gap
            }
        };
        self.spacing = Some(self.spacing.map_or(gap, |widest| widest.max(gap)));
        word.bounds = word.bounds.union(reach(glyph, size));
        word.size = word.size.max(size);
    }
}

impl Last {
    fn repeats(&self, next: &Self, size: f64) -> bool {
        let offset = next.origin - self.origin;
        offset.x.abs().max(offset.y.abs()) < 0.1 * size && self.text == next.text
    }
}

impl Word {
    fn new(glyph: &Last, size: f64, bold: bool, parted: bool) -> Self {
        let mut text = String::with_capacity(8);
        push_clean(&mut text, &glyph.text);
        let bounds = reach(glyph, size);
        Self { text, bounds, baseline: glyph.origin.y, size, bold, parted }
    }
}

/// The usual reach of letters over and under the baseline.
fn reach(glyph: &Last, size: f64) -> Rect {
    let Point { x, y } = glyph.origin;
    Rect::new(x, y - 0.8 * size, glyph.end.x.max(x), y + 0.2 * size)
}

fn is_space(text: &BfString) -> bool {
    match text {
        BfString::Char(character) => character.is_whitespace(),
        BfString::String(text) => text.trim().is_empty(),
    }
}

/// Ligatures and the letter forms of Arabic script become the letters that they stand for.
fn push_clean(text: &mut String, glyph: &BfString) {
    let mut push = |character: char| match character {
        '\u{fb00}'..='\u{fb06}' | '\u{fb13}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}' => {
            text.extend(character.nfkc());
        }
        // They show nothing, or only where a line ends.
        '\u{ad}' => text.push('-'),
        '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}'
        | '\u{feff}' => {}
        _ => text.push(character),
    };
    match glyph {
        BfString::Char(character) => push(*character),
        BfString::String(letters) => letters.chars().filter(|c| !c.is_whitespace()).for_each(push),
    }
}
