//! The words beside a place in a document that may name the value there, and how well they name a field.

use std::iter::{self, once};

use structx_literals::Unit;

/// The most words of a label. Chosen by hand.
const MAX_WORDS: usize = 6;
/// The most amounts below one another that are looked at. Chosen by hand.
const MAX_RUN: usize = 20;
/// The most characters of these words. Chosen by hand.
const MAX_CHARACTERS: usize = 200;

/// The words that may name what begins at `start` of `document`: those before it in its line; in a table
/// those of its column's and its row's heads; for the first word of a line, those of the line before.
/// Where lines with amounts alone follow at least as many lines without, as two columns do that are read
/// one after the other, those of the line with the same rank.
pub fn words_before(document: &str, start: usize) -> Vec<String> {
    let line_start = document[..start].rfind('\n').map_or(0, |at| at + 1);
    let before = &document[line_start..start];
    if before.contains('|') {
        return heads(document, line_start, before);
    }
    if before.contains(char::is_alphanumeric) && Unit::currency(before.trim()).is_none() {
        return last_words(before);
    }
    label_line(document, line_start).map(last_words).unwrap_or_default()
}

/// The line that may name what stands in the line at `line_start`.
fn label_line(document: &str, line_start: usize) -> Option<&str> {
    let filled = |line: &&str| !line.trim().is_empty();
    let mut above = document[..line_start].lines().rev().filter(filled).peekable();
    let mut below = document[line_start..].lines().filter(filled);
    if !below.next().is_some_and(is_amount) {
        return above.next();
    }
    let rank = iter::from_fn(|| above.next_if(|line| is_amount(line))).take(MAX_RUN).count();
    let rest = below.take_while(|line| is_amount(line)).take(MAX_RUN).count();
    let count = rank + 1 + rest;
    // The last label comes first.
    let labels: Vec<&str> = above.take_while(|line| !is_amount(line)).take(count).collect();
    match rank {
        _ if rank == MAX_RUN || rest == MAX_RUN => None,
        _ if labels.len() == count => labels.get(rest),
        0 => labels.first(),
        _ => None,
    }
    .copied()
}

/// Whether a line has digits, and no word but perhaps the sign of a currency.
fn is_amount(line: &str) -> bool {
    let is_word = |letter: char| !letter.is_ascii_digit() && !".,'-".contains(letter);
    let mut words = line.split(|letter| !is_word(letter)).map(str::trim);
    line.contains(|letter: char| letter.is_ascii_digit())
        && words.all(|word| !word.contains(char::is_alphabetic) || Unit::currency(word).is_some())
}

/// The words of the heads of a table's column and row.
fn heads(document: &str, line_start: usize, before: &str) -> Vec<String> {
    let column = before.matches('|').count();
    let mut first = "";
    for line in document[..line_start].lines().rev() {
        if !line.contains('|') {
            break;
        }
        first = line;
    }
    let column_head = first.split('|').nth(column).unwrap_or_default();
    let row_head = if column > 1 { before.split('|').nth(1).unwrap_or_default() } else { "" };
    words(column_head).chain(words(row_head)).collect()
}

fn last_words(text: &str) -> Vec<String> {
    let start = text.char_indices().rev().nth(MAX_CHARACTERS).map_or(0, |(at, _)| at);
    let all: Vec<String> = words(&text[start..]).collect();
    all[all.len().saturating_sub(MAX_WORDS)..].to_vec()
}

/// The words of a text or a name such as `invoiceDate`, in lower case.
pub fn words(text: &str) -> impl Iterator<Item = String> {
    let mut all = vec![String::new()];
    let mut was_lower = false;
    for letter in text.chars() {
        if !letter.is_alphanumeric() || letter.is_uppercase() && was_lower {
            all.push(String::new());
        }
        if letter.is_alphanumeric()
            && let Some(word) = all.last_mut()
        {
            word.extend(letter.to_lowercase().flat_map(plain));
        }
        was_lower = letter.is_lowercase();
    }
    all.into_iter().filter(|word| !word.is_empty())
}

