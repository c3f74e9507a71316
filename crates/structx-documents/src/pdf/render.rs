//! Renders pages of a PDF with `hayro`.

use std::sync::Arc;

use hayro::hayro_syntax::Pdf;
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::{PixmapSettings, RenderCache, RenderSettings};
use hayro_interpret::InterpreterSettings;
use hayro_syntax::page::Page;
use image::metadata::Orientation;
use image::{DynamicImage, RgbImage};

use super::super::context::ReadContext;
use super::super::vision::{self, PageImage};
use super::FileError;
use super::preflight::render_cost;

/// Pixels per point for pages that are not large: 180 dots per inch, a little more than A4 gets by
/// the longest side. Chosen by hand for legible small print.
const USUAL_SCALE: f32 = 2.5;
/// Of PDF's points (ISO 32000-2, 8.3.2.3).
const POINTS_PER_INCH: f64 = 72.0;

/// Passes the images of the numbered pages to `take` until it returns false.
pub(crate) fn pages(
    context: &ReadContext,
    file: &Arc<[u8]>,
    numbers: &[u32],
    longest_side: u32,
    take: &mut dyn FnMut(Result<PageImage, FileError>) -> bool,
) {
    let pdf = match vision::guarded(context, || super::open(context, file)) {
        Ok(pdf) => pdf,
        Err(error) => {
            take(Err(error));
            return;
        }
    };
    for &number in numbers {
        // Each page has its own cache, as a panic may leave one in a bad state.
        let image = vision::guarded(context, || page(context, &pdf, number, longest_side));
        if !take(image) {
            return;
        }
    }
}

fn page(
    context: &ReadContext,
    pdf: &Pdf,
    number: u32,
    longest_side: u32,
) -> Result<PageImage, FileError> {
    let page = find(context, pdf, number)?;
    let scale = scale(page, longest_side).ok_or_else(|| no_size(context, number))?;
    let image = DynamicImage::ImageRgb8(draw(context, page, scale)?);
    vision::encode(context, number, image, Orientation::NoTransforms, longest_side)
}

/// The image of the numbered page at `resolution` in dots per inch; at less if that would be more than
/// `most` pixels.
///
/// # Errors
/// There is no such page, or it can't be drawn within the limits.
pub(crate) fn pixels(
    context: &ReadContext,
    file: &Arc<[u8]>,
    number: u32,
    resolution: f64,
    most: u64,
) -> Result<RgbImage, FileError> {
    let pdf = super::open(context, file)?;
    let page = find(context, &pdf, number)?;
    #[expect(clippy::cast_precision_loss, reason = "a bound needs no more precision")]
    let scale = bounded_scale(page, resolution / POINTS_PER_INCH, most as f64);
    draw(context, page, scale.ok_or_else(|| no_size(context, number))?)
}

/// The pixels per point at which a page has at most so many pixels, `scale` if that is few enough;
/// `None` if it has no size, or its shorter side would have no pixel.
pub(super) fn bounded_scale(page: &Page<'_>, scale: f64, most_pixels: f64) -> Option<f32> {
    let (width, height) = page.render_dimensions();
    let (width, height) = (f64::from(width), f64::from(height));
    let fitting = (most_pixels / (width * height)).sqrt();
    // The rasteriser counts the pixels of a side in 16 bits.
    let longest = f64::from(u16::MAX) / width.max(height);
    let scale = scale.min(fitting).min(longest);
    let is_shown = scale.is_finite() && width.min(height) * scale >= 1.0;
    #[expect(clippy::cast_possible_truncation, reason = "a scale needs no more precision")]
    is_shown.then_some(scale as f32)
}

fn find<'a>(context: &ReadContext, pdf: &'a Pdf, number: u32) -> Result<&'a Page<'a>, FileError> {
    let index = usize::try_from(number).unwrap_or(usize::MAX).wrapping_sub(1);
    pdf.pages().get(index).ok_or_else(|| context.corrupt(format!("has no page {number}")))
}

fn no_size(context: &ReadContext, number: u32) -> FileError {
    context.corrupt(format!("page {number} has a size that can't be rendered"))
}

