//! Parts of an image at any size and angle, as the input of a network.

use image::RgbImage;

use crate::geometry::{Point, Rectangle};

/// The color that both networks were trained with for 0, and its distance to 1.
#[derive(Debug, Clone, Copy)]
pub struct Normalization {
    /// Of blue, green and red.
    pub mean: [f32; 3],
    pub deviation: [f32; 3],
}

/// Where the pixels of a patch are in the image: the place of its top left corner, and the steps to
/// the next pixel and the next row.
#[derive(Debug, Clone, Copy)]
pub struct Placement {
    pub origin: Point,
    pub across: Point,
    pub down: Point,
}

impl Placement {
    /// A rectangle of the image as a patch of a size in pixels.
    pub fn of(rectangle: &Rectangle, width: usize, height: usize) -> Self {
        let origin = rectangle.point(0.0, 0.0);
        let (right, below) =
            (rectangle.point(rectangle.width, 0.0), rectangle.point(0.0, rectangle.height));
        let step = |to: Point, count: usize| {
            Point::new((to.x - origin.x) / count as f32, (to.y - origin.y) / count as f32)
        };
        Self { origin, across: step(right, width), down: step(below, height) }
    }
}

/// Writes a patch of `width` pixels in each row as planes of blue, green and red, whose rows are
/// `stride` values apart. A pixel is the mean of what it covers; beyond the image is its edge.
pub fn write(
    image: &RgbImage,
    placement: &Placement,
    normalization: &Normalization,
    width: usize,
    stride: usize,
    planes: &mut [f32],
) {
    let Placement { origin, across, down } = *placement;
    let sampler = Sampler::new(image, across, down);
    let plane = planes.len() / 3;
    let rows = plane / stride.max(1);
    let [blue, green, red] = [0, 1, 2].map(|channel| {
        let scale = 1.0 / normalization.deviation[channel];
        move |value: f32| (value / 255.0 - normalization.mean[channel]) * scale
    });
    for row in 0..rows {
        let start = Point::new(origin.x + down.x * row as f32, origin.y + down.y * row as f32);
        for column in 0..width {
            let x = start.x + across.x * column as f32;
            let y = start.y + across.y * column as f32;
            let color = sampler.mean(x, y);
            let place = row * stride + column;
            planes[place] = blue(color[2]);
            planes[plane + place] = green(color[1]);
            planes[2 * plane + place] = red(color[0]);
        }
    }
}

struct Sampler<'a> {
    image: &'a RgbImage,
    /// From the corner of a pixel to the points whose mean it is.
    offsets: Vec<Point>,
}

impl<'a> Sampler<'a> {
    fn new(image: &'a RgbImage, across: Point, down: Point) -> Self {
        let count = |step: Point| step.x.hypot(step.y).ceil().clamp(1.0, 8.0);
        let (columns, rows) = (count(across), count(down));
        let mut offsets = Vec::new();
        let mut row = 0.5;
        while row < rows {
            let mut column = 0.5;
            while column < columns {
                let (right, below) = (column / columns, row / rows);
                // A pixel's value is that of its center.
                offsets.push(Point::new(
                    across.x * right + down.x * below - 0.5,
                    across.y * right + down.y * below - 0.5,
                ));
                column += 1.0;
            }
            row += 1.0;
        }
        Self { image, offsets }
    }

    fn mean(&self, x: f32, y: f32) -> [f32; 3] {
        let mut sum = [0.0; 3];
        for offset in &self.offsets {
            self.add(x + offset.x, y + offset.y, &mut sum);
        }
        let count = self.offsets.len() as f32;
        sum.map(|it| it / count)
    }

    /// Adds the color at a point, interpolated linearly.
    fn add(&self, x: f32, y: f32, sum: &mut [f32; 3]) {
        let (width, height) = self.image.dimensions();
        let x = x.clamp(0.0, (width - 1) as f32);
        let y = y.clamp(0.0, (height - 1) as f32);
        let (left, top) = (x as usize, y as usize);
        let (right_part, lower_part) = (x - left as f32, y - top as f32);
        let pixels = self.image.as_raw();
        let row = 3 * width as usize;
        let next = if left + 1 < width as usize { 3 } else { 0 };
        let below = if top + 1 < height as usize { row } else { 0 };
        let place = top * row + 3 * left;
        for (channel, sum) in sum.iter_mut().enumerate() {
            let at = |offset: usize| f32::from(pixels[place + channel + offset]);
            let upper = at(0) + (at(next) - at(0)) * right_part;
            let lower = at(below) + (at(below + next) - at(below)) * right_part;
            *sum += upper + (lower - upper) * lower_part;
        }
    }
}
