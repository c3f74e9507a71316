//! The storages of an Outlook file and the properties in them ([MS-OXMSG] 2.1, [MS-OXPROPS]).

use std::collections::{BTreeMap, HashSet};
use std::io::Cursor;

use encoding_rs::{Encoding, UTF_16LE};
use office_oxide::cfb::CfbReader;

use super::PROPERTIES;
use crate::FileError;
use crate::context::ReadContext;
use crate::markup::rtf::encodings::of_code_page;
use crate::markup::text::decode;

/// The ids of properties ([MS-OXPROPS]).
pub(super) mod tags {
    pub(in super::super) const SUBJECT: u16 = 0x0037;
    pub(in super::super) const SENT: u16 = 0x0039;
    pub(in super::super) const SENT_FOR_NAME: u16 = 0x0042;
    pub(in super::super) const HEADERS: u16 = 0x007D;
    pub(in super::super) const RECIPIENT_TYPE: u16 = 0x0C15;
    pub(in super::super) const SENDER_NAME: u16 = 0x0C1A;
    pub(in super::super) const SENDER_ADDRESS: u16 = 0x0C1F;
    pub(in super::super) const SHOWN_CC: u16 = 0x0E03;
    pub(in super::super) const SHOWN_TO: u16 = 0x0E04;
    pub(in super::super) const DELIVERED: u16 = 0x0E06;
    pub(in super::super) const BODY: u16 = 0x1000;
    pub(in super::super) const RTF: u16 = 0x1009;
    pub(in super::super) const HTML: u16 = 0x1013;
    pub(in super::super) const NAME: u16 = 0x3001;
    pub(in super::super) const ADDRESS: u16 = 0x3003;
    pub(in super::super) const DATA: u16 = 0x3701;
    pub(in super::super) const FILE_NAME: u16 = 0x3704;
    pub(in super::super) const LONG_FILE_NAME: u16 = 0x3707;
    pub(in super::super) const MEDIA_TYPE: u16 = 0x370E;
    pub(in super::super) const SMTP: u16 = 0x39FE;
    pub(in super::super) const SENDER_SMTP: u16 = 0x5D01;
    pub(in super::super) const SENT_FOR_SMTP: u16 = 0x5D02;
    pub(super) const INTERNET_CODE_PAGE: u16 = 0x3FDE;
    pub(super) const MESSAGE_CODE_PAGE: u16 = 0x3FFD;
}

/// The types of properties ([MS-OXCDATA] 2.11.1).
const NUMBER: u16 = 0x0003;
const OBJECT: u16 = 0x000D;
const BYTE_TEXT: u16 = 0x001E;
const TEXT: u16 = 0x001F;
const TIME: u16 = 0x0040;
const BYTES: u16 = 0x0102;

/// Seconds from the year 1601, from which times count, to 1970.
const TO_UNIX: u64 = 11_644_473_600;

pub(super) struct OutlookFile<'a> {
    context: &'a ReadContext<'a>,
    cfb: CfbReader<Cursor<&'a [u8]>>,
    /// The bytes read so far: a damaged file may read the same sectors for all its streams.
    read: u64,
    /// The encoding of the message's texts in bytes.
    encoding: Option<&'static Encoding>,
}

/// A message, a recipient or an attachment.
pub(super) struct Item {
    /// The streams and storages in it, by their names in capitals.
    entries: BTreeMap<String, usize>,
    /// The properties of fixed size, by id and type.
    fixed: BTreeMap<(u16, u16), [u8; 8]>,
}

impl<'a> OutlookFile<'a> {
    pub(super) fn open(context: &'a ReadContext<'a>, bytes: &'a [u8]) -> Result<Self, FileError> {
        let cfb = CfbReader::new(Cursor::new(bytes)).map_err(|_| damaged(context))?;
        context.check_entries(cfb.entries().len())?;
        Ok(Self { context, cfb, read: 0, encoding: None })
    }

    /// Reads the storage of an item; its stream of properties has a header of this many bytes.
    pub(super) fn item(&mut self, storage: usize, header: usize) -> Result<Item, FileError> {
        self.context.check_time()?;
        let mut item = Item { entries: self.entries(storage), fixed: BTreeMap::new() };
        let properties = item.entries.get(&PROPERTIES.to_uppercase()).copied();
        let properties = properties.map_or(Ok(Vec::new()), |index| self.stream(index))?;
        for property in properties.get(header..).unwrap_or_default().chunks_exact(16) {
            let half = |place: usize| u16::from_le_bytes([property[place], property[place + 1]]);
            let value = property[8..].try_into().unwrap_or_default();
            item.fixed.insert((half(2), half(0)), value);
        }
        let pages = [tags::MESSAGE_CODE_PAGE, tags::INTERNET_CODE_PAGE];
        if let Some(page) = pages.into_iter().find_map(|page| item.number(page)) {
            self.encoding = i32::try_from(page).ok().map(of_code_page);
        }
        Ok(item)
    }

