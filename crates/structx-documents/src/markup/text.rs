//! Plain text: detects the encoding, decodes, and splits into paragraphs.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use crate::context::ReadContext;
use crate::{Block, BlockKind, Document, FileError, FileErrorKind};

/// UTF-8 text has at most one NUL in this many bytes: chosen by hand, not measured.
const MOST_NULS: usize = 10;

pub(crate) fn read(context: &ReadContext, bytes: &[u8]) -> Result<Document, FileError> {
    let (text, warning) = decode(bytes, None);
    let mut document = document(context, text)?;
    document.warnings.extend(warning);
    Ok(document)
}

/// A document from text with normalised newlines; blank lines separate paragraphs.
pub(crate) fn document(context: &ReadContext, text: String) -> Result<Document, FileError> {
    if text.trim().is_empty() {
        return Err(context.error(FileErrorKind::Empty, "the text is empty"));
    }
    // Checked before splitting: a short paragraph's `Block` takes more memory than its text.
    context.check_characters(&text)?;
    let blocks = paragraphs(&text);
    Ok(Document { name: context.name.to_owned(), text, blocks, ..Document::default() })
}

/// Decodes a file, with newlines as `\n`, and warns if the encoding is a guess.
///
/// In order of precedence: a byte order mark (also of UTF-32), the caller's choice, UTF-16 by its zero bytes, valid
/// UTF-8, statistical detection.
pub(crate) fn decode(bytes: &[u8], given: Option<&'static Encoding>) -> (String, Option<String>) {
    if let Some(text) = utf32(bytes) {
        return (normalise_newlines(text), None);
    }
    let marked = Encoding::for_bom(bytes).map(|(encoding, _)| encoding);
    let encoding = marked.or(given).or_else(|| utf16_without_mark(bytes));
    let encoding = encoding.unwrap_or_else(|| match std::str::from_utf8(bytes) {
        Ok(_) => UTF_8,
        Err(error) => guess(&bytes[error.valid_up_to()..]),
    });
    let (text, encoding, malformed) = encoding.decode(bytes);
    let nuls = memchr::memchr_iter(0, text.as_bytes()).count();
    let text = if nuls > 0 { text.replace('\0', "") } else { text.into_owned() };
    let mut warnings = Vec::new();
    if malformed {
        warnings.push(format!("characters that are not valid {} were replaced", encoding.name()));
    } else if marked.or(given).is_none() && encoding != UTF_8 {
        warnings.push(format!("not UTF-8; read as {}, which is a guess", encoding.name()));
    }
    if nuls > 0 {
        warnings.push(format!("{nuls} NUL characters were removed"));
    }
    let warning = (!warnings.is_empty()).then(|| warnings.join("; "));
    (normalise_newlines(text), warning)
}

/// The text of UTF-32 with a byte order mark. UTF-16 that begins with a NUL has the same mark, but few
/// such texts are valid UTF-32.
fn utf32(bytes: &[u8]) -> Option<String> {
    let from: fn([u8; 4]) -> u32 = match bytes {
        [0xFF, 0xFE, 0, 0, ..] => u32::from_le_bytes,
        [0, 0, 0xFE, 0xFF, ..] => u32::from_be_bytes,
        _ => return None,
    };
    let (units, rest) = bytes[4..].as_chunks::<4>();
    let text: Option<String> = units.iter().map(|unit| char::from_u32(from(*unit))).collect();
    text.filter(|_| rest.is_empty())
}

/// The most likely encoding of bytes that are not UTF-8, judged by the first mebibyte.
fn guess(bytes: &[u8]) -> &'static Encoding {
    const ENOUGH: usize = 1 << 20;
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(&bytes[..bytes.len().min(ENOUGH)], bytes.len() <= ENOUGH);
    detector.guess(None, Utf8Detection::Deny)
}

/// Whether the bytes are not text in any encoding that [`decode`] detects.
pub(crate) fn is_binary(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(8192)];
    Encoding::for_bom(head).is_none()
        && utf32(head).is_none()
        && utf16_without_mark(head).is_none()
        && head.contains(&0)
        && !is_utf8_with_nuls(head)
}

/// Whether the bytes are UTF-8 text with a few NUL bytes among it, such as a log.
fn is_utf8_with_nuls(head: &[u8]) -> bool {
    // The head may end within a character.
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    let is_text = |c: char| !c.is_control() || "\0\t\n\r\x0b\x0c\x1b".contains(c);
    let nuls = memchr::memchr_iter(0, head).count();
    nuls * MOST_NULS < head.len() && text.chars().all(is_text)
}

