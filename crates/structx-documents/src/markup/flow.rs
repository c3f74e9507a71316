//! Text as it comes in reading order, put together as headings, paragraphs, list items and tables.

use std::mem;

use crate::builder::Builder;
use crate::context::ReadContext;
use crate::markdown_table::{self, MarkdownCell};
use crate::{BlockKind, FileError};

/// The kind of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Heading(u8),
    Paragraph,
    Item {
        depth: usize,
    },
    /// A further paragraph of an item.
    Continued {
        depth: usize,
    },
    /// Lines that are kept as they are.
    Code,
    Note,
    HeaderFooter,
}

pub(crate) struct Flow<'a> {
    pub(crate) context: &'a ReadContext<'a>,
    pub(crate) builder: Builder,
    text: String,
    kind: Kind,
    /// The default kind of a text.
    usual: Kind,
    /// The label before an item.
    marker: String,
    /// White space stands before what comes next.
    space: bool,
    /// The innermost last.
    tables: Vec<OpenTable>,
    /// Rows and cells of the tables that are open.
    cells: usize,
    /// The texts that the open notes stand in.
    hosts: Vec<(String, bool)>,
    /// Notes of the text that is being put together.
    notes: Vec<String>,
    written: Option<Kind>,
    /// How long the document was when its length was checked.
    checked: usize,
}

#[derive(Default)]
struct OpenTable {
    rows: Vec<Vec<OpenCell>>,
    in_cell: bool,
}

#[derive(Default)]
struct OpenCell {
    pieces: Vec<Piece>,
    columns: u32,
    rows: u32,
    is_header: bool,
}

enum Piece {
    Text(Kind, String),
    Table(Vec<Vec<MarkdownCell>>),
}

impl<'a> Flow<'a> {
    pub(crate) fn new(context: &'a ReadContext<'a>) -> Self {
        Self {
            context,
            builder: Builder::default(),
            text: String::new(),
            kind: Kind::Paragraph,
            usual: Kind::Paragraph,
            marker: String::new(),
            space: false,
            tables: Vec::new(),
            cells: 0,
            hosts: Vec::new(),
            notes: Vec::new(),
            written: None,
            checked: 0,
        }
    }

    /// Adds words; any white space between them is one space.
    pub(crate) fn text(&mut self, text: &str) {
        let mut words = text.split(char::is_whitespace);
        self.word(words.next().unwrap_or_default());
        for word in words {
            self.space = true;
            self.word(word);
        }
    }

