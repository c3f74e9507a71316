//! Unpacks the compressed RTF of Outlook ([MS-OXRTFCP]).

/// The types of a body: compressed (`LZFu`), and as it is (`MELA`).
const COMPRESSED: &[u8] = b"LZFu";
const PLAIN: &[u8] = b"MELA";
const HEADER: usize = 16;
/// The size of the dictionary, and its first content ([MS-OXRTFCP] 2.1.2.1).
const SIZE: usize = 4096;
const START: &[u8] =
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \
    \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\
    \\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";

/// The RTF; `None` if the bytes are not compressed RTF. It has at most nine times their length.
pub(super) fn unpack(bytes: &[u8]) -> Option<Vec<u8>> {
    let (header, content) = bytes.split_at_checked(HEADER)?;
    let length = u32::from_le_bytes(header.get(4..8)?.try_into().ok()?);
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    match &header[8..12] {
        COMPRESSED => Some(expand(content, length)),
        PLAIN => Some(content[..content.len().min(length)].to_vec()),
        _ => None,
    }
}

/// Expands runs of a control byte and eight tokens: a bit that is set is a reference into the
/// dictionary, else a byte.
fn expand(content: &[u8], length: usize) -> Vec<u8> {
    let mut dictionary = [b' '; SIZE];
    dictionary[..START.len()].copy_from_slice(START);
    let mut place = START.len();
    let mut output = Vec::new();
    let mut bytes = content.iter().copied();
    while let Some(control) = bytes.next() {
        for bit in 0..8 {
            let Some(first) = bytes.next() else { return output };
            let (offset, count) = if control >> bit & 1 == 0 {
                dictionary[place] = first;
                (place, 1)
            } else {
                let Some(second) = bytes.next() else { return output };
                let token = usize::from(first) << 8 | usize::from(second);
                (token >> 4, (token & 0xF) + 2)
            };
            // A reference to the place of writing ends the text.
            if count > 1 && offset == place {
                return output;
            }
            for step in 0..count {
                let byte = dictionary[(offset + step) % SIZE];
                dictionary[place] = byte;
                place = (place + 1) % SIZE;
                output.push(byte);
            }
            if output.len() >= length {
                output.truncate(length);
                return output;
            }
        }
    }
    output
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{START, unpack};

    fn packed(kind: &[u8], length: u32, content: &[u8]) -> Vec<u8> {
        [&[0; 4], &length.to_le_bytes()[..], kind, &[0; 4], content].concat()
    }

    #[test]
    fn texts_are_unpacked() {
        assert_eq!(START.len(), 207);
        // The example of [MS-OXRTFCP] 4.1.1.
        let example =
            b"\x03\x00\x0a\x00rcpg125\x42\x32\x0a\xf3 hel\x09\x00\x20bw\x05\xb0ld}\x0a\x80\x0f\xa0";
        let expected = b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n";
        assert_eq!(unpack(&packed(b"LZFu", 43, example)).unwrap(), expected);
        assert_eq!(unpack(&packed(b"MELA", 3, b"{\\rtf")).unwrap(), b"{\\r");
        assert_eq!(unpack(&packed(b"none", 3, b"abc")), None);
        assert_eq!(unpack(b"LZFu"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_unpacked_or_refused(content in prop::collection::vec(any::<u8>(), 0..200)) {
            let text = unpack(&packed(b"LZFu", u32::MAX, &content)).unwrap();
            prop_assert!(text.len() <= 9 * content.len());
        }
    }
}
