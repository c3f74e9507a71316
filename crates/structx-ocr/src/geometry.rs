//! Points, convex hulls and rectangles at any angle. Coordinates grow to the right and downwards.

use std::f32::consts::{FRAC_PI_2, FRAC_PI_4};

use image::RgbImage;

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    pub x: f32,
    pub y: f32,
}

impl Point {
    pub fn new(x: f32, y: f32) -> Self {
        Self { x, y }
    }

    /// The place along an axis at the angle, in radians, and across it.
    pub fn along(self, angle: f32) -> (f32, f32) {
        let (sin, cos) = angle.sin_cos();
        (self.x * cos + self.y * sin, self.y * cos - self.x * sin)
    }
}

/// A rectangle. Its width lies along the angle, which is in radians clockwise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rectangle {
    pub center: Point,
    pub width: f32,
    pub height: f32,
    pub angle: f32,
}

impl Rectangle {
    /// The smallest rectangle at the angle that contains the points.
    pub fn around(points: &[Point], angle: f32) -> Self {
        let mut low = (f32::INFINITY, f32::INFINITY);
        let mut high = (f32::NEG_INFINITY, f32::NEG_INFINITY);
        for (along, across) in points.iter().map(|point| point.along(angle)) {
            low = (low.0.min(along), low.1.min(across));
            high = (high.0.max(along), high.1.max(across));
        }
        if points.is_empty() {
            (low, high) = ((0.0, 0.0), (0.0, 0.0));
        }
        let middle = Point::new(f32::midpoint(low.0, high.0), f32::midpoint(low.1, high.1));
        let (x, y) = middle.along(-angle);
        Self { center: Point { x, y }, width: high.0 - low.0, height: high.1 - low.1, angle }
    }

    /// The smallest rectangle that contains the points of a convex hull, at an angle from -45 to 45
    /// degrees: one of its sides is on a side of the hull (Freeman and Shapira 1975).
    pub fn smallest(hull: &[Point]) -> Self {
        let next = hull.iter().cycle().skip(1);
        hull.iter()
            .zip(next)
            .map(|(one, two)| Self::around(hull, upright((two.y - one.y).atan2(two.x - one.x))))
            .min_by(|one, two| one.area().total_cmp(&two.area()))
            .unwrap_or_else(|| Self::around(hull, 0.0))
    }

    /// All of an image.
    pub fn of_image(image: &RgbImage) -> Self {
        let (width, height) = (image.width() as f32, image.height() as f32);
        Self { center: Point::new(width / 2.0, height / 2.0), width, height, angle: 0.0 }
    }

    pub fn area(&self) -> f32 {
        self.width * self.height
    }

    /// With each side moved outwards by the distance.
    pub fn grown(self, distance: f32) -> Self {
        let (width, height) = (self.width + 2.0 * distance, self.height + 2.0 * distance);
        Self { width, height, ..self }
    }

    /// The same rectangle, read in a direction that is turned clockwise by a number of right angles.
    pub fn turned(self, right_angles: u8) -> Self {
        let angle = self.angle + f32::from(right_angles) * FRAC_PI_2;
        let is_odd = right_angles % 2 == 1;
        let (width, height) =
            if is_odd { (self.height, self.width) } else { (self.width, self.height) };
        Self { width, height, angle, ..self }
    }

    /// The point at a distance from the start of its width, and from that of its height.
    pub fn point(&self, along: f32, across: f32) -> Point {
        let (sin, cos) = self.angle.sin_cos();
        let (along, across) = (along - self.width / 2.0, across - self.height / 2.0);
        let x = self.center.x + along * cos - across * sin;
        Point { x, y: self.center.y + along * sin + across * cos }
    }

    /// The corners of the part between two distances from the start of its width, in reading
    /// direction: top left, top right, bottom right, bottom left.
    pub fn corners_between(&self, start: f32, end: f32) -> [Point; 4] {
        let below = self.height;
        [
            self.point(start, 0.0),
            self.point(end, 0.0),
            self.point(end, below),
            self.point(start, below),
        ]
    }
}

/// The angle between -45 and 45 degrees at which a rectangle has the same sides.
fn upright(angle: f32) -> f32 {
    let turned = angle - (angle / FRAC_PI_2).round() * FRAC_PI_2;
    turned.clamp(-FRAC_PI_4, FRAC_PI_4)
}

