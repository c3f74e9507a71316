//! The records of an XLS stream and the strings in them (BIFF).

use encoding_rs::Encoding;

use crate::FileError;
use crate::context::ReadContext;

const CONTINUE: u16 = 0x3C;

/// A record with its type and data.
pub(super) struct BiffRecord<'a> {
    pub(super) typ: u16,
    pub(super) data: &'a [u8],
    /// The stream after the record, where CONTINUE records may follow.
    rest: &'a [u8],
}

pub(super) struct BiffRecords<'a> {
    rest: &'a [u8],
}

impl<'a> BiffRecords<'a> {
    pub(super) fn from(stream: &'a [u8], start: usize) -> Self {
        Self { rest: stream.get(start..).unwrap_or_default() }
    }
}

impl<'a> Iterator for BiffRecords<'a> {
    type Item = BiffRecord<'a>;

    /// Ends at a truncated record.
    fn next(&mut self) -> Option<BiffRecord<'a>> {
        let (typ, length) = (u16_at(self.rest, 0)?, u16_at(self.rest, 2)?);
        let (data, rest) = self.rest.get(4..)?.split_at_checked(usize::from(length))?;
        self.rest = rest;
        Some(BiffRecord { typ, data, rest })
    }
}

/// The string encoding of the workbook.
pub(super) struct Strings {
    /// BIFF8 (Excel 97 and later): each string has a flag for 8 or 16 bit characters.
    pub(super) wide: bool,
    /// The encoding of strings before BIFF8.
    pub(super) encoding: &'static Encoding,
}

impl Strings {
    /// A string with a length of one byte.
    pub(super) fn short(&self, data: &[u8]) -> String {
        let Some((length, rest)) = data.split_first() else { return String::new() };
        let length = usize::from(*length);
        match rest.split_first() {
            Some((flags, rest)) if self.wide => characters(rest, length, is_wide(*flags)).0,
            _ => {
                self.encoding.decode_without_bom_handling(&rest[..length.min(rest.len())]).0.into()
            }
        }
    }

    /// The string with a length of two bytes at offset `start` of the record.
    pub(super) fn long(&self, record: &BiffRecord, start: usize) -> String {
        let data = record.data.get(start..).unwrap_or_default();
        if self.wide {
            return ContinuedData { part: data, rest: record.rest }.text(false).unwrap_or_default();
        }
        let length = usize::from(u16_at(data, 0).unwrap_or(0));
        let bytes = data.get(2..).unwrap_or_default();
        self.encoding.decode_without_bom_handling(&bytes[..length.min(bytes.len())]).0.into()
    }
}

/// The shared string table, up to the first truncated string.
pub(super) fn shared_texts(
    context: &ReadContext,
    record: &BiffRecord,
) -> Result<Vec<String>, FileError> {
    let mut parts =
        ContinuedData { part: record.data.get(8..).unwrap_or_default(), rest: record.rest };
    let mut texts = Vec::new();
    while let Some(text) = parts.text(true) {
        texts.push(text);
        context.check_cells(texts.len())?;
        if texts.len() % 1024 == 0 {
            context.check_time()?;
        }
    }
    Ok(texts)
}

/// The text of a drawn object, such as a comment, which stands in the records after it.
pub(super) fn object_text(record: &BiffRecord) -> Option<String> {
    let length = usize::from(u16_at(record.data, 10)?);
    let mut parts = ContinuedData { part: &[], rest: record.rest };
    let flags = parts.byte()?;
    parts.rest_of_text(length, flags)
}

/// The data of a record and of its CONTINUE records.
struct ContinuedData<'a> {
    part: &'a [u8],
    rest: &'a [u8],
}

impl ContinuedData<'_> {
    /// The next string; a `formatted` one may be followed by formatting runs and phonetic data.
    fn text(&mut self, formatted: bool) -> Option<String> {
        let length = usize::from(self.u16()?);
        let flags = self.byte()?;
        let has = |flag: u8| formatted && flags & flag != 0;
        let runs = if has(8) { usize::from(self.u16()?) } else { 0 };
        let more =
            if has(4) { usize::from(self.u16()?) + (usize::from(self.u16()?) << 16) } else { 0 };
        let text = self.rest_of_text(length, flags)?;
        self.skip(runs * 4 + more)?;
        Some(text)
    }

    /// A text of this length; the flags say how wide its characters are.
    fn rest_of_text(&mut self, mut length: usize, flags: u8) -> Option<String> {
        let mut wide = is_wide(flags);
        let mut text = String::new();
        loop {
            let (part, count, bytes) = characters(self.part, length, wide);
            text.push_str(&part);
            length -= count;
            self.part = &self.part[bytes..];
            if length == 0 {
                return Some(text);
            }
            // Each continued part has its own width flag.
            self.next_part()?;
            wide = is_wide(self.byte()?);
        }
    }

    fn byte(&mut self) -> Option<u8> {
        while self.part.is_empty() {
            self.next_part()?;
        }
        let (byte, rest) = self.part.split_first()?;
        self.part = rest;
        Some(*byte)
    }

    fn u16(&mut self) -> Option<u16> {
        Some(u16::from_le_bytes([self.byte()?, self.byte()?]))
    }

    fn skip(&mut self, mut count: usize) -> Option<()> {
        while count > self.part.len() {
            count -= self.part.len();
            self.next_part()?;
        }
        self.part = &self.part[count..];
        Some(())
    }

    fn next_part(&mut self) -> Option<()> {
        let record =
            BiffRecords { rest: self.rest }.next().filter(|record| record.typ == CONTINUE)?;
        (self.part, self.rest) = (record.data, record.rest);
        Some(())
    }
}

/// Decodes up to `length` characters; returns the text and the numbers of characters and bytes read.
fn characters(data: &[u8], length: usize, wide: bool) -> (String, usize, usize) {
    if wide {
        let count = length.min(data.len() / 2);
        let units =
            data.chunks_exact(2).take(count).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
        let text =
            char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER));
        // A part may end in the middle of a character.
        let bytes = if count < length { data.len() } else { count * 2 };
        (text.collect(), count, bytes)
    } else {
        let count = length.min(data.len());
        (data[..count].iter().copied().map(char::from).collect(), count, count)
    }
}

fn is_wide(flags: u8) -> bool {
    flags & 1 != 0
}

pub(super) fn u16_at(data: &[u8], start: usize) -> Option<u16> {
    data.get(start..)?.first_chunk().map(|bytes| u16::from_le_bytes(*bytes))
}

pub(super) fn u32_at(data: &[u8], start: usize) -> Option<u32> {
    data.get(start..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}

pub(super) fn f64_at(data: &[u8], start: usize) -> Option<f64> {
    data.get(start..)?.first_chunk().map(|bytes| f64::from_le_bytes(*bytes))
}
