//! The cache of completions by request hash: a file shared by runs and processes, with
//! least-recently-used eviction.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OptionalExtension, params};

use super::record::Record;
use crate::run::store::database::{Database, Kind};

static KIND: Kind = Kind {
    name: "cache",
    application_id: b"stxc",
    version: 1,
    // `total` has one row: the sum of `bytes` over all replies.
    tables: "
CREATE TABLE replies (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    record TEXT NOT NULL,       -- JSON
    bytes INTEGER NOT NULL,
    used_at INTEGER NOT NULL    -- seconds since 1970, to the minute
) STRICT;
CREATE INDEX by_use ON replies (used_at, id, bytes);
CREATE TABLE total (bytes INTEGER NOT NULL) STRICT;
INSERT INTO total VALUES (0);
CREATE TRIGGER added AFTER INSERT ON replies BEGIN
    UPDATE total SET bytes = bytes + new.bytes;
END;
CREATE TRIGGER removed AFTER DELETE ON replies BEGIN
    UPDATE total SET bytes = bytes - old.bytes;
END;
",
    is_durable: false,
    when_damaged: "delete it: it can be filled again",
};

/// The resolution of `used_at` in seconds, so that frequent hits cause few writes.
const MINUTE: i64 = 60;
/// Bytes of an entry beside its key and record: other columns, indexes and page overhead. Chosen by
/// hand, not measured.
const ENTRY: usize = 150;
/// Eviction from a full cache leaves this many tenths of its capacity, so that not every new entry
/// evicts. It is also the largest size of one entry. Chosen by hand, not measured.
const KEPT_TENTHS: i64 = 9;

/// An open cache. Clones share it.
#[derive(Debug, Clone)]
pub struct Cache {
    database: Database,
    max_bytes: i64,
}

impl Cache {
    /// Opens a cache that holds about `max_bytes`, and creates the file if there is none.
    ///
    /// # Errors
    /// A message about the path or the file.
    pub async fn open(path: &Path, max_bytes: u64) -> Result<Self, String> {
        let max_bytes = i64::try_from(max_bytes).unwrap_or(i64::MAX);
        Ok(Self { database: Database::open(path, &KIND).await?, max_bytes })
    }

    /// The record stored under `key`, if there is one.
    ///
    /// # Errors
    /// A message about the file, or about an entry that can't be read.
    pub async fn find(&self, key: &str) -> Result<Option<Record>, String> {
        let key = key.to_owned();
        let find = move |connection: &Connection| {
            let sql = "SELECT id, used_at, record FROM replies WHERE key = ?1";
            let mut reply = connection.prepare_cached(sql)?;
            reply.query_row([&key], |row| row.try_into()).optional()
        };
        let Some((id, used_at, json)): Option<(i64, i64, String)> =
            self.database.read(find).await?
        else {
            return Ok(None);
        };
        let now = seconds();
        if now - used_at >= MINUTE {
            self.database.write_later(move |connection| {
                let sql = "UPDATE replies SET used_at = ?2 WHERE id = ?1";
                connection.prepare_cached(sql)?.execute([id, now])
            });
        }
        let read = |error| format!("an entry was not written by this structx: {error}");
        serde_json::from_str(&json).map(Some).map_err(read)
    }

    /// Stores an accepted reply without its usage and errors, since a cache hit costs nothing.
    ///
    /// # Errors
    /// A message about the file.
    pub async fn keep(&self, key: &str, record: Record) -> Result<(), String> {
        let record = Record { calls: Vec::new(), errors: Vec::new(), ..record };
        let json = serde_json::to_string(&record).map_err(|error| error.to_string())?;
        let bytes = i64::try_from(key.len() + json.len() + ENTRY).unwrap_or(i64::MAX);
        let (key, max_bytes) = (key.to_owned(), self.max_bytes);
        if bytes > max_bytes / 10 * KEPT_TENTHS {
            return Ok(());
        }
        let keep = move |connection: &Connection| {
            connection.prepare_cached("DELETE FROM replies WHERE key = ?1")?.execute([&key])?;
            let sql = "INSERT INTO replies (key, record, bytes, used_at) VALUES (?1, ?2, ?3, ?4)";
            connection.prepare_cached(sql)?.execute(params![key, json, bytes, seconds()])?;
            evict(connection, max_bytes)
        };
        self.database.write(keep).await
    }
}

