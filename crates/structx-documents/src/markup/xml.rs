//! XML: writes one line for each element with a value, indented by depth.

use encoding_rs::Encoding;
use memchr::memmem;
use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::mathml::{self, MathWriter};
use super::text::decode;
use super::text_style::Script;
use crate::builder::Builder;
use crate::context::ReadContext;
use crate::{BlockKind, Document, FileError, FileErrorKind};

pub(crate) fn read(context: &ReadContext, bytes: &[u8]) -> Result<Document, FileError> {
    let (text, warning) = decode(bytes, declared_encoding(bytes));
    let mut writer = XmlWriter {
        context,
        builder: Builder::default(),
        open: Vec::new(),
        math: MathWriter::default(),
        unread: 0,
        checked: 0,
    };
    let mut reader = Reader::from_str(&text);
    let mut events: u32 = 0;
    loop {
        let event = reader.read_event().map_err(|error| {
            let place = line(&text, reader.error_position());
            context.corrupt(format!("is not well-formed XML: line {place}: {}", advice(&error)))
        })?;
        match event {
            Event::Start(tag) => writer.start(&tag)?,
            Event::Empty(tag) => {
                writer.start(&tag)?;
                writer.end(tag.local_name().as_ref())?;
            }
            Event::End(tag) => writer.end(tag.local_name().as_ref())?,
            Event::Text(text) => writer.text(text.as_ref())?,
            Event::CData(text) => writer.text(text.as_ref())?,
            Event::GeneralRef(reference) => writer.text(&resolved(&reference))?,
            Event::Eof => break,
            // Custom entities are never expanded: they can neither grow nor refer to other files.
            Event::Decl(_) | Event::DocType(_) | Event::PI(_) | Event::Comment(_) => {}
        }
        events = events.wrapping_add(1);
        if events.is_multiple_of(1 << 16) {
            context.check_time()?;
        }
    }
    if !writer.open.is_empty() {
        let message =
            "is not well-formed XML: it ends within an element; check that the file is complete";
        return Err(context.corrupt(message));
    }
    let unread = writer.unread;
    let mut document = writer.builder.finish();
    if document.text.is_empty() {
        return Err(context.error(FileErrorKind::Empty, "the file has no text"));
    }
    document.warnings.extend(warning);
    if unread > 0 {
        document
            .warnings
            .push(format!("{unread} elements within text have attributes, which are not read"));
    }
    Ok(document)
}

struct XmlWriter<'a> {
    context: &'a ReadContext<'a>,
    builder: Builder,
    open: Vec<Element>,
    math: MathWriter,
    /// The number of elements within text that have attributes.
    unread: usize,
    /// The document's length in bytes at the last check of its length.
    checked: usize,
}

struct Element {
    /// The name and the attributes, until they are written.
    label: Option<String>,
    value: String,
    /// The element lies within text (mixed content) and is read as part of it.
    is_inline: bool,
}

