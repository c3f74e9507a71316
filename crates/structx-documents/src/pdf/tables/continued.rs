//! Tables that go on on the next page: the same columns, at the foot of one page and at the head of
//! the next.

use super::evidence::is_number;
use crate::markdown_table::MarkdownCell;
use crate::pdf::layout::passages::{PageBlock, Passage, TableBlock};
use crate::{BlockKind, Bounds};

type Rows = [Vec<MarkdownCell>];
/// From where to where a column reaches, if it has cells.
type Extent = Option<(f32, f32)>;

/// The largest difference of the edges of a column on two pages, in points: chosen by hand.
const SAME_EDGE: f32 = 3.0;
/// The largest difference in height of a text that both pages have, in points: chosen by hand.
const SAME_HEIGHT: f32 = 4.0;
/// The most rows of a header that is repeated: chosen by hand.
const MOST_HEADER: usize = 6;
/// The words around the number of a page.
const PAGE_WORDS: [&str; 8] = ["page", "of", "seite", "von", "página", "pagina", "de", "sur"];

/// A page with the kinds of its blocks.
#[derive(Debug, Clone, Copy)]
pub(in crate::pdf) struct KnownPage<'a> {
    pub(in crate::pdf) blocks: &'a [PageBlock],
    pub(in crate::pdf) kinds: &'a [BlockKind],
}

/// The last table of a page, which may go on on the next.
#[derive(Debug)]
pub(in crate::pdf) struct OpenTable<'a> {
    page: &'a [PageBlock],
    /// The rows of its first part, whose first is the header.
    first: &'a Rows,
    /// Its number of rows so far.
    count: usize,
    last: &'a Rows,
    bounds: Bounds,
    /// The texts below it that are neither margins nor the number of the page.
    below: Vec<&'a Passage>,
}

/// How a table goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::pdf) struct Rest {
    /// The index of its block on the page.
    pub(in crate::pdf) place: usize,
    /// The number of its rows that repeat the header.
    pub(in crate::pdf) repeated: usize,
    /// The number of rows on the pages before.
    pub(in crate::pdf) before: usize,
}

impl<'a> OpenTable<'a> {
    /// The last table of the page; `above` is the one that goes on as `rest`.
    pub(in crate::pdf) fn of(page: KnownPage<'a>, above: Option<(Self, Rest)>) -> Option<Self> {
        let is_table = |block: &PageBlock| matches!(block, PageBlock::Table(..));
        let place = page.blocks.iter().rposition(is_table)?;
        let PageBlock::Table(TableBlock { rows: last, bounds, .. }) = &page.blocks[place] else {
            return None;
        };
        let (first, count) = match above.filter(|(_, rest)| rest.place == place) {
            Some((above, rest)) => (above.first, rest.before + last.len() - rest.repeated),
            None => (last.as_slice(), last.len()),
        };
        let below = texts(page, place + 1..page.blocks.len());
        Some(Self { page: page.blocks, first, count, last, bounds: *bounds, below })
    }

    /// How it goes on at the head of the next page, if it does.
    pub(in crate::pdf) fn rest(&self, next: KnownPage<'_>) -> Option<Rest> {
        let is_table = |block: &PageBlock| matches!(block, PageBlock::Table(..));
        let place = next.blocks.iter().position(is_table)?;
        let PageBlock::Table(TableBlock { rows, bounds, .. }) = &next.blocks[place] else {
            return None;
        };
        // What both pages have at the same place is a margin too.
        let is_between = self.below.iter().all(|text| stands_on(next.blocks, text))
            && texts(next, 0..place).iter().all(|text| stands_on(self.page, text));
        if !is_between || !have_same_columns(self.last, rows) {
            return None;
        }
        let repeated = repeated(self.first, rows);
        let goes_on = match repeated {
            0 => self.has_data_first(rows, *bounds),
            _ => repeated < rows.len(),
        };
        goes_on.then_some(Rest { place, repeated, before: self.count })
    }

    /// Whether the first of further rows is one of data: numbers where the table has numbers, but not
    /// years. If it has none, only the frame of the table tells.
    fn has_data_first(&self, rows: &Rows, bounds: Bounds) -> bool {
        let Some(first) = rows.first() else { return false };
        let numeric = numeric(self.last);
        if !numeric.contains(&true) {
            let same = |a: f32, b: f32| (a - b).abs() < 1.0;
            return same(self.bounds.left, bounds.left) && same(self.bounds.right, bounds.right);
        }
        let values: Vec<String> = placed(first)
            .filter(|(column, _)| numeric.get(*column).is_some_and(|is_numeric| *is_numeric))
            .map(|(_, cell)| text(cell))
            .filter(|text| !text.is_empty())
            .collect();
        let numbers = values.iter().filter(|value| is_number(value)).count();
        numbers * 2 > values.len() && !values.iter().all(|value| is_year(value))
    }
}

