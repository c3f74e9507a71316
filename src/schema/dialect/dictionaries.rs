//! Objects whose members have any names, for decoders that know only named members: sent as a list
//! of keys and values, of which [`restore`](super::restore) makes objects again.

use serde_json::{Map, Value, json};

use super::draft::{Draft, ORIGIN, has, note};
use super::strict::{is_annotation, is_free_form};
use crate::schema::json_schema::resolve;

pub(super) const KEY: &str = "key";
pub(super) const VALUE: &str = "value";
/// Marks the lists that stand for dictionaries; not sent.
const ENTRIES: &str = "x-entries";

/// Turns dictionaries into lists, but for those that no list can stand for: with values of any
/// kind, or in a union with a list.
pub(super) fn to_lists(draft: &mut Draft) {
    let root = draft.schema.clone();
    let mut is_rewritten = false;
    draft.each(|part, report| {
        if is_ambiguous(part, &root) {
            report.obstruct(part, "anyOf", "a list or an object of any members");
        }
        if let Some(list) = list_of_entries(part) {
            report.lose(part, "additionalProperties", "a list of keys, none twice, and values");
            *part = list;
            is_rewritten = true;
        }
    });
    draft.is_rewritten |= is_rewritten;
}

/// Whether a union has dictionaries, which are lists by now, and lists too.
fn is_ambiguous(part: &Map<String, Value>, root: &Value) -> bool {
    let branches = part.get("anyOf").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let is_dictionary = |branch: &&Value| {
        let target = resolve(branch, root).and_then(Value::as_object);
        branch.get(ENTRIES).is_some() || target.is_some_and(is_free_form)
    };
    let is_list = |branch: &&Value| {
        let kind = resolve(branch, root).and_then(|target| target.get("type"));
        branch.get(ENTRIES).is_none() && kind.is_some_and(|kind| has(kind, "array"))
    };
    branches.iter().any(|it| is_dictionary(&it)) && branches.iter().any(|it| is_list(&it))
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
            note(&mut list, to, from);
        }
    }
    Some(list)
}

/// The object that a list of keys and values stands for; `None` if it is no such list, or has two
/// values for one key.
pub(crate) fn from_list(list: &Value) -> Option<Map<String, Value>> {
    let mut object = Map::new();
    for entry in list.as_array()? {
        let entry = entry.as_object().filter(|entry| entry.len() == 2)?;
        let (key, value) = (entry.get(KEY)?.as_str()?, entry.get(VALUE)?);
        let other = object.insert(key.to_owned(), value.clone());
        if other.is_some_and(|other| other != *value) {
            return None;
        }
    }
    Some(object)
}
