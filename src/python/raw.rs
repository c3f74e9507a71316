//! The plain tuples that `structx.results` makes results of.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::vec;

use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::error::Error;
use crate::llm::Provider;
use crate::llm::Usage;
use crate::reply::Repair;
use crate::run::{
    AttemptError, Client, Estimate, Extraction, Planned, PreparedExtraction, RowError, RowOutcome,
};
use crate::schema::{OutputSchema, UnenforcedRule};

use super::errors;
use super::input::Prepared;
use super::target::{ModelTarget, PydanticTarget};

/// `structx.results.RawExtraction`: model, planning calls, rows, warnings, what was read.
#[derive(IntoPyObject)]
pub struct RawExtraction(Model, Vec<RawUsage>, RawRows, Vec<String>, Prepared);

/// An iterator of `RawRow`: each row becomes Python's when it is asked for, so that a large result
/// is not there twice, and other threads get their turn between rows.
#[pyclass(module = "structx._core")]
pub struct RawRows(vec::IntoIter<RowOutcome<Py<PyAny>>>);

#[pymethods]
impl RawRows {
    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }

    fn __next__(&mut self) -> Option<RawRow> {
        self.0.next().map(RawRow::from)
    }
}

/// `structx.results.RawPlan`: the planned model, and the planning calls.
#[derive(IntoPyObject)]
pub struct RawPlan(Model, Vec<RawUsage>);

/// What `structx.explain` makes a report of: provider, model, method, whether it is enforced, the
/// schema that is sent as JSON, and of each loss pointer, keyword and outcome.
#[derive(IntoPyObject)]
pub struct RawSchema(String, String, &'static str, bool, String, Vec<(String, String, String)>);

impl RawSchema {
    pub fn new(client: &Client, schema: &OutputSchema) -> Self {
        Self(
            client.provider.name().to_owned(),
            client.name.to_string(),
            schema.mode.name(),
            schema.is_enforced(),
            schema.compiled.to_string(),
            schema.unenforced.iter().cloned().map(parts).collect(),
        )
    }
}

fn parts(UnenforcedRule { pointer, keyword, outcome }: UnenforcedRule) -> (String, String, String) {
    (pointer, keyword, outcome)
}

struct Model(Arc<ModelTarget>);

impl<'py> IntoPyObject<'py> for Model {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(self.0.model(py).clone())
    }
}

/// One of several extractions: what it gave, or the exception that it would have raised.
pub struct Tried(pub Result<RawExtraction, Error>);

impl<'py> IntoPyObject<'py> for Tried {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match self.0 {
            Ok(extraction) => extraction.into_bound_py_any(py),
            Err(error) => errors::extraction_error(py, error).into_bound_py_any(py),
        }
    }
}

/// `structx.results.RawRow`: position, input data, items, calls, error, sources, image pages, model,
/// repairs, errors of attempts, incomplete items, whether it is read from a journal.
#[derive(IntoPyObject)]
pub struct RawRow(
    usize,
    String,
    Vec<Py<PyAny>>,
    Vec<RawUsage>,
    Option<String>,
    HashMap<String, String>,
    Vec<u32>,
    Option<Name>,
    Vec<String>,
    Vec<RawError>,
    Vec<Py<PyAny>>,
    bool,
);

/// A name that many rows have: one object of Python's for all of them.
struct Name(Arc<str>);

impl<'py> IntoPyObject<'py> for Name {
    type Target = PyString;
    type Output = Bound<'py, PyString>;
    type Error = Infallible;

    fn into_pyobject(self, py: Python<'py>) -> Result<Bound<'py, PyString>, Infallible> {
        Ok(PyString::intern(py, &self.0))
    }
}

/// `structx.results.RawError`: the fields of `AttemptError`, in order.
#[derive(IntoPyObject)]
struct RawError(Name, &'static str, String, Option<u16>, Option<String>, Option<String>);

impl From<AttemptError> for RawError {
    fn from(AttemptError { model, failure }: AttemptError) -> Self {
        let (kind, message) = (failure.kind(), failure.to_string());
        let (status, code, request_id) = match failure {
            RowError::Llm { error, .. } => (error.status, error.code, error.request_id),
            RowError::Invalid { .. } | RowError::Validator(_) | RowError::Stopped(_) => {
                (None, None, None)
            }
        };
        Self(Name(model), kind, message, status, code, request_id)
    }
}

/// `structx.results.RawUsage`: the fields of `StepUsage`, in order.
#[derive(IntoPyObject)]
pub struct RawUsage(u64, u64, u64, Option<u64>, Option<u64>, Option<f64>);

/// `structx.estimates.RawEstimate`: the fields of an `Estimate`, in order.
#[derive(IntoPyObject)]
pub struct RawEstimate(usize, usize, u64, u64, Option<f64>, f64);

impl From<Estimate> for RawEstimate {
    fn from(estimate: Estimate) -> Self {
        let Estimate { rows, requests, prompt_tokens, completion_tokens, cost, seconds } = estimate;
        Self(rows, requests, prompt_tokens, completion_tokens, cost, seconds)
    }
}

impl RawExtraction {
    pub fn new(extraction: Extraction<PydanticTarget>, prepared: Prepared) -> Self {
        Self(
            Model(extraction.target.target),
            extraction.planning.into_iter().map(RawUsage::from).collect(),
            RawRows(extraction.outcomes.into_iter()),
            [prepared.content.warnings(), &extraction.warnings].concat(),
            prepared,
        )
    }
}

/// `structx.results.RawStart`: model, planning calls, warnings, what is read.
#[derive(IntoPyObject)]
pub struct RawStart(Model, Vec<RawUsage>, Vec<String>, Prepared);

impl RawStart {
    pub fn new(started: &PreparedExtraction<PydanticTarget>, prepared: Prepared) -> Self {
        Self(
            Model(started.target.target.clone()),
            started.planning.iter().copied().map(RawUsage::from).collect(),
            [prepared.content.warnings(), &started.warnings].concat(),
            prepared,
        )
    }
}

impl From<(Planned<PydanticTarget>, Vec<Usage>)> for RawPlan {
    fn from((planned, calls): (Planned<PydanticTarget>, Vec<Usage>)) -> Self {
        Self(Model(planned.target.target), calls.into_iter().map(RawUsage::from).collect())
    }
}

impl From<RowOutcome<Py<PyAny>>> for RawRow {
    fn from(outcome: RowOutcome<Py<PyAny>>) -> Self {
        let (items, error) = match outcome.result {
            Ok(items) => (items, None),
            Err(failure) => (Vec::new(), Some(failure.to_string())),
        };
        Self(
            outcome.position,
            outcome.text.as_ref().to_owned(),
            items,
            outcome.calls.into_iter().map(RawUsage::from).collect(),
            error,
            outcome.sources.into_iter().map(|source| (source.pointer, source.literal)).collect(),
            outcome.image_pages,
            outcome.model.map(Name),
            outcome.repairs.into_iter().map(described).collect(),
            outcome.errors.into_iter().map(RawError::from).collect(),
            outcome.incomplete,
            outcome.from_journal,
        )
    }
}

fn described(Repair { pointer, what }: Repair) -> String {
    if pointer.is_empty() { what } else { format!("{pointer}: {what}") }
}

impl From<Usage> for RawUsage {
    fn from(usage: Usage) -> Self {
        Self(
            usage.prompt_tokens,
            usage.completion_tokens,
            usage.total_tokens,
            usage.thinking_tokens,
            usage.cached_tokens,
            usage.cost,
        )
    }
}
