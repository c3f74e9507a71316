//! Collects the glyphs of a page in drawing order, and its ruling lines. Nothing is painted.

mod actual_text;
mod annotations;
mod bitmap_fonts;
mod collections;
mod fields;
mod images;
pub(in crate::pdf) mod ruling_lines;
pub(in crate::pdf) mod typeface;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use hayro_interpret::font::{Glyph as FontGlyph, GlyphRun};
use hayro_interpret::hayro_cmap::{BfString, WritingMode};
use hayro_interpret::kurbo::{Affine, BezPath, Point, Rect};
use hayro_interpret::{
    BlendMode, ClipPath, Context, Device, DrawMode, DrawProps, Image, ImageDrawProps,
    InterpreterCache, InterpreterSettings, SoftMask, TransformExt, interpret_page,
};
use hayro_syntax::Pdf;
use hayro_syntax::object::Dict;
use hayro_syntax::page::Page;

use self::actual_text::{HeldGlyph, MarkedContent};
use self::bitmap_fonts::{guess, is_language};
use self::collections::Collections;
use self::images::PlacedImages;
use self::ruling_lines::{RulingLines, is_visible};
use self::typeface::{Typeface, Typefaces, is_stem};
use crate::context::ReadContext;
use crate::{FileError, FileErrorKind};

/// Glyph space units per em in hayro.
const UNITS_PER_EM: f64 = 1000.0;
/// The advance of a glyph whose font declares none, in glyph space units: chosen by hand.
const USUAL_ADVANCE: f32 = 500.0;
/// Drawing calls between two checks of the time: chosen by hand, not measured.
const CALLS_PER_CHECK: usize = 4096;
/// The most glyphs of a page, which are held in memory together: chosen by hand.
const MOST_ON_A_PAGE: usize = 200_000;

/// Points from the top left corner of the page as it is shown, y downwards; `origin` and `end` are
/// the ends of the baseline.
#[derive(Debug, Clone)]
pub(in crate::pdf) struct Glyph {
    pub(in crate::pdf) text: BfString,
    pub(in crate::pdf) origin: Point,
    pub(in crate::pdf) end: Point,
    pub(in crate::pdf) size: f64,
    pub(in crate::pdf) face: Typeface,
    /// It runs to the left, as in a mirror.
    pub(in crate::pdf) mirrored: bool,
}

impl Glyph {
    /// Whether its text is more than white space.
    pub(in crate::pdf) fn is_visible(&self) -> bool {
        match &self.text {
            BfString::Char(character) => !character.is_whitespace(),
            BfString::String(text) => !text.trim().is_empty(),
        }
    }
}

/// The glyphs, images and ruling lines of one page.
#[derive(Debug, Default)]
pub(in crate::pdf) struct Drawing {
    pub(in crate::pdf) glyphs: Vec<Glyph>,
    /// The number of glyphs without a Unicode value, which are not in `glyphs`.
    pub(in crate::pdf) unmapped: usize,
    /// An image, a line or an area that is not white is drawn.
    pub(in crate::pdf) has_graphics: bool,
    pub(in crate::pdf) images: PlacedImages,
    /// Texts of sticky notes.
    pub(in crate::pdf) notes: Vec<String>,
    pub(in crate::pdf) rulings: RulingLines,
}

/// Draws the pages one by one with shared fonts.
pub(in crate::pdf) struct Drawer<'a> {
    context: &'a ReadContext<'a>,
    pdf: &'a Pdf,
    cache: InterpreterCache<'a>,
    settings: InterpreterSettings,
    faces: Typefaces,
    collections: Collections<'a>,
    drawn: usize,
}

impl<'a> Drawer<'a> {
    pub(in crate::pdf) fn new(context: &'a ReadContext<'a>, pdf: &'a Pdf) -> Self {
        let (cache, settings) = (InterpreterCache::new(), InterpreterSettings::default());
        let (faces, collections) = (Typefaces::default(), Collections::of(pdf));
        Self { context, pdf, cache, settings, faces, collections, drawn: 0 }
    }

