//! Detects the format of a file by its magic bytes, then by its extension.

use memchr::memmem;
use serde::{Deserialize, Serialize};

use super::gzip;
use super::mail::{mailbox, outlook};
use super::markup::text::{decode, is_binary};
use super::records::options;
use super::source::file_name;
use super::{FileError, FileErrorKind};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    Text,
    Markdown,
    Html,
    Xml,
    Rtf,
    Csv,
    Tsv,
    Json,
    JsonLines,
    Pdf,
    Docx,
    Pptx,
    Doc,
    Ppt,
    Xlsx,
    Xlsb,
    Xls,
    Ods,
    Odt,
    Odp,
    Epub,
    Email,
    Image,
    /// Read in Python by the libraries of the format.
    Parquet,
    Arrow,
}

const EXTENSIONS: &[(&str, Format)] = &[
    ("txt", Format::Text),
    ("text", Format::Text),
    ("log", Format::Text),
    ("rst", Format::Text),
    ("adoc", Format::Text),
    ("asciidoc", Format::Text),
    ("tex", Format::Text),
    ("py", Format::Text),
    ("vtt", Format::Text),
    ("webvtt", Format::Text),
    ("srt", Format::Text),
    ("md", Format::Markdown),
    ("markdown", Format::Markdown),
    ("html", Format::Html),
    ("htm", Format::Html),
    ("xhtml", Format::Html),
    ("xml", Format::Xml),
    ("nxml", Format::Xml),
    ("rtf", Format::Rtf),
    ("csv", Format::Csv),
    ("tsv", Format::Tsv),
    ("json", Format::Json),
    ("jsonl", Format::JsonLines),
    ("ndjson", Format::JsonLines),
    ("pdf", Format::Pdf),
    ("docx", Format::Docx),
    ("docm", Format::Docx),
    ("pptx", Format::Pptx),
    ("pptm", Format::Pptx),
    ("doc", Format::Doc),
    ("ppt", Format::Ppt),
    ("xlsx", Format::Xlsx),
    ("xlsm", Format::Xlsx),
    ("xlsb", Format::Xlsb),
    ("xls", Format::Xls),
    ("ods", Format::Ods),
    ("odt", Format::Odt),
    ("odp", Format::Odp),
    ("epub", Format::Epub),
    ("eml", Format::Email),
    ("msg", Format::Email),
    ("png", Format::Image),
    ("jpg", Format::Image),
    ("jpeg", Format::Image),
    ("webp", Format::Image),
    ("tif", Format::Image),
    ("tiff", Format::Image),
    ("bmp", Format::Image),
    ("gif", Format::Image),
    ("parquet", Format::Parquet),
    ("pq", Format::Parquet),
    ("feather", Format::Arrow),
    ("arrow", Format::Arrow),
];

/// The format according to the bytes of a file.
enum Magic {
    Is(Format),
    /// A known kind of file that can't be read, with what to do.
    Refused(FileErrorKind, &'static str),
    Unknown,
}

impl Format {
    /// The format for the extension of a file name; of `a.csv.gz` that of `a.csv`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let extension = extension(gzip::unpacked_name(name))?.to_ascii_lowercase();
        EXTENSIONS.iter().find(|(known, _)| *known == extension).map(|(_, format)| *format)
    }

    /// The name in the public API, such as `json_lines`.
    #[must_use]
    pub fn name(self) -> String {
        serde_json::to_value(self)
            .ok()
            .and_then(|name| name.as_str().map(str::to_owned))
            .unwrap_or_default()
    }

