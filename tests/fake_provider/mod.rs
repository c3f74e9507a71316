//! A scripted stand-in for the servers of all providers, on loopback, for tests and benches.
//!
//! Without a script every request is answered at once with an instance of the schema that it asks
//! for, in its provider's shape. See `script.rs` for what a script can say, `shape.rs` for the
//! shapes, and `connection.rs` for the addresses.

#![allow(dead_code, reason = "each program uses its own part")]

mod connection;
mod faults;
mod instance;
mod limit;
mod script;
mod server;
mod shape;

pub use server::FakeProvider;
