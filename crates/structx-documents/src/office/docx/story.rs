//! The text of one part of a Word document: paragraphs, tables and text boxes in their order.

use std::collections::HashMap;

use quick_xml::events::BytesStart;

use super::super::items::{self, Item};
use super::super::xml::{self, Visitor};
use super::notes::{NoteKind, Notes};
use super::numbering::Numbering;
use super::styles::{ListReference, Styles};
use super::symbols;
use crate::FileError;
use crate::markdown_table::MarkdownCell;

/// As wide as a table of Word can be.
const MOST_COLUMNS: u32 = 63;

/// State shared by all parts of the document.
#[derive(Default)]
pub(super) struct Shared {
    pub(super) styles: Styles,
    pub(super) numbering: Numbering,
    pub(super) notes: Notes,
    /// The texts of charts and diagrams, by the ids of their parts.
    pub(super) charts: HashMap<String, String>,
}

pub(super) struct Story<'a, Out> {
    shared: &'a mut Shared,
    /// Takes what stands in no cell and no box.
    out: Out,
    holders: Vec<Holder>,
    paragraphs: Vec<StoryParagraph>,
    tables: Vec<StoryTable>,
    /// For each field that is not at its end whether its code is being told, not its result.
    fields: Vec<bool>,
    properties: Properties,
    in_text: bool,
    /// Whether the box of a form that is being told is ticked.
    ticked: Option<bool>,
}

/// A cell, a text box or a note.
#[derive(Default)]
struct Holder {
    items: Vec<Item>,
    cell: Option<CellProperties>,
    /// Its kind, its id and who wrote it.
    note: Option<(NoteKind, String, Option<String>)>,
}

#[derive(Default, Clone, Copy)]
struct CellProperties {
    columns: u32,
    /// It belongs to the cell above, or was deleted.
    merged: bool,
    deleted: bool,
}

#[derive(Default)]
struct StoryTable {
    rows: Vec<Vec<MarkdownCell>>,
    deleted: bool,
    /// The content of the first cell while it is the only one.
    only: Option<Vec<Item>>,
    cells: usize,
}

#[derive(Default)]
struct StoryParagraph {
    style: Option<String>,
    list: ListReference,
    outline: Option<u8>,
    text: String,
    deleted: bool,
    run: Option<TextRun>,
    /// The text boxes and charts in it.
    after: Vec<Item>,
}

#[derive(Default)]
struct TextRun {
    style: Option<String>,
    hidden: Option<bool>,
}

/// The element whose properties are read.
#[derive(Clone, Copy, PartialEq)]
enum Properties {
    None,
    Paragraph,
    Row,
    Cell,
}

impl<'a, Out: FnMut(Item) -> Result<(), FileError>> Story<'a, Out> {
    pub(super) fn new(shared: &'a mut Shared, out: Out) -> Self {
        Self {
            shared,
            out,
            holders: Vec::new(),
            paragraphs: Vec::new(),
            tables: Vec::new(),
            fields: Vec::new(),
            properties: Properties::None,
            in_text: false,
            ticked: None,
        }
    }

    fn push(&mut self, item: Item) -> Result<(), FileError> {
        match self.holders.last_mut() {
            Some(holder) => holder.items.push(item),
            None => (self.out)(item)?,
        }
        Ok(())
    }

    fn write(&mut self, text: &str) {
        if self.fields.contains(&true) {
            return;
        }
        let Some(paragraph) = self.paragraphs.last_mut() else { return };
        let styles = &self.shared.styles;
        let hidden = paragraph
            .run
            .as_ref()
            .and_then(|run| run.hidden.or_else(|| styles.hidden(run.style.as_deref())));
        if !hidden.or_else(|| styles.hidden(paragraph.style.as_deref())).unwrap_or(false) {
            paragraph.text.push_str(text);
        }
    }

