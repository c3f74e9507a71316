//! JSON Schema as data: references, nullability, traversal, and the schema of a reply.

use serde_json::{Map, Value, json};
use structx_common::json_pointer::escaped;

/// The maximum length of a chain of `$ref`s; only a cycle is longer. Chosen by hand, not measured.
const MAX_REFERENCES: usize = 32;
/// The maximum number of branches that are visited; only a recursive union has more. Chosen by hand,
/// not measured.
const MAX_STEPS: usize = 1000;

const SCHEMA: [&str; 11] = [
    "items",
    "additionalProperties",
    "propertyNames",
    "contains",
    "unevaluatedItems",
    "unevaluatedProperties",
    "contentSchema",
    "not",
    "if",
    "then",
    "else",
];
const SCHEMAS: [&str; 4] = ["anyOf", "oneOf", "allOf", "prefixItems"];
const NAMED_SCHEMAS: [&str; 5] =
    ["properties", "$defs", "definitions", "patternProperties", "dependentSchemas"];

/// The schema of a reply: an object whose `items` match `item_schema`, a schema that pydantic's
/// `model_json_schema` wrote. References are adjusted.
#[must_use]
pub fn items_of(item_schema: &Value) -> Value {
    let mut item = item_schema.clone();
    let mut definitions = take_definitions(&mut item);
    if refers_to_root(&item) || definitions.values().any(refers_to_root) {
        let name = unused_name(&definitions);
        definitions.insert(name.clone(), item);
        let target = format!("#/$defs/{name}");
        definitions.values_mut().for_each(|schema| move_root_references(schema, &target));
        item = json!({"$ref": target});
    }
    let mut schema = json!({
        "type": "object",
        "properties": {"items": {"type": "array", "items": item}},
        "required": ["items"],
        "additionalProperties": false,
    });
    if !definitions.is_empty() {
        schema["$defs"] = Value::Object(definitions);
    }
    schema
}

/// Removes `$defs` and the keywords that are valid only at the root.
fn take_definitions(schema: &mut Value) -> Map<String, Value> {
    let Some(members) = schema.as_object_mut() else { return Map::new() };
    members.shift_remove("$schema");
    members.shift_remove("$id");
    match members.shift_remove("$defs") {
        Some(Value::Object(definitions)) => definitions,
        _ => Map::new(),
    }
}

fn unused_name(definitions: &Map<String, Value>) -> String {
    let mut name = "Item".to_owned();
    while definitions.contains_key(&name) {
        name.push('_');
    }
    name
}

/// A reference to the root itself, or to a place in it that is not in `$defs`.
fn root_path(members: &Map<String, Value>) -> Option<&str> {
    let path = members.get("$ref")?.as_str()?.strip_prefix('#')?;
    (!path.starts_with("/$defs/")).then_some(path)
}

fn refers_to_root(schema: &Value) -> bool {
    let mut found = false;
    walk(schema, &mut |schema, _| {
        found |= schema.as_object().and_then(root_path).is_some();
    });
    found
}

fn move_root_references(schema: &mut Value, target: &str) {
    walk_mut(schema, &mut |schema, _| {
        if let Some(members) = schema.as_object_mut()
            && let Some(path) = root_path(members)
        {
            let moved = format!("{target}{path}");
            members.insert("$ref".to_owned(), moved.into());
        }
    });
}

/// The target of `schema`'s reference within `root`, or `schema` itself without one; `None` for a
/// dangling reference.
#[must_use]
pub fn resolve<'a>(schema: &'a Value, root: &'a Value) -> Option<&'a Value> {
    let mut current = schema;
    for _ in 0..MAX_REFERENCES {
        match current.get("$ref") {
            None => return Some(current),
            Some(reference) => {
                current = root.pointer(reference.as_str()?.strip_prefix('#')?)?;
            }
        }
    }
    None
}

/// Whether `null` is a value of `schema`.
#[must_use]
pub fn accepts_null(schema: &Value, root: &Value) -> bool {
    accepts(schema, root, &Value::Null)
}

/// Whether `value` may match `schema`, judged by type, `const`, `enum` and union branches alone, which
/// is enough to distinguish the branches of a union without a validator.
#[must_use]
pub fn accepts(schema: &Value, root: &Value, value: &Value) -> bool {
    accepts_within(schema, root, value, &mut { MAX_STEPS })
}

