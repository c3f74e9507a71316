//! PDF: arranges the glyphs that `hayro` draws into text and tables.

mod attachments;
mod drawing;
pub(super) mod highlight;
mod layout;
pub(super) mod pdf_extract;
mod preflight;
pub(super) mod render;
mod scanned;
mod tables;
mod text_string;
mod xfa;

use std::sync::Arc;

use hayro_interpret::kurbo::Rect;
use hayro_syntax::page::Page;
use hayro_syntax::{DecryptionError, LoadPdfError, Pdf};

use self::drawing::{Drawer, Drawing};
use self::layout::headings::HeadingStyle;
use self::layout::hyphens;
use self::layout::passages::PageBlock;
use self::layout::scan_words::PageScan;
use self::scanned::Scanned;
use self::tables::continued::{KnownPage, OpenTable};
use super::builder::Builder;
use super::context::ReadContext;
use super::isolate::ChildError;
use super::scans::{self, Recognized, Scan, Scans, numbers};
use super::{
    BlockKind, Document, FileError, FileErrorKind, Mode, Password, Recognition, markdown_table,
    page_ranges,
};

/// The text of one page.
struct PageText {
    number: u32,
    size: (f32, f32),
    needs_vision: bool,
    /// What became of its text recognition, if it was wanted.
    recognition: Option<Recognition>,
    /// Text was recognised on it.
    is_recognized: bool,
    blocks: Vec<PageBlock>,
}

