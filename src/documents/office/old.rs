//! Word documents: `office_oxide`'s model of paragraphs, lists and tables, as Markdown.

use std::io::Cursor;

use office_oxide::docx::DocxError;
use office_oxide::ir::{
    Element, HeaderFooter, InlineContent, List, ListStyle, Note, Section, Table, TableCell,
    inline_to_text,
};
use office_oxide::options::ParseOptions;
use office_oxide::{DocumentFormat, OfficeError, core};

use crate::documents::builder::Builder;
use crate::documents::pipes::{self, Cell};
use crate::documents::reading::Reading;
use crate::documents::{BlockKind, Document, FileError, FileErrorKind};

pub(in crate::documents) fn read(reading: &Reading, bytes: Vec<u8>) -> Result<Document, FileError> {
    let mut options = ParseOptions::default();
    options.limits.package_bytes = reading.limits().unpacked_bytes;
    options.limits.part_bytes = reading.limits().unpacked_bytes;
    let reader = Cursor::new(bytes);
    let file = office_oxide::Document::from_reader_with(reader, DocumentFormat::Docx, &options)
        .map_err(|error| file_error(reading, &error))?;
    let model = file.to_ir();
    let mut writer = Writer { reading, builder: Builder::default(), margins: Vec::new() };
    for section in &model.sections {
        writer.section(section)?;
    }
    let mut document = writer.builder.finish();
    document.warnings = model.metadata.warnings;
    if document.text.is_empty() {
        return Err(reading.error(FileErrorKind::Empty, "the document has no text"));
    }
    Ok(document)
}

fn file_error(reading: &Reading, error: &OfficeError) -> FileError {
    use core::Error::{DecompressionLimit, PackageLimit};
    match error {
        OfficeError::Core(DecompressionLimit { .. } | PackageLimit(_))
        | OfficeError::Docx(DocxError::Core(DecompressionLimit { .. } | PackageLimit(_))) => {
            let message = "unpacks to more than the limit `unpacked_bytes`";
            reading.error(FileErrorKind::LimitExceeded, message)
        }
        _ => {
            let message = "is damaged; open it in a word processor and save it again";
            reading.corrupt(message)
        }
    }
}

struct Writer<'a> {
    reading: &'a Reading<'a>,
    builder: Builder,
    /// Headers and footers written so far: sections repeat them.
    margins: Vec<&'a HeaderFooter>,
}

/// The counter of a list at one level.
struct Counter<'a> {
    list: &'a List,
    number: u32,
}

impl<'a> Writer<'a> {
    fn section(&mut self, section: &'a Section) -> Result<(), FileError> {
        let headers = [&section.first_page_header, &section.header, &section.even_page_header];
        let footers = [&section.first_page_footer, &section.footer, &section.even_page_footer];
        headers.into_iter().flatten().try_for_each(|header| self.margin(header))?;
        self.elements(&section.elements)?;
        footers.into_iter().flatten().try_for_each(|footer| self.margin(footer))
    }

    fn margin(&mut self, margin: &'a HeaderFooter) -> Result<(), FileError> {
        if self.margins.contains(&margin) {
            return Ok(());
        }
        self.margins.push(margin);
        self.elements(&margin.content)
    }

    fn elements(&mut self, elements: &'a [Element]) -> Result<(), FileError> {
        for element in elements {
            match element {
                Element::Heading(heading) => {
                    self.heading(heading.clamped_level(), &inline(&heading.content));
                }
                Element::Paragraph(paragraph) => self.paragraph(&inline(&paragraph.content)),
                Element::CodeBlock(code) => self.paragraph(&code.content),
                Element::List(list) => {
                    self.builder.part("\n");
                    self.list(list, &mut Vec::new());
                }
                Element::Table(table) => self.table(table)?,
                Element::TextBox(text_box) => self.elements(&text_box.content)?,
                Element::Footnote(note) | Element::Endnote(note) => self.note(note),
                // Pictures, shapes and breaks have no text.
                _ => {}
            }
        }
        Ok(())
    }

