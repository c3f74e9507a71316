//! Renders pages of a document to images, for vision models and for people.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::imageops::FilterType;
use image::metadata::Orientation;
use image::{DynamicImage, ImageError, RgbImage};

use super::context::ReadContext;
use super::{Document, FileError, FileErrorKind, Format, image as images_of, pdf};

/// The longest side of an image in pixels, 171 dots per inch for A4. Anthropic's limit for requests
/// with many images is 2,000 (platform.claude.com/docs/en/vision), and OpenAI scales to 2,048
/// (platform.openai.com/docs/guides/images-vision).
pub(super) const LONGEST_SIDE: u32 = 2_000;

/// A larger image, in bytes, is sent as JPEG: chosen by hand, not measured.
const LARGEST_LOSSLESS: usize = 1 << 20;
/// JPEG quality at which letters keep their edges: chosen by eye, not measured.
const QUALITY: u8 = 85;

/// A page as an image file that models accept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageImage {
    /// 1 for the first.
    pub page: u32,
    pub media_type: &'static str,
    pub bytes: Arc<[u8]>,
}

/// Renders the pages with the given numbers, in order, until they have `most` bytes together. A page
/// that can't be rendered yields an error. The limits of reading apply to all pages together.
#[must_use]
pub fn images(
    document: &Document,
    pages: &[u32],
    most: usize,
) -> Vec<Result<PageImage, FileError>> {
    draw(document, pages, LONGEST_SIDE, most)
}

/// [`images`] for a person: with this longest side in pixels, at most that for models.
#[must_use]
pub fn previews(
    document: &Document,
    pages: &[u32],
    longest_side: u32,
    most: usize,
) -> Vec<Result<PageImage, FileError>> {
    draw(document, pages, longest_side.clamp(1, LONGEST_SIDE), most)
}

/// Renders a page of a PDF at `resolution` in dots per inch; at less if that would be more than `most`
/// pixels.
///
/// # Errors
/// The document is no PDF or was read without its file, it has no such page, or that can't be rendered
/// within the limits.
pub fn pixels(
    document: &Document,
    page: u32,
    resolution: f64,
    most: u64,
) -> Result<RgbImage, FileError> {
    let context = ReadContext::new(&document.name, &document.options);
    match (&document.original, document.format) {
        (Some(original), Some(Format::Pdf)) => {
            guarded(&context, || pdf::render::pixels(&context, original, page, resolution, most))
        }
        _ => Err(context.error(FileErrorKind::Unsupported, "is no PDF that is at hand")),
    }
}

fn draw(
    document: &Document,
    pages: &[u32],
    longest_side: u32,
    most: usize,
) -> Vec<Result<PageImage, FileError>> {
    let context = ReadContext::new(&document.name, &document.options);
    let Some(original) = &document.original else { return Vec::new() };
    let mut left = most;
    let mut images = Vec::with_capacity(pages.len());
    let mut take = |image: Result<PageImage, FileError>| {
        left = match &image {
            Ok(image) if image.bytes.len() > left => return false,
            Ok(image) => left - image.bytes.len(),
            Err(_) => left,
        };
        images.push(image);
        true
    };
    if document.format == Some(Format::Pdf) {
        pdf::render::pages(&context, original, pages, longest_side, &mut take);
    } else {
        for &page in pages {
            let image =
                guarded(&context, || images_of::show(&context, original, page, longest_side));
            if !take(image) {
                break;
            }
        }
    }
    images
}

/// Runs a decoder or rasteriser, and turns its panic on a damaged file into an error.
pub(super) fn guarded<T>(
    context: &ReadContext,
    work: impl FnOnce() -> Result<T, FileError>,
) -> Result<T, FileError> {
    context.check_time()?;
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(context.corrupt("is damaged and can't be rendered as an image")))
}

/// Encodes an image upright, scaled to the size limit and on a white background, as PNG or, if that
/// is large, as JPEG.
pub(super) fn encode(
    context: &ReadContext,
    page: u32,
    image: DynamicImage,
    orientation: Orientation,
    longest_side: u32,
) -> Result<PageImage, FileError> {
    let failed = |error: ImageError| {
        context.error(FileErrorKind::Unsupported, format!("can't be rendered as an image: {error}"))
    };
    let mut image = opaque(fitting(image, longest_side));
    image.apply_orientation(orientation);
    let mut bytes = Vec::new();
    image.write_with_encoder(PngEncoder::new(&mut bytes)).map_err(failed)?;
    let mut media_type = "image/png";
    if bytes.len() > LARGEST_LOSSLESS {
        bytes.clear();
        image
            .write_with_encoder(JpegEncoder::new_with_quality(Cursor::new(&mut bytes), QUALITY))
            .map_err(failed)?;
        media_type = "image/jpeg";
    }
    Ok(PageImage { page, media_type, bytes: bytes.into() })
}

/// Whether an image file of this size is sent unchanged.
pub(super) fn fits(width: u32, height: u32, bytes: usize, longest_side: u32) -> bool {
    width.max(height) <= longest_side && bytes <= LARGEST_LOSSLESS
}

fn fitting(image: DynamicImage, longest_side: u32) -> DynamicImage {
    let longest = image.width().max(image.height());
    match longest.div_ceil(longest_side) {
        0 | 1 => image,
        // Averaging is fast; interpolation keeps more detail at small factors.
        factor if factor > 2 => image.thumbnail(longest_side, longest_side),
        _ => image.resize(longest_side, longest_side, FilterType::Triangle),
    }
}

/// Converts to 8 bit grey or RGB without transparency.
pub(super) fn opaque(image: DynamicImage) -> DynamicImage {
    let is_coloured = image.color().has_color();
    if image.color().has_alpha() {
        let mut pixels = image.into_rgba8();
        for pixel in pixels.pixels_mut() {
            let [red, green, blue, alpha] = pixel.0;
            let over = |value: u8| {
                let sum = u32::from(value) * u32::from(alpha) + 255 * (255 - u32::from(alpha));
                u8::try_from(sum / 255).unwrap_or(u8::MAX)
            };
            pixel.0 = [over(red), over(green), over(blue), u8::MAX];
        }
        return DynamicImage::ImageRgb8(DynamicImage::ImageRgba8(pixels).into_rgb8());
    }
    if !is_coloured {
        return DynamicImage::ImageLuma8(image.into_luma8());
    }
    let pixels = image.into_rgb8();
    let is_grey = pixels.pixels().all(|pixel| pixel[0] == pixel[1] && pixel[1] == pixel[2]);
    let image = DynamicImage::ImageRgb8(pixels);
    // Most pages of print: half the bytes.
    if is_grey { DynamicImage::ImageLuma8(image.into_luma8()) } else { image }
}
