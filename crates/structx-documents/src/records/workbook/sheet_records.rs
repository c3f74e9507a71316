//! Combines the chosen sheets to one table of records.

use std::collections::HashMap;

use serde_json::json;

use super::grid::SheetGrid;
use super::{Sheet, Workbook, chosen, first, grid, hidden_sheets, names, sheet_table};
use crate::context::ReadContext;
use crate::records::options::{AS_DOCUMENT, Sheets, free};
use crate::table::{Cell, Table};
use crate::{Columns, FileError, FileErrorKind};

/// Reads the sheets that the options choose. The rows of several sheets follow each other, with the
/// name of the sheet in the first column.
pub(super) fn records(
    context: &ReadContext,
    workbook: &mut dyn Workbook,
) -> Result<Table, FileError> {
    let sheets = &context.options.table.sheets;
    let positions = chosen(context, workbook.sheets(), sheets)?;
    let mut table = match sheets {
        Sheets::First => {
            let (grid, position) = first(context, workbook)?;
            return of_first(context, workbook, grid, position);
        }
        Sheets::One(_) => {
            let grid = grid(context, workbook, positions[0])?;
            one(context, grid, &workbook.sheets()[positions[0]].name)?
        }
        Sheets::Several(_) | Sheets::All => several(context, workbook, &positions)?,
    };
    table.warnings.extend(hidden_sheets(workbook.sheets(), sheets));
    Ok(table)
}

/// The records of the first sheet with cells, and warnings about the others.
pub(super) fn of_first(
    context: &ReadContext,
    workbook: &dyn Workbook,
    grid: SheetGrid,
    position: usize,
) -> Result<Table, FileError> {
    let sheets = workbook.sheets();
    let mut table = one(context, grid, &sheets[position].name)?;
    let is_other = |other: usize| other != position && !sheets[other].hidden;
    if (0..sheets.len()).any(is_other) {
        let (name, others) = (&sheets[position].name, names(sheets, is_other));
        table.warnings.push(format!(
            "read the sheet `{name}` and not {others}; sheet_name=None reads all as records, \
             {AS_DOCUMENT} as a document"
        ));
    }
    table.warnings.extend(hidden_sheets(sheets, &Sheets::First));
    Ok(table)
}

fn one(context: &ReadContext, grid: SheetGrid, name: &str) -> Result<Table, FileError> {
    let mut table = sheet_table::table(grid, name)?;
    context.options.table.keep_rows(context.name, &mut table)?;
    choose_columns(context, &mut table)?;
    Ok(table)
}

/// Reads several sheets. The columns are the union, in order of first appearance; sheets without
/// records add no rows.
fn several(
    context: &ReadContext,
    workbook: &mut dyn Workbook,
    positions: &[usize],
) -> Result<Table, FileError> {
    let mut all = Table::default();
    let mut origins: Vec<usize> = Vec::new();
    let mut without = Vec::new();
    for position in positions {
        let grid = grid(context, workbook, *position)?;
        if grid.is_empty() {
            continue;
        }
        match sheet_table::table(grid, &workbook.sheets()[*position].name) {
            Ok(table) => {
                origins.resize(origins.len() + table.records.len(), *position);
                append(context, &mut all, table)?;
            }
            Err(error) if error.kind == FileErrorKind::Empty => without.push(*position),
            Err(error) => return Err(error),
        }
    }
    let sheets = workbook.sheets();
    if all.records.is_empty() {
        let message =
            format!("the sheets have no records; {AS_DOCUMENT} reads what stands in them");
        return Err(context.error(FileErrorKind::Empty, message));
    }
    if !without.is_empty() {
        let names = names(sheets, |position| without.contains(&position));
        all.warnings.push(format!("sheets without records are not read: {names}"));
    }
    if let Some(kept) = context.options.table.keep_rows(context.name, &mut all)? {
        origins = kept.into_iter().map(|position| origins[position]).collect();
    }
    choose_columns(context, &mut all)?;
    add_sheet_column(&mut all, sheets, &origins);
    Ok(all)
}

/// Puts the name of the sheet of each record, by its position in `origins`, into a first column.
fn add_sheet_column(table: &mut Table, sheets: &[Sheet], origins: &[usize]) {
    let is_taken = |name: &str| table.columns.iter().any(|column| column == name);
    let name = free("sheet".to_owned(), is_taken);
    table.columns.insert(0, name);
    let sheets: Vec<String> = sheets.iter().map(|sheet| json!(sheet.name).to_string()).collect();
    let columns = table.columns.len();
    table.records = table.records.arranged(|index, record| {
        let sheet = std::iter::once(Cell::of_json(&sheets[origins[index]]));
        sheet.chain(record.cells(columns)).enumerate()
    });
}

fn append(context: &ReadContext, all: &mut Table, table: Table) -> Result<(), FileError> {
    let mut places: HashMap<String, usize> = all.columns.iter().cloned().zip(0..).collect();
    for column in &table.columns {
        if !places.contains_key(column) {
            places.insert(column.clone(), all.columns.len());
            all.columns.push(column.clone());
        }
    }
    let rows = all.records.len() + table.records.len();
    context.check_cells(rows.saturating_mul(all.columns.len() + 1))?;
    let places: Vec<usize> =
        table.columns.iter().filter_map(|column| places.get(column).copied()).collect();
    all.records.append(&table.records.arranged(|_, record| {
        let mut cells: Vec<_> = places.iter().copied().zip(record.cells(places.len())).collect();
        cells.sort_by_key(|(place, _)| *place);
        cells
    }));
    all.warnings.extend(table.warnings);
    Ok(())
}

/// Chooses columns by name; those by position are chosen already.
fn choose_columns(context: &ReadContext, table: &mut Table) -> Result<(), FileError> {
    let options = &context.options.table;
    match options.columns {
        Some(Columns::Names(_)) => options.choose_columns(context.name, table),
        _ => Ok(()),
    }
}
