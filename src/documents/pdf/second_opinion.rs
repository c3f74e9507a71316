//! The text of pages as a second library reads it, asked where the first finds none on any page.
//!
//! It panics on some files, and overflows the stack on others, which nothing can catch: it runs in
//! a process of its own.

use std::panic::{AssertUnwindSafe, catch_unwind};

use pdf_extract::{Document, PlainTextOutput, output_doc_page};

use crate::documents::isolate::{self, Failure, Reader};
use crate::documents::reading::Reading;

/// The text of each page; none for a page that is not to be read.
pub(super) fn pages(reading: &Reading, file: &[u8]) -> Result<Vec<String>, Failure> {
    isolate::read(Reader::PdfExtract, reading, file)
}

/// What [`pages`] gives, found in this process.
pub(in crate::documents) fn extract(file: &[u8]) -> Vec<String> {
    let Ok(mut document) = Document::load_mem(file) else { return Vec::new() };
    if document.is_encrypted() && document.decrypt("").is_err() {
        return Vec::new();
    }
    document.get_pages().into_keys().map(|number| page(&document, number)).collect()
}

fn page(document: &Document, number: u32) -> String {
    let extracted = catch_unwind(AssertUnwindSafe(|| {
        let mut text = String::new();
        let mut output = PlainTextOutput::new(&mut text);
        output_doc_page(document, &mut output, number).is_ok().then_some(text)
    }));
    let text = extracted.ok().flatten().unwrap_or_default();
    if is_usable(&text) { text } else { String::new() }
}

/// Most of it has to be what texts are made of: fonts without a map to Unicode give anything.
fn is_usable(text: &str) -> bool {
    let (mut letters, mut others) = (0, 0);
    for character in text.chars().filter(|character| !character.is_whitespace()) {
        *(if character.is_alphanumeric() { &mut letters } else { &mut others }) += 1;
    }
    letters > others
}