/// The image of a page at `scale` pixels per point.
///
/// # Errors
/// Drawing it would exceed the limits.
pub(super) fn draw(
    context: &ReadContext,
    page: &Page<'_>,
    scale: f32,
) -> Result<RgbImage, FileError> {
    render_cost::check(context, page, scale)?;
    let settings = PixmapSettings { x_scale: scale, y_scale: scale, bg_color: WHITE };
    let pixels = hayro::render(
        page,
        &RenderCache::new(),
        &InterpreterSettings::default(),
        &RenderSettings::default(),
        &settings,
    );
    let (width, height) = (pixels.width().into(), pixels.height().into());
    // On a white background no pixel is transparent, so alpha can be dropped.
    let colours = pixels.data_as_u8_slice().chunks_exact(4).flat_map(|it| [it[0], it[1], it[2]]);
    RgbImage::from_vec(width, height, colours.collect())
        .ok_or_else(|| context.corrupt("has a page that can't be rendered as an image"))
}

/// The scale of a page; `None` if it has no size, or its shorter side would have no pixel.
fn scale(page: &Page<'_>, longest_side: u32) -> Option<f32> {
    #[expect(clippy::cast_precision_loss, reason = "it has fewer than 24 bits")]
    let most = longest_side as f32;
    let (width, height) = page.render_dimensions();
    let scale = USUAL_SCALE.min(most / width.max(height));
    let is_shown = scale.is_finite() && width.min(height) * scale >= 1.0;
    is_shown.then_some(scale)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use image::ColorType;

    use super::super::super::vision::{LONGEST_SIDE, PageImage, previews};
    use super::super::super::{Document, FileErrorKind, Format, ReadOptions};
    use super::super::scanned;
    use super::{FileError, ReadContext, pages, pixels};

    /// A page with these entries and this content stream, among further objects from number 5 on.
    fn pdf(entries: &str, content: &str, objects: &[&str]) -> Arc<[u8]> {
        let mut all = vec![
            "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
            "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
            format!("<< /Type /Page /Parent 2 0 R /Contents 4 0 R {entries} >>"),
            format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()),
        ];
        all.extend(objects.iter().map(ToString::to_string));
        let body: String =
            (1..).zip(all).map(|(number, it)| format!("{number} 0 obj\n{it}\nendobj\n")).collect();
        format!("%PDF-1.4\n{body}trailer\n<< /Root 1 0 R >>\n%%EOF\n").into_bytes().into()
    }

    fn shown(file: &Arc<[u8]>) -> Result<PageImage, FileError> {
        let mut images = Vec::new();
        let reading_options = ReadOptions::default();
        let context = ReadContext::new("a.pdf", &reading_options);
        pages(&context, file, &[1], LONGEST_SIDE, &mut |image| {
            images.push(image);
            true
        });
        images.remove(0)
    }

    #[test]
    fn a_page_of_any_size_has_an_image_that_models_take() {
        for (entries, width, height) in [
            ("/MediaBox [0 0 595 842]", 1_413, 2_000),
            ("/MediaBox [0 0 200 100]", 500, 250),
            ("/MediaBox [0 0 200 100] /Rotate 90", 250, 500),
            ("/MediaBox [0 0 200 100] /CropBox [0 0 50 100]", 125, 250),
            ("/MediaBox [0 0 1000000 1000000]", 2_000, 2_000),
        ] {
            let image = shown(&pdf(entries, "", &[])).unwrap();
            let image = image::load_from_memory(&image.bytes).unwrap();
            let found = (image.width(), image.height());
            assert!(found.0.abs_diff(width) <= 1 && found.1.abs_diff(height) <= 1, "{found:?}");
            assert_eq!(image.into_rgb8().get_pixel(9, 9).0, [255; 3], "{entries}");
        }
    }

    #[test]
    fn an_image_for_text_recognition_has_the_resolution_or_fewer_pixels() {
        let options = ReadOptions::default();
        let context = ReadContext::new("a.pdf", &options);
        for (entries, resolution, most, size) in [
            ("/MediaBox [0 0 595 842]", 72.0, 1 << 20, Some((595, 842))),
            ("/MediaBox [0 0 595 842]", 144.0, u64::MAX, Some((1_190, 1_684))),
            ("/MediaBox [0 0 200 100] /Rotate 90", 144.0, 5_000, Some((50, 100))),
            ("/MediaBox [0 0 200 100]", 0.1, 5_000, None),
            ("/MediaBox [0 0 200 100]", 72.0, 1, None),
        ] {
            let image = pixels(&context, &pdf(entries, "", &[]), 1, resolution, most);
            assert_eq!(image.ok().map(|image| image.dimensions()), size, "{entries} {most}");
        }
        let missing = pixels(&context, &pdf("/MediaBox [0 0 9 9]", "", &[]), 2, 72.0, 99);
        assert!(missing.unwrap_err().message.contains("has no page 2"));
    }

    #[test]
    fn a_large_page_is_drawn_with_few_pixels_for_text_recognition() {
        let options = ReadOptions::default();
        let context = ReadContext::new("a.pdf", &options);
        let file = super::super::open(&context, &pdf("/MediaBox [0 0 9000 9000]", "", &[]));
        let image = scanned::draw(&context, &file.unwrap().pages()[0], 300.0 / 72.0).unwrap();
        let (width, height) = image.dimensions();
        assert!((15_900_000..=16_000_000).contains(&(width * height)), "{width} x {height}");
    }

    #[test]
    fn an_image_for_a_person_is_smaller_and_that_of_print_is_grey() {
        let draw = |content: &str| {
            let original = Some(pdf("/MediaBox [0 0 595 842]", content, &[]));
            let format = Some(Format::Pdf);
            let document = Document { format, original, ..Document::default() };
            let image = previews(&document, &[1], 1_400, usize::MAX).remove(0).unwrap();
            image::load_from_memory(&image.bytes).unwrap()
        };
        let (print, coloured) = (draw("0 0 99 99 re f"), draw("1 0 0 rg 0 0 99 99 re f"));
        assert_eq!((print.height(), print.color()), (1_400, ColorType::L8));
        assert_eq!((coloured.height(), coloured.color()), (1_400, ColorType::Rgb8));
    }

    #[test]
    fn what_costs_too_much_is_not_drawn() {
        let page = "/MediaBox [0 0 400 400] /Resources << /Pattern << /P 5 0 R >> \
                    /XObject << /X 5 0 R >> >>";
        let tiles = "<< /PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 9999999 9999999] \
                     /XStep 1 /YStep 1 /Length 12 >>\nstream\n0 0 1 1 re f\nendstream";
        let wide = "<< /Subtype /Image /Width 40000 /Height 40000 /ColorSpace /DeviceGray \
                    /BitsPerComponent 8 /Length 1 >>\nstream\nx\nendstream";
        let small = "<< /Subtype /Image /Width 2 /Height 40000 /ColorSpace /DeviceGray \
                     /BitsPerComponent 8 /Length 1 >>\nstream\nx\nendstream";
        for (content, objects) in [
            ("0 0 400 400 re f\n".repeat(20_000), &[][..]),
            ("[0.00001] 0 d 0 0 m 400 400 l S".to_owned(), &[]),
            ("/Pattern cs /P scn 0 0 400 400 re f".to_owned(), &[tiles]),
            ("400 0 0 400 0 0 cm /X Do".to_owned(), &[wide]),
            ("100000000 0 0 400 0 0 cm /X Do".to_owned(), &[small]),
        ] {
            let error = shown(&pdf(page, &content, objects)).unwrap_err();
            assert_eq!(error.kind, FileErrorKind::LimitExceeded, "{error} {content:.40}");
        }
        let modest = "0 0 400 400 re f\n".repeat(200);
        let image = shown(&pdf(page, &modest, &[])).unwrap();
        let image = image::load_from_memory(&image.bytes).unwrap().into_rgb8();
        assert_eq!(image.get_pixel(9, 9).0, [0; 3]);
    }

    #[test]
    fn a_damaged_file_and_a_page_that_is_not_there_are_errors() {
        assert_eq!(shown(&b"%PDF-1.7".as_slice().into()).unwrap_err().kind, FileErrorKind::Corrupt);
        let reading_options = ReadOptions::default();
        let mut kinds = Vec::new();
        let file = pdf("/MediaBox [0 0 9 9]", "", &[]);
        let context = ReadContext::new("a.pdf", &reading_options);
        pages(&context, &file, &[0, 2, 1], LONGEST_SIDE, &mut |image| {
            kinds.push(image.err().map(|error| error.kind));
            true
        });
        assert_eq!(kinds, [Some(FileErrorKind::Corrupt), Some(FileErrorKind::Corrupt), None]);
    }
}
