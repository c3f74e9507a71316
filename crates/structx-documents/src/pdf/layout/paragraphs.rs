//! Joins the lines of a region into paragraphs, list items and aligned columns.

use super::lines::Line;
use super::reading_order::{PageItem, Region};
use super::words::PageWord;

/// The least gap between two columns, in ems: chosen by hand, not measured.
const COLUMN_GAP: f64 = 0.8;
/// The same in a line of many words: chosen by hand.
const SENTENCE_GAP: f64 = 1.5;
/// The least ratio of a column gap to the usual gap of its line, as all gaps of a justified line may
/// be wide: chosen by hand.
const OUTSTANDING: f64 = 1.6;
/// The least gap between two paragraphs, in line heights: chosen by hand.
const PARAGRAPH_GAP: f64 = 1.35;
/// The line height of text without extra leading, in ems: chosen by hand.
const LINE_HEIGHT: f64 = 1.25;
/// The largest distance of the rows of aligned columns, in ems: chosen by hand.
const ROW_HEIGHT: f64 = 2.3;
/// The least ratio of font sizes between two paragraphs: chosen by hand.
const OTHER_SIZE: f64 = 1.15;
/// The same for lines of which all words differ: chosen by the headings of docling's tests.
const OTHER_SIZE_OF_ALL: f64 = 1.06;
/// The range of the first line's indent, in ems: chosen by hand.
const INDENT: (f64, f64) = (0.8, 5.0);
/// The tolerance for lines that end at the same edge, as a part of the paragraph's width: chosen by
/// hand.
const SAME_EDGE: f64 = 0.1;
/// The least number of dots that lead to a page number, and the most of an ellipsis: chosen by hand.
const LEAST_DOTS: usize = 5;
const MOST_DOTS_OF_A_WORD: usize = 3;
/// A line of fewer bytes ends with a hard line break: chosen by hand.
const LEAST_WRAPPED: usize = 24;

/// A table or paragraph of a region, in reading order.
#[derive(Debug)]
pub(in crate::pdf) enum BodyItem {
    /// The index of a table among those of the page.
    Table(usize),
    Lines(Paragraph),
}

#[derive(Debug)]
pub(in crate::pdf) struct Paragraph {
    pub(in crate::pdf) lines: Vec<Line>,
    pub(in crate::pdf) shape: ParagraphShape,
    /// The extent of its region.
    pub(in crate::pdf) left: f64,
    pub(in crate::pdf) right: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::pdf) enum ParagraphShape {
    Prose,
    ListItem,
    /// Lines with aligned columns.
    Columns,
}

pub(in crate::pdf) fn body_items(region: Region) -> Vec<BodyItem> {
    let (left, right) = (region.left, region.right);
    let mut body_items = Vec::new();
    for item in region.items {
        match item {
            PageItem::Table(place, _) => body_items.push(BodyItem::Table(place)),
            PageItem::Line(line) => match body_items.last_mut() {
                Some(BodyItem::Lines(paragraph)) if paragraph.is_continued_by(&line) => {
                    paragraph.push(line);
                }
                _ => body_items.push(BodyItem::Lines(Paragraph::new(line, left, right))),
            },
        }
    }
    body_items
}

impl Paragraph {
    fn new(line: Line, left: f64, right: f64) -> Self {
        let shape = if has_columns(&line) {
            ParagraphShape::Columns
        } else if is_marker(&line) {
            ParagraphShape::ListItem
        } else {
            ParagraphShape::Prose
        };
        Self { lines: vec![line], shape, left, right }
    }

    fn push(&mut self, line: Line) {
        if has_columns(&line) {
            self.shape = ParagraphShape::Columns;
        }
        self.lines.push(line);
    }

    /// Whether a line continues the paragraph: at the distance of its lines and in their style, or as
    /// another row of its columns.
    fn is_continued_by(&self, line: &Line) -> bool {
        let [.., last] = self.lines.as_slice() else { return false };
        let gap = line.baseline - last.baseline;
        let in_columns = self.shape == ParagraphShape::Columns && has_columns(line);
        if in_columns && gap <= ROW_HEIGHT * line.size {
            return true;
        }
        let usual = match self.lines.as_slice() {
            [.., before, last] => last.baseline - before.baseline,
            _ => LINE_HEIGHT * last.size.min(line.size),
        };
        let is_near = gap > 0.0 && gap <= PARAGRAPH_GAP * usual.max(LINE_HEIGHT * line.size);
        is_near
            && is_alike(last, line)
            && !is_marker(line)
            && !self.is_indented(line)
            && !self.heads(line)
    }

