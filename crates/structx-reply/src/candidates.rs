//! Finds the JSON in a text: after a model's reasoning, in a code fence, or among prose.

use std::cell::Cell;
use std::ops::Range;

use serde_json::{Value, json};

use super::align::{self, Aligned};
use super::faults::Faults;
use super::quotes;
use super::tolerant::{ParseError, Parser};
use super::wrappers::Kind;
use super::{Repair, truncated};
use structx_schema::outline::Outline;

/// The budget of steps for one text. Chosen by hand, not measured.
const STEPS_PER_BYTE: usize = 16;
const MIN_STEPS: usize = 10_000;
/// The maximum number of different values in one reply. Chosen by hand, not measured.
const MAX_VALUES: usize = 32;
const THINKING: [(&str, &str); 3] =
    [("<think>", "</think>"), ("<thinking>", "</thinking>"), ("<reasoning>", "</reasoning>")];

/// A value found in a text, and the range where it was.
struct Candidate {
    aligned: Aligned,
    range: Range<usize>,
    faults: Faults,
    /// The number of items that were joined, each a value of its own.
    items: usize,
}

impl Candidate {
    /// Whether the items of several lines are all equal, so that they may be one.
    fn repeats_one_item(&self) -> bool {
        let mut lists = self.aligned.value.as_object().into_iter().flat_map(|it| it.values());
        let items = lists.next().and_then(Value::as_array);
        items.is_some_and(|items| items.windows(2).all(|two| two[0] == two[1]))
    }
}

/// Finds the one value in `text` that follows the schema.
///
/// # Errors
/// There is no value, there are several, or the value is damaged beyond repair.
pub fn read(
    text: &str,
    outline: &Outline,
    encoded: usize,
    steps: &Cell<usize>,
) -> Result<Aligned, String> {
    let start = answer_start(text);
    let (mut known, mut strange) = (Vec::<Candidate>::new(), Vec::<Candidate>::new());
    let mut at = start;
    while let Some(begin) = next_bracket(text, at) {
        let mut parser = Parser::new(text, begin, outline, steps);
        let value = match parser.value() {
            Ok(value) => value,
            Err(stop) if parser.is_json || matches!(stop, ParseError::Final(_)) => {
                return Err(syntax_error(text, parser.at, &stop));
            }
            Err(_) => {
                at = begin + 1;
                continue;
            }
        };
        at = parser.at;
        if parser.is_json && is_followed(&text[..begin], &text[at..]) {
            return Err(syntax_error(
                text,
                at,
                &ParseError::Wrong("a value has ended, and another follows"),
            ));
        }
        let aligned = align::align(value, outline, encoded);
        if aligned.rewrapped.is_some() && is_fragment(&text[start..begin], &text[at..]) {
            return Err(syntax_error(
                text,
                begin,
                &ParseError::Wrong("it is part of what can't be read"),
            ));
        }
        let candidate = Candidate { aligned, range: begin..at, faults: parser.faults, items: 1 };
        let Some(candidate) = joined(known.last_mut(), candidate, text, outline) else { continue };
        let others = if candidate.aligned.is_known() { &strange } else { &known };
        let stands_beside = |other: &Candidate| text[other.range.end..begin].trim().is_empty();
        if let Some(other) = others.last().filter(|other| stands_beside(other)) {
            return Err(several(other, &candidate));
        }
        let found = if candidate.aligned.is_known() { &mut known } else { &mut strange };
        if found.iter().any(|other| other.aligned.value == candidate.aligned.value) {
            continue;
        }
        if candidate.aligned.is_known() || found.len() < 2 {
            found.push(candidate);
        }
        if known.len() > MAX_VALUES {
            return Err(format!("the reply holds more than {MAX_VALUES} JSON values; give one"));
        }
    }
    if known.is_empty() && strange.is_empty() && is_null(&text[start..]) {
        return Ok(align::align(Value::Null, outline, encoded));
    }
    let chosen = choose(known, strange)?;
    if chosen.items > 1 && chosen.repeats_one_item() {
        return Err("the reply holds one item several times; give it once, or a list".to_owned());
    }
    let (before, after) = (&text[start..chosen.range.start], &text[chosen.range.end..]);
    if chosen.aligned.rewrapped == Some(Kind::Nothing)
        && !(is_fence_or_blank(before) && is_fence_or_blank(after))
    {
        return Err("the JSON in the reply holds no items, and text is around it; give only JSON"
            .to_owned());
    }
    Ok(with_repairs(chosen, text, start))
}

