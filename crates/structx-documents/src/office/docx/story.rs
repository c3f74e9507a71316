//! The text of one part of a Word document (a story): paragraphs, tables and text boxes in order.

use std::collections::HashMap;

use quick_xml::events::BytesStart;

use super::super::blocks::{self, OfficeBlock};
use super::super::xml::{self, Visitor};
use super::form_fields::FormFields;
use super::math::{self, MathWriter};
use super::notes::{NoteKind, Notes};
use super::numbering::DocxNumbering;
use super::styles::{DocxStyles, ListReference, RunProperties};
use super::symbols;
use crate::FileError;
use crate::markdown_table::MarkdownCell;
use crate::markup::text_style::{Script, StyledText, TextStyle};

/// The most columns of a Word table (Microsoft's "Word specifications and limits").
const MOST_COLUMNS: u32 = 63;

/// State shared by all parts of a document.
#[derive(Default)]
pub(super) struct Shared {
    pub(super) styles: DocxStyles,
    pub(super) numbering: DocxNumbering,
    pub(super) notes: Notes,
    /// The texts of charts and diagrams by relationship id.
    pub(super) charts: HashMap<String, String>,
}

pub(super) struct Story<'a, Out> {
    shared: &'a mut Shared,
    /// Receives the blocks outside of cells, text boxes and notes.
    out: Out,
    containers: Vec<Container>,
    paragraphs: Vec<StoryParagraph>,
    tables: Vec<StoryTable>,
    /// For each open field whether its code, and not its result, is being read.
    fields: Vec<bool>,
    properties: Properties,
    in_text: bool,
    math: MathWriter,
    /// For each open content control whether it shows a placeholder.
    placeholders: Vec<bool>,
    form_fields: FormFields,
}

/// A cell, a text box or a note.
#[derive(Default)]
struct Container {
    blocks: Vec<OfficeBlock>,
    cell: Option<CellProperties>,
    /// The kind, id and author of a note.
    note: Option<(NoteKind, String, Option<String>)>,
}

#[derive(Default, Clone, Copy)]
struct CellProperties {
    columns: u32,
    /// The cell continues a merged cell.
    merged: bool,
    deleted: bool,
}

#[derive(Default)]
struct StoryTable {
    rows: Vec<Vec<MarkdownCell>>,
    deleted: bool,
    /// The content of the first cell if it is the only one.
    only: Option<Vec<OfficeBlock>>,
    cells: usize,
}

#[derive(Default)]
struct StoryParagraph {
    style: Option<String>,
    list: ListReference,
    outline: Option<u8>,
    text: String,
    styled: StyledText,
    deleted: bool,
    run: Option<TextRun>,
    /// Text boxes and charts anchored in the paragraph.
    after: Vec<OfficeBlock>,
}

#[derive(Default)]
struct TextRun {
    style: Option<String>,
    own: RunProperties,
}

/// The element whose properties are being read.
#[derive(Clone, Copy, PartialEq)]
enum Properties {
    None,
    Paragraph,
    Row,
    Cell,
    Control,
}

impl<'a, Out: FnMut(OfficeBlock) -> Result<(), FileError>> Story<'a, Out> {
    pub(super) fn new(shared: &'a mut Shared, out: Out) -> Self {
        Self {
            shared,
            out,
            containers: Vec::new(),
            paragraphs: Vec::new(),
            tables: Vec::new(),
            fields: Vec::new(),
            properties: Properties::None,
            in_text: false,
            math: MathWriter::default(),
            placeholders: Vec::new(),
            form_fields: FormFields::default(),
        }
    }

    fn push(&mut self, item: OfficeBlock) -> Result<(), FileError> {
        match self.containers.last_mut() {
            Some(container) => container.blocks.push(item),
            None => (self.out)(item)?,
        }
        Ok(())
    }

    fn write(&mut self, text: &str) {
        if self.fields.contains(&true) || self.placeholders.contains(&true) {
            return;
        }
        let Some(paragraph) = self.paragraphs.last_mut() else { return };
        let styles = &self.shared.styles;
        let of_paragraph = styles.run_properties(paragraph.style.as_deref());
        let properties = match &paragraph.run {
            Some(run) => run.own.or(styles.run_properties(run.style.as_deref())).or(of_paragraph),
            None => of_paragraph,
        };
        if properties.hidden.unwrap_or(false) {
            return;
        }
        let style = TextStyle {
            // The marks of notes are in brackets, not raised.
            script: if self.in_text {
                properties.script.unwrap_or_default()
            } else {
                Script::Normal
            },
            is_struck: properties.struck.unwrap_or(false),
        };
        paragraph.styled.push(&mut paragraph.text, text, style);
    }

