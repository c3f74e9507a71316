//! The separators of digits: which are decimal marks, and which separate thousands.

use std::sync::LazyLock;

use regex::Regex;

use crate::pattern;

/// The decimal mark of a document, as far as its numbers show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecimalMark {
    Comma,
    Point,
    Unknown,
}

impl DecimalMark {
    /// Counts the numbers that need a decimal comma, and those that need a decimal point.
    pub fn of(text: &str) -> Self {
        static COMMA: LazyLock<Regex> = LazyLock::new(|| {
            pattern(r"(?:^|[^\d.,])\d+(?:[.\s]\d{3})*,\d{1,2}(?:$|[^\d.,]|[.,](?:\D|$))")
        });
        static POINT: LazyLock<Regex> = LazyLock::new(|| {
            pattern(r"(?:^|[^\d.,])\d+(?:,\d{3})*\.\d{1,2}(?:$|[^\d.,]|[.,](?:\D|$))")
        });
        let (commas, points) = (COMMA.find_iter(text).count(), POINT.find_iter(text).count());
        match commas.cmp(&points) {
            std::cmp::Ordering::Greater => Self::Comma,
            std::cmp::Ordering::Equal if commas == 0 => Self::Unknown,
            _ => Self::Point,
        }
    }
}

/// Digits with separators in JSON's notation, and their value with the other decimal mark if that is open;
/// `None` if they are not a number (`1.2.3`).
pub fn meaning(
    digits: &str,
    mark: DecimalMark,
    magnitude: Option<&str>,
) -> Option<(String, Option<String>)> {
    let (whole, decimals, is_open) = split(digits, mark)?;
    let value = shifted(&whole, decimals, magnitude);
    let other = is_open.then(|| {
        if decimals.is_empty() {
            let at = whole.len() - 3;
            shifted(&whole[..at], &whole[at..], magnitude)
        } else {
            shifted(&format!("{whole}{decimals}"), "", magnitude)
        }
    });
    Some((value, other))
}

/// The number with its magnitude. 1.25 million: the point moves six digits to the right.
fn shifted(whole: &str, decimals: &str, magnitude: Option<&str>) -> String {
    let Some(magnitude) = magnitude else { return join(whole, decimals) };
    let magnitude = magnitude.to_lowercase();
    let is_one_of = |starts: &[&str]| starts.iter().any(|start| magnitude.starts_with(start));
    let zeros = match magnitude.as_str() {
        "k" => 3,
        "m" => 6,
        _ if is_one_of(&["thousand", "tausend", "tsd"]) => 3,
        _ if is_one_of(&["millia", "milia", "milja", "mrd", "b"]) => 9,
        _ => 6,
    };
    let moved = format!("{decimals:0<zeros$}");
    let (digits, rest) = moved.split_at(zeros);
    join(&format!("{whole}{digits}"), rest)
}

/// The integer digits without separators, the decimals, and whether the only separator may be the other
/// one of decimal mark and separator of thousands.
fn split(digits: &str, mark: DecimalMark) -> Option<(String, &str, bool)> {
    let separators: Vec<(usize, char)> =
        digits.char_indices().filter(|(_, letter)| !letter.is_ascii_digit()).collect();
    let Some(&(at, last)) = separators.last() else { return Some((digits.to_owned(), "", false)) };
    let tail = &digits[at + last.len_utf8()..];
    let repeated = separators.iter().filter(|(_, letter)| *letter == last).count() > 1;
    let mixed = separators.iter().any(|(_, letter)| *letter != last);
    let groups = is_grouped(digits);
    let either = matches!(last, '.' | ',') && !repeated && !mixed && groups;
    let decimal = match last {
        '.' | ',' if repeated => false,
        '.' | ',' if mixed || !groups => true,
        '.' => mark != DecimalMark::Comma,
        ',' => mark == DecimalMark::Comma,
        _ => false,
    };
    let (whole, decimals) = if decimal { (&digits[..at], tail) } else { (digits, "") };
    if whole.contains(|letter: char| !letter.is_ascii_digit()) && !is_grouped(whole) {
        return None;
    }
    let whole = whole.chars().filter(char::is_ascii_digit).collect();
    Some((whole, decimals, either && mark == DecimalMark::Unknown))
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

/// The number of JSON, without leading zeros.
pub fn join(whole: &str, decimals: &str) -> String {
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    if decimals.is_empty() { whole.to_owned() } else { format!("{whole}.{decimals}") }
}
