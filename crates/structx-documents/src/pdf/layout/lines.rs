//! Joins words on one baseline into lines.

use hayro_interpret::kurbo::Point;

use super::direction;
use super::growing_text::GrowingText;
use super::words::{BASELINE_SLACK, PageWord};

/// The widest gap between two parts of a word that were drawn separately, in ems: chosen by hand.
const TOUCH: f64 = 0.06;

/// The least ratio of a font size to that of its superscripts and subscripts: chosen by hand.
const LARGER: f64 = 1.15;
/// The same of superscripts that are raised farther, up to this many ems of the text: chosen by hand.
const LARGER_THAN_RAISED: f64 = 1.3;
const RAISED_SLACK: f64 = 0.55;
/// The largest distance of the middle of a space from the words that it parts, in ems: chosen by hand.
const SPACE: f64 = 0.3;
/// The largest overlap of two parts of a word, in ems: chosen by hand.
const OVERLAP: f64 = 0.4;

/// A line of text in reading order.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::pdf) struct Line {
    pub(in crate::pdf) words: Vec<PageWord>,
    /// The baseline of the widest word that is neither superscript nor subscript.
    pub(in crate::pdf) baseline: f64,
    pub(in crate::pdf) size: f64,
    pub(in crate::pdf) left: f64,
    pub(in crate::pdf) right: f64,
}

/// The words of one line, from left to right, by their indexes in the grouped list.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::pdf) struct BaselineGroup {
    pub(in crate::pdf) members: Vec<usize>,
    baseline: f64,
    size: f64,
    /// The width of the word that sets the baseline.
    widest: f64,
}

/// Groups the words at the given indexes by their baselines, from top to bottom; for prose and tables
/// alike.
pub(in crate::pdf) fn group_by_baseline(
    words: &[PageWord],
    mut members: Vec<usize>,
) -> Vec<BaselineGroup> {
    members.sort_by(|a, b| {
        let (a, b) = (&words[*a], &words[*b]);
        a.baseline.total_cmp(&b.baseline).then(a.bounds.x0.total_cmp(&b.bounds.x0))
    });
    let mut groups: Vec<BaselineGroup> = Vec::new();
    for index in members {
        let word = &words[index];
        match groups.last_mut() {
            Some(group) if group.holds(word) => group.push(index, word),
            _ => groups.push(BaselineGroup::new(index, word)),
        }
    }
    for group in &mut groups {
        group.members.sort_by(|a, b| words[*a].bounds.x0.total_cmp(&words[*b].bounds.x0));
    }
    groups
}

impl BaselineGroup {
    fn new(index: usize, word: &PageWord) -> Self {
        let (baseline, size) = (word.baseline, word.size);
        Self { members: vec![index], baseline, size, widest: word.bounds.width() }
    }

    fn holds(&self, word: &PageWord) -> bool {
        let (raise, size) = (word.baseline - self.baseline, self.size.max(word.size));
        // The group is superscripts so far, above their text.
        let is_raised = raise > 0.0 && LARGER_THAN_RAISED * self.size <= word.size;
        raise.abs() < if is_raised { RAISED_SLACK } else { BASELINE_SLACK } * size
    }

    fn push(&mut self, index: usize, word: &PageWord) {
        let width = word.bounds.width();
        if word.size > LARGER * self.size
            || (LARGER * word.size >= self.size && width > self.widest)
        {
            (self.baseline, self.widest) = (word.baseline, width);
        }
        self.size = self.size.max(word.size);
        self.members.push(index);
    }
}

/// The lines of the words, from top to bottom.
pub(in crate::pdf) fn lines(words: Vec<PageWord>) -> Vec<Line> {
    let groups = group_by_baseline(&words, (0..words.len()).collect());
    let mut words: Vec<Option<PageWord>> = words.into_iter().map(Some).collect();
    let line = |group: BaselineGroup| {
        let members = group.members.iter().filter_map(|member| words[*member].take());
        Line::new(members.collect(), group.baseline, group.size)
    };
    groups.into_iter().map(line).collect()
}

impl Line {
    /// Makes a line of words given from left to right.
    fn new(words: Vec<PageWord>, baseline: f64, size: f64) -> Self {
        let left = words.iter().map(|word| word.bounds.x0).fold(f64::INFINITY, f64::min);
        let right = words.iter().map(|word| word.bounds.x1).fold(f64::NEG_INFINITY, f64::max);
        let mut words = joined(words);
        direction::order(&mut words);
        Self { words, baseline, size, left, right }
    }
}

