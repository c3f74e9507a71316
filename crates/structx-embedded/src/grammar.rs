//! Compiles the JSON Schema of a reply for llguidance, and lists the rules that it does not enforce.
//!
//! Numbers, dates and times are marked with the kind of literal that they are copied from
//! ([`verbatim`](super::verbatim)), and strings without a form of their own as
//! [`copied_text`](super::copied_text), unless the schema has `"x-copied": false`: what is computed or
//! concluded does not stand in the document.

use llguidance::{GrammarBuilder, JsonCompileOptions, api::ParserLimits};
use serde_json::{Map, Value, json};

use super::bounds;
use super::copied_text::TEXT;
use structx_schema::dialect::strict::{self, Closed};
use structx_schema::json_schema::walk_mut;
use structx_schema::outline::OutlineCell;
use structx_schema::{OutputMode, OutputSchema, Result, SchemaError, UnenforcedRule};

/// The keyword that marks a copied value with its kind.
pub const COPIED: &str = "x-copied";

/// Limits on numbers that are not copied: at most four decimals (chosen by hand, not measured), and an
/// integer part within 64 bits.
const NUMBER_STEP: f64 = 0.0001;
const MAX_NUMBER: f64 = 1e18;

/// Keywords that llguidance recognises but does not enforce.
const UNSUPPORTED: [&str; 14] = [
    "contains",
    "dependencies",
    "dependentRequired",
    "dependentSchemas",
    "else",
    "if",
    "maxContains",
    "minContains",
    "not",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
    "uniqueItems",
];
const FORMATS: [&str; 10] =
    ["date", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "time", "uri", "uuid"];
/// Without a time zone, since a model would invent one.
const DATE_TIME: &str =
    r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]$";
const TIME: &str = r"^([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]$";

/// Compiles a schema for the engine: closes objects, limits strings, lists and numbers, marks copied
/// values, and removes rules that can't be enforced.
///
/// # Errors
/// No reply can match the schema, or llguidance does not support it.
pub fn compile(name: &str, schema: &Value) -> Result<OutputSchema> {
    let mut unenforced = Vec::new();
    let mut prepared = schema.clone();
    walk_mut(&mut prepared, &mut |part, pointer| {
        if part.get(COPIED) == Some(&Value::Bool(false)) {
            walk_mut(part, &mut unmark);
        }
        if let Value::Object(members) = part {
            drop_unsupported(members, pointer, &mut unenforced);
            mark(members);
            bound(members);
            bounds::tell(members, pointer, &mut unenforced);
        }
    });
    let Closed { schema: mut compiled, adds_nulls: is_rewritten, .. } = strict::close(&prepared);
    bounds::add(&mut compiled);
    check(&compiled).map_err(|problem| {
        SchemaError(format!("{name}: the embedded model can't be held to this schema: {problem}"))
    })?;
    let (name, original, compiled) = (name.to_owned(), schema.clone(), compiled.into());
    let (mode, outline) = (OutputMode::Strict, OutlineCell::default());
    Ok(OutputSchema { name, original, compiled, is_rewritten, mode, unenforced, outline })
}

/// Adds llguidance's settings: one layout of JSON, the most common one.
pub fn with_settings(mut schema: Value) -> Value {
    if let Value::Object(members) = &mut schema {
        let settings = json!({
            "whitespace_flexible": false,
            "item_separator": ", ",
            "key_separator": ": ",
            "coerce_one_of": true,
        });
        members.insert("x-guidance".to_owned(), settings);
    }
    schema
}

fn check(schema: &Value) -> Result<(), String> {
    let builder = GrammarBuilder::new(None, ParserLimits::default());
    JsonCompileOptions::default()
        .json_to_llg_with_overrides(builder, with_settings(schema.clone()))
        .map(drop)
        .map_err(|error| error.to_string())
}

fn drop_unsupported(
    members: &mut Map<String, Value>,
    pointer: &str,
    unenforced: &mut Vec<UnenforcedRule>,
) {
    let mut lose = |keyword: &str| {
        unenforced.push(UnenforcedRule::new(pointer, keyword, "not enforced"));
    };
    for keyword in UNSUPPORTED {
        if members.shift_remove(keyword).is_some() {
            lose(keyword);
        }
    }
    let format = members.get("format").and_then(Value::as_str);
    if format.is_some_and(|format| !FORMATS.contains(&format)) {
        members.shift_remove("format");
        lose("format");
    }
    let pattern = members.get("pattern").filter(|_| !is_decimal_text(members));
    if pattern.is_some_and(|it| check(&json!({"type": "string", "pattern": it})).is_err()) {
        members.shift_remove("pattern");
        lose("pattern");
    }
    // Branches with a discriminator are mutually exclusive.
    if members.contains_key("oneOf") && !members.contains_key("discriminator") {
        lose("oneOf");
    }
}

