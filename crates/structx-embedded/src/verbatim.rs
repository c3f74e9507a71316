//! Decodes numbers, dates and times verbatim: the model can only choose a literal of the document, which
//! is normalised afterwards. So it can't invent values.

use serde_json::{Value, json};

use super::copied_text::TEXT;
use super::grammar::COPIED;
use super::literals::{Literal, Literals};
use structx_schema::json_schema::{accepts, accepts_null, resolve, walk_mut};

/// A compiled schema, and the literals that its marked values can take.
pub struct Verbatim<'a> {
    schema: &'a Value,
    literals: Literals,
}

impl<'a> Verbatim<'a> {
    /// Collects the literals of `documents` for a `schema` of
    /// [`grammar::compile`](super::grammar::compile).
    pub fn new<'b>(schema: &'a Value, documents: impl Iterator<Item = &'b str>) -> Self {
        Self { schema, literals: Literals::find(documents) }
    }

    /// The schema with each marked number, date and time as an `enum` of literals. Without literals of its kind, a value
    /// is null if it may be, and unrestricted otherwise.
    pub fn bind(&self) -> Value {
        let mut bound = self.schema.clone();
        walk_mut(&mut bound, &mut |part, _| {
            let Some(kind) = part.get(COPIED).and_then(Value::as_str) else { return };
            if kind == TEXT {
                return;
            }
            let nullable = accepts_null(part, self.schema);
            let mut choices: Vec<Value> =
                self.choices(kind, part).map(|literal| literal.text.as_str().into()).collect();
            if nullable {
                choices.push(Value::Null);
            }
            if !choices.is_empty() {
                *part = json!({"enum": choices, COPIED: kind});
            }
        });
        bound
    }

    /// The literals of a kind within the schema's limits.
    fn choices<'s>(&'s self, kind: &'s str, part: &'s Value) -> impl Iterator<Item = &'s Literal> {
        let literals = self.of_kind(kind).iter();
        literals.filter(move |literal| {
            let value = value(kind, &literal.value);
            value.is_some_and(|value| within_limits(&value, part))
                && (kind != "integer" || may_be_count(literal))
        })
    }

    fn of_kind(&self, kind: &str) -> &[Literal] {
        match kind {
            "date" => &self.literals.dates,
            "date-time" => &self.literals.date_times,
            "time" => &self.literals.times,
            _ => &self.literals.numbers,
        }
    }

    /// Replaces the literals of a reply by their values.
    pub fn restore(&self, reply: &mut Value) {
        self.restore_within(reply, self.schema);
    }

    fn restore_within(&self, reply: &mut Value, schema: &Value) {
        let Some(schema) = resolve(schema, self.schema) else { return };
        if let Some(kind) = schema.get(COPIED).and_then(Value::as_str) {
            let Value::String(text) = reply else { return };
            if kind == TEXT {
                return;
            }
            let literal = self.of_kind(kind).iter().find(|literal| literal.text == *text);
            if let Some(value) = literal.and_then(|literal| value(kind, &literal.value)) {
                *reply = value;
            }
            return;
        }
        for keyword in ["anyOf", "oneOf"] {
            let branches = schema.get(keyword).and_then(Value::as_array).into_iter().flatten();
            if let Some(branch) = { branches }.find(|branch| self.fits(reply, branch)) {
                self.restore_within(reply, branch);
            }
        }
        for branch in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            self.restore_within(reply, branch);
        }
        match reply {
            Value::Object(members) => {
                for (name, member) in members {
                    let property = schema.get("properties").and_then(|it| it.get(name));
                    if let Some(schema) = property.or(schema.get("additionalProperties")) {
                        self.restore_within(member, schema);
                    }
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    let first = schema.get("prefixItems").and_then(|it| it.get(index));
                    if let Some(schema) = first.or(schema.get("items")) {
                        self.restore_within(item, schema);
                    }
                }
            }
            _ => {}
        }
    }

    /// Whether the reply matches a branch of a union by its type and member names.
    fn fits(&self, reply: &Value, branch: &Value) -> bool {
        let Some(branch) = resolve(branch, self.schema) else { return false };
        if branch.get(COPIED).is_some_and(Value::is_string) {
            return reply.is_string();
        }
        let properties = branch.get("properties").and_then(Value::as_object);
        let (Value::Object(members), Some(properties)) = (reply, properties) else {
            return accepts(branch, self.schema, reply);
        };
        members.len() == properties.len()
            && members.iter().all(|(name, member)| {
                properties.get(name).is_some_and(|property| {
                    property.get(COPIED).is_some_and(Value::is_string)
                        || accepts(property, self.schema, member)
                })
            })
    }
}