pub(super) fn read(context: &ReadContext, bytes: Vec<u8>) -> Result<Document, FileError> {
    let original: Arc<[u8]> = bytes.into();
    let pdf = open(context, &original)?;
    context.check_pages(page_ranges::chosen(context, pdf.pages().len())?)?;
    let mut scans = Scans::of(context)?;
    let (mut pages, unmapped) = pages(context, &pdf, scans.as_mut())?;
    let mut failed = None;
    // The fallback reader has other maps to Unicode, and nothing else that helps.
    if unmapped > 0 && pages.iter().all(|page| page.blocks.is_empty()) {
        failed = ask_again(context, &original, &mut pages).err();
    }
    let is_unusable = |page: &&PageText| page.needs_vision && !page.is_recognized;
    let unusable: Vec<u32> = pages.iter().filter(is_unusable).map(|page| page.number).collect();
    if unusable.is_empty() && pages.iter().all(|page| page.blocks.is_empty()) {
        return Err(context.error(FileErrorKind::Empty, "its pages are blank"));
    }
    let mode = context.options.mode;
    let recognition = scans.map(|scans| scans.warnings()).unwrap_or_default();
    if mode == Mode::Text && pages.iter().all(|page| page.blocks.is_empty()) {
        return Err(scans::no_text(
            context,
            "its pages have no readable text, as in a scan",
            &recognition,
        ));
    }
    let is_recognized = pages.iter().any(|page| page.is_recognized);
    let mut document = document(context, pages)?;
    attachments::read(context, &pdf, &mut document)?;
    xfa::append(context, &pdf, &mut document);
    document.warnings.extend(warnings(&unusable, unmapped));
    document.warnings.extend(recognition);
    document
        .warnings
        .extend(failed.map(|failure| {
            format!("no text was found; the fallback reader pdf-extract {failure}")
        }));
    if matches!(mode, Mode::Vision | Mode::File) || !unusable.is_empty() || is_recognized {
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
fn pages(
    context: &ReadContext,
    pdf: &Pdf,
    mut scans: Option<&mut Scans>,
) -> Result<(Vec<PageText>, usize), FileError> {
    let mut drawer = Drawer::new(context, pdf);
    let mut pages = Vec::new();
    let mut all_unmapped = 0;
    let is_chosen = |(number, _): &(u32, _)| page_ranges::is_chosen(context, *number);
    for (number, page) in (1..).zip(pdf.pages().iter()).filter(is_chosen) {
        let mut drawing = drawer.draw(page)?;
        let size = page.render_dimensions();
        let recognized = match scans.as_deref_mut() {
            Some(scans) => recognized(context, scans, (number, page), &mut drawing),
            None => None,
        };
        let (recognition, scan) = recognized.unzip();
        let scan = scan.flatten();
        let is_recognized = scan.is_some();
        let needs_vision = match &scan {
            Some(scan) => scan.text.unread > 0,
            None => scanned::is_drawn_only(&drawing),
        };
        all_unmapped += if is_recognized { 0 } else { drawing.unmapped };
        let blocks = layout::blocks(context, drawing, scan)?;
        context.check_time()?;
        pages.push(PageText { number, size, needs_vision, recognition, is_recognized, blocks });
    }
    settle_blank_pages(&mut pages);
    Ok((pages, all_unmapped))
}

/// Needs no vision for pages on which text recognition found nothing to read, among pages with text.
/// A document without any text may be a picture, which only a vision model can tell.
fn settle_blank_pages(pages: &mut [PageText]) {
    if pages.iter().any(|page| !page.blocks.is_empty()) {
        for page in pages.iter_mut().filter(|page| page.recognition == Some(Recognition::Done)) {
            page.needs_vision = false;
        }
    }
}

/// Recognises the text of a page that needs it, and drops its own text if that is of no use.
fn recognized(
    context: &ReadContext,
    scans: &mut Scans,
    (number, page): (u32, &Page<'_>),
    drawing: &mut Drawing,
) -> Option<(Recognition, Option<PageScan>)> {
    let (width, height) = page.render_dimensions();
    let area = Rect::new(0.0, 0.0, width.into(), height.into());
    let scanned = Scanned::of(drawing, area, context.options.ocr);
    if scanned == Scanned::Nothing {
        return None;
    }
    let scale = scanned::scale(drawing, area);
    let (recognition, scan) = scans.read(number, |context| scanned::draw(context, page, scale));
    // The whole text of the file is better than a part of the image's.
    let is_better = |scan: &Scan| {
        scan.text.unread == 0 || scanned != Scanned::Whole || scanned::is_drawn_only(drawing)
    };
    let scan = scan.filter(is_better);
    if scan.is_some() && scanned == Scanned::Whole {
        drawing.glyphs.clear();
    }
    let scan =
        scan.map(|Scan { text, width }| PageScan { text, unit: area.width() / f64::from(width) });
    Some((recognition, scan))
}

/// Makes a document of images, each with its page number, its displayed size and what was recognised
/// in it, if that was wanted.
///
/// # Errors
/// A limit is exceeded.
pub(super) fn of_images(
    context: &ReadContext,
    images: Vec<(u32, (f32, f32), Option<Recognized>)>,
) -> Result<Document, FileError> {
    let page = |(number, size, recognized): (u32, (f32, f32), Option<Recognized>)| {
        let (recognition, scan) = recognized.unzip();
        let scan = scan.flatten();
        let is_recognized = scan.is_some();
        let needs_vision = scan.as_ref().is_none_or(|scan| scan.text.unread > 0);
        let scan = scan.map(|Scan { text, width }| {
            let unit = f64::from(size.0) / f64::from(width);
            PageScan { text, unit }
        });
        let blocks = layout::blocks(context, Drawing::default(), scan)?;
        Ok(PageText { number, size, needs_vision, recognition, is_recognized, blocks })
    };
    let mut pages = images.into_iter().map(page).collect::<Result<Vec<_>, FileError>>()?;
    settle_blank_pages(&mut pages);
    document(context, pages)
}

/// Reads the text again with a second library.
fn ask_again(context: &ReadContext, file: &[u8], pages: &mut [PageText]) -> Result<(), ChildError> {
    let texts = pdf_extract::pages(context, file)?;
    for page in pages {
        let index = usize::try_from(page.number).unwrap_or(usize::MAX) - 1;
        let text = texts.get(index).map_or("", String::as_str);
        if !text.trim().is_empty() {
            page.blocks = vec![PageBlock::Plain(text.trim().to_owned())];
            page.needs_vision = false;
        }
    }
    Ok(())
}

fn document(context: &ReadContext, mut pages: Vec<PageText>) -> Result<Document, FileError> {
    let mut blocks: Vec<Vec<PageBlock>> =
        pages.iter_mut().map(|page| std::mem::take(&mut page.blocks)).collect();
    hyphens::restore(&mut blocks);
    let style = HeadingStyle::of(&blocks);
    let kinds: Vec<Vec<BlockKind>> = blocks.iter().map(|page| style.kinds(page)).collect();
    let mut builder = Builder::default();
    let mut open: Option<OpenTable> = None;
    let mut before = 0;
    for (page, (blocks, kinds)) in pages.iter().zip(blocks.iter().zip(&kinds)) {
        let known = KnownPage { blocks, kinds };
        // A page that was not chosen may stand between.
        let is_next = page.number == before + 1;
        let rest = open.as_ref().filter(|_| is_next).and_then(|table| table.rest(known));
        before = page.number;
        builder.page(page.number);
        builder.shown(page.size, page.needs_vision);
        builder.recognized(page.recognition);
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
    for (range, place) in &text.words {
        let between = &text.text[end..range.start];
        // A line break would end a heading.
        let is_heading = matches!(kind, BlockKind::Heading { .. });
        builder.text(if is_heading && between == "\n" { " " } else { between });
        builder.word(&text.text[range.clone()], *place);
        end = range.end;
    }
    builder.close(block);
    builder.place(block, Some(text.bounds));
    Ok(())
}

fn warnings(unusable: &[u32], unmapped: usize) -> Vec<String> {
    let mut warnings = Vec::new();
    if !unusable.is_empty() {
        warnings.push(format!("no usable text on page {}", numbers(unusable)));
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
