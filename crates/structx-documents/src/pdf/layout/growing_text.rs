//! A text that grows at both ends in time linear in its length.

use super::direction;

/// Appending and prepending cost the length of the added text.
#[derive(Debug, Default)]
pub(in crate::pdf) struct GrowingText {
    /// The prepended characters, last to first.
    reversed_front: String,
    /// Empty only while the whole text is.
    back: String,
    is_rtl: bool,
}

impl GrowingText {
    pub(in crate::pdf) fn new(text: String) -> Self {
        let is_rtl = direction::is_rtl(&text);
        Self { reversed_front: String::new(), back: text, is_rtl }
    }

    pub(in crate::pdf) fn append(&mut self, text: &str) {
        self.is_rtl |= direction::is_rtl(text);
        self.back.push_str(text);
    }

    pub(in crate::pdf) fn prepend(&mut self, text: &str) {
        if self.back.is_empty() {
            return self.append(text);
        }
        self.is_rtl |= direction::is_rtl(text);
        self.reversed_front.extend(text.chars().rev());
    }

    /// Replaces the last character.
    pub(in crate::pdf) fn replace_last(&mut self, character: char) {
        self.back.pop();
        self.append(character.encode_utf8(&mut [0; 4]));
    }

    pub(in crate::pdf) fn ends_with(&self, character: char) -> bool {
        self.back.ends_with(character)
    }

    /// Whether the text contains a right-to-left letter.
    pub(in crate::pdf) fn is_rtl(&self) -> bool {
        self.is_rtl
    }

    /// Whether the text equals `other`, in time linear in the length of `other`.
    pub(in crate::pdf) fn is(&self, other: &str) -> bool {
        let front = self.reversed_front.len();
        front + self.back.len() == other.len()
            && other.ends_with(&self.back)
            && self.reversed_front.chars().rev().eq(other[..front].chars())
    }

    pub(in crate::pdf) fn into_text(self) -> String {
        if self.reversed_front.is_empty() {
            return self.back;
        }
        let mut text: String = self.reversed_front.chars().rev().collect();
        text.push_str(&self.back);
        text
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::direction;
    use super::GrowingText;

    proptest! {
        #[test]
        fn grows_like_a_string(parts in prop::collection::vec((any::<bool>(), "[aé\u{5d0} ]{0,3}"), 0..12)) {
            let (mut text, mut expected) = (GrowingText::default(), String::new());
            for (is_front, part) in parts {
                if is_front {
                    text.prepend(&part);
                    expected.insert_str(0, &part);
                } else {
                    text.append(&part);
                    expected.push_str(&part);
                }
                prop_assert!(text.is(&expected));
                prop_assert_eq!(text.is_rtl(), direction::is_rtl(&expected));
                prop_assert_eq!(text.ends_with('a'), expected.ends_with('a'));
            }
            prop_assert!(!text.is(&(expected.clone() + "x")));
            prop_assert_eq!(text.into_text(), expected);
        }
    }
}
