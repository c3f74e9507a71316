//! Parts a sheet into titles, pairs of a label and a value, and tables.

use super::grid::{Area, GridCell, GridRow};
use super::value::{CellKind, shown};
use crate::records::header::HeadKind;

/// How often a part is split into columns and these into rows: chosen by hand.
const MOST_SPLITS: usize = 4;
/// Tables side by side, at most: chosen by hand, not measured.
const MOST_PIECES: usize = 16;
/// Rows of two columns from which on they are a table and not pairs: chosen by hand, not measured.
const MOST_PAIRS: usize = 20;
/// The longest label of a pair, in characters: chosen by hand, not measured.
const LONGEST_LABEL: usize = 60;

/// The cells of a row within a part.
#[derive(Debug, Clone, Copy)]
pub(super) struct PartRow<'g> {
    pub(super) number: u32,
    pub(super) cells: &'g [GridCell],
}

#[derive(Debug)]
pub(super) enum Part<'g> {
    /// A row of its own, such as a title.
    Line(PartRow<'g>),
    /// Rows of labels, each with its value.
    Pairs(Vec<PartRow<'g>>),
    Table(Vec<PartRow<'g>>),
}

/// The parts of a sheet from top to bottom; the rows are sorted.
pub(super) fn parts<'g>(rows: &'g [GridRow], merged: &[Area]) -> Vec<Part<'g>> {
    let rows = rows.iter().map(|row| PartRow { number: row.number, cells: &row.cells }).collect();
    let mut merged: Vec<&Area> = merged.iter().collect();
    merged.sort_by_key(|area| *area.rows.start());
    let mut parts = Vec::new();
    split(rows, &merged, MOST_SPLITS, &mut parts);
    parts
}

fn split<'g>(rows: Vec<PartRow<'g>>, merged: &[&Area], splits: usize, parts: &mut Vec<Part<'g>>) {
    for band in bands(rows) {
        let pieces = if splits > 0 { pieces(&band, merged) } else { Vec::new() };
        if pieces.is_empty() {
            classify(&band, parts);
        }
        for piece in pieces {
            split(piece, merged, splits - 1, parts);
        }
    }
}

/// Rows without blank ones between.
#[derive(Default)]
struct Band<'g> {
    rows: Vec<PartRow<'g>>,
    /// The most cells of a row.
    width: usize,
    /// The first and the last column.
    columns: Option<(u32, u32)>,
}

impl<'g> Band<'g> {
    fn push(&mut self, row: PartRow<'g>) {
        self.width = self.width.max(row.cells.len());
        if let (Some(first), Some(last)) = (row.cells.first(), row.cells.last()) {
            let (from, to) = self.columns.unwrap_or((first.column, last.column));
            self.columns = Some((from.min(first.column), to.max(last.column)));
        }
        self.rows.push(row);
    }

    fn is_followed_by(&self, row: PartRow) -> bool {
        let Some(last) = self.rows.last() else { return true };
        match row.number - last.number {
            1 => true,
            2 => self.goes_on(row),
            _ => false,
        }
    }

    /// Whether the row after a blank one belongs to the table above: it has values, and stands in its
    /// columns.
    fn goes_on(&self, row: PartRow) -> bool {
        let is_within = |cell: &GridCell| {
            self.columns.is_some_and(|(from, to)| (from..=to).contains(&cell.column))
        };
        self.width > 2
            && row.cells.len() > 1
            && row.cells.iter().any(|cell| cell.head_kind() == HeadKind::Value)
            && row.cells.iter().all(is_within)
    }
}

/// Splits at blank rows, except where the rows below go on with the table above.
fn bands(rows: Vec<PartRow>) -> Vec<Vec<PartRow>> {
    let mut bands: Vec<Band> = Vec::new();
    for row in rows {
        match bands.last_mut() {
            Some(band) if band.is_followed_by(row) => band.push(row),
            _ => {
                let mut band = Band::default();
                band.push(row);
                bands.push(band);
            }
        }
    }
    bands.into_iter().map(|band| band.rows).collect()
}

