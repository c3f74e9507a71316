//! The closed form of a schema, which constrained decoders want: no member but the named ones,
//! and every one of them present. What was optional may then be `null`, and such a `null` is
//! taken out of the reply again.

use serde_json::{Map, Value, json};

use crate::schema::json_schema::{accepts, accepts_null, resolve, walk_mut};

/// A schema whose objects name all their members.
#[derive(Debug, Clone, PartialEq)]
pub struct Closed {
    pub schema: Value,
    /// JSON Pointers to the objects of the original with members of any name: can't be closed.
    pub open: Vec<String>,
    /// Whether an optional property was made nullable: [`drop_added_nulls`] has work to do.
    pub adds_nulls: bool,
}

/// Closes all objects of `original`: `additionalProperties` is false, all properties are required
/// in their order, and an optional property that can't be `null` becomes one that can, unless it
/// has only one value anyway, as the tag of a union's branch has.
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

/// An object whose members have names that the schema does not give.
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

/// Whether a property was made nullable.
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

fn has_one_value(property: &Value, root: &Value) -> bool {
    resolve(property, root).is_some_and(|schema| {
        let listed = schema.get("enum").and_then(Value::as_array);
        schema.get("const").is_some() || listed.is_some_and(|values| values.len() == 1)
    })
}

fn required_names(schema: &Map<String, Value>) -> Vec<String> {
    let names = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    names.filter_map(|name| name.as_str().map(str::to_owned)).collect()
}

