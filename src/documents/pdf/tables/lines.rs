//! Words of a page as lines from top to bottom, and each line as phrases: what gaps part in it.

use crate::documents::pdf::words::{BASELINE_SLACK, Word};

/// In ems: what parts two phrases. A space is about 0.25, and 0.4 in text that is set wide.
pub(super) const PHRASE_GAP: f64 = 0.5;

/// Words that stand side by side.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Phrase {
    pub(super) left: f64,
    pub(super) right: f64,
    /// From left to right.
    pub(super) words: Vec<usize>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    pub(super) top: f64,
    pub(super) bottom: f64,
    pub(super) baseline: f64,
    pub(super) size: f64,
    /// From left to right, never none.
    pub(super) phrases: Vec<Phrase>,
}

impl Line {
    pub(super) fn new(words: &[Word], mut members: Vec<usize>) -> Option<Self> {
        members.sort_by(|a, b| words[*a].bounds.x0.total_cmp(&words[*b].bounds.x0));
        let mut phrases: Vec<Phrase> = Vec::new();
        let all = || members.iter().map(|member| &words[*member]);
        for index in &members {
            let Word { bounds, size, .. } = &words[*index];
            match phrases.last_mut() {
                Some(phrase) if bounds.x0 - phrase.right < PHRASE_GAP * size => {
                    phrase.right = phrase.right.max(bounds.x1);
                    phrase.words.push(*index);
                }
                _ => phrases.push(Phrase {
                    left: bounds.x0,
                    right: bounds.x1,
                    words: vec![*index],
                }),
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

    pub(super) fn left(&self) -> f64 {
        self.phrases.first().map_or(0.0, |phrase| phrase.left)
    }

    pub(super) fn right(&self) -> f64 {
        self.phrases.iter().map(|phrase| phrase.right).fold(f64::NEG_INFINITY, f64::max)
    }

    /// The space from the line above to this one, from baseline to baseline.
    pub(super) fn below(&self, above: &Self) -> f64 {
        self.baseline - above.baseline
    }
}

/// The lines that the words at the given places make, from top to bottom.
pub(super) fn lines(words: &[Word], mut members: Vec<usize>) -> Vec<Line> {
    let baseline = |index: &usize| words[*index].baseline;
    members.sort_by(|a, b| baseline(a).total_cmp(&baseline(b)));
    let mut parts: Vec<Vec<usize>> = Vec::new();
    for index in members {
        let word = &words[index];
        match parts.last_mut() {
            Some(part) if is_beside(&words[part[0]], word) => part.push(index),
            _ => parts.push(vec![index]),
        }
    }
    parts.into_iter().filter_map(|part| Line::new(words, part)).collect()
}

fn is_beside(first: &Word, word: &Word) -> bool {
    (word.baseline - first.baseline).abs() < BASELINE_SLACK * first.size.max(word.size)
}
