//! Parses numbers in quotes, in the notations that people use.
//!
//! Accepted are numbers with groups of three (`1,234.50`, `1.234,50`, `1 234,50`, `1'234.50`) or as in
//! India, with a currency, a percent sign (`12%` is 12), a plus or any minus sign, or in brackets as
//! accountants write negative amounts (`(1,234.50)` is -1234.50; `(5)` may be a note or a tuple). A plain
//! JSON number keeps its value (`1.234`); otherwise a single comma before three digits separates thousands
//! (`1,234` is 1234), where it can: `0,125` and `1234,567` have decimals. An amount such as `1.234 €` is
//! ambiguous and refused.

use structx_common::{CURRENCIES, CURRENCY_SIGNS};

/// The number that `text` represents, in JSON's notation.
pub fn read(text: &str) -> Option<String> {
    let text = text.trim();
    if is_json(text) {
        return Some(text.to_owned());
    }
    // A sign or brackets may be around a currency or beside it: `-$5`, `$-5`, `($5)`, `$(5)`.
    let (outer, text) = sign(text);
    let (given, text) = (text, without_unit(text));
    if text.len() < given.len() && !given.contains('%') && is_ambiguous(text) {
        return None;
    }
    let (inner, digits) = sign(text);
    if outer.is_some() && inner.is_some() {
        return None;
    }
    let number = unsigned(digits)?;
    let is_negative = outer.or(inner) == Some('-');
    Some(if is_negative { format!("-{number}") } else { number })
}

/// Whether `text` is a decimal number without exponent or grouping, as in a `Decimal` string.
pub fn is_plain(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    let mut both = whole.bytes().chain(decimals.bytes()).peekable();
    both.peek().is_some() && both.all(|byte| byte.is_ascii_digit())
}

/// Whether `text` is a JSON number.
pub fn is_json(text: &str) -> bool {
    text.starts_with(|first: char| first == '-' || first.is_ascii_digit())
        && serde_json::from_str::<serde_json::Number>(text).is_ok()
        && !text.ends_with(char::is_whitespace)
}

/// The integer part of a number such as `3.0`; `None` if it has other decimals.
pub fn without_zeros(number: &str) -> Option<&str> {
    let (whole, zeros) = number.split_once('.')?;
    (!zeros.is_empty() && zeros.bytes().all(|byte| byte == b'0')).then_some(whole)
}

fn sign(text: &str) -> (Option<char>, &str) {
    match text.chars().next() {
        Some(sign @ ('-' | '\u{2212}' | '\u{2013}')) => {
            (Some('-'), text[sign.len_utf8()..].trim_start())
        }
        Some('+') => (Some('+'), text[1..].trim_start()),
        Some('(')
            if text.ends_with(')') && text.contains(|c: char| !"()0123456789".contains(c)) =>
        {
            (Some('-'), text[1..text.len() - 1].trim())
        }
        _ => (None, text),
    }
}

/// `text` without a currency at either end or a percent sign.
fn without_unit(text: &str) -> &str {
    let is_symbol = |c: char| matches!(c, '₿' | '\u{20a0}'..='\u{20c0}');
    let words = || CURRENCIES.into_iter().chain(CURRENCY_SIGNS.into_iter().map(|sign| sign.text));
    let without_word = words()
        .find_map(|word| text.strip_prefix(word))
        .or_else(|| words().find_map(|word| text.strip_suffix(word)));
    let rest = without_word
        .or_else(|| text.strip_prefix(is_symbol))
        .or_else(|| text.strip_suffix(is_symbol))
        .or_else(|| text.strip_suffix('%'));
    rest.unwrap_or(text).trim()
}

/// Whether the point in an amount may separate thousands or decimals: `1.234 €`.
fn is_ambiguous(amount: &str) -> bool {
    amount.matches('.').count() == 1 && !amount.contains(',') && is_grouped(sign(amount).1)
}

fn unsigned(digits: &str) -> Option<String> {
    let is_digit = |c: char| c.is_ascii_digit();
    if !digits.ends_with(is_digit) || !digits.starts_with(|c| is_digit(c) || c == '.') {
        return None;
    }
    let separators: Vec<(usize, char)> =
        digits.char_indices().filter(|(_, letter)| !is_digit(*letter)).collect();
    let Some(&(at, last)) = separators.last() else { return Some(join(digits, "")) };
    let is_repeated = separators.iter().filter(|(_, letter)| *letter == last).count() > 1;
    let has_decimals = match last {
        '.' => !is_repeated,
        ',' => !is_repeated && (separators.len() > 1 || !is_grouped(digits)),
        _ => false,
    };
    let (whole, decimals) =
        if has_decimals { (&digits[..at], &digits[at + 1..]) } else { (digits, "") };
    let is_whole = whole.chars().all(is_digit) || is_grouped(whole);
    is_whole.then(|| join(whole, decimals))
}

