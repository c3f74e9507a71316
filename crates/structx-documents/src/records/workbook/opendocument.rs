//! ODS, read from its XML: calamine expands repeated cells into a grid of any declared size.

use std::collections::HashSet;

use memchr::memmem;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::format_code::NumberKind;
use super::grid::{Area, SheetGrid};
use super::value::CellValue;
use super::xml::{attribute, entity, xml};
use super::{Sheet, Workbook};
use crate::context::ReadContext;
use crate::zip_formats::archive::Archive;
use crate::{FileError, FileErrorKind};

/// The limits of LibreOffice Calc: 1,048,576 rows and 16,384 columns.
const MOST_ROWS: u32 = 1 << 20;
const MOST_COLUMNS: u32 = 1 << 14;
/// The most spaces that one `text:s` element may stand for: chosen by hand.
const MOST_SPACES: usize = 1024;

struct OpenDocument<'a> {
    context: &'a ReadContext<'a>,
    content: Vec<u8>,
    sheets: Vec<Sheet>,
    /// The offset of each sheet's content.
    starts: Vec<usize>,
}

/// A cell with its repetition and spans.
struct OdsCell {
    value: CellValue,
    comment: String,
    /// The texts of text boxes and pictures that are anchored to the cell.
    drawing: String,
    repeated: u32,
    rows: u32,
    columns: u32,
}

/// What stands in a cell or in an element within it.
struct CellText {
    text: String,
    comment: String,
    drawing: String,
}

impl OdsCell {
    fn is_blank(&self) -> bool {
        self.value.value.is_null() && self.comment.is_empty() && self.drawing.trim().is_empty()
    }
}

pub(super) fn open<'a>(
    context: &'a ReadContext<'a>,
    bytes: &[u8],
) -> Result<impl Workbook + 'a, FileError> {
    let mut archive = Archive::open(context, bytes)?;
    let manifest = archive.read("META-INF/manifest.xml")?.unwrap_or_default();
    if memmem::find(&manifest, b"encryption-data").is_some() {
        let message = "is protected by a password; save it without one";
        return Err(context.error(FileErrorKind::PasswordRequired, message));
    }
    let content = archive.read("content.xml")?.ok_or_else(|| damaged(context))?;
    let (sheets, starts) = sheets(context, &content)?;
    Ok(OpenDocument { context, content, sheets, starts })
}

fn sheets(context: &ReadContext, content: &[u8]) -> Result<(Vec<Sheet>, Vec<usize>), FileError> {
    let (mut sheets, mut starts) = (Vec::new(), Vec::new());
    let mut hidden = HashSet::new();
    let mut style = None;
    let mut xml = xml(content);
    loop {
        match xml.read_event().map_err(|_| damaged(context))? {
            Event::Start(element) => match element.name().as_ref() {
                "style:style" => style = attribute(&element, "style:name"),
                "style:table-properties"
                    if attribute(&element, "table:display").as_deref() == Some("false") =>
                {
                    hidden.extend(style.take());
                }
                "table:table" => {
                    let style = attribute(&element, "table:style-name");
                    sheets.push(Sheet {
                        name: attribute(&element, "table:name").unwrap_or_default(),
                        hidden: style.is_some_and(|style| hidden.contains(&style)),
                    });
                    starts.push(position(&xml));
                    context.check_entries(sheets.len())?;
                    xml.read_to_end(element.name()).map_err(|_| damaged(context))?;
                    context.check_time()?;
                }
                _ => {}
            },
            Event::Eof => return Ok((sheets, starts)),
            _ => {}
        }
    }
}

