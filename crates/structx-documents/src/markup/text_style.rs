//! Styles that change the meaning of a text: superscripts, subscripts and struck-out text.

use std::borrow::Cow;

/// The style of a run of text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct TextStyle {
    pub(crate) script: Script,
    pub(crate) is_struck: bool,
}

/// The vertical position of a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Script {
    #[default]
    Normal,
    Superscript,
    Subscript,
}

impl Script {
    /// Replaces digits and signs by their superscript or subscript forms, so that
    /// `10<sup>3</sup>` does not read as 103. Other characters have no such forms and stay.
    pub(crate) fn apply(self, text: &str) -> Cow<'_, str> {
        let form = match self {
            Self::Normal => return Cow::Borrowed(text),
            Self::Superscript => superscript,
            Self::Subscript => subscript,
        };
        text.chars().map(form).collect()
    }
}

fn superscript(character: char) -> char {
    match character {
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        '0' | '4'..='9' => digit(0x2070, character),
        '+' => '⁺',
        '-' | '−' => '⁻',
        _ => character,
    }
}

fn subscript(character: char) -> char {
    match character {
        '0'..='9' => digit(0x2080, character),
        '+' => '₊',
        '-' | '−' => '₋',
        _ => character,
    }
}

/// The form of a digit in a block of forms that begins with 0.
fn digit(zero: u32, digit: char) -> char {
    digit.to_digit(10).and_then(|value| char::from_u32(zero + value)).unwrap_or(digit)
}

/// Appends text and marks struck-out parts as in Markdown: `~~text~~`.
#[derive(Debug, Default)]
pub(crate) struct StyledText {
    is_struck: bool,
}

impl StyledText {
    /// Appends a part. White space stays outside of the marks, and adjacent parts share them.
    pub(crate) fn push(&mut self, text: &mut String, part: &str, style: TextStyle) {
        let part = style.script.apply(part);
        if style.is_struck != self.is_struck && !part.trim().is_empty() {
            self.close(text);
            if style.is_struck {
                let rest = part.trim_start();
                text.push_str(&part[..part.len() - rest.len()]);
                text.push_str("~~");
                text.push_str(rest);
                self.is_struck = true;
                return;
            }
        }
        text.push_str(&part);
    }

    /// Ends struck-out text.
    pub(crate) fn close(&mut self, text: &mut String) {
        if std::mem::take(&mut self.is_struck) {
            text.insert_str(text.trim_end().len(), "~~");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Script, StyledText, TextStyle};

    #[test]
    fn digits_keep_their_position() {
        assert_eq!(Script::Superscript.apply("-1023+st"), "⁻¹⁰²³⁺st");
        assert_eq!(Script::Subscript.apply("-10+x"), "₋₁₀₊x");
        assert_eq!(Script::Normal.apply("-10+x"), "-10+x");
    }

    #[test]
    fn struck_parts_are_marked_once() {
        let mut text = String::new();
        let mut styled = StyledText::default();
        for (part, is_struck) in [
            ("Sum: ", false),
            (" 10", true),
            (",50", true),
            ("  ", false),
            ("9 ", true),
            ("8", false),
            (" x", true),
        ] {
            styled.push(&mut text, part, TextStyle { is_struck, ..TextStyle::default() });
        }
        styled.close(&mut text);
        assert_eq!(text, "Sum:  ~~10,50  9~~ 8 ~~x~~");
    }
}
