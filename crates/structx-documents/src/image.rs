//! PNG, JPEG, WebP, TIFF, BMP, GIF: pages whose text is recognised, or only seen by vision models.

use std::borrow::Cow;
use std::io::Cursor;

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, RgbImage};

use super::context::ReadContext;
use super::scans::{self, Scans};
use super::vision::{self, PageImage};
use super::{Document, FileError, FileErrorKind, Mode, page_ranges, pdf};

const BYTES_OF_A_PIXEL: u64 = 4;

pub(super) fn read(context: &ReadContext, bytes: Vec<u8>) -> Result<Document, FileError> {
    let mut scans = Scans::of(context)?;
    let mut images = Vec::new();
    let sizes = sizes(context, &bytes)?;
    page_ranges::chosen(context, sizes.len())?;
    let is_chosen = |(number, _): &(u32, _)| page_ranges::is_chosen(context, *number);
    for (number, size) in (1..).zip(sizes).filter(is_chosen) {
        let draw = |context: &ReadContext| upright(context, &bytes, number);
        let recognized = scans.as_mut().map(|scans| scans.read(number, draw));
        images.push((number, size, recognized));
    }
    let is_read = images.iter().any(|(.., recognized)| matches!(recognized, Some((_, Some(_)))));
    let recognition = scans.map(|scans| scans.warnings()).unwrap_or_default();
    if context.options.mode == Mode::Text && !is_read {
        return Err(scans::no_text(context, "an image has no text of its own", &recognition));
    }
    let mut document = pdf::of_images(context, images)?;
    if !is_read {
        let warning = "an image has no text of its own; only a vision model can read it";
        document.warnings.push(warning.to_owned());
    }
    document.warnings.extend(recognition);
    document.original = Some(bytes.into());
    Ok(document)
}

/// A page as it is displayed.
fn upright(context: &ReadContext, file: &[u8], page: u32) -> Result<RgbImage, FileError> {
    let file = of_page(context, file, page)?;
    let OpenImage { decoder, orientation, .. } = open(context, &file)?;
    let mut image = DynamicImage::from_decoder(decoder).map_err(|error| failed(context, &error))?;
    image.apply_orientation(orientation);
    Ok(vision::opaque(image).into_rgb8())
}

/// A page as an image that models accept: the file itself if it is small, upright, and PNG or JPEG,
/// the only formats that xAI accepts (docs.x.ai/developers/model-capabilities/images/understanding).
pub(super) fn show(
    context: &ReadContext,
    file: &[u8],
    page: u32,
    longest_side: u32,
) -> Result<PageImage, FileError> {
    let file = of_page(context, file, page)?;
    let OpenImage { decoder, format, orientation } = open(context, &file)?;
    let (width, height) = decoder.dimensions();
    let is_plain = orientation == Orientation::NoTransforms && !decoder.color_type().has_alpha();
    let media_type = match format {
        ImageFormat::Png => "image/png",
        ImageFormat::Jpeg => "image/jpeg",
        _ => "",
    };
    // Always decoded, so that a damaged file fails here and not at the provider.
    let image = DynamicImage::from_decoder(decoder).map_err(|error| failed(context, &error))?;
    let fits = vision::fits(width, height, file.len(), longest_side);
    if is_plain && !media_type.is_empty() && fits {
        return Ok(PageImage { page, media_type, bytes: file.as_ref().into() });
    }
    vision::encode(context, page, image, orientation, longest_side)
}

/// The displayed width and height of each page.
fn sizes(context: &ReadContext, file: &[u8]) -> Result<Vec<(f32, f32)>, FileError> {
    let Some(places) = tiff::pages(context, file)? else {
        return Ok(vec![open(context, file)?.size()]);
    };
    let mut copy = file.to_vec();
    places
        .into_iter()
        .map(|place| {
            context.check_time()?;
            tiff::begin_with(&mut copy, place);
            Ok(open(context, &copy)?.size())
        })
        .collect()
}

/// The file with the page as its first. A TIFF may have several pages.
fn of_page<'a>(
    context: &ReadContext,
    file: &'a [u8],
    page: u32,
) -> Result<Cow<'a, [u8]>, FileError> {
    let Some(places) = tiff::pages(context, file)? else { return Ok(file.into()) };
    let index = usize::try_from(page).unwrap_or(usize::MAX).wrapping_sub(1);
    let Some(&place) = places.get(index) else {
        return Err(context.corrupt(format!("has no page {page}")));
    };
    let mut copy = file.to_vec();
    tiff::begin_with(&mut copy, place);
    Ok(copy.into())
}

