//! What several layers of structx share: strict JSON, canonical hashes, token estimates, the text of
//! a panic.

pub mod canonical;
pub mod json;
pub mod panics;
pub mod tokens;
