//! A scripted stand-in for an OpenAI-compatible server, on loopback, for tests and benches.
//!
//! Without a script every request is answered at once with an instance of the schema that it asks
//! for. See `script.rs` for what a script can say, and `connection.rs` for the addresses.

#![allow(dead_code, reason = "each program uses its own part")]

mod connection;
mod instance;
mod script;
mod server;

pub use server::FakeProvider;
