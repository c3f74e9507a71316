//! Markdown: keeps the text as it is and finds its blocks.

use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag};

use super::text::decode;
use crate::context::ReadContext;
use crate::{Block, BlockKind, Document, FileError, FileErrorKind};

/// Events between two checks of the time: chosen by hand, not measured.
const EVENTS_PER_CHECK: usize = 4096;
/// Bytes that are parsed at a time: the parser holds the tree of a whole text, about 50 bytes for each
/// byte of short list items (`items.md` in `tests/hostile_markup.py`).
const SECTION_BYTES: usize = 1 << 20;

pub(crate) fn read(context: &ReadContext, bytes: &[u8]) -> Result<Document, FileError> {
    let (text, warning) = decode(bytes, None);
    if text.trim().is_empty() {
        return Err(context.error(FileErrorKind::Empty, "the text is empty"));
    }
    context.check_characters(&text)?;
    let blocks = blocks(context, &text)?;
    let warnings = warning.into_iter().collect();
    Ok(Document { text, blocks, warnings, ..Document::default() })
}

/// The blocks of the text. Text that is in no block of CommonMark, such as link definitions, becomes
/// a paragraph.
fn blocks(context: &ReadContext, text: &str) -> Result<Vec<Block>, FileError> {
    let extensions = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
    let mut scanner = Scanner { text, blocks: Vec::new(), host: None, row: 0, column: 0, cells: 0 };
    let mut section = 0..0;
    while section.end < text.len() {
        section = section.end..section_end(text, section.end);
        let events = Parser::new_ext(&text[section.clone()], extensions).into_offset_iter();
        for (count, (event, range)) in events.enumerate() {
            if let Event::Start(tag) = event {
                let range = section.start + range.start..section.start + range.end;
                scanner.start(&tag, trimmed(text, range));
                context.check_document_cells(scanner.cells)?;
            }
            if count.is_multiple_of(EVENTS_PER_CHECK) {
                context.check_time()?;
            }
        }
    }
    Ok(with_gaps(text, scanner.blocks))
}

/// The end of the section from `start` on: behind its last blank line, else behind its last line.
fn section_end(text: &str, start: usize) -> usize {
    let most = start.saturating_add(SECTION_BYTES);
    if most >= text.len() {
        return text.len();
    }
    let most = text.floor_char_boundary(most);
    let section = &text[start..most];
    let cut = |end: &str| section.rfind(end).map(|found| start + found + end.len());
    cut("\n\n").or_else(|| cut("\n")).unwrap_or(most)
}

struct Scanner<'a> {
    text: &'a str,
    blocks: Vec<Block>,
    /// The index of the list item or note whose first paragraph may follow.
    host: Option<usize>,
    /// The current row of the open table, and the next column.
    row: u32,
    column: u32,
    /// The cells of all tables.
    cells: usize,
}

impl Scanner<'_> {
    fn start(&mut self, tag: &Tag, range: Range<usize>) {
        match tag {
            Tag::Heading { level, .. } => {
                self.push(BlockKind::Heading { level: *level as u8 }, range);
            }
            Tag::Item => self.push_host(BlockKind::ListItem, range),
            Tag::FootnoteDefinition(_) => self.push_host(BlockKind::Note, range),
            Tag::Paragraph => match self.host.take().and_then(|host| self.blocks.get_mut(host)) {
                Some(host) => host.range.end = range.end,
                None => self.push(BlockKind::Paragraph, range),
            },
            Tag::CodeBlock(_) | Tag::HtmlBlock | Tag::MetadataBlock(_) => {
                self.push(BlockKind::Paragraph, range);
            }
            Tag::Table(_) => {
                (self.row, self.column) = (0, 0);
                self.push(BlockKind::Table, range);
            }
            Tag::TableRow => (self.row, self.column) = (self.row + 1, 0),
            Tag::TableCell => {
                let kind = BlockKind::Cell { row: self.row, column: self.column };
                if !range.is_empty() {
                    self.blocks.push(block(kind, range));
                }
                self.column += 1;
                self.cells += 1;
            }
            _ => {}
        }
    }

    /// Pushes a block that has its text itself or in a first paragraph.
    fn push_host(&mut self, kind: BlockKind, range: Range<usize>) {
        self.push(kind, range);
        self.host = Some(self.blocks.len() - 1);
    }

    /// Pushes a block, which ends the text of a list item around it.
    fn push(&mut self, kind: BlockKind, mut range: Range<usize>) {
        self.host = None;
        if let Some(last) = self.blocks.last_mut().filter(|last| last.range.end > range.start) {
            last.range = trimmed(self.text, last.range.start..range.start);
            // An item that begins with a block has nothing but its marker.
            if !self.text[last.range.clone()].contains(char::is_alphabetic) {
                range.start = last.range.start;
                self.blocks.pop();
            }
        }
        self.blocks.push(block(kind, range));
    }
}

/// Adds paragraphs for the text between the blocks.
fn with_gaps(text: &str, blocks: Vec<Block>) -> Vec<Block> {
    let mut all = Vec::with_capacity(blocks.len());
    let mut end = 0;
    let gap = |range: Range<usize>| {
        let range = trimmed(text, range);
        // Thematic breaks and the marks of block quotes are not text.
        let is_text = text[range.clone()].contains(char::is_alphanumeric);
        is_text.then(|| block(BlockKind::Paragraph, range))
    };
    for block in blocks {
        if end < block.range.start {
            all.extend(gap(end..block.range.start));
        }
        end = end.max(block.range.end);
        all.push(block);
    }
    all.extend(gap(end..text.len()));
    all
}

