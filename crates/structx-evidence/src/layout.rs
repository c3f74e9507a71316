//! The lines, tables and headings of a text.

use std::ops::Range;

/// Lines and table rows of a text. A row of a table is a line that begins with a pipe.
#[derive(Debug, Default)]
pub struct Layout {
    /// Where each line begins.
    lines: Vec<usize>,
    /// For each line that is a row of a table the first line of the table.
    tables: Vec<Option<u32>>,
    /// The headings, in the order of the text.
    headings: Vec<Range<usize>>,
    end: usize,
}

impl Layout {
    /// `headings` are those that the document knows; lines that begin with `#` are added. `continued` are
    /// the bytes, in order, where the table before goes on.
    pub fn new(text: &str, mut headings: Vec<Range<usize>>, continued: &[usize]) -> Self {
        let mut lines = Vec::new();
        let mut tables: Vec<Option<u32>> = Vec::new();
        let mut start = 0;
        // The first line of the last table.
        let mut last = None;
        for line in text.split_inclusive('\n') {
            let is_row = line.trim_start_matches(' ').starts_with('|');
            let mut table = tables.last().copied().flatten();
            if table.is_none() && continued.binary_search(&start).is_ok() {
                table = last;
            }
            let this = u32::try_from(lines.len()).ok();
            tables.push(if is_row { table.or(this) } else { None });
            last = tables.last().copied().flatten().or(last);
            if line.starts_with('#') {
                headings.push(start..start + line.len());
            }
            lines.push(start);
            start += line.len();
        }
        headings.sort_by_key(|heading| heading.start);
        Self { lines, tables, headings, end: text.len() }
    }

    /// The number of the line that holds a byte.
    pub fn line(&self, at: usize) -> usize {
        self.lines.partition_point(|start| *start <= at).saturating_sub(1)
    }

    pub fn line_count(&self) -> usize {
        self.lines.len()
    }

    /// The bytes of a line.
    pub fn line_range(&self, line: usize) -> Range<usize> {
        let start = self.lines.get(line).copied().unwrap_or(self.end);
        start..self.lines.get(line + 1).copied().unwrap_or(self.end)
    }

    /// The first line of the table that a line belongs to.
    pub fn table(&self, line: usize) -> Option<usize> {
        self.tables.get(line).copied().flatten().map(|first| first as usize)
    }

    /// The last heading that ends before a byte.
    pub fn heading(&self, at: usize) -> Option<&Range<usize>> {
        let after = self.headings.partition_point(|heading| heading.end <= at);
        self.headings[..after].last()
    }
}

/// The cell of a table row that holds a byte: its number, 1 for the first.
pub fn cell_at(text: &str, row: &Range<usize>, at: usize) -> usize {
    pipes(&text[row.start..at]).count()
}

/// The bytes of a cell of a table row.
pub fn cell(text: &str, row: &Range<usize>, number: usize) -> Option<Range<usize>> {
    let line = &text[row.clone()];
    let mut bounds = pipes(line).skip(number.checked_sub(1)?);
    let start = bounds.next()? + 1;
    let end = bounds.next().unwrap_or(line.len());
    Some(row.start + start..row.start + end)
}

/// The pipes of a row that end cells: those without a backslash.
fn pipes(row: &str) -> impl Iterator<Item = usize> {
    let bytes = row.as_bytes();
    let ends = |at: &usize| bytes[*at] == b'|' && (*at == 0 || bytes[at - 1] != b'\\');
    (0..bytes.len()).filter(ends)
}

#[cfg(test)]
mod tests {
    use super::{Layout, cell, cell_at};

    #[test]
    fn rows_know_their_table_and_cells() {
        let text = "Items\n| a | b \\| c |\n| --- | --- |\n| 1 | 2 |\nend";
        let layout = Layout::new(text, Vec::new(), &[]);
        assert_eq!(
            [0, 1, 2, 3, 4].map(|line| layout.table(line)),
            [None, Some(1), Some(1), Some(1), None]
        );
        let two = text.find("2 |").unwrap();
        assert_eq!(layout.line(two), 3);
        let row = layout.line_range(3);
        assert_eq!(cell_at(text, &row, two), 2);
        assert_eq!(cell(text, &row, 2).map(|range| &text[range]), Some(" 2 "));
        let header = layout.line_range(1);
        assert_eq!(cell(text, &header, 2).map(|range| &text[range]), Some(" b \\| c "));
        assert_eq!(cell(text, &header, 4), None);
    }

    #[test]
    fn rows_of_a_continued_table_have_its_header() {
        let text = "| a |\n| --- |\n| 1 |\n\n[page 2]\n\n| 2 |\n\n| b |\n| --- |\n| 3 |";
        let table = |continued: &[usize]| {
            let layout = Layout::new(text, Vec::new(), continued);
            [0, 2, 4, 6, 8, 10].map(|line| layout.table(line))
        };
        let two = text.find("| 2").unwrap();
        assert_eq!(table(&[two]), [Some(0), Some(0), None, Some(0), Some(8), Some(8)]);
        assert_eq!(table(&[]), [Some(0), Some(0), None, Some(6), Some(8), Some(8)]);
    }

    #[test]
    fn the_heading_above_is_found() {
        let text = "# One\na\n# Two\nb";
        let known = std::iter::once(6..7).collect();
        let layout = Layout::new(text, known, &[]);
        let heading = |at| layout.heading(at).map(|range| text[range.clone()].trim());
        assert_eq!(
            [heading(3), heading(6), heading(9), heading(14)],
            [None, Some("# One"), Some("a"), Some("# Two")]
        );
    }
}
