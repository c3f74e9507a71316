//! Rewrites dictionaries, for decoders that support named members only, as lists of keys and values.
//! [`restore`](super::restore) turns such a list back into an object.

use serde_json::{Map, Value, json};

use super::rewriter::{ORIGIN, SchemaRewriter, has_type, note_renamed};
use super::strict::{is_annotation, is_free_form};
use crate::json_schema::{resolve, walk_mut};

pub(super) const KEY: &str = "key";
pub(super) const VALUE: &str = "value";
/// Marks the lists that represent dictionaries; removed before the schema is sent.
const ENTRIES: &str = "x-entries";
/// The maximum depth of unions in unions; only a recursive union is deeper. Chosen by hand, not
/// measured.
const MAX_DEPTH: usize = 16;

/// Writes the names of members as texts, which JSON has alone: an enumeration of numbers, as pydantic
/// writes it for the keys of a dictionary, would admit no member.
pub(super) fn names_as_text(schema: &mut Value) {
    let root = schema.clone();
    walk_mut(schema, &mut |part, _| {
        let Some(names) = part.get_mut("propertyNames") else { return };
        let Some(Value::Object(target)) = resolve(names, &root) else { return };
        let is_text = |value: &Value| value.is_string();
        if let Some(Value::Array(values)) = target.get("enum") {
            if !values.iter().all(is_text) {
                let text =
                    |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                *names = json!({"enum": values.iter().map(text).collect::<Vec<_>>()});
            }
        } else if target.get("type").is_some_and(|kind| !has_type(kind, "string")) {
            *names = json!({});
        }
    });
}

/// Turns dictionaries into lists, except those that a list can't represent: with values of any type,
/// or in a union with a list.
pub(super) fn to_lists(rewriter: &mut SchemaRewriter) {
    let root = rewriter.schema.clone();
    let mut is_rewritten = false;
    rewriter.each(|part, report| {
        if is_ambiguous(part, &root) {
            report.unsupported(part, "anyOf", "a list or an object of any members");
        }
        if let Some(list) = list_of_entries(part) {
            report.unenforced(
                part,
                "additionalProperties",
                "a list of keys, none twice, and values",
            );
            *part = list;
            is_rewritten = true;
        }
    });
    rewriter.is_rewritten |= is_rewritten;
}

/// Whether a union has both dictionaries, which are lists by now, and lists.
fn is_ambiguous(part: &Map<String, Value>, root: &Value) -> bool {
    let Some(Value::Array(branches)) = part.get("anyOf") else { return false };
    let forms: Vec<_> = branches.iter().map(|branch| forms(branch, root, MAX_DEPTH)).collect();
    forms.iter().any(|(is_dictionary, _)| *is_dictionary)
        && forms.iter().any(|(_, is_list)| *is_list)
}

/// Whether a schema may be a dictionary, and whether it may be a list.
fn forms(schema: &Value, root: &Value, depth: usize) -> (bool, bool) {
    let target = resolve(schema, root).and_then(Value::as_object);
    let Some(part) = target.filter(|_| depth > 0) else { return (false, false) };
    if part.contains_key(ENTRIES) || is_free_form(part) {
        return (true, false);
    }
    let branches = part.get("anyOf").and_then(Value::as_array).into_iter().flatten();
    let is_list = part.get("type").is_some_and(|kind| has_type(kind, "array"));
    branches
        .map(|branch| forms(branch, root, depth - 1))
        .fold((false, is_list), |all, one| (all.0 || one.0, all.1 || one.1))
}

fn list_of_entries(part: &Map<String, Value>) -> Option<Map<String, Value>> {
    let is_object = part.get("type").is_some_and(|kind| kind == "object");
    let values = part.get("additionalProperties").filter(|values| values.is_object())?;
    if !is_object || !is_free_form(part) || part.contains_key("patternProperties") {
        return None;
    }
    let mut key = json!({"type": "string"});
    if let (Value::Object(key), Some(Value::Object(names))) = (&mut key, part.get("propertyNames"))
    {
        if names.contains_key("$ref") {
            key.clear();
        }
        key.extend(names.clone());
    }
    let origin = part.get(ORIGIN).cloned().unwrap_or_default();
    let entry = json!({
        ORIGIN: origin,
        "type": "object",
        "properties": {KEY: key, VALUE: values},
        "required": [KEY, VALUE],
        "additionalProperties": false,
    });
    let mut list: Map<_, _> = part
        .iter()
        .filter(|(keyword, _)| is_annotation(keyword))
        .map(|(keyword, value)| (keyword.clone(), value.clone()))
        .collect();
    list.insert(ENTRIES.to_owned(), true.into());
    list.insert("type".to_owned(), "array".into());
    list.insert("items".to_owned(), entry);
    for (from, to) in [("minProperties", "minItems"), ("maxProperties", "maxItems")] {
        if let Some(limit) = part.get(from) {
            list.insert(to.to_owned(), limit.clone());
            note_renamed(&mut list, to, from);
        }
    }
    Some(list)
}

/// The entries of a list of keys and values; `None` if it is another list.
pub(super) fn entries(list: &Value) -> Option<Vec<(&str, &Value)>> {
    fn entry(entry: &Value) -> Option<(&str, &Value)> {
        let entry = entry.as_object().filter(|entry| entry.len() == 2)?;
        Some((entry.get(KEY)?.as_str()?, entry.get(VALUE)?))
    }
    list.as_array()?.iter().map(entry).collect()
}

/// The object that a list of keys and values represents; `None` if a key has two values.
#[must_use]
pub fn from_list(list: &Value) -> Option<Map<String, Value>> {
    let mut object = Map::new();
    for (key, value) in entries(list)? {
        let other = object.insert(key.to_owned(), value.clone());
        if other.is_some_and(|other| other != *value) {
            return None;
        }
    }
    Some(object)
}
