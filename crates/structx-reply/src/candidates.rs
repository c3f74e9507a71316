//! The JSON in a text: after thinking, in a code fence, among prose.

use std::ops::Range;

use serde_json::{Value, json};

use super::align::{self, Aligned};
use super::faults::Faults;
use super::quotes::{self, Place};
use super::tolerant::{Parser, Stop};
use super::{Repair, cut_short};
use structx_schema::outline::Outline;

/// What the whole of a text may cost to read, beyond some for a short one.
const STEPS_PER_BYTE: usize = 16;
const MIN_STEPS: usize = 10_000;
/// More values of the schema in one reply are no answer.
const MAX_VALUES: usize = 32;
const THINKING: [(&str, &str); 3] =
    [("<think>", "</think>"), ("<thinking>", "</thinking>"), ("<reasoning>", "</reasoning>")];

/// A value found in a text.
struct Candidate {
    aligned: Aligned,
    range: Range<usize>,
    faults: Faults,
}

/// The one value in `text` that is of the schema.
///
/// # Errors
/// There is none, or there are several; or what is meant to be one is damaged.
pub fn read(
    text: &str,
    outline: &Outline,
    encoded: usize,
    steps: &mut usize,
) -> Result<Aligned, String> {
    let start = answer(text);
    let (mut known, mut strange) = (Vec::<Candidate>::new(), Vec::<Candidate>::new());
    let mut at = start;
    while let Some(begin) = next_bracket(text, at) {
        let mut parser = Parser::new(text, begin, outline, &mut *steps);
        let value = match parser.value(Place::Item) {
            Ok(value) => value,
            Err(stop) if parser.is_json || matches!(stop, Stop::Final(_)) => {
                return Err(broken(text, parser.at, stop));
            }
            Err(_) => {
                at = begin + 1;
                continue;
            }
        };
        at = parser.at;
        let more = text[at..].trim_start().strip_prefix(',').map(str::trim_start);
        if parser.is_json && more.is_some_and(|more| more.starts_with(['{', '[', '"', '\''])) {
            return Err(broken(text, at, Stop::Wrong("a value has ended, and a comma follows")));
        }
        let faults = parser.faults;
        let aligned = align::read(value, outline, encoded);
        if aligned.is_rewrapped && is_part(&text[start..begin], &text[at..]) {
            return Err(broken(text, begin, Stop::Wrong("it is part of what can't be read")));
        }
        let found = if aligned.is_known() { &mut known } else { &mut strange };
        if found.iter().any(|other| other.aligned.value == aligned.value) {
            continue;
        }
        if aligned.is_known() || found.is_empty() {
            found.push(Candidate { aligned, range: begin..at, faults });
        }
        if known.len() > MAX_VALUES {
            return Err(format!("the reply holds more than {MAX_VALUES} JSON values; give one"));
        }
    }
    let chosen = choose(known, strange)?;
    Ok(with_repairs(chosen, text, start))
}

/// The value that fits, or the only one that may be meant.
fn choose(known: Vec<Candidate>, strange: Vec<Candidate>) -> Result<Candidate, String> {
    let (mut fitting, mut others): (Vec<_>, Vec<_>) =
        known.into_iter().partition(|candidate| candidate.aligned.fits());
    if fitting.is_empty() {
        let rest = if others.is_empty() { strange } else { std::mem::take(&mut others) };
        fitting = rest;
    }
    let rival = match fitting.as_slice() {
        [_, rival, ..] => Some(rival),
        // A part of a damaged reply may look like one item.
        [one] if one.aligned.is_rewrapped => others.first(),
        _ => None,
    };
    if let (Some(one), Some(rival)) = (fitting.first(), rival) {
        return Err(format!(
            "the reply holds more than one JSON value: {} and {}; give one that holds all",
            shown(one),
            shown(rival)
        ));
    }
    let mut chosen = fitting.pop().ok_or("there is no JSON in the reply; give only JSON")?;
    for other in others {
        let what = format!("left out {}, which does not fit the schema", shown(&other));
        chosen.aligned.repairs.push(Repair { pointer: String::new(), what });
    }
    Ok(chosen)
}

fn shown(candidate: &Candidate) -> String {
    cut_short(&candidate.aligned.value.to_string())
}

