//! Limits on strings and lists that have none: a small model may never end them. A value that reaches
//! such a limit is cut, and so is its reply.

use serde_json::{Map, Value};

use structx_schema::UnenforcedRule;
use structx_schema::json_schema::{accepts, resolve, walk_mut};

/// The keyword that marks a limit as added.
const ADDED: &str = "x-added";
/// The least limits on characters and items. Chosen by hand, not measured.
const LEAST_STRING: u64 = 500;
const LEAST_LIST: u64 = 50;
/// The highest limits, which the default of 1024 tokens of output rarely reaches. Chosen by hand, not
/// measured.
const MOST_STRING: u64 = 4_000;
const MOST_LIST: u64 = 1_000;

/// Lists the limits that [`add`] adds to a schema at `pointer`.
pub fn tell(members: &Map<String, Value>, pointer: &str, unenforced: &mut Vec<UnenforcedRule>) {
    for Limit { keyword, least, unit, .. } in lacking(members) {
        let outcome = format!(
            "added: at most {least} {unit}, or as many as the document has; a reply with more fails \
             as incomplete"
        );
        unenforced.push(UnenforcedRule::new(pointer, keyword, &outcome));
    }
}

/// Adds a limit to each string and list of `schema` that has none.
pub fn add(schema: &mut Value) {
    walk_mut(schema, &mut |part, _| {
        let Value::Object(members) = part else { return };
        for Limit { keyword, least, .. } in lacking(members) {
            members.insert((*keyword).to_owned(), (*least).into());
            members.insert(ADDED.to_owned(), true.into());
        }
        raise(members, LEAST_STRING, LEAST_LIST);
    });
}

struct Limit {
    kind: &'static str,
    keyword: &'static str,
    /// Keywords that limit the value, too.
    others: &'static [&'static str],
    least: u64,
    unit: &'static str,
}

const LIMITS: [Limit; 2] = [
    Limit {
        kind: "string",
        keyword: "maxLength",
        others: &["format", "pattern"],
        least: LEAST_STRING,
        unit: "characters",
    },
    Limit { kind: "array", keyword: "maxItems", others: &[], least: LEAST_LIST, unit: "items" },
];

/// The limits that a schema lacks.
fn lacking(members: &Map<String, Value>) -> Vec<&'static Limit> {
    let is = |name: &str| match members.get("type") {
        Some(Value::String(one)) => one == name,
        Some(Value::Array(many)) => many.iter().any(|one| one == name),
        _ => false,
    };
    let has = |name: &&str| members.contains_key(*name);
    let is_lacking =
        |limit: &&Limit| is(limit.kind) && !has(&limit.keyword) && !limit.others.iter().any(has);
    if has(&"enum") || has(&"const") {
        return Vec::new();
    }
    LIMITS.iter().filter(is_lacking).collect()
}

/// Adapts the added limits of `schema` to the documents: a string that is copied from one is not longer
/// than it, and a list seldom has more items than it has words.
pub fn adapt<'d>(schema: &mut Value, documents: impl Iterator<Item = &'d str>) {
    let (mut characters, mut words) = (0, 0);
    for document in documents {
        characters = characters.max(document.chars().count() as u64);
        words += document.split_whitespace().count() as u64;
    }
    let (characters, words) = (characters + 1, words + 1);
    walk_mut(schema, &mut |part, _| {
        if let Value::Object(members) = part {
            raise(members, characters, words);
        }
    });
}

/// Raises added limits to these, within the lowest and the highest, and above the schema's minimum.
fn raise(members: &mut Map<String, Value>, string: u64, list: u64) {
    if members.get(ADDED) != Some(&Value::Bool(true)) {
        return;
    }
    let string = string.clamp(LEAST_STRING, MOST_STRING);
    let list = list.clamp(LEAST_LIST, MOST_LIST);
    for (most, limit, least) in [("maxLength", string, "minLength"), ("maxItems", list, "minItems")]
    {
        let least = members.get(least).and_then(Value::as_u64);
        // One more than the minimum, so that a value of the minimum does not reach the limit.
        let limit = limit.max(least.map_or(0, |least| least + 1));
        if let Some(most) = members.get_mut(most) {
            *most = limit.into();
        }
    }
}

