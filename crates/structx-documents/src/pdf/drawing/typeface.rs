//! Tells whether a font is bold or italic: by what it declares, or by the stems of its letters.
//!
//! Many fonts declare neither, or not their own: subsets lose it, and Type 1 has none.

use std::collections::HashMap;

use hayro_interpret::font::OutlineGlyph;
use hayro_interpret::kurbo::{BezPath, PathEl, Point, flatten};

/// The least weight of a bold font (OpenType: 400 is regular, 600 semi-bold, 700 bold).
const BOLD: u32 = 600;
/// The least width of a bold stem, in units of a thousandth of an em. Regular fonts have up to 95
/// (Verdana), bold ones 109 and more (Computer Modern).
const THICK: f64 = 103.0;
/// The least slope of a slanted stem, across to up: 6 degrees. Chosen by hand: italic fonts have 8
/// (Georgia) to 17.
const SLANTED: f64 = 0.105;
/// The height at which stems are measured: half of the height of small letters, below the bars of
/// capitals. Chosen by hand.
const HEIGHT: f64 = 230.0;
/// The height of the second point at which the slope is measured: chosen by hand, below the bows.
const HIGHER: f64 = 300.0;
/// Letters that begin with a stem at that height. Round strokes and capitals are thicker: 110 in Times.
const STEMS: &str = "bhijlmnprtu";
/// The tolerance for curves: chosen by hand.
const TOLERANCE: f64 = 4.0;

/// How a font looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::pdf) struct Typeface {
    pub(in crate::pdf) bold: bool,
    pub(in crate::pdf) italic: bool,
}

/// The glyphs that were judged, by their fonts.
#[derive(Debug, Default)]
pub(super) struct Typefaces(HashMap<u128, Typeface>);

impl Typefaces {
    /// That of the font of the glyph; `letter` is the text of the glyph.
    pub(super) fn of(&mut self, glyph: &OutlineGlyph, letter: Option<char>) -> Typeface {
        *self.0.entry(glyph.identifier().cache_key()).or_insert_with(|| {
            let font = glyph.font_data();
            let outline = letter.is_some_and(is_stem).then(|| glyph.outline());
            let is_heavy = font.as_ref().and_then(|font| font.weight).is_some_and(|it| it >= BOLD);
            let is_declared_italic = font.is_some_and(|font| font.is_italic);
            Typeface {
                bold: is_heavy || outline.as_ref().is_some_and(|outline| stem(outline) >= THICK),
                italic: is_declared_italic
                    || outline.is_some_and(|outline| slope(&outline) >= SLANTED),
            }
        })
    }
}

/// Whether the letter begins with a stem.
pub(super) fn is_stem(letter: char) -> bool {
    STEMS.contains(letter)
}

/// The width of the leftmost stroke of an outline; 0 if there is none.
fn stem(outline: &BezPath) -> f64 {
    let mut winding = 0;
    let crossings = crossings(outline, HEIGHT);
    for (x, direction) in &crossings {
        winding += direction;
        if winding == 0 {
            return crossings.first().map_or(0.0, |first| x - first.0);
        }
    }
    0.0
}

/// The slope of the left edge of an outline, across to up.
fn slope(outline: &BezPath) -> f64 {
    let left = |height| crossings(outline, height).first().map(|(x, _)| *x);
    let across = left(HEIGHT).zip(left(HIGHER)).map_or(0.0, |(lower, higher)| higher - lower);
    across / (HIGHER - HEIGHT)
}

/// Where the outline crosses a height, from left to right, and in which direction.
fn crossings(outline: &BezPath, height: f64) -> Vec<(f64, i32)> {
    let mut crossings: Vec<(f64, i32)> = Vec::new();
    let (mut start, mut last) = (Point::ZERO, Point::ZERO);
    let mut line = |from: Point, to: Point| {
        if (from.y < height) != (to.y < height) {
            let part = (height - from.y) / (to.y - from.y);
            crossings.push((from.x + part * (to.x - from.x), if from.y < to.y { 1 } else { -1 }));
        }
    };
    flatten(outline, TOLERANCE, |element| match element {
        PathEl::MoveTo(point) => (start, last) = (point, point),
        PathEl::LineTo(point) => {
            line(last, point);
            last = point;
        }
        _ => {
            line(last, start);
            last = start;
        }
    });
    crossings.sort_by(|a, b| a.0.total_cmp(&b.0));
    crossings
}

#[cfg(test)]
mod tests {
    use hayro_interpret::kurbo::{Affine, BezPath, Rect, Shape};

    use super::{slope, stem};

    #[test]
    fn the_leftmost_stroke_is_measured() {
        let mut letter = BezPath::new();
        for rect in [Rect::new(50.0, 0.0, 130.0, 700.0), Rect::new(400.0, 0.0, 600.0, 700.0)] {
            letter.extend(rect.to_path(1.0));
        }
        assert!((stem(&letter) - 80.0).abs() < 1e-9);
        assert!(stem(&BezPath::new()).abs() < 1e-9);
        assert!(slope(&letter).abs() < 1e-9);
        letter.apply_affine(Affine::skew(0.2, 0.0));
        assert!((slope(&letter) - 0.2).abs() < 1e-9);
        // A full stop is below.
        assert!(stem(&Rect::new(50.0, 0.0, 150.0, 100.0).to_path(1.0)).abs() < 1e-9);
    }
}
