//! A document put together block by block.

use super::{Block, BlockKind, Bounds, Document, Page};

/// Text pushed outside of a block belongs to none: page markers, the pipes of tables.
#[derive(Debug, Default)]
pub(super) struct Builder {
    document: Document,
    page: Option<u32>,
}

impl Builder {
    pub(super) fn text(&mut self, text: &str) {
        self.document.text.push_str(text);
    }

    /// Pushes the text as a block.
    pub(super) fn block(&mut self, kind: BlockKind, text: &str, bounds: Option<Bounds>) {
        let start = self.open(kind);
        self.text(text);
        self.document.blocks[start].bounds = bounds;
        self.close(start);
    }

    /// Begins a block that others lie in; ends with [`Self::close`].
    pub(super) fn open(&mut self, kind: BlockKind) -> usize {
        let start = self.document.text.len();
        self.document.blocks.push(Block {
            kind,
            range: start..start,
            page: self.page,
            bounds: None,
        });
        self.document.blocks.len() - 1
    }

    pub(super) fn close(&mut self, block: usize) {
        self.document.blocks[block].range.end = self.document.text.len();
    }

    /// Parts what follows from what stands before, unless nothing does.
    pub(super) fn part(&mut self, separator: &str) {
        if !self.document.text.is_empty() {
            self.text(separator);
        }
    }

    /// Begins a page, which lasts to the next or to the end.
    pub(super) fn page(&mut self, number: u32) {
        self.end_page();
        let start = self.document.text.len();
        self.document.pages.push(Page { number, range: start..start });
        self.page = Some(number);
    }

    fn end_page(&mut self) {
        let end = self.document.text.len();
        if let Some(page) = self.document.pages.last_mut() {
            page.range.end = end;
        }
    }

    pub(super) fn warn(&mut self, warning: String) {
        self.document.warnings.push(warning);
    }

    pub(super) fn finish(mut self) -> Document {
        self.end_page();
        self.document
    }
}
