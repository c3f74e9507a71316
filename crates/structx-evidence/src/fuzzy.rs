//! Finds words that are misspelt, in another order, or not all there.
//!
//! Every word and number of the value with a digit must be there, and no word that negates may be skipped or
//! added.

use std::cell::Cell;

use crate::fold::Class;
use crate::index::Index;
use crate::junction::ends_with_sign;
use crate::place::{Place, Tier};
use crate::wording::Wording;

/// The share of a value's words that the text must have: langextract's, chosen there by hand.
const LEAST_SHARE: f32 = 0.75;

/// The least share of a place's words that are those of the value, and the most words of a value that are
/// sought: chosen by hand.
const LEAST_DENSITY: f32 = 0.5;
const MOST_WORDS: usize = 256;

/// The most places of one word that are looked at: chosen by hand. A common word says little.
const MOST_HITS: usize = 2048;

/// The tokens that one call compares with misspelt words before it stops to: chosen by hand, so that
/// thousands of values without a place take seconds, not minutes.
const MOST_COMPARED: usize = 40_000_000;

/// Words that say the opposite, folded, in the languages whose months are known.
#[rustfmt::skip]
const NEGATIONS: [&str; 36] = [
    "not", "no", "never", "without", "neither", "nor", "none", "cannot",
    "nicht", "kein", "keine", "keinen", "keiner", "keinem", "nie", "ohne", "weder",
    "ne", "pas", "jamais", "sans", "aucun", "aucune",
    "nunca", "sin", "ningun", "ninguna",
    "non", "mai", "senza", "nessun", "nessuna",
    "niet", "geen", "nao", "sem",
];

/// The work that one call may still spend on misspelt words.
pub struct Effort(Cell<usize>);

impl Default for Effort {
    fn default() -> Self {
        Self(Cell::new(MOST_COMPARED))
    }
}

impl Effort {
    /// Takes some of the work; false if too little is left.
    fn spend(&self, tokens: usize) -> bool {
        let left = self.0.get().checked_sub(tokens);
        self.0.set(left.unwrap_or(0));
        left.is_some()
    }
}

/// A token of the text that is like a word of the value.
#[derive(Debug, Clone, Copy)]
struct Hit {
    token: usize,
    word: usize,
    likeness: f32,
}

/// The places with most words of a value. Of those that overlap, the best.
pub fn find(index: &Index<'_>, value: &Wording<'_>, effort: &Effort) -> Vec<Place> {
    let words = value.folded.tokens.len();
    if !value.may_be_misspelt() || words > MOST_WORDS {
        return Vec::new();
    }
    let Some(hits) = hits(index, value, effort) else { return Vec::new() };
    let mut places: Vec<Place> = Vec::new();
    for place in windows(index, value, &hits, effort) {
        match places.last_mut() {
            Some(last) if place.range.start < last.range.end => {
                if place.score > last.score {
                    *last = place;
                }
            }
            _ => places.push(place),
        }
    }
    places
}

/// The least number of the value's words that a place must have.
fn needed(words: usize) -> usize {
    (words as f32 * LEAST_SHARE).ceil() as usize
}

/// The tokens that are like words of the value, sorted; `None` if too few words have one.
fn hits(index: &Index<'_>, value: &Wording<'_>, effort: &Effort) -> Option<Vec<Hit>> {
    let count = value.folded.tokens.len();
    let mut hits = Vec::new();
    let mut absent = 0;
    for word in 0..count {
        let before = hits.len();
        let letters = value.folded.word(word);
        let exact = index.tokens_of(letters, MOST_HITS).into_iter();
        let exact = exact.filter(|token| is_same_number(index, *token, value, word));
        hits.extend(exact.map(|token| Hit { token, word, likeness: 1.0 }));
        if value.folded.tokens[word].class == Class::Letters && effort.spend(1) {
            similar(index, word, letters, effort, &mut hits);
        }
        if hits.len() == before {
            absent += 1;
            let is_needed = is_essential(value, word);
            if is_needed || count - absent < needed(count) {
                return None;
            }
        }
    }
    hits.sort_by_key(|hit| (hit.token, hit.word));
    Some(hits)
}

