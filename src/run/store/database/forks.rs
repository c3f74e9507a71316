//! Closes all files before the process forks. Otherwise `SQLite` in the child would rely on locks
//! that only the parent holds (sqlite.org/howtocorrupt.html, 2.6), and its mutexes might stay
//! locked by threads that the child does not have.
//!
//! A fork could leave a lock locked in the child, so that waiting is done by polling.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Mutex, Weak};
use std::thread;
use std::time::Duration;

use super::Job;
use super::shared::{self, Queue};
use structx_common::sync::lock;

/// The interval of polling; chosen by hand, not measured.
const PAUSE: Duration = Duration::from_micros(200);

static IS_NEAR: AtomicBool = AtomicBool::new(false);
static OPEN: AtomicUsize = AtomicUsize::new(0);
/// Locked only while holding a [`Pass`], and therefore by nobody during a fork.
static HANDLES: Mutex<Vec<Weak<Queue>>> = Mutex::new(Vec::new());

/// The right to have a file open.
pub struct Pass;

impl Pass {
    /// Waits while a fork is pending, then takes a pass.
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

/// Registers the thread of an open file, which is woken before a fork.
pub(super) fn register(_: &Pass, handle: Weak<Queue>) {
    let mut handles = lock(&HANDLES);
    handles.retain(|handle| handle.strong_count() > 0);
    handles.push(handle);
}

impl Drop for Pass {
    fn drop(&mut self) {
        OPEN.fetch_sub(1, SeqCst);
    }
}

/// Whether a fork is pending, so that files must be closed.
pub(super) fn is_near() -> bool {
    IS_NEAR.load(SeqCst)
}

/// Waits until all files are closed; none is opened until [`after`]. Only one thread at a time may
/// call it.
pub fn before() {
    let pass = Pass::wait();
    IS_NEAR.store(true, SeqCst);
    for handle in &*lock(&HANDLES) {
        if let Some(queue) = handle.upgrade() {
            // An error means that the thread has ended.
            let _ = queue.jobs.send(Job::Wake);
        }
    }
    drop(pass);
    while OPEN.load(SeqCst) > 0 {
        thread::sleep(PAUSE);
    }
    shared::before_fork();
}

/// Allows files to be opened again. Must be called in the parent and in the child.
pub fn after() {
    shared::after_fork();
    IS_NEAR.store(false, SeqCst);
}