impl XmlWriter<'_> {
    fn start(&mut self, tag: &BytesStart) -> Result<(), FileError> {
        self.context.check_depth(self.open.len() + 1)?;
        let has_text = |parent: &Element| !parent.value.trim().is_empty();
        let is_inline = self.math.is_open() || self.open.last().is_some_and(has_text);
        let value = self.math.start(self.context, tag.local_name().as_ref())?.to_owned();
        if !is_inline && let Some(depth) = self.open.len().checked_sub(1) {
            self.label(depth);
        }
        let label = if is_inline { None } else { Some(label(self.context, tag)?) };
        let has_data = || tag.attributes().with_checks(false).flatten().next().is_some();
        self.unread += usize::from(is_inline && !self.math.is_open() && has_data());
        self.open.push(Element { label, value, is_inline });
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), FileError> {
        let Some(element) = self.open.last_mut() else { return Ok(()) };
        element.value.push_str(if self.math.is_open() { mathml::token(text) } else { text });
        self.context.check_growing(element.value.len())
    }

    fn end(&mut self, name: &str) -> Result<(), FileError> {
        let closing = self.math.end(name);
        let Some(mut element) = self.open.pop() else { return Ok(()) };
        element.value.push_str(closing);
        if element.is_inline {
            return self.inline(name, &element.value);
        }
        let value = element.value.split_whitespace().collect::<Vec<_>>().join(" ");
        let depth = self.open.len();
        match (element.label, value.is_empty()) {
            (Some(label), false) => self.line(depth, &format!("{label}: {value}")),
            // An element without a value is written for its attributes.
            (Some(label), true) if label.ends_with(')') => self.line(depth, &label),
            (None, false) => self.line(depth + 1, &value),
            _ => {}
        }
        self.check()
    }

    /// Adds the text of an element to that around it.
    fn inline(&mut self, name: &str, value: &str) -> Result<(), FileError> {
        let Some(parent) = self.open.last_mut() else { return Ok(()) };
        let ends_in_digit = parent.value.ends_with(|c: char| c.is_ascii_digit());
        match name {
            "sup" | "superscript" => parent.value.push_str(&Script::Superscript.apply(value)),
            "sub" | "subscript" => parent.value.push_str(&Script::Subscript.apply(value)),
            // A reference to a note, which would read as more digits of the number before it.
            "xref" if ends_in_digit && value.starts_with(|c: char| c.is_ascii_digit()) => {
                parent.value.push_str(&format!("[{value}]"));
            }
            _ => parent.value.push_str(value),
        }
        self.context.check_growing(parent.value.len())
    }

    /// Writes the name of an open element that contains others.
    fn label(&mut self, depth: usize) {
        if let Some(label) = self.open.get_mut(depth).and_then(|element| element.label.take()) {
            self.line(depth, &label);
        }
    }

    fn line(&mut self, depth: usize, line: &str) {
        self.builder.separator("\n");
        self.builder.text(&"  ".repeat(depth));
        self.builder.block(BlockKind::Paragraph, line, None);
    }

    /// Checks the limit each time the text has grown by a mebibyte.
    fn check(&mut self) -> Result<(), FileError> {
        if self.builder.as_str().len() > self.checked + (1 << 20) {
            self.checked = self.builder.as_str().len();
            self.context.check_characters(self.builder.as_str())?;
        }
        Ok(())
    }
}

/// The local name and the attributes, without namespace declarations and `xsi:` attributes.
fn label(context: &ReadContext, tag: &BytesStart) -> Result<String, FileError> {
    let mut label = tag.local_name().as_ref().to_owned();
    let mut has_attributes = false;
    for attribute in tag.attributes().with_checks(false) {
        let attribute = attribute.map_err(|_| {
            context.corrupt("is not well-formed XML: an attribute value is not in quotes")
        })?;
        let name = attribute.key.as_ref();
        if name.starts_with("xmlns") || name.starts_with("xsi:") {
            continue;
        }
        label.push_str(if has_attributes { ", " } else { " (" });
        has_attributes = true;
        label.push_str(attribute.key.local_name().as_ref());
        label.push(':');
        for word in unescaped(&attribute.value).split_whitespace() {
            label.push(' ');
            label.push_str(word);
        }
        context.check_growing(label.len())?;
    }
    if has_attributes {
        label.push(')');
    }
    Ok(label)
}

/// Resolves character references and predefined entities; other entities stay as they are.
fn unescaped(text: &str) -> String {
    let mut parts = text.split('&');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        if let Some((name, rest)) = part.split_once(';') {
            out.push_str(&resolved(&BytesRef::new(name)));
            out.push_str(rest);
        } else {
            out.push('&');
            out.push_str(part);
        }
    }
    out
}

pub(crate) fn resolved(reference: &BytesRef) -> String {
    let name = reference.as_ref();
    match reference.resolve_char_ref() {
        Ok(Some(character)) => character.to_string(),
        _ => match quick_xml::escape::resolve_predefined_entity(name) {
            Some(text) => text.to_owned(),
            None => format!("&{name};"),
        },
    }
}

/// The encoding that the XML declaration names. A byte order mark takes precedence over it.
pub(crate) fn declared_encoding(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = &bytes[..bytes.len().min(256)];
    let head = head.strip_prefix(b"<?xml")?;
    let head = &head[..memmem::find(head, b"?>")?];
    let value = &head[memmem::find(head, b"encoding")?..];
    let label = value.split(|byte| matches!(byte, b'"' | b'\'')).nth(1)?;
    // The declaration could not have been found in UTF-16.
    Encoding::for_label(label).filter(|encoding| encoding.is_ascii_compatible())
}

fn line(text: &str, position: u64) -> usize {
    let position = usize::try_from(position).unwrap_or(usize::MAX).min(text.len());
    memchr::memchr_iter(b'\n', &text.as_bytes()[..position]).count() + 1
}

