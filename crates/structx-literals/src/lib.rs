//! Literals: the numbers, dates and times of a text, each with its place and its value.
//!
#![doc = include_str!("../README.md")]

pub mod dates;
mod months;
pub mod numbers;
mod separators;
mod unit;

use std::ops::Range;

use regex::Regex;

pub use unit::Unit;

/// A reading of a number in a text. One place may have several readings: `1 982,50 EUR` is one number or two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number {
    /// The bytes of the number with its sign, currency, percent sign and magnitude.
    pub range: Range<usize>,
    /// The bytes that say the value: without currency, percent sign and ordinal suffix, with the digits, a
    /// minus sign and a magnitude.
    pub amount: Range<usize>,
    /// The value in the notation of JSON, such as `1982.50`. A percentage is not divided: `19 %` is `19`.
    pub value: String,
    /// The value with the other decimal mark, where nothing in the text says which is right: `1.234`.
    pub other_mark: Option<String>,
    /// The currency or percent sign that stands beside the digits, also if it is not in `range`.
    pub unit: Option<Unit>,
    /// Another reading of the same place is as likely or likelier.
    pub is_doubtful: bool,
}

/// A date, a time, or both, in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// The bytes of the text.
    pub range: Range<usize>,
    /// The value in ISO 8601, such as `2024-03-05`.
    pub value: String,
    /// The value with day and month in the other order, where nothing in the text says which is right.
    pub other_order: Option<String>,
}

/// A regular expression of this crate.
fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is a constant of this crate")
}

/// The range of the sorted `ranges` that contains the position.
fn containing(ranges: &[Range<usize>], at: usize) -> Option<&Range<usize>> {
    let after = ranges.partition_point(|range| range.start <= at);
    ranges[..after].last().filter(|range| range.contains(&at))
}