    fn end_paragraph(&mut self) -> Result<(), FileError> {
        // A field whose code is not closed hides text up to the end of the paragraph only.
        self.fields.fill(false);
        let Some(mut paragraph) = self.paragraphs.pop() else { return Ok(()) };
        paragraph.styled.close(&mut paragraph.text);
        let styles = &self.shared.styles;
        let style = paragraph.style.as_deref();
        let heading = match paragraph.outline {
            Some(outline) => Some(outline + 1).filter(|level| *level <= 9),
            None => styles.heading(style),
        };
        let text = paragraph.text.trim();
        let (list, style) = match (paragraph.list.list, styles.list(style)) {
            (None, Some((of_style, style))) => {
                let level = paragraph.list.level.or(of_style.level);
                (ListReference { level, ..of_style }, Some(style))
            }
            _ => (paragraph.list, None),
        };
        let number = if paragraph.deleted && text.is_empty() {
            None
        } else {
            self.shared.numbering.count(list, style)
        };
        if !text.is_empty() {
            let item = match (heading, number) {
                (Some(level), Some((_, number))) if number != "-" => {
                    OfficeBlock::Heading(level, format!("{number} {text}").trim_start().to_owned())
                }
                (Some(level), _) => OfficeBlock::Heading(level, text.to_owned()),
                (None, Some((level, number))) if !number.is_empty() => {
                    OfficeBlock::Listed(level, format!("{number} {text}"))
                }
                (None, _) => OfficeBlock::Paragraph(text.to_owned()),
            };
            self.push(item)?;
        }
        paragraph.after.into_iter().try_for_each(|item| self.push(item))
    }

    fn end_cell(&mut self) {
        let Some(container) = self.containers.pop_if(|container| container.cell.is_some()) else {
            return;
        };
        let (Some(table), Some(properties)) = (self.tables.last_mut(), container.cell) else {
            return;
        };
        if properties.deleted {
            return;
        }
        let text = if properties.merged { String::new() } else { blocks::flat(&container.blocks) };
        table.cells += 1;
        table.only = Some(container.blocks).filter(|_| table.cells == 1);
        let columns = properties.columns.min(MOST_COLUMNS);
        let cell = if text.is_empty() { MarkdownCell::default() } else { MarkdownCell::text(text) };
        let Some(row) = table.rows.last_mut() else { return };
        match row.last_mut() {
            // Adjacent empty cells are kept as one: a file can have millions of them.
            Some(last) if last.words.is_empty() && cell.words.is_empty() => {
                last.columns = last.columns.max(1).saturating_add(columns.max(1));
            }
            _ => row.push(MarkdownCell { columns, ..cell }),
        }
    }

    fn end_table(&mut self) -> Result<(), FileError> {
        let Some(mut table) = self.tables.pop() else { return Ok(()) };
        table.rows.retain(|row| !row.is_empty());
        match table.only {
            // A table of one cell is a frame around its content.
            Some(blocks) => blocks.into_iter().try_for_each(|item| self.push(item)),
            None if table.rows.is_empty() => Ok(()),
            None => self.push(OfficeBlock::Table(table.rows)),
        }
    }

    /// Writes the alternative text of a picture.
    fn picture(&mut self, alternative: Option<String>) {
        if let Some(text) = alternative.filter(|text| !text.trim().is_empty()) {
            self.write(&blocks::picture(&text));
        }
    }

    /// Writes the mark of a note, unless the text itself contains it.
    fn refer(&mut self, kind: NoteKind, element: &BytesStart) {
        let Some(id) = xml::attribute(element, "id") else { return };
        let own_mark = xml::attribute(element, "customMarkFollows")
            .is_some_and(|value| !matches!(&*value, "0" | "false" | "off"));
        let mark = self.shared.notes.refer(kind, id, own_mark);
        self.write(&mark);
    }