/// Whether equal digits are the same number: with the same sign, and the same digits joined to them.
fn is_same_number(index: &Index<'_>, token: usize, value: &Wording<'_>, word: usize) -> bool {
    let words = &value.folded.tokens;
    if words[word].class != Class::Digits {
        return true;
    }
    let before = word.checked_sub(1).map_or(0, |before| words[before].end);
    let after = words.get(word + 1).map_or(value.text.len(), |next| next.start);
    let before = &value.text[before..words[word].start];
    let after = &value.text[words[word].end..after];
    let joins = |separator: &str| matches!(separator, "." | "," | "'" | "’" | "/" | ":");
    ends_with_sign(index.before(token)) == ends_with_sign(before)
        && joins(index.before(token)) == joins(before)
        && joins(index.after(token)) == joins(after)
}

/// Whether a place without the word says something else.
fn is_essential(value: &Wording<'_>, word: usize) -> bool {
    value.folded.tokens[word].class == Class::Digits || is_negation(value.folded.word(word))
}

fn is_negation(word: &str) -> bool {
    NEGATIONS.contains(&word)
}

/// Adds the tokens with the same first letter that are one or two mistakes away.
fn similar(index: &Index<'_>, word: usize, letters: &str, effort: &Effort, hits: &mut Vec<Hit>) {
    let length = letters.chars().count();
    let Some(first) = letters.chars().next().filter(|_| length > 3) else { return };
    let candidates = index.places(&letters[..first.len_utf8()]);
    if !effort.spend(candidates.len()) {
        return;
    }
    // Equal words follow one another in this order: each is compared once.
    let mut last: (&str, Option<f32>) = ("", None);
    let limit = hits.len() + MOST_HITS;
    for token in candidates.iter().map(|token| *token as usize) {
        let other = index.folded().word(token);
        if other != last.0 {
            last = (other, likeness(letters, other));
        }
        if let Some(likeness) = last.1.filter(|_| hits.len() < limit) {
            hits.push(Hit { token, word, likeness });
        }
    }
}

/// How alike two different words are; `None` if they are other words.
fn likeness(one: &str, two: &str) -> Option<f32> {
    if one == two || one.len().abs_diff(two.len()) > 2 || is_negation(two) {
        return None;
    }
    let length = one.chars().count().max(two.chars().count());
    let stem = |word: &str| word.strip_suffix('s').map_or(word.len(), str::len);
    if one[..stem(one)] == two[..stem(two)] {
        return Some(0.95);
    }
    // Chosen by hand: one mistake in five letters, two in nine.
    let most = match length {
        ..5 => return None,
        5..9 => 1,
        _ => 2,
    };
    let mistakes = distance(one, two);
    (mistakes <= most).then(|| 1.0 - mistakes as f32 / length as f32)
}

/// The least number of letters to insert, delete, replace or swap with their neighbour (the optimal
/// string alignment distance).
fn distance(one: &str, two: &str) -> usize {
    let (one, two): (Vec<char>, Vec<char>) = (one.chars().collect(), two.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=two.len()).collect();
    for (row, left) in one.iter().enumerate() {
        let mut this = vec![row + 1];
        for (column, right) in two.iter().enumerate() {
            let replaced = last[column] + usize::from(left != right);
            let mut least = replaced.min(last[column + 1] + 1).min(this[column] + 1);
            let is_swap =
                row > 0 && column > 0 && *left == two[column - 1] && one[row - 1] == *right;
            if is_swap {
                least = least.min(before[column - 1] + 1);
            }
            this.push(least);
        }
        before = std::mem::replace(&mut last, this);
    }
    last[two.len()]
}

/// The windows of the text with enough words of the value, each ending with a hit.
fn windows(index: &Index<'_>, value: &Wording<'_>, hits: &[Hit], effort: &Effort) -> Vec<Place> {
    let count = value.folded.tokens.len();
    let widest = (count as f32 / LEAST_DENSITY).ceil() as usize;
    let mut places = Vec::new();
    let mut first = 0;
    // How often each word is in the window, and how many words are.
    let mut times = vec![0_usize; count];
    let mut words = 0;
    for last in 0..hits.len() {
        words += usize::from(times[hits[last].word] == 0);
        times[hits[last].word] += 1;
        while hits[last].token - hits[first].token >= widest {
            times[hits[first].word] -= 1;
            words -= usize::from(times[hits[first].word] == 0);
            first += 1;
        }
        let is_last_of_token = hits.get(last + 1).is_none_or(|next| next.token > hits[last].token);
        if is_last_of_token && words >= needed(count) {
            if !effort.spend(last + 1 - first + count) {
                break;
            }
            places.extend(window(index, value, &hits[first..=last]));
        }
    }
    places
}

