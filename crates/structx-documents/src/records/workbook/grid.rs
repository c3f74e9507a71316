//! The cells of a sheet, stored sparsely, and their conversion to a table.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use serde_json::Value;

use crate::context::ReadContext;
use crate::table::Table;
use crate::{Columns, FileError, FileErrorKind, TableOptions};

/// Cells between two checks of the time: chosen by hand, not measured.
const CELLS_PER_CHECK: usize = 1024;
/// Empty cells that count as one cell, as they take time but no memory: chosen by hand.
const EMPTY_CELLS_PER_CELL: usize = 8;

pub(super) struct SheetGrid<'a> {
    context: &'a ReadContext<'a>,
    rows: Vec<GridRow>,
    merged: Vec<Area>,
    /// The number of cells put, empty ones included.
    seen: usize,
    cells: usize,
    text_bytes: u64,
    errors: usize,
}

/// A row with at least one cell.
struct GridRow {
    /// From 0.
    number: u32,
    cells: Vec<(u32, Value)>,
}

/// A merged area.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Area {
    pub(super) rows: RangeInclusive<u32>,
    pub(super) columns: RangeInclusive<u32>,
}

impl<'a> SheetGrid<'a> {
    pub(super) fn new(context: &'a ReadContext<'a>) -> Self {
        let (rows, merged) = (Vec::new(), Vec::new());
        Self { context, rows, merged, seen: 0, cells: 0, text_bytes: 0, errors: 0 }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether there are more rows than the options ask for.
    pub(super) fn is_full(&self) -> bool {
        let options = &self.context.options.table;
        let header = options.header.map_or(0, |header| header.saturating_add(1));
        options.rows.is_some_and(|rows| self.rows.len() > header.saturating_add(rows))
    }

    /// Puts a cell, with row and column from 0; null is an empty cell.
    pub(super) fn put(&mut self, row: u32, column: u32, value: Value) -> Result<(), FileError> {
        self.seen += 1;
        if self.seen.is_multiple_of(CELLS_PER_CHECK) {
            self.context.check_time()?;
            self.context.check_cells(self.seen / EMPTY_CELLS_PER_CELL)?;
        }
        if value.is_null() || self.context.options.table.skipped.contains(row as usize) {
            return Ok(());
        }
        self.count(1, value.as_str())?;
        match self.rows.last_mut() {
            Some(last) if last.number == row => last.cells.push((column, value)),
            last => {
                if let Some(last) = last {
                    last.cells.shrink_to_fit();
                }
                self.rows.push(GridRow { number: row, cells: vec![(column, value)] });
            }
        }
        Ok(())
    }

    /// Counts a cell that holds an error, such as `#N/A`.
    pub(super) fn put_error(&mut self) -> Result<(), FileError> {
        self.errors += 1;
        self.count(1, None)
    }

    pub(super) fn merge(&mut self, area: Area) -> Result<(), FileError> {
        self.merged.push(area);
        self.context.check_cells(self.merged.len())
    }

    /// Counts cells and the bytes of their text. A shared string is stored once in the file but copied
    /// for each cell.
    fn count(&mut self, cells: usize, text: Option<&str>) -> Result<(), FileError> {
        let bytes = text.map_or(0, str::len) as u64 * cells as u64;
        self.cells = self.cells.saturating_add(cells);
        self.text_bytes = self.text_bytes.saturating_add(bytes);
        self.context.check_cells(self.cells)?;
        self.context.check_unpacked_bytes(self.text_bytes)
    }

    /// Converts the rows after the header to a table; `name` is the name of the sheet.
    pub(super) fn into_table(mut self, name: &str) -> Result<Table, FileError> {
        let options = &self.context.options.table;
        self.sort();
        let header = options.header.unwrap_or(0);
        if self.rows.len() <= header {
            let message = format!("the sheet `{name}` is empty, or all of its rows are skipped");
            return Err(self.context.error(FileErrorKind::Empty, message));
        }
        self.rows.drain(..header);
        let header = options.header.map(|_| self.rows.remove(0));
        self.fill_merged(header.as_ref().map(|row| row.number))?;
        self.rows.truncate(options.rows.unwrap_or(usize::MAX));
        if self.rows.is_empty() {
            let message = format!("the sheet `{name}` has a header and no rows");
            return Err(self.context.error(FileErrorKind::Empty, message));
        }
        let header = header.map_or_else(Vec::new, |row| row.cells);
        let columns = self.columns(&header)?;
        self.context.check_cells(columns.len().saturating_mul(self.rows.len()))?;
        let mut table = Table { columns: names(&columns, &header, options), ..Table::default() };
        for row in self.rows {
            let place = |column| columns.binary_search(&column).ok();
            let cells = row.cells.into_iter();
            table.records.push_at(
                cells.filter_map(|(column, value)| place(column).map(|place| (place, value))),
            );
        }
        options.warn_of_title(header.len(), &mut table);
        if self.errors > 0 {
            let warning = format!("{} cells of `{name}` hold errors; null here", self.errors);
            table.warnings.push(warning);
        }
        Ok(table)
    }

    /// Sorts rows and cells, which may come in any order; of duplicates the first is kept.
    fn sort(&mut self) {
        self.rows.sort_by_key(|row| row.number);
        self.rows.dedup_by(|next, row| {
            let same = next.number == row.number;
            if same {
                row.cells.append(&mut next.cells);
            }
            same
        });
        self.rows.iter_mut().for_each(GridRow::sort);
    }

    /// Copies the value of a merged area to all of its cells, except for areas that begin in the
    /// header or above it: a title over several columns names none of them. Blank rows and columns
    /// after the last one are not filled.
    fn fill_merged(&mut self, header: Option<u32>) -> Result<(), FileError> {
        let last = |row: &GridRow| row.cells.last().map(|(column, _)| *column);
        let Some(last) = self.rows.iter().filter_map(last).max() else { return Ok(()) };
        for area in std::mem::take(&mut self.merged) {
            self.context.check_time()?;
            let (top, left) = (*area.rows.start(), *area.columns.start());
            if header.is_some_and(|header| top <= header) {
                continue;
            }
            let place = |row: u32| self.rows.partition_point(|other| other.number < row);
            let rows = place(top)..place(area.rows.end().saturating_add(1));
            let columns = left..=last.min(*area.columns.end());
            let first = self.rows.get(rows.start).filter(|row| row.number == top);
            let Some(value) = first.and_then(|row| row.value(left)).cloned() else { continue };
            self.count(rows.len() * columns.clone().count(), value.as_str())?;
            for row in self.rows.get_mut(rows).unwrap_or_default() {
                row.cells.extend(columns.clone().map(|column| (column, value.clone())));
                row.sort();
            }
        }
        Ok(())
    }

    /// The columns with a name or a cell, restricted to those chosen by position.
    fn columns(&self, header: &[(u32, Value)]) -> Result<Vec<u32>, FileError> {
        let cells = self.rows.iter().flat_map(|row| &row.cells).chain(header);
        let used: BTreeSet<u32> = cells.map(|(column, _)| *column).collect();
        let is_chosen = |column: usize| match &self.context.options.table.columns {
            None | Some(Columns::Names(_)) => true,
            Some(Columns::Positions(positions)) => positions.contains(&column),
            Some(Columns::Letters(ranges)) => {
                ranges.iter().any(|(from, to)| (*from..=*to).contains(&column))
            }
        };
        if let Some(Columns::Positions(positions)) = &self.context.options.table.columns {
            let last = used.last().map_or(0, |last| *last as usize);
            if let Some(position) = positions.iter().find(|position| **position > last) {
                let message =
                    format!("no column {position} (chosen by file_options); the last is {last}");
                return Err(self.context.error(FileErrorKind::Options, message));
            }
        }
        let chosen: Vec<u32> =
            used.into_iter().filter(|column| is_chosen(*column as usize)).collect();
        if chosen.is_empty() {
            let message = "the columns chosen by file_options are empty";
            return Err(self.context.error(FileErrorKind::Options, message));
        }
        Ok(chosen)
    }
}

impl GridRow {
    fn sort(&mut self) {
        self.cells.sort_by_key(|(column, _)| *column);
        self.cells.dedup_by_key(|(column, _)| *column);
    }

    fn value(&self, column: u32) -> Option<&Value> {
        let place = self.cells.binary_search_by_key(&column, |(column, _)| *column).ok()?;
        self.cells.get(place).map(|(_, value)| value)
    }
}

fn names(columns: &[u32], header: &[(u32, Value)], options: &TableOptions) -> Vec<String> {
    let given: Vec<String> = header.iter().map(|(_, name)| title(name)).collect();
    let taken = given.iter().map(String::as_str).collect();
    let name = |column: &u32| match header.binary_search_by_key(column, |(column, _)| *column) {
        Ok(place) => given[place].clone(),
        Err(_) => options.unnamed(*column as usize, &taken),
    };
    columns.iter().map(name).collect()
}

fn title(name: &Value) -> String {
    name.as_str().map_or_else(|| name.to_string(), |name| name.trim().to_owned())
}
