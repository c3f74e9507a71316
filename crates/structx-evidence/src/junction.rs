//! Compares what separates two letters or digits in a text and in a value.

use unicode_normalization::UnicodeNormalization;

use crate::fold::{Class, is_ignorable};

/// How alike two separators are, from the best to the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Junction {
    /// Alike but for whitespace, hyphens, marks of Markdown, pipes of tables and line breaks.
    Alike,
    /// With other punctuation, or a space within a word.
    Different,
    /// It says something else: digits of one number or of two, another sign or currency.
    Contrary,
}

/// Compares the separator of a text with that of a value; `None` where nothing separates the two
/// characters. `is_identifier`: the value is a code, whose digits may be in any groups.
pub fn compare(
    text: Option<&str>,
    value: Option<&str>,
    left: Class,
    right: Class,
    is_identifier: bool,
) -> Junction {
    let are_digits = left == Class::Digits && right == Class::Digits;
    match (text, value) {
        (Some(text), Some(value)) if text == value => Junction::Alike,
        (Some(text), Some(value)) => both(text, value, left, right, is_identifier),
        (Some(one), None) | (None, Some(one)) if are_digits => {
            if is_identifier && groups(one) {
                Junction::Alike
            } else {
                Junction::Contrary
            }
        }
        (Some(one), None) | (None, Some(one)) => {
            let joins = left != right || left == Class::Ideograph || is_hyphenation(one);
            if hard(one).next().is_some() || !joins { Junction::Different } else { Junction::Alike }
        }
        (None, None) => Junction::Alike,
    }
}

fn both(text: &str, value: &str, left: Class, right: Class, is_identifier: bool) -> Junction {
    let has_digits = left == Class::Digits || right == Class::Digits;
    if right == Class::Digits && ends_with_sign(text) != ends_with_sign(value) {
        return Junction::Contrary;
    }
    // The last cell of a row and the first of the next one belong to different things.
    if text.contains('|') && text.contains('\n') && !value.contains('\n') {
        return if has_digits { Junction::Contrary } else { Junction::Different };
    }
    if breaks_line(text, value) || breaks_line(value, text) {
        return Junction::Alike;
    }
    if left == Class::Digits && right == Class::Digits {
        let is_same = plain(text).eq(plain(value));
        let is_free = is_identifier && groups(text) && groups(value);
        return if is_same || is_free { Junction::Alike } else { Junction::Contrary };
    }
    if hard(text).eq(hard(value)) {
        Junction::Alike
    } else if has_digits && !symbols(text).eq(symbols(value)) {
        Junction::Contrary
    } else {
        Junction::Different
    }
}

/// Whether one separator ends a line or a cell where the other has a comma, as in an address.
fn breaks_line(one: &str, other: &str) -> bool {
    one.contains(['\n', '|'])
        && hard(one).next().is_none()
        && hard(other).eq([','])
        && other.ends_with(char::is_whitespace)
}

/// The characters of a separator that carry meaning, in one spelling each.
pub fn hard(separator: &str) -> impl Iterator<Item = char> {
    // A quote or a heading is marked at the beginning of a line only.
    let begins_line = separator.contains('\n');
    let letters = separator.chars().nfkc().map(spelling);
    letters.filter(move |letter| {
        let is_mark = matches!(letter, '*' | '_' | '`' | '|' | '\\')
            || (begins_line && matches!(letter, '#' | '>'));
        !is_mark && *letter != '-' && !letter.is_whitespace() && !is_ignorable(*letter)
    })
}

/// The symbols of a separator: what is neither a mark of a sentence nor a bracket or quote.
pub fn symbols(separator: &str) -> impl Iterator<Item = char> {
    hard(separator).filter(|letter| !".,;:!?…'\"()[]{}".contains(*letter))
}

/// One spelling for quotes and dashes.
fn spelling(letter: char) -> char {
    match letter {
        '‘' | '’' | '‚' | '‛' | '′' | '‹' | '›' => '\'',
        '“' | '”' | '„' | '‟' | '″' | '«' | '»' => '"',
        '‐'..='―' | '−' | '⁃' => '-',
        letter => letter,
    }
}

