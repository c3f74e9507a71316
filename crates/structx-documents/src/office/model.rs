//! Presentations and the binary formats: converts the model of `office_oxide` to a document.

use office_oxide::DocumentFormat;
use office_oxide::ir::{
    Element, HeaderFooter, InlineContent, List, ListStyle, Note, Table, TableCell, TextSpan,
    VerticalAlign, inline_to_text,
};

use super::blocks::{self, BlockWriter, OfficeBlock};
use super::{library, numerals};
use crate::context::ReadContext;
use crate::markdown_table::MarkdownCell;
use crate::markup::text_style::{Script, StyledText, TextStyle};
use crate::{BlockKind, Document, FileError, FileErrorKind};

pub(crate) fn read_doc(context: &ReadContext, bytes: Vec<u8>) -> Result<Document, FileError> {
    let model = library::open(context, bytes, DocumentFormat::Doc)?;
    let mut writer = BlockWriter::new(context);
    // Sections repeat headers and footers.
    let mut margins: Vec<&HeaderFooter> = Vec::new();
    for section in &model.sections {
        let headers = [&section.first_page_header, &section.header, &section.even_page_header];
        let footers = [&section.first_page_footer, &section.footer, &section.even_page_footer];
        write_margins(&mut writer, headers, &mut margins)?;
        write(&mut writer, &section.elements)?;
        write_margins(&mut writer, footers, &mut margins)?;
    }
    let mut warnings = model.metadata.warnings;
    let is_numbered = |element: &Element| matches!(element, Element::List(list) if list.ordered);
    if model.sections.iter().flat_map(|section| &section.elements).any(is_numbered) {
        let warning = "list numbers are missing; save the file as .docx to keep them";
        warnings.push(warning.to_owned());
    }
    finish(writer, warnings)
}

/// Reads a presentation, each slide as a page.
pub(crate) fn read_slides(
    context: &ReadContext,
    bytes: Vec<u8>,
    format: DocumentFormat,
) -> Result<Document, FileError> {
    let model = library::open(context, bytes, format)?;
    let mut writer = BlockWriter::new(context);
    let mut warnings = model.metadata.warnings;
    context.check_pages(model.sections.len())?;
    for (number, slide) in (1..).zip(&model.sections) {
        writer.builder.page(number);
        if slide.hidden {
            warnings.push(format!("slide {number} is hidden"));
        }
        write(&mut writer, &slide.elements)?;
        let notes = blocks(slide.speaker_notes.as_deref().unwrap_or_default());
        let notes = blocks::flat(&notes);
        if !notes.is_empty() {
            writer.line(BlockKind::Note, &notes);
        }
    }
    finish(writer, warnings)
}

fn finish(writer: BlockWriter, warnings: Vec<String>) -> Result<Document, FileError> {
    let context = writer.context;
    let mut document = writer.builder.finish();
    document.warnings = warnings;
    if document.blocks.is_empty() {
        return Err(context.error(FileErrorKind::Empty, "the document has no text"));
    }
    Ok(document)
}

fn write_margins<'a>(
    writer: &mut BlockWriter,
    margins: [&'a Option<HeaderFooter>; 3],
    written: &mut Vec<&'a HeaderFooter>,
) -> Result<(), FileError> {
    for margin in margins.into_iter().flatten() {
        if written.contains(&margin) {
            continue;
        }
        written.push(margin);
        writer.context.check_time()?;
        for line in blocks(&margin.content).into_iter().flat_map(blocks::lines) {
            if !line.is_empty() {
                writer.line(BlockKind::HeaderFooter, &line);
            }
        }
    }
    Ok(())
}

fn write(writer: &mut BlockWriter, elements: &[Element]) -> Result<(), FileError> {
    for element in elements {
        writer.context.check_time()?;
        if let Element::Footnote(note) | Element::Endnote(note) = element {
            let text = blocks::flat(&blocks(&note.content));
            writer.line(BlockKind::Note, &format!("{} {text}", label(note)));
        } else {
            blocks(std::slice::from_ref(element))
                .into_iter()
                .try_for_each(|item| writer.write(item))?;
        }
    }
    Ok(())
}

