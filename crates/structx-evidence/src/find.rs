//! Finds the evidence of values: the places of each, the choice among them, their spans.

use std::ops::Range;

use crate::choice::{Choice, choose};
use crate::evidence::{Evidence, Status};
use crate::index::Index;
use crate::leaf::{Kind, Leaf};
use crate::place::{Place, Places, Tier};
use crate::search::Search;

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
    let choices = choose(index, leaves, &search);
    let places = search.values.iter().map(|value| value.map(|value| &search.places[value]));
    let all = leaves.iter().zip(places).zip(choices);
    all.map(|((leaf, places), choice)| evidence(index, leaf, places, choice)).collect()
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
    let certainty = pieces.iter().map(|piece| index.certainty(piece)).fold(1.0, f32::min);
    let texts: Vec<&str> = pieces.iter().map(|piece| &index.text()[piece.clone()]).collect();
    Evidence {
        status,
        likeness: place.score,
        score: place.score * certainty,
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
