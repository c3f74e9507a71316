//! Finds the evidence of values: the places of each, the choice among them, their spans.

use std::collections::HashMap;
use std::ops::Range;

use serde_json::Value;

use crate::choice::{Choice, choose};
use crate::evidence::{Evidence, Status};
use crate::fuzzy::{self, Effort};
use crate::index::Index;
use crate::labels::Labels;
use crate::leaf::{Kind, Leaf};
use crate::place::{Place, Places, Tier};
use crate::typed::{Amount, with_unit};
use crate::wording::{self, Wording};
use crate::{booleans, currencies};

/// Finds where each value stands in the text: one evidence for each leaf, in their order.
///
/// The places of all values are chosen together. Leaves are best those of a whole row, see
/// [`leaves`](crate::leaves).
///
/// ```
/// use structx_evidence::{Index, Leaf, Status, find};
///
/// let index = Index::new("Paid by Müller & Söhne GmbH");
/// let evidence = find(&index, &[Leaf::text("/0/payer", "Mueller & Soehne GmbH")]);
/// assert_eq!(evidence[0].status, Status::Fuzzy);
/// assert_eq!(evidence[0].text, "Müller & Söhne GmbH");
/// ```
#[must_use]
pub fn find(index: &Index<'_>, leaves: &[Leaf]) -> Vec<Evidence> {
    let search = Search::new(index, leaves);
    let choices =
        choose(index, leaves, &search.values, &search.places, &search.fields, &search.labels);
    let leaves = leaves.iter().zip(&search.values).zip(choices);
    leaves
        .map(|((leaf, value), choice)| {
            evidence(index, leaf, value.map(|value| &search.places[value]), choice)
        })
        .collect()
}

/// The places of all values, and the fields that they belong to.
struct Search {
    /// For each leaf the number of its value; `None` for what is not copied from the text.
    values: Vec<Option<usize>>,
    /// The places of each value.
    places: Vec<Places>,
    /// For each leaf the number of its field.
    fields: Vec<usize>,
    labels: Vec<Labels>,
}

impl Search {
    fn new(index: &Index<'_>, leaves: &[Leaf]) -> Self {
        let mut search = Self {
            values: Vec::with_capacity(leaves.len()),
            places: Vec::new(),
            fields: Vec::with_capacity(leaves.len()),
            labels: Vec::new(),
        };
        let mut fields: HashMap<(&[String], &str), usize> = HashMap::new();
        let mut values: HashMap<(Kind, &Value, Option<usize>), usize> = HashMap::new();
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
                    search.places.push(places(index, leaf, &search.labels[field], &effort));
                    search.places.len() - 1
                });
            search.values.push(Some(value));
        }
        search
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

fn evidence(
    index: &Index<'_>,
    leaf: &Leaf,
    places: Option<&Places>,
    choice: Option<Choice>,
) -> Evidence {
    let (Some(places), Some(choice)) = (places, choice) else {
        let is_inferred = !leaf.field.is_copied
            || leaf.value.is_boolean()
            || matches!(leaf.field.kind, Kind::Boolean | Kind::Enum);
        return Evidence::without_place(if is_inferred {
            Status::Inferred
        } else if index.has_unread_parts() {
            Status::Unverifiable
        } else {
            Status::Missing
        });
    };
    let place = &places.list[choice.place];
    let status = match place.tier {
        _ if choice.is_tied || place.is_doubtful => Status::Ambiguous,
        Tier::Exact => Status::Exact,
        Tier::Normalized => Status::Normalized,
        Tier::Fuzzy => Status::Fuzzy,
    };
    let pieces = pieces(index, place);
    let texts: Vec<&str> = pieces.iter().map(|piece| &index.text()[piece.clone()]).collect();
    Evidence {
        status,
        score: place.score,
        text: texts.join(" "),
        spans: pieces
            .iter()
            .map(|piece| piece.start + index.offset()..piece.end + index.offset())
            .collect(),
        occurrences: places.count,
    }
}

/// The parts of a place on each line and in each cell. The same characters are one part.
fn pieces(index: &Index<'_>, place: &Place) -> Vec<Range<usize>> {
    let text = &index.text()[place.range.clone()];
    let start = place.range.start;
    if place.tier == Tier::Exact || !text.contains(['\n', '|']) {
        return vec![place.range.clone()];
    }
    let layout = index.layout();
    let mut pieces = Vec::new();
    let mut from = 0;
    let bounds = text.char_indices().filter(|(at, letter)| {
        *letter == '\n' || (*letter == '|' && layout.table(layout.line(start + at)).is_some())
    });
    for (at, _) in bounds.chain([(text.len(), '\n')]) {
        let part = &text[from..at];
        let trimmed = part.trim();
        if trimmed.contains(char::is_alphanumeric) {
            let first = start + from + (part.len() - part.trim_start().len());
            pieces.push(first..first + trimmed.len());
        }
        from = (at + 1).min(text.len());
    }
    pieces
}
