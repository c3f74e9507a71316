//! Aligns a value with the outline of its schema: repairs notations, never wrong values.
//!
//! A string stays a string where the schema allows one. A value that does not fit and has no unambiguous
//! reading is left to validation, since a validator of the caller may accept it.

use std::collections::HashMap;

use serde_json::{Map, Number, Value};

use super::spellings;
use super::wrappers::{self, Kind, Variant};
use super::{Repair, numbers, truncated};
use structx_common::json;
use structx_common::json_pointer::escaped;
use structx_schema::dialect::from_list;
use structx_schema::outline::{Kinds, List, Object, Others, Outline, Property, Shape};

#[cfg(test)]
mod tests;

/// The maximum numbers of listed repairs, problems and names; the rest is only counted. Chosen by hand,
/// not measured.
const MAX_REPAIRS: usize = 1_000;
const MAX_PROBLEMS: usize = 10;
const MAX_NAMES: usize = 20;

/// A value aligned with an outline.
#[derive(Debug, Default)]
pub struct Aligned {
    pub value: Value,
    pub repairs: Vec<Repair>,
    /// Parts that the schema has no place for, in words for the model.
    pub problems: Vec<String>,
    /// The number of values that validation will reject.
    misfits: usize,
    /// The number of members that the schema names.
    known: usize,
    is_changed: bool,
    /// How the wrapper of the reply was put right, if it was not as asked.
    pub rewrapped: Option<Kind>,
}

impl Aligned {
    fn of(mut value: Value, outline: &Outline, encoded: usize) -> Self {
        let mut aligner = Aligner::new(outline, encoded);
        aligner.value(&mut value, &outline.root, false);
        let mut aligned = aligner.aligned;
        if aligner.more > 0 {
            aligned.repair("", format!("{} more repairs of these kinds", aligner.more));
        }
        Self { value, ..aligned }
    }

    pub fn fits(&self) -> bool {
        self.faults() == 0
    }

    /// Whether the value equals the given one.
    pub fn is_unchanged(&self) -> bool {
        !self.is_changed
    }

    /// Notes that the value was JSON inside a string.
    pub fn taken_from_string(mut self) -> Self {
        self.is_changed = true;
        let what = "took the JSON out of a string".to_owned();
        self.repairs.insert(0, Repair { pointer: String::new(), what });
        self
    }

    /// Whether the value has any member that the schema names.
    pub fn is_known(&self) -> bool {
        self.known > 0
    }

    fn faults(&self) -> usize {
        self.problems.len() + self.misfits
    }

    fn repair(&mut self, pointer: &str, what: String) {
        self.repairs.push(Repair { pointer: pointer.to_owned(), what });
    }
}

/// Aligns `value` with the outline. Where the schema only wraps a list, the wrapper may be missing or
/// duplicated: of these variants the one with the fewest faults is chosen, the given one first.
pub fn align(value: Value, outline: &Outline, encoded: usize) -> Aligned {
    let given = value.clone();
    let mut best = Aligned::of(value, outline, encoded);
    if best.fits() {
        return best;
    }
    for Variant { what, value, kind, is_doubtful } in wrappers::variants(&given, outline) {
        let mut other = Aligned::of(value, outline, encoded);
        // The wrapper itself is one known member.
        let is_meant = kind != Kind::Renamed || other.known > 1;
        if other.faults() < best.faults() && (!is_doubtful || other.fits() && is_meant) {
            other.repairs.insert(0, Repair { pointer: String::new(), what });
            other.is_changed = true;
            other.rewrapped = Some(kind);
            best = other;
            if best.fits() {
                break;
            }
        }
    }
    best
}

struct Aligner<'o> {
    outline: &'o Outline,
    aligned: Aligned,
    pointer: String,
    /// The number of repairs that are not listed.
    more: usize,
    /// The number of JSON strings around this value.
    encoded: usize,
}

impl<'o> Aligner<'o> {
    fn new(outline: &'o Outline, encoded: usize) -> Self {
        let (aligned, pointer) = (Aligned::default(), String::new());
        Self { outline, aligned, pointer, more: 0, encoded }
    }

    fn value(&mut self, value: &mut Value, shape: &'o Shape, drops_null: bool) {
        if shape.anything || shape.listed.contains(value) {
            return;
        }
        let takes_null = shape.kinds.has(Kinds::NULL) || drops_null;
        let fits = match value {
            Value::Null => takes_null,
            Value::Bool(_) => shape.kinds.has(Kinds::BOOLEAN),
            Value::Number(_) => self.number(value, shape),
            Value::String(_) => self.string(value, shape, takes_null),
            Value::Array(_) => self.array(value, shape),
            Value::Object(_) => self.object(value, shape),
        };
        if !fits && !self.only_item(value, shape) {
            self.aligned.misfits += 1;
        }
    }

