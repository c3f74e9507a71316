//! The horizontal and vertical lines of a page, which may be the ruling lines of tables.

use std::collections::VecDeque;

use hayro_interpret::kurbo::{Affine, BezPath, PathEl, Point, Rect};
use hayro_interpret::{DrawMode, Paint};

/// A page with more lines is a drawing: chosen by hand, not measured.
const MOST_RULES: usize = 20_000;
/// A path with more elements is a drawing: chosen by hand, not measured.
const MOST_ELEMENTS: usize = 2_000;
/// The largest width in points of a filled rectangle that is a line: chosen by hand.
const MOST_WIDTH: f64 = 3.0;
/// The least length in points of a line or of a dot in a dotted line: chosen by hand.
const LEAST_LENGTH: f64 = 0.5;
/// The largest deviation in points from horizontal or vertical: chosen by hand.
const SLANT: f64 = 0.5;
/// The fills among which one of the same colour around another is looked for: chosen by hand.
const RECENT: usize = 64;
/// Colour components above this are white, on a scale of 0 to 1: chosen by hand.
const WHITE: f32 = 0.99;

/// A line on the page, or the edge of a filled area.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::pdf) struct RulingLine {
    pub(in crate::pdf) level: bool,
    /// The y of a horizontal line, the x of a vertical one.
    pub(in crate::pdf) at: f64,
    /// The extent: x of a horizontal line, y of a vertical one.
    pub(in crate::pdf) start: f64,
    pub(in crate::pdf) end: f64,
}

impl RulingLine {
    /// The line between two points, level or upright, whichever it is more.
    pub(in crate::pdf) fn between(from: Point, to: Point) -> Self {
        let level = (to.x - from.x).abs() >= (to.y - from.y).abs();
        let (at, start, end) = if level {
            (f64::midpoint(from.y, to.y), from.x, to.x)
        } else {
            (f64::midpoint(from.x, to.x), from.y, to.y)
        };
        Self { level, at, start: start.min(end), end: start.max(end) }
    }

    /// The line in other coordinates; `None` if it is neither level nor upright there.
    pub(in crate::pdf) fn turned(&self, to_other: impl Fn(Point) -> Point) -> Option<Self> {
        let [from, to] = [self.start, self.end].map(|along| {
            let (x, y) = if self.level { (along, self.at) } else { (self.at, along) };
            to_other(Point::new(x, y))
        });
        is_straight(from, to).then(|| Self::between(from, to))
    }

    pub(in crate::pdf) fn length(&self) -> f64 {
        self.end - self.start
    }
}

/// Collects the ruling lines among the paths of a page.
#[derive(Debug, Default)]
pub(in crate::pdf) struct RulingLines {
    found: Vec<RulingLine>,
    drawn: usize,
    /// The last filled areas and their colours.
    fills: VecDeque<(Rect, Colour)>,
}

/// Red, green, blue and alpha; `None` for a pattern.
type Colour = Option<[f32; 4]>;

impl RulingLines {
    /// The lines in arbitrary order; none if there are too many for tables.
    pub(in crate::pdf) fn found(self) -> Vec<RulingLine> {
        if self.drawn > MOST_RULES { Vec::new() } else { self.found }
    }

    /// Adds the lines of a visible rectangle.
    pub(super) fn rect(&mut self, rect: Rect, transform: Affine, paint: &Paint) {
        if self.has_room() {
            let corners = [(rect.x0, rect.y0), (rect.x1, rect.y0), (rect.x1, rect.y1)];
            let corners = corners.map(|(x, y)| transform * Point::new(x, y));
            let level = (corners[0].y - corners[1].y).abs() < SLANT;
            let upright = (corners[0].x - corners[1].x).abs() < SLANT;
            if level || upright {
                self.fill(Rect::from_points(corners[0], corners[2]), colour(paint));
            }
        }
    }

    /// Adds the lines of a visible path.
    pub(super) fn path(
        &mut self,
        path: &BezPath,
        transform: Affine,
        mode: &DrawMode,
        paint: &Paint,
    ) {
        if path.elements().len() > MOST_ELEMENTS || !self.has_room() {
            return;
        }
        let filled = matches!(mode, DrawMode::Fill(_)).then(|| colour(paint));
        let mut points: Vec<Point> = Vec::new();
        let mut straight = true;
        for element in path.elements() {
            match *element {
                PathEl::MoveTo(point) => {
                    self.subpath(&points, filled, straight);
                    points.clear();
                    points.push(transform * point);
                    straight = true;
                }
                PathEl::LineTo(point) => points.push(transform * point),
                PathEl::ClosePath => points.extend(points.first().copied()),
                PathEl::QuadTo(..) | PathEl::CurveTo(..) => straight = false,
            }
        }
        self.subpath(&points, filled, straight);
    }

    fn has_room(&self) -> bool {
        self.drawn <= MOST_RULES
    }

    /// Adds the lines of a subpath.
    fn subpath(&mut self, points: &[Point], filled: Option<Colour>, straight: bool) {
        if !straight || points.len() < 2 {
            return;
        }
        let Some(colour) = filled else {
            for pair in points.windows(2) {
                self.line(pair[0], pair[1]);
            }
            return;
        };
        if points.len() <= 6 && points.windows(2).all(|pair| is_straight(pair[0], pair[1])) {
            let corner = |area: Rect, point: &Point| area.union_pt(*point);
            let first = Rect::from_points(points[0], points[0]);
            self.fill(points.iter().fold(first, corner), colour);
        }
    }

