//! Records with named columns, and the rows that are sent of them.

use std::collections::HashSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::documents::{Content, Document, FileError, FileErrorKind};

/// The unit of extraction: a record of a table, or a whole document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Zero-based.
    pub position: usize,
    /// The exact payload that is sent.
    pub text: Arc<str>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Table {
    pub columns: Vec<String>,
    /// Each as long as `columns`.
    pub records: Vec<Vec<Value>>,
    pub warnings: Vec<String>,
}

impl Table {
    /// A table of objects: the columns are the union of their keys in the order first seen, and
    /// what an object lacks is null.
    ///
    /// # Errors
    /// There are no records, or none has a key.
    pub fn from_records(records: Vec<Map<String, Value>>) -> Result<Self, FileError> {
        let empty = |message: &str| Err(FileError::new(FileErrorKind::Empty, "data", message));
        if records.is_empty() {
            return empty("the table has no rows");
        }
        let mut seen = HashSet::new();
        let keys = records.iter().flat_map(Map::keys);
        let columns: Vec<String> = keys.filter(|key| seen.insert(*key)).cloned().collect();
        if columns.is_empty() {
            return empty("the table has no columns");
        }
        let row = |mut record: Map<String, Value>| {
            let value = |column| record.get_mut(column).map(Value::take).unwrap_or_default();
            columns.iter().map(value).collect()
        };
        let records = records.into_iter().map(row).collect();
        Ok(Self { columns, records, warnings: Vec::new() })
    }

    /// What is sent of one record: a line `column: value` for each of the columns that is not null,
    /// strings as they are and other values as JSON. Unknown columns are ignored; where none is
    /// known, all are taken.
    #[must_use]
    pub fn row_text(&self, index: usize, columns: &[String]) -> String {
        self.text_of(index, &self.chosen(columns))
    }

    pub fn rows(&self, columns: &[String]) -> impl Iterator<Item = Row> + use<'_> {
        let chosen = self.chosen(columns);
        (0..self.records.len())
            .map(move |position| Row { position, text: self.text_of(position, &chosen).into() })
    }

    /// The first rows, parted by blank lines.
    #[must_use]
    pub fn sample(&self, rows: usize) -> String {
        let texts: Vec<_> = self.rows(&[]).take(rows).map(|row| row.text).collect();
        texts.join("\n\n")
    }

    fn chosen(&self, columns: &[String]) -> Vec<usize> {
        let is_chosen = |index: &usize| columns.contains(&self.columns[*index]);
        let chosen: Vec<usize> = (0..self.columns.len()).filter(is_chosen).collect();
        if chosen.is_empty() { (0..self.columns.len()).collect() } else { chosen }
    }

    fn text_of(&self, index: usize, chosen: &[usize]) -> String {
        let record = self.records.get(index).map_or(&[][..], Vec::as_slice);
        let line = |column: &usize| match record.get(*column)? {
            Value::Null => None,
            Value::String(text) => Some(format!("{}: {text}", self.columns[*column])),
            value => Some(format!("{}: {value}", self.columns[*column])),
        };
        chosen.iter().filter_map(line).collect::<Vec<_>>().join("\n")
    }
}

impl Document {
    /// The whole text: a document is one row.
    #[must_use]
    pub fn row(&self) -> Row {
        Row { position: 0, text: self.text.as_str().into() }
    }

    /// The beginning of the text, cut at the end of a line where there is one in its second half.
    #[must_use]
    pub fn sample(&self, characters: usize) -> &str {
        let Some((end, _)) = self.text.char_indices().nth(characters) else { return &self.text };
        let start = &self.text[..end];
        match start.rfind('\n') {
            Some(line) if line >= end / 2 => &start[..line],
            _ => start,
        }
    }
}

impl Content {
    /// What a plan can choose from; a document has no columns.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        match self {
            Self::Document(_) => &[],
            Self::Table(table) => &table.columns,
        }
    }

    /// The rows in order, of the chosen columns where the content has any.
    #[must_use]
    pub fn rows<'a>(&'a self, columns: &[String]) -> Box<dyn Iterator<Item = Row> + Send + 'a> {
        match self {
            Self::Document(document) => Box::new(std::iter::once_with(|| document.row())),
            Self::Table(table) => Box::new(table.rows(columns)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::Table;
    use crate::documents::{Document, FileErrorKind};

    fn records(value: Value) -> Vec<Map<String, Value>> {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn columns_are_the_union_of_keys() {
        let table = records(json!([{"b": 1, "a": "x\ny"}, {"c": {"d": [1.5]}, "a": null}]));
        let table = Table::from_records(table).unwrap();
        assert_eq!(table.columns, ["b", "a", "c"]);
        assert_eq!(table.records[1], [json!(null), json!(null), json!({"d": [1.5]})]);
        assert_eq!(table.row_text(0, &[]), "b: 1\na: x\ny");
        assert_eq!(table.row_text(0, &["zz".into(), "b".into()]), "b: 1");
        assert_eq!(table.row_text(1, &["zz".into()]), "c: {\"d\":[1.5]}");
        assert_eq!(table.row_text(2, &[]), "");
        assert_eq!(table.sample(9), "b: 1\na: x\ny\n\nc: {\"d\":[1.5]}");
        let positions: Vec<usize> = table.rows(&[]).map(|row| row.position).collect();
        assert_eq!(positions, [0, 1]);
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
        let document = Document::from_text("Zürich\nist schön\nim Mai").unwrap();
        assert_eq!(document.sample(100), document.text);
        assert_eq!(document.sample(19), "Zürich\nist schön");
        assert_eq!(document.sample(15), "Zürich\nist schö");
        assert_eq!(document.sample(2), "Zü");
    }
}
