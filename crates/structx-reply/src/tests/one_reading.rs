//! JSON trees, and texts of them that are damaged so that only one reading is right. The fuzz target
//! `reply_differential` includes this file.

use serde_json::{Map, Value, json};

/// The faults that a text has.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each fault is chosen on its own")]
pub struct Style {
    pub trailing_commas: bool,
    pub bare_names: bool,
    pub single_quotes: bool,
    pub comments: bool,
    pub code_fence: bool,
    /// The number of closing brackets that are missing at the end.
    pub missing_brackets: usize,
}

impl Style {
    pub const fn from_bits(bits: u8, missing_brackets: u8) -> Self {
        Self {
            trailing_commas: bits & 1 != 0,
            bare_names: bits & 2 != 0,
            single_quotes: bits & 4 != 0,
            comments: bits & 8 != 0,
            code_fence: bits & 16 != 0,
            missing_brackets: missing_brackets as usize,
        }
    }

    /// `value` as text with these faults.
    pub fn write(self, value: &Value) -> String {
        let mut text = String::new();
        self.value(value, &mut text);
        for _ in 0..self.missing_brackets {
            // The outermost bracket stays: without any, nothing says where the value ends.
            if text.len() > 1 && text.ends_with(['}', ']']) {
                text.pop();
            }
        }
        if self.code_fence { format!("```json\n{text}\n```") } else { text }
    }

    fn value(self, value: &Value, text: &mut String) {
        match value {
            Value::Array(items) => {
                text.push('[');
                for (index, item) in items.iter().enumerate() {
                    self.separate(index, text);
                    self.value(item, text);
                }
                self.close(items.is_empty(), ']', text);
            }
            Value::Object(members) => {
                text.push('{');
                for (index, (name, member)) in members.iter().enumerate() {
                    self.separate(index, text);
                    if self.bare_names && is_identifier(name) {
                        text.push_str(name);
                    } else {
                        self.string(name, text);
                    }
                    text.push_str(": ");
                    self.value(member, text);
                }
                self.close(members.is_empty(), '}', text);
            }
            Value::String(string) => self.string(string, text),
            scalar => text.push_str(&scalar.to_string()),
        }
    }

    fn separate(self, index: usize, text: &mut String) {
        if index > 0 {
            text.push_str(if self.comments { ", /* next, 'one' */ " } else { ", " });
        }
    }

    fn close(self, is_empty: bool, bracket: char, text: &mut String) {
        if self.trailing_commas && !is_empty {
            text.push(',');
        }
        if self.comments {
            text.push_str(" // the 'end'\n");
        }
        text.push(bracket);
    }

    fn string(self, string: &str, text: &mut String) {
        let quoted = Value::from(string).to_string();
        if self.single_quotes {
            let inner = &quoted[1..quoted.len() - 1];
            text.push('\'');
            text.push_str(&inner.replace("\\\"", "\"").replace('\'', "\\'"));
            text.push('\'');
        } else {
            text.push_str(&quoted);
        }
    }
}

fn is_identifier(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

/// A schema that `value` fits: lists whose items differ in kind take any item.
pub fn schema_of(value: &Value) -> Value {
    match value {
        Value::Null => json!({"type": "null"}),
        Value::Bool(_) => json!({"type": "boolean"}),
        Value::Number(_) => json!({"type": "number"}),
        Value::String(_) => json!({"type": "string"}),
        Value::Array(items) => {
            let mut schemas = items.iter().map(schema_of);
            let first = schemas.next().unwrap_or_else(|| json!({}));
            let items = if schemas.all(|other| other == first) { first } else { json!({}) };
            json!({"type": "array", "items": items})
        }
        Value::Object(members) => {
            let properties: Map<_, _> =
                members.iter().map(|(name, member)| (name.clone(), schema_of(member))).collect();
            json!({"type": "object", "properties": properties})
        }
    }
}