/// Joins an item to the one on the line before it (JSON Lines); returns the candidate if it is not one.
fn joined(
    last: Option<&mut Candidate>,
    mut next: Candidate,
    text: &str,
    outline: &Outline,
) -> Option<Candidate> {
    let Some((property, _)) = outline.wrapper() else { return Some(next) };
    let Some(last) = last else { return Some(next) };
    let between = &text[last.range.end..next.range.start];
    let is_next_line = between.trim().is_empty() && between.contains('\n');
    let are_items = |candidate: &Candidate| {
        candidate.aligned.rewrapped == Some(Kind::OneItem) && candidate.aligned.fits()
    };
    if !is_next_line || !are_items(last) || !are_items(&next) {
        return Some(next);
    }
    let items = |value: &mut Value| match value.get_mut(&property.name).map(Value::take) {
        Some(Value::Array(items)) => items,
        _ => Vec::new(),
    };
    let mut all = items(&mut last.aligned.value);
    all.extend(items(&mut next.aligned.value));
    last.aligned.value = json!({ &*property.name: all });
    let old = format!("/{}/0", property.name);
    for mut repair in next.aligned.repairs.into_iter().skip(1) {
        if let Some(rest) = repair.pointer.strip_prefix(&old) {
            repair.pointer = format!("/{}/{}{rest}", property.name, last.items);
        }
        last.aligned.repairs.push(repair);
    }
    last.aligned.repairs[0].what =
        format!("put the items of several lines into the list `{}`", property.name);
    next.faults.iter().for_each(|fault| last.faults.note(fault));
    last.range.end = next.range.end;
    last.items += 1;
    None
}

/// Chooses the only value that fits, or the only value at all.
fn choose(known: Vec<Candidate>, strange: Vec<Candidate>) -> Result<Candidate, String> {
    let (mut fitting, mut others): (Vec<_>, Vec<_>) =
        known.into_iter().partition(|candidate| candidate.aligned.fits());
    if fitting.is_empty() {
        let rest = if others.is_empty() { strange } else { std::mem::take(&mut others) };
        fitting = rest;
    }
    let rival = match fitting.as_slice() {
        [_, rival, ..] => Some(rival),
        // A fragment of a damaged reply may look like a single item.
        [one] if one.aligned.rewrapped.is_some() => others.first(),
        _ => None,
    };
    if let (Some(one), Some(rival)) = (fitting.first(), rival) {
        return Err(several(one, rival));
    }
    let mut chosen = fitting.pop().ok_or("there is no JSON in the reply; give only JSON")?;
    for other in others {
        let what = format!("left out {}, which does not fit the schema", shown(&other));
        chosen.aligned.repairs.push(Repair { pointer: String::new(), what });
    }
    Ok(chosen)
}

/// Whether the text after a value goes on with a string, or with a comma and another value.
fn is_followed(before: &str, after: &str) -> bool {
    let more = after.trim_start().strip_prefix(',').map(str::trim_start);
    more.is_some_and(|more| more.starts_with(['{', '[']) || quotes::opens(more))
        || after.starts_with('"') && !before.ends_with('"')
}

