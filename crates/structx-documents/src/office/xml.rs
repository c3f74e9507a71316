//! A bounded event reader for the XML parts of Office files.

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion, escape};

use crate::FileError;
use crate::context::ReadContext;

/// Receives the elements of a part by their local names.
pub(super) trait Visitor {
    /// Returns whether the content of the element is visited.
    fn start(&mut self, name: &str, element: &BytesStart) -> Result<bool, FileError>;
    fn end(&mut self, name: &str) -> Result<(), FileError>;
    fn text(&mut self, text: &str);
}

/// Visits the elements of a part.
///
/// # Errors
/// The part is not well-formed, nested too deeply or takes too long, or the visitor fails.
pub(super) fn visit(
    context: &ReadContext,
    part: &[u8],
    visitor: &mut impl Visitor,
) -> Result<(), FileError> {
    let damaged = |_| context.corrupt("is damaged; open it in an office program and save it again");
    let mut reader = Reader::from_reader(part);
    let mut depth = 0_usize;
    for event in 1_u32.. {
        if event.is_multiple_of(4096) {
            context.check_time()?;
        }
        match reader.read_event().map_err(damaged)? {
            Event::Start(element) => {
                if visitor.start(element.local_name().as_ref(), &element)? {
                    depth += 1;
                    context.check_depth(depth)?;
                } else {
                    reader.read_to_end(element.name()).map_err(damaged)?;
                }
            }
            Event::Empty(element) => {
                if visitor.start(element.local_name().as_ref(), &element)? {
                    visitor.end(element.local_name().as_ref())?;
                }
            }
            Event::End(element) => {
                depth = depth.saturating_sub(1);
                visitor.end(element.local_name().as_ref())?;
            }
            Event::Text(text) => visitor.text(&text.xml_content(XmlVersion::Implicit1_0)),
            Event::CData(text) => visitor.text(&text.xml_content(XmlVersion::Implicit1_0)),
            Event::GeneralRef(reference) => {
                if let Ok(Some(character)) = reference.resolve_char_ref() {
                    visitor.text(character.encode_utf8(&mut [0; 4]));
                } else if let Some(text) = escape::resolve_predefined_entity(&reference) {
                    visitor.text(text);
                }
            }
            Event::Eof => break,
            Event::Decl(_) | Event::PI(_) | Event::DocType(_) | Event::Comment(_) => {}
        }
    }
    if depth > 0 {
        Err(damaged(quick_xml::Error::Io(std::io::Error::other("").into())))
    } else {
        Ok(())
    }
}

/// The value of an attribute by its local name.
pub(super) fn attribute(element: &BytesStart, name: &str) -> Option<String> {
    let mut attributes = element.attributes();
    attributes.with_checks(false);
    let attribute = attributes.flatten().find(|it| it.key.local_name().as_ref() == name)?;
    Some(attribute.normalized_value(XmlVersion::Implicit1_0).ok()?.into_owned())
}

/// The attribute `val` as a number.
pub(super) fn number<T: std::str::FromStr>(element: &BytesStart) -> Option<T> {
    attribute(element, "val")?.parse().ok()
}

/// The value of a toggle element: on unless `val` says otherwise.
pub(super) fn is_on(element: &BytesStart) -> bool {
    !attribute(element, "val").is_some_and(|value| matches!(&*value, "0" | "false" | "off"))
}
