//! One open file for each path of this process, shared by all who open it.
//!
//! Each file costs a thread, a connection and up to three descriptors, so that calls gathered by the
//! hundred on one journal must not open it each.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::watch;

use super::Job;

/// Whether the file is open yet: `None` while its thread tries.
pub type Opening = watch::Receiver<Option<Result<(), String>>>;

/// The queue of a file's thread.
pub struct Queue {
    pub jobs: Sender<Job>,
    pub opening: Opening,
}

struct Entry {
    /// A fork leaves the entries of the parent, whose threads the child does not have.
    process: u32,
    kind: &'static str,
    path: PathBuf,
    queue: Weak<Queue>,
}

static OPEN: Mutex<Vec<Entry>> = Mutex::new(Vec::new());

thread_local! {
    /// Held by the thread that forks, so that no other thread holds it at that moment.
    static HELD: RefCell<Option<MutexGuard<'static, Vec<Entry>>>> = const { RefCell::new(None) };
}

fn entries() -> MutexGuard<'static, Vec<Entry>> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The queue of the thread that has the file open, or that of the thread that `start` starts.
///
/// # Errors
/// That of `start`.
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

/// Whether the file is open or about to be. One that was removed meanwhile is made anew.
fn is_of_use(queue: &Queue, path: &Path) -> bool {
    match &*queue.opening.borrow() {
        None => true,
        Some(Ok(())) => path.exists(),
        Some(Err(_)) => false,
    }
}

/// Gives up a share. The queue itself if it was the last one: nobody else can find it any more.
pub fn release(queue: Arc<Queue>) -> Option<Queue> {
    let _entries = entries();
    Arc::into_inner(queue)
}

/// Keeps the entries locked by this thread until [`after_fork`].
pub fn before_fork() {
    HELD.with(|held| *held.borrow_mut() = Some(entries()));
}

/// On the same thread, in both processes.
pub fn after_fork() {
    HELD.with(|held| held.borrow_mut().take());
}
