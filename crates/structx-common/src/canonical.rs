//! Canonical hashes of serialisable data: independent of the machine and of the order of object members.

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// The SHA-256 of the canonical JSON of `data`, in lower-case hexadecimal.
///
/// ```
/// use serde_json::json;
/// use structx_common::canonical::hash;
///
/// assert_eq!(hash(&json!({"a": 1, "b": 2}))?, hash(&json!({"b": 2, "a": 1}))?);
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// # Errors
/// `data` can't be serialised to JSON: a map has keys that are not strings.
pub fn hash<T: Serialize>(data: &T) -> serde_json::Result<String> {
    let mut value = serde_json::to_value(data)?;
    sort_keys(&mut value);
    let digest = Sha256::digest(serde_json::to_vec(&value)?);
    Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn sort_keys(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.sort_keys();
            members.values_mut().for_each(sort_keys);
        }
        Value::Array(items) => items.iter_mut().for_each(sort_keys),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::hash;

    #[test]
    fn order_of_members_does_not_matter_and_order_of_items_does() {
        let one = hash(&json!({"a": 1, "b": {"c": [1, 2], "d": null}})).unwrap();
        let same = hash(&json!({"b": {"d": null, "c": [1, 2]}, "a": 1})).unwrap();
        let other = hash(&json!({"b": {"d": null, "c": [2, 1]}, "a": 1})).unwrap();
        assert_eq!(one, same);
        assert_ne!(one, other);
        assert_eq!(one.len(), 64);
    }
}