    /// Adds the lines of a filled area, unless it lies within one of the same colour, as the shading
    /// of a paragraph does in a shaded cell: its edges can't be seen.
    fn fill(&mut self, area: Rect, colour: Colour) {
        let holds = |(other, of_other): &(Rect, Colour)| {
            colour.is_some()
                && *of_other == colour
                && other.inflate(SLANT, SLANT).contains_rect(area)
        };
        if self.fills.iter().any(holds) {
            return;
        }
        if self.fills.len() == RECENT {
            self.fills.pop_front();
        }
        self.fills.push_back((area, colour));
        self.area(area);
    }

    /// Adds a thin rectangle as one line, and a larger one as its edges.
    fn area(&mut self, area: Rect) {
        let middle = area.center();
        if area.height() <= MOST_WIDTH && area.width() > area.height() {
            self.line(Point::new(area.x0, middle.y), Point::new(area.x1, middle.y));
        } else if area.width() <= MOST_WIDTH {
            self.line(Point::new(middle.x, area.y0), Point::new(middle.x, area.y1));
        } else {
            let corners = [(area.x0, area.y0), (area.x1, area.y0), (area.x1, area.y1)];
            let [a, b, c] = corners.map(|(x, y)| Point::new(x, y));
            let d = Point::new(area.x0, area.y1);
            for (from, to) in [(a, b), (b, c), (c, d), (d, a)] {
                self.line(from, to);
            }
        }
    }

    fn line(&mut self, from: Point, to: Point) {
        if !from.is_finite() || !to.is_finite() || !is_straight(from, to) {
            return;
        }
        let ruling = RulingLine::between(from, to);
        if ruling.length() >= LEAST_LENGTH {
            self.drawn += 1;
            if self.drawn <= MOST_RULES {
                self.found.push(ruling);
            }
        }
    }
}

fn colour(paint: &Paint) -> Colour {
    match paint {
        Paint::Color(color) => Some(color.to_rgba().components()),
        Paint::Pattern(_) => None,
    }
}

/// Whether a path is visible; white ones are not.
pub(super) fn is_visible(paint: &Paint, mode: &DrawMode) -> bool {
    let is_white = match paint {
        Paint::Color(color) => {
            let [red, green, blue, alpha] = color.to_rgba().components();
            alpha == 0.0 || [red, green, blue].iter().all(|part| *part > WHITE)
        }
        Paint::Pattern(_) => false,
    };
    !is_white && !matches!(mode, DrawMode::Invisible)
}

fn is_straight(from: Point, to: Point) -> bool {
    (to.x - from.x).abs() <= SLANT || (to.y - from.y).abs() <= SLANT
}

/// A horizontal line.
#[cfg(test)]
pub(in crate::pdf) fn level(at: f64, start: f64, end: f64) -> RulingLine {
    RulingLine { level: true, at, start, end }
}

/// A vertical line.
#[cfg(test)]
pub(in crate::pdf) fn upright(at: f64, start: f64, end: f64) -> RulingLine {
    RulingLine { level: false, at, start, end }
}

#[cfg(test)]
mod tests {
    use hayro_interpret::kurbo::{Point, Rect};

    use super::{MOST_RULES, RulingLines, level, upright};

    #[test]
    fn a_thin_rectangle_is_one_line_and_a_wide_one_four() {
        let found = |rect| {
            let mut rulings = RulingLines::default();
            rulings.area(rect);
            rulings.found()
        };
        assert_eq!(found(Rect::new(0.0, 10.0, 100.0, 12.0)), [level(11.0, 0.0, 100.0)]);
        assert_eq!(found(Rect::new(10.0, 0.0, 12.0, 100.0)), [upright(11.0, 0.0, 100.0)]);
        let edges = [
            level(0.0, 0.0, 100.0),
            upright(100.0, 0.0, 50.0),
            level(50.0, 0.0, 100.0),
            upright(0.0, 0.0, 50.0),
        ];
        assert_eq!(found(Rect::new(0.0, 0.0, 100.0, 50.0)), edges);
    }

    #[test]
    fn an_area_within_one_of_its_colour_has_no_edges() {
        let grey = Some([0.8, 0.8, 0.8, 1.0]);
        let (cell, text) = (Rect::new(0.0, 0.0, 100.0, 50.0), Rect::new(5.0, 0.0, 95.0, 12.0));
        let edges = |inner| {
            let mut rulings = RulingLines::default();
            rulings.fill(cell, grey);
            rulings.fill(text, inner);
            rulings.found().len()
        };
        assert_eq!(edges(grey), 4);
        assert_eq!(edges(Some([0.5, 0.5, 0.5, 1.0])), 8);
        assert_eq!(edges(None), 8, "a pattern");
    }

    #[test]
    fn slanted_and_tiny_lines_are_ignored() {
        let found = |x, y| {
            let mut rulings = RulingLines::default();
            rulings.subpath(&[Point::ZERO, Point::new(x, y)], None, true);
            rulings.found().len()
        };
        assert_eq!([found(100.0, 0.4), found(100.0, 0.6), found(0.3, 0.0)], [1, 0, 0]);
    }

    #[test]
    fn a_page_with_too_many_lines_has_none() {
        let mut rulings = RulingLines::default();
        for _ in 0..=MOST_RULES {
            rulings.line(Point::ZERO, Point::new(9.0, 0.0));
        }
        assert_eq!(rulings.found(), []);
    }
}
