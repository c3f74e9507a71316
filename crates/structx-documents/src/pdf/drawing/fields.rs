//! The values and names of form fields (ISO 32000-2, 12.7).

use hayro_syntax::object::{Array, Dict, Name, Stream, String as PdfString};

use crate::pdf::text_string::decode;

/// The flag of push buttons, which have no value (ISO 32000-2, table 229).
const PUSH_BUTTON: u32 = 1 << 16;
/// The longest chain of parents of a field: chosen by hand.
const MOST_PARENTS: usize = 16;

/// The value of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum FieldValue {
    /// The state of a check box or radio button.
    Ticked(bool),
    /// A text, or the chosen entries.
    Text(String),
}

/// The value of a field; `None` if it has none.
pub(super) fn value(field: &Dict<'_>) -> Option<FieldValue> {
    let text = match inherited(field, |it| it.get::<Name<'_>>(b"FT"))?.as_str() {
        "Btn" => return ticked(field).map(FieldValue::Ticked),
        "Ch" => chosen(field)?,
        "Tx" => text(field)?,
        _ => return None,
    };
    (!text.trim().is_empty()).then_some(FieldValue::Text(text))
}

/// The name that a field shows to its user, else its own name without the index that XFA adds; empty
/// if it has none.
pub(super) fn name(field: &Dict<'_>) -> String {
    let shown = inherited(field, |it| it.get::<PdfString<'_>>(b"TU"));
    let shown = shown.map(|name| decode(name.as_bytes())).filter(|name| !name.trim().is_empty());
    let name = shown.or_else(|| {
        let name = decode(inherited(field, |it| it.get::<PdfString<'_>>(b"T"))?.as_bytes());
        let stem = name.strip_suffix(']').and_then(|name| name.rsplit_once('['));
        let is_index = |index: &str| index.bytes().all(|byte| byte.is_ascii_digit());
        let stem = stem.filter(|(_, index)| is_index(index)).map(|(stem, _)| stem.to_owned());
        Some(stem.unwrap_or(name))
    });
    name.unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The text of a field; long ones may be in a stream.
fn text(field: &Dict<'_>) -> Option<String> {
    if let Some(text) = inherited(field, |it| it.get::<PdfString<'_>>(b"V")) {
        return Some(decode(text.as_bytes()));
    }
    let stream = inherited(field, |it| it.get::<Stream<'_>>(b"V"))?;
    Some(decode(&stream.decoded_data().ok()?))
}

fn ticked(field: &Dict<'_>) -> Option<bool> {
    if inherited(field, |it| it.get::<u32>(b"Ff")).unwrap_or(0) & PUSH_BUTTON != 0 {
        return None;
    }
    let state =
        field.get::<Name<'_>>(b"AS").or_else(|| inherited(field, |it| it.get::<Name<'_>>(b"V")));
    Some(state.is_some_and(|state| state.as_str() != "Off"))
}

fn chosen(field: &Dict<'_>) -> Option<String> {
    let chosen = match inherited(field, |it| it.get::<PdfString<'_>>(b"V")) {
        Some(one) => vec![one],
        None => inherited(field, |it| it.get::<Array<'_>>(b"V"))?.iter::<PdfString<'_>>().collect(),
    };
    let shown = chosen.iter().map(|value| displayed(field, value.as_bytes()));
    Some(shown.collect::<Vec<_>>().join(", "))
}

/// The entry of a choice that is displayed for an exported value.
fn displayed(field: &Dict<'_>, value: &[u8]) -> String {
    let options = inherited(field, |it| it.get::<Array<'_>>(b"Opt"));
    let pairs = options.iter().flat_map(Array::iter::<Array<'_>>);
    let shown = pairs
        .map(|pair| pair.iter::<PdfString<'_>>().collect::<Vec<_>>())
        .find(|pair| pair.len() == 2 && pair[0].as_bytes() == value);
    shown.map_or_else(|| decode(value), |pair| decode(pair[1].as_bytes()))
}

/// An entry of a field or of the nearest parent that has it.
fn inherited<'a, T>(field: &Dict<'a>, get: impl Fn(&Dict<'a>) -> Option<T>) -> Option<T> {
    let mut field = field.clone();
    for _ in 0..MOST_PARENTS {
        if let Some(value) = get(&field) {
            return Some(value);
        }
        field = field.get::<Dict<'a>>(b"Parent")?;
    }
    None
}
