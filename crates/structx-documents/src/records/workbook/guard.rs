//! Checks of an Excel file before calamine opens it: calamine trusts declared counts, and keeps large
//! records for small elements of some parts.

use memchr::memmem;
use quick_xml::Reader;
use quick_xml::events::Event;

use crate::FileError;
use crate::context::ReadContext;
use crate::zip_formats::archive::{self, Archive};

/// Bytes that calamine keeps for an element of the styles, and for a shared string: estimates.
const STYLE: u64 = 512;
const TEXT: u64 = 64;

pub(super) fn check(context: &ReadContext, bytes: &[u8]) -> Result<(), FileError> {
    archive::check(context, bytes)?;
    let mut archive = Archive::open(context, bytes)?;
    let names: Vec<String> = archive.names().map(str::to_owned).collect();
    for name in names {
        let is = |part: &str| name.to_ascii_lowercase().ends_with(part);
        if is("sharedstrings.xml") {
            check_texts(context, &archive.read(&name)?.unwrap_or_default())?;
        } else if is("styles.xml") {
            check_styles(context, &archive.read(&name)?.unwrap_or_default())?;
        }
    }
    Ok(())
}

/// Bounds the declared count of shared strings, for which the library allocates room, and their
/// actual number.
fn check_texts(context: &ReadContext, part: &[u8]) -> Result<(), FileError> {
    let mut xml = Reader::from_reader(part);
    while let Ok(event) = xml.read_event() {
        match event {
            Event::Start(element) | Event::Empty(element) => {
                let count = element.try_get_attribute("uniqueCount").ok().flatten();
                let count = count.and_then(|count| count.value.parse().ok());
                context.check_cells(count.unwrap_or(0))?;
                break;
            }
            Event::Eof => break,
            _ => {}
        }
    }
    let texts = [&b"<si"[..], b":si"].map(|tag| memmem::find_iter(part, tag).count() as u64);
    context.check_unpacked_bytes(part.len() as u64 + TEXT * texts.iter().sum::<u64>())
}

/// Bounds the styles: each cell format gets a copy of its font and its number format.
fn check_styles(context: &ReadContext, part: &[u8]) -> Result<(), FileError> {
    let elements = part.split(|byte| *byte == b'<');
    let longest = elements.clone().map(<[u8]>::len).max().unwrap_or(0) as u64;
    let opened = elements.filter(|element| !element.starts_with(b"/")).count() as u64;
    let formats = memmem::find_iter(part, b"xf ").count() as u64;
    context.check_unpacked_bytes(opened * STYLE + formats.saturating_mul(2 * longest))
}
