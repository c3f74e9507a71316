//! A caller's JSON Schema of any draft, in the form that the rest of this crate reads: draft 2020-12 as
//! pydantic writes it.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use crate::dialect::strict::is_annotation;
use crate::error::{Result, SchemaError};
use crate::json_schema::{for_children, push_tokens, walk};

/// A version of JSON Schema, oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Draft {
    Draft4,
    Draft6,
    Draft7,
    Draft201909,
    Draft202012,
}

/// By the end of `$schema`: json-schema.org/specification-links
const DRAFTS: [(&str, Draft); 5] = [
    ("json-schema.org/draft-04/schema", Draft::Draft4),
    ("json-schema.org/draft-06/schema", Draft::Draft6),
    ("json-schema.org/draft-07/schema", Draft::Draft7),
    ("json-schema.org/draft/2019-09/schema", Draft::Draft201909),
    ("json-schema.org/draft/2020-12/schema", Draft::Draft202012),
];

impl Draft {
    /// The draft that `$schema` names; 2020-12, the newest, if it names none.
    ///
    /// # Errors
    /// [`SchemaError`]: it names another one.
    pub fn of(schema: &Value) -> Result<Self> {
        let Some(named) = schema.get("$schema") else { return Ok(Self::Draft202012) };
        let uri = named.as_str().unwrap_or_default().trim_end_matches('#');
        let place = uri.trim_start_matches("http://").trim_start_matches("https://");
        let known = DRAFTS.into_iter().find(|(of, _)| *of == place);
        known.map(|(_, draft)| draft).ok_or_else(|| {
            SchemaError(format!(
                "$schema is {named}; the drafts 4, 6, 7, 2019-09 and 2020-12 are known, such as \
                 \"https://json-schema.org/draft/2020-12/schema\""
            ))
        })
    }

    fn id_keyword(self) -> &'static str {
        if self == Self::Draft4 { "id" } else { "$id" }
    }
}

/// Rewrites a valid schema of `draft`. Objects that have no rule for other members are said to allow
/// them, as they do in JSON Schema and do not in pydantic.
///
/// # Errors
/// [`SchemaError`]: it refers to another document, to an anchor, to nothing or to itself alone, or has
/// keywords that are not supported.
pub fn modernise(schema: &Value, draft: Draft) -> Result<Value> {
    let mut schema = schema.clone();
    let id_keyword = draft.id_keyword();
    let base = schema.get(id_keyword).and_then(Value::as_str).unwrap_or_default().to_owned();
    if let Some(root) = schema.as_object_mut() {
        root.shift_remove("$schema");
        root.shift_remove(id_keyword);
    }
    let moves = move_definitions(&mut schema);
    let base = base.trim_end_matches('#').to_owned();
    Rewriter { draft, base, moves }.part(&mut schema, "")?;
    check_references(&schema)?;
    Ok(schema)
}

/// Moves the definitions at the root to `$defs`, their name since 2019-09; returns whether it did.
fn move_definitions(schema: &mut Value) -> bool {
    let Some(root) = schema.as_object_mut().filter(|root| !root.contains_key("$defs")) else {
        return false;
    };
    let definitions = root.shift_remove("definitions");
    definitions.map(|definitions| root.insert("$defs".to_owned(), definitions)).is_some()
}

struct Rewriter {
    draft: Draft,
    /// The URI of the whole schema; empty without one.
    base: String,
    /// Whether references to `definitions` lead to `$defs`.
    moves: bool,
}

impl Rewriter {
    fn part(&self, part: &mut Value, pointer: &str) -> Result<()> {
        if let Some(members) = part.as_object_mut() {
            self.check(members, pointer)?;
            self.reference(members, pointer)?;
            limits(members);
            self.lists(members);
            dependencies(members);
            open(members);
        }
        let mut done = Ok(());
        for_children(part, &mut |tokens, child| {
            if done.is_ok() {
                let mut inner = pointer.to_owned();
                push_tokens(&mut inner, tokens);
                done = self.part(child, &inner);
            }
        });
        done
    }

