//! PDF: the glyphs that `hayro` draws, put in order by [`layout`].

mod cost;
mod direction;
mod glyphs;
mod layout;
mod lines;
pub(super) mod render;
mod rules;
pub(super) mod second_opinion;
mod streams;
mod tables;
mod words;

use std::sync::Arc;

use hayro_syntax::{DecryptionError, LoadPdfError, Pdf};

use self::glyphs::Drawer;
use self::layout::paragraphs;
use super::builder::Builder;
use super::reading::Reading;
use super::{BlockKind, Document, FileError, FileErrorKind, Mode, Password};

pub(super) fn read(reading: &Reading, bytes: Vec<u8>) -> Result<Document, FileError> {
    let original: Arc<[u8]> = bytes.into();
    let pdf = open(reading, &original)?;
    let pages = pdf.pages();
    reading.check_pages(pages.len())?;
    let mut builder = Builder::default();
    let mut drawer = Drawer::new(reading, &pdf);
    let mut blank = Vec::new();
    let (mut mapped, mut unmapped) = (0, 0);
    for (number, page) in (1..).zip(pages.iter()) {
        builder.page(number);
        let drawing = drawer.draw(page)?;
        mapped += drawing.glyphs.len();
        unmapped += drawing.unmapped;
        let found = paragraphs(drawing.glyphs);
        if found.is_empty() {
            blank.push(number.to_string());
        }
        for paragraph in found {
            builder.part("\n\n");
            builder.block(BlockKind::Paragraph, &paragraph.text, Some(paragraph.bounds));
        }
    }
    let is_unread = blank.len() == pages.len() || unmapped > mapped;
    if is_unread && reading.options.mode == Mode::Text {
        let message = "its pages have no readable text, as in a scan; run text recognition (OCR) \
                       on it first";
        return Err(reading.error(FileErrorKind::NoTextLayer, message));
    }
    let mut document = builder.finish();
    for page in &mut document.pages {
        page.needs_vision = is_unread || page.range.is_empty();
    }
    document.original = Some(original);
    document.warnings.extend(warnings(&blank, unmapped));
    Ok(document)
}

fn open(reading: &Reading, file: &Arc<[u8]>) -> Result<Pdf, FileError> {
    streams::check(reading, file)?;
    let password = reading.options.password.as_ref().map_or("", Password::reveal);
    Pdf::new_with_password(Arc::new(file.clone()), password)
        .map_err(|error| load_error(reading, error))
}

fn warnings(blank: &[String], unmapped: usize) -> Vec<String> {
    let mut warnings = Vec::new();
    if !blank.is_empty() {
        warnings.push(format!("no text on page {}", blank.join(", ")));
    }
    if unmapped > 0 {
        warnings.push(format!("{unmapped} characters have no Unicode value and were left out"));
    }
    warnings
}

fn load_error(reading: &Reading, error: LoadPdfError) -> FileError {
    let (kind, message) = match error {
        LoadPdfError::Decryption(DecryptionError::PasswordProtected) => {
            (FileErrorKind::PasswordRequired, "is protected by a password; save it without one")
        }
        LoadPdfError::Decryption(DecryptionError::UnsupportedAlgorithm) => (
            FileErrorKind::Unsupported,
            "is encrypted in a way that is not supported; save it without encryption",
        ),
        LoadPdfError::Decryption(_) | LoadPdfError::Invalid => {
            (FileErrorKind::Corrupt, "is damaged and can't be read as a PDF; export it again")
        }
    };
    reading.error(kind, message)
}