    /// Puts a scalar into a list of scalars. Text with separators may be several items.
    fn only_item(&mut self, value: &mut Value, shape: &'o Shape) -> bool {
        let mut lists = self.outline.lists(shape);
        let (Some(list), None) = (lists.next(), lists.next()) else { return false };
        let may_be_several = match &*value {
            Value::String(text) => text.contains([',', ';', '|', '\n']) || spellings::is_null(text),
            Value::Number(_) | Value::Bool(_) => false,
            _ => return false,
        };
        let shape = list.item(0);
        if may_be_several || !list.is_uniform() || shape.anything || !self.takes(value, shape) {
            return false;
        }
        let mut item = value.take();
        self.value(&mut item, shape, false);
        self.replace(value, Value::Array(vec![item]), "put the one value into a list".to_owned());
        true
    }

    /// Whether a scalar fits `shape`, as it is or in another spelling.
    fn takes(&self, scalar: &Value, shape: &'o Shape) -> bool {
        let mut probe = Aligner::new(self.outline, 1);
        probe.value(&mut scalar.clone(), shape, false);
        probe.aligned.misfits == 0
    }

    fn number(&mut self, value: &mut Value, shape: &Shape) -> bool {
        if shape.listed.is_empty() && shape.kinds.has(Kinds::FRACTION) {
            return true;
        }
        let spelled = value.to_string();
        let whole = numbers::without_zeros(&spelled);
        let is_listed = |option: &&Value| {
            let text = option.as_str().map_or_else(|| option.to_string(), str::to_owned);
            text == spelled || option.is_number() && whole == Some(&text)
        };
        if let Some(meant) = shape.listed.iter().find(is_listed) {
            self.replace(value, meant.clone(), format!("{spelled} taken as {meant}"));
        } else if shape.kinds.has(Kinds::FRACTION) {
        } else if shape.kinds.has(Kinds::INTEGER) {
            if let Some(number) = whole.and_then(number) {
                let what = format!("read {spelled} as the integer {number}");
                self.replace(value, number, what);
            }
            return !value.to_string().contains('.');
        } else if shape.kinds.has(Kinds::TEXT) {
            let what = format!("took the number {spelled} as text");
            self.replace(value, spelled.into(), what);
        } else {
            return false;
        }
        true
    }

    fn string(&mut self, value: &mut Value, shape: &'o Shape, takes_null: bool) -> bool {
        let Value::String(text) = &*value else { return false };
        let kinds = shape.kinds;
        if kinds.has(Kinds::STRING) || kinds.has(Kinds::DECIMAL) && numbers::is_plain(text) {
            return true;
        }
        let shown = format!("\"{}\"", truncated(text));
        let word = spellings::without_emphasis(text);
        if kinds.has(Kinds::FORMATTED) && !(takes_null && spellings::is_null(word)) {
            return true;
        }
        if let Some(meant) = spellings::closest(word, &shape.listed) {
            let what = format!("{shown} taken as \"{meant}\"");
            self.replace(value, meant.into(), what);
        } else if let Some(number) = as_number(word, shape) {
            let what = format!("read {shown} as the number {number}");
            self.replace(value, number, what);
        } else if let Some(yes) = spellings::boolean(word).filter(|yes| takes_boolean(shape, *yes))
        {
            self.replace(value, yes.into(), format!("read {shown} as {yes}"));
        } else if takes_null && spellings::is_null(word) {
            self.replace(value, Value::Null, format!("read {shown} as null"));
        } else if (shape.takes_objects() || shape.takes_lists()) && self.encoded == 0 {
            let Ok(inner) = json::parse::<Value>(text.trim().as_bytes()) else { return false };
            if !inner.is_array() && !inner.is_object() {
                return false;
            }
            self.replace(value, inner, "took the JSON out of a string".to_owned());
            self.encoded += 1;
            self.value(value, shape, false);
            self.encoded -= 1;
        } else {
            return false;
        }
        true
    }

