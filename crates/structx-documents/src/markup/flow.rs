//! Assembles a stream of text and structure events into headings, paragraphs, list items and tables.

use std::mem;

use crate::builder::Builder;
use crate::context::ReadContext;
use crate::markdown_table::{self, MarkdownCell};
use crate::markup::text_style::{StyledText, TextStyle};
use crate::{BlockKind, FileError};

/// The kind of the block that is being assembled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FlowKind {
    Heading(u8),
    Paragraph,
    Item {
        depth: usize,
    },
    /// Another paragraph of the same list item.
    Continued {
        depth: usize,
    },
    /// Preformatted lines.
    Code,
    Note,
    HeaderFooter,
}

pub(crate) struct Flow<'a> {
    pub(crate) context: &'a ReadContext<'a>,
    pub(crate) builder: Builder,
    /// The style of the text that follows.
    pub(crate) style: TextStyle,
    text: String,
    styled: StyledText,
    kind: FlowKind,
    /// The kind of a block that begins without a call to `begin`.
    default_kind: FlowKind,
    /// The bullet or number of the current list item.
    marker: String,
    /// A space is due before the next word.
    space: bool,
    /// Open tables, innermost last.
    tables: Vec<OpenTable>,
    /// The number of rows and cells of the open tables.
    cells: usize,
    /// For each open note: the text around it, and whether a space was due.
    outer_texts: Vec<(String, bool)>,
    /// Notes to write after the current block.
    notes: Vec<String>,
    last_written: Option<FlowKind>,
    /// The document's length in bytes at the last check of its length.
    checked: usize,
}

#[derive(Default)]
struct OpenTable {
    rows: Vec<Vec<OpenCell>>,
    in_cell: bool,
}

#[derive(Default)]
struct OpenCell {
    blocks: Vec<FlowBlock>,
    columns: u32,
    rows: u32,
    is_header: bool,
}

enum FlowBlock {
    Text(FlowKind, String),
    Table(Vec<Vec<MarkdownCell>>),
}

impl<'a> Flow<'a> {
    pub(crate) fn new(context: &'a ReadContext<'a>) -> Self {
        Self {
            context,
            builder: Builder::default(),
            style: TextStyle::default(),
            text: String::new(),
            styled: StyledText::default(),
            kind: FlowKind::Paragraph,
            default_kind: FlowKind::Paragraph,
            marker: String::new(),
            space: false,
            tables: Vec::new(),
            cells: 0,
            outer_texts: Vec::new(),
            notes: Vec::new(),
            last_written: None,
            checked: 0,
        }
    }

    /// Adds text with runs of white space collapsed to one space.
    pub(crate) fn text(&mut self, text: &str) {
        let mut words = text.split(char::is_whitespace);
        self.word(words.next().unwrap_or_default());
        for word in words {
            self.space = true;
            self.word(word);
        }
    }