/// Removes the least recently used entries of a full cache.
fn evict(connection: &Connection, max_bytes: i64) -> rusqlite::Result<()> {
    let total: i64 =
        connection.prepare_cached("SELECT bytes FROM total")?.query_row([], |row| row.get(0))?;
    if total <= max_bytes {
        return Ok(());
    }
    let mut excess = total - max_bytes / 10 * KEPT_TENTHS;
    let mut oldest = connection.prepare("SELECT id, bytes FROM replies ORDER BY used_at, id")?;
    let mut entries = oldest.query([])?;
    let mut removed = Vec::new();
    while excess > 0
        && let Some(entry) = entries.next()?
    {
        removed.push(entry.get::<_, i64>(0)?);
        excess -= entry.get::<_, i64>(1)?;
    }
    let mut remove = connection.prepare_cached("DELETE FROM replies WHERE id = ?1")?;
    removed.into_iter().try_for_each(|id| remove.execute([id]).map(drop))
}

/// The current time in seconds since 1970.
fn seconds() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;
    use serde_json::json;

    use super::Cache;
    use crate::llm::Usage;
    use crate::run::store::database::tests::Folder;
    use crate::run::{AttemptError, Record, RowError};

    fn record(word: &str) -> Record {
        Record {
            reply: Some(json!({"items": [{"word": word}]}).to_string()),
            model: Some("openai/fake".into()),
            ..Record::default()
        }
    }

    #[tokio::test]
    async fn what_is_found_costs_nothing() {
        let folder = Folder::new("cache");
        let path = folder.path("cache.db");
        let cache = Cache::open(&path, 1 << 20).await.unwrap();
        let error =
            AttemptError { model: "m".into(), failure: RowError::Validator("x".to_owned()) };
        let paid = Record { calls: vec![Usage::of(5, 5); 2], errors: vec![error], ..record("one") };
        assert_eq!(cache.find("a").await.unwrap(), None);
        cache.keep("a", record("none")).await.unwrap();
        cache.keep("a", paid).await.unwrap();
        let other = Cache::open(&path, 1 << 20).await.unwrap();
        assert_eq!(other.find("a").await.unwrap(), Some(record("one")));
    }

    #[tokio::test]
    async fn the_least_recently_used_make_room() {
        const MOST: u32 = 100_000;
        let folder = Folder::new("bounded");
        let path = folder.path("cache.db");
        let cache = Cache::open(&path, MOST.into()).await.unwrap();
        let reader = Connection::open(&path).unwrap();
        let bytes = |sql| reader.query_row(sql, [], |row| row.get::<_, u32>(0)).unwrap();
        cache.keep("used", record("used")).await.unwrap();
        for number in 0..300 {
            cache.keep(&number.to_string(), record(&"word ".repeat(100))).await.unwrap();
            // As if each entry had been stored an hour after the previous one.
            reader.execute_batch("UPDATE replies SET used_at = used_at - 3600").unwrap();
            assert!(cache.find("used").await.unwrap().is_some());
            let total = bytes("SELECT bytes FROM total");
            assert_eq!(total, bytes("SELECT sum(bytes) FROM replies"));
            assert!(total <= MOST);
        }
        assert!(bytes("SELECT bytes FROM total") > MOST / 2);
        assert_eq!(cache.find("0").await.unwrap(), None);
        assert!(cache.find("299").await.unwrap().is_some());
        assert!(std::fs::metadata(&path).unwrap().len() < 200_000);

        let entries = bytes("SELECT count(*) FROM replies");
        cache.keep("huge", record(&"x".repeat(100_000))).await.unwrap();
        assert_eq!(cache.find("huge").await.unwrap(), None);
        assert_eq!(bytes("SELECT count(*) FROM replies"), entries);
    }
}
