//! A schema on its way into a dialect: what is not sent is written down, by its place in the
//! original.

use serde_json::{Map, Value, json};

use super::strict::{is_annotation, is_free_form};
use super::words;
use crate::UnenforcedRule;
use crate::json_schema::{walk, walk_mut};

/// Each part's JSON Pointer into the original; taken out again before anything is sent.
pub(super) const ORIGIN: &str = "x-origin";
/// What a part's keywords are in the original, where they were others there; taken out too.
const WAS: &str = "x-was";

/// What a provider is given: the schema, and what of the original it does not enforce.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct CompiledSchema {
    pub schema: Value,
    /// Whether a reply has to be mapped back to the original.
    pub is_rewritten: bool,
    pub unenforced: Vec<UnenforcedRule>,
}

pub(super) struct SchemaRewriter {
    pub schema: Value,
    pub is_rewritten: bool,
    pub report: Report,
}

/// What was found on the way.
#[derive(Default)]
pub(super) struct Report {
    unenforced: Vec<UnenforcedRule>,
    /// What the dialect can't say, or has no room for.
    obstacles: Vec<UnenforcedRule>,
}

impl Report {
    pub fn lose(&mut self, part: &Map<String, Value>, keyword: &str, outcome: &str) {
        let was = part.get(WAS).and_then(|was| was.get(keyword)).and_then(Value::as_str);
        self.unenforced.push(UnenforcedRule::new(origin(part), was.unwrap_or(keyword), outcome));
    }

    pub fn obstruct(&mut self, part: &Map<String, Value>, keyword: &str, problem: &str) {
        self.obstacles.push(UnenforcedRule::new(origin(part), keyword, problem));
    }

    /// An obstacle if there are more of something in the whole schema than the provider allows.
    pub fn limit(&mut self, keyword: &str, what: &str, count: usize, most: usize) {
        if count > most {
            let problem = format!("{count} {what}, and the provider takes {most}");
            self.obstacles.push(UnenforcedRule::new("", keyword, &problem));
        }
    }
}

fn origin(part: &Map<String, Value>) -> &str {
    part.get(ORIGIN).and_then(Value::as_str).unwrap_or_default()
}