/// Words about a value, not rules for it: they stay at the property when its schema becomes a
/// branch of a union.
pub(super) fn is_annotation(keyword: &str) -> bool {
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

/// Takes out of a reply exactly the `null`s that [`close`] made possible: those at properties
/// that are optional in `original` and can't be `null` there.
pub fn drop_added_nulls(value: &mut Value, original: &Value) {
    drop_within(value, original, original);
}

fn drop_within(value: &mut Value, schema: &Value, root: &Value) {
    let Some(Value::Object(schema)) = resolve(schema, root) else { return };
    for keyword in ["allOf", "anyOf", "oneOf"] {
        let Some(Value::Array(branches)) = schema.get(keyword) else { continue };
        if keyword == "allOf" {
            for branch in branches {
                drop_within(value, branch, root);
            }
        } else if let Some(branch) = branches.iter().find(|branch| fits(value, branch, root)) {
            drop_within(value, branch, root);
        }
    }
    match value {
        Value::Object(members) => drop_from_object(members, schema, root),
        Value::Array(items) => drop_from_array(items, schema, root),
        _ => {}
    }
}

fn drop_from_object(members: &mut Map<String, Value>, schema: &Map<String, Value>, root: &Value) {
    let properties = schema.get("properties").and_then(Value::as_object);
    let required = required_names(schema);
    let additional = schema.get("additionalProperties");
    members.retain(|name, member| {
        let Some(property) = properties.and_then(|properties| properties.get(name)) else {
            if let Some(additional) = additional {
                drop_within(member, additional, root);
            }
            return true;
        };
        drop_within(member, property, root);
        !member.is_null() || required.contains(name) || accepts_null(property, root)
    });
}

fn drop_from_array(items: &mut [Value], schema: &Map<String, Value>, root: &Value) {
    let first = schema.get("prefixItems").and_then(Value::as_array);
    for (index, item) in items.iter_mut().enumerate() {
        let prefix = first.and_then(|schemas| schemas.get(index));
        if let Some(schema) = prefix.or(schema.get("items")) {
            drop_within(item, schema, root);
        }
    }
}

/// Whether a reply to the closed form of `branch` can look like `value`.
fn fits(value: &Value, branch: &Value, root: &Value) -> bool {
    if !accepts(branch, root, value) {
        return false;
    }
    let (Value::Object(members), Some(Value::Object(schema))) = (value, resolve(branch, root))
    else {
        return true;
    };
    let Some(Value::Object(properties)) = schema.get("properties") else { return true };
    let required = required_names(schema);
    let may_be_more =
        !matches!(schema.get("additionalProperties"), None | Some(Value::Bool(false)));
    required.iter().all(|name| members.contains_key(name))
        && members.iter().all(|(name, member)| match properties.get(name) {
            None => may_be_more,
            Some(_) if member.is_null() && !required.contains(name) => true,
            Some(property) => accepts(property, root, member),
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::{close, drop_added_nulls};

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

    #[test]
    fn only_added_nulls_are_dropped() {
        let mut reply = json!({
            "number": null, "total": null, "note": null,
            "seller": {"name": null, "kin": {"name": "A", "kin": null}},
        });
        drop_added_nulls(&mut reply, &invoice());
        assert_eq!(reply, json!({"number": null, "note": null, "seller": {"kin": {"name": "A"}}}));
    }

    #[test]
    fn nulls_are_dropped_in_lists_unions_and_dictionaries() {
        let cat = json!({"type": "object", "required": ["kind"], "properties": {
            "kind": {"const": "cat"}, "lives": {"type": "integer"}}});
        let dog = json!({"type": "object", "required": ["kind"], "properties": {
            "kind": {"const": "dog"}, "lives": {"type": ["integer", "null"]}}});
        let root = json!({
            "type": "object",
            "properties": {
                "pets": {"type": "array", "items": {"oneOf": [cat, dog]}},
                "by_name": {"type": "object", "additionalProperties": {"anyOf": [
                    {"$ref": "#/$defs/Cat"}, {"type": "null"}]}},
                "pair": {"type": "array", "prefixItems": [{"type": "string"}, cat]},
            },
            "required": ["pets", "by_name", "pair"],
            "$defs": {"Cat": {"allOf": [cat]}},
        });
        let mut reply = json!({
            "pets": [{"kind": "cat", "lives": null}, {"kind": "dog", "lives": null}],
            "by_name": {"a": {"kind": "cat", "lives": null}, "b": null},
            "pair": [null, {"kind": "cat", "lives": null}],
        });
        drop_added_nulls(&mut reply, &root);
        let expected = json!({
            "pets": [{"kind": "cat"}, {"kind": "dog", "lives": null}],
            "by_name": {"a": {"kind": "cat"}, "b": null},
            "pair": [null, {"kind": "cat"}],
        });
        assert_eq!(reply, expected);
    }

    /// A property: its schema, and a value of it.
    fn property() -> impl Strategy<Value = (Value, Value)> {
        let leaf = prop_oneof![
            any::<i32>().prop_map(|n| (json!({"type": "integer"}), json!(n))),
            "[a-z]{0,5}".prop_map(|text| (json!({"type": "string"}), json!(text))),
            Just((json!({"type": ["string", "null"]}), Value::Null)),
            Just((json!({"anyOf": [{"type": "number"}, {"type": "null"}]}), Value::Null)),
        ];
        leaf.prop_recursive(3, 20, 4, |inner| {
            prop_oneof![
                inner.clone().prop_map(|(schema, value)| {
                    (json!({"type": "array", "items": schema}), json!([value]))
                }),
                object(inner),
            ]
        })
    }

    fn object(
        property: impl Strategy<Value = (Value, Value)>,
    ) -> impl Strategy<Value = (Value, Value)> {
        let member = ("[a-d]", property, any::<bool>(), any::<bool>());
        prop::collection::vec(member, 0..4).prop_map(|members| {
            let (mut schema, mut value) = (json!({"type": "object", "properties": {}}), json!({}));
            let mut required = Vec::new();
            for (name, (kind, example), is_required, is_present) in members {
                if schema["properties"].get(&name).is_some() {
                    continue;
                }
                if is_required || is_present {
                    value[&name] = example;
                }
                if is_required {
                    required.push(name.clone());
                }
                schema["properties"][&name] = kind;
            }
            schema["required"] = required.into();
            (schema, value)
        })
    }

    /// Adds the nulls that a reply to the closed schema has to have.
    fn fill(value: &mut Value, schema: &Value) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| fill(item, &schema["items"])),
            Value::Object(_) => {
                for (name, property) in schema["properties"].as_object().unwrap() {
                    match value.get_mut(name) {
                        Some(member) => fill(member, property),
                        None => value[name] = Value::Null,
                    }
                }
            }
            _ => {}
        }
    }

    proptest! {
        #[test]
        fn what_was_left_out_comes_back_left_out((schema, value) in object(property())) {
            let mut reply = value.clone();
            fill(&mut reply, &schema);
            drop_added_nulls(&mut reply, &schema);
            // A null that the schema allows is the model's own word and stays.
            let mut expected = value;
            keep_own_nulls(&mut expected, &schema);
            prop_assert_eq!(reply, expected);
        }
    }

    fn keep_own_nulls(value: &mut Value, schema: &Value) {
        match value {
            Value::Array(items) => {
                for item in items {
                    keep_own_nulls(item, &schema["items"]);
                }
            }
            Value::Object(_) => {
                for (name, property) in schema["properties"].as_object().unwrap() {
                    match value.get_mut(name) {
                        Some(member) => keep_own_nulls(member, property),
                        None if crate::schema::json_schema::accepts_null(property, schema) => {
                            value[name] = Value::Null;
                        }
                        None => {}
                    }
                }
            }
            _ => {}
        }
    }
}
