//! Builds a table object by object.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::{NAME, Records, Table};
use crate::{FileError, FileErrorKind};

/// Collects objects to a table. The columns are the union of the keys in order of first appearance;
/// missing values are null.
#[derive(Default)]
pub struct Objects {
    places: HashMap<String, usize>,
    columns: Vec<String>,
    records: Records,
}

impl Objects {
    pub fn push(&mut self, object: Map<String, Value>) {
        let cells = object.into_iter().map(|(key, value)| (self.place(key), value));
        let mut cells: Vec<_> = cells.collect();
        cells.sort_by_key(|(place, _)| *place);
        self.records.push_at(cells);
    }

    fn place(&mut self, key: String) -> usize {
        if let Some(place) = self.places.get(&key) {
            return *place;
        }
        self.columns.push(key.clone());
        self.places.insert(key, self.columns.len() - 1);
        self.columns.len() - 1
    }

    pub(crate) fn len(&self) -> usize {
        self.records.len()
    }

    /// The number of cells, including those that objects lack.
    pub(crate) fn cells(&self) -> usize {
        self.columns.len().saturating_mul(self.records.len())
    }

    /// # Errors
    /// There are no records, or none has a key.
    pub fn into_table(self) -> Result<Table, FileError> {
        let Self { columns, records, .. } = self;
        let message = match (records.len(), columns.len()) {
            (0, _) => "the table has no rows",
            (_, 0) => "the table has no columns",
            _ => return Ok(Table { name: NAME.to_owned(), columns, records, ..Table::default() }),
        };
        Err(FileError::new(FileErrorKind::Empty, NAME, message))
    }
}
