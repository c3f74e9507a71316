//! Builds a document block by block.

use super::{Block, BlockKind, Bounds, Document, Page, Recognition, SheetCell, Word};

/// The box of a word on its page, and how sure text recognition is of it, if it was recognised.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct WordPlace {
    pub(super) bounds: Bounds,
    pub(super) score: Option<f32>,
}

/// Text pushed outside of blocks belongs to none: page markers, table pipes.
#[derive(Debug, Default)]
pub(super) struct Builder {
    document: Document,
    page: Option<u32>,
    /// The offset of the current page, or of the document if it has no pages.
    page_start: usize,
}

impl Builder {
    pub(super) fn text(&mut self, text: &str) {
        self.document.text.push_str(text);
    }

    /// The text so far.
    pub(super) fn as_str(&self) -> &str {
        &self.document.text
    }

    /// Pushes the text as a block.
    pub(super) fn block(&mut self, kind: BlockKind, text: &str, bounds: Option<Bounds>) {
        let index = self.open(kind);
        self.text(text);
        self.close(index);
        self.place(index, bounds);
    }

    /// Pushes a word with its place on the page; called within a block.
    pub(super) fn word(&mut self, text: &str, place: WordPlace) {
        let start = self.document.text.len();
        self.text(text);
        let range = start..self.document.text.len();
        let WordPlace { bounds, score } = place;
        self.document.words.push(Word { range, page: self.page.unwrap_or(1), bounds, score });
    }

    /// Pushes the text of a cell of a workbook, with row and column from 0; called within a page.
    pub(super) fn cell(&mut self, text: &str, row: u32, column: u32) {
        let start = self.document.text.len();
        self.text(text);
        let range = start..self.document.text.len();
        let page = self.page.unwrap_or(1);
        self.document.cells.push(SheetCell { range, page, row, column });
    }

    /// Begins a block that may contain others; ends with [`Self::close`].
    pub(super) fn open(&mut self, kind: BlockKind) -> usize {
        let start = self.document.text.len();
        let block = Block { kind, range: start..start, page: self.page, bounds: None };
        self.document.blocks.push(block);
        self.document.blocks.len() - 1
    }

    pub(super) fn close(&mut self, block: usize) {
        self.document.blocks[block].range.end = self.document.text.len();
    }

    /// Sets the box of a block on its page.
    pub(super) fn place(&mut self, block: usize, bounds: Option<Bounds>) {
        self.document.blocks[block].bounds = bounds;
    }

    /// Pushes a separator unless the page is empty.
    pub(super) fn separator(&mut self, separator: &str) {
        if self.document.text.len() > self.page_start {
            self.text(separator);
        }
    }

    /// Begins a page, with a marker before it unless it is the first.
    pub(super) fn page(&mut self, number: u32) {
        self.end_page();
        if !self.document.pages.is_empty() {
            let marker = page_marker(number);
            let is_after_text = self.document.text.len() > self.page_start;
            self.text(if is_after_text { &marker } else { marker.trim_start() });
        }
        self.page_start = self.document.text.len();
        let range = self.page_start..self.page_start;
        let page =
            Page { number, name: None, range, size: None, needs_vision: false, recognition: None };
        self.document.pages.push(page);
        self.page = Some(number);
    }

    /// Names the page after its sheet.
    pub(super) fn name_page(&mut self, name: &str) {
        if let Some(page) = self.document.pages.last_mut() {
            page.name = Some(name.to_owned());
        }
    }

    /// Sets the size of the page, and whether only a vision model can read it.
    pub(super) fn shown(&mut self, size: (f32, f32), needs_vision: bool) {
        if let Some(page) = self.document.pages.last_mut() {
            page.size = Some(size);
            page.needs_vision = needs_vision;
        }
    }

    /// Sets what became of the text recognition of the page.
    pub(super) fn recognized(&mut self, recognition: Option<Recognition>) {
        if let Some(page) = self.document.pages.last_mut() {
            page.recognition = recognition;
        }
    }

    pub(super) fn finish(mut self) -> Document {
        self.end_page();
        self.document
    }

    fn end_page(&mut self) {
        let end = self.document.text.len();
        if let Some(page) = self.document.pages.last_mut() {
            page.range.end = end;
        }
    }
}

/// What stands between the text of a page and that of the page before.
pub(super) fn page_marker(number: u32) -> String {
    format!("\n\n[page {number}]\n\n")
}
