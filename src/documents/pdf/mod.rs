//! PDF: the glyphs that `hayro` draws, put in order by [`layout`].

mod cost;
mod layout;
pub(super) mod render;

use std::sync::Arc;

use hayro_interpret::font::{Glyph as FontGlyph, GlyphRun};
use hayro_interpret::hayro_cmap::BfString;
use hayro_interpret::kurbo::{Affine, BezPath, Point, Rect};
use hayro_interpret::{
    BlendMode, ClipPath, Context, Device, DrawMode, DrawProps, Image, ImageDrawProps,
    InterpreterCache, InterpreterSettings, SoftMask, TransformExt, interpret_page,
};
use hayro_syntax::page::Page;
use hayro_syntax::{DecryptionError, LoadPdfError, Pdf};

use self::layout::{Glyph, paragraphs};
use super::builder::Builder;
use super::reading::Reading;
use super::{BlockKind, Document, FileError, FileErrorKind, Mode, Password};

/// Fonts are drawn in units of which this many make an em.
const UNITS_PER_EM: f64 = 1000.0;
/// Where a font does not say how far a glyph reaches.
const USUAL_ADVANCE: f32 = 500.0;

pub(super) fn read(reading: &Reading, bytes: Vec<u8>) -> Result<Document, FileError> {
    let original: Arc<[u8]> = bytes.into();
    let pdf = open(reading, &original)?;
    let pages = pdf.pages();
    reading.check_pages(pages.len())?;
    let mut builder = Builder::default();
    let mut reader = Reader::new(&pdf, reading.limits().glyphs);
    let mut blank = Vec::new();
    for (number, page) in (1..).zip(pages.iter()) {
        builder.page(number);
        let found = paragraphs(reader.glyphs(page));
        reading.check_glyphs(reader.drawn)?;
        reading.check_time()?;
        if found.is_empty() {
            blank.push(number.to_string());
        }
        for paragraph in found {
            builder.part("\n\n");
            builder.block(BlockKind::Paragraph, &paragraph.text, Some(paragraph.bounds));
        }
    }
    let is_unread = blank.len() == pages.len() || reader.unmapped * 2 > reader.drawn;
    if is_unread && reading.options.mode == Mode::Text {
        let message = "its pages have no readable text, as in a scan; run text recognition (OCR) \
                       on it first";
        return Err(reading.error(FileErrorKind::NoTextLayer, message));
    }
    let mut document = builder.finish();
    for page in &mut document.pages {
        page.needs_vision = is_unread || page.range.is_empty();
    }
    document.original = Some(original);
    document.warnings.extend(warnings(&blank, reader.unmapped));
    Ok(document)
}

fn open(reading: &Reading, file: &Arc<[u8]>) -> Result<Pdf, FileError> {
    let password = reading.options.password.as_ref().map_or("", Password::reveal);
    Pdf::new_with_password(Arc::new(file.clone()), password)
        .map_err(|error| load_error(reading, error))
}

fn warnings(blank: &[String], unmapped: usize) -> Vec<String> {
    let mut warnings = Vec::new();
    if !blank.is_empty() {
        warnings.push(format!("no text on page {}", blank.join(", ")));
    }
    if unmapped > 0 {
        warnings.push(format!("{unmapped} characters have no Unicode value and were left out"));
    }
    warnings
}

fn load_error(reading: &Reading, error: LoadPdfError) -> FileError {
    let (kind, message) = match error {
        LoadPdfError::Decryption(DecryptionError::PasswordProtected) => {
            (FileErrorKind::PasswordRequired, "is protected by a password; save it without one")
        }
        LoadPdfError::Decryption(DecryptionError::UnsupportedAlgorithm) => (
            FileErrorKind::Unsupported,
            "is encrypted in a way that is not supported; save it without encryption",
        ),
        LoadPdfError::Decryption(_) | LoadPdfError::Invalid => {
            (FileErrorKind::Corrupt, "is damaged and can't be read as a PDF; export it again")
        }
    };
    reading.error(kind, message)
}

/// Reads page after page, with the fonts that they share.
struct Reader<'a> {
    pdf: &'a Pdf,
    cache: InterpreterCache<'a>,
    settings: InterpreterSettings,
    limit: usize,
    drawn: usize,
    unmapped: usize,
}

impl<'a> Reader<'a> {
    fn new(pdf: &'a Pdf, limit: usize) -> Self {
        let (cache, settings) = (InterpreterCache::new(), InterpreterSettings::default());
        Self { pdf, cache, settings, limit, drawn: 0, unmapped: 0 }
    }

    /// The glyphs of a page in the order they are drawn.
    fn glyphs(&mut self, page: &Page<'a>) -> Vec<Glyph> {
        let (width, height) = page.render_dimensions();
        let area = Rect::new(0.0, 0.0, width.into(), height.into());
        // Upright, from the top left corner of what is shown.
        let transform = page.initial_transform(true).to_kurbo();
        let mut collector = Collector {
            area,
            glyphs: Vec::new(),
            left: self.limit.saturating_add(1).saturating_sub(self.drawn),
            drawn: 0,
            unmapped: 0,
        };
        let xref = self.pdf.xref();
        let mut context = Context::new(transform, area, &self.cache, xref, self.settings.clone());
        interpret_page(page, &mut context, &mut collector);
        self.drawn += collector.drawn;
        self.unmapped += collector.unmapped;
        collector.glyphs
    }
}

/// A device that keeps glyphs and draws nothing.
struct Collector {
    area: Rect,
    glyphs: Vec<Glyph>,
    /// How many more glyphs are taken.
    left: usize,
    drawn: usize,
    unmapped: usize,
}

impl Collector {
    fn push(&mut self, glyph: &FontGlyph<'_>, transform: Affine) {
        let origin = transform * Point::ZERO;
        if !origin.is_finite() || !self.area.contains(origin) {
            return;
        }
        self.drawn += 1;
        let text = match glyph.as_unicode() {
            Some(BfString::Char(character)) => String::from(character),
            Some(BfString::String(text)) => text,
            None => String::new(),
        };
        if text.is_empty() || text.contains(|c: char| c.is_control() || c == '\u{fffd}') {
            self.unmapped += usize::from(!text.contains(char::is_whitespace));
            return;
        }
        let advance = match glyph {
            FontGlyph::Outline(outline) => outline.advance_width(),
            FontGlyph::Type3(type3) => type3.advance_width(),
        };
        let end = transform * Point::new(advance.unwrap_or(USUAL_ADVANCE).into(), 0.0);
        let [_, _, x, y, ..] = transform.as_coeffs();
        let size = x.hypot(y) * UNITS_PER_EM;
        if end.is_finite() && size.is_finite() && size > 0.0 {
            self.glyphs.push(Glyph { text, origin, end, size });
        }
    }
}

impl Device<'_> for Collector {
    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, '_>, props: DrawProps<'_>, _: &DrawMode) {
        for glyph in run.glyphs() {
            if self.drawn < self.left {
                self.push(glyph, props.transform * glyph.transform());
            }
        }
    }

    fn draw_path(&mut self, _: &BezPath, _: DrawProps<'_>, _: &DrawMode) {}
    fn draw_image(&mut self, _: Image<'_, '_>, _: ImageDrawProps<'_>) {}
    fn push_clip_path(&mut self, _: &ClipPath) {}
    fn push_transparency_group(&mut self, _: f32, _: Option<SoftMask<'_>>, _: BlendMode) {}
    fn pop_clip(&mut self) {}
    fn pop_transparency_group(&mut self) {}
}
