//! Reads a path, bytes or a text: detects the format and calls its reader.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use office_oxide::DocumentFormat;

use crate::context::ReadContext;
use crate::markup::{html, markdown, rtf, text};
use crate::zip_formats::{epub, opendocument};
use crate::{
    Content, Document, FileError, FileErrorKind, Format, ReadOptions, format, gzip, image, mail,
    office, page_ranges, pdf, records, source,
};

impl Document {
    /// Makes a document from text that does not come from a file.
    ///
    /// # Errors
    /// The text is blank or longer than the limit.
    pub fn from_text(text: impl Into<String>, options: &ReadOptions) -> Result<Self, FileError> {
        let context = ReadContext::new("text", options);
        options.table.allow(context.name, &[])?;
        page_ranges::refuse(&context)?;
        text::document(&context, text::normalise_newlines(text.into()))
    }
}

/// Reads the file at `path`.
///
/// # Errors
/// The file can't be read, is empty, has an unsupported format, or does not take a given option.
pub fn read_path(path: &Path, options: &ReadOptions) -> Result<Content, FileError> {
    let name = path.display().to_string();
    let context = ReadContext::new(&name, options);
    let bytes = source::read_file(path, &context)?;
    read_checked(&context, bytes)
}

/// Reads a file given as bytes. `name` appears in errors; its extension decides the format if the
/// bytes don't.
///
/// # Errors
/// The bytes are empty, too many or damaged, have an unsupported format, or do not take a given
/// option.
pub fn read_bytes(name: &str, bytes: Vec<u8>, options: &ReadOptions) -> Result<Content, FileError> {
    read_checked(&ReadContext::new(name, options), bytes)
}

fn read_checked(context: &ReadContext, bytes: Vec<u8>) -> Result<Content, FileError> {
    context.check_bytes(bytes.len() as u64)?;
    let bytes = gzip::unpacked(context, bytes)?;
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(context.error(FileErrorKind::Empty, "the file is empty"));
    }
    let (format, warning) = format::detect(context.name, &bytes)?;
    let mut content = catch_unwind(AssertUnwindSafe(|| read(context, format, bytes)))
        .unwrap_or_else(|_| {
            let message = "the file is damaged and its reader failed; save it again and retry";
            Err(context.corrupt(message))
        })?;
    let (found, known, warnings) = match &mut content {
        Content::Document(document) => {
            page_ranges::keep(context, format, document)?;
            context.check_characters(&document.text)?;
            document.options = context.options.clone().into();
            (&mut document.name, &mut document.format, &mut document.warnings)
        }
        Content::Table(table) => {
            page_ranges::refuse(context)?;
            table.format = Some(format);
            table.check_limits(context)?;
            (&mut table.name, &mut table.format, &mut table.warnings)
        }
    };
    source::file_name(context.name).clone_into(found);
    *known = Some(format);
    warnings.splice(0..0, warning);
    Ok(content)
}

fn read(context: &ReadContext, format: Format, bytes: Vec<u8>) -> Result<Content, FileError> {
    context.options.table.allow(context.name, format.options())?;
    let document = match format {
        Format::Csv => return records::delimited::read(context, &bytes, None).map(Content::Table),
        Format::Tsv => {
            return records::delimited::read(context, &bytes, Some(b'\t')).map(Content::Table);
        }
        Format::Json => return records::json::read(context, &bytes),
        Format::JsonLines => return records::json::read_lines(context, &bytes).map(Content::Table),
        Format::Xlsx | Format::Xlsb | Format::Xls | Format::Ods => {
            return records::workbook::read(context, format, bytes);
        }
        Format::Text => text::read(context, &bytes),
        Format::Markdown => markdown::read(context, &bytes),
        Format::Html => html::read(context, &bytes),
        Format::Xml => return records::xml::read(context, &bytes),
        Format::Rtf => rtf::read(context, &bytes),
        Format::Odt | Format::Odp => opendocument::read(context, &bytes),
        Format::Epub => epub::read(context, &bytes),
        Format::Pdf => pdf::read(context, bytes),
        Format::Docx => office::docx::read(context, &bytes),
        Format::Doc => office::read_doc(context, bytes),
        Format::Email => mail::read(context, &bytes),
        Format::Image => image::read(context, bytes),
        Format::Ppt => office::read_slides(context, bytes, DocumentFormat::Ppt),
        Format::Pptx => office::read_slides(context, bytes, DocumentFormat::Pptx),
        Format::Parquet | Format::Arrow => {
            let message =
                format!("{} is read from Python only, with pyarrow or polars", format.title());
            Err(context.error(FileErrorKind::Unsupported, message))
        }
    };
    document.map(Content::Document)
}
