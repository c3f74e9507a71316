//! Constraints of a field, normalised to pydantic v2's names and checked against the field's type.

use serde_json::{Map, Value};

use super::types::{Scalar, TypeExpr};

/// pydantic v1's names and their names in v2.
const RENAMED: [(&str, &str); 3] =
    [("regex", "pattern"), ("min_items", "min_length"), ("max_items", "max_length")];

/// Normalises `rules` for a field of type `kind`. A rule that is `null` is dropped.
pub(super) fn normalise(
    rules: Map<String, Value>,
    kind: &TypeExpr,
) -> Result<Map<String, Value>, String> {
    let mut normal = Map::new();
    for (given, value) in rules {
        if value.is_null() {
            continue;
        }
        let (rule, value) = translate(&given, value);
        if rule == "pattern" && !is_pattern(&value) {
            continue;
        }
        check(&rule, &value, kind).map_err(|problem| format!("`{given}` {problem}"))?;
        if normal.get(&rule).is_some_and(|other| *other != value) {
            return Err(format!("`{rule}` is given twice"));
        }
        normal.insert(rule, value);
    }
    check_range(&normal)?;
    Ok(normal)
}

fn translate(rule: &str, value: Value) -> (String, Value) {
    if let ("allow_mutation", Value::Bool(allowed)) = (rule, &value) {
        return ("frozen".to_owned(), Value::Bool(!allowed));
    }
    let renamed = RENAMED.iter().find(|(old, _)| *old == rule);
    (renamed.map_or(rule, |(_, new)| new).to_owned(), value)
}

/// Whether the pattern compiles; pydantic-core uses the same engine.
fn is_pattern(value: &Value) -> bool {
    value.as_str().is_some_and(|pattern| regex::Regex::new(pattern).is_ok())
}

fn check(rule: &str, value: &Value, kind: &TypeExpr) -> Result<(), String> {
    let (applies, is_right) = match rule {
        "gt" | "ge" | "lt" | "le" => match kind {
            TypeExpr::Scalar(scalar) if is_number(*scalar) => (true, is_of(value, *scalar)),
            _ => (is_temporal(kind), value.is_string()),
        },
        "multiple_of" => match kind {
            TypeExpr::Scalar(scalar) if is_number(*scalar) => {
                (true, is_of(value, *scalar) && value.as_f64().is_some_and(|step| step > 0.0))
            }
            _ => (false, false),
        },
        "min_length" | "max_length" => (has_length(kind), value.is_u64()),
        "pattern" => (*kind == TypeExpr::Scalar(Scalar::Str), true),
        "strict" => {
            let takes_any = *kind == TypeExpr::Scalar(Scalar::Any);
            (!takes_any && !matches!(kind, TypeExpr::Literal(_)), value.is_boolean())
        }
        "frozen" | "exclude" | "repr" => (true, value.is_boolean()),
        "deprecated" => (true, value.is_boolean() || value.is_string()),
        "alias" | "title" => (true, value.as_str().is_some_and(|text| !text.is_empty())),
        "examples" => (true, value.is_array()),
        "json_schema_extra" => (true, value.is_object()),
        _ => return Err("is no known constraint".to_owned()),
    };
    if !applies {
        Err(format!("does not apply to {kind}"))
    } else if !is_right {
        Err(format!("can't be {value}"))
    } else {
        Ok(())
    }
}

/// Whether the rule applies to fields of type `kind`.
#[must_use]
pub fn applies(rule: &str, value: &Value, kind: &TypeExpr) -> bool {
    check(rule, value, kind).is_ok()
}

/// Whether `rules` allow a value, judged by JSON alone.
#[must_use]
pub fn allow(rules: &Map<String, Value>, value: &Value) -> bool {
    rules.iter().all(|(rule, limit)| {
        let numbers = value.as_f64().zip(limit.as_f64());
        let lengths = length(value).zip(limit.as_u64());
        match rule.as_str() {
            "gt" => numbers.is_none_or(|(number, limit)| number > limit),
            "ge" => numbers.is_none_or(|(number, limit)| number >= limit),
            "lt" => numbers.is_none_or(|(number, limit)| number < limit),
            "le" => numbers.is_none_or(|(number, limit)| number <= limit),
            "multiple_of" => {
                let rest = value.as_i64().zip(limit.as_i64()).and_then(|(n, of)| n.checked_rem(of));
                rest.is_none_or(|rest| rest == 0)
            }
            "min_length" => lengths.is_none_or(|(length, limit)| length >= limit),
            "max_length" => lengths.is_none_or(|(length, limit)| length <= limit),
            "pattern" => is_match(limit, value),
            _ => true,
        }
    })
}

fn length(value: &Value) -> Option<u64> {
    let length = match value {
        Value::String(text) => text.chars().count(),
        Value::Array(items) => items.len(),
        Value::Object(members) => members.len(),
        _ => return None,
    };
    u64::try_from(length).ok()
}

fn is_match(pattern: &Value, text: &Value) -> bool {
    let pattern = pattern.as_str().and_then(|pattern| regex::Regex::new(pattern).ok());
    pattern.zip(text.as_str()).is_none_or(|(pattern, text)| pattern.is_match(text))
}

/// Whether a limit has the type of the field: pydantic requires integers for `int`.
fn is_of(value: &Value, scalar: Scalar) -> bool {
    value.as_f64().is_some_and(|number| scalar != Scalar::Int || number.fract() == 0.0)
}

