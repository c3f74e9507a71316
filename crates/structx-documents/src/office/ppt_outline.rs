//! Keeps the texts of placeholders in presentations of the binary format (.ppt) in step.
//!
//! A placeholder on a slide refers to its text by the number of a `TextHeaderAtom` in the outline
//! ([MS-PPT] 2.9.78). A placeholder without text has a header alone; the library counts the texts
//! instead of the headers, so that it would lose all texts after it.

use memchr::memmem;

/// The rest of the header of a `TextHeaderAtom` after its version: its type and its length of 4.
const TEXT_HEADER: &[u8] = &[0x9F, 0x0F, 4, 0, 0, 0];
/// The bytes of a `TextHeaderAtom` without its version.
const LENGTH: usize = 10;
/// The type of a text with a byte for each character.
const TEXT_BYTES: [u8; 2] = [0xA8, 0x0F];
/// The types of records that follow a header without text in the outline: another header, the next
/// slide, the style of an empty paragraph.
const AFTER: [[u8; 2]; 3] = [[0x9F, 0x0F], [0xF3, 0x03], [0xA1, 0x0F]];

/// Turns headers without text into texts of four spaces, which have the same length.
///
/// This works on the file and not on its streams, as the library opens the file itself; a header that
/// is split between sectors stays.
pub(super) fn fill_empty_placeholders(file: &mut [u8]) {
    let headers: Vec<usize> = memmem::find_iter(file, TEXT_HEADER).collect();
    for start in headers.into_iter().filter(|start| *start >= 2) {
        // The version in the lower four bits is 0, and so is that of the next record.
        let Some([kind @ .., next_version, _, next_1, next_2]) =
            file.get(start..start + LENGTH + 4)
        else {
            continue;
        };
        let is_text_kind = matches!(kind[6..], [0..=8, 0, 0, 0]);
        let is_empty = AFTER.contains(&[*next_1, *next_2]) && next_version.is_multiple_of(16);
        if is_text_kind && is_empty && file[start - 2].is_multiple_of(16) {
            file[start..start + 2].copy_from_slice(&TEXT_BYTES);
            file[start + 6..start + LENGTH].fill(b' ');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::fill_empty_placeholders;

    fn record(kind: u16, instance: u8, data: &[u8]) -> Vec<u8> {
        let length = u32::try_from(data.len()).unwrap();
        [&[instance << 4, 0], &kind.to_le_bytes()[..], &length.to_le_bytes(), data].concat()
    }

    #[test]
    fn headers_without_text_become_texts() {
        let header = |instance| record(0xF9F, instance, &[1, 0, 0, 0]);
        let text = record(0xFA8, 0, b"text");
        let slide = record(0x3F3, 0, &[0; 20]);
        let spaces = |instance| record(0xFA8, instance, b"    ");
        for (records, expected) in [
            (vec![header(0), header(1), text.clone()], vec![spaces(0), header(1), text.clone()]),
            (vec![header(0), slide.clone()], vec![spaces(0), slide]),
            (vec![header(0), text.clone(), header(1)], vec![header(0), text, header(1)]),
            (
                vec![record(0xF9F, 0, &[9, 0, 0, 0]), header(1)],
                vec![record(0xF9F, 0, &[9, 0, 0, 0]), header(1)],
            ),
        ] {
            let mut file = records.concat();
            fill_empty_placeholders(&mut file);
            assert_eq!(file, expected.concat());
            for end in 0..file.len() {
                fill_empty_placeholders(&mut records.concat()[..end]);
            }
        }
    }
}
