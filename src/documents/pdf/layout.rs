//! Lines to paragraphs: a grid of characters that keeps columns apart.

use hayro_interpret::kurbo::{Point, Rect};

use super::glyphs::Glyph;
use super::lines::{Line, lines};
use super::words::{Turn, Word, words};
use crate::documents::Bounds;

/// In ems: what parts two columns.
const COLUMN_GAP: f64 = 0.8;
/// In line heights: what parts two paragraphs.
const PARAGRAPH_GAP: f64 = 1.35;
/// In ems: the line height of text that is set without extra space.
const LINE_HEIGHT: f64 = 1.25;
/// In ems: how far apart the rows of a table are, at most.
const ROW_HEIGHT: f64 = 2.3;
/// Spaces between columns, where no column of the grid asks for more: enough to see, and not more
/// for a model to read.
const COLUMN_SPACES: usize = 3;
/// No page is as wide, in characters.
const MOST_COLUMNS: f64 = 400.0;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Paragraph {
    pub(super) text: String,
    pub(super) bounds: Bounds,
}

/// The paragraphs of a page from top to bottom; after the upright text any that is turned.
pub(super) fn paragraphs(glyphs: Vec<Glyph>) -> Vec<Paragraph> {
    let turns = words(glyphs).into_iter();
    turns.flat_map(|(turn, words)| turned_paragraphs(turn, words)).collect()
}

fn turned_paragraphs(turn: Turn, words: Vec<Word>) -> Vec<Paragraph> {
    let lines = lines(words);
    let width = character_width(&lines);
    split_paragraphs(lines)
        .iter()
        .map(|lines| Paragraph { text: grid(lines, width), bounds: bounds(turn, lines) })
        .collect()
}

/// The median over the words; the width of a column of the grid.
fn character_width(lines: &[Line]) -> f64 {
    let width = |word: &Word| {
        let count = word.text.chars().count();
        #[expect(clippy::cast_precision_loss, reason = "a word is short")]
        (count > 2).then(|| (word.bounds.x1 - word.bounds.x0) / count as f64)
    };
    let mut widths: Vec<f64> =
        lines.iter().flat_map(|line| &line.words).filter_map(width).collect();
    widths.sort_by(f64::total_cmp);
    widths.get(widths.len() / 2).copied().unwrap_or(5.0).max(0.5)
}

fn split_paragraphs(lines: Vec<Line>) -> Vec<Vec<Line>> {
    let mut paragraphs: Vec<Vec<Line>> = Vec::new();
    for line in lines {
        match paragraphs.last_mut() {
            Some(paragraph) if continues(paragraph, &line) => paragraph.push(line),
            _ => paragraphs.push(vec![line]),
        }
    }
    paragraphs
}

/// Whether a line belongs to the paragraph above it: as near as the lines of that are to each
/// other, or one more row of a table.
fn continues(paragraph: &[Line], line: &Line) -> bool {
    let [.., last] = paragraph else { return false };
    let gap = line.baseline - last.baseline;
    let usual = match paragraph {
        [.., before, last] => last.baseline - before.baseline,
        _ => LINE_HEIGHT * last.size.min(line.size),
    };
    gap <= PARAGRAPH_GAP * usual.max(LINE_HEIGHT * line.size)
        || (gap <= ROW_HEIGHT * line.size && has_columns(last) && has_columns(line))
}

fn has_columns(line: &Line) -> bool {
    line.words.windows(2).any(|pair| match pair {
        [word, next] => next.bounds.x0 - word.bounds.x1 >= COLUMN_GAP * word.size,
        _ => false,
    })
}

/// The lines with every word in its column, gaps that all lines share made narrow.
fn grid(lines: &[Line], width: f64) -> String {
    let left = lines
        .iter()
        .flat_map(|line| &line.words)
        .map(|word| word.bounds.x0)
        .fold(f64::INFINITY, f64::min);
    let rows: Vec<Vec<char>> = lines.iter().map(|line| row(line, left, width)).collect();
    let length = rows.iter().map(Vec::len).max().unwrap_or(0);
    let is_blank = |column: usize| {
        rows.iter().all(|row| row.get(column).is_none_or(|character| *character == ' '))
    };
    let mut kept = Vec::new();
    let mut blank = 0;
    for column in 0..length {
        blank = if is_blank(column) { blank + 1 } else { 0 };
        if blank <= COLUMN_SPACES {
            kept.push(column);
        }
    }
    let squeezed = |row: &Vec<char>| {
        let text: String = kept.iter().map_while(|column| row.get(*column)).collect();
        text.trim_end().to_owned()
    };
    rows.iter().map(squeezed).collect::<Vec<_>>().join("\n")
}

fn row(line: &Line, left: f64, width: f64) -> Vec<char> {
    let mut row: Vec<char> = Vec::new();
    let mut end = None;
    for word in &line.words {
        let near = end.is_some_and(|end| word.bounds.x0 - end < COLUMN_GAP * word.size);
        let least = match end {
            None => 0,
            Some(_) if near => row.len() + 1,
            Some(_) => row.len() + COLUMN_SPACES,
        };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
        let column = ((word.bounds.x0 - left) / width).round().clamp(0.0, MOST_COLUMNS) as usize;
        row.resize(if near { least } else { least.max(column) }, ' ');
        row.extend(word.text.chars());
        end = Some(word.bounds.x1);
    }
    row
}