    fn property(&mut self, name: &str, element: &BytesStart) -> bool {
        match (self.properties, name) {
            (_, "rPr" | "numPr" | "pPr") => return true,
            (Properties::Paragraph, name) => {
                let Some(paragraph) = self.paragraphs.last_mut() else { return false };
                match name {
                    "pStyle" => paragraph.style = xml::attribute(element, "val"),
                    "numId" => paragraph.list.list = xml::number(element),
                    "ilvl" => paragraph.list.level = xml::number(element),
                    "outlineLvl" => paragraph.outline = xml::number(element),
                    "del" | "moveFrom" => paragraph.deleted = true,
                    _ => {}
                }
            }
            (Properties::Row, name) => {
                let Some(table) = self.tables.last_mut() else { return false };
                match name {
                    "del" => table.deleted = true,
                    "gridBefore" => {
                        let columns = xml::number::<u32>(element).unwrap_or(0).min(MOST_COLUMNS);
                        if let Some(row) = table.rows.last_mut().filter(|_| columns > 0) {
                            row.push(MarkdownCell { columns, ..MarkdownCell::default() });
                        }
                    }
                    _ => {}
                }
            }
            (Properties::Cell, name) => {
                let cell = self.containers.last_mut().and_then(|container| container.cell.as_mut());
                let Some(cell) = cell else { return false };
                let goes_on =
                    xml::attribute(element, "val").is_none_or(|value| value == "continue");
                match name {
                    "gridSpan" => cell.columns = xml::number(element).unwrap_or(1),
                    "vMerge" | "hMerge" => cell.merged |= goes_on,
                    "cellDel" => cell.deleted = true,
                    _ => {}
                }
            }
            (Properties::Control, name) => {
                if let Some(placeholder) = self.placeholders.last_mut() {
                    *placeholder |= name == "showingPlcHdr" && xml::is_on(element);
                }
            }
            (Properties::None, _) => {}
        }
        false
    }

    /// Processes an element within a paragraph; returns whether its content is visited.
    fn inline(&mut self, name: &str, element: &BytesStart) -> bool {
        let mut run = self.paragraphs.last_mut().and_then(|paragraph| paragraph.run.as_mut());
        if run.as_mut().is_some_and(|run| run.own.set(name, element)) {
            return true;
        }
        if self.form_fields.start(name, element) {
            return true;
        }
        match (name, run) {
            ("r", _) => {
                if let Some(paragraph) = self.paragraphs.last_mut() {
                    paragraph.run = Some(TextRun::default());
                }
            }
            ("t", _) => self.in_text = true,
            ("rStyle", Some(run)) => run.style = xml::attribute(element, "val"),
            ("tab" | "ptab", Some(_)) => self.write("\t"),
            ("br" | "cr", Some(_)) => self.write("\n"),
            ("noBreakHyphen", _) => self.write("-"),
            ("sym", _) => {
                let font = xml::attribute(element, "font").unwrap_or_default();
                let code = xml::attribute(element, "char").unwrap_or_default();
                if let Some(symbol) = symbols::symbol(&font, &code) {
                    self.write(symbol.encode_utf8(&mut [0; 4]));
                }
            }
            ("fldChar", _) => match xml::attribute(element, "fldCharType").as_deref() {
                Some("begin") => self.fields.push(true),
                Some("separate") => {
                    if let Some(code) = self.fields.last_mut() {
                        *code = false;
                    }
                }
                _ => drop(self.fields.pop()),
            },
            ("docPr", _) => self.picture(xml::attribute(element, "descr")),
            ("shape", _) => self.picture(xml::attribute(element, "alt")),
            ("footnoteReference", _) => self.refer(NoteKind::Footnote, element),
            ("endnoteReference", _) => self.refer(NoteKind::Endnote, element),
            ("commentReference", _) => self.refer(NoteKind::Comment, element),
            ("chart" | "relIds", _) => {
                let id = ["id", "dm"].iter().find_map(|name| xml::attribute(element, name));
                let text = id.and_then(|id| self.shared.charts.remove(&id));
                if let (Some(text), Some(paragraph)) = (text, self.paragraphs.last_mut()) {
                    paragraph.after.push(OfficeBlock::Paragraph(text));
                }
            }
            // Deleted text, field codes, alternate content, properties, phonetic guides.
            ("del" | "moveFrom" | "instrText" | "delText" | "Fallback" | "rt", _) => {
                return false;
            }
            _ => {}
        }
        true
    }
}