    fn word(&mut self, word: &str) {
        // Text that is too long is refused at its end.
        if word.is_empty() || self.context.check_growing(self.text.len()).is_err() {
            return;
        }
        if mem::take(&mut self.space) && !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push(' ');
        }
        if word.contains(SOFT_HYPHEN) {
            self.text.extend(word.split(SOFT_HYPHEN));
        } else {
            self.text.push_str(word);
        }
    }

    pub(crate) fn space(&mut self) {
        self.space = true;
    }

    /// Adds a text with its white space as it is.
    pub(crate) fn verbatim(&mut self, text: &str) {
        if mem::take(&mut self.space) && !self.text.is_empty() {
            self.text.push(' ');
        }
        self.text.push_str(text);
    }

    pub(crate) fn line_break(&mut self) {
        self.space = false;
        self.text.push('\n');
    }

    /// Ends what is being put together, and begins something of that kind.
    pub(crate) fn begin(&mut self, kind: Kind) -> Result<(), FileError> {
        self.part()?;
        self.kind = kind;
        self.marker.clear();
        Ok(())
    }

    pub(crate) fn begin_item(&mut self, depth: usize, marker: &str) -> Result<(), FileError> {
        self.context.check_depth(depth)?;
        self.begin(Kind::Item { depth })?;
        marker.clone_into(&mut self.marker);
        self.usual = Kind::Continued { depth };
        Ok(())
    }

    /// Ends what is being put together; what comes next is of the usual kind.
    pub(crate) fn end(&mut self) -> Result<(), FileError> {
        self.begin(self.usual)
    }

    /// Says what the usual kind is from here on.
    pub(crate) fn usually(&mut self, kind: Kind) -> Result<(), FileError> {
        self.usual = kind;
        self.end()
    }

    /// Ends what is being put together, if that is anything: what is still empty remains what it is.
    pub(crate) fn part(&mut self) -> Result<(), FileError> {
        self.space = false;
        if !self.hosts.is_empty() {
            self.space = true;
            return Ok(());
        }
        self.context.check_growing(self.text.len())?;
        let text = match self.kind {
            Kind::Code => self.text.trim_matches('\n').trim_end(),
            _ => self.text.trim(),
        };
        if text.is_empty() {
            self.text.clear();
            return Ok(());
        }
        let text = match (self.kind, self.marker.is_empty()) {
            (Kind::Item { .. }, false) => format!("{} {text}", self.marker),
            _ => text.to_owned(),
        };
        self.text.clear();
        self.marker.clear();
        let kind = mem::replace(&mut self.kind, self.usual);
        self.piece(Piece::Text(kind, text))?;
        if self.tables.is_empty() {
            for note in mem::take(&mut self.notes) {
                self.piece(Piece::Text(Kind::Note, note))?;
            }
        }
        Ok(())
    }

    /// Begins a note, which is written after the text that it stands in, or after its table.
    pub(crate) fn open_note(&mut self) -> Result<(), FileError> {
        self.context.check_depth(self.hosts.len() + 1)?;
        self.hosts.push((mem::take(&mut self.text), mem::take(&mut self.space)));
        Ok(())
    }

    pub(crate) fn close_note(&mut self) {
        if let Some((text, space)) = self.hosts.pop() {
            let note = mem::replace(&mut self.text, text);
            self.space = space;
            if !note.trim().is_empty() {
                self.notes.push(note.trim().to_owned());
            }
        }
    }

    pub(crate) fn open_table(&mut self) -> Result<(), FileError> {
        self.begin(Kind::Paragraph)?;
        self.context.check_depth(self.tables.len() + 1)?;
        self.tables.push(OpenTable::default());
        Ok(())
    }

    pub(crate) fn row(&mut self) -> Result<(), FileError> {
        self.end_cell()?;
        if let Some(table) = self.tables.last_mut() {
            table.rows.push(Vec::new());
            self.cells += 1;
        }
        self.context.check_document_cells(self.cells)
    }

    /// Begins a cell that reaches over so many columns and rows.
    pub(crate) fn cell(
        &mut self,
        columns: u32,
        rows: u32,
        is_header: bool,
    ) -> Result<(), FileError> {
        self.end_cell()?;
        let Some(table) = self.tables.last_mut() else { return Ok(()) };
        if table.rows.is_empty() {
            table.rows.push(Vec::new());
        }
        if let Some(row) = table.rows.last_mut() {
            row.push(OpenCell { columns, rows, is_header, ..OpenCell::default() });
            table.in_cell = true;
            self.cells += 1;
        }
        self.context.check_document_cells(self.cells)
    }

    /// Says that a cell of the innermost table reaches over so many columns.
    pub(crate) fn widen(&mut self, row: usize, cell: usize, columns: u32) {
        let row = self.tables.last_mut().and_then(|table| table.rows.get_mut(row));
        if let Some(cell) = row.and_then(|row| row.get_mut(cell)) {
            cell.columns = columns;
        }
    }

    pub(crate) fn end_cell(&mut self) -> Result<(), FileError> {
        self.usually(Kind::Paragraph)?;
        if let Some(table) = self.tables.last_mut() {
            table.in_cell = false;
        }
        Ok(())
    }

    pub(crate) fn close_table(&mut self) -> Result<(), FileError> {
        self.end_cell()?;
        let Some(table) = self.tables.pop() else { return Ok(()) };
        if self.tables.is_empty() {
            self.cells = 0;
        }
        if table.is_layout() {
            let cells = table.rows.into_iter().flatten();
            cells.flat_map(|cell| cell.pieces).try_for_each(|piece| self.piece(piece))?;
        } else {
            self.piece(Piece::Table(table.into_cells()))?;
        }
        self.part()
    }

    /// Puts the piece into the innermost open cell, or writes it.
    fn piece(&mut self, piece: Piece) -> Result<(), FileError> {
        let open = self.tables.iter_mut().rev().find(|table| table.in_cell);
        if let Some(cell) = open.and_then(|table| table.rows.last_mut()?.last_mut()) {
            // Most cells have one, and a table may have millions of them.
            if cell.pieces.is_empty() {
                cell.pieces.reserve_exact(1);
            }
            cell.pieces.push(piece);
            return Ok(());
        }
        match piece {
            Piece::Text(kind, text) => self.write(kind, &text),
            Piece::Table(rows) => {
                self.builder.part("\n\n");
                self.written = None;
                markdown_table::write(self.context, &mut self.builder, &rows, None)?;
            }
        }
        self.check()
    }

    fn write(&mut self, kind: Kind, text: &str) {
        let follows = match kind {
            Kind::Item { .. } => {
                matches!(self.written, Some(Kind::Item { .. } | Kind::Continued { .. }))
            }
            Kind::Continued { .. } => self.written.is_some(),
            _ => false,
        };
        self.written = Some(kind);
        self.builder.part(if follows { "\n" } else { "\n\n" });
        match kind {
            Kind::Heading(level) => {
                self.builder.text(&"#".repeat(level.into()));
                self.builder.text(" ");
                // A line break would end the heading.
                let text = text.replace('\n', " ");
                self.builder.block(BlockKind::Heading { level }, &text, None);
            }
            Kind::Paragraph => self.builder.block(BlockKind::Paragraph, text, None),
            Kind::Item { depth } => self.indented(BlockKind::ListItem, depth, text),
            Kind::Continued { depth } => self.indented(BlockKind::Paragraph, depth + 1, text),
            Kind::Code => {
                self.builder.text("```\n");
                self.builder.block(BlockKind::Paragraph, text, None);
                self.builder.text("\n```");
            }
            Kind::Note => self.builder.block(BlockKind::Note, text, None),
            Kind::HeaderFooter => self.builder.block(BlockKind::HeaderFooter, text, None),
        }
    }

    fn indented(&mut self, kind: BlockKind, depth: usize, text: &str) {
        let indent = "  ".repeat(depth);
        self.builder.text(&indent);
        self.builder.block(kind, &text.replace('\n', &format!("\n{indent}  ")), None);
    }

    /// Begins a page of the document.
    pub(crate) fn page(&mut self, number: u32) -> Result<(), FileError> {
        self.end()?;
        self.context.check_pages(number as usize)?;
        self.builder.page(number);
        self.written = None;
        Ok(())
    }

    /// The document's text so far is checked each time that it has grown by a megabyte.
    fn check(&mut self) -> Result<(), FileError> {
        if self.builder.as_str().len() > self.checked + (1 << 20) {
            self.checked = self.builder.as_str().len();
            self.context.check_characters(self.builder.as_str())?;
            self.context.check_time()?;
        }
        Ok(())
    }

    /// Ends all that is open.
    pub(crate) fn finish(mut self) -> Result<Builder, FileError> {
        while !self.hosts.is_empty() {
            self.close_note();
        }
        while !self.tables.is_empty() {
            self.close_table()?;
        }
        self.end()?;
        for note in mem::take(&mut self.notes) {
            self.piece(Piece::Text(Kind::Note, note))?;
        }
        Ok(self.builder)
    }
}