    /// The name in a sentence.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Text => "plain text",
            Self::Markdown => "Markdown",
            Self::Html => "HTML",
            Self::Xml => "XML",
            Self::Rtf => "RTF",
            Self::Csv => "CSV",
            Self::Tsv => "TSV",
            Self::Json => "JSON",
            Self::JsonLines => "JSON Lines",
            Self::Pdf => "PDF",
            Self::Docx => "a Word document (.docx)",
            Self::Pptx => "a PowerPoint presentation (.pptx)",
            Self::Doc => "a Word document (.doc)",
            Self::Ppt => "a PowerPoint presentation (.ppt)",
            Self::Xlsx => "an Excel workbook (.xlsx)",
            Self::Xlsb => "an Excel workbook (.xlsb)",
            Self::Xls => "an Excel workbook (.xls)",
            Self::Ods => "an OpenDocument spreadsheet",
            Self::Odt => "an OpenDocument text",
            Self::Odp => "an OpenDocument presentation",
            Self::Epub => "an EPUB book",
            Self::Email => "an e-mail",
            Self::Image => "an image",
            Self::Parquet => "Parquet",
            Self::Arrow => "Arrow",
        }
    }

    /// The options for tables that the reader takes.
    pub(super) fn options(self) -> &'static [&'static str] {
        match self {
            Self::Csv | Self::Tsv => options::OF_TEXT,
            Self::Json => options::OF_JSON,
            Self::JsonLines => options::OF_JSON_LINES,
            Self::Xml => options::OF_XML,
            Self::Xlsx | Self::Xlsb | Self::Xls | Self::Ods => options::OF_WORKBOOK,
            _ => &[],
        }
    }

    /// Whether the format is text without magic bytes, so that only the name identifies it.
    fn is_text(self) -> bool {
        matches!(
            self,
            Self::Text
                | Self::Markdown
                | Self::Html
                | Self::Xml
                | Self::Csv
                | Self::Tsv
                | Self::Json
                | Self::JsonLines
                | Self::Email
        )
    }
}

/// Detects the format, and warns if the bytes contradict the extension.
///
/// # Errors
/// The format is unknown or unsupported.
pub fn detect(name: &str, bytes: &[u8]) -> Result<(Format, Option<String>), FileError> {
    let named = Format::from_name(name);
    match magic(bytes, named) {
        Magic::Is(format) if named == Some(format) => Ok((format, None)),
        Magic::Is(format) => Ok((format, contradiction(name, format))),
        // Many programs that export "to Excel" write lines of cells parted by tabs.
        Magic::Unknown if named == Some(Format::Xls) && has_tabs(bytes) => {
            Ok((Format::Tsv, contradiction(name, Format::Tsv)))
        }
        Magic::Refused(kind, message) => Err(FileError::new(kind, name, message)),
        Magic::Unknown => by_name(name, named, bytes).map(|format| (format, None)),
    }
}

/// A warning that the bytes are of another format than the extension says.
fn contradiction(name: &str, format: Format) -> Option<String> {
    let extension = extension(name)?;
    Some(format!("is {} in spite of the extension .{extension}", format.title()))
}

/// Whether the bytes are text with a tab in the first line that is not blank.
fn has_tabs(bytes: &[u8]) -> bool {
    let head = decode(&bytes[..bytes.len().min(4096)], None).0;
    let line = head.lines().find(|line| !line.trim().is_empty());
    !is_binary(bytes) && line.is_some_and(|line| line.trim_end().contains('\t'))
}

fn by_name(name: &str, named: Option<Format>, bytes: &[u8]) -> Result<Format, FileError> {
    match (named, extension(name)) {
        (Some(format), _) if !format.is_text() => {
            let message = format!("is not {}: it is damaged or misnamed", format.title());
            Err(FileError::new(FileErrorKind::Corrupt, name, message))
        }
        (_, _) if is_binary(bytes) => Err(unsupported(name, "unknown binary file type")),
        (Some(format), _) => Ok(format),
        (None, None) => Ok(Format::Text),
        (None, Some(_)) if mailbox::is_mailbox(bytes) => {
            let message = "is a mailbox; extract from it as a `.mbox` file, whose e-mails are \
                           sources, or save its e-mails as .eml";
            Err(FileError::new(FileErrorKind::Unsupported, name, message))
        }
        (None, Some(extension)) => {
            Err(unsupported(name, &format!("unknown file type .{extension}")))
        }
    }
}

fn unsupported(name: &str, reason: &str) -> FileError {
    let known: Vec<String> =
        EXTENSIONS.iter().map(|(extension, _)| format!(".{extension}")).collect();
    let message = format!("{reason}; the supported formats are {}", known.join(" "));
    FileError::new(FileErrorKind::Unsupported, name, message)
}

