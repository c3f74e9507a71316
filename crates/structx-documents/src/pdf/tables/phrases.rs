//! Lines of a page from top to bottom, each divided into phrases by its wide gaps.

use super::evidence::is_number;
use crate::pdf::layout::lines::group_by_baseline;
use crate::pdf::layout::words::PageWord;

/// The bounds of the gap that separates two phrases, in ems. A space is about 0.25, in monospaced
/// fonts 0.6. Chosen by hand, not measured.
pub(super) const LEAST_SPACE: f64 = 0.5;
const MOST_SPACE: f64 = 1.0;
/// A gap this wide, in ems, is not a space between words: chosen by hand.
const NO_SPACE: f64 = 1.2;
/// The ratio of the gap that separates two phrases to a space: chosen by hand.
const WIDER: f64 = 1.5;

/// The least distance of lines that are one below the other, in ems: chosen by hand.
const INTERLEAVED: f64 = 0.75;
/// The least number of dashes of a ruling line that is typed: chosen by hand.
const LEAST_DASHES: usize = 5;

/// Words without a wide gap between them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Phrase {
    pub(super) left: f64,
    pub(super) right: f64,
    /// From left to right.
    pub(super) words: Vec<usize>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct PhraseLine {
    pub(super) top: f64,
    pub(super) bottom: f64,
    pub(super) baseline: f64,
    pub(super) size: f64,
    /// From left to right, never empty.
    pub(super) phrases: Vec<Phrase>,
}

impl PhraseLine {
    /// Makes a line of words given from left to right; `space` is the gap that separates phrases, in
    /// ems.
    pub(super) fn new(words: &[PageWord], members: &[usize], space: f64) -> Option<Self> {
        let mut phrases: Vec<Phrase> = Vec::new();
        let all = || members.iter().map(|member| &words[*member]);
        let mut after_number = false;
        for index in members {
            let PageWord { text, bounds, size, .. } = &words[*index];
            let is_number = is_number(text);
            // Adjacent numbers are in different columns, however close.
            let space = if is_number && after_number { LEAST_SPACE } else { space };
            after_number = is_number;
            match phrases.last_mut() {
                Some(phrase) if bounds.x0 - phrase.right < space * size => {
                    phrase.right = phrase.right.max(bounds.x1);
                    phrase.words.push(*index);
                }
                _ => {
                    phrases.push(Phrase { left: bounds.x0, right: bounds.x1, words: vec![*index] });
                }
            }
        }
        let size = all().map(|word| word.size).fold(0.0, f64::max);
        Some(Self {
            top: all().map(|word| word.bounds.y0).reduce(f64::min)?,
            bottom: all().map(|word| word.bounds.y1).reduce(f64::max)?,
            baseline: all().map(|word| word.baseline).reduce(f64::max)?,
            size,
            phrases,
        })
    }

    /// Parts the numbers of a phrase that are on both sides of a border.
    pub(super) fn part(&mut self, words: &[PageWord], borders: &[f64]) {
        let column = |word: usize| borders.partition_point(|x| *x < words[word].bounds.center().x);
        let is_value = |word: usize| is_number(&words[word].text);
        let is_in =
            |a: &usize, b: &usize| column(*a) == column(*b) || !(is_value(*a) && is_value(*b));
        let part = |part: &[usize]| {
            let bounds = || part.iter().map(|word| words[*word].bounds);
            Phrase {
                left: bounds().map(|word| word.x0).fold(f64::INFINITY, f64::min),
                right: bounds().map(|word| word.x1).fold(f64::NEG_INFINITY, f64::max),
                words: part.to_vec(),
            }
        };
        let parts = self.phrases.iter().flat_map(|phrase| phrase.words.chunk_by(is_in)).map(part);
        self.phrases = parts.collect();
    }

    pub(super) fn left(&self) -> f64 {
        self.phrases.first().map_or(0.0, |phrase| phrase.left)
    }

    pub(super) fn right(&self) -> f64 {
        self.phrases.iter().map(|phrase| phrase.right).fold(f64::NEG_INFINITY, f64::max)
    }

    /// The y of the middle of its small letters.
    pub(super) fn middle(&self) -> f64 {
        self.baseline - self.size / 2.0
    }

    /// Whether the line is too close to the one above for text below text: their cells have lines of
    /// their own.
    pub(super) fn is_interleaved(&self, above: &Self) -> bool {
        self.below(above) < INTERLEAVED * self.size.min(above.size)
    }

