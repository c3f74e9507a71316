//! Which numbers are dates: the format of their cell says so.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Number,
    /// A date, a time of day, or both.
    Moment,
    Duration,
}

/// The formats that a file needs not to write down.
pub(super) fn built_in(id: u16) -> Kind {
    match id {
        14..=22 | 27..=36 | 45 | 47 | 50..=58 => Kind::Moment,
        46 => Kind::Duration,
        _ => Kind::Number,
    }
}

/// What a format such as `yyyy-mm-dd` or `[h]:mm` makes of a positive number.
pub(super) fn kind(code: &str) -> Kind {
    let mut characters = code.chars();
    while let Some(character) = characters.next() {
        match character {
            ';' => break,
            '"' => drop(characters.by_ref().find(|character| *character == '"')),
            // The next one is shown, left as much room as, or repeated.
            '\\' | '_' | '*' => drop(characters.next()),
            '[' => {
                let inner: String =
                    characters.by_ref().take_while(|character| *character != ']').collect();
                let is_unit = |c: char| matches!(c.to_ascii_lowercase(), 'h' | 'm' | 's');
                if !inner.is_empty() && inner.chars().all(is_unit) {
                    return Kind::Duration;
                }
            }
            'd' | 'D' | 'h' | 'H' | 'm' | 'M' | 's' | 'S' | 'y' | 'Y' => return Kind::Moment,
            _ => {}
        }
    }
    Kind::Number
}

#[cfg(test)]
mod tests {
    use super::{Kind, built_in, kind};

    #[test]
    fn codes() {
        for (code, expected) in [
            ("General", Kind::Number),
            ("0.00", Kind::Number),
            ("#,##0.00\\ \"days\"", Kind::Number),
            ("[Red]0;dd", Kind::Number),
            ("0.00E+00", Kind::Number),
            ("_d0*d", Kind::Number),
            ("\"open", Kind::Number),
            ("yyyy\\-mm\\-dd", Kind::Moment),
            ("[$-409]h:mm AM/PM", Kind::Moment),
            ("D. MMM", Kind::Moment),
            ("[h]:mm", Kind::Duration),
            ("[SS].0", Kind::Duration),
        ] {
            assert_eq!(kind(code), expected, "{code}");
        }
        assert_eq!([0, 14, 46].map(built_in), [Kind::Number, Kind::Moment, Kind::Duration]);
    }
}
