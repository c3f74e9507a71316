//! Lists the values of items with the hints of their JSON Schema.

use serde_json::Value;

use crate::leaf::{FieldHints, Kind, Leaf};
use structx_common::json_pointer::escaped;

/// The most references that are followed in a row: a circle of them ends here. Chosen by hand.
const MOST_REFERENCES: usize = 32;

/// The values of `items`, an array of objects, in their order. `schema` is the JSON Schema of one item; its
/// references point into itself (`#/$defs/Line`). Nulls and empty texts say nothing and are left out.
///
/// ```
/// use serde_json::json;
/// use structx_evidence::{Kind, leaves};
///
/// let schema = json!({
///     "properties": {"lines": {"type": "array", "items": {"$ref": "#/$defs/Line"}}},
///     "$defs": {"Line": {"properties": {"price": {"type": "number", "description": "Unit price"}}}}
/// });
/// let leaves = leaves(&json!([{"lines": [{"price": 2.5}, {"price": null}]}]), &schema);
/// assert_eq!(leaves.len(), 1);
/// assert_eq!(leaves[0].pointer, "/0/lines/0/price");
/// assert_eq!(leaves[0].field.kind, Kind::Number);
/// assert_eq!(leaves[0].field.path, ["lines", "price"]);
/// ```
#[must_use]
pub fn leaves(items: &Value, schema: &Value) -> Vec<Leaf> {
    let start = FieldHints::default();
    let mut open: Vec<Part<'_>> = Vec::new();
    let elements = items.as_array().into_iter().flatten().enumerate();
    for (index, value) in elements {
        open.push(Part::new(value, Some(schema), format!("/{index}"), start.clone(), schema));
    }
    open.reverse();
    let mut leaves = Vec::new();
    // A stack of its own: values may be nested deeper than that of the thread allows.
    while let Some(part) = open.pop() {
        let first = open.len();
        match part.value {
            Value::Null => {}
            Value::String(text) if text.trim().is_empty() => {}
            Value::Object(members) => {
                for (name, value) in members {
                    let mut hints = part.hints.clone();
                    hints.path.push(name.clone());
                    let pointer = format!("{}/{}", part.pointer, escaped(name));
                    open.push(Part::new(value, part.member(name), pointer, hints, schema));
                }
            }
            Value::Array(elements) => {
                for (index, value) in elements.iter().enumerate() {
                    let pointer = format!("{}/{index}", part.pointer);
                    let hints = part.hints.clone();
                    open.push(Part::new(value, part.element(index), pointer, hints, schema));
                }
            }
            value => {
                leaves.push(Leaf {
                    pointer: part.pointer,
                    value: value.clone(),
                    field: part.hints,
                });
            }
        }
        open[first..].reverse();
    }
    leaves
}

/// A value that is still to be listed, with the schemas that apply to it.
struct Part<'a> {
    value: &'a Value,
    schemas: Vec<&'a Value>,
    pointer: String,
    hints: FieldHints,
}

impl<'a> Part<'a> {
    fn new(
        value: &'a Value,
        schema: Option<&'a Value>,
        pointer: String,
        hints: FieldHints,
        root: &'a Value,
    ) -> Self {
        let mut part = Self { value, schemas: Vec::new(), pointer, hints };
        part.hints.description.clear();
        part.hints.kind = kind_of_value(value);
        if let Some(schema) = schema {
            part.apply(schema, root, MOST_REFERENCES);
        }
        part
    }

    /// Takes the hints of a schema, and of those that it refers to.
    fn apply(&mut self, schema: &'a Value, root: &'a Value, references: usize) {
        if references == 0 {
            return;
        }
        if let Some(description) = schema.get("description").and_then(Value::as_str)
            && self.hints.description.is_empty()
        {
            description.clone_into(&mut self.hints.description);
        }
        if schema.get("x-copied") == Some(&Value::Bool(false)) {
            self.hints.is_copied = false;
        }
        self.hints.kind = kind_of_schema(schema).unwrap_or(self.hints.kind);
        self.schemas.push(schema);
        let reference = schema.get("$ref").and_then(Value::as_str);
        if let Some(target) = reference.and_then(|reference| resolve(root, reference)) {
            self.apply(target, root, references - 1);
        }
        for part in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            self.apply(part, root, references - 1);
        }
        for name in ["anyOf", "oneOf"] {
            let branches = schema.get(name).and_then(Value::as_array).into_iter().flatten();
            let fit = |branch: &&Value| fit(self.value, branch, root);
            // The first one wins among equals.
            if let Some(branch) = branches.rev().max_by_key(fit) {
                self.apply(branch, root, references - 1);
            }
        }
    }

    fn member(&self, name: &str) -> Option<&'a Value> {
        let of = |schema: &&'a Value| {
            let properties = schema.get("properties").and_then(|all| all.get(name));
            properties.or_else(|| schema.get("additionalProperties"))
        };
        self.schemas.iter().find_map(of)
    }

    fn element(&self, index: usize) -> Option<&'a Value> {
        let of = |schema: &&'a Value| {
            let prefix = schema.get("prefixItems").and_then(|all| all.get(index));
            prefix.or_else(|| schema.get("items"))
        };
        self.schemas.iter().find_map(of)
    }
}

