//! XLS: reads the records of the workbook stream one by one.
//!
//! Not with calamine: it allocates a grid up to the farthest cell of every sheet (1,050 MB and 1.5 s for
//! a file of 5.6 KB with a cell in row 65,536, column 256; this reader takes 14 MB), and does not
//! give the number formats of cells.

use std::collections::{BTreeMap, HashMap};
use std::io::Cursor;

use encoding_rs::{Encoding, WINDOWS_1252};
use office_oxide::cfb::CfbReader;

use super::biff::{
    BiffRecord, BiffRecords, Strings, f64_at, object_text, shared_texts, u16_at, u32_at,
};
use super::format_code::{self, NumberKind};
use super::grid::{Area, SheetGrid};
use super::value::CellValue;
use super::{Sheet, Workbook};
use crate::context::ReadContext;
use crate::{FileError, FileErrorKind};

/// Record types, named as in the specification ([MS-XLS] 2.3).
mod typ {
    pub(super) const FORMULA: u16 = 0x06;
    pub(super) const EOF: u16 = 0x0A;
    pub(super) const NOTE: u16 = 0x1C;
    pub(super) const DATE_1904: u16 = 0x22;
    pub(super) const FILE_PASS: u16 = 0x2F;
    pub(super) const CODE_PAGE: u16 = 0x42;
    pub(super) const BOUND_SHEET: u16 = 0x85;
    pub(super) const OBJECT: u16 = 0x5D;
    pub(super) const COL_INFO: u16 = 0x7D;
    pub(super) const MUL_RK: u16 = 0xBD;
    pub(super) const RICH_STRING: u16 = 0xD6;
    pub(super) const XF: u16 = 0xE0;
    pub(super) const MERGE_CELLS: u16 = 0xE5;
    pub(super) const SST: u16 = 0xFC;
    pub(super) const LABEL_SST: u16 = 0xFD;
    pub(super) const TEXT_OBJECT: u16 = 0x1B6;
    pub(super) const NUMBER: u16 = 0x203;
    pub(super) const LABEL: u16 = 0x204;
    pub(super) const BOOL_ERR: u16 = 0x205;
    pub(super) const STRING: u16 = 0x207;
    pub(super) const ROW: u16 = 0x208;
    pub(super) const RK: u16 = 0x27E;
    pub(super) const FORMAT: u16 = 0x41E;
    pub(super) const BOF: u16 = 0x809;
    pub(super) const SERIES_TEXT: u16 = 0x100D;
}

const WORKSHEET: u8 = 0;
const MACRO_SHEET: u8 = 1;

struct Xls<'a> {
    context: &'a ReadContext<'a>,
    stream: Vec<u8>,
    sheets: Vec<Sheet>,
    /// The offset of each sheet's records in the stream.
    starts: Vec<usize>,
    strings: Strings,
    texts: Vec<String>,
    /// The number kind of each cell format (XF).
    kinds: Vec<NumberKind>,
    is_1904: bool,
}

/// The number formats of the workbook, which precede the cells.
#[derive(Default)]
struct Formats {
    codes: HashMap<u16, NumberKind>,
    of_cells: Vec<u16>,
}

pub(super) fn open<'a>(
    context: &'a ReadContext<'a>,
    bytes: Vec<u8>,
) -> Result<impl Workbook + 'a, FileError> {
    let mut file = CfbReader::new(Cursor::new(bytes)).map_err(|_| damaged(context))?;
    let stream =
        ["Workbook", "WORKBOOK", "Book", "BOOK"].into_iter().find(|name| file.has_stream(name));
    let stream = stream.and_then(|name| file.open_stream(name).ok());
    let mut xls = Xls {
        context,
        stream: stream.ok_or_else(|| damaged(context))?,
        sheets: Vec::new(),
        starts: Vec::new(),
        strings: Strings { wide: false, encoding: WINDOWS_1252 },
        texts: Vec::new(),
        kinds: Vec::new(),
        is_1904: false,
    };
    drop(file);
    context.check_time()?;
    let stream = std::mem::take(&mut xls.stream);
    xls.read_globals(&stream)?;
    xls.stream = stream;
    if xls.sheets.is_empty() {
        return Err(damaged(context));
    }
    Ok(xls)
}

