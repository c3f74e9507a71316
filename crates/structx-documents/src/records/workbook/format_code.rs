//! Distinguishes dates and durations from numbers by their number format.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NumberKind {
    Number,
    Percent,
    /// A whole number with leading zeros up to this many digits.
    Padded(usize),
    /// A date, a time of day, or both.
    Moment,
    Duration,
}

/// The most digits of a number with leading zeros: those that Excel keeps.
const MOST_DIGITS: usize = 15;

/// The kind of a built-in format (ECMA-376 part 1, 18.8.30).
pub(super) fn built_in(id: u16) -> NumberKind {
    match id {
        9 | 10 => NumberKind::Percent,
        14..=22 | 27..=36 | 45 | 47 | 50..=58 => NumberKind::Moment,
        46 => NumberKind::Duration,
        _ => NumberKind::Number,
    }
}

/// The kind of a positive number in a format such as `yyyy-mm-dd` or `[h]:mm`.
pub(super) fn kind(code: &str) -> NumberKind {
    if (2..=MOST_DIGITS).contains(&code.len()) && code.bytes().all(|byte| byte == b'0') {
        return NumberKind::Padded(code.len());
    }
    let mut kind = NumberKind::Number;
    let mut characters = code.chars();
    while let Some(character) = characters.next() {
        match character {
            ';' => break,
            '"' => drop(characters.by_ref().find(|character| *character == '"')),
            // The next character is a literal, a space of its width, or repeated.
            '\\' | '_' | '*' => drop(characters.next()),
            '[' => {
                let inner: String =
                    characters.by_ref().take_while(|character| *character != ']').collect();
                let is_unit = |c: char| matches!(c.to_ascii_lowercase(), 'h' | 'm' | 's');
                if !inner.is_empty() && inner.chars().all(is_unit) {
                    return NumberKind::Duration;
                }
            }
            '%' => kind = NumberKind::Percent,
            'd' | 'D' | 'h' | 'H' | 'm' | 'M' | 's' | 'S' | 'y' | 'Y' => return NumberKind::Moment,
            _ => {}
        }
    }
    kind
}

#[cfg(test)]
mod tests {
    use super::{NumberKind, built_in, kind};

    #[test]
    fn codes() {
        for (code, expected) in [
            ("General", NumberKind::Number),
            ("0.00", NumberKind::Number),
            ("0", NumberKind::Number),
            ("00000", NumberKind::Padded(5)),
            ("#,##0.00\\ \"days\"", NumberKind::Number),
            ("[Red]0;dd", NumberKind::Number),
            ("0.00E+00", NumberKind::Number),
            ("0.0%", NumberKind::Percent),
            ("0\\ \"%\"", NumberKind::Number),
            ("_d0*d", NumberKind::Number),
            ("\"open", NumberKind::Number),
            ("yyyy\\-mm\\-dd", NumberKind::Moment),
            ("[$-409]h:mm AM/PM", NumberKind::Moment),
            ("D. MMM", NumberKind::Moment),
            ("[h]:mm", NumberKind::Duration),
            ("[SS].0", NumberKind::Duration),
        ] {
            assert_eq!(kind(code), expected, "{code}");
        }
        assert_eq!(
            [0, 14, 46].map(built_in),
            [NumberKind::Number, NumberKind::Moment, NumberKind::Duration]
        );
    }
}