fn blocks(elements: &[Element]) -> Vec<OfficeBlock> {
    let mut blocks = Vec::new();
    for element in elements {
        push(element, &mut blocks);
    }
    blocks
}

/// Appends the blocks of an element. The recursion is bounded, as the library bounds the depth.
fn push(element: &Element, blocks: &mut Vec<OfficeBlock>) {
    let item = match element {
        Element::Heading(heading) => {
            OfficeBlock::Heading(heading.clamped_level(), inline(&heading.content))
        }
        Element::Paragraph(paragraph) => OfficeBlock::Paragraph(inline(&paragraph.content)),
        Element::CodeBlock(code) => OfficeBlock::Paragraph(code.content.trim().to_owned()),
        Element::List(list) => return push_list(list, &mut Vec::new(), blocks),
        Element::Table(table) => return push_table(table, blocks),
        Element::TextBox(text_box) => {
            return text_box.content.iter().for_each(|element| push(element, blocks));
        }
        Element::Footnote(note) | Element::Endnote(note) => {
            let text = blocks::flat(&self::blocks(&note.content));
            OfficeBlock::Paragraph(format!("{} {text}", label(note)))
        }
        Element::Image(image) => {
            let text = image.alt_text.as_deref().map(str::trim).unwrap_or_default();
            if text.is_empty() {
                return;
            }
            OfficeBlock::Paragraph(blocks::picture(text).trim().to_owned())
        }
        // Shapes and breaks have no text.
        _ => return,
    };
    if !matches!(&item, OfficeBlock::Heading(_, text) | OfficeBlock::Paragraph(text) if text.is_empty())
    {
        blocks.push(item);
    }
}

fn push_table(table: &Table, blocks: &mut Vec<OfficeBlock>) {
    // A table of one cell is a frame around its content.
    if let [row] = table.rows.as_slice()
        && let [cell] = row.cells.as_slice()
    {
        return cell.content.iter().for_each(|element| push(element, blocks));
    }
    let cell = |cell: &TableCell| MarkdownCell {
        columns: cell.col_span,
        rows: cell.row_span,
        ..MarkdownCell::text(blocks::flat(&self::blocks(&cell.content)))
    };
    let rows = table.rows.iter().map(|row| row.cells.iter().map(cell).collect());
    blocks.push(OfficeBlock::Table(rows.collect()));
}

/// The counter of a list at one level.
struct ElementCounter<'a> {
    list: &'a List,
    number: u32,
}

/// Appends the items of a list, each with its printed marker.
fn push_list<'a>(
    list: &'a List,
    counters: &mut Vec<ElementCounter<'a>>,
    blocks: &mut Vec<OfficeBlock>,
) {
    counters.push(ElementCounter { list, number: list.start_number.unwrap_or(1) });
    for item in &list.items {
        let text = blocks::flat(&self::blocks(&item.content));
        if !text.is_empty() {
            let text = format!("{} {text}", marker(counters));
            blocks.push(OfficeBlock::Listed(counters.len() - 1, text));
        }
        if let Some(nested) = &item.nested {
            push_list(nested, counters, blocks);
        }
        if let Some(counter) = counters.last_mut() {
            counter.number = counter.number.saturating_add(1);
        }
    }
    counters.pop();
}

/// The printed marker of the innermost item: `-`, `3.`, `(b)`, `1.2.`.
fn marker(counters: &[ElementCounter]) -> String {
    // If the library does not know the style of a number, it does not know the number either.
    let known = |counter: &&ElementCounter| counter.list.ordered && counter.list.style.is_some();
    let Some(own) = counters.last().filter(known) else { return "-".to_owned() };
    let plain = || format!("{}.", own.print());
    let Some(pattern) = own.list.marker_pattern.as_deref() else { return plain() };
    // The number of a level outside of this list is unknown; then only the item's own is printed.
    numerals::fill(pattern, |level| counters.get(level).map(ElementCounter::print))
        .unwrap_or_else(plain)
}

