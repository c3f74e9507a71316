//! Orders the lines and tables of a page: column by column in multi-column prose, otherwise from top
//! to bottom.

use std::ops::Range;

use hayro_interpret::kurbo::Rect;

use super::lines::{Line, lines};
use super::words::PageWord;
use crate::FileError;
use crate::context::ReadContext;

/// The least gap between two columns of prose, in ems: chosen by hand, not measured.
const GUTTER: f64 = 0.9;
/// The least number of lines of a column of prose, and of words and bytes per line on average: chosen
/// by hand.
const LEAST_LINES: usize = 3;
const LEAST_WORDS: usize = 4;
const LEAST_BYTES: usize = 22;
/// The least number of bytes of a line of columns that are drawn one after the other, on average:
/// chosen by hand.
const LEAST_TEXT: usize = 16;
/// The least number of lines beside each other for each time that the drawing goes back to a column:
/// chosen by hand.
const MOST_SWITCHES: usize = 8;
/// Lines that cover a larger part of the page's width have no column beside them: chosen by hand.
const MOST_WIDTH: f64 = 0.6;
/// A line this far from the others, in line heights, is a header or footer: chosen by hand.
const FAR: f64 = 2.5;
/// Pages with more lines are not searched for columns, to bound the time: chosen by hand.
const MOST_LINES: usize = 500;

/// An area that is read as a whole: a column, or text across the page.
#[derive(Debug, Default)]
pub(in crate::pdf) struct Region {
    pub(in crate::pdf) items: Vec<PageItem>,
    pub(in crate::pdf) left: f64,
    pub(in crate::pdf) right: f64,
}

#[derive(Debug)]
pub(in crate::pdf) enum PageItem {
    Line(Line),
    /// The index of the table among those of the page, and its area.
    Table(usize, Rect),
}

/// An interval of x.
type Span = (f64, f64);
/// Items set in columns of prose.
struct ColumnBand {
    range: Range<usize>,
    columns: Vec<Region>,
}

/// Divides the words and tables of a page into regions in reading order.
///
/// # Errors
/// The time is used up.
pub(in crate::pdf) fn regions(
    context: &ReadContext,
    words: Vec<PageWord>,
    tables: &[Rect],
) -> Result<Vec<Region>, FileError> {
    let mut items: Vec<PageItem> = lines(words).into_iter().map(PageItem::Line).collect();
    items.extend(tables.iter().enumerate().map(|(place, area)| PageItem::Table(place, *area)));
    if !tables.is_empty() {
        items.sort_by(|a, b| a.y().total_cmp(&b.y()));
    }
    if items.len() > MOST_LINES {
        return Ok(vec![Region::new(items)]);
    }
    let gaps: Vec<Vec<Span>> = items.iter().map(PageItem::gaps).collect();
    let width = Region::width(&items);
    let mut regions = Vec::new();
    let mut before = Vec::new();
    let mut items: Vec<Option<PageItem>> = items.into_iter().map(Some).collect();
    let mut start = 0;
    while start < items.len() {
        if let Some(band) = column_band(context, &items, &gaps, start, width)? {
            before.extend(items[start..band.range.start].iter_mut().filter_map(Option::take));
            regions.extend(Region::some(&mut before));
            regions.extend(band.columns);
            start = band.range.end;
        } else {
            before.extend(items[start].take());
            start += 1;
        }
    }
    regions.extend(Region::some(&mut before));
    Ok(regions)
}

impl Region {
    fn new(items: Vec<PageItem>) -> Self {
        let left = items.iter().map(PageItem::left).fold(f64::INFINITY, f64::min);
        let right = items.iter().map(PageItem::right).fold(f64::NEG_INFINITY, f64::max);
        Self { items, left, right }
    }

    fn width(items: &[PageItem]) -> f64 {
        let left = items.iter().map(PageItem::left).fold(f64::INFINITY, f64::min);
        items.iter().map(PageItem::right).fold(left, f64::max) - left
    }

