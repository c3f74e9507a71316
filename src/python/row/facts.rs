//! What long tables need of a row, without its Python objects.

use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};

use super::RowResult;

/// The position, items, error, tokens of prompts and replies, cost and model of a row. Unlike its
/// attributes, they leave no objects in the row, which a table of a million rows would pay for.
#[pyfunction]
pub fn facts_of<'py>(row: &Bound<'py, RowResult>) -> PyResult<Facts<'py>> {
    let (py, known) = (row.py(), row.get());
    let made = known.made.get();
    let items = match made.and_then(|made| made.items.get()) {
        Some(items) => items.bind(py).clone(),
        None => PyTuple::new(py, &known.items)?.into_any(),
    };
    let (prompt, completion, cost) = match made.and_then(|made| made.usage.get()) {
        Some(usage) => {
            let of = |name| usage.bind(py).getattr(name);
            (
                of("prompt_tokens")?.extract()?,
                of("completion_tokens")?.extract()?,
                of("cost")?.extract()?,
            )
        }
        None => (
            known.calls.iter().map(|call| call.prompt_tokens).sum(),
            known.calls.iter().map(|call| call.completion_tokens).sum(),
            known.calls.iter().map(|call| call.cost).sum(),
        ),
    };
    Ok((
        known.position,
        items,
        known.error().map(str::to_owned),
        prompt,
        completion,
        cost,
        known.model(py),
    ))
}

type Facts<'py> =
    (usize, Bound<'py, PyAny>, Option<String>, u64, u64, Option<f64>, Option<Bound<'py, PyString>>);
