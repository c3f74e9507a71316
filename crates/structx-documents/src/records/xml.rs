//! XML whose elements repeat, as records; other XML is a document.

use std::collections::BTreeMap;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use serde_json::{Map, Value};

use crate::context::ReadContext;
use crate::markup::text::decode;
use crate::markup::xml::{self, declared_encoding, resolved};
use crate::records::options::AS_DOCUMENT;
use crate::table::{Objects, Table};
use crate::{Content, FileError, FileErrorKind, ReadAs};

/// Events between two checks of the time.
const EVENTS_PER_CHECK: usize = 4096;
/// Root, record and field: the levels of a flat list of records.
const FLAT: usize = 3;
/// The name of the text of an element that has attributes or elements too.
const TEXT: &str = "#text";

/// Reads records if the root holds nothing but flat elements of one name, or if the options ask for
/// them, else a document.
pub(crate) fn read(context: &ReadContext, bytes: &[u8]) -> Result<Content, FileError> {
    let options = &context.options.table;
    let read_as = options.read_as();
    let found = match read_as {
        ReadAs::Document => None,
        ReadAs::Auto => tree(context, bytes, true)?.filter(Element::is_list).map(|root| {
            let note = format!(
                "the elements of the root are read as records; {AS_DOCUMENT} reads a document"
            );
            (root.children, note)
        }),
        ReadAs::Records => tree(context, bytes, false)?.and_then(longest),
    };
    let Some((elements, note)) = found else {
        // It says what is wrong with XML that is not well-formed.
        let document = xml::read(context, bytes)?;
        if read_as == ReadAs::Records {
            let message =
                format!("has no elements that repeat, so no records; {AS_DOCUMENT} reads it");
            return Err(context.error(FileErrorKind::Options, message));
        }
        options.allow_for_document(context.name, &[])?;
        return Ok(Content::Document(document));
    };
    table(context, elements, note).map(Content::Table)
}

fn table(context: &ReadContext, elements: Vec<Element>, note: String) -> Result<Table, FileError> {
    let options = &context.options.table;
    let mut objects = Objects::default();
    for element in elements.into_iter().take(options.rows.unwrap_or(usize::MAX)) {
        objects.push(match element.value() {
            Value::Object(object) => object,
            text => Map::from_iter([(TEXT.to_owned(), text)]),
        });
        context.check_cells(objects.cells())?;
    }
    let named = |error| FileError { name: context.name.to_owned(), ..error };
    let mut table = objects.into_table().map_err(named)?;
    options.select(context.name, &mut table)?;
    table.warnings.push(note);
    Ok(table)
}

#[derive(Debug, Default)]
struct Element {
    name: String,
    /// Without those of namespaces and schemas.
    attributes: Vec<(String, String)>,
    text: String,
    children: Vec<Element>,
}

impl Element {
    fn has_text(&self) -> bool {
        !self.text.trim().is_empty()
    }

    /// Whether the element holds nothing but records: two or more elements of one name, without text
    /// of their own, whose fields are of different names.
    fn is_list(&self) -> bool {
        let is_one_of = |name: &str| self.children.iter().all(|child| child.name == name);
        self.attributes.is_empty()
            && !self.has_text()
            && self.children.len() > 1
            && is_one_of(&self.children[0].name)
            && self.children.iter().all(Self::is_flat)
    }

    fn is_flat(&self) -> bool {
        let names = self.children.iter().map(|child| child.name.as_str());
        let mut names: Vec<&str> =
            names.chain(self.attributes.iter().map(|(name, _)| name.as_str())).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        let is_leaf = |child: &Self| child.children.is_empty() && child.attributes.is_empty();
        count > 0 && names.len() == count && !self.has_text() && self.children.iter().all(is_leaf)
    }

