//! Rewrites a schema for a dialect, and records by its place in the original each rule that is left
//! out.

use serde_json::{Map, Value, json};

use super::strict::{is_annotation, is_free_form};
use super::{descriptions, dictionaries};
use crate::UnenforcedRule;
use crate::json_schema::{walk, walk_mut};

/// The JSON Pointer of a part in the original; removed before the schema is sent.
pub(super) const ORIGIN: &str = "x-origin";
/// The original names of a part's renamed keywords; removed before the schema is sent.
const RENAMED_FROM: &str = "x-was";

/// A schema as the provider receives it, with the rules of the original that it does not enforce.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct CompiledSchema {
    pub schema: Value,
    /// Whether a reply must be mapped back to the original.
    pub is_rewritten: bool,
    pub unenforced: Vec<UnenforcedRule>,
}

/// A schema while it is rewritten for a dialect.
pub(super) struct SchemaRewriter {
    pub schema: Value,
    pub is_rewritten: bool,
    pub report: Report,
}

/// The rules that the dialect does not enforce, and what it does not support at all.
#[derive(Default)]
pub(super) struct Report {
    unenforced: Vec<UnenforcedRule>,
    /// Reasons why the dialect can't express the schema.
    unsupported: Vec<UnenforcedRule>,
}

impl Report {
    pub fn unenforced(&mut self, part: &Map<String, Value>, keyword: &str, outcome: &str) {
        let was = part.get(RENAMED_FROM).and_then(|was| was.get(keyword)).and_then(Value::as_str);
        self.unenforced.push(UnenforcedRule::new(origin(part), was.unwrap_or(keyword), outcome));
    }

    pub fn unsupported(&mut self, part: &Map<String, Value>, keyword: &str, problem: &str) {
        self.unsupported.push(UnenforcedRule::new(origin(part), keyword, problem));
    }

    /// Rejects the schema if it has more of something than the provider accepts.
    pub fn limit(&mut self, keyword: &str, what: &str, count: usize, most: usize) {
        if count > most {
            let problem = format!("{count} {what}, and the provider takes {most}");
            self.unsupported.push(UnenforcedRule::new("", keyword, &problem));
        }
    }
}

fn origin(part: &Map<String, Value>) -> &str {
    part.get(ORIGIN).and_then(Value::as_str).unwrap_or_default()
}

impl SchemaRewriter {
    /// The original in normal form: one type or union for each part, `enum` in place of `const`, and
    /// `anyOf` in place of `oneOf`. `false` schemas are not supported.
    pub fn new(original: &Value) -> Self {
        let mut rewriter =
            Self { schema: original.clone(), is_rewritten: false, report: Report::default() };
        dictionaries::names_as_text(&mut rewriter.schema);
        let report = &mut rewriter.report;
        walk_mut(&mut rewriter.schema, &mut |part, pointer| {
            match part {
                Value::Bool(true) => *part = json!({}),
                Value::Object(_) => {}
                _ => report.unsupported.push(UnenforcedRule::new(
                    pointer,
                    "",
                    "no value is allowed here",
                )),
            }
            if let Value::Object(members) = part {
                members.insert(ORIGIN.to_owned(), pointer.into());
                simplify(members, report);
            }
        });
        rewriter
    }

    /// Applies `change` to each part, inner ones first.
    pub fn each(&mut self, mut change: impl FnMut(&mut Map<String, Value>, &mut Report)) {
        let Self { schema, report, .. } = self;
        walk_mut(schema, &mut |part, _| {
            if let Value::Object(members) = part {
                change(members, report);
            }
        });
    }

    /// Removes the rules that the dialect does not support, and adds them to the descriptions.
    pub fn keep_supported(&mut self, supports: impl Fn(&str, &Value, &Map<String, Value>) -> bool) {
        self.each(|part, report| {
            let lost: Vec<String> = part
                .iter()
                .filter(|(keyword, value)| is_rule(keyword) && !supports(keyword, value, part))
                .map(|(keyword, _)| keyword.clone())
                .collect();
            let told = descriptions::phrases(part, &lost);
            for keyword in &lost {
                let words = told.iter().find(|(of, _)| of == keyword);
                report.unenforced(
                    part,
                    keyword,
                    &descriptions::outcome(words.map(|(_, words)| words.as_str())),
                );
            }
            part.retain(|keyword, _| is_sent(keyword) && !lost.contains(keyword));
            descriptions::append(part, told.into_iter().map(|(_, words)| words));
        });
    }

    /// Rejects values of any type and, unless `supports_free_form`, objects with arbitrary members.
    pub fn check_kinds(&mut self, supports_free_form: bool) {
        self.each(|part, report| {
            let is_list = part.get("type").is_some_and(|kind| has_type(kind, "array"));
            if is_free_form(part) && !(supports_free_form && has_values(part)) {
                report.unsupported(part, "additionalProperties", "an object of any members");
            } else if !["type", "anyOf", "allOf", "$ref"].iter().any(|it| part.contains_key(*it)) {
                report.unsupported(part, "type", "a value of any kind");
            } else if is_list
                && !part.contains_key("prefixItems")
                && !part.get("items").is_some_and(Value::is_object)
            {
                report.unsupported(part, "items", "a list of anything");
            }
        });
    }