fn accepts_within(schema: &Value, root: &Value, value: &Value, steps: &mut usize) -> bool {
    let Some(Value::Object(members)) = resolve(schema, root) else {
        return schema != &Value::Bool(false);
    };
    if *steps == 0 {
        return false;
    }
    *steps -= 1;
    let listed = |keyword: &str| members.get(keyword).and_then(Value::as_array);
    let mut branch = |branch: &Value| accepts_within(branch, root, value, steps);
    members.get("type").is_none_or(|kind| is_of_type(value, kind))
        && members.get("const").is_none_or(|constant| constant == value)
        && listed("enum").is_none_or(|values| values.contains(value))
        && listed("anyOf").is_none_or(|branches| branches.iter().any(&mut branch))
        && listed("oneOf").is_none_or(|branches| branches.iter().any(&mut branch))
        && listed("allOf").is_none_or(|branches| branches.iter().all(&mut branch))
}

fn is_of_type(value: &Value, kind: &Value) -> bool {
    match kind {
        Value::Array(kinds) => kinds.iter().any(|kind| is_of_type(value, kind)),
        Value::String(kind) => match value {
            Value::Null => kind == "null",
            Value::Bool(_) => kind == "boolean",
            Value::Number(number) => {
                kind == "number"
                    || (kind == "integer" && number.as_f64().is_some_and(|n| n.fract() == 0.0))
            }
            Value::String(_) => kind == "string",
            Value::Array(_) => kind == "array",
            Value::Object(_) => kind == "object",
        },
        _ => true,
    }
}

/// Visits each subschema with its JSON Pointer, inner ones first and `schema` last.
pub fn walk_mut(schema: &mut Value, visit: &mut impl FnMut(&mut Value, &str)) {
    descend(schema, &mut String::new(), visit);
}

/// [`walk_mut`] for reading.
pub fn walk(schema: &Value, visit: &mut impl FnMut(&Value, &str)) {
    walk_mut(&mut schema.clone(), &mut |schema, pointer| visit(schema, pointer));
}

fn descend(schema: &mut Value, pointer: &mut String, visit: &mut impl FnMut(&mut Value, &str)) {
    for_children(schema, &mut |tokens, child| {
        let start = pointer.len();
        push_tokens(pointer, tokens);
        descend(child, pointer, visit);
        pointer.truncate(start);
    });
    visit(schema, pointer);
}

/// Visits the subschemas directly below `schema`, each with the tokens of its JSON Pointer from there.
pub(crate) fn for_children(schema: &mut Value, visit: &mut impl FnMut(&[&str], &mut Value)) {
    for (keyword, member) in schema.as_object_mut().into_iter().flatten() {
        match (Subschemas::of(keyword), member) {
            (Subschemas::Schema, member @ Value::Object(_)) => visit(&[keyword], member),
            (Subschemas::Schemas, Value::Array(schemas)) => {
                for (index, schema) in schemas.iter_mut().enumerate() {
                    visit(&[keyword, &index.to_string()], schema);
                }
            }
            (Subschemas::Named, Value::Object(schemas)) => {
                for (name, schema) in schemas {
                    visit(&[keyword, name], schema);
                }
            }
            _ => {}
        }
    }
}

/// How a keyword holds subschemas.
enum Subschemas {
    Schema,
    Schemas,
    Named,
    Other,
}

impl Subschemas {
    fn of(keyword: &str) -> Self {
        if SCHEMA.contains(&keyword) {
            Self::Schema
        } else if SCHEMAS.contains(&keyword) {
            Self::Schemas
        } else if NAMED_SCHEMAS.contains(&keyword) {
            Self::Named
        } else {
            Self::Other
        }
    }
}

