//! Holds the strings of a reply that are copied to the passages of the documents.

use std::rc::Rc;

use serde_json::Value;

use super::cursor::{Cursor, Event, Step};
use super::grammar::COPIED;
use super::labels::words;
use super::passages::{Copy, Ending, Passages};
use structx_schema::json_schema::resolve;

/// The kind of copied strings without a form of their own.
pub const TEXT: &str = "text";

pub struct CopiedText<'a> {
    schema: &'a Value,
    passages: Passages,
}

/// A place in the reply, and in the passages if that place is in a copied string.
#[derive(Debug, Clone, Default)]
pub struct State {
    cursor: Cursor,
    copy: Option<Copied>,
    copies: usize,
}

/// A copied value that is being written.
#[derive(Debug, Clone)]
struct Copied {
    copy: Copy,
    /// Whether it is held to the passages; if not, the grammar does so.
    is_text: bool,
    /// The words of its field's name.
    field: Rc<[String]>,
    /// Whether its text so far is in the passages, if it is held to them.
    stands: bool,
}

impl State {
    pub fn is_in_copy(&self) -> bool {
        self.copy.is_some()
    }

    /// The number of copied values that were begun.
    pub fn copies(&self) -> usize {
        self.copies
    }

    /// Whether the copied value that is being written is in the documents so far.
    pub fn stands(&self) -> bool {
        self.copy.as_ref().is_none_or(|copied| copied.stands)
    }
}

/// What a place loses that is not at the beginning of its line or cell, as a logit. This and the next
/// ones were chosen with the model of 0.5B, on few texts: within noise of their neighbours.
const INSIDE: f32 = 1.0;
/// By how much the logit of a token that goes on may be below that of the end, between the words of a
/// line or cell, at the end of a line, and at that of one that goes on by the layout.
const BEFORE_END: f32 = 1.0;
const OVER_LINE: f32 = 2.0;
const OVER_CONTINUED_LINE: f32 = 8.0;

impl<'a> CopiedText<'a> {
    /// The most that [`fitness`](Self::fitness) returns: for a label that has the name of the field.
    pub const MOST_FITNESS: f32 = 1.0;

    /// For a `schema` of [`grammar::compile`](super::grammar::compile).
    pub fn new<'d>(schema: &'a Value, documents: impl Iterator<Item = &'d str>) -> Self {
        Self { schema, passages: Passages::new(documents) }
    }

    /// Adds the bytes of a token; returns whether all copied strings still stand in the documents.
    pub fn push(&self, state: &mut State, token: &[u8]) -> bool {
        let mut stands = true;
        for &byte in token {
            stands &= match state.cursor.push(byte) {
                Event::Start => {
                    state.copy = self.copied(&state.cursor.path());
                    state.copies += usize::from(state.copy.is_some());
                    true
                }
                Event::Byte(byte) => state.copy.as_mut().is_none_or(|copied| {
                    copied.stands &= self.passages.push(&mut copied.copy, byte) || !copied.is_text;
                    copied.stands
                }),
                Event::End => state
                    .copy
                    .take()
                    .is_none_or(|copied| !copied.is_text || self.passages.may_end(&copied.copy)),
                Event::Other => true,
            };
        }
        stands
    }

    /// How well the places suit where a copied value stands: near a label that names its field, and
    /// from the beginning of a line or cell.
    pub fn fitness(&self, state: &State) -> f32 {
        let Some(Copied { copy, is_text, field, .. }) = &state.copy else { return 0.0 };
        let likeness = Self::MOST_FITNESS * self.passages.likeness(copy, field);
        let is_inside = *is_text && self.passages.began_inside(copy);
        if is_inside { likeness - INSIDE } else { likeness }
    }

    /// By how much the logit of a token that goes on may be below that of the end of a copied string:
    /// small models end values of several words or lines too early.
    pub fn end_margin(&self, state: &State) -> Option<f32> {
        let copied = state.copy.as_ref().filter(|copied| copied.is_text)?;
        match self.passages.end(&copied.copy) {
            Ending::Free => None,
            Ending::Inside => Some(BEFORE_END),
            Ending::Line => Some(OVER_LINE),
            Ending::Continued => Some(OVER_CONTINUED_LINE),
        }
    }

    /// The beginning of a value, if each string that the schema allows at a place is copied.
    fn copied(&self, path: &[Step]) -> Option<Copied> {
        let mut parts = vec![self.schema];
        for step in path {
            parts =
                self.branches(&parts).into_iter().filter_map(|part| within(part, step)).collect();
        }
        let parts = self.branches(&parts).into_iter().filter(|part| may_be_string(part));
        let kinds: Option<Vec<&str>> =
            parts.map(|part| part.get(COPIED).and_then(Value::as_str)).collect();
        let kinds = kinds.filter(|kinds| !kinds.is_empty())?;
        let name = path.iter().rev().find_map(|step| match step {
            Step::Name(name) => Some(name.as_str()),
            Step::Index(_) => None,
        });
        Some(Copied {
            copy: Passages::start(),
            is_text: kinds.iter().all(|kind| *kind == TEXT),
            field: words(name.unwrap_or_default()).collect(),
            stands: true,
        })
    }

    /// The parts themselves without references, and the branches of unions in place of these.
    fn branches(&self, parts: &[&'a Value]) -> Vec<&'a Value> {
        let (mut pending, mut all) = (parts.to_vec(), Vec::new());
        // A union that contains itself has no end.
        while let Some(part) = pending.pop().filter(|_| all.len() < MAX_BRANCHES) {
            let Some(part) = resolve(part, self.schema) else { continue };
            let unions = ["anyOf", "oneOf", "allOf"].map(|keyword| part.get(keyword));
            let branches: Vec<&Value> =
                unions.into_iter().flatten().filter_map(Value::as_array).flatten().collect();
            if branches.is_empty() || part.get(COPIED).is_some() {
                all.push(part);
            } else {
                pending.extend(branches);
            }
        }
        all
    }
}

/// Chosen by hand.
const MAX_BRANCHES: usize = 100;

fn within<'a>(part: &'a Value, step: &Step) -> Option<&'a Value> {
    match step {
        Step::Name(name) => {
            let property = part.get("properties").and_then(|it| it.get(name));
            property.or(part.get("additionalProperties"))
        }
        Step::Index(index) => {
            part.get("prefixItems").and_then(|it| it.get(index)).or(part.get("items"))
        }
    }
}

fn may_be_string(part: &Value) -> bool {
    match part.get("type") {
        Some(Value::String(kind)) => kind == "string",
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == "string"),
        _ => true,
    }
}
