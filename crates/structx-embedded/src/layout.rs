//! What lays out a text: white space and cell borders, and what they say about the values between them.

use std::ops::Range;

/// What stands for a run of white space and cell borders in bytes: no text has this one.
pub const SPACE: u8 = 0xfe;
/// The same, if the run divides the lines of a paragraph.
pub const LINE: u8 = 0xff;
/// The same, if by the layout the second line goes on with what is at the end of the first.
pub const CONTINUED: u8 = 0xfc;
/// The same, if the run divides paragraphs, cells or columns.
pub const BREAK: u8 = 0xfd;

/// The most bytes of a line or cell that is not part of a running text. Chosen by hand.
const LONGEST_SEGMENT: usize = 60;

/// What stands for a run of layout.
pub fn kind(document: &str, run: Range<usize>) -> u8 {
    let layout = &document[run.clone()];
    let is_column = layout.contains('|') || layout.contains('\t');
    match layout.matches('\n').count() {
        0 if is_column || layout.chars().count() > 1 => BREAK,
        0 => SPACE,
        1 if !is_column => {
            if document[run.end..].lines().next().is_some_and(has_label) {
                BREAK
            } else if continues(document, run) {
                CONTINUED
            } else {
                LINE
            }
        }
        _ => BREAK,
    }
}

/// Whether the line after a line break goes on with a value: it is indented, or it has no label, as
/// the lines around it have.
fn continues(document: &str, run: Range<usize>) -> bool {
    let paragraph_start = document[..run.start].rfind("\n\n").map_or(0, |at| at + 2);
    let paragraph_end = document[run.end..].find("\n\n").map_or(document.len(), |at| run.end + at);
    let first = document[..run.start].lines().next_back().unwrap_or_default();
    let second = document[run.end..].lines().next().unwrap_or_default();
    let indent = |line: &str| line.len() - line.trim_start().len();
    let indent_of_second =
        document[run.clone()].len() - document[run.clone()].rfind('\n').map_or(0, |at| at + 1);
    if first.trim().contains("  ") && indent_of_second > indent(first) + 1 {
        return true;
    }
    let labelled = document[paragraph_start..paragraph_end].lines().filter(|line| has_label(line));
    has_label(first) && !has_label(second) && labelled.count() > 2
}

/// Whether a line is like `Label: value`.
fn has_label(line: &str) -> bool {
    let label = line
        .split_once(':')
        .filter(|(_, value)| value.is_empty() || value.starts_with([' ', '\t']));
    label.is_some_and(|(label, _)| !label.is_empty() && label.split_whitespace().count() <= 4)
}

/// For each byte, and the end, whether it is within a short line, cell or value of a label, and not at
/// a comma or bracket, with which what was said before often ends.
pub fn insides(bytes: &[u8]) -> Vec<bool> {
    let mut insides = Vec::with_capacity(bytes.len() + 1);
    for segment in bytes.split_inclusive(|&byte| is_space(byte) && byte != SPACE) {
        let is_short = segment.len() <= LONGEST_SEGMENT;
        insides.extend((0..segment.len()).map(|at| {
            let is_start = at == 0 || segment[..at].ends_with(&[b':', SPACE]);
            let is_mark = |byte: &u8| b",;()".contains(byte);
            let next = segment[at..].iter().find(|byte| **byte != SPACE);
            is_short && !is_start && at + 1 < segment.len() && !next.is_some_and(is_mark)
        }));
    }
    insides.push(false);
    insides
}

/// The run of white space and cell borders from `at` on.
pub fn run(document: &str, at: usize) -> Range<usize> {
    let end = document[at..].find(|letter| !is_layout(letter));
    at..end.map_or(document.len(), |length| at + length)
}

fn is_layout(letter: char) -> bool {
    letter.is_whitespace() || letter == '|'
}

pub fn is_space(byte: u8) -> bool {
    matches!(byte, SPACE | LINE | CONTINUED | BREAK)
}

#[cfg(test)]
mod tests {
    use super::{BREAK, CONTINUED, LINE, SPACE, insides, kind, run};

    /// The kind of the layout before a word.
    fn before(document: &str, word: &str) -> u8 {
        let start =
            document[..document.find(word).unwrap()].trim_end_matches([' ', '\n', '|']).len();
        kind(document, run(document, start))
    }

    #[test]
    fn columns_cells_and_paragraphs_end_a_text() {
        let document = "one two  three | four\nfive\n\nsix\nName: seven\n";
        let words = ["two", "three", "four", "five", "six", "Name", "seven"];
        let kinds = words.map(|word| before(document, word));
        assert_eq!(kinds, [SPACE, BREAK, BREAK, LINE, BREAK, BREAK, SPACE]);
    }

    #[test]
    fn a_line_without_a_label_goes_on_among_those_with_one() {
        let document = "Name: Ann\nStreet: Mill Lane 5\nLeeds\nPhone: 5\n";
        assert_eq!(before(document, "Leeds"), CONTINUED);
        assert_eq!(before("Street: Mill Lane 5\nLeeds\n", "Leeds"), LINE);
        assert_eq!(
            before("Street   Mill Lane 5\n         Leeds\nPhone    5\n", "Leeds"),
            CONTINUED
        );
        assert_eq!(before("Ann\nMill Lane 5\nLeeds\n", "Leeds"), LINE);
    }

    #[test]
    fn a_value_is_inside_only_between_its_ends() {
        let mut bytes = b"a: bc, d".to_vec();
        (bytes[2], bytes[6]) = (SPACE, SPACE);
        bytes.push(LINE);
        bytes.extend([b'x'; 80]);
        let inside: Vec<usize> =
            insides(&bytes).iter().enumerate().filter(|(_, is)| **is).map(|(at, _)| at).collect();
        assert_eq!(inside, [1, 2, 4, 6, 7]);
    }
}
