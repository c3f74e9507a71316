//! Decodes the text strings of a PDF, such as names, values of fields and notes.

/// The text of a string: UTF-16 or UTF-8 with a byte order mark, else PDFDocEncoding, whose letters
/// are those of Latin-1 (ISO 32000-2, 7.9.2).
pub(super) fn decode(bytes: &[u8]) -> String {
    match bytes {
        [0xFE, 0xFF, rest @ ..] => {
            let units = rest.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
            char::decode_utf16(units)
                .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
                .collect()
        }
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        bytes => bytes.iter().copied().map(char::from).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn text_strings_are_decoded() {
        for (bytes, text) in [
            (&b"\xFE\xFF\0a\x20\xAC"[..], "a€"),
            (b"\xEF\xBB\xBF\xC3\xBC", "ü"),
            (b"\xFC 5", "ü 5"),
        ] {
            assert_eq!(decode(bytes), text);
        }
    }
}
