//! Zip archives with bounds on entries, unpacked bytes and inflate ratio.

use std::io::{Cursor, Read, Seek};

use memchr::memmem;
use zip::ZipArchive;

use crate::context::ReadContext;
use crate::{FileError, FileErrorKind};

pub(crate) struct Archive<'a> {
    context: &'a ReadContext<'a>,
    bytes: &'a [u8],
    zip: ZipArchive<Cursor<&'a [u8]>>,
    /// Bytes unpacked by all calls of [`Self::read`] so far.
    unpacked: u64,
}

/// Checks the bounds of all parts before a library opens the archive itself.
///
/// The declared sizes can be relied on: the zip crate, which those libraries use, fails as soon as
/// a part has more bytes than declared.
pub(crate) fn check(context: &ReadContext, bytes: &[u8]) -> Result<(), FileError> {
    let archive = Archive::open(context, bytes)?;
    (0..archive.zip.len()).try_for_each(|index| archive.most_bytes(index).map(drop))
}

impl<'a> Archive<'a> {
    pub(crate) fn open(context: &'a ReadContext, bytes: &'a [u8]) -> Result<Self, FileError> {
        let zip = opened(context, bytes)?;
        let metadata = zip.metadata();
        let mut declared: u64 = 0;
        for index in 0..zip.len() {
            let entry = metadata.entry(index).map_err(|_| damaged(context))?;
            declared = declared.saturating_add(entry.size());
        }
        context.check_unpacked_bytes(declared)?;
        Ok(Self { context, bytes, zip, unpacked: 0 })
    }

    /// The names of the parts in the order of the archive, without those that are not UTF-8.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.zip.file_names_raw().filter_map(|name| std::str::from_utf8(name).ok())
    }

    /// The bytes of the part; `None` if there is no part of this name.
    pub(crate) fn read(&mut self, name: &str) -> Result<Option<Vec<u8>>, FileError> {
        let Some(index) = self.index(name) else { return Ok(None) };
        let most = self.most_bytes(index)?;
        let left = self.context.limits().unpacked_bytes.saturating_sub(self.unpacked);
        let file = self.zip.by_index(index).map_err(|_| damaged(self.context))?;
        let mut bytes = Vec::new();
        // One byte more than allowed detects an excess.
        let mut bounded = file.take(most.min(left).saturating_add(1));
        bounded.read_to_end(&mut bytes).map_err(|_| damaged(self.context))?;
        self.unpacked = self.unpacked.saturating_add(bytes.len() as u64);
        self.context.check_unpacked_bytes(self.unpacked)?;
        self.context.check_time()?;
        Ok(Some(bytes))
    }

    /// The index of the part. Some writers separate folders by backslashes.
    fn index(&self, name: &str) -> Option<usize> {
        let index = self.zip.index_for_name_raw(name.as_bytes());
        index.or_else(|| self.zip.index_for_name_raw(name.replace('/', "\\").as_bytes()))
    }

    /// The declared size of the entry, checked against the inflate ratio.
    fn most_bytes(&self, index: usize) -> Result<u64, FileError> {
        declared_bytes(self.context, &self.zip, self.bytes.len(), index)
    }
}

/// Opens an archive of no more entries than allowed, none of which is encrypted.
pub(super) fn opened<B: AsRef<[u8]>>(
    context: &ReadContext,
    bytes: B,
) -> Result<ZipArchive<Cursor<B>>, FileError> {
    // Counted first: the zip crate keeps more memory for an entry than its size in the file.
    let most = context.limits().entries;
    let entries = memmem::find_iter(bytes.as_ref(), b"PK\x01\x02").take(most.saturating_add(1));
    context.check_entries(entries.count())?;
    let zip = ZipArchive::new(Cursor::new(bytes)).map_err(|_| damaged(context))?;
    let metadata = zip.metadata();
    for index in 0..zip.len() {
        let entry = metadata.entry(index).map_err(|_| damaged(context))?;
        if entry.encrypted() {
            let message = "is protected by a password; save it without one";
            return Err(context.error(FileErrorKind::PasswordRequired, message));
        }
    }
    Ok(zip)
}

/// The declared size of an entry, checked against the inflate ratio; `length` is that of the archive.
pub(super) fn declared_bytes<R: Read + Seek>(
    context: &ReadContext,
    zip: &ZipArchive<R>,
    length: usize,
    index: usize,
) -> Result<u64, FileError> {
    let metadata = zip.metadata();
    let entry = metadata.entry(index).map_err(|_| damaged(context))?;
    // The compressed size is declared too, and can't exceed the archive.
    let packed = entry.compressed_size().min(length as u64);
    context.check_inflate_ratio(packed, entry.size())?;
    Ok(entry.size())
}

pub(super) fn damaged(context: &ReadContext) -> FileError {
    context.corrupt("is damaged; open it in the program that made it and save it again")
}