impl Workbook for OpenDocument<'_> {
    fn sheets(&self) -> &[Sheet] {
        &self.sheets
    }

    fn read(&mut self, position: usize, grid: &mut SheetGrid) -> Result<(), FileError> {
        let mut xml = xml(&self.content[self.starts[position]..]);
        // The content starts within elements that are not seen to open.
        xml.config_mut().check_end_names = false;
        xml.config_mut().allow_unmatched_ends = true;
        let (mut row, mut column): (u32, u32) = (0, 0);
        while !grid.is_full() {
            match xml.read_event().map_err(|_| damaged(self.context))? {
                Event::Start(element) if element.name().as_ref() == "table:table-row" => {
                    let repeated = count(&element, "table:number-rows-repeated");
                    let is_hidden = is_hidden(&element);
                    let cells = self.row(&mut xml)?;
                    put(grid, row, repeated, &cells)?;
                    if is_hidden {
                        grid.hide_rows(row..=row.saturating_add(repeated - 1))?;
                    }
                    row = row.saturating_add(repeated);
                }
                Event::Start(element) if element.name().as_ref() == "table:table-column" => {
                    let repeated = count(&element, "table:number-columns-repeated");
                    if is_hidden(&element) {
                        grid.hide_columns(column..=column.saturating_add(repeated - 1))?;
                    }
                    column = column.saturating_add(repeated);
                }
                Event::Start(element) if element.name().as_ref() == "table:table" => {
                    skip(self.context, &mut xml, &element)?;
                }
                Event::Start(element) if element.name().as_ref() == "table:shapes" => {
                    let shapes = self.text(&mut xml, 0)?;
                    grid.drawing(None, &shapes.drawing)?;
                }
                Event::End(element) if element.name().as_ref() == "table:table" => return Ok(()),
                Event::Eof => return Err(damaged(self.context)),
                _ => {}
            }
        }
        Ok(())
    }
}

impl OpenDocument<'_> {
    /// The non-empty cells of a row with their columns.
    fn row(&self, xml: &mut Reader<&[u8]>) -> Result<Vec<(u32, OdsCell)>, FileError> {
        let mut cells = Vec::new();
        let mut column: u32 = 0;
        loop {
            match xml.read_event().map_err(|_| damaged(self.context))? {
                Event::Start(element) => match element.name().as_ref() {
                    "table:table-cell" => {
                        let cell = self.cell(xml, &element)?;
                        let repeated = cell.repeated;
                        if !cell.is_blank() {
                            cells.push((column, cell));
                        }
                        column = column.saturating_add(repeated);
                    }
                    // Cells covered by a merged cell are invisible.
                    "table:covered-table-cell" => {
                        let repeated = count(&element, "table:number-columns-repeated");
                        column = column.saturating_add(repeated);
                        skip(self.context, xml, &element)?;
                    }
                    _ => skip(self.context, xml, &element)?,
                },
                Event::End(_) => return Ok(cells),
                Event::Eof => return Err(damaged(self.context)),
                _ => {}
            }
        }
    }

    fn cell(&self, xml: &mut Reader<&[u8]>, element: &BytesStart) -> Result<OdsCell, FileError> {
        let CellText { text, comment, drawing } = self.text(xml, 0)?;
        Ok(OdsCell {
            value: value(element, &text),
            comment,
            drawing,
            repeated: count(element, "table:number-columns-repeated"),
            rows: count(element, "table:number-rows-spanned"),
            columns: count(element, "table:number-columns-spanned"),
        })
    }

    /// The text of a cell's paragraphs, its comment and the drawings that it anchors; `level` is the
    /// depth of drawings and comments within each other.
    fn text(&self, xml: &mut Reader<&[u8]>, level: usize) -> Result<CellText, FileError> {
        self.context.check_depth(level)?;
        let (mut text, mut depth, mut paragraphs) = (String::new(), 0, 0);
        let (mut comment, mut drawing) = (String::new(), String::new());
        loop {
            match xml.read_event().map_err(|_| damaged(self.context))? {
                Event::Start(element) => match element.name().as_ref() {
                    "office:annotation" => comment = self.text(xml, level + 1)?.text,
                    "svg:title" | "svg:desc" => {
                        let words = self.text(xml, level + 1)?.text;
                        if !words.trim().is_empty() {
                            drawing.push_str(&format!("\n[picture: {}]", words.trim()));
                        }
                    }
                    name if name.starts_with("draw:") => {
                        let inner = self.text(xml, level + 1)?;
                        for part in [inner.text, inner.drawing] {
                            drawing.push('\n');
                            drawing.push_str(&part);
                        }
                    }
                    // The author and the date of a comment are no part of its text.
                    "table:table" | "dc:creator" | "dc:date" | "meta:date-string" => {
                        skip(self.context, xml, &element)?;
                    }
                    name => {
                        depth += 1;
                        match name {
                            "text:p" if paragraphs > 0 => text.push('\n'),
                            "text:s" => {
                                let spaces = count(&element, "text:c") as usize;
                                text.extend(std::iter::repeat_n(' ', spaces.min(MOST_SPACES)));
                            }
                            "text:tab" => text.push('\t'),
                            "text:line-break" => text.push('\n'),
                            _ => {}
                        }
                        paragraphs += usize::from(name == "text:p");
                    }
                },
                Event::End(_) if depth == 0 => return Ok(CellText { text, comment, drawing }),
                Event::End(_) => depth -= 1,
                Event::Text(part) => text.push_str(&part.xml10_content()),
                Event::CData(part) => text.push_str(&part.xml10_content()),
                Event::GeneralRef(name) => text.extend(entity(&name)),
                Event::Eof => return Err(damaged(self.context)),
                _ => {}
            }
        }
    }
}