    fn check(&self, members: &Map<String, Value>, pointer: &str) -> Result<()> {
        let has = |keyword: &str| members.get(keyword).is_some_and(Value::is_string);
        if has(self.draft.id_keyword()) {
            let keyword = self.draft.id_keyword();
            return unsupported(pointer, keyword, "a schema in a schema; use one document");
        }
        for keyword in ["$dynamicRef", "$recursiveRef"] {
            if has(keyword) {
                return unsupported(pointer, keyword, "use $ref and $defs");
            }
        }
        if members.get("nullable").is_some_and(Value::is_boolean) {
            let instead = r#"a keyword of OpenAPI 3.0; use "type": [..., "null"]"#;
            return unsupported(pointer, "nullable", instead);
        }
        Ok(())
    }

    /// Until draft 7, rules beside a reference are ignored; since then they hold as well.
    fn reference(&self, members: &mut Map<String, Value>, pointer: &str) -> Result<()> {
        let Some(reference) = members.get("$ref").and_then(Value::as_str) else { return Ok(()) };
        let place = match reference.strip_prefix(&self.base).unwrap_or(reference) {
            "" => "#",
            place => place,
        };
        let Some(path) = place.strip_prefix('#').and_then(percent_decoded) else {
            let what = format!("{reference:?} is another document; use one, with $defs");
            return unsupported(pointer, "$ref", &what);
        };
        if !path.is_empty() && !path.starts_with('/') {
            let what = format!("{reference:?} is an anchor; use a place, such as #/$defs/Name");
            return unsupported(pointer, "$ref", &what);
        }
        let moved = path.strip_prefix("/definitions/").filter(|_| self.moves);
        let path = moved.map_or(format!("#{path}"), |name| format!("#/$defs/{name}"));
        let is_rule = |keyword: &String| {
            !is_annotation(keyword) && keyword != "$ref" && !keyword.starts_with("$defs")
        };
        let rules: Vec<String> = members.keys().filter(|it| is_rule(it)).cloned().collect();
        if self.draft <= Draft::Draft7 || rules.is_empty() {
            members.retain(|keyword, _| !rules.contains(keyword));
            members.insert("$ref".to_owned(), path.into());
            return Ok(());
        }
        members.shift_remove("$ref");
        let all = members.entry("allOf").or_insert(json!([]));
        if let Some(all) = all.as_array_mut() {
            all.insert(0, json!({"$ref": path}));
        }
        Ok(())
    }

    /// Until 2019-09, `items` may be a list, with `additionalItems` for what follows.
    fn lists(&self, members: &mut Map<String, Value>) {
        if self.draft == Draft::Draft202012 {
            return;
        }
        let others = members.shift_remove("additionalItems");
        if members.get("items").is_some_and(Value::is_array)
            && let Some(first) = members.shift_remove("items")
        {
            members.insert("prefixItems".to_owned(), first);
            if let Some(others) = others {
                members.insert("items".to_owned(), others);
            }
        }
    }
}

/// In draft 4, `exclusiveMinimum` says how `minimum` is meant.
fn limits(members: &mut Map<String, Value>) {
    for (exclusive, limit) in [("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")] {
        if let Some(Value::Bool(is_exclusive)) = members.get(exclusive) {
            let is_exclusive = *is_exclusive;
            members.shift_remove(exclusive);
            if is_exclusive && let Some(value) = members.shift_remove(limit) {
                members.insert(exclusive.to_owned(), value);
            }
        }
    }
}

/// Until draft 7, `dependencies` has names and schemas.
fn dependencies(members: &mut Map<String, Value>) {
    let Some(Value::Object(all)) = members.shift_remove("dependencies") else { return };
    let (names, schemas): (Map<_, _>, Map<_, _>) =
        all.into_iter().partition(|(_, needed)| needed.is_array());
    for (keyword, part) in [("dependentRequired", names), ("dependentSchemas", schemas)] {
        if !part.is_empty() {
            members.insert(keyword.to_owned(), part.into());
        }
    }
}

