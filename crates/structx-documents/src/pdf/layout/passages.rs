//! Writes a paragraph of a page as text, with the box of each word.

use std::ops::Range;

use hayro_interpret::kurbo::Rect;

use super::lines::Line;
use super::paragraphs::{Paragraph, ParagraphShape, column_gap, is_bold};
use super::rotation::Rotation;
use super::words::PageWord;
use crate::builder::WordPlace;
use crate::pdf::tables::place;
use crate::{Bounds, markdown_table};

/// The most blank columns between columns of text: visible, and few tokens. Chosen by hand.
const COLUMN_SPACES: usize = 3;
/// English prefixes that keep their hyphen at a line end: `self-employed`. Chosen by hand.
const COMPOUND_PREFIXES: [&str; 3] = ["self", "ex", "quasi"];
/// The widths of a character of a typewriter font, in ems, the largest difference between two words,
/// and the least number of letters that tell: chosen by hand. Courier has 0.6.
const PITCH: (f64, f64) = (0.48, 0.68);
const SAME_PITCH: f64 = 0.001;
const LEAST_MONOSPACED: usize = 6;
/// The most character columns of a page: chosen by hand.
const MOST_COLUMNS: f64 = 400.0;

/// A block of a page before it is classified by comparison with other pages.
#[derive(Debug)]
pub(in crate::pdf) enum PageBlock {
    Text(Passage),
    Table(TableBlock),
    /// Text without boxes.
    Plain(String),
    /// The text of a note.
    Note(String),
}

impl PageBlock {
    /// Its box on the page, if it has one.
    pub(super) fn bounds(&self) -> Option<Bounds> {
        match self {
            Self::Text(passage) => Some(passage.bounds),
            Self::Table(table) => Some(table.bounds),
            Self::Plain(_) | Self::Note(_) => None,
        }
    }
}

/// A table with the usual style of its text.
#[derive(Debug)]
pub(in crate::pdf) struct TableBlock {
    pub(in crate::pdf) rows: Vec<Vec<markdown_table::MarkdownCell>>,
    pub(in crate::pdf) bounds: Bounds,
    pub(in crate::pdf) style: TextStyle,
    pub(in crate::pdf) bytes: usize,
}

/// The size of a font in points, and whether it is bold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::pdf) struct TextStyle {
    pub(in crate::pdf) size: f32,
    pub(in crate::pdf) bold: bool,
}

impl TextStyle {
    /// The style of most of the text.
    pub(in crate::pdf) fn usual<'a>(words: impl Iterator<Item = &'a PageWord>) -> Self {
        let mut bytes: Vec<(Self, usize)> = Vec::new();
        for word in words {
            #[expect(clippy::cast_possible_truncation, reason = "a size needs no more precision")]
            let style = Self { size: word.size as f32, bold: word.face.bold };
            match bytes.iter_mut().find(|(known, _)| *known == style) {
                Some((_, count)) => *count += word.text.len(),
                None => bytes.push((style, word.text.len())),
            }
        }
        let most = bytes.into_iter().max_by_key(|(_, count)| *count);
        most.map_or(Self { size: 0.0, bold: false }, |(style, _)| style)
    }
}

#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a property of its letters")]
pub(in crate::pdf) struct Passage {
    pub(in crate::pdf) shape: ParagraphShape,
    pub(in crate::pdf) text: String,
    pub(in crate::pdf) words: Vec<(Range<usize>, WordPlace)>,
    /// Where the hyphens of words that lines divide were dropped, in order.
    pub(in crate::pdf) joints: Vec<usize>,
    pub(in crate::pdf) bounds: Bounds,
    pub(in crate::pdf) size: f32,
    pub(in crate::pdf) bold: bool,
    pub(in crate::pdf) italic: bool,
    /// All its characters are of one width, as those of code are.
    pub(in crate::pdf) monospaced: bool,
    /// In the direction of most of the page.
    pub(in crate::pdf) upright: bool,
    pub(in crate::pdf) lines: usize,
}

/// Writes a paragraph of a page whose text is mostly `upright`; `width` is the width of a character column
/// for aligned columns.
pub(in crate::pdf) fn write(
    paragraph: &Paragraph,
    rotation: Rotation,
    upright: Rotation,
    width: f64,
) -> Passage {
    let mut writer =
        PassageWriter { rotation, text: String::new(), words: Vec::new(), joints: Vec::new() };
    match paragraph.shape {
        ParagraphShape::Columns => writer.columns(&paragraph.lines, width),
        ParagraphShape::Prose | ParagraphShape::ListItem => writer.prose(paragraph),
    }
    let rects = paragraph.lines.iter().flat_map(|line| &line.words).map(|word| word.bounds);
    let area = rects.reduce(|area, rect| area.union(rect)).unwrap_or_default();
    Passage {
        shape: paragraph.shape,
        text: writer.text,
        words: writer.words,
        joints: writer.joints,
        bounds: on_page(rotation, area),
        size: TextStyle::usual(paragraph.lines.iter().flat_map(|line| &line.words)).size,
        bold: paragraph.lines.iter().all(is_bold),
        italic: paragraph.lines.iter().flat_map(|line| &line.words).all(|word| word.face.italic),
        monospaced: is_monospaced(&paragraph.lines),
        upright: rotation.is_near(upright),
        lines: paragraph.lines.len(),
    }
}