fn magic(bytes: &[u8], named: Option<Format>) -> Magic {
    // Some writers put bytes before the header of a PDF; a text file may mention the header.
    let head = &bytes[..bytes.len().min(1024)];
    let may_be_pdf = named == Some(Format::Pdf) || (named.is_none() && is_binary(bytes));
    if head.starts_with(b"%PDF-") || (may_be_pdf && contains(head, b"%PDF-")) {
        return Magic::Is(Format::Pdf);
    }
    match bytes {
        [b'P', b'K', 3, 4, ..] => zip_magic(bytes, named),
        [0xD0, 0xCF, 0x11, 0xE0, ..] => ole_magic(bytes),
        [b'P', b'A', b'R', b'1', ..] => Magic::Is(Format::Parquet),
        [b'A', b'R', b'R', b'O', b'W', b'1', ..] => Magic::Is(Format::Arrow),
        [b'{', b'\\', b'r', b't', b'f', ..] => Magic::Is(Format::Rtf),
        // Some writers leave out `\rtf1`.
        [b'{', b'\\', ..] if named == Some(Format::Rtf) => Magic::Is(Format::Rtf),
        [0x89, b'P', b'N', b'G', ..]
        | [0xFF, 0xD8, 0xFF, ..]
        | [b'G', b'I', b'F', b'8', ..]
        | [b'I', b'I', 42, 0, ..]
        | [b'M', b'M', 0, 42, ..]
        | [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => {
            Magic::Is(Format::Image)
        }
        [b'B', b'M', ..] if named == Some(Format::Image) => Magic::Is(Format::Image),
        // The first record of a workbook without a container.
        [9, 0 | 2 | 4, ..] if named == Some(Format::Xls) => Magic::Refused(
            FileErrorKind::Unsupported,
            "is a workbook of Excel 4 or older; open it in a spreadsheet program, save it as .xlsx",
        ),
        [_, _, _, _, b'f', b't', b'y', b'p', brand @ ..] if is_photo(brand) => Magic::Refused(
            FileErrorKind::Unsupported,
            "is a photo of the format HEIC or AVIF; save it as JPEG or PNG",
        ),
        _ => markup_magic(head, named),
    }
}

/// Whether the brand of an ISO media file is one of a still image (ISO/IEC 23008-12, annex B).
fn is_photo(brand: &[u8]) -> bool {
    let brands: [&[u8]; 6] = [b"heic", b"heix", b"heim", b"mif1", b"msf1", b"avif"];
    brands.iter().any(|known| brand.starts_with(known))
}

/// Detects markup by its first bytes, for a file whose name does not identify a text format.
fn markup_magic(head: &[u8], named: Option<Format>) -> Magic {
    if named.is_some_and(Format::is_text) {
        return Magic::Unknown;
    }
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start();
    let starts = |tag: &str| {
        head.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag.as_bytes()))
    };
    if starts("<!doctype html") || starts("<html") {
        Magic::Is(Format::Html)
    } else if starts("<?xml") {
        Magic::Is(if contains(head, b"<html") { Format::Html } else { Format::Xml })
    } else {
        Magic::Unknown
    }
}

const APPLE: [&[u8]; 3] = [b".iwa", b"Index.zip", b"buildVersionHistory.plist"];

