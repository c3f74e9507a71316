//! Recognises JSON that fits the outline, in one pass and without building values.

use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use serde_json::Value;

use super::{numbers, spellings};
use structx_common::json::Checked;
use structx_schema::outline::{Kinds, List, Object, Others, Outline, Shape};

/// The ranges of the names of members to drop.
type DroppedNames = Vec<std::ops::Range<usize>>;

/// The members whose `null` stands for an absent member, if `text` needs no other change; `None` if it
/// may need one.
pub fn dropped_members(text: &str, outline: &Outline) -> Option<DroppedNames> {
    if outline.is_vague {
        return None;
    }
    let mut reader = Reader { outline, text, dropped: Vec::new() };
    let mut json = serde_json::Deserializer::from_str(text);
    Slot { reader: &mut reader, shape: &outline.root }.deserialize(&mut json).ok()?;
    json.end().ok()?;
    Some(reader.dropped)
}

/// `text` without these members.
pub fn without_members(text: &str, dropped: &DroppedNames) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut at = 0;
    for name in dropped {
        // Of `"name": null`, only the range of the name is known.
        kept.push_str(&text[at..name.start - 1]);
        let value = text[name.end + 1..].trim_start().strip_prefix(':').unwrap_or_default();
        let after = value.trim_start().strip_prefix("null").unwrap_or_default().trim_start();
        at = text.len() - after.len();
        if let Some(next) = after.strip_prefix(',') {
            at = text.len() - next.trim_start().len();
        } else {
            kept.truncate(kept.trim_end().len());
            if kept.ends_with(',') {
                kept.pop();
            }
        }
    }
    kept.push_str(&text[at..]);
    kept
}

struct Reader<'r> {
    outline: &'r Outline,
    text: &'r str,
    dropped: DroppedNames,
}

/// A position in the reply with its allowed values. An error means that the value does not fit.
struct Slot<'p, 'r> {
    reader: &'p mut Reader<'r>,
    shape: &'r Shape,
}

/// The kind of value at a slot.
#[derive(PartialEq)]
enum Found {
    Null,
    Other,
}

impl<'de> DeserializeSeed<'de> for Slot<'_, '_> {
    type Value = Found;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Found, D::Error> {
        if self.shape.anything {
            return Checked::deserialize(json).map(|_| Found::Other);
        }
        json.deserialize_option(self)
    }
}

impl<'r> Slot<'_, 'r> {
    fn check<E: Error>(&self, kind: Kinds, value: impl Into<Value>) -> Result<Found, E> {
        let shape = self.shape;
        let fits = shape.kinds.has(kind)
            || !shape.listed.is_empty() && shape.listed.contains(&value.into());
        if fits { Ok(Found::Other) } else { Err(misfit()) }
    }

    fn object<'de, A: MapAccess<'de>>(
        self,
        object: &'r Object,
        mut map: A,
    ) -> Result<Found, A::Error> {
        let Self { reader, .. } = self;
        let mut seen = vec![false; object.properties.len()];
        let mut others = HashSet::new();
        let mut guess = 0;
        while let Some(name) = map.next_key::<&str>()? {
            let Some(at) = object.find(name, guess) else {
                let Others::Allowed(shape) = &object.others else { return Err(misfit()) };
                if !others.insert(name) {
                    return Err(misfit());
                }
                map.next_value_seed(Slot { reader: &mut *reader, shape })?;
                continue;
            };
            guess = at + 1;
            if std::mem::replace(&mut seen[at], true) {
                return Err(misfit());
            }
            let property = &object.properties[at];
            let slot = Slot { reader: &mut *reader, shape: &property.shape };
            if property.drops_null {
                if map.next_value_seed(OrNull(slot))? == Found::Null {
                    let start = name.as_ptr().addr() - reader.text.as_ptr().addr();
                    reader.dropped.push(start..start + name.len());
                }
            } else {
                map.next_value_seed(slot)?;
            }
        }
        // An empty reply may stand for an empty list.
        if guess == 0 && object.properties.iter().any(|property| property.is_required) {
            return Err(misfit());
        }
        Ok(Found::Other)
    }

    fn list<'de, A: SeqAccess<'de>>(self, list: &'r List, mut items: A) -> Result<Found, A::Error> {
        let mut index = 0;
        let reader = self.reader;
        while items
            .next_element_seed(Slot { reader: &mut *reader, shape: list.item(index) })?
            .is_some()
        {
            index += 1;
        }
        Ok(Found::Other)
    }
}