/// Whether the characters of each word have the same width, as in a typewriter font.
fn is_monospaced(lines: &[Line]) -> bool {
    let words = || lines.iter().flat_map(|line| &line.words).filter(|word| word.text.is_ascii());
    #[expect(clippy::cast_precision_loss, reason = "a word is short")]
    let pitch = |word: &PageWord| word.bounds.width() / word.text.len() as f64 / word.size;
    let Some(first) = words().next().map(pitch) else { return false };
    let letters: usize = words().map(|word| word.text.len()).sum();
    letters >= LEAST_MONOSPACED
        && (PITCH.0..PITCH.1).contains(&first)
        && words().count() > 1
        && words().all(|word| (pitch(word) - first).abs() < SAME_PITCH)
}

/// The median character width of the words, in points.
pub(in crate::pdf) fn character_width<'a>(words: impl Iterator<Item = &'a PageWord>) -> f64 {
    let width = |word: &PageWord| {
        let count = word.text.chars().count();
        #[expect(clippy::cast_precision_loss, reason = "a word is short")]
        (count > 2).then(|| word.bounds.width() / count as f64)
    };
    let mut widths: Vec<f64> = words.filter_map(width).collect();
    let middle = widths.len() / 2;
    let median =
        (middle < widths.len()).then(|| *widths.select_nth_unstable_by(middle, f64::total_cmp).1);
    median.unwrap_or(5.0).max(0.5)
}

struct PassageWriter {
    rotation: Rotation,
    text: String,
    words: Vec<(Range<usize>, WordPlace)>,
    joints: Vec<usize>,
}

impl PassageWriter {
    fn word(&mut self, word: &PageWord) {
        let start = self.text.len();
        self.text.push_str(&word.text);
        self.words.push((start..self.text.len(), word.place(self.rotation)));
    }

    fn prose(&mut self, paragraph: &Paragraph) {
        let mut last: Option<&Line> = None;
        let edges = paragraph.edges();
        for line in &paragraph.lines {
            match last {
                Some(_) if self.is_broken_before(line) => self.drop_hyphen(),
                Some(last) if Paragraph::is_ended(edges, last, line) => self.text.push('\n'),
                Some(_) => self.text.push(' '),
                None => {}
            }
            for (index, word) in line.words.iter().enumerate() {
                if index > 0 {
                    self.text.push(' ');
                }
                self.word(word);
            }
            last = Some(line);
        }
    }

    /// Whether the last word ends with a hyphen of hyphenation and continues in the line.
    fn is_broken_before(&self, line: &Line) -> bool {
        let Some((range, _)) = self.words.last() else { return false };
        let word = &self.text[range.clone()];
        let Some(head) = word.strip_suffix(['-', '\u{2010}']) else { return false };
        let next = line.words.first().and_then(|word| word.text.chars().next());
        head.chars().count() > 1
            && head.chars().all(|character| character.is_alphabetic() || character == '(')
            && next.is_some_and(char::is_lowercase)
    }

    /// Drops the hyphen of a hyphenated word, unless the word is a compound.
    fn drop_hyphen(&mut self) {
        let word = self.words.last().map_or("", |(range, _)| &self.text[range.clone()]);
        let prefix = word.trim_end_matches(['-', '\u{2010}']).to_lowercase();
        if COMPOUND_PREFIXES.contains(&prefix.as_str()) {
            return;
        }
        self.text.pop();
        self.joints.push(self.text.len());
        if let Some((range, _)) = self.words.last_mut() {
            range.end = self.text.len();
        }
    }

    /// Writes each word at its character column; gaps shared by all lines are narrowed.
    fn columns(&mut self, lines: &[Line], width: f64) {
        let left = lines.iter().map(|line| line.left).fold(f64::INFINITY, f64::min);
        let rows: Vec<Vec<usize>> = lines.iter().map(|line| starts(line, left, width)).collect();
        let kept = kept_columns(lines, &rows);
        for (line, row) in lines.iter().zip(&rows) {
            if !self.text.is_empty() {
                self.text.push('\n');
            }
            let mut column = 0;
            for (word, start) in line.words.iter().zip(row) {
                let spaces = kept.get(column..*start).unwrap_or_default();
                let spaces = spaces.iter().filter(|kept| **kept).count();
                self.text.push_str(&" ".repeat(spaces));
                self.word(word);
                column = start + word.text.chars().count();
            }
        }
    }
}

