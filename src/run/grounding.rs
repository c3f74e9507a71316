//! The rule that values must stand in the source, and the validator that applies it to replies.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::documents::Content;
use crate::evidence::{Evidence, Index, Leaf, Status, find, leaves};
use crate::llm::cpu;

use super::row::Row;
use super::target::{Rejection, Target, Ungrounded, Validate};

/// The most values that are named in one correction. Chosen by hand.
const MAX_PROBLEMS: usize = 20;
/// How many times longer it takes to find evidence in a text than to parse one of its size: 53,000
/// characters took 4.6 ms (the example `evidence_cost`).
const EFFORT: usize = 8;
/// The longest value that a problem quotes, in characters. Chosen by hand.
const LONGEST_VALUE: usize = 60;

/// Which values must stand in the source, and what becomes of those that do not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GroundingRule {
    pub required: Required,
    pub otherwise: OnUngrounded,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Required {
    /// For all values that the schema does not say to be inferred.
    All(Level),
    /// By field; the parts of nested fields are separated by dots: `lines.price`.
    Fields(BTreeMap<String, Level>),
}

/// How well the source must say a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Level {
    /// In nearly the same words.
    Fuzzy,
    /// The same number, date or words in any spelling.
    Normalized,
    /// In the same characters.
    Exact,
}

/// What becomes of values that the source does not say, after the model was told of them once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum OnUngrounded {
    /// The model is asked again while attempts are left; then the row fails.
    Reask,
    /// They become null; a value that may not be null fails the row.
    Null,
    /// The row fails.
    Fail,
    /// They are kept; their evidence tells.
    Keep,
}

impl Level {
    /// The level of a name in settings.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "fuzzy" => Some(Self::Fuzzy),
            "normalized" => Some(Self::Normalized),
            "exact" => Some(Self::Exact),
            _ => None,
        }
    }

    fn is_met_by(self, evidence: &Evidence) -> bool {
        match evidence.status {
            // Places that tie say the value alike, with the score of each.
            Status::Normalized | Status::Ambiguous => {
                self != Self::Exact || evidence.likeness >= 1.0
            }
            Status::Fuzzy => self == Self::Fuzzy,
            Status::Missing => false,
            // The schema does not ask for a place of the last two, or structx can't look for one.
            Status::Exact | Status::Inferred | Status::Unverifiable => true,
        }
    }
}

impl OnUngrounded {
    /// The choice of a name in settings.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "reask" => Some(Self::Reask),
            "null" => Some(Self::Null),
            "fail" => Some(Self::Fail),
            "keep" => Some(Self::Keep),
            _ => None,
        }
    }
}

impl Required {
    fn level(&self, leaf: &Leaf) -> Option<Level> {
        match self {
            Self::All(level) => Some(*level),
            Self::Fields(levels) => levels.get(&leaf.field.path.join(".")).copied(),
        }
    }
}

/// A target whose replies must stand in the source of one row.
pub struct Grounded<'a, T> {
    pub target: &'a T,
    pub rule: &'a GroundingRule,
    pub row: &'a Row,
}

impl<T: Target> Validate for Grounded<'_, T> {
    type Output = T::Output;

    const IN_PARTS: bool = T::IN_PARTS;

    async fn validate(&self, json: String) -> Result<Self::Output, Rejection> {
        self.target.validate(json).await
    }

    fn ungrounded(&self, json: &str) -> Option<Ungrounded> {
        let leaves = leaves(&items_of(json), self.target.schema());
        let size = self.row.text.len().saturating_mul(EFFORT);
        let source = &self.row.source;
        let has_images = !source.images.is_empty();
        let index = || index(&source.content, &self.row.text, has_images);
        let evidence = cpu::run(size, || find(&index(), &leaves));
        let is_ungrounded = |leaf: &Leaf, evidence: &Evidence| {
            self.rule.required.level(leaf).is_some_and(|level| !level.is_met_by(evidence))
        };
        let found = leaves.iter().zip(&evidence);
        let leaves: Vec<&Leaf> =
            found.filter(|(leaf, one)| is_ungrounded(leaf, one)).map(|(leaf, _)| leaf).collect();
        (!leaves.is_empty()).then(|| Ungrounded {
            problems: leaves.iter().take(MAX_PROBLEMS).map(|leaf| problem(leaf)).collect(),
            is_asked_again: self.rule.otherwise == OnUngrounded::Reask,
            settled: match self.rule.otherwise {
                OnUngrounded::Reask | OnUngrounded::Fail => None,
                OnUngrounded::Keep => Some(json.to_owned()),
                OnUngrounded::Null => Some(without(json, &leaves)),
            },
        })
    }
}

/// The index of what the model was given for a row: its text, and perhaps its pages as images.
#[must_use]
pub fn index<'a>(content: &'a Content, text: &'a str, has_images: bool) -> Index<'a> {
    match content {
        Content::Document(document) => {
            let index = Index::of_document(document, 0..document.text.len());
            let is_unread = |page: &crate::documents::Page| page.needs_vision;
            if has_images || document.pages.iter().any(is_unread) {
                index.with_unread_parts()
            } else {
                index
            }
        }
        Content::Table(_) => Index::new(text),
    }
}

/// The items of a reply, `{"items": [...]}`.
#[must_use]
pub fn items_of(reply: &str) -> Value {
    let mut reply: Value = serde_json::from_str(reply).unwrap_or_default();
    reply.get_mut("items").map(Value::take).unwrap_or_default()
}

/// The reply with these values null.
fn without(reply: &str, leaves: &[&Leaf]) -> String {
    let mut reply: Value = serde_json::from_str(reply).unwrap_or_default();
    for leaf in leaves {
        let value = reply.get_mut("items").and_then(|items| items.pointer_mut(&leaf.pointer));
        if let Some(value) = value {
            *value = Value::Null;
        }
    }
    reply.to_string()
}

fn problem(leaf: &Leaf) -> String {
    let value = leaf.value.to_string();
    let shown: String = value.chars().take(LONGEST_VALUE).collect();
    let rest = if shown.len() < value.len() { "..." } else { "" };
    format!(
        "items{}: {shown}{rest} does not stand in the document; give the value as it stands there, or \
         null where there is none",
        leaf.pointer
    )
}

#[cfg(test)]
mod tests;
