//! The rows of a whole result, which become Python's at once.

use std::sync::{Arc, Mutex};

use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::run::RowOutcome;

use super::super::target::Compiled;
use super::RowResult;
use structx_common::sync::lock;

/// Rows that are made in one hold of the GIL: about a millisecond.
const ROWS_IN_A_HOLD: usize = 2_000;

/// The rows of a result, which become Python's with the labels of the caller's table.
#[pyclass(frozen, module = "structx._core")]
pub struct RawRows {
    outcomes: Mutex<Vec<RowOutcome<Py<PyAny>>>>,
    count: usize,
    /// The schema of the items, by which evidence is found; `None` if there are no outcomes.
    target: Option<Arc<Compiled>>,
}

impl RawRows {
    pub fn new(outcomes: Vec<RowOutcome<Py<PyAny>>>, target: Option<Arc<Compiled>>) -> Self {
        Self { count: outcomes.len(), outcomes: Mutex::new(outcomes), target }
    }
}

#[pymethods]
impl RawRows {
    fn __len__(&self) -> usize {
        self.count
    }

    /// The rows and the items of all of them. `labels` are those of the rows of the source, if it has
    /// any; of several sources those of the sources. Other threads get their turn between rows.
    #[pyo3(signature = (labels, of_sources=false))]
    fn take<'py>(
        &self,
        py: Python<'py>,
        labels: Option<&Bound<'py, PyAny>>,
        of_sources: bool,
    ) -> PyResult<(Bound<'py, PyList>, Bound<'py, PyList>)> {
        let mut outcomes = std::mem::take(&mut *lock(&self.outcomes));
        let (rows, items) = (PyList::empty(py), PyList::empty(py));
        // From the end, so that outcomes leave their memory while rows take theirs.
        while !outcomes.is_empty() {
            let part = outcomes.split_off(outcomes.len().saturating_sub(ROWS_IN_A_HOLD));
            outcomes.shrink_to_fit();
            for outcome in part.into_iter().rev() {
                let labeled = if of_sources { outcome.source.given } else { outcome.position };
                let label = labels.map(|labels| labels.get_item(labeled)).transpose()?;
                let row = RowResult::new(outcome, label.map(Bound::unbind), self.target.as_ref());
                for item in row.items.iter().rev() {
                    items.append(item.bind(py))?;
                }
                rows.append(Bound::new(py, row)?)?;
            }
            py.detach(|| ());
        }
        rows.reverse()?;
        items.reverse()?;
        Ok((rows, items))
    }
}
