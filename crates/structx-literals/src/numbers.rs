//! Finds numbers in text, in the notations that people use.
//!
//! Recognised are numbers with or without groups of three (`1,982.50`, `1.982,50`, `1 982,50`,
//! `1'982.50`), with a currency, a percent sign (`19%` is 19), an ordinal suffix, a magnitude (`$1.2
//! million`, `3,5 Mio. EUR`), a minus sign or accounting brackets, and number words up to twelve and for
//! tens.
//!
//! `1,234` and `1.234` are ambiguous. In a document that writes a decimal comma elsewhere (`12,50`,
//! `1.234,56`) the dot separates thousands, in any other document the comma.

use std::ops::Range;
use std::sync::LazyLock;

use regex::{Captures, Regex};
use structx_common::{CURRENCIES, CURRENCY_SIGNS, Side, is_spelled};

use crate::separators::{DecimalMark, join, meaning};
use crate::{Number, Unit, containing, pattern};

/// The signs and codes of currencies on one side of an amount as a pattern. They are whole words.
fn currencies(side: Side) -> String {
    let signs = CURRENCY_SIGNS.iter().filter(|sign| [side, Side::Either].contains(&sign.side));
    let words = signs.map(|sign| sign.text).chain(CURRENCIES);
    let edge = |is_edge: bool| if is_edge { r"\b" } else { "" };
    let patterns = words.map(|word| {
        let begins = side == Side::Before && word.starts_with(is_spelled);
        let ends = side == Side::After && word.ends_with(is_spelled);
        format!("{}{}{}", edge(begins), regex::escape(word), edge(ends))
    });
    patterns.collect::<Vec<_>>().join("|")
}

