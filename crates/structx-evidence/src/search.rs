//! Searches the text for each value by all means: as words, as a number or date, as an answer, misspelt.

use std::collections::HashMap;

use serde_json::Value;

use crate::decimal::canonical;
use crate::fuzzy::{self, Effort};
use crate::index::Index;
use crate::labels::Labels;
use crate::leaf::{Kind, Leaf};
use crate::place::Places;
use crate::typed::{Amount, with_unit};
use crate::wording::{self, Wording};
use crate::{booleans, currencies};

/// The places of all values, and the fields that they belong to.
pub struct Search {
    /// For each leaf the number of its value; `None` for what is not copied from the text.
    pub values: Vec<Option<usize>>,
    /// The places of each value.
    pub places: Vec<Places>,
    /// For each value the number of its group: `3` and `3.0` are two values, but one number.
    pub groups: Vec<usize>,
    /// For each leaf the number of its field.
    pub fields: Vec<usize>,
    pub labels: Vec<Labels>,
}

impl Search {
    pub fn new(index: &Index<'_>, leaves: &[Leaf]) -> Self {
        let mut search = Self {
            values: Vec::with_capacity(leaves.len()),
            places: Vec::new(),
            groups: Vec::new(),
            fields: Vec::with_capacity(leaves.len()),
            labels: Vec::new(),
        };
        let mut fields: HashMap<(&[String], &str), usize> = HashMap::new();
        let mut values: HashMap<(Kind, &Value, Option<usize>), usize> = HashMap::new();
        let mut numbers: HashMap<String, usize> = HashMap::new();
        let effort = Effort::default();
        for leaf in leaves {
            let field = (leaf.field.path.as_slice(), leaf.field.description.as_str());
            let field = *fields.entry(field).or_insert_with(|| {
                search.labels.push(Labels::new(&leaf.field));
                search.labels.len() - 1
            });
            search.fields.push(field);
            if !leaf.field.is_copied {
                search.values.push(None);
                continue;
            }
            // A yes is found by the name of its field, anything else by itself.
            let of_field = leaf.value.is_boolean().then_some(field);
            let value =
                *values.entry((leaf.field.kind, &leaf.value, of_field)).or_insert_with(|| {
                    let value = search.places.len();
                    search.places.push(places(index, leaf, &search.labels[field], &effort));
                    let number = number(leaf);
                    let group = number.map(|number| *numbers.entry(number).or_insert(value));
                    search.groups.push(group.unwrap_or(value));
                    value
                });
            search.values.push(Some(value));
        }
        search
    }
}

/// The number that a leaf is.
fn number(leaf: &Leaf) -> Option<String> {
    match &leaf.value {
        Value::Number(number) => canonical(&number.to_string()),
        Value::String(text) if leaf.field.kind == Kind::Number => canonical(text.trim()),
        _ => None,
    }
}

/// The places that say the value of a leaf.
fn places(index: &Index<'_>, leaf: &Leaf, labels: &Labels, effort: &Effort) -> Places {
    match &leaf.value {
        Value::Bool(value) => booleans::find(index, *value, labels),
        Value::Number(number) => amounts(index, &number.to_string()),
        Value::String(text) => texts(index, text.trim(), leaf.field.kind, effort),
        _ => Places::default(),
    }
}

fn amounts(index: &Index<'_>, number: &str) -> Places {
    let amount = Amount::of_json(number);
    amount.map_or_else(Places::default, |amount| index.typed().amounts(index.text(), &amount))
}

/// The places of a text, which may be a number or a date in words.
fn texts(index: &Index<'_>, value: &str, kind: Kind, effort: &Effort) -> Places {
    if kind == Kind::Number && Amount::of_json(value).is_some() {
        return amounts(index, value);
    }
    let wording = Wording::new(value);
    let mut found = wording::find(index, &wording);
    if value.len() <= LONGEST_TYPED && value.bytes().any(|byte| byte.is_ascii_digit()) {
        found = found.and(typed(index, value, kind));
    }
    if found.list.is_empty() && wording.folded.tokens.len() == 1 {
        found = currencies::find(index.text(), value);
    }
    let is_text = matches!(kind, Kind::Text | Kind::Enum);
    if found.list.is_empty() && is_text {
        found = Places::of(fuzzy::find(index, &wording, effort));
    }
    found
}

/// The most bytes of a text that is a number or a date as a whole: chosen by hand.
const LONGEST_TYPED: usize = 64;

/// The places of a text that is a date, a number, or a number with the words of its unit.
fn typed(index: &Index<'_>, value: &str, kind: Kind) -> Places {
    let moments = index.typed().moments(index.text(), value, kind);
    if !moments.list.is_empty() || matches!(kind, Kind::Date | Kind::DateTime | Kind::Time) {
        return moments;
    }
    if let Some(amount) = Amount::of_text(value) {
        return index.typed().amounts(index.text(), &amount);
    }
    let Some((amount, unit)) = with_unit(value) else { return moments };
    let numbers = index.typed().amounts(index.text(), &amount);
    wording::followed_by(index, numbers, &Wording::of_unit(unit))
}