    /// Whether the paragraph is a short line in italics over a line that is not, as its heading.
    fn heads(&self, line: &Line) -> bool {
        let [first] = self.lines.as_slice() else { return false };
        self.shape == ParagraphShape::Prose
            && is_italic(first)
            && !is_italic(line)
            && !self.wraps(first)
    }

    /// Whether the indent of the line begins a new paragraph.
    fn is_indented(&self, line: &Line) -> bool {
        let [first, .., last] = self.lines.as_slice() else { return false };
        let is_in = |outer: f64, inner: f64| {
            let indent = (inner - outer) / line.size;
            indent > INDENT.0 && indent < INDENT.1
        };
        let hangs =
            is_in(first.left, last.left) && (line.left - first.left).abs() < 0.5 * line.size;
        (self.wraps(last) && is_in(last.left, line.left)) || hangs
    }

    /// Whether a line reaches the right edge of the region.
    fn wraps(&self, line: &Line) -> bool {
        self.right - line.right < 0.2 * (self.right - self.left)
    }

    /// Whether the line ends with a hard line break, because the next word would have fitted. `left`
    /// and `right` are the [`Self::edges`].
    pub(in crate::pdf) fn is_ended((left, right): (f64, f64), line: &Line, next: &Line) -> bool {
        let Some(word) = next.words.first() else { return true };
        let length: usize = line.words.iter().map(|word| word.text.len() + 1).sum();
        let room = if is_from_right(line) { line.left - left } else { right - line.right };
        length < LEAST_WRAPPED || has_leader(line) || room > word.bounds.width() + 0.5 * line.size
    }

    /// The left and right edges of the lines. An edge is that of the farthest line if a second one
    /// reaches as far; otherwise all lines may be short, and it is that of the region.
    pub(in crate::pdf) fn edges(&self) -> (f64, f64) {
        let ends = |end: fn(&Line) -> f64| {
            let mut ends: Vec<f64> = self.lines.iter().map(end).collect();
            ends.sort_by(f64::total_cmp);
            ends
        };
        let (lefts, rights) = (ends(|line| line.left), ends(|line| -line.right));
        let slack = match (lefts.first(), rights.first()) {
            (Some(left), Some(right)) => SAME_EDGE * (-right - left),
            _ => 0.0,
        };
        let edge = |ends: &[f64], of_region: f64| match ends {
            [first, second, _, ..] if second - first < slack => *first,
            _ => of_region,
        };
        (edge(&lefts, self.left), -edge(&rights, -self.right))
    }
}

/// Whether the line runs from right to left: its first word is the rightmost.
fn is_from_right(line: &Line) -> bool {
    line.words.len() > 1 && line.words.first().is_some_and(|word| word.bounds.x1 >= line.right)
}

fn is_alike(last: &Line, line: &Line) -> bool {
    let (small, large) = (last.size.min(line.size), last.size.max(line.size));
    large < OTHER_SIZE * small && !differ(last, line) && is_bold(last) == is_bold(line)
}

/// Whether all words of one line are larger than all of the other.
fn differ(last: &Line, line: &Line) -> bool {
    let sizes = |line: &Line| {
        let sizes = line.words.iter().map(|word| word.size);
        sizes
            .fold((f64::INFINITY, 0.0_f64), |(least, most), size| (least.min(size), most.max(size)))
    };
    let (last, line) = (sizes(last), sizes(line));
    last.0 > OTHER_SIZE_OF_ALL * line.1 || line.0 > OTHER_SIZE_OF_ALL * last.1
}

pub(in crate::pdf) fn is_bold(line: &Line) -> bool {
    line.words.iter().all(|word| word.face.bold)
}

/// Whether dots lead to the end of the line, as in a table of contents.
fn has_leader(line: &Line) -> bool {
    // A word may end with an ellipsis, an abbreviation with a dot.
    let dots = |word: &PageWord| match word.text.trim_end_matches('.') {
        "" => word.text.len(),
        rest => (word.text.len() - rest.len()).saturating_sub(MOST_DOTS_OF_A_WORD),
    };
    line.words.iter().map(dots).sum::<usize>() >= LEAST_DOTS
}

fn is_italic(line: &Line) -> bool {
    line.words.iter().all(|word| word.face.italic)
}

/// Whether the line begins with a bullet or list number and continues.
fn is_marker(line: &Line) -> bool {
    let [first, _, ..] = line.words.as_slice() else { return false };
    is_mark(&first.text)
}