/// The separator with one space for whitespace, pipes and line breaks.
fn plain(separator: &str) -> impl Iterator<Item = char> {
    let mut was_space = false;
    let letters = separator.chars().map(spelling).filter(|letter| !is_ignorable(*letter));
    letters.filter_map(move |letter| {
        let is_space = letter.is_whitespace() || matches!(letter, '|' | '*' | '_' | '`');
        let is_first = is_space && !was_space;
        was_space = is_space;
        if is_space { is_first.then_some(' ') } else { Some(letter) }
    })
}

/// Whether the separator only groups the characters of a code on one line.
fn groups(separator: &str) -> bool {
    separator.chars().map(spelling).all(|letter| {
        matches!(letter, ' ' | '\u{a0}' | '\u{202f}' | '-' | '/' | '.' | '_' | '(' | ')')
    })
}

/// Whether the separator is a hyphen, at the end of a line or within a word.
fn is_hyphenation(separator: &str) -> bool {
    let mut letters = separator.chars().filter(|letter| !is_ignorable(*letter));
    letters.next().is_some_and(|letter| spelling(letter) == '-')
        && (separator.chars().count() == 1 || separator.contains('\n'))
        && letters.all(char::is_whitespace)
        || separator.chars().all(is_ignorable)
}

/// Whether the digits after the separator have a minus sign; the hyphen of `INV-5` is none.
pub fn ends_with_sign(separator: &str) -> bool {
    let mut letters = separator.chars().rev();
    letters.next().is_some_and(|letter| matches!(letter, '-' | '−'))
        && letters.next().is_some_and(|letter| letter.is_whitespace() || "(|:;,=".contains(letter))
}

#[cfg(test)]
mod tests {
    use super::{Class, Junction, compare};

    #[test]
    fn words_are_joined_by_what_means_nothing() {
        let words = |text, value| compare(text, value, Class::Letters, Class::Letters, false);
        for (text, value) in [
            (Some(" "), Some("\n")),
            (Some(" | "), Some(" ")),
            (Some("** "), Some(" ")),
            (Some("-"), Some(" ")),
            (Some("-\n"), None),
            (Some("-"), None),
            (None, Some("-")),
            (Some("’"), Some("'")),
            (Some("\n> "), Some(" ")),
            (Some("\n"), Some(", ")),
            (Some(", "), Some("\n")),
            (Some(" | "), Some(", ")),
        ] {
            assert_eq!(words(text, value), Junction::Alike, "{text:?} {value:?}");
        }
        for (text, value) in [
            (Some(". "), Some(" ")),
            (Some(" |\n| "), Some(" ")),
            (Some(" "), None),
            (Some("&"), Some(" ")),
            (Some(" - "), None),
            (Some(" > "), Some(" ")),
        ] {
            assert_eq!(words(text, value), Junction::Different, "{text:?} {value:?}");
        }
    }

    #[test]
    fn digits_are_joined_in_codes_only() {
        let digits = |text, value, code| compare(text, value, Class::Digits, Class::Digits, code);
        for separator in [" ", "-", ".", "/"] {
            assert_eq!(digits(Some(separator), None, false), Junction::Contrary);
            assert_eq!(digits(Some(separator), None, true), Junction::Alike);
        }
        assert_eq!(digits(Some("\n"), None, true), Junction::Contrary);
        assert_eq!(digits(Some("\n"), Some(", "), false), Junction::Alike);
        assert_eq!(digits(Some("\n"), Some(","), false), Junction::Contrary);
        assert_eq!(digits(Some("."), Some(","), false), Junction::Contrary);
        assert_eq!(digits(Some(" | "), Some(" "), false), Junction::Alike);
        assert_eq!(digits(Some("\u{2013}"), Some("-"), false), Junction::Alike);
    }

    #[test]
    fn signs_and_currencies_are_kept() {
        let amount =
            |text, value| compare(Some(text), Some(value), Class::Letters, Class::Digits, false);
        assert_eq!(amount(" -", " "), Junction::Contrary);
        assert_eq!(amount(" €", " $"), Junction::Contrary);
        assert_eq!(amount(" ", ""), Junction::Alike);
        assert_eq!(amount("-", " "), Junction::Alike);
        assert_eq!(amount(", ", " "), Junction::Different);
        assert_eq!(amount(" < ", " > "), Junction::Contrary);
    }
}