    /// Whether the line is a ruling line that is typed.
    pub(super) fn is_typed_rule(&self, words: &[PageWord]) -> bool {
        let is_rule = |word: &usize| {
            let text = words[*word].text.as_bytes();
            text.len() >= LEAST_DASHES && text.iter().all(|byte| b"-_=".contains(byte))
        };
        self.phrases.iter().flat_map(|phrase| &phrase.words).all(is_rule)
    }

    /// The distance from the baseline of the line above.
    pub(super) fn below(&self, above: &Self) -> f64 {
        self.baseline - above.baseline
    }
}

/// The lines of the words at the given indexes, from top to bottom, and the width of the gap that
/// separates their phrases, in ems.
pub(super) fn lines(words: &[PageWord], members: Vec<usize>) -> (Vec<PhraseLine>, f64) {
    let groups = group_by_baseline(words, members).into_iter();
    let lines: Vec<Vec<usize>> = groups.map(|group| group.members).collect();
    let space = space(words, &lines);
    let lines = lines.into_iter().filter_map(|line| PhraseLine::new(words, &line, space));
    (lines.collect(), space)
}

/// The gap that separates phrases, in ems, from the usual space between words.
fn space(words: &[PageWord], lines: &[Vec<usize>]) -> f64 {
    let gap = |pair: &[usize]| {
        let [word, next] = [&words[pair[0]], &words[pair[1]]];
        (next.bounds.x0 - word.bounds.x1) / word.size.max(next.size)
    };
    let gaps = lines.iter().flat_map(|line| line.windows(2).map(gap));
    let mut gaps: Vec<f64> = gaps.filter(|gap| (0.0..NO_SPACE).contains(gap)).collect();
    let tenth = gaps.len() / 10;
    if gaps.is_empty() {
        return LEAST_SPACE;
    }
    let (_, usual, _) = gaps.select_nth_unstable_by(tenth, f64::total_cmp);
    (WIDER * *usual).clamp(LEAST_SPACE, MOST_SPACE)
}

#[cfg(test)]
mod tests {
    use super::{LEAST_SPACE, MOST_SPACE, lines};
    use crate::pdf::layout::test_words::words;

    fn phrases(texts: &[(f64, f64, &str)]) -> (Vec<Vec<String>>, f64) {
        let words = words(texts);
        let (lines, space) = lines(&words, (0..words.len()).collect());
        let phrase = |phrase: &super::Phrase| {
            phrase.words.iter().map(|word| words[*word].text.as_str()).collect::<Vec<_>>().join(" ")
        };
        (lines.iter().map(|line| line.phrases.iter().map(phrase).collect()).collect(), space)
    }

    #[test]
    fn wide_gaps_separate_phrases() {
        let (found, space) =
            phrases(&[(50.0, 112.0, "below"), (50.0, 100.0, "Green tea"), (150.0, 100.0, "1")]);
        assert_eq!(found, [vec!["Green tea", "1"], vec!["below"]]);
        assert!((space - LEAST_SPACE).abs() < f64::EPSILON, "{space}");
    }

    #[test]
    fn the_gap_follows_the_spaces_of_the_text() {
        // Words 0.6 em apart, as in a monospaced font.
        let spaced: Vec<_> =
            (0..5_u32).map(|word| (50.0 + 26.0 * f64::from(word), 100.0, "word")).collect();
        let (found, space) = phrases(&spaced);
        assert_eq!(found, [["word word word word word"]]);
        assert!((space - 0.9).abs() < 1e-9 && space < MOST_SPACE, "{space}");
    }

    #[test]
    fn adjacent_numbers_are_apart_and_words_are_not() {
        let row = |text: [&'static str; 2]| {
            // Six points apart: 0.6 em, less than the 0.9 em that separate words here.
            let mut row = vec![(50.0, 100.0, text[0]), (50.0 + 5.0 * 2.0 + 6.0, 100.0, text[1])];
            row.extend((0..8_u32).map(|word| (50.0 + 26.0 * f64::from(word), 130.0, "word")));
            phrases(&row).0.remove(0)
        };
        assert_eq!(row(["12", "34"]), ["12", "34"]);
        assert_eq!(row(["ab", "cd"]), ["ab cd"]);
    }
}