/// Marks a copied value; a union of copied values of one kind, and null, is marked as a whole.
fn mark(members: &mut Map<String, Value>) {
    if members.shift_remove(COPIED) == Some(Value::Bool(false)) {
        return;
    }
    let kind = match members.get_mut("anyOf") {
        Some(Value::Array(branches)) => union_kind(branches),
        _ => scalar_kind(members).map(str::to_owned),
    };
    if let Some(kind) = kind {
        members.insert(COPIED.to_owned(), kind.into());
    }
}

/// Removes the marks inside a schema that is not copied, except its own `false`.
fn unmark(part: &mut Value, _pointer: &str) {
    if part.get(COPIED).is_some_and(Value::is_string)
        && let Value::Object(members) = part
    {
        members.shift_remove(COPIED);
    }
}

fn scalar_kind(members: &Map<String, Value>) -> Option<&'static str> {
    if members.contains_key("enum") || members.contains_key("const") {
        return None;
    }
    let kinds: Vec<&str> = match members.get("type")? {
        Value::String(one) => vec![one],
        Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
        _ => return None,
    };
    let kinds: Vec<&str> = kinds.into_iter().filter(|kind| *kind != "null").collect();
    match (kinds.as_slice(), members.get("format").and_then(Value::as_str)) {
        (["number"], _) => Some("number"),
        (["integer"], _) => Some("integer"),
        (["string"], Some("date")) => Some("date"),
        (["string"], Some("date-time")) => Some("date-time"),
        (["string"], Some("time")) => Some("time"),
        (["string"], None) if !members.contains_key("pattern") => Some(TEXT),
        _ => None,
    }
}

/// The common kind of all branches except null. Removes the marks of the branches.
fn union_kind(branches: &mut Vec<Value>) -> Option<String> {
    let all = branches.len();
    branches.retain(|branch| !branch.as_object().is_some_and(is_decimal_text));
    let is_decimal = branches.len() < all;
    let mut kinds = Vec::new();
    for branch in branches.iter_mut().filter(|branch| branch["type"] != "null") {
        kinds.push(branch.get(COPIED).and_then(Value::as_str).map(str::to_owned));
        unmark(branch, "");
    }
    let kinds: Vec<&str> = kinds.iter().map(|kind| kind.as_deref()).collect::<Option<_>>()?;
    let kind = match kinds.as_slice() {
        ["number"] if is_decimal => "decimal",
        ["integer", "number"] | ["number", "integer"] => "number",
        [one] => one,
        _ => return None,
    };
    Some(kind.to_owned())
}

/// How the patterns of `Decimal` begin: that of structx (`_engine/item_types.py`), that of pydantic 2.14,
/// and that of older ones.
const DECIMAL_PATTERNS: [&str; 3] = ["^[+-]?([0-9]+\\.?[0-9]*|", "^[+-]?(?:", "^(?!^[-+.]*$)"];

/// Whether the schema is the string variant of a `Decimal`; the number variant is enough.
fn is_decimal_text(members: &Map<String, Value>) -> bool {
    let pattern = members.get("pattern").and_then(Value::as_str);
    pattern.is_some_and(|pattern| DECIMAL_PATTERNS.iter().any(|known| pattern.starts_with(known)))
}