    fn array(&mut self, value: &mut Value, shape: &'o Shape) -> bool {
        let Value::Array(items) = value else { return false };
        let mut lists = self.outline.lists(shape);
        match (lists.next(), lists.next()) {
            (Some(list), None) => self.items(items, list),
            // Validation decides between several list types.
            (Some(_), Some(_)) => {}
            (None, _) => {
                let is_dictionary = self.outline.objects(shape).any(Object::is_dictionary);
                if is_dictionary && self.outline.is_rewritten {
                    let Some(object) = from_list(value) else { return false };
                    *value = object.into();
                    self.aligned.is_changed = true;
                    self.value(value, shape, false);
                    return true;
                }
                let [only] = items.as_slice() else { return false };
                let is_taken = match only {
                    Value::Object(_) => shape.takes_objects(),
                    Value::Array(_) | Value::Null => false,
                    scalar => self.takes(scalar, shape),
                };
                if !is_taken {
                    return false;
                }
                let only = items.remove(0);
                self.replace(value, only, "took the only item of a list".to_owned());
                self.value(value, shape, false);
            }
        }
        true
    }

    fn items(&mut self, items: &mut [Value], list: &'o List) {
        for (index, item) in items.iter_mut().enumerate() {
            let start = self.push(&index.to_string());
            self.value(item, list.item(index), false);
            self.pointer.truncate(start);
        }
    }

    fn object(&mut self, value: &mut Value, shape: &'o Shape) -> bool {
        let Value::Object(members) = value else { return false };
        if let Some(object) = self.meant_object(members, shape) {
            self.members(members, object);
            return true;
        }
        let mut lists = self.outline.lists(shape);
        let (Some(list), None) = (lists.next(), lists.next()) else { return false };
        if shape.takes_objects() || !list.item(0).takes_objects() {
            return false;
        }
        let only = Value::Array(vec![value.take()]);
        self.replace(value, only, "put the one object into a list".to_owned());
        self.value(value, shape, false);
        true
    }

