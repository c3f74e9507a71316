//! Tests of the SQLite files: errors, transactions, sharing and forks.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

use rusqlite::Connection;
use tokio::task::JoinSet;

use super::{Database, Kind, forks};

static NOTES: Kind = Kind {
    name: "notebook",
    application_id: b"test",
    version: 2,
    tables: "CREATE TABLE notes (text TEXT NOT NULL UNIQUE) STRICT",
    is_durable: true,
    when_damaged: "copy it anew",
};

/// A temporary folder that is removed at the end of the test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let folder = format!("structx-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(folder);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self, name: impl AsRef<OsStr>) -> PathBuf {
        self.0.join(name.as_ref())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A folder that can't be removed does not fail the test.
        let _ = fs::remove_dir_all(&self.0);
    }
}

async fn open(path: &Path) -> Result<Database, String> {
    Database::open(path, &NOTES).await
}

async fn note(notes: &Database, text: &str) -> Result<(), String> {
    let text = text.to_owned();
    let note =
        move |connection: &Connection| connection.execute("INSERT INTO notes VALUES (?1)", [&text]);
    notes.write(note).await.map(drop)
}

async fn count(notes: &Database) -> i64 {
    let count = "SELECT count(*) FROM notes";
    notes.read(|connection| connection.query_row(count, [], |row| row.get(0))).await.unwrap()
}

async fn thread_of(notes: &Database) -> std::thread::ThreadId {
    notes.read(|_| Ok(std::thread::current().id())).await.unwrap()
}

/// Keeps the thread busy, from now on until the sender sends.
fn hold(notes: &Database) -> mpsc::Sender<()> {
    let (release, released) = mpsc::channel();
    let (begin, begun) = mpsc::channel();
    notes.write_later(move |_| {
        begin.send(()).unwrap();
        released.recv().unwrap();
        Ok(())
    });
    begun.recv().unwrap();
    release
}

#[tokio::test]
async fn a_file_is_made_and_opened_again_whatever_its_name() {
    let folder = Folder::new("names");
    let mut names = vec!["plain.db", "Größe ½ 日本.db", "a b#c%20.db"];
    if cfg!(unix) {
        names.extend([":memory:", "file:x?mode=memory"]);
    }
    for name in names {
        let path = folder.path(name);
        fs::write(&path, "").unwrap();
        let notes = open(&path).await.unwrap();
        note(&notes, "one").await.unwrap();
        let second = open(&path).await.unwrap();
        assert_eq!(count(&second).await, 1, "{name}");
        notes.close().await;
        second.close().await;
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 1, "{name}: a file is left beside it");
        let header = fs::read(&path).unwrap();
        assert_eq!(&header[68..72], b"test");
        fs::remove_file(path).unwrap();
    }
}