/// Adds limits to numbers that have none, and the form of times without a zone.
fn bound(members: &mut Map<String, Value>) {
    let is = |name: &str| match members.get("type") {
        Some(Value::String(one)) => one == name,
        Some(Value::Array(many)) => many.iter().any(|one| one == name),
        _ => false,
    };
    let none_of = |names: &[&str]| !names.iter().any(|name| members.contains_key(*name));
    let mut ends: Vec<(&str, Value)> = Vec::new();
    if none_of(&["enum", "const"]) {
        if is("number") && none_of(&["multipleOf"]) {
            ends.push(("multipleOf", NUMBER_STEP.into()));
        }
        let is_number = is("number") || is("integer");
        if is_number && none_of(&["minimum", "exclusiveMinimum"]) {
            ends.push(("minimum", (-MAX_NUMBER).into()));
        }
        if is_number && none_of(&["maximum", "exclusiveMaximum"]) {
            ends.push(("maximum", MAX_NUMBER.into()));
        }
    }
    let zoneless = match members.get("format").and_then(Value::as_str) {
        Some("date-time") => Some(DATE_TIME),
        Some("time") => Some(TIME),
        _ => None,
    };
    if let Some(pattern) = zoneless {
        members.shift_remove("format");
        ends.push(("pattern", pattern.into()));
    }
    members.extend(ends.into_iter().map(|(keyword, end)| (keyword.to_owned(), end)));
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::compile;

    fn compiled(schema: &Value) -> Value {
        Value::clone(&compile("Reply", schema).unwrap().compiled)
    }

    #[test]
    fn copied_values_are_marked_with_their_kind() {
        let nothing = json!({"type": "null"});
        let decimal = json!({"type": "string", "pattern": r"^(?!^[-+.]*$)[+-]?0*\d*\.?\d*$"});
        let plain_decimal =
            json!({"type": "string", "pattern": r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)$"});
        let cases = [
            (json!({"type": "number"}), "number"),
            (json!({"type": ["integer", "null"]}), "integer"),
            (json!({"anyOf": [{"type": "integer"}, nothing]}), "integer"),
            (json!({"anyOf": [{"type": "integer"}, {"type": "number"}]}), "number"),
            (json!({"anyOf": [{"type": "number"}, decimal, nothing]}), "decimal"),
            (json!({"anyOf": [{"type": "number"}, plain_decimal]}), "decimal"),
            (json!({"anyOf": [{"type": "string", "format": "date"}, nothing]}), "date"),
            (json!({"type": "string", "format": "date-time"}), "date-time"),
            (json!({"type": "string", "format": "time", "x-copied": true}), "time"),
            (json!({"type": "number", "x-copied": false}), "none"),
            (json!({"anyOf": [{"type": "number"}, nothing], "x-copied": false}), "none"),
            (json!({"anyOf": [{"type": "number"}, {"type": "string"}]}), "none"),
            (json!({"enum": [1, 2], "type": "integer"}), "none"),
            (json!({"type": "string"}), "text"),
            (json!({"anyOf": [{"type": "string", "maxLength": 9}, nothing]}), "text"),
            (json!({"type": "string", "x-copied": false}), "none"),
            (json!({"type": "string", "pattern": "^a"}), "none"),
            (json!({"type": "string", "format": "email"}), "none"),
            (json!({"type": "string", "enum": ["a"]}), "none"),
        ];
        for (field, kind) in cases {
            for required in [json!(["field"]), json!([])] {
                let properties = json!({"field": field});
                let schema =
                    json!({"type": "object", "properties": properties, "required": required});
                let compiled = compiled(&schema);
                let mark = compiled["properties"]["field"]["x-copied"].as_str();
                assert_eq!(mark.unwrap_or("none"), kind, "{field}");
                let inner = &compiled["properties"]["field"]["anyOf"];
                assert!(!inner.to_string().contains("x-copied"), "{field}");
            }
        }
    }

    #[test]
    fn a_list_that_is_not_copied_has_no_marks_within() {
        let list = json!({"type": "array", "items": {"type": "number"}, "x-copied": false});
        let schema = json!({"type": "object", "properties": {"sums": list}, "required": ["sums"]});
        assert_eq!(compiled(&schema)["properties"]["sums"]["items"].get("x-copied"), None);
    }

    #[test]
    fn open_ends_are_bounded() {
        let schema = json!({"type": "object", "required": ["a", "b", "c", "d"], "properties": {
            "a": {"type": "string"},
            "b": {"type": "array", "items": {"type": "string", "maxLength": 7}, "minItems": 60},
            "c": {"enum": ["x"], "type": "string"},
            "d": {"type": "integer", "minimum": 3},
        }});
        let properties = compiled(&schema)["properties"].clone();
        assert_eq!(properties["a"]["maxLength"], 500);
        assert_eq!(properties["b"]["maxItems"], 61);
        assert_eq!(properties["b"]["items"]["maxLength"], 7);
        assert_eq!(properties["c"], schema["properties"]["c"]);
        assert_eq!(
            properties["d"],
            json!({
            "type": "integer", "x-copied": "integer", "minimum": 3, "maximum": 1e18})
        );
    }

    #[test]
    fn what_is_not_enforced_is_listed_by_its_place_in_the_original() {
        let schema = json!({"type": "object", "properties": {
            "tags": {"type": "array", "items": {"type": "string"}, "uniqueItems": true},
            "path": {"type": "string", "format": "file-path"},
            "code": {"type": "string", "pattern": "^(?=A).*$"},
        }});
        let output = compile("Reply", &schema).unwrap();
        // The limits that were added are told, too.
        let unenforced: Vec<(&str, &str)> =
            output.unenforced.iter().map(|it| (it.pointer.as_str(), it.keyword.as_str())).collect();
        let expected = [
            ("/properties/tags/items", "maxLength"),
            ("/properties/tags", "uniqueItems"),
            ("/properties/tags", "maxItems"),
            ("/properties/path", "format"),
            ("/properties/path", "maxLength"),
            ("/properties/code", "pattern"),
            ("/properties/code", "maxLength"),
        ];
        assert_eq!(unenforced, expected);
        assert!(output.is_enforced());
        assert_eq!(output.original, schema);
    }

    #[test]
    fn a_schema_that_nothing_can_satisfy_is_an_error() {
        let schema = json!({"type": "object", "required": ["a"], "properties": {"a": false}});
        let error = compile("Reply", &schema).unwrap_err().to_string();
        assert!(error.starts_with("Reply: "), "{error}");
    }
}
