//! The evidence of a row's values, found when Python asks for it.

use std::ops::Range;
use std::sync::Arc;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use serde::Serialize;
use serde_json::Value;

use crate::documents::table::Table;
use crate::documents::{BlockKind, CodePoints, Content, Document};
use crate::evidence::{Evidence, Leaf, Uncited, coverage, find, leaves};
use crate::run::proof::{self, RecordedValue};
use crate::run::{index, items_of};

use super::document::{RawBox, raw_box};
use super::input::{Input, read_and};
use super::item_schema::to_python;
use super::job::Job;
use super::target::{Compiled, Pydantic};

/// The reply of a model for a row, and where it comes from.
pub struct Claim {
    pub content: Arc<Content>,
    pub target: Arc<Compiled>,
    /// JSON, `{"items": [...]}`.
    pub reply: Box<str>,
}

/// A row, as far as it matters to evidence.
pub struct RowText<'a> {
    pub position: usize,
    pub text: &'a str,
    /// Whether the model saw its pages as images.
    pub has_images: bool,
}

#[derive(IntoPyObject)]
struct RawEvidence {
    pointer: String,
    value: JsonValue,
    text: String,
    kind: String,
    status: String,
    score: f32,
    spans: Vec<RawSpan>,
    occurrences: usize,
}

#[derive(Default, IntoPyObject)]
struct RawRowEvidence {
    values: Vec<RawEvidence>,
    stated: usize,
    cited: usize,
    uncited: Vec<RawUncited>,
}

#[derive(IntoPyObject)]
struct RawUncited {
    omission: String,
    span: RawSpan,
}

#[derive(IntoPyObject)]
struct RawSpan {
    start: usize,
    end: usize,
    text: String,
    page: Option<u32>,
    boxes: Vec<RawBox>,
    cell: Option<RawCell>,
    source: String,
}

#[derive(IntoPyObject)]
enum RawCell {
    /// Sheet and address.
    Sheet((String, String)),
    /// Table, row and column of a document, from 0.
    Table((usize, u32, u32)),
    /// Name, position and column of a table.
    Record((String, usize, String)),
}

struct JsonValue(Value);

impl<'py> IntoPyObject<'py> for JsonValue {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        to_python(py, &self.0)
    }
}

/// A `structx.evidence.RowEvidence`; empty without a claim.
pub fn of_row<'py>(
    py: Python<'py>,
    claim: Option<&Claim>,
    row: &RowText<'_>,
) -> PyResult<Bound<'py, PyAny>> {
    static OF_RAW: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let found = py.detach(|| claim.map(|claim| claim.find(row)).unwrap_or_default());
    OF_RAW.import(py, "structx.evidence", "of_raw")?.call1((found,))
}

impl Claim {
    fn find(&self, row: &RowText<'_>) -> RawRowEvidence {
        let leaves = leaves(&items_of(&self.reply), &self.target.schema);
        let content = &*self.content;
        let index = index(content, row.text, row.has_images);
        let evidence = find(&index, &leaves);
        let coverage = coverage(&index, &evidence);
        let places = match content {
            Content::Document(document) => Places::Document(document, TableCells::of(document)),
            Content::Table(table) => Places::Record(table, row.position),
        };
        let offsets = CodePoints::new(row.text);
        let spans = |evidence: &Evidence| -> Vec<RawSpan> {
            evidence.spans.iter().map(|span| places.span(row.text, &offsets, span)).collect()
        };
        let raw = |(leaf, evidence): (Leaf, Evidence)| RawEvidence {
            pointer: leaf.pointer,
            value: JsonValue(leaf.value),
            spans: spans(&evidence),
            kind: name(leaf.field.kind),
            status: name(evidence.status),
            score: evidence.score,
            occurrences: evidence.occurrences,
            text: evidence.text,
        };
        let uncited = |it: &Uncited| RawUncited {
            omission: name(it.omission),
            span: places.span(row.text, &offsets, &it.range),
        };
        RawRowEvidence {
            stated: coverage.stated,
            cited: coverage.cited,
            uncited: coverage.uncited.iter().map(uncited).collect(),
            values: leaves.into_iter().zip(evidence).map(raw).collect(),
        }
    }
}