    fn heading(&mut self, level: u8, text: &str) {
        // A line break would end the heading.
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if !text.is_empty() {
            self.builder.part("\n\n");
            self.builder.text(&"#".repeat(level.into()));
            self.builder.text(" ");
            self.builder.block(BlockKind::Heading { level }, &text, None);
        }
    }

    fn paragraph(&mut self, text: &str) {
        if !text.trim().is_empty() {
            self.builder.part("\n\n");
            self.builder.block(BlockKind::Paragraph, text.trim(), None);
        }
    }

    fn note(&mut self, note: &Note) {
        let label = label(note.marker.as_deref(), note.id);
        self.paragraph(&format!("{label} {}", flat(&note.content)));
    }

    /// The items of a list, a line each, with the markers that are printed.
    fn list(&mut self, list: &'a List, counters: &mut Vec<Counter<'a>>) {
        counters.push(Counter { list, number: list.start_number.unwrap_or(1) });
        for item in &list.items {
            let text = flat(&item.content);
            if !text.is_empty() {
                self.builder.part("\n");
                self.builder.text(&"  ".repeat(counters.len() - 1));
                let item = format!("{} {text}", marker(counters));
                self.builder.block(BlockKind::ListItem, &item, None);
            }
            if let Some(nested) = &item.nested {
                self.list(nested, counters);
            }
            if let Some(counter) = counters.last_mut() {
                counter.number += 1;
            }
        }
        counters.pop();
    }

    fn table(&mut self, table: &'a Table) -> Result<(), FileError> {
        // A single cell is a frame around other things.
        if let [row] = table.rows.as_slice()
            && let [cell] = row.cells.as_slice()
        {
            return self.elements(&cell.content);
        }
        let cell = |cell: &TableCell| Cell {
            columns: cell.col_span,
            rows: cell.row_span,
            ..Cell::text(flat(&cell.content))
        };
        let rows: Vec<Vec<Cell>> =
            table.rows.iter().map(|row| row.cells.iter().map(cell).collect()).collect();
        self.builder.part("\n\n");
        pipes::write(self.reading, &mut self.builder, &rows, None)
    }
}

/// The text of a paragraph, with the marks of its notes.
fn inline(content: &[InlineContent]) -> String {
    let text = |part: &InlineContent| match part {
        InlineContent::FootnoteRef(note) | InlineContent::EndnoteRef(note) => {
            label(note.marker.as_deref(), note.note_id)
        }
        part => inline_to_text(std::slice::from_ref(part)),
    };
    content.iter().map(text).collect()
}

fn label(marker: Option<&str>, id: u32) -> String {
    marker.map_or_else(|| format!("[{id}]"), |marker| format!("[{marker}]"))
}

/// The text of elements in one line, as a cell or a list item holds it.
fn flat(elements: &[Element]) -> String {
    let text = |element: &Element| match element {
        Element::Heading(heading) => inline(&heading.content),
        Element::Paragraph(paragraph) => inline(&paragraph.content),
        Element::CodeBlock(code) => code.content.clone(),
        Element::TextBox(text_box) => flat(&text_box.content),
        Element::List(list) => flat_list(list),
        Element::Table(table) => {
            let cells = table.rows.iter().flat_map(|row| &row.cells);
            cells.map(|cell| flat(&cell.content)).collect::<Vec<_>>().join(" ")
        }
        _ => String::new(),
    };
    let text = elements.iter().map(text).collect::<Vec<_>>().join(" ");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn flat_list(list: &List) -> String {
    let item = |item: &office_oxide::ir::ListItem| {
        let nested = item.nested.as_ref().map(flat_list).unwrap_or_default();
        format!("{} {nested}", flat(&item.content))
    };
    list.items.iter().map(item).collect::<Vec<_>>().join(" ")
}

/// The marker of the last counter's item as it is printed: `-`, `3.`, `(b)`, `1.2.`.
fn marker(counters: &[Counter]) -> String {
    let Some(own) = counters.last().filter(|counter| counter.list.ordered) else {
        return "-".to_owned();
    };
    let plain = format!("{}.", own.print());
    // The pattern names counters by their level, `%1` the outermost. One that is outside of this
    // list is not known, and then the item's own number has to do.
    let Some(pattern) = own.list.marker_pattern.as_deref() else { return plain };
    let mut printed = String::new();
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        let level = if character == '%' { characters.next() } else { None };
        match (level, level.and_then(|level| level.to_digit(10))) {
            (None, _) => printed.push(character),
            (_, Some(level @ 1..)) if level as usize <= counters.len() => {
                printed.push_str(&counters[level as usize - 1].print());
            }
            _ => return plain,
        }
    }
    printed
}

