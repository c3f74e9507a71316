//! Storage that outlives a run: the journal, the cache, and their SQLite files.

pub mod cache;
pub mod database;
pub mod journal;
pub mod record;
pub(in crate::run) mod replay;
pub(in crate::run) mod request_key;