impl<Out: FnMut(OfficeBlock) -> Result<(), FileError>> Visitor for Story<'_, Out> {
    fn start(&mut self, name: &str, element: &BytesStart) -> Result<bool, FileError> {
        let is_visited = self.start_element(name, element);
        if is_visited {
            let text = self.math.start(name, element);
            if !text.is_empty() {
                self.write(&text);
            }
        }
        Ok(is_visited)
    }

    fn end(&mut self, name: &str) -> Result<(), FileError> {
        let closing = self.math.end();
        if let Some(paragraph) = self.paragraphs.last_mut().filter(|_| !closing.is_empty()) {
            math::close(&mut paragraph.text, &closing);
        }
        self.end_element(name)
    }

    fn text(&mut self, text: &str) {
        if self.in_text {
            // A soft hyphen shows only at the end of a line.
            if text.contains('\u{ad}') {
                self.write(&text.replace('\u{ad}', ""));
            } else {
                self.write(text);
            }
        }
    }
}

impl<Out: FnMut(OfficeBlock) -> Result<(), FileError>> Story<'_, Out> {
    /// Processes the start of an element; returns whether its content is visited.
    fn start_element(&mut self, name: &str, element: &BytesStart) -> bool {
        // Properties from before a tracked change.
        if name.ends_with("Change") {
            return false;
        }
        if self.properties != Properties::None {
            return self.property(name, element);
        }
        let note = |kind| {
            (
                kind,
                xml::attribute(element, "id").unwrap_or_default(),
                xml::attribute(element, "author"),
            )
        };
        match name {
            "p" => self.paragraphs.push(StoryParagraph::default()),
            "tbl" => self.tables.push(StoryTable::default()),
            "tr" => {
                if let Some(table) = self.tables.last_mut() {
                    table.deleted = false;
                    table.rows.push(Vec::new());
                }
            }
            "tc" => {
                let cell = Some(CellProperties::default());
                self.containers.push(Container { cell, ..Container::default() });
            }
            "txbxContent" => self.containers.push(Container::default()),
            "footnote" | "endnote" | "comment" => {
                // Separator lines between text and notes are stored as notes.
                if xml::attribute(element, "type").is_some_and(|kind| kind != "normal") {
                    return false;
                }
                let note = Some(note(NoteKind::of(name)));
                self.containers.push(Container { note, ..Container::default() });
            }
            "pPr" => self.properties = Properties::Paragraph,
            "trPr" => self.properties = Properties::Row,
            "tcPr" => self.properties = Properties::Cell,
            "sdt" => self.placeholders.push(false),
            "sdtPr" => self.properties = Properties::Control,
            name => return self.inline(name, element),
        }
        true
    }

    fn end_element(&mut self, name: &str) -> Result<(), FileError> {
        let field = self.form_fields.end(name);
        // Written directly: it is in the field's code, which `write` ignores.
        if let (Some(paragraph), Some(value)) = (self.paragraphs.last_mut(), field) {
            paragraph.text.push_str(&value);
        }
        match name {
            "pPr" | "trPr" | "tcPr" | "sdtPr" => self.properties = Properties::None,
            "sdt" => drop(self.placeholders.pop()),
            "t" => self.in_text = false,
            "r" => {
                if let Some(paragraph) = self.paragraphs.last_mut() {
                    paragraph.run = None;
                }
            }
            "p" => self.end_paragraph()?,
            "tc" => self.end_cell(),
            "tr" => {
                if let Some(table) = self.tables.last_mut().filter(|table| table.deleted) {
                    let row = table.rows.pop().unwrap_or_default();
                    table.cells -= row.len().min(table.cells);
                }
            }
            "tbl" => self.end_table()?,
            "txbxContent" => {
                let blocks = self.containers.pop().unwrap_or_default().blocks;
                match self.paragraphs.last_mut() {
                    Some(paragraph) => paragraph.after.extend(blocks),
                    None => blocks.into_iter().try_for_each(|item| self.push(item))?,
                }
            }
            "footnote" | "endnote" | "comment" => {
                let container = self.containers.pop().unwrap_or_default();
                if let Some((kind, id, author)) = container.note {
                    self.shared.notes.add(kind, &id, author, &blocks::flat(&container.blocks));
                }
            }
            _ => {}
        }
        Ok(())
    }
}
