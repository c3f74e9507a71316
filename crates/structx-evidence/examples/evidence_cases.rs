//! Measures how many values of a file of cases are found with the right status and at the right place:
//! `cargo run --release -p structx-evidence --example evidence_cases -- grounding_cases.json`.
//!
//! A case has `source` (a text or a list of texts), `value`, `spans` in code points, `status`, and where its
//! test has them the `siblings` that were extracted with it, in their `order`.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::Value;
use structx_documents::CodePoints;
use structx_evidence::{Evidence, FieldHints, Index, Kind, Leaf, Status, find};

/// Cases that this crate answers otherwise on purpose: the end of their `id`, what is answered, and why.
const JUDGED: &[(&str, Status, &str)] = &[
    ("reordered_words#12", Status::Fuzzy, "the due place has a word more than the value"),
    ("multiword_extractions_at_back#15", Status::Exact, "it stands there, within a longer value"),
    ("case_insensitivity#26", Status::Normalized, "case is a spelling"),
    ("overlapping_source#45", Status::Exact, "it stands there, beside a value that shares a word"),
    ("repeated_extractions#46", Status::Ambiguous, "it stands there twice"),
    ("preserves_legacy_behavior#63", Status::Exact, "#68 has the same input and this answer"),
    ("share_span#65", Status::Exact, "the text has it once, and two values have it"),
    ("fuzzy_match_lesser#103", Status::Normalized, "a hyphen is a spelling"),
    ("rejects_non_exact#105", Status::Normalized, "the test switches other spellings off"),
    ("preserve_indices#110", Status::Normalized, "a hyphen is a spelling"),
    ("legacy_rejects#121", Status::Fuzzy, "#120 has the same input and this answer"),
    ("exact_citations.md#248", Status::Normalized, "case is a spelling"),
    ("exact_citations.md#249", Status::Normalized, "case is a spelling"),
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("give the path of the cases")?;
    let cases: Vec<Value> = serde_json::from_slice(&std::fs::read(path)?)?;
    let is_sentence =
        |case: &&Value| case["kind"].as_str().is_some_and(|kind| kind.starts_with("sentence"));
    values(&cases.iter().filter(|case| !is_sentence(case)).collect::<Vec<_>>());
    sentences(&cases.iter().filter(is_sentence).collect::<Vec<_>>());
    Ok(())
}

fn values(cases: &[&Value]) {
    let (mut status, mut spans, mut both, mut judged) = (0, 0, 0, 0);
    for case in cases {
        let found = evidence(case);
        let due = case["status"].as_str().unwrap_or_default();
        let source = case["source"].as_str().unwrap_or_default();
        let has_status = found.status == due_status(due);
        let has_spans = are_due(&spans_of(source, &found), case);
        status += usize::from(has_status);
        spans += usize::from(has_spans);
        both += usize::from(has_status && has_spans);
        let id = case["id"].as_str().unwrap_or_default();
        let reason =
            JUDGED.iter().find(|(end, answer, _)| id.ends_with(end) && found.status == *answer);
        judged += usize::from(reason.is_some() || (has_status && has_spans));
        if !(has_status && has_spans) {
            println!(
                "{} {id}\n  {} in {:?}\n  due {due} {}, found {:?} {:?} {:?}",
                reason.map_or("WRONG", |(.., reason)| reason),
                case["value"],
                source.chars().take(120).collect::<String>(),
                case["spans"],
                found.status,
                spans_of(source, &found),
                found.text,
            );
        }
    }
    println!("\n| of {} values | right | share |\n|---|---:|---:|", cases.len());
    for (name, count) in [
        ("status", status),
        ("spans", spans),
        ("status and spans", both),
        ("status and spans, or judged", judged),
    ] {
        println!("| {name} | {count} | {:.1} % |", 100.0 * share(count, cases.len()));
    }
}

fn sentences(cases: &[&Value]) {
    let mut counts: BTreeMap<(String, String), usize> = BTreeMap::new();
    for case in cases {
        let sources: Vec<&str> = match &case["source"] {
            Value::Array(sources) => sources.iter().filter_map(Value::as_str).collect(),
            source => source.as_str().into_iter().collect(),
        };
        let value = case["value"].as_str().unwrap_or_default();
        let best = sources
            .iter()
            .filter_map(|source| find(&Index::new(source), &[Leaf::text("/0", value)]).pop())
            .max_by(|one, two| one.score.total_cmp(&two.score));
        let Some(best) = best else { continue };
        let due = case["status"].as_str().unwrap_or_default();
        *counts.entry((due.to_owned(), format!("{:?}", best.status))).or_default() += 1;
        if due == "unsupported" && best.score > 0.0 {
            println!(
                "unsupported, but {:?} {:?} in {:?}: {}",
                best.status, value, best.text, case["id"]
            );
        }
    }
    println!("\n| sentence is | found | count |\n|---|---|---:|");
    for ((due, found), count) in counts {
        println!("| {due} | {found} | {count} |");
    }
}

/// The evidence of a case's value, found together with its siblings.
fn evidence(case: &Value) -> Evidence {
    let source = case["source"].as_str().unwrap_or_default();
    let kind = match case["kind"].as_str() {
        Some("date") => Kind::Date,
        Some("Decimal" | "percent" | "integer") => Kind::Number,
        Some("boolean") => Kind::Boolean,
        _ => Kind::Text,
    };
    let field = FieldHints { kind, ..FieldHints::default() };
    let leaf = |number: usize, value: &Value| Leaf {
        pointer: format!("/0/values/{number}"),
        value: value.clone(),
        field: field.clone(),
    };
    let own = vec![case["value"].clone()];
    let values = case["siblings"].as_array().unwrap_or(&own);
    let leaves: Vec<Leaf> =
        values.iter().enumerate().map(|(number, value)| leaf(number, value)).collect();
    let order = usize::try_from(case["order"].as_u64().unwrap_or(0)).unwrap_or(0);
    find(&Index::new(source), &leaves).swap_remove(order)
}

fn due_status(due: &str) -> Status {
    match due {
        "exact" => Status::Exact,
        "normalised" => Status::Normalized,
        "ambiguous" => Status::Ambiguous,
        "fuzzy" | "partial" => Status::Fuzzy,
        _ => Status::Missing,
    }
}

fn spans_of(source: &str, found: &Evidence) -> Vec<Range<usize>> {
    let points = CodePoints::new(source);
    found.spans.iter().map(|span| points.range(source, span)).collect()
}

/// Whether the spans are those of the case; of an ambiguous one, whether they are among them.
fn are_due(spans: &[Range<usize>], case: &Value) -> bool {
    let due: Vec<Range<usize>> =
        serde_json::from_value::<Vec<(usize, usize)>>(case["spans"].clone())
            .unwrap_or_default()
            .into_iter()
            .map(|(start, end)| start..end)
            .collect();
    if case["status"] == "ambiguous" {
        return !spans.is_empty() && spans.iter().all(|span| due.contains(span));
    }
    spans == due
}

#[expect(clippy::cast_precision_loss, reason = "counts of cases are small")]
fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole.max(1) as f64
}