    fn word(&mut self, word: &str) {
        // `end_block` reports text that is too long.
        if word.is_empty() || self.context.check_growing(self.text.len()).is_err() {
            return;
        }
        if mem::take(&mut self.space) && !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push(' ');
        }
        if word.contains(SOFT_HYPHEN) {
            self.styled.push(&mut self.text, &word.replace(SOFT_HYPHEN, ""), self.style);
        } else {
            self.styled.push(&mut self.text, word, self.style);
        }
    }

    pub(crate) fn space(&mut self) {
        self.space = true;
    }

    /// Adds text with its white space unchanged.
    pub(crate) fn verbatim(&mut self, text: &str) {
        if mem::take(&mut self.space) && !self.text.is_empty() {
            self.text.push(' ');
        }
        self.styled.push(&mut self.text, text, self.style);
    }

    pub(crate) fn line_break(&mut self) {
        self.space = false;
        self.text.push('\n');
    }

    /// Ends the current block and begins one of `kind`.
    pub(crate) fn begin(&mut self, kind: FlowKind) -> Result<(), FileError> {
        self.end_block()?;
        self.kind = kind;
        self.marker.clear();
        Ok(())
    }

    pub(crate) fn begin_item(&mut self, depth: usize, marker: &str) -> Result<(), FileError> {
        self.context.check_depth(depth)?;
        self.begin(FlowKind::Item { depth })?;
        marker.clone_into(&mut self.marker);
        self.default_kind = FlowKind::Continued { depth };
        Ok(())
    }

    /// Ends the current block; the next one has the default kind.
    pub(crate) fn end(&mut self) -> Result<(), FileError> {
        self.begin(self.default_kind)
    }

    /// Ends the current block and sets the default kind.
    pub(crate) fn set_default(&mut self, kind: FlowKind) -> Result<(), FileError> {
        self.default_kind = kind;
        self.end()
    }

    /// Ends the current block unless it is empty; an empty block keeps its kind.
    pub(crate) fn end_block(&mut self) -> Result<(), FileError> {
        self.space = false;
        if !self.outer_texts.is_empty() {
            self.space = true;
            return Ok(());
        }
        self.context.check_growing(self.text.len())?;
        self.styled.close(&mut self.text);
        let text = match self.kind {
            FlowKind::Code => self.text.trim_matches('\n').trim_end(),
            _ => self.text.trim(),
        };
        if text.is_empty() {
            self.text.clear();
            return Ok(());
        }
        let text = match (self.kind, self.marker.is_empty()) {
            (FlowKind::Item { .. }, false) => format!("{} {text}", self.marker),
            _ => text.to_owned(),
        };
        self.text.clear();
        self.marker.clear();
        let kind = mem::replace(&mut self.kind, self.default_kind);
        self.block(FlowBlock::Text(kind, text))?;
        if self.tables.is_empty() {
            for note in mem::take(&mut self.notes) {
                self.block(FlowBlock::Text(FlowKind::Note, note))?;
            }
        }
        Ok(())
    }

    /// Begins a note. It is written after the block, or the table, that refers to it.
    pub(crate) fn open_note(&mut self) -> Result<(), FileError> {
        self.context.check_depth(self.outer_texts.len() + 1)?;
        self.styled.close(&mut self.text);
        self.outer_texts.push((mem::take(&mut self.text), mem::take(&mut self.space)));
        Ok(())
    }

    pub(crate) fn close_note(&mut self) {
        if let Some((text, space)) = self.outer_texts.pop() {
            self.styled.close(&mut self.text);
            let note = mem::replace(&mut self.text, text);
            self.space = space;
            if !note.trim().is_empty() {
                self.notes.push(note.trim().to_owned());
            }
        }
    }

    pub(crate) fn open_table(&mut self) -> Result<(), FileError> {
        self.begin(FlowKind::Paragraph)?;
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

    /// Begins a cell that spans `columns` columns and `rows` rows.
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

    /// Sets the number of columns that a cell of the innermost table spans.
    pub(crate) fn widen(&mut self, row: usize, cell: usize, columns: u32) {
        let row = self.tables.last_mut().and_then(|table| table.rows.get_mut(row));
        if let Some(cell) = row.and_then(|row| row.get_mut(cell)) {
            cell.columns = columns;
        }
    }

    pub(crate) fn end_cell(&mut self) -> Result<(), FileError> {
        self.set_default(FlowKind::Paragraph)?;
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
            cells.flat_map(|cell| cell.blocks).try_for_each(|block| self.block(block))?;
        } else {
            self.block(FlowBlock::Table(table.into_cells()))?;
        }
        self.end_block()
    }

    /// Adds the block to the innermost open cell, or writes it if no cell is open.
    fn block(&mut self, block: FlowBlock) -> Result<(), FileError> {
        let open = self.tables.iter_mut().rev().find(|table| table.in_cell);
        if let Some(cell) = open.and_then(|table| table.rows.last_mut()?.last_mut()) {
            // Most cells hold one block; a table may have millions of cells.
            if cell.blocks.is_empty() {
                cell.blocks.reserve_exact(1);
            }
            cell.blocks.push(block);
            return Ok(());
        }
        match block {
            FlowBlock::Text(kind, text) => self.write(kind, &text),
            FlowBlock::Table(rows) => {
                self.builder.separator("\n\n");
                self.last_written = None;
                markdown_table::write(self.context, &mut self.builder, &rows, None)?;
            }
        }
        self.check()
    }

    fn write(&mut self, kind: FlowKind, text: &str) {
        let follows = match kind {
            FlowKind::Item { .. } => {
                matches!(
                    self.last_written,
                    Some(FlowKind::Item { .. } | FlowKind::Continued { .. })
                )
            }
            FlowKind::Continued { .. } => self.last_written.is_some(),
            _ => false,
        };
        self.last_written = Some(kind);
        self.builder.separator(if follows { "\n" } else { "\n\n" });
        match kind {
            FlowKind::Heading(level) => {
                self.builder.text(&"#".repeat(level.into()));
                self.builder.text(" ");
                // A line break would end the heading.
                let text = text.replace('\n', " ");
                self.builder.block(BlockKind::Heading { level }, &text, None);
            }
            FlowKind::Paragraph => self.builder.block(BlockKind::Paragraph, text, None),
            FlowKind::Item { depth } => self.indented(BlockKind::ListItem, depth, text),
            FlowKind::Continued { depth } => self.indented(BlockKind::Paragraph, depth + 1, text),
            FlowKind::Code => {
                self.builder.text("```\n");
                self.builder.block(BlockKind::Paragraph, text, None);
                self.builder.text("\n```");
            }
            FlowKind::Note => self.builder.block(BlockKind::Note, text, None),
            FlowKind::HeaderFooter => self.builder.block(BlockKind::HeaderFooter, text, None),
        }
    }

    fn indented(&mut self, kind: BlockKind, depth: usize, text: &str) {
        let indent = "  ".repeat(depth);
        self.builder.text(&indent);
        self.builder.block(kind, &text.replace('\n', &format!("\n{indent}  ")), None);
    }

    /// Begins page `number`.
    pub(crate) fn page(&mut self, number: u32) -> Result<(), FileError> {
        self.end()?;
        self.context.check_pages(number as usize)?;
        self.builder.page(number);
        self.last_written = None;
        Ok(())
    }

    /// Checks limits each time the text has grown by a mebibyte.
    fn check(&mut self) -> Result<(), FileError> {
        if self.builder.as_str().len() > self.checked + (1 << 20) {
            self.checked = self.builder.as_str().len();
            self.context.check_characters(self.builder.as_str())?;
            self.context.check_time()?;
        }
        Ok(())
    }

    /// Ends all open notes and tables and returns the builder.
    pub(crate) fn finish(mut self) -> Result<Builder, FileError> {
        while !self.outer_texts.is_empty() {
            self.close_note();
        }
        while !self.tables.is_empty() {
            self.close_table()?;
        }
        self.end()?;
        for note in mem::take(&mut self.notes) {
            self.block(FlowBlock::Text(FlowKind::Note, note))?;
        }
        Ok(self.builder)
    }
}