struct OpenImage<D> {
    decoder: D,
    format: ImageFormat,
    orientation: Orientation,
}

impl<D: ImageDecoder> OpenImage<D> {
    fn size(&self) -> (f32, f32) {
        let (width, height) = self.decoder.dimensions();
        let is_turned = matches!(
            self.orientation,
            Orientation::Rotate90
                | Orientation::Rotate270
                | Orientation::Rotate90FlipH
                | Orientation::Rotate270FlipH
        );
        #[expect(clippy::cast_precision_loss, reason = "sides have fewer than 24 bits")]
        let (width, height) = (width as f32, height as f32);
        if is_turned { (height, width) } else { (width, height) }
    }
}

/// Opens a decoder, which has read only the header, and checks the size of the image.
fn open<'a>(
    context: &ReadContext,
    file: &'a [u8],
) -> Result<OpenImage<impl ImageDecoder + use<'a>>, FileError> {
    let failed = |error| failed(context, &error);
    let mut reader = ImageReader::new(Cursor::new(file))
        .with_guessed_format()
        .map_err(ImageError::IoError)
        .map_err(failed)?;
    reader.limits(limits(context));
    let Some(format) = reader.format() else {
        return Err(context.corrupt("is not a known image format"));
    };
    let mut decoder = reader.into_decoder().map_err(failed)?;
    let (width, height) = decoder.dimensions();
    // An image with 16 bits per channel counts twice.
    let pixels = u64::from(width) * u64::from(height);
    context.check_pixels(pixels.max(decoder.total_bytes() / BYTES_OF_A_PIXEL))?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    Ok(OpenImage { decoder, format, orientation })
}

fn limits(context: &ReadContext) -> Limits {
    let mut limits = Limits::default();
    limits.max_alloc = Some(context.limits().pixels.saturating_mul(BYTES_OF_A_PIXEL));
    limits
}

fn failed(context: &ReadContext, error: &ImageError) -> FileError {
    match error {
        ImageError::Limits(_) => {
            let message = "needs too much memory; scale it down, or raise the limit `pixels`";
            context.error(FileErrorKind::LimitExceeded, message)
        }
        ImageError::Unsupported(_) => {
            let message = format!("is an unsupported kind of image: {error}");
            context.error(FileErrorKind::Unsupported, message)
        }
        _ => context.corrupt("is damaged and can't be read as an image; save it again"),
    }
}

mod tiff {
    //! The pages of a TIFF. Pointing the header to a page's directory makes it the first page.

    use std::ops::Range;

    use super::{FileError, ReadContext};

    const SUBFILE_TYPE: u16 = 254;
    /// Bits of the subfile type: a reduced copy of another page, or a mask.
    const NOT_A_PAGE: u32 = 0b101;

    /// The offset of each page's directory; `None` if the file is not a TIFF.
    pub(super) fn pages(context: &ReadContext, file: &[u8]) -> Result<Option<Vec<u32>>, FileError> {
        let is_big_endian = match file {
            [b'I', b'I', 42, 0, ..] => false,
            [b'M', b'M', 0, 42, ..] => true,
            _ => return Ok(None),
        };
        let numbers = FrameNumbers { file, is_big_endian };
        let mut pages = Vec::new();
        let mut directories = 0;
        let mut place = numbers.long(4);
        while let Some(at) = place.filter(|at| *at != 0 && !pages.contains(at)) {
            directories += 1;
            context.check_pages(directories)?;
            context.check_time()?;
            if directories == 1 || !numbers.is_aside(at) {
                pages.push(at);
            }
            place = numbers.next(at);
        }
        Ok(Some(pages))
    }

    pub(super) fn begin_with(file: &mut [u8], page: u32) {
        let is_big_endian = file.starts_with(b"MM");
        let bytes = if is_big_endian { page.to_be_bytes() } else { page.to_le_bytes() };
        if let Some(first) = file.get_mut(4..8) {
            first.copy_from_slice(&bytes);
        }
    }

