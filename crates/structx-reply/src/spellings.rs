//! Other spellings of enum values, booleans and null.

use serde_json::Value;

use structx_schema::folded::{nfc, unaccented};

/// The minimum length at which a typo is corrected: a shorter word may be another word. Chosen by hand,
/// not measured.
const MIN_TYPO_CHARS: usize = 5;
/// The maximum length of words that are compared for typos; bounds the cost. Chosen by hand, not
/// measured.
const MAX_TYPO_CHARS: usize = 100;

/// The length of the longest word for the absence of a value.
const MAX_NULL_BYTES: usize = 9;

/// `value` without case, spaces, quotation marks and word separators. Signs that distinguish values
/// stay (`-1`, `1.5`, `A+`, `C#`).
fn folded(value: &str) -> String {
    let value = nfc(value.trim());
    let letters: Vec<char> = value.chars().flat_map(char::to_lowercase).collect();
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

/// The value of `listed` that `word` stands for: the one with the same letters in another Unicode form;
/// else the only one that differs in case, spaces and punctuation alone; else the only one that also
/// differs in accents, or in one typo.
pub fn closest<'v>(word: &str, listed: &'v [Value]) -> Option<&'v str> {
    let wanted = folded(word);
    if wanted.is_empty() {
        return None;
    }
    let options: Vec<(&str, String)> =
        listed.iter().filter_map(Value::as_str).map(|option| (option, folded(option))).collect();
    let word = nfc(word.trim());
    // The levels of likeness, the nearest first; the nearest that any option has decides.
    let found = (0..4).find_map(|level| {
        let mut alike = options.iter().filter(|(option, folded)| match level {
            0 => nfc(option) == word,
            1 => *folded == wanted,
            2 => unaccented(folded) == unaccented(&wanted),
            _ => is_typo(&wanted, folded),
        });
        let first = alike.next()?;
        Some(if alike.next().is_none() { Some(first.0) } else { None })
    });
    found.flatten()
}

/// `word` without Markdown's emphasis around it: `**yes**`, `_no_`, `` `5` ``.
pub fn without_emphasis(word: &str) -> &str {
    let mut plain = word.trim();
    for mark in ["**", "__", "*", "_", "`"] {
        let inside = plain.strip_prefix(mark).and_then(|rest| rest.strip_suffix(mark));
        plain = inside.filter(|inside| !inside.is_empty()).unwrap_or(plain);
    }
    plain
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

/// Whether a word, a dash or an empty text stands for the absence of a value.
pub fn is_null(word: &str) -> bool {
    const WORDS: [&str; 13] = [
        "",
        "-",
        "--",
        "\u{2013}",
        "\u{2014}",
        "null",
        "none",
        "nil",
        "n/a",
        "na",
        "n.a.",
        "nan",
        "undefined",
    ];
    let word = word.trim();
    word.len() <= MAX_NULL_BYTES && WORDS.contains(&word.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{boolean, closest, is_null, without_emphasis};

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
            ("u\u{308}ber-nacht", Some("Über-Nacht")),
            ("uber nacht", Some("Über-Nacht")),
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
        let cases: [(&str, Value); 6] = [
            ("A b", json!(["ab", "a-b"])),
            ("stark", json!(["start", "stars"])),
            ("year 2025", json!(["year 2024"])),
            ("paid", json!(["said"])),
            ("2024", json!(["2025"])),
            ("resume", json!(["résumé", "resumé"])),
        ];
        for (word, listed) in cases {
            assert_eq!(closest(word, listed.as_array().unwrap()), None, "{word}");
        }
    }

    #[test]
    fn accents_and_unicode_forms_tell_values_apart_where_both_are_listed() {
        let listed = json!(["resume", "résumé"]);
        for (word, meant) in
            [("resume", "resume"), ("re\u{301}sume\u{301}", "résumé"), ("RÉSUMÉ", "résumé")]
        {
            assert_eq!(closest(word, listed.as_array().unwrap()), Some(meant), "{word}");
        }
    }

    #[test]
    fn emphasis_is_no_part_of_a_word() {
        let words = ["**yes**", "__yes__", "*yes*", "`yes`", " yes ", "***yes***"];
        assert!(words.into_iter().all(|word| without_emphasis(word) == "yes"));
        assert_eq!(["**", "*yes", "a*b"].map(without_emphasis), ["**", "*yes", "a*b"]);
    }

    #[test]
    fn yes_no_and_nothing() {
        assert_eq!(
            ["True", "yes", "NO", " false", "ja", "1"].map(boolean),
            [Some(true), Some(true), Some(false), Some(false), None, None]
        );
        assert!(
            ["None", "N/A", "null", "", " ", "-", "–", "n.a."].iter().all(|word| is_null(word))
        );
        assert!(!["no", "nonexistent", "0", "---", "?"].iter().any(|word| is_null(word)));
    }
}