const SOFT_HYPHEN: char = '\u{AD}';

impl OpenCell {
    /// Whether a heading stands above other text.
    fn is_section(&self) -> bool {
        let is_heading =
            |block: &FlowBlock| matches!(block, FlowBlock::Text(FlowKind::Heading(_), _));
        self.blocks.len() > 1 && self.blocks.iter().any(is_heading)
    }
}

impl OpenTable {
    /// Whether the table only lays out the page, so that its cells are better read one by one.
    fn is_layout(&self) -> bool {
        let has_header = self.cells().any(|cell| cell.is_header);
        let has_tables = self
            .cells()
            .any(|cell| cell.blocks.iter().any(|block| matches!(block, FlowBlock::Table(_))));
        let has_sections = self.cells().any(OpenCell::is_section);
        let is_list = self.rows.iter().all(|row| row.len() <= 1);
        let is_row = self.rows.len() == 1 && self.cells().any(|cell| cell.blocks.len() > 1);
        has_tables || (!has_header && (has_sections || is_list || is_row))
    }

    fn cells(&self) -> impl Iterator<Item = &OpenCell> {
        self.rows.iter().flatten()
    }

    fn into_cells(mut self) -> Vec<Vec<MarkdownCell>> {
        // Empty rows are spacing, unless a cell spans them.
        if self.cells().all(|cell| cell.rows <= 1) {
            self.rows.retain(|row| row.iter().any(|cell| !cell.blocks.is_empty()));
        }
        let cell = |cell: OpenCell| {
            let text = |block| match block {
                FlowBlock::Text(_, text) => text,
                FlowBlock::Table(_) => String::new(),
            };
            let text = cell.blocks.into_iter().map(text).collect::<Vec<_>>().join(" ");
            MarkdownCell { columns: cell.columns, rows: cell.rows, ..MarkdownCell::text(text) }
        };
        self.rows.into_iter().map(|row| row.into_iter().map(cell).collect()).collect()
    }
}
