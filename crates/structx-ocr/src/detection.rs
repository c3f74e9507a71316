//! Where text is in an image: the detection network and what makes boxes of its map (Liao et al.,
//! Real-time Scene Text Detection with Differentiable Binarization, 2020).

use std::path::Path;

use image::RgbImage;
use structx_documents::recognition::RecognitionError;

use crate::components::{Map, Run, components};
use crate::geometry::{Point, Rectangle, convex_hull};
use crate::network::{Network, Session};
use crate::patch::{self, Normalization, Placement};

/// The `ImageNet` values, as in the network's training configuration (`PaddleOCR`,
/// `configs/det/PP-OCRv6/PP-OCRv6_small_det.yml`), also the next four.
const NORMALIZATION: Normalization =
    Normalization { mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225] };
/// The probability from which a pixel is text.
const TEXT: f32 = 0.3;
/// The mean probability from which a component is text.
const SURE_TEXT: f32 = 0.6;
/// The network is trained on text that is shrunk; a box grows by this times its area, divided by its
/// circumference.
const GROWTH: f32 = 1.5;
/// The shortest side of a component, in pixels of the map, as in `PaddleOCR`'s `DBPostProcess`.
const SMALLEST: f32 = 3.0;
/// The network halves its input five times.
const MULTIPLE: usize = 32;
/// The shorter side is at least, and the longer at most, so many pixels. Measured with
/// `bench/documents/ocr.py`: with 736 and 2000, as `RapidOCR` has it, recall is no higher, on receipts even
/// lower, and a page takes a third more time.
const SHORT_SIDE: f32 = 480.0;
const LONG_SIDE: f32 = 1600.0;
/// The pixels that the network sees at once: their number bounds memory and time of a step.
const BAND: usize = 1 << 20;
/// How far bands overlap, so that the network sees what is around the text at their edges.
const OVERLAP: usize = 128;
/// More boxes than a page can have; of a noisy image only so many are read, the largest.
const MOST_BOXES: usize = 3000;

pub struct Detector(Network);

impl Detector {
    pub fn load(path: &Path) -> Result<Self, RecognitionError> {
        Network::load(path).map(Self)
    }

    /// The boxes of lines of text, in pixels of the image.
    pub fn find(
        &self,
        session: &Session<'_>,
        image: &RgbImage,
    ) -> Result<Vec<Rectangle>, RecognitionError> {
        let size = map_size(image);
        let map = self.map(session, image, size)?;
        let scale =
            Point::new(image.width() as f32 / size.0 as f32, image.height() as f32 / size.1 as f32);
        Ok(boxes(&map, scale))
    }

    /// For each pixel of a map of the size, how probable it is that it is text.
    fn map(
        &self,
        session: &Session<'_>,
        image: &RgbImage,
        (width, height): (usize, usize),
    ) -> Result<Map, RecognitionError> {
        let whole = Rectangle::of_image(image);
        let placement = Placement::of(&whole, width, height);
        let bands: Vec<_> = bands(width, height).collect();
        let found = session.side_by_side(&bands, |&(start, end)| {
            let origin = Point::new(0.0, placement.down.y * start as f32);
            let mut input = vec![0.0; 3 * width * (end - start)];
            let placement = Placement { origin, ..placement };
            patch::write(image, &placement, &NORMALIZATION, width, width, &mut input);
            let shape = [1, 3, end - start, width];
            let (found, band) = self.0.run::<4>(session, shape, input)?;
            if found != [1, 1, end - start, width] {
                let problem = "the detection network gives a map of another size";
                return Err(RecognitionError::Failed(problem.to_owned()));
            }
            Ok(band)
        })?;
        if found.len() < bands.len() {
            return Err(RecognitionError::Stopped);
        }
        let mut values = Vec::with_capacity(width * height);
        for (&(start, _), band) in bands.iter().zip(found) {
            // The upper half of an overlap is that of the band before.
            let known = values.len() / width;
            let known = if start == 0 { 0 } else { known.min(start + OVERLAP / 2) };
            values.truncate(known * width);
            values.extend_from_slice(&band[(known - start) * width..]);
        }
        Ok(Map { width, values })
    }
}

/// The width and height of the map.
fn map_size(image: &RgbImage) -> (usize, usize) {
    let (width, height) = (image.width() as f32, image.height() as f32);
    let scale = (SHORT_SIDE / width.min(height)).max(1.0).min(LONG_SIDE / width.max(height));
    let multiple =
        |side: f32| ((side * scale / MULTIPLE as f32).round().max(1.0) as usize) * MULTIPLE;
    (multiple(width), multiple(height))
}