fn is_number(scalar: Scalar) -> bool {
    matches!(scalar, Scalar::Int | Scalar::Float | Scalar::Decimal)
}

fn is_temporal(kind: &TypeExpr) -> bool {
    matches!(kind, TypeExpr::Scalar(Scalar::Date | Scalar::DateTime | Scalar::Time))
}

fn has_length(kind: &TypeExpr) -> bool {
    !matches!(kind, TypeExpr::Scalar(scalar) if *scalar != Scalar::Str)
        && !matches!(kind, TypeExpr::Model(_) | TypeExpr::Literal(_) | TypeExpr::Tuple(_))
}

/// Rejects an empty range.
fn check_range(rules: &Map<String, Value>) -> Result<(), String> {
    let number = |rule: &str| rules.get(rule).and_then(Value::as_f64);
    for (low, high) in
        [("min_length", "max_length"), ("ge", "le"), ("gt", "lt"), ("ge", "lt"), ("gt", "le")]
    {
        if let (Some(least), Some(most)) = (number(low), number(high))
            && least > most
        {
            return Err(format!("`{low}` is greater than `{high}`"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{allow, normalise};
    use crate::types::TypeExpr;

    fn rules(kind: &str, given: &Value) -> Result<Value, String> {
        let kind = TypeExpr::parse(kind).unwrap().expr;
        normalise(given.as_object().unwrap().clone(), &kind).map(Value::Object)
    }

    #[test]
    fn known_rules_are_kept_or_translated() {
        for (kind, given, normal) in [
            ("int", json!({"gt": 0, "le": 10, "multiple_of": 2}), None),
            ("date", json!({"ge": "2020-01-01"}), None),
            ("str", json!({"min_length": 1, "pattern": "^a", "alias": "A", "title": "T"}), None),
            ("Any", json!({"examples": [1], "deprecated": true, "json_schema_extra": {}}), None),
            ("str", json!({"regex": "^a"}), Some(json!({"pattern": "^a"}))),
            (
                "List[str]",
                json!({"min_items": 1, "max_items": 2}),
                Some(json!({"min_length": 1, "max_length": 2})),
            ),
            ("str", json!({"allow_mutation": false}), Some(json!({"frozen": true}))),
            ("str", json!({"pattern": "(", "strict": true}), Some(json!({"strict": true}))),
            ("str", json!({"pattern": "(?!a)"}), Some(json!({}))),
            ("int", json!({"gt": null}), Some(json!({}))),
            ("List[str]", json!({"min_items": 1, "min_length": 1}), Some(json!({"min_length": 1}))),
        ] {
            let expected = normal.unwrap_or(given.clone());
            assert_eq!(rules(kind, &given), Ok(expected), "{kind} {given}");
        }
    }

    #[test]
    fn rules_that_mean_nothing_are_refused() {
        for (kind, given, problem) in [
            ("int", json!({"unique": 1}), "`unique` is no known constraint"),
            ("int", json!({"min_length": 1}), "`min_length` does not apply to int"),
            ("List[int]", json!({"ge": 1}), "`ge` does not apply to List[int]"),
            ("bool", json!({"gt": 1}), "`gt` does not apply to bool"),
            ("int", json!({"pattern": "a"}), "`pattern` does not apply to int"),
            ("int", json!({"gt": "x"}), "`gt` can't be \"x\""),
            ("int", json!({"gt": 1.5}), "`gt` can't be 1.5"),
            ("int", json!({"multiple_of": 0.5}), "`multiple_of` can't be 0.5"),
            ("Any", json!({"strict": true}), "`strict` does not apply to Any"),
            ("Literal[1]", json!({"strict": false}), "`strict` does not apply to Literal[1]"),
            ("date", json!({"gt": 3}), "`gt` can't be 3"),
            ("int", json!({"multiple_of": 0}), "`multiple_of` can't be 0"),
            ("str", json!({"max_items": -1}), "`max_items` can't be -1"),
            ("str", json!({"alias": ""}), "`alias` can't be \"\""),
            ("int", json!({"ge": 5, "lt": 4}), "`ge` is greater than `lt`"),
            ("str", json!({"min_items": 1, "min_length": 2}), "`min_length` is given twice"),
        ] {
            assert_eq!(rules(kind, &given), Err(problem.to_owned()), "{kind} {given}");
        }
    }

    #[test]
    fn values_are_held_to_the_rules_that_json_can_tell() {
        for (rules, good, bad) in [
            (json!({"gt": 0, "le": 5}), json!(5), json!(0)),
            (json!({"ge": 0.5, "lt": 2}), json!(0.5), json!(2.0)),
            (json!({"multiple_of": 5}), json!(10), json!(7)),
            (json!({"min_length": 2, "max_length": 3}), json!("äöü"), json!("abcd")),
            (json!({"min_length": 1}), json!([1]), json!([])),
            (json!({"pattern": "^a"}), json!("ab"), json!("b")),
            (json!({"ge": "2020-01-01", "alias": "A"}), json!("2019-01-01"), Value::Null),
        ] {
            let rules = rules.as_object().unwrap();
            assert!(allow(rules, &good), "{good}");
            assert!(bad.is_null() || !allow(rules, &bad), "{bad}");
        }
    }
}