fn zip_magic(bytes: &[u8], named: Option<Format>) -> Magic {
    // Entry names are in the local headers and, all of them, in the central directory at the end.
    const ENOUGH: usize = 1 << 20;
    let ends = [&bytes[..bytes.len().min(ENOUGH)], &bytes[bytes.len().saturating_sub(ENOUGH)..]];
    // The names of a nested archive precede those of the outer central directory.
    let rfind = |end: &[u8], part: &[u8]| {
        // Some writers separate folders by backslashes.
        let backslashed: Vec<u8> =
            part.iter().map(|byte| if *byte == b'/' { b'\\' } else { *byte }).collect();
        memmem::rfind(end, part).max(memmem::rfind(end, &backslashed))
    };
    let last = |part: &[u8]| {
        let places = ends.iter().zip([0, bytes.len().saturating_sub(ENOUGH)]);
        places.filter_map(|(end, start)| Some(start + rfind(end, part)?)).max()
    };
    // Some formats begin with an uncompressed `mimetype` entry.
    let first = |part: &[u8]| {
        part.starts_with(b"application/") && contains(&bytes[..bytes.len().min(128)], part)
    };
    let kinds: [(&[u8], Format); 8] = [
        (b"application/vnd.oasis.opendocument.spreadsheet", Format::Ods),
        (b"application/vnd.oasis.opendocument.text", Format::Odt),
        (b"application/vnd.oasis.opendocument.presentation", Format::Odp),
        (b"application/epub+zip", Format::Epub),
        (b"word/document", Format::Docx),
        (b"xl/workbook", Format::Xlsx),
        // Begins with the name above; of two matches at one offset the later in this list wins.
        (b"xl/workbook.bin", Format::Xlsb),
        (b"ppt/presentation", Format::Pptx),
    ];
    let kind = kinds[..4].iter().find(|(part, _)| first(part)).or_else(|| {
        let named = kinds.iter().filter(|(part, _)| last(part).is_some());
        named.max_by_key(|(part, _)| last(part))
    });
    match (kind, named) {
        (Some((_, format)), _) => Magic::Is(*format),
        // The `mimetype` entry, which names the format, is compressed.
        (None, Some(format @ (Format::Ods | Format::Odt | Format::Odp)))
            if last(b"content.xml").is_some() =>
        {
            Magic::Is(format)
        }
        // The `mimetype` entry is not the first one, or compressed.
        (None, _) if last(b"META-INF/container.xml").is_some() => Magic::Is(Format::Epub),
        // The main part may have any name.
        (None, Some(format @ (Format::Docx | Format::Pptx | Format::Xlsx)))
            if last(b"[Content_Types].xml").is_some() =>
        {
            Magic::Is(format)
        }
        // The parts of Pages, Numbers and Keynote; the last one of their versions before 2013.
        (None, _) if APPLE.iter().any(|part| last(part).is_some()) => Magic::Refused(
            FileErrorKind::Unsupported,
            "is a file of Apple's Pages, Numbers or Keynote; export it as .docx, .xlsx or .pdf",
        ),
        (None, _) => Magic::Refused(
            FileErrorKind::Unsupported,
            "is a zip archive; extract it and give its files one by one",
        ),
    }
}