/// Says that an object allows members that it does not name.
fn open(members: &mut Map<String, Value>) {
    let has = |keyword: &str| members.contains_key(keyword);
    if has("properties") && !has("additionalProperties") && !has("patternProperties") {
        let others = members.get("unevaluatedProperties").cloned();
        let is_alone = !["allOf", "anyOf", "oneOf", "if", "dependentSchemas"].into_iter().any(has);
        let others = others.filter(|_| is_alone).unwrap_or(Value::Bool(true));
        members.insert("additionalProperties".to_owned(), others);
    }
}

fn unsupported(pointer: &str, keyword: &str, what: &str) -> Result<()> {
    Err(SchemaError(format!("{pointer}/{keyword} is not supported: {what}")))
}

/// The text of a fragment (RFC 3986, 2.1); `None` if it is no UTF-8.
fn percent_decoded(fragment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(fragment.len());
    let mut rest = fragment;
    while let Some((plain, coded)) = rest.split_once('%') {
        bytes.extend(plain.bytes());
        bytes.push(u8::from_str_radix(coded.get(..2)?, 16).ok()?);
        rest = &coded[2..];
    }
    bytes.extend(rest.bytes());
    String::from_utf8(bytes).ok()
}

/// Checks that each reference leads somewhere, and that no value is checked by one part twice, which
/// would never end.
fn check_references(root: &Value) -> Result<()> {
    let mut references = Vec::new();
    walk(root, &mut |part, pointer| {
        if let Some(Value::String(reference)) = part.get("$ref") {
            references.push((pointer.to_owned(), reference.clone()));
        }
    });
    let mut done = HashSet::new();
    for (pointer, reference) in references {
        let path = reference.trim_start_matches('#');
        if root.pointer(path).is_none() {
            let what = format!("{pointer}/$ref: there is nothing at {reference:?}");
            return Err(SchemaError(what));
        }
        if is_endless(path.to_owned(), root, &mut Vec::new(), &mut done) {
            let what =
                format!("{pointer}/$ref: {reference:?} needs itself for one and the same value");
            return Err(SchemaError(what));
        }
    }
    Ok(())
}

/// Whether the part at `pointer`, or one that it applies to the same value, is among the `open` ones.
fn is_endless(
    pointer: String,
    root: &Value,
    open: &mut Vec<String>,
    done: &mut HashSet<String>,
) -> bool {
    if open.contains(&pointer) || done.contains(&pointer) {
        return !done.contains(&pointer);
    }
    let Some(Value::Object(members)) = root.pointer(&pointer) else { return false };
    let next = applied(members, &pointer);
    open.push(pointer);
    let found = next.into_iter().any(|next| is_endless(next, root, open, done));
    done.extend(open.pop());
    found
}

