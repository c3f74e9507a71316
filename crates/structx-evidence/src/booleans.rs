//! Finds yes and no beside the name of a field: `Paid: no`.

use std::ops::Range;

use crate::index::Index;
use crate::labels::{Labels, label_start};
use crate::place::{Place, Places, Tier};

/// Words for yes and no, folded.
const YES: [&str; 7] = ["yes", "true", "ja", "oui", "si", "sim", "vero"];
const NO: [&str; 7] = ["no", "false", "nein", "non", "nee", "nao", "falso"];

/// The most places of one word that are looked at: chosen by hand.
const MOST_PLACES: usize = 256;

/// How surely the words before a place must name the field: chosen by hand. A `no` is in many texts.
const LEAST_LABEL: f32 = 0.5;

/// The places that say the value of a boolean field, with its name before them.
pub fn find(index: &Index<'_>, value: bool, labels: &Labels) -> Places {
    let answers = |words: &[&str]| -> Vec<Range<usize>> {
        let tokens = words.iter().flat_map(|word| index.tokens_of(word, MOST_PLACES));
        let range = |token: usize| {
            let token = index.folded().tokens[token];
            token.start..token.end
        };
        tokens.map(range).collect()
    };
    let (wanted, others) = if value { (&YES, &NO) } else { (&NO, &YES) };
    let wanted = answers(wanted);
    let is_named = |place: &Range<usize>| labels.score(index, place) >= LEAST_LABEL;
    // Without a field's name it can only be the one answer that the text has.
    let follows = |place: &&Range<usize>| follows_label(index, place);
    let is_only = labels.is_empty()
        && wanted.iter().filter(follows).count() == 1
        && !answers(others).iter().any(|place| follows_label(index, place));
    let is_answer = |place: &&Range<usize>| if is_only { follows(place) } else { is_named(place) };
    let said = wanted.iter().filter(is_answer).map(|place| Place {
        range: label_start(index, place).unwrap_or(place.start)..place.end,
        tier: Tier::Normalized,
        score: 0.98,
        is_doubtful: false,
    });
    Places::of(said.collect())
}

/// Whether a colon or a cell comes before the place.
fn follows_label(index: &Index<'_>, place: &Range<usize>) -> bool {
    index.text()[..place.start].trim_end_matches(' ').ends_with([':', '|'])
}

#[cfg(test)]
mod tests {
    use super::find;
    use crate::index::Index;
    use crate::labels::Labels;
    use crate::leaf::FieldHints;

    fn found(text: &str, name: &str, value: bool) -> Vec<String> {
        let index = Index::new(text);
        let path = if name.is_empty() { Vec::new() } else { vec![name.to_owned()] };
        let labels = Labels::new(&FieldHints { path, ..FieldHints::default() });
        let places = find(&index, value, &labels).list;
        places.into_iter().map(|place| text[place.range].to_owned()).collect()
    }

    #[test]
    fn answers_need_their_question() {
        let text = "Invoice no. 5\nPaid: no\nReminder sent: yes";
        assert_eq!(found(text, "paid", false), ["Paid: no"]);
        assert_eq!(found(text, "paid", true), [""; 0]);
        assert_eq!(found(text, "is_open", false), [""; 0]);
        assert_eq!(found(text, "", false), [""; 0]);
        assert_eq!(found("Invoice no. 5\nPaid: no", "", false), ["Paid: no"]);
        assert_eq!(found("Bezahlt: ja", "", true), ["Bezahlt: ja"]);
        assert_eq!(found("a: yes, b: yes", "", true), [""; 0]);
        assert_eq!(found("| Paid |\n| --- |\n| no |", "paid", false), ["no"]);
    }
}
