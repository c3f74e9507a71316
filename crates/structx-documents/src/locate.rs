//! Locates a range of a document's text on its pages.

use std::ops::Range;

use super::{Block, BlockKind, Bounds, Document, SheetCell, Word};

/// The location of a part of a range: a line on a page, a cell of a workbook, or a block of a document
/// without boxes.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    pub range: Range<usize>,
    /// `None` where the format has no pages.
    pub page: Option<u32>,
    /// `None` where the format does not say.
    pub bounds: Option<Bounds>,
    /// The address of the cell in a workbook, such as `Sheet1!B7`; `None` in other documents.
    pub address: Option<String>,
}

impl Document {
    /// Locates the range: one place for each line of words with known boxes, for each cell of a
    /// workbook, and for each block without them, in the order of the text. Text that structx inserted
    /// (page markers, table pipes) has no place.
    #[must_use]
    pub fn locate(&self, range: Range<usize>) -> Vec<Place> {
        let mut places: Vec<Place> = Vec::new();
        for word in self.words_in(&range) {
            let place = Place {
                range: overlap(&word.range, &range),
                page: Some(word.page),
                bounds: Some(word.bounds),
                address: None,
            };
            match places.last_mut() {
                Some(last) if last.is_continued_by(&place) => last.extend(&place),
                _ => places.push(place),
            }
        }
        for cell in self.cells_in(&range) {
            let address = self.address(&cell.range);
            let range = overlap(&cell.range, &range);
            places.push(Place { range, page: Some(cell.page), bounds: None, address });
        }
        for block in self.blocks_in(&range).filter(|block| !self.has_parts(&block.range)) {
            let range = overlap(&block.range, &range);
            let address = None;
            places.push(Place { range, page: block.page, bounds: block.bounds, address });
        }
        places.sort_by_key(|place| place.range.start);
        places
    }

    pub(crate) fn words_in(&self, range: &Range<usize>) -> &[Word] {
        let first = self.words.partition_point(|word| word.range.end <= range.start);
        let end = self.words.partition_point(|word| word.range.start < range.end);
        self.words.get(first..end).unwrap_or_default()
    }

    pub(crate) fn cells_in(&self, range: &Range<usize>) -> &[SheetCell] {
        let first = self.cells.partition_point(|cell| cell.range.end <= range.start);
        let end = self.cells.partition_point(|cell| cell.range.start < range.end);
        self.cells.get(first..end).unwrap_or_default()
    }

    fn has_parts(&self, range: &Range<usize>) -> bool {
        !self.words_in(range).is_empty() || !self.cells_in(range).is_empty()
    }

    /// The innermost blocks that share a byte with the range.
    fn blocks_in(&self, range: &Range<usize>) -> impl Iterator<Item = &Block> {
        let range = range.clone();
        self.blocks.iter().enumerate().filter_map(move |(index, block)| {
            let holds_cells = matches!(block.kind, BlockKind::Table | BlockKind::ContinuedTable)
                && self
                    .blocks
                    .get(index + 1)
                    .is_some_and(|next| matches!(next.kind, BlockKind::Cell { .. }));
            let is_in = block.range.start < range.end && range.start < block.range.end;
            (is_in && !holds_cells).then_some(block)
        })
    }
}

impl Place {
    /// Whether the word follows on the same line.
    fn is_continued_by(&self, word: &Self) -> bool {
        let (Some(line), Some(next)) = (self.bounds, word.bounds) else { return false };
        let shared = line.bottom.min(next.bottom) - line.top.max(next.top);
        let height = (line.bottom - line.top).min(next.bottom - next.top);
        self.page == word.page && next.right > line.left && shared * 2.0 > height
    }

    fn extend(&mut self, word: &Self) {
        self.range.end = word.range.end;
        if let (Some(line), Some(next)) = (&mut self.bounds, word.bounds) {
            *line = line.union(next);
        }
    }
}

impl Bounds {
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }
}

fn overlap(a: &Range<usize>, b: &Range<usize>) -> Range<usize> {
    a.start.max(b.start)..a.end.min(b.end)
}

#[cfg(test)]
mod tests {
    use crate::builder::{Builder, WordPlace};
    use crate::{BlockKind, Bounds, Document};

    fn document() -> Document {
        let word = |left: u8, top: u8| Bounds {
            left: left.into(),
            top: top.into(),
            right: f32::from(left) + 8.0,
            bottom: f32::from(top) + 10.0,
        };
        let mut builder = Builder::default();
        for page in 1..=2 {
            builder.page(page);
            let block = builder.open(BlockKind::Paragraph);
            for (text, bounds) in
                [("one", word(0, 0)), ("two", word(10, 1)), ("three", word(0, 20))]
            {
                builder.separator(" ");
                builder.word(text, WordPlace { bounds, score: None });
            }
            builder.close(block);
        }
        builder.finish()
    }

    #[test]
    fn words_of_a_line_are_one_place() {
        let document = document();
        assert_eq!(document.text, "one two three\n\n[page 2]\n\none two three");
        let found = |range| {
            let places = document.locate(range).into_iter();
            let place = |place: crate::Place| {
                let bounds = place.bounds.unwrap();
                (&document.text[place.range], place.page.unwrap(), bounds.left, bounds.right)
            };
            places.map(place).collect::<Vec<_>>()
        };
        assert_eq!(found(0..7), [("one two", 1, 0.0, 18.0)]);
        assert_eq!(found(1..2), [("n", 1, 0.0, 8.0)]);
        assert_eq!(found(3..4), []);
        assert_eq!(found(14..24), []);
        let ends = found(4..28);
        let expected = [("two", 1, 10.0, 18.0), ("three", 1, 0.0, 8.0), ("one", 2, 0.0, 8.0)];
        assert_eq!(ends, expected);
    }

    #[test]
    fn blocks_without_words_are_places() {
        let mut builder = Builder::default();
        let table = builder.open(BlockKind::Table);
        builder.text("| ");
        builder.block(BlockKind::Cell { row: 0, column: 0 }, "a", None);
        builder.text(" | ");
        builder.block(BlockKind::Cell { row: 0, column: 1 }, "bc", None);
        builder.text(" |");
        builder.close(table);
        let document = builder.finish();
        let places = document.locate(0..7);
        let texts: Vec<_> = places.iter().map(|p| &document.text[p.range.clone()]).collect();
        assert_eq!(texts, ["a", "b"]);
        assert!(places.iter().all(|place| place.page.is_none() && place.bounds.is_none()));
    }
}
