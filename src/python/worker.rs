//! The one thread that calls Python for the runtime, in batches: a worker of the runtime that
//! waits for the GIL would stall every request it serves.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use pyo3::prelude::*;
use tokio::sync::oneshot;

use crate::error::panic_text;

/// Calls made in one hold of the GIL, so that other threads of the program get their turn.
const BATCH: usize = 64;
const NAME: &str = "structx-python";

static WORKER: Mutex<Option<Worker>> = Mutex::new(None);

type Call = Box<dyn FnOnce(Python<'_>) + Send>;

struct Worker {
    process: u32,
    caller: Caller,
    thread: JoinHandle<()>,
}

/// Hands calls to the thread. `None` ends it.
#[derive(Clone)]
pub struct Caller(Sender<Option<Call>>);

impl Caller {
    /// The caller of this process; starts the thread where there is none.
    ///
    /// Taken with the GIL, as the lock is: no other thread holds it while one forks.
    pub fn get(_: Python<'_>) -> std::io::Result<Self> {
        let mut slot = WORKER.lock().unwrap_or_else(PoisonError::into_inner);
        let process = std::process::id();
        if let Some(worker) = slot.as_ref().filter(|worker| worker.process == process) {
            return Ok(worker.caller.clone());
        }
        let worker = Worker::start(process)?;
        let caller = worker.caller.clone();
        // A worker of a parent process has no thread here: it is forgotten, never joined.
        std::mem::forget(slot.replace(worker));
        Ok(caller)
    }

    /// Runs `call` on the thread. The error says why there is no result, such as a panic's text.
    pub async fn run<T, F>(&self, call: F) -> Result<T, String>
    where
        T: Send + 'static,
        F: FnOnce(Python<'_>) -> T + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let call: Call = Box::new(move |py| {
            if !sender.is_closed() {
                let result = catch_unwind(AssertUnwindSafe(|| call(py)))
                    .map_err(|panic| format!("panic: {}", panic_text(&*panic)));
                let _ = sender.send(result);
            }
        });
        let closed = || "the interpreter is shutting down".to_owned();
        self.0.send(Some(call)).map_err(|_| closed())?;
        receiver.await.unwrap_or_else(|_| Err(closed()))
    }
}

impl Worker {
    fn start(process: u32) -> std::io::Result<Self> {
        let (sender, queue) = mpsc::channel();
        let thread = thread::Builder::new().name(NAME.to_owned()).spawn(move || serve(&queue))?;
        Ok(Self { process, caller: Caller(sender), thread })
    }
}

fn serve(queue: &Receiver<Option<Call>>) {
    while let Ok(Some(first)) = queue.recv() {
        let mut is_ended = false;
        // No result where the interpreter is finalising: the calls are dropped.
        let _ = Python::try_attach(|py| {
            first(py);
            for next in queue.try_iter().take(BATCH - 1) {
                let Some(call) = next else {
                    is_ended = true;
                    break;
                };
                call(py);
            }
        });
        if is_ended {
            break;
        }
    }
}

/// Whether this is the thread: what waits here for calls of its own waits for ever.
pub fn is_current() -> bool {
    thread::current().name() == Some(NAME)
}

/// Ends the thread and waits until the call that it is in has returned, as the interpreter waits
/// for threads of its own: a thread that is in Python while it finalises aborts the process.
pub fn shutdown() {
    let worker = WORKER.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(Worker { process, caller, thread }) = worker {
        if process == std::process::id() {
            let _ = caller.0.send(None);
            let _ = thread.join();
        } else {
            std::mem::forget((caller, thread));
        }
    }
}
