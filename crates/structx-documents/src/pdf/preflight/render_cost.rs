//! Estimates the cost of drawing a page, by interpreting it with a device that only counts. The
//! rasteriser itself can't be interrupted.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use hayro_interpret::font::{Glyph, GlyphRun};
use hayro_interpret::kurbo::{Affine, BezPath, Rect, Shape};
use hayro_interpret::pattern::Pattern;
use hayro_interpret::{
    BlendMode, ClipPath, Context, Device, DrawMode, DrawProps, Image, ImageDrawProps,
    InterpreterCache, InterpreterSettings, Paint, SoftMask, TransformExt, interpret_page,
};
use hayro_syntax::page::Page;

use crate::context::ReadContext;
use crate::vision::LONGEST_SIDE;
use crate::{FileError, FileErrorKind};

// Nanoseconds, rounded up generously: estimates, the measurements were not kept.
const PIXEL: f64 = 1.0;
const SHADED_PIXEL: f64 = 50.0;
const DECODED_PIXEL: f64 = 30.0;
const SEGMENT: f64 = 300.0;
const GLYPH: f64 = 1_000.0;
const LAYER: f64 = 10_000.0;
/// For each pixel of the length of a line.
const LINE_PIXEL: f64 = 5.0;
const NANOSECONDS: f64 = 1e9;

/// Refuses a page that is too expensive to draw.
///
/// # Errors
/// Drawing the page takes more time, or an image on it more memory, than the limits allow.
pub(in crate::pdf) fn check(
    context: &ReadContext,
    page: &Page<'_>,
    scale: f32,
) -> Result<(), FileError> {
    let (width, height) = page.render_dimensions();
    let scale = f64::from(scale);
    let area = Rect::new(0.0, 0.0, f64::from(width) * scale, f64::from(height) * scale);
    let transform = Affine::scale(scale) * page.initial_transform(true).to_kurbo();
    let mut counter = CostCounter { context, area, left: context.limits().seconds * NANOSECONDS };
    let settings = InterpreterSettings::default();
    let cache = InterpreterCache::new();
    let mut interpreter = Context::new(transform, area, &cache, page.xref(), settings);
    catch_unwind(AssertUnwindSafe(|| interpret_page(page, &mut interpreter, &mut counter))).map_err(
        |panic| match panic.downcast::<FileError>() {
            Ok(error) => *error,
            Err(panic) => resume_unwind(panic),
        },
    )
}

struct CostCounter<'a> {
    context: &'a ReadContext<'a>,
    /// In pixels.
    area: Rect,
    left: f64,
}

impl CostCounter<'_> {
    fn spend(&mut self, cost: f64) {
        self.left -= cost;
        if self.left.is_nan() || self.left < 0.0 {
            let message = "takes too long to render; raise the limit `seconds`";
            stop(self.context.error(FileErrorKind::LimitExceeded, message));
        }
        self.context.check_time().unwrap_or_else(stop);
    }

    /// Spends the cost of filling the visible part of the box.
    fn fill(&mut self, bounds: Rect, pixel: f64) {
        let shown = bounds.intersect(self.area);
        self.spend(shown.width().max(0.0) * shown.height().max(0.0) * pixel);
    }

    fn outline(&mut self, path: &BezPath, transform: Affine) {
        let [a, b, c, d, ..] = transform.as_coeffs();
        let scale = a.hypot(b).max(c.hypot(d));
        let most = 4.0 * f64::from(LONGEST_SIDE);
        let mut cost = 0.0;
        for segment in path.segments() {
            let bounds = segment.bounding_box();
            let length = (bounds.width() + bounds.height()) * scale;
            cost += SEGMENT + LINE_PIXEL * length.min(most);
        }
        self.spend(cost);
    }

    fn paint<'b>(&mut self, paint: &Paint<'b>, bounds: Rect, is_stroke: bool)
    where
        Self: Device<'b>,
    {
        let Paint::Pattern(pattern) = paint else { return self.fill(bounds, PIXEL) };
        match &**pattern {
            Pattern::Shading(_) => self.fill(bounds, SHADED_PIXEL),
            Pattern::Tiling(tiles) => {
                // The rasteriser draws the whole box, even outside of the page.
                self.check_pixels(bounds.width(), bounds.height());
                let copies = (tiles.bbox.width() / f64::from(tiles.x_step).abs()).ceil()
                    * (tiles.bbox.height() / f64::from(tiles.y_step).abs()).ceil();
                let before = self.left;
                tiles.interpret(self, tiles.matrix, is_stroke);
                self.spend((before - self.left + LAYER) * copies.max(1.0));
                self.fill(bounds, PIXEL);
            }
        }
    }

    fn check_pixels(&self, width: f64, height: f64) {
        let pixels = width * height;
        #[expect(clippy::cast_precision_loss, reason = "a limit, not a count")]
        let most = self.context.limits().pixels as f64;
        if pixels.is_nan() || pixels > most {
            self.context.check_pixels(u64::MAX).unwrap_or_else(stop);
        }
    }

    fn mask<'b>(&mut self, mask: Option<&SoftMask<'b>>)
    where
        Self: Device<'b>,
    {
        if let Some(mask) = mask {
            self.layer();
            mask.interpret(self);
        }
    }

    fn layer(&mut self) {
        self.spend(LAYER);
        self.fill(self.area, 4.0 * PIXEL);
    }
}

