//! A schema and its JSON text: the text is made once, although every request contains it.

use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

/// A JSON Schema that serialises as fast as its text is copied.
///
/// ```
/// use serde_json::json;
/// use structx_schema::SerializedSchema;
///
/// let schema = SerializedSchema::from(json!({"type": "object"}));
/// assert_eq!(schema["type"], "object");
/// assert_eq!(serde_json::to_string(&[&schema])?, r#"[{"type":"object"}]"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct SerializedSchema {
    schema: Value,
    text: Box<RawValue>,
}

impl SerializedSchema {
    /// The JSON text.
    #[must_use]
    pub fn text(&self) -> &str {
        self.text.get()
    }
}

impl From<Value> for SerializedSchema {
    fn from(schema: Value) -> Self {
        let text = to_raw_value(&schema).expect("a JSON value has a text");
        Self { schema, text }
    }
}

impl Deref for SerializedSchema {
    type Target = Value;

    fn deref(&self) -> &Value {
        &self.schema
    }
}

impl fmt::Display for SerializedSchema {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.text())
    }
}

impl PartialEq for SerializedSchema {
    fn eq(&self, other: &Self) -> bool {
        self.schema == other.schema
    }
}

impl PartialEq<Value> for SerializedSchema {
    fn eq(&self, other: &Value) -> bool {
        self.schema == *other
    }
}

impl Serialize for SerializedSchema {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.text.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for SerializedSchema {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(Self::from)
    }
}