/// The part of a window from its last hit back to the nearest token of each word.
fn window(index: &Index<'_>, value: &Wording<'_>, hits: &[Hit]) -> Option<Place> {
    let count = value.folded.tokens.len();
    let mut taken: Vec<Option<Hit>> = vec![None; count];
    let mut start = hits.last()?.token + 1;
    for hit in hits.iter().rev() {
        if taken[hit.word].is_none() && hit.token < start {
            taken[hit.word] = Some(*hit);
            start = hit.token;
        }
    }
    let matched: Vec<Hit> = taken.iter().flatten().copied().collect();
    let end = hits.last()?.token;
    let is_complete = (0..count).all(|word| taken[word].is_some() || !is_essential(value, word));
    let is_dense = matched.len() as f32 >= (end + 1 - start) as f32 * LEAST_DENSITY;
    let adds_negation = (start..=end).any(|token| {
        is_negation(index.folded().word(token)) && !matched.iter().any(|hit| hit.token == token)
    });
    if matched.len() < needed(count) || !is_complete || !is_dense || adds_negation {
        return None;
    }
    if !index.begins_word(start) || !index.ends_word(end) {
        return None;
    }
    let in_order = matched.windows(2).filter(|pair| pair[0].token < pair[1].token).count();
    let order = (in_order + 1) as f32 / matched.len() as f32;
    let likeness = matched.iter().map(|hit| hit.likeness).sum::<f32>() / count as f32;
    let density = matched.len() as f32 / (end + 1 - start) as f32;
    // The weights are chosen by hand: the words matter most, then their order, then what is between.
    let score = (likeness * (0.8 + 0.1 * order + 0.1 * density)).min(0.99);
    let tokens = &index.folded().tokens;
    Some(Place {
        range: tokens[start].start..tokens[end].end,
        tier: Tier::Fuzzy,
        score,
        is_doubtful: false,
    })
}

#[cfg(test)]
mod tests {
    use super::{Effort, distance, find};
    use crate::index::Index;
    use crate::wording::Wording;

    fn found(text: &str, value: &str) -> Vec<String> {
        let places = find(&Index::new(text), &Wording::new(value), &Effort::default());
        places.into_iter().map(|place| text[place.range].to_owned()).collect()
    }

    #[test]
    fn misspelt_reordered_and_fewer_words_are_found() {
        for (text, value, expected) in [
            ("by Müller & Söhne GmbH, Bonn", "Mueller & Soehne GmbH", "Müller & Söhne GmbH"),
            ("severe heart problems today", "problems heart", "heart problems"),
            ("takes Naprosin daily", "Naprosyn", "Naprosin"),
            (
                "with degenerative disc disease",
                "mild degenerative disc disease",
                "degenerative disc disease",
            ),
            ("Dr. Anna Maria Schmidt came", "Anna Schmidt", "Anna Maria Schmidt"),
        ] {
            assert_eq!(found(text, value), [expected], "{value} in {text}");
        }
    }

    #[test]
    fn other_values_are_not_found() {
        for (text, value) in [
            ("Ibuprofen 600 mg daily", "Ibuprofen 800 mg daily"),
            ("Paris is not the capital of France", "Paris is the capital of France"),
            ("Paris is the capital of France", "Paris is not the capital of France"),
            ("back pain and a fever", "headache and fever"),
            ("temperature -5 at noon", "temperature 5"),
            ("version 2.5 of it", "version 5 of it"),
            ("Smith", "Smyth"),
            ("12345678", "12345679"),
            ("only the end", "end of the world as we know it"),
        ] {
            assert_eq!(found(text, value), [""; 0], "{value} in {text}");
        }
    }

    #[test]
    fn distances_count_swaps_once() {
        for (one, two, expected) in
            [("abcd", "abdc", 1), ("abcd", "abcd", 0), ("abcd", "bcd", 1), ("", "ab", 2)]
        {
            assert_eq!(distance(one, two), expected, "{one} {two}");
        }
    }
}
