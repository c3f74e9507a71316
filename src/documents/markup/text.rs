//! Plain text: bytes to characters, characters to blocks.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use crate::documents::reading::Reading;
use crate::documents::{Block, BlockKind, Document, FileError, FileErrorKind};

pub(in crate::documents) fn read(reading: &Reading, bytes: &[u8]) -> Result<Document, FileError> {
    let (text, warning) = decode(bytes, None);
    let mut document = document(reading, text)?;
    document.warnings.extend(warning);
    Ok(document)
}

/// A document of a text with normalised newlines: blank lines part its paragraphs.
pub(in crate::documents) fn document(
    reading: &Reading,
    text: String,
) -> Result<Document, FileError> {
    if text.trim().is_empty() {
        return Err(reading.error(FileErrorKind::Empty, "the text is empty"));
    }
    let blocks = paragraphs(&text);
    Ok(Document { name: reading.name.to_owned(), text, blocks, ..Document::default() })
}

/// The characters of a file, with newlines as `\n`, and a warning where the encoding is a guess:
/// a byte order mark decides, then the caller, then UTF-16 by its zeros, then UTF-8 if it is valid,
/// then Windows-1252, in which any bytes are text.
pub(in crate::documents) fn decode(
    bytes: &[u8],
    given: Option<&'static Encoding>,
) -> (String, Option<String>) {
    let encoding = match Encoding::for_bom(bytes) {
        Some((encoding, _)) => encoding,
        None if std::str::from_utf8(bytes).is_ok() => UTF_8,
        None => WINDOWS_1252,
    };
    let guessed = utf16_without_mark(bytes);
    let (text, encoding, malformed) = given.or(guessed).unwrap_or(encoding).decode(bytes);
    let warning = if malformed {
        Some(format!("characters that are not valid {} were replaced", encoding.name()))
    } else if given.is_none() && (encoding == WINDOWS_1252 || guessed.is_some()) {
        Some(format!("not UTF-8; read as {}", encoding.name()))
    } else {
        None
    };
    (normalise_newlines(text.into_owned()), warning)
}

/// Whether the bytes are no text in any encoding that [`decode`] knows.
pub(in crate::documents) fn is_binary(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(8192)];
    Encoding::for_bom(head).is_none() && utf16_without_mark(head).is_none() && head.contains(&0)
}

/// UTF-16 of mostly Latin text has a zero in every other byte.
fn utf16_without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = &bytes[..bytes.len().min(8192)];
    let pairs = head.len() / 2;
    if pairs == 0 || Encoding::for_bom(head).is_some() {
        return None;
    }
    let zeros = |first: usize| head.iter().skip(first).step_by(2).filter(|b| **b == 0).count();
    match (zeros(0), zeros(1)) {
        (0, odd) if odd * 10 >= pairs * 8 => Some(UTF_16LE),
        (even, 0) if even * 10 >= pairs * 8 => Some(UTF_16BE),
        _ => None,
    }
}

pub(in crate::documents) fn normalise_newlines(text: String) -> String {
    if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text }
}

fn paragraphs(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut open = false;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let range = start..start + line.trim_end().len();
        start += line.len();
        let follows = open;
        open = !range.is_empty();
        match blocks.last_mut() {
            Some(last) if follows && open => last.range.end = range.end,
            _ if open => {
                blocks.push(Block { kind: BlockKind::Paragraph, range, page: None, bounds: None });
            }
            _ => {}
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::{decode, document, is_binary};
    use crate::documents::ReadOptions;
    use crate::documents::reading::Reading;

    #[test]
    fn encodings() {
        let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
        let cases: [(Vec<u8>, &str, bool); 6] = [
            ("Zürich".into(), "Zürich", false),
            ("\u{feff}Zürich".into(), "Zürich", false),
            (utf16("\u{feff}Zürich"), "Zürich", false),
            (utf16("a\r\nb and more"), "a\nb and more", true),
            (b"Z\xFCrich\r\n\x80 5\r".to_vec(), "Zürich\n€ 5\n", true),
            (vec![], "", false),
        ];
        for (bytes, text, warns) in cases {
            let (found, warning) = decode(&bytes, None);
            assert_eq!(found, text);
            assert_eq!(warning.is_some(), warns, "{text}");
            assert!(!is_binary(&bytes), "{text}");
        }
        assert!(is_binary(b"\0\0\0\x01binary\xFF\xFE"));
    }

    #[test]
    fn blank_lines_part_paragraphs() {
        let options = ReadOptions::default();
        let text = "\n one\ntwo \n\n \n# three\n";
        let document = document(&Reading::new("x", &options), text.into()).unwrap();
        let blocks = document.blocks.iter().map(|block| &document.text[block.range.clone()]);
        assert_eq!(blocks.collect::<Vec<_>>(), [" one\ntwo", "# three"]);
    }
}