/// The value of a cell with the given text.
fn value(element: &BytesStart, text: &str) -> CellValue {
    let given = |name: &str| attribute(element, name);
    if given("calcext:value-type").as_deref() == Some("error") {
        return CellValue::error(text.trim());
    }
    let number = |format| {
        let value = given("office:value").and_then(|value| value.parse().ok());
        value.map(|value| CellValue::number(value, format, false))
    };
    let found = match given("office:value-type").as_deref() {
        Some("float" | "currency") => number(zeros(text.trim())),
        Some("percentage") => number(NumberKind::Percent),
        Some("date") => given("office:date-value").map(|date| CellValue::iso_moment(&date)),
        Some("time") => given("office:time-value").map(|time| CellValue::iso_duration(&time)),
        Some("boolean") => {
            Some(CellValue::bool(given("office:boolean-value").as_deref() == Some("true")))
        }
        Some(_) => Some(CellValue::text(&given("office:string-value").unwrap_or(text.to_owned()))),
        None => None,
    };
    let formula = || given("table:formula").map(|formula| CellValue::formula(plain(&formula)));
    found.or_else(formula).unwrap_or_else(|| CellValue::text(text))
}

/// The format of a number that is shown with leading zeros.
fn zeros(shown: &str) -> NumberKind {
    let is_padded = shown.len() > 1
        && shown.starts_with('0')
        && shown.bytes().all(|byte| byte.is_ascii_digit());
    if is_padded { NumberKind::Padded(shown.len()) } else { NumberKind::Number }
}

/// A formula without the prefix of its language: `of:=SUM([.A1])` as `=SUM([.A1])`.
fn plain(formula: &str) -> &str {
    formula.find('=').map_or(formula, |start| &formula[start..])
}

fn is_hidden(element: &BytesStart) -> bool {
    matches!(attribute(element, "table:visibility").as_deref(), Some("collapse" | "filter"))
}

/// Puts the cells of a row, repeated as declared; blank rows cost nothing.
fn put(
    grid: &mut SheetGrid,
    row: u32,
    repeated: u32,
    cells: &[(u32, OdsCell)],
) -> Result<(), FileError> {
    if cells.is_empty() {
        return grid.put(row, 0, CellValue::EMPTY);
    }
    for row in row..row.saturating_add(repeated).min(MOST_ROWS) {
        if grid.is_full() {
            break;
        }
        for (column, cell) in cells {
            for column in *column..column.saturating_add(cell.repeated).min(MOST_COLUMNS) {
                grid.put(row, column, cell.value.clone())?;
                grid.comment(row, column, &cell.comment)?;
                grid.drawing(Some((row, column)), &cell.drawing)?;
            }
            if cell.rows > 1 || cell.columns > 1 {
                grid.merge(Area {
                    rows: row..=row.saturating_add(cell.rows - 1),
                    columns: *column..=column.saturating_add(cell.columns - 1),
                })?;
            }
        }
    }
    Ok(())
}

fn position(xml: &Reader<&[u8]>) -> usize {
    usize::try_from(xml.buffer_position()).unwrap_or(usize::MAX)
}

fn skip(
    context: &ReadContext,
    xml: &mut Reader<&[u8]>,
    element: &BytesStart,
) -> Result<(), FileError> {
    xml.read_to_end(element.name()).map(drop).map_err(|_| damaged(context))
}

/// A repetition or span; 1 if absent.
fn count(element: &BytesStart, name: &str) -> u32 {
    attribute(element, name).and_then(|count| count.parse().ok()).unwrap_or(1).max(1)
}

fn damaged(context: &ReadContext) -> FileError {
    context
        .corrupt("the workbook is damaged; open it in the program that made it and save it again")
}