    fn end_paragraph(&mut self) -> Result<(), FileError> {
        // Text hidden by a damaged field ends here; its result may continue.
        self.fields.fill(false);
        let Some(paragraph) = self.paragraphs.pop() else { return Ok(()) };
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
                    Item::Heading(level, format!("{number} {text}").trim_start().to_owned())
                }
                (Some(level), _) => Item::Heading(level, text.to_owned()),
                (None, Some((level, number))) if !number.is_empty() => {
                    Item::Listed(level, format!("{number} {text}"))
                }
                (None, _) => Item::Paragraph(text.to_owned()),
            };
            self.push(item)?;
        }
        paragraph.after.into_iter().try_for_each(|item| self.push(item))
    }

    fn end_cell(&mut self) {
        let Some(holder) = self.holders.pop_if(|holder| holder.cell.is_some()) else { return };
        let (Some(table), Some(properties)) = (self.tables.last_mut(), holder.cell) else { return };
        if properties.deleted {
            return;
        }
        let text = if properties.merged { String::new() } else { items::flat(&holder.items) };
        table.cells += 1;
        table.only = Some(holder.items).filter(|_| table.cells == 1);
        let columns = properties.columns.min(MOST_COLUMNS);
        let cell = if text.is_empty() { MarkdownCell::default() } else { MarkdownCell::text(text) };
        let Some(row) = table.rows.last_mut() else { return };
        match row.last_mut() {
            // Empty cells side by side are kept as one: a file can have millions for nothing.
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
            // A single cell is a frame around other things.
            Some(items) => items.into_iter().try_for_each(|item| self.push(item)),
            None if table.rows.is_empty() => Ok(()),
            None => self.push(Item::Table(table.rows)),
        }
    }

    /// The mark of a note: what is printed there, or nothing where the text itself has the mark.
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
                let cell = self.holders.last_mut().and_then(|holder| holder.cell.as_mut());
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
            (Properties::None, _) => {}
        }
        false
    }

    /// Content of a run, or around runs.
    fn inline(&mut self, name: &str, element: &BytesStart) -> bool {
        let run = self.paragraphs.last_mut().and_then(|paragraph| paragraph.run.as_mut());
        match (name, run) {
            ("r", _) => {
                if let Some(paragraph) = self.paragraphs.last_mut() {
                    paragraph.run = Some(TextRun::default());
                }
            }
            ("t", _) => self.in_text = true,
            ("rStyle", Some(run)) => run.style = xml::attribute(element, "val"),
            ("vanish", Some(run)) => run.hidden = Some(xml::is_on(element)),
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
            ("checkBox", _) => self.ticked = Some(false),
            ("default" | "checked", _) if self.ticked.is_some() => {
                self.ticked = Some(xml::is_on(element));
            }
            ("footnoteReference", _) => self.refer(NoteKind::Footnote, element),
            ("endnoteReference", _) => self.refer(NoteKind::Endnote, element),
            ("commentReference", _) => self.refer(NoteKind::Comment, element),
            ("chart" | "relIds", _) => {
                let id = ["id", "dm"].iter().find_map(|name| xml::attribute(element, name));
                let text = id.and_then(|id| self.shared.charts.remove(&id));
                if let (Some(text), Some(paragraph)) = (text, self.paragraphs.last_mut()) {
                    paragraph.after.push(Item::Paragraph(text));
                }
            }
            // Former versions, codes of fields, a second form of the same, what is not printed.
            ("del" | "moveFrom" | "instrText" | "delText" | "Fallback" | "sdtPr" | "rt", _) => {
                return false;
            }
            _ => {}
        }
        true
    }
}

impl<Out: FnMut(Item) -> Result<(), FileError>> Visitor for Story<'_, Out> {
    fn start(&mut self, name: &str, element: &BytesStart) -> Result<bool, FileError> {
        // Content from before a tracked change.
        if name.ends_with("Change") {
            return Ok(false);
        }
        if self.properties != Properties::None {
            return Ok(self.property(name, element));
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
                self.holders.push(Holder { cell, ..Holder::default() });
            }
            "txbxContent" => self.holders.push(Holder::default()),
            "footnote" | "endnote" | "comment" => {
                // Lines between text and notes are notes to Word.
                if xml::attribute(element, "type").is_some_and(|kind| kind != "normal") {
                    return Ok(false);
                }
                let note = Some(note(NoteKind::of(name)));
                self.holders.push(Holder { note, ..Holder::default() });
            }
            "pPr" => self.properties = Properties::Paragraph,
            "trPr" => self.properties = Properties::Row,
            "tcPr" => self.properties = Properties::Cell,
            name => return Ok(self.inline(name, element)),
        }
        Ok(true)
    }

    fn end(&mut self, name: &str) -> Result<(), FileError> {
        match name {
            "pPr" | "trPr" | "tcPr" => self.properties = Properties::None,
            "t" => self.in_text = false,
            "r" => {
                if let Some(paragraph) = self.paragraphs.last_mut() {
                    paragraph.run = None;
                }
            }
            "checkBox" => {
                let ticked = self.ticked.take();
                // It stands in the code of its field.
                if let (Some(paragraph), Some(ticked)) = (self.paragraphs.last_mut(), ticked) {
                    paragraph.text.push(if ticked { '☒' } else { '☐' });
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
                let items = self.holders.pop().unwrap_or_default().items;
                match self.paragraphs.last_mut() {
                    Some(paragraph) => paragraph.after.extend(items),
                    None => items.into_iter().try_for_each(|item| self.push(item))?,
                }
            }
            "footnote" | "endnote" | "comment" => {
                let holder = self.holders.pop().unwrap_or_default();
                if let Some((kind, id, author)) = holder.note {
                    self.shared.notes.add(kind, &id, author, &items::flat(&holder.items));
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn text(&mut self, text: &str) {
        if self.in_text {
            // A hyphen that shows only where a line ends.
            if text.contains('\u{ad}') {
                self.write(&text.replace('\u{ad}', ""));
            } else {
                self.write(text);
            }
        }
    }
}
