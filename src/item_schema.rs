//! A caller's JSON Schema as the model of items: the schema of one item, and the validator of replies.

use std::cmp::Reverse;
use std::fmt::Write;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{ValidationError, Validator};
use serde_json::{Map, Value};

use crate::run::error::{Error, Result};
use crate::schema::drafts::{self, Draft};
use structx_common::json_pointer::unescaped;

/// The member of a reply that has its items.
const ITEMS: &str = "items";
/// Keywords of the root that a schema of its items needs as well.
const SHARED: [&str; 3] = ["$schema", "$defs", "definitions"];

/// A JSON Schema, by which items are validated. It is never looked up in a network or a file.
pub struct ItemSchema {
    /// Its title.
    pub title: Option<String>,
    /// The schema of one item, as the caller wrote it.
    pub item: Value,
    /// The same in the form that the compiler of the dialects reads.
    pub modern: Value,
    validator: Validator,
    /// Whether the schema is that of the whole list of items.
    is_list: bool,
}

impl ItemSchema {
    /// Reads a schema. That of a list means items of its `items`; its rules for the list hold for
    /// the list of items in a reply.
    ///
    /// # Errors
    /// [`Error::Schema`]: it is no valid JSON Schema, of an unknown draft, or has what is not
    /// supported; the message says where.
    pub fn new(schema: &Value) -> Result<Self> {
        if !schema.is_object() {
            return Err(Error::Schema("a JSON Schema must be a JSON object".to_owned()));
        }
        let draft = Draft::of(schema)?;
        let is_list = schema.get("type").is_some_and(|kind| kind == "array")
            && schema.get(ITEMS).is_some_and(Value::is_object);
        let title = schema.get("title").and_then(Value::as_str).map(str::to_owned);
        // Before the validator, which would look up what is in another document.
        let whole = drafts::modernise(schema, draft)?;
        let validator = jsonschema::options()
            .with_draft(library_draft(draft))
            .should_validate_formats(true)
            .build(schema)
            .map_err(|error| invalid(&error))?;
        let (item, modern) = if is_list {
            let item = item_of(schema);
            let modern = drafts::modernise(&item, draft).map_err(|error| {
                let advice = "in the schema of a list, references must lead to $defs";
                Error::Schema(format!("{error}; {advice}"))
            })?;
            (item, modern)
        } else {
            (schema.clone(), whole)
        };
        Ok(Self { title, item, modern, validator, is_list })
    }

    /// The items of a reply `{"items": [...]}`.
    ///
    /// # Errors
    /// What is wrong with the reply, in messages for the model that have none of its values.
    pub fn items(&self, reply: &str) -> Result<Vec<Value>, Vec<String>> {
        let mut reply: Map<String, Value> = serde_json::from_str(reply)
            .map_err(|error| vec![format!("reply: not a JSON object: {error}")])?;
        let items = reply.shift_remove(ITEMS);
        let Some(items @ Value::Array(_)) = items else {
            return Err(vec!["items: a list is required".to_owned()]);
        };
        let mut problems = Vec::new();
        if self.is_list {
            self.check(&items, ITEMS, &mut problems);
        }
        let Value::Array(items) = items else { return Err(problems) };
        if !self.is_list {
            for (index, item) in items.iter().enumerate() {
                self.check(item, &format!("{ITEMS}.{index}"), &mut problems);
            }
        }
        if problems.is_empty() { Ok(items) } else { Err(problems) }
    }

    fn check(&self, value: &Value, place: &str, problems: &mut Vec<String>) {
        if !self.validator.is_valid(value) {
            let errors = self.validator.iter_errors(value);
            errors.for_each(|error| describe(&error, place, problems));
        }
    }
}

/// The schema of one item of a list.
fn item_of(list: &Value) -> Value {
    let mut item = list.get(ITEMS).cloned().unwrap_or_default();
    if let Some(item) = item.as_object_mut() {
        for keyword in SHARED {
            if let Some(shared) = list.get(keyword) {
                item.entry(keyword).or_insert(shared.clone());
            }
        }
    }
    item
}

const fn library_draft(draft: Draft) -> jsonschema::Draft {
    match draft {
        Draft::Draft4 => jsonschema::Draft::Draft4,
        Draft::Draft6 => jsonschema::Draft::Draft6,
        Draft::Draft7 => jsonschema::Draft::Draft7,
        Draft::Draft201909 => jsonschema::Draft::Draft201909,
        Draft::Draft202012 => jsonschema::Draft::Draft202012,
    }
}

fn invalid(error: &ValidationError<'_>) -> Error {
    // That of a pattern, which is read as the schema is compiled, is in the other one.
    let places = [error.instance_path().as_str(), error.schema_path().as_str()];
    let place = places.into_iter().find(|place| !place.is_empty());
    let place = place.map_or_else(String::new, |place| format!(" at {place}"));
    Error::Schema(format!("not a valid JSON Schema{place}: {error}"))
}

