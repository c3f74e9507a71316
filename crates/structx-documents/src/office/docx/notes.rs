//! Footnotes, endnotes and comments: the marks in the text, and the notes.

use std::collections::HashMap;

use quick_xml::events::BytesStart;

use super::super::numerals;
use super::super::xml::{self, Visitor};
use crate::FileError;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum NoteKind {
    Footnote,
    Endnote,
    Comment,
}

#[derive(Default)]
pub(super) struct Notes {
    /// In the order of the references in the text.
    all: Vec<Note>,
    places: HashMap<(NoteKind, String), usize>,
    /// The number of numbered notes by kind.
    counts: HashMap<NoteKind, u32>,
    /// Number formats from the settings.
    formats: HashMap<NoteKind, String>,
    /// The kind whose settings are being read.
    told: Option<NoteKind>,
}

struct Note {
    mark: String,
    text: String,
}

impl NoteKind {
    /// The kind of note by the name of its element.
    pub(super) fn of(name: &str) -> Self {
        match name {
            "footnote" => Self::Footnote,
            "endnote" => Self::Endnote,
            _ => Self::Comment,
        }
    }
}

impl Notes {
    /// The mark to print at a reference to a note.
    pub(super) fn refer(&mut self, kind: NoteKind, id: String, own_mark: bool) -> String {
        let place = self.all.len();
        let place = *self.places.entry((kind, id)).or_insert(place);
        if place == self.all.len() {
            let mark = if own_mark { String::new() } else { self.next_mark(kind) };
            self.all.push(Note { mark, text: String::new() });
        }
        self.all[place].mark.clone()
    }

    fn next_mark(&mut self, kind: NoteKind) -> String {
        let count = self.counts.entry(kind).or_default();
        *count += 1;
        let format = self.formats.get(&kind).map(String::as_str);
        match kind {
            NoteKind::Footnote => {
                format!("[{}]", numerals::print(*count, format.unwrap_or("decimal")))
            }
            NoteKind::Endnote => {
                format!("[{}]", numerals::print(*count, format.unwrap_or("lowerRoman")))
            }
            NoteKind::Comment => format!("[comment {count}]"),
        }
    }

    /// Stores the text of a note if the document refers to it; other notes are not printed.
    pub(super) fn add(&mut self, kind: NoteKind, id: &str, author: Option<String>, text: &str) {
        if let Some(place) = self.places.get(&(kind, id.to_owned())) {
            let author = author.filter(|author| !author.is_empty());
            let author = author.map(|author| format!("{author}: ")).unwrap_or_default();
            self.all[*place].text = format!("{author}{text}");
        }
    }

    /// The notes with their marks, footnotes first.
    pub(super) fn texts(&self) -> Vec<String> {
        let mut places: Vec<_> =
            self.places.iter().map(|((kind, _), place)| (*kind as u8, place)).collect();
        places.sort_unstable();
        let notes = places.into_iter().map(|(_, place)| &self.all[*place]);
        let notes = notes.filter(|note| !note.text.is_empty());
        notes.map(|note| format!("{} {}", note.mark, note.text).trim().to_owned()).collect()
    }
}

/// Reads the settings of a document.
impl Visitor for Notes {
    fn start(&mut self, name: &str, element: &BytesStart) -> Result<bool, FileError> {
        match (name, self.told) {
            ("footnotePr", _) => self.told = Some(NoteKind::Footnote),
            ("endnotePr", _) => self.told = Some(NoteKind::Endnote),
            ("numFmt", Some(kind)) => {
                self.formats.insert(kind, xml::attribute(element, "val").unwrap_or_default());
            }
            _ => {}
        }
        Ok(true)
    }

    fn end(&mut self, name: &str) -> Result<(), FileError> {
        if matches!(name, "footnotePr" | "endnotePr") {
            self.told = None;
        }
        Ok(())
    }

    fn text(&mut self, _: &str) {}
}
