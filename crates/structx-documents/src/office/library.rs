//! Opens presentations and the binary formats with `office_oxide`, and maps its errors and limits.

use std::ffi::OsStr;
use std::io::Cursor;
use std::path::Path;

use memchr::memmem;
use office_oxide::doc::DocError;
use office_oxide::ir::DocumentIR;
use office_oxide::options::ParseOptions;
use office_oxide::ppt::PptError;
use office_oxide::pptx::PptxError;
use office_oxide::{Document, DocumentFormat, OfficeError, core};

use super::ppt_outline;
use crate::context::ReadContext;
use crate::zip_formats::archive::{self, Archive};
use crate::{FileError, FileErrorKind};

/// The most XML elements in all parts. The library keeps up to 500 bytes for an element.
const MOST_ELEMENTS: usize = 800_000;

pub(super) fn open(
    context: &ReadContext,
    mut bytes: Vec<u8>,
    format: DocumentFormat,
) -> Result<DocumentIR, FileError> {
    if format == DocumentFormat::Ppt {
        ppt_outline::fill_empty_placeholders(&mut bytes);
    }
    if format == DocumentFormat::Pptx {
        check_elements(context, &bytes)?;
    }
    let limits = context.limits();
    let mut options = ParseOptions::default();
    options.limits.package_bytes = limits.unpacked_bytes;
    options.limits.part_bytes = limits.unpacked_bytes;
    options.limits.package_entries = limits.entries;
    options.limits.inflate_ratio = limits.inflate_ratio;
    options.limits.text_chars = limits.characters;
    options.limits.memory_bytes = limits.unpacked_bytes;
    options.limits.embedded_depth = 0;
    let document = Document::from_reader_with(Cursor::new(bytes), format, &options)
        .map_err(|error| file_error(context, &error))?;
    let model = document.to_ir();
    context.check_time()?;
    Ok(model)
}

fn check_elements(context: &ReadContext, bytes: &[u8]) -> Result<(), FileError> {
    archive::check(context, bytes)?;
    let mut archive = Archive::open(context, bytes)?;
    let is_xml = |name: &&str| Path::new(name).extension() == Some(OsStr::new("xml"));
    let names: Vec<_> = archive.names().filter(is_xml).map(str::to_owned).collect();
    let mut elements = 0;
    for name in names {
        let part = archive.read(&name)?.unwrap_or_default();
        elements += memmem::find_iter(&part, b"</").count();
        elements += memmem::find_iter(&part, b"/>").count();
        if elements > MOST_ELEMENTS {
            let message = format!("has more than {MOST_ELEMENTS} elements of XML; split the file");
            return Err(context.error(FileErrorKind::LimitExceeded, message));
        }
    }
    Ok(())
}

fn file_error(context: &ReadContext, error: &OfficeError) -> FileError {
    match error {
        OfficeError::Doc(DocError::Encrypted) | OfficeError::Ppt(PptError::Encrypted) => {
            let message = "is protected by a password; save it without one";
            context.error(FileErrorKind::PasswordRequired, message)
        }
        OfficeError::Core(error) | OfficeError::Pptx(PptxError::Core(error)) if is_limit(error) => {
            let message = "unpacks to more than the limit `unpacked_bytes`";
            context.error(FileErrorKind::LimitExceeded, message)
        }
        OfficeError::Doc(DocError::UnsupportedVersion(_)) => {
            let message = "was saved by an unsupported old version of Word; save it as .docx";
            context.error(FileErrorKind::Unsupported, message)
        }
        _ => context.corrupt("is damaged; open it in an office program and save it again"),
    }
}

fn is_limit(error: &core::Error) -> bool {
    matches!(error, core::Error::DecompressionLimit { .. } | core::Error::PackageLimit(_))
}
