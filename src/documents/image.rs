//! PNG, JPEG, WebP, TIFF, BMP, GIF: pages without text, which only a model that sees can read.

use std::borrow::Cow;
use std::io::Cursor;

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};

use super::reading::Reading;
use super::vision::{self, PageImage};
use super::{Document, FileError, FileErrorKind, Mode, Page};

const BYTES_OF_A_PIXEL: u64 = 4;

pub(super) fn read(reading: &Reading, bytes: Vec<u8>) -> Result<Document, FileError> {
    if reading.options.mode == Mode::Text {
        let message = "an image has no text; use the mode \"auto\" with a model that sees, or run \
                       text recognition (OCR) on it first";
        return Err(reading.error(FileErrorKind::NoTextLayer, message));
    }
    let pages = sizes(reading, &bytes)?
        .into_iter()
        .zip(1..)
        .map(|(size, number)| Page { number, range: 0..0, size: Some(size), needs_vision: true })
        .collect();
    Ok(Document { pages, original: Some(bytes.into()), ..Document::default() })
}

/// A page as models take it: the file itself where that is small, upright and of a format that they
/// all know.
pub(super) fn show(reading: &Reading, file: &[u8], page: u32) -> Result<PageImage, FileError> {
    let file = of_page(reading, file, page)?;
    let Opened { decoder, format, orientation } = open(reading, &file)?;
    let (width, height) = decoder.dimensions();
    let is_plain = orientation == Orientation::NoTransforms && !decoder.color_type().has_alpha();
    let media_type = match format {
        ImageFormat::Png => "image/png",
        ImageFormat::Jpeg => "image/jpeg",
        ImageFormat::WebP => "image/webp",
        _ => "",
    };
    // Decoded in any case: a damaged file is an error here, and not only at the provider.
    let image = DynamicImage::from_decoder(decoder).map_err(|error| failed(reading, &error))?;
    if is_plain && !media_type.is_empty() && vision::fits(width, height, file.len()) {
        return Ok(PageImage { page, media_type, bytes: file.as_ref().into() });
    }
    vision::encode(reading, page, image, orientation)
}

/// Widths and heights as the pages are shown.
fn sizes(reading: &Reading, file: &[u8]) -> Result<Vec<(f32, f32)>, FileError> {
    let Some(places) = tiff::pages(reading, file)? else {
        return Ok(vec![open(reading, file)?.size()]);
    };
    let mut copy = file.to_vec();
    places
        .into_iter()
        .map(|place| {
            reading.check_time()?;
            tiff::begin_with(&mut copy, place);
            Ok(open(reading, &copy)?.size())
        })
        .collect()
}

/// The file that has the page as its first: a TIFF may have many.
fn of_page<'a>(reading: &Reading, file: &'a [u8], page: u32) -> Result<Cow<'a, [u8]>, FileError> {
    let Some(places) = tiff::pages(reading, file)? else { return Ok(file.into()) };
    let index = usize::try_from(page).unwrap_or(usize::MAX).wrapping_sub(1);
    let Some(&place) = places.get(index) else {
        return Err(reading.corrupt(format!("has no page {page}")));
    };
    let mut copy = file.to_vec();
    tiff::begin_with(&mut copy, place);
    Ok(copy.into())
}

struct Opened<D> {
    decoder: D,
    format: ImageFormat,
    orientation: Orientation,
}

impl<D: ImageDecoder> Opened<D> {
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

/// A decoder that has read no more than the header, of an image that is not too large.
fn open<'a>(
    reading: &Reading,
    file: &'a [u8],
) -> Result<Opened<impl ImageDecoder + use<'a>>, FileError> {
    let failed = |error| failed(reading, &error);
    let mut reader = ImageReader::new(Cursor::new(file))
        .with_guessed_format()
        .map_err(ImageError::IoError)
        .map_err(failed)?;
    reader.limits(limits(reading));
    let Some(format) = reader.format() else {
        return Err(reading.corrupt("is not an image of a known format"));
    };
    let mut decoder = reader.into_decoder().map_err(failed)?;
    let (width, height) = decoder.dimensions();
    // An image of 16 bits counts twice.
    let pixels = u64::from(width) * u64::from(height);
    reading.check_pixels(pixels.max(decoder.total_bytes() / BYTES_OF_A_PIXEL))?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    Ok(Opened { decoder, format, orientation })
}

fn limits(reading: &Reading) -> Limits {
    let mut limits = Limits::default();
    limits.max_alloc = Some(reading.limits().pixels.saturating_mul(BYTES_OF_A_PIXEL));
    limits
}

fn failed(reading: &Reading, error: &ImageError) -> FileError {
    match error {
        ImageError::Limits(_) => {
            let message = "needs too much memory; scale it down, or raise the limit `pixels`";
            reading.error(FileErrorKind::LimitExceeded, message)
        }
        ImageError::Unsupported(_) => {
            let message = format!("is an image of a kind that is not supported: {error}");
            reading.error(FileErrorKind::Unsupported, message)
        }
        _ => reading.corrupt("is damaged and can't be read as an image; save it again"),
    }
}

mod tiff {
    //! The pages of a TIFF, each of which becomes the first by a change of the header.

    use std::ops::Range;

    use super::{FileError, Reading};

    const SUBFILE_TYPE: u16 = 254;
    /// A smaller copy of another page, or a mask.
    const NOT_A_PAGE: u32 = 0b101;

    /// Where the pages are described; `None` for another format.
    pub(super) fn pages(reading: &Reading, file: &[u8]) -> Result<Option<Vec<u32>>, FileError> {
        let is_big_endian = match file {
            [b'I', b'I', 42, 0, ..] => false,
            [b'M', b'M', 0, 42, ..] => true,
            _ => return Ok(None),
        };
        let numbers = Numbers { file, is_big_endian };
        let mut pages = Vec::new();
        let mut directories = 0;
        let mut place = numbers.long(4);
        while let Some(at) = place.filter(|at| *at != 0 && !pages.contains(at)) {
            directories += 1;
            reading.check_pages(directories)?;
            reading.check_time()?;
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

    struct Numbers<'a> {
        file: &'a [u8],
        is_big_endian: bool,
    }

    impl Numbers<'_> {
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

        /// Where the entries of a directory are, 12 bytes each; after them, where the next is.
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
