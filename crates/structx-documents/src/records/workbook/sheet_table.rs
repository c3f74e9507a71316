//! Converts a sheet to a table of records.

use std::collections::BTreeSet;

use serde_json::Value;

use super::grid::{GridCell, GridRow, SheetGrid};
use super::value::CellKind;
use crate::context::ReadContext;
use crate::records::header::{self, Header};
use crate::records::options::AS_DOCUMENT;
use crate::sheet_address::letters;
use crate::table::Table;
use crate::{Columns, FileError, FileErrorKind};

/// Converts the rows after the header to a table; `name` is the name of the sheet.
///
/// # Errors
/// No rows are left, or the options choose no column.
pub(super) fn table(mut grid: SheetGrid, name: &str) -> Result<Table, FileError> {
    let (context, options) = (grid.context, &grid.context.options.table);
    grid.sort();
    let Some(header) = header::header(&grid.head(), options.header) else {
        let message = format!("the sheet `{name}` is empty, or all of its rows are skipped");
        return Err(context.error(FileErrorKind::Empty, message));
    };
    let starts: Vec<u32> = grid.rows[header.rows.clone()]
        .iter()
        .flat_map(|row| row.cells.iter().map(|cell| cell.column))
        .collect();
    let end = header.rows.end.checked_sub(1).map(|last| grid.rows[last].number);
    grid.rows.drain(..header.rows.end);
    fill_merged(&mut grid, end)?;
    grid.rows.truncate(options.rows.unwrap_or(usize::MAX));
    if grid.rows.is_empty() {
        let message = format!(
            "the sheet `{name}` has a header and no rows; {AS_DOCUMENT} reads what stands in it"
        );
        return Err(context.error(FileErrorKind::Empty, message));
    }
    let columns = columns(context, &grid.rows, starts)?;
    context.check_cells(columns.len().saturating_mul(grid.rows.len()))?;
    let warnings = warnings(&grid, &columns, &header, name);
    let mut table = Table { warnings, ..Table::default() };
    table.columns = header::column_names(&header, options.header, columns.iter().copied(), letters);
    header::number_equal_names(&mut table.columns, &mut table.warnings);
    for row in grid.rows {
        let place = |column| columns.binary_search(&column).ok();
        let cells = row
            .cells
            .into_iter()
            .filter_map(|cell| Some((place(cell.column)?, record_value(cell))));
        table.records.push_at(cells);
    }
    Ok(table)
}

fn record_value(cell: GridCell) -> Value {
    if cell.kind == CellKind::Error { Value::Null } else { cell.value }
}

/// Copies the value of a merged area to all of its cells, except for areas that begin in the header
/// or above it. Blank rows and columns after the last one are not filled.
fn fill_merged(grid: &mut SheetGrid, header: Option<u32>) -> Result<(), FileError> {
    let Some(last) = grid.rows.iter().filter_map(GridRow::last_column).max() else {
        return Ok(());
    };
    for area in std::mem::take(&mut grid.merged) {
        grid.context.check_time()?;
        let (top, left) = (*area.rows.start(), *area.columns.start());
        if header.is_some_and(|header| top <= header) {
            continue;
        }
        let place = |row: u32| grid.rows.partition_point(|other| other.number < row);
        let rows = place(top)..place(area.rows.end().saturating_add(1));
        let columns = left..=last.min(*area.columns.end());
        let first = grid.rows.get(rows.start).filter(|row| row.number == top);
        let Some(cell) = first.and_then(|row| row.cell(left)).cloned() else { continue };
        grid.count(rows.len() * columns.clone().count(), cell.value.as_str())?;
        for row in grid.rows.get_mut(rows).unwrap_or_default() {
            row.cells.extend(columns.clone().map(|column| GridCell { column, ..cell.clone() }));
            row.sort();
        }
    }
    Ok(())
}

/// The columns with a cell, `starts` being those of the header, restricted to those chosen by
/// position.
fn columns(
    context: &ReadContext,
    rows: &[GridRow],
    starts: Vec<u32>,
) -> Result<Vec<u32>, FileError> {
    let cells = rows.iter().flat_map(|row| &row.cells);
    let used: BTreeSet<u32> = cells.map(|cell| cell.column).chain(starts).collect();
    let chosen = &context.options.table.columns;
    if let Some(Columns::Positions(positions)) = chosen {
        let last = used.last().map_or(0, |last| *last as usize);
        if let Some(position) = positions.iter().find(|position| **position > last) {
            let message =
                format!("no column {position} (chosen by file_options); the last is {last}");
            return Err(context.error(FileErrorKind::Options, message));
        }
    }
    let is_chosen = |column: usize| match chosen {
        None | Some(Columns::Names(_)) => true,
        Some(Columns::Positions(positions)) => positions.contains(&column),
        Some(Columns::Letters(ranges)) => {
            ranges.iter().any(|(from, to)| (*from..=*to).contains(&column))
        }
    };
    let chosen: Vec<u32> = used.into_iter().filter(|column| is_chosen(*column as usize)).collect();
    if chosen.is_empty() {
        let message = "the columns chosen by file_options are empty";
        return Err(context.error(FileErrorKind::Options, message));
    }
    Ok(chosen)
}

fn warnings(grid: &SheetGrid, columns: &[u32], header: &Header, name: &str) -> Vec<String> {
    let option = grid.context.options.table.header;
    let mut warnings = header::warnings(header, option, columns.len());
    if grid.errors > 0 {
        warnings.push(format!("{} cells of `{name}` hold errors; null here", grid.errors));
    }
    warnings.extend(formula_warning(grid, name));
    let rows = grid.rows.iter().filter(|row| grid.hidden_rows.contains(row.number)).count();
    let columns = columns.iter().filter(|column| grid.hidden_columns.contains(**column)).count();
    if rows + columns > 0 {
        warnings.push(format!(
            "{rows} rows and {columns} columns of `{name}` are hidden in the sheet; they are read"
        ));
    }
    if !grid.comments.is_empty() {
        let count = grid.comments.len();
        warnings.push(format!(
            "{count} comments in `{name}` are not part of the records; {AS_DOCUMENT} reads them"
        ));
    }
    if !grid.drawings.is_empty() {
        let count = grid.drawings.len();
        warnings.push(format!(
            "{count} text boxes, charts or pictures with text in `{name}` are not part of the \
             records; {AS_DOCUMENT} reads their text"
        ));
    }
    warnings
}

pub(super) fn formula_warning(grid: &SheetGrid, name: &str) -> Option<String> {
    (grid.formulas > 0).then(|| {
        format!(
            "{} formulas of `{name}` have no stored value; their text is read, such as =A1+A2. Open \
             the workbook in a spreadsheet program and save it to store the values",
            grid.formulas
        )
    })
}
