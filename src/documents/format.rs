//! Which format a file has: magic bytes first, its extension second.

use serde::{Deserialize, Serialize};

use super::source::file_name;
use super::text::is_binary;
use super::{FileError, FileErrorKind, table_options};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    Text,
    Markdown,
    Csv,
    Tsv,
    Json,
    JsonLines,
    Pdf,
    Docx,
}

const EXTENSIONS: &[(&str, Format)] = &[
    ("txt", Format::Text),
    ("text", Format::Text),
    ("log", Format::Text),
    ("rst", Format::Text),
    ("adoc", Format::Text),
    ("md", Format::Markdown),
    ("markdown", Format::Markdown),
    ("csv", Format::Csv),
    ("tsv", Format::Tsv),
    ("json", Format::Json),
    ("jsonl", Format::JsonLines),
    ("ndjson", Format::JsonLines),
    ("pdf", Format::Pdf),
    ("docx", Format::Docx),
];

/// What the first bytes of a file say.
enum Magic {
    Is(Format),
    /// A kind of file that is known and can't be read, with what to do.
    Refused(FileErrorKind, &'static str),
    Unknown,
}

impl Format {
    /// The format that the extension of a file's name says.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let extension = extension(name)?.to_ascii_lowercase();
        EXTENSIONS.iter().find(|(known, _)| *known == extension).map(|(_, format)| *format)
    }

    /// The options that its reader takes.
    pub(super) fn options(self) -> &'static [&'static str] {
        match self {
            Self::Csv | Self::Tsv => table_options::OF_TEXT,
            Self::Json | Self::JsonLines => table_options::OF_JSON,
            Self::Text | Self::Markdown | Self::Pdf | Self::Docx => &[],
        }
    }
}

/// The format, and a warning where the bytes and the extension disagree.
///
/// # Errors
/// The format is unknown or can't be read.
pub fn detect(name: &str, bytes: &[u8]) -> Result<(Format, Option<String>), FileError> {
    let named = Format::from_name(name);
    match magic(bytes, named) {
        Magic::Is(format) if named == Some(format) => Ok((format, None)),
        Magic::Is(format) => {
            let warning = extension(name).map(|extension| {
                format!("read as {format:?}, which is not what .{extension} says")
            });
            Ok((format, warning))
        }
        Magic::Refused(kind, message) => Err(FileError::new(kind, name, message)),
        Magic::Unknown => by_name(name, named, bytes).map(|format| (format, None)),
    }
}

fn by_name(name: &str, named: Option<Format>, bytes: &[u8]) -> Result<Format, FileError> {
    let corrupt = |message: &str| Err(FileError::new(FileErrorKind::Corrupt, name, message));
    match (named, extension(name)) {
        (Some(Format::Pdf), _) => corrupt("has no PDF header: it is damaged or not a PDF"),
        (Some(Format::Docx), _) => corrupt("is not a Word document: it is damaged or misnamed"),
        (_, _) if is_binary(bytes) => Err(unsupported(name, "its bytes are not text")),
        (Some(format), _) => Ok(format),
        (None, None) => Ok(Format::Text),
        (None, Some(extension)) => {
            Err(unsupported(name, &format!("the extension .{extension} is not known")))
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
    // Some writers put a few bytes before the header of a PDF; a text may well mention it.
    let head = &bytes[..bytes.len().min(1024)];
    if head.starts_with(b"%PDF-") || (named == Some(Format::Pdf) && contains(head, b"%PDF-")) {
        return Magic::Is(Format::Pdf);
    }
    let refused = |message| Magic::Refused(FileErrorKind::Unsupported, message);
    match bytes {
        [b'P', b'K', 3, 4, ..] => zip_magic(bytes),
        [0xD0, 0xCF, 0x11, 0xE0, ..] => ole_magic(bytes),
        [b'{', b'\\', b'r', b't', b'f', ..] => {
            refused("is in the Rich Text Format; save it as .docx or .pdf")
        }
        [0x89, b'P', b'N', b'G', ..]
        | [0xFF, 0xD8, 0xFF, ..]
        | [b'G', b'I', b'F', b'8', ..]
        | [b'I', b'I', 42, 0, ..]
        | [b'M', b'M', 0, 42, ..] => {
            refused("is an image, which has no text; give a document with a text layer")
        }
        _ => Magic::Unknown,
    }
}

fn zip_magic(bytes: &[u8]) -> Magic {
    let refused = |message| Magic::Refused(FileErrorKind::Unsupported, message);
    if contains(bytes, b"word/document") {
        Magic::Is(Format::Docx)
    } else if contains(bytes, b"xl/workbook") {
        refused("is an Excel workbook; save the sheet as .csv")
    } else if contains(bytes, b"ppt/presentation") {
        refused("is a PowerPoint presentation; save it as .pdf")
    } else if contains(bytes, b"opendocument") {
        refused("is an OpenDocument file; save it as .docx or .pdf")
    } else {
        refused("is a zip archive; give the files in it one by one")
    }
}

/// The container of old Office files, and of new ones with a password.
fn ole_magic(bytes: &[u8]) -> Magic {
    let encrypted: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    if contains(bytes, &encrypted) {
        let message = "is protected by a password; save it without one";
        return Magic::Refused(FileErrorKind::PasswordRequired, message);
    }
    let message = "is an Office file of the format before 2007; save it as .docx or .csv";
    Magic::Refused(FileErrorKind::Unsupported, message)
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
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

    #[test]
    fn bytes_go_before_the_extension() {
        assert_eq!(detect("a.txt", b"hello"), Ok((Format::Text, None)));
        assert_eq!(detect("README", b"hello"), Ok((Format::Text, None)));
        assert_eq!(detect("a.PDF", b"\n%PDF-1.7"), Ok((Format::Pdf, None)));
        assert_eq!(detect("a.txt", b"the header is %PDF-1.7"), Ok((Format::Text, None)));
        let (format, warning) = detect("a.txt", b"%PDF-1.7").unwrap();
        assert_eq!(format, Format::Pdf);
        assert!(warning.unwrap().contains(".txt"));
    }

    #[test]
    fn what_cannot_be_read_is_refused_with_advice() {
        let encrypted: Vec<u8> = [0xD0, 0xCF, 0x11, 0xE0]
            .into_iter()
            .chain("EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes))
            .collect();
        let cases: [(&str, &[u8], FileErrorKind, &str); 8] = [
            ("a.xyz", b"text", FileErrorKind::Unsupported, ".docx"),
            ("a.txt", b"a\0\x01\x02b", FileErrorKind::Unsupported, ".docx"),
            ("a.doc", b"\xD0\xCF\x11\xE0\xA1\xB1", FileErrorKind::Unsupported, "save it as .docx"),
            ("a.xlsx", b"PK\x03\x04 xl/workbook.xml", FileErrorKind::Unsupported, ".csv"),
            ("a.png", b"\x89PNG\r\n", FileErrorKind::Unsupported, "image"),
            ("a.docx", &encrypted, FileErrorKind::PasswordRequired, "password"),
            ("a.pdf", b"hello", FileErrorKind::Corrupt, "header"),
            ("a.docx", b"hello", FileErrorKind::Corrupt, "Word"),
        ];
        for (name, bytes, kind, part) in cases {
            let error = detect(name, bytes).unwrap_err();
            assert_eq!(error.kind, kind, "{error}");
            assert!(error.to_string().contains(part), "{error}");
        }
    }
}
