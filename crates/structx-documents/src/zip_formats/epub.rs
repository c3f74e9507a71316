//! EPUB books: the XHTML chapters in reading order.

use memchr::memmem;
use quick_xml::Reader;
use quick_xml::events::Event;

use super::archive::Archive;
use super::opendocument_styles::attribute;
use crate::context::ReadContext;
use crate::markup::flow::Flow;
use crate::markup::html;
use crate::markup::text::decode;
use crate::{Document, FileError, FileErrorKind};

pub(crate) fn read(context: &ReadContext, bytes: &[u8]) -> Result<Document, FileError> {
    let mut archive = Archive::open(context, bytes)?;
    let encryption = archive.read("META-INF/encryption.xml")?.unwrap_or_default();
    let book = book(context, &mut archive)?;
    let mut flow = Flow::new(context);
    let mut warnings = Vec::new();
    for chapter in &book {
        if memmem::find(&encryption, chapter.as_bytes()).is_some() {
            let message = "is protected by DRM; get a copy without it";
            return Err(context.error(FileErrorKind::PasswordRequired, message));
        }
        match archive.read(chapter)? {
            Some(bytes) => html::write(&mut flow, &html::decoded(&bytes).0, false)?,
            None => warnings.push(format!("the chapter {chapter} is missing")),
        }
    }
    let mut document = flow.finish()?.finish();
    if document.text.is_empty() {
        return Err(context.error(FileErrorKind::Empty, "the book has no text"));
    }
    document.warnings = warnings;
    Ok(document)
}

/// The file names of the chapters, in reading order (the spine).
fn book(context: &ReadContext, archive: &mut Archive) -> Result<Vec<String>, FileError> {
    let container = file(context, archive, "META-INF/container.xml")?;
    let mut package = None;
    elements(context, &container, |name, get| {
        if name == "rootfile" && package.is_none() {
            package = get("full-path");
        }
    })?;
    let Some(package) = package else { return Err(damaged(context)) };
    let content = file(context, archive, &package)?;
    let mut files = std::collections::HashMap::new();
    let mut spine = Vec::new();
    elements(context, &content, |name, get| match name {
        "item" => {
            if let (Some(id), Some(href)) = (get("id"), get("href")) {
                files.insert(id, href);
            }
        }
        "itemref" => spine.extend(get("idref")),
        _ => {}
    })?;
    context.check_entries(spine.len())?;
    let chapters = spine.iter().filter_map(|id| files.get(id));
    Ok(chapters.map(|href| resolved(&package, href)).collect())
}

fn file(context: &ReadContext, archive: &mut Archive, name: &str) -> Result<String, FileError> {
    let bytes = archive.read(name)?.ok_or_else(|| damaged(context))?;
    Ok(decode(&bytes, None).0)
}

fn damaged(context: &ReadContext) -> FileError {
    context.corrupt("is damaged: its list of chapters can't be read")
}

/// Calls `take` with the local name of each element and a function that returns its attributes.
fn elements(
    context: &ReadContext,
    xml: &str,
    mut take: impl FnMut(&str, &dyn Fn(&str) -> Option<String>),
) -> Result<(), FileError> {
    let mut reader = Reader::from_str(xml);
    loop {
        match reader.read_event().map_err(|_| damaged(context))? {
            Event::Start(tag) | Event::Empty(tag) => {
                take(tag.local_name().as_ref(), &|name| attribute(&tag, name));
            }
            Event::Eof => return context.check_time(),
            _ => {}
        }
    }
}

/// Resolves a reference from the file `base` to a name within the archive. A reference never leads
/// out of the archive.
fn resolved(base: &str, href: &str) -> String {
    let href = href.split(['#', '?']).next().unwrap_or_default();
    let folder = base.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    let decoded = percent_decoded(href);
    for part in decoded.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn percent_decoded(href: &str) -> String {
    let mut bytes = Vec::with_capacity(href.len());
    let mut rest = href.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        let byte = byte.filter(|_| first == b'%');
        bytes.push(byte.unwrap_or(first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::resolved;

    #[test]
    fn references_stay_within_the_archive() {
        for (base, href, name) in [
            ("OEBPS/content.opf", "text/a%20b.xhtml#top", "OEBPS/text/a b.xhtml"),
            ("content.opf", "./a.xhtml", "a.xhtml"),
            ("a/b/c.opf", "../d.xhtml", "a/d.xhtml"),
            ("a.opf", "../../../etc/passwd", "etc/passwd"),
            ("a.opf", "%2", "%2"),
        ] {
            assert_eq!(resolved(base, href), name);
        }
    }
}
