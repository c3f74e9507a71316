//! The words of a line and their places.

use structx_documents::recognition::{RecognizedLine, RecognizedWord};

use crate::ctc::Symbol;
use crate::languages::{is_east_asian_letter, usual};
use crate::recognition::{Line, STEP};

/// Symbols of which the middles are more than so many usual advances apart are of different words:
/// the network tells no space between what stands in two cells of a form. 2.5 parts words with a wide
/// letter, which costs precision (measured on forms, receipts and pages).
const APART: f32 = 3.0;

/// A word, and in pixels of the network's input: where it is, and the middles of its outer symbols.
struct Placed {
    start: f32,
    first: f32,
    last: f32,
    end: f32,
    word: RecognizedWord,
}

/// The line as words, each with the mean score of its symbols.
pub fn words(line: &Line, symbols: &[String]) -> RecognizedLine {
    let is_space = |symbol: &Symbol| symbols[symbol.class].trim().is_empty();
    let is_east_asian_symbol = |it: &Symbol| symbols[it.class].contains(is_east_asian_letter);
    let is_east_asian = line.symbols.iter().any(is_east_asian_symbol);
    let advance = advance(&line.symbols);
    let are_together = |one: &Symbol, two: &Symbol| {
        center(two) - center(one) <= APART * advance
            || (is_east_asian_symbol(one) && is_east_asian_symbol(two))
    };
    let groups = line.symbols.split(is_space).flat_map(|group| group.chunk_by(are_together));
    let mut words: Vec<Placed> = Vec::new();
    for group in groups {
        let score = group.iter().map(|it| it.score).sum::<f32>() / group.len() as f32;
        let text: String = group.iter().map(|it| symbols[it.class].as_str()).collect();
        let text = if is_east_asian { text } else { usual(&text) };
        let (first, last) = (center(&group[0]), center(&group[group.len() - 1]));
        let own = if group.len() > 1 { (last - first) / (group.len() - 1) as f32 } else { advance };
        words.push(Placed {
            start: first - own / 2.0,
            first,
            last,
            end: last + own / 2.0,
            word: RecognizedWord {
                text,
                score: score.clamp(0.0, 1.0),
                corners: Default::default(),
            },
        });
    }
    separate(&mut words, line.width);
    let scale = line.rectangle.width / line.width.max(1.0);
    let words = words.into_iter().map(|it| {
        let corners = line.rectangle.corners_between(it.start * scale, it.end * scale);
        RecognizedWord { corners: corners.map(|it| [it.x, it.y]), ..it.word }
    });
    RecognizedLine { words: words.collect() }
}

/// The middle of a symbol, in pixels of the network's input.
fn center(symbol: &Symbol) -> f32 {
    ((symbol.first + symbol.last) as f32 / 2.0 + 0.5) * STEP
}

/// The usual distance of the middles of neighbouring symbols.
fn advance(symbols: &[Symbol]) -> f32 {
    let mut steps: Vec<f32> =
        symbols.windows(2).map(|pair| center(&pair[1]) - center(&pair[0])).collect();
    steps.sort_by(f32::total_cmp);
    steps.get(steps.len() / 2).copied().unwrap_or(2.0 * STEP)
}

/// Keeps words within the line and apart from each other; the middles of their symbols are in order.
fn separate(words: &mut [Placed], width: f32) {
    for word in words.iter_mut() {
        for place in [&mut word.start, &mut word.first, &mut word.last, &mut word.end] {
            *place = place.clamp(0.0, width);
        }
    }
    for index in 1..words.len() {
        let (before, after) = words.split_at_mut(index);
        let (before, after) = (&mut before[index - 1], &mut after[0]);
        if before.end > after.start {
            // Of a word with wide spaces, the end may be beyond all of the next one.
            let middle = f32::midpoint(before.end, after.start).clamp(before.last, after.first);
            before.end = middle;
            after.start = middle;
        }
    }
}

