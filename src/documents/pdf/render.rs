//! Pages of a PDF as images, drawn by `hayro`.

use std::sync::Arc;

use hayro::hayro_syntax::Pdf;
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::{PixmapSettings, RenderCache, RenderSettings};
use hayro_interpret::InterpreterSettings;
use hayro_syntax::page::Page;
use image::metadata::Orientation;
use image::{DynamicImage, RgbImage};

use super::super::reading::Reading;
use super::super::vision::{self, LONGEST_SIDE, PageImage};
use super::FileError;

/// Pixels for each point of a page that is not large: 180 dots per inch, which is enough for the
/// small print and little more than the longest side gives A4.
const USUAL_SCALE: f32 = 2.5;

/// Gives `take` the images of the pages of these numbers, until it wants no more.
pub(in crate::documents) fn pages(
    reading: &Reading,
    file: &Arc<[u8]>,
    numbers: &[u32],
    take: &mut dyn FnMut(Result<PageImage, FileError>) -> bool,
) {
    let pdf = match vision::guarded(reading, || super::open(reading, file)) {
        Ok(pdf) => pdf,
        Err(error) => {
            take(Err(error));
            return;
        }
    };
    for &number in numbers {
        // A cache of its own: one that a panic left behind is not used again, and none grows.
        let image = vision::guarded(reading, || page(reading, &pdf, number));
        if !take(image) {
            return;
        }
    }
}

fn page(reading: &Reading, pdf: &Pdf, number: u32) -> Result<PageImage, FileError> {
    let index = usize::try_from(number).unwrap_or(usize::MAX).wrapping_sub(1);
    let Some(page) = pdf.pages().get(index) else {
        return Err(reading.corrupt(format!("has no page {number}")));
    };
    let scale = scale(page).ok_or_else(|| {
        reading.corrupt(format!("page {number} has a size that can't be shown as an image"))
    })?;
    let settings = PixmapSettings { x_scale: scale, y_scale: scale, bg_color: WHITE };
    let pixels = hayro::render(
        page,
        &RenderCache::new(),
        &InterpreterSettings::default(),
        &RenderSettings::default(),
        &settings,
    );
    let (width, height) = (pixels.width().into(), pixels.height().into());
    // On white, nothing is transparent: the colours are what is seen.
    let colours = pixels.data_as_u8_slice().chunks_exact(4).flat_map(|it| [it[0], it[1], it[2]]);
    let Some(image) = RgbImage::from_vec(width, height, colours.collect()) else {
        return Err(reading.corrupt(format!("page {number} can't be shown as an image")));
    };
    let image = DynamicImage::ImageRgb8(image);
    vision::encode(reading, number, image, Orientation::NoTransforms)
}

/// `None` for a page without a size, or of one whose shorter side would vanish.
fn scale(page: &Page<'_>) -> Option<f32> {
    #[expect(clippy::cast_precision_loss, reason = "it has fewer than 24 bits")]
    let most = LONGEST_SIDE as f32;
    let (width, height) = page.render_dimensions();
    let scale = USUAL_SCALE.min(most / width.max(height));
    let is_shown = scale.is_finite() && width.min(height) * scale >= 1.0;
    is_shown.then_some(scale)
}
