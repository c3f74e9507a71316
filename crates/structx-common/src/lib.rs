//! Helpers that several layers of structx share.
//!
#![doc = include_str!("../README.md")]

pub mod canonical;
mod currencies;
pub mod json;
pub mod json_pointer;
pub mod panics;
pub mod sync;
pub mod tokens;

pub use currencies::{CURRENCIES, CURRENCY_SIGNS, Side, is_spelled};
