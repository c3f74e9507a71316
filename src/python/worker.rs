//! The threads that call Python for the runtime: a worker of the runtime that waited for the GIL
//! would stall every request it serves.
//!
//! One thread does the work as long as no call takes long: threads that take turns at the GIL cost
//! more than they gain. The next one watches it, and takes over what waits once a call has not
//! returned for [`PATIENCE`]. So a slow validator delays neither the calls of others nor results,
//! for which a thread is always kept free.

use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use pyo3::types::{PyCFunction, PyTuple};
use tokio::sync::oneshot;

use super::awaitable::{self, Delivery};
use structx_common::sync::lock;

/// How long a thread holds the GIL for one call after another before it delivers results again.
/// Chosen by hand, not measured.
const TURN: Duration = Duration::from_millis(1);
/// How long a call may take before another thread takes over what waits: the time for which Python
/// itself lets a thread hold the GIL (`sys.getswitchinterval`).
const PATIENCE: Duration = Duration::from_millis(5);
/// A thread that waits so long for the GIL finds another one computing: those that wait, for a lock
/// or a reply, don't hold it. Well below [`PATIENCE`], chosen by hand.
const BUSY: Duration = Duration::from_micros(500);
/// How long the GIL is left to those that compute before a second look.
const SECOND_LOOK: Duration = Duration::from_millis(1);
/// The most threads, one of which is for results alone. A bound for the memory of their stacks,
/// chosen by hand, not measured.
const MOST_THREADS: usize = 64;
/// Threads that are kept without work. More end.
const KEPT: usize = 4;

static POOL: Mutex<Slot> = Mutex::new(Slot::Empty);

enum Slot {
    Empty,
    /// The pool, and the process that it belongs to.
    Open(u32, Arc<Pool>),
    /// The interpreter is about to exit.
    Closed,
}

fn slot() -> MutexGuard<'static, Slot> {
    lock(&POOL)
}