/// Detects the kind of an OLE file: old Office formats, or encrypted new ones.
fn ole_magic(bytes: &[u8]) -> Magic {
    let has = |name: &str| {
        let name: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        contains(bytes, &name)
    };
    // Files attached to the e-mail may have any of the streams below.
    if has(outlook::PROPERTIES) && outlook::is_message(bytes) {
        return Magic::Is(Format::Email);
    }
    if has("EncryptedPackage") {
        let message = "is protected by a password; save it without one";
        return Magic::Refused(FileErrorKind::PasswordRequired, message);
    }
    let kinds = [
        ("WordDocument", Format::Doc),
        ("PowerPoint Document", Format::Ppt),
        ("Workbook", Format::Xls),
        ("WORKBOOK", Format::Xls),
        ("Book", Format::Xls),
        ("BOOK", Format::Xls),
    ];
    match kinds.iter().find(|(name, _)| has(name)) {
        Some((_, format)) => Magic::Is(*format),
        None => Magic::Refused(
            FileErrorKind::Unsupported,
            "is an unknown kind of OLE file; save it as .docx, .xlsx or .pdf",
        ),
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    memmem::find(bytes, part).is_some()
}

fn extension(name: &str) -> Option<&str> {
    let (stem, extension) = file_name(name).rsplit_once('.')?;
    let is_one = !stem.is_empty()
        && !extension.is_empty()
        && extension.chars().all(|character| character.is_ascii_alphanumeric());
    is_one.then_some(extension)
}

#[cfg(test)]
mod tests {
    use super::{FileErrorKind, Format, detect};

    fn ole(stream: &str) -> Vec<u8> {
        let name = stream.encode_utf16().flat_map(u16::to_le_bytes);
        [0xD0, 0xCF, 0x11, 0xE0].into_iter().chain(name).collect()
    }

    #[test]
    fn bytes_go_before_the_extension() {
        let word = ole("WordDocument");
        for (name, bytes, format, warns) in [
            ("a.txt", &b"hello"[..], Format::Text, false),
            ("README", b"hello", Format::Text, false),
            ("a.PDF", b"\n%PDF-1.7", Format::Pdf, false),
            ("a.txt", b"the header is %PDF-1.7", Format::Text, false),
            ("a.txt", b"%PDF-1.7", Format::Pdf, true),
            ("bytes", b"%PDF-1.7", Format::Pdf, false),
            ("bytes", b"\0\x01\x02%PDF-1.7", Format::Pdf, false),
            ("bytes", b"the header is %PDF-1.7", Format::Text, false),
            ("a.xlsx", b"PK\x03\x04 xl/workbook.xml", Format::Xlsx, false),
            ("a.xlsx", b"PK\x03\x04 xl/workbook.bin", Format::Xlsb, true),
            ("a.pptx", b"PK\x03\x04 PK xl/workbook.xml ppt/presentation.xml", Format::Pptx, false),
            (
                "a.odt",
                b"PK\x03\x04application/vnd.oasis.opendocument.text word/document",
                Format::Odt,
                false,
            ),
            ("a.doc", &word, Format::Doc, false),
            ("a.doc", b"{\\rtf1", Format::Rtf, true),
            ("a.rtf", b"{\\ansi x}", Format::Rtf, false),
            ("a.docx", b"PK\x03\x04 word\\document.xml", Format::Docx, false),
            ("a.xlsx", b"PK\x03\x04 [Content_Types].xml book.xml", Format::Xlsx, false),
            ("a.epub", b"PK\x03\x04 META-INF/container.xml", Format::Epub, false),
            ("a.nxml", b"<article/>", Format::Xml, false),
            ("a.webvtt", b"WEBVTT", Format::Text, false),
            ("a.asciidoc", b"= Title", Format::Text, false),
            ("a.xls", &ole("WORKBOOK"), Format::Xls, false),
            ("a.xls", b"\nname\tage\nAnn\t5\n", Format::Tsv, true),
            ("a.xls", b"n\0\t\0a\0\n\0", Format::Tsv, true),
            ("a.xls", &ole("BOOK"), Format::Xls, false),
            ("a.jpg", b"\x89PNG\r\n", Format::Image, false),
            ("a.bmp", b"BM....", Format::Image, false),
            ("a.ods", b"PK\x03\x04 content.xml", Format::Ods, false),
            ("a.pq", b"PAR1....", Format::Parquet, false),
            ("a.feather", b"ARROW1..", Format::Arrow, false),
            ("note", b"BM....", Format::Text, false),
            ("page", b"\n<!DOCTYPE html>", Format::Html, false),
            ("page", b"<?xml version=\"1.0\"?><html>", Format::Html, false),
            ("page.md", b"<html>", Format::Markdown, false),
            ("feed", b"<?xml version=\"1.0\"?><rss>", Format::Xml, false),
        ] {
            let (found, warning) = detect(name, bytes).unwrap();
            assert_eq!((found, warning.is_some()), (format, warns), "{name} {bytes:?}");
        }
        let (_, warning) = detect("a.txt", b"%PDF-1.7").unwrap();
        assert!(warning.unwrap().contains(".txt"));
    }

    #[test]
    fn what_cannot_be_read_is_refused_with_advice() {
        let encrypted = ole("EncryptedPackage");
        let cases: [(&str, &[u8], FileErrorKind, &str); 14] = [
            ("a.heic", b"\0\0\0\x18ftypheic", FileErrorKind::Unsupported, "JPEG"),
            ("a.pages", b"PK\x03\x04 Index/Document.iwa", FileErrorKind::Unsupported, ".docx"),
            ("a.numbers", b"PK\x03\x04 Index.zip", FileErrorKind::Unsupported, ".xlsx"),
            ("a.key", b"PK\x03\x04 buildVersionHistory.plist", FileErrorKind::Unsupported, ".pdf"),
            ("a.xls", b"\x09\x04\x06\0\0\0", FileErrorKind::Unsupported, "Excel 4"),
            ("a.xyz", b"text", FileErrorKind::Unsupported, ".docx"),
            ("a.txt", b"a\0\x01\x02b", FileErrorKind::Unsupported, ".docx"),
            ("a.doc", b"\xD0\xCF\x11\xE0\xA1\xB1", FileErrorKind::Unsupported, "save it as .docx"),
            ("a.docx", b"PK\x03\x04 a.txt", FileErrorKind::Unsupported, "one by one"),
            ("a.png", b"hello", FileErrorKind::Corrupt, "is not an image"),
            ("a.docx", &encrypted, FileErrorKind::PasswordRequired, "password"),
            ("a.pdf", b"hello", FileErrorKind::Corrupt, "is not PDF"),
            ("a.xls", b"hello", FileErrorKind::Corrupt, "Excel"),
            ("a.docx", b"hello", FileErrorKind::Corrupt, "Word"),
        ];
        for (name, bytes, kind, part) in cases {
            let error = detect(name, bytes).unwrap_err();
            assert_eq!(error.kind, kind, "{error}");
            assert!(error.to_string().contains(part), "{error}");
        }
    }
}
