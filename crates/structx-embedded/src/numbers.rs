//! Finds numbers in text, in the notations that people use.
//!
//! Recognised are numbers with or without groups of three (`1,982.50`, `1.982,50`, `1 982,50`, `1'982.50`), with a currency, a
//! percent sign (`19%` is 19), an ordinal suffix, a magnitude (`$1.2 million`), a minus sign or accounting
//! brackets, and number words up to twelve and for tens.
//!
//! `1,234` and `1.234` are ambiguous. In a document that writes a decimal comma elsewhere (`12,50`,
//! `1.234,56`) the dot separates thousands, in any other document the comma.

use std::ops::Range;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::literals::Literal;
use structx_reply::CURRENCIES;

const SYMBOLS: &str = r"US\$|[$€£¥₹]";

static NUMBER: LazyLock<Regex> = LazyLock::new(|| {
    let codes = CURRENCIES.join("|");
    pattern(&format!(
        r"(?x)
        (?P<bracket>\()?
        (?P<sign>[-\u{{2212}}])?
        (?P<before>(?:{SYMBOLS}|{codes})[\x20\u{{a0}}]?(?P<inner>[-\u{{2212}}])?)?
        (?P<digits>\d+(?:[.,'\u{{2019}}\u{{a0}}\u{{202f}}\u{{2009}}]\d+)*)
        (?:
            (?P<percent>\x20?%)
          | (?P<ordinal>(?:st|nd|rd|th)\b)
          | (?P<magnitude>[\x20\u{{a0}}]?(?i:thousand|million|billion|bn|k|m)\b)
        )?
        (?P<after>[\x20\u{{a0}}]?(?:{SYMBOLS}|(?:{codes})\b))?
        (?P<close>\))?"
    ))
});

/// Groups separated by plain spaces; a currency or decimals distinguish them from adjacent numbers.
static SPACED: LazyLock<Regex> = LazyLock::new(|| {
    let codes = CURRENCIES.join("|");
    pattern(&format!(
        r"(?P<before>(?:{SYMBOLS}|{codes})\x20?)?(?P<digits>\d{{1,3}}(?:\x20\d{{3}})+)(?P<decimals>,\d{{1,2}})?(?P<after>\x20?(?:{SYMBOLS}|(?:{codes})\b))?"
    ))
});

static WORD: LazyLock<Regex> = LazyLock::new(|| {
    let words: Vec<&str> = WORDS.iter().map(|(word, _)| *word).collect();
    pattern(&format!(r"(?i)\b(?:{})\b", words.join("|")))
});

const WORDS: &[(&str, &str)] = &[
    ("one", "1"),
    ("two", "2"),
    ("three", "3"),
    ("four", "4"),
    ("five", "5"),
    ("six", "6"),
    ("seven", "7"),
    ("eight", "8"),
    ("nine", "9"),
    ("ten", "10"),
    ("eleven", "11"),
    ("twelve", "12"),
    ("twenty", "20"),
    ("thirty", "30"),
    ("forty", "40"),
    ("fifty", "50"),
    ("sixty", "60"),
    ("seventy", "70"),
    ("eighty", "80"),
    ("ninety", "90"),
];

/// The numbers of a text; inside `dates`, only the years.
pub fn find(text: &str, dates: &[Range<usize>]) -> Vec<Literal> {
    let decimal_comma = writes_decimal_comma(text);
    let mut found: Vec<(usize, Literal)> = Vec::new();
    for captures in NUMBER.captures_iter(text) {
        found.extend(read(text, &captures, dates, decimal_comma));
    }
    for captures in SPACED.captures_iter(text) {
        let marked =
            ["before", "decimals", "after"].iter().any(|name| captures.name(name).is_some());
        let whole = captures.get_match();
        if marked && stands_alone(text, &whole.range()) {
            let digits = captures["digits"].replace(' ', "");
            let decimals = captures.name("decimals").map_or("", |found| &found.as_str()[1..]);
            found.push((whole.start(), Literal::new(whole.as_str(), join(&digits, decimals))));
        }
    }
    for word in WORD.find_iter(text) {
        let value = WORDS.iter().find(|(name, _)| word.as_str().eq_ignore_ascii_case(name));
        found.extend(value.map(|(_, value)| (word.start(), Literal::new(word.as_str(), *value))));
    }
    found.sort_by_key(|(start, _)| *start);
    found.into_iter().map(|(_, literal)| literal).collect()
}

/// The literals of one match: a number in brackets may be negative or only parenthesised.
fn read(
    text: &str,
    captures: &Captures<'_>,
    dates: &[Range<usize>],
    decimal_comma: bool,
) -> Vec<(usize, Literal)> {
    let Some(digits) = captures.name("digits") else { return Vec::new() };
    if let Some(date) = dates.iter().find(|date| date.contains(&digits.start())) {
        let year = digits.len() == 4 && digits.end() <= date.end;
        let literal = Literal::new(digits.as_str(), digits.as_str());
        return if year { vec![(digits.start(), literal)] } else { Vec::new() };
    }
    let span = |name| captures.name(name).map(|found| found.range());
    let money = span("before").is_some() || span("after").is_some();
    let magnitude = captures.name("magnitude").map(|found| found.as_str().trim());
    // A single letter is a magnitude only with a currency: `$85k`, but not `3 m`.
    let magnitude = magnitude.filter(|unit| money || unit.len() > 2);
    let Some(meaning) = meaning(digits.as_str(), decimal_comma, magnitude) else {
        return Vec::new();
    };

    let kept = magnitude.and_then(|_| span("magnitude"));
    let end = [span("percent"), span("ordinal"), kept.clone()].into_iter().flatten();
    let bare_end = end.map(|end| end.end).max().unwrap_or(digits.end());
    let mut first = span("before").map_or(digits.start(), |before| before.start);
    let last = span("after").map_or(bare_end, |after| after.end);
    let mut negative = span("inner").is_some();
    if let Some(sign) = span("sign").filter(|sign| may_be_negative(text, sign.start)) {
        first = sign.start;
        negative = true;
    }
    if !stands_alone(text, &(first..last)) {
        return Vec::new();
    }
    let signed = |negative| if negative { format!("-{meaning}") } else { meaning.clone() };
    let mut readings = vec![(first, Literal::new(&text[first..last], signed(negative)))];
    // A model may copy an amount without its currency, but not without its minus sign.
    if money && !negative && kept.is_none() {
        let bare = Literal::new(&text[digits.start()..bare_end], meaning.clone());
        readings.push((digits.start(), bare));
    }
    let accounting = money || digits.as_str().contains(['.', ',']);
    if let (Some(open), Some(close)) = (span("bracket"), span("close"))
        && accounting
        && !negative
        && close.start == last
    {
        readings.push((open.start, Literal::new(&text[open.start..close.end], signed(true))));
    }
    readings
}

/// Whether the number is not part of a name or code: no letter before it, at most a unit after it
/// (`5kg`).
fn stands_alone(text: &str, range: &Range<usize>) -> bool {
    let before = text[..range.start].chars().next_back();
    let unit = text[range.end..].chars().take_while(|letter| letter.is_alphabetic()).count();
    let after = text[range.end..].chars().nth(unit);
    !before.is_some_and(|letter| letter.is_alphanumeric() || letter == '_')
        && unit <= 4
        && !(unit > 0 && after.is_some_and(|letter| letter.is_ascii_digit()))
}

/// Whether a minus sign negates: `-5` is negative, but the dash in `10-20` or `INV-7` joins.
fn may_be_negative(text: &str, sign: usize) -> bool {
    let before = text[..sign].chars().next_back();
    before.is_none_or(|letter| letter.is_whitespace() || "(|:;,=".contains(letter))
}

/// Digits with separators in JSON's notation; `None` if they are not a number (`1.2.3`).
fn meaning(digits: &str, decimal_comma: bool, magnitude: Option<&str>) -> Option<String> {
    let (whole, decimals) = split(digits, decimal_comma)?;
    let Some(magnitude) = magnitude else { return Some(join(&whole, decimals)) };
    let zeros = match magnitude.to_lowercase().as_str() {
        "k" | "thousand" => 3,
        "m" | "million" => 6,
        _ => 9,
    };
    // 1.25 million: the point moves six digits to the right.
    let moved = format!("{decimals:0<zeros$}");
    let (shifted, rest) = moved.split_at(zeros);
    Some(join(&format!("{whole}{shifted}"), rest))
}

/// The integer digits without separators, and the decimals.
fn split(digits: &str, decimal_comma: bool) -> Option<(String, &str)> {
    let separators: Vec<(usize, char)> =
        digits.char_indices().filter(|(_, letter)| !letter.is_ascii_digit()).collect();
    let Some(&(at, last)) = separators.last() else { return Some((digits.to_owned(), "")) };
    let tail = &digits[at + last.len_utf8()..];
    let repeated = separators.iter().filter(|(_, letter)| *letter == last).count() > 1;
    let mixed = separators.iter().any(|(_, letter)| *letter != last);
    let groups = is_grouped(digits);
    let decimal = match last {
        '.' | ',' if repeated => false,
        '.' | ',' if mixed || !groups => true,
        '.' => !decimal_comma,
        ',' => decimal_comma,
        _ => false,
    };
    let (whole, decimals) = if decimal { (&digits[..at], tail) } else { (digits, "") };
    if whole.contains(|letter: char| !letter.is_ascii_digit()) && !is_grouped(whole) {
        return None;
    }
    Some((whole.chars().filter(char::is_ascii_digit).collect(), decimals))
}

/// Whether the digits are in groups of three, or as in India in groups of two before the last three,
/// with one separator throughout.
fn is_grouped(digits: &str) -> bool {
    let mut groups = digits.split(|letter: char| !letter.is_ascii_digit()).map(str::len);
    let mut separators = digits.chars().filter(|letter| !letter.is_ascii_digit());
    let separator = separators.next();
    let starts = !digits.starts_with('0') && groups.next().is_some_and(|first| first <= 3);
    let last = groups.next_back() == Some(3);
    let middle: Vec<usize> = groups.collect();
    let even = middle.iter().all(|&size| size == 3)
        || (separator == Some(',') && middle.iter().all(|&size| size == 2));
    starts && last && even && separators.all(|other| Some(other) == separator)
}

fn join(whole: &str, decimals: &str) -> String {
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    if decimals.is_empty() { whole.to_owned() } else { format!("{whole}.{decimals}") }
}

/// Whether some number of the text needs a decimal comma, and none a decimal point.
fn writes_decimal_comma(text: &str) -> bool {
    static COMMA: LazyLock<Regex> = LazyLock::new(|| {
        pattern(r"(?:^|[^\d.,])\d+(?:[.\s]\d{3})*,\d{1,2}(?:$|[^\d.,]|[.,](?:\D|$))")
    });
    static POINT: LazyLock<Regex> = LazyLock::new(|| {
        pattern(r"(?:^|[^\d.,])\d+(?:,\d{3})*\.\d{1,2}(?:$|[^\d.,]|[.,](?:\D|$))")
    });
    COMMA.find_iter(text).count() > POINT.find_iter(text).count()
}

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is a constant of this file")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::find;

    fn meanings(text: &str) -> Vec<(String, String)> {
        find(text, &[]).into_iter().map(|found| (found.text, found.value)).collect()
    }

    #[test]
    fn reads_numbers_as_people_write_them() {
        let cases: &[(&str, &[(&str, &str)])] = &[
            ("Total: $1,982.50.", &[("$1,982.50", "1982.50"), ("1,982.50", "1982.50")]),
            ("Summe 1.982,50 €", &[("1.982,50 €", "1982.50"), ("1.982,50", "1982.50")]),
            (
                "Summe 1 982,50 EUR",
                &[
                    ("1 982,50 EUR", "1982.50"),
                    ("1", "1"),
                    ("982,50 EUR", "982.50"),
                    ("982,50", "982.50"),
                ],
            ),
            ("1\u{a0}982,50", &[("1\u{a0}982,50", "1982.50")]),
            ("CHF 1'982.50", &[("CHF 1'982.50", "1982.50"), ("1'982.50", "1982.50")]),
            ("1,234 units", &[("1,234", "1234")]),
            ("1.234 of 12,50", &[("1.234", "1234"), ("12,50", "12.50")]),
            ("pi is 3.141", &[("3.141", "3.141")]),
            ("0,125 l", &[("0,125", "0.125")]),
            ("12,34,567.00 or 12,34,5", &[("12,34,567.00", "1234567.00")]),
            ("19% VAT", &[("19%", "19")]),
            ("-5 degrees", &[("-5", "-5")]),
            ("$-5.00 or -$5.00", &[("$-5.00", "-5.00"), ("-$5.00", "-5.00")]),
            ("10-20 people", &[("10", "10"), ("20", "20")]),
            ("net (1,234.00)", &[("(1,234.00)", "-1234.00"), ("1,234.00", "1234.00")]),
            ("thirty (30) days", &[("thirty", "30"), ("30", "30")]),
            ("the 5th floor", &[("5th", "5")]),
            ("$1.25 million and $85k", &[("$1.25 million", "1250000"), ("$85k", "85000")]),
            ("3 m of 5kg", &[("3", "3"), ("5", "5")]),
            ("A4, 3fa85f, INV-0042, Room #12", &[("0042", "42"), ("12", "12")]),
            ("version 1.2.3", &[]),
            ("Twelve of 007", &[("Twelve", "12"), ("007", "7")]),
            ("0.5", &[("0.5", "0.5")]),
        ];
        for (text, expected) in cases {
            let mut expected: Vec<_> =
                expected.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
            let mut found = meanings(text);
            expected.sort();
            found.sort();
            assert_eq!(found, expected, "{text}");
        }
    }

    fn grouped(whole: u64, separator: &str) -> String {
        let digits = whole.to_string();
        let mut text = String::new();
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                text.push_str(separator);
            }
            text.push(digit);
        }
        text
    }

    proptest! {
        #[test]
        fn formatted_amounts_come_back(whole in 0_u64..10_000_000_000, cents in 0_u64..100) {
            let expected = format!("{whole}.{cents:02}");
            for (thousands, decimal) in [(",", "."), (".", ","), ("'", "."), ("\u{202f}", ",")] {
                let amount = format!("{}{decimal}{cents:02}", grouped(whole, thousands));
                let found = meanings(&format!("Total due: {amount}; thanks"));
                prop_assert_eq!(&found, &[(amount, expected.clone())]);
            }
        }

        #[test]
        fn whatever_is_found_stands_in_the_text_and_is_a_number(text in "[-0-9.,'$€()% a-z]{0,40}") {
            for (literal, meaning) in meanings(&text) {
                prop_assert!(text.contains(&literal));
                prop_assert!(serde_json::from_str::<serde_json::Number>(&meaning).is_ok(), "{}", meaning);
            }
        }
    }
}
