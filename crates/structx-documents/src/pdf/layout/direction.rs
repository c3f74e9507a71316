//! Reorders right-to-left text from visual to logical order.

use super::words::PageWord;

pub(in crate::pdf) fn is_rtl(text: &str) -> bool {
    // No right-to-left letter begins with a lower byte in UTF-8.
    text.bytes().any(|byte| byte >= 0xd6) && text.chars().any(is_rtl_letter)
}

/// Hebrew, Arabic and the neighbouring right-to-left blocks.
fn is_rtl_letter(character: char) -> bool {
    matches!(character, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}')
        && !matches!(character, '\u{660}'..='\u{669}' | '\u{6f0}'..='\u{6f9}')
}

pub(super) fn is_ltr_letter(character: char) -> bool {
    character.is_alphabetic() && !is_rtl_letter(character)
}

/// Reorders the words of a line from visual to logical order.
pub(in crate::pdf) fn order(line: &mut [PageWord]) {
    if !line.iter().any(|word| is_rtl(&word.text)) {
        return;
    }
    let rtl = line.iter().filter(|word| is_rtl(&word.text)).count();
    let ltr = line.iter().filter(|word| word.text.contains(is_ltr_letter)).count();
    let ends_rtl = line.last().is_some_and(|word| is_rtl(&word.text));
    let from_right = rtl > ltr || (rtl == ltr && ends_rtl);
    if from_right {
        line.reverse();
        reverse_runs(line, |word| word.text.contains(is_ltr_letter), |word| is_rtl(&word.text));
    } else {
        reverse_runs(line, |word| is_rtl(&word.text), |word| word.text.contains(is_ltr_letter));
    }
    mirror(line);
}

/// Reverses each run of words from one for which `is` holds to the last such word before one for
/// which `is_against` holds.
fn reverse_runs(
    line: &mut [PageWord],
    is: fn(&PageWord) -> bool,
    is_against: fn(&PageWord) -> bool,
) {
    let mut start = 0;
    while let Some(first) = line.iter().skip(start).position(is).map(|place| start + place) {
        let end = line.iter().skip(first).position(|word| is_against(word) && !is(word));
        let end = end.map_or(line.len(), |place| first + place);
        let run = &mut line[first..end];
        let last = run.iter().rposition(is).unwrap_or(0);
        run[..=last].reverse();
        start = end;
    }
}

/// Reorders the letters of a word from visual to logical order.
pub(in crate::pdf) fn order_letters(text: &mut String) {
    if is_rtl(text) {
        *text = rotated(text);
    }
}

/// The characters reversed, except for numbers and left-to-right letters among them.
fn rotated(text: &str) -> String {
    let mut rotated: Vec<char> = text.chars().rev().collect();
    let is_ltr = |character: &char| is_ltr_letter(*character) || character.is_numeric();
    let mut start = 0;
    while let Some(first) = rotated[start..].iter().position(is_ltr).map(|place| start + place) {
        let within = |c: &char| is_ltr(c) || matches!(c, '.' | ',' | ':' | '/' | '-');
        let end = rotated[first..].iter().position(|c| !within(c));
        let end = end.map_or(rotated.len(), |place| first + place);
        let last = rotated[first..end].iter().rposition(is_ltr).unwrap_or(0);
        rotated[first..=first + last].reverse();
        start = end;
    }
    rotated.into_iter().collect()
}

/// Mirrors brackets if needed. Brackets are drawn mirrored in right-to-left text; some files encode
/// the drawn form, others the logical one. A closing bracket first means the drawn form.
fn mirror(line: &mut [PageWord]) {
    let brackets = |c: &char| matches!(c, '(' | ')' | '[' | ']');
    let rtl = || line.iter().filter(|word| is_rtl(&word.text));
    let first = rtl().flat_map(|word| word.text.chars()).find(brackets);
    if !matches!(first, Some(')' | ']')) {
        return;
    }
    for word in line.iter_mut().filter(|word| is_rtl(&word.text)) {
        let mirrored = |character| match character {
            '(' => ')',
            ')' => '(',
            '[' => ']',
            ']' => '[',
            other => other,
        };
        word.text = word.text.chars().map(mirrored).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_words::words;
    use super::{order, order_letters};

    fn ordered(seen: &str) -> String {
        let mut line = words(&[(0.0, 0.0, seen)]);
        for word in &mut line {
            order_letters(&mut word.text);
        }
        order(&mut line);
        line.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_is_seen_becomes_what_is_read() {
        for (seen, read) in [
            ("plain words 12", "plain words 12"),
            // shalom olam
            ("םלוע םולש", "שלום עולם"),
            ("12.50 םולש", "שלום 12.50"),
            ("םולש12.50", "12.50שלום"),
            ("םלוע Big Company םולש", "שלום Big Company עולם"),
            ("the words םלוע םולש are Hebrew", "the words שלום עולם are Hebrew"),
            (")םולש(", "(שלום)"),
            ("(םולש)", "(שלום)"),
        ] {
            assert_eq!(ordered(seen), read, "{seen}");
        }
    }
}
