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

#[cfg(test)]
mod tests {
    use super::{Entry, TableShape, is_full, is_number, is_sign};
    use crate::pdf::layout::test_words::words;

    #[test]
    fn numbers_dates_and_placeholders_are_numbers() {
        for (text, expected) in [
            ("1,234.50", true),
            ("(12)", true),
            ("12 kg", true),
            ("03/02/2025", true),
            ("12 May", true),
            ("-", true),
            ("n/a", true),
            ("$", true),
            ("12 months", false),
            ("[1]", false),
            ("none", false),
            ("", false),
        ] {
            assert_eq!(is_number(text), expected, "{text}");
        }
        assert!(is_sign("$") && is_sign("%)") && !is_sign("") && !is_sign("$5"));
        assert!(is_full(35, 100) && !is_full(34, 100));
    }

    /// Whether rows of cells, one word each, are a table without ruling lines.
    fn is_table(rows: &[&[&str]], numeric: &[bool], header: usize) -> bool {
        let texts: Vec<(f64, f64, &str)> =
            rows.iter().flat_map(|row| row.iter().map(|text| (50.0, 100.0, *text))).collect();
        let words = words(&texts);
        let mut next = 0;
        let mut entry = |(column, text): (usize, &&str)| {
            let members: Vec<usize> = (next..next + text.split(' ').count()).collect();
            next += members.len();
            Entry { column, columns: 1, words: members, is_number: is_number(text) }
        };
        let rows: Vec<Vec<Entry>> =
            rows.iter().map(|row| row.iter().enumerate().map(&mut entry).collect()).collect();
        let columns = numeric.len();
        TableShape { columns, numeric, rows: &rows, header, rulings: 0 }.is_table(&words)
    }

    #[test]
    fn rows_of_labels_and_amounts_are_a_table() {
        let rows: [&[&str]; 4] = [
            &["Item", "Count", "Sum"],
            &["Tea", "1", "2.00"],
            &["Milk", "2", "3.00"],
            &["Jam", "3", "4.00"],
        ];
        assert!(is_table(&rows, &[false, true, true], 1));
        assert!(!is_table(&rows[..2], &[false, true, true], 1), "two rows are too few");
    }

    #[test]
    fn a_table_of_contents_is_not_a_table() {
        let rows: [&[&str]; 3] =
            [&["1", "Start", "1"], &["2", "Middle", "12"], &["3", "End", "30"]];
        assert!(!is_table(&rows, &[true, false, true], 0));
        // The same numbers out of order are values.
        let rows: [&[&str]; 3] =
            [&["1", "Start", "30"], &["2", "Middle", "12"], &["3", "End", "1"]];
        assert!(is_table(&rows, &[true, false, true], 0));
    }

    #[test]
    fn field_names_and_values_are_not_a_table() {
        let rows: [&[&str]; 6] = [
            &["Number:", "71"],
            &["Date:", "18"],
            &["Sum:", "19"],
            &["Net:", "20"],
            &["Tax:", "12"],
            &["Due:", "22"],
        ];
        assert!(!is_table(&rows, &[false, true], 0));
        let rows = rows.map(|row| [row[0].trim_end_matches(':'), row[1]]);
        let rows: Vec<&[&str]> = rows.iter().map(<[&str; 2]>::as_slice).collect();
        assert!(is_table(&rows, &[false, true], 0), "without colons it is");
    }
}
