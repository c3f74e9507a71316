//! Finds the headers and footers that the sections of a Word document show.

use quick_xml::events::BytesStart;

use super::super::xml::{self, Visitor};
use crate::FileError;

/// Visits first the settings, then the text.
#[derive(Default)]
pub(super) struct Sections {
    headers_footers: Vec<HeaderFooterPart>,
    has_title_page: bool,
    has_even_pages: bool,
    pub(super) has_foreign_part: bool,
}

struct HeaderFooterPart {
    is_header: bool,
    pages: String,
    id: String,
}

impl Sections {
    /// The relationship ids of the headers; a part may occur twice.
    pub(super) fn headers(&self) -> impl Iterator<Item = &str> {
        self.shown(true)
    }

    pub(super) fn footers(&self) -> impl Iterator<Item = &str> {
        self.shown(false)
    }

    fn shown(&self, is_header: bool) -> impl Iterator<Item = &str> {
        let shown = move |part: &&HeaderFooterPart| {
            part.is_header == is_header
                && match &*part.pages {
                    "first" => self.has_title_page,
                    "even" => self.has_even_pages,
                    _ => true,
                }
        };
        self.headers_footers.iter().filter(shown).map(|part| &*part.id)
    }
}

impl Visitor for Sections {
    fn start(&mut self, name: &str, element: &BytesStart) -> Result<bool, FileError> {
        match name {
            "headerReference" | "footerReference" => {
                let get = |name| xml::attribute(element, name).unwrap_or_default();
                let part = HeaderFooterPart {
                    is_header: name == "headerReference",
                    pages: get("type"),
                    id: get("id"),
                };
                self.headers_footers.push(part);
            }
            "titlePg" => self.has_title_page |= xml::is_on(element),
            "evenAndOddHeaders" => self.has_even_pages = xml::is_on(element),
            "altChunk" => self.has_foreign_part = true,
            // Only these elements may contain section properties.
            "document" | "body" | "p" | "pPr" | "sectPr" | "settings" | "sdt" | "sdtContent" => {}
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn end(&mut self, _: &str) -> Result<(), FileError> {
        Ok(())
    }

    fn text(&mut self, _: &str) {}
}