/// The place of the first value in `reply` that reaches an added limit of `schema`: the names and indices
/// on the way to it.
pub fn reached(reply: &Value, schema: &Value) -> Option<Vec<String>> {
    within(reply, schema, schema)
}

fn within(reply: &Value, schema: &Value, root: &Value) -> Option<Vec<String>> {
    let schema = resolve(schema, root)?;
    let limit = |keyword: &str| {
        let is_added = schema.get(ADDED) == Some(&Value::Bool(true));
        schema.get(keyword).and_then(Value::as_u64).filter(|_| is_added)
    };
    for keyword in ["anyOf", "oneOf", "allOf"] {
        let branches = schema.get(keyword).and_then(Value::as_array).into_iter().flatten();
        let mut fitting = branches.filter(|branch| accepts(branch, root, reply));
        if let Some(place) = fitting.find_map(|branch| within(reply, branch, root)) {
            return Some(place);
        }
    }
    let deeper = |token: String, value: &Value, schema: Option<&Value>| {
        let mut place = within(value, schema?, root)?;
        place.insert(0, token);
        Some(place)
    };
    match reply {
        Value::String(text) => {
            let length = text.chars().count() as u64;
            limit("maxLength").filter(|most| length >= *most).map(|_| Vec::new())
        }
        Value::Array(items) => {
            let schema_of = |index: usize| {
                schema.get("prefixItems").and_then(|it| it.get(index)).or(schema.get("items"))
            };
            let mut all = items.iter().enumerate();
            let inner = all.find_map(|(at, item)| deeper(at.to_string(), item, schema_of(at)));
            let is_full = limit("maxItems").is_some_and(|most| items.len() as u64 >= most);
            inner.or(is_full.then(Vec::new))
        }
        Value::Object(members) => members.iter().find_map(|(name, member)| {
            let property = schema.get("properties").and_then(|it| it.get(name));
            deeper(name.clone(), member, property.or(schema.get("additionalProperties")))
        }),
        _ => None,
    }
}

/// The JSON of `reply` up to the end of the value at `place`, which stays open.
pub fn cut(reply: &Value, place: &[String]) -> String {
    let mut text = String::new();
    write(reply, Some(place), &mut text);
    text
}

