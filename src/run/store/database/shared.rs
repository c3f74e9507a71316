//! The registry of open files: all users of a path in this process share one.
//!
//! An open file costs a thread, a connection and up to three descriptors, too much to open a
//! journal once for each of hundreds of concurrent calls.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, Weak};

use tokio::sync::watch;

use super::Job;
use structx_common::sync::lock;

/// The result of opening the file; `None` while its thread is still trying.
pub type Opening = watch::Receiver<Option<Result<(), String>>>;

/// The queue of a file's thread.
pub struct Queue {
    pub jobs: Sender<Job>,
    pub opening: Opening,
}

struct Entry {
    /// After a fork the child ignores the entries of its parent, whose threads it does not have.
    process: u32,
    kind: &'static str,
    path: PathBuf,
    queue: Weak<Queue>,
}

static OPEN: Mutex<Vec<Entry>> = Mutex::new(Vec::new());

thread_local! {
    /// The lock on [`OPEN`], held by the forking thread so that no other thread holds it then.
    static HELD: RefCell<Option<MutexGuard<'static, Vec<Entry>>>> = const { RefCell::new(None) };
}

fn entries() -> MutexGuard<'static, Vec<Entry>> {
    lock(&OPEN)
}

/// The queue of the thread that has the file open, or of a new thread from `start`.
///
/// # Errors
/// The error of `start`.
pub fn queue<E>(
    kind: &'static str,
    path: &Path,
    start: impl FnOnce() -> Result<Arc<Queue>, E>,
) -> Result<Arc<Queue>, E> {
    let mut entries = entries();
    let process = process::id();
    entries.retain(|entry| entry.process == process && entry.queue.strong_count() > 0);
    let same = |entry: &Entry| entry.kind == kind && entry.path == *path;
    let found = entries.iter().find(|entry| same(entry)).and_then(|entry| entry.queue.upgrade());
    if let Some(queue) = found.filter(|queue| is_of_use(queue, path)) {
        return Ok(queue);
    }
    entries.retain(|entry| !same(entry));
    let queue = start()?;
    entries.push(Entry { process, kind, path: path.to_owned(), queue: Arc::downgrade(&queue) });
    Ok(queue)
}

/// Whether the file is open or being opened. A file that was removed meanwhile is opened anew.
fn is_of_use(queue: &Queue, path: &Path) -> bool {
    match &*queue.opening.borrow() {
        None => true,
        Some(Ok(())) => path.exists(),
        Some(Err(_)) => false,
    }
}

/// Releases a handle. Returns the queue if it was the last handle; no one else can find it then.
pub fn release(queue: Arc<Queue>) -> Option<Queue> {
    let _entries = entries();
    Arc::into_inner(queue)
}

/// Locks the entries for this thread until [`after_fork`].
pub fn before_fork() {
    HELD.with(|held| *held.borrow_mut() = Some(entries()));
}

/// Unlocks the entries. Must be called on the same thread, in the parent and in the child.
pub fn after_fork() {
    HELD.with(|held| held.borrow_mut().take());
}