    /// Forbids members beyond the named ones.
    pub fn close_objects(&mut self) {
        self.each(|part, report| {
            if part.contains_key("properties") || part.get("type").is_some_and(|it| it == "object")
            {
                let others = part.insert("additionalProperties".to_owned(), false.into());
                if !matches!(others, None | Some(Value::Bool(false))) {
                    report.unenforced(
                        part,
                        "additionalProperties",
                        "no members but the named ones",
                    );
                }
            }
        });
    }

    /// The compiled schema.
    ///
    /// # Errors
    /// The parts that the dialect does not support.
    pub fn finish(self) -> Result<CompiledSchema, Vec<UnenforcedRule>> {
        let Self { mut schema, is_rewritten, report: Report { unenforced, unsupported } } = self;
        if !unsupported.is_empty() {
            return Err(deduplicated(unsupported));
        }
        walk_mut(&mut schema, &mut |part, _| {
            if let Value::Object(members) = part {
                members.retain(|keyword, _| !keyword.starts_with("x-"));
            }
        });
        Ok(CompiledSchema { schema, is_rewritten, unenforced: deduplicated(unenforced) })
    }

    /// The sum of `is_such` over all parts.
    pub fn count(&self, is_such: impl Fn(&Map<String, Value>) -> usize) -> usize {
        let mut count = 0;
        walk(&self.schema, &mut |part, _| count += part.as_object().map_or(0, &is_such));
        count
    }
}

/// Without duplicates: a part that several references lead to is reported for each of them.
fn deduplicated(mut unenforced: Vec<UnenforcedRule>) -> Vec<UnenforcedRule> {
    let mut seen = Vec::new();
    unenforced.retain(|rule| {
        let is_new = !seen.contains(rule);
        if is_new {
            seen.push(rule.clone());
        }
        is_new
    });
    unenforced
}

/// Whether a keyword constrains values.
fn is_rule(keyword: &str) -> bool {
    !is_annotation(keyword)
        && keyword != "discriminator"
        && (matches!(keyword, "$ref" | "$defs") || !keyword.starts_with('$'))
}

/// Whether the provider is given a keyword.
fn is_sent(keyword: &str) -> bool {
    is_rule(keyword) || matches!(keyword, "title" | "description" | ORIGIN | RENAMED_FROM)
}

pub(super) fn has_type(kind: &Value, name: &str) -> bool {
    kind == name || kind.as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind == name))
}

/// Whether the members of a free-form object have a schema.
fn has_values(part: &Map<String, Value>) -> bool {
    !part.contains_key("patternProperties")
        && part.get("additionalProperties").is_some_and(Value::is_object)
}

fn simplify(part: &mut Map<String, Value>, report: &mut Report) {
    merge_all_of(part, report);
    if rename(part, "oneOf", "anyOf") && !part.contains_key("discriminator") {
        report.unenforced(part, "oneOf", "any of the alternatives, or several");
    }
    if let Some(constant) = part.shift_remove("const") {
        part.entry("enum").or_insert(json!([constant]));
        note_renamed(part, "enum", "const");
    }
    if !["type", "anyOf", "allOf", "$ref"].iter().any(|it| part.contains_key(*it)) {
        let kinds = match part.get("enum") {
            Some(Value::Array(values)) => kinds_of(values),
            _ if part.contains_key("properties") => vec!["object"],
            _ => Vec::new(),
        };
        match kinds.as_slice() {
            [] => {}
            [one] => drop(part.insert("type".to_owned(), json!(one))),
            many => drop(part.insert("type".to_owned(), json!(many))),
        }
    }
}

/// Merges the only schema of an `allOf` into its part; no dialect supports several.
fn merge_all_of(part: &mut Map<String, Value>, report: &mut Report) {
    let Some(Value::Array(all)) = part.get("allOf") else { return };
    let Ok([Value::Object(only)]) = <&[_; 1]>::try_from(all.as_slice()) else {
        return report.unsupported(part, "allOf", "several schemas at once");
    };
    let only = only.clone();
    if only.keys().any(|keyword| is_rule(keyword) && part.contains_key(keyword)) {
        return report.unsupported(part, "allOf", "several schemas at once");
    }
    part.shift_remove("allOf");
    merge(part, only);
}

/// Merges the rules of `inner` into `part`; annotations of `part` win.
pub(super) fn merge(part: &mut Map<String, Value>, inner: Map<String, Value>) {
    for (keyword, value) in inner {
        if keyword == ORIGIN {
            part.insert(keyword, value);
        } else {
            part.entry(keyword).or_insert(value);
        }
    }
}

/// Records that the keyword `now` of a part is called `was` in the original.
pub(super) fn note_renamed(part: &mut Map<String, Value>, now: &str, was: &str) {
    if let Some(notes) = part.entry(RENAMED_FROM).or_insert(json!({})).as_object_mut() {
        notes.insert(now.to_owned(), was.into());
    }
}

/// Renames a keyword in place, unless the new name is taken.
fn rename(part: &mut Map<String, Value>, from: &str, to: &str) -> bool {
    if !part.contains_key(from) || part.contains_key(to) {
        return false;
    }
    let renamed = |keyword: String| if keyword == from { to.to_owned() } else { keyword };
    *part = std::mem::take(part).into_iter().map(|(k, v)| (renamed(k), v)).collect();
    true
}

/// The distinct types of listed values.
fn kinds_of(values: &[Value]) -> Vec<&'static str> {
    let mut kinds = Vec::new();
    for value in values {
        let kind = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(number) if number.is_i64() || number.is_u64() => "integer",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    kinds
}
