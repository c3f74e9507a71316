//! The passages of documents that a copied text can be: whole words in a row, over line breaks and table
//! cells, without what lays them out.

use std::ops::Range;

use super::labels::{likeness, words_before};

/// What stands for a run of white space and cell borders in [`Passages::bytes`]; no text has these bytes.
const SPACE: u8 = 0xfe;
/// The same, if the run divides the lines of a paragraph.
const LINE: u8 = 0xff;
/// The same, if by the layout the second line goes on with what is at the end of the first.
const CONTINUED: u8 = 0xfc;
/// The same, if the run divides paragraphs, cells or columns.
const BREAK: u8 = 0xfd;

/// The most bytes of a line or cell that is not part of a running text. Chosen by hand.
const LONGEST_SEGMENT: usize = 60;

/// The texts of all documents, prepared to follow a copied text byte by byte.
pub struct Passages {
    bytes: Vec<u8>,
    /// For each byte, and the end, whether a word can begin or end before it.
    is_edge: Vec<bool>,
    /// The words beside each place where a word begins.
    labels: Vec<Vec<String>>,
}

/// All places at which a text that is being written stands.
#[derive(Debug, Clone)]
pub struct Copy {
    /// Indices of next bytes; `None` before the first byte.
    places: Option<Vec<Place>>,
    has_letter: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    next: usize,
    /// Whether the text has a comma in place of the line break at `next`.
    has_comma: bool,
    start: usize,
}

/// Where a copied text ends. The last of several is the one that says most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ending {
    /// Between the words of a short line or cell.
    Inside,
    /// Anywhere else.
    Free,
    /// With a line of a paragraph.
    Line,
    /// With a line that by the layout goes on in the next one.
    Continued,
}

impl Passages {
    pub fn new<'a>(documents: impl Iterator<Item = &'a str>) -> Self {
        let (mut bytes, mut is_edge) = (vec![BREAK], vec![true]);
        let mut labels = vec![Vec::new()];
        for document in documents {
            let mut rest = document;
            while let Some(letter) = rest.chars().next() {
                let layout = &rest[..rest.find(|it| !is_layout(it)).unwrap_or(rest.len())];
                if layout.is_empty() {
                    let before = document[..document.len() - rest.len()].chars().next_back();
                    let is_inside =
                        letter.is_alphanumeric() && before.is_some_and(char::is_alphanumeric);
                    let mut buffer = [0; 4];
                    for (index, byte) in letter.encode_utf8(&mut buffer).bytes().enumerate() {
                        bytes.push(byte);
                        let is_start = index == 0 && !is_inside;
                        is_edge.push(is_start);
                        labels.push(if is_start {
                            words_before(document, document.len() - rest.len())
                        } else {
                            Vec::new()
                        });
                    }
                    rest = &rest[letter.len_utf8()..];
                } else {
                    if !bytes.last().is_some_and(|last| is_space(*last)) {
                        let end = document.len() - rest.len();
                        bytes.push(kind_of(document, end..end + layout.len()));
                        is_edge.push(true);
                        labels.push(Vec::new());
                    }
                    rest = &rest[layout.len()..];
                }
            }
            if bytes.last() != Some(&BREAK) {
                bytes.push(BREAK);
                is_edge.push(true);
                labels.push(Vec::new());
            }
        }
        is_edge.push(true);
        Self { bytes, is_edge, labels }
    }

    /// Before the first byte of a text.
    pub fn start() -> Copy {
        Copy { places: None, has_letter: false }
    }

    /// Adds a byte to the text; returns whether it still stands in a document.
    pub fn push(&self, copy: &mut Copy, byte: u8) -> bool {
        let places = match &copy.places {
            None => {
                let starts = (0..self.bytes.len()).filter(|&at| self.is_edge[at]);
                starts
                    .filter_map(|at| {
                        self.step(Place { next: at, has_comma: false, start: at }, byte)
                    })
                    .collect()
            }
            Some(places) => places.iter().filter_map(|&place| self.step(place, byte)).collect(),
        };
        copy.has_letter |= byte.is_ascii_alphanumeric() || !byte.is_ascii();
        !copy.places.insert(places).is_empty()
    }

    fn step(&self, place: Place, byte: u8) -> Option<Place> {
        let wanted = *self.bytes.get(place.next)?;
        let next = Place { next: place.next + 1, has_comma: false, ..place };
        match byte {
            b' ' | b'\n' | b'\t' | b'\r' => is_space(wanted).then_some(next),
            // Lines are often joined by commas.
            b',' if wanted != SPACE && is_space(wanted) && !place.has_comma => {
                Some(Place { has_comma: true, ..place })
            }
            _ => (wanted == byte && !place.has_comma).then_some(next),
        }
    }

    /// Whether each place of the text began within a short line, cell or value of a label, not at its start.
    pub fn began_inside(&self, copy: &Copy) -> bool {
        match &copy.places {
            None => false,
            Some(places) => places.iter().all(|place| self.is_inside(place.start)),
        }
    }

    /// Whether a place is between the words of a short line, cell or value of a label.
    fn is_inside(&self, at: usize) -> bool {
        let divides = |byte: &u8| matches!(*byte, LINE | CONTINUED | BREAK);
        let start = self.bytes[..at].iter().rposition(divides).map_or(0, |at| at + 1);
        let end = self.bytes[at..].iter().position(divides).map_or(self.bytes.len(), |by| at + by);
        let segment = &self.bytes[start..end];
        if segment.len() > LONGEST_SEGMENT {
            return false;
        }
        let before = &self.bytes[start..at];
        let is_start = before.is_empty() || before.ends_with(&[b':', SPACE]);
        !is_start && at < end
    }

    /// What the text would end with here.
    pub fn end(&self, copy: &Copy) -> Ending {
        let places = copy.places.iter().flatten().filter(|place| !place.has_comma);
        let ends = places.map(|place| match self.bytes.get(place.next) {
            Some(&LINE) => Ending::Line,
            Some(&CONTINUED) => Ending::Continued,
            _ if self.is_inside(place.next) => Ending::Inside,
            _ => Ending::Free,
        });
        ends.max().unwrap_or(Ending::Free)
    }

    /// How well the best place of the text is labelled as a field, from 0 to 1.
    pub fn likeness(&self, copy: &Copy, field: &[String]) -> f32 {
        let of = |start: usize| likeness(field, &self.labels[start]);
        match &copy.places {
            None => (0..self.labels.len()).map(of).fold(0.0, f32::max),
            Some(places) => places.iter().map(|place| of(place.start)).fold(0.0, f32::max),
        }
    }

    /// Whether the text can end here, at the end of a word. A blank of a form is no text.
    pub fn may_end(&self, copy: &Copy) -> bool {
        let mut places = copy.places.iter().flatten().filter(|_| copy.has_letter);
        places.any(|place| {
            self.is_edge[place.next] && !place.has_comma && !is_space(self.bytes[place.next - 1])
        })
    }
}

