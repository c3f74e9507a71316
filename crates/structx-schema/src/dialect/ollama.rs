//! The subset that llama.cpp converts to a grammar (`format` of Ollama).
//! github.com/ggml-org/llama.cpp/blob/master/grammars/README.md#json-schemas--gbnf

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value};

use super::references::{self, Scope};
use super::rewriter::{CompiledSchema, SchemaRewriter};
use super::tuples;
use crate::UnenforcedRule;

/// The formats that llama.cpp's `json-schema-to-grammar.cpp` has rules for.
const FORMATS: [&str; 4] = ["date", "time", "date-time", "uuid"];
/// llama.cpp refuses a grammar with more than `MAX_REPETITION_THRESHOLD` (2,000) repetitions, which
/// counts everything in the repeated rule; half of it leaves room.
const MAX_REPETITIONS: u64 = 1_000;

/// Patterns that mean the same in a grammar: anchored, with plain characters, character classes,
/// groups and repetitions. A dot would admit a quotation mark, which ends the string.
#[expect(clippy::unwrap_used, reason = "a constant")]
static SIMPLE: LazyLock<Regex> = LazyLock::new(|| {
    let one = r"(?:[A-Za-z0-9 _:/@,;=#%&!<>~-]|\\[.+*?()\[\]{}|^$]|\[[A-Za-z0-9 _.:/-]+\])";
    let times = r"(?:[*+?]|\{\d{1,3}(?:,\d{0,3})?\})?";
    Regex::new(&format!(r"^\^(?:{one}{times}|\((?:{one}{times}|\|)+\){times})*\$$")).unwrap()
});

pub(super) fn strict(original: &Value) -> Result<CompiledSchema, Vec<UnenforcedRule>> {
    let mut rewriter = SchemaRewriter::new(original);
    if references::used(&rewriter.schema).is_some() {
        references::inline(&mut rewriter, Scope::All);
    }
    tuples::widen(&mut rewriter, true);
    rewriter.check_kinds(true);
    rewriter.each(|part, report| {
        let members = part.get("properties").and_then(Value::as_object).map(Map::len);
        if members == Some(0) {
            report.unsupported(part, "properties", "an object without members");
        } else if members.is_some() && part.contains_key("anyOf") {
            report.unsupported(part, "anyOf", "alternatives beside properties");
        }
        if members.is_some() && part.get("additionalProperties") == Some(&Value::Bool(true)) {
            part.insert("additionalProperties".to_owned(), false.into());
            report.unenforced(part, "additionalProperties", "no members but the named ones");
        }
    });
    rewriter.keep_supported(supports);
    rewriter.finish()
}

/// The converter handles only one rule of each part, in this order: reference, union, list of values,
/// pattern, format.
fn supports(keyword: &str, value: &Value, part: &Map<String, Value>) -> bool {
    let has = |keyword: &str| part.contains_key(keyword);
    if matches!(keyword, "$ref" | "$defs" | "definitions") {
        return true;
    }
    if has("$ref") || has("anyOf") {
        return keyword == "anyOf" && !has("$ref");
    }
    let is_free = !has("enum");
    match keyword {
        "type"
        | "enum"
        | "properties"
        | "required"
        | "additionalProperties"
        | "items"
        | "prefixItems" => true,
        "minItems" | "maxItems" => is_free && is_few(value),
        "pattern" => is_free && value.as_str().is_some_and(|pattern| SIMPLE.is_match(pattern)),
        "format" => {
            is_free && !has("pattern") && value.as_str().is_some_and(|it| FORMATS.contains(&it))
        }
        "minLength" | "maxLength" => is_free && !has("pattern") && !has("format") && is_few(value),
        "minimum" | "maximum" => is_free && is_whole(value, part),
        "exclusiveMinimum" => is_free && !has("minimum") && is_whole(value, part),
        "exclusiveMaximum" => is_free && !has("maximum") && is_whole(value, part),
        _ => false,
    }
}

fn is_few(value: &Value) -> bool {
    value.as_u64().is_some_and(|count| count <= MAX_REPETITIONS)
}

/// The converter enforces limits of integers only.
fn is_whole(limit: &Value, part: &Map<String, Value>) -> bool {
    limit.is_i64() && part.get("type").is_some_and(|kind| kind == "integer")
}