    /// The text of a leaf, or an object of attributes, elements and text. Elements that repeat are a
    /// list.
    fn value(self) -> Value {
        let text = self.text.split_whitespace().collect::<Vec<_>>().join(" ");
        if self.attributes.is_empty() && self.children.is_empty() {
            return if text.is_empty() { Value::Null } else { Value::from(text) };
        }
        let mut object = Map::new();
        let attributes =
            self.attributes.into_iter().map(|(name, value)| (name, Value::from(value)));
        let children = self.children.into_iter().map(|child| (child.name.clone(), child.value()));
        let text = (!text.is_empty()).then(|| (TEXT.to_owned(), Value::from(text)));
        for (name, value) in attributes.chain(children).chain(text) {
            match object.get_mut(&name) {
                Some(Value::Array(values)) => values.push(value),
                Some(earlier) => *earlier = Value::from(vec![earlier.take(), value]),
                None => _ = object.insert(name, value),
            }
        }
        Value::Object(object)
    }
}

/// The longest list of elements of one name and one parent, with a note; `None` if none repeats. What
/// is within a list belongs to it.
fn longest(root: Element) -> Option<(Vec<Element>, String)> {
    let mut lists: Vec<Vec<Element>> = Vec::new();
    let mut open = vec![root];
    while let Some(element) = open.pop() {
        let mut groups: BTreeMap<String, Vec<Element>> = BTreeMap::new();
        for child in element.children {
            groups.entry(child.name.clone()).or_default().push(child);
        }
        for group in groups.into_values() {
            if group.len() > 1 {
                lists.push(group);
            } else {
                open.extend(group);
            }
        }
    }
    let longest = lists.into_iter().max_by_key(Vec::len)?;
    let note = format!(
        "the elements `{}` are read as records, and no others; {AS_DOCUMENT} reads all",
        longest.first().map_or("", |element| &element.name)
    );
    Some((longest, note))
}

/// The elements of the file; `None` if it is not well-formed, or not `flat` where that is needed.
///
/// # Errors
/// The elements exceed a limit, unless they need to be flat: the document has limits of its own.
fn tree(context: &ReadContext, bytes: &[u8], flat: bool) -> Result<Option<Element>, FileError> {
    let (text, _) = decode(bytes, declared_encoding(bytes));
    let mut reader = Reader::from_str(&text);
    reader.config_mut().expand_empty_elements = true;
    let mut open = vec![Element::default()];
    let (mut events, mut cells): (usize, usize) = (0, 0);
    loop {
        events += 1;
        if events.is_multiple_of(EVENTS_PER_CHECK) {
            context.check_time()?;
        }
        let Some(element) = open.last_mut() else { return Ok(None) };
        match reader.read_event() {
            Ok(Event::Start(tag)) => {
                let child = element_of(&tag);
                cells += 1 + child.attributes.len();
                let fits = context.check_document_cells(cells);
                // The list of a flat file has one name.
                let differs = open.len() == 2
                    && open[1].children.first().is_some_and(|first| first.name != child.name);
                if flat && (open.len() > FLAT || differs || fits.is_err()) {
                    return Ok(None);
                }
                fits?;
                context.check_depth(open.len())?;
                open.push(child);
            }
            Ok(Event::End(_)) => {
                let Some(child) = open.pop() else { return Ok(None) };
                let Some(parent) = open.last_mut() else { return Ok(None) };
                parent.children.push(child);
            }
            Ok(Event::Text(part)) => element.text.push_str(part.as_ref()),
            Ok(Event::CData(part)) => element.text.push_str(part.as_ref()),
            Ok(Event::GeneralRef(reference)) => element.text.push_str(&resolved(&reference)),
            Ok(Event::Eof) => {
                let root = open.pop().filter(|_| open.is_empty());
                return Ok(root.and_then(|mut root| root.children.pop()));
            }
            Ok(_) => {}
            Err(_) => return Ok(None),
        }
    }
}

