//! Tables: records with named columns, and their text row by row.

mod objects;
mod records;
mod row_text;

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::content::beginning;
use crate::context::ReadContext;
use crate::{FileError, FileErrorKind, Format, Limits, ReadOptions, page_ranges};
use structx_common::json;

pub use objects::Objects;
pub use records::{Cell, Record, Records};

/// The name of a table that does not come from a file.
const NAME: &str = "data";

/// A part of a table as columns.
#[derive(Deserialize)]
struct ColumnPart {
    columns: Vec<String>,
    values: Vec<Vec<Value>>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Table {
    /// The file's name, or `data`.
    pub name: String,
    /// `None` for a table that does not come from a file.
    pub format: Option<Format>,
    pub columns: Vec<String>,
    pub records: Records,
    pub warnings: Vec<String>,
    /// The limits that the table was read with; they also bound [`Self::document`].
    #[serde(default)]
    pub limits: Limits,
}

impl Table {
    /// Makes a table of objects, see [`Objects`].
    ///
    /// # Errors
    /// There are no records, or no record has a key.
    pub fn from_records(
        records: impl IntoIterator<Item = Map<String, Value>>,
    ) -> Result<Self, FileError> {
        let mut objects = Objects::default();
        records.into_iter().for_each(|object| objects.push(object));
        objects.into_table()
    }

    /// Parses a table from JSON in parts: either each is an array of objects, or each is `{"columns":
    /// ["name", ...], "values": [[...], ...]}` with a list of values for each column. A part is dropped
    /// once it is read.
    ///
    /// # Errors
    /// The JSON has another form, two columns have the same name, or the table is empty.
    pub fn from_json<T: AsRef<[u8]>>(
        parts: impl IntoIterator<Item = T>,
    ) -> Result<Self, FileError> {
        let invalid = |error: serde_json::Error| {
            let message = format!("not a table: {error}");
            FileError::new(FileErrorKind::Unsupported, NAME, message)
        };
        let mut parts = parts.into_iter().peekable();
        if parts.peek().is_none_or(|part| part.as_ref().first() == Some(&b'[')) {
            let mut objects = Objects::default();
            for part in parts {
                for object in json::parse::<Vec<_>>(part.as_ref()).map_err(invalid)? {
                    objects.push(object);
                }
            }
            return objects.into_table();
        }
        let mut table = Self { name: NAME.to_owned(), ..Self::default() };
        for part in parts {
            table.extend(json::parse(part.as_ref()).map_err(invalid)?)?;
        }
        let empty = |message: &str| Err(FileError::new(FileErrorKind::Empty, NAME, message));
        if table.columns.is_empty() {
            return empty("the table has no columns");
        }
        if table.records.is_empty() {
            return empty("the table has no rows");
        }
        table.check_names(NAME)?;
        Ok(table)
    }

    /// Applies the limits of the options to a table that does not come from a file, and stores them for
    /// [`Self::document`]. Default limits don't bound such a table, as it is in memory already.
    ///
    /// # Errors
    /// The caller set limits, and the table has more cells or characters.
    pub fn within(mut self, options: &ReadOptions) -> Result<Self, FileError> {
        let name = std::mem::take(&mut self.name);
        let context = ReadContext::new(&name, options);
        page_ranges::refuse(&context)?;
        self.check_limits(&context)?;
        self.name = name;
        Ok(self)
    }

    /// Checks the cells and characters of the table if the caller set limits, and stores the limits.
    pub(crate) fn check_limits(&mut self, context: &ReadContext) -> Result<(), FileError> {
        self.limits = context.limits().clone();
        let default = Limits::default();
        if self.limits.cells != default.cells {
            let cells = self.columns.len().saturating_mul(self.records.len());
            match self.format {
                Some(Format::Csv | Format::Tsv) => context.check_text_cells(cells)?,
                _ => context.check_cells(cells)?,
            }
        }
        if self.limits.characters == default.characters
            || self.most_characters() <= self.limits.characters
        {
            return Ok(());
        }
        let mut characters: usize = 0;
        for text in self.row_texts(&[]) {
            characters += text.chars().count();
            context.check_character_count(characters)?;
        }
        Ok(())
    }

    /// An upper bound of the characters of all rows, computed without writing them.
    fn most_characters(&self) -> usize {
        let names = self.columns.iter().map(|name| name.len() + ": \n".len()).sum::<usize>();
        let values = self.records.json_bytes().saturating_mul(row_text::MOST_CHARACTERS_PER_BYTE);
        names.saturating_mul(self.records.len()).saturating_add(values)
    }

