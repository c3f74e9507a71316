//! Finds the words of a value in a text: the same characters, or the same in another spelling.

use std::ops::Range;

use structx_literals::Unit;
use unicode_normalization::UnicodeNormalization;

use crate::fold::{Class, Folded};
use crate::index::Index;
use crate::junction::{Junction, compare, ends_with_sign, symbols};
use crate::place::{Place, Places, Tier};

/// The most places of one value that are compared: chosen by hand. More are counted only.
const MOST_PLACES: usize = 4096;

/// The most bytes of a value times its places that are compared: chosen by hand.
const MOST_COMPARED: usize = 16 << 20;

/// The letters that a value of one word needs before it may be found misspelt: chosen by hand.
const SHORTEST_MISSPELT: usize = 6;

/// The most letters of a code that differs from a word by its case: chosen by hand.
const LONGEST_CODE_OF_CASE: usize = 3;

/// The least digits of a code, and its least characters if it has digits only: shorter ones may be
/// two numbers side by side. Chosen by hand.
const LEAST_DIGITS: usize = 3;
const LEAST_CHARACTERS: usize = 5;
const LEAST_CHARACTERS_WITHOUT_LETTERS: usize = 8;

/// A value as words.
pub struct Wording<'v> {
    pub text: &'v str,
    pub folded: Folded,
    is_identifier: bool,
    is_numeric: bool,
    /// It follows a number, and may be written to it.
    is_unit: bool,
}

impl<'v> Wording<'v> {
    pub fn new(value: &'v str) -> Self {
        let text = value.trim();
        let folded = Folded::new(text);
        let digits = folded.letters.bytes().filter(u8::is_ascii_digit).count();
        let is_numeric = folded.tokens.iter().all(|token| token.class == Class::Digits);
        let least = if is_numeric { LEAST_CHARACTERS_WITHOUT_LETTERS } else { LEAST_CHARACTERS };
        // A code is one word, or groups of a few capitals and digits.
        let is_code = |word: &str| {
            word.bytes().any(|byte| byte.is_ascii_digit()) || word.bytes().all(is_capital)
        };
        let is_identifier = digits >= LEAST_DIGITS
            && folded.letters.len() >= least
            && !is_number(text)
            && text.split_whitespace().all(is_code);
        Self { text, folded, is_identifier, is_numeric, is_unit: false }
    }

    /// The unit of a number.
    pub fn of_unit(unit: &'v str) -> Self {
        Self { is_unit: true, ..Self::new(unit) }
    }

    /// Whether the value is a code such as `US`, whose letters in lower case are another word.
    fn is_short_code(&self) -> bool {
        self.text.len() <= LONGEST_CODE_OF_CASE
            && self.text.bytes().all(|byte| byte.is_ascii_uppercase())
            && Unit::currency(self.text).is_none()
    }

    /// Whether the value is long enough to be recognised with mistakes.
    pub fn may_be_misspelt(&self) -> bool {
        self.folded.tokens.len() > 1 && self.folded.letters.chars().count() >= SHORTEST_MISSPELT
            || self.folded.letters.chars().count() >= SHORTEST_MISSPELT && !self.is_numeric
    }
}

fn is_capital(byte: u8) -> bool {
    byte.is_ascii_uppercase() || b"-./_()+".contains(&byte)
}

/// Whether the text is digits with one decimal mark at most: its digits are no groups of a code.
fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || b".,-".contains(&byte))
        && text.bytes().filter(|byte| b".,".contains(byte)).count() >= 1
}

/// The places with the words of a value. Those with other punctuation are fuzzy.
pub fn find(index: &Index<'_>, value: &Wording<'_>) -> Places {
    if value.folded.tokens.is_empty() {
        return verbatim(index.text(), value.text);
    }
    let all = index.places(&value.folded.letters);
    let most = (MOST_COMPARED / value.folded.letters.len()).clamp(1, MOST_PLACES);
    let compared = &all[..all.len().min(most)];
    let found = compared.iter().filter_map(|token| place(index, value, *token as usize));
    let mut places = Places::of(found.collect());
    if all.len() > compared.len() && !places.list.is_empty() {
        places.count = all.len();
    }
    places
}

