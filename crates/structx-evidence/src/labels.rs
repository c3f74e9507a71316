//! Judges whether a field's name or description stands beside a place of the text.

use std::cell::OnceCell;
use std::ops::Range;

use structx_literals::Unit;

use crate::fold::{Class, Folded};
use crate::index::Index;
use crate::layout::{cell, cell_at};
use crate::leaf::FieldHints;

/// The most words that are read beside a place: chosen by hand.
const MOST_WORDS: usize = 6;

/// How many lines above a place a label may stand, and how many of its places are looked at: chosen by
/// hand.
const MOST_LINES: usize = 40;
const MOST_LABELS: usize = 64;

/// The most words and numbers that are passed beside a place, and the longest row of a table, in bytes, whose
/// cells are counted: chosen by hand.
const MOST_TOKENS: usize = 24;
const LONGEST_ROW: usize = 8192;

/// How much labels count by where they stand, from 0 to 1: chosen by hand, in the order of how surely they
/// belong to the place.
const ON_THE_LINE: f32 = 1.0;
const ABOVE: f32 = 0.7;
const FAR_ABOVE: f32 = 0.5;
const IN_DESCRIPTION: f32 = 0.5;
const IN_HEADING: f32 = 0.3;

/// Words without a meaning of their own.
#[rustfmt::skip]
const FILLERS: [&str; 34] = [
    "the", "a", "an", "of", "to", "for", "in", "on", "at", "is", "and", "or", "by", "be", "as", "with",
    "from", "this", "that", "it", "der", "die", "das", "von", "und", "de", "la", "le", "el", "du", "des",
    "di", "van", "en",
];

/// The words that name a field.
#[derive(Debug, Default)]
pub struct Labels {
    own: Vec<String>,
    /// Those of the properties that the field is in.
    parents: Vec<String>,
    description: Vec<String>,
    /// The tokens of the text that are one of its own words, by word.
    places: OnceCell<Vec<Vec<usize>>>,
}

impl Labels {
    pub fn new(field: &FieldHints) -> Self {
        let own = field.path.last().map(|name| words(name)).unwrap_or_default();
        let parents = field.path.len().saturating_sub(1);
        let parents = field.path[..parents].iter().flat_map(|name| words(name)).collect();
        let description = words(&field.description);
        Self { own, parents, description, places: OnceCell::new() }
    }

    pub fn is_empty(&self) -> bool {
        self.own.is_empty()
    }

    /// How surely the place is labelled with the field's words, from 0 to 1.
    pub fn score(&self, index: &Index<'_>, place: &Range<usize>) -> f32 {
        if self.own.is_empty() && self.description.is_empty() {
            return 0.0;
        }
        let layout = index.layout();
        let line = layout.line(place.start);
        let mut best = self.likeness(&left(index, place)) * ON_THE_LINE;
        if let Some(table) = layout.table(line) {
            let row = layout.line_range(line);
            let header = layout.line_range(table);
            if row.len().max(header.len()) > LONGEST_ROW {
                return best;
            }
            let number = cell_at(index.text(), &row, place.start);
            let header = cell(index.text(), &header, number);
            for words in header.into_iter().chain(cell(index.text(), &row, 1)) {
                if !words.contains(&place.start) {
                    best = best.max(self.likeness(&words_within(index, &words)) * ON_THE_LINE);
                }
            }
        } else if best < ABOVE {
            best = best.max(self.above(index, place, line));
        }
        if let Some(heading) = layout.heading(place.start).filter(|_| best < IN_HEADING) {
            let words = words_within(index, heading);
            let shared = share(&self.parents, &words).max(share(&self.own, &words));
            best = best.max(shared * IN_HEADING);
        }
        best
    }

    /// How well words name the field: by its own name, alone or with those around it, or by its description.
    pub fn likeness(&self, words: &[&str]) -> f32 {
        if words.is_empty() {
            return 0.0;
        }
        let own = dice(&self.own, words);
        let all: Vec<String> = self.parents.iter().chain(&self.own).cloned().collect();
        let with_parents = if self.parents.is_empty() { 0.0 } else { dice(&all, words) };
        let described = share_of_words(&self.description, words) * IN_DESCRIPTION;
        own.max(with_parents).max(described)
    }

    /// The part of the name that stands above the place, in the same columns of characters.
    fn above(&self, index: &Index<'_>, place: &Range<usize>, line: usize) -> f32 {
        let layout = index.layout();
        let columns = |range: &Range<usize>, line: usize| {
            let start = layout.line_range(line).start;
            range.start - start..range.end - start
        };
        let own = columns(place, line);
        let first = layout.line_range(line.saturating_sub(MOST_LINES)).start;
        let this = layout.line_range(line).start;
        let mut found = 0.0;
        let mut nearest = 0;
        let places = self.places.get_or_init(|| {
            self.own.iter().map(|word| index.tokens_of(word, MOST_LABELS)).collect()
        });
        for tokens in places {
            let tokens = tokens.iter().map(|token| index.folded().tokens[*token]);
            let mut over = tokens.rev().filter(|token| token.start >= first && token.start < this);
            let is_over = over.find_map(|token| {
                let at = layout.line(token.start);
                let other = columns(&(token.start..token.end), at);
                (other.start < own.end && own.start < other.end).then_some(at)
            });
            if let Some(at) = is_over {
                found += 1.0;
                nearest = nearest.max(at);
            }
        }
        let share = found / (places.len().max(1) as f32);
        share * if nearest + 2 >= line { ABOVE } else { FAR_ABOVE }
    }
}

