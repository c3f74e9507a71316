//! How a text is turned on its page, and its reading coordinates: x along the line, y down the lines.

use hayro_interpret::kurbo::{Point, Rect, Vec2};

/// The largest deviation from a multiple of 90 degrees that is ignored, in degrees: chosen by hand.
const SLANT: i32 = 10;
/// Other rotations are rounded to multiples of this, in degrees: chosen by hand.
const STEP: i32 = 15;
const HUNDREDTHS: i32 = 100;
const TURN: i32 = 360 * HUNDREDTHS;

/// The rotation of a text, in hundredths of a degree clockwise, and whether it is seen in a mirror, left
/// and right exchanged; upright ones first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::pdf) struct Rotation(i32, bool);

impl Rotation {
    pub(in crate::pdf) const UPRIGHT: Self = Self(0, false);

    /// The rotation of this many degrees, such as that of a skewed scan.
    pub(in crate::pdf) fn of_degrees(degrees: f64) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "an angle in degrees")]
        let hundredths = (degrees % 360.0 * f64::from(HUNDREDTHS)).round() as i32;
        Self((hundredths + SLANT * HUNDREDTHS).rem_euclid(TURN) - SLANT * HUNDREDTHS, false)
    }

    /// The rotation of a text whose lines run in this direction, without a small deviation.
    pub(in crate::pdf) fn along(direction: Vec2, mirrored: bool) -> Self {
        if mirrored {
            return Self(Self::along(Vec2::new(-direction.x, direction.y), false).0, true);
        }
        // The usual case.
        if direction.y == 0.0 && direction.x >= 0.0 {
            return Self::UPRIGHT;
        }
        #[expect(clippy::cast_possible_truncation, reason = "an angle in degrees")]
        let degrees = direction.atan2().to_degrees().round() as i32;
        let quarter = (degrees + 405).rem_euclid(360) / 90 * 90;
        let off = (degrees - quarter + 180).rem_euclid(360) - 180;
        if off.abs() <= SLANT {
            return Self(quarter * HUNDREDTHS, false);
        }
        Self((degrees + 360 + STEP / 2).rem_euclid(360) / STEP * STEP * HUNDREDTHS, false)
    }

    /// Whether it differs from this direction by a small deviation only.
    pub(in crate::pdf) fn is_along(self, direction: Vec2) -> bool {
        self.is_near(Self::of_degrees(direction.atan2().to_degrees()))
    }

    /// Whether the two differ by a small deviation only.
    pub(in crate::pdf) fn is_near(self, other: Self) -> bool {
        let off = self.0 - other.0;
        self.1 == other.1
            && ((off + TURN / 2).rem_euclid(TURN) - TURN / 2).abs() <= SLANT * HUNDREDTHS
    }

    /// How far a direction deviates from it, in degrees from -180 to 180.
    pub(in crate::pdf) fn deviation(self, direction: Vec2) -> f64 {
        let off = direction.atan2().to_degrees() - f64::from(self.0) / f64::from(HUNDREDTHS);
        (off + 180.0).rem_euclid(360.0) - 180.0
    }

    fn sin_cos(self) -> (f64, f64) {
        match self.0 {
            0 => (0.0, 1.0),
            9_000 => (1.0, 0.0),
            18_000 => (0.0, -1.0),
            27_000 => (-1.0, 0.0),
            other => (f64::from(other) / f64::from(HUNDREDTHS)).to_radians().sin_cos(),
        }
    }

    /// Converts a point of the page to reading coordinates.
    pub(in crate::pdf) fn to_reading(self, point: Point) -> Point {
        let (sin, cos) = self.sin_cos();
        let x = if self.1 { -point.x } else { point.x };
        Point::new(x * cos + point.y * sin, point.y * cos - x * sin)
    }

    pub(in crate::pdf) fn to_page(self, point: Point) -> Point {
        let (sin, cos) = self.sin_cos();
        let x = point.x * cos - point.y * sin;
        Point::new(if self.1 { -x } else { x }, point.y * cos + point.x * sin)
    }

    /// The box on the page of an area in reading coordinates.
    pub(in crate::pdf) fn area_on_page(self, area: Rect) -> Rect {
        let corner = |x, y| self.to_page(Point::new(x, y));
        let Rect { x0, y0, x1, y1 } = area;
        Rect::from_points(corner(x0, y0), corner(x1, y1))
            .union(Rect::from_points(corner(x1, y0), corner(x0, y1)))
    }
}

#[cfg(test)]
mod tests {
    use hayro_interpret::kurbo::{Point, Rect, Vec2};

    use super::Rotation;

    #[test]
    fn a_small_skew_is_kept_for_scans_and_ignored_for_glyphs() {
        let skewed = Rotation::of_degrees(358.5);
        assert!(skewed < Rotation::UPRIGHT && skewed == Rotation::of_degrees(-1.5));
        let direction = Vec2::from_angle(-1.5_f64.to_radians());
        assert_eq!(Rotation::along(direction, false), Rotation::UPRIGHT);
        assert!(skewed.is_along(direction) && Rotation::UPRIGHT.is_along(direction));
        assert!(!Rotation::of_degrees(90.0).is_along(direction));
        assert!(Rotation::of_degrees(180.0).is_along(Vec2::from_angle(-178_f64.to_radians())));
    }

    #[test]
    fn a_mirrored_text_runs_to_the_right_in_reading_coordinates() {
        let mirrored = Rotation::along(Vec2::new(-1.0, 0.0), true);
        assert!(mirrored != Rotation::UPRIGHT && mirrored != Rotation::of_degrees(180.0));
        let (first, next) = (Point::new(300.0, 40.0), Point::new(250.0, 40.0));
        let (first, next) = (mirrored.to_reading(first), mirrored.to_reading(next));
        assert!(first.x < next.x && (first.y - 40.0).abs() < 1e-9);
        assert!(mirrored.to_page(next).distance(Point::new(250.0, 40.0)) < 1e-9);
    }

    #[test]
    fn an_area_covers_what_it_covers_in_reading_coordinates() {
        let rotation = Rotation::of_degrees(2.0);
        let area = Rect::new(10.0, 20.0, 200.0, 32.0);
        let shown = rotation.area_on_page(area);
        for (x, y) in [(10.0, 20.0), (200.0, 20.0), (200.0, 32.0), (10.0, 32.0)] {
            let corner = rotation.to_page(Point::new(x, y));
            assert!(shown.inflate(1e-9, 1e-9).contains(corner), "{corner:?} in {shown:?}");
            let back = rotation.to_reading(corner);
            assert!(back.distance(Point::new(x, y)) < 1e-9, "{back:?}");
        }
    }
}