#[tokio::test]
async fn what_is_not_ours_is_refused_and_left_as_it_is() {
    let folder = Folder::new("refused");
    let made = |name: &str, sql: &str| {
        let path = folder.path(name);
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        path
    };
    let text = folder.path("text.db");
    fs::write(&text, "Dear reader, this is no database. ".repeat(40)).unwrap();
    let short = folder.path("short.db");
    // SQLite treats a file of one byte as empty.
    fs::write(&short, "xy").unwrap();
    let damaged = folder.path("damaged.db");
    open(&damaged).await.unwrap().close().await;
    let mut bytes = fs::read(&damaged).unwrap();
    bytes[100..].fill(0xaa);
    fs::write(&damaged, bytes).unwrap();
    let cases = [
        (text, "it is no SQLite database; give another path"),
        (short, "it is no SQLite database"),
        (damaged, "malformed; copy it anew"),
        (made("other.db", "CREATE TABLE t (a)"), "it is a database, but no notebook of structx"),
        (made("id.db", "PRAGMA application_id = 7"), "it is a database, but no notebook"),
        (
            made("new.db", "PRAGMA application_id = 0x74657374; PRAGMA user_version = 3"),
            "a newer structx made it (its version is 3, this structx knows 2); upgrade structx",
        ),
    ];
    for (path, problem) in cases {
        let before = fs::read(&path).unwrap();
        let told = open(&path).await.unwrap_err();
        assert!(told.starts_with(&format!("notebook {}: ", path.display())), "{told}");
        assert!(told.contains(problem), "{told}");
        assert!(fs::read(&path).unwrap() == before, "{} was changed", path.display());
    }
    let places = [
        (folder.0.clone(), "it is a folder"),
        (folder.path("no").join("x.db"), "its folder does not exist; make it first"),
        (PathBuf::new(), "this is no path of a file"),
    ];
    for (path, problem) in places {
        assert!(open(&path).await.unwrap_err().contains(problem));
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_place_that_can_not_be_written_is_an_error() {
    use std::os::unix::fs::PermissionsExt;

    let folder = Folder::new("readonly");
    let set =
        |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let path = folder.path("a.db");
    open(&path).await.unwrap().close().await;
    set(&path, 0o400);
    if fs::OpenOptions::new().write(true).open(&path).is_ok() {
        return; // This user may write everywhere.
    }
    for _ in 0..2 {
        let told = open(&path).await.unwrap_err();
        assert!(told.contains("structx must be allowed to write the file"), "{told}");
        set(&path, 0o600);
        set(&folder.0, 0o500);
    }
    set(&folder.0, 0o700);
}

#[tokio::test]
async fn those_who_wait_share_one_transaction() {
    let folder = Folder::new("batch");
    let notes = open(&folder.path("a.db")).await.unwrap();
    let hold = hold(&notes);
    let texts = ["one", "two", "three", "two"];
    let mut writes = JoinSet::new();
    for text in texts {
        let notes = notes.clone();
        writes.spawn(async move { note(&notes, text).await });
    }
    tokio::task::yield_now().await;
    hold.send(()).unwrap();
    let ended = writes.join_all().await;
    // A failing write rolls back its whole transaction: no write is acknowledged and then missing.
    let kept = ended.iter().filter(|ended| ended.is_ok()).count();
    assert_eq!(count(&notes).await, i64::try_from(kept).unwrap());
    assert!(ended.iter().any(|ended| ended.as_ref().is_err_and(|told| told.contains("UNIQUE"))));
    assert_eq!(kept, 0);
    note(&notes, "two").await.unwrap();
}

#[tokio::test]
async fn many_writes_are_all_there() {
    let folder = Folder::new("many");
    let path = folder.path("a.db");
    let notes = open(&path).await.unwrap();
    let mut writes = JoinSet::new();
    for number in 0..5_000 {
        let notes = notes.clone();
        writes.spawn(async move { note(&notes, &number.to_string()).await });
    }
    assert!(writes.join_all().await.iter().all(Result::is_ok));
    // Without a close, every acknowledged write is in the file.
    let reader = Connection::open(&path).unwrap();
    let count: i64 = reader.query_row("SELECT count(*) FROM notes", [], |row| row.get(0)).unwrap();
    assert_eq!(count, 5_000);
}

#[tokio::test]
async fn after_an_error_the_next_call_tries_again() {
    let folder = Folder::new("again");
    let path = folder.path("a.db");
    let notes = open(&path).await.unwrap();
    let pragma = async |sql: &'static str| {
        notes.read(move |connection| connection.query_row(sql, [], |_| Ok(()))).await.unwrap();
    };

    let panicked = notes.write(|_| -> rusqlite::Result<()> { panic!("a bug") }).await;
    assert!(panicked.unwrap_err().ends_with("the thread failed: a bug"));
    note(&notes, "after a panic").await.unwrap();

    pragma("PRAGMA max_page_count = 4").await;
    let told = note(&notes, &"long ".repeat(10_000)).await.unwrap_err();
    assert!(told.contains("full; make room on the disk"), "{told}");
    pragma("PRAGMA max_page_count = 1000").await;
    note(&notes, "after room was made").await.unwrap();

    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    notes.read(|connection| connection.busy_timeout(Duration::from_millis(1))).await.unwrap();
    let told = note(&notes, "too early").await.unwrap_err();
    assert!(told.contains("another program has locked it"), "{told}");
    assert_eq!(count(&notes).await, 2);
    other.execute_batch("ROLLBACK").unwrap();
    note(&notes, "after the lock").await.unwrap();
    assert_eq!(count(&notes).await, 3);
}

#[cfg(unix)]
#[tokio::test]
async fn nothing_is_written_into_a_file_that_is_gone() {
    let folder = Folder::new("gone");
    let (path, away) = (folder.path("a.db"), folder.path("b.db"));
    let notes = open(&path).await.unwrap();
    note(&notes, "one").await.unwrap();
    fs::rename(&path, &away).unwrap();
    for _ in 0..2 {
        let told = note(&notes, "lost").await.unwrap_err();
        assert!(told.contains("it was removed or renamed while it is in use"), "{told}");
    }
    fs::rename(&away, &path).unwrap();
    note(&notes, "two").await.unwrap();
    assert_eq!(count(&notes).await, 2);
}

#[tokio::test]
async fn all_may_make_the_same_file_and_write_it() {
    let folder = Folder::new("together");
    let path = folder.path("a.db");
    let threads: Vec<_> = (0..8)
        .map(|thread| {
            let path = path.clone();
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                runtime.block_on(async {
                    let notes = open(&path).await?;
                    for number in 0..50 {
                        note(&notes, &format!("{thread} {number}")).await?;
                    }
                    Ok::<_, String>(())
                })
            })
        })
        .collect();
    let ended: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    assert_eq!(ended, vec![Ok(()); 8]);
    assert_eq!(count(&open(&path).await.unwrap()).await, 400);
}

