//! Names of models and fields, normalised to identifiers that Python and pydantic accept.

use std::sync::LazyLock;

use regex::Regex;

/// The maximum length of a name; chosen by hand, not measured.
const MAX_LENGTH: usize = 64;

const KEYWORDS: [&str; 35] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue",
    "def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import",
    "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while",
    "with", "yield",
];

/// Attributes of pydantic's `BaseModel`, which a field can't shadow.
const ATTRIBUTES: [&str; 29] = [
    "construct",
    "copy",
    "dict",
    "from_orm",
    "json",
    "model_computed_fields",
    "model_config",
    "model_construct",
    "model_copy",
    "model_dump",
    "model_dump_json",
    "model_extra",
    "model_fields",
    "model_fields_set",
    "model_json_schema",
    "model_parametrized_name",
    "model_post_init",
    "model_rebuild",
    "model_validate",
    "model_validate_json",
    "model_validate_strings",
    "parse_file",
    "parse_obj",
    "parse_raw",
    "schema",
    "schema_json",
    "update_forward_refs",
    "validate",
    "model_private_attributes",
];

/// Runs of characters that are not allowed in an identifier.
#[expect(clippy::unwrap_used, reason = "a constant")]
static OTHER: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"[^\p{XID_Continue}]+").unwrap());
/// The characters that can start an identifier.
#[expect(clippy::unwrap_used, reason = "a constant")]
static START: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^\p{XID_Start}").unwrap());

/// The field name of `name`: unchanged if it is valid, otherwise in `snake_case`. `None` if no
/// character of it is valid.
pub(super) fn field_name(name: &str) -> Option<String> {
    let mut words = words(name)?;
    let trimmed = words.trim_start_matches('_');
    if trimmed != name {
        words = trimmed.trim_end_matches('_').to_lowercase();
    }
    if !START.is_match(&words) {
        words = format!("field_{words}");
    }
    Some(free(shorten(words)))
}

/// The class name of `name`: unchanged if it is valid, otherwise in `CamelCase`.
pub(super) fn class_name(name: &str) -> Option<String> {
    let words = words(name)?;
    let mut class = words.clone();
    if words != name || words.contains('_') || words.starts_with(char::is_lowercase) {
        class = words.split('_').map(capitalised).collect();
    }
    if !START.is_match(&class) {
        class = format!("Model{class}");
    }
    Some(free(shorten(class)))
}

/// The valid parts of `name`, joined by `_`.
fn words(name: &str) -> Option<String> {
    let words = OTHER.replace_all(name.trim(), "_");
    words.contains(char::is_alphanumeric).then(|| words.into_owned())
}

fn capitalised(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

fn shorten(name: String) -> String {
    if name.chars().count() <= MAX_LENGTH {
        return name;
    }
    let short: String = name.chars().take(MAX_LENGTH).collect();
    short.trim_end_matches('_').to_owned()
}

/// `name`, with a trailing `_` if Python or pydantic reserves it.
fn free(name: String) -> String {
    let is_taken = KEYWORDS.contains(&name.as_str()) || ATTRIBUTES.contains(&name.as_str());
    if is_taken { format!("{name}_") } else { name }
}

#[cfg(test)]
mod tests {
    use super::{class_name, field_name};

    #[test]
    fn fields() {
        for (given, name) in [
            ("invoice_number", "invoice_number"),
            ("invoiceNumber", "invoiceNumber"),
            ("Invoice Number", "invoice_number"),
            ("  total (EUR) ", "total_eur"),
            ("größe", "größe"),
            ("_private", "private"),
            ("2nd_party", "field_2nd_party"),
            ("class", "class_"),
            ("Class ", "class_"),
            ("schema", "schema_"),
            ("model_dump", "model_dump_"),
            ("model_number", "model_number"),
            ("type", "type"),
        ] {
            assert_eq!(field_name(given).as_deref(), Some(name), "{given}");
            assert_eq!(field_name(name).as_deref(), Some(name), "{name}");
        }
        assert_eq!(field_name(""), None);
        assert_eq!(field_name("_?_"), None);
        assert_eq!(field_name(&"n".repeat(99)).unwrap().len(), 64);
    }

    #[test]
    fn classes() {
        for (given, name) in [
            ("Invoice", "Invoice"),
            ("invoice data", "InvoiceData"),
            ("line_items", "LineItems"),
            ("HTTPLog", "HTTPLog"),
            ("3D-Model", "Model3DModel"),
            ("None", "None_"),
        ] {
            assert_eq!(class_name(given).as_deref(), Some(name), "{given}");
        }
        for name in ["Invoice", "LineItems", "Model3DModel"] {
            assert_eq!(class_name(name).as_deref(), Some(name));
        }
        assert_eq!(class_name("!"), None);
    }
}