const SOFT_HYPHEN: char = '\u{AD}';

impl OpenTable {
    /// Whether it only places things on the page, so that it reads best cell by cell.
    fn is_layout(&self) -> bool {
        let has_header = self.cells().any(|cell| cell.is_header);
        let has_parts = self.cells().any(|cell| {
            cell.pieces
                .iter()
                .any(|piece| matches!(piece, Piece::Table(_) | Piece::Text(Kind::Heading(_), _)))
        });
        let is_list = self.rows.iter().all(|row| row.len() <= 1);
        let is_row = self.rows.len() == 1 && self.cells().any(|cell| cell.pieces.len() > 1);
        has_parts || (!has_header && (is_list || is_row))
    }

    fn cells(&self) -> impl Iterator<Item = &OpenCell> {
        self.rows.iter().flatten()
    }

    fn into_cells(mut self) -> Vec<Vec<MarkdownCell>> {
        // Rows without text only make room; but the cells that reach over them count them.
        if self.cells().all(|cell| cell.rows <= 1) {
            self.rows.retain(|row| row.iter().any(|cell| !cell.pieces.is_empty()));
        }
        let cell = |cell: OpenCell| {
            let text = |piece| match piece {
                Piece::Text(_, text) => text,
                Piece::Table(_) => String::new(),
            };
            let text = cell.pieces.into_iter().map(text).collect::<Vec<_>>().join(" ");
            MarkdownCell { columns: cell.columns, rows: cell.rows, ..MarkdownCell::text(text) }
        };
        self.rows.into_iter().map(|row| row.into_iter().map(cell).collect()).collect()
    }
}