fn element_of(tag: &BytesStart) -> Element {
    let mut attributes = tag.attributes();
    let attributes = attributes.with_checks(false).flatten().filter(|attribute| {
        let name = attribute.key.as_ref();
        !name.starts_with("xmlns") && !name.starts_with("xsi:")
    });
    let attribute = |attribute: quick_xml::events::attributes::Attribute| {
        let value = attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0).ok()?;
        Some((attribute.key.local_name().as_ref().to_owned(), value.into_owned()))
    };
    Element {
        name: tag.local_name().as_ref().to_owned(),
        attributes: attributes.filter_map(attribute).collect(),
        ..Element::default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::read;
    use crate::context::ReadContext;
    use crate::{Content, FileError, FileErrorKind, ReadOptions};

    fn xml(text: &str, options: &str) -> Result<Content, FileError> {
        let options = ReadOptions::from_json(options).unwrap();
        read(&ReadContext::new("a.xml", &options), text.as_bytes())
    }

    /// The columns and the values; `None` for a document.
    fn table(text: &str, options: &str) -> Option<(String, String)> {
        match xml(text, options).unwrap() {
            Content::Table(table) => Some((table.columns.join(","), table.values_json())),
            Content::Document(_) => None,
        }
    }

    const LIST: &str = r#"<?xml version="1.0"?><books xmlns="urn:x"><book id="1"><title>Tea &amp;
        more</title></book><book id="2"><title>Rum</title><price/></book></books>"#;

    #[test]
    fn elements_that_repeat_are_records() {
        let expected = |columns: &str, values: &str| Some((columns.to_owned(), values.to_owned()));
        let all = r#"[["1","2"],["Tea & more","Rum"],[null,null]]"#;
        assert_eq!(table(LIST, "{}"), expected("id,title,price", all));
        assert_eq!(table(LIST, r#"{"as": "document"}"#), None);
        let chosen = r#"{"usecols": ["title"], "nrows": 1}"#;
        assert_eq!(table(LIST, chosen), expected("title", r#"[["Tea & more"]]"#));
        let feed = "<rss><title>News</title><item><t>a</t><tag>x</tag><tag>y</tag></item>\
                    <item><t>b</t></item><item n='1'>text</item></rss>";
        assert_eq!(table(feed, "{}"), None);
        let values = r#"[["a","b",null],[["x","y"],null,null],[null,null,"1"],[null,null,"text"]]"#;
        assert_eq!(table(feed, r#"{"as": "records"}"#), expected("t,tag,n,#text", values));
    }

    #[test]
    fn what_is_more_than_a_list_is_a_document() {
        for text in [
            "<a><b><c>1</c></b></a>",
            "<a><b><c>1</c></b><d><c>1</c></d></a>",
            "<a date='x'><b><c>1</c></b><b><c>1</c></b></a>",
            "<a><b>one</b><b>two</b></a>",
            "<a><b><c>1</c><c>2</c></b><b><c>3</c></b></a>",
            "<a><b><c><d>1</d></c></b><b><c>3</c></b></a>",
            "<a>x<b><c>1</c></b><b><c>1</c></b></a>",
        ] {
            assert_eq!(table(text, "{}"), None, "{text}");
        }
        for (text, options, kind) in [
            ("<a><b>1</b></a>", r#"{"as": "records"}"#, FileErrorKind::Options),
            (
                "<a><b>1</b><b>2</b></a>",
                r#"{"as": "document", "nrows": 1}"#,
                FileErrorKind::Options,
            ),
            ("<a><b>1", "{}", FileErrorKind::Corrupt),
            ("<a><b>1", r#"{"as": "records"}"#, FileErrorKind::Corrupt),
        ] {
            assert_eq!(xml(text, options).unwrap_err().kind, kind, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "(<[ab]>|</[ab]>|<[ab] c='1'/>|x|&amp;|<){0,60}") {
            let _ = xml(&text, "{}");
            let _ = xml(&text, r#"{"as": "records"}"#);
        }
    }
}