/// The places of the schemas that a part applies to its own value.
fn applied(members: &Map<String, Value>, pointer: &str) -> Vec<String> {
    let mut places = Vec::new();
    for (keyword, member) in members {
        let below = format!("{pointer}/{keyword}");
        match (keyword.as_str(), member) {
            ("$ref", Value::String(reference)) => {
                places.push(reference.trim_start_matches('#').to_owned());
            }
            ("allOf" | "anyOf" | "oneOf", Value::Array(branches)) => {
                places.extend((0..branches.len()).map(|index| format!("{below}/{index}")));
            }
            ("not" | "if" | "then" | "else", _) => places.push(below),
            ("dependentSchemas", Value::Object(schemas)) => {
                places.extend(schemas.keys().map(|name| {
                    let mut place = below.clone();
                    push_tokens(&mut place, &[name]);
                    place
                }));
            }
            _ => {}
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Draft, modernise};

    fn modern(schema: &Value) -> Result<Value, String> {
        let draft = Draft::of(schema).map_err(|error| error.0)?;
        modernise(schema, draft).map_err(|error| error.0)
    }

    #[test]
    fn older_drafts_become_the_newest_one() {
        let cases = [
            (
                json!({"$schema": "http://json-schema.org/draft-04/schema#", "id": "http://a/b#",
                       "properties": {"n": {"minimum": 1, "exclusiveMinimum": true, "maximum": 9,
                                            "exclusiveMaximum": false}}}),
                json!({"properties": {"n": {"exclusiveMinimum": 1, "maximum": 9}},
                       "additionalProperties": true}),
            ),
            (
                json!({"$schema": "http://json-schema.org/draft-07/schema#",
                       "$ref": "#/definitions/A", "type": "string",
                       "definitions": {"A": {"items": [{"const": 1}, true], "additionalItems": false}}}),
                json!({"$ref": "#/$defs/A",
                       "$defs": {"A": {"prefixItems": [{"const": 1}, true], "items": false}}}),
            ),
            (
                json!({"$schema": "https://json-schema.org/draft/2019-09/schema",
                       "items": {"dependencies": {"a": ["b"], "c": {"items": [{}]}}}}),
                json!({"items": {"dependentRequired": {"a": ["b"]},
                                 "dependentSchemas": {"c": {"prefixItems": [{}]}}}}),
            ),
        ];
        for (schema, expected) in cases {
            assert_eq!(modern(&schema).unwrap(), expected);
        }
    }

    #[test]
    fn rules_beside_a_reference_hold_as_well_since_2019() {
        let schema = json!({
            "$id": "https://example.com/order",
            "$ref": "https://example.com/order#/$defs/Base%20class",
            "description": "An order",
            "properties": {"n": {"$ref": "#/$defs/Base%20class", "description": "d"}},
            "unevaluatedProperties": false,
            "$defs": {"Base class": {"type": "object"}},
        });
        let expected = json!({
            "description": "An order",
            "properties": {"n": {"$ref": "#/$defs/Base class", "description": "d"}},
            "unevaluatedProperties": false,
            "$defs": {"Base class": {"type": "object"}},
            "allOf": [{"$ref": "#/$defs/Base class"}],
            "additionalProperties": true,
        });
        assert_eq!(modern(&schema).unwrap(), expected);
    }

    #[test]
    fn objects_say_whether_they_allow_other_members() {
        for (given, others) in [
            (json!({"properties": {}}), json!(true)),
            (json!({"properties": {}, "additionalProperties": false}), json!(false)),
            (json!({"properties": {}, "unevaluatedProperties": false}), json!(false)),
            (json!({"properties": {}, "patternProperties": {}}), Value::Null),
            (json!({"type": "object"}), Value::Null),
        ] {
            assert_eq!(modern(&given).unwrap()["additionalProperties"], others, "{given}");
        }
    }

    #[test]
    fn what_is_not_supported_is_named_with_its_place() {
        let cases = [
            (json!({"$schema": "http://json-schema.org/draft-03/schema#"}), "$schema is"),
            (json!({"items": {"$ref": "other.json#/a"}}), "/items/$ref is not supported"),
            (json!({"items": {"$ref": "https://example.com"}}), "another document"),
            (json!({"items": {"$ref": "#anchor"}}), "an anchor"),
            (json!({"properties": {"a/b": {"$ref": "#/$defs/A"}}}), "/properties/a~1b/$ref: there"),
            (json!({"items": {"$id": "x"}}), "/items/$id"),
            (json!({"items": {"$dynamicRef": "#x"}}), "/items/$dynamicRef"),
            (json!({"properties": {"a": {"type": "string", "nullable": true}}}), "OpenAPI"),
            (json!({"$ref": "#"}), "needs itself"),
            (json!({"$ref": "#/$defs/A", "$defs": {"A": {"anyOf": [{"$ref": "#"}]}}}), "itself"),
            (
                json!({"items": {"$ref": "#/$defs/A"},
                       "$defs": {"A": {"dependentSchemas": {"x/y": {"not": {"$ref": "#/$defs/A"}}}}}}),
                "itself",
            ),
        ];
        for (schema, words) in cases {
            let error = modern(&schema).unwrap_err();
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn a_recursive_schema_and_names_that_look_like_keywords_are_fine() {
        for schema in [
            json!({"properties": {"next": {"$ref": "#"}, "nullable": {"type": "boolean"}},
                   "additionalProperties": true}),
            json!({"properties": {"id": {"type": "string"}, "$ref": {"type": "string"}},
                   "additionalProperties": false}),
            json!({"$defs": {"A": {"items": {"$ref": "#/$defs/A"}}}, "$ref": "#/$defs/A"}),
        ] {
            assert_eq!(modern(&schema).unwrap(), schema);
        }
    }
}
