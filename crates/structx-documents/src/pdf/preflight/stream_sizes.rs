//! Measures the unpacked size of the streams of a PDF, which hayro unpacks without a bound.

use std::io::{ErrorKind, Read};

use flate2::read::ZlibDecoder;
use memchr::memmem;

use super::object_scan;
use crate::FileError;
use crate::context::ReadContext;

/// Bytes unpacked at a time: chosen by hand, not measured.
const CHUNK: usize = 1 << 16;
/// The distance before a stream within which its dictionary is searched: chosen by hand.
const LONGEST_DICTIONARY: usize = 4096;
/// The most nested compressions that are measured; real files have one or two.
const LEVELS: usize = 4;
/// Copies of the unpacked bytes in memory at a time: while growing, joined and interpreted.
const COPIES: u64 = 4;

/// Refuses a file with a stream that takes too much memory or time. Images are not measured: they
/// are large in real files, and are not unpacked for the text.
pub(in crate::pdf) fn check(context: &ReadContext, file: &[u8]) -> Result<(), FileError> {
    for at in memmem::find_iter(file, b"stream") {
        let (before, after) = (&file[..at], &file[at + b"stream".len()..]);
        let packed = after.trim_ascii_start();
        if before.ends_with(b"end") || is_image(before) {
            continue;
        }
        if is_packed(packed) {
            measure(context, packed, LEVELS)?;
        } else if is_packed(&base_85(packed).take(2).collect::<Vec<_>>()) {
            measure(context, IterReader(base_85(packed)), LEVELS)?;
        } else {
            let end = memmem::find(packed, b"endstream").unwrap_or(packed.len());
            object_scan::check_images(context, &packed[..end])?;
        }
    }
    Ok(())
}

fn measure(context: &ReadContext, packed: impl Read, levels: usize) -> Result<(), FileError> {
    let mut decoder = ZlibDecoder::new(packed);
    let mut chunk = vec![0; CHUNK];
    let mut unpacked = Vec::new();
    // Bytes after damage are not unpacked.
    while let Ok(length) = read_whole(&mut decoder, &mut chunk) {
        let found = &chunk[..length];
        if unpacked.is_empty() && levels > 0 && is_packed(found) {
            let packed: &mut dyn Read = &mut found.chain(&mut decoder);
            measure(context, packed, levels - 1)?;
        }
        unpacked.extend_from_slice(found);
        context.check_unpacked_bytes((unpacked.len() as u64).saturating_mul(COPIES))?;
        context.check_time()?;
        if length < CHUNK {
            break;
        }
    }
    object_scan::check_images(context, &unpacked)
}

/// Fills the chunk until the stream ends.
fn read_whole(decoder: &mut impl Read, chunk: &mut [u8]) -> Result<usize, ()> {
    let mut length = 0;
    while length < chunk.len() {
        match decoder.read(&mut chunk[length..]) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) if length > 0 => break,
            Err(_) => return Err(()),
        }
    }
    Ok(length)
}

/// Adapts an iterator of bytes to `Read`.
struct IterReader<I>(I);

impl<I: Iterator<Item = u8>> Read for IterReader<I> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        Ok(buffer.iter_mut().zip(&mut self.0).map(|(place, byte)| *place = byte).count())
    }
}

/// Decodes ASCII85 up to the first invalid byte.
fn base_85(text: &[u8]) -> impl Iterator<Item = u8> + '_ {
    let mut characters = text.iter().filter(|byte| !byte.is_ascii_whitespace());
    let next = move || {
        let mut value: u32 = 0;
        for place in 0..5 {
            match characters.next() {
                Some(b'z') if place == 0 => return Some([0; 4]),
                Some(byte @ b'!'..=b'u') => {
                    value = value.wrapping_mul(85).wrapping_add(u32::from(byte - b'!'));
                }
                _ => return None,
            }
        }
        Some(value.to_be_bytes())
    };
    std::iter::from_fn(next).flatten()
}

/// Whether the bytes begin with a zlib header (RFC 1950).
fn is_packed(bytes: &[u8]) -> bool {
    match bytes {
        [method, flags, ..] => {
            method & 0x0F == 8 && u16::from_be_bytes([*method, *flags]).is_multiple_of(31)
        }
        _ => false,
    }
}

/// Whether the dictionary at the end of the bytes is that of an image.
fn is_image(before: &[u8]) -> bool {
    let near = &before[before.len().saturating_sub(LONGEST_DICTIONARY)..];
    let dictionary = memmem::rfind(near, b" obj").map_or(near, |start| &near[start..]);
    memmem::find(dictionary, b"/Image").is_some() && memmem::find(dictionary, b"/Width").is_some()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::ZlibEncoder;

    use super::check;
    use crate::context::ReadContext;
    use crate::{FileErrorKind, Limits, ReadOptions};

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn written_in_base_85(bytes: &[u8]) -> Vec<u8> {
        let group = |part: &[u8]| {
            let mut four = [0; 4];
            four[..part.len()].copy_from_slice(part);
            let value = u32::from_be_bytes(four);
            (0..5)
                .rev()
                .map(move |place| b'!' + u8::try_from(value / 85_u32.pow(place) % 85).unwrap())
        };
        bytes.chunks(4).flat_map(group).chain(*b"~>").collect()
    }

    fn object(dictionary: &str, stream: &[u8]) -> Vec<u8> {
        let head = format!("4 0 obj\n<< {dictionary} >>\nstream\r\n");
        [head.as_bytes(), stream, b"\nendstream\nendobj\n"].concat()
    }

    #[test]
    fn streams_are_measured_whatever_their_dictionary_says() {
        let limits = Limits { unpacked_bytes: 4 << 20, ..Limits::default() };
        let options = ReadOptions { limits, ..ReadOptions::default() };
        let context = ReadContext::new("x.pdf", &options);
        let bomb = packed(&vec![b' '; 2 << 20]);
        let mut broken = bomb.clone();
        broken[10] ^= 0xFF;
        let hidden = [object("", b"text"), object("/Length 5", &bomb)].concat();
        let written = written_in_base_85(&bomb);
        for (file, is_refused) in [
            (object("/Filter [/ASCII85Decode /FlateDecode]", &written), true),
            (object("/Filter /FlateDecode", &bomb), true),
            (object("/Filter [/Fl /Fl]", &packed(&bomb)), true),
            (hidden, true),
            (object("", &packed(&vec![b' '; 1 << 19])), false),
            (object("", &broken), false),
            (object("", b"x"), false),
            (object("/Subtype /Image /Width 2000 /Height 1000", &bomb), false),
        ] {
            let kind = check(&context, &file).err().map(|error| error.kind);
            assert_eq!(kind, is_refused.then_some(FileErrorKind::LimitExceeded));
        }
    }
}