/// Whether the digits are in groups of three, or as in India in groups of two before the last three,
/// with one separator throughout.
fn is_grouped(digits: &str) -> bool {
    let mut separators = digits.chars().filter(|letter| !letter.is_ascii_digit());
    let Some(separator) = separators.next() else { return false };
    let is_known = matches!(
        separator,
        ',' | '.' | '\'' | '\u{2019}' | ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}'
    );
    let sizes: Vec<usize> = digits.split(separator).map(str::len).collect();
    let (first, middle) = (sizes[0], &sizes[1..sizes.len() - 1]);
    is_known
        && separators.all(|other| other == separator)
        && !digits.starts_with('0')
        && (1..=3).contains(&first)
        && sizes.last() == Some(&3)
        && (middle.iter().all(|&size| size == 3)
            || separator == ',' && first <= 2 && middle.iter().all(|&size| size == 2))
}

fn join(whole: &str, decimals: &str) -> String {
    let whole: String = whole.chars().filter(char::is_ascii_digit).collect();
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    if decimals.is_empty() { whole.to_owned() } else { format!("{whole}.{decimals}") }
}

#[cfg(test)]
mod tests {
    use super::{is_plain, read, without_zeros};

    #[test]
    fn numbers_as_people_write_them() {
        let cases = [
            ("12", "12"),
            (" 12.50 ", "12.50"),
            ("1e3", "1e3"),
            ("1.234", "1.234"),
            ("007", "7"),
            (".5", "0.5"),
            ("+5", "5"),
            ("-1,234.50", "-1234.50"),
            ("\u{2212}5", "-5"),
            ("1,234", "1234"),
            ("1,234,567", "1234567"),
            ("1.234.567", "1234567"),
            ("12,34,567.5", "1234567.5"),
            ("1.234,50", "1234.50"),
            ("1 234,5", "1234.5"),
            ("1\u{202f}234 567", ""),
            ("1'234.5", "1234.5"),
            ("12,5", "12.5"),
            ("0,125", "0.125"),
            ("1,2345", "1.2345"),
            ("1234,567", "1234.567"),
            ("$1,234.50", "1234.50"),
            ("-$5", "-5"),
            ("$-5", "-5"),
            ("1.234,50 €", "1234.50"),
            ("EUR 12", "12"),
            ("12 USD", "12"),
            ("12%", "12"),
            ("12.5 %", "12.5"),
            ("(1,234.50)", "-1234.50"),
            ("($1,234.50)", "-1234.50"),
            ("$(1,234.50)", "-1234.50"),
            ("(500.00) EUR", "-500.00"),
            ("( 12% )", "-12"),
        ];
        for (text, number) in cases {
            assert_eq!(read(text).as_deref(), (!number.is_empty()).then_some(number), "{text}");
        }
    }

    #[test]
    fn what_is_no_number_or_more_than_one() {
        for text in [
            "1.234 €",
            "EUR -12.500",
            "",
            "-",
            "%",
            "€",
            ".",
            "5.",
            "abc",
            "12 kg",
            "1,23,4",
            "1.2.3",
            "1,234.5.6",
            "12-15",
            "--5",
            "-$-5",
            "1 2",
            "1_000",
            "0x1f",
            "NaN",
            "½",
            "12 34",
            "ab€",
            "1,,234",
            ",5",
            "€ EUR 5",
            "(5)",
            "(-5)",
            "-(5)",
            "((5))",
            "(5",
            "()",
            "(a)",
            "(1.234 €)",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn plain_decimals_and_zeros() {
        assert!(["1", "-1.50", "+2", ".5", "5."].into_iter().all(is_plain));
        assert!(!["", ".", "-", "1,5", "1e5", " 1", "1.2.3"].into_iter().any(is_plain));
        assert_eq!(
            ["3.0", "-3.00", "3.", "3.5", "3"].map(without_zeros),
            [Some("3"), Some("-3"), None, None, None]
        );
    }
}
