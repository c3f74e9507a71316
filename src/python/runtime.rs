//! The tokio runtime, and how Python waits for it.
//!
//! The runtime must end before the interpreter does: a pool thread that is attached to Python during
//! finalisation crashes the process. An `atexit` hook shuts it down. A changed process id shows a
//! fork: the child gets a runtime of its own. Jobs started after the shutdown, such as by a
//! destructor at exit, run on the calling thread.

use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, MutexGuard, OnceLock};
use std::thread::{self, ThreadId};
use std::time::Duration;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyCFunction, PyDict};
use tokio::runtime::{Builder, Handle, Runtime};

use structx_common::sync::lock;

use crate::run::store::database::forks;

use super::awaitable::Abort;
use super::errors;
use super::job::{Ended, Work};
use super::worker::{self, Call};

/// How long the interpreter's exit waits for running tasks. Chosen by hand, not measured.
const SHUTDOWN: Duration = Duration::from_secs(2);
/// How often a blocked call checks for Ctrl-C. Chosen by hand, not measured.
const SIGNALS: Duration = Duration::from_millis(100);

/// Threads for requests. One serves more requests than Python can take results of. A second one
/// costs a third more CPU (`bench/speed`), as rows move between the threads.
const WORKERS: usize = 1;
/// The least number of threads for blocking work. There is one for each processor, as each source is
/// in memory as a whole and more would only take turns; name look-ups use these threads too, hence
/// the minimum, which is chosen by hand.
const LEAST_READERS: usize = 4;

static RUNTIME: Mutex<State> = Mutex::new(State::Idle);
/// The thread on which the interpreter exits. Read without the GIL and therefore without a lock: a
/// lock held during a fork stays locked in the child.
static EXITING: OnceLock<ThreadId> = OnceLock::new();

enum State {
    Idle,
    /// The runtime, and the process that started it.
    Running(u32, Runtime),
    /// The interpreter is about to exit.
    Closed,
}

fn state() -> MutexGuard<'static, State> {
    lock(&RUNTIME)
}

/// The runtime of this process; `None` on the exiting thread after the shutdown. Other threads that
/// call this at exit block here until the process ends.
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

/// Ends all threads; called at exit, as none may outlive the interpreter.
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

/// Registers the hooks; they run with the GIL, so that no two threads fork at a time.
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

/// What a thread that waits for a call is woken for.
enum Wake {
    Call(Call),
    Ended(Ended),
}

/// The thread that waits for a call, if one does.
#[derive(Default)]
pub struct Waiter(Mutex<Option<mpsc::Sender<Wake>>>);

impl Waiter {
    /// Runs `call` on the thread that waits, in the order of these calls.
    ///
    /// # Errors
    /// No thread waits now: the call, unchanged.
    pub fn run(&self, call: Call) -> Result<(), Call> {
        match &*lock(&self.0) {
            Some(waiter) => waiter.send(Wake::Call(call)).map_err(|unsent| match unsent.0 {
                Wake::Call(call) => call,
                Wake::Ended(_) => unreachable!("a call was sent"),
            }),
            None => Err(call),
        }
    }
}

/// Waits for `work` without the GIL, and runs calls for `waiter` meanwhile; Ctrl-C drops the work.
pub fn block_on(py: Python<'_>, work: Work, waiter: &Waiter) -> PyResult<Ended> {
    let Some(runtime) = handle(py)? else { return block_on_here(py, work) };
    py.detach(|| {
        let (sender, receiver) = mpsc::channel();
        *lock(&waiter.0) = Some(sender.clone());
        // In two steps, so that everything the work holds is dropped before the result is seen.
        let task = runtime.spawn(async move {
            let ended = work.await;
            sender.send(Wake::Ended(ended))
        });
        let _abort = Abort(task.abort_handle());
        let ended = wake_up(&receiver);
        *lock(&waiter.0) = None;
        // What came in between; it also holds objects of Python's.
        while let Ok(Wake::Call(call)) = receiver.try_recv() {
            run(call);
        }
        ended
    })
}

/// A panic is told by the panic hook, and is no reason to end the wait.
fn run(call: Call) {
    let _ = catch_unwind(AssertUnwindSafe(|| Python::attach(call)));
}

/// Waits until the work has ended, and runs the calls that come before.
fn wake_up(receiver: &mpsc::Receiver<Wake>) -> PyResult<Ended> {
    loop {
        let wake = receiver.recv_timeout(SIGNALS);
        stay_out_of_a_closing_interpreter();
        match wake {
            Ok(Wake::Ended(ended)) => return Ok(ended),
            Ok(Wake::Call(call)) => run(call),
            Err(RecvTimeoutError::Timeout) => {
                Python::attach(|py: Python<'_>| py.check_signals())?;
            }
            Err(RecvTimeoutError::Disconnected) => {
                return Err(PyRuntimeError::new_err("the runtime was shut down"));
            }
        }
    }
}

/// Runs `work` on this thread at exit; it keeps the GIL for calls into Python.
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

/// Blocks a daemon thread during finalisation until the process ends: it can't be served any more,
/// and entering Python could crash the process. Python treats threads that want the GIL alike.
fn stay_out_of_a_closing_interpreter() {
    while is_exiting_elsewhere() {
        thread::park();
    }
}

fn is_exiting_elsewhere() -> bool {
    EXITING.get().is_some_and(|exiting| *exiting != thread::current().id())
}
