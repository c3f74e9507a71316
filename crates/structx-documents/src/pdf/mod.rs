//! PDF: arranges the glyphs that `hayro` draws into text and tables.

mod attachments;
mod drawing;
pub(super) mod highlight;
mod layout;
pub(super) mod pdf_extract;
mod preflight;
pub(super) mod render;
mod tables;
mod text_string;
mod xfa;

use std::sync::Arc;

use hayro_syntax::{DecryptionError, LoadPdfError, Pdf};

use self::drawing::Drawer;
use self::layout::headings::HeadingStyle;
use self::layout::passages::PageBlock;
use self::tables::continued::{KnownPage, OpenTable};
use super::builder::Builder;
use super::context::ReadContext;
use super::isolate::ChildError;
use super::{BlockKind, Document, FileError, FileErrorKind, Mode, Password, markdown_table};

/// The visible characters with a Unicode value for each one without, below which a page is
/// unreadable. Chosen by hand: a tenth of a page may be all its amounts.
const LEAST_MAPPED: usize = 9;

/// The text of one page.
struct PageText {
    number: u32,
    size: (f32, f32),
    needs_vision: bool,
    blocks: Vec<PageBlock>,
}

pub(super) fn read(context: &ReadContext, bytes: Vec<u8>) -> Result<Document, FileError> {
    let original: Arc<[u8]> = bytes.into();
    let pdf = open(context, &original)?;
    context.check_pages(pdf.pages().len())?;
    let (mut pages, unmapped) = pages(context, &pdf)?;
    let mut failed = None;
    // The fallback reader has other maps to Unicode, and nothing else that helps.
    if unmapped > 0 && pages.iter().all(|page| page.blocks.is_empty()) {
        failed = ask_again(context, &original, &mut pages).err();
    }
    let unusable: Vec<u32> =
        pages.iter().filter(|page| page.needs_vision).map(|page| page.number).collect();
    if unusable.is_empty() && pages.iter().all(|page| page.blocks.is_empty()) {
        return Err(context.error(FileErrorKind::Empty, "its pages are blank"));
    }
    let mode = context.options.mode;
    if mode == Mode::Text && pages.iter().all(|page| page.blocks.is_empty()) {
        let message = "its pages have no readable text, as in a scan; run text recognition (OCR) \
                       on it first, or read it in mode \"auto\" with a vision model";
        return Err(context.error(FileErrorKind::NoTextLayer, message));
    }
    let mut document = document(context, pages)?;
    attachments::read(context, &pdf, &mut document)?;
    xfa::append(context, &pdf, &mut document);
    document.warnings.extend(warnings(&unusable, unmapped));
    document
        .warnings
        .extend(failed.map(|failure| {
            format!("no text was found; the fallback reader pdf-extract {failure}")
        }));
    if matches!(mode, Mode::Vision | Mode::File) || !unusable.is_empty() {
        document.original = Some(original);
    }
    Ok(document)
}

fn open(context: &ReadContext, file: &Arc<[u8]>) -> Result<Pdf, FileError> {
    preflight::check(context, file)?;
    let password = context.options.password.as_ref().map_or("", Password::reveal);
    Pdf::new_with_password(Arc::new(file.clone()), password)
        .map_err(|error| load_error(context, error))
}

/// Reads the pages; also returns the number of characters without a Unicode value.
fn pages(context: &ReadContext, pdf: &Pdf) -> Result<(Vec<PageText>, usize), FileError> {
    let mut drawer = Drawer::new(context, pdf);
    let mut pages = Vec::new();
    let mut all_unmapped = 0;
    for (number, page) in (1..).zip(pdf.pages().iter()) {
        let drawing = drawer.draw(page)?;
        let mapped = drawing.glyphs.iter().filter(|glyph| glyph.is_visible()).count();
        let unmapped = drawing.unmapped;
        all_unmapped += unmapped;
        let has_graphics = drawing.has_graphics;
        let blocks = layout::blocks(context, drawing)?;
        context.check_time()?;
        let is_drawn_only = blocks.is_empty() && (has_graphics || unmapped > 0);
        let needs_vision = is_drawn_only || mapped < LEAST_MAPPED * unmapped;
        pages.push(PageText { number, size: page.render_dimensions(), needs_vision, blocks });
    }
    Ok((pages, all_unmapped))
}