    struct FrameNumbers<'a> {
        file: &'a [u8],
        is_big_endian: bool,
    }

    impl FrameNumbers<'_> {
        fn bytes<const N: usize>(&self, at: usize) -> Option<[u8; N]> {
            let mut bytes: [u8; N] = self.file.get(at..at.checked_add(N)?)?.try_into().ok()?;
            if self.is_big_endian {
                bytes.reverse();
            }
            Some(bytes)
        }

        fn short(&self, at: usize) -> Option<u16> {
            self.bytes(at).map(u16::from_le_bytes)
        }

        fn long(&self, at: usize) -> Option<u32> {
            self.bytes(at).map(u32::from_le_bytes)
        }

        /// The range of a directory's entries, 12 bytes each. The offset of the next directory follows.
        fn entries(&self, directory: u32) -> Option<Range<usize>> {
            let start = usize::try_from(directory).ok()?;
            let count = usize::from(self.short(start)?);
            Some(start + 2..start + 2 + 12 * count)
        }

        fn next(&self, directory: u32) -> Option<u32> {
            self.long(self.entries(directory)?.end)
        }

        fn is_aside(&self, directory: u32) -> bool {
            let mut entries = self.entries(directory).into_iter().flatten().step_by(12);
            let subfile = entries.find(|entry| self.short(*entry) == Some(SUBFILE_TYPE));
            let kind = subfile.and_then(|entry| self.long(entry + 8));
            kind.is_some_and(|kind| kind & NOT_A_PAGE != 0)
        }
    }
}

#[cfg(test)]
mod tests {
    use image::{DynamicImage, GrayAlphaImage, ImageFormat, LumaA, RgbImage};

    use super::super::vision::{PageImage, images};
    use super::super::{Content, Document, FileErrorKind, Limits, ReadOptions, read_bytes};

    fn document(name: &str, bytes: Vec<u8>) -> Document {
        match read_bytes(name, bytes, &ReadOptions::default()) {
            Ok(Content::Document(document)) => document,
            other => panic!("not a document: {other:?}"),
        }
    }

