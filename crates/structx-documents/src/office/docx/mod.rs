//! Word documents (.docx): headers, text, notes and footers, in print order.

mod form_fields;
mod math;
mod notes;
mod numbering;
mod sections;
mod story;
mod styles;
mod symbols;

use std::collections::HashSet;

use self::sections::Sections;
use self::story::{Shared, Story};
use super::blocks::{self, BlockWriter, OfficeBlock};
use super::package::{Package, Relations};
use super::{drawing, xml};
use crate::context::ReadContext;
use crate::{BlockKind, Document, FileError, FileErrorKind};

/// The main part if the package does not name one.
const USUAL_PART: &str = "word/document.xml";

pub(crate) fn read(context: &ReadContext, bytes: &[u8]) -> Result<Document, FileError> {
    let mut package = Package::open(context, bytes)?;
    let root = package.relations("")?;
    let main = root.first("officeDocument").unwrap_or(USUAL_PART);
    let Some(text) = package.read(main)? else {
        return Err(context.corrupt("has no main document part; save it again in a word processor"));
    };
    let relations = package.relations(main)?;
    let mut shared = shared(context, &mut package, &relations)?;
    let mut sections = Sections::default();
    if let Some(settings) = part(&mut package, &relations, "settings")? {
        xml::visit(context, &settings, &mut shared.notes)?;
        xml::visit(context, &settings, &mut sections)?;
    }
    xml::visit(context, &text, &mut sections)?;

    let mut writer = BlockWriter::new(context);
    margins(&mut package, &relations, sections.headers(), &mut shared, &mut writer)?;
    xml::visit(context, &text, &mut Story::new(&mut shared, |item| writer.write(item)))?;
    for kind in ["footnotes", "endnotes", "comments"] {
        if let Some(notes) = part(&mut package, &relations, kind)? {
            // Text outside of notes is not printed.
            xml::visit(context, &notes, &mut Story::new(&mut shared, |_| Ok(())))?;
        }
    }
    for note in shared.notes.texts() {
        writer.line(BlockKind::Note, &note);
    }
    margins(&mut package, &relations, sections.footers(), &mut shared, &mut writer)?;
    let mut document = writer.builder.finish();
    if sections.has_foreign_part {
        let warning = "the text embeds another document, which was not read";
        document.warnings.push(warning.to_owned());
    }
    if document.text.is_empty() {
        return Err(context.error(FileErrorKind::Empty, "the document has no text"));
    }
    Ok(document)
}

fn shared(
    context: &ReadContext,
    package: &mut Package,
    relations: &Relations,
) -> Result<Shared, FileError> {
    let mut shared = Shared::default();
    if let Some(styles) = part(package, relations, "styles")? {
        xml::visit(context, &styles, &mut shared.styles)?;
    }
    if let Some(numbering) = part(package, relations, "numbering")? {
        xml::visit(context, &numbering, &mut shared.numbering)?;
    }
    for kind in ["chart", "diagramData"] {
        for (id, part) in relations.of_kind(kind) {
            if let Some(bytes) = package.read(part)? {
                shared.charts.insert(id.to_owned(), drawing::text(context, &bytes)?);
            }
        }
    }
    Ok(shared)
}

fn part(
    package: &mut Package,
    relations: &Relations,
    kind: &str,
) -> Result<Option<Vec<u8>>, FileError> {
    relations.first(kind).map_or(Ok(None), |part| package.read(part))
}

/// Writes headers or footers; repeated lines only once.
fn margins<'i>(
    package: &mut Package,
    relations: &Relations,
    ids: impl Iterator<Item = &'i str>,
    shared: &mut Shared,
    writer: &mut BlockWriter,
) -> Result<(), FileError> {
    let mut written = HashSet::new();
    for part in ids.filter_map(|id| relations.get(id)) {
        let Some(bytes) = package.read(part)? else { continue };
        let mut blocks: Vec<OfficeBlock> = Vec::new();
        let mut story = Story::new(shared, |item| {
            blocks.push(item);
            Ok(())
        });
        xml::visit(writer.context, &bytes, &mut story)?;
        for line in blocks.into_iter().flat_map(blocks::lines) {
            if !line.is_empty() && written.insert(line.clone()) {
                writer.line(BlockKind::HeaderFooter, &line);
            }
        }
    }
    Ok(())
}
