//! Tells which pages have text in images only, and draws these for text recognition.

use std::collections::HashSet;

use hayro_interpret::hayro_cmap::BfString;
use hayro_interpret::kurbo::{Point, Rect};
use hayro_syntax::page::Page;
use image::RgbImage;

use super::drawing::Drawing;
use super::render;
use crate::context::ReadContext;
use crate::scans::MOST_PIXELS;
use crate::{FileError, Ocr};

/// The visible characters with a Unicode value for each one without, below which a page is
/// unreadable. Chosen by hand: a tenth of a page may be all its amounts.
const LEAST_MAPPED: usize = 9;
/// The least share of a page that its images cover if they may be scans: chosen by hand.
const LEAST_PICTURED: f64 = 0.1;
/// The share of a page that its images cover if its text may be that of an earlier text recognition:
/// chosen by hand.
const MOSTLY_PICTURED: f64 = 0.5;
/// The least share of images over which there is text, in cells of a page: chosen by hand. A stamp or a
/// watermark is over less.
const LEAST_COVERED: f64 = 0.04;
/// The cells of a page's width, and of its height: chosen by hand.
const CELLS: f64 = 32.0;
/// The least share of letters and digits in a text that can be read: chosen by hand.
const LEAST_LETTERS: f64 = 0.7;
/// Pixels per point for pages without images: 200 dots per inch. Chosen by hand.
const USUAL_SCALE: f64 = 200.0 / 72.0;
/// The bounds of the resolution of images that is kept: 150 and 300 dots per inch. Chosen by hand.
const LEAST_SCALE: f64 = 150.0 / 72.0;
const MOST_SCALE: f64 = 300.0 / 72.0;

/// How much of a page's text is only in images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scanned {
    Nothing,
    /// Images among text.
    Parts,
    /// All of it, or the text of the file is of no use.
    Whole,
}

impl Scanned {
    pub(super) fn of(drawing: &Drawing, area: Rect, ocr: Ocr) -> Self {
        let has_ink = !drawing.glyphs.is_empty() || drawing.has_graphics || drawing.unmapped > 0;
        let is_all_wanted = ocr == Ocr::Always && has_ink;
        if is_all_wanted || is_drawn_only(drawing) || has_bad_text(drawing, area) {
            return Self::Whole;
        }
        let pictured = drawing.images.area();
        let is_pictured = pictured >= LEAST_PICTURED * area.area();
        if is_pictured && covered(drawing, area) < LEAST_COVERED * pictured {
            return Self::Parts;
        }
        Self::Nothing
    }
}

/// Whether the page has no usable text, but something else.
pub(super) fn is_drawn_only(drawing: &Drawing) -> bool {
    let visible = drawing.glyphs.iter().filter(|glyph| glyph.is_visible()).count();
    let is_drawn = drawing.has_graphics || drawing.unmapped > 0;
    (visible == 0 && is_drawn) || visible < LEAST_MAPPED * drawing.unmapped
}

/// Whether the page is an image with a text that an earlier text recognition misread.
fn has_bad_text(drawing: &Drawing, area: Rect) -> bool {
    if drawing.images.area() < MOSTLY_PICTURED * area.area() {
        return false;
    }
    let (mut all, mut letters) = (0.0, 0.0);
    let mut before = None;
    for glyph in drawing.glyphs.iter().filter(|glyph| glyph.is_visible()) {
        let is_letter = match &glyph.text {
            BfString::Char(character) => character.is_alphanumeric(),
            BfString::String(text) => text.contains(char::is_alphanumeric),
        };
        // The dots before a page number, or the line to write on, are one mark.
        if is_letter || before != Some(&glyph.text) {
            all += 1.0;
            letters += f64::from(u8::from(is_letter));
        }
        before = Some(&glyph.text);
    }
    letters < LEAST_LETTERS * all
}

/// The area of the cells in which letters begin that are over images.
fn covered(drawing: &Drawing, area: Rect) -> f64 {
    let is_over = |at: Point| drawing.images.contain(at);
    let over = drawing.glyphs.iter().filter(|glyph| glyph.is_visible() && is_over(glyph.origin));
    #[expect(clippy::cast_possible_truncation, reason = "the number of a cell is small")]
    let cell = |at: f64, side: f64| (at / side.max(1.0) * CELLS).clamp(-1.0, CELLS) as i8;
    let cells: HashSet<(i8, i8)> = over
        .map(|glyph| (cell(glyph.origin.x, area.width()), cell(glyph.origin.y, area.height())))
        .collect();
    #[expect(clippy::cast_precision_loss, reason = "cells are few")]
    let count = cells.len() as f64;
    count * area.area() / (CELLS * CELLS)
}

/// The pixels per point that a page should have: those of its images.
pub(super) fn scale(drawing: &Drawing, area: Rect) -> f64 {
    let finest = drawing.images.finest(LEAST_PICTURED * area.area());
    finest.map_or(USUAL_SCALE, |finest| finest.clamp(LEAST_SCALE, MOST_SCALE))
}

/// The image of a page, at this scale unless it would be too large.
///
/// # Errors
/// Drawing it would exceed the limits.
pub(super) fn draw(
    context: &ReadContext,
    page: &Page<'_>,
    scale: f64,
) -> Result<RgbImage, FileError> {
    let scale = render::bounded_scale(page, scale, MOST_PIXELS.into())
        .ok_or_else(|| context.corrupt("has a page whose size can't be rendered"))?;
    render::draw(context, page, scale)
}