/// Reads the text again with a second library.
fn ask_again(context: &ReadContext, file: &[u8], pages: &mut [PageText]) -> Result<(), ChildError> {
    for (page, text) in pages.iter_mut().zip(pdf_extract::pages(context, file)?) {
        if !text.trim().is_empty() {
            page.blocks = vec![PageBlock::Plain(text.trim().to_owned())];
            page.needs_vision = false;
        }
    }
    Ok(())
}

fn document(context: &ReadContext, mut pages: Vec<PageText>) -> Result<Document, FileError> {
    let blocks: Vec<Vec<PageBlock>> =
        pages.iter_mut().map(|page| std::mem::take(&mut page.blocks)).collect();
    let style = HeadingStyle::of(&blocks);
    let kinds = |page: &Vec<PageBlock>| -> Vec<BlockKind> {
        (0..page.len()).map(|place| style.kind(page, place)).collect()
    };
    let kinds: Vec<Vec<BlockKind>> = blocks.iter().map(kinds).collect();
    let mut builder = Builder::default();
    let mut open: Option<OpenTable> = None;
    for (page, (blocks, kinds)) in pages.iter().zip(blocks.iter().zip(&kinds)) {
        let known = KnownPage { blocks, kinds };
        let rest = open.as_ref().and_then(|table| table.rest(known));
        builder.page(page.number);
        builder.shown(page.size, page.needs_vision);
        let mut in_list = false;
        for (place, (block, kind)) in blocks.iter().zip(kinds.iter().copied()).enumerate() {
            builder.separator(if in_list && kind == BlockKind::ListItem { "\n" } else { "\n\n" });
            in_list = kind == BlockKind::ListItem;
            match (block, rest.filter(|rest| rest.place == place)) {
                (PageBlock::Table(table), Some(rest)) => {
                    let first = u32::try_from(rest.before).unwrap_or(u32::MAX);
                    let (rows, bounds) = (&table.rows[rest.repeated..], Some(table.bounds));
                    markdown_table::write_from(context, &mut builder, first, rows, bounds)?;
                }
                _ => write(context, &mut builder, kind, block)?,
            }
        }
        open = OpenTable::of(known, open.zip(rest));
    }
    Ok(builder.finish())
}

fn write(
    context: &ReadContext,
    builder: &mut Builder,
    kind: BlockKind,
    block: &PageBlock,
) -> Result<(), FileError> {
    let text = match block {
        PageBlock::Table(table) => {
            return markdown_table::write(context, builder, &table.rows, Some(table.bounds));
        }
        PageBlock::Plain(text) | PageBlock::Note(text) => {
            builder.block(kind, text, None);
            return Ok(());
        }
        PageBlock::Text(text) => text,
    };
    if let BlockKind::Heading { level } = kind {
        builder.text(&"#".repeat(level.into()));
        builder.text(" ");
    }
    let block = builder.open(kind);
    let mut end = 0;
    for (range, bounds) in &text.words {
        let between = &text.text[end..range.start];
        // A line break would end a heading.
        let is_heading = matches!(kind, BlockKind::Heading { .. });
        builder.text(if is_heading && between == "\n" { " " } else { between });
        builder.word(&text.text[range.clone()], *bounds);
        end = range.end;
    }
    builder.close(block);
    builder.place(block, Some(text.bounds));
    Ok(())
}

fn warnings(unusable: &[u32], unmapped: usize) -> Vec<String> {
    let mut warnings = Vec::new();
    if !unusable.is_empty() {
        let numbers: Vec<String> = unusable.iter().map(u32::to_string).collect();
        warnings.push(format!("no usable text on page {}", numbers.join(", ")));
    }
    if unmapped > 0 {
        warnings.push(format!("{unmapped} characters have no Unicode value and were left out"));
    }
    warnings
}

fn load_error(context: &ReadContext, error: LoadPdfError) -> FileError {
    let (kind, message) = match error {
        LoadPdfError::Decryption(DecryptionError::PasswordProtected) => {
            let message = match context.options.password {
                None => "is protected by a password; give it as `password`",
                Some(_) => "is protected, and the given password is wrong",
            };
            (FileErrorKind::PasswordRequired, message)
        }
        LoadPdfError::Decryption(DecryptionError::UnsupportedAlgorithm) => (
            FileErrorKind::Unsupported,
            "uses an unsupported encryption; save it without encryption",
        ),
        LoadPdfError::Decryption(_) | LoadPdfError::Invalid => {
            (FileErrorKind::Corrupt, "is damaged and can't be read as a PDF; export it again")
        }
    };
    context.error(kind, message)
}
