//! Words on one baseline, put together to lines.

use super::direction;
use super::words::{BASELINE_SLACK, Word};

/// In ems: the widest gap between two parts of one word that were drawn apart.
const TOUCH: f64 = 0.06;

/// In the order of reading.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    pub(super) words: Vec<Word>,
    /// Of its largest word, as is the size.
    pub(super) baseline: f64,
    pub(super) size: f64,
    pub(super) left: f64,
    pub(super) right: f64,
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
        Self { words: vec![word], baseline, size, left, right }
    }

    fn holds(&self, word: &Word) -> bool {
        (word.baseline - self.baseline).abs() < BASELINE_SLACK * self.size.max(word.size)
    }

    fn push(&mut self, word: Word) {
        if word.size > self.size {
            (self.baseline, self.size) = (word.baseline, word.size);
        }
        self.left = self.left.min(word.bounds.x0);
        self.right = self.right.max(word.bounds.x1);
        self.words.push(word);
    }

    fn finish(&mut self) {
        self.words.sort_by(|a, b| a.bounds.x0.total_cmp(&b.bounds.x0));
        self.words.dedup_by(|next, word| {
            let repeats = repeats(word, next);
            if !repeats && touches(word, next) {
                word.text.push_str(&next.text);
                word.bounds = word.bounds.union(next.bounds);
                return true;
            }
            repeats
        });
        direction::order(&mut self.words);
    }
}

/// Bold is imitated, and outlines are filled, by drawing the same word twice.
fn repeats(word: &Word, next: &Word) -> bool {
    word.text == next.text && (word.bounds.x0 - next.bounds.x0).abs() < 0.2 * word.size
}

fn touches(word: &Word, next: &Word) -> bool {
    let gap = (next.bounds.x0 - word.bounds.x1) / word.size.max(next.size);
    !next.parted && gap.abs() < TOUCH
}