thread_local! {
    static IS_OURS: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// The number of a [`Lane`].
type LaneId = u64;
pub type Call = Box<dyn FnOnce(Python<'_>) + Send>;

/// Hands the work of one job to the pool. At exit, when there is none any more, the work is done
/// at once on the thread that asks.
#[derive(Clone)]
pub struct Caller {
    /// Validators: so many at a time.
    validators: LaneId,
    validator_threads: usize,
    /// Callbacks: one at a time, in order.
    callbacks: LaneId,
    /// The caller's iterator of sources, which may wait for a long time.
    sources: LaneId,
    pool: Option<Arc<Pool>>,
}

impl Caller {
    /// A caller for a job of this process; starts the pool if there is none.
    ///
    /// Taken with the GIL, as the lock is: no other thread holds it while one forks.
    pub fn get(py: Python<'_>, validator_threads: usize) -> PyResult<Self> {
        static LANES: AtomicU64 = AtomicU64::new(0);
        let validators = LANES.fetch_add(3, Ordering::Relaxed);
        let (callbacks, sources, pool) = (validators + 1, validators + 2, pool(py)?);
        Ok(Self { validators, validator_threads, callbacks, sources, pool })
    }

    /// Runs a validator soon. The error says why there is no result, such as a panic's text; a
    /// call whose result nobody waits for any more is left out.
    pub async fn run<T, F>(&self, call: F) -> Result<T, String>
    where
        T: Send + 'static,
        F: FnOnce(Python<'_>) -> T + Send + 'static,
    {
        self.run_in(self.validators, self.validator_threads, call).await
    }

    /// Takes the next source of the caller, one at a time; otherwise as [`run`](Self::run).
    pub async fn pull<T, F>(&self, call: F) -> Result<T, String>
    where
        T: Send + 'static,
        F: FnOnce(Python<'_>) -> T + Send + 'static,
    {
        self.run_in(self.sources, 1, call).await
    }

    async fn run_in<T, F>(&self, lane: LaneId, limit: usize, call: F) -> Result<T, String>
    where
        T: Send + 'static,
        F: FnOnce(Python<'_>) -> T + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        self.add(lane, limit, move |py| {
            if !sender.is_closed() {
                let result = catch_unwind(AssertUnwindSafe(|| call(py))).map_err(|panic| {
                    format!("panic: {}", structx_common::panics::message(&*panic))
                });
                let _ = sender.send(result);
            }
        });
        receiver.await.unwrap_or_else(|_| Err("the interpreter is shutting down".to_owned()))
    }

    /// Runs a callback once those before it have returned.
    pub fn post(&self, call: impl FnOnce(Python<'_>) + Send + 'static) {
        self.add(self.callbacks, 1, call);
    }

    fn add(&self, lane: LaneId, limit: usize, call: impl FnOnce(Python<'_>) + Send + 'static) {
        match &self.pool {
            Some(pool) => pool.add(|work| work.call(lane, limit, Box::new(call))),
            None => Python::attach(call),
        }
    }

    /// Resolves an awaitable.
    pub fn deliver(&self, delivery: Delivery) {
        match &self.pool {
            Some(pool) => pool.add(|work| work.deliveries.push(delivery)),
            None => Python::attach(|py| awaitable::deliver(py, vec![delivery])),
        }
    }
}

/// The pool of this process; `None` at exit.
fn pool(py: Python<'_>) -> PyResult<Option<Arc<Pool>>> {
    let mut slot = slot();
    let process = std::process::id();
    match &*slot {
        Slot::Closed => return Ok(None),
        Slot::Open(owner, pool) if *owner == process => return Ok(Some(pool.clone())),
        Slot::Open(..) | Slot::Empty => {}
    }
    let pool = Arc::new(Pool::default());
    pool.start_thread(py)?;
    // The threads of a parent process do not exist here: its pool is forgotten, never joined.
    std::mem::forget(std::mem::replace(&mut *slot, Slot::Open(process, pool.clone())));
    Ok(Some(pool))
}

/// Calls of one kind of one job. Lanes take turns.
struct Lane {
    calls: VecDeque<Call>,
    running: usize,
    limit: usize,
}

/// The work that waits, and who does it.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts about the threads")]
struct Work {
    lanes: HashMap<LaneId, Lane>,
    /// Lanes that have calls and may run one more, the next one first.
    ready: VecDeque<LaneId>,
    deliveries: Vec<Delivery>,
    threads: usize,
    /// Threads in a turn.
    active: usize,
    /// Threads that wait for work.
    idle: usize,
    /// Whether one of them is woken and has not looked yet.
    is_woken: bool,
    /// Whether a thread watches those in a turn.
    is_watched: bool,
    /// Whether it sleeps longer than [`PATIENCE`].
    is_patient: bool,
    /// How many times in a row it took over while others computed, and found nothing to do. Each
    /// doubles the time until it tries again, to 80 ms at most.
    early: u32,
    /// Changes whenever a call begins or ends.
    steps: u64,
    is_closed: bool,
}

impl Work {
    fn closed() -> Self {
        Self { is_closed: true, ..Self::default() }
    }

    fn call(&mut self, id: LaneId, limit: usize, call: Call) {
        let new = || Lane { calls: VecDeque::new(), running: 0, limit: limit.max(1) };
        let lane = self.lanes.entry(id).or_insert_with(new);
        if lane.calls.is_empty() && lane.running < lane.limit {
            self.ready.push_back(id);
        }
        lane.calls.push_back(call);
    }

    /// Whether the last thread that is left, which is for results, is the only one without work.
    fn is_last(&self) -> bool {
        self.active + 1 >= MOST_THREADS
    }

    /// Whether there is anything to do for a thread that is not in a turn.
    fn waits(&self) -> bool {
        !self.deliveries.is_empty() || !(self.ready.is_empty() || self.is_last())
    }

    /// Whether some of it can't wait for a call that computes: results, and calls of other lanes.
    fn is_urgent(&self) -> bool {
        let is_free = |id| self.lanes.get(id).is_some_and(|lane| lane.running == 0);
        !self.deliveries.is_empty() || self.ready.iter().any(is_free)
    }

    /// One of each lane in turn, so that the calls of one job don't hold up those of others.
    fn begin(&mut self, joins_others: bool) -> Option<(LaneId, Call)> {
        let is_free = |id| self.lanes.get(id).is_some_and(|lane| lane.running == 0);
        let next = self.ready.iter().position(|id| joins_others || is_free(id))?;
        let id = self.ready.remove(next)?;
        let lane = self.lanes.get_mut(&id)?;
        let call = lane.calls.pop_front()?;
        lane.running += 1;
        if !lane.calls.is_empty() && lane.running < lane.limit {
            self.ready.push_back(id);
        }
        self.steps = self.steps.wrapping_add(1);
        Some((id, call))
    }

    fn end(&mut self, id: LaneId) {
        self.steps = self.steps.wrapping_add(1);
        let Some(lane) = self.lanes.get_mut(&id) else { return };
        let was_full = lane.running == lane.limit;
        lane.running -= 1;
        if lane.calls.is_empty() {
            if lane.running == 0 {
                self.lanes.remove(&id);
            }
        } else if was_full {
            self.ready.push_back(id);
        }
    }
}

#[derive(Default)]
struct Pool {
    work: Mutex<Work>,
    /// There is work, or the end.
    changed: Condvar,
    /// A thread has ended.
    ended: Condvar,
}

impl Pool {
    /// Never held while a thread waits for the GIL, or runs Python.
    fn lock(&self) -> MutexGuard<'_, Work> {
        lock(&self.work)
    }

    /// Work for a closed pool is dropped, and those who wait for it see that.
    fn add(&self, add: impl FnOnce(&mut Work)) {
        let mut work = self.lock();
        if !work.is_closed {
            add(&mut work);
            self.wake(&mut work);
        }
    }

    /// Wakes a thread for work that nobody would see: none is in a turn, or none watches those.
    fn wake(&self, work: &mut Work) {
        let is_seen = work.active > 0 && work.is_watched;
        if !is_seen && !work.is_woken && work.idle > 0 && work.waits() {
            work.is_woken = true;
            self.changed.notify_one();
        }
        if work.is_patient && work.is_urgent() {
            work.is_patient = false;
            self.ended.notify_all();
        }
    }

    /// Python makes the thread, with the GIL, and it stays attached: to attach a thread that Python
    /// doesn't know takes a lock of the interpreter without the GIL, and a fork at that moment hangs
    /// in the child.
    fn start_thread(self: &Arc<Self>, py: Python<'_>) -> PyResult<()> {
        let pool = self.clone();
        let serve = PyCFunction::new_closure(py, None, None, move |args, _| pool.serve(args.py()))?;
        self.lock().threads += 1;
        let arguments = (serve, PyTuple::empty(py));
        let started = py.import("_thread")?.call_method1("start_new_thread", arguments);
        started.inspect_err(|_| self.lock().threads -= 1).map(drop)
    }

    fn serve(self: &Arc<Self>, py: Python<'_>) {
        IS_OURS.set(true);
        while let Some((asked, takes_over)) = py.detach(|| self.wait()) {
            let others_compute = takes_over && {
                asked.elapsed() >= BUSY || {
                    let asked = py.detach(|| {
                        thread::sleep(SECOND_LOOK);
                        Instant::now()
                    });
                    asked.elapsed() >= BUSY
                }
            };
            let is_early = self.turn(py, others_compute) == 0 && others_compute;
            let mut work = self.lock();
            work.early = if is_early { work.early + 1 } else { 0 };
        }
        let mut work = self.lock();
        work.threads -= 1;
        self.ended.notify_all();
    }

    /// Waits until this thread has a turn; `None` at its end. Gives the time at which it asks for the
    /// GIL, and whether it takes over from others that have not returned.
    fn wait(&self) -> Option<(Instant, bool)> {
        let mut work = self.lock();
        loop {
            if work.is_closed {
                return None;
            }
            if work.waits() {
                if work.active == 0 {
                    break;
                }
                if !work.is_watched {
                    let steps = work.steps;
                    work.is_watched = true;
                    work.is_patient = work.early > 0 && !work.is_urgent();
                    let doubled = if work.is_patient { work.early.min(4) } else { 0 };
                    let time = PATIENCE * (1 << doubled);
                    work = self
                        .ended
                        .wait_timeout(work, time)
                        .map_or_else(|e| e.into_inner().0, |w| w.0);
                    work.is_watched = false;
                    work.is_patient = false;
                    if work.steps == steps && work.active > 0 && work.waits() && !work.is_closed {
                        break;
                    }
                    continue;
                }
            }
            if work.idle >= KEPT {
                return None;
            }
            work.idle += 1;
            work = self.changed.wait(work).unwrap_or_else(PoisonError::into_inner);
            work.idle -= 1;
            work.is_woken = false;
        }
        work.active += 1;
        Some((Instant::now(), work.active > 1))
    }

    /// Delivers all results together, then makes calls; gives the number of both. If others compute,
    /// calls are of lanes that have none running: more threads that compute would only keep the GIL
    /// from event loops.
    fn turn(self: &Arc<Self>, py: Python<'_>, others_compute: bool) -> usize {
        let (deliveries, needs_thread) = {
            let mut work = self.lock();
            let is_alone = work.active == work.threads && work.threads < MOST_THREADS;
            (std::mem::take(&mut work.deliveries), is_alone)
        };
        if needs_thread {
            // Without it calls are still made, one after another.
            let _ = self.start_thread(py);
        }
        let mut done = deliveries.len();
        if done > 0 {
            awaitable::deliver(py, deliveries);
        }
        let started = Instant::now();
        while started.elapsed() <= TURN {
            let mut work = self.lock();
            let is_last = work.active >= MOST_THREADS;
            let next = if is_last { None } else { work.begin(!others_compute) };
            let Some((lane, call)) = next else { break };
            self.wake(&mut work);
            drop(work);
            // A panic is told by the panic hook, and is no reason to end the thread.
            let _ = catch_unwind(AssertUnwindSafe(|| call(py)));
            self.lock().end(lane);
            done += 1;
        }
        // This thread looks for more work itself.
        self.lock().active -= 1;
        done
    }

    /// Ends the threads, and waits until the calls that they are in have returned.
    fn close(&self) {
        let mut work = self.lock();
        work.is_closed = true;
        self.changed.notify_all();
        self.ended.notify_all();
        while work.threads > 0 {
            work = self.ended.wait(work).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Whether this is a thread of the pool: what waits here for calls of its own may wait for ever.
pub fn is_current() -> bool {
    IS_OURS.get()
}

/// Ends the threads and waits until the calls that they are in have returned, as the interpreter
/// waits for threads of its own: a thread that is in Python while it finalises aborts the process.
pub fn shutdown() {
    let slot = std::mem::replace(&mut *slot(), Slot::Closed);
    if let Slot::Open(owner, pool) = slot {
        if owner == std::process::id() {
            pool.close();
            // Whoever waits for a call is told by its end. Calls hold objects of Python's.
            let left = std::mem::replace(&mut *pool.lock(), Work::closed());
            let _ = Python::try_attach(move |_| drop(left));
        }
        std::mem::forget(pool);
    }
}