    fn extend(&mut self, ColumnPart { columns, values }: ColumnPart) -> Result<(), FileError> {
        let rows = values.first().map_or(0, Vec::len);
        if values.len() != columns.len() || values.iter().any(|column| column.len() != rows) {
            let message = "the columns differ in length";
            return Err(FileError::new(FileErrorKind::Corrupt, NAME, message));
        }
        self.columns = columns;
        for row in 0..rows {
            self.records.push(values.iter().map(|column| &column[row]));
        }
        Ok(())
    }

    /// # Errors
    /// Two columns have the same name. `name` is the name of the table.
    pub(crate) fn check_names(&self, name: &str) -> Result<(), FileError> {
        let mut seen = HashSet::new();
        match self.columns.iter().find(|column| !seen.insert(*column)) {
            Some(column) => {
                let message = format!("two columns are named `{column}`; rename one of them");
                Err(FileError::new(FileErrorKind::Corrupt, name, message))
            }
            None => Ok(()),
        }
    }

    /// Keeps the columns that are marked in `kept`.
    pub(crate) fn keep_columns(&mut self, kept: &[bool]) {
        let is_kept = |index: usize| kept.get(index).is_some_and(|kept| *kept);
        let columns = std::mem::take(&mut self.columns).into_iter().enumerate();
        self.columns =
            columns.filter(|(index, _)| is_kept(*index)).map(|(_, column)| column).collect();
        self.records = self.records.arranged(|_, record| {
            let cells = record.cells(kept.len()).enumerate();
            let cells = cells.filter(|(index, _)| is_kept(*index));
            cells.map(|(_, cell)| cell).enumerate()
        });
    }

    /// The values as a JSON array of columns.
    #[must_use]
    pub fn values_json(&self) -> String {
        let mut columns = vec![String::new(); self.columns.len()];
        for record in self.records.iter() {
            for (column, cell) in columns.iter_mut().zip(record.cells(self.columns.len())) {
                column.push(if column.is_empty() { '[' } else { ',' });
                column.push_str(cell.json());
            }
        }
        format!(
            "[{}]",
            columns.into_iter().map(|column| column + "]").collect::<Vec<_>>().join(",")
        )
    }

    /// The text of each record: a line `column: value` for each chosen column that is not null,
    /// strings unquoted and other values as JSON. Unknown columns are ignored; if none is known, all
    /// columns are taken.
    ///
    /// Further lines of a value are indented by two spaces, so no value reads as another column.
    ///
    /// ```
    /// let note = serde_json::json!({"note": "hi\namount: 999999", "amount": 5});
    /// let records = vec![note.as_object().cloned().unwrap_or_default()];
    /// let table = structx_documents::table::Table::from_records(records)?;
    /// let text = table.row_texts(&[]).next();
    /// assert_eq!(text.as_deref(), Some("note: hi\n  amount: 999999\namount: 5"));
    /// # Ok::<(), structx_documents::FileError>(())
    /// ```
    pub fn row_texts(&self, columns: &[String]) -> impl Iterator<Item = String> + use<'_> {
        let chosen = self.chosen(columns);
        (0..self.records.len()).map(move |position| self.text_of(position, &chosen))
    }

    /// The first rows, parted by blank lines. Each has the same share of the characters, so that a
    /// long one doesn't hide the others.
    #[must_use]
    pub fn sample(&self, rows: usize, characters: usize) -> String {
        const BLANK_LINE: &str = "\n\n";
        let share = characters / rows.min(self.records.len()).max(1);
        let cut =
            |text: String| beginning(&text, share.saturating_sub(BLANK_LINE.len())).to_owned();
        self.row_texts(&[]).take(rows).map(cut).collect::<Vec<_>>().join(BLANK_LINE)
    }

    fn chosen(&self, columns: &[String]) -> Vec<usize> {
        let is_chosen = |index: &usize| columns.contains(&self.columns[*index]);
        let chosen: Vec<usize> = (0..self.columns.len()).filter(is_chosen).collect();
        if chosen.is_empty() { (0..self.columns.len()).collect() } else { chosen }
    }

    /// The column that a byte of a row's text is in, one of [`row_texts`](Self::row_texts); `None` if it
    /// is in the name of a column.
    #[must_use]
    pub fn column_at(&self, text: &str, at: usize) -> Option<&str> {
        row_text::column_at(&self.columns, text, at)
    }