impl Xls<'_> {
    fn read_globals(&mut self, stream: &[u8]) -> Result<(), FileError> {
        let mut formats = Formats::default();
        for (count, record) in BiffRecords::from(stream, 0).enumerate() {
            if count % 1024 == 0 {
                self.context.check_time()?;
            }
            let data = record.data;
            match record.typ {
                typ::BOF => self.strings.wide = u16_at(data, 0) == Some(0x600),
                typ::FILE_PASS => {
                    let message = "is protected by a password; save it without one";
                    return Err(self.context.error(FileErrorKind::PasswordRequired, message));
                }
                typ::CODE_PAGE => self.strings.encoding = encoding(u16_at(data, 0).unwrap_or(0)),
                typ::DATE_1904 => self.is_1904 = u16_at(data, 0) == Some(1),
                typ::FORMAT => {
                    if let Some(id) = u16_at(data, 0) {
                        formats.codes.insert(id, format_code::kind(&self.format_code(&record)));
                    }
                }
                typ::XF => formats.of_cells.push(u16_at(data, 2).unwrap_or(0)),
                typ::BOUND_SHEET => self.add_sheet(data),
                typ::SST => self.texts = shared_texts(self.context, &record)?,
                typ::EOF => break,
                _ => {}
            }
        }
        let kind = |id: &u16| formats.codes.get(id).copied().unwrap_or(format_code::built_in(*id));
        self.kinds = formats.of_cells.iter().map(kind).collect();
        Ok(())
    }

    fn format_code(&self, record: &BiffRecord) -> String {
        if self.strings.wide {
            self.strings.long(record, 2)
        } else {
            self.strings.short(record.data.get(2..).unwrap_or_default())
        }
    }

    fn add_sheet(&mut self, data: &[u8]) {
        let (Some(start), Some([state, kind, name @ ..])) = (u32_at(data, 0), data.get(4..)) else {
            return;
        };
        if matches!(*kind, WORKSHEET | MACRO_SHEET) {
            let name = self.strings.short(name).replace('\0', "");
            self.sheets.push(Sheet { name, hidden: state & 3 != 0 });
            self.starts.push(start as usize);
        }
    }

    /// The value of a number by its cell format.
    fn number(&self, format: u16, number: f64) -> CellValue {
        let kind = self.kinds.get(usize::from(format)).copied().unwrap_or(NumberKind::Number);
        CellValue::number(number, kind, self.is_1904)
    }

    /// Puts the cells of a record; a truncated record has none.
    fn put(&self, grid: &mut SheetGrid, record: &BiffRecord) -> Result<(), FileError> {
        let data = record.data;
        let (Some(row), Some(column)) = (u16_at(data, 0), u16_at(data, 2)) else { return Ok(()) };
        let (row, column) = (u32::from(row), u32::from(column));
        let format = u16_at(data, 4).unwrap_or(0);
        let value = match record.typ {
            typ::NUMBER => f64_at(data, 6).map(|number| self.number(format, number)),
            typ::RK => u32_at(data, 6).map(|rk| self.number(format, of_rk(rk))),
            typ::MUL_RK => {
                for (column, cell) in (column..).zip(data[4..].chunks_exact(6)) {
                    if let (Some(format), Some(rk)) = (u16_at(cell, 0), u32_at(cell, 2)) {
                        grid.put(row, column, self.number(format, of_rk(rk)))?;
                    }
                }
                None
            }
            typ::LABEL_SST => {
                let text = u32_at(data, 6).and_then(|index| self.texts.get(index as usize));
                text.map(|text| CellValue::text(text))
            }
            typ::LABEL | typ::RICH_STRING => Some(CellValue::text(&self.strings.long(record, 6))),
            typ::BOOL_ERR if data.get(7) == Some(&1) => data.get(6).map(|code| error(*code)),
            typ::BOOL_ERR => data.get(6).map(|value| CellValue::bool(*value != 0)),
            typ::FORMULA if data.get(12..14) == Some(&[0xFF, 0xFF]) => match data.get(6) {
                Some(1) => data.get(8).map(|value| CellValue::bool(*value != 0)),
                Some(2) => data.get(8).map(|code| error(*code)),
                _ => None,
            },
            typ::FORMULA => f64_at(data, 6).map(|number| self.number(format, number)),
            _ => None,
        };
        grid.put(row, column, value.unwrap_or(CellValue::EMPTY))
    }
}

impl Workbook for Xls<'_> {
    fn sheets(&self) -> &[Sheet] {
        &self.sheets
    }

    fn read(&mut self, position: usize, grid: &mut SheetGrid) -> Result<(), FileError> {
        let mut records = BiffRecords::from(&self.stream, self.starts[position]);
        if records.next().is_none_or(|record| record.typ != typ::BOF) {
            return Err(damaged(self.context));
        }
        // Embedded charts have cells of their own, which are not cells of the sheet.
        let mut charts: usize = 0;
        let mut formula = None;
        let mut objects = Objects::default();
        let mut titles = Vec::new();
        for (count, record) in records.enumerate() {
            if count % 1024 == 0 {
                self.context.check_time()?;
            }
            match record.typ {
                typ::EOF if charts == 0 => return objects.finish(grid),
                typ::BOF => charts += 1,
                typ::EOF => {
                    charts -= 1;
                    if charts == 0 && !titles.is_empty() {
                        let titles = std::mem::take(&mut titles).join("; ");
                        grid.drawing(None, &format!("[chart: {titles}]"))?;
                    }
                }
                typ::SERIES_TEXT if charts > 0 => {
                    titles.push(self.strings.short(record.data.get(2..).unwrap_or_default()));
                    self.context.check_entries(titles.len())?;
                }
                _ if charts > 0 => {}
                typ::MERGE_CELLS => merge(grid, record.data)?,
                typ::OBJECT | typ::TEXT_OBJECT | typ::NOTE => objects.read(&record, grid)?,
                typ::ROW | typ::COL_INFO => hide(grid, &record)?,
                // The text result of the preceding formula.
                typ::STRING => {
                    if let Some((row, column)) = formula.take() {
                        let text = CellValue::text(&self.strings.long(&record, 0));
                        grid.put(row, column, text)?;
                    }
                }
                typ::FORMULA => {
                    let place = (u16_at(record.data, 0), u16_at(record.data, 2));
                    if let (Some(row), Some(column)) = place {
                        formula = Some((u32::from(row), u32::from(column)));
                    }
                    self.put(grid, &record)?;
                }
                typ::NUMBER
                | typ::RK
                | typ::MUL_RK
                | typ::LABEL_SST
                | typ::LABEL
                | typ::RICH_STRING
                | typ::BOOL_ERR => self.put(grid, &record)?,
                _ => {}
            }
            if grid.is_full() {
                return Ok(());
            }
        }
        // No EOF record: the file is truncated.
        Err(damaged(self.context))
    }
}

