//! A value of an item, and what its schema tells about it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A value without parts, with its place in the items.
#[derive(Debug, Clone, PartialEq)]
pub struct Leaf {
    /// JSON Pointer into the items, such as `/0/lines/2/price`.
    pub pointer: String,
    /// A string, a number or a boolean. Strings may be dates or decimals.
    pub value: Value,
    pub field: FieldHints,
}

impl Leaf {
    /// A text without hints.
    #[must_use]
    pub fn text(pointer: &str, value: &str) -> Self {
        Self { pointer: pointer.to_owned(), value: value.into(), field: FieldHints::default() }
    }
}

/// What the schema tells about a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldHints {
    /// The names of the property and, before it, of the properties that it is in: `seller`, `name`.
    pub path: Vec<String>,
    pub description: String,
    pub kind: Kind,
    /// False for what a model infers or calculates (`"x-copied": false`).
    pub is_copied: bool,
}

impl Default for FieldHints {
    fn default() -> Self {
        Self { path: Vec::new(), description: String::new(), kind: Kind::Text, is_copied: true }
    }
}

/// The kind of values that a field holds.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Number,
    Date,
    DateTime,
    Time,
    Boolean,
    /// One of a list of values, which the text need not contain.
    Enum,
    #[default]
    Text,
}