/// Drops duplicate words and joins the parts of words, all given from left to right.
fn joined(words: Vec<PageWord>) -> Vec<PageWord> {
    let mut joined = Vec::with_capacity(words.len());
    let mut words = words.into_iter();
    let Some(mut word) = words.next() else { return joined };
    let has_ltr = |word: &PageWord| word.text.contains(direction::is_ltr_letter);
    let mut is_ltr = has_ltr(&word);
    let mut text = GrowingText::new(std::mem::take(&mut word.text));
    for mut next in words {
        if repeats(&word, &text, &next) {
            continue;
        }
        let is_rtl = text.is_rtl() || direction::is_rtl(&next.text);
        let is_next_ltr = has_ltr(&next);
        // Letters of both directions are two words.
        if !(is_rtl && (is_ltr || is_next_ltr)) && touches(&word, &next, is_rtl) {
            if is_rtl {
                text.prepend(&next.text);
            } else {
                text.append(&next.text);
            }
            word.bounds = word.bounds.union(next.bounds);
            word.score = lower(word.score, next.score);
            is_ltr |= is_next_ltr;
            continue;
        }
        is_ltr = is_next_ltr;
        let next_text = GrowingText::new(std::mem::take(&mut next.text));
        word.text = std::mem::replace(&mut text, next_text).into_text();
        joined.push(std::mem::replace(&mut word, next));
    }
    word.text = text.into_text();
    joined.push(word);
    joined
}

/// The score of a word of two parts.
fn lower(one: Option<f32>, other: Option<f32>) -> Option<f32> {
    one.into_iter().chain(other).reduce(f32::min)
}

/// Whether the word is a duplicate: some writers draw a word twice for bold or outlined text.
fn repeats(word: &PageWord, text: &GrowingText, next: &PageWord) -> bool {
    (word.bounds.x0 - next.bounds.x0).abs() < 0.2 * word.size && text.is(&next.text)
}

/// Whether two words, from left to right, are parts of one.
fn touches(word: &PageWord, next: &PageWord, is_rtl: bool) -> bool {
    let size = word.size.max(next.size);
    let gap = (next.bounds.x0 - word.bounds.x1) / size;
    // From right to left, a space may be drawn before either, or on another side of it.
    let is_between = |space: &Point| {
        let reach = SPACE * size;
        (space.y - word.baseline).abs() < size
            && (word.bounds.x1 - reach..next.bounds.x0 + reach).contains(&space.x)
    };
    let is_apart = if is_rtl {
        word.space_before.iter().chain(&next.space_before).any(is_between)
    } else {
        next.space_before.is_some()
    };
    !is_apart && gap < TOUCH && gap > -OVERLAP
}

#[cfg(test)]
mod tests {
    use hayro_interpret::kurbo::Point;

    use super::super::test_words::words;
    use super::super::words::PageWord;
    use super::lines;

    fn texts(words: Vec<PageWord>) -> Vec<String> {
        let text = |line: super::Line| {
            line.words.into_iter().map(|word| word.text).collect::<Vec<_>>().join(" ")
        };
        lines(words).into_iter().map(text).collect()
    }

    #[test]
    fn words_are_grouped_by_baseline() {
        let near = words(&[(80.0, 103.9, "right"), (50.0, 100.0, "left")]);
        assert_eq!(texts(near), ["left right"]);
        let apart = words(&[(80.0, 104.0, "below"), (50.0, 100.0, "above")]);
        assert_eq!(texts(apart), ["above", "below"]);
    }

    #[test]
    fn a_superscript_belongs_to_its_line() {
        let mut line = words(&[(50.0, 100.0, "area"), (75.0, 96.5, "2"), (90.0, 100.0, "of")]);
        line[1].size = 6.0;
        let found = lines(line);
        assert_eq!(found.len(), 1);
        assert!((found[0].baseline - 100.0).abs() < f64::EPSILON, "{}", found[0].baseline);
        // Raised by half an em.
        line = words(&[(50.0, 100.0, "area"), (75.0, 95.0, "2"), (90.0, 100.0, "of")]);
        line[1].size = 6.0;
        assert_eq!(texts(line.clone()), ["area 2 of"]);
        line[1].size = 10.0;
        assert_eq!(texts(line), ["2", "area of"]);
    }

    #[test]
    fn a_full_stop_on_the_left_ends_a_hebrew_word() {
        let mut parts = words(&[(50.0, 100.0, "."), (55.0, 100.0, "שלום")]);
        parts[1].space_before = None;
        assert_eq!(texts(parts), ["שלום."]);
    }

    #[test]
    fn a_space_beside_a_word_from_right_to_left_parts_it_there_only() {
        // Drawn from the right: the space on the right of the first part is before that.
        let mut parts = words(&[(80.0, 100.0, "شلو"), (65.0, 100.0, "ام ")]);
        (parts[0].space_before, parts[1].space_before) = (Some(Point::new(97.0, 100.0)), None);
        parts[1].bounds.x1 = 80.0;
        assert_eq!(texts(parts.clone()), ["شلوام"]);
        parts[1].space_before = Some(Point::new(80.5, 100.0));
        assert_eq!(texts(parts), ["شلو ام"]);
    }

    #[test]
    fn duplicates_are_dropped_and_parts_joined() {
        let twice = words(&[(50.0, 100.0, "bold"), (50.5, 100.0, "bold"), (80.0, 100.0, "end")]);
        assert_eq!(texts(twice), ["bold end"]);
        let mut parts = words(&[(50.0, 100.0, "con"), (65.3, 100.0, "tract")]);
        assert_eq!(texts(parts.clone()), ["con tract"]);
        parts[1].space_before = None;
        assert_eq!(texts(parts), ["contract"]);
    }
}
