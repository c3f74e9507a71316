//! The cells of an XLSX sheet, its merged areas, and the rows and columns that it hides.

use std::collections::HashMap;

use memchr::memmem;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::super::format_code::NumberKind;
use super::super::grid::{Area, SheetGrid};
use super::super::value::CellValue;
use super::super::xml::{entity, xml};
use super::{Shared, damaged, given, is_true, shared};
use crate::FileError;
use crate::context::ReadContext;
use crate::sheet_address::{self, address};

/// Reads the part of a sheet into the grid.
pub(super) fn read(
    context: &ReadContext,
    part: &[u8],
    shared: &Shared,
    grid: &mut SheetGrid,
) -> Result<(), FileError> {
    let mut reader = SheetReader {
        context,
        shared,
        xml: xml(part),
        row: 0,
        column: 0,
        next_row: 0,
        formulas: HashMap::new(),
    };
    loop {
        match reader.xml.read_event().map_err(|_| damaged(context))? {
            Event::Start(element) => reader.element(&element, grid)?,
            Event::Eof => return Ok(()),
            _ => {}
        }
        if grid.is_full() {
            break;
        }
    }
    // Merged areas stand behind the cells.
    let start = memmem::rfind(part, b"sheetData>").unwrap_or(part.len());
    let mut rest = xml(part[start..].strip_prefix(b"sheetData>").unwrap_or_default());
    rest.config_mut().check_end_names = false;
    rest.config_mut().allow_unmatched_ends = true;
    loop {
        match rest.read_event().map_err(|_| damaged(context))? {
            Event::Start(element) if element.local_name().as_ref() == "mergeCell" => {
                merge(&element, grid)?;
            }
            Event::Eof => return Ok(()),
            _ => {}
        }
    }
}

struct SheetReader<'a> {
    context: &'a ReadContext<'a>,
    shared: &'a Shared,
    xml: Reader<&'a [u8]>,
    /// The row and column of the next cell, and the next row, for those that do not say where they are.
    row: u32,
    column: u32,
    next_row: u32,
    /// The addresses of the cells that have the text of a shared formula, by its number.
    formulas: HashMap<String, String>,
}

/// The content of a cell element.
#[derive(Default)]
struct Content {
    value: Option<String>,
    text: Option<String>,
    formula: Option<String>,
}