/// Whether a reply says only `null`.
fn is_null(text: &str) -> bool {
    let lines = text.lines().filter(|line| !quotes::is_fence(line.trim()));
    let words: Vec<&str> = lines.flat_map(str::split_whitespace).collect();
    matches!(words.as_slice(), ["null" | "None"])
}

fn is_fence_or_blank(text: &str) -> bool {
    text.lines().all(|line| line.trim().is_empty() || quotes::is_fence(line.trim()))
}

fn several(one: &Candidate, other: &Candidate) -> String {
    let (one, other) = (shown(one), shown(other));
    format!("the reply holds more than one JSON value: {one} and {other}; give one that holds all")
}

fn shown(candidate: &Candidate) -> String {
    truncated(&candidate.aligned.value.to_string())
}

/// The aligned value of a candidate, preceded by the repairs that extracted it.
fn with_repairs(candidate: Candidate, text: &str, start: usize) -> Aligned {
    let Candidate { mut aligned, range, faults, .. } = candidate;
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

/// The complete items of a reply `{"items": [...]}` that was cut.
pub fn complete(text: &str, outline: &Outline) -> Aligned {
    let wrapper = outline.wrapper().map_or("items", |(property, _)| &property.name);
    let steps = Cell::new(budget(text));
    let mut at = answer_start(text);
    let mut found: (Vec<Value>, Faults) = Default::default();
    let mut lines = 0;
    while let Some(begin) = next_bracket(text, at) {
        let mut parser = Parser::of_cut(text, begin, outline, &steps);
        let ended = parser.value();
        match ended {
            Ok(value) => {
                at = parser.at;
                // The value is complete; only text after it may be cut.
                let aligned = align::align(value, outline, 1);
                if aligned.rewrapped == Some(Kind::OneItem) {
                    lines += 1;
                }
                if let Some(Value::Array(items)) = aligned.value.get(wrapper)
                    && aligned.fits()
                {
                    if lines > 1 && aligned.rewrapped == Some(Kind::OneItem) {
                        found.0.extend(items.iter().cloned());
                    } else {
                        found = (items.clone(), parser.faults);
                    }
                }
            }
            // The last of several items, each on a line.
            Err(_) if parser.is_json && lines > 0 => break,
            Err(_) if parser.is_json => {
                found = (parser.partial.unwrap_or_default(), parser.faults);
                break;
            }
            Err(ParseError::Final(_)) => break,
            Err(_) => at = begin + 1,
        }
    }
    let (items, faults) = found;
    let mut aligned = align::align(json!({ wrapper: items }), outline, 0);
    if !aligned.problems.is_empty() {
        // Items that a complete reply could not have are not kept either.
        aligned = align::align(json!({ wrapper: [] }), outline, 0);
    }
    let made = faults
        .iter()
        .map(|fault| Repair { pointer: String::new(), what: fault.repair().to_owned() });
    aligned.repairs.splice(..0, made);
    aligned
}

/// The budget of steps for `text`.
pub fn budget(text: &str) -> usize {
    text.len().saturating_mul(STEPS_PER_BYTE).saturating_add(MIN_STEPS)
}

/// The offset of the answer: after a byte order mark and the model's reasoning.
fn answer_start(text: &str) -> usize {
    let trimmed = text.trim_start_matches('\u{feff}').trim_start();
    let start = text.len() - trimmed.len();
    let after = |close: &str| trimmed.find(close).map(|end| start + end + close.len());
    for (open, close) in THINKING {
        if trimmed.starts_with(open) {
            return after(close).unwrap_or(text.len());
        }
        // The opening tag may be in the prompt, where a chat template put it. A tag inside a string of
        // the answer is followed by other text.
        if !trimmed.starts_with(['{', '[', '"', '`', '~'])
            && let Some(at) = after(close)
            && text[at..].trim_start_matches(' ').starts_with(['\n', '\r', '{', '[', '`', '~'])
        {
            return at;
        }
    }
    start
}

/// Whether the surroundings of a value show that it is a part of another one.
fn is_fragment(before: &str, after: &str) -> bool {
    before.trim_end().ends_with(['[', ',', ':']) && after.trim_start().starts_with([']', '}', ','])
}

fn next_bracket(text: &str, from: usize) -> Option<usize> {
    text[from..].find(['{', '[']).map(|offset| from + offset)
}

fn syntax_error(text: &str, at: usize, stop: &ParseError) -> String {
    let before = &text[..at];
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|letter| *letter != '\n').count() + 1;
    format!("not valid JSON: {stop}, at line {line}, column {column}")
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use serde_json::{Value, json};

    use super::{answer_start, budget, complete, read};
    use structx_schema::json_schema::items_of;
    use structx_schema::outline::Outline;

    fn outline() -> Outline {
        Outline::new(
            &items_of(&json!({"type": "object", "properties": {"n": {"type": "integer"}}})),
            false,
        )
    }

    fn found(text: &str) -> Result<(Value, Vec<String>), String> {
        let aligned = read(text, &outline(), 0, &Cell::new(budget(text)))?;
        Ok((aligned.value, aligned.repairs.into_iter().map(|repair| repair.what).collect()))
    }

    #[test]
    fn the_json_is_found_in_what_surrounds_it() {
        let value = json!({"items": [{"n": 1}]});
        for (text, repair) in [
            ("Here: {\"items\": [{\"n\": 1}]} Done.", "left out the text around the JSON"),
            ("```json\n{\"items\": [{\"n\": 1}]}\n```", "took the JSON out of a code fence"),
            (
                "<think>[{\"n\": 2}]</think>{\"items\": [{\"n\": 1}]}",
                "left out the thinking before the answer",
            ),
            ("\u{feff}{\"items\": [{\"n\": 1}]}", "left out the byte order mark"),
        ] {
            assert_eq!(found(text), Ok((value.clone(), vec![repair.to_owned()])), "{text}");
        }
    }

    #[test]
    fn of_two_values_none_is_chosen() {
        let text = "{\"items\": [{\"n\": 1}]} or {\"items\": [{\"n\": 2}]}";
        assert!(found(text).unwrap_err().starts_with("the reply holds more than one JSON value"));
        let same = "{\"items\": [{\"n\": 1}]} again {\"items\": [{\"n\": 1}]}";
        assert_eq!(found(same).unwrap().0, json!({"items": [{"n": 1}]}));
    }

    #[test]
    fn a_value_that_does_not_fit_is_left_out_and_listed() {
        let text = "{\"items\": [{\"n\": \"x\"}]} no, {\"items\": [{\"n\": 2}]}";
        let (value, repairs) = found(text).unwrap();
        assert_eq!(value, json!({"items": [{"n": 2}]}));
        assert!(repairs.iter().any(|it| it.contains("which does not fit the schema")));
    }

    #[test]
    fn errors_say_where_the_json_breaks() {
        assert_eq!(
            found("{\"items\":\n [{\"n\": 1}, {\"n\": ").unwrap_err(),
            "not valid JSON: it ends before it is complete, at line 2, column 19"
        );
        assert_eq!(found("none").unwrap_err(), "there is no JSON in the reply; give only JSON");
    }

    #[test]
    fn thinking_ends_where_the_answer_begins() {
        let text = "<think>{</think> {}";
        assert_eq!(&text[answer_start(text)..], " {}");
        assert_eq!(answer_start("<think>{}"), "<think>{}".len());
        // A closing tag within a string of the answer is text.
        assert_eq!(answer_start("{\"a\": \"</think>\"}"), 0);
    }

    #[test]
    fn a_cut_list_keeps_its_whole_items() {
        let aligned = complete("{\"items\": [{\"n\": 1}, {\"n\": 2", &outline());
        assert_eq!(aligned.value, json!({"items": [{"n": 1}]}));
        assert_eq!(complete("no list", &outline()).value, json!({"items": []}));
    }
}
