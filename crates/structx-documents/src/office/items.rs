//! The items of an Office text, and how they are written.

use crate::builder::Builder;
use crate::context::ReadContext;
use crate::markdown_table::{self, MarkdownCell};
use crate::{BlockKind, FileError, FileErrorKind};

/// Of a text; what is kept of each takes more memory than a short paragraph.
const MOST_ITEMS: usize = 3_000_000;

#[derive(Debug)]
pub(super) enum Item {
    /// Its level, from 1.
    Heading(u8, String),
    /// Its level, from 0, and its text with its number or mark.
    Listed(usize, String),
    Paragraph(String),
    Table(Vec<Vec<MarkdownCell>>),
}

/// Writes items one after the other.
pub(super) struct Writer<'a> {
    pub(super) context: &'a ReadContext<'a>,
    pub(super) builder: Builder,
    in_list: bool,
    written: usize,
}

impl<'a> Writer<'a> {
    pub(super) fn new(context: &'a ReadContext<'a>) -> Self {
        Self { context, builder: Builder::default(), in_list: false, written: 0 }
    }

    pub(super) fn write(&mut self, item: Item) -> Result<(), FileError> {
        self.written += 1;
        if self.written > MOST_ITEMS {
            let message = format!("has more than {MOST_ITEMS} paragraphs; split the file");
            return Err(self.context.error(FileErrorKind::LimitExceeded, message));
        }
        let in_list = matches!(item, Item::Listed(..));
        self.builder.part(if in_list && self.in_list { "\n" } else { "\n\n" });
        self.in_list = in_list;
        match item {
            Item::Heading(level, text) => {
                // Markdown has six levels, and a line break would end the heading.
                self.builder.text(&"#".repeat(level.clamp(1, 6).into()));
                self.builder.text(" ");
                self.builder.block(BlockKind::Heading { level }, &line(&text), None);
            }
            Item::Listed(level, text) => {
                self.builder.text(&"  ".repeat(level));
                self.builder.block(BlockKind::ListItem, &line(&text), None);
            }
            Item::Paragraph(text) => self.builder.block(BlockKind::Paragraph, &text, None),
            Item::Table(rows) => {
                markdown_table::write(self.context, &mut self.builder, &rows, None)?;
            }
        }
        Ok(())
    }

    /// A text in one line, as a block of the kind.
    pub(super) fn line(&mut self, kind: BlockKind, text: &str) {
        self.in_list = false;
        self.builder.part("\n\n");
        self.builder.block(kind, text, None);
    }
}

/// The items in one line, as a cell or a note holds them.
pub(super) fn flat(items: &[Item]) -> String {
    let text = |item: &Item| match item {
        Item::Heading(_, text) | Item::Listed(_, text) | Item::Paragraph(text) => line(text),
        Item::Table(rows) => {
            let words = rows.iter().flatten().flat_map(|cell| &cell.words);
            words.map(|(text, _)| &**text).collect::<Vec<_>>().join(" ")
        }
    };
    items.iter().map(text).collect::<Vec<_>>().join(" ")
}

/// An item as lines: a table has one for each row.
pub(super) fn lines(item: Item) -> Vec<String> {
    let Item::Table(rows) = item else { return vec![flat(&[item])] };
    rows.into_iter().map(|row| flat(&[Item::Table(vec![row])])).collect()
}

fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