/// What stands for a run of layout.
fn kind_of(document: &str, run: Range<usize>) -> u8 {
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

fn is_layout(letter: char) -> bool {
    letter.is_whitespace() || letter == '|'
}

fn is_space(byte: u8) -> bool {
    matches!(byte, SPACE | LINE | CONTINUED | BREAK)
}

#[cfg(test)]
mod tests {
    use super::Passages;

    /// How many bytes of a text stand in a document, and whether it can end there.
    fn follow(document: &str, text: &str) -> (usize, bool) {
        let passages = Passages::new([document].into_iter());
        let mut copy = Passages::start();
        let length = text.bytes().take_while(|&byte| passages.push(&mut copy, byte)).count();
        (length, length == text.len() && passages.may_end(&copy))
    }

    #[test]
    fn whole_words_can_be_copied() {
        let document = "Sold to: (Meridian) Roofing, Ltd.\n14-16 Foundry Lane\r\nZürich | €5 |\n";
        for text in [
            "Meridian",
            "(Meridian) Roofing",
            "Roofing, Ltd.",
            "Ltd",
            "14-16",
            "16 Foundry",
            "Zürich",
            "Zürich €5",
            "€5",
            "5",
            "Ltd. 14-16 Foundry Lane",
            "Ltd.\n14-16",
            "Lane, Zürich, €5",
        ] {
            assert_eq!(follow(document, text), (text.len(), true), "{text}");
        }
        for (text, length) in [
            ("oofing", 0),
            ("Meridiam", 7),
            ("Roofing Ltd", 7),
            ("Lane,Zürich", 5),
            ("Foundry, Lane", 7),
            ("€ 5", 3),
        ] {
            assert_eq!(follow(document, text), (length, false), "{text}");
        }
        assert_eq!(follow(document, "Merid"), (5, false));
        assert_eq!(follow("Medication: ____", "____"), (4, false));
        assert_eq!(follow(document, "Roofing, "), (9, false));
    }

    #[test]
    fn neither_an_empty_document_nor_an_empty_text_has_passages() {
        assert_eq!(follow("", "a"), (0, false));
        assert_eq!(follow("a", ""), (0, false));
    }
}
