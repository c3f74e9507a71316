//! A SQLite file of ours, and the thread that has it open.
//!
//! Whoever writes waits for the commit. All who wait together share one, so that durable writes are
//! not bound to one flush of the disk each. The thread ends with the last handle: nobody who drops
//! one waits for a disk.

pub mod forks;
mod shared;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};
use tokio::sync::{oneshot, watch};

use forks::Pass;
use shared::Queue;
use structx_common::panics;

/// How long a file that another process has locked is waited for.
const BUSY: Duration = Duration::from_secs(30);
/// What is tried anew in that time waits so long in between.
const PAUSE: Duration = Duration::from_millis(20);
/// So many writes are one transaction at most, so that the first of them is not kept waiting.
const BATCH: usize = 1_000;
/// The log beside the file grows to so many pages of 4 KB before they go into the file: entries with
/// random keys change the same pages again and again. Four times SQLite's own bound is 1.4 times as
/// fast.
const LOG_PAGES: u32 = 4_000;
const GONE: &str = "it was removed or renamed while it is in use; put it back, or begin again";

/// What tells our files from those of others, and from each other.
#[derive(Debug)]
pub struct Kind {
    /// In one word.
    pub name: &'static str,
    /// Four letters, in the file's header (`PRAGMA application_id`).
    pub application_id: &'static [u8; 4],
    /// Of the tables (`PRAGMA user_version`), from 1.
    pub version: i32,
    /// What makes the tables of a new file.
    pub tables: &'static str,
    /// Whether what is written must outlive a loss of power.
    pub is_durable: bool,
    /// What to do with a file that is damaged.
    pub when_damaged: &'static str,
}

/// A user of an open file. All users of one file in this process, and all clones of a user, share
/// its thread and its connection.
#[derive(Clone)]
pub struct Database {
    /// None once this user has closed it.
    queue: Arc<Mutex<Option<Arc<Queue>>>>,
}

impl fmt::Debug for Database {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Database")
    }
}

/// What a thread is sent.
enum Job {
    Read(Box<dyn Task>),
    Write(Box<dyn Task>),
    Close(oneshot::Sender<()>),
    /// A fork is near.
    Wake,
}

/// Something to do with the connection, and somebody who waits for it.
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
        // Nobody waits for it any more where sending fails.
        let _ = match (ended, output) {
            (Ok(()), Some(output)) => waiter.send(Ok(output)),
            (Ok(()), None) => waiter.send(closed()),
            (Err(problem), _) => waiter.send(Err(problem)),
        };
    }
}

impl Database {
    /// Opens the file, which is made where there is none.
    ///
    /// # Errors
    /// What is wrong with the path or the file, and what to do about it.
    pub async fn open(path: &Path, kind: &'static Kind) -> Result<Self, String> {
        // SQLite has meanings of its own for `:memory:` and for no name at all.
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

    /// Runs `work` on its own, in no transaction.
    ///
    /// # Errors
    /// What SQLite says, in words.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnMut(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, String> {
        self.send(Job::Read, work).await.unwrap_or_else(|_| closed())
    }

    /// Runs `work` in a transaction with all that waits beside it: either all of it is in the file
    /// when this returns, or this is an error and none is. Dropping the future takes nothing back.
    ///
    /// # Errors
    /// What SQLite says, in words.
    pub async fn write<T: Send + 'static>(
        &self,
        work: impl FnMut(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, String> {
        self.send(Job::Write, work).await.unwrap_or_else(|_| closed())
    }

    /// The same, but nobody waits for it.
    pub fn write_later<T: Send + 'static>(
        &self,
        work: impl FnMut(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) {
        drop(self.send(Job::Write, work));
    }

    /// Ends this user and its clones. The last user of a file closes it: when this returns, all that
    /// was written before is in the file, and no longer in a log beside it, unless another process
    /// has it open.
    pub async fn close(&self) {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(queue) = queue.and_then(shared::release) else { return };
        let (waiter, is_closed) = oneshot::channel();
        if queue.jobs.send(Job::Close(waiter)).is_ok() {
            // An error: the thread has ended.
            let _ = is_closed.await;
        }
    }

    fn send<T: Send + 'static>(
        &self,
        job: impl FnOnce(Box<dyn Task>) -> Job,
        work: impl FnMut(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> oneshot::Receiver<Result<T, String>> {
        let (waiter, answer) = oneshot::channel();
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(queue) = &*queue {
            // If this fails the waiter is gone, which is an answer too.
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

/// The thread: ends when all users are gone, or the last one has closed it.
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

/// What is done together.
#[derive(Default)]
struct Batch {
    reads: Vec<Box<dyn Task>>,
    writes: Vec<Box<dyn Task>>,
    close: Option<oneshot::Sender<()>>,
}

impl Batch {
    /// All that waits.
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

/// The fields are dropped in this order.
struct Open {
    connection: Connection,
    pass: Pass,
}

/// All of the tasks or, on an error, none.
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

/// What is written into a file that was removed is lost. Windows does not let it be removed.
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

/// Where the file is, as an absolute path, and what it should be.
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
    /// That of the file, which is opened again where it was closed.
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
        // SQLite itself does not wait where others are about to make the same file.
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
            let what = "its place can't hold a write-ahead log, as network drives can't; give a \
                        path on a disk of this machine";
            return Err(Problem::Ours(what.to_owned()));
        }
        connection.pragma_update(None, "wal_autocheckpoint", LOG_PAGES)?;
        let level = if self.kind.is_durable { "FULL" } else { "NORMAL" };
        connection.pragma_update(None, "synchronous", level)?;
        // Of macOS alone: without it a drive keeps what it is told to write (sqlite.org/pragma.html).
        connection.pragma_update(None, "fullfsync", self.kind.is_durable)?;
        if is_new {
            let immediate = TransactionBehavior::Immediate;
            let transaction = Transaction::new_unchecked(connection, immediate)?;
            // Another process may have been faster.
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

    /// Whether the file is empty; an error where it is not ours, and is left as it is.
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

    /// Runs `work`; panics and errors become words.
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