fn is_mark(text: &str) -> bool {
    let is_bullet = |character| "•◦▪■●○‣–—-*·➢✓".contains(character);
    let mut characters = text.chars();
    if characters.next().is_some_and(is_bullet) && characters.next().is_none() {
        return true;
    }
    let inner = text.trim_start_matches(['(', '[']).trim_end_matches(['.', ')', ']']);
    let is_number = inner.len() <= 3 && inner.bytes().all(|byte| byte.is_ascii_digit());
    let is_letter = inner.len() == 1 && inner.bytes().all(|byte| byte.is_ascii_lowercase());
    inner.len() < text.len() && !inner.is_empty() && (is_number || is_letter)
}

/// Whether the line has a gap that separates columns.
pub(in crate::pdf) fn has_columns(line: &Line) -> bool {
    let least = column_gap(line);
    let gap = |pair: &[PageWord]| match pair {
        [word, next] => gap(word, next) >= least,
        _ => false,
    };
    // A number or bullet before a text is not a column.
    let skipped = usize::from(line.words.first().is_some_and(|word| is_item_number(&word.text)));
    line.words.windows(2).skip(skipped).any(gap)
}

/// The least gap between two columns of the line, in points.
pub(in crate::pdf) fn column_gap(line: &Line) -> f64 {
    let least = COLUMN_GAP * line.size;
    let mut gaps: Vec<f64> =
        line.words.windows(2).filter_map(|pair| Some(gap(pair.first()?, pair.get(1)?))).collect();
    if gaps.len() < 3 {
        return least;
    }
    gaps.sort_by(f64::total_cmp);
    let usual = gaps[gaps.len() / 2];
    if usual >= 1.5 * line.size {
        return least;
    }
    // In prose only the gap after a sentence is wide.
    let least = if gaps.len() > 4 { SENTENCE_GAP * line.size } else { least };
    least.max(OUTSTANDING * usual)
}

/// The gap between two words; in right-to-left text the next word is on the left.
pub(super) fn gap(word: &PageWord, next: &PageWord) -> f64 {
    (next.bounds.x0 - word.bounds.x1).max(word.bounds.x0 - next.bounds.x1)
}

