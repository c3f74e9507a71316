//! Workbooks: chooses the sheets and combines them to a table.

mod biff;
mod excel;
mod format_code;
mod grid;
mod guard;
mod opendocument;
mod value;
mod xls;

use std::collections::HashMap;

use serde_json::json;

use super::options::{SheetKey, Sheets, free};
use crate::context::ReadContext;
use crate::table::{Cell, Table};
use crate::{Columns, FileError, FileErrorKind, Format};
use grid::SheetGrid;

/// A worksheet; chart sheets are not listed.
struct Sheet {
    name: String,
    hidden: bool,
}

/// A workbook of any format.
trait Workbook {
    fn sheets(&self) -> &[Sheet];

    /// Reads the cells of a sheet into the grid.
    fn read(&mut self, position: usize, grid: &mut SheetGrid) -> Result<(), FileError>;
}

/// Reads the sheets that the options choose. The rows of several sheets follow each other, with the
/// name of the sheet in the first column.
pub(crate) fn read(
    context: &ReadContext,
    format: Format,
    bytes: Vec<u8>,
) -> Result<Table, FileError> {
    let mut workbook: Box<dyn Workbook> = match format {
        Format::Ods => Box::new(opendocument::open(context, &bytes)?),
        Format::Xls => Box::new(xls::open(context, bytes)?),
        Format::Xlsb => Box::new(excel::open_binary(context, bytes)?),
        _ => Box::new(excel::open(context, bytes)?),
    };
    let options = &context.options.table;
    let (mut table, positions) = match &options.sheets {
        Sheets::First => first(context, workbook.as_mut())?,
        Sheets::One(key) => {
            let position = find(context, workbook.sheets(), key)?;
            (one(context, workbook.as_mut(), position)?, vec![position])
        }
        Sheets::Several(keys) => {
            let find = |key| find(context, workbook.sheets(), key);
            let positions: Vec<usize> = keys.iter().map(find).collect::<Result<_, _>>()?;
            (several(context, workbook.as_mut(), &positions)?, positions)
        }
        Sheets::All => {
            let positions = visible(workbook.sheets());
            (several(context, workbook.as_mut(), &positions)?, positions)
        }
    };
    table.warnings.extend(unread(workbook.sheets(), &positions, &options.sheets));
    table.check_names(context.name)?;
    Ok(table)
}

fn first(
    context: &ReadContext,
    workbook: &mut dyn Workbook,
) -> Result<(Table, Vec<usize>), FileError> {
    for position in visible(workbook.sheets()) {
        let grid = grid(context, workbook, position)?;
        if !grid.is_empty() {
            let mut table = grid.into_table(&workbook.sheets()[position].name)?;
            choose_columns(context, &mut table)?;
            return Ok((table, vec![position]));
        }
    }
    let message = format!(
        "no visible sheet has cells; choose a hidden one with sheet_name: {}",
        names(workbook.sheets(), |_| true)
    );
    Err(context.error(FileErrorKind::Empty, message))
}

fn one(
    context: &ReadContext,
    workbook: &mut dyn Workbook,
    position: usize,
) -> Result<Table, FileError> {
    let grid = grid(context, workbook, position)?;
    let mut table = grid.into_table(&workbook.sheets()[position].name)?;
    choose_columns(context, &mut table)?;
    Ok(table)
}

/// Reads several sheets. The columns are the union, in order of first appearance; empty sheets add
/// no rows.
fn several(
    context: &ReadContext,
    workbook: &mut dyn Workbook,
    positions: &[usize],
) -> Result<Table, FileError> {
    let mut all = Table::default();
    let mut origins: Vec<usize> = Vec::new();
    for position in positions {
        let grid = grid(context, workbook, *position)?;
        if grid.is_empty() {
            continue;
        }
        let table = grid.into_table(&workbook.sheets()[*position].name)?;
        table.check_names(context.name)?;
        origins.resize(origins.len() + table.records.len(), *position);
        append(context, &mut all, table)?;
    }
    if all.records.is_empty() {
        return Err(context.error(FileErrorKind::Empty, "the sheets have no cells"));
    }
    choose_columns(context, &mut all)?;
    let is_taken = |name: &str| all.columns.iter().any(|column| column == name);
    let name = free("sheet".to_owned(), is_taken);
    all.columns.insert(0, name);
    let sheets = workbook.sheets().iter();
    let sheets: Vec<String> = sheets.map(|sheet| json!(sheet.name).to_string()).collect();
    let columns = all.columns.len();
    all.records = all.records.arranged(|index, record| {
        let sheet = std::iter::once(Cell::of_json(&sheets[origins[index]]));
        sheet.chain(record.cells(columns)).enumerate()
    });
    Ok(all)
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

fn grid<'a>(
    context: &'a ReadContext<'a>,
    workbook: &mut dyn Workbook,
    position: usize,
) -> Result<SheetGrid<'a>, FileError> {
    let mut grid = SheetGrid::new(context);
    workbook.read(position, &mut grid)?;
    Ok(grid)
}

/// Chooses columns by name; the grid has applied choices by position.
fn choose_columns(context: &ReadContext, table: &mut Table) -> Result<(), FileError> {
    let options = &context.options.table;
    match options.columns {
        Some(Columns::Names(_)) => options.choose_columns(context.name, table),
        _ => Ok(()),
    }
}

fn visible(sheets: &[Sheet]) -> Vec<usize> {
    (0..sheets.len()).filter(|position| !sheets[*position].hidden).collect()
}

fn find(context: &ReadContext, sheets: &[Sheet], key: &SheetKey) -> Result<usize, FileError> {
    let found = match key {
        SheetKey::Position(position) => (*position < sheets.len()).then_some(*position),
        SheetKey::Name(name) => sheets.iter().position(|sheet| sheet.name == *name),
    };
    found.ok_or_else(|| {
        let key = match key {
            SheetKey::Position(position) => position.to_string(),
            SheetKey::Name(name) => format!("`{name}`"),
        };
        let names = names(sheets, |_| true);
        let message = format!("no sheet {key} (chosen by sheet_name); the sheets are {names}");
        context.error(FileErrorKind::Options, message)
    })
}

/// Warnings about sheets that were not read.
fn unread(sheets: &[Sheet], read: &[usize], asked: &Sheets) -> Vec<String> {
    let mut warnings = Vec::new();
    if *asked == Sheets::First && sheets.iter().filter(|sheet| !sheet.hidden).count() > 1 {
        let other = |position| !read.contains(&position) && !sheets[position].hidden;
        let name = read.first().map_or("", |position| &sheets[*position].name);
        let others = names(sheets, other);
        warnings.push(format!("read the sheet `{name}` and not {others}; see sheet_name"));
    }
    if matches!(asked, Sheets::First | Sheets::All) && sheets.iter().any(|sheet| sheet.hidden) {
        let hidden = names(sheets, |position| sheets[position].hidden);
        warnings.push(format!("hidden sheets are not read: {hidden}; see sheet_name"));
    }
    warnings
}

/// The names of the chosen sheets, at most 20, and the number of further ones.
fn names(sheets: &[Sheet], is_one: impl Fn(usize) -> bool) -> String {
    const MOST: usize = 20;
    let positions: Vec<usize> = (0..sheets.len()).filter(|position| is_one(*position)).collect();
    let name = |position: &usize| format!("`{}`", sheets[*position].name);
    let shown: Vec<String> = positions.iter().take(MOST).map(name).collect();
    match positions.len().saturating_sub(MOST) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