/// Ranges of rows.
fn bands(width: usize, height: usize) -> impl Iterator<Item = (usize, usize)> {
    let most = (BAND / width / MULTIPLE * MULTIPLE).max(2 * OVERLAP);
    let mut next = Some(0);
    std::iter::from_fn(move || {
        let start = next?;
        let end = (start + most).min(height);
        next = (end < height).then(|| end - OVERLAP);
        Some((start, end))
    })
}

/// The boxes of the text in a map, of whose pixels each is `scale` pixels of the image.
pub fn boxes(map: &Map, scale: Point) -> Vec<Rectangle> {
    let found = components(map, TEXT);
    let mut boxes: Vec<Rectangle> = found
        .iter()
        .filter(|runs| mean(map, runs) >= SURE_TEXT)
        .filter_map(|runs| text_box(runs, scale))
        .collect();
    boxes.sort_by(|one, two| two.area().total_cmp(&one.area()));
    boxes.truncate(MOST_BOXES);
    boxes
}

fn mean(map: &Map, runs: &[Run]) -> f32 {
    let pixels = runs.iter().map(|run| run.pixels.len()).sum::<usize>();
    let row = |run: &Run| {
        let start = run.y * map.width;
        map.values[start + run.pixels.start..start + run.pixels.end].iter().sum::<f32>()
    };
    runs.iter().map(row).sum::<f32>() / pixels as f32
}

/// The box of a component, grown to the size of its text; none if it is too small for text.
fn text_box(runs: &[Run], scale: Point) -> Option<Rectangle> {
    let corners = runs.iter().flat_map(|run| {
        let (left, right) = (run.pixels.start as f32, run.pixels.end as f32);
        let (top, bottom) = (run.y as f32, (run.y + 1) as f32);
        [(left, top), (right, top), (left, bottom), (right, bottom)]
    });
    let corners = corners.map(|(x, y)| Point::new(x * scale.x, y * scale.y)).collect();
    let smallest = Rectangle::smallest(&convex_hull(corners));
    let least = SMALLEST * scale.x.min(scale.y);
    if smallest.width.min(smallest.height) < least {
        return None;
    }
    let circumference = 2.0 * (smallest.width + smallest.height);
    Some(smallest.grown(GROWTH * smallest.area() / circumference))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bands_cover_all_rows_and_overlap() {
        for (width, height) in [(32, 32), (736, 1600), (2016, 2016), (32, 2016)] {
            let bands: Vec<_> = bands(width, height).collect();
            assert_eq!((bands[0].0, bands[bands.len() - 1].1), (0, height));
            for pair in bands.windows(2) {
                assert_eq!(pair[1].0 + OVERLAP, pair[0].1);
            }
            assert!(bands.iter().all(|&(start, end)| width * (end - start) <= BAND));
        }
    }

    #[test]
    fn maps_of_any_image_are_small_and_a_multiple_of_what_the_network_takes() {
        for (width, height) in [(1, 1), (1, 60_000), (463, 1013), (12_000, 9_000)] {
            let (columns, rows) = map_size(&RgbImage::new(width, height));
            assert!(columns % MULTIPLE == 0 && rows % MULTIPLE == 0 && columns > 0 && rows > 0);
            assert!(columns.max(rows) <= LONG_SIDE as usize + MULTIPLE);
        }
    }

    #[test]
    fn a_sure_component_becomes_a_grown_box() {
        let mut map = Map { width: 100, values: vec![0.0; 5000] };
        for y in 20..30 {
            map.values[y * 100 + 10..y * 100 + 90].fill(0.9);
        }
        map.values[4000..4040].fill(0.4);
        let found = boxes(&map, Point::new(2.0, 2.0));
        assert_eq!(found.len(), 1, "{found:?}");
        // 160 by 20 pixels of the image, grown by 1.5 * 3200 / 360 on each side.
        assert!((found[0].width - 186.7).abs() < 0.1 && (found[0].height - 46.7).abs() < 0.1);
        assert_eq!(found[0].center, Point::new(100.0, 50.0));
    }

    proptest! {
        #[test]
        fn boxes_of_any_map_are_finite(
            values in proptest::collection::vec(prop_oneof![-1.0_f32..2.0, Just(f32::NAN), Just(1.0)], 0..600),
            width in 1_usize..40,
        ) {
            for found in boxes(&Map { width, values }, Point::new(1.5, 3.0)) {
                prop_assert!(found.width > 0.0 && found.height > 0.0 && found.angle.is_finite());
            }
        }
    }
}