    pub(in crate::pdf) fn draw(&mut self, page: &Page<'a>) -> Result<Drawing, FileError> {
        let (width, height) = page.render_dimensions();
        let area = Rect::new(0.0, 0.0, width.into(), height.into());
        // Upright, from the top left corner of what is shown.
        let transform = page.initial_transform(true).to_kurbo();
        let mut collector = Collector {
            context: self.context,
            area,
            drawing: Drawing::default(),
            guesses: Vec::new(),
            marked: MarkedContent::default(),
            faces: std::mem::take(&mut self.faces),
            collections: &mut self.collections,
            drawn: self.drawn,
            calls: 0,
            last_run: Point::ZERO,
            runs: 0,
            codes: [const { Code { run: 0, text: None, advance: 0.0 } }; 256],
        };
        let xref = self.pdf.xref();
        let mut interpreter =
            Context::new(transform, area, &self.cache, xref, self.settings.clone());
        let interpret = AssertUnwindSafe(|| interpret_page(page, &mut interpreter, &mut collector));
        catch_unwind(interpret).map_err(|thrown| match thrown.downcast::<FileError>() {
            Ok(error) => *error,
            Err(panic) => resume_unwind(panic),
        })?;
        self.drawn = collector.drawn;
        self.faces = std::mem::take(&mut collector.faces);
        let mut drawing = collector.finish();
        annotations::read(self.context, page, transform, &mut drawing)?;
        Ok(drawing)
    }
}

/// A device that collects what is drawn.
struct Collector<'a, 'pdf> {
    context: &'a ReadContext<'a>,
    area: Rect,
    drawing: Drawing,
    /// The indexes of the glyphs whose text is a guess.
    guesses: Vec<usize>,
    marked: MarkedContent,
    faces: Typefaces,
    collections: &'a mut Collections<'pdf>,
    /// The number of glyphs on all pages so far.
    drawn: usize,
    /// The number of drawing calls on the page.
    calls: usize,
    /// The origin of the last glyph run.
    last_run: Point,
    /// The number of glyph runs on the page.
    runs: usize,
    /// A cache for single-byte codes.
    codes: [Code; 256],
}

/// The text and advance of a code in the font of run number `run`. Cached because the lookup in the
/// tables of the standard fonts takes longer than all other work on a glyph.
struct Code {
    run: usize,
    text: Option<BfString>,
    advance: f64,
}

impl Collector<'_, '_> {
    /// Checks the limits every few calls. The interpreter has no way to stop, and nested forms can
    /// draw for years, so the error unwinds through it and is caught by `draw`.
    fn check_limits(&mut self) {
        if self.calls.is_multiple_of(CALLS_PER_CHECK)
            && let Err(error) = self.check()
        {
            resume_unwind(Box::new(error));
        }
        self.calls += 1;
    }

    fn check(&self) -> Result<(), FileError> {
        if self.drawing.glyphs.len() > MOST_ON_A_PAGE {
            let message = format!("has a page with more than {MOST_ON_A_PAGE} glyphs; split it");
            return Err(self.context.error(FileErrorKind::LimitExceeded, message));
        }
        self.context.check_glyphs(self.drawn)?;
        self.context.check_time()
    }

    fn push(&mut self, glyph: &FontGlyph<'_>, transform: Affine, font: Font) {
        let origin = transform * Point::ZERO;
        if !origin.is_finite() || !self.area.contains(origin) {
            return;
        }
        self.drawn += 1;
        let (known, advance) = self.code(glyph);
        let end = match font.mode {
            WritingMode::Horizontal => Point::new(advance, 0.0),
            WritingMode::Vertical => Point::new(0.0, -UNITS_PER_EM),
        };
        let end = plain(transform, font.is_stretched) * end;
        let [_, _, x, y, ..] = transform.as_coeffs();
        let size = x.hypot(y) * UNITS_PER_EM;
        if !end.is_finite() || !size.is_finite() || size <= 0.0 {
            return;
        }
        // On the page, y goes down and in a font up; so letters that are not mirrored are flipped.
        let mirrored = end.x < origin.x && transform.determinant() > 0.0;
        let held = HeldGlyph { text: known, origin, end, size, face: font.face, mirrored };
        let Some(mut glyph_here) = self.marked.hold(held) else { return };
        if glyph_here.text.is_none() {
            glyph_here.text = guess(glyph);
            if glyph_here.text.is_some() {
                self.guesses.push(self.drawing.glyphs.len());
            }
        }
        self.extend([glyph_here]);
    }

