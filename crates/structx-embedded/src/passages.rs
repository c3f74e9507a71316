//! The passages of documents that a copied text can be: whole words in a row, over line breaks and table
//! cells, without what lays them out.

use super::labels::{likeness, words_before};
use super::layout::{self, CONTINUED, LINE, SPACE, is_space};

/// The texts of all documents, prepared to follow a copied text byte by byte.
pub struct Passages {
    bytes: Vec<u8>,
    /// For each byte, and the end, whether a word can begin or end before it.
    is_edge: Vec<bool>,
    /// For each byte, and the end, whether it is within a short line, cell or value of a label, not at its
    /// start or end.
    is_inside: Vec<bool>,
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
        let mut passages = Self {
            bytes: Vec::new(),
            is_edge: Vec::new(),
            is_inside: Vec::new(),
            labels: Vec::new(),
        };
        passages.add(layout::BREAK, true, Vec::new());
        for document in documents {
            passages.read(document);
        }
        passages.is_edge.push(true);
        passages.is_inside = layout::insides(&passages.bytes);
        passages
    }

    fn read(&mut self, document: &str) {
        let mut at = 0;
        let mut before = ' ';
        while let Some(letter) = document[at..].chars().next() {
            let run = layout::run(document, at);
            if run.is_empty() {
                let is_start = !letter.is_alphanumeric() || !before.is_alphanumeric();
                let label = if is_start { words_before(document, at) } else { Vec::new() };
                let length = letter.len_utf8();
                self.add(document.as_bytes()[at], is_start, label);
                for &byte in &document.as_bytes()[at + 1..at + length] {
                    self.add(byte, false, Vec::new());
                }
                at += length;
            } else {
                at = run.end;
                if !self.bytes.last().is_some_and(|&last| layout::is_space(last)) {
                    self.add(layout::kind(document, run), true, Vec::new());
                }
            }
            before = letter;
        }
        if self.bytes.last() != Some(&layout::BREAK) {
            self.add(layout::BREAK, true, Vec::new());
        }
    }

    fn add(&mut self, byte: u8, is_edge: bool, label: Vec<String>) {
        self.bytes.push(byte);
        self.is_edge.push(is_edge);
        self.labels.push(label);
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
            Some(places) => places.iter().all(|place| self.is_inside[place.start]),
        }
    }

    /// What the text would end with here.
    pub fn end(&self, copy: &Copy) -> Ending {
        let places = copy.places.iter().flatten().filter(|place| !place.has_comma);
        let ends = places.map(|place| match self.bytes.get(place.next) {
            Some(&LINE) => Ending::Line,
            Some(&CONTINUED) => Ending::Continued,
            _ if self.is_inside[place.next] => Ending::Inside,
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