#[cfg(test)]
pub(super) mod tests {
    use std::io::{Cursor, Write};

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::{Archive, check};
    use crate::context::ReadContext;
    use crate::{FileError, FileErrorKind, Limits, ReadOptions};

    pub(in crate::zip_formats) fn zip(parts: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in parts {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    /// The position of the first part's uncompressed size in the central directory.
    fn declared_size(bytes: &[u8]) -> std::ops::Range<usize> {
        let start = bytes.windows(4).position(|bytes| bytes == b"PK\x01\x02").unwrap();
        start + 24..start + 28
    }

    fn checked(bytes: &[u8], limits: Limits) -> Result<(), FileErrorKind> {
        let options = ReadOptions { limits, ..ReadOptions::default() };
        check(&ReadContext::new("a.odt", &options), bytes).map_err(|error| error.kind)
    }

    fn part(bytes: &[u8], limits: Limits, name: &str) -> Result<Option<Vec<u8>>, FileError> {
        let options = ReadOptions { limits, ..ReadOptions::default() };
        let context = ReadContext::new("a.odt", &options);
        Archive::open(&context, bytes)?.read(name)
    }

    #[test]
    fn parts_are_read_by_name() {
        let bytes = zip(&[("a.xml", b"one"), ("b/ü.xml", b"two"), ("c\\d.xml", b"three")]);
        let options = ReadOptions::default();
        let context = ReadContext::new("a.odt", &options);
        let mut archive = Archive::open(&context, &bytes).unwrap();
        assert_eq!(archive.names().collect::<Vec<_>>(), ["a.xml", "b/ü.xml", "c\\d.xml"]);
        assert_eq!(archive.read("c/d.xml").unwrap().unwrap(), b"three");
        assert_eq!(archive.read("b/ü.xml").unwrap().unwrap(), b"two");
        assert_eq!(archive.read("../a.xml").unwrap(), None);
    }

    #[test]
    fn bounds() {
        let bomb = vec![b' '; 2 << 20];
        let parts = zip(&[("a", b"12345"), ("b", b"67890"), ("c", &bomb)]);
        let limits = || Limits { inflate_ratio: 2000, ..Limits::default() };
        assert_eq!(checked(&parts, limits()), Ok(()));
        for limits in [
            Limits::default(),
            Limits { entries: 2, ..limits() },
            Limits { unpacked_bytes: (2 << 20) + 9, ..limits() },
        ] {
            assert_eq!(checked(&parts, limits), Err(FileErrorKind::LimitExceeded));
        }
        // Only the ratio of the part that is read counts.
        assert!(part(&parts, Limits::default(), "a").is_ok());
        let error = part(&parts, Limits::default(), "c").unwrap_err();
        assert!(error.kind == FileErrorKind::LimitExceeded && error.message.contains("ratio"));
    }

    #[test]
    fn what_is_read_twice_counts_twice() {
        let bytes = zip(&[("a", b"12345")]);
        let limits = Limits { unpacked_bytes: 9, ..Limits::default() };
        let options = ReadOptions { limits, ..ReadOptions::default() };
        let context = ReadContext::new("a.epub", &options);
        let mut archive = Archive::open(&context, &bytes).unwrap();
        assert!(archive.read("a").is_ok());
        assert_eq!(archive.read("a").unwrap_err().kind, FileErrorKind::LimitExceeded);
    }

    #[test]
    fn a_part_that_lies_about_its_size_is_an_error_and_not_a_bomb() {
        let mut bytes = zip(&[("a", &vec![b' '; 4 << 20])]);
        let range = declared_size(&bytes);
        bytes[range].copy_from_slice(&1000_u32.to_le_bytes());
        // The zip crate gives other libraries the same error.
        assert_eq!(checked(&bytes, Limits::default()), Ok(()));
        let error = part(&bytes, Limits::default(), "a").unwrap_err();
        assert_eq!(error.kind, FileErrorKind::Corrupt);
    }

    #[test]
    fn what_cannot_be_opened() {
        let good = zip(&[("a.xml", b"some text")]);
        let mut encrypted = good.clone();
        let directory = declared_size(&good).start - 24;
        encrypted[directory + 8] |= 1;
        for (bytes, kind) in [
            (&encrypted[..], FileErrorKind::PasswordRequired),
            (&good[..good.len() - 30], FileErrorKind::Corrupt),
            (b"PK\x03\x04", FileErrorKind::Corrupt),
        ] {
            assert_eq!(checked(bytes, Limits::default()), Err(kind));
        }
        let mut flipped = good;
        flipped[37] ^= 0x55;
        let error = part(&flipped, Limits::default(), "a.xml").unwrap_err();
        assert_eq!(error.kind, FileErrorKind::Corrupt);
    }
}