/// The texts of drawn objects: comments, which refer to cells, and text boxes.
#[derive(Default)]
struct Objects {
    /// The number of the last object.
    object: u16,
    texts: BTreeMap<u16, String>,
}

impl Objects {
    /// Reads an object, its text, or the record that says on which cell it is a comment.
    fn read(&mut self, record: &BiffRecord, grid: &mut SheetGrid) -> Result<(), FileError> {
        let at = |start: usize| u16_at(record.data, start).unwrap_or(0);
        match record.typ {
            typ::OBJECT => self.object = at(6),
            typ::TEXT_OBJECT => {
                self.texts.insert(self.object, object_text(record).unwrap_or_default());
            }
            _ => {
                if let Some(text) = self.texts.remove(&at(6)) {
                    grid.comment(u32::from(at(0)), u32::from(at(2)), &text)?;
                }
            }
        }
        Ok(())
    }

    /// The texts that belong to no cell are those of text boxes.
    fn finish(self, grid: &mut SheetGrid) -> Result<(), FileError> {
        self.texts.values().try_for_each(|text| grid.drawing(None, text))
    }
}

fn merge(grid: &mut SheetGrid, data: &[u8]) -> Result<(), FileError> {
    let areas = data.get(2..).unwrap_or_default().chunks_exact(8);
    for area in areas.take(usize::from(u16_at(data, 0).unwrap_or(0))) {
        let place = |index: usize| u32::from(u16_at(area, index).unwrap_or(0));
        grid.merge(Area { rows: place(0)..=place(2), columns: place(4)..=place(6) })?;
    }
    Ok(())
}

/// Notes the row or the columns of a record that are hidden ([MS-XLS] 2.4.221 and 2.4.53).
fn hide(grid: &mut SheetGrid, record: &BiffRecord) -> Result<(), FileError> {
    let at = |start: usize| u16_at(record.data, start).map(u32::from);
    match (record.typ, at(0), at(2)) {
        (typ::ROW, Some(row), _) if at(12).is_some_and(|flags| flags & 0x20 != 0) => {
            grid.hide_rows(row..=row)
        }
        (typ::COL_INFO, Some(first), Some(last)) if at(8).is_some_and(|flags| flags & 1 != 0) => {
            grid.hide_columns(first..=last)
        }
        _ => Ok(()),
    }
}

/// Decodes an RK number: 30 bits of value and two flags ([MS-XLS] 2.5.217).
fn of_rk(rk: u32) -> f64 {
    let number = if rk & 2 == 0 {
        f64::from_bits(u64::from(rk & !3) << 32)
    } else {
        f64::from(rk.cast_signed() >> 2)
    };
    if rk & 1 == 0 { number } else { number / 100.0 }
}

/// The name of an error value ([MS-XLS] 2.5.10).
fn error(code: u8) -> CellValue {
    CellValue::error(match code {
        0x00 => "#NULL!",
        0x07 => "#DIV/0!",
        0x0F => "#VALUE!",
        0x17 => "#REF!",
        0x1D => "#NAME?",
        0x24 => "#NUM!",
        0x2A => "#N/A",
        _ => "#ERROR",
    })
}

fn encoding(code_page: u16) -> &'static Encoding {
    let label = match code_page {
        932 => "shift_jis".to_owned(),
        936 => "gbk".to_owned(),
        949 => "euc-kr".to_owned(),
        950 => "big5".to_owned(),
        10_000 => "macintosh".to_owned(),
        10_007 => "x-mac-cyrillic".to_owned(),
        page => format!("windows-{page}"),
    };
    Encoding::for_label(label.as_bytes()).unwrap_or(WINDOWS_1252)
}

fn damaged(context: &ReadContext) -> FileError {
    context
        .corrupt("the workbook is damaged; open it in the program that made it and save it again")
}