    fn some(items: &mut Vec<PageItem>) -> Option<Self> {
        (!items.is_empty()).then(|| Self::new(std::mem::take(items)))
    }
}

impl PageItem {
    fn y(&self) -> f64 {
        match self {
            Self::Line(line) => line.baseline,
            Self::Table(_, area) => area.y0,
        }
    }

    fn left(&self) -> f64 {
        match self {
            Self::Line(line) => line.left,
            Self::Table(_, area) => area.x0,
        }
    }

    fn right(&self) -> f64 {
        match self {
            Self::Line(line) => line.right,
            Self::Table(_, area) => area.x1,
        }
    }

    /// The intervals beside and between the words in which a gutter may run.
    fn gaps(&self) -> Vec<Span> {
        let mut gaps = vec![(f64::NEG_INFINITY, self.left())];
        if let Self::Line(line) = self {
            let mut spans: Vec<Span> =
                line.words.iter().map(|word| (word.bounds.x0, word.bounds.x1)).collect();
            spans.sort_by(|a, b| a.0.total_cmp(&b.0));
            let mut end = f64::INFINITY;
            for (left, right) in spans {
                if left - end >= GUTTER * line.size {
                    gaps.push((end, left));
                }
                end = if end.is_infinite() { right } else { end.max(right) };
            }
        }
        gaps.push((self.right(), f64::INFINITY));
        gaps
    }
}

/// The longest run of items from `start` on that is set in columns of prose. `width` is that of the
/// text on the page.
fn column_band(
    context: &ReadContext,
    items: &[Option<PageItem>],
    gaps: &[Vec<Span>],
    start: usize,
    width: f64,
) -> Result<Option<ColumnBand>, FileError> {
    let mut free = gaps[start].clone();
    let mut end = start + 1;
    while end < items.len() {
        let next = shared(&free, &gaps[end]);
        // Only the margins are free, after there was a gutter, or the lines leave no room for one.
        let had_gutter = free.len() > 2 && end - start > 1;
        let is_full = end - start >= LEAST_LINES && covered(&next) > MOST_WIDTH * width;
        if next.len() <= 2 && (had_gutter || is_full) {
            break;
        }
        free = next;
        end += 1;
    }
    if free.len() <= 2 || end - start < LEAST_LINES {
        return Ok(None);
    }
    let inner = free[1..free.len() - 1].iter().map(|(left, right)| f64::midpoint(*left, *right));
    let mut gutters: Vec<f64> = inner.collect();
    let range = trimmed(items, start..end, &gutters);
    // Gaps between columns of figures, or beside item numbers, are not gutters.
    while !gutters.is_empty() {
        context.check_time()?;
        let tallies = tally(&items[range.clone()], &gutters);
        let is_apart = is_drawn_apart(&items[range.clone()], &gutters);
        let is_column = |it: &Tally| it.is_prose() || (is_apart && it.is_text());
        let Some(wrong) = tallies.iter().position(|column| !is_column(column)) else {
            let columns = split(&items[range.clone()], &gutters);
            return Ok(Some(ColumnBand { range, columns }));
        };
        gutters.remove(wrong.min(gutters.len() - 1));
    }
    Ok(None)
}

fn covered(free: &[Span]) -> f64 {
    let (left, right) = (free.first().map(|span| span.1), free.last().map(|span| span.0));
    left.zip(right).map_or(0.0, |(left, right)| right - left)
}

/// Statistics of the text between two gutters.
#[derive(Debug, Clone, Default)]
struct Tally {
    tables: usize,
    words: usize,
    /// Bytes of text; wide characters have more bytes than narrow ones.
    bytes: usize,
    widths: Vec<f64>,
}

