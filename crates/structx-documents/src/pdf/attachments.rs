//! The files embedded in a PDF, such as the XML of an electronic invoice (Factur-X, ZUGFeRD).

use hayro_syntax::Pdf;
use hayro_syntax::object::{Array, Dict, Name, Stream, String as PdfString};

use super::text_string::decode;
use crate::context::ReadContext;
use crate::{Attachment, Document, FileError};

/// The deepest tree of names: chosen by hand.
const MOST_LEVELS: usize = 16;

/// Adds the embedded files: those with names, those that are only associated with the document, and
/// those that annotations hold. Warns of those that can't be decoded.
///
/// # Errors
/// There are too many, they are too large, or the time is used up.
pub(super) fn read(
    context: &ReadContext,
    pdf: &Pdf,
    document: &mut Document,
) -> Result<(), FileError> {
    let mut found = EmbeddedFiles::default();
    if let Some(root) = root(pdf) {
        let names = root.get::<Dict<'_>>(b"Names");
        if let Some(names) = names.and_then(|names| names.get::<Dict<'_>>(b"EmbeddedFiles")) {
            found.collect(context, &names, MOST_LEVELS)?;
        }
        let associated = root.get::<Array<'_>>(b"AF");
        for file in associated.iter().flat_map(Array::iter::<Dict<'_>>) {
            found.add(context, &file)?;
        }
    }
    for page in pdf.pages().iter() {
        let annotations = page.raw().get::<Array<'_>>(b"Annots");
        for annotation in annotations.iter().flat_map(Array::iter::<Dict<'_>>) {
            if annotation
                .get::<Name<'_>>(b"Subtype")
                .is_some_and(|it| it.as_str() == "FileAttachment")
                && let Some(file) = annotation.get::<Dict<'_>>(b"FS")
            {
                found.add(context, &file)?;
            }
        }
    }
    if found.damaged > 0 {
        let warning = format!("{} embedded files can't be read", found.damaged);
        document.warnings.push(warning);
    }
    document.attachments = found.files;
    Ok(())
}

/// The catalog of the document.
pub(super) fn root(pdf: &Pdf) -> Option<Dict<'_>> {
    let xref = pdf.xref();
    xref.get(xref.root_id())
}

#[derive(Default)]
struct EmbeddedFiles {
    files: Vec<Attachment>,
    /// The size of the files together.
    bytes: u64,
    /// The number of files that can't be decoded.
    damaged: usize,
}

impl EmbeddedFiles {
    /// Collects the files of a node of the name tree (ISO 32000-2, 7.9.6).
    fn collect(
        &mut self,
        context: &ReadContext,
        node: &Dict<'_>,
        levels: usize,
    ) -> Result<(), FileError> {
        context.check_time()?;
        if let Some(names) = node.get::<Array<'_>>(b"Names") {
            // Pairs of a name and a file specification.
            let mut entries = names.flex_iter();
            while entries.next::<PdfString<'_>>().is_some() {
                if let Some(file) = entries.next::<Dict<'_>>() {
                    self.add(context, &file)?;
                }
            }
        }
        let Some(kids) = node.get::<Array<'_>>(b"Kids").filter(|_| levels > 0) else {
            return Ok(());
        };
        for kid in kids.iter::<Dict<'_>>() {
            self.collect(context, &kid, levels - 1)?;
        }
        Ok(())
    }

    /// Adds the file of a specification, once.
    fn add(&mut self, context: &ReadContext, file: &Dict<'_>) -> Result<(), FileError> {
        context.check_time()?;
        // A specification without content refers to another file.
        let Some(embedded) = file.get::<Dict<'_>>(b"EF") else { return Ok(()) };
        let Some(file) = attachment(file, &embedded) else {
            self.damaged += 1;
            return Ok(());
        };
        let is_same = |other: &Attachment| other.name == file.name && other.bytes == file.bytes;
        if self.files.iter().any(is_same) {
            return Ok(());
        }
        self.bytes += file.bytes.len() as u64;
        self.files.push(file);
        context.check_entries(self.files.len())?;
        context.check_unpacked_bytes(self.bytes)
    }
}

fn attachment(file: &Dict<'_>, embedded: &Dict<'_>) -> Option<Attachment> {
    let name = [&b"UF"[..], b"F"].iter().find_map(|key| file.get::<PdfString<'_>>(key));
    let stream = [&b"F"[..], b"UF"].iter().find_map(|key| embedded.get::<Stream<'_>>(key))?;
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