/// The words of a name in any style of writing: `dueDate`, `due_date`, `Due date`.
fn words(name: &str) -> Vec<String> {
    let mut spaced = String::with_capacity(name.len() + 4);
    let mut was_small = false;
    for letter in name.chars() {
        if letter.is_uppercase() && was_small {
            spaced.push(' ');
        }
        was_small = letter.is_lowercase();
        spaced.push(letter);
    }
    let folded = Folded::new(&spaced);
    let words = (0..folded.tokens.len()).map(|token| folded.word(token));
    words.filter(|word| !FILLERS.contains(word)).map(str::to_owned).collect()
}

/// The words on the line before a place, the nearest first: up to a wide gap or the end of a sentence.
/// Currencies and numbers are skipped.
fn left<'i>(index: &'i Index<'_>, place: &Range<usize>) -> Vec<&'i str> {
    let (folded, text) = (index.folded(), index.text());
    let line = index.layout().line_range(index.layout().line(place.start));
    let mut words = Vec::new();
    let mut end = place.start;
    for token in (0..index.token_from(place.start)).rev().take(MOST_TOKENS) {
        let this = folded.tokens[token];
        if this.start < line.start || words.len() >= MOST_WORDS {
            break;
        }
        let gap = text.get(this.end..end).unwrap_or_default();
        let is_apart = gap.contains(['|', '\t', ';']) || gap.contains("   ") || gap.contains(". ");
        if is_apart && !words.is_empty() {
            break;
        }
        end = this.start;
        let word = folded.word(token);
        let is_currency = Unit::currency(&text[this.start..this.end]).is_some();
        if this.class != Class::Digits && !is_currency && !FILLERS.contains(&word) {
            words.push(word);
        }
    }
    words
}

/// Where the words begin that stand on the line before a place and name it.
pub fn label_start(index: &Index<'_>, place: &Range<usize>) -> Option<usize> {
    let layout = index.layout();
    let line = layout.line_range(layout.line(place.start));
    let count = left(index, place).len();
    let tokens = index.token_from(line.start)..index.token_from(place.start);
    let first = tokens.end.checked_sub(count)?.max(tokens.start);
    (count > 0).then(|| index.folded().tokens[first].start)
}

/// The words of a range.
fn words_within<'i>(index: &'i Index<'_>, range: &Range<usize>) -> Vec<&'i str> {
    let tokens = index.token_from(range.start)..index.token_from(range.end);
    let words = tokens.take(MOST_WORDS * 2).map(|token| index.folded().word(token));
    words.filter(|word| !FILLERS.contains(word)).collect()
}

/// How alike two words are: equal, or one abbreviated.
fn alike(one: &str, two: &str) -> f32 {
    let (short, long) = if one.len() < two.len() { (one, two) } else { (two, one) };
    if short == long {
        1.0
    } else if short.len() >= 3 && long.starts_with(short) {
        0.8
    } else {
        0.0
    }
}

fn best(word: &str, words: &[impl AsRef<str>]) -> f32 {
    words.iter().map(|other| alike(word, other.as_ref())).fold(0.0, f32::max)
}

/// The Sørensen-Dice coefficient of two lists of words.
fn dice(name: &[String], words: &[&str]) -> f32 {
    let shared: f32 = name.iter().map(|word| best(word, words)).sum();
    let all = name.len() + words.len();
    if all == 0 { 0.0 } else { (2.0 * shared / all as f32).min(1.0) }
}

/// The share of a name that is among words.
fn share(name: &[String], words: &[&str]) -> f32 {
    let shared: f32 = name.iter().map(|word| best(word, words)).sum();
    if name.is_empty() { 0.0 } else { shared / name.len() as f32 }
}

/// The share of words that are in a description.
fn share_of_words(description: &[String], words: &[&str]) -> f32 {
    if description.is_empty() || words.is_empty() {
        return 0.0;
    }
    words.iter().map(|word| best(word, description)).sum::<f32>() / words.len() as f32
}

#[cfg(test)]
mod tests {
    use super::Labels;
    use crate::index::Index;
    use crate::leaf::FieldHints;

    fn score(text: &str, name: &str, place: &str) -> f32 {
        let index = Index::new(text);
        let path = name.split('/').map(str::to_owned).collect();
        let field = FieldHints { path, ..FieldHints::default() };
        let start = text.rfind(place).expect("the place is in the text");
        Labels::new(&field).score(&index, &(start..start + place.len()))
    }

    #[test]
    fn the_name_beside_a_place_counts() {
        let text = "Subtotal: EUR 5\nTotal   EUR 7\nDue date: 9   Order date: 11";
        assert!(score(text, "total", "7") > score(text, "total", "5") + 0.5);
        assert!(score(text, "dueDate", "9") > score(text, "due_date", "11") + 0.2);
    }

    #[test]
    fn the_name_above_a_place_counts() {
        let table = "| Item | Unit price | Qty |\n| --- | --- | --- |\n| Tea | 3 | 4 |";
        assert!(score(table, "unit_price", "3") > 0.9);
        assert!(score(table, "unit_price", "4") < 0.2);
        assert!(score(table, "quantity", "4") < 0.2);
        let columns = "Item      Price     Count\n\nTea           3         4\n";
        assert!(score(columns, "price", "3") > 0.4);
        assert!(score(columns, "price", "4") < 0.2);
    }

    #[test]
    fn the_heading_and_the_parents_count() {
        let text = "# Seller\nAcme\n# Buyer\nBeta";
        assert!(score(text, "seller/name", "Acme") > score(text, "seller/name", "Beta"));
        assert!(score("Seller name: Acme", "seller/name", "Acme") > 0.9);
    }
}