/// Adds what is wrong at a place, such as `items.0.total: ...`. Of a union, it is what is wrong with
/// the nearest branch.
fn describe(error: &ValidationError<'_>, place: &str, problems: &mut Vec<String>) {
    let mut inner = place.to_owned();
    for token in error.instance_path().as_str().split('/').skip(1) {
        let _ = write!(inner, ".{}", unescaped(token));
    }
    match error.kind() {
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
            match nearest(context, error.instance_path().as_str()) {
                Some(branch) => branch.iter().for_each(|it| describe(it, place, problems)),
                None => problems.push(format!("{inner}: {}", types_of(context))),
            }
        }
        // Their messages have the values.
        ValidationErrorKind::UnevaluatedItems { .. } => {
            problems.push(format!("{inner}: has more items than the schema allows"));
        }
        _ => problems.push(format!("{inner}: {}", error.masked())),
    }
}

/// The nearest branch among those that take such a value: with the fewest wrong constants, which tell
/// branches apart, then the fewest faults, then the deepest ones. `None` if no branch does.
fn nearest<'e>(
    branches: &'e [Vec<ValidationError<'static>>],
    place: &str,
) -> Option<&'e [ValidationError<'static>]> {
    let is_other_kind = |error: &ValidationError<'_>| {
        let is_kind = matches!(
            error.kind(),
            ValidationErrorKind::Type { .. } | ValidationErrorKind::FalseSchema
        );
        is_kind && error.instance_path().as_str() == place
    };
    let alike = branches.iter().filter(|branch| !branch.iter().any(is_other_kind));
    let distance = |branch: &&Vec<ValidationError<'_>>| {
        let is_constant = |error: &&ValidationError<'_>| {
            matches!(error.kind(), ValidationErrorKind::Constant { .. })
        };
        let depths = branch.iter().map(|it| it.instance_path().as_str().matches('/').count());
        (branch.iter().filter(is_constant).count(), branch.len(), Reverse(depths.max()))
    };
    alike.min_by_key(distance).map(Vec::as_slice)
}