impl SchemaRewriter {
    /// The original in its simplest words: one type or union a part, and lists of values for
    /// constants. What has a type of its own, or none, is an obstacle.
    pub fn new(original: &Value) -> Self {
        let mut rewriter =
            Self { schema: original.clone(), is_rewritten: false, report: Report::default() };
        let report = &mut rewriter.report;
        walk_mut(&mut rewriter.schema, &mut |part, pointer| {
            match part {
                Value::Bool(true) => *part = json!({}),
                Value::Object(_) => {}
                _ => report.obstacles.push(UnenforcedRule::new(
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

    /// Changes each part, inner ones first.
    pub fn each(&mut self, mut change: impl FnMut(&mut Map<String, Value>, &mut Report)) {
        let Self { schema, report, .. } = self;
        walk_mut(schema, &mut |part, _| {
            if let Value::Object(members) = part {
                change(members, report);
            }
        });
    }

    /// Leaves out the rules that the dialect does not say, and tells them in descriptions.
    pub fn keep(&mut self, says: impl Fn(&str, &Value, &Map<String, Value>) -> bool) {
        self.each(|part, report| {
            let lost: Vec<String> = part
                .iter()
                .filter(|(keyword, value)| is_rule(keyword) && !says(keyword, value, part))
                .map(|(keyword, _)| keyword.clone())
                .collect();
            let told = words::tell(part, &lost);
            for keyword in &lost {
                let words = told.iter().find(|(of, _)| of == keyword);
                report.lose(part, keyword, &words::outcome(words.map(|(_, words)| words.as_str())));
            }
            part.retain(|keyword, _| is_sent(keyword) && !lost.contains(keyword));
            words::describe(part, told.into_iter().map(|(_, words)| words));
        });
    }

    /// Obstacles where a value may be of any kind, or an object have any members.
    pub fn check_kinds(&mut self, says_free_form: bool) {
        self.each(|part, report| {
            let is_list = part.get("type").is_some_and(|kind| has(kind, "array"));
            if is_free_form(part) && !(says_free_form && has_values(part)) {
                report.obstruct(part, "additionalProperties", "an object of any members");
            } else if !["type", "anyOf", "allOf", "$ref"].iter().any(|it| part.contains_key(*it)) {
                report.obstruct(part, "type", "a value of any kind");
            } else if is_list
                && !part.contains_key("prefixItems")
                && !part.get("items").is_some_and(Value::is_object)
            {
                report.obstruct(part, "items", "a list of anything");
            }
        });
    }

    /// Lets objects with named members have no others.
    pub fn close_objects(&mut self) {
        self.each(|part, report| {
            if part.contains_key("properties") || part.get("type").is_some_and(|it| it == "object")
            {
                let others = part.insert("additionalProperties".to_owned(), false.into());
                if !matches!(others, None | Some(Value::Bool(false))) {
                    report.lose(part, "additionalProperties", "no members but the named ones");
                }
            }
        });
    }

    /// What is sent, or why the dialect can't say it.
    pub fn finish(self) -> Result<CompiledSchema, Vec<UnenforcedRule>> {
        let Self { mut schema, is_rewritten, report: Report { unenforced, obstacles } } = self;
        if !obstacles.is_empty() {
            return Err(once(obstacles));
        }
        walk_mut(&mut schema, &mut |part, _| {
            if let Value::Object(members) = part {
                members.retain(|keyword, _| !keyword.starts_with("x-"));
            }
        });
        Ok(CompiledSchema { schema, is_rewritten, unenforced: once(unenforced) })
    }

    /// How many parts are such.
    pub fn count(&self, is_such: impl Fn(&Map<String, Value>) -> usize) -> usize {
        let mut count = 0;
        walk(&self.schema, &mut |part, _| count += part.as_object().map_or(0, &is_such));
        count
    }
}

/// Each once: what several references lead to was found several times.
fn once(mut unenforced: Vec<UnenforcedRule>) -> Vec<UnenforcedRule> {
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

/// Whether a keyword says what a value may be.
fn is_rule(keyword: &str) -> bool {
    !is_annotation(keyword)
        && keyword != "discriminator"
        && (matches!(keyword, "$ref" | "$defs") || !keyword.starts_with('$'))
}

/// Of the other keywords: whether the model is to see it.
fn is_sent(keyword: &str) -> bool {
    is_rule(keyword) || matches!(keyword, "title" | "description" | ORIGIN | WAS)
}

pub(super) fn has(kind: &Value, name: &str) -> bool {
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
        report.lose(part, "oneOf", "any of the alternatives, or several");
    }
    if let Some(constant) = part.shift_remove("const") {
        part.entry("enum").or_insert(json!([constant]));
        note(part, "enum", "const");
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

/// Takes the only schema of an `allOf` in; several at once no dialect says.
fn merge_all_of(part: &mut Map<String, Value>, report: &mut Report) {
    let Some(Value::Array(all)) = part.get("allOf") else { return };
    let Ok([Value::Object(only)]) = <&[_; 1]>::try_from(all.as_slice()) else {
        return report.obstruct(part, "allOf", "several schemas at once");
    };
    let only = only.clone();
    if only.keys().any(|keyword| is_rule(keyword) && part.contains_key(keyword)) {
        return report.obstruct(part, "allOf", "several schemas at once");
    }
    part.shift_remove("allOf");
    absorb(part, only);
}

/// Takes in the rules of a schema that `part` only leads to; words of `part`'s own stay.
pub(super) fn absorb(part: &mut Map<String, Value>, inner: Map<String, Value>) {
    for (keyword, value) in inner {
        if keyword == ORIGIN {
            part.insert(keyword, value);
        } else {
            part.entry(keyword).or_insert(value);
        }
    }
}

/// Notes that a keyword of a part is another in the original.
pub(super) fn note(part: &mut Map<String, Value>, now: &str, was: &str) {
    if let Some(notes) = part.entry(WAS).or_insert(json!({})).as_object_mut() {
        notes.insert(now.to_owned(), was.into());
    }
}

/// Renames a keyword, in its place, unless the new name is taken.
fn rename(part: &mut Map<String, Value>, from: &str, to: &str) -> bool {
    if !part.contains_key(from) || part.contains_key(to) {
        return false;
    }
    let renamed = |keyword: String| if keyword == from { to.to_owned() } else { keyword };
    *part = std::mem::take(part).into_iter().map(|(k, v)| (renamed(k), v)).collect();
    true
}

/// The types that listed values have, each once.
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