fn tally(items: &[Option<PageItem>], gutters: &[f64]) -> Vec<Tally> {
    let mut columns = vec![Tally::default(); gutters.len() + 1];
    for item in items.iter().flatten() {
        let line = match item {
            PageItem::Line(line) => line,
            PageItem::Table(_, area) => {
                columns[column(area.center().x, gutters)].tables += 1;
                continue;
            }
        };
        let mut spans: Vec<Option<Span>> = vec![None; columns.len()];
        for word in &line.words {
            let place = column(word.bounds.center().x, gutters);
            let (left, right) = spans[place].unwrap_or((f64::INFINITY, f64::NEG_INFINITY));
            spans[place] = Some((left.min(word.bounds.x0), right.max(word.bounds.x1)));
            columns[place].words += 1;
            columns[place].bytes += word.text.len();
        }
        for (column, span) in columns.iter_mut().zip(spans) {
            column.widths.extend(span.map(|(left, right)| right - left));
        }
    }
    columns
}

impl Tally {
    /// Whether the column is text, of short lines too.
    fn is_text(&self) -> bool {
        let lines = self.widths.len();
        lines >= LEAST_LINES && self.bytes >= LEAST_TEXT * lines
    }

    /// Whether the column is prose, or a table and little else.
    fn is_prose(&self) -> bool {
        let lines = self.widths.len();
        if self.tables > 0 && lines < LEAST_LINES {
            return true;
        }
        let widest = self.widths.iter().copied().fold(0.0, f64::max);
        let full = self.widths.iter().filter(|width| **width > 0.6 * widest).count();
        lines >= LEAST_LINES
            && self.bytes >= LEAST_BYTES * lines
            // Some scripts have no spaces between words.
            && (self.words >= LEAST_WORDS * lines || self.bytes > 20 * self.words)
            && 2 * full > lines
    }
}

/// Whether the page draws the columns one after the other, though they stand beside each other.
fn is_drawn_apart(items: &[Option<PageItem>], gutters: &[f64]) -> bool {
    let mut drawn: Vec<(usize, usize)> = Vec::new();
    let mut shared = 0;
    for item in items.iter().flatten() {
        let PageItem::Line(line) = item else { continue };
        let place = |word: &PageWord| (word.drawn, column(word.bounds.center().x, gutters));
        let before = drawn.len();
        drawn.extend(line.words.iter().map(place));
        shared += usize::from(drawn[before..].windows(2).any(|pair| pair[0].1 != pair[1].1));
    }
    drawn.sort_unstable();
    let switches = drawn.windows(2).filter(|pair| pair[0].1 != pair[1].1).count();
    shared >= LEAST_LINES && switches <= gutters.len() * (1 + shared / MOST_SWITCHES)
}

/// The index of the column at x.
fn column(x: f64, gutters: &[f64]) -> usize {
    gutters.partition_point(|gutter| *gutter < x)
}

/// The intersection of two lists of intervals, without those under 4 points.
fn shared(a: &[Span], b: &[Span]) -> Vec<Span> {
    let mut shared = Vec::new();
    let (mut i, mut j) = (0, 0);
    while let (Some(one), Some(other)) = (a.get(i), b.get(j)) {
        let (left, right) = (one.0.max(other.0), one.1.min(other.1));
        if right - left >= 4.0 {
            shared.push((left, right));
        }
        if one.1 < other.1 {
            i += 1;
        } else {
            j += 1;
        }
    }
    shared
}

/// The run without the header and footer of the page.
fn trimmed(items: &[Option<PageItem>], mut band: Range<usize>, gutters: &[f64]) -> Range<usize> {
    let is_far = |upper: usize, lower: usize| match (&items[upper], &items[lower]) {
        (Some(a), Some(PageItem::Line(line))) => line.baseline - a.y() > FAR * line.size,
        _ => false,
    };
    let is_across = |place: usize| {
        let item = items[place].as_ref();
        item.is_some_and(|item| gutters.iter().any(|x| item.left() < *x && *x < item.right()))
    };
    if band.len() > LEAST_LINES && is_far(band.start, band.start + 1) && is_across(band.start) {
        band.start += 1;
    }
    if band.len() > LEAST_LINES && is_far(band.end - 2, band.end - 1) {
        band.end -= 1;
    }
    band
}