#[tokio::test]
async fn it_is_closed_with_its_last_handle_or_for_all() {
    let folder = Folder::new("closed");
    let path = folder.path("a.db");
    let log = folder.path("a.db-wal");
    let notes = open(&path).await.unwrap();
    let other = notes.clone();
    note(&notes, "one").await.unwrap();
    notes.close().await;
    assert!(!log.exists());
    assert!(note(&other, "two").await.unwrap_err().contains("closed"));
    other.close().await;

    let notes = open(&path).await.unwrap();
    let hold = hold(&notes);
    let write = tokio::spawn({
        let notes = notes.clone();
        async move { note(&notes, "two").await }
    });
    tokio::task::yield_now().await;
    // Dropping the future does not cancel the write.
    write.abort();
    drop(notes);
    hold.send(()).unwrap();
    while log.exists() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(count(&open(&path).await.unwrap()).await, 2);
}

#[tokio::test]
async fn all_users_of_a_file_share_it_until_the_last_one_closes_it() {
    let folder = Folder::new("shared");
    let path = folder.path("a.db");
    let log = folder.path("a.db-wal");
    let mut users = Vec::new();
    for _ in 0..1_000 {
        users.push(open(&path).await.unwrap());
    }
    let first = thread_of(&users[0]).await;
    assert_eq!(thread_of(&users[999]).await, first);
    note(&users[0], "one").await.unwrap();
    let last = users.pop().unwrap();
    for user in users {
        user.close().await;
        assert!(note(&user, "closed").await.unwrap_err().contains("closed"));
    }
    note(&last, "two").await.unwrap();
    assert!(log.exists());
    last.close().await;
    assert!(!log.exists());
    let again = open(&path).await.unwrap();
    assert_ne!(thread_of(&again).await, first);
    assert_eq!(count(&again).await, 2);
}

/// Runs in a separate process, since it stops the threads of other tests.
#[tokio::test]
async fn no_file_is_open_at_a_fork() {
    const ALONE: &str = "STRUCTX_TEST_FORKS";
    if std::env::var_os(ALONE).is_none() {
        let test = "sqlite::tests::no_file_is_open_at_a_fork";
        let mut alone = Command::new(std::env::current_exe().unwrap());
        let ended = alone.args([test, "--exact"]).env(ALONE, "").output().unwrap();
        return assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stdout));
    }
    let folder = Folder::new("forks");
    let log = folder.path("a.db-wal");
    let notes = open(&folder.path("a.db")).await.unwrap();
    for text in ["one", "two"] {
        assert!(log.exists());
        forks::before();
        assert!(!log.exists());
        let notes = notes.clone();
        let write = tokio::spawn(async move { note(&notes, text).await });
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(!log.exists() && !write.is_finished());
        forks::after();
        write.await.unwrap().unwrap();
    }
    assert_eq!(count(&notes).await, 2);
}