fn advice(error: &quick_xml::Error) -> &'static str {
    match error {
        quick_xml::Error::IllFormed(_) => "the tags do not match",
        quick_xml::Error::Syntax(_) => "a tag, comment or declaration is not closed",
        _ => "it contains characters that XML does not allow",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::read;
    use crate::context::ReadContext;
    use crate::{Document, FileError, FileErrorKind, ReadOptions};

    fn xml(bytes: &[u8]) -> Result<Document, FileError> {
        let options = ReadOptions::default();
        read(&ReadContext::new("a.xml", &options), bytes)
    }

    fn text(xml_text: &str) -> String {
        xml(xml_text.as_bytes()).unwrap().text
    }

    #[test]
    fn data_is_a_line_each() {
        let invoice = r#"<?xml version="1.0"?><!DOCTYPE x><Invoice xmlns="urn:x" xmlns:cbc="urn:y">
            <cbc:ID>INV-7</cbc:ID><!-- no --><Empty/><Total><Amount currency="EUR" a='&lt;1'>
            19.00 </Amount></Total><Lines><Line no="1"><Name>Tea &amp; &#233;</Name></Line>
            <Line no="2"/></Lines></Invoice>"#;
        let expected = "Invoice\n  ID: INV-7\n  Total\n    Amount (currency: EUR, a: <1): 19.00\n  \
            Lines\n    Line (no: 1)\n      Name: Tea & é\n    Line (no: 2)";
        let document = xml(invoice.as_bytes()).unwrap();
        assert_eq!(document.text, expected);
        assert_eq!(&expected[document.blocks[1].range.clone()], "ID: INV-7");
    }

    #[test]
    fn elements_within_text_are_part_of_it() {
        let prose =
            "<doc><p>One <b>two</b>,\n <![CDATA[<three>]]></p><p><i>a</i> b<i>c</i></p></doc>";
        assert_eq!(text(prose), "doc\n  p: One two, <three>\n  p\n    i: a\n    bc");
    }

    #[test]
    fn digits_within_text_keep_their_meaning() {
        let prose = |text: &str| xml(format!("<p>{text}</p>").as_bytes()).unwrap();
        for (markup, expected) in [
            ("2.5 x 10<sup>6</sup> H<sub>2</sub>O", "2.5 x 10⁶ H₂O"),
            ("12,345<xref>1</xref> and [<xref>2</xref>]", "12,345[1] and [2]"),
            (
                "is <m:math><m:mfrac>\n<m:mn>3</m:mn> <m:mn>4</m:mn></m:mfrac></m:math>.",
                "is (3)/(4).",
            ),
        ] {
            let document = prose(markup);
            assert_eq!(document.text, format!("p: {expected}"), "{markup}");
            assert_eq!(document.warnings, [""; 0]);
        }
        let alone = "<f><math><msup><mi>x</mi><mn>2</mn></msup></math></f>";
        assert_eq!(text(alone), "f\n  math: x^(2)");
        let priced = prose("pay <sum currency='EUR'>5</sum>");
        assert_eq!(priced.warnings, ["1 elements within text have attributes, which are not read"]);
    }

    #[test]
    fn entities_are_not_expanded() {
        let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\"><!ENTITY f SYSTEM \
            \"file:///etc/passwd\">]><x>&b;&f;</x>";
        assert_eq!(text(bomb), "x: &b;&f;");
    }

    #[test]
    fn encodings() {
        let utf16: Vec<u8> = "\u{feff}<?xml version=\"1.0\" encoding=\"UTF-16\"?><a>é</a>"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        for (bytes, expected) in [
            (&utf16[..], "a: é"),
            (b"<?xml version='1.0' encoding='ISO-8859-1'?><a>\xE9</a>", "a: é"),
            ("\u{feff}<a>é</a>".as_bytes(), "a: é"),
        ] {
            assert_eq!(xml(bytes).unwrap().text, expected);
        }
    }

    #[test]
    fn broken_files_are_refused() {
        for (bytes, kind, part) in [
            ("<a>\n<b>1</a>".to_owned(), FileErrorKind::Corrupt, "line 2"),
            ("<a><b>1".to_owned(), FileErrorKind::Corrupt, "complete"),
            ("<a b=1>x</a>".to_owned(), FileErrorKind::Corrupt, "quotes"),
            ("<a/>".to_owned(), FileErrorKind::Empty, "no text"),
            ("<a>".repeat(100_000), FileErrorKind::LimitExceeded, "nesting"),
        ] {
            let error = xml(bytes.as_bytes()).unwrap_err();
            assert_eq!(error.kind, kind);
            assert!(error.message.contains(part), "{error}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "([a-z<>/&;!='\"\\[\\]? -]|<[ab]>|</[ab]>|<[ab] c='|&#){0,100}") {
            let _ = xml(text.as_bytes());
        }
    }
}