    /// The object type of a union with the fewest faults; `None` on a tie.
    fn meant_object(&self, members: &Map<String, Value>, shape: &'o Shape) -> Option<&'o Object> {
        let mut ranked: Vec<(usize, &Object)> = match self.outline.objects(shape).len() {
            0 => return None,
            1 => return self.outline.objects(shape).next(),
            _ => self.outline.objects(shape).map(|it| (self.faults(members, it), it)).collect(),
        };
        ranked.sort_by_key(|(faults, _)| *faults);
        let is_clear = ranked[0].0 == 0 || ranked[0].0 < ranked[1].0;
        is_clear.then_some(ranked[0].1)
    }

    /// The number of faults of an object, judged by its direct members.
    fn faults(&self, members: &Map<String, Value>, object: &'o Object) -> usize {
        let mut found = 0;
        let mut seen = 0;
        for property in &object.properties {
            let named = members.get(&property.name);
            let member = named.or_else(|| {
                let is_meant = |name: &str| {
                    object.meant(name, 0).is_some_and(|meant| meant.name == property.name)
                };
                members.iter().find(|(name, _)| is_meant(name)).map(|(_, member)| member)
            });
            seen += usize::from(member.is_some());
            found += match member {
                Some(member) => usize::from(!self.may_be(member, property)) * 2,
                None => usize::from(property.is_required),
            };
        }
        match object.others {
            Others::Allowed(_) => found,
            _ => found + members.len().saturating_sub(seen),
        }
    }

    fn may_be(&self, member: &Value, property: &'o Property) -> bool {
        let shape = &property.shape;
        match member {
            Value::Array(_) => shape.anything || shape.takes_lists(),
            Value::Object(_) => shape.anything || shape.takes_objects(),
            Value::Null if property.drops_null => true,
            scalar => self.takes(scalar, shape),
        }
    }

    fn members(&mut self, members: &mut Map<String, Value>, object: &'o Object) {
        self.rename(members, object);
        let is_whole = object.properties.iter().all(|it| members.contains_key(&it.name));
        let mut found = 0;
        for (position, (name, member)) in members.iter_mut().enumerate() {
            let start = self.push(name);
            if let Some(at) = object.find(name, position) {
                let property = &object.properties[at];
                self.value(member, &property.shape, property.drops_null);
                self.aligned.known += 1;
                found += usize::from(property.is_required);
            } else {
                match &object.others {
                    Others::Allowed(shape) => self.value(member, shape, false),
                    Others::Unspecified if is_whole => {
                        self.aligned.misfits += 1;
                        self.note("left out: the schema has no such member".to_owned());
                    }
                    // The name may be a wrong spelling of a missing property.
                    Others::Unspecified | Others::Forbidden => self.problem(&format!(
                        "the schema has no such member there, only {}",
                        listing(object)
                    )),
                }
            }
            self.pointer.truncate(start);
        }
        let required = object.properties.iter().filter(|property| property.is_required).count();
        self.aligned.misfits += required - found;
    }

    /// Renames members whose names are other spellings of properties, where exactly one property and one
    /// member match.
    fn rename(&mut self, members: &mut Map<String, Value>, object: &'o Object) {
        let strange: Vec<&String> =
            members.keys().filter(|name| object.find(name, 0).is_none()).collect();
        if object.properties.is_empty() || strange.is_empty() {
            return;
        }
        let mut claims: HashMap<&str, Vec<&String>> = HashMap::new();
        for name in strange {
            if let Some(only) = object.meant(name, 0) {
                claims.entry(&only.name).or_default().push(name);
            }
        }
        let mut repeated: Vec<String> = Vec::new();
        for (target, names) in &mut claims {
            let first = members.get(*target).or_else(|| members.get(names[0]));
            let is_same = |name: &&String| members.get(*name) == first;
            if members.contains_key(*target) {
                // The property is there under its own name.
                repeated.extend(names.drain(..).filter(is_same).cloned());
            } else if names.iter().all(is_same) {
                repeated.extend(names.drain(1..).cloned());
            }
        }
        let mut renamed: HashMap<String, &str> = HashMap::new();
        for (target, names) in claims {
            if let [one, other, ..] = names.as_slice() {
                let shown = |name: &String| truncated(&format!("`{name}`: {}", members[name]));
                let (one, other) = (shown(one), shown(other));
                self.problem(&format!("`{target}` may be {one} or {other}; give one"));
            } else {
                renamed.extend(names.into_iter().map(|name| (name.clone(), target)));
            }
        }
        let name_of = |name: String| renamed.get(&name).map_or(name, |target| (*target).to_owned());
        for name in members.keys() {
            if let Some(target) = renamed.get(name) {
                self.note(format!("`{}` taken as `{target}`", truncated(name)));
            } else if repeated.contains(name) {
                self.note(format!("left out `{}`, which repeats a member", truncated(name)));
            }
        }
        if !repeated.is_empty() {
            self.aligned.is_changed = true;
            members.retain(|name, _| !repeated.contains(name));
        }
        if !renamed.is_empty() {
            self.aligned.is_changed = true;
            *members = std::mem::take(members).into_iter().map(|(k, v)| (name_of(k), v)).collect();
        }
    }

    fn replace(&mut self, value: &mut Value, by: Value, what: String) {
        *value = by;
        self.aligned.is_changed = true;
        self.note(what);
    }

    fn note(&mut self, what: String) {
        if self.aligned.repairs.len() < MAX_REPAIRS {
            self.aligned.repairs.push(Repair { pointer: self.pointer.clone(), what });
        } else {
            self.more += 1;
        }
    }

    fn problem(&mut self, what: &str) {
        if self.aligned.problems.len() < MAX_PROBLEMS {
            self.aligned.problems.push(format!("{}: {what}", self.pointer));
        } else {
            self.aligned.misfits += 1;
        }
    }

    /// Appends a token to the pointer; returns its previous length.
    fn push(&mut self, token: &str) -> usize {
        let start = self.pointer.len();
        self.pointer.push('/');
        self.pointer.push_str(&escaped(token));
        start
    }
}

fn number(spelled: &str) -> Option<Value> {
    serde_json::from_str::<Number>(spelled).ok().map(Value::Number)
}

/// The number that a string represents, if `shape` allows it.
fn as_number(text: &str, shape: &Shape) -> Option<Value> {
    let spelled = numbers::read(text)?;
    let whole = numbers::without_zeros(&spelled);
    let kinds = shape.kinds;
    if kinds.has(Kinds::FRACTION) {
        return number(&spelled);
    }
    let is_listed = |option: &&Value| {
        let text = option.to_string();
        option.is_number() && (text == spelled || whole == Some(&text))
    };
    if let Some(listed) = shape.listed.iter().find(is_listed) {
        return Some(listed.clone());
    }
    let integer = whole.unwrap_or(&spelled);
    let is_integer = !integer.contains(['.', 'e', 'E']);
    (kinds.has(Kinds::INTEGER) && is_integer).then(|| number(integer)).flatten()
}

fn takes_boolean(shape: &Shape, boolean: bool) -> bool {
    shape.kinds.has(Kinds::BOOLEAN) || shape.listed.contains(&Value::Bool(boolean))
}

fn listing(object: &Object) -> String {
    let names = object.properties.iter().map(|property| format!("`{}`", property.name));
    let mut names: Vec<String> = names.take(MAX_NAMES).collect();
    if object.properties.len() > names.len() {
        names.push("...".to_owned());
    }
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
