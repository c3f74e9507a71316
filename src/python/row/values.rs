//! What a row is made of: for its pickle, and to compare rows.

use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::RowResult;

/// The attributes that make a row, in the order of its constructor.
pub const NAMES: [&str; 15] = [
    "position",
    "source_index",
    "input_data",
    "items",
    "usage",
    "error",
    "evidence",
    "image_pages",
    "model",
    "repairs",
    "errors",
    "incomplete_items",
    "from_journal",
    "source",
    "source_position",
];

/// The values of these attributes. Evidence, which follows from the others, only if it is kept and asked
/// for.
pub fn values<'py>(
    row: &Bound<'py, RowResult>,
    with_evidence: bool,
) -> PyResult<Bound<'py, PyTuple>> {
    let with_evidence = with_evidence && row.get().has_evidence();
    let value = |name: &&str| match *name {
        "evidence" if !with_evidence => Ok(row.py().None().into_bound(row.py())),
        name => row.getattr(name),
    };
    PyTuple::new(row.py(), NAMES.iter().map(value).collect::<PyResult<Vec<_>>>()?)
}
