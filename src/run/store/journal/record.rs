//! Converts records to and from the human-readable columns of the journal's `rows`, without loss.

use std::sync::Arc;

use rusqlite::Row;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};

use crate::llm::Usage;
use crate::reply::Repair;
use crate::run::Record;
use crate::run::error::{AttemptError, RowError};

const SUCCESS: &str = "success";
const EMPTY: &str = "empty";
const FAILED: &str = "failed";

/// The text around the items in most replies.
const OPEN: &str = "{\"items\":";
const CLOSE: &str = "}";

/// The columns of a row that hold its record.
#[derive(Debug)]
pub struct Columns {
    pub status: String,
    /// The items of the reply or, if there is none, the complete items of truncated replies.
    pub items: Option<String>,
    pub model: Option<Arc<str>>,
    pub requests: i64,
    pub prompt_tokens: i64,
    pub completion_tokens: i64,
    pub thinking_tokens: Option<i64>,
    pub cached_tokens: Option<i64>,
    pub cost: Option<f64>,
    /// [`Details`] as JSON, if there are any.
    pub details: Option<String>,
}

/// The parts of a record that the other columns do not hold.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Details {
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<RowError>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<AttemptError>,
    /// Set if the sums in the columns do not determine the usage of each request.
    #[serde(skip_serializing_if = "Option::is_none")]
    calls: Option<Vec<Usage>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    repairs: Vec<Repair>,
    /// The text before and after the items, if it is not [`OPEN`] and [`CLOSE`].
    #[serde(skip_serializing_if = "Option::is_none")]
    around: Option<(String, String)>,
    /// The reply, if it is not an object with `items` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    reply: Option<String>,
    /// The same for the complete items; also set if there is a reply too.
    #[serde(skip_serializing_if = "Option::is_none")]
    incomplete: Option<String>,
}

impl Details {
    fn is_empty(&self) -> bool {
        let Self { failure, errors, calls, repairs, around, reply, incomplete } = self;
        failure.is_none()
            && errors.is_empty()
            && calls.is_none()
            && repairs.is_empty()
            && around.is_none()
            && reply.is_none()
            && incomplete.is_none()
    }
}

impl Columns {
    pub fn of(record: Record) -> Result<Self, String> {
        let Record { reply, incomplete, failure, model, calls, errors, repairs } = record;
        let mut columns = Self::counted(&calls);
        let has_reply = reply.is_some();
        let mut details =
            Details { failure, errors, repairs, reply, incomplete, ..Details::default() };
        if columns.calls().as_ref() != Some(&calls) {
            details.calls = Some(calls);
        }
        let text = if has_reply { &mut details.reply } else { &mut details.incomplete };
        let mut status = if has_reply { SUCCESS } else { FAILED };
        if let Some((before, items, after)) = text.as_deref().and_then(split) {
            if has_reply && items.trim() == "[]" {
                status = EMPTY;
            }
            if (before, after) != (OPEN, CLOSE) {
                details.around = Some((before.to_owned(), after.to_owned()));
            }
            columns.items = Some(items.to_owned());
            *text = None;
        }
        status.clone_into(&mut columns.status);
        columns.model = model;
        columns.details = if details.is_empty() { None } else { Some(json(&details)?) };
        Ok(columns)
    }

    pub fn record(self) -> Result<Record, String> {
        let details: Details = self.details.as_deref().map(parse).transpose()?.unwrap_or_default();
        let calls = self.calls();
        let Details { failure, errors, repairs, around, mut reply, mut incomplete, .. } = details;
        if let Some(items) = self.items {
            let usual = || (OPEN.to_owned(), CLOSE.to_owned());
            let (before, after) = around.unwrap_or_else(usual);
            let text = if self.status == FAILED { &mut incomplete } else { &mut reply };
            *text = Some(before + &items + &after);
        }
        let calls = details.calls.or(calls).unwrap_or_default();
        Ok(Record { reply, incomplete, failure, model: self.model, calls, errors, repairs })
    }

    /// Sums the usage of all requests.
    fn counted(calls: &[Usage]) -> Self {
        let sum = |part: fn(&Usage) -> Option<u64>| {
            calls.iter().filter_map(part).reduce(u64::saturating_add).map(integer)
        };
        Self {
            status: String::new(),
            items: None,
            model: None,
            requests: integer(calls.len()),
            prompt_tokens: sum(|call| Some(call.prompt_tokens)).unwrap_or_default(),
            completion_tokens: sum(|call| Some(call.completion_tokens)).unwrap_or_default(),
            thinking_tokens: sum(|call| call.thinking_tokens),
            cached_tokens: sum(|call| call.cached_tokens),
            cost: calls.iter().filter_map(|call| call.cost).reduce(|one, two| one + two),
            details: None,
        }
    }

    /// The usage of each request as the sums determine it; `None` for more than one request.
    fn calls(&self) -> Option<Vec<Usage>> {
        let count = |sum: i64| u64::try_from(sum).unwrap_or_default();
        let usage = Usage {
            thinking_tokens: self.thinking_tokens.map(count),
            cached_tokens: self.cached_tokens.map(count),
            cost: self.cost,
            ..Usage::of(count(self.prompt_tokens), count(self.completion_tokens))
        };
        match self.requests {
            0 => Some(Vec::new()),
            1 => Some(vec![usage]),
            _ => None,
        }
    }
}

impl TryFrom<&Row<'_>> for Columns {
    type Error = rusqlite::Error;

    fn try_from(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            status: row.get("status")?,
            items: row.get("items")?,
            model: row.get("model")?,
            requests: row.get("requests")?,
            prompt_tokens: row.get("prompt_tokens")?,
            completion_tokens: row.get("completion_tokens")?,
            thinking_tokens: row.get("thinking_tokens")?,
            cached_tokens: row.get("cached_tokens")?,
            cost: row.get("cost")?,
            details: row.get("details")?,
        })
    }
}

/// Splits a reply `{"items": [...]}` into the list and the text before and after it.
fn split(reply: &str) -> Option<(&str, &str, &str)> {
    let rest = reply.trim_start().strip_prefix('{')?;
    let rest = rest.trim_start().strip_prefix("\"items\"")?;
    let rest = rest.trim_start().strip_prefix(':')?;
    let items = rest.trim_end().strip_suffix('}')?;
    serde_json::from_str::<Vec<IgnoredAny>>(items).ok()?;
    Some((&reply[..reply.len() - rest.len()], items, &rest[items.len()..]))
}

/// The number as an SQLite integer; larger ones become `i64::MAX`.
pub fn integer<T: TryInto<i64>>(number: T) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}

pub fn json<T: Serialize + ?Sized>(value: &T) -> Result<String, String> {
    serde_json::to_string(value).map_err(|error| error.to_string())
}

pub fn parse<T: DeserializeOwned>(json: &str) -> Result<T, String> {
    serde_json::from_str(json)
        .map_err(|error| format!("an entry was not written by this structx: {error}"))
}
