//! Distinguishes tables from other text in columns: prose, lists, forms, tables of contents.

use super::rows::{Entry, text};
use crate::pdf::layout::words::PageWord;

/// More words per cell on average are prose: chosen by hand, not measured.
const MOST_WORDS: usize = 8;
/// More words per cell in a column without numbers are prose: chosen by hand, not measured.
const MOST_PER_CELL: usize = 5;

/// Whether the text is a number, an amount, a date, or a placeholder for one, such as `-` or `n/a`.
pub(super) fn is_number(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let letters = text.chars().filter(|character| character.is_alphabetic()).count();
    match digits {
        0 => !text.is_empty() && text.chars().all(|c| "-–—.*$€£%".contains(c)) || text == "n/a",
        _ => letters <= 3 && !text.starts_with('['),
    }
}

/// Whether the text is a symbol beside a number, such as a currency.
pub(super) fn is_sign(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|character| "$€£¥()%*+".contains(character))
}

/// Whether at least 35 % of the positions have content; a chart has less. Chosen by hand.
pub(super) fn is_full(cells: usize, places: usize) -> bool {
    cells * 100 >= places * 35
}

/// Rows that may be a table.
pub(super) struct TableShape<'a> {
    pub(super) columns: usize,
    /// Whether each column holds numbers.
    pub(super) numeric: &'a [bool],
    pub(super) rows: &'a [Vec<Entry>],
    /// The number of lines above the first one with numbers.
    pub(super) header: usize,
    /// The number of ruling lines across it.
    pub(super) rulings: usize,
}

impl TableShape<'_> {
    pub(super) fn is_table(&self, words: &[PageWord]) -> bool {
        let ruled = self.rulings > 1;
        let full = self.rows.iter().filter(|row| row.len() > 1).count();
        let least = if ruled { 2 } else { 3 };
        if full < least || full * 5 < self.rows.len() * 2 || self.is_contents(words) {
            return false;
        }
        let cells: usize = self.rows.iter().map(Vec::len).sum();
        let reached: usize = self.entries().map(|entry| entry.columns).sum();
        if !is_full(reached, self.rows.len() * self.columns) {
            return false;
        }
        let count: usize = self.entries().map(|entry| entry.words.len()).sum();
        let values = self.numeric.iter().skip(1).filter(|numeric| **numeric).count();
        if count > MOST_WORDS * cells && values < 2 {
            return false;
        }
        let wordy = (0..self.columns).filter(|column| self.is_wordy(*column)).count();
        match (self.columns, values) {
            (2, 0) => {
                ruled && self.rulings > self.rows.len() / 2 && wordy == 0 && !self.is_form(words)
            }
            (2, _) => {
                wordy < 2
                    && !self.is_form(words)
                    && (ruled || self.header > 0 || self.is_even(words))
            }
            (_, 0) => {
                let filled = cells * 100 >= self.rows.len() * self.columns * 60;
                let rows = if ruled { 2 } else { 4 };
                wordy < if ruled { self.columns } else { 1 } && filled && full >= rows
            }
            _ => wordy < 2 || values > 1,
        }
    }

    fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.rows.iter().flatten()
    }

    fn column(&self, column: usize) -> impl Iterator<Item = &Entry> {
        self.entries().filter(move |entry| entry.column == column && entry.columns == 1)
    }

    fn is_wordy(&self, column: usize) -> bool {
        let count = self.column(column).count();
        let words: usize = self.column(column).map(|entry| entry.words.len()).sum();
        words > MOST_PER_CELL * count
    }

    /// Whether the rows are a table of contents: chapters and page numbers.
    fn is_contents(&self, words: &[PageWord]) -> bool {
        let last: Vec<String> =
            self.column(self.columns - 1).map(|entry| text(words, &entry.words)).collect();
        let pages: Vec<u32> = last.iter().filter_map(|page| page.parse().ok()).collect();
        let leads =
            |entry: &Entry| entry.words.iter().any(|word| words[*word].text.contains("...."));
        let leaders = self.entries().filter(|entry| leads(entry)).count() * 2 > self.rows.len();
        let in_order = pages.len() > 2 && pages.is_sorted() && pages.len() * 10 >= last.len() * 8;
        self.columns < 4 && (in_order && self.header == 0 || leaders && self.columns < 3)
    }

    /// Whether the rows are field names and their values.
    fn is_form(&self, words: &[PageWord]) -> bool {
        let ends = |entry: &&Entry| {
            entry.words.last().is_some_and(|word| words[*word].text.ends_with(':'))
        };
        self.column(0).filter(ends).count() * 3 > self.rows.len()
    }

    /// Whether the second of two columns holds enough amounts of the same form.
    fn is_even(&self, words: &[PageWord]) -> bool {
        let kind = |entry: &Entry| -> String {
            let text = text(words, &entry.words);
            text.chars()
                .filter(|character| !character.is_ascii_digit() && *character != ',')
                .collect()
        };
        let mut kinds: Vec<String> = self.column(1).map(kind).collect();
        kinds.sort_unstable();
        let most = kinds.chunk_by(|a, b| a == b).map(<[String]>::len).max().unwrap_or(0);
        most > 4 && most * 10 >= kinds.len() * 7
    }
}
