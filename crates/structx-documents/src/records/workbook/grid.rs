//! The cells of a sheet, stored sparsely.

use std::collections::{BTreeMap, HashMap};
use std::ops::RangeInclusive;

use serde_json::Value;

use super::value::{CellKind, CellValue, shown};
use crate::context::ReadContext;
use crate::records::header::{self, HeadCell, HeadKind, HeadRow};
use crate::{FileError, HeaderRow};

/// The most columns that merged cells of a row of names may span: those of a sheet.
const MOST_COLUMNS: u64 = 1 << 14;
/// Cells between two checks of the time: chosen by hand, not measured.
const CELLS_PER_CHECK: usize = 1024;
/// Empty cells that count as one cell, as they take time but no memory: chosen by hand.
const EMPTY_CELLS_PER_CELL: usize = 8;

pub(super) struct SheetGrid<'a> {
    pub(super) context: &'a ReadContext<'a>,
    pub(super) rows: Vec<GridRow>,
    pub(super) merged: Vec<Area>,
    pub(super) hidden_rows: Hidden,
    pub(super) hidden_columns: Hidden,
    /// The texts of comments by row and column.
    pub(super) comments: BTreeMap<(u32, u32), String>,
    /// The texts of text boxes, charts and pictures, each with the cell that it stands at, if known.
    pub(super) drawings: Vec<(Option<(u32, u32)>, String)>,
    /// Formulas without a stored value.
    pub(super) formulas: usize,
    pub(super) errors: usize,
    /// The number of cells put, empty ones included.
    seen: usize,
    cells: usize,
    text_bytes: u64,
}

/// A row with at least one cell.
#[derive(Debug)]
pub(super) struct GridRow {
    /// From 0.
    pub(super) number: u32,
    pub(super) cells: Vec<GridCell>,
}

#[derive(Debug, Clone)]
pub(super) struct GridCell {
    pub(super) column: u32,
    pub(super) kind: CellKind,
    pub(super) value: Value,
}

/// A merged area.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Area {
    pub(super) rows: RangeInclusive<u32>,
    pub(super) columns: RangeInclusive<u32>,
}

/// Rows or columns that a sheet does not show.
#[derive(Debug, Default)]
pub(super) struct Hidden(Vec<RangeInclusive<u32>>);

impl Hidden {
    /// Whether a row or column is hidden; after [`Self::sort`].
    pub(super) fn contains(&self, number: u32) -> bool {
        let place = self.0.partition_point(|range| *range.end() < number);
        self.0.get(place).is_some_and(|range| range.contains(&number))
    }

    /// Sorts the ranges and joins those that touch.
    fn sort(&mut self) {
        self.0.sort_by_key(|range| *range.start());
        self.0.dedup_by(|next, range| {
            let touches = *next.start() <= range.end().saturating_add(1);
            if touches {
                *range = *range.start()..=*range.end().max(next.end());
            }
            touches
        });
    }
}

impl<'a> SheetGrid<'a> {
    pub(super) fn new(context: &'a ReadContext<'a>) -> Self {
        Self {
            context,
            rows: Vec::new(),
            merged: Vec::new(),
            hidden_rows: Hidden::default(),
            hidden_columns: Hidden::default(),
            comments: BTreeMap::new(),
            drawings: Vec::new(),
            formulas: 0,
            errors: 0,
            seen: 0,
            cells: 0,
            text_bytes: 0,
        }
    }

    /// Whether no cell holds anything.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether nothing stands on the sheet.
    pub(super) fn is_blank(&self) -> bool {
        self.is_empty() && self.comments.is_empty() && self.drawings.is_empty()
    }

    /// Whether there are more rows than the options ask for.
    pub(super) fn is_full(&self) -> bool {
        let options = &self.context.options.table;
        let header = match options.header {
            HeaderRow::Found => header::MOST_ROWS,
            HeaderRow::At(row) => row.saturating_add(1),
            HeaderRow::None => 0,
        };
        options.rows.is_some_and(|rows| self.rows.len() > header.saturating_add(rows))
    }

    /// Puts a cell, with row and column from 0.
    pub(super) fn put(&mut self, row: u32, column: u32, cell: CellValue) -> Result<(), FileError> {
        self.seen += 1;
        if self.seen.is_multiple_of(CELLS_PER_CHECK) {
            self.context.check_time()?;
            self.context.check_cells(self.seen / EMPTY_CELLS_PER_CELL)?;
        }
        let CellValue { kind, value } = cell;
        if value.is_null() || self.context.options.table.skipped.contains(row as usize) {
            return Ok(());
        }
        self.formulas += usize::from(kind == CellKind::Formula);
        self.errors += usize::from(kind == CellKind::Error);
        self.count(1, value.as_str())?;
        let cell = GridCell { column, kind, value };
        match self.rows.last_mut() {
            Some(last) if last.number == row => last.cells.push(cell),
            last => {
                if let Some(last) = last {
                    last.cells.shrink_to_fit();
                }
                self.rows.push(GridRow { number: row, cells: vec![cell] });
            }
        }
        Ok(())
    }

