//! Closes a schema for strict decoders: objects have exactly the named members. Optional members
//! become nullable, and [`restore`](super::restore) removes their `null` from the reply.

use serde_json::{Map, Value, json};

use crate::json_schema::{accepts_null, resolve, walk_mut};

/// A schema whose objects name all their members.
#[derive(Debug, Clone, PartialEq)]
pub struct Closed {
    pub schema: Value,
    /// JSON Pointers to the objects of the original with arbitrary members, which can't be closed.
    pub open: Vec<String>,
    /// Whether an optional property was made nullable.
    pub adds_nulls: bool,
}

/// Closes all objects of `original`: `additionalProperties` is false, all properties are required in
/// their order, and optional properties become nullable, except those with one possible value, such as
/// the tag of a union's branch.
#[must_use]
pub fn close(original: &Value) -> Closed {
    let mut schema = original.clone();
    let mut open = Vec::new();
    let mut adds_nulls = false;
    walk_mut(&mut schema, &mut |part, pointer| {
        let Some(members) = part.as_object_mut() else { return };
        if is_free_form(members) {
            open.push(pointer.to_owned());
        } else if is_object(members) {
            adds_nulls |= close_object(members, original);
        }
    });
    Closed { schema, open, adds_nulls }
}

/// Whether the schema is an object whose member names are not given.
#[must_use]
pub fn is_free_form(schema: &Map<String, Value>) -> bool {
    let additional = schema.get("additionalProperties");
    is_object(schema)
        && (schema.contains_key("patternProperties")
            || !schema.contains_key("properties") && additional != Some(&Value::Bool(false)))
}

fn is_object(schema: &Map<String, Value>) -> bool {
    schema.contains_key("properties") || may_be(schema, "object")
}

fn may_be(schema: &Map<String, Value>, kind: &str) -> bool {
    match schema.get("type") {
        Some(Value::String(only)) => only == kind,
        Some(Value::Array(kinds)) => kinds.iter().any(|one| one == kind),
        _ => false,
    }
}

/// Closes one object; returns whether a property became nullable.
fn close_object(members: &mut Map<String, Value>, root: &Value) -> bool {
    let required = required_names(members);
    let mut adds_nulls = false;
    let mut names = Vec::new();
    if let Some(Value::Object(properties)) = members.get_mut("properties") {
        for (name, property) in properties {
            if !required.contains(name)
                && !accepts_null(property, root)
                && !has_one_value(property, root)
            {
                make_nullable(property);
                adds_nulls = true;
            }
            names.push(name.clone());
        }
    }
    members.insert("required".to_owned(), names.into());
    members.insert("additionalProperties".to_owned(), false.into());
    adds_nulls
}

pub(super) fn has_one_value(property: &Value, root: &Value) -> bool {
    resolve(property, root).is_some_and(|schema| {
        let listed = schema.get("enum").and_then(Value::as_array);
        schema.get("const").is_some() || listed.is_some_and(|values| values.len() == 1)
    })
}

pub(super) fn required_names(schema: &Map<String, Value>) -> Vec<String> {
    let names = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    names.filter_map(|name| name.as_str().map(str::to_owned)).collect()
}

/// Whether a keyword annotates values without constraining them. Annotations stay at the property
/// when its schema becomes a branch of a union.
pub(crate) fn is_annotation(keyword: &str) -> bool {
    const WORDS: [&str; 9] = [
        "title",
        "description",
        "default",
        "examples",
        "example",
        "deprecated",
        "readOnly",
        "writeOnly",
        "$comment",
    ];
    WORDS.contains(&keyword) || keyword.starts_with("x-")
}

fn make_nullable(property: &mut Value) {
    let Some(members) = property.as_object_mut() else { return };
    let (mut outer, inner): (Map<_, _>, Map<_, _>) =
        std::mem::take(members).into_iter().partition(|(keyword, _)| is_annotation(keyword));
    outer.insert("anyOf".to_owned(), json!([inner, {"type": "null"}]));
    *members = outer;
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::close;

    fn invoice() -> Value {
        json!({
            "type": "object",
            "properties": {
                "number": {"type": "string"},
                "total": {"type": "number", "description": "Sum", "default": 0, "x-copied": false},
                "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null},
                "seller": {"$ref": "#/$defs/Party"},
            },
            "required": ["number"],
            "$defs": {"Party": {
                "type": "object",
                "properties": {"name": {"type": "string"}, "kin": {"$ref": "#/$defs/Party"}},
            }},
        })
    }

    #[test]
    fn optional_members_become_required_and_nullable() {
        let closed = close(&invoice());
        assert!(closed.open.is_empty());
        let schema = closed.schema;
        assert_eq!(schema["required"], json!(["number", "total", "note", "seller"]));
        assert_eq!(schema["additionalProperties"], json!(false));
        let properties = &schema["properties"];
        assert_eq!(properties["number"], json!({"type": "string"}));
        assert_eq!(
            properties["total"],
            json!({"description": "Sum", "default": 0, "x-copied": false,
                   "anyOf": [{"type": "number"}, {"type": "null"}]})
        );
        assert_eq!(properties["note"], invoice()["properties"]["note"]);
        assert_eq!(
            properties["seller"],
            json!({"anyOf": [{"$ref": "#/$defs/Party"}, {"type": "null"}]})
        );
        let party = &schema["$defs"]["Party"];
        assert_eq!(party["required"], json!(["name", "kin"]));
        assert_eq!(party["additionalProperties"], json!(false));
    }

    #[test]
    fn a_tag_stays_the_value_it_is() {
        let original = json!({
            "type": "object",
            "properties": {
                "kind": {"const": "a", "default": "a", "type": "string"},
                "listed": {"enum": ["a"], "type": "string"},
                "named": {"$ref": "#/$defs/Tag"},
                "open": {"enum": ["a", "b"]},
            },
            "$defs": {"Tag": {"enum": [1]}},
        });
        let closed = close(&original).schema;
        assert_eq!(closed["required"], json!(["kind", "listed", "named", "open"]));
        for name in ["kind", "listed", "named"] {
            assert_eq!(closed["properties"][name], original["properties"][name]);
        }
        assert_eq!(closed["properties"]["open"]["anyOf"][1], json!({"type": "null"}));
    }

    #[test]
    fn closing_twice_changes_nothing_more() {
        let once = close(&invoice()).schema;
        assert_eq!(close(&once).schema, once);
    }

    #[test]
    fn free_form_objects_are_reported() {
        let schema = json!({"type": "object", "properties": {
            "scores": {"type": "object", "additionalProperties": {"type": "integer"}},
            "any": {"type": "array", "items": {"type": "object"}},
            "by/name": {"type": "object", "patternProperties": {"^a": {"type": "string"}}},
            "extra": {"type": "object", "properties": {}, "additionalProperties": true},
            "empty": {"type": "object", "additionalProperties": false},
        }});
        let closed = close(&schema);
        let expected = ["/properties/scores", "/properties/any/items", "/properties/by~1name"];
        assert_eq!(closed.open, expected);
        let extra = &closed.schema["properties"]["extra"]["anyOf"][0];
        assert_eq!(extra["additionalProperties"], json!(false));
    }
}