impl SheetReader<'_> {
    fn element(&mut self, element: &BytesStart, grid: &mut SheetGrid) -> Result<(), FileError> {
        match element.local_name().as_ref() {
            "row" => {
                let number = given(element, "r").and_then(|row| row.parse::<u32>().ok());
                self.row = number.and_then(|row| row.checked_sub(1)).unwrap_or(self.next_row);
                (self.next_row, self.column) = (self.row.saturating_add(1), 0);
                if is_true(given(element, "hidden")) {
                    grid.hide_rows(self.row..=self.row)?;
                }
            }
            "c" => self.cell(element, grid)?,
            "col" if is_true(given(element, "hidden")) => {
                let number = |name| given(element, name).and_then(|n| n.parse::<u32>().ok());
                if let (Some(first @ 1..), Some(last @ 1..)) = (number("min"), number("max")) {
                    grid.hide_columns(first - 1..=last - 1)?;
                }
            }
            "mergeCell" => merge(element, grid)?,
            _ => {}
        }
        Ok(())
    }

    fn cell(&mut self, element: &BytesStart, grid: &mut SheetGrid) -> Result<(), FileError> {
        let (mut kind, mut format) = (String::new(), NumberKind::Number);
        for attribute in element.attributes().with_checks(false).flatten() {
            let value: &str = attribute.value.as_ref();
            match attribute.key.as_ref() {
                "r" => {
                    if let Some(place) = sheet_address::parse(value) {
                        (self.row, self.column) = place;
                    }
                }
                "s" => {
                    let place = value.parse().ok();
                    let found = place.and_then(|place: usize| self.shared.formats.get(place));
                    format = found.copied().unwrap_or(NumberKind::Number);
                }
                "t" => value.clone_into(&mut kind),
                _ => {}
            }
        }
        let (row, column) = (self.row, self.column);
        self.column = self.column.saturating_add(1);
        let content = self.content()?;
        grid.put(row, column, self.value(&kind, format, content))
    }

    /// The value, text and formula up to the end of the cell.
    fn content(&mut self) -> Result<Content, FileError> {
        let mut content = Content::default();
        loop {
            match self.xml.read_event().map_err(|_| damaged(self.context))? {
                Event::Start(element) => match element.local_name().as_ref() {
                    "v" => content.value = Some(self.text()?),
                    "is" => content.text = Some(shared::text(self.context, &mut self.xml)?),
                    "f" => {
                        let number = given(&element, "si");
                        let text = self.text()?;
                        content.formula = Some(self.formula(number, &text));
                    }
                    _ => {
                        let skipped = self.xml.read_to_end(element.name());
                        skipped.map_err(|_| damaged(self.context))?;
                    }
                },
                Event::End(_) => return Ok(content),
                Event::Eof => return Err(damaged(self.context)),
                _ => {}
            }
        }
    }

    /// The text of a formula; for one that is shared, the cell that has it.
    fn formula(&mut self, number: Option<String>, text: &str) -> String {
        let Some(number) = number else { return format!("={text}") };
        if text.is_empty() {
            let at = self.formulas.get(&number).map_or("another cell", String::as_str);
            return format!("=(as in {at})");
        }
        let column = self.column.saturating_sub(1);
        self.formulas.entry(number).or_insert_with(|| address(self.row, column));
        format!("={text}")
    }

    /// The text up to the end of the open element.
    fn text(&mut self) -> Result<String, FileError> {
        let mut text = String::new();
        loop {
            match self.xml.read_event().map_err(|_| damaged(self.context))? {
                Event::Text(part) => text.push_str(&part.xml10_content()),
                Event::CData(part) => text.push_str(&part.xml10_content()),
                Event::GeneralRef(name) => text.extend(entity(&name)),
                Event::End(_) => return Ok(text),
                Event::Start(element) => {
                    let skipped = self.xml.read_to_end(element.name());
                    skipped.map_err(|_| damaged(self.context))?;
                }
                Event::Eof => return Err(damaged(self.context)),
                _ => {}
            }
        }
    }

    fn value(&self, kind: &str, format: NumberKind, content: Content) -> CellValue {
        let Content { value, text, formula } = content;
        if let Some(text) = text {
            return CellValue::text(&text);
        }
        // A formula may give an empty text; without one, an empty value says that none is stored.
        let value = match (value, formula) {
            (Some(value), _) if !value.trim().is_empty() => value,
            (_, Some(formula)) if kind != "str" && formula.len() > 1 => {
                return CellValue::formula(formula);
            }
            _ => return CellValue::EMPTY,
        };
        match kind {
            "s" => {
                let place: Option<usize> = value.trim().parse().ok();
                let text = place.and_then(|place| self.shared.texts.get(place));
                text.map_or(CellValue::EMPTY, |text| CellValue::text(text))
            }
            "str" | "inlineStr" => CellValue::text(&shared::unescaped(value)),
            "b" => CellValue::bool(matches!(value.trim(), "1" | "true")),
            "e" => CellValue::error(value.trim()),
            "d" => CellValue::iso_moment(value.trim()),
            _ => match value.trim().parse() {
                Ok(number) => CellValue::number(number, format, self.shared.is_1904),
                Err(_) => CellValue::text(&value),
            },
        }
    }
}

fn merge(element: &BytesStart, grid: &mut SheetGrid) -> Result<(), FileError> {
    let range = given(element, "ref").unwrap_or_default();
    let (first, last) = range.split_once(':').unwrap_or((&range, &range));
    if let (Some(first), Some(last)) = (sheet_address::parse(first), sheet_address::parse(last)) {
        grid.merge(Area { rows: first.0..=last.0, columns: first.1..=last.1 })?;
    }
    Ok(())
}
