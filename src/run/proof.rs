//! Checks recorded evidence against a document, without a model.

use std::ops::Range;

use serde::Deserialize;
use serde_json::Value;

use crate::documents::{CodePoints, Document};
use crate::evidence::{Evidence, FieldHints, Index, Kind, Leaf, Status, find};

/// A value with its evidence, as it was recorded.
#[derive(Debug, Clone, Deserialize)]
pub struct RecordedValue {
    pub pointer: String,
    pub value: Value,
    /// The rule by which the text was read.
    pub kind: Kind,
    pub status: Status,
    /// First and last code point of each span, and its text.
    pub spans: Vec<RecordedSpan>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct RecordedSpan {
    pub start: usize,
    pub end: usize,
    pub text: String,
}

/// What does not hold of recorded values, in words; empty if all do.
///
/// A value holds if the document has the recorded text at its spans, and that text says the value: by
/// itself, or read as the document writes its dates and numbers.
#[must_use]
pub fn check(document: &Document, values: &[RecordedValue]) -> Vec<String> {
    let offsets = CodePoints::new(&document.text);
    let whole = Index::of_document(document, 0..document.text.len());
    let problem = |value: &RecordedValue| {
        problem(&document.text, &offsets, &whole, value)
            .map(|what| format!("{}: {what}", value.pointer))
    };
    values.iter().filter_map(problem).collect()
}

fn problem(
    text: &str,
    offsets: &CodePoints,
    whole: &Index<'_>,
    recorded: &RecordedValue,
) -> Option<String> {
    let is_said = match recorded.status {
        Status::Exact | Status::Normalized | Status::Fuzzy | Status::Ambiguous => true,
        Status::Missing | Status::Inferred | Status::Unverifiable => false,
    };
    if recorded.spans.is_empty() {
        return is_said.then(|| "it has no place".to_owned());
    }
    for span in &recorded.spans {
        let bytes: Range<usize> = offsets.byte(text, span.start)..offsets.byte(text, span.end);
        if text.get(bytes) != Some(&span.text) {
            let Range { start, end } = span.start..span.end;
            return Some(format!("characters {start} to {end} are not what was recorded"));
        }
    }
    let hints = FieldHints { kind: recorded.kind, ..FieldHints::default() };
    let leaf = Leaf { pointer: String::new(), value: recorded.value.clone(), field: hints };
    let said = recorded.spans.iter().map(|span| span.text.as_str()).collect::<Vec<_>>().join("\n");
    let says = |index: &Index<'_>| {
        let found = find(index, std::slice::from_ref(&leaf));
        found.first().is_some_and(|found| holds(recorded.status, found))
    };
    let holds = says(&Index::new(&said)) || says(whole);
    (!holds).then(|| "the recorded text does not say the value".to_owned())
}

/// Whether evidence is at least as good as what was recorded.
fn holds(recorded: Status, found: &Evidence) -> bool {
    match found.status {
        Status::Exact => true,
        Status::Normalized | Status::Ambiguous => {
            recorded != Status::Exact || found.likeness >= 1.0
        }
        Status::Fuzzy => recorded == Status::Fuzzy,
        Status::Missing | Status::Inferred | Status::Unverifiable => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{RecordedValue, check};
    use crate::documents::{Document, ReadOptions};

    const TEXT: &str = "Rechnung 77 vom 03.12.2026\nSumme: 1.200,50 \u{1f600} EUR an Müller";

    fn problems(text: &str, value: Value) -> Vec<String> {
        let document = Document::from_text(text.to_owned(), &ReadOptions::default()).unwrap();
        let value: RecordedValue = serde_json::from_value(value).unwrap();
        check(&document, &[value])
    }

    fn total(value: &str, text: &str) -> Value {
        let start = TEXT.chars().count() - "1.200,50 x EUR an Müller".chars().count();
        json!({"pointer": "/0/total", "value": value, "kind": "number", "status": "normalized",
               "spans": [{"start": start, "end": start + 8, "text": text}]})
    }

    #[test]
    fn what_the_document_says_holds() {
        assert_eq!(problems(TEXT, total("1200.50", "1.200,50")), Vec::<String>::new());
        let date = json!({"pointer": "/0/date", "value": "2026-12-03", "kind": "date",
            "status": "normalized", "spans": [{"start": 16, "end": 26, "text": "03.12.2026"}]});
        assert_eq!(problems(TEXT, date), Vec::<String>::new());
        let missing = json!({"pointer": "/0/x", "value": 5, "kind": "number", "status": "missing", "spans": []});
        assert_eq!(problems(TEXT, missing), Vec::<String>::new());
    }

    #[test]
    fn a_changed_digit_value_or_place_does_not() {
        let changed = TEXT.replace("1.200,50", "1.300,50");
        for (text, value, problem) in [
            (&*changed, total("1200.50", "1.200,50"), "are not what was recorded"),
            (TEXT, total("1300.50", "1.200,50"), "does not say the value"),
            (TEXT, total("1200.50", "77"), "are not what was recorded"),
            ("short", total("1200.50", "1.200,50"), "are not what was recorded"),
        ] {
            let problems = problems(text, value);
            assert!(problems.len() == 1 && problems[0].contains(problem), "{problems:?}");
        }
        let without = json!({"pointer": "/0/x", "value": 5, "kind": "number", "status": "exact", "spans": []});
        assert_eq!(problems(TEXT, without), ["/0/x: it has no place"]);
    }
}
