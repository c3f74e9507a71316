//! Markdown: keeps the text as it is and finds its blocks.

use std::ops::Range;

use super::text::decode;
use crate::context::ReadContext;
use crate::{Block, BlockKind, Document, FileError, FileErrorKind};

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

#[derive(Default)]
struct Scanner {
    blocks: Vec<Block>,
    /// The next line may continue the last block.
    open: bool,
    /// The fence that closes the open code block.
    fence: Option<&'static str>,
    /// The index of the open table's block, and its number of lines so far.
    table: Option<(usize, u32)>,
}

fn blocks(context: &ReadContext, text: &str) -> Result<Vec<Block>, FileError> {
    let mut scanner = Scanner::default();
    let mut cells = 0;
    let mut start = 0;
    let mut lines = text.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        let range = start..start + line.trim_end().len();
        start += line.len();
        cells += scanner.line(line, range, lines.peek().copied());
        context.check_document_cells(cells)?;
    }
    Ok(scanner.blocks)
}

impl Scanner {
    /// Processes a line and returns its number of table cells.
    fn line(&mut self, line: &str, range: Range<usize>, next: Option<&str>) -> usize {
        let trimmed = line.trim();
        if let Some(fence) = self.fence {
            self.go_on(range);
            if trimmed.starts_with(fence) && trimmed.trim_start_matches(&fence[..1]).is_empty() {
                (self.fence, self.open) = (None, false);
            }
            return 0;
        }
        if trimmed.is_empty() {
            (self.open, self.table) = (false, None);
            return 0;
        }
        if self.table.is_some() || (trimmed.contains('|') && next.is_some_and(is_delimiter_row)) {
            return self.row(line, range);
        }
        self.fence = ["```", "~~~"].into_iter().find(|fence| trimmed.starts_with(fence));
        if self.fence.is_some() {
            self.push(BlockKind::Paragraph, range);
        } else if let Some(level) = self.underlined(trimmed) {
            self.go_on(range);
            if let Some(last) = self.blocks.last_mut() {
                last.kind = BlockKind::Heading { level };
            }
            self.open = false;
        } else if let Some(level) = heading(trimmed) {
            self.push(BlockKind::Heading { level }, range);
            self.open = false;
        } else if is_item(trimmed) {
            self.push(BlockKind::ListItem, range);
        } else if self.open {
            self.go_on(range);
        } else {
            self.push(BlockKind::Paragraph, range);
        }
        0
    }

    fn push(&mut self, kind: BlockKind, range: Range<usize>) {
        self.blocks.push(Block { kind, range, page: None, bounds: None });
        self.open = true;
    }

    fn go_on(&mut self, range: Range<usize>) {
        match self.blocks.last_mut() {
            Some(last) if !range.is_empty() => last.range.end = range.end,
            _ => {}
        }
    }

    /// The heading level if the line underlines the paragraph before it (a setext heading).
    fn underlined(&self, line: &str) -> Option<u8> {
        let last = self.blocks.last().filter(|_| self.open)?;
        let all = |mark: u8| line.bytes().all(|byte| byte == mark);
        match last.kind {
            BlockKind::Paragraph if all(b'=') => Some(1),
            BlockKind::Paragraph if all(b'-') => Some(2),
            _ => None,
        }
    }

    /// Processes a line of a table; the second line is the delimiter row.
    fn row(&mut self, line: &str, range: Range<usize>) -> usize {
        let (table, lines) = self.table.unwrap_or((self.blocks.len(), 0));
        self.table = Some((table, lines + 1));
        match self.blocks.get_mut(table) {
            Some(block) => block.range.end = range.end,
            None => self.push(BlockKind::Table, range.clone()),
        }
        if lines == 1 {
            return 0;
        }
        let row = lines.saturating_sub(1);
        let mut count = 0;
        for (column, cell) in (0..).zip(cells(line)) {
            count += 1;
            let cell = range.start + cell.start..range.start + cell.end;
            if !cell.is_empty() {
                self.push(BlockKind::Cell { row, column }, cell);
            }
        }
        self.open = false;
        count
    }
}

fn heading(line: &str) -> Option<u8> {
    let marks = line.bytes().take_while(|byte| *byte == b'#').count();
    let rest = &line[marks..];
    let level = u8::try_from(marks).ok()?;
    ((1..=6).contains(&level) && (rest.is_empty() || rest.starts_with([' ', '\t'])))
        .then_some(level)
}

fn is_item(line: &str) -> bool {
    let bullet = ["- ", "* ", "+ "].iter().any(|mark| line.starts_with(mark));
    let rest = line.trim_start_matches(|character: char| character.is_ascii_digit());
    let digits = line.len() - rest.len();
    bullet || ((1..=9).contains(&digits) && (rest.starts_with(". ") || rest.starts_with(") ")))
}

/// `| --- | :-: |`
fn is_delimiter_row(line: &str) -> bool {
    let line = line.trim();
    line.contains('-')
        && line.contains('|')
        && line.bytes().all(|byte| matches!(byte, b'|' | b'-' | b':' | b' ' | b'\t'))
}

/// The byte ranges of a row's cells in its line, without surrounding white space.
fn cells(line: &str) -> Vec<Range<usize>> {
    let end = line.trim_end().len();
    let mut start = end - line[..end].trim_start().len();
    if line[start..].starts_with('|') {
        start += 1;
    }
    let mut cells = Vec::new();
    let mut escaped = false;
    for (index, byte) in line[..end].bytes().enumerate().skip(start) {
        if byte == b'|' && !escaped {
            cells.push(trimmed(line, start..index));
            start = index + 1;
        }
        escaped = byte == b'\\' && !escaped;
    }
    if start < end {
        cells.push(trimmed(line, start..end));
    }
    cells
}

fn trimmed(line: &str, range: Range<usize>) -> Range<usize> {
    let cell = &line[range.clone()];
    let start = range.start + cell.len() - cell.trim_start().len();
    start..start + cell.trim().len()
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::BlockKind::{self, Cell, Heading, ListItem, Paragraph, Table};
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
        let text = "# Title\ntext\nmore\n- a\n  b\n2. c\n\n```py\n# no\n\n- no\n~~~\n```\nend\n\n\
            Under\nlined\n===\n\nless\n---\n## End";
        let expected = [
            (Heading { level: 1 }, "# Title"),
            (Paragraph, "text\nmore"),
            (ListItem, "- a\n  b"),
            (ListItem, "2. c"),
            (Paragraph, "```py\n# no\n\n- no\n~~~\n```"),
            (Paragraph, "end"),
            (Heading { level: 1 }, "Under\nlined\n==="),
            (Heading { level: 2 }, "less\n---"),
            (Heading { level: 2 }, "## End"),
        ];
        assert_eq!(kinds(text), expected.map(|(kind, text)| (kind, text.to_owned())));
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