/// Tables side by side, parted by blank columns; none if the rows are one table.
fn pieces<'g>(rows: &[PartRow<'g>], merged: &[&Area]) -> Vec<Vec<PartRow<'g>>> {
    let runs = runs(rows, merged);
    if !(2..=MOST_PIECES).contains(&runs.len()) {
        return Vec::new();
    }
    let piece = |(from, to): &(u32, u32)| -> Vec<PartRow<'g>> {
        let within = |row: &PartRow<'g>| {
            let start = row.cells.partition_point(|cell| cell.column < *from);
            let end = row.cells.partition_point(|cell| cell.column <= *to);
            PartRow { number: row.number, cells: &row.cells[start..end] }
        };
        rows.iter().map(within).filter(|row| !row.cells.is_empty()).collect()
    };
    let pieces: Vec<Vec<PartRow>> = runs.iter().map(piece).collect();
    let is_table = |rows: &Vec<PartRow>| rows.iter().filter(|row| row.cells.len() > 1).count() > 1;
    if pieces.iter().all(is_table) { pieces } else { Vec::new() }
}

/// The first and the last column of each run of columns with cells; merged areas fill theirs.
fn runs(rows: &[PartRow], merged: &[&Area]) -> Vec<(u32, u32)> {
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Vec::new() };
    let place = |row: u32| merged.partition_point(|area| *area.rows.start() < row);
    let areas = merged[place(first.number)..place(last.number.saturating_add(1))].iter();
    let areas = areas.map(|area| (*area.columns.start(), *area.columns.end()));
    let cells = rows.iter().flat_map(|row| row.cells).map(|cell| (cell.column, cell.column));
    let mut runs: Vec<(u32, u32)> = cells.chain(areas).collect();
    runs.sort_unstable();
    runs.dedup_by(|next, run| {
        let touches = next.0 <= run.1.saturating_add(1);
        if touches {
            run.1 = run.1.max(next.1);
        }
        touches
    });
    runs
}

/// Titles above, then pairs or a table.
fn classify<'g>(rows: &[PartRow<'g>], parts: &mut Vec<Part<'g>>) {
    let titles = rows.iter().take_while(|row| row.cells.len() == 1).count();
    let (titles, rows) = rows.split_at(titles);
    parts.extend(titles.iter().copied().map(Part::Line));
    if !rows.is_empty() {
        let rows = rows.to_vec();
        parts.push(if are_pairs(&rows) { Part::Pairs(rows) } else { Part::Table(rows) });
    }
}

fn are_pairs(rows: &[PartRow]) -> bool {
    let rows_of_several = rows.iter().filter(|row| row.cells.len() > 1);
    let found: Option<Vec<_>> = rows_of_several.map(|row| pairs(row.cells)).collect();
    let Some(found) = found else { return false };
    found.iter().flatten().all(|(label, _)| has_colon(label))
        || (rows.len() <= MOST_PAIRS && !is_list_of_two(rows))
}

/// Two columns of names with values below the second one, or all of one kind.
fn is_list_of_two(rows: &[PartRow]) -> bool {
    let [first, below @ ..] = rows else { return false };
    let second = |row: &PartRow| row.cells.get(1).map(GridCell::head_kind);
    let mut below = below.iter().filter_map(second).peekable();
    second(first) == Some(HeadKind::Name)
        && below.peek().is_some()
        && below.all(|kind| kind != HeadKind::Name)
}

/// The labels of a row, each with its value, if it consists of such pairs.
pub(super) fn pairs(cells: &[GridCell]) -> Option<Vec<(&GridCell, &GridCell)>> {
    let pairs: Vec<(&GridCell, &GridCell)> =
        cells.chunks_exact(2).map(|pair| (&pair[0], &pair[1])).collect();
    let is_whole = cells.len().is_multiple_of(2) && pairs.iter().all(|(label, _)| is_label(label));
    (is_whole && (pairs.len() == 1 || pairs.iter().all(|(label, _)| has_colon(label))))
        .then_some(pairs)
}

fn is_label(cell: &GridCell) -> bool {
    let text = shown(cell.kind, &cell.value);
    cell.kind == CellKind::Text
        && HeadKind::of_text(&text) == HeadKind::Name
        && text.chars().count() <= LONGEST_LABEL
}

pub(super) fn has_colon(cell: &GridCell) -> bool {
    shown(cell.kind, &cell.value).trim_end().ends_with(':')
}
