//! Words on one baseline, put together to lines.

use super::direction;
use super::growing_text::GrowingText;
use super::words::{BASELINE_SLACK, Word};

/// In ems: the widest gap between two parts of one word that were drawn apart.
const TOUCH: f64 = 0.06;

/// How many times larger letters are than those that are raised or lowered beside them.
const LARGER: f64 = 1.15;
/// In ems: how far a part of a word may reach back over the one before.
const OVERLAP: f64 = 0.4;

/// In the order of reading.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    pub(super) words: Vec<Word>,
    /// Of its widest word among those that are not raised or lowered.
    pub(super) baseline: f64,
    pub(super) size: f64,
    pub(super) left: f64,
    pub(super) right: f64,
    /// The width of that word.
    widest: f64,
}

/// The lines that the words make, from top to bottom.
pub(super) fn lines(mut words: Vec<Word>) -> Vec<Line> {
    words.sort_by(|a, b| {
        a.baseline.total_cmp(&b.baseline).then(a.bounds.x0.total_cmp(&b.bounds.x0))
    });
    let mut lines: Vec<Line> = Vec::new();
    for word in words {
        match lines.last_mut() {
            Some(line) if line.holds(&word) => line.push(word),
            _ => lines.push(Line::new(word)),
        }
    }
    lines.iter_mut().for_each(Line::finish);
    lines
}

impl Line {
    fn new(word: Word) -> Self {
        let (baseline, size) = (word.baseline, word.size);
        let (left, right) = (word.bounds.x0, word.bounds.x1);
        Self { words: vec![word], baseline, size, left, right, widest: right - left }
    }

    fn holds(&self, word: &Word) -> bool {
        (word.baseline - self.baseline).abs() < BASELINE_SLACK * self.size.max(word.size)
    }

    fn push(&mut self, word: Word) {
        let width = word.bounds.width();
        if word.size > LARGER * self.size
            || (LARGER * word.size >= self.size && width > self.widest)
        {
            (self.baseline, self.widest) = (word.baseline, width);
        }
        self.size = self.size.max(word.size);
        self.left = self.left.min(word.bounds.x0);
        self.right = self.right.max(word.bounds.x1);
        self.words.push(word);
    }

    fn finish(&mut self) {
        self.words.sort_by(|a, b| a.bounds.x0.total_cmp(&b.bounds.x0));
        self.words = joined(std::mem::take(&mut self.words));
        direction::order(&mut self.words);
    }
}

/// The words, given from left to right, without doubles and with the parts of one word together.
fn joined(words: Vec<Word>) -> Vec<Word> {
    let mut joined = Vec::with_capacity(words.len());
    let mut words = words.into_iter();
    let Some(mut word) = words.next() else { return joined };
    let mut text = GrowingText::new(std::mem::take(&mut word.text));
    for mut next in words {
        if repeats(&word, &text, &next) {
            continue;
        }
        if touches(&word, &next) {
            if text.is_rtl() {
                text.prepend(&next.text)
            } else {
                text.append(&next.text)
            }
            word.bounds = word.bounds.union(next.bounds);
            continue;
        }
        let next_text = GrowingText::new(std::mem::take(&mut next.text));
        word.text = std::mem::replace(&mut text, next_text).into_text();
        joined.push(std::mem::replace(&mut word, next));
    }
    word.text = text.into_text();
    joined.push(word);
    joined
}

/// Bold is imitated, and outlines are filled, by drawing the same word twice.
fn repeats(word: &Word, text: &GrowingText, next: &Word) -> bool {
    (word.bounds.x0 - next.bounds.x0).abs() < 0.2 * word.size && text.is(&next.text)
}

fn touches(word: &Word, next: &Word) -> bool {
    let gap = (next.bounds.x0 - word.bounds.x1) / word.size.max(next.size);
    !next.parted && gap < TOUCH && gap > -OVERLAP
}