/// How well a branch of a union fits a value: its type, its constants and the names of its properties.
fn fit(value: &Value, branch: &Value, root: &Value) -> usize {
    let reference = branch.get("$ref").and_then(Value::as_str);
    let branch = reference.and_then(|reference| resolve(root, reference)).unwrap_or(branch);
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let has_type = |name: &str| name == kind || (name == "integer" && kind == "number");
    let is_of_type = match branch.get("type") {
        Some(Value::String(name)) => has_type(name),
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).any(has_type),
        _ => branch.get("properties").is_some() == value.is_object(),
    };
    if !is_of_type {
        return 0;
    }
    let (Some(members), Some(properties)) = (value.as_object(), branch.get("properties")) else {
        return 1;
    };
    let fits = |(name, value): (&String, &Value)| {
        let schema = properties.get(name)?;
        let is_constant = schema.get("const") == Some(value);
        Some(if is_constant { 10 } else { 1 })
    };
    1 + members.iter().filter_map(fits).sum::<usize>()
}

/// The part of the root that a reference within the document names.
fn resolve<'a>(root: &'a Value, reference: &str) -> Option<&'a Value> {
    root.pointer(reference.strip_prefix('#')?)
}

fn kind_of_schema(schema: &Value) -> Option<Kind> {
    if schema.get("enum").is_some() || schema.get("const").is_some() {
        return Some(Kind::Enum);
    }
    let format = schema.get("format").and_then(Value::as_str);
    match (schema.get("type").and_then(Value::as_str)?, format) {
        ("number" | "integer", _) => Some(Kind::Number),
        ("boolean", _) => Some(Kind::Boolean),
        ("string", Some("date")) => Some(Kind::Date),
        ("string", Some("date-time")) => Some(Kind::DateTime),
        ("string", Some("time")) => Some(Kind::Time),
        _ => None,
    }
}

fn kind_of_value(value: &Value) -> Kind {
    match value {
        Value::Bool(_) => Kind::Boolean,
        Value::Number(_) => Kind::Number,
        _ => Kind::Text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::leaves;
    use crate::Kind;

    #[test]
    fn hints_come_from_references_and_unions() {
        let schema = json!({
            "properties": {
                "kind": {"enum": ["paid", "open"]},
                "due": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}],
                        "description": "Last day"},
                "sum": {"type": "number", "x-copied": false},
                "party": {"anyOf": [{"$ref": "#/$defs/Person"}, {"$ref": "#/$defs/Company"}]},
                "tags": {"type": "array", "items": {"type": "string", "description": "A tag"}},
                "rates": {"type": "object", "additionalProperties": {"type": "number"}}
            },
            "$defs": {
                "Person": {"type": "object", "description": "A person",
                           "properties": {"first": {"type": "string", "description": "First"}}},
                "Company": {"type": "object",
                            "properties": {"form": {"type": "string", "description": "Form"}}}
            }
        });
        let items = json!([{
            "kind": "paid", "due": "2024-03-05", "sum": 5, "party": {"form": "GmbH"},
            "tags": ["a", "", null], "rates": {"a/b": 0.5}
        }]);
        let found: Vec<_> = leaves(&items, &schema)
            .into_iter()
            .map(|leaf| {
                (leaf.pointer, leaf.field.kind, leaf.field.description, leaf.field.is_copied)
            })
            .collect();
        let leaf = |pointer: &str, kind, description: &str, is_copied| {
            (pointer.to_owned(), kind, description.to_owned(), is_copied)
        };
        assert_eq!(
            found,
            [
                leaf("/0/kind", Kind::Enum, "", true),
                leaf("/0/due", Kind::Date, "Last day", true),
                leaf("/0/sum", Kind::Number, "", false),
                leaf("/0/party/form", Kind::Text, "Form", true),
                leaf("/0/tags/0", Kind::Text, "A tag", true),
                leaf("/0/rates/a~1b", Kind::Number, "", true),
            ]
        );
        assert!(
            leaves(&items, &schema)
                .iter()
                .all(|leaf| { items.pointer(&leaf.pointer) == Some(&leaf.value) })
        );
    }

    #[test]
    fn circles_and_depth_end() {
        let circle = json!({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}});
        assert_eq!(leaves(&json!([{"a": 1}]), &circle).len(), 1);
        let mut deep = json!(1);
        for _ in 0..10_000 {
            deep = Value::Array(vec![deep]);
        }
        let items = Value::Array(vec![deep]);
        assert_eq!(leaves(&items, &json!({"items": {"$ref": "#"}})).len(), 1);
        // Dropping it naively would overflow the stack, too.
        std::mem::forget(items);
    }
}