    pub(super) fn merge(&mut self, area: Area) -> Result<(), FileError> {
        self.merged.push(area);
        self.context.check_cells(self.merged.len())
    }

    pub(super) fn hide_rows(&mut self, rows: RangeInclusive<u32>) -> Result<(), FileError> {
        self.hidden_rows.0.push(rows);
        self.context.check_cells(self.hidden_rows.0.len())
    }

    pub(super) fn hide_columns(&mut self, columns: RangeInclusive<u32>) -> Result<(), FileError> {
        self.hidden_columns.0.push(columns);
        self.context.check_cells(self.hidden_columns.0.len())
    }

    /// Adds the text of a comment; blank ones say nothing.
    pub(super) fn comment(&mut self, row: u32, column: u32, text: &str) -> Result<(), FileError> {
        if text.trim().is_empty() {
            return Ok(());
        }
        self.count(1, Some(text))?;
        self.comments.insert((row, column), text.trim().to_owned());
        Ok(())
    }

    /// Adds the text of a text box, a chart or a picture; blank ones say nothing.
    pub(super) fn drawing(
        &mut self,
        place: Option<(u32, u32)>,
        text: &str,
    ) -> Result<(), FileError> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let text = lines.collect::<Vec<_>>().join("\n");
        if text.is_empty() {
            return Ok(());
        }
        self.count(1, Some(&text))?;
        self.drawings.push((place, text));
        Ok(())
    }

    /// Counts cells and the bytes of their text. A shared string is stored once in the file but copied
    /// for each cell.
    pub(super) fn count(&mut self, cells: usize, text: Option<&str>) -> Result<(), FileError> {
        let bytes = text.map_or(0, str::len) as u64 * cells as u64;
        self.cells = self.cells.saturating_add(cells);
        self.text_bytes = self.text_bytes.saturating_add(bytes);
        self.context.check_cells(self.cells)?;
        self.context.check_unpacked_bytes(self.text_bytes)
    }

    /// Sorts rows and cells, which may come in any order; of duplicates the first is kept.
    pub(super) fn sort(&mut self) {
        self.rows.sort_by_key(|row| row.number);
        self.rows.dedup_by(|next, row| {
            let same = next.number == row.number;
            if same {
                row.cells.append(&mut next.cells);
            }
            same
        });
        self.rows.iter_mut().for_each(GridRow::sort);
        self.hidden_rows.sort();
        self.hidden_columns.sort();
        self.drawings.sort_by_key(|(place, _)| place.unwrap_or((u32::MAX, 0)));
    }

    /// The first rows, as the header is looked for in them.
    pub(super) fn head(&self) -> Vec<HeadRow<'_>> {
        let rows = &self.rows[..self.rows.len().min(header::MOST_ROWS)];
        let last = rows.iter().filter_map(GridRow::last_column).max().unwrap_or(0);
        let spans: HashMap<(u32, u32), u32> = self
            .merged
            .iter()
            .map(|area| ((*area.rows.start(), *area.columns.start()), *area.columns.end()))
            .collect();
        rows.iter().map(|row| head_row(row, &spans, last)).collect()
    }
}

/// The row with the columns that its cells span up to the next cell, or to the `last` one.
fn head_row<'g>(row: &'g GridRow, spans: &HashMap<(u32, u32), u32>, last: u32) -> HeadRow<'g> {
    let mut next = last.saturating_add(1);
    let mut width = 0;
    let mut cells: Vec<HeadCell> = Vec::with_capacity(row.cells.len());
    for cell in row.cells.iter().rev() {
        let end = spans.get(&(row.number, cell.column)).copied().unwrap_or(cell.column);
        let columns = cell.column..=end.min(next.saturating_sub(1)).max(cell.column);
        width += u64::from(columns.end() - columns.start());
        next = cell.column;
        let text = shown(cell.kind, &cell.value);
        cells.push(HeadCell { columns, text, kind: cell.head_kind() });
    }
    cells.reverse();
    if width > MOST_COLUMNS {
        for cell in &mut cells {
            cell.columns = *cell.columns.start()..=*cell.columns.start();
        }
    }
    HeadRow { number: row.number, cells }
}

impl GridRow {
    pub(super) fn sort(&mut self) {
        self.cells.sort_by_key(|cell| cell.column);
        self.cells.dedup_by_key(|cell| cell.column);
    }

    pub(super) fn cell(&self, column: u32) -> Option<&GridCell> {
        let place = self.cells.binary_search_by_key(&column, |cell| cell.column).ok()?;
        self.cells.get(place)
    }

    pub(super) fn last_column(&self) -> Option<u32> {
        self.cells.last().map(|cell| cell.column)
    }
}

impl GridCell {
    pub(super) fn head_kind(&self) -> HeadKind {
        match (self.kind, &self.value) {
            (CellKind::Text, Value::String(text)) => HeadKind::of_text(text),
            (CellKind::Moment, _) => HeadKind::Period,
            (CellKind::Number, value) => match HeadKind::of_text(&value.to_string()) {
                HeadKind::Period => HeadKind::Period,
                _ => HeadKind::Value,
            },
            _ => HeadKind::Value,
        }
    }
}