/// The places of a value without letters and digits, such as `-`.
fn verbatim(text: &str, value: &str) -> Places {
    let is_inner = |letter: char| !letter.is_whitespace() && letter != '|';
    let stands_alone = |at: usize| {
        !text[..at].ends_with(is_inner) && !text[at + value.len()..].starts_with(is_inner)
    };
    if value.is_empty() {
        return Places::default();
    }
    let found = text.match_indices(value).map(|(at, _)| at).filter(|at| stands_alone(*at));
    let exact = |at| Place {
        range: at..at + value.len(),
        tier: Tier::Exact,
        score: 1.0,
        is_doubtful: false,
    };
    Places::of(found.take(MOST_PLACES).map(exact).collect())
}

/// The places of a number that the words of its unit follow, such as `1,5 mg`.
pub fn followed_by(index: &Index<'_>, numbers: Places, unit: &Wording<'_>) -> Places {
    let with_unit = |number: Place| {
        let next = index.token_from(number.range.end);
        if next >= index.folded().tokens.len() {
            return None;
        }
        let gap = &index.text()[number.range.end..index.folded().tokens[next].start];
        let unit = place(index, unit, next).filter(|_| gap.trim().is_empty())?;
        (unit.tier < Tier::Fuzzy).then_some(Place {
            range: number.range.start..unit.range.end,
            tier: Tier::Normalized,
            ..number
        })
    };
    Places::of(numbers.list.into_iter().filter_map(with_unit).collect())
}

/// The place that begins with a token, if it has the words of the value.
fn place(index: &Index<'_>, value: &Wording<'_>, first: usize) -> Option<Place> {
    let folded = index.folded();
    let start = folded.tokens[first].fold;
    let end = start + value.folded.letters.len();
    if folded.letters.as_bytes().get(start..end)? != value.folded.letters.as_bytes() {
        return None;
    }
    let last = folded.token_ending_at(end, first)?;
    if !is_bounded(index, value, first, last) {
        return None;
    }
    let different = junctions(index, value, first, last)?;
    let tokens = folded.tokens[first].start..folded.tokens[last].end;
    let (lead, trail) = edges(value);
    let whole = tokens.start.checked_sub(lead.len()).map(|start| start..tokens.end + trail.len());
    if let Some(range) = whole
        && index.text().get(range.clone()) == Some(value.text)
    {
        return Some(Place { range, tier: Tier::Exact, score: 1.0, is_doubtful: false });
    }
    if different > 0 && !value.may_be_misspelt() {
        return None;
    }
    let text = &index.text()[tokens.clone()];
    if value.is_short_code() && !text.contains(char::is_uppercase) {
        return None;
    }
    let (tier, score) = match different {
        0 if has_same_accents(text, value.text) => (Tier::Normalized, 0.98),
        0 => (Tier::Normalized, 0.9),
        count => (Tier::Fuzzy, (0.95 - 0.01 * count as f32).max(0.8)),
    };
    Some(Place { range: tokens, tier, score, is_doubtful: false })
}

/// The text of a value before its first token and after its last one.
fn edges<'v>(value: &Wording<'v>) -> (&'v str, &'v str) {
    let tokens = &value.folded.tokens;
    let bounds = tokens.first().zip(tokens.last());
    bounds.map_or(("", ""), |(first, last)| (&value.text[..first.start], &value.text[last.end..]))
}

