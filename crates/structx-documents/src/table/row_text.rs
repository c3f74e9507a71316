//! Names and values in the text of a row, where each column starts a line of its own.

/// Marks a further line of a value.
const CONTINUATION: &str = "  ";
/// Characters that a byte of a value's JSON becomes at most: a raw U+0085 has two bytes and becomes
/// itself and the mark behind it.
pub(super) const MOST_CHARACTERS_A_BYTE: usize = 2;

/// Characters at which a reader of the text may see a new line: those of Python's
/// `str.splitlines`, which has more than Unicode's line breaking rules (UAX #14).
pub(super) fn is_line_break(character: char) -> bool {
    matches!(
        character,
        '\n'..='\r' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}'
    )
}

/// Pushes the name of a column in one line and without a space before it, which would make it look
/// like a further line of the value above.
pub(super) fn push_name(text: &mut String, name: &str) {
    let name = name.trim_start();
    text.extend(
        name.chars().map(|character| if is_line_break(character) { ' ' } else { character }),
    );
}

/// Pushes a value with each of its further lines indented.
pub(super) fn push_value(text: &mut String, value: &str) {
    let mut characters = value.chars().peekable();
    while let Some(character) = characters.next() {
        text.push(character);
        let goes_on = character == '\r' && characters.peek() == Some(&'\n');
        if is_line_break(character) && !goes_on {
            text.push_str(CONTINUATION);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{push_name, push_value};

    #[test]
    fn further_lines_of_a_value_are_indented() {
        for (value, expected) in [
            ("hi\namount: 9", "hi\n  amount: 9"),
            ("hi\r\namount: 9", "hi\r\n  amount: 9"),
            ("hi\ramount: 9", "hi\r  amount: 9"),
            ("a\u{2028}b: 1\u{85}c: 2\u{b}d: 3", "a\u{2028}  b: 1\u{85}  c: 2\u{b}  d: 3"),
            ("a\n\nb", "a\n  \n  b"),
        ] {
            let mut text = String::new();
            push_value(&mut text, value);
            assert_eq!(text, expected);
        }
    }

    #[test]
    fn a_name_is_one_line() {
        let mut text = String::new();
        push_name(&mut text, "  net\namount");
        assert_eq!(text, "net amount");
    }
}
