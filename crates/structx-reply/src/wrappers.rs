//! Variants of a reply whose wrapper, the object around the list of items, is missing, duplicated or has
//! another name.

use serde_json::{Map, Value, json};

use structx_schema::outline::{Object, Outline, Shape};

/// A variant of a reply, and the repair that leads to it.
pub struct Variant {
    pub what: String,
    pub value: Value,
    pub kind: Kind,
    /// Whether the reply may be something else, so that the variant must fit in every part.
    pub is_doubtful: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// The wrapper was missing around a list, or duplicated.
    List,
    /// The list was missing around the one item.
    OneItem,
    /// An object holds the items or an item by a name that the schema does not have.
    Renamed,
    /// `null` or `{}` stands for an empty list.
    Nothing,
}

/// The variants of `value`, the likeliest first.
pub fn variants(value: &Value, outline: &Outline) -> Vec<Variant> {
    let Some((property, list)) = outline.wrapper() else {
        return renamed_root(value, outline).into_iter().collect();
    };
    let name = &property.name;
    let inner = |value: &Value| -> Option<Value> {
        let members = value.as_object().filter(|members| members.len() == 1)?;
        members.get(name).cloned()
    };
    let only = |value: &Value| value.as_array().filter(|items| items.len() == 1)?.first().cloned();
    let within = inner(value);
    let is_whole = within.as_ref().is_some_and(Value::is_array);
    let mut found = Vec::new();
    let mut add = |kind, what: &str, value: Value| {
        let what = what.replace("{}", &format!("`{name}`"));
        let is_doubtful = kind == Kind::Renamed || kind == Kind::OneItem && is_whole;
        found.push(Variant { what, value: json!({ name: value }), kind, is_doubtful });
    };
    let is_empty = value.as_object().is_some_and(Map::is_empty);
    if value.is_null() || is_empty || within.as_ref().is_some_and(Value::is_null) {
        add(Kind::Nothing, "took an empty reply for no {}", json!([]));
    }
    let twice = match &within {
        Some(within) => inner(within).or_else(|| inner(&only(within)?)),
        None => only(value).and_then(|only| inner(&only)),
    };
    if let Some(twice) = twice {
        add(Kind::List, "took {} out of what it was in", twice);
    }
    let item = list.item(0);
    match value {
        Value::Array(_) => add(Kind::List, "put the list into {}", value.clone()),
        Value::Object(_) if item.takes_objects() => {
            add(Kind::OneItem, "put the one item into the list {}", json!([value]));
        }
        _ => {}
    }
    let items = within.as_ref().or_else(|| value.as_array().map(|_| value));
    if let Some(items) = items.and_then(|items| unwrapped_items(items, item, outline)) {
        add(Kind::Renamed, "took the items of {} out of objects around them", items);
    }
    if within.is_none()
        && let Some((other, inside)) = renamed(value, item, outline)
    {
        let what = format!("took `{}` for {{}}", super::truncated(other));
        let items = match inside {
            Value::Array(_) => unwrapped_items(inside, item, outline).unwrap_or(inside.clone()),
            _ => json!([inside]),
        };
        add(Kind::Renamed, &what, items);
    }
    found
}

/// The object in an object of one member, where the schema of the reply is an object without that name.
fn renamed_root(value: &Value, outline: &Outline) -> Option<Variant> {
    let (name, inside) = renamed(value, &outline.root, outline)?;
    let what = format!("took the object out of `{}`", super::truncated(name));
    let (value, kind, is_doubtful) = (inside.clone(), Kind::Renamed, true);
    inside.is_object().then_some(Variant { what, value, kind, is_doubtful })
}

/// The only member of an object that has a name which `shape` does not have, if it is an object or a list.
fn renamed<'v>(value: &'v Value, shape: &Shape, outline: &Outline) -> Option<(&'v str, &'v Value)> {
    let members = value.as_object().filter(|members| members.len() == 1)?;
    let (name, inside) = members.iter().next()?;
    let is_known = |object: &Object| object.meant(name, 0).is_some() || object.is_dictionary();
    let is_container = inside.is_array() || inside.is_object();
    (is_container && !outline.objects(shape).any(is_known)).then_some((name, inside))
}

/// The items of a list each of which is in an object of one member, with one name for all.
fn unwrapped_items(items: &Value, shape: &Shape, outline: &Outline) -> Option<Value> {
    let inner = |item| renamed(item, shape, outline);
    let found: Option<Vec<(&str, &Value)>> = items.as_array()?.iter().map(inner).collect();
    let found = found.filter(|found| found.windows(2).all(|two| two[0].0 == two[1].0))?;
    (!found.is_empty()).then(|| found.into_iter().map(|(_, item)| item.clone()).collect())
}