/// Whether the tokens are whole words and numbers, with the symbols at the ends of the value.
fn is_bounded(index: &Index<'_>, value: &Wording<'_>, first: usize, last: usize) -> bool {
    let begins = index.begins_word(first) || value.is_unit;
    if !begins || !index.ends_word(last) {
        return false;
    }
    let (lead, trail) = edges(value);
    let (before, after) = (index.before(first), index.after(last));
    let tokens = &index.folded().tokens;
    if tokens[first].class == Class::Digits {
        let follows_digit = first > 0 && tokens[first - 1].class == Class::Digits;
        let has_sign = |text: &str| text == "-" || text == "−" || ends_with_sign(text);
        // The hyphen of a code begins no text, but that of a number may.
        let is_negative = ends_with_sign(before) || (first == 0 && has_sign(before));
        if (follows_digit && continues_number(before, value)) || is_negative != has_sign(lead) {
            return false;
        }
    }
    let precedes_digit = tokens.get(last + 1).is_some_and(|next| next.class == Class::Digits);
    if tokens[last].class == Class::Digits && precedes_digit && continues_number(after, value) {
        return false;
    }
    if value.is_numeric && is_within_date(index, &(tokens[first].start..tokens[last].end)) {
        return false;
    }
    let is_letter_of_symbol = value.folded.letters.len() <= 2
        && tokens[last].class == Class::Letters
        && after.starts_with(['+', '#'])
        && trail.is_empty();
    !is_letter_of_symbol && has_symbols(before, lead, true) && has_symbols(after, trail, false)
}

/// Whether the separator between two digits makes one number, or one date, of them.
fn continues_number(separator: &str, value: &Wording<'_>) -> bool {
    matches!(separator, "." | "," | "'" | "’")
        || (value.is_numeric && matches!(separator, "/" | ":"))
}

/// Whether the range is a part of a date or time; a year is a number of its own.
fn is_within_date(index: &Index<'_>, range: &Range<usize>) -> bool {
    index.typed().moment_around(range).is_some_and(|moment| moment != *range && range.len() != 4)
}

/// Whether the text beside a place has the symbols that the value has at this end: `C#` is not `C`.
fn has_symbols(beside: &str, edge: &str, is_before: bool) -> bool {
    if symbols(edge).next().is_none() {
        return true;
    }
    let (text, wanted): (String, String) = (symbols(beside).collect(), symbols(edge).collect());
    if is_before { text.ends_with(&wanted) } else { text.starts_with(&wanted) }
}

/// The number of separators that differ from those of the value; `None` if one says something else.
fn junctions(index: &Index<'_>, value: &Wording<'_>, first: usize, last: usize) -> Option<usize> {
    let (text, start) = (&index.folded().tokens, index.folded().tokens[first].fold);
    let words = &value.folded.tokens;
    let (mut at, mut word, mut different) = (first, 0, 0);
    loop {
        let text_bound = (at < last).then(|| text[at + 1].fold - start);
        let word_bound = words.get(word + 1).map(|next| next.fold);
        let Some(bound) = text_bound.into_iter().chain(word_bound).min() else { break };
        let text_separator = (text_bound == Some(bound)).then(|| index.separator(at));
        let word_separator = (word_bound == Some(bound))
            .then(|| &value.text[words[word].end..words[word + 1].start]);
        let (left, right) = match text_separator {
            Some(_) => (text[at].class, text[at + 1].class),
            None => (words[word].class, words[word + 1].class),
        };
        match compare(text_separator, word_separator, left, right, value.is_identifier) {
            Junction::Alike => {}
            Junction::Different => different += 1,
            Junction::Contrary => return None,
        }
        at += usize::from(text_separator.is_some());
        word += usize::from(word_separator.is_some());
    }
    Some(different)
}

/// Whether two texts with the same folded letters also have the same accents.
fn has_same_accents(one: &str, two: &str) -> bool {
    if one.is_ascii() && two.is_ascii() {
        return true;
    }
    let letters = |text: &'_ str| -> String {
        let letters =
            text.nfkc().flat_map(char::to_lowercase).filter(|letter| letter.is_alphanumeric());
        letters.collect::<String>().replace('ß', "ss").replace('ς', "σ")
    };
    letters(one) == letters(two)
}
