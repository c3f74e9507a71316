//! The one tokio runtime, and how Python waits for it.
//!
//! It is ours because a runtime must be gone before the interpreter is: a pool thread that is
//! attached to Python while it finalises crashes the process. An `atexit` hook shuts it down, and a
//! fork is seen by the process id: the child gets a runtime of its own. What is asked for later
//! still, by a destructor at exit, runs on the thread that asks.

use std::num::NonZero;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyCFunction, PyDict};
use tokio::runtime::{Builder, Handle, Runtime};

use crate::run::store::database::forks;

use super::awaitable::Abort;
use super::job::{Ended, Work};
use super::{errors, worker};

/// How long the interpreter's exit waits for work that is under way.
const SHUTDOWN: Duration = Duration::from_secs(2);
/// How often a blocked call looks for Ctrl-C.
const SIGNALS: Duration = Duration::from_millis(100);

/// Threads for requests. One serves more of them than Python can take the results of; with a second
/// they hand each row from one to the other, which costs a third more processor time.
const WORKERS: usize = 1;
/// Sources that are read at the same time, each in memory as a whole: as many as there are
/// processors, and at least so many, as names are looked up on these threads too. Any more would
/// only take turns, and have the caller's loop wait for its own.
const LEAST_READERS: usize = 4;

static RUNTIME: Mutex<State> = Mutex::new(State::Idle);
/// The thread on which the interpreter exits. Read where there is no GIL, and so no lock: one that
/// is held there while another thread forks stays locked in the child.
static EXITING: OnceLock<ThreadId> = OnceLock::new();

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

/// The runtime of this process; `None` on the thread that exits, which has to do without. Any other
/// thread that asks at exit waits here for the end.
pub fn handle(py: Python<'_>) -> PyResult<Option<Handle>> {
    if is_exiting_elsewhere() {
        py.detach(stay_out_of_a_closing_interpreter);
    }
    let mut state = state();
    let process = std::process::id();
    match &*state {
        State::Running(owner, runtime) if *owner == process => {
            return Ok(Some(runtime.handle().clone()));
        }
        State::Closed => return Ok(None),
        State::Running(..) | State::Idle => {}
    }
    let readers = thread::available_parallelism().map_or(0, NonZero::get).max(LEAST_READERS);
    let mut builder = Builder::new_multi_thread();
    builder.enable_all().thread_name("structx");
    builder.worker_threads(WORKERS).max_blocking_threads(readers);
    let runtime = builder.build().map_err(|error| errors::no_threads(py, error))?;
    let handle = runtime.handle().clone();
    let parents = std::mem::replace(&mut *state, State::Running(process, runtime));
    // The threads of a parent process do not exist here: its runtime can't be shut down.
    std::mem::forget(parents);
    Ok(Some(handle))
}

/// Run at exit: no thread of ours may outlive the interpreter.
#[pyfunction]
pub fn shutdown(py: Python<'_>) {
    EXITING.get_or_init(|| thread::current().id());
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

/// With the GIL, so that no two threads fork at a time.
pub fn close_files_at_forks(py: Python<'_>) -> PyResult<()> {
    // Windows has no forks.
    let Some(register) = py.import("os")?.getattr_opt("register_at_fork")? else { return Ok(()) };
    let hook = |hook: fn()| PyCFunction::new_closure(py, None, None, move |_, _| hook());
    let hooks = PyDict::new(py);
    hooks.set_item("before", hook(forks::before)?)?;
    hooks.set_item("after_in_parent", hook(forks::after)?)?;
    hooks.set_item("after_in_child", hook(forks::after)?)?;
    register.call((), Some(&hooks)).map(drop)
}

/// Waits for `work` without the GIL; Ctrl-C drops it.
pub fn block_on(py: Python<'_>, work: Work) -> PyResult<Ended> {
    let Some(runtime) = handle(py)? else { return block_on_here(py, work) };
    py.detach(|| {
        let (sender, receiver) = mpsc::sync_channel(1);
        // Two steps: what the work holds is gone before anybody hears of its end.
        let task = runtime.spawn(async move {
            let ended = work.await;
            sender.send(ended)
        });
        let _abort = Abort(task.abort_handle());
        loop {
            let step = receiver.recv_timeout(SIGNALS);
            stay_out_of_a_closing_interpreter();
            match step {
                Ok(ended) => return Ok(ended),
                Err(RecvTimeoutError::Timeout) => {
                    Python::attach(|py: Python<'_>| py.check_signals())?;
                }
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(PyRuntimeError::new_err("the runtime was shut down"));
                }
            }
        }
    })
}

/// At exit: on this thread, which keeps the GIL for the calls of Python.
fn block_on_here(py: Python<'_>, mut work: Work) -> PyResult<Ended> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        loop {
            if let Ok(ended) = tokio::time::timeout(SIGNALS, &mut work).await {
                return Ok(ended);
            }
            py.check_signals()?;
        }
    })
}

/// A daemon thread that is in Python while it finalises may crash the process, and can't be served
/// any more: it waits here for the end, as Python makes threads wait that want the GIL then.
fn stay_out_of_a_closing_interpreter() {
    while is_exiting_elsewhere() {
        thread::park();
    }
}

fn is_exiting_elsewhere() -> bool {
    EXITING.get().is_some_and(|exiting| *exiting != thread::current().id())
}
