//! No file is open while a process forks. In the child `SQLite` would believe to hold the locks of the
//! parent, and write without any (sqlite.org/howtocorrupt.html, 2.6); its mutexes would be as another
//! thread held them.
//!
//! There is no lock here that a fork could leave locked: those who wait look again and again.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Mutex, PoisonError, Weak};
use std::thread;
use std::time::Duration;

use super::Job;
use super::shared::{self, Queue};

const PAUSE: Duration = Duration::from_micros(200);

static IS_NEAR: AtomicBool = AtomicBool::new(false);
static OPEN: AtomicUsize = AtomicUsize::new(0);
/// Locked only by who has a file open, and so by nobody at a fork.
static HANDLES: Mutex<Vec<Weak<Queue>>> = Mutex::new(Vec::new());

/// The right to have a file open.
pub struct Pass;

impl Pass {
    /// Waits while a fork is near.
    pub fn wait() -> Self {
        loop {
            while IS_NEAR.load(SeqCst) {
                thread::sleep(PAUSE);
            }
            OPEN.fetch_add(1, SeqCst);
            let pass = Self;
            if !IS_NEAR.load(SeqCst) {
                return pass;
            }
        }
    }
}

/// Has the thread of a file that is open woken when a fork is near.
pub(super) fn register(_: &Pass, handle: Weak<Queue>) {
    let mut handles = HANDLES.lock().unwrap_or_else(PoisonError::into_inner);
    handles.retain(|handle| handle.strong_count() > 0);
    handles.push(handle);
}

impl Drop for Pass {
    fn drop(&mut self) {
        OPEN.fetch_sub(1, SeqCst);
    }
}

/// Whether files are to be closed.
pub(super) fn is_near() -> bool {
    IS_NEAR.load(SeqCst)
}

/// Returns when no file is open, and none is opened until [`after`]. For one thread at a time.
pub fn before() {
    let pass = Pass::wait();
    IS_NEAR.store(true, SeqCst);
    for handle in &*HANDLES.lock().unwrap_or_else(PoisonError::into_inner) {
        if let Some(queue) = handle.upgrade() {
            // An error: the thread has ended.
            let _ = queue.jobs.send(Job::Wake);
        }
    }
    drop(pass);
    while OPEN.load(SeqCst) > 0 {
        thread::sleep(PAUSE);
    }
    shared::before_fork();
}

/// In both processes.
pub fn after() {
    shared::after_fork();
    IS_NEAR.store(false, SeqCst);
}
