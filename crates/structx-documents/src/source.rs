//! Decides whether a string is a path or text, and reads the bytes of a file.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::context::ReadContext;
use super::zip_formats::files::is_archive_name;
use super::{FileError, FileErrorKind, Format};

/// The longest path in bytes: `PATH_MAX` of Linux; other systems accept less.
const LONGEST_PATH: usize = 4096;
/// The most words of a file name that counts as a path by its extension alone: chosen by hand.
const MOST_WORDS_OF_A_NAME: usize = 6;

/// The meaning of a string given as data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    Path(PathBuf),
    Text,
}

/// Decides whether a string is a path or text.
///
/// A string is a path if it names an existing file, is absolute (also `C:\`), starts with `./`,
/// `../` or `~/`, or has a supported extension; otherwise it is text. A string with a line break or
/// another control character, or of more than 4,096 bytes, is always text. An extension alone does
/// not make a path if the name has more than six words or contains the end of a sentence (`. `,
/// `! `, `? `). So `my invoice.pdf` is a path, and an error if there is no such file, while `Please
/// find the total in the attached file invoice.pdf` is text.
///
/// # Errors
/// The string starts with `~/` and the home directory is unknown, or it is the URL of a file.
pub fn resolve(data: &str) -> Result<Origin, FileError> {
    if data.len() > LONGEST_PATH || data.chars().any(char::is_control) {
        return Ok(Origin::Text);
    }
    if let Some(rest) = data.strip_prefix("~/").or_else(|| data.strip_prefix("~\\")) {
        let home = std::env::home_dir().ok_or_else(|| {
            let message = "the home directory is unknown; give the full path";
            FileError::new(FileErrorKind::NotFound, data, message)
        })?;
        return Ok(Origin::Path(home.join(rest)));
    }
    if is_file_name(data) && ["http://", "https://"].iter().any(|scheme| data.starts_with(scheme)) {
        let message = "is a URL, and URLs are never fetched; download the file and give its path or \
                       content";
        return Err(FileError::new(FileErrorKind::NotFound, data, message));
    }
    let is_path = is_absolute(data)
        || ["./", "../", ".\\", "..\\"].iter().any(|prefix| data.starts_with(prefix))
        || is_file_name(data)
        || Path::new(data).is_file();
    Ok(if is_path { Origin::Path(data.into()) } else { Origin::Text })
}

/// The last component of a path, with either separator.
pub(super) fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// The same on every system, so that a foreign path is an error and not read as text.
fn is_absolute(data: &str) -> bool {
    match data.as_bytes() {
        [b'/', ..] | [b'\\', b'\\', ..] => true,
        [drive, b':', b'/' | b'\\', ..] => drive.is_ascii_alphabetic(),
        _ => false,
    }
}

fn is_file_name(data: &str) -> bool {
    let name = file_name(data);
    (Format::from_name(name).is_some() || is_archive_name(name))
        && name.split_whitespace().count() <= MOST_WORDS_OF_A_NAME
        && ![". ", "! ", "? "].iter().any(|end| name.contains(end))
}

/// Reads the bytes of a file, within the limit.
pub(super) fn read_file(path: &Path, context: &ReadContext) -> Result<Vec<u8>, FileError> {
    let failed = |error: &io::Error| file_error(context.name, error);
    let metadata = fs::metadata(path).map_err(|error| failed(&error))?;
    if !metadata.is_file() {
        let message = if metadata.is_dir() {
            "is a directory; give the path of one file"
        } else {
            "is not a regular file; give its content as bytes or text"
        };
        return Err(context.error(FileErrorKind::Unreadable, message));
    }
    context.check_bytes(metadata.len())?;
    let mut bytes = Vec::new();
    // One byte more than allowed detects a file that has grown since.
    File::open(path)
        .and_then(|file| file.take(context.most_bytes().saturating_add(1)).read_to_end(&mut bytes))
        .map_err(|error| failed(&error))?;
    Ok(bytes)
}

fn file_error(name: &str, error: &io::Error) -> FileError {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            let message = "no such file; check the path (text that looks like a path is read as text \
                           if it contains a line break)";
            FileError::new(FileErrorKind::NotFound, name, message)
        }
        _ => FileError::new(FileErrorKind::Unreadable, name, format!("can't be read: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::{Origin, resolve};

    #[test]
    fn paths_and_texts_are_told_apart() {
        let paths = [
            "invoice.pdf",
            "my invoice.PDF",
            "a/b/notes.txt",
            "/no/such/thing",
            "C:\\data\\x.bin",
            "./x",
            "../x y z",
            "Cargo.toml",
        ];
        for path in paths {
            assert_eq!(resolve(path), Ok(Origin::Path(path.into())), "{path}");
        }
        let long = format!("{}.pdf", "x".repeat(5000));
        let texts = [
            "",
            "hello",
            "Version 1.5",
            "See invoice.pdf.",
            "Invoice 7. Details in terms.pdf",
            "Please find the total in the attached file invoice.pdf",
            "first line\n/second/line.pdf",
            "/with/nul\0.pdf",
            long.as_str(),
        ];
        for text in texts {
            assert_eq!(resolve(text), Ok(Origin::Text), "{text}");
        }
    }

    #[test]
    fn what_is_on_the_web_is_not_fetched() {
        for address in ["https://example.com/a.pdf", "http://example.com/my%20file.docx"] {
            let error = resolve(address).unwrap_err();
            assert!(error.to_string().starts_with(address), "{error}");
            assert!(error.message.contains("download"), "{error}");
        }
        assert_eq!(resolve("https://example.com"), Ok(Origin::Text));
    }

    #[test]
    fn home_is_expanded() {
        let Ok(Origin::Path(path)) = resolve("~/notes.txt") else { panic!("not a path") };
        assert!(path.ends_with("notes.txt") && !path.starts_with("~"));
    }
}
