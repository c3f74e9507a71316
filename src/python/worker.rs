//! The one thread that calls Python for the runtime, in turns: a worker of the runtime that waits
//! for the GIL would stall every request it serves.

use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use tokio::sync::oneshot;

use super::awaitable::{self, Delivery};

/// How long calls are made in one hold of the GIL before results are delivered again.
const TURN: Duration = Duration::from_millis(1);
const NAME: &str = "structx-python";

static WORKER: Mutex<State> = Mutex::new(State::Idle);

/// The number of a caller; calls of different clients take turns.
type Client = u64;
type Call = Box<dyn FnOnce(Python<'_>) + Send>;

enum State {
    Idle,
    Running(Worker),
    /// The interpreter is about to exit.
    Closed,
}

struct Worker {
    process: u32,
    queue: Sender<Work>,
    thread: JoinHandle<()>,
}

enum Work {
    Call(Client, Call),
    Delivery(Delivery),
    End,
}

fn state() -> MutexGuard<'static, State> {
    WORKER.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Hands the work of one job to the thread; at exit, when there is none any more, does it at once
/// where it is.
#[derive(Clone)]
pub struct Caller {
    client: Client,
    queue: Option<Sender<Work>>,
}

impl Caller {
    /// A caller for a job of this process; starts the thread where there is none.
    ///
    /// Taken with the GIL, as the lock is: no other thread holds it while one forks.
    pub fn get(_: Python<'_>) -> std::io::Result<Self> {
        static CLIENTS: AtomicU64 = AtomicU64::new(0);
        let client = CLIENTS.fetch_add(1, Ordering::Relaxed);
        let mut state = state();
        let process = std::process::id();
        match &*state {
            State::Closed => return Ok(Self { client, queue: None }),
            State::Running(worker) if worker.process == process => {
                return Ok(Self { client, queue: Some(worker.queue.clone()) });
            }
            State::Running(_) | State::Idle => {}
        }
        let worker = Worker::start(process)?;
        let caller = Self { client, queue: Some(worker.queue.clone()) };
        // A worker of a parent process has no thread here: it is forgotten, never joined.
        std::mem::forget(std::mem::replace(&mut *state, State::Running(worker)));
        Ok(caller)
    }

    /// Runs `call` on the thread, soon. The error says why there is no result, such as a panic's
    /// text; a call whose result nobody waits for any more is left out.
    pub async fn run<T, F>(&self, call: F) -> Result<T, String>
    where
        T: Send + 'static,
        F: FnOnce(Python<'_>) -> T + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        self.post(move |py| {
            if !sender.is_closed() {
                let result = catch_unwind(AssertUnwindSafe(|| call(py))).map_err(|panic| {
                    format!("panic: {}", structx_common::panics::message(&*panic))
                });
                let _ = sender.send(result);
            }
        });
        receiver.await.unwrap_or_else(|_| Err("the interpreter is shutting down".to_owned()))
    }

    /// Has `call`, which must not panic, run on the thread.
    pub fn post(&self, call: impl FnOnce(Python<'_>) + Send + 'static) {
        match &self.queue {
            // Work for a thread that has ended is dropped, and who waits for it sees it.
            Some(queue) => drop(queue.send(Work::Call(self.client, Box::new(call)))),
            None => Python::attach(call),
        }
    }

    /// Resolves an awaitable from the thread.
    pub fn deliver(&self, delivery: Delivery) {
        match &self.queue {
            Some(queue) => drop(queue.send(Work::Delivery(delivery))),
            None => Python::attach(|py| awaitable::deliver(py, vec![delivery])),
        }
    }
}

impl Worker {
    fn start(process: u32) -> std::io::Result<Self> {
        let (sender, receiver) = mpsc::channel();
        let serve = move || Queue::new(receiver).serve();
        let thread = thread::Builder::new().name(NAME.to_owned()).spawn(serve)?;
        Ok(Self { process, queue: sender, thread })
    }
}

/// What the thread has to do.
struct Queue {
    receiver: Receiver<Work>,
    calls: HashMap<Client, VecDeque<Call>>,
    /// The clients that have calls, the next one first.
    clients: VecDeque<Client>,
    deliveries: Vec<Delivery>,
}

impl Queue {
    fn new(receiver: Receiver<Work>) -> Self {
        let (calls, clients) = (HashMap::new(), VecDeque::new());
        Self { receiver, calls, clients, deliveries: Vec::new() }
    }

    /// Attached to Python once and for all: to attach a thread that Python doesn't know takes a lock
    /// of the interpreter without the GIL, and a fork at that moment hangs in the child.
    fn serve(mut self) {
        // Without Python the interpreter is finalising.
        let _ = Python::try_attach(|py| while self.wait(py) && self.turn(py) {});
    }

    /// Lets go of the GIL, and waits where there is nothing to do. Whether there is a next turn.
    fn wait(&mut self, py: Python<'_>) -> bool {
        let is_idle = self.clients.is_empty();
        let receiver = &mut self.receiver;
        match py.detach(move || is_idle.then(move || receiver.recv())) {
            Some(Ok(work)) => self.accept(work),
            Some(Err(_)) => false,
            None => true,
        }
    }

    /// Delivers what has ended, together, then makes calls. Whether there is a next turn.
    fn turn(&mut self, py: Python<'_>) -> bool {
        while let Ok(work) = self.receiver.try_recv() {
            if !self.accept(work) {
                return false;
            }
        }
        awaitable::deliver(py, std::mem::take(&mut self.deliveries));
        let started = Instant::now();
        while let Some(call) = self.next_call() {
            call(py);
            if started.elapsed() > TURN {
                break;
            }
        }
        true
    }

    /// One of each client in turn, so that slow calls of one job don't hold up those of others.
    fn next_call(&mut self) -> Option<Call> {
        let client = self.clients.pop_front()?;
        let calls = self.calls.get_mut(&client)?;
        let call = calls.pop_front();
        if calls.is_empty() {
            self.calls.remove(&client);
        } else {
            self.clients.push_back(client);
        }
        call
    }

    fn accept(&mut self, work: Work) -> bool {
        match work {
            Work::Call(client, call) => {
                let calls = self.calls.entry(client).or_default();
                if calls.is_empty() {
                    self.clients.push_back(client);
                }
                calls.push_back(call);
            }
            Work::Delivery(delivery) => self.deliveries.push(delivery),
            Work::End => return false,
        }
        true
    }
}

/// Whether this is the thread: what waits here for calls of its own waits for ever.
pub fn is_current() -> bool {
    thread::current().name() == Some(NAME)
}

/// Ends the thread and waits until the call that it is in has returned, as the interpreter waits
/// for threads of its own: a thread that is in Python while it finalises aborts the process.
pub fn shutdown() {
    let state = std::mem::replace(&mut *state(), State::Closed);
    if let State::Running(worker) = state {
        if worker.process == std::process::id() {
            let _ = worker.queue.send(Work::End);
            let _ = worker.thread.join();
        } else {
            std::mem::forget(worker);
        }
    }
}
