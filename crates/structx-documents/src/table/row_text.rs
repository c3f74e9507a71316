//! Column names and values in the text of a row, one column per line.

/// The indentation of a value's continuation lines.
const CONTINUATION: &str = "  ";
/// The most characters per byte of a value's JSON: U+0085 has two bytes and becomes three characters
/// with the indentation after it.
pub(super) const MOST_CHARACTERS_PER_BYTE: usize = 2;

/// Whether a reader may see a line break at the character: the set of Python's `str.splitlines`,
/// which is larger than that of UAX #14.
pub(super) fn is_line_break(character: char) -> bool {
    matches!(
        character,
        '\n'..='\r' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}'
    )
}

/// Pushes a column name in one line, without leading spaces, which would make it look like a
/// continuation line.
pub(super) fn push_name(text: &mut String, name: &str) {
    let name = name.trim_start();
    text.extend(
        name.chars().map(|character| if is_line_break(character) { ' ' } else { character }),
    );
}

/// Pushes a value with its continuation lines indented.
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

/// The column whose value holds a byte of a row's text; `None` if it is in a name.
pub(super) fn column_at<'a>(columns: &'a [String], text: &str, at: usize) -> Option<&'a str> {
    let mut start = 0;
    let mut found = None;
    for line in text.split_inclusive('\n') {
        if start > at {
            break;
        }
        if !line.starts_with(CONTINUATION) {
            let value_of = |column: &'a String| {
                let mut name = String::new();
                push_name(&mut name, column);
                let value = line.strip_prefix(name.as_str())?.strip_prefix(": ")?;
                Some((column.as_str(), start + line.len() - value.len()))
            };
            // The longest name: that of another column may be its beginning.
            found = columns.iter().filter_map(value_of).max_by_key(|(_, value)| *value);
        }
        start += line.len();
    }
    found.filter(|(_, value)| at >= *value).map(|(column, _)| column)
}

#[cfg(test)]
mod tests {
    use super::{column_at, push_name, push_value};

    #[test]
    fn a_byte_is_in_the_column_of_its_line() {
        let columns = ["a", "a: b", "net\namount"].map(str::to_owned);
        let text = "a: 1\n  a: 2\na: b: 3\nnet amount: 4";
        let column = |part: &str| column_at(&columns, text, text.find(part).unwrap());
        assert_eq!(column("1"), Some("a"));
        assert_eq!(column("2"), Some("a"));
        assert_eq!(column("3"), Some("a: b"));
        assert_eq!(column("4"), Some("net\namount"));
        assert_eq!(column("net"), None);
        assert_eq!(column_at(&columns, "", 0), None);
    }

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