fn types_of(branches: &[Vec<ValidationError<'static>>]) -> String {
    let mut types = Vec::new();
    for error in branches.iter().flatten() {
        let kinds = match error.kind() {
            ValidationErrorKind::Type { kind: TypeKind::Single(kind) } => vec![kind.to_string()],
            ValidationErrorKind::Type { kind: TypeKind::Multiple(kinds) } => {
                kinds.iter().map(|kind| kind.to_string()).collect()
            }
            _ => Vec::new(),
        };
        types.extend(kinds);
    }
    types.dedup();
    format!("the value must be one of {}", types.join(", "))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    use super::ItemSchema;

    fn problems(schema: &Value, items: &str) -> Vec<String> {
        let schema = ItemSchema::new(schema).unwrap();
        schema.items(&format!("{{\"items\": {items}}}")).err().unwrap_or_default()
    }

    #[test]
    fn problems_name_the_place_and_no_value() {
        let schema = json!({
            "type": "object",
            "properties": {
                "number": {"type": "string", "pattern": "^[A-Z]", "maxLength": 4},
                "total": {"type": "number", "multipleOf": 0.01},
                "day": {"type": "string", "format": "date"},
                "kind": {"enum": ["a", "b"]},
                "a/b": {"type": "array", "prefixItems": [true], "unevaluatedItems": false},
            },
            "required": ["number"],
            "additionalProperties": false,
        });
        let secret = r#"[{"number": "secret"}, {"total": 1.005, "day": "secret", "kind": "secret",
                          "a/b": [1, "secret"]}]"#;
        let found = problems(&schema, secret);
        let places: Vec<&str> =
            found.iter().filter_map(|it| it.split_once(": ")).map(|it| it.0).collect();
        for place in [
            "items.0.number",
            "items.1.total",
            "items.1.day",
            "items.1.kind",
            "items.1",
            "items.1.a/b",
        ] {
            assert!(places.contains(&place), "{place}: {found:?}");
        }
        assert!(!found.concat().contains("secret"), "{found:?}");
        assert_eq!(problems(&schema, r#"[{"number": "A", "total": 19.99}]"#), [""; 0]);
    }

    #[test]
    fn numbers_are_compared_by_their_digits() {
        let schema = json!({"type": "integer", "maximum": 9_007_199_254_740_993_u64});
        assert!(problems(&schema, "[9007199254740993]").is_empty());
        assert_eq!(problems(&schema, "[9007199254740994]").len(), 1);
    }

    #[test]
    fn a_union_names_its_nearest_branch() {
        let tie = json!({"oneOf": [{"required": ["x"], "type": "object"},
                                   {"properties": {"n": {"type": "integer"}}}]});
        assert!(problems(&tie, r#"[{"n": "text"}]"#)[0].starts_with("items.0.n: "));
        let branch = |kind: &str, name: &str| {
            json!({"type": "object", "properties": {"kind": {"const": kind}, name: {"type": "integer"}},
                   "required": ["kind", name]})
        };
        let schema =
            json!({"anyOf": [branch("cat", "lives"), branch("dog", "age"), {"type": "null"}]});
        let found = problems(&schema, r#"[{"kind": "dog", "age": "x"}, "text"]"#);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].starts_with("items.0.age: "), "{found:?}");
        assert_eq!(found[1], "items.1: the value must be one of object, null");
    }

    #[test]
    fn the_schema_of_a_list_is_that_of_its_items_and_its_rules_hold() {
        let schema = json!({"type": "array", "title": "Lines", "minItems": 1, "uniqueItems": true,
                            "items": {"$ref": "#/$defs/Line"}, "$defs": {"Line": {"type": "string"}}});
        let read = ItemSchema::new(&schema).unwrap();
        assert_eq!(read.title.as_deref(), Some("Lines"));
        assert_eq!(read.modern["$ref"], "#/$defs/Line");
        assert_eq!(read.item["$defs"]["Line"]["type"], "string");
        assert!(problems(&schema, r#"["a", "b"]"#).is_empty());
        assert!(problems(&schema, "[]")[0].starts_with("items: "));
        assert!(problems(&schema, r#"["a", "a"]"#)[0].starts_with("items: "));
        assert!(problems(&schema, "[1]")[0].starts_with("items.0: "));
    }

    #[test]
    fn what_is_no_schema_is_named_with_its_place() {
        for (schema, words) in [
            (json!(true), "must be a JSON object"),
            (json!({"properties": {"a": {"type": "strin"}}}), "at /properties/a/type"),
            (json!({"properties": {"a": {"pattern": "("}}}), "at /properties/a/pattern"),
            (json!({"$ref": "#"}), "itself"),
            (json!({"$ref": "https://example.com/x"}), "another document"),
            (
                json!({"type": "array", "items": {"properties": {"a": {"$ref": "#/items"}}}}),
                "$defs",
            ),
        ] {
            let error = ItemSchema::new(&schema).err().unwrap().to_string();
            assert!(error.contains(words), "{schema}: {error}");
        }
    }

    #[test]
    fn a_reply_of_another_form_is_a_problem() {
        let schema = ItemSchema::new(&json!({})).unwrap();
        for reply in ["[1]", "{}", r#"{"items": {}}"#, "", r#"{"items": ["#] {
            assert_eq!(schema.items(reply).unwrap_err().len(), 1, "{reply}");
        }
    }

    fn schema_of(draft: &'static str) -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(json!({"type": "integer", "minimum": 1})),
            Just(json!({"type": ["string", "null"], "minLength": 1})),
            Just(json!({"enum": ["a", 1, null]})),
            Just(json!({"$ref": "#/definitions/a", "type": "null"})),
            Just(json!({"$ref": "#/definitions/b"})),
            Just(match draft {
                "04" => json!({"minimum": 1, "exclusiveMinimum": true}),
                _ => json!({"exclusiveMinimum": 1}),
            }),
        ];
        let inner = leaf.prop_recursive(3, 12, 3, |inner| {
            let two = (inner.clone(), inner.clone());
            prop_oneof![
                two.clone().prop_map(|(one, other)| json!({"anyOf": [one, other]})),
                two.clone().prop_map(|(one, other)| json!({"allOf": [one, other]})),
                two.clone()
                    .prop_map(|(one, rest)| json!({"items": [one], "additionalItems": rest})),
                two.clone().prop_map(|(one, other)| json!({"properties": {"a": one, "b": other}})),
                two.prop_map(|(one, other)| {
                    json!({"dependencies": {"a": ["b"], "b": {"properties": {"a": one}}},
                           "patternProperties": {"b": other}})
                }),
                inner.prop_map(|inner| json!({"type": "array", "items": inner})),
            ]
        });
        (inner.clone(), inner).prop_map(move |(value, other)| {
            json!({
                "$schema": format!("http://json-schema.org/draft-{draft}/schema#"),
                "type": "object",
                "properties": {"value": value},
                "definitions": {"a": other, "b": {"type": "integer"}},
            })
        })
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            (-1..3).prop_map(Value::from),
            prop_oneof![Just(""), Just("a"), Just("b")].prop_map(Value::from),
            Just(Value::Null),
        ];
        leaf.prop_recursive(3, 12, 3, |inner| {
            let members = prop::collection::vec(("[abc]", inner.clone()), 0..3);
            prop_oneof![
                prop::collection::vec(inner, 0..3).prop_map(Value::from),
                members.prop_map(|members| Value::Object(Map::from_iter(members))),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_modern_form_accepts_the_same_values(
            schema in prop_oneof![schema_of("04"), schema_of("07")],
            value in value(),
        ) {
            // A definition that needs itself is refused.
            prop_assume!(!schema["definitions"]["a"].to_string().contains("/a\""));
            let read = ItemSchema::new(&schema).unwrap();
            let item = json!({"value": value});
            let by_modern = jsonschema::draft202012::is_valid(&read.modern, &item);
            prop_assert_eq!(read.validator.is_valid(&item), by_modern, "{}", read.modern);
        }
    }
}
