//! Other spellings of enum values, booleans and null.

use serde_json::Value;

/// The minimum length at which a typo is corrected: a shorter word may be another word. Chosen by hand,
/// not measured.
const MIN_TYPO_CHARS: usize = 5;
/// The maximum length of words that are compared for typos; bounds the cost. Chosen by hand, not
/// measured.
const MAX_TYPO_CHARS: usize = 100;

/// `value` without case, spaces, quotation marks and word separators. Signs that distinguish values
/// stay (`-1`, `1.5`, `A+`, `C#`).
fn folded(value: &str) -> String {
    let letters: Vec<char> = value.trim().chars().flat_map(char::to_lowercase).collect();
    let is_digit = |at: Option<usize>| {
        at.and_then(|at| letters.get(at)).is_some_and(|letter| letter.is_numeric())
    };
    let stays = |&(at, letter): &(usize, &char)| match letter {
        '-' | '\u{2212}' => {
            at == letters.len() - 1 || is_digit(Some(at + 1)) || is_digit(at.checked_sub(1))
        }
        '.' | ',' | '/' | ':' => is_digit(Some(at + 1)),
        '_' | ';' | '(' | ')' | '"' | '\'' | '`' | '!' | '?' => false,
        letter => letter.is_alphanumeric() || letter.is_ascii_punctuation(),
    };
    letters.iter().enumerate().filter(stays).map(|(_, letter)| *letter).collect()
}

/// The only value of `listed` that differs from `word` in case, spaces and punctuation alone, or in one
/// typo.
pub fn closest<'v>(word: &str, listed: &'v [Value]) -> Option<&'v str> {
    let wanted = folded(word);
    if wanted.is_empty() {
        return None;
    }
    let options = || listed.iter().filter_map(Value::as_str).map(|option| (option, folded(option)));
    let mut same = options().filter(|(_, option)| *option == wanted);
    match (same.next(), same.next()) {
        (Some((option, _)), None) => return Some(option),
        (Some(_), Some(_)) => return None,
        (None, _) => {}
    }
    let mut near = options().filter(|(_, option)| is_typo(&wanted, option));
    match (near.next(), near.next()) {
        (Some((option, _)), None) => Some(option),
        _ => None,
    }
}

/// Whether the words differ by one letter that is changed, added, missing, or swapped with the next
/// (Damerau-Levenshtein distance 1). The first letter and digits must be equal, since they distinguish
/// words.
fn is_typo(one: &str, other: &str) -> bool {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let sizes = [one.len(), other.len()];
    if sizes.iter().any(|size| !(MIN_TYPO_CHARS..=MAX_TYPO_CHARS).contains(size))
        || sizes[0].abs_diff(sizes[1]) > 1
        || one[0] != other[0]
        || !one.iter().filter(|c| c.is_numeric()).eq(other.iter().filter(|c| c.is_numeric()))
    {
        return false;
    }
    let same = one.iter().zip(&other).take_while(|(one, other)| one == other).count();
    let (one, other) = (&one[same..], &other[same..]);
    let is_swapped = one.len() > 1 && other.len() > 1 && one[0] == other[1] && one[1] == other[0];
    let ends = [(1, 1), (1, 0), (0, 1)].into_iter().chain(is_swapped.then_some((2, 2)));
    ends.into_iter().any(|(first, second)| {
        let (one, other) = (one.get(first..), other.get(second..));
        one.is_some() && one == other
    })
}

/// The boolean that an English word stands for.
pub fn boolean(word: &str) -> Option<bool> {
    match word.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" => Some(true),
        "false" | "no" => Some(false),
        _ => None,
    }
}

/// Whether a word stands for the absence of a value.
pub fn is_null(word: &str) -> bool {
    let word = word.trim().to_ascii_lowercase();
    ["null", "none", "nil", "n/a", "na", "nan", "undefined"].contains(&word.as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{boolean, closest, is_null};

    #[test]
    fn only_one_listed_value_can_be_meant() {
        let kinds = json!(["invoice", "credit_note", "Über-Nacht", "thousand", "million", 5]);
        let cases = [
            ("INVOICE", Some("invoice")),
            (" Credit Note. ", Some("credit_note")),
            ("creditNote", Some("credit_note")),
            ("über nacht", Some("Über-Nacht")),
            ("invoise", Some("invoice")),
            ("invocie", Some("invoice")),
            ("invoic", Some("invoice")),
            ("invoices", Some("invoice")),
            ("nvoice", None),
            ("invois", None),
            ("billion", None),
            ("5", None),
            ("", None),
            ("...", None),
        ];
        for (word, expected) in cases {
            assert_eq!(closest(word, kinds.as_array().unwrap()), expected, "{word}");
        }
    }

    #[test]
    fn signs_tell_values_apart() {
        for (word, listed) in [
            ("1.5", json!(["15", "20"])),
            ("-1", json!(["1", "2"])),
            ("A+", json!(["A", "B"])),
            ("A-", json!(["A", "B"])),
            ("C++", json!(["C", "Java"])),
        ] {
            assert_eq!(closest(word, listed.as_array().unwrap()), None, "{word}");
        }
        let grades = json!(["A", "A-", "1.5"]);
        for (word, meant_for) in [("a-", "A-"), ("\"a\"", "A"), ("1.5.", "1.5")] {
            assert_eq!(closest(word, grades.as_array().unwrap()), Some(meant_for), "{word}");
        }
    }

    #[test]
    fn what_could_be_two_values_is_none() {
        let cases: [(&str, Value); 5] = [
            ("A b", json!(["ab", "a-b"])),
            ("stark", json!(["start", "stars"])),
            ("year 2025", json!(["year 2024"])),
            ("paid", json!(["said"])),
            ("2024", json!(["2025"])),
        ];
        for (word, listed) in cases {
            assert_eq!(closest(word, listed.as_array().unwrap()), None, "{word}");
        }
    }

    #[test]
    fn yes_no_and_nothing() {
        assert_eq!(
            ["True", "yes", "NO", " false", "ja", "1"].map(boolean),
            [Some(true), Some(true), Some(false), Some(false), None, None]
        );
        assert!(["None", "N/A", "null"].iter().all(|word| is_null(word)));
        assert!(!["", "-", "no", "nonexistent"].iter().any(|word| is_null(word)));
    }
}
