//! The files embedded in a PDF, such as the XML of an electronic invoice (Factur-X, ZUGFeRD).

use hayro_syntax::Pdf;
use hayro_syntax::object::{Array, Dict, Name, Stream, String as PdfString};

use super::drawing::actual_text::decode;
use crate::context::ReadContext;
use crate::{Attachment, FileError};

/// The deepest tree of names: chosen by hand.
const MOST_LEVELS: usize = 16;

/// The embedded files in the order of their names. Files that can't be decoded are left out.
///
/// # Errors
/// There are too many, they are too large, or the time is used up.
pub(super) fn read(context: &ReadContext, pdf: &Pdf) -> Result<Vec<Attachment>, FileError> {
    let xref = pdf.xref();
    let names = xref
        .get::<Dict<'_>>(xref.root_id())
        .and_then(|root| root.get::<Dict<'_>>(b"Names"))
        .and_then(|names| names.get::<Dict<'_>>(b"EmbeddedFiles"));
    let mut found = Vec::new();
    if let Some(names) = names {
        collect(context, &names, MOST_LEVELS, &mut found)?;
    }
    Ok(found)
}

/// Whether the document has an XFA form, of which a PDF form is at best a copy.
pub(super) fn has_xfa(pdf: &Pdf) -> bool {
    let xref = pdf.xref();
    let root = xref.get::<Dict<'_>>(xref.root_id());
    let form = root.and_then(|root| root.get::<Dict<'_>>(b"AcroForm"));
    form.is_some_and(|form| form.contains_key(b"XFA"))
}

/// Collects the files of a node of the name tree (ISO 32000-2, 7.9.6).
fn collect(
    context: &ReadContext,
    node: &Dict<'_>,
    levels: usize,
    found: &mut Vec<Attachment>,
) -> Result<(), FileError> {
    if let Some(names) = node.get::<Array<'_>>(b"Names") {
        // Pairs of a name and a file specification.
        let mut entries = names.flex_iter();
        while let (Some(_), Some(file)) =
            (entries.next::<PdfString<'_>>(), entries.next::<Dict<'_>>())
        {
            context.check_time()?;
            found.extend(attachment(&file));
            context.check_entries(found.len())?;
            let bytes: usize = found.iter().map(|it| it.bytes.len()).sum();
            context.check_unpacked_bytes(bytes as u64)?;
        }
    }
    let Some(kids) = node.get::<Array<'_>>(b"Kids").filter(|_| levels > 0) else { return Ok(()) };
    for kid in kids.iter::<Dict<'_>>() {
        collect(context, &kid, levels - 1, found)?;
    }
    Ok(())
}

fn attachment(file: &Dict<'_>) -> Option<Attachment> {
    let name = [&b"UF"[..], b"F"].iter().find_map(|key| file.get::<PdfString<'_>>(key));
    let stream = file.get::<Dict<'_>>(b"EF")?.get::<Stream<'_>>(b"F")?;
    let media_type = stream.dict().get::<Name<'_>>(b"Subtype");
    Some(Attachment {
        name: name.map(|name| decode(name.as_bytes())).unwrap_or_default(),
        media_type: media_type.map_or_else(
            || "application/octet-stream".to_owned(),
            |media_type| media_type.as_str().to_owned(),
        ),
        bytes: stream.decoded_data().ok()?.as_ref().into(),
    })
}