#[expect(clippy::cast_possible_truncation, reason = "a place on a page needs no more precision")]
fn bounds(turn: Turn, lines: &[Line]) -> Bounds {
    let rects = lines.iter().flat_map(|line| &line.words).map(|word| word.bounds);
    let area = rects.reduce(|area, rect| area.union(rect)).unwrap_or_default();
    let corner = |x, y| turn.to_page(Point::new(x, y));
    let area = Rect::from_points(corner(area.x0, area.y0), corner(area.x1, area.y1));
    Bounds {
        left: area.x0 as f32,
        top: area.y0 as f32,
        right: area.x1 as f32,
        bottom: area.y1 as f32,
    }
}

#[cfg(test)]
mod tests {
    use hayro_interpret::hayro_cmap::BfString;
    use hayro_interpret::kurbo::{Point, Vec2};

    use super::{Glyph, paragraphs};

    /// A text with letters of half an em, drawn from a point in a direction.
    fn drawn(text: &str, start: (f64, f64), direction: (f64, f64), size: f64) -> Vec<Glyph> {
        let step = Vec2::new(direction.0, direction.1) * size / 2.0;
        let glyph = |(index, character): (u32, char)| {
            let origin = Point::new(start.0, start.1) + step * f64::from(index);
            Glyph { text: BfString::Char(character), origin, end: origin + step, size, bold: false }
        };
        (0..).zip(text.chars()).map(glyph).collect()
    }

    fn texts(parts: &[(&str, f64, f64)]) -> Vec<String> {
        let glyphs = parts.iter().flat_map(|(text, x, y)| drawn(text, (*x, *y), (1.0, 0.0), 10.0));
        paragraphs(glyphs.collect()).into_iter().map(|paragraph| paragraph.text).collect()
    }

    #[test]
    fn columns_stay_aligned_and_rows_apart() {
        let parts = [
            ("1.00", 300.0, 112.0),
            ("Item", 50.0, 100.0),
            ("Price", 300.0, 100.0),
            ("Green tea", 50.0, 112.0),
            ("Sum", 180.0, 124.0),
            ("22.50", 300.0, 124.0),
            ("Thanks", 50.0, 160.0),
            ("a", 50.0, 200.0),
            ("b", 100.0, 200.0),
            ("c", 50.0, 220.0),
            ("d", 100.0, 220.0),
        ];
        let loose = "a   b\nc   d";
        let table = "Item              Price\nGreen tea         1.00\n            Sum   22.50";
        assert_eq!(texts(&parts), [table, "Thanks", loose]);
    }

    #[test]
    fn double_spaced_lines_are_one_paragraph() {
        let parts = [("one", 50.0, 100.0), ("two", 50.0, 116.0), ("three", 50.0, 132.0)];
        assert_eq!(texts(&parts), ["one\ntwo\nthree"]);
    }

    #[test]
    fn narrow_spaces_part_words_and_spaced_letters_do_not() {
        let spaced = |text: &str, gaps: &[f64]| {
            let mut x = 50.0;
            let mut glyphs = Vec::new();
            for (character, gap) in text.chars().zip(gaps.iter().chain([&0.0])) {
                glyphs.extend(drawn(&character.to_string(), (x, 100.0), (1.0, 0.0), 10.0));
                x += 5.0 + gap * 10.0;
            }
            paragraphs(glyphs).remove(0).text
        };
        assert_eq!(spaced("LA70", &[0.0, 0.1, 0.0]), "LA 70");
        assert_eq!(spaced("ABCDE", &[0.12, 0.12, 0.13, 0.12]), "ABCDE");
        assert_eq!(spaced("ABCDE", &[0.12, 0.12, 0.3, 0.12]), "ABC DE");
    }

    #[test]
    fn a_word_drawn_twice_is_read_once() {
        let parts = [("bold", 50.0, 100.0), ("bold", 50.3, 100.0), ("bold", 90.0, 100.0)];
        assert_eq!(texts(&parts), ["bold   bold"]);
    }

    #[test]
    fn turned_text_is_read_along_its_line() {
        for (direction, left, top) in [
            ((1.0, 0.0), 100.0, 92.0),
            ((0.0, 1.0), 98.0, 100.0),
            ((-1.0, 0.0), 60.0, 98.0),
            ((0.0, -1.0), 92.0, 60.0),
        ] {
            let [paragraph] = &paragraphs(drawn("ab cd ef", (100.0, 100.0), direction, 10.0))[..]
            else {
                panic!("not one paragraph");
            };
            assert_eq!(paragraph.text, "ab cd ef");
            let near = |a: f32, b: f32| (a - b).abs() < 0.01;
            assert!(near(paragraph.bounds.left, left), "{direction:?} {paragraph:?}");
            assert!(near(paragraph.bounds.top, top), "{direction:?} {paragraph:?}");
        }
    }
}
