//! The data of XFA forms, of which the fields of the PDF are at best a copy.

use hayro_syntax::Pdf;
use hayro_syntax::object::{Array, Dict, Stream, String as PdfString};
use memchr::memmem;

use super::attachments::root;
use crate::context::ReadContext;
use crate::markup::xml;
use crate::{Block, BlockKind, Document, FileErrorKind};

/// Appends the data of an XFA form to the text, unless the text has all values; warns of what was done.
pub(super) fn append(context: &ReadContext, pdf: &Pdf, document: &mut Document) {
    let form = root(pdf).and_then(|root| root.get::<Dict<'_>>(b"AcroForm"));
    let Some(form) = form.filter(|form| form.contains_key(b"XFA")) else { return };
    let warning = match datasets(&form).map(|packet| lines(context, &packet)) {
        None => "the form has XFA, which was not read; its PDF fields were",
        Some(None) => "the form has XFA data that can't be read; its PDF fields were read",
        Some(Some(lines)) if are_shown(&lines, &document.text) => return,
        Some(Some(lines)) => {
            note(document, &lines);
            "the form has XFA data, which follows the text of its last page"
        }
    };
    document.warnings.push(warning.to_owned());
}

/// The packet with the data of a form; the form has one stream, or one for each packet after its name.
fn datasets(form: &Dict<'_>) -> Option<Vec<u8>> {
    if let Some(stream) = form.get::<Stream<'_>>(b"XFA") {
        return stream.decoded_data().ok().map(|data| data.as_ref().to_vec());
    }
    let packets = form.get::<Array<'_>>(b"XFA")?;
    let mut packets = packets.flex_iter();
    while let Some(name) = packets.next::<PdfString<'_>>() {
        // A packet that is missing does not end the list.
        let packet = packets.next::<Stream<'_>>();
        if name.as_bytes() == b"datasets" {
            return packet?.decoded_data().ok().map(|data| data.as_ref().to_vec());
        }
    }
    None
}

/// The data as lines of names and values, indented by their depth; none for a form that is not filled,
/// `None` if they can't be read.
fn lines(context: &ReadContext, packet: &[u8]) -> Option<Vec<String>> {
    let end = b"</xfa:data>";
    let start = memmem::find_iter(packet, b"<xfa:data")
        .find(|place| matches!(packet.get(place + 9), Some(b'>' | b' ' | b'\n' | b'\r')))?;
    let length = memmem::find(&packet[start..], end)? + end.len();
    let data = match xml::read(context, &packet[start..start + length]) {
        Err(error) if error.kind == FileErrorKind::Empty => return Some(Vec::new()),
        data => data.ok()?,
    };
    // The first line names the element that holds the data.
    let line = |line: &str| line.strip_prefix("  ").unwrap_or(line).to_owned();
    Some(data.text.lines().skip(1).map(line).collect())
}

/// Whether the text has the value of each line.
fn are_shown(lines: &[String], text: &str) -> bool {
    let squeeze = |text: &str| text.split_whitespace().collect::<String>();
    let text = squeeze(text);
    let values = lines.iter().filter_map(|line| line.split_once(": "));
    values.map(|(_, value)| squeeze(value)).all(|value| text.contains(&value))
}

/// Appends a note to the last page.
fn note(document: &mut Document, lines: &[String]) {
    let Some(page) = document.pages.last_mut() else { return };
    document.text.push_str("\n\n");
    let start = document.text.len();
    document.text.push_str(&lines.join("\n"));
    page.range.end = document.text.len();
    let range = start..document.text.len();
    let page = Some(page.number);
    document.blocks.push(Block { kind: BlockKind::Note, range, page, bounds: None });
}
