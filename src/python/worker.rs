//! The one thread that calls Python for the runtime, in batches: a worker of the runtime that
//! waits for the GIL would stall every request it serves.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use pyo3::prelude::*;
use tokio::sync::oneshot;

/// Calls made in one hold of the GIL, so that other threads of the program get their turn.
const BATCH: usize = 64;

static WORKER: Mutex<Option<Worker>> = Mutex::new(None);

type Call = Box<dyn FnOnce(Python<'_>) + Send>;

struct Worker {
    process: u32,
    calls: Sender<Call>,
    thread: JoinHandle<()>,
}

/// Runs `call` on the thread. The error says why there is no result, such as a panic's text.
pub async fn run<T, F>(call: F) -> Result<T, String>
where
    T: Send + 'static,
    F: FnOnce(Python<'_>) -> T + Send + 'static,
{
    let (sender, receiver) = oneshot::channel();
    submit(Box::new(move |py| {
        if !sender.is_closed() {
            let result = catch_unwind(AssertUnwindSafe(|| call(py))).map_err(panic_text);
            let _ = sender.send(result);
        }
    }))?;
    receiver.await.unwrap_or_else(|_| Err("the interpreter is shutting down".to_owned()))
}

fn submit(call: Call) -> Result<(), String> {
    let mut slot = slot();
    let process = std::process::id();
    let worker = match slot.take_if(|worker| worker.process == process) {
        Some(worker) => worker,
        None => start(process).map_err(|error| format!("no thread could be started: {error}"))?,
    };
    let sent = worker.calls.send(call).map_err(|_| "the interpreter is shutting down".to_owned());
    // A worker of a parent process has no thread here: it is forgotten, never joined.
    std::mem::forget(slot.replace(worker));
    sent
}

fn start(process: u32) -> std::io::Result<Worker> {
    let (calls, queue) = mpsc::channel();
    let thread = thread::Builder::new().name("structx-python".to_owned()).spawn(|| serve(queue))?;
    Ok(Worker { process, calls, thread })
}

#[expect(clippy::needless_pass_by_value, reason = "the queue ends with its thread")]
fn serve(queue: Receiver<Call>) {
    while let Ok(first) = queue.recv() {
        // No result where the interpreter is finalising: the calls are dropped.
        let _ = Python::try_attach(|py| {
            first(py);
            queue.try_iter().take(BATCH - 1).for_each(|call| call(py));
        });
    }
}

/// Ends the thread and waits for it.
pub fn shutdown() {
    let worker = slot().take();
    if let Some(Worker { process, calls, thread }) = worker {
        if process == std::process::id() {
            drop(calls);
            let _ = thread.join();
        } else {
            std::mem::forget((calls, thread));
        }
    }
}

fn slot() -> MutexGuard<'static, Option<Worker>> {
    WORKER.lock().unwrap_or_else(PoisonError::into_inner)
}

fn panic_text(panic: Box<dyn Any + Send>) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    format!("panic: {}", text.unwrap_or_else(|| "of unknown kind".to_owned()))
}