/// Checks what holds for the words of any line of this rectangle.
///
/// # Panics
/// It does not hold.
#[cfg(any(test, feature = "fuzzing"))]
pub fn check(line: &RecognizedLine, rectangle: &crate::geometry::Rectangle) {
    use crate::geometry::Point;

    let near = 0.01 * rectangle.width.max(100.0);
    let start = rectangle.center.along(rectangle.angle).0 - rectangle.width / 2.0;
    let along = |[x, y]: [f32; 2]| Point::new(x, y).along(rectangle.angle).0 - start;
    let mut before = 0.0;
    for word in &line.words {
        assert!(!word.text.is_empty() && (0.0..=1.0).contains(&word.score), "{word:?}");
        let (start, end) = (along(word.corners[0]), along(word.corners[1]));
        assert!(before <= start + near && start <= end + near, "not in order: {line:?}");
        before = end;
    }
    assert!(before <= rectangle.width + near, "beyond the line: {line:?}");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ctc;
    use crate::geometry::{Point, Rectangle};

    fn line(text: &[(usize, usize, f32)]) -> Line {
        let center = Point::new(200.0, 24.0);
        let rectangle = Rectangle { center, width: 400.0, height: 48.0, angle: 0.0 };
        let symbol = |&(class, step, score)| Symbol { class, first: step, last: step, score };
        Line { rectangle, width: 400.0, symbols: text.iter().map(symbol).collect() }
    }

    fn symbols() -> Vec<String> {
        ["", "a", "b", " "].map(str::to_owned).to_vec()
    }

    #[test]
    fn full_width_forms_stay_beside_east_asian_letters() {
        let symbols = ["", "中", "（", "a"].map(str::to_owned);
        let texts = |classes: [usize; 2]| {
            let line = line(&[(classes[0], 2, 1.0), (classes[1], 6, 1.0)]);
            words(&line, &symbols).words[0].text.clone()
        };
        assert_eq!((texts([1, 2]).as_str(), texts([2, 3]).as_str()), ("中（", "(a"));
    }

    #[test]
    fn spaces_separate_words_whose_boxes_do_not_overlap() {
        let line = line(&[(1, 2, 1.0), (2, 6, 0.5), (3, 8, 0.9), (1, 9, 1.0), (1, 13, 1.0)]);
        let found = words(&line, &symbols()).words;
        let texts: Vec<_> = found.iter().map(|it| (it.text.as_str(), it.score)).collect();
        assert_eq!(texts, [("ab", 0.75), ("aa", 1.0)]);
        let (end, start) = (found[0].corners[1][0], found[1].corners[0][0]);
        assert!(found[0].corners[0][0] >= 0.0 && end <= start, "{found:?}");
        assert!((4.0..=20.0).contains(&found[0].corners[0][0]), "{found:?}");
    }

    #[test]
    fn symbols_that_stand_far_apart_are_of_two_words() {
        let texts = |symbols: [&str; 3], steps: &[(usize, usize)]| {
            let text: Vec<_> = steps.iter().map(|&(class, step)| (class, step, 1.0)).collect();
            let symbols = ["", symbols[0], symbols[1], symbols[2]].map(str::to_owned);
            let found = words(&line(&text), &symbols).words;
            found.into_iter().map(|it| it.text).collect::<Vec<_>>()
        };
        let letters = ["a", "b", " "];
        let cells = [(1, 2), (2, 4), (1, 6), (2, 14), (1, 16)];
        assert_eq!(texts(letters, &cells), ["aba", "ba"]);
        let close = [(1, 2), (2, 4), (1, 6), (2, 11), (1, 13)];
        assert_eq!(texts(letters, &close), ["ababa"]);
        let spaced = [(1, 2), (2, 8), (1, 14), (2, 20)];
        assert_eq!(texts(letters, &spaced), ["abab"]);
        assert_eq!(texts(["中", "の", "a"], &cells), ["中の中の中"]);
    }

    #[test]
    fn a_word_after_one_with_wide_spaces_keeps_its_place() {
        let wide = [(1, 2), (2, 14), (1, 26), (2, 38), (3, 39), (1, 41), (1, 42)];
        let line = line(&wide.map(|(class, step)| (class, step, 1.0)));
        let found = words(&line, &symbols());
        check(&found, &line.rectangle);
        let (start, end) = (found.words[1].corners[0][0], found.words[1].corners[1][0]);
        assert!(start <= 332.0 && end >= 340.0, "{found:?}");
    }

    proptest! {
        #[test]
        fn words_of_any_output_are_in_order_within_their_line(
            values in proptest::collection::vec(prop_oneof![-1.0_f32..2.0, Just(f32::NAN)], 0..240),
            angle in -4.0_f32..4.0,
        ) {
            let width = (values.len() / 4) as f32 * STEP;
            let center = Point::new(300.0, 200.0);
            let rectangle = Rectangle { center, width, height: 48.0, angle };
            let line = Line { rectangle, width, symbols: ctc::decode(&values, 4, None) };
            check(&words(&line, &symbols()), &rectangle);
        }
    }
}