    /// Adds glyphs, and counts those without a Unicode value.
    fn extend(&mut self, glyphs: impl IntoIterator<Item = HeldGlyph>) {
        for glyph in glyphs {
            match glyph.into_glyph() {
                Some(glyph) => self.drawing.glyphs.push(glyph),
                None => self.drawing.unmapped += 1,
            }
        }
    }

    /// The text and advance of a glyph.
    fn code(&mut self, glyph: &FontGlyph<'_>) -> (Option<BfString>, f64) {
        let collections = &mut *self.collections;
        let mut text = || {
            let of_collection = || match glyph {
                FontGlyph::Outline(glyph) => collections.text(glyph),
                FontGlyph::Type3(_) => None,
            };
            glyph.as_unicode().or_else(of_collection).filter(is_readable)
        };
        let code = usize::try_from(glyph.char_code()).unwrap_or(usize::MAX);
        let Some(known) = self.codes.get_mut(code) else { return (text(), advance(glyph)) };
        if known.run != self.runs {
            *known = Code { run: self.runs, text: text(), advance: advance(glyph) };
        }
        (known.text.clone(), known.advance)
    }

    /// How the font of the run looks, by its first letter with a stem.
    fn face(&mut self, run: &GlyphRun<'_, '_>) -> Typeface {
        let stem = run.glyphs().iter().find_map(|glyph| match self.code(glyph).0 {
            Some(BfString::Char(letter)) if is_stem(letter) => Some((glyph, Some(letter))),
            _ => None,
        });
        let first = || run.glyphs().first().map(|glyph| (glyph, None));
        let Some((glyph, letter)) = stem.or_else(first) else { return Typeface::default() };
        let FontGlyph::Outline(glyph) = &**glyph else { return Typeface::default() };
        self.faces.of(glyph, letter)
    }

    /// The drawing; guesses are only kept if they look like a language.
    fn finish(mut self) -> Drawing {
        let left_open = self.marked.finish();
        self.extend(left_open);
        let (mut drawing, guesses) = (self.drawing, self.guesses);
        let guessed = guesses.iter().filter_map(|place| match drawing.glyphs.get(*place)?.text {
            BfString::Char(character) => Some(character),
            BfString::String(_) => None,
        });
        if !is_language(guessed) {
            drawing.unmapped += guesses.len();
            let mut wrong = guesses.into_iter().peekable();
            let mut places = 0..;
            drawing.glyphs.retain(|_| wrong.next_if_eq(&places.next().unwrap_or(0)).is_none());
        }
        drawing
    }
}

/// Properties shared by the glyphs of a run.
#[derive(Clone, Copy)]
struct Font {
    mode: WritingMode,
    face: Typeface,
    /// Its glyphs are stretched to the widths of a font that isn't there.
    is_stretched: bool,
}

