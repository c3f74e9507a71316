//! What outlives a run: the journal, the cache, and the SQLite files they stand in.

pub mod cache;
pub mod database;
pub mod journal;
pub mod record;
pub mod replay;