    pub(crate) fn text_of(&self, index: usize, chosen: &[usize]) -> String {
        let Some(record) = self.records.get(index) else { return String::new() };
        let mut text = String::new();
        let mut chosen = chosen.iter().peekable();
        for (index, cell) in record.cells(self.columns.len()).enumerate() {
            if chosen.next_if(|chosen| **chosen == index).is_some()
                && let Some(value) = cell.text()
            {
                if !text.is_empty() {
                    text.push('\n');
                }
                row_text::push_name(&mut text, &self.columns[index]);
                text.push_str(": ");
                row_text::push_value(&mut text, &value);
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::{Cell, Table};
    use crate::{Document, FileErrorKind, ReadOptions};

    fn records(value: Value) -> Vec<Map<String, Value>> {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn columns_are_the_union_of_keys() {
        let table = records(json!([{"b": 1, "a": "x\ny"}, {"c": {"d": [1.5]}, "a": null}]));
        let table = Table::from_records(table).unwrap();
        assert_eq!(table.columns, ["b", "a", "c"]);
        let last = table.records.get(1).unwrap().cells(3).map(Cell::value);
        assert_eq!(last.collect::<Vec<_>>(), [json!(null), json!(null), json!({"d": [1.5]})]);
        let rows = |columns: &[&str]| -> Vec<(usize, String)> {
            let columns: Vec<_> = columns.iter().map(ToString::to_string).collect();
            table.row_texts(&columns).enumerate().collect()
        };
        let (first, second) = ("b: 1\na: x\n  y".to_owned(), "c: {\"d\":[1.5]}".to_owned());
        let all = [(0, first.clone()), (1, second.clone())];
        assert_eq!(rows(&[]), all);
        assert_eq!(rows(&["zz"]), all);
        assert_eq!(rows(&["zz", "b"]), [(0, "b: 1".to_owned()), (1, String::new())]);
        assert_eq!(table.sample(9, 100), format!("{first}\n\n{second}"));
    }

    #[test]
    fn a_sample_of_long_rows_is_bounded_and_shows_each() {
        let long = "ä".repeat(100_000);
        let table = records((0..6).map(|id| json!({"id": id, "text": long})).collect());
        let sample = Table::from_records(table).unwrap().sample(5, 4_000);
        let characters = sample.chars().count();
        assert!((3_900..=4_000).contains(&characters), "{characters}");
        for id in 0..5 {
            assert!(sample.contains(&format!("id: {id}\ntext: ä")));
        }
    }

    #[test]
    fn parts_of_json_are_a_table() {
        let lists = [
            r#"{"columns": ["a", "b"], "values": [[1.50, null], ["x", { "c": [1] }]]}"#,
            r#"{"columns": ["a", "b"], "values": [["\u00fc\t\""], [null]]}"#,
        ];
        let objects =
            [r#"[{"a": 1.50, "b": "x"}, {"b": { "c": [1] }}]"#, r#"[{"a": "\u00fc\t\""}]"#];
        for parts in [lists, objects] {
            let table = Table::from_json(parts).unwrap();
            assert_eq!(table.columns, ["a", "b"]);
            let rows: Vec<_> = table.row_texts(&[]).collect();
            assert_eq!(rows, ["a: 1.50\nb: x", r#"b: {"c":[1]}"#, "a: ü\t\""]);
            let values = r#"[[1.50,null,"ü\t\""],["x",{"c":[1]},null]]"#;
            assert_eq!(table.values_json(), values);
        }
    }

    #[test]
    fn json_that_is_no_table_is_an_error() {
        for (json, kind) in [
            (r#"{"columns": [], "values": []}"#, FileErrorKind::Empty),
            (r#"{"columns": ["a"], "values": [[]]}"#, FileErrorKind::Empty),
            (r#"{"columns": ["a", "a"], "values": [[1], [2]]}"#, FileErrorKind::Corrupt),
            (r#"{"columns": ["a", "b"], "values": [[1], [2, 3]]}"#, FileErrorKind::Corrupt),
            (r#"{"columns": ["a", "b"], "values": [[1]]}"#, FileErrorKind::Corrupt),
            (r#"{"columns": ["a"]}"#, FileErrorKind::Unsupported),
            (r#"[{"a": 1, "a": 1}]"#, FileErrorKind::Unsupported),
            ("5", FileErrorKind::Unsupported),
        ] {
            assert_eq!(Table::from_json([json]).unwrap_err().kind, kind, "{json}");
        }
        assert_eq!(Table::from_json([""; 0]).unwrap_err().kind, FileErrorKind::Empty);
    }

    #[test]
    fn an_empty_table_is_an_error() {
        for empty in [json!([]), json!([{}, {}])] {
            let error = Table::from_records(records(empty)).unwrap_err();
            assert_eq!(error.kind, FileErrorKind::Empty);
        }
    }

    #[test]
    fn a_sample_ends_with_a_whole_line_or_character() {
        let document =
            Document::from_text("Zürich\nist schön\nim Mai", &ReadOptions::default()).unwrap();
        assert_eq!(document.sample(100), document.text);
        assert_eq!(document.sample(19), "Zürich\nist schön");
        assert_eq!(document.sample(15), "Zürich\nist schö");
        assert_eq!(document.sample(2), "Zü");
    }
}
