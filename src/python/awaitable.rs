//! Awaitables of asyncio loops: aborted when they are cancelled, resolved in batches.
//!
//! `pyo3_async_runtimes` wakes the loop, from a thread of its own, for each of them. Here those
//! that end together are resolved in one callback of their loop.

use std::sync::{Mutex, PoisonError};

use pyo3::prelude::*;
use tokio::task::AbortHandle;

use super::errors;
use super::job::Ended;

/// Where the result of a job goes.
pub struct Receiver {
    event_loop: Py<PyAny>,
    future: Py<PyAny>,
}

impl Receiver {
    /// On the running loop. Under anything but asyncio there is none.
    pub fn new(py: Python<'_>) -> PyResult<Self> {
        let event_loop = pyo3_async_runtimes::get_running_loop(py)
            .map_err(|error| errors::not_asyncio(py, error))?;
        let future = event_loop.call_method0("create_future")?.unbind();
        Ok(Self { event_loop: event_loop.unbind(), future })
    }

    /// What the caller awaits.
    pub fn awaitable<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        self.future.bind(py).clone()
    }
}

pub struct Delivery {
    pub receiver: Receiver,
    pub ended: Ended,
}

/// Resolves all of them, with one wake-up for each loop.
pub fn deliver(py: Python<'_>, deliveries: Vec<Delivery>) {
    let mut by_loop: Vec<(Py<PyAny>, Vec<Resolved>)> = Vec::new();
    for Delivery { receiver, ended } in deliveries {
        let result = ended(py).map(Bound::unbind);
        let Receiver { event_loop, future } = receiver;
        match by_loop.iter_mut().find(|(known, _)| known.is(&event_loop)) {
            Some((_, resolved)) => resolved.push((future, result)),
            None => by_loop.push((event_loop, vec![(future, result)])),
        }
    }
    for (event_loop, resolved) in by_loop {
        let resolve = Resolve(Mutex::new(resolved));
        // A loop that is closed has nobody left who waits.
        let _ = event_loop.call_method1(py, "call_soon_threadsafe", (resolve,));
    }
}

type Resolved = (Py<PyAny>, PyResult<Py<PyAny>>);

/// Called by the loop itself: sets the results of futures that still wait.
#[pyclass(frozen, module = "structx._core")]
struct Resolve(Mutex<Vec<Resolved>>);

#[pymethods]
impl Resolve {
    fn __call__(&self, py: Python<'_>) -> PyResult<()> {
        let resolved = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        for (future, result) in resolved {
            set(future.bind(py), result)?;
        }
        Ok(())
    }
}

fn set(future: &Bound<'_, PyAny>, result: PyResult<Py<PyAny>>) -> PyResult<()> {
    let py = future.py();
    if !future.call_method0("done")?.extract()? {
        match result {
            Ok(value) => future.call_method1("set_result", (value,))?,
            Err(error) => future.call_method1("set_exception", (error.into_value(py),))?,
        };
    }
    Ok(())
}

/// Aborts a task once its awaitable is cancelled, or this is dropped. An awaitable that nobody has
/// any more is kept by its task, as asyncio keeps what waits for a socket.
#[pyclass(frozen, module = "structx._core")]
pub struct Abort(pub AbortHandle);

#[pymethods]
impl Abort {
    fn __call__(&self, _future: &Bound<'_, PyAny>) {
        self.0.abort();
    }
}

impl Drop for Abort {
    fn drop(&mut self) {
        self.0.abort();
    }
}
