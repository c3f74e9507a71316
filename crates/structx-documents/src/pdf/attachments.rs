//! The files embedded in a PDF, such as the XML of an electronic invoice (Factur-X, ZUGFeRD).

use hayro_syntax::Pdf;
use hayro_syntax::object::{Array, Dict, Name, Stream, String as PdfString};

use super::text_string::decode;
use crate::context::ReadContext;
use crate::{Attachment, FileError};

/// The deepest tree of names: chosen by hand.
const MOST_LEVELS: usize = 16;

/// The embedded files in the order of their names. Files that can't be decoded are left out.
///
/// # Errors
/// There are too many, they are too large, or the time is used up.
pub(super) fn read(context: &ReadContext, pdf: &Pdf) -> Result<Vec<Attachment>, FileError> {
    let names = root(pdf)
        .and_then(|root| root.get::<Dict<'_>>(b"Names"))
        .and_then(|names| names.get::<Dict<'_>>(b"EmbeddedFiles"));
    let mut found = EmbeddedFiles::default();
    if let Some(names) = names {
        found.collect(context, &names, MOST_LEVELS)?;
    }
    Ok(found.files)
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
                context.check_time()?;
                let file = entries.next::<Dict<'_>>();
                let Some(file) = file.and_then(|file| attachment(&file)) else { continue };
                self.bytes += file.bytes.len() as u64;
                self.files.push(file);
                context.check_entries(self.files.len())?;
                context.check_unpacked_bytes(self.bytes)?;
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
