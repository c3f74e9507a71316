//! The plain tuples that `structx.results` makes results of; rows are in `row.rs`.

use std::sync::Arc;

use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;

use crate::error::Error;
use crate::llm::Provider;
use crate::llm::Usage;
use crate::run::{Client, Estimate, Extraction, Planned, PreparedExtraction};
use crate::schema::{OutputSchema, UnenforcedRule};

use super::errors;
use super::input::Prepared;
use super::row::RawRows;
use super::target::{ModelTarget, PydanticTarget};

/// `structx.results.RawExtraction`: model, planning calls, rows, warnings, what was read.
#[derive(IntoPyObject)]
pub struct RawExtraction(Model, Vec<RawUsage>, RawRows, Vec<String>, Prepared);

/// `structx.results.RawPlan`: the planned model, and the planning calls.
#[derive(IntoPyObject)]
pub struct RawPlan(Model, Vec<RawUsage>);

/// Source of a `structx.explain` report: provider, model, method, whether the schema is enforced, the
/// schema as it is sent, as JSON, and the pointer, keyword and outcome of each loss.
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

/// One of several extractions: its result, or its exception.
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
            RawRows::new(extraction.outcomes),
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
