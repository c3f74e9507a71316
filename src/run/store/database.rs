//! An SQLite file of structx, and the thread that owns its connection.
//!
//! A write returns after its commit. Writes that wait at the same time share a transaction, so that
//! they do not cost one disk flush each. The thread ends after the last handle is dropped; dropping
//! a handle never waits for the disk.

pub mod forks;
mod shared;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, Weak};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};
use tokio::sync::{oneshot, watch};

use forks::Pass;
use shared::Queue;
use structx_common::panics;
use structx_common::sync::lock;

/// How long to wait for a file that another process has locked; chosen by hand, not measured.
const BUSY: Duration = Duration::from_secs(30);
/// The pause between tries within that time; chosen by hand, not measured.
const PAUSE: Duration = Duration::from_millis(20);
/// The most reads and writes in one batch, so that the first of them does not wait too long; chosen
/// by hand, not measured.
const BATCH: usize = 1_000;
/// Pages of 4 KB in the write-ahead log before a checkpoint. Entries with random keys change the
/// same pages repeatedly: four times SQLite's default made writes of the journal 1.4 times as fast.
const LOG_PAGES: u32 = 4_000;
const GONE: &str = "it was removed or renamed while it is in use; restore it, or start again";

/// A kind of file, journal or cache, with the marks that distinguish it from other files.
#[derive(Debug)]
pub struct Kind {
    /// The name in error messages, one word.
    pub name: &'static str,
    /// Four letters in the file header (`PRAGMA application_id`).
    pub application_id: &'static [u8; 4],
    /// The version of the tables, from 1 (`PRAGMA user_version`).
    pub version: i32,
    /// The SQL that creates the tables of a new file.
    pub tables: &'static str,
    /// Whether committed writes must survive a power failure.
    pub is_durable: bool,
    /// The advice for a damaged file.
    pub when_damaged: &'static str,
}

/// A handle to an open file. All handles to one file in this process share its thread and its
/// connection; clones of a handle are closed together.
#[derive(Clone)]
pub struct Database {
    /// `None` once this handle is closed.
    queue: Arc<Mutex<Option<Arc<Queue>>>>,
}

impl fmt::Debug for Database {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Database")
    }
}

/// A message to the thread of a file.
enum Job {
    Read(Box<dyn Task>),
    Write(Box<dyn Task>),
    Close(oneshot::Sender<()>),
    /// A fork is pending.
    Wake,
}

/// Work on the connection, and the caller that waits for it.
trait Task: Send {
    fn run(&mut self, connection: &Connection) -> rusqlite::Result<()>;
    fn answer(self: Box<Self>, ended: Result<(), String>);
}

struct Call<F, T> {
    work: F,
    output: Option<T>,
    waiter: oneshot::Sender<Result<T, String>>,
}

impl<F, T> Task for Call<F, T>
where
    F: FnMut(&Connection) -> rusqlite::Result<T> + Send,
    T: Send,
{
    fn run(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        self.output = Some((self.work)(connection)?);
        Ok(())
    }

    fn answer(self: Box<Self>, ended: Result<(), String>) {
        let Self { output, waiter, .. } = *self;
        // Sending fails if the caller no longer waits.
        let _ = match (ended, output) {
            (Ok(()), Some(output)) => waiter.send(Ok(output)),
            (Ok(()), None) => waiter.send(closed()),
            (Err(problem), _) => waiter.send(Err(problem)),
        };
    }
}

