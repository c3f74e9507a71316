//! An operation of the core, ready to run: blocking, or on an asyncio loop.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use pyo3::IntoPyObjectExt;
use pyo3::exceptions::PyRuntimeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use super::awaitable::{Abort, Delivery, Receiver};
use super::target::{ModelTarget, Pydantic};
use super::worker;
use super::{errors, runtime};
use crate::documents::FileError;
use crate::run::error::Error;
use structx_common::sync::lock;

/// Converts the result of an operation to Python; called with the GIL.
pub type Ended = Box<dyn for<'py> FnOnce(Python<'py>) -> PyResult<Bound<'py, PyAny>> + Send>;
pub type Work = Pin<Box<dyn Future<Output = Ended> + Send>>;

#[pyclass(frozen, module = "structx._core")]
pub struct Job {
    work: Mutex<Option<Work>>,
    pydantic: Pydantic,
    /// Held until the job is dropped, with the GIL: dropping Python objects without it takes a lock of pyo3,
    /// which a fork could copy while it is held.
    _target: Option<Arc<ModelTarget>>,
}

/// A copy of the caller's context, for all Python code of its job.
pub struct Context(Py<PyAny>);

impl Context {
    pub fn copy(py: Python<'_>) -> PyResult<Arc<Self>> {
        static COPY: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let copy = COPY.import(py, "contextvars", "copy_context")?;
        copy.call0().map(|context| Arc::new(Self(context.unbind())))
    }

    /// `function(argument)` in a copy of it: a context can be entered by one thread at a time, and
    /// validators of one job run on several.
    pub fn call<'py>(
        &self,
        py: Python<'py>,
        function: &Bound<'py, PyAny>,
        argument: impl IntoPyObject<'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let copy = self.0.bind(py).call_method0(intern!(py, "copy"))?;
        copy.call_method1(intern!(py, "run"), (function, argument))
    }
}

/// Makes the exception of an operation that failed.
pub trait Raise: Send + 'static {
    fn raise(self, py: Python<'_>) -> PyErr;
}

impl Raise for Error {
    fn raise(self, py: Python<'_>) -> PyErr {
        errors::extraction_error(py, self)
    }
}

impl Raise for FileError {
    fn raise(self, _: Python<'_>) -> PyErr {
        errors::file_error(self)
    }
}

impl Job {
    /// A job of `operation`, whose panics become exceptions.
    pub fn new<T, E>(
        pydantic: Pydantic,
        target: Option<Arc<ModelTarget>>,
        operation: impl Future<Output = Result<T, E>> + Send + 'static,
    ) -> Self
    where
        T: for<'py> IntoPyObject<'py> + Send + 'static,
        E: Raise,
    {
        let python = pydantic.clone();
        let work = async move {
            let operation = AssertUnwindSafe(operation).catch_unwind();
            let ended: Ended = match python.unless_interrupted(operation).await {
                Ok(Ok(Ok(value))) => Box::new(|py| value.into_bound_py_any(py)),
                Ok(Ok(Err(error))) => Box::new(|py| Err(error.raise(py))),
                Ok(Err(panic)) => {
                    let text = format!("panic: {}", structx_common::panics::message(&*panic));
                    Box::new(|py| Err(errors::internal_error(py, text)))
                }
                Err(interrupt) => Box::new(|_| Err(interrupt)),
            };
            ended
        };
        Self { work: Mutex::new(Some(Box::pin(work))), pydantic, _target: target }
    }

    fn take(&self) -> PyResult<Work> {
        if worker::is_current() {
            return Err(errors::within_a_job());
        }
        let work = lock(&self.work).take();
        work.ok_or_else(|| PyRuntimeError::new_err("a job runs once"))
    }
}

#[pymethods]
impl Job {
    /// Waits without the GIL; raises `ExtractionError`.
    fn wait<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let ended = runtime::block_on(py, self.take()?, &self.pydantic.waiter)?;
        ended(py)
    }

    /// Runs on the running asyncio loop; raises `ExtractionError`, also when awaited.
    fn start<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let receiver = Receiver::new(py)?;
        let awaitable = receiver.awaitable(py);
        let work = self.take()?;
        let caller = self.pydantic.caller.clone();
        if let Some(runtime) = runtime::handle(py)? {
            let task = async move {
                let ended = work.await;
                caller.deliver(Delivery { receiver, ended });
            };
            let abort = Abort(runtime.spawn(task).abort_handle());
            awaitable.call_method1("add_done_callback", (abort,))?;
        } else {
            let ended = runtime::block_on(py, work, &self.pydantic.waiter)?;
            caller.deliver(Delivery { receiver, ended });
        }
        Ok(awaitable)
    }
}