    /// A property that is a text.
    pub(super) fn text(&mut self, item: &Item, id: u16) -> Result<Option<String>, FileError> {
        if let Some(index) = item.entry(id, TEXT) {
            let bytes = self.stream(index)?;
            let (text, _) = UTF_16LE.decode_without_bom_handling(&bytes);
            return Ok(Some(text.trim_end_matches('\0').to_owned()));
        }
        let Some(index) = item.entry(id, BYTE_TEXT) else { return Ok(None) };
        let bytes = self.stream(index)?;
        let given = self.encoding.filter(|_| std::str::from_utf8(&bytes).is_err());
        Ok(Some(decode(&bytes, given).0.trim_end_matches('\0').to_owned()))
    }

    /// A property that is a sequence of bytes.
    pub(super) fn bytes(&mut self, item: &Item, id: u16) -> Result<Option<Vec<u8>>, FileError> {
        item.entry(id, BYTES).map(|index| self.stream(index)).transpose()
    }

    fn stream(&mut self, index: usize) -> Result<Vec<u8>, FileError> {
        self.context.check_time()?;
        let bytes = self.cfb.read_stream_by_index(index).map_err(|_| damaged(self.context))?;
        self.read = self.read.saturating_add(bytes.len() as u64);
        self.context.check_unpacked_bytes(self.read)?;
        Ok(bytes)
    }

    /// The names and indexes of the entries directly within a storage.
    fn entries(&self, storage: usize) -> BTreeMap<String, usize> {
        let all = self.cfb.entries();
        let mut found = BTreeMap::new();
        let (mut seen, mut open) = (HashSet::new(), Vec::new());
        open.extend(all.get(storage).map(|entry| entry.child));
        while let Some(id) = open.pop() {
            let index = usize::try_from(id).unwrap_or(usize::MAX);
            let Some(entry) = all.get(index).filter(|_| seen.insert(index)) else { continue };
            found.insert(entry.name.to_uppercase(), index);
            open.extend([entry.left_sibling, entry.right_sibling]);
        }
        found
    }
}

impl Item {
    pub(super) fn has_properties(&self) -> bool {
        !self.fixed.is_empty()
    }

    /// The storages whose name begins like this, in order.
    pub(super) fn parts(&self, prefix: &str) -> Vec<usize> {
        let parts = self.entries.range(prefix.to_owned()..);
        parts.take_while(|(name, _)| name.starts_with(prefix)).map(|(_, index)| *index).collect()
    }

    /// A property that is a storage.
    pub(super) fn storage(&self, id: u16) -> Option<usize> {
        self.entry(id, OBJECT)
    }

    pub(super) fn number(&self, id: u16) -> Option<u32> {
        let [a, b, c, d, ..] = *self.fixed.get(&(id, NUMBER))?;
        Some(u32::from_le_bytes([a, b, c, d]))
    }

    /// A time, to the second: `2025-02-03 09:00:00 UTC`.
    pub(super) fn time(&self, id: u16) -> Option<String> {
        let ticks = u64::from_le_bytes(*self.fixed.get(&(id, TIME))?);
        let seconds = (ticks / 10_000_000).checked_sub(TO_UNIX)?;
        let (year, month, day) = date(seconds / 86_400)?;
        let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
        Some(format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC"))
    }

    fn entry(&self, id: u16, typ: u16) -> Option<usize> {
        self.entries.get(&format!("__SUBSTG1.0_{id:04X}{typ:04X}")).copied()
    }
}

/// The year, month and day of a number of days since 1970; `None` from the year 10000 on.
fn date(mut days: u64) -> Option<(u64, u64, u64)> {
    let is_leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    for year in 1970..10_000 {
        let of_february = if is_leap(year) { 29 } else { 28 };
        let months = [31, of_february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        for (month, length) in (1..).zip(months) {
            if days < length {
                return Some((year, month, days + 1));
            }
            days -= length;
        }
    }
    None
}

fn damaged(context: &ReadContext) -> FileError {
    context.corrupt("is damaged; open it in Outlook and save it again")
}

#[cfg(test)]
mod tests {
    use super::date;

    #[test]
    fn days_are_dates() {
        for (days, expected) in [
            (0, Some((1970, 1, 1))),
            (11_016, Some((2000, 2, 29))),
            (20_122, Some((2025, 2, 3))),
            (u64::MAX, None),
        ] {
            assert_eq!(date(days), expected);
        }
    }
}
