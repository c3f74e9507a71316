//! The XML of workbooks.

use quick_xml::Reader;
use quick_xml::XmlVersion::Implicit1_0;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart};

/// A reader that reports an empty element as one that opens and closes.
pub(super) fn xml(content: &[u8]) -> Reader<&[u8]> {
    let mut xml = Reader::from_reader(content);
    xml.config_mut().expand_empty_elements = true;
    xml
}

pub(super) fn attribute(element: &BytesStart, name: &str) -> Option<String> {
    let attribute = element.try_get_attribute(name).ok().flatten()?;
    attribute.normalized_value(Implicit1_0).ok().map(String::from)
}

/// The text of a character reference or a predefined entity.
pub(super) fn entity(reference: &BytesRef) -> Option<String> {
    match reference.resolve_char_ref() {
        Ok(Some(character)) => Some(character.to_string()),
        _ => resolve_predefined_entity(reference).map(str::to_owned),
    }
}