/// Writes a value; returns whether it is complete.
fn write(value: &Value, place: Option<&[String]>, text: &mut String) -> bool {
    let is_here = place.is_some_and(<[String]>::is_empty);
    let next = |token: &str| place.and_then(|place| place.split_first()).filter(|it| it.0 == token);
    match value {
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                *text += if index > 0 { ", " } else { "" };
                let place = next(&index.to_string()).map(|(_, rest)| rest);
                if !write(item, place, text) {
                    return false;
                }
            }
            *text += if is_here { "" } else { "]" };
        }
        Value::Object(members) => {
            text.push('{');
            for (index, (name, member)) in members.iter().enumerate() {
                *text += if index > 0 { ", " } else { "" };
                *text += &format!("{}: ", Value::from(name.as_str()));
                let place = next(name).map(|(_, rest)| rest);
                if !write(member, place, text) {
                    return false;
                }
            }
            text.push('}');
        }
        scalar => {
            *text += &scalar.to_string();
            if is_here {
                text.pop();
            }
        }
    }
    !is_here
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{adapt, cut, reached};
    use crate::grammar::compile;
    use structx_schema::OutputSchema;

    fn compiled() -> Value {
        Value::clone(&output().compiled)
    }

    fn output() -> OutputSchema {
        let clause = json!({"type": "object", "required": ["text", "tags"], "properties": {
            "text": {"type": "string"},
            "tags": {"type": "array", "items": {"type": "string", "maxLength": 9}},
            "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            "code": {"type": "string", "maxLength": 3},
            "kin": {"$ref": "#/$defs/Kin"},
        }, "$defs": {}});
        let schema = json!({"type": "object", "required": ["items"],
            "properties": {"items": {"type": "array", "items": clause}},
            "$defs": {"Kin": {"type": "object", "properties": {"name": {"type": "string"}}}}});
        compile("Reply", &schema).unwrap()
    }

    #[test]
    fn a_value_that_reaches_an_added_limit_is_found() {
        let schema = compiled();
        let (long, whole) = ("x".repeat(500), "x".repeat(499));
        let place = |item: Value| {
            reached(&json!({"items": [{"text": "", "tags": []}, item]}), &schema)
                .map(|place| place.join("/"))
        };
        assert_eq!(place(json!({"text": whole, "tags": vec!["a"; 49], "code": "abc"})), None);
        for (item, expected) in [
            (json!({"text": long, "tags": []}), "items/1/text"),
            (json!({"text": "", "tags": vec!["a"; 50]}), "items/1/tags"),
            (json!({"text": "", "tags": [], "note": long}), "items/1/note"),
            (json!({"text": "", "tags": [], "kin": {"name": long}}), "items/1/kin/name"),
        ] {
            assert_eq!(place(item).as_deref(), Some(expected));
        }
        let items = vec![json!({"text": "", "tags": []}); 50];
        assert_eq!(reached(&json!({"items": items}), &schema), Some(vec!["items".to_owned()]));
    }

    #[test]
    fn a_cut_reply_ends_inside_the_value() {
        let reply = json!({"items": [{"a": "x\"y", "b": [1, 2]}, {"a": "z"}], "more": null});
        for (place, text) in [
            (vec!["items"], r#"{"items": [{"a": "x\"y", "b": [1, 2]}, {"a": "z"}"#),
            (vec!["items", "0", "a"], r#"{"items": [{"a": "x\"y"#),
            (vec!["items", "0", "b"], r#"{"items": [{"a": "x\"y", "b": [1, 2"#),
            (vec!["items", "1", "a"], r#"{"items": [{"a": "x\"y", "b": [1, 2]}, {"a": "z"#),
        ] {
            let place: Vec<String> = place.into_iter().map(str::to_owned).collect();
            assert_eq!(cut(&reply, &place), text);
        }
    }

    #[test]
    fn the_item_that_is_cut_is_not_kept() {
        let reply = json!({"items": [
            {"text": "a", "tags": [], "note": null, "code": null, "kin": null},
            {"text": "x".repeat(500), "tags": [], "note": null, "code": null, "kin": null},
        ]});
        let output = output();
        let text = cut(&reply, &reached(&reply, &output.compiled).unwrap());
        let kept = structx_reply::complete_items(&text, &output);
        let kept: Value = serde_json::from_str(&kept.json).unwrap();
        assert_eq!(kept, json!({"items": [{"text": "a", "tags": [], "note": null}]}));
    }

    #[test]
    fn limits_adapt_to_the_documents() {
        let limits = |documents: &[&str]| {
            let mut schema = compiled();
            adapt(&mut schema, documents.iter().copied());
            let items = &schema["properties"]["items"];
            let item = &items["items"]["properties"];
            let code = &item["code"]["anyOf"][0];
            [&items["maxItems"], &item["text"]["maxLength"], &code["maxLength"]]
                .map(|limit| limit.as_u64().unwrap())
        };
        assert_eq!(limits(&["short"]), [50, 500, 3]);
        assert_eq!(limits(&["a b ".repeat(400).as_str(), "c"]), [802, 1601, 3]);
        assert_eq!(limits(&["a b ".repeat(9_000).as_str()]), [1_000, 4_000, 3]);
    }
}
