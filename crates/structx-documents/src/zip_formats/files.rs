//! The files of a zip archive and the messages of a mailbox, each a source of its own.

use std::io::{Cursor, Read};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use zip::ZipArchive;

use super::archive::{damaged, declared_bytes, opened};
use crate::context::ReadContext;
use crate::mail::mailbox;
use crate::{Content, Engine, FileError, FileErrorKind, ReadOptions, format, read_bytes, source};

/// The extension of a mailbox.
const MAILBOX: &str = "mbox";

/// A file in an archive, which is in memory as long as one of its files is.
#[derive(Clone)]
pub struct ArchivedFile {
    /// The name of the archive, a slash, and that in the archive; of a message its number from 1.
    pub name: String,
    place: ArchivePlace,
    /// Those of the archive.
    pub options: Arc<ReadOptions>,
}

/// Where a file is in its archive.
#[derive(Clone)]
enum ArchivePlace {
    Zip(ZipArchive<Cursor<Arc<[u8]>>>, usize),
    Mailbox(Arc<[u8]>, Range<usize>),
}

/// Whether the name is that of a zip archive or a mailbox.
#[must_use]
pub fn is_archive_name(name: &str) -> bool {
    has_extension(name, "zip") || has_extension(name, MAILBOX)
}

fn has_extension(name: &str, extension: &str) -> bool {
    let name = Path::new(source::file_name(name));
    name.extension().is_some_and(|own| own.eq_ignore_ascii_case(extension))
}

/// The files of the archive at `path` in its order, without folders, hidden files and what macOS adds;
/// of a mailbox, its messages;
/// `None` for another file, such as a document whose extension is wrong. `name` is what errors and
/// files call the archive.
///
/// # Errors
/// It can't be read, is damaged or protected, has no files, or exceeds a limit: that of the bytes of a
/// file, of entries, of unpacked bytes of all files together, or of their inflate ratio.
pub fn files_in_path(
    name: &str,
    path: &Path,
    options: &ReadOptions,
) -> Result<Option<Vec<ArchivedFile>>, FileError> {
    let bytes = source::read_file(path, &ReadContext::new(name, options))?;
    files_in_bytes(name, &bytes, options)
}

/// [`files_in_path`] of an archive given as bytes.
///
/// # Errors
/// Those of [`files_in_path`].
pub fn files_in_bytes(
    name: &str,
    bytes: &[u8],
    options: &ReadOptions,
) -> Result<Option<Vec<ArchivedFile>>, FileError> {
    let context = ReadContext::new(name, options);
    context.check_bytes(bytes.len() as u64)?;
    if has_extension(name, MAILBOX) && mailbox::is_mailbox(bytes) {
        return messages(&context, bytes).map(Some);
    }
    if !bytes.starts_with(b"PK\x03\x04") || format::detect(name, bytes).is_ok() {
        return Ok(None);
    }
    let bytes: Arc<[u8]> = bytes.into();
    let length = bytes.len();
    let zip = opened(&context, bytes)?;
    let options = Arc::new(options.clone());
    let (mut files, mut declared): (_, u64) = (Vec::new(), 0);
    for index in 0..zip.len() {
        let Some(Ok(inner)) = zip.name_for_index(index) else { return Err(damaged(&context)) };
        let inner = inner.replace('\\', "/");
        if is_left_out(&inner) {
            continue;
        }
        declared = declared.saturating_add(declared_bytes(&context, &zip, length, index)?);
        let name = format!("{name}/{inner}");
        let place = ArchivePlace::Zip(zip.clone(), index);
        files.push(ArchivedFile { name, place, options: options.clone() });
    }
    context.check_unpacked_bytes(declared)?;
    if files.is_empty() {
        return Err(context.error(FileErrorKind::Empty, "is a zip archive without files"));
    }
    Ok(Some(files))
}

/// The messages of a mailbox.
fn messages(context: &ReadContext, bytes: &[u8]) -> Result<Vec<ArchivedFile>, FileError> {
    let messages = mailbox::messages(bytes);
    context.check_entries(messages.len())?;
    if messages.is_empty() {
        return Err(context.error(FileErrorKind::Empty, "is a mailbox without e-mails"));
    }
    let (bytes, options): (Arc<[u8]>, _) = (bytes.into(), Arc::new(context.options.clone()));
    let file = |(number, range)| ArchivedFile {
        name: format!("{}/{number}.eml", context.name),
        place: ArchivePlace::Mailbox(bytes.clone(), range),
        options: options.clone(),
    };
    Ok((1..).zip(messages).map(file).collect::<Vec<_>>())
}

fn is_left_out(name: &str) -> bool {
    name.ends_with('/') || name.split('/').any(|part| part.starts_with('.') || part == "__MACOSX")
}

impl ArchivedFile {
    /// Reads it, with this engine of text recognition. An archive in an archive is an unsupported file.
    ///
    /// # Errors
    /// It can't be read.
    pub fn read(&self, engine: Option<Engine>) -> Result<Content, FileError> {
        let options = ReadOptions { engine, ..(*self.options).clone() };
        let context = ReadContext::new(&self.name, &options);
        let bytes = match &self.place {
            ArchivePlace::Zip(zip, index) => unpacked(&context, zip, *index)?,
            ArchivePlace::Mailbox(bytes, range) => mailbox::as_sent(&bytes[range.clone()]),
        };
        read_bytes(&self.name, bytes, &options)
    }
}

