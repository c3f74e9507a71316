//! The journal: a file of finished rows and plans, with which a run that was killed resumes.
//!
//! It is an SQLite file with three human-readable tables; [`TABLES`] documents their columns.
//! `rows` has one entry for each row that has ended, found by `key`, the hash of its request, and
//! `occurrence`, which distinguishes rows with equal requests. Entries without `is_final` are
//! informative only; a later run sends their requests again. `plans` has the results of planning,
//! and `operations` the sources and queries. The journal contains no text of a document except in
//! extracted values, and where an error of a provider or a validator quotes it.
//!
//! Writes are durable when they return (`synchronous = FULL`). Several processes of one machine may
//! write the same journal. It must be on a local disk: network drives do not support the
//! write-ahead log.

mod record;

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, params, params_from_iter};
use serde_json::Value;

use super::record::Record;
use crate::llm::Usage;
use crate::run::store::database::{Database, Kind};
use record::Columns;

static KIND: Kind = Kind {
    name: "journal",
    application_id: b"stxj",
    version: 1,
    tables: TABLES,
    is_durable: true,
    when_damaged: "`sqlite3 FILE .recover` may save what is in it, into another file",
};

/// The tables of a journal.
pub const TABLES: &str = "
CREATE TABLE operations (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    source TEXT NOT NULL,         -- the name of the file, or a substitute for other data
    query TEXT NOT NULL,
    model TEXT NOT NULL,          -- the first that requests are sent to
    target TEXT NOT NULL,         -- the name of one item
    schema TEXT NOT NULL,         -- JSON Schema of one item
    started_at TEXT NOT NULL,     -- UTC in ISO 8601, as all times here
    ended_at TEXT,                -- NULL: still running, or interrupted
    rows INTEGER                  -- the number of rows that ended
) STRICT;
CREATE TABLE plans (
    key TEXT PRIMARY KEY,
    query TEXT NOT NULL,
    model TEXT NOT NULL,
    plan TEXT NOT NULL,           -- JSON
    calls TEXT NOT NULL,          -- JSON array: the usage of each planning request
    made_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE rows (
    key TEXT NOT NULL,            -- the hash of the request
    occurrence INTEGER NOT NULL,  -- from 0 on, for rows with equal requests
    operation INTEGER NOT NULL REFERENCES operations,
    position INTEGER NOT NULL,    -- in the source, from 0
    status TEXT NOT NULL CHECK (status IN ('success', 'empty', 'failed')),
    is_final INTEGER NOT NULL,    -- 0: the next run sends the request again
    items TEXT,                   -- JSON array; the complete ones of a failed row
    error TEXT,
    model TEXT,                   -- the one that gave the items
    requests INTEGER NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    thinking_tokens INTEGER,      -- part of completion_tokens
    cached_tokens INTEGER,        -- part of prompt_tokens
    cost REAL,                    -- US dollars
    ended_at TEXT NOT NULL,
    details TEXT,                 -- JSON object: all that has no column
    PRIMARY KEY (key, occurrence)
) STRICT;
";

/// An open journal. Clones share it.
#[derive(Debug, Clone)]
pub struct Journal {
    database: Database,
}

/// One extraction of a source, as an entry of `operations`.
#[derive(Debug, Clone)]
pub struct Operation {
    pub key: String,
    /// The name of the file or, for other data, a substitute.
    pub source: String,
    pub query: String,
    pub model: String,
    /// The name of one item, such as `Invoice`.
    pub target: String,
    /// The JSON Schema of one item.
    pub schema: Value,
}

/// A stored plan.
#[derive(Debug, Clone, PartialEq)]
pub struct JournaledPlan {
    /// A [`Plan`](crate::planning::plan::Plan).
    pub plan: Value,
    /// One entry for each planning request.
    pub calls: Vec<Usage>,
}

/// A row that has ended.
#[derive(Debug, Clone)]
pub struct Row {
    /// The id that [`Journal::begin`] returned.
    pub operation_id: i64,
    pub key: String,
    pub occurrence: u32,
    pub position: usize,
    /// Whether a later run replays the row; otherwise its request is sent again.
    pub is_final: bool,
    pub record: Record,
}

impl Journal {
    /// Opens a journal, and creates the file if there is none.
    ///
    /// # Errors
    /// A message about the path or the file.
    pub async fn open(path: &Path) -> Result<Self, String> {
        Ok(Self { database: Database::open(path, &KIND).await? })
    }

    /// Records that an operation begins or resumes, and returns its `id`.
    ///
    /// # Errors
    /// A message about the file.
    pub async fn begin(&self, operation: &Operation) -> Result<i64, String> {
        let Operation { key, source, query, model, target, schema } = operation.clone();
        let begin = move |connection: &Connection| {
            connection.query_row(
                "INSERT INTO operations (key, source, query, model, target, schema, started_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, strftime('%Y-%m-%dT%H:%M:%fZ'))
                 ON CONFLICT DO UPDATE SET ended_at = NULL, rows = NULL RETURNING id",
                params![key, source, query, model, target, schema.to_string()],
                |row| row.get(0),
            )
        };
        self.database.write(begin).await
    }

    /// Records that all rows of an operation have ended.
    ///
    /// # Errors
    /// A message about the file.
    pub async fn end(&self, operation_id: i64, rows: usize) -> Result<(), String> {
        let end = move |connection: &Connection| {
            connection.execute(
                "UPDATE operations SET rows = ?2, ended_at = strftime('%Y-%m-%dT%H:%M:%fZ')
                 WHERE id = ?1",
                params![operation_id, record::integer(rows)],
            )
        };
        self.database.write(end).await.map(drop)
    }

    /// The plan stored under `key`, if there is one.
    ///
    /// # Errors
    /// A message about the file, or about an entry that can't be read.
    pub async fn plan(&self, key: &str) -> Result<Option<JournaledPlan>, String> {
        let key = key.to_owned();
        let find = move |connection: &Connection| {
            let mut plan =
                connection.prepare_cached("SELECT plan, calls FROM plans WHERE key = ?1")?;
            plan.query_row([&key], |row| row.try_into()).optional()
        };
        let Some((plan, calls)): Option<(String, String)> = self.database.read(find).await? else {
            return Ok(None);
        };
        let (plan, calls) = (record::parse(&plan)?, record::parse(&calls)?);
        Ok(Some(JournaledPlan { plan, calls }))
    }

    /// Stores a plan.
    ///
    /// # Errors
    /// A message about the file.
    pub async fn keep_plan(
        &self,
        key: &str,
        query: &str,
        model: &str,
        plan: &Value,
        calls: &[Usage],
    ) -> Result<(), String> {
        let calls = record::json(calls)?;
        let values = [key.to_owned(), query.to_owned(), model.to_owned(), plan.to_string(), calls];
        let keep = move |connection: &Connection| {
            connection.execute(
                "INSERT OR REPLACE INTO plans (key, query, model, plan, calls, made_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, strftime('%Y-%m-%dT%H:%M:%fZ'))",
                params_from_iter(&values),
            )
        };
        self.database.write(keep).await.map(drop)
    }

    /// The final record of a row, if there is one.
    ///
    /// # Errors
    /// A message about the file, or about an entry that can't be read.
    pub async fn find(&self, key: &str, occurrence: u32) -> Result<Option<Record>, String> {
        let key = key.to_owned();
        let find = move |connection: &Connection| {
            let mut row = connection.prepare_cached(
                "SELECT status, items, model, requests, prompt_tokens, completion_tokens,
                        thinking_tokens, cached_tokens, cost, details
                 FROM rows WHERE key = ?1 AND occurrence = ?2 AND is_final",
            )?;
            row.query_row(params![key, occurrence], |row| Columns::try_from(row)).optional()
        };
        self.database.read(find).await?.map(Columns::record).transpose()
    }

    /// Stores the record of a row in place of an earlier one.
    ///
    /// # Errors
    /// A message about the file.
    pub async fn keep(&self, row: Row) -> Result<(), String> {
        let Row { operation_id, key, occurrence, position, is_final, record } = row;
        let error = record.failure.as_ref().map(ToString::to_string);
        let columns = Columns::of(record)?;
        let keep = move |connection: &Connection| {
            let mut row = connection.prepare_cached(
                // A record that is not final never replaces a final one of another process.
                "INSERT OR REPLACE INTO rows
                 SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10,
                 ?11, ?12, ?13, ?14, ?15, strftime('%Y-%m-%dT%H:%M:%fZ'), ?16
                 WHERE ?6 OR NOT EXISTS
                 (SELECT 1 FROM rows WHERE key = ?1 AND occurrence = ?2 AND is_final)",
            )?;
            row.execute(params![
                key,
                occurrence,
                operation_id,
                record::integer(position),
                columns.status,
                is_final,
                columns.items,
                error,
                columns.model,
                columns.requests,
                columns.prompt_tokens,
                columns.completion_tokens,
                columns.thinking_tokens,
                columns.cached_tokens,
                columns.cost,
                columns.details,
            ])
        };
        self.database.write(keep).await.map(drop)
    }

    /// Closes the journal for all clones. A single file remains unless another process has it open.
    pub async fn close(&self) {
        self.database.close().await;
    }
}

#[cfg(test)]
mod tests;
