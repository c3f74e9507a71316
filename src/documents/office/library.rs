//! What `office_oxide` reads: presentations and the binary formats. The one place that knows its
//! errors and limits.

use std::io::Cursor;

use office_oxide::doc::DocError;
use office_oxide::ir::DocumentIR;
use office_oxide::options::ParseOptions;
use office_oxide::ppt::PptError;
use office_oxide::pptx::PptxError;
use office_oxide::{Document, DocumentFormat, OfficeError, core};

use crate::documents::packed::archive;
use crate::documents::reading::Reading;
use crate::documents::{FileError, FileErrorKind};

/// Of one part. What the library makes of a part takes many times its memory, and a slide or a
/// picture has no more.
const MOST_PART_BYTES: u64 = 16 << 20;

pub(super) fn open(
    reading: &Reading,
    bytes: Vec<u8>,
    format: DocumentFormat,
) -> Result<DocumentIR, FileError> {
    if format == DocumentFormat::Pptx {
        archive::check(reading, &bytes)?;
    }
    let limits = reading.limits();
    let mut options = ParseOptions::default();
    options.limits.package_bytes = limits.unpacked_bytes;
    options.limits.part_bytes = limits.unpacked_bytes.min(MOST_PART_BYTES);
    options.limits.package_entries = limits.entries;
    options.limits.inflate_ratio = limits.inflate_ratio;
    options.limits.text_chars = limits.characters;
    options.limits.memory_bytes = limits.unpacked_bytes;
    options.limits.embedded_depth = 0;
    let document = Document::from_reader_with(Cursor::new(bytes), format, &options)
        .map_err(|error| file_error(reading, &error))?;
    let model = document.to_ir();
    if model.metadata.text_truncated {
        let message = "has more text than can be read at once; split the file";
        return Err(reading.error(FileErrorKind::LimitExceeded, message));
    }
    reading.check_time()?;
    Ok(model)
}

fn file_error(reading: &Reading, error: &OfficeError) -> FileError {
    match error {
        OfficeError::Doc(DocError::Encrypted) | OfficeError::Ppt(PptError::Encrypted) => {
            let message = "is protected by a password; save it without one";
            reading.error(FileErrorKind::PasswordRequired, message)
        }
        OfficeError::Core(error) | OfficeError::Pptx(PptxError::Core(error)) if is_limit(error) => {
            let message = format!(
                "unpacks to more than the limit `unpacked_bytes`, or has a part of more than \
                 {MOST_PART_BYTES} bytes; split the file"
            );
            reading.error(FileErrorKind::LimitExceeded, message)
        }
        OfficeError::Doc(DocError::UnsupportedVersion(_)) => {
            let message = "was saved by a version of Word that is too old; save it as .docx";
            reading.error(FileErrorKind::Unsupported, message)
        }
        _ => reading.corrupt("is damaged; open it in an office program and save it again"),
    }
}

fn is_limit(error: &core::Error) -> bool {
    matches!(error, core::Error::DecompressionLimit { .. } | core::Error::PackageLimit(_))
}