fn unpacked(
    context: &ReadContext,
    zip: &ZipArchive<Cursor<Arc<[u8]>>>,
    index: usize,
) -> Result<Vec<u8>, FileError> {
    let mut zip = zip.clone();
    let file = zip.by_index(index).map_err(|_| damaged(context))?;
    let mut bytes = Vec::new();
    // One byte more than allowed detects an excess.
    let mut bounded = file.take(context.most_bytes().saturating_add(1));
    bounded.read_to_end(&mut bytes).map_err(|_| damaged(context))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::super::archive::tests::zip;
    use super::{files_in_bytes, is_archive_name};
    use crate::{Content, FileErrorKind, Limits, ReadOptions};

    #[test]
    fn files_are_read_one_by_one_and_named_in_the_archive() {
        let bytes = zip(&[
            ("a/", b""),
            ("a/one.txt", b"one"),
            ("__MACOSX/a/._one.txt", b"x"),
            (".hidden", b"x"),
            ("a\\two.csv", b"n\n2\n"),
            ("Gr\u{fc}\u{df}e.bin", b"\0\x01\x02"),
        ]);
        let files = files_in_bytes("d/x.zip", &bytes, &ReadOptions::default()).unwrap().unwrap();
        let names: Vec<_> = files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, ["d/x.zip/a/one.txt", "d/x.zip/a/two.csv", "d/x.zip/Grüße.bin"]);
        let Content::Document(one) = files[0].read(None).unwrap() else { panic!("no document") };
        assert_eq!((one.text.as_str(), one.name.as_str()), ("one", "one.txt"));
        assert!(
            matches!(files[1].read(None).unwrap(), Content::Table(table) if table.name == "two.csv")
        );
        let error = files[2].read(None).unwrap_err();
        assert_eq!((error.kind, error.name.as_str()), (FileErrorKind::Unsupported, names[2]));
    }

    #[test]
    fn messages_of_a_mailbox_are_files() {
        let bytes =
            b"From a@x.example Mon Jan  1 10:00:00 2024\nSubject: one\n\n>From all of us\n\n\
            From b@x.example Tue Jan  2 10:00:00 2024\nSubject: two\n\nHi\n";
        let files = files_in_bytes("d/all.mbox", bytes, &ReadOptions::default()).unwrap().unwrap();
        let names: Vec<_> = files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, ["d/all.mbox/1.eml", "d/all.mbox/2.eml"]);
        let Content::Document(one) = files[0].read(None).unwrap() else { panic!("no document") };
        assert!(one.text.contains("one") && one.text.ends_with("From all of us"), "{}", one.text);
        let limits = Limits { entries: 1, ..Limits::default() };
        let options = ReadOptions { limits, ..ReadOptions::default() };
        let error = files_in_bytes("all.mbox", bytes, &options).err().unwrap();
        assert_eq!(error.kind, FileErrorKind::LimitExceeded);
        assert!(files_in_bytes("all.mbox", b"From me", &options).unwrap().is_none());
    }

    #[test]
    fn an_archive_is_bounded_as_a_whole() {
        let bytes = zip(&[("a.txt", &[b'a'; 2000]), ("b.txt", &[b'b'; 2000])]);
        for limits in [
            Limits { entries: 1, ..Limits::default() },
            Limits { unpacked_bytes: 3999, ..Limits::default() },
            Limits { bytes: 100, ..Limits::default() },
        ] {
            let options = ReadOptions { limits, ..ReadOptions::default() };
            let error = files_in_bytes("x.zip", &bytes, &options).err().unwrap();
            assert_eq!(error.kind, FileErrorKind::LimitExceeded);
        }
    }

    #[test]
    fn what_is_no_archive_of_files() {
        let none = |name: &str, bytes: &[u8]| {
            files_in_bytes(name, bytes, &ReadOptions::default()).map(|files| files.is_none())
        };
        assert_eq!(none("x.zip", b"plain"), Ok(true));
        assert_eq!(none("x.zip", &zip(&[("xl/workbook.xml", b"<a/>")])), Ok(true));
        assert!(none("x.zip", &zip(&[])).is_ok());
        let empty = none("x.zip", &zip(&[("a/", b"")])).unwrap_err();
        assert_eq!(empty.kind, FileErrorKind::Empty);
        let good = zip(&[("a.txt", b"text")]);
        let damaged = none("x.zip", &good[..good.len() - 30]).unwrap_err();
        assert_eq!(damaged.kind, FileErrorKind::Corrupt);
    }

    #[test]
    fn archives_are_told_by_their_name() {
        assert!(is_archive_name("a/b.mbox"));
        assert!(is_archive_name("a/b.ZIP") && is_archive_name("C:\\x.zip"));
        assert!(
            !is_archive_name("zip") && !is_archive_name("a.zip/b.pdf") && !is_archive_name("a.pdf")
        );
    }
}
