//! The shared strings and the number formats of an XLSX file.

use std::collections::HashMap;

use quick_xml::Reader;
use quick_xml::events::Event;

use super::super::format_code::{self, NumberKind};
use super::super::xml::{entity, xml};
use super::{damaged, given};
use crate::FileError;
use crate::context::ReadContext;

/// Events between two checks of the time.
const EVENTS_PER_CHECK: usize = 4096;

pub(super) fn texts(context: &ReadContext, part: &[u8]) -> Result<Vec<String>, FileError> {
    let mut texts = Vec::new();
    let mut bytes = 0;
    let mut xml = xml(part);
    loop {
        match xml.read_event().map_err(|_| damaged(context))? {
            Event::Start(element) if element.local_name().as_ref() == "si" => {
                let text = text(context, &mut xml)?;
                bytes += text.len() as u64;
                texts.push(text);
                context.check_cells(texts.len())?;
                context.check_unpacked_bytes(bytes)?;
                if texts.len().is_multiple_of(EVENTS_PER_CHECK) {
                    context.check_time()?;
                }
            }
            Event::Eof => return Ok(texts),
            _ => {}
        }
    }
}

/// The text of a string up to the end of the open element: all its runs, without phonetic hints.
pub(super) fn text(context: &ReadContext, xml: &mut Reader<&[u8]>) -> Result<String, FileError> {
    let (mut text, mut depth, mut in_text) = (String::new(), 0, false);
    loop {
        match xml.read_event().map_err(|_| damaged(context))? {
            Event::Start(element) => match element.local_name().as_ref() {
                "rPh" => {
                    xml.read_to_end(element.name()).map_err(|_| damaged(context))?;
                }
                name => {
                    depth += 1;
                    in_text = name == "t" || name == "text";
                }
            },
            Event::End(_) if depth == 0 => return Ok(unescaped(text)),
            Event::End(_) => {
                depth -= 1;
                in_text = false;
            }
            Event::Text(part) if in_text => text.push_str(&part.xml10_content()),
            Event::CData(part) if in_text => text.push_str(&part.xml10_content()),
            Event::GeneralRef(name) if in_text => text.extend(entity(&name)),
            Event::Eof => return Err(damaged(context)),
            _ => {}
        }
    }
}

/// The text with characters that XML does not allow, which Excel writes as `_x000D_` (ECMA-376 part 1,
/// 22.9.2.19).
pub(super) fn unescaped(text: String) -> String {
    const LENGTH: usize = "_x000D_".len();
    if !text.contains("_x") {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(start) = rest.find("_x") {
        let (before, escape) = rest.split_at(start);
        out.push_str(before);
        let code =
            escape.get(2..LENGTH - 1).filter(|_| escape.get(LENGTH - 1..LENGTH) == Some("_"));
        let code = code.filter(|code| code.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let character =
            code.and_then(|code| u32::from_str_radix(code, 16).ok()).and_then(char::from_u32);
        match character {
            // XML has line breaks as they are.
            Some('\r') => rest = &escape[LENGTH..],
            Some(character) => {
                out.push(character);
                rest = &escape[LENGTH..];
            }
            None => {
                out.push_str("_x");
                rest = &escape[2..];
            }
        }
    }
    out + rest
}

/// The number formats of the cell formats.
pub(super) fn formats(context: &ReadContext, part: &[u8]) -> Result<Vec<NumberKind>, FileError> {
    let mut codes: HashMap<u16, NumberKind> = HashMap::new();
    let mut formats = Vec::new();
    let mut in_cells = false;
    let mut xml = xml(part);
    loop {
        match xml.read_event().map_err(|_| damaged(context))? {
            Event::Start(element) => match element.local_name().as_ref() {
                "numFmt" => {
                    let id = given(&element, "numFmtId").and_then(|id| id.parse().ok());
                    if let (Some(id), Some(code)) = (id, given(&element, "formatCode")) {
                        codes.insert(id, format_code::kind(&code));
                    }
                }
                "cellXfs" => in_cells = true,
                "xf" if in_cells => {
                    let id =
                        given(&element, "numFmtId").and_then(|id| id.parse().ok()).unwrap_or(0);
                    let kind = codes.get(&id).copied();
                    formats.push(kind.unwrap_or_else(|| format_code::built_in(id)));
                    context.check_cells(formats.len())?;
                    if formats.len().is_multiple_of(EVENTS_PER_CHECK) {
                        context.check_time()?;
                    }
                }
                _ => {}
            },
            Event::End(element) if element.local_name().as_ref() == "cellXfs" => in_cells = false,
            Event::Eof => return Ok(formats),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::unescaped;

    #[test]
    fn escapes_are_characters() {
        for (text, expected) in [
            ("a_x000D_\nb", "a\nb"),
            ("_x0041__x005F_x0041_", "A_x0041_"),
            ("_x00", "_x00"),
            ("_xZZZZ_ü", "_xZZZZ_ü"),
            ("_x00é0_", "_x00é0_"),
            ("plain", "plain"),
        ] {
            assert_eq!(unescaped(text.to_owned()), expected);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_kept_or_shortened(text in "(_x|[0-9A-F]{4}|_|é|a){0,12}") {
            prop_assert!(unescaped(text.clone()).len() <= text.len());
        }
    }
}
