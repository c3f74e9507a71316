//! The one tokio runtime, and the two ways Python waits for it.
//!
//! It is ours because a runtime must be gone before the interpreter is: a pool thread that is
//! attached to Python while it finalises crashes the process. An `atexit` hook shuts it down, and a
//! fork is seen by the process id: the child gets a runtime of its own.

use std::any::Any;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3_async_runtimes::TaskLocals;
use pyo3_async_runtimes::generic::{self, ContextExt, JoinError};
use tokio::runtime::{Builder, Handle, Runtime};

use super::worker;

/// How long the interpreter's exit waits for work that is under way.
const SHUTDOWN: Duration = Duration::from_secs(2);
/// How often a blocked call looks for Ctrl-C.
const SIGNALS: Duration = Duration::from_millis(100);

static RUNTIME: Mutex<State> = Mutex::new(State::Idle);

enum State {
    Idle,
    /// The runtime, and the process that started it.
    Running(u32, Runtime),
    /// The interpreter is about to exit.
    Closed,
}

fn state() -> MutexGuard<'static, State> {
    RUNTIME.lock().unwrap_or_else(PoisonError::into_inner)
}

fn handle() -> PyResult<Handle> {
    let mut state = state();
    let process = std::process::id();
    match &*state {
        State::Running(owner, runtime) if *owner == process => return Ok(runtime.handle().clone()),
        State::Closed => return Err(PyRuntimeError::new_err("the interpreter is shutting down")),
        State::Running(..) | State::Idle => {}
    }
    let runtime = Builder::new_multi_thread().enable_all().thread_name("structx").build()?;
    let handle = runtime.handle().clone();
    let parents = std::mem::replace(&mut *state, State::Running(process, runtime));
    // The threads of a parent process do not exist here: its runtime can't be shut down.
    std::mem::forget(parents);
    Ok(handle)
}

/// Run at exit: no thread of ours may outlive the interpreter.
#[pyfunction]
pub fn shutdown(py: Python<'_>) {
    py.detach(|| {
        let state = std::mem::replace(&mut *state(), State::Closed);
        if let State::Running(owner, runtime) = state {
            if owner == std::process::id() {
                runtime.shutdown_timeout(SHUTDOWN);
            } else {
                std::mem::forget(runtime);
            }
        }
        worker::shutdown();
    });
}

/// The awaitable of `future` on the running asyncio loop; cancelling it drops `future`.
pub fn into_awaitable<T>(
    py: Python<'_>,
    future: impl Future<Output = T> + Send + 'static,
) -> PyResult<Bound<'_, PyAny>>
where
    T: for<'a> IntoPyObject<'a> + Send + 'static,
{
    handle()?;
    generic::future_into_py::<Tokio, _, T>(py, async move { Ok(future.await) })
}

/// Waits for `future` without the GIL; Ctrl-C drops it.
pub fn block_on<T: Send>(py: Python<'_>, future: impl Future<Output = T> + Send) -> PyResult<T> {
    if worker::is_current() {
        return Err(PyRuntimeError::new_err("a validator can't wait for an extraction of its own"));
    }
    let handle = handle()?;
    py.detach(|| {
        let mut future = pin!(future);
        loop {
            let step = async { tokio::time::timeout(SIGNALS, future.as_mut()).await };
            if let Ok(result) = handle.block_on(step) {
                return Ok(result);
            }
            // Outside the runtime: a signal handler may call structx itself.
            Python::attach(|py: Python<'_>| py.check_signals())?;
        }
    })
}

/// Our runtime, as pyo3-async-runtimes wants to see it.
struct Tokio;

type Task = Pin<Box<dyn Future<Output = Result<(), Failed>> + Send>>;

/// A task that ended without a result.
enum Failed {
    Task(tokio::task::JoinError),
    NoRuntime,
}

impl JoinError for Failed {
    fn is_panic(&self) -> bool {
        matches!(self, Self::Task(error) if error.is_panic())
    }

    fn into_panic(self) -> Box<dyn Any + Send + 'static> {
        match self {
            Self::Task(error) => error.into_panic(),
            Self::NoRuntime => Box::new("the runtime is shut down"),
        }
    }
}

fn on_runtime(spawn: impl FnOnce(&Handle) -> tokio::task::JoinHandle<()>) -> Task {
    let handle = Handle::try_current().or_else(|_| handle());
    let task = handle.map(|handle| spawn(&handle));
    Box::pin(async move {
        match task {
            Ok(task) => task.await.map_err(Failed::Task),
            Err(_) => Err(Failed::NoRuntime),
        }
    })
}

impl generic::Runtime for Tokio {
    type JoinError = Failed;
    type JoinHandle = Task;

    fn spawn<F: Future<Output = ()> + Send + 'static>(future: F) -> Task {
        on_runtime(|handle| handle.spawn(future))
    }

    fn spawn_blocking<F: FnOnce() + Send + 'static>(work: F) -> Task {
        on_runtime(|handle| handle.spawn_blocking(work))
    }
}

/// The event loop is never stored: one extractor serves any number of loops.
impl ContextExt for Tokio {
    fn scope<F, R>(_: TaskLocals, future: F) -> Pin<Box<dyn Future<Output = R> + Send>>
    where
        F: Future<Output = R> + Send + 'static,
    {
        Box::pin(future)
    }

    fn get_task_locals() -> Option<TaskLocals> {
        None
    }
}
