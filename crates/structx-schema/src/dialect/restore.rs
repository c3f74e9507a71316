//! Maps a reply to a compiled schema back to the original: removes each `null` that stands for an
//! absent member, and turns lists of keys and values into objects.

use serde_json::{Map, Value, json};

use super::dictionaries::{entries, from_list};
use super::strict::{is_free_form, required_names};
use crate::json_schema::{accepts, accepts_null, resolve};

/// The maximum number of subschemas that are compared to choose the branch of a union; only a
/// recursive union needs more. Chosen by hand, not measured.
const MAX_STEPS: usize = 100_000;

/// Undoes the rewriting of [`compile`](super::compile). A `null` is removed where the property is
/// optional and not nullable in `original`.
pub fn restore(value: &mut Value, original: &Value) {
    restore_within(value, original, original);
}

fn restore_within(value: &mut Value, schema: &Value, root: &Value) {
    let Some(Value::Object(schema)) = resolve(schema, root) else { return };
    for keyword in ["allOf", "anyOf", "oneOf"] {
        let Some(Value::Array(branches)) = schema.get(keyword) else { continue };
        if keyword == "allOf" {
            for branch in branches {
                restore_within(value, branch, root);
            }
        } else if let Some(branch) = branches.iter().find(|branch| fits(value, branch, root)) {
            restore_within(value, branch, root);
        }
    }
    if is_free_form(schema)
        && let Some(object) = from_list(value)
    {
        *value = Value::Object(object);
    }
    match value {
        Value::Object(members) => restore_object(members, schema, root),
        Value::Array(items) => restore_array(items, schema, root),
        _ => {}
    }
}

fn restore_object(members: &mut Map<String, Value>, schema: &Map<String, Value>, root: &Value) {
    let properties = schema.get("properties").and_then(Value::as_object);
    let required = required_names(schema);
    let additional = schema.get("additionalProperties");
    members.retain(|name, member| {
        let Some(property) = properties.and_then(|properties| properties.get(name)) else {
            if let Some(additional) = additional {
                restore_within(member, additional, root);
            }
            return true;
        };
        restore_within(member, property, root);
        !member.is_null() || required.contains(name) || accepts_null(property, root)
    });
}

fn restore_array(items: &mut [Value], schema: &Map<String, Value>, root: &Value) {
    let first = schema.get("prefixItems").and_then(Value::as_array);
    for (index, item) in items.iter_mut().enumerate() {
        let prefix = first.and_then(|schemas| schemas.get(index));
        if let Some(schema) = prefix.or(schema.get("items")) {
            restore_within(item, schema, root);
        }
    }
}

/// Whether `value` may be a reply to the compiled form of `schema`.
fn fits(value: &Value, schema: &Value, root: &Value) -> bool {
    fits_within(value, schema, root, &mut { MAX_STEPS })
}

fn fits_within(value: &Value, schema: &Value, root: &Value, steps: &mut usize) -> bool {
    let entries = entries(value).filter(|_| accepts(schema, root, &json!({})));
    if *steps == 0 || entries.is_none() && !accepts(schema, root, value) {
        return false;
    }
    *steps -= 1;
    let Some(Value::Object(schema)) = resolve(schema, root) else { return true };
    let branches = schema.get("anyOf").or(schema.get("oneOf")).and_then(Value::as_array);
    if let Some(branches) = branches {
        return branches.iter().any(|branch| fits_within(value, branch, root, steps));
    }
    match (value, entries) {
        (_, Some(entries)) => {
            let others = schema.get("additionalProperties");
            let mut fits = |value| others.is_none_or(|it| fits_within(value, it, root, steps));
            is_free_form(schema) && entries.iter().all(|(_, value)| fits(value))
        }
        (Value::Object(members), _) => fits_object(members, schema, root, steps),
        (Value::Array(items), _) => {
            // In any order, as the order of a tuple may not have been enforced.
            let first = schema.get("prefixItems").and_then(Value::as_array);
            let kinds: Vec<_> = first.into_iter().flatten().chain(schema.get("items")).collect();
            let mut fits_one = |item| kinds.iter().any(|kind| fits_within(item, kind, root, steps));
            kinds.is_empty() || items.iter().all(&mut fits_one)
        }
        _ => true,
    }
}

fn fits_object(
    members: &Map<String, Value>,
    schema: &Map<String, Value>,
    root: &Value,
    steps: &mut usize,
) -> bool {
    let named = schema.get("properties").and_then(Value::as_object);
    let required = required_names(schema);
    let others = schema.get("additionalProperties");
    let is_open = named.is_none() && others.is_none();
    required.iter().all(|name| members.contains_key(name))
        && members.iter().all(|(name, member)| match named.and_then(|named| named.get(name)) {
            Some(_) if member.is_null() && !required.contains(name) => true,
            Some(property) => fits_within(member, property, root, steps),
            None => others.map_or(is_open, |others| fits_within(member, others, root, steps)),
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::restore;

    fn invoice() -> Value {
        json!({
            "type": "object",
            "properties": {
                "number": {"type": "string"},
                "total": {"type": "number"},
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
    fn only_added_nulls_are_dropped() {
        let mut reply = json!({
            "number": null, "total": null, "note": null,
            "seller": {"name": null, "kin": {"name": "A", "kin": null}},
        });
        restore(&mut reply, &invoice());
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
        restore(&mut reply, &root);
        let expected = json!({
            "pets": [{"kind": "cat"}, {"kind": "dog", "lives": null}],
            "by_name": {"a": {"kind": "cat"}, "b": null},
            "pair": [null, {"kind": "cat"}],
        });
        assert_eq!(reply, expected);
    }

    #[test]
    fn lists_of_keys_and_values_become_the_objects_that_they_stand_for() {
        let scores = json!({"type": "object", "additionalProperties": {"type": "integer"}});
        let root = json!({"type": "object", "properties": {
            "scores": scores,
            "may_be": {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/Scores"}]},
            "pairs": {"type": "array", "items": {"type": "object", "properties": {
                "key": {"type": "string"}, "value": {"type": "integer"}}}},
        }, "$defs": {"Scores": scores}});
        let list = json!([{"key": "a", "value": 1}, {"key": "b", "value": 2}]);
        let mut reply = json!({"scores": list, "may_be": list, "pairs": list});
        restore(&mut reply, &root);
        let object = json!({"a": 1, "b": 2});
        assert_eq!(reply, json!({"scores": object, "may_be": object, "pairs": list}));
        for unclear in [
            json!([{"key": "a", "value": 1}, {"key": "a", "value": 2}]),
            json!([{"key": "a"}]),
            json!([{"key": 1, "value": 1}]),
        ] {
            let mut reply = json!({"scores": unclear});
            restore(&mut reply, &root);
            assert_eq!(reply["scores"], unclear);
        }
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
            restore(&mut reply, &schema);
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
                        None if crate::json_schema::accepts_null(property, schema) => {
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
