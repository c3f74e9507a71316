//! The blocks of an Office document, and their output.

use crate::builder::Builder;
use crate::context::ReadContext;
use crate::markdown_table::{self, MarkdownCell};
use crate::{BlockKind, FileError, FileErrorKind};

/// The most blocks of a document: a block takes more memory than a short paragraph's text. Chosen by
/// hand, not measured.
const MOST_BLOCKS: usize = 3_000_000;

#[derive(Debug)]
pub(super) enum OfficeBlock {
    /// A heading with its level, from 1.
    Heading(u8, String),
    /// A list item with its level, from 0, and its text including the marker.
    Listed(usize, String),
    Paragraph(String),
    Table(Vec<Vec<MarkdownCell>>),
}

/// Writes blocks to a document.
pub(super) struct BlockWriter<'a> {
    pub(super) context: &'a ReadContext<'a>,
    pub(super) builder: Builder,
    in_list: bool,
    written: usize,
}

impl<'a> BlockWriter<'a> {
    pub(super) fn new(context: &'a ReadContext<'a>) -> Self {
        Self { context, builder: Builder::default(), in_list: false, written: 0 }
    }

    pub(super) fn write(&mut self, item: OfficeBlock) -> Result<(), FileError> {
        self.written += 1;
        if self.written > MOST_BLOCKS {
            let message = format!("has more than {MOST_BLOCKS} paragraphs; split the file");
            return Err(self.context.error(FileErrorKind::LimitExceeded, message));
        }
        let in_list = matches!(item, OfficeBlock::Listed(..));
        self.builder.separator(if in_list && self.in_list { "\n" } else { "\n\n" });
        self.in_list = in_list;
        match item {
            OfficeBlock::Heading(level, text) => {
                // Markdown has six levels, and a line break would end the heading.
                self.builder.text(&"#".repeat(level.clamp(1, 6).into()));
                self.builder.text(" ");
                self.builder.block(BlockKind::Heading { level }, &line(&text), None);
            }
            OfficeBlock::Listed(level, text) => {
                self.builder.text(&"  ".repeat(level));
                self.builder.block(BlockKind::ListItem, &line(&text), None);
            }
            OfficeBlock::Paragraph(text) => self.builder.block(BlockKind::Paragraph, &text, None),
            OfficeBlock::Table(rows) => {
                markdown_table::write(self.context, &mut self.builder, &rows, None)?;
            }
        }
        Ok(())
    }

    /// Writes one line of text as a block of `kind`.
    pub(super) fn line(&mut self, kind: BlockKind, text: &str) {
        self.in_list = false;
        self.builder.separator("\n\n");
        self.builder.block(kind, text, None);
    }
}

/// The text of the blocks in one line, for a cell or a note.
pub(super) fn flat(blocks: &[OfficeBlock]) -> String {
    let text = |item: &OfficeBlock| match item {
        OfficeBlock::Heading(_, text)
        | OfficeBlock::Listed(_, text)
        | OfficeBlock::Paragraph(text) => line(text),
        OfficeBlock::Table(rows) => {
            let words = rows.iter().flatten().flat_map(|cell| &cell.words);
            words.map(|(text, _)| &**text).collect::<Vec<_>>().join(" ")
        }
    };
    blocks.iter().map(text).collect::<Vec<_>>().join(" ")
}

/// A block as lines; a table has one for each row.
pub(super) fn lines(item: OfficeBlock) -> Vec<String> {
    let OfficeBlock::Table(rows) = item else { return vec![flat(&[item])] };
    rows.into_iter().map(|row| flat(&[OfficeBlock::Table(vec![row])])).collect()
}

/// The mark of a picture with its alternative text, with a space before and after it.
pub(super) fn picture(alternative: &str) -> String {
    format!(" [picture: {}] ", line(alternative))
}

fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