/// The texts of a part of the page that are neither margins, nor the number of the page, nor say that
/// the table is continued.
fn texts(page: KnownPage<'_>, part: std::ops::Range<usize>) -> Vec<&Passage> {
    let blocks = page.blocks[part.clone()].iter().zip(&page.kinds[part]);
    let texts = blocks.filter(|(_, kind)| **kind != BlockKind::HeaderFooter);
    texts.filter_map(|(block, _)| block.text()).filter(|text| !is_beside(text)).collect()
}

fn is_beside(passage: &Passage) -> bool {
    let text = passage.text.to_lowercase();
    let of_number = |word: &str| {
        let is_part = |letter: char| letter.is_ascii_digit() || "/-–|".contains(letter);
        PAGE_WORDS.contains(&word) || word.len() < 8 && word.chars().all(is_part)
    };
    passage.lines == 1 && (text.split_whitespace().all(of_number) || text.contains("contin"))
}

/// Whether the page has the same text at the same height.
fn stands_on(page: &[PageBlock], text: &Passage) -> bool {
    page.iter().filter_map(PageBlock::text).any(|other| {
        other.text == text.text && (other.bounds.top - text.bounds.top).abs() < SAME_HEIGHT
    })
}

/// The number of rows at the start that repeat the header of the table.
fn repeated(first: &Rows, rows: &Rows) -> usize {
    let is_same = |(row, other): &(&Vec<MarkdownCell>, &Vec<MarkdownCell>)| {
        let texts = |row: &[MarkdownCell]| placed(row).map(|(at, it)| (at, text(it))).collect();
        let (row, other): (Vec<_>, Vec<_>) = (texts(row), texts(other));
        row == other && row.iter().any(|(_, text)| !text.is_empty())
    };
    first.iter().zip(rows).take(MOST_HEADER).take_while(is_same).count()
}

/// Whether both have as many columns, aligned and apart from the others.
fn have_same_columns(above: &Rows, below: &Rows) -> bool {
    let (above, below) = (extents(above), extents(below));
    let aligned = |(a, b): (&Extent, &Extent)| {
        let (Some((left, right)), Some((other_left, other_right))) = (a, b) else { return true };
        let edges = [left - other_left, right - other_right];
        let middle = edges[0].midpoint(edges[1]);
        edges.into_iter().chain([middle]).any(|edge| edge.abs() < SAME_EDGE)
    };
    let both = above.iter().zip(&below).filter_map(|pair| match pair {
        (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
        (a, b) => a.or(*b),
    });
    let both: Vec<(f32, f32)> = both.collect();
    above.len() > 1
        && above.len() == below.len()
        && above.iter().zip(&below).all(aligned)
        && both.windows(2).all(|pair| pair[0].1 <= pair[1].0)
}

/// From where to where the cells of each column reach that are in no other column.
fn extents(rows: &Rows) -> Vec<Extent> {
    let mut extents: Vec<Extent> = Vec::new();
    for (column, cell) in rows.iter().flat_map(|row| placed(row)) {
        let count = column + cell.columns.max(1) as usize;
        extents.resize(extents.len().max(count), None);
        if let Some(bounds) = cell.bounds.filter(|_| cell.columns < 2) {
            let (left, right) = extents[column].unwrap_or((bounds.left, bounds.right));
            extents[column] = Some((left.min(bounds.left), right.max(bounds.right)));
        }
    }
    extents
}

/// Which columns hold mostly numbers.
fn numeric(rows: &Rows) -> Vec<bool> {
    let mut counts: Vec<(usize, usize)> = Vec::new();
    for (column, cell) in rows.iter().flat_map(|row| placed(row)) {
        let text = text(cell);
        counts.resize(counts.len().max(column + 1), (0, 0));
        counts[column].0 += usize::from(is_number(&text));
        counts[column].1 += usize::from(!text.is_empty());
    }
    counts.into_iter().map(|(numbers, all)| numbers > 1 && numbers * 5 >= all * 3).collect()
}

/// The cells with their columns.
fn placed(row: &[MarkdownCell]) -> impl Iterator<Item = (usize, &MarkdownCell)> {
    row.iter().scan(0, |next, cell| {
        let column = *next;
        *next += cell.columns.max(1) as usize;
        Some((column, cell))
    })
}

fn text(cell: &MarkdownCell) -> String {
    cell.words.iter().map(|(word, _)| word.as_str()).collect::<Vec<_>>().join(" ")
}

fn is_year(text: &str) -> bool {
    text.parse().is_ok_and(|year: u32| (1900..2100).contains(&year))
}