fn split(items: &[Option<PageItem>], gutters: &[f64]) -> Vec<Region> {
    let mut words: Vec<Vec<PageWord>> = vec![Vec::new(); gutters.len() + 1];
    let mut columns: Vec<Vec<PageItem>> = words.iter().map(|_| Vec::new()).collect();
    for item in items.iter().flatten() {
        match item {
            PageItem::Line(line) => {
                for word in &line.words {
                    words[column(word.bounds.center().x, gutters)].push(word.clone());
                }
            }
            PageItem::Table(place, area) => {
                columns[column(area.center().x, gutters)].push(PageItem::Table(*place, *area));
            }
        }
    }
    let joined = columns.into_iter().zip(words).map(|(mut items, words)| {
        items.extend(lines(words).into_iter().map(PageItem::Line));
        items.sort_by(|a, b| a.y().total_cmp(&b.y()));
        Region::new(items)
    });
    joined.collect()
}

#[cfg(test)]
mod tests {
    use hayro_interpret::kurbo::Rect;

    use super::super::test_words::words;
    use super::{PageItem, Region, regions, shared};
    use crate::ReadOptions;
    use crate::context::ReadContext;

    fn read(texts: &[(f64, f64, &str)], tables: &[Rect]) -> Vec<Vec<String>> {
        let options = ReadOptions::default();
        let text = |item: PageItem| match item {
            PageItem::Line(line) => {
                line.words.into_iter().map(|word| word.text).collect::<Vec<_>>().join(" ")
            }
            PageItem::Table(index, _) => format!("table {index}"),
        };
        let region = |region: Region| region.items.into_iter().map(text).collect();
        let found = regions(&ReadContext::new("x", &options), words(texts), tables).unwrap();
        found.into_iter().map(region).collect()
    }

    #[test]
    fn free_intervals_are_intersected() {
        let found = shared(&[(0.0, 10.0), (20.0, 30.0)], &[(5.0, 24.0), (27.0, 50.0)]);
        // Intervals under 4 points are too narrow for a gutter.
        assert_eq!(found, [(5.0, 10.0), (20.0, 24.0)]);
        assert_eq!(shared(&[(0.0, 10.0)], &[(7.0, 9.0)]), []);
    }

    #[test]
    fn a_table_between_lines_keeps_its_place() {
        let texts = [(50.0, 100.0, "above"), (50.0, 300.0, "below")];
        let found = read(&texts, &[Rect::new(50.0, 150.0, 250.0, 250.0)]);
        assert_eq!(found, [["above", "table 0", "below"]]);
    }

    #[test]
    fn a_table_in_a_column_is_read_within_it() {
        let (left, right) =
            ("the left column has these words", "and the right one has others here");
        let mut texts = Vec::new();
        for row in 0..4_u32 {
            let y = 100.0 + 12.0 * f64::from(row);
            texts.extend([(50.0, y, left), (300.0, y, right)]);
        }
        texts.extend([(300.0, 148.0, right), (300.0, 160.0, right)]);
        let found = read(&texts, &[Rect::new(50.0, 144.0, 200.0, 170.0)]);
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!(found[0].last().map(String::as_str), Some("table 0"));
        assert!(found[1].iter().all(|line| line == right), "{found:?}");
    }

    #[test]
    fn numbers_beside_labels_are_not_columns_of_prose() {
        let rows: Vec<_> = (0..6_u32)
            .flat_map(|row| {
                let y = 100.0 + 12.0 * f64::from(row);
                [(50.0, y, "one of the many labels here"), (300.0, y, "12.50")]
            })
            .collect();
        assert_eq!(read(&rows, &[]).len(), 1);
    }
}