/// Detects UTF-16 without a byte order mark.
///
/// Mostly Latin text has a zero in every other byte. Text in other scripts has zeros in its spaces
/// and digits only; it must then decode without unpaired surrogates and control characters.
fn utf16_without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = &bytes[..bytes.len().min(8192)];
    let pairs = head.len() / 2;
    if pairs == 0 || Encoding::for_bom(head).is_some() {
        return None;
    }
    let zeros = |first: usize| head.iter().skip(first).step_by(2).filter(|b| **b == 0).count();
    let is = |encoding, zeros| {
        zeros * 10 >= pairs * 8
            || (zeros > 0 && is_text(encoding, head) && !is_utf8_with_nuls(head))
    };
    match (zeros(0), zeros(1)) {
        (0, odd) if is(UTF_16LE, odd) => Some(UTF_16LE),
        (even, 0) if is(UTF_16BE, even) => Some(UTF_16BE),
        _ => None,
    }
}

/// Whether the bytes are UTF-16, with a byte order mark or without.
pub(crate) fn is_utf16(bytes: &[u8]) -> bool {
    let marked = Encoding::for_bom(bytes).map(|(encoding, _)| encoding);
    let encoding = marked.or_else(|| utf16_without_mark(bytes));
    encoding.is_some_and(|encoding| encoding == UTF_16LE || encoding == UTF_16BE)
}

fn is_text(encoding: &'static Encoding, bytes: &[u8]) -> bool {
    let is_text = |c: char| !c.is_control() || matches!(c, '\t' | '\n' | '\r');
    let text = encoding.decode_without_bom_handling_and_without_replacement(bytes);
    text.is_some_and(|text| text.chars().all(is_text))
}

pub(crate) fn normalise_newlines(text: String) -> String {
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
    use crate::ReadOptions;
    use crate::context::ReadContext;

    #[test]
    fn encodings() {
        let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
        let utf32 = |text: &str| text.chars().flat_map(|c| u32::from(c).to_be_bytes()).collect();
        let little = |text: &str| text.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
        let cases: [(Vec<u8>, &str, bool); 11] = [
            ("Zürich".into(), "Zürich", false),
            ("\u{feff}Zürich".into(), "Zürich", false),
            (utf16("\u{feff}Zürich"), "Zürich", false),
            (utf32("\u{feff}Zürich\r\n😀"), "Zürich\n😀", false),
            (little("\u{feff}Zürich"), "Zürich", false),
            (utf16("a\r\nb and more"), "a\nb and more", true),
            (utf16("имя, город\r\n"), "имя, город\n", true),
            (b"Z\xFCrich\r\n\x80 5\r".to_vec(), "Zürich\n€ 5\n", true),
            ("a log: Zürich\0 and on".into(), "a log: Zürich and on", true),
            ("0123456789\0".into(), "0123456789", true),
            (vec![], "", false),
        ];
        for (bytes, text, warns) in cases {
            let (found, warning) = decode(&bytes, None);
            assert_eq!(found, text);
            assert_eq!(warning.is_some(), warns, "{text}");
            assert!(!is_binary(&bytes), "{text}");
        }
        for bytes in
            [&b"\0\0\0\x01binary\xFF\xFE"[..], b"\x05\0\x01\x02ab\x07\x08", b"name\0\0\0\0\0\0more"]
        {
            assert!(is_binary(bytes));
        }
    }

    #[test]
    fn encodings_of_other_letters_are_guessed() {
        for (label, text) in [
            ("shift_jis", "商品名,価格,在庫\nりんご,120,あり\nみかん,80,なし\n"),
            ("gbk", "姓名,城市,备注\n张伟,北京,今天下午到货\n李娜,上海,尚未付款\n"),
            (
                "euc-kr",
                "이름,도시,비고\n김민수,서울,오늘 도착합니다\n이영희,부산,아직 지불하지 않음\n",
            ),
            ("windows-1251", "имя,город,примечание\nИван,Москва,оплачено сегодня\n"),
            ("iso-8859-2", "nazwisko,miasto,uwagi\nŻółty,Łódź,zapłacono dzisiaj, dziękuję\n"),
        ] {
            let encoding = encoding_rs::Encoding::for_label(label.as_bytes()).unwrap();
            let (found, warning) = decode(&encoding.encode(text).0, None);
            assert_eq!(found, text, "{label}");
            let warning = warning.unwrap().to_ascii_lowercase();
            assert!(warning.contains(label) && warning.contains("guess"), "{warning}");
            let cut = encoding.encode(text).0.repeat(2);
            assert_eq!(decode(&cut, Some(encoding)), (text.repeat(2), None), "{label}");
        }
    }

    #[test]
    fn blank_lines_part_paragraphs() {
        let options = ReadOptions::default();
        let text = "\n one\ntwo \n\n \n# three\n";
        let document = document(&ReadContext::new("x", &options), text.into()).unwrap();
        let blocks = document.blocks.iter().map(|block| &document.text[block.range.clone()]);
        assert_eq!(blocks.collect::<Vec<_>>(), [" one\ntwo", "# three"]);
    }
}