/// A letter as names without accents write it.
fn plain(letter: char) -> impl Iterator<Item = char> {
    let base = match letter {
        'ä' | 'á' | 'à' | 'â' | 'ã' => 'a',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'í' | 'ì' | 'î' | 'ï' => 'i',
        'ö' | 'ó' | 'ò' | 'ô' | 'õ' => 'o',
        'ü' | 'ú' | 'ù' | 'û' => 'u',
        'ß' => 's',
        'ç' => 'c',
        'ñ' => 'n',
        other => other,
    };
    let second = match letter {
        'ä' | 'ö' | 'ü' => Some('e'),
        'ß' => Some('s'),
        _ => None,
    };
    once(base).chain(second)
}

/// How much of a field's name and of a label is the same, from 0 to 1.
#[expect(clippy::cast_precision_loss, reason = "labels have few words")]
pub fn likeness(field: &[String], label: &[String]) -> f32 {
    if field.is_empty() || label.is_empty() {
        return 0.0;
    }
    let same = field.iter().filter(|word| label.contains(word)).count();
    2.0 * same as f32 / (field.len() + label.len()) as f32
}

#[cfg(test)]
mod tests {
    use super::{likeness, words, words_before};

    fn label(document: &str, value: &str) -> String {
        words_before(document, document.find(value).unwrap()).join(" ")
    }

    #[test]
    fn a_value_is_named_by_what_stands_before_it() {
        let document = "Invoice No: 17\nDeliver to\n  Main St. 5\nNet 5.00   Total\t7.00\n\
                        | Article | Unit price |\n| --- | --- |\n| Tea | 2.50 |\n";
        assert_eq!(label(document, "17"), "invoice no");
        assert_eq!(label(document, "Main"), "deliver to");
        assert_eq!(label(document, "7.00"), "net 5 00 total");
        assert_eq!(label(document, "2.50"), "unit price tea");
        assert_eq!(label(document, "Tea"), "article");
        assert_eq!(label(document, "Invoice"), "");
    }

    #[test]
    fn amounts_below_their_labels_are_named_in_the_same_order() {
        let document = "Tea\nSUBTOTAL\nCASH\nCHANGE\nRM 53.60\n100.00\n46.40\nNet of tax\n5.00\n9";
        assert_eq!(label(document, "RM"), "subtotal");
        assert_eq!(label(document, "53.60"), "subtotal");
        assert_eq!(label(document, "100"), "cash");
        assert_eq!(label(document, "46.40"), "change");
        assert_eq!(label(document, "5.00"), "net of tax");
        assert_eq!(label("Net of tax\n5.00\n9", "5.00"), "net of tax");
        assert_eq!(label("Net of tax\n5.00\n9", "9"), "");
        let document = "Subtotal\nTax 6%\nTotal\n50.00\n3.00\n53.00";
        assert_eq!(label(document, "53.00"), "total");
        let long = format!("{}{}", "Price\n".repeat(25), "7.00\n".repeat(25));
        assert_eq!(label(&long, "7.00"), "");
    }

    #[test]
    fn names_of_any_style_are_words() {
        for name in ["net_amount", "netAmount", "Net amount:", "net-amount"] {
            assert_eq!(words(name).collect::<Vec<_>>(), ["net", "amount"], "{name}");
        }
        assert_eq!(words("Gültig bis").collect::<Vec<_>>(), ["gueltig", "bis"]);
    }

    #[test]
    fn a_label_is_the_likest_if_it_has_no_other_words() {
        let words = |text: &str| words(text).collect::<Vec<_>>();
        let total = words("total");
        assert!(likeness(&total, &words("TOTAL")) > likeness(&total, &words("Total tax")));
        assert!(likeness(&total, &words("subtotal")).abs() < f32::EPSILON);
        assert!(likeness(&total, &[]).abs() < f32::EPSILON);
    }
}