/// A literal's value as JSON, if it is of the kind.
fn value(kind: &str, meaning: &str) -> Option<Value> {
    match kind {
        "number" => meaning.parse::<f64>().ok().map(Value::from),
        "integer" => {
            let (whole, decimals) = meaning.split_once('.').unwrap_or((meaning, ""));
            let is_whole = decimals.bytes().all(|digit| digit == b'0');
            whole.parse::<i64>().ok().filter(|_| is_whole).map(Value::from)
        }
        // A string, so that no digit is lost.
        _ => Some(meaning.into()),
    }
}

/// Whether a literal may be an integer: `12.00` may not, but an amount of money such as `$12.00` may.
fn may_be_count(literal: &Literal) -> bool {
    let digits = |letter: char| letter.is_ascii_digit() || ".,'".contains(letter);
    !literal.value.contains('.') || !literal.text.chars().all(digits)
}

fn within_limits(value: &Value, schema: &Value) -> bool {
    let number = match value {
        Value::String(text) => text.parse::<f64>().ok(),
        other => other.as_f64(),
    };
    let Some(number) = number else { return true };
    let branches = schema.get("anyOf").and_then(Value::as_array).into_iter().flatten();
    branches.chain([schema]).all(|schema| {
        let limit = |name: &str| schema.get(name).and_then(Value::as_f64);
        limit("minimum").is_none_or(|limit| number >= limit)
            && limit("maximum").is_none_or(|limit| number <= limit)
            && limit("exclusiveMinimum").is_none_or(|limit| number > limit)
            && limit("exclusiveMaximum").is_none_or(|limit| number < limit)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Verbatim;
    use crate::grammar::compile;

    const DOCUMENT: &str = "Invoice 77 of March 5, 2024: 3 chairs, total $1,982.50 (19% VAT).";

    fn schema() -> Value {
        json!({
            "type": "object",
            "required": ["items"],
            "properties": {"items": {"type": "array", "items": {"$ref": "#/$defs/Invoice"}}},
            "$defs": {
                "Invoice": {
                    "type": "object",
                    "required": ["total", "count", "date", "time", "lines", "sum", "name"],
                    "properties": {
                        "total": {"type": "number", "minimum": 100},
                        "count": {"type": "integer", "maximum": 10},
                        "date": {"type": "string", "format": "date"},
                        "time": {"anyOf": [{"type": "string", "format": "time"}, {"type": "null"}]},
                        "lines": {"type": "array", "items": {"anyOf": [
                            {"$ref": "#/$defs/Line"}, {"type": "null"}]}},
                        "sum": {"type": "number", "x-copied": false},
                        "tax": {"type": "number"},
                        "name": {"type": "string"},
                    },
                },
                "Line": {"type": "object", "required": ["price"], "properties": {
                    "price": {"anyOf": [
                        {"type": "number"},
                        {"type": "string", "pattern": "^(?!^[-+.]*$)[+-]?0*\\d*\\.?\\d*$"}]}}},
            },
        })
    }

    #[test]
    fn literals_are_the_choices_and_values_the_result() {
        let compiled = compile("Reply", &schema()).unwrap().compiled;
        let verbatim = Verbatim::new(&compiled, [DOCUMENT].into_iter());
        let bound = verbatim.bind();
        let fields = &bound["$defs"]["Invoice"]["properties"];
        assert_eq!(fields["total"]["enum"], json!(["2024", "$1,982.50", "1,982.50"]));
        assert_eq!(fields["count"], json!({"enum": ["3"], "x-copied": "integer"}));
        assert_eq!(fields["date"]["enum"], json!(["March 5, 2024"]));
        assert_eq!(fields["time"]["enum"], json!([null]));
        assert_eq!(fields["name"]["type"], "string");
        assert_eq!(fields["sum"]["type"], "number");
        assert_eq!(
            fields["tax"]["enum"],
            json!(["77", "2024", "3", "$1,982.50", "1,982.50", "19%", null])
        );

        let mut reply = json!({"items": [{
            "total": "$1,982.50", "count": "3", "date": "March 5, 2024", "time": null,
            "lines": [null, {"price": "$1,982.50"}], "sum": 5.0, "tax": "19%", "name": "3",
        }]});
        verbatim.restore(&mut reply);
        assert_eq!(
            reply,
            json!({"items": [{
                "total": 1982.5, "count": 3, "date": "2024-03-05", "time": null,
                "lines": [null, {"price": "1982.50"}], "sum": 5.0, "tax": 19.0, "name": "3",
            }]})
        );
    }

    #[test]
    fn without_literals_a_value_is_null_or_free() {
        let compiled = compile("Reply", &schema()).unwrap().compiled;
        let bound = Verbatim::new(&compiled, ["nothing here"].into_iter()).bind();
        let fields = &bound["$defs"]["Invoice"]["properties"];
        assert_eq!(fields["total"]["type"], "number");
        assert_eq!(fields["date"]["format"], "date");
        assert_eq!(fields["tax"]["enum"], json!([null]));
    }
}