impl Counter<'_> {
    fn print(&self) -> String {
        match self.list.style {
            Some(ListStyle::LowerAlpha) => letters(self.number),
            Some(ListStyle::UpperAlpha) => letters(self.number).to_uppercase(),
            Some(ListStyle::LowerRoman) => roman(self.number),
            Some(ListStyle::UpperRoman) => roman(self.number).to_uppercase(),
            _ => self.number.to_string(),
        }
    }
}

/// a to z, then aa, bb, as Word counts.
fn letters(number: u32) -> String {
    let index = number.saturating_sub(1);
    let letter = char::from(b'a' + u8::try_from(index % 26).unwrap_or(0));
    String::from(letter).repeat((index / 26 + 1).min(8) as usize)
}

fn roman(number: u32) -> String {
    const NUMERALS: [(u32, &str); 13] = [
        (1000, "m"),
        (900, "cm"),
        (500, "d"),
        (400, "cd"),
        (100, "c"),
        (90, "xc"),
        (50, "l"),
        (40, "xl"),
        (10, "x"),
        (9, "ix"),
        (5, "v"),
        (4, "iv"),
        (1, "i"),
    ];
    // Larger numbers are not written in numerals.
    if number >= 4000 {
        return number.to_string();
    }
    let mut rest = number;
    let mut printed = String::new();
    for (value, numeral) in NUMERALS {
        printed.push_str(&numeral.repeat((rest / value) as usize));
        rest %= value;
    }
    printed
}

#[cfg(test)]
mod tests {
    use office_oxide::ir::{
        Element, InlineContent, List, ListItem, ListStyle, Paragraph, TextSpan,
    };

    use super::{Writer, letters, roman};
    use crate::documents::builder::Builder;
    use crate::documents::reading::Reading;
    use crate::documents::{Document, ReadOptions};

    fn paragraph(text: &str) -> Vec<Element> {
        let content = vec![InlineContent::Text(TextSpan::plain(text))];
        vec![Element::Paragraph(Paragraph { content, ..Paragraph::default() })]
    }

    fn written(element: Element) -> Document {
        let elements = [element];
        let options = ReadOptions::default();
        let reading = &Reading::new("x", &options);
        let mut writer = Writer { reading, builder: Builder::default(), margins: Vec::new() };
        writer.elements(&elements).unwrap();
        writer.builder.finish()
    }

    #[test]
    fn list_markers_are_as_printed() {
        let item = |text: &str, nested| ListItem { content: paragraph(text), nested };
        let list = |style, pattern: Option<&str>, start_number, items| List {
            ordered: style != ListStyle::Bullet,
            style: Some(style),
            marker_pattern: pattern.map(str::to_owned),
            start_number,
            items,
            ..List::default()
        };
        let bullets = list(ListStyle::Bullet, None, None, vec![item("d", None)]);
        let letters = list(
            ListStyle::LowerAlpha,
            Some("(%2)"),
            None,
            vec![item("b", None), item("c", Some(bullets))],
        );
        let deep = list(ListStyle::Decimal, Some("%1.%2."), Some(2), vec![item("f", None)]);
        let items = vec![item("a", Some(letters)), item("e", Some(deep))];
        let document = written(Element::List(list(ListStyle::Decimal, None, Some(4), items)));
        assert_eq!(document.text, "4. a\n  (a) b\n  (b) c\n    - d\n5. e\n  5.2. f");
    }

    #[test]
    fn numerals() {
        assert_eq!([1, 26, 27].map(letters), ["a", "z", "aa"]);
        assert_eq!([1, 4, 9, 1994].map(roman), ["i", "iv", "ix", "mcmxciv"]);
    }
}