/// Where the spans of a row are.
enum Places<'a> {
    Document(&'a Document, TableCells),
    /// A table, and the position of the row.
    Record(&'a Table, usize),
}

impl Places<'_> {
    fn span(&self, text: &str, offsets: &CodePoints, bytes: &Range<usize>) -> RawSpan {
        let Range { start, end } = offsets.range(text, bytes);
        let said = text.get(bytes.clone()).unwrap_or_default().to_owned();
        let span = RawSpan {
            start,
            end,
            text: said,
            page: None,
            boxes: Vec::new(),
            cell: None,
            source: String::new(),
        };
        match self {
            Self::Document(document, cells) => {
                let places = document.locate(bytes.clone());
                RawSpan {
                    page: places.first().and_then(|place| place.page),
                    boxes: places.iter().filter_map(|place| place.bounds).map(raw_box).collect(),
                    cell: cells.cell(document, bytes),
                    source: document.name.clone(),
                    ..span
                }
            }
            Self::Record(table, position) => {
                let column = table.column_at(text, bytes.start);
                let cell = |column: &str| (table.name.clone(), *position, column.to_owned());
                let cell = column.map(|column| RawCell::Record(cell(column)));
                RawSpan { cell, source: table.name.clone(), ..span }
            }
        }
    }
}

/// The cells of a document's tables, in the order of its text.
struct TableCells(Vec<(Range<usize>, (usize, u32, u32))>);

impl TableCells {
    fn of(document: &Document) -> Self {
        let (mut tables, mut cells) = (0_usize, Vec::new());
        for block in &document.blocks {
            match block.kind {
                BlockKind::Table => tables += 1,
                BlockKind::Cell { row, column } => {
                    cells.push((block.range.clone(), (tables.saturating_sub(1), row, column)));
                }
                _ => {}
            }
        }
        Self(cells)
    }

    /// The cell of a document in which a range begins.
    fn cell(&self, document: &Document, range: &Range<usize>) -> Option<RawCell> {
        if let Some(address) = document.address(range)
            && let Some((sheet, cell)) = address.rsplit_once('!')
        {
            return Some(RawCell::Sheet((sheet.to_owned(), cell.to_owned())));
        }
        let before = self.0.partition_point(|(cell, _)| cell.start <= range.start);
        let (cell, place) = self.0.get(before.checked_sub(1)?)?;
        cell.contains(&range.start).then_some(RawCell::Table(*place))
    }
}

/// The name of a status or a kind.
fn name(of: impl Serialize) -> String {
    match serde_json::to_value(of) {
        Ok(Value::String(name)) => name,
        _ => String::new(),
    }
}

/// A job that checks recorded values against a source: what does not hold, in words. `values` is a list of
/// [`RecordedValue`] as JSON. Raises `FileError`, and `ValueError` for other JSON.
#[pyfunction]
pub fn checking(py: Python<'_>, input: Input, values: &str) -> PyResult<Job> {
    let values: Vec<RecordedValue> =
        serde_json::from_str(values).map_err(|error| PyValueError::new_err(error.to_string()))?;
    let work = read_and(input, false, move |prepared| match &*prepared.content {
        Content::Document(document) => Ok(proof::check(document, &values)),
        Content::Table(_) => Ok(vec!["it is read as a table, not as a document".to_owned()]),
    });
    Ok(Job::new(Pydantic::without_validators(py)?, None, work))
}

/// The error of a row whose evidence was not kept.
pub fn not_kept() -> PyErr {
    PyValueError::new_err(
        "the evidence of this row was not kept: give evidence=True to extract, which keeps it for rows \
         of tables too",
    )
}