fn misfit<E: Error>() -> E {
    E::custom("the value does not fit the schema")
}

impl<'de> Visitor<'de> for Slot<'_, '_> {
    type Value = Found;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value that fits the schema")
    }

    fn visit_none<E: Error>(self) -> Result<Found, E> {
        self.check(Kinds::NULL, Value::Null)
    }

    /// Any value but `null`. Requesting an expected number as `f64` avoids the string that arbitrary
    /// precision allocates.
    fn visit_some<D: Deserializer<'de>>(self, json: D) -> Result<Found, D::Error> {
        let kinds = self.shape.kinds;
        let is_scalar = !self.shape.takes_objects() && !self.shape.takes_lists();
        if is_scalar && self.shape.listed.is_empty() && kinds.has(Kinds::INTEGER) {
            let others = [Kinds::BOOLEAN, Kinds::TEXT, Kinds::DECIMAL];
            if !others.into_iter().any(|other| kinds.has(other)) {
                return json.deserialize_f64(self);
            }
        }
        json.deserialize_any(self)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Found, E> {
        self.check(Kinds::BOOLEAN, value)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Found, E> {
        self.check(Kinds::INTEGER, value)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Found, E> {
        self.check(Kinds::INTEGER, value)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Found, E> {
        self.check(Kinds::FRACTION, value)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Found, E> {
        let kinds = self.shape.kinds;
        let is_listed = || self.shape.listed.iter().any(|value| value == text);
        let is_decimal = || kinds.has(Kinds::DECIMAL) && numbers::is_plain(text);
        let begins_with_digit = || text.as_bytes().first().is_some_and(u8::is_ascii_digit);
        let is_formatted =
            || kinds.has(Kinds::FORMATTED) && (begins_with_digit() || !spellings::is_null(text));
        if kinds.has(Kinds::STRING) || is_formatted() || is_listed() || is_decimal() {
            Ok(Found::Other)
        } else {
            Err(misfit())
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Found, A::Error> {
        // serde_json represents numbers that fit no primitive as a map.
        if self.shape.kinds.has(Kinds::FRACTION) && !self.shape.takes_objects() {
            serde_json::Number::deserialize(MapAccessDeserializer::new(map))?;
            return Ok(Found::Other);
        }
        let mut objects = self.reader.outline.objects(self.shape);
        match (objects.next(), objects.next()) {
            (Some(object), None) if !self.shape.kinds.has(Kinds::NUMBER) => {
                self.object(object, map)
            }
            _ => Err(misfit()),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Found, A::Error> {
        let mut lists = self.reader.outline.lists(self.shape);
        match (lists.next(), lists.next()) {
            (Some(list), None) => self.list(list, items),
            _ => Err(misfit()),
        }
    }
}

/// A slot where `null` is dropped.
struct OrNull<'p, 'r>(Slot<'p, 'r>);

impl<'de> DeserializeSeed<'de> for OrNull<'_, '_> {
    type Value = Found;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Found, D::Error> {
        json.deserialize_option(self)
    }
}

impl<'de> Visitor<'de> for OrNull<'_, '_> {
    type Value = Found;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    fn visit_none<E: Error>(self) -> Result<Found, E> {
        Ok(Found::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, json: D) -> Result<Found, D::Error> {
        if self.0.shape.anything { self.0.deserialize(json) } else { self.0.visit_some(json) }
    }
}
