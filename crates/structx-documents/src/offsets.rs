//! Converts between byte and code point offsets of a text without scanning it from the start.

use std::ops::Range;

/// The number of bytes between two stored counts: chosen by hand, not measured.
const STEP: usize = 256;

/// An index of stored counts. Every call must pass the text that the index was made from.
#[derive(Debug, Clone, Default)]
pub struct CodePoints {
    /// The number of code points before byte `STEP * index`; empty for ASCII text.
    counts: Vec<usize>,
}

impl CodePoints {
    #[must_use]
    pub fn new(text: &str) -> Self {
        if text.is_ascii() {
            return Self { counts: Vec::new() };
        }
        let counts = text.as_bytes().chunks(STEP).scan(0, |before, chunk| {
            let count = *before;
            *before += starts(chunk);
            Some(count)
        });
        Self { counts: counts.collect() }
    }

    #[must_use]
    pub fn range(&self, text: &str, bytes: &Range<usize>) -> Range<usize> {
        self.at(text, bytes.start)..self.at(text, bytes.end)
    }

    /// The number of code points before a byte; a byte within a character counts as its first.
    #[must_use]
    pub fn at(&self, text: &str, byte: usize) -> usize {
        let byte = text.floor_char_boundary(byte);
        if self.counts.is_empty() {
            return byte;
        }
        let step = (byte / STEP).min(self.counts.len() - 1);
        self.counts[step] + starts(&text.as_bytes()[step * STEP..byte])
    }

    /// The byte offset of a code point; the length of the text for those after the last.
    #[must_use]
    pub fn byte(&self, text: &str, code_point: usize) -> usize {
        if self.counts.is_empty() {
            return code_point.min(text.len());
        }
        let step = self.counts.partition_point(|count| *count <= code_point).saturating_sub(1);
        let start = text.ceil_char_boundary(step * STEP);
        let rest = code_point - self.counts[step];
        text[start..].char_indices().nth(rest).map_or(text.len(), |(byte, _)| start + byte)
    }
}

/// The number of characters that begin in these bytes of UTF-8.
fn starts(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0b1100_0000 != 0b1000_0000).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::CodePoints;

    proptest! {
        #[test]
        fn agrees_with_a_naive_count(text in "([a-z]|é|漢|🙂){0,400}") {
            let offsets = CodePoints::new(&text);
            let places = text.char_indices().map(|(byte, _)| byte).chain([text.len()]);
            for (count, byte) in places.enumerate() {
                prop_assert_eq!(offsets.at(&text, byte), count);
                prop_assert_eq!(offsets.byte(&text, count), byte);
            }
            prop_assert_eq!(offsets.byte(&text, usize::MAX), text.len());
        }
    }
}