fn block(kind: BlockKind, range: Range<usize>) -> Block {
    Block { kind, range, page: None, bounds: None }
}

/// The range without surrounding white space.
fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let part = &text[range.clone()];
    let start = range.start + part.len() - part.trim_start().len();
    start..start + part.trim().len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::read;
    use crate::BlockKind::{self, Cell, Heading, ListItem, Note, Paragraph, Table};
    use crate::ReadOptions;
    use crate::context::ReadContext;

    fn kinds(text: &str) -> Vec<(BlockKind, String)> {
        let options = ReadOptions::default();
        let document = read(&ReadContext::new("x.md", &options), text.as_bytes()).unwrap();
        assert_eq!(document.text, text);
        let blocks = document.blocks.iter();
        blocks.map(|block| (block.kind, text[block.range.clone()].to_owned())).collect()
    }

    #[test]
    fn blocks_are_found() {
        let text = "# Title\ntext\nmore\n- a\n  b\n1. c\n\n```py\n# no\n\n- no\n~~~\n```\nend\n\n\
            Under\nlined\n===\n\nless\n---\n## End";
        let expected = [
            (Heading { level: 1 }, "# Title"),
            (Paragraph, "text\nmore"),
            (ListItem, "- a\n  b"),
            (ListItem, "1. c"),
            (Paragraph, "```py\n# no\n\n- no\n~~~\n```"),
            (Paragraph, "end"),
            (Heading { level: 1 }, "Under\nlined\n==="),
            (Heading { level: 2 }, "less\n---"),
            (Heading { level: 2 }, "## End"),
        ];
        assert_eq!(kinds(text), expected.map(|(kind, text)| (kind, text.to_owned())));
    }

    #[test]
    fn long_texts_are_parsed_in_sections_between_blocks() {
        let paragraphs = 200_000;
        let text = format!("# Title\n\n{}## End", "a word\n\n".repeat(paragraphs));
        assert!(text.len() > super::SECTION_BYTES);
        let found = kinds(&text);
        assert_eq!(found.len(), paragraphs + 2);
        assert!(
            found[1..=paragraphs].iter().all(|(kind, text)| *kind == Paragraph && text == "a word")
        );
        let items = kinds(&"- é\n".repeat(300_000));
        assert!(items.len() == 300_000 && items.iter().all(|(kind, _)| *kind == ListItem));
    }

    #[test]
    fn items_and_notes_have_their_own_text_only() {
        let text = "---\ntitle: x\n---\n- a\n  - b\n\n    more\n- # H\n\n> said\n> twice\n\n***\n\n\
            see[^1]\n\n[^1]: note\n\n[a]: https://example.org\n";
        let expected = [
            (Paragraph, "---\ntitle: x\n---"),
            (ListItem, "- a"),
            (ListItem, "- b"),
            (Paragraph, "more"),
            (Heading { level: 1 }, "- # H"),
            (Paragraph, "said\n> twice"),
            (Paragraph, "see[^1]"),
            (Note, "[^1]: note"),
            (Paragraph, "[a]: https://example.org"),
        ];
        assert_eq!(kinds(text), expected.map(|(kind, text)| (kind, text.to_owned())));
    }

    proptest! {
        /// Blocks are in order, don't overlap but for cells, and no word is outside of all.
        #[test]
        fn blocks_cover_any_text(text in "([a-z]{1,2}|[-#>|*`:\\[\\]()0-9.~=+_^! \n]|\n\n|- |\\| |\n    ){0,80}x") {
            let options = ReadOptions::default();
            let document = read(&ReadContext::new("x.md", &options), text.as_bytes()).unwrap();
            let mut end = 0;
            for block in &document.blocks {
                prop_assert!(!block.range.is_empty());
                if !matches!(block.kind, Cell { .. }) {
                    prop_assert!(block.range.start >= end, "{:?}", document.blocks);
                    let gap = &text[end..block.range.start];
                    prop_assert!(!gap.contains(char::is_alphanumeric), "{gap}");
                }
                end = end.max(block.range.end);
            }
            prop_assert!(!text[end..].contains(char::is_alphanumeric));
        }
    }

    #[test]
    fn tables_have_cells() {
        let text = "| Item | Price |\n|:--|--:|\n| a \\| b |  |\n| é | 2 |\n\nx | y\n--- | ---\n1 |2\n\na | b";
        let cell = |row, column| Cell { row, column };
        let expected = [
            (Table, "| Item | Price |\n|:--|--:|\n| a \\| b |  |\n| é | 2 |"),
            (cell(0, 0), "Item"),
            (cell(0, 1), "Price"),
            (cell(1, 0), "a \\| b"),
            (cell(2, 0), "é"),
            (cell(2, 1), "2"),
            (Table, "x | y\n--- | ---\n1 |2"),
            (cell(0, 0), "x"),
            (cell(0, 1), "y"),
            (cell(1, 0), "1"),
            (cell(1, 1), "2"),
            (Paragraph, "a | b"),
        ];
        assert_eq!(kinds(text), expected.map(|(kind, text)| (kind, text.to_owned())));
    }
}
