//! Parses JSON and rejects objects with duplicate names.

use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeOwned, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Parses JSON. Unlike `serde_json`, which keeps the last of several members with one name, it rejects
/// duplicates.
///
/// # Errors
/// The JSON is not valid, is not a `T`, or has an object with a duplicate name.
pub fn parse<T: DeserializeOwned>(json: &[u8]) -> serde_json::Result<T> {
    check_names(json)?;
    serde_json::from_slice(json)
}

/// Checks that JSON is valid and has no duplicate names.
///
/// # Errors
/// The JSON is not valid, or an object has a duplicate name; then
/// [`is_data`](serde_json::Error::is_data) is true.
pub fn check_names(json: &[u8]) -> serde_json::Result<()> {
    serde_json::from_slice::<Checked>(json).map(drop)
}

/// Any JSON value without duplicate names; its content is discarded.
pub struct Checked;

impl<'de> Deserialize<'de> for Checked {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Checked)
    }
}

impl<'de> Visitor<'de> for Checked {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self, A::Error> {
        let mut seen = HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            if let Some(name) = seen.replace(name) {
                return Err(A::Error::custom(format_args!("an object has `{name}` twice")));
            }
            map.next_value::<Self>()?;
        }
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    // serde_json represents numbers that fit none of these as a map.
    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::parse;

    #[test]
    fn what_has_no_name_twice_is_read_as_ever() {
        for json in [
            r#"[{"a": 1, "b": {"a": [true, null, "x", -1.50e3, 12345678901234567890123]}}, {"a": 2}]"#,
            "3",
            r#""x""#,
            "null",
        ] {
            let expected: Value = serde_json::from_str(json).unwrap();
            assert_eq!(parse::<Value>(json.as_bytes()).unwrap(), expected);
        }
    }

    #[test]
    fn a_name_twice_is_an_error_at_any_depth() {
        for json in [
            r#"[{"a": 1, "a": 2}]"#,
            r#"{"b": [{"a": "x", "c": 0, "\u0061": "x"}]}"#,
            r#"{"b": {"a": {}, "a": {}}}"#,
        ] {
            let error = parse::<Value>(json.as_bytes()).unwrap_err();
            assert!(error.is_data());
            assert!(error.to_string().starts_with("an object has `a` twice at line 1"), "{error}");
        }
        assert!(parse::<Value>(b"{").unwrap_err().is_eof());
    }
}
