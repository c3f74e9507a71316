//! Writes tables as Markdown.

use super::builder::{Builder, WordPlace};
use super::context::ReadContext;
use super::{BlockKind, Bounds, FileError};

/// A cell of a row. A row does not list the positions that another cell spans.
#[derive(Debug, Clone, Default)]
pub(super) struct MarkdownCell {
    /// Words with their boxes on the page, or one text without a box.
    pub(super) words: Vec<(String, Option<WordPlace>)>,
    pub(super) bounds: Option<Bounds>,
    /// The number of columns and rows that it spans; 0 counts as 1.
    pub(super) columns: u32,
    pub(super) rows: u32,
}

impl MarkdownCell {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self { words: vec![(text.into(), None)], ..Self::default() }
    }
}

/// Writes a table as a block, with a block for each non-empty cell. The first row becomes the
/// header, which Markdown requires. A cell that spans several positions is written at the first.
///
/// # Errors
/// The table has more cells than the limit.
pub(super) fn write(
    context: &ReadContext,
    builder: &mut Builder,
    rows: &[Vec<MarkdownCell>],
    bounds: Option<Bounds>,
) -> Result<(), FileError> {
    write_from(context, builder, 0, rows, bounds)
}

/// Writes rows of a table from number `first` on: if it is not 0, as the rest of the last table, without
/// a header.
///
/// # Errors
/// The rows have more cells than the limit.
pub(super) fn write_from(
    context: &ReadContext,
    builder: &mut Builder,
    first: u32,
    rows: &[Vec<MarkdownCell>],
    bounds: Option<Bounds>,
) -> Result<(), FileError> {
    let (columns, width) = columns(context, rows)?;
    let kind = if first == 0 { BlockKind::Table } else { BlockKind::ContinuedTable };
    let table = builder.open(kind);
    for (row, (cells, columns)) in (first..).zip(rows.iter().zip(columns)) {
        builder.text(if row == first { "|" } else { "\n|" });
        let mut next = 0;
        for (cell, column) in cells.iter().zip(columns) {
            builder.text(&"  |".repeat(column - next));
            write_cell(builder, cell, row, column);
            next = column + 1;
        }
        builder.text(&"  |".repeat(width - next));
        if row == 0 {
            builder.text("\n|");
            builder.text(&" --- |".repeat(width));
        }
    }
    builder.close(table);
    builder.place(table, bounds);
    Ok(())
}

/// The column of each cell of each row, and the number of columns.
fn columns(
    context: &ReadContext,
    rows: &[Vec<MarkdownCell>],
) -> Result<(Vec<Vec<usize>>, usize), FileError> {
    // For each column the number of rows that a cell from above still covers.
    let mut covered: Vec<u32> = Vec::new();
    let mut all = Vec::with_capacity(rows.len());
    for cells in rows {
        let mut row = Vec::with_capacity(cells.len());
        let mut column = 0;
        for cell in cells {
            while covered.get(column).is_some_and(|rows| *rows > 0) {
                column += 1;
            }
            let end = column.saturating_add(cell.columns.max(1) as usize);
            context.check_document_cells(end.saturating_mul(rows.len()))?;
            covered.resize(covered.len().max(end), 0);
            // Includes the current row, which is subtracted at its end.
            covered[column..end].fill(cell.rows.max(1));
            row.push(column);
            column = end;
        }
        for rows in &mut covered {
            *rows = rows.saturating_sub(1);
        }
        all.push(row);
    }
    Ok((all, covered.len()))
}

fn write_cell(builder: &mut Builder, cell: &MarkdownCell, row: u32, column: usize) {
    builder.text(" ");
    let mut words = cell.words.iter().map(|(word, place)| (safe(word), place));
    let mut words = words.by_ref().filter(|(word, _)| !word.is_empty()).peekable();
    if words.peek().is_some() {
        let column = u32::try_from(column).unwrap_or(u32::MAX);
        let block = builder.open(BlockKind::Cell { row, column });
        while let Some((word, place)) = words.next() {
            match place {
                Some(place) => builder.word(&word, *place),
                None => builder.text(&word),
            }
            if words.peek().is_some() {
                builder.text(" ");
            }
        }
        builder.close(block);
        builder.place(block, cell.bounds);
    }
    builder.text(" |");
}

