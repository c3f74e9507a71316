//! Bytes of a text to Unicode code points, for many lookups.

use std::ops::Range;

/// How many bytes lie between two remembered counts.
const STEP: usize = 256;

/// Counts code points from remembered places, never from the start of the text.
#[derive(Debug, Clone)]
pub struct CodePoints<'a> {
    text: &'a str,
    /// The code points that begin before byte `STEP * index`; empty for an ASCII text.
    counts: Vec<usize>,
}

impl<'a> CodePoints<'a> {
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        if text.is_ascii() {
            return Self { text, counts: Vec::new() };
        }
        let counts = text.as_bytes().chunks(STEP).scan(0, |before, chunk| {
            let count = *before;
            *before += starts(chunk);
            Some(count)
        });
        Self { text, counts: counts.collect() }
    }

    #[must_use]
    pub fn range(&self, bytes: Range<usize>) -> Range<usize> {
        self.at(bytes.start)..self.at(bytes.end)
    }

    /// The code points before a byte; a byte within a character counts as its first.
    #[must_use]
    pub fn at(&self, byte: usize) -> usize {
        let byte = self.text.floor_char_boundary(byte);
        if self.counts.is_empty() {
            return byte;
        }
        let step = (byte / STEP).min(self.counts.len() - 1);
        self.counts[step] + starts(&self.text.as_bytes()[step * STEP..byte])
    }
}

/// How many characters begin in these bytes of UTF-8.
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
                prop_assert_eq!(offsets.at(byte), count);
            }
        }
    }
}
