//! A reply's text as the JSON that was asked for, or what is wrong with it.

use std::borrow::Cow;

use serde::de::IgnoredAny;
use serde_json::Value;

use crate::schema::OutputSchema;
use crate::schema::dialect::strict;

/// The reply as strict JSON along the caller's schema: nulls that stand only for "left out" in the
/// provider's dialect are left out again; nothing else is touched.
///
/// # Errors
/// What to tell the model: the text is not one JSON value.
pub fn json<'a>(text: &'a str, schema: &OutputSchema) -> Result<Cow<'a, str>, String> {
    let wrong = |error: serde_json::Error| format!("not valid JSON: {error}");
    if !schema.adds_nulls {
        serde_json::from_str::<IgnoredAny>(text).map_err(wrong)?;
        return Ok(Cow::Borrowed(text));
    }
    let mut value: Value = serde_json::from_str(text).map_err(wrong)?;
    strict::drop_added_nulls(&mut value, &schema.original);
    Ok(Cow::Owned(value.to_string()))
}
