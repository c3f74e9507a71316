//! Files that are compressed with gzip, such as `a.csv.gz`.

use std::io::Read;

use flate2::read::MultiGzDecoder;

use crate::FileError;
use crate::context::ReadContext;

const EXTENSION: &str = ".gz";
const MAGIC: &[u8] = &[0x1F, 0x8B];

/// The name of the file without the extension of its compression.
pub(super) fn unpacked_name(name: &str) -> &str {
    let split = name.len().checked_sub(EXTENSION.len()).and_then(|end| name.split_at_checked(end));
    split.filter(|(_, end)| end.eq_ignore_ascii_case(EXTENSION)).map_or(name, |(stem, _)| stem)
}

/// The bytes of the file, unpacked if they are compressed.
///
/// # Errors
/// They are damaged, or unpack to more than the limits of bytes and ratio.
pub(super) fn unpacked(context: &ReadContext, bytes: Vec<u8>) -> Result<Vec<u8>, FileError> {
    if !bytes.starts_with(MAGIC) {
        return Ok(bytes);
    }
    let mut unpacked = Vec::new();
    // One byte more than allowed detects an excess.
    let mut bounded =
        MultiGzDecoder::new(bytes.as_slice()).take(context.most_bytes().saturating_add(1));
    bounded
        .read_to_end(&mut unpacked)
        .map_err(|_| context.corrupt("is damaged or not complete: it can't be unpacked"))?;
    context.check_bytes(unpacked.len() as u64)?;
    context.check_inflate_ratio(bytes.len() as u64, unpacked.len() as u64)?;
    Ok(unpacked)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::{unpacked, unpacked_name};
    use crate::context::ReadContext;
    use crate::{FileErrorKind, Limits, ReadOptions};

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn what_is_packed_is_unpacked_within_limits() {
        let limits = Limits { bytes: 1 << 20, ..Limits::default() };
        let options = ReadOptions { limits, ..ReadOptions::default() };
        let read = |bytes: Vec<u8>| {
            unpacked(&ReadContext::new("a.json.gz", &options), bytes).map_err(|error| error.kind)
        };
        let twice = [packed(b"a,b\n"), packed(b"1,2\n")].concat();
        assert_eq!(read(twice).unwrap(), b"a,b\n1,2\n");
        assert_eq!(read(b"plain".to_vec()).unwrap(), b"plain");
        assert_eq!(read(packed(&vec![0; 2 << 20])), Err(FileErrorKind::LimitExceeded));
        let whole = packed(b"some text");
        assert_eq!(read(whole[..whole.len() - 9].to_vec()), Err(FileErrorKind::Corrupt));
    }

    #[test]
    fn the_extension_is_dropped() {
        for (name, expected) in [
            ("a.csv.gz", "a.csv"),
            ("A.CSV.GZ", "A.CSV"),
            ("a.csv", "a.csv"),
            ("gz", "gz"),
            ("é", "é"),
        ] {
            assert_eq!(unpacked_name(name), expected);
        }
    }
}