/// The reading, with what was done to get at it before all else.
fn with_repairs(candidate: Candidate, text: &str, start: usize) -> Aligned {
    let Candidate { mut aligned, range, faults } = candidate;
    let before = text[start..range.start].trim();
    let after = text[range.end..].trim();
    let fenced = before.lines().next_back().is_some_and(quotes::is_fence);
    let opening = if fenced { before.lines().next_back().unwrap_or_default() } else { "" };
    let prose = before.len() > opening.len()
        || !after.trim_start_matches(['`', '~']).trim_start().is_empty()
        || !fenced && !after.is_empty();
    let mut found = Vec::new();
    if !text[..start].trim_matches(['\u{feff}', ' ', '\n', '\r', '\t']).is_empty() {
        found.push("left out the thinking before the answer");
    } else if text.starts_with('\u{feff}') {
        found.push("left out the byte order mark");
    }
    if fenced {
        found.push("took the JSON out of a code fence");
    }
    if prose {
        found.push("left out the text around the JSON");
    }
    found.extend(faults.iter().map(super::faults::Fault::repair));
    let found = found.into_iter().map(|what| Repair { pointer: String::new(), what: what.into() });
    aligned.repairs.splice(..0, found);
    aligned
}

/// The complete items of a list that is cut, in `{"items": [...]}`.
pub fn complete(text: &str, outline: &Outline) -> Aligned {
    let wrapper = outline.wrapper().map_or("items", |(property, _)| &property.name);
    let mut steps = budget(text);
    let mut at = answer(text);
    let mut found: (Vec<Value>, Faults) = Default::default();
    while let Some(begin) = next_bracket(text, at) {
        let mut parser = Parser::of_cut(text, begin, outline, &mut steps);
        let ended = parser.value(Place::Item);
        match ended {
            Ok(value) => {
                at = parser.at;
                // Whole after all, but for what may follow it.
                let aligned = align::read(value, outline, 1);
                if let Some(Value::Array(items)) = aligned.value.get(wrapper)
                    && aligned.fits()
                {
                    found = (items.clone(), parser.faults);
                }
            }
            Err(_) if parser.is_json => {
                found = (parser.partial.unwrap_or_default(), parser.faults);
                break;
            }
            Err(Stop::Final(_)) => break,
            Err(_) => at = begin + 1,
        }
    }
    let (items, faults) = found;
    let mut aligned = align::read(json!({ wrapper: items }), outline, 0);
    if !aligned.problems.is_empty() {
        // What is not taken of a whole reply is not kept of one that is cut.
        aligned = align::read(json!({ wrapper: [] }), outline, 0);
    }
    let made = faults
        .iter()
        .map(|fault| Repair { pointer: String::new(), what: fault.repair().to_owned() });
    aligned.repairs.splice(..0, made);
    aligned
}

/// The steps in which `text` has to be read.
pub fn budget(text: &str) -> usize {
    text.len().saturating_mul(STEPS_PER_BYTE).saturating_add(MIN_STEPS)
}

/// Where the answer begins: after a byte order mark, and after the model's thinking.
fn answer(text: &str) -> usize {
    let trimmed = text.trim_start_matches('\u{feff}').trim_start();
    let start = text.len() - trimmed.len();
    let answer = |close: &str| trimmed.find(close).map(|end| start + end + close.len());
    for (open, close) in THINKING {
        if trimmed.starts_with(open) {
            return answer(close).unwrap_or(text.len());
        }
        // Chat templates may have put the opening tag into the prompt. Within a string of the
        // answer, other text follows.
        if !trimmed.starts_with(['{', '[', '"', '`', '~'])
            && let Some(at) = answer(close)
            && text[at..].trim_start_matches(' ').starts_with(['\n', '\r', '{', '[', '`', '~'])
        {
            return at;
        }
    }
    start
}

/// Whether a value looks like a part of another one.
fn is_part(before: &str, after: &str) -> bool {
    before.trim_end().ends_with(['[', ',', ':']) && after.trim_start().starts_with([']', '}', ','])
}

fn next_bracket(text: &str, from: usize) -> Option<usize> {
    text[from..].find(['{', '[']).map(|offset| from + offset)
}

fn broken(text: &str, at: usize, stop: Stop) -> String {
    let what = match stop {
        Stop::Ended => "it ends before it is complete".to_owned(),
        Stop::Wrong(what) => what.to_owned(),
        Stop::Final(what) => what,
    };
    let before = &text[..at];
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|letter| *letter != '\n').count() + 1;
    format!("not valid JSON: {what}, at line {line}, column {column}")
}
