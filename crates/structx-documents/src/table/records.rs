//! The records of a table in compact form: a `Value` per cell would take ten times the memory of its
//! text.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Write};

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// Separates the cells of a record. Compact JSON contains no tab character; in strings it is escaped.
const TAB: char = '\t';

/// Records of cells; serialised as a list of lists of values.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Records {
    /// The cells as JSON separated by tabs, record after record. Null is empty, and omitted at the end
    /// of a record, so that a new column does not change earlier records.
    text: String,
    /// The end of each record in `text`.
    ends: Vec<usize>,
}

#[derive(Debug, Clone, Copy)]
pub struct Record<'a>(&'a str);

#[derive(Debug, Clone, Copy)]
pub struct Cell<'a>(&'a str);

impl Records {
    pub fn push<C: Serialize>(&mut self, cells: impl IntoIterator<Item = C>) {
        self.push_at(cells.into_iter().enumerate());
    }

    /// Pushes a record of cells with their columns, in ascending order.
    pub fn push_at<C: Serialize>(&mut self, cells: impl IntoIterator<Item = (usize, C)>) {
        self.write(cells, |text, cell| {
            let start = text.len();
            // Writing a value to a string can't fail.
            let is_written = serde_json::to_writer(Text(text), &cell).is_ok();
            if !is_written || &text[start..] == "null" {
                text.truncate(start);
            }
        });
    }

    /// Pushes a record of cells copied from other records, with their columns in ascending order.
    fn push_cells<'a>(&mut self, cells: impl IntoIterator<Item = (usize, Cell<'a>)>) {
        self.write(cells, |text, Cell(json)| text.push_str(json));
    }

    fn write<C>(
        &mut self,
        cells: impl IntoIterator<Item = (usize, C)>,
        mut write: impl FnMut(&mut String, C),
    ) {
        let start = self.text.len();
        let mut last = 0;
        for (column, cell) in cells {
            self.text.extend(std::iter::repeat_n(TAB, column - last));
            write(&mut self.text, cell);
            last = column;
        }
        let end = start + self.text[start..].trim_end_matches(TAB).len();
        self.text.truncate(end);
        self.ends.push(end);
    }

    /// Appends the records of `other`.
    pub fn append(&mut self, other: &Self) {
        let start = self.text.len();
        self.text.push_str(&other.text);
        self.ends.extend(other.ends.iter().map(|end| start + end));
    }

    /// The records at these positions.
    #[must_use]
    pub fn only(&self, positions: &[usize]) -> Self {
        let mut records = Self::default();
        for Record(text) in positions.iter().filter_map(|position| self.get(*position)) {
            records.text.push_str(text);
            records.ends.push(records.text.len());
        }
        records
    }

    /// Maps each record to cells with their columns, in ascending order.
    #[must_use]
    pub fn arranged<'a, C>(&'a self, arranged: impl Fn(usize, Record<'a>) -> C) -> Self
    where
        C: IntoIterator<Item = (usize, Cell<'a>)>,
    {
        let mut records = Self::default();
        for (index, record) in self.iter().enumerate() {
            records.push_cells(arranged(index, record));
        }
        records
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    #[must_use]
    pub fn get(&self, index: usize) -> Option<Record<'_>> {
        let end = *self.ends.get(index)?;
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        Some(Record(&self.text[start..end]))
    }

    pub fn iter(&self) -> impl Iterator<Item = Record<'_>> {
        (0..self.len()).filter_map(|index| self.get(index))
    }

    /// The number of bytes of all cells as JSON.
    pub(super) fn json_bytes(&self) -> usize {
        self.text.len()
    }

    /// The number of columns without trailing ones that are null in all records.
    fn columns(&self) -> usize {
        self.iter().map(|record| record.0.split(TAB).count()).max().unwrap_or(0)
    }
}

impl<'a> Record<'a> {
    /// The cells of the first `columns` columns.
    pub fn cells(self, columns: usize) -> impl Iterator<Item = Cell<'a>> {
        self.0.split(TAB).map(Cell).chain(std::iter::repeat(Cell(""))).take(columns)
    }
}

impl<'a> Cell<'a> {
    /// A cell of compact JSON that is not null.
    pub(crate) fn of_json(json: &'a str) -> Self {
        Self(json)
    }

    /// The cell as JSON.
    #[must_use]
    pub fn json(self) -> &'a str {
        if self.0.is_empty() { "null" } else { self.0 }
    }

    /// The content of a string, or the JSON of another value; `None` for null.
    #[must_use]
    pub fn text(self) -> Option<Cow<'a, str>> {
        let Self(json) = self;
        let string = json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        match string {
            _ if json.is_empty() => None,
            Some(text) if !text.contains('\\') => Some(Cow::Borrowed(text)),
            Some(_) => serde_json::from_str(json).ok().map(Cow::Owned),
            None => Some(Cow::Borrowed(json)),
        }
    }

    #[must_use]
    pub fn value(self) -> Value {
        serde_json::from_str(self.json()).unwrap_or_default()
    }
}

/// Adapts a `String` to `io::Write`.
struct Text<'a>(&'a mut String);

impl Write for Text<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.push_str(str::from_utf8(bytes).map_err(io::Error::other)?);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Serialize for Records {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let columns = self.columns();
        let values = |record: Record| record.cells(columns).map(Cell::value).collect::<Vec<_>>();
        serializer.collect_seq(self.iter().map(values))
    }
}

impl<'de> Deserialize<'de> for Records {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Lists;
        impl<'de> Visitor<'de> for Lists {
            type Value = Records;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of lists of values")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut lists: A) -> Result<Records, A::Error> {
                let mut records = Records::default();
                while let Some(values) = lists.next_element::<Vec<Value>>()? {
                    records.push(values);
                }
                Ok(records)
            }
        }
        deserializer.deserialize_seq(Lists)
    }
}

#[cfg(test)]
mod tests;