/// The text in one line, with pipes escaped.
pub(super) fn safe(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.contains('|') { text.replace('|', "\\|") } else { text }
}

#[cfg(test)]
mod tests {
    use super::{MarkdownCell, write};
    use crate::builder::{Builder, WordPlace};
    use crate::context::ReadContext;
    use crate::{BlockKind, Bounds, Document, FileErrorKind, Limits, ReadOptions};

    fn written(rows: &[Vec<MarkdownCell>], bounds: Option<Bounds>) -> Document {
        let options = ReadOptions::default();
        let mut builder = Builder::default();
        write(&ReadContext::new("x", &options), &mut builder, rows, bounds).unwrap();
        builder.finish()
    }

    fn cells(document: &Document) -> Vec<(u32, u32, &str)> {
        let cell = |block: &crate::Block| match block.kind {
            BlockKind::Cell { row, column } => {
                Some((row, column, &document.text[block.range.clone()]))
            }
            _ => None,
        };
        document.blocks.iter().filter_map(cell).collect()
    }

    #[test]
    fn spans_keep_the_columns() {
        let span =
            |text: &str, columns, rows| MarkdownCell { columns, rows, ..MarkdownCell::text(text) };
        let document = written(
            &[
                vec![span("Item", 1, 1), span("Price", 2, 1)],
                vec![span("Tea", 1, 3), span("1", 1, 1), span("EUR", 1, 9)],
                vec![span("2", 1, 1), span("more", 1, 1)],
                vec![span("", 1, 1)],
                vec![],
            ],
            None,
        );
        let expected = "| Item | Price |  |  |\n| --- | --- | --- | --- |\n\
            | Tea | 1 | EUR |  |\n|  | 2 |  | more |\n|  |  |  |  |\n|  |  |  |  |";
        assert_eq!(document.text, expected);
        let expected = [
            (0, 0, "Item"),
            (0, 1, "Price"),
            (1, 0, "Tea"),
            (1, 1, "1"),
            (1, 2, "EUR"),
            (2, 1, "2"),
            (2, 3, "more"),
        ];
        assert_eq!(cells(&document), expected);
        assert_eq!(document.blocks[0].range, 0..document.text.len());
    }

    #[test]
    fn what_ends_a_cell_is_made_safe() {
        let document =
            written(&[vec![MarkdownCell::text(" a|b\r\nc\td "), MarkdownCell::text("\n")]], None);
        assert_eq!(document.text, "| a\\|b c d |  |\n| --- | --- |");
        assert_eq!(cells(&document), [(0, 0, "a\\|b c d")]);
    }

    #[test]
    fn words_have_places() {
        let at = |left: f32| Bounds { left, top: 0.0, right: left + 1.0, bottom: 1.0 };
        let place = |left| Some(WordPlace { bounds: at(left), score: None });
        let words = vec![("12".into(), place(1.0)), ("of".into(), None), ("|".into(), place(3.0))];
        let cell = MarkdownCell { words, bounds: Some(at(0.0)), ..MarkdownCell::default() };
        let document = written(&[vec![cell]], Some(at(9.0)));
        let words: Vec<_> = document
            .words
            .iter()
            .map(|word| (&document.text[word.range.clone()], word.bounds.left))
            .collect();
        assert_eq!(words, [("12", 1.0), ("\\|", 3.0)]);
        assert_eq!(cells(&document), [(0, 0, "12 of \\|")]);
        let bounds: Vec<_> = document.blocks.iter().map(|block| block.bounds).collect();
        assert_eq!(bounds, [Some(at(9.0)), Some(at(0.0))]);
    }

    #[test]
    fn a_table_may_not_grow_without_bound() {
        let limits = Limits { cells: 100, ..Limits::default() };
        let options = ReadOptions { limits, ..ReadOptions::default() };
        let wide = MarkdownCell { columns: u32::MAX, ..MarkdownCell::text("a") };
        for rows in [vec![vec![wide]], vec![vec![MarkdownCell::text("a"); 11]; 10]] {
            let error =
                write(&ReadContext::new("x", &options), &mut Builder::default(), &rows, None)
                    .unwrap_err();
            assert_eq!(error.kind, FileErrorKind::LimitExceeded);
        }
    }
}
