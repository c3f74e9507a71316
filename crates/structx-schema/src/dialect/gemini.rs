//! Gemini's structured outputs from 2.0 on (`responseJsonSchema`).
//! ai.google.dev/api/generate-content#v1beta.GenerationConfig

use serde_json::{Map, Value, json};

use super::references::{self, Scope};
use super::rewriter::{CompiledSchema, SchemaRewriter};
use crate::UnenforcedRule;

/// ai.google.dev/gemini-api/docs/structured-output
const FORMATS: [&str; 3] = ["date-time", "date", "time"];

pub(super) fn strict(original: &Value) -> Result<CompiledSchema, Vec<UnenforcedRule>> {
    let mut rewriter = SchemaRewriter::new(original);
    if references::used(&rewriter.schema).is_some() {
        references::inline(&mut rewriter, Scope::All);
    } else {
        references::keep_recursive(&mut rewriter);
    }
    rewriter.each(|part, _| split_null(part));
    rewriter.check_kinds(true);
    rewriter.keep_supported(supports);
    rewriter.each(|part, _| order(part));
    rewriter.finish()
}

fn supports(keyword: &str, value: &Value, _: &Map<String, Value>) -> bool {
    match keyword {
        "type"
        | "properties"
        | "required"
        | "additionalProperties"
        | "items"
        | "prefixItems"
        | "minItems"
        | "maxItems"
        | "minimum"
        | "maximum"
        | "anyOf"
        | "$ref"
        | "$defs" => true,
        "format" => value.as_str().is_some_and(|format| FORMATS.contains(&format)),
        "enum" => value
            .as_array()
            .is_some_and(|values| values.iter().all(|it| it.is_string() || it.is_number())),
        _ => false,
    }
}

/// Turns a list of values that contains null into a union of the others and null.
pub(super) fn split_null(part: &mut Map<String, Value>) {
    let Some(Value::Array(values)) = part.get_mut("enum") else { return };
    let count = values.len();
    values.retain(|value| !value.is_null());
    if values.len() == count || values.is_empty() {
        return;
    }
    if let Some(Value::Array(kinds)) = part.get_mut("type") {
        kinds.retain(|kind| kind != "null");
        if let [only] = kinds.as_slice() {
            let only = only.clone();
            part.insert("type".to_owned(), only);
        }
    }
    let (words, mut rules): (Map<_, _>, Map<_, _>) = std::mem::take(part)
        .into_iter()
        .partition(|(keyword, _)| super::strict::is_annotation(keyword));
    rules.extend(
        words.iter().filter(|(it, _)| it.starts_with("x-")).map(|(k, v)| (k.clone(), v.clone())),
    );
    *part = words;
    part.insert("anyOf".to_owned(), json!([rules, {"type": "null"}]));
}

/// Adds the order of properties, which Gemini 2.0 needs to follow the schema's.
pub(super) fn order(part: &mut Map<String, Value>) {
    if let Some(Value::Object(properties)) = part.get("properties") {
        let names: Vec<_> = properties.keys().cloned().collect();
        part.insert("propertyOrdering".to_owned(), names.into());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::OutputMode;
    use crate::dialect::{Dialect, compile};
    use crate::json_schema::items_of;

    /// "Cyclic references are unrolled to a limited degree and, as such, may only be used within
    /// non-required properties": the API's documentation of `responseJsonSchema`.
    #[test]
    fn a_recursive_schema_is_sent_with_its_references() {
        let node = json!({
            "$defs": {
                "Node": {"type": "object", "properties": {
                    "name": {"type": "string"},
                    "kind": {"$ref": "#/$defs/Kind", "description": "Its kind"},
                    "children": {"type": "array", "items": {"$ref": "#/$defs/Node"}},
                    "next": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]},
                }, "required": ["name", "kind", "children", "next"]},
                "Kind": {"type": "string", "enum": ["a", "b"]},
            },
            "$ref": "#/$defs/Node",
        });
        let output =
            compile(Dialect::Gemini, &[OutputMode::Strict], "n", &items_of(&node)).unwrap();
        let sent = &output.compiled;
        assert_eq!(sent["properties"]["items"]["items"], json!({"$ref": "#/$defs/Node"}));
        assert_eq!(sent["required"], json!(["items"]));
        let node = &sent["$defs"]["Node"];
        assert_eq!(node["required"], json!(["name", "kind"]));
        assert_eq!(node["properties"]["kind"], json!({"$ref": "#/$defs/Kind"}));
        assert_eq!(node["properties"]["children"]["items"], json!({"$ref": "#/$defs/Node"}));
        let lost: Vec<_> = output.unenforced.iter().map(|rule| rule.keyword.as_str()).collect();
        assert_eq!(lost, ["required"]);
        assert!(output.unenforced[0].outcome.contains("children, next may be left out"));
    }
}