/// Aborts the interpretation by unwinding; it has no other way to stop.
fn stop(error: FileError) {
    resume_unwind(Box::new(error) as Box<dyn Any + Send>);
}

impl<'a> Device<'a> for CostCounter<'_> {
    fn draw_path(&mut self, path: &BezPath, props: DrawProps<'a>, mode: &DrawMode) {
        let bounds = props.transform.transform_rect_bbox(path.bounding_box());
        self.outline(path, props.transform);
        if let DrawMode::Stroke(stroke) | DrawMode::FillAndStroke(_, stroke) = mode {
            let period: f64 = stroke.dash_array.iter().map(|&dash| f64::from(dash).abs()).sum();
            let length: f64 = path
                .segments()
                .map(|segment| segment.bounding_box())
                .map(|bounds| bounds.width() + bounds.height())
                .sum();
            #[expect(clippy::cast_precision_loss, reason = "a few dashes")]
            let dashes = stroke.dash_array.len() as f64;
            if dashes > 0.0 {
                self.spend(SEGMENT * length / period * dashes);
            }
        }
        self.mask(props.soft_mask.as_ref());
        let is_stroke = !matches!(mode, DrawMode::Fill(_));
        self.paint(&props.paint, bounds, is_stroke);
    }

    fn push_clip_path(&mut self, clip: &ClipPath) {
        self.outline(&clip.path, Affine::IDENTITY);
        self.fill(clip.path.bounding_box(), PIXEL);
    }

    fn push_transparency_group(&mut self, _: f32, mask: Option<SoftMask<'a>>, _: BlendMode) {
        self.layer();
        self.mask(mask.as_ref());
    }

    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, 'a>, props: DrawProps<'a>, _: &DrawMode) {
        self.mask(props.soft_mask.as_ref());
        for glyph in run.glyphs() {
            self.spend(GLYPH);
            let transform = glyph.transform();
            match &**glyph {
                Glyph::Type3(glyph) => {
                    glyph.interpret(self, props.transform, transform, &props.paint);
                }
                // An em has 1,000 units; few glyphs are larger.
                Glyph::Outline(_) => {
                    let em = Rect::new(0.0, 0.0, 1000.0, 1000.0);
                    let bounds = (props.transform * transform).transform_rect_bbox(em);
                    self.paint(&props.paint, bounds, false);
                }
            }
        }
    }

    fn draw_image(&mut self, image: Image<'a, '_>, props: ImageDrawProps<'a>) {
        let (width, height) = (f64::from(image.width()), f64::from(image.height()));
        self.check_pixels(width, height);
        let drawn = props.transform.transform_rect_bbox(Rect::new(0.0, 0.0, width, height));
        // An image that is reduced in either direction is scaled as a whole before drawing.
        if drawn.width() < width || drawn.height() < height {
            self.check_pixels(drawn.width(), drawn.height());
        }
        self.spend(LAYER + DECODED_PIXEL * width * height);
        self.mask(props.soft_mask.as_ref());
        self.fill(drawn, PIXEL);
    }

    fn pop_clip(&mut self) {}
    fn pop_transparency_group(&mut self) {}
}
