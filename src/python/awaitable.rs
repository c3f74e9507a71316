//! Awaitables of asyncio loops. Cancelling one aborts its task; results are delivered in batches.
//!
//! `pyo3_async_runtimes` wakes the loop for each awaitable, from a thread of its own. Here results
//! that are ready together share one callback of their loop.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

use pyo3::prelude::*;
use tokio::task::AbortHandle;

use super::errors;
use super::job::Ended;
use structx_common::sync::lock;

/// The destination of a job's result.
pub struct Receiver {
    event_loop: Py<PyAny>,
    future: Py<PyAny>,
}

impl Receiver {
    /// A future of the running loop; an error outside asyncio.
    pub fn new(py: Python<'_>) -> PyResult<Self> {
        let event_loop = pyo3_async_runtimes::get_running_loop(py)
            .map_err(|error| errors::not_asyncio(py, error))?;
        let future = event_loop.call_method0("create_future")?.unbind();
        Ok(Self { event_loop: event_loop.unbind(), future })
    }

    /// The future that the caller awaits.
    pub fn awaitable<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        self.future.bind(py).clone()
    }
}

pub struct Delivery {
    pub receiver: Receiver,
    pub ended: Ended,
}

/// Resolves all futures, with one wake-up of each loop.
pub fn deliver(py: Python<'_>, deliveries: Vec<Delivery>) {
    let mut by_loop: Vec<(Py<PyAny>, Vec<Resolved>)> = Vec::new();
    for Delivery { receiver, ended } in deliveries {
        // A panic is the end of this one, and not of those beside it.
        let result = catch_unwind(AssertUnwindSafe(|| ended(py).map(Bound::unbind)));
        let result = result.unwrap_or_else(|panic| {
            let text = format!("panic: {}", structx_common::panics::message(&*panic));
            Err(errors::internal_error(py, text))
        });
        let Receiver { event_loop, future } = receiver;
        match by_loop.iter_mut().find(|(known, _)| known.is(&event_loop)) {
            Some((_, resolved)) => resolved.push((future, result)),
            None => by_loop.push((event_loop, vec![(future, result)])),
        }
    }
    for (event_loop, resolved) in by_loop {
        let resolve = Resolve(Mutex::new(resolved));
        // Nobody waits on a closed loop.
        let _ = event_loop.call_method1(py, "call_soon_threadsafe", (resolve,));
    }
}

type Resolved = (Py<PyAny>, PyResult<Py<PyAny>>);

/// A callback of the loop: sets the results of futures that are still pending.
#[pyclass(frozen, module = "structx._core")]
struct Resolve(Mutex<Vec<Resolved>>);

#[pymethods]
impl Resolve {
    fn __call__(&self, py: Python<'_>) -> PyResult<()> {
        let resolved = std::mem::take(&mut *lock(&self.0));
        // What one raises, such as a future of the caller's own loop, keeps no other from its result.
        let set = resolved.into_iter().map(|(future, result)| set(future.bind(py), result));
        set.collect::<Vec<_>>().into_iter().collect()
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

/// Aborts a task when its awaitable is cancelled or this guard is dropped. The task keeps the
/// awaitable alive, as asyncio keeps a future that waits for a socket.
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