/// The convex hull of the points, without those on its sides (Andrew's monotone chain).
pub fn convex_hull(mut points: Vec<Point>) -> Vec<Point> {
    points.sort_by(|one, two| one.x.total_cmp(&two.x).then(one.y.total_cmp(&two.y)));
    points.dedup();
    if points.len() < 3 {
        return points;
    }
    let mut hull = half_hull(points.iter().copied());
    hull.extend(half_hull(points.iter().rev().copied()));
    hull
}

/// One side of the hull of sorted points, without its last point.
fn half_hull(points: impl Iterator<Item = Point>) -> Vec<Point> {
    let mut hull: Vec<Point> = Vec::new();
    for point in points {
        while let [.., one, two] = hull[..]
            && !turns_right(one, two, point)
        {
            hull.pop();
        }
        hull.push(point);
    }
    hull.pop();
    hull
}

fn turns_right(one: Point, two: Point, three: Point) -> bool {
    (two.x - one.x) * (three.y - one.y) - (two.y - one.y) * (three.x - one.x) > 0.0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn points() -> impl Strategy<Value = Vec<Point>> {
        let point = (0_i16..500, 0_i16..500).prop_map(|(x, y)| Point::new(x.into(), y.into()));
        proptest::collection::vec(point, 0..40)
    }

    fn contains(rectangle: &Rectangle, point: Point) -> bool {
        let center = rectangle.center.along(rectangle.angle);
        let (along, across) = point.along(rectangle.angle);
        (along - center.0).abs() <= rectangle.width / 2.0 + 0.05
            && (across - center.1).abs() <= rectangle.height / 2.0 + 0.05
    }

    #[test]
    fn smallest_rectangle_of_a_diamond_is_turned() {
        let diamond = [(10.0, 0.0), (30.0, 20.0), (20.0, 30.0), (0.0, 10.0), (15.0, 15.0)];
        let diamond = diamond.map(|(x, y)| Point::new(x, y)).to_vec();
        let found = Rectangle::smallest(&convex_hull(diamond));
        assert!((found.area() - 400.0).abs() < 0.1, "{found:?}");
        assert!((found.angle.abs() - FRAC_PI_4).abs() < 1e-4, "{found:?}");
        assert_eq!((found.center.x.round(), found.center.y.round()), (15.0, 15.0));
    }

    #[test]
    fn corners_follow_the_reading_direction() {
        let upright =
            Rectangle { center: Point::new(50.0, 20.0), width: 100.0, height: 40.0, angle: 0.0 };
        let corners = |it: Rectangle| {
            it.corners_between(0.0, it.width).map(|point| (point.x.round(), point.y.round()))
        };
        assert_eq!(corners(upright), [(0.0, 0.0), (100.0, 0.0), (100.0, 40.0), (0.0, 40.0)]);
        let quarter = upright.turned(1);
        assert_eq!(corners(quarter), [(100.0, 0.0), (100.0, 40.0), (0.0, 40.0), (0.0, 0.0)]);
        assert_eq!(corners(upright.turned(2))[0], (100.0, 40.0));
        assert_eq!(corners(upright.turned(3))[0], (0.0, 40.0));
    }

    proptest! {
        #[test]
        fn smallest_rectangle_contains_all_points(points in points()) {
            let hull = convex_hull(points.clone());
            let smallest = Rectangle::smallest(&hull);
            for &point in &points {
                prop_assert!(contains(&smallest, point), "{point:?} outside of {smallest:?}");
            }
            for degrees in -45_i8..=45 {
                let other = Rectangle::around(&hull, f32::from(degrees).to_radians());
                prop_assert!(smallest.area() <= other.area() * 1.001 + 0.5);
            }
        }

        #[test]
        fn hull_is_convex(points in points()) {
            let hull = convex_hull(points);
            let corners = hull.iter().zip(hull.iter().cycle().skip(1)).zip(hull.iter().cycle().skip(2));
            for ((&one, &two), &three) in corners.take(hull.len()) {
                prop_assert!(hull.len() < 3 || turns_right(one, two, three));
            }
        }

        #[test]
        fn turning_keeps_the_corners(points in points(), right_angles in 0_u8..4) {
            let rectangle = Rectangle::smallest(&convex_hull(points)).grown(2.0);
            let turned = rectangle.turned(right_angles);
            let corners = turned.corners_between(0.0, turned.width);
            for corner in rectangle.corners_between(0.0, rectangle.width) {
                let is_near = |it: &Point| (it.x - corner.x).hypot(it.y - corner.y) < 0.05;
                prop_assert!(corners.iter().any(is_near));
            }
        }
    }
}
