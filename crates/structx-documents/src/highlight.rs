//! Marks places of a document in its file.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::context::ReadContext;
use super::{Document, FileError, FileErrorKind, Format, pdf};

/// Places of a document's text that are marked together.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// Bytes of the text. Those without a box on a page are not marked.
    pub ranges: Vec<Range<usize>>,
    /// Red, green and blue; black print stays legible on it, as on paper.
    pub colour: [u8; 3],
    /// What viewers show beside the mark.
    pub note: String,
}

/// The PDF of a document with marks, as highlight annotations; its content stays as it is. A protected
/// file stays protected.
///
/// # Errors
/// The document has no file, which is not a PDF or whose structure can't be changed; or no mark has a
/// box on a page.
pub fn highlight(document: &Document, marks: &[Mark]) -> Result<Vec<u8>, FileError> {
    let context = ReadContext::new(&document.name, &document.options);
    let (Some(Format::Pdf), Some(original)) = (document.format, &document.original) else {
        return Err(
            context.error(FileErrorKind::Unsupported, "is no PDF, which alone can be marked")
        );
    };
    let marked = || pdf::highlight::marked(&context, document, original, marks);
    catch_unwind(AssertUnwindSafe(marked))
        .unwrap_or_else(|_| Err(context.corrupt("is damaged and can't be marked")))
}
