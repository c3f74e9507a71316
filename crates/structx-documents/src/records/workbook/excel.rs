//! XLSX and XLSB, cell by cell: calamine's whole-range call allocates a grid up to the farthest cell.

use std::io::Cursor;

use calamine::{
    Cell, DataRef, Dimensions, Reader, SheetType, SheetVisible, Xlsb, XlsbError, Xlsx, XlsxError,
};
use serde_json::Value;

use super::grid::{Area, SheetGrid};
use super::{Sheet, Workbook, guard, value};
use crate::context::ReadContext;
use crate::{FileError, FileErrorKind};

type Bytes = Cursor<Vec<u8>>;

struct Excel<'a, W> {
    context: &'a ReadContext<'a>,
    workbook: W,
    sheets: Vec<Sheet>,
}

pub(super) fn open<'a>(
    context: &'a ReadContext<'a>,
    bytes: Vec<u8>,
) -> Result<impl Workbook + 'a, FileError> {
    guard::check(context, &bytes)?;
    let workbook: Xlsx<Bytes> = Xlsx::new(Cursor::new(bytes)).map_err(|error| match error {
        XlsxError::Password => protected(context),
        _ => damaged(context),
    })?;
    context.check_time()?;
    let sheets = sheets(workbook.sheets_metadata());
    Ok(Excel { context, workbook, sheets })
}

pub(super) fn open_binary<'a>(
    context: &'a ReadContext<'a>,
    bytes: Vec<u8>,
) -> Result<impl Workbook + 'a, FileError> {
    guard::check(context, &bytes)?;
    let workbook: Xlsb<Bytes> = Xlsb::new(Cursor::new(bytes)).map_err(|error| match error {
        XlsbError::Password => protected(context),
        _ => damaged(context),
    })?;
    context.check_time()?;
    let sheets = sheets(workbook.sheets_metadata());
    Ok(Excel { context, workbook, sheets })
}

impl Workbook for Excel<'_, Xlsx<Bytes>> {
    fn sheets(&self) -> &[Sheet] {
        &self.sheets
    }

    fn read(&mut self, position: usize, grid: &mut SheetGrid) -> Result<(), FileError> {
        let name = &self.sheets[position].name;
        let failed = |_| damaged(self.context);
        let mut cells = self.workbook.worksheet_cells_reader(name).map_err(failed)?;
        while !grid.is_full()
            && let Some(cell) = cells.next_cell().map_err(failed)?
        {
            put(grid, &cell)?;
        }
        drop(cells);
        if grid.is_empty() {
            return Ok(());
        }
        for Dimensions { start, end } in
            self.workbook.merge_cells_by_sheet_name(name).map_err(failed)?
        {
            grid.merge(Area { rows: start.0..=end.0, columns: start.1..=end.1 })?;
        }
        Ok(())
    }
}

impl Workbook for Excel<'_, Xlsb<Bytes>> {
    fn sheets(&self) -> &[Sheet] {
        &self.sheets
    }

    fn read(&mut self, position: usize, grid: &mut SheetGrid) -> Result<(), FileError> {
        let failed = |_| damaged(self.context);
        let name = &self.sheets[position].name;
        let mut cells = self.workbook.worksheet_cells_reader(name).map_err(failed)?;
        while !grid.is_full()
            && let Some(cell) = cells.next_cell().map_err(failed)?
        {
            put(grid, &cell)?;
        }
        Ok(())
    }
}

fn sheets(all: &[calamine::Sheet]) -> Vec<Sheet> {
    let cells = all.iter().filter(|sheet| sheet.typ == SheetType::WorkSheet);
    cells
        .map(|sheet| Sheet {
            name: sheet.name.clone(),
            hidden: sheet.visible != SheetVisible::Visible,
        })
        .collect()
}

fn put(grid: &mut SheetGrid, cell: &Cell<DataRef>) -> Result<(), FileError> {
    let (row, column) = cell.get_position();
    let value = match cell.get_value() {
        DataRef::Empty => Value::Null,
        DataRef::Int(number) => Value::from(*number),
        DataRef::Float(number) => value::number(*number),
        DataRef::String(text) => value::text(text),
        DataRef::SharedString(text) => value::text(text),
        DataRef::Bool(value) => Value::from(*value),
        DataRef::DateTime(days) if days.is_duration() => value::duration(days.as_f64()),
        DataRef::DateTime(days) => value::moment(days),
        DataRef::DateTimeIso(text) => value::iso_moment(text),
        DataRef::DurationIso(text) => value::iso_duration(text),
        DataRef::Error(_) => return grid.put_error(),
    };
    grid.put(row, column, value)
}

fn protected(context: &ReadContext) -> FileError {
    let message = "is protected by a password; save it without one";
    context.error(FileErrorKind::PasswordRequired, message)
}

fn damaged(context: &ReadContext) -> FileError {
    context
        .corrupt("the workbook is damaged; open it in the program that made it and save it again")
}
