//! Where the images of a page are. Those that a writer cut into tiles or strips are put together.

use hayro_interpret::kurbo::{Point, Rect};

/// The images whose places are kept: chosen by hand. Of the others only the area counts.
const MOST_IMAGES: usize = 500;
/// How far tiles may be apart or overlap, in points: chosen by hand.
const SLACK: f64 = 0.5;
/// How much the resolutions of tiles of one image may differ: chosen by hand.
const SAME_RESOLUTION: f64 = 0.05;

/// An image, or tiles that make one.
#[derive(Debug, Clone, Copy)]
struct PlacedImage {
    bounds: Rect,
    /// Pixels per point.
    resolution: f64,
}

/// The images of a page, in the order in which they are drawn.
#[derive(Debug, Default)]
pub(in crate::pdf) struct PlacedImages {
    placed: Vec<PlacedImage>,
    area: f64,
}

impl PlacedImages {
    /// Adds an image with its resolution in pixels per point.
    pub(super) fn add(&mut self, bounds: Rect, resolution: f64) {
        self.area += bounds.area();
        let mut image = PlacedImage { bounds, resolution };
        // A tile completes its row, and then the row completes those above.
        while let Some(joined) = self.placed.last().and_then(|last| last.joined(&image)) {
            self.placed.pop();
            image = joined;
        }
        if self.placed.len() < MOST_IMAGES {
            self.placed.push(image);
        }
    }

    /// The area of all; overlaps count twice.
    pub(in crate::pdf) fn area(&self) -> f64 {
        self.area
    }

    pub(in crate::pdf) fn contain(&self, point: Point) -> bool {
        self.placed.iter().any(|image| image.bounds.contains(point))
    }

    /// The highest resolution among those of at least this area, in pixels per point.
    pub(in crate::pdf) fn finest(&self, least_area: f64) -> Option<f64> {
        let large = self.placed.iter().filter(|image| image.bounds.area() >= least_area);
        large.map(|image| image.resolution).reduce(f64::max)
    }
}

impl PlacedImage {
    /// Both as one image, if they have a side in common.
    fn joined(&self, next: &Self) -> Option<Self> {
        let (one, two) = (self.bounds, next.bounds);
        let near = |one: f64, two: f64| (one - two).abs() <= SLACK;
        let is_beside = near(one.y0, two.y0)
            && near(one.y1, two.y1)
            && (near(one.x1, two.x0) || near(one.x0, two.x1));
        let is_below = near(one.x0, two.x0)
            && near(one.x1, two.x1)
            && (near(one.y1, two.y0) || near(one.y0, two.y1));
        let is_same = (self.resolution / next.resolution - 1.0).abs() <= SAME_RESOLUTION;
        let resolution = self.resolution.max(next.resolution);
        ((is_beside || is_below) && is_same).then(|| Self { bounds: one.union(two), resolution })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_are_put_together() {
        let mut images = PlacedImages::default();
        for row in 0..30 {
            for column in 0..40 {
                let (x, y) = (f64::from(column) * 10.0, f64::from(row) * 10.0);
                images.add(Rect::new(x, y, x + 10.0, y + 10.0), 2.0);
            }
        }
        assert_eq!(images.placed.len(), 1);
        assert!((images.area() - 120_000.0).abs() < 1e-6);
        assert_eq!(images.finest(120_000.0), Some(2.0));
        assert!(images.contain(Point::new(395.0, 295.0)));
        assert!(!images.contain(Point::new(405.0, 5.0)));
    }

    #[test]
    fn other_images_stay_apart_and_count_beyond_the_most() {
        let mut images = PlacedImages::default();
        images.add(Rect::new(0.0, 0.0, 100.0, 100.0), 2.0);
        // A side in common, but another resolution.
        images.add(Rect::new(100.0, 0.0, 200.0, 100.0), 4.0);
        assert_eq!((images.placed.len(), images.finest(5_000.0)), (2, Some(4.0)));
        for place in 0..2 * MOST_IMAGES {
            let x = 20.0 * f64::from(u32::try_from(place).unwrap());
            images.add(Rect::new(x, 300.0, x + 10.0, 310.0), 1.0);
        }
        assert_eq!(images.placed.len(), MOST_IMAGES);
        assert!((images.area() - 120_000.0).abs() < 1e-6);
    }
}