impl Device<'_> for Collector<'_, '_> {
    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, '_>, props: DrawProps<'_>, mode: &DrawMode) {
        let [first, ..] = run.glyphs() else { return };
        let start = props.transform * first.transform() * Point::ZERO;
        // Text that is filled and stroked is drawn twice.
        if matches!(mode, DrawMode::Stroke(_)) && start == self.last_run {
            return;
        }
        self.last_run = start;
        self.runs += 1;
        let (mode, face) = (run.writing_mode(), self.face(run));
        let font = Font { mode, face, is_stretched: is_stretched(run) };
        for glyph in run.glyphs() {
            self.check_limits();
            self.push(glyph, props.transform * glyph.transform(), font);
        }
    }

    fn draw_path(&mut self, path: &BezPath, props: DrawProps<'_>, mode: &DrawMode) {
        self.check_limits();
        if is_visible(&props.paint, mode) {
            self.drawing.has_graphics = true;
            if !is_highlight(&props, mode) {
                self.drawing.rulings.path(path, props.transform, mode, &props.paint);
            }
        }
    }

    fn draw_rect(&mut self, rect: &Rect, props: DrawProps<'_>, mode: &DrawMode) {
        self.check_limits();
        if is_visible(&props.paint, mode) {
            self.drawing.has_graphics = true;
            if !is_highlight(&props, mode) {
                self.drawing.rulings.rect(*rect, props.transform, &props.paint);
            }
        }
    }

    // An image is only decoded if the device asks for its pixels.
    fn draw_image(&mut self, image: Image<'_, '_>, props: ImageDrawProps<'_>) {
        self.drawing.has_graphics = true;
        let whole = Rect::new(0.0, 0.0, image.width().into(), image.height().into());
        let bounds = props.transform.transform_rect_bbox(whole).intersect(self.area);
        let resolution = props.transform.determinant().abs().sqrt().recip();
        let is_seen = bounds.area() > 0.0 && resolution.is_finite();
        if is_seen {
            self.drawing.images.add(bounds, resolution);
        }
    }

    fn begin_marked_content(&mut self, _: &[u8], properties: Option<&Dict<'_>>) {
        self.marked.begin(properties);
    }

    fn end_marked_content(&mut self) {
        let glyphs = self.marked.end();
        self.extend(glyphs);
    }

    fn push_clip_path(&mut self, _: &ClipPath) {
        self.check_limits();
    }

    fn push_transparency_group(&mut self, _: f32, _: Option<SoftMask<'_>>, _: BlendMode) {
        self.check_limits();
    }

    fn pop_clip(&mut self) {}
    fn pop_transparency_group(&mut self) {}
}

/// Whether an area is multiplied with what is below, as a highlighter does: no cell has such edges.
fn is_highlight(props: &DrawProps<'_>, mode: &DrawMode) -> bool {
    props.blend_mode == BlendMode::Multiply && matches!(mode, DrawMode::Fill(_))
}

/// Whether the text is neither a replacement character nor from a private use area.
fn is_readable(text: &BfString) -> bool {
    let is_unknown = |c: char| {
        (c.is_control() && !c.is_whitespace()) || matches!(c, '\u{fffd}' | '\u{e000}'..='\u{f8ff}')
    };
    match text {
        BfString::Char(character) => !is_unknown(*character),
        BfString::String(text) => !text.is_empty() && !text.contains(is_unknown),
    }
}

fn advance(glyph: &FontGlyph<'_>) -> f64 {
    let advance = match glyph {
        FontGlyph::Outline(outline) => outline.advance_width(),
        FontGlyph::Type3(type3) => type3.advance_width(),
    };
    advance.unwrap_or(USUAL_ADVANCE).into()
}

/// Whether the glyphs of a run differ in their widths, as those of a substitute font do: each one is
/// stretched to the advance that the file declares.
fn is_stretched(run: &GlyphRun<'_, '_>) -> bool {
    let mut widths = run.glyphs().iter().map(|glyph| width(glyph.transform()));
    let Some(first) = widths.next() else { return false };
    widths.any(|width| (width - first).abs() > 1e-6 * first)
}

/// The length of a unit along the line.
fn width(transform: Affine) -> f64 {
    let [x, y, ..] = transform.as_coeffs();
    x.hypot(y)
}

/// The transform without the stretch of the glyph, which its advance has already.
fn plain(transform: Affine, is_stretched: bool) -> Affine {
    let [a, b, c, d, ..] = transform.as_coeffs();
    let (width, height) = (a.hypot(b), c.hypot(d));
    if is_stretched && width > 0.0 {
        return transform * Affine::scale_non_uniform(height / width, 1.0);
    }
    transform
}