impl ElementCounter<'_> {
    fn print(&self) -> String {
        let format = match self.list.style {
            Some(ListStyle::LowerAlpha) => "lowerLetter",
            Some(ListStyle::UpperAlpha) => "upperLetter",
            Some(ListStyle::LowerRoman) => "lowerRoman",
            Some(ListStyle::UpperRoman) => "upperRoman",
            _ => "decimal",
        };
        numerals::print(self.number, format)
    }
}

/// The text of a paragraph, including the marks of its notes.
fn inline(content: &[InlineContent]) -> String {
    let (mut text, mut styled) = (String::new(), StyledText::default());
    for part in content {
        let marked = match part {
            InlineContent::Text(span) => {
                styled.push(&mut text, &span.text, style(span));
                continue;
            }
            InlineContent::FootnoteRef(note) | InlineContent::EndnoteRef(note) => {
                mark(note.marker.as_deref(), note.note_id)
            }
            InlineContent::CommentRef(comment) => format!("[comment {}]", comment.comment_id),
            part => inline_to_text(std::slice::from_ref(part)),
        };
        text.push_str(&marked);
    }
    styled.close(&mut text);
    text.trim().to_owned()
}

fn style(span: &TextSpan) -> TextStyle {
    let script = match span.vertical_align {
        Some(VerticalAlign::Superscript) => Script::Superscript,
        Some(VerticalAlign::Subscript) => Script::Subscript,
        _ => Script::Normal,
    };
    TextStyle { script, is_struck: span.strikethrough }
}

fn label(note: &Note) -> String {
    match note.marker.as_deref().and_then(|marker| marker.strip_prefix("Comment")) {
        Some(author) => format!("[comment {}]{author}", note.id),
        None => mark(note.marker.as_deref(), note.id),
    }
}

fn mark(marker: Option<&str>, id: u32) -> String {
    marker.map_or_else(|| format!("[{id}]"), |marker| format!("[{marker}]"))
}

#[cfg(test)]
mod tests {
    use office_oxide::ir::{
        Element, InlineContent, List, ListItem, ListStyle, Paragraph, TextSpan,
    };

    use super::{OfficeBlock, blocks};

    #[test]
    fn list_markers_are_as_printed() {
        let content = |text: &str| {
            let content = vec![InlineContent::Text(TextSpan::plain(text))];
            vec![Element::Paragraph(Paragraph { content, ..Paragraph::default() })]
        };
        let item = |text: &str, nested| ListItem { content: content(text), nested };
        let list = |style, pattern: Option<&str>, start_number, items| List {
            ordered: style != ListStyle::Bullet,
            style: Some(style),
            marker_pattern: pattern.map(str::to_owned),
            start_number,
            items,
            ..List::default()
        };
        let bullets = list(ListStyle::Bullet, None, None, vec![item("d", None)]);
        let letters = list(
            ListStyle::LowerAlpha,
            Some("(%2)"),
            None,
            vec![item("b", None), item("c", Some(bullets))],
        );
        let deep = list(ListStyle::Decimal, Some("%1.%2."), Some(2), vec![item("f", None)]);
        let beyond = list(ListStyle::Decimal, Some("%4)"), None, vec![item("g", None)]);
        let all = vec![item("a", Some(letters)), item("e", Some(deep)), item("", Some(beyond))];
        let found: Vec<_> = blocks(&[Element::List(list(ListStyle::Decimal, None, Some(4), all))])
            .into_iter()
            .map(|item| match item {
                OfficeBlock::Listed(level, text) => (level, text),
                item => panic!("{item:?}"),
            })
            .collect();
        let expected = [
            (0, "4. a"),
            (1, "(a) b"),
            (1, "(b) c"),
            (2, "- d"),
            (0, "5. e"),
            (1, "5.2. f"),
            (1, "1. g"),
        ];
        assert_eq!(found, expected.map(|(level, text)| (level, text.to_owned())));
    }
}
