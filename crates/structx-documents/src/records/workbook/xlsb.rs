//! XLSB, cell by cell: calamine's whole-range call allocates a grid up to the farthest cell.

use std::io::Cursor;

use calamine::{Cell, DataRef, Reader, SheetType, SheetVisible, Xlsb, XlsbError};

use super::format_code::NumberKind;
use super::grid::SheetGrid;
use super::value::CellValue;
use super::{Sheet, Workbook};
use crate::context::ReadContext;
use crate::zip_formats::archive;
use crate::{FileError, FileErrorKind};

type Bytes = Cursor<Vec<u8>>;

struct Binary<'a> {
    context: &'a ReadContext<'a>,
    workbook: Xlsb<Bytes>,
    sheets: Vec<Sheet>,
}

pub(super) fn open<'a>(
    context: &'a ReadContext<'a>,
    bytes: Vec<u8>,
) -> Result<impl Workbook + 'a, FileError> {
    archive::check(context, &bytes)?;
    let workbook: Xlsb<Bytes> = Xlsb::new(Cursor::new(bytes)).map_err(|error| match error {
        XlsbError::Password => protected(context),
        _ => damaged(context),
    })?;
    context.check_time()?;
    let sheets = sheets(workbook.sheets_metadata());
    Ok(Binary { context, workbook, sheets })
}

impl Workbook for Binary<'_> {
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
        DataRef::Empty => CellValue::EMPTY,
        DataRef::Int(number) => CellValue::int(*number),
        DataRef::Float(number) => CellValue::number(*number, NumberKind::Number, false),
        DataRef::String(text) => CellValue::text(text),
        DataRef::SharedString(text) => CellValue::text(text),
        DataRef::Bool(value) => CellValue::bool(*value),
        DataRef::DateTime(days) => CellValue::serial(days),
        DataRef::DateTimeIso(text) => CellValue::iso_moment(text),
        DataRef::DurationIso(text) => CellValue::iso_duration(text),
        DataRef::Error(error) => CellValue::error(error.to_string()),
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
