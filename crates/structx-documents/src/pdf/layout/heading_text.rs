//! What the text of a block says on whether it is a heading.

/// The words that begin the caption of a figure or a table, with its number.
const CAPTIONS: [&str; 29] = [
    "figure",
    "figures",
    "fig",
    "figs",
    "table",
    "tables",
    "tab",
    "listing",
    "algorithm",
    "chart",
    "exhibit",
    "scheme",
    "abbildung",
    "abb",
    "tabelle",
    "tableau",
    "graphique",
    "figura",
    "tabla",
    "tabela",
    "рисунок",
    "рис",
    "таблица",
    "табл",
    "图",
    "表",
    "그림",
    "표",
    "図",
];
/// The most digits of the number of a section: a year has more.
const MOST_DIGITS: usize = 3;
/// The most letters of a Roman number of a section: that of 18 has the most up to 20.
const MOST_ROMAN: usize = 5;
/// The least letters of a text in capitals: chosen by hand. Fewer are an abbreviation.
const LEAST_CAPITALS: usize = 4;
/// The dots that lead to a page number.
const LEADERS: [&str; 2] = ["....", ". . . ."];

/// Whether the text is the caption of a figure or a table.
pub(super) fn is_caption(text: &str) -> bool {
    let text = text.trim_start_matches(['[', '(', '<', '【']);
    let end = text.find(|character: char| !character.is_alphabetic()).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    let rest = rest.trim_start_matches(|c: char| c == '.' || c.is_whitespace());
    let number: String = rest.chars().take_while(char::is_ascii_alphanumeric).collect();
    let is_number = number.starts_with(|c: char| c.is_ascii_digit()) || is_ordinal(&number);
    is_number && CAPTIONS.contains(&word.to_lowercase().as_str())
}

/// The text after the number of a section, such as `2`, `2.1`, `B.2`, `A.` and `IV.`.
pub(super) fn after_number(text: &str) -> Option<&str> {
    let (number, rest) = text.split_once(char::is_whitespace)?;
    let inner = number.trim_end_matches(['.', ')']);
    let mut parts = inner.split('.');
    let first = parts.next()?;
    // A letter alone may be a word.
    let is_ended = number.contains(['.', ')']);
    let is_number = is_digits(first) || (is_ended && is_ordinal(first));
    // The day of a date, or the number of a page.
    if inner == number && first == inner && rest.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    (is_number && parts.all(is_digits)).then(|| rest.trim_start())
}

/// Whether the text is in capitals.
pub(super) fn is_capitals(text: &str) -> bool {
    let letters = || text.chars().filter(|character| character.is_alphabetic());
    letters().count() >= LEAST_CAPITALS && letters().all(char::is_uppercase)
}

/// Whether the text is a line of a table of contents.
pub(super) fn is_contents(text: &str) -> bool {
    LEADERS.iter().any(|leader| text.contains(leader))
}

fn is_digits(text: &str) -> bool {
    (1..=MOST_DIGITS).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether the text is a capital letter or a Roman number.
fn is_ordinal(text: &str) -> bool {
    let is_roman = |byte: u8| matches!(byte, b'I' | b'V' | b'X' | b'L');
    match text.as_bytes() {
        [letter] => letter.is_ascii_uppercase(),
        letters => {
            (2..=MOST_ROMAN).contains(&letters.len()) && letters.iter().all(|it| is_roman(*it))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{after_number, is_capitals, is_caption, is_contents};

    #[test]
    fn captions_begin_with_their_kind_and_number() {
        for text in [
            "Figure 3-1 A statement",
            "Table 2. Costs",
            "TABLE IV",
            "Fig. 7: x",
            "Table A-1. Costs",
            "Abb. 2 Der Aufbau",
            "图1 系统",
            "[표 1] 비교",
        ] {
            assert!(is_caption(text), "{text}");
        }
        for text in ["Tables and figures", "Figure skating", "2 Figures", "Table of Contents"] {
            assert!(!is_caption(text), "{text}");
        }
    }

    #[test]
    fn numbers_of_sections_are_told_from_words() {
        for (text, rest) in [
            ("2 Method", Some("Method")),
            ("2.1.  Data", Some("Data")),
            ("B.2 Proofs", Some("Proofs")),
            ("IV. RESULTS", Some("RESULTS")),
            ("A) First", Some("First")),
            ("A first", None),
            ("I am", None),
            ("2019 Annual report", None),
            ("13 MARCH 2025", None),
            ("v2.1 of it", None),
            ("2", None),
        ] {
            assert_eq!(after_number(text), rest, "{text}");
        }
    }

    #[test]
    fn capitals_and_contents() {
        assert!(is_capitals("RELATED WORK") && !is_capitals("Related WORK") && !is_capitals("USA"));
        assert!(is_contents("2 Method ...... 7") && !is_contents("And so on ..."));
    }
}