    fn file(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
        let mut bytes = std::io::Cursor::new(Vec::new());
        image.into().write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    fn decoded(image: &PageImage) -> DynamicImage {
        image::load_from_memory(&image.bytes).unwrap()
    }

    fn place_in(file: &[u8]) -> u32 {
        u32::try_from(file.len()).unwrap()
    }

    /// A TIFF of grey pages: sides, shade, subfile type, orientation.
    fn tiff(pages: &[(u16, u16, u8, u16, u16)]) -> Vec<u8> {
        let mut file = b"MM\0\x2A\0\0\0\0".to_vec();
        let mut link = 4;
        for &(width, height, shade, subfile, orientation) in pages {
            let pixels = place_in(&file);
            file.extend(vec![shade; usize::from(width) * usize::from(height)]);
            file.extend(vec![0; file.len() % 2]);
            let place = place_in(&file).to_be_bytes();
            file[link..link + 4].copy_from_slice(&place);
            let short = |value: u16| u32::from(value) << 16;
            let entries: [(u16, u16, u32); 11] = [
                (254, 4, u32::from(subfile)),
                (256, 3, short(width)),
                (257, 3, short(height)),
                (258, 3, short(8)),
                (259, 3, short(1)),
                (262, 3, short(1)),
                (273, 4, pixels),
                (274, 3, short(orientation)),
                (277, 3, short(1)),
                (278, 3, short(height)),
                (279, 4, u32::from(width) * u32::from(height)),
            ];
            file.extend(11_u16.to_be_bytes());
            for (tag, kind, value) in entries {
                file.extend(u16::to_be_bytes(tag));
                file.extend(u16::to_be_bytes(kind));
                file.extend(1_u32.to_be_bytes());
                file.extend(value.to_be_bytes());
            }
            link = file.len();
            file.extend([0; 4]);
        }
        file
    }

    #[test]
    fn every_page_of_a_tiff_is_shown_upright() {
        let file = tiff(&[(8, 4, 10, 0, 1), (2, 1, 99, 1, 1), (6, 4, 200, 2, 6)]);
        let document = document("fax.tif", file.clone());
        let sizes: Vec<_> = document.pages.iter().map(|page| page.size).collect();
        assert_eq!(sizes, [Some((8.0, 4.0)), Some((4.0, 6.0))]);
        assert!(document.pages.iter().all(|page| page.needs_vision && page.range.is_empty()));
        let shown: Vec<_> = images(&document, &[1, 2, 3], usize::MAX);
        for (image, (width, height, shade)) in shown.iter().zip([(8, 4, 10), (4, 6, 200)]) {
            let image = decoded(image.as_ref().unwrap()).into_luma8();
            assert_eq!((image.dimensions(), image.get_pixel(0, 0).0), ((width, height), [shade]));
        }
        assert_eq!(shown[2].as_ref().unwrap_err().kind, FileErrorKind::Corrupt);
        // One that links to itself ends.
        let mut circle = tiff(&[(8, 4, 10, 0, 1)]);
        let (end, place) = (circle.len() - 4, circle[4..8].to_vec());
        circle[end..].copy_from_slice(&place);
        let read = read_bytes("a.tif", circle, &ReadOptions::default());
        assert_eq!(read.unwrap_err().kind, FileErrorKind::Corrupt);
    }

    #[test]
    fn a_turned_photo_is_put_upright() {
        let image = RgbImage::from_fn(30, 20, |x, _| image::Rgb([if x < 15 { 0 } else { 255 }; 3]));
        let mut file = file(image, ImageFormat::Jpeg);
        let exif = [
            &b"\xFF\xE1\0\x22Exif\0\0MM\0\x2A\0\0\0\x08\0\x01"[..],
            b"\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0",
        ];
        file.splice(2..2, exif.concat());
        let document = document("photo.jpg", file);
        assert_eq!(document.pages[0].size, Some((20.0, 30.0)));
        let shown = decoded(images(&document, &[1], usize::MAX)[0].as_ref().unwrap()).into_luma8();
        assert_eq!(shown.dimensions(), (20, 30));
        assert!(shown.get_pixel(10, 2).0[0] < 50 && shown.get_pixel(10, 28).0[0] > 200);
    }

    #[test]
    fn what_is_large_is_scaled_down_and_what_is_transparent_lies_on_white() {
        let noise = RgbImage::from_fn(3_000, 1_500, |x, y| {
            image::Rgb([x * 31 + y * 17, x * y, x ^ y].map(|value| value.to_le_bytes()[0]))
        });
        let large = document("a.png", file(noise, ImageFormat::Png));
        let shown = images(&large, &[1], usize::MAX).remove(0).unwrap();
        assert_eq!(shown.media_type, "image/jpeg");
        assert_eq!((decoded(&shown).width(), decoded(&shown).height()), (2_000, 1_000));
        assert_eq!(images(&large, &[1], shown.bytes.len() - 1), []);

        let clear = GrayAlphaImage::from_pixel(4, 4, LumaA([0, 0]));
        let clear = document("a.png", file(clear, ImageFormat::Png));
        let shown = decoded(images(&clear, &[1], usize::MAX)[0].as_ref().unwrap());
        assert!(!shown.color().has_alpha());
        assert_eq!(shown.into_rgb8().get_pixel(0, 0).0, [255; 3]);
    }

    #[test]
    fn hostile_images_are_refused() {
        let kind = |name: &str, file: Vec<u8>, options: &ReadOptions| {
            let document = match read_bytes(name, file, options) {
                Ok(Content::Document(document)) => document,
                Ok(table) => panic!("{table:?}"),
                Err(error) => return error.kind,
            };
            images(&document, &[1], usize::MAX)[0].as_ref().unwrap_err().kind
        };
        let usual = ReadOptions::default();
        let png = file(RgbImage::new(50, 50), ImageFormat::Png);
        assert_eq!(kind("a.png", png[..png.len() / 2].to_vec(), &usual), FileErrorKind::Corrupt);
        let limits = Limits { pixels: 2_499, ..Limits::default() };
        let narrow = ReadOptions { limits, ..ReadOptions::default() };
        assert_eq!(kind("a.png", png.clone(), &narrow), FileErrorKind::LimitExceeded);
        let mut huge = png;
        huge[16..24].copy_from_slice(&[0, 1, 0, 0, 0, 1, 0, 0]);
        // The checksum of the header is then wrong, which is as well.
        assert_ne!(kind("a.png", huge, &usual), FileErrorKind::Empty);
        let mut bmp = file(RgbImage::new(2, 2), ImageFormat::Bmp);
        bmp[18..26].copy_from_slice(&[0x20, 0x4E, 0, 0, 0x20, 0x4E, 0, 0]);
        assert_eq!(kind("a.bmp", bmp, &usual), FileErrorKind::LimitExceeded);
    }
}
