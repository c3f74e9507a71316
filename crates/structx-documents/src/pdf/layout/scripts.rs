//! Recognises superscripts and subscripts by the size and the baseline of letters.

use super::lines::group_by_baseline;
use super::paragraphs::gap;
use super::words::PageWord;
use crate::markup::text_style::Script;

/// The largest ratio of the size of a superscript or subscript to that of the text: chosen by hand;
/// word processors use 0.58 to 0.67, TeX 0.7.
const SMALLER: f64 = 0.8;
/// The least distance of the baselines, in ems of the text: chosen by hand; word processors raise by
/// 0.33 and lower by 0.08 to 0.33.
const RAISED: f64 = 0.15;
const LOWERED: f64 = 0.08;
/// The widest gap between a word and its note mark, in ems: chosen by hand.
const GAP: f64 = 0.35;
/// The most digits of a note mark that is a word of its own: chosen by hand.
const MOST_DIGITS: usize = 2;

/// The position of letters relative to a text beside them; each with its font size and baseline.
pub(super) fn script((size, baseline): (f64, f64), (text_size, text): (f64, f64)) -> Script {
    let raise = (text - baseline) / text_size;
    if size > SMALLER * text_size {
        Script::Normal
    } else if raise > RAISED {
        Script::Superscript
    } else if raise < -LOWERED {
        Script::Subscript
    } else {
        Script::Normal
    }
}

/// Replaces note marks that are words of their own by superscripts.
pub(super) fn mark_notes(words: &mut [PageWord]) {
    if !words.iter().any(|word| is_mark(&word.text)) {
        return;
    }
    for group in group_by_baseline(words, (0..words.len()).collect()) {
        for pair in group.members.windows(2) {
            for (mark, text) in [(pair[1], pair[0]), (pair[0], pair[1])] {
                let (word, text) = (&words[mark], &words[text]);
                let script = script((word.size, word.baseline), (text.size, text.baseline));
                let is_close = gap(text, word) < GAP * text.size;
                if is_mark(&word.text) && is_close && script == Script::Superscript {
                    words[mark].text = script.apply(&words[mark].text).into_owned();
                }
            }
        }
    }
}

fn is_mark(text: &str) -> bool {
    text.len() <= MOST_DIGITS && !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::super::test_words::words;
    use super::{Script, mark_notes, script};

    #[test]
    fn small_raised_letters_are_superscripts() {
        for (size, baseline, expected) in [
            (6.0, 96.5, Script::Superscript),
            (6.0, 101.5, Script::Subscript),
            (6.0, 100.0, Script::Normal),
            (10.0, 96.5, Script::Normal),
        ] {
            assert_eq!(script((size, baseline), (10.0, 100.0)), expected, "{size} {baseline}");
        }
    }

    #[test]
    fn note_marks_are_marked_and_amounts_are_not() {
        let mut line = words(&[(50.0, 100.0, "Profit"), (82.0, 96.5, "1"), (150.0, 96.5, "12.50")]);
        line[1].size = 6.0;
        line[2].size = 6.0;
        mark_notes(&mut line);
        let texts: Vec<&str> = line.iter().map(|word| word.text.as_str()).collect();
        assert_eq!(texts, ["Profit", "¹", "12.50"]);
    }
}
