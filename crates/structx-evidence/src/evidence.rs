//! What is known of a value: whether the text says it, and where.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// How well a text says a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The text has the same characters.
    Exact,
    /// The text says the same number, date, time or words in another spelling.
    Normalized,
    /// The text has nearly the same words: misspelt, in another order, or some fewer. Never for numbers.
    Fuzzy,
    /// Several places say the value equally well, or one place can be read in several ways.
    Ambiguous,
    /// The text does not say the value.
    Missing,
    /// The schema says that the value is not copied from the text, and it does not stand there.
    Inferred,
    /// The text does not say the value, but the model also saw what the text does not hold.
    Unverifiable,
}

/// Where a value stands in a text.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evidence {
    pub status: Status,
    /// From 0 (not said) to 1 (the same characters): how alike value and text are at this place.
    pub likeness: f32,
    /// The likeness, in a recognised text (OCR) times the lowest score of the words at this place.
    pub score: f32,
    /// Bytes of the document's text. A value that crosses lines or cells has several; without evidence
    /// there are none.
    pub spans: Vec<Range<usize>>,
    /// The number of places that say the value, this one included.
    pub occurrences: usize,
    /// The text of the spans, joined by spaces.
    pub text: String,
}

impl Evidence {
    /// A value without a place in the text.
    pub(crate) fn without_place(status: Status) -> Self {
        let (spans, text) = (Vec::new(), String::new());
        Self { status, likeness: 0.0, score: 0.0, spans, occurrences: 0, text }
    }
}