/// Appends reference tokens to a JSON Pointer (RFC 6901).
pub(crate) fn push_tokens(pointer: &mut String, tokens: &[&str]) {
    for token in tokens {
        pointer.push('/');
        pointer.push_str(&escaped(token));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{accepts_null, items_of, resolve, walk};

    #[test]
    fn definitions_move_to_the_root_and_properties_keep_their_order() {
        let item = json!({
            "$defs": {"Line": {"type": "object", "properties": {"sum": {"type": "number"}}}},
            "title": "Invoice",
            "type": "object",
            "properties": {
                "number": {"type": "string"},
                "lines": {"type": "array", "items": {"$ref": "#/$defs/Line"}},
                "date": {"type": "string"},
            },
            "required": ["number"],
        });
        let schema = items_of(&item);
        let inner = &schema["properties"]["items"]["items"];
        assert_eq!(inner.get("$defs"), None);
        assert_eq!(schema["$defs"], item["$defs"]);
        assert_eq!(schema["required"], json!(["items"]));
        assert_eq!(schema["additionalProperties"], json!(false));
        let names: Vec<_> = inner["properties"].as_object().unwrap().keys().collect();
        assert_eq!(names, ["number", "lines", "date"]);
        let line = resolve(&inner["properties"]["lines"]["items"], &schema).unwrap();
        assert_eq!(line["properties"]["sum"]["type"], "number");
    }

    #[test]
    fn recursive_roots_still_refer_to_themselves() {
        let by_definition = json!({
            "$defs": {"Node": {"type": "object", "properties": {"next": {"$ref": "#/$defs/Node"}}}},
            "$ref": "#/$defs/Node",
        });
        let by_root = json!({"type": "object", "properties": {"next": {"$ref": "#"}}});
        for item in [by_definition, by_root] {
            let schema = items_of(&item);
            let node = resolve(&schema["properties"]["items"]["items"], &schema).unwrap();
            assert_eq!(node["type"], "object");
            assert_eq!(resolve(&node["properties"]["next"], &schema), Some(node));
        }
    }

    #[test]
    fn references_into_the_root_move_with_it() {
        let item = json!({
            "$defs": {"Item": {"type": "integer"}},
            "type": "object",
            "properties": {
                "a": {"type": "string"},
                "b": {"$ref": "#/properties/a"},
                "c": {"$ref": "#/$defs/Item"},
            },
        });
        let schema = items_of(&item);
        let root = resolve(&schema["properties"]["items"]["items"], &schema).unwrap();
        assert_eq!(resolve(&root["properties"]["b"], &schema).unwrap()["type"], "string");
        assert_eq!(resolve(&root["properties"]["c"], &schema).unwrap()["type"], "integer");
    }

    #[test]
    fn nullability_is_seen_through_references_and_unions() {
        let root = json!({"$defs": {
            "A": {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/B"}]},
            "B": {"type": ["integer", "null"]},
            "Loop": {"$ref": "#/$defs/Loop"},
        }});
        for (schema, nullable) in [
            (json!({"type": "string"}), false),
            (json!({"$ref": "#/$defs/A"}), true),
            (json!({"enum": ["a", null]}), true),
            (json!({"enum": ["a"], "type": ["string", "null"]}), false),
            (json!({"const": null}), true),
            (json!({"allOf": [{"type": "null"}, {"type": "string"}]}), false),
            (json!({"oneOf": [{"type": "null"}, {"type": "string"}]}), true),
            (json!({}), true),
            (json!(true), true),
            (json!(false), false),
        ] {
            assert_eq!(accepts_null(&schema, &root), nullable, "{schema}");
        }
        assert_eq!(resolve(&json!({"$ref": "#/$defs/Loop"}), &root), None);
        assert_eq!(resolve(&json!({"$ref": "#/$defs/Missing"}), &root), None);
    }

    #[test]
    fn the_walk_escapes_pointers_and_ends_with_the_root() {
        let schema = json!({"properties": {"a/b~": {"items": {"anyOf": [{}, true]}}}});
        let mut seen = Vec::new();
        walk(&schema, &mut |part: &Value, pointer| {
            assert_eq!(schema.pointer(pointer), Some(part));
            seen.push(pointer.to_owned());
        });
        let inner = "/properties/a~1b~0";
        let expected = [
            format!("{inner}/items/anyOf/0"),
            format!("{inner}/items/anyOf/1"),
            format!("{inner}/items"),
            inner.to_owned(),
            String::new(),
        ];
        assert_eq!(seen, expected);
    }
}
