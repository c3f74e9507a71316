//! Configuration files: YAML as the JSON that settings are made of.

use serde_json::{Number, Value};
use yaml_serde::Value as Yaml;

use crate::Error;

/// Reads one YAML document; an empty one is null. `name` is what errors call it.
///
/// # Errors
/// The text is no YAML, names a key twice, or holds what JSON has no form for. The message says
/// where, and shows nothing of the text: it may hold keys.
pub fn read_yaml(name: &str, text: &str) -> Result<Value, Error> {
    let mut yaml: Yaml = yaml_serde::from_str(text).map_err(|error| {
        let place = error.location().map_or_else(String::new, |at| {
            format!(" at line {}, column {}", at.line(), at.column())
        });
        Error::Config(format!("{name}: no valid YAML{place}"))
    })?;
    yaml.apply_merge()
        .map_err(|_| Error::Config(format!("{name}: what `<<` merges must be mappings")))?;
    json(yaml).ok_or_else(|| {
        Error::Config(format!("{name}: has a tag, a key that is no text, or a number like .nan"))
    })
}

/// None where JSON has no form for a part of it.
fn json(yaml: Yaml) -> Option<Value> {
    Some(match yaml {
        Yaml::Null => Value::Null,
        Yaml::Bool(value) => Value::Bool(value),
        Yaml::Number(value) => Value::Number(number(&value)?),
        Yaml::String(value) => Value::String(value),
        Yaml::Sequence(items) => Value::Array(items.into_iter().map(json).collect::<Option<_>>()?),
        Yaml::Mapping(entries) => Value::Object(
            entries
                .into_iter()
                .map(|(key, value)| Some((key.as_str()?.to_owned(), json(value)?)))
                .collect::<Option<_>>()?,
        ),
        Yaml::Tagged(_) => return None,
    })
}

fn number(value: &yaml_serde::Number) -> Option<Number> {
    let integer = value.as_i64().map(Number::from).or_else(|| value.as_u64().map(Number::from));
    integer.or_else(|| Number::from_f64(value.as_f64()?))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::read_yaml;

    #[test]
    fn yaml_becomes_json() {
        for (text, expected) in [
            ("", Value::Null),
            ("# nothing yet\n", Value::Null),
            ("extraction:\n", json!({"extraction": null})),
            (
                "a:\n  b: 0.2\n  c: [\"a\", 'b', c d]\n",
                json!({"a": {"b": 0.2, "c": ["a", "b", "c d"]}}),
            ),
            ("{a: true, b: ~, c: 1e-3, d: -7}", json!({"a": true, "b": null, "c": 1e-3, "d": -7})),
            ("a: 18446744073709551615", json!({"a": u64::MAX})),
            ("a: &x {b: 1}\nc:\n  <<: *x\n  d: 2\n", json!({"a": {"b": 1}, "c": {"d": 2, "b": 1}})),
            ("a: |\n  two\n  lines\n", json!({"a": "two\nlines\n"})),
            ("a: 2026-11-22", json!({"a": "2026-11-22"})),
        ] {
            assert_eq!(read_yaml("x.yaml", text).unwrap(), expected, "{text:?}");
        }
    }

    #[test]
    fn an_error_says_where_and_not_what() {
        for (text, message) in [
            ("a: [sk-123", "no valid YAML at line"),
            ("a: 1\n\tb: sk-123\n", "no valid YAML at line 2"),
            ("a: 1\nb: 2\na: sk-123\n", "no valid YAML at line"),
            ("a: {b: 1, b: sk-123}", "no valid YAML at line"),
            ("a: *sk-123\n", "no valid YAML at line"),
            ("a: 1\n---\nb: sk-123\n", "no valid YAML"),
            ("a: {<<: sk-123}", "what `<<` merges"),
            ("a: .nan # sk-123", "has a tag, a key that is no text, or a number like .nan"),
            ("a: !secret sk-123", "has a tag"),
            ("1: sk-123", "has a tag"),
        ] {
            let error = read_yaml("x.yaml", text).unwrap_err().to_string();
            assert!(error.starts_with(&format!("x.yaml: {message}")), "{text:?}: {error}");
            assert!(!error.contains("sk-123"), "{error}");
        }
    }

    #[test]
    fn a_few_lines_cannot_become_gigabytes() {
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let below = vec![format!("*a{}", level - 1); 10].join(", ");
            bomb += &format!("a{level}: &a{level} [{below}]\n");
        }
        assert!(read_yaml("x.yaml", &bomb).is_err());
    }
}