/// The character column at which each word of a line begins.
fn starts(line: &Line, left: f64, width: f64) -> Vec<usize> {
    let gap = column_gap(line);
    let mut starts = Vec::with_capacity(line.words.len());
    let mut end: Option<(usize, f64)> = None;
    for word in &line.words {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
        let column = ((word.bounds.x0 - left) / width).round().clamp(0.0, MOST_COLUMNS) as usize;
        let start = match end {
            None => column,
            Some((end, right)) if word.bounds.x0 - right < gap => end + 1,
            Some((end, _)) => column.max(end + COLUMN_SPACES),
        };
        starts.push(start);
        end = Some((start + word.text.chars().count(), word.bounds.x1));
    }
    starts
}

/// Whether each character column is kept: those with text in any line, and a few blank ones after.
fn kept_columns(lines: &[Line], rows: &[Vec<usize>]) -> Vec<bool> {
    let mut used: Vec<bool> = Vec::new();
    for (line, row) in lines.iter().zip(rows) {
        for (word, start) in line.words.iter().zip(row) {
            let end = start + word.text.chars().count();
            used.resize(used.len().max(end), false);
            used[*start..end].fill(true);
        }
    }
    let mut blank = 0;
    let keep = |used: &bool| {
        blank = if *used { 0 } else { blank + 1 };
        blank <= COLUMN_SPACES
    };
    used.iter().map(keep).collect()
}

/// The box on the page of an area in reading coordinates.
pub(in crate::pdf) fn on_page(rotation: Rotation, area: Rect) -> Bounds {
    place(rotation.area_on_page(area))
}

impl PageWord {
    pub(in crate::pdf) fn place(&self, rotation: Rotation) -> WordPlace {
        WordPlace { bounds: on_page(rotation, self.bounds), score: self.score }
    }
}

impl Passage {
    pub(in crate::pdf) fn style(&self) -> TextStyle {
        TextStyle { size: self.size, bold: self.bold }
    }
}

impl PageBlock {
    /// The length of its text.
    pub(in crate::pdf) fn bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.text.len(),
            Self::Table(table) => table.bytes,
            Self::Plain(text) | Self::Note(text) => text.len(),
        }
    }

    pub(in crate::pdf) fn text(&self) -> Option<&Passage> {
        match self {
            Self::Text(text) => Some(text),
            Self::Table(_) | Self::Plain(_) | Self::Note(_) => None,
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::lines::lines;
    use super::super::paragraphs::{Paragraph, ParagraphShape};
    use super::super::rotation::Rotation;
    use super::super::test_words::words;
    use super::write;

    pub(in super::super) fn written(
        shape: ParagraphShape,
        texts: &[(f64, f64, &str)],
    ) -> super::Passage {
        let lines = lines(words(texts));
        let upright = Rotation::UPRIGHT;
        write(&Paragraph { lines, shape, left: 50.0, right: 250.0 }, upright, upright, 5.0)
    }

    #[test]
    fn a_hyphen_at_a_line_end_is_dropped_where_the_word_continues() {
        for (end, start, expected) in [
            ("a long sen-", "tence follows", "a long sentence follows"),
            ("a long sen\u{2010}", "tence follows", "a long sentence follows"),
            ("from Berlin-", "Tegel by train", "from Berlin- Tegel by train"),
            ("who are self-", "employed there", "who are self-employed there"),
            ("in the years 1990-", "and later on", "in the years 1990- and later on"),
        ] {
            let text = format!("{end:.>40}");
            let found =
                written(ParagraphShape::Prose, &[(50.0, 100.0, &text), (50.0, 112.0, start)]);
            assert!(found.text.ends_with(expected), "{}", found.text);
            let words: Vec<&str> =
                found.words.iter().map(|(range, _)| &found.text[range.clone()]).collect();
            assert_eq!(words.concat(), found.text.replace(' ', ""));
        }
    }

    #[test]
    fn columns_are_aligned_and_wide_gaps_narrowed() {
        let found = written(
            ParagraphShape::Columns,
            &[
                (50.0, 100.0, "Tea"),
                (200.0, 100.0, "1.00"),
                (50.0, 112.0, "Sugar"),
                (205.0, 112.0, "2.0"),
            ],
        );
        assert_eq!(found.text, "Tea     1.00\nSugar    2.0");
        assert_eq!(found.lines, 2);
    }
}