static NUMBER: LazyLock<Regex> = LazyLock::new(|| {
    let (before, after) = (currencies(Side::Before), currencies(Side::After));
    pattern(&format!(
        r"(?x)
        (?P<bracket>\()?
        (?P<sign>[-\u{{2212}}])?
        (?P<before>(?:{before})[\x20\u{{a0}}]?(?P<inner>[-\u{{2212}}])?)?
        (?P<digits>\d+(?:[.,'\u{{2019}}\u{{a0}}\u{{202f}}\u{{2009}}]\d+)*)
        (?:
            (?P<percent>[\x20\u{{a0}}]?(?:%|(?i:percent|per\x20cent|prozent)\b))
          | (?P<ordinal>(?:st|nd|rd|th)\b)
          | [\x20\u{{a0}}]?(?P<magnitude>(?i:
                (?:thousand|tausend|k
                | millions?|millionen|millones|milioni|milhões|miljoen|m
                | billions?|bn|milliarden?|milliards?|miliardi|miljard)\b
                | (?:tsd|mio|mrd)\b\.?
            ))
        )?
        (?P<after>[\x20\u{{a0}}]?(?:{after}))?
        (?P<close>\))?"
    ))
});

/// Groups separated by plain spaces; a currency or decimals distinguish them from adjacent numbers.
static SPACED: LazyLock<Regex> = LazyLock::new(|| {
    let (before, after) = (currencies(Side::Before), currencies(Side::After));
    pattern(&format!(
        r"(?P<before>(?:{before})\x20?)?(?P<digits>\d{{1,3}}(?:\x20\d{{3}})+)(?P<decimals>,\d{{1,2}})?(?P<after>\x20?(?:{after}))?"
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

/// The numbers of a text, in its order; inside the sorted ranges of `dates`, only the years.
#[must_use]
pub fn find(text: &str, dates: &[Range<usize>]) -> Vec<Number> {
    let mut found = Vec::new();
    if text.bytes().any(|byte| byte.is_ascii_digit()) {
        let spaced: Vec<Number> =
            SPACED.captures_iter(text).filter_map(|captures| spaced(text, &captures)).collect();
        let ranges: Vec<Range<usize>> = spaced.iter().map(|number| number.range.clone()).collect();
        let mark = DecimalMark::of(text);
        for captures in NUMBER.captures_iter(text) {
            for mut number in read(text, &captures, dates, mark) {
                number.is_doubtful |= containing(&ranges, number.amount.start).is_some();
                found.push(number);
            }
        }
        found.extend(spaced);
    }
    for word in WORD.find_iter(text) {
        let value = WORDS.iter().find(|(name, _)| word.as_str().eq_ignore_ascii_case(name));
        found.extend(value.map(|(_, value)| plain(word.range(), value)));
    }
    found.sort_by_key(|number| number.range.start);
    found
}

/// A number in groups with spaces between them, if something marks it as one.
fn spaced(text: &str, captures: &Captures<'_>) -> Option<Number> {
    let span = |name| captures.name(name).map(|found| found.range());
    let is_marked = ["before", "decimals", "after"].iter().any(|name| span(name).is_some());
    let range = captures.get_match().range();
    if !is_marked || !stands_alone(text, &range) {
        return None;
    }
    let groups = captures["digits"].replace(' ', "");
    let decimals = captures.name("decimals").map_or("", |found| &found.as_str()[1..]);
    // `2 150,00` may be a quantity and a price, but not if it fills a cell or follows a currency.
    let before = text[..range.start].trim_end_matches(' ');
    let fills = before.is_empty() || before.ends_with(['\n', '|', ':', '\t']);
    Some(Number {
        amount: span("digits")?.start..span("decimals").or(span("digits"))?.end,
        value: join(&groups, decimals),
        other_mark: None,
        unit: currency(captures),
        is_doubtful: !fills && span("before").is_none(),
        range,
    })
}

/// The readings of one match: a number in brackets may be negative or only parenthesised.
fn read(
    text: &str,
    captures: &Captures<'_>,
    dates: &[Range<usize>],
    mark: DecimalMark,
) -> Vec<Number> {
    let Some(digits) = captures.name("digits") else { return Vec::new() };
    if let Some(date) = containing(dates, digits.start()) {
        let is_year = digits.len() == 4 && digits.end() <= date.end;
        return if is_year { vec![plain(digits.range(), digits.as_str())] } else { Vec::new() };
    }
    let parts = Parts::of(text, captures, digits.range());
    let magnitude = parts.magnitude.clone().map(|range| &text[range]);
    let Some((value, other_mark)) = meaning(digits.as_str(), mark, magnitude) else {
        return Vec::new();
    };
    if !stands_alone(text, &parts.whole) {
        return Vec::new();
    }
    let percent = captures.name("percent").map(|_| Unit::Percent);
    let reading = |range: Range<usize>, is_negative: bool| {
        let signed = |value: &String| {
            if is_negative { format!("-{value}") } else { value.clone() }
        };
        Number {
            amount: if is_negative { range.start..parts.end } else { digits.start()..parts.end },
            range,
            value: signed(&value),
            other_mark: other_mark.as_ref().map(signed),
            unit: percent.or_else(|| currency(captures)),
            is_doubtful: false,
        }
    };
    let mut readings = vec![reading(parts.whole.clone(), parts.is_negative)];
    // A model may copy an amount without its currency, but not without its minus sign.
    if parts.has_money && !parts.is_negative && parts.magnitude.is_none() {
        readings.push(reading(digits.start()..parts.bare_end, false));
    }
    let is_accounting = parts.has_money || digits.as_str().contains(['.', ',']);
    if let (Some(open), Some(close)) = (captures.name("bracket"), captures.name("close"))
        && is_accounting
        && !parts.is_negative
        && close.start() == parts.whole.end
    {
        let is_aside = is_aside(text, open.start());
        for number in &mut readings {
            number.is_doubtful = !is_aside;
        }
        let range = open.start()..close.end();
        let amount = range.clone();
        readings.push(Number { amount, is_doubtful: is_aside, ..reading(range, true) });
    }
    readings
}

/// A number that is written as its value.
fn plain(range: Range<usize>, value: &str) -> Number {
    Number {
        amount: range.clone(),
        range,
        value: value.to_owned(),
        other_mark: None,
        unit: None,
        is_doubtful: false,
    }
}

/// The parts of a match that its readings share.
struct Parts {
    /// With sign, currency, percent sign, ordinal suffix and magnitude, without brackets.
    whole: Range<usize>,
    /// The end of the digits with all but the currency, and with their magnitude only.
    bare_end: usize,
    end: usize,
    magnitude: Option<Range<usize>>,
    has_money: bool,
    is_negative: bool,
}

impl Parts {
    fn of(text: &str, captures: &Captures<'_>, digits: Range<usize>) -> Self {
        let span = |name| captures.name(name).map(|found| found.range());
        let (before, after) = (span("before"), span("after"));
        let has_money = before.is_some() || after.is_some();
        // A short one is a magnitude only with a currency: `$85k`, but not `3 m`.
        let magnitude = span("magnitude").filter(|unit| has_money || unit.len() > 2);
        let end = magnitude.as_ref().map_or(digits.end, |magnitude| magnitude.end);
        let suffix = span("percent").or_else(|| span("ordinal"));
        let bare_end = suffix.map_or(end, |suffix| suffix.end);
        let sign = span("sign").filter(|sign| may_be_negative(text, sign.start));
        let first = sign.clone().or(before).map_or(digits.start, |first| first.start);
        Self {
            whole: first..after.map_or(bare_end, |after| after.end),
            bare_end,
            end,
            magnitude,
            has_money,
            is_negative: sign.is_some() || span("inner").is_some(),
        }
    }
}

fn currency(captures: &Captures<'_>) -> Option<Unit> {
    let beside = captures.name("before").or_else(|| captures.name("after"))?;
    Unit::currency(beside.as_str().trim_matches([' ', '\u{a0}', '-', '\u{2212}']))
}

/// Whether a bracket continues a sentence, as in `thirty-five dollars ($35.00)`, where it does not negate.
fn is_aside(text: &str, bracket: usize) -> bool {
    let before = text[..bracket].strip_suffix(' ');
    before.is_some_and(|before| before.ends_with(char::is_lowercase))
}

/// The most letters of a unit that is written to its number, such as `10mmol`: chosen by hand.
const LONGEST_UNIT: usize = 4;

/// Whether the number is not part of a name or code: no letter before it, at most a unit after it
/// (`5kg`).
fn stands_alone(text: &str, range: &Range<usize>) -> bool {
    let before = text[..range.start].chars().next_back();
    let end = &text[range.end..];
    let unit =
        end.chars().take(LONGEST_UNIT + 1).take_while(|letter| letter.is_alphabetic()).count();
    let after = end.chars().nth(unit);
    !before.is_some_and(|letter| letter.is_alphanumeric() || letter == '_')
        && unit <= LONGEST_UNIT
        && !(unit > 0 && after.is_some_and(|letter| letter.is_ascii_digit()))
}

/// Whether a minus sign negates: `-5` is negative, but the dash in `10-20` or `INV-7` joins.
fn may_be_negative(text: &str, sign: usize) -> bool {
    let before = text[..sign].chars().next_back();
    before.is_none_or(|letter| letter.is_whitespace() || "(|:;,=".contains(letter))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Unit, find};

    fn meanings(text: &str) -> Vec<(String, String)> {
        let found = find(text, &[]).into_iter();
        found.map(|found| (text[found.range].to_owned(), found.value)).collect()
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
            ("RM39.00", &[("RM39.00", "39.00"), ("39.00", "39.00")]),
            ("FORM39, 5 kroner", &[("5", "5")]),
            ("FORM 1040, OPEN 24 hours", &[("1040", "1040"), ("24", "24")]),
            ("2 RM 39.00", &[("2", "2"), ("RM 39.00", "39.00"), ("39.00", "39.00")]),
            ("kr. 149", &[("kr. 149", "149"), ("149", "149")]),
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

    #[test]
    fn reads_magnitudes_and_percentages_in_words() {
        for (text, literal, value) in [
            ("umsatz 3,5 Mio. EUR", "3,5 Mio. EUR", "3500000"),
            ("2 Milliarden Euro", "2 Milliarden", "2000000000"),
            ("1,2 millions", "1,2 millions", "1200000"),
            ("EUR 1.2 million", "EUR 1.2 million", "1200000"),
            ("19 Prozent", "19 Prozent", "19"),
            ("7 per cent of it", "7 per cent", "7"),
        ] {
            assert_eq!(meanings(text)[0], (literal.to_owned(), value.to_owned()), "{text}");
        }
    }

    #[test]
    fn units_stand_beside_numbers() {
        for (text, unit) in [
            ("19 %", Some(Unit::Percent)),
            ("€ 5", Unit::currency("EUR")),
            ("-$5", Unit::currency("$")),
            ("US$-5", Unit::currency("USD")),
            ("1 234,50 CHF", Unit::currency("CHF")),
            ("RM39.00", Unit::currency("MYR")),
            ("Rs.1,250", Unit::currency("Rs")),
            ("Rp 10.000", Unit::currency("IDR")),
            ("R$ 12,50", Unit::currency("BRL")),
            ("149,90 kr", Unit::currency("kr")),
            ("12 000 zł", Unit::currency("PLN")),
            ("5000円", Unit::currency("JPY")),
            ("5 kg", None),
        ] {
            assert!(find(text, &[]).iter().any(|number| number.unit == unit), "{text}");
        }
    }

    #[test]
    fn an_amount_is_what_says_the_value() {
        for (text, amount) in [
            ("USD 5.00", "5.00"),
            ("-5", "-5"),
            ("-$5.00", "-$5.00"),
            ("19 %", "19"),
            ("5th", "5"),
            ("EUR 1.2 million", "1.2 million"),
        ] {
            assert_eq!(&text[find(text, &[])[0].amount.clone()], amount, "{text}");
        }
        let text = "| (1,234.50) |";
        assert_eq!(&text[find(text, &[])[0].amount.clone()], "(1,234.50)");
    }

    #[test]
    fn what_the_text_leaves_open_is_marked() {
        let doubtful = |text: &str| -> Vec<String> {
            let found = find(text, &[]).into_iter();
            found.filter(|number| number.is_doubtful).map(|number| number.value).collect()
        };
        assert_eq!(doubtful("Loss | (1,234.50) |"), ["1234.50"]);
        assert_eq!(doubtful("of five dollars ($5.00)"), ["-5.00"]);
        assert_eq!(doubtful("Tea 2 150,00"), ["2", "2150.00", "150.00"]);
        assert_eq!(doubtful("Summe: 2 150,00"), ["2", "150.00"]);
        assert_eq!(doubtful("5 and 1,234.50"), [""; 0]);
        let other = |text: &str| find(text, &[])[0].other_mark.clone();
        assert_eq!(other("1.234").as_deref(), Some("1234"));
        assert_eq!(other("-1,234").as_deref(), Some("-1.234"));
        assert_eq!(other("1.234 and 5,50"), None);
        assert_eq!(other("1,234 and 5.50"), None);
        assert_eq!(other("1,234,567"), None);
        assert_eq!(other("0.125"), None);
    }

    #[test]
    fn many_numbers_take_linear_time() {
        let text = "12.50 ".repeat(200_000);
        let start = std::time::Instant::now();
        assert_eq!(find(&text, &vec![0..5; 100_000]).len(), 199_999);
        assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
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
