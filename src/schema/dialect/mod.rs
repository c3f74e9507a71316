//! What each family of providers accepts of JSON Schema, and what it leaves to validation.

pub mod openai;
pub mod strict;

/// The most characters that providers accept in the name of a schema.
const MAX_NAME: usize = 64;

/// `name` in the characters that providers accept: letters, digits, `_` and `-`.
fn accepted_name(name: &str) -> String {
    let accepted = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    let name: String = name.chars().map(accepted).take(MAX_NAME).collect();
    if name.is_empty() { "reply".to_owned() } else { name }
}