/// The number of a section or an item: `2`, `2.1`, `B.2`.
fn is_item_number(text: &str) -> bool {
    let inner = text.trim_end_matches(['.', ')']);
    is_mark(text)
        || (text.len() <= 8
            && inner.split('.').all(|part| {
                part.bytes().all(|byte| byte.is_ascii_digit())
                    || (part.len() == 1 && part.bytes().all(|b| b.is_ascii_uppercase()))
            }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::passages::write;
    use super::super::reading_order::regions;
    use super::super::rotation::Rotation;
    use super::super::test_words::words;
    use super::{BodyItem, ParagraphShape, body_items, is_mark};
    use crate::ReadOptions;
    use crate::context::ReadContext;

    fn read(lines: &[(f64, f64, &str)]) -> Vec<(ParagraphShape, String)> {
        let mut found = Vec::new();
        let options = ReadOptions::default();
        let regions = regions(&ReadContext::new("x", &options), words(lines), &[]).unwrap();
        for part in regions.into_iter().flat_map(body_items) {
            if let BodyItem::Lines(paragraph) = part {
                let upright = Rotation::UPRIGHT;
                let text = write(&paragraph, upright, upright, 5.0).text;
                found.push((paragraph.shape, text));
            }
        }
        found
    }

    fn texts(lines: &[(f64, f64, &str)]) -> Vec<String> {
        read(lines).into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn lines_that_were_wrapped_are_one_and_others_stay_apart() {
        let wrapped = [
            (50.0, 100.0, "These lines are broken where the next word has no hyphen-"),
            (50.0, 112.0, "ated room, and so they belong to one and the same sen-"),
            (50.0, 124.0, "tence."),
        ];
        let text = "These lines are broken where the next word has no hyphenated room, and so they \
                    belong to one and the same sentence.";
        assert_eq!(texts(&wrapped), [text]);
        let address = [(50.0, 100.0, "FIRM NAME"), (50.0, 112.0, "Box 1"), (50.0, 124.0, "City")];
        assert_eq!(texts(&address), ["FIRM NAME\nBox 1\nCity"]);
        let sender = [
            (50.0, 100.0, "Longest Name of a Company Limited"),
            (50.0, 112.0, "1 Unit of some Courtyard"),
            (50.0, 124.0, "Some City"),
            (50.0, 160.0, "A line below which is as wide as the page of the letter is, and wider"),
        ];
        assert!(texts(&sender)[0].starts_with("Longest Name of a Company Limited\n1 Unit"));
        let far = [(50.0, 100.0, "one"), (50.0, 130.0, "two")];
        assert_eq!(texts(&far), ["one", "two"]);
    }

    #[test]
    fn a_line_of_which_all_words_are_larger_is_a_paragraph() {
        let text = [(50.0, 100.0, "A title"), (50.0, 112.0, "and the text below the title")];
        let options = ReadOptions::default();
        for (sizes, count) in [([11.0, 11.0], 2), ([11.0, 10.0], 1)] {
            let mut words = words(&text);
            for (word, size) in words.iter_mut().zip(sizes) {
                word.size = size;
            }
            let found = regions(&ReadContext::new("x", &options), words, &[]).unwrap();
            assert_eq!(found.into_iter().flat_map(body_items).count(), count);
        }
    }

    #[test]
    fn aligned_columns_stay_aligned() {
        let rows = [
            (50.0, 100.0, "Item"),
            (300.0, 100.0, "Price"),
            (50.0, 112.0, "Green tea"),
            (300.0, 112.0, "1.00"),
            (180.0, 124.0, "Sum"),
            (300.0, 124.0, "22.50"),
        ];
        let grid = "Item              Price\nGreen tea         1.00\n            Sum   22.50";
        assert_eq!(read(&rows), [(ParagraphShape::Columns, grid.to_owned())]);
    }

    #[test]
    fn columns_of_prose_are_read_one_after_the_other() {
        let mut lines =
            vec![(50.0, 50.0, "A title that stands over both of the columns of the page")];
        let (left, right) = ("the left column runs on and on", "while the right one goes its way");
        for row in 0..6_u32 {
            let y = 100.0 + 12.0 * f64::from(row);
            lines.extend([(50.0, y, left), (300.0, y + 3.0, right)]);
        }
        let texts = texts(&lines);
        assert_eq!(texts.len(), 3, "{texts:?}");
        assert!(texts[1].starts_with("the left") && !texts[1].contains("right"), "{texts:?}");
        assert!(texts[2].starts_with("while the right") && !texts[2].contains("left"), "{texts:?}");
    }

    #[test]
    fn keys_and_values_are_no_columns_of_prose() {
        let pairs: Vec<(f64, f64, &str)> = (0..5_u32)
            .flat_map(|row| {
                let y = 100.0 + 12.0 * f64::from(row);
                [(50.0, y, "Name of it"), (300.0, y, "the value")]
            })
            .collect();
        let [(shape, text)] = &read(&pairs)[..] else { panic!("not one part") };
        assert_eq!(*shape, ParagraphShape::Columns);
        assert!(text.lines().all(|line| line == "Name of it   the value"), "{text}");
    }

    #[test]
    fn marks_begin_items() {
        let items = [
            (50.0, 100.0, "- the first item of a list"),
            (50.0, 112.0, "- and the second"),
            (50.0, 124.0, "1. a number"),
        ];
        let shapes: Vec<ParagraphShape> =
            read(&items).into_iter().map(|(shape, _)| shape).collect();
        assert_eq!(shapes, [ParagraphShape::ListItem; 3]);
        for (text, is) in [
            ("•", true),
            ("12.", true),
            ("(a)", true),
            ("12", false),
            ("12.50", false),
            ("ab.", false),
        ] {
            assert_eq!(is_mark(text), is, "{text}");
        }
    }

    proptest! {
        /// Wherever words stand: none is lost, and none is read twice.
        #[test]
        fn every_word_is_read_once(
            places in prop::collection::vec((0_u32..600, 0_u32..800, 1_usize..12), 0..120)
        ) {
            let placed: Vec<(f64, f64, String)> = (0..)
                .zip(&places)
                .map(|(number, (x, y, length)): (usize, _)| {
                    (f64::from(*x), f64::from(*y), format!("{number}{}", "x".repeat(*length)))
                })
                .collect();
            let lines: Vec<(f64, f64, &str)> =
                placed.iter().map(|(x, y, text)| (*x, *y, text.as_str())).collect();
            let mut found: Vec<String> =
                texts(&lines).iter().flat_map(|text| text.split_whitespace()).map(str::to_owned).collect();
            let mut all: Vec<String> = placed.into_iter().map(|(_, _, text)| text).collect();
            found.sort();
            all.sort();
            prop_assert_eq!(found, all);
        }
    }
}