impl Database {
    /// Opens the file, and creates it if there is none.
    ///
    /// # Errors
    /// A message: what is wrong with the path or the file, and what to do about it.
    pub async fn open(path: &Path, kind: &'static Kind) -> Result<Self, String> {
        // An absolute path: `:memory:` and the empty name have special meanings in SQLite.
        let file = match std::path::absolute(path) {
            Ok(path) => File { path, kind },
            Err(_) => return Err(format!("{}: this is no path of a file", kind.name)),
        };
        let path = file.path.clone();
        let queue = shared::queue(kind.name, &path, || start(file))?;
        let mut opening = queue.opening.clone();
        let user = Self { queue: Arc::new(Mutex::new(Some(queue))) };
        let no_thread = || format!("{}: {}: its thread has ended", kind.name, path.display());
        let opened = opening.wait_for(Option::is_some).await.map_err(|_| no_thread())?;
        (*opened).clone().unwrap_or_else(|| Err(no_thread()))?;
        drop(opened);
        Ok(user)
    }

    /// Runs `work` outside of any transaction.
    ///
    /// # Errors
    /// A message: SQLite's error, with advice.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnMut(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, String> {
        self.send(Job::Read, work).await.unwrap_or_else(|_| closed())
    }

    /// Runs `work` in one transaction with the other waiting writes. On success all of them are
    /// committed; on an error none is. Dropping the future does not cancel the write.
    ///
    /// # Errors
    /// A message: SQLite's error, with advice.
    pub async fn write<T: Send + 'static>(
        &self,
        work: impl FnMut(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, String> {
        self.send(Job::Write, work).await.unwrap_or_else(|_| closed())
    }

    /// The same as [`write`](Self::write), without waiting for the result.
    pub fn write_later<T: Send + 'static>(
        &self,
        work: impl FnMut(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) {
        drop(self.send(Job::Write, work));
    }

    /// Closes this handle and its clones. The last handle closes the file: all earlier writes are
    /// then in the file and no longer in the log beside it, unless another process has it open.
    pub async fn close(&self) {
        let queue = lock(&self.queue).take();
        let Some(queue) = queue.and_then(shared::release) else { return };
        let (waiter, is_closed) = oneshot::channel();
        if queue.jobs.send(Job::Close(waiter)).is_ok() {
            // An error means that the thread has ended.
            let _ = is_closed.await;
        }
    }

    fn send<T: Send + 'static>(
        &self,
        job: impl FnOnce(Box<dyn Task>) -> Job,
        work: impl FnMut(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> oneshot::Receiver<Result<T, String>> {
        let (waiter, answer) = oneshot::channel();
        let queue = lock(&self.queue);
        if let Some(queue) = &*queue {
            // If this fails, the waiter is dropped, and the receiver sees that.
            let _ = queue.jobs.send(job(Box::new(Call { work, output: None, waiter })));
        }
        answer
    }
}

fn closed<T>() -> Result<T, String> {
    Err("the file is closed already".to_owned())
}

/// Starts the thread of a file.
fn start(file: File) -> Result<Arc<Queue>, String> {
    let (jobs, incoming) = channel();
    let (opened, opening) = watch::channel(None);
    let queue = Arc::new(Queue { jobs, opening });
    let handle = Arc::downgrade(&queue);
    let no_thread = file.describe("no thread could be started for it");
    thread::Builder::new()
        .name(format!("structx-{}", file.kind.name))
        .spawn(move || serve(&file, handle, &opened, &incoming))
        .map_err(|error| format!("{no_thread}: {error}"))?;
    Ok(queue)
}

/// The body of the thread. It ends when all handles are dropped, or when the last one is closed.
fn serve(
    file: &File,
    handle: Weak<Queue>,
    opened: &watch::Sender<Option<Result<(), String>>>,
    queue: &Receiver<Job>,
) {
    let mut open = match file.guard(|| file.open(true)) {
        Ok(open) => Some(open),
        Err(problem) => {
            opened.send_replace(Some(Err(problem)));
            return;
        }
    };
    if let Some(open) = &open {
        forks::register(&open.pass, handle);
    }
    opened.send_replace(Some(Ok(())));
    loop {
        if forks::is_near() {
            open = None;
        }
        let Ok(first) = queue.recv() else { return };
        let mut batch = Batch::of(first, queue);
        batch.run(file, &mut open);
        if let Some(waiter) = batch.close {
            drop(open);
            let _ = waiter.send(());
            return;
        }
    }
}

/// Jobs that are run together.
#[derive(Default)]
struct Batch {
    reads: Vec<Box<dyn Task>>,
    writes: Vec<Box<dyn Task>>,
    close: Option<oneshot::Sender<()>>,
}

impl Batch {
    /// Takes the waiting jobs, up to [`BATCH`].
    fn of(first: Job, queue: &Receiver<Job>) -> Self {
        let mut batch = Self::default();
        for job in std::iter::once(first).chain(queue.try_iter()).take(BATCH) {
            match job {
                Job::Read(task) => batch.reads.push(task),
                Job::Write(task) => batch.writes.push(task),
                Job::Wake => break,
                Job::Close(waiter) => {
                    batch.close = Some(waiter);
                    break;
                }
            }
        }
        batch
    }

    fn run(&mut self, file: &File, open: &mut Option<Open>) {
        if self.reads.is_empty() && self.writes.is_empty() {
            return;
        }
        let connection = file.guard(|| file.connection(open));
        for mut task in self.reads.drain(..) {
            let run = |connection| file.guard(|| Ok(task.run(connection)?));
            let ended = connection.clone().and_then(run);
            task.answer(ended);
        }
        if !self.writes.is_empty() {
            let commit = |connection| file.guard(|| commit(connection, &mut self.writes));
            let ended = connection.and_then(commit);
            for task in self.writes.drain(..) {
                task.answer(ended.clone());
            }
        }
    }
}

/// An open connection. The fields are dropped in this order: the connection closes before its pass
/// is returned.
struct Open {
    connection: Connection,
    pass: Pass,
}

/// Commits all of the tasks or, on an error, none.
fn commit(connection: &Connection, tasks: &mut [Box<dyn Task>]) -> Result<(), Problem> {
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    for task in tasks {
        task.run(&transaction)?;
    }
    if has_moved(connection)? {
        return Err(Problem::Ours(GONE.to_owned()));
    }
    Ok(transaction.commit()?)
}

/// Whether the file was removed or renamed: writes to it would be lost. Windows does not allow that
/// for an open file.
#[cfg(unix)]
fn has_moved(connection: &Connection) -> rusqlite::Result<bool> {
    let mut has_moved = 0;
    connection.file_control(None::<&str>, rusqlite::FileControl::HasMoved(&mut has_moved))?;
    Ok(has_moved != 0)
}

#[cfg(not(unix))]
fn has_moved(_: &Connection) -> rusqlite::Result<bool> {
    Ok(false)
}

/// The absolute path of a file, and its expected kind.
struct File {
    path: PathBuf,
    kind: &'static Kind,
}

enum Problem {
    Sqlite(rusqlite::Error),
    Ours(String),
}

impl From<rusqlite::Error> for Problem {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl Problem {
    fn is_busy(&self) -> bool {
        matches!(self, Self::Sqlite(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy))
    }
}

impl File {
    /// The connection to the file, which is reopened if it was closed.
    fn connection<'a>(&self, open: &'a mut Option<Open>) -> Result<&'a Connection, Problem> {
        let open = match open {
            Some(open) => open,
            closed => closed.insert(self.open(false)?),
        };
        Ok(&open.connection)
    }

    fn open(&self, may_create: bool) -> Result<Open, Problem> {
        let ours = |what: &str| Err(Problem::Ours(what.to_owned()));
        if self.path.is_dir() {
            return ours("it is a folder; give the path of a file");
        }
        if !self.path.parent().is_some_and(Path::is_dir) {
            return ours("its folder does not exist; make it first");
        }
        let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        if may_create {
            flags |= OpenFlags::SQLITE_OPEN_CREATE;
        } else if !self.path.exists() {
            return ours(GONE);
        }
        let pass = Pass::wait();
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(BUSY)?;
        let until = Instant::now() + BUSY;
        // The busy timeout does not cover the case that others are creating the same file.
        loop {
            match self.prepare(&connection) {
                Err(problem) if problem.is_busy() && Instant::now() < until => thread::sleep(PAUSE),
                prepared => return prepared.map(|()| Open { connection, pass }),
            }
        }
    }

    fn prepare(&self, connection: &Connection) -> Result<(), Problem> {
        let is_new = self.is_new(connection)?;
        let mode: String =
            connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
        if mode != "wal" {
            let what = "its file system does not support a write-ahead log, as on network drives; \
                        give a path on a local disk";
            return Err(Problem::Ours(what.to_owned()));
        }
        connection.pragma_update(None, "wal_autocheckpoint", LOG_PAGES)?;
        let level = if self.kind.is_durable { "FULL" } else { "NORMAL" };
        connection.pragma_update(None, "synchronous", level)?;
        // On macOS `fsync` alone may leave data in the drive's buffer (sqlite.org/pragma.html).
        connection.pragma_update(None, "fullfsync", self.kind.is_durable)?;
        if is_new {
            let immediate = TransactionBehavior::Immediate;
            let transaction = Transaction::new_unchecked(connection, immediate)?;
            // Another process may have created the tables meanwhile.
            if self.is_new(connection)? {
                connection.execute_batch(self.kind.tables)?;
                let id = i32::from_be_bytes(*self.kind.application_id);
                connection.pragma_update(None, "application_id", id)?;
                connection.pragma_update(None, "user_version", self.kind.version)?;
            }
            transaction.commit()?;
        }
        Ok(())
    }

    /// Whether the file is empty. A file of another kind is an error, and is not changed.
    fn is_new(&self, connection: &Connection) -> Result<bool, Problem> {
        let sql = "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema)
                   FROM pragma_application_id, pragma_user_version";
        let (id, version, tables): (i32, i32, i64) =
            connection.query_row(sql, [], |row| row.try_into())?;
        let Kind { name, application_id, version: known, .. } = self.kind;
        if (id, version, tables) == (0, 0, 0) {
            return Ok(true);
        }
        if id != i32::from_be_bytes(**application_id) {
            let what = format!("it is a database, but no {name} of structx; give another path");
            return Err(Problem::Ours(what));
        }
        if version > *known {
            let what = format!(
                "a newer structx made it (its version is {version}, this structx knows {known}); \
                 upgrade structx, or give another path"
            );
            return Err(Problem::Ours(what));
        }
        Ok(false)
    }

    /// Runs `work`, and turns panics and errors into messages.
    fn guard<T>(&self, work: impl FnOnce() -> Result<T, Problem>) -> Result<T, String> {
        let ended = catch_unwind(AssertUnwindSafe(work));
        ended
            .unwrap_or_else(|panic| {
                Err(Problem::Ours(format!("the thread failed: {}", panics::message(&*panic))))
            })
            .map_err(|problem| match problem {
                Problem::Ours(what) => self.describe(&what),
                Problem::Sqlite(error) => self.describe(&self.explain(&error)),
            })
    }

    fn explain(&self, error: &rusqlite::Error) -> String {
        let advice = match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => {
                return "it is no SQLite database; give another path".to_owned();
            }
            Some(ErrorCode::DatabaseBusy) => {
                return format!("another program has locked it for {} seconds", BUSY.as_secs());
            }
            Some(ErrorCode::DiskFull) => "make room on the disk",
            Some(ErrorCode::DatabaseCorrupt) => self.kind.when_damaged,
            Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
                "structx must be allowed to write the file, and files beside it in its folder"
            }
            _ => return error.to_string(),
        };
        format!("{error}; {advice}")
    }

    fn describe(&self, what: &str) -> String {
        format!("{} {}: {what}", self.kind.name, self.path.display())
    }
}

#[cfg(test)]
pub(crate) mod tests;
