//! The results of jobs as Python dicts, which the stub of `structx._core` describes by the same
//! names; rows are in `row.rs`.

use std::sync::Arc;

use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;

use crate::llm::Provider;
use crate::llm::Usage;
use crate::llm::rate_limit::{Stats, Totals};
use crate::run::error::Error;
use crate::run::{Client, Estimate, Extraction, Planned, PreparedExtraction};
use crate::schema::{OutputSchema, UnenforcedRule};

use super::errors;
use super::input::Prepared;
use super::row::RawRows;
use super::target::{ModelTarget, PydanticTarget};

#[derive(IntoPyObject)]
pub struct RawExtraction {
    model: Model,
    planning: Vec<RawUsage>,
    rows: RawRows,
    warnings: Vec<String>,
    /// By their numbers; None for those that can't be read.
    sources: Vec<Option<Prepared>>,
    /// Why there are no more sources, if that is an error.
    failure: Option<Failure>,
}

#[derive(IntoPyObject)]
pub struct RawPlan {
    model: Model,
    planning: Vec<RawUsage>,
}

#[derive(IntoPyObject)]
pub struct RawSchema {
    provider: String,
    model: String,
    method: &'static str,
    is_enforced: bool,
    /// JSON.
    sent: String,
    losses: Vec<RawLoss>,
}

/// What is counted for a model; the names of `structx.ModelStats`.
#[derive(IntoPyObject)]
pub struct RawStats {
    pub model: String,
    waiting: usize,
    in_flight: usize,
    found_requests_per_minute: Option<f64>,
    reported_requests_per_minute: Option<f64>,
    reported_tokens_per_minute: Option<f64>,
    requests: u64,
    throttled: u64,
    failed: u64,
    prompt_tokens: u64,
    completion_tokens: u64,
}

impl RawStats {
    pub fn of(client: &Client) -> Self {
        let Stats {
            waiting,
            in_flight,
            found_requests_per_minute,
            reported_requests_per_minute,
            reported_tokens_per_minute,
            totals: Totals { requests, throttled, failed, prompt_tokens, completion_tokens },
        } = client.limiter.stats();
        Self {
            model: client.name.to_string(),
            waiting,
            in_flight,
            found_requests_per_minute,
            reported_requests_per_minute,
            reported_tokens_per_minute,
            requests,
            throttled,
            failed,
            prompt_tokens,
            completion_tokens,
        }
    }
}

#[derive(IntoPyObject)]
struct RawLoss {
    pointer: String,
    keyword: String,
    message: String,
}

impl RawSchema {
    pub fn new(client: &Client, schema: &OutputSchema) -> Self {
        Self {
            provider: client.provider.name().to_owned(),
            model: client.name.to_string(),
            method: schema.mode.name(),
            is_enforced: schema.is_enforced(),
            sent: schema.compiled.to_string(),
            losses: schema.unenforced.iter().cloned().map(RawLoss::from).collect(),
        }
    }
}

impl From<UnenforcedRule> for RawLoss {
    fn from(UnenforcedRule { pointer, keyword, outcome }: UnenforcedRule) -> Self {
        Self { pointer, keyword, message: outcome }
    }
}

/// An error as an exception that is not raised.
struct Failure(Error);

impl<'py> IntoPyObject<'py> for Failure {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        errors::extraction_error(py, self.0).into_bound_py_any(py)
    }
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
pub struct QueryResult(pub Result<RawExtraction, Error>);

impl<'py> IntoPyObject<'py> for QueryResult {
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

/// `structx.usage.RawUsage`.
#[derive(IntoPyObject)]
pub struct RawUsage {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
    thinking_tokens: Option<u64>,
    cached_tokens: Option<u64>,
    cost: Option<f64>,
}

#[derive(IntoPyObject)]
pub struct RawEstimate {
    rows: usize,
    requests: usize,
    prompt_tokens: u64,
    completion_tokens: u64,
    cost: Option<f64>,
    seconds: f64,
    unread: usize,
}

impl From<Estimate> for RawEstimate {
    fn from(estimate: Estimate) -> Self {
        let Estimate { rows, requests, prompt_tokens, completion_tokens, cost, seconds, unread } =
            estimate;
        Self { rows, requests, prompt_tokens, completion_tokens, cost, seconds, unread }
    }
}

impl RawExtraction {
    /// `sources` may end before the last ones that can't be read.
    pub fn new(extraction: Extraction<PydanticTarget>, mut sources: Vec<Option<Prepared>>) -> Self {
        let last = extraction.outcomes.last().map_or(0, |outcome| outcome.source.number + 1);
        sources.resize(sources.len().max(last), None);
        let schema = extraction.target.target.schema.clone();
        Self {
            model: Model(extraction.target.target),
            planning: extraction.planning.into_iter().map(RawUsage::from).collect(),
            rows: RawRows::new(extraction.outcomes, Some(schema)),
            warnings: extraction.warnings,
            sources,
            failure: extraction.failure.map(Failure),
        }
    }
}

#[derive(IntoPyObject)]
pub struct RawStart {
    model: Model,
    planning: Vec<RawUsage>,
    warnings: Vec<String>,
}

impl RawStart {
    pub fn new(started: &PreparedExtraction<PydanticTarget>) -> Self {
        Self {
            model: Model(started.target.target.clone()),
            planning: started.planning.iter().copied().map(RawUsage::from).collect(),
            warnings: started.warnings.clone(),
        }
    }
}

impl From<(Planned<PydanticTarget>, Vec<Usage>)> for RawPlan {
    fn from((planned, calls): (Planned<PydanticTarget>, Vec<Usage>)) -> Self {
        let planning = calls.into_iter().map(RawUsage::from).collect();
        Self { model: Model(planned.target.target), planning }
    }
}

impl From<Usage> for RawUsage {
    fn from(usage: Usage) -> Self {
        Self {
            prompt_tokens: usage.prompt_tokens,
            completion_tokens: usage.completion_tokens,
            total_tokens: usage.total_tokens,
            thinking_tokens: usage.thinking_tokens,
            cached_tokens: usage.cached_tokens,
            cost: usage.cost,
        }
    }
}
