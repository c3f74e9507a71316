//! Adds highlight annotations to a PDF: boxes of the page as it is shown become those of its content.

pub(crate) mod annotate;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hayro_interpret::TransformExt;
use hayro_interpret::kurbo::{Affine, Point};
use hayro_syntax::Pdf;
use hayro_syntax::object::{Array, Dict, Name};
use hayro_syntax::page::Page;

use self::annotate::{PageMark, Quad, Request};
use crate::context::ReadContext;
use crate::highlight::Mark;
use crate::isolate::{self, Tool};
use crate::{Bounds, Document, FileError, FileErrorKind, Password};

/// The file with the marks, made in a child process and read again.
///
/// # Errors
/// The file can't be changed, or no mark has a box.
pub(crate) fn marked(
    context: &ReadContext,
    document: &Document,
    file: &Arc<[u8]>,
    marks: &[Mark],
) -> Result<Vec<u8>, FileError> {
    let (request, expected) = request(context, document, file, marks)?;
    // In base64; a file that was packed may grow, as its objects are unpacked.
    let most = context.limits().unpacked_bytes.saturating_mul(2);
    let reply = isolate::ask(Tool::Highlight, context, &request, most)
        .map_err(|error| context.corrupt(format!("can't be marked: the writer {error}")))?;
    checked(context, document, reply, expected)
}

/// What is sent to the child, and the number of highlight annotations that its file must have.
fn request(
    context: &ReadContext,
    document: &Document,
    file: &Arc<[u8]>,
    marks: &[Mark],
) -> Result<(Vec<u8>, usize), FileError> {
    let pdf = super::open(context, file)?;
    let marks = page_marks(context, document, &pdf, marks)?;
    let password = context.options.password.as_ref().map(|it| Password::reveal(it).to_owned());
    let expected = highlights(&pdf) + marks.len();
    Ok((Request { password, marks }.with_file(file), expected))
}

/// The marks by page: one for each page of a mark.
fn page_marks(
    context: &ReadContext,
    document: &Document,
    pdf: &Pdf,
    marks: &[Mark],
) -> Result<Vec<PageMark>, FileError> {
    let mut made = Vec::new();
    for mark in marks {
        let mut boxes: BTreeMap<u32, Vec<Bounds>> = BTreeMap::new();
        for place in mark.ranges.iter().flat_map(|range| document.locate(range.clone())) {
            if let (Some(page), Some(bounds)) = (place.page, place.bounds) {
                boxes.entry(page).or_default().push(bounds);
            }
        }
        for (number, boxes) in boxes {
            let index = usize::try_from(number).unwrap_or(usize::MAX).wrapping_sub(1);
            let page = pdf.pages().get(index).ok_or_else(|| refused(context))?;
            let id = page.raw().obj_id().ok_or_else(|| refused(context))?;
            let generation = u16::try_from(id.gen_number).map_err(|_| refused(context))?;
            made.push(PageMark {
                page: (id.obj_number, generation),
                quads: boxes.into_iter().map(|bounds| quad(page, bounds)).collect(),
                colour: mark.colour.map(|part| f32::from(part) / 255.0),
                note: mark.note.clone(),
            });
        }
    }
    if made.is_empty() {
        let message = "has no box of these places: its pages have no text, or it was read by a \
                       reader without positions";
        return Err(context.error(FileErrorKind::Unsupported, message));
    }
    Ok(made)
}

/// The corners of a box in the space of the page's content: top left, top right, bottom left, bottom
/// right as the page is shown, the order that viewers take (not that of ISO 32000-2, 12.5.6.10).
fn quad(page: &Page<'_>, bounds: Bounds) -> Quad {
    let to_content: Affine = page.initial_transform(true).to_kurbo().inverse();
    let Bounds { left, top, right, bottom } = bounds;
    [(left, top), (right, top), (left, bottom), (right, bottom)].map(|(x, y)| {
        let Point { x, y } = to_content * Point::new(x.into(), y.into());
        #[expect(clippy::cast_possible_truncation, reason = "numbers of a PDF are 32-bit floats")]
        let corner = [x as f32, y as f32];
        corner
    })
}

/// The marked file, if it still has the same text, and all marks.
fn checked(
    context: &ReadContext,
    document: &Document,
    reply: Option<String>,
    expected: usize,
) -> Result<Vec<u8>, FileError> {
    let marked = reply.and_then(|reply| BASE64_STANDARD.decode(reply).ok());
    let marked = marked.ok_or_else(|| refused(context))?;
    let again = ReadContext::new(context.name, context.options);
    let pdf = super::open(&again, &marked.as_slice().into())?;
    let count = highlights(&pdf);
    drop(pdf);
    let read = super::read(&again, marked.clone())?;
    if read.text != document.text || count != expected {
        return Err(refused(context));
    }
    Ok(marked)
}

/// The number of highlight annotations.
fn highlights(pdf: &Pdf) -> usize {
    let of_page = |page: &Page<'_>| {
        let annotations = page.raw().get::<Array<'_>>(b"Annots");
        annotations.map_or(0, |all| {
            let mut found = all.flex_iter();
            (0..all.raw_iter().count())
                .filter_map(|_| found.next::<Dict<'_>>())
                .filter_map(|it| it.get::<Name<'_>>(b"Subtype"))
                .filter(|subtype| subtype.as_str() == "Highlight")
                .count()
        })
    };
    pdf.pages().iter().map(of_page).sum()
}

fn refused(context: &ReadContext) -> FileError {
    context.corrupt("has a structure that can't be marked; export it again as a PDF")
}
