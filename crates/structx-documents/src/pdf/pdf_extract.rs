//! The fallback reader `pdf-extract`, for files in which the layout finds no text at all.
//!
//! It panics on some files, and overflows the stack on others, which can't be caught; so it runs in a
//! child process.

use std::panic::{AssertUnwindSafe, catch_unwind};

use pdf_extract::{Document, PlainTextOutput, output_doc_page};

use crate::context::ReadContext;
use crate::isolate::{self, ChildError, Tool};

/// The most bytes of a character in JSON: `\u0000`.
const BYTES_OF_A_CHARACTER: u64 = 6;

/// The text of each page, read in a child process; empty for pages that can't be read.
pub(super) fn pages(context: &ReadContext, file: &[u8]) -> Result<Vec<String>, ChildError> {
    let most = (context.limits().characters as u64).saturating_mul(BYTES_OF_A_CHARACTER);
    isolate::ask(Tool::PdfExtract, context, file, most)
}

/// Extracts the pages in this process.
pub(crate) fn extract(file: &[u8]) -> Vec<String> {
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
    let mut text = extracted.ok().flatten().unwrap_or_default();
    text.retain(|character| character.is_whitespace() || !character.is_control());
    if is_usable(&text) { text } else { String::new() }
}

/// Whether the text is plausible. Fonts without a map to Unicode yield arbitrary symbols, or accented
/// Latin letters for those of other scripts.
fn is_usable(text: &str) -> bool {
    let count = |is_one: fn(char) -> bool| text.chars().filter(|it| is_one(*it)).count();
    let letters = count(char::is_alphanumeric);
    let accented = count(|it| matches!(it, '\u{c0}'..='\u{ff}'));
    letters > count(|it| !it.is_alphanumeric() && !it.is_whitespace()) && accented * 2 < letters
}

#[cfg(test)]
mod tests {
    use super::is_usable;

    #[test]
    fn texts_are_told_from_what_only_looks_like_text() {
        for (text, usable) in [
            ("Invoice 17: 3.50 EUR", true),
            ("Élève né à Orléans, où il a été reçu", true),
            ("\u{416}\u{443}\u{440}\u{43d}\u{430}\u{43b}", true),
            ("Ìèíèñòåðñòâî íàóêè", false),
            ("!\"#$ %&'( )*+ ab", false),
            (" \n", false),
        ] {
            assert_eq!(is_usable(text), usable, "{text}");
        }
    }
}
