//! Has the text of page images recognised, within the limits of a document.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::thread;
use std::time::{Duration, Instant};

use image::RgbImage;
use image::imageops;

use crate::context::ReadContext;
use crate::recognition::{RecognitionError, RecognitionRequest, RecognizedImage, RecognizedWord};
use crate::vision::guarded;
use crate::{Engine, FileError, FileErrorKind, Ocr, ReadOptions, Recognition};

/// The most pixels of an image that is recognised, which bounds memory: A4 at 400 dots per inch.
/// Chosen by hand.
pub(super) const MOST_PIXELS: u32 = 16_000_000;
/// The least mean score of a page's letters without a warning: chosen by hand, not measured.
const LEAST_SCORE: f32 = 0.8;

/// Recognises pages of one document, and remembers which ones stay unread.
pub(super) struct Scans<'a> {
    context: &'a ReadContext<'a>,
    engine: &'a Engine,
    /// The pages that may still be recognised.
    left: usize,
    /// Why no further page is recognised.
    obstacle: Option<Obstacle>,
    /// The pages that stay unread, by the reason.
    unread: BTreeMap<String, Vec<u32>>,
    /// The pages on which no text was found.
    silent: Vec<u32>,
    /// The pages with low scores.
    unsure: Vec<u32>,
    /// The pages with words that were left out, and how many there were.
    unclear: Vec<(u32, usize)>,
    /// The pages that took too long, and how many of their lines are not read.
    cut: Vec<(u32, usize)>,
}

/// What came of the recognition of a page: its text, if it has any.
pub(super) type Recognized = (Recognition, Option<Scan>);

/// A recognised page image with text.
pub(super) struct Scan {
    pub(super) text: RecognizedImage,
    /// The width of the image in pixels.
    pub(super) width: u32,
}

/// Why a page is not recognised.
#[derive(Clone)]
struct Obstacle {
    why: String,
    cause: Recognition,
}

impl<'a> Scans<'a> {
    /// Starts the recognition of a document; `None` if it is not wanted, or there is no engine.
    ///
    /// # Errors
    /// All pages shall be recognised, and none can be.
    pub(super) fn of(context: &'a ReadContext<'a>) -> Result<Option<Self>, FileError> {
        let (ocr, engine) = (context.options.ocr, context.options.engine.as_ref());
        let must = |why: &str| {
            let message = format!("`ocr` is \"always\", and text recognition {why}");
            context.error(FileErrorKind::Unsupported, message)
        };
        let engine = match (ocr, engine) {
            (Ocr::Always, None) => return Err(must("is not part of this program")),
            (Ocr::Never, _) | (Ocr::Auto, None) => return Ok(None),
            (_, Some(engine)) => engine,
        };
        let obstacle = engine.recognizer().check().err().map(Obstacle::from);
        match obstacle {
            Some(obstacle) if ocr == Ocr::Always => Err(must(&obstacle.why)),
            obstacle => Ok(Some(Self {
                context,
                engine,
                left: context.limits().ocr_pages,
                obstacle,
                unread: BTreeMap::new(),
                silent: Vec::new(),
                unsure: Vec::new(),
                unclear: Vec::new(),
                cut: Vec::new(),
            })),
        }
    }

    /// Recognises a page whose image `draw` makes.
    pub(super) fn read(
        &mut self,
        number: u32,
        draw: impl FnOnce(&ReadContext) -> Result<RgbImage, FileError> + Send,
    ) -> Recognized {
        if self.left == 0 && self.obstacle.is_none() {
            let most = self.context.limits().ocr_pages;
            let more = most.saturating_mul(2).max(1);
            let why = format!("stopped after {most} pages; {}", advice("ocr_pages", more));
            self.obstacle = Some(Obstacle { why, cause: Recognition::Skipped });
        }
        if let Some(obstacle) = self.obstacle.clone() {
            return self.unread(number, obstacle);
        }
        self.left -= 1;
        match self.recognized(draw) {
            Ok(scan) => self.told(number, scan),
            Err(obstacle) => {
                if obstacle.is_of_all() {
                    self.obstacle = Some(obstacle.clone());
                }
                self.unread(number, obstacle)
            }
        }
    }

    fn unread(&mut self, number: u32, Obstacle { why, cause }: Obstacle) -> Recognized {
        self.unread.entry(why).or_default().push(number);
        (cause, None)
    }

    /// Remembers what is to be told of a page that was recognised.
    fn told(&mut self, number: u32, scan: Scan) -> Recognized {
        let RecognizedImage { unclear, unread, .. } = scan.text;
        if unclear > 0 {
            self.unclear.push((number, unclear));
        }
        if unread > 0 {
            self.cut.push((number, unread));
        }
        match scan.score() {
            None => {
                if unread == 0 {
                    self.silent.push(number);
                }
                let is_blank = unclear + unread == 0;
                return (if is_blank { Recognition::Done } else { Recognition::Failed }, None);
            }
            Some(score) if score < LEAST_SCORE => self.unsure.push(number),
            Some(_) => {}
        }
        (if unread == 0 { Recognition::Done } else { Recognition::Failed }, Some(scan))
    }

    /// Draws and recognises on a thread of its own, so that neither counts as time of the reader.
    fn recognized(
        &self,
        draw: impl FnOnce(&ReadContext) -> Result<RgbImage, FileError> + Send,
    ) -> Result<Scan, Obstacle> {
        // The context itself has the clock of this thread.
        let (name, options, engine) = (self.context.name, self.context.options, self.engine);
        let work = || {
            let _permit = engine.recognizer().admit()?;
            let context = ReadContext::new(name, options);
            let image = fitting(guarded(&context, || draw(&context))?);
            let text = text_of(&image, engine, options)?;
            Ok(Scan { text, width: image.width() })
        };
        let failed = |why: &str| Obstacle::of_page(why.to_owned());
        thread::scope(|scope| {
            let started =
                thread::Builder::new().name("structx-ocr".into()).spawn_scoped(scope, work);
            let thread = started.map_err(|_| failed("could not start a thread"))?;
            thread.join().unwrap_or_else(|_| Err(failed("crashed")))
        })
    }

    /// What to tell of pages that stay unread, or that may be wrong.
    pub(super) fn warnings(&self) -> Vec<String> {
        let unread = self.unread.iter();
        let mut warnings: Vec<String> = unread
            .map(|(why, pages)| format!("text recognition of page {}: {why}", numbers(pages)))
            .collect();
        if !self.silent.is_empty() {
            let pages = numbers(&self.silent);
            warnings.push(format!("text recognition found no text on page {pages}"));
        }
        if !self.unsure.is_empty() {
            let pages = numbers(&self.unsure);
            warnings
                .push(format!("text recognition is unsure of page {pages}: check what it says"));
        }
        for (page, count) in &self.unclear {
            let words = if *count == 1 { "word" } else { "words" };
            warnings
                .push(format!("text recognition left out {count} unclear {words} of page {page}"));
        }
        for (page, count) in &self.cut {
            let lines = if *count == 1 { "line" } else { "lines" };
            let why = too_slow(self.context.options);
            warnings.push(format!(
                "text recognition left out {count} {lines} of page {page}: it {why}"
            ));
        }
        warnings
    }
}

fn text_of(
    image: &RgbImage,
    engine: &Engine,
    options: &ReadOptions,
) -> Result<RecognizedImage, Obstacle> {
    let limit = Duration::try_from_secs_f64(options.limits.ocr_seconds);
    let (started, limit) = (Instant::now(), limit.unwrap_or(Duration::MAX));
    let is_late = || started.elapsed() > limit;
    let request = RecognitionRequest { languages: &options.ocr_languages, should_stop: &is_late };
    match engine.recognizer().recognize(image, &request) {
        // The caller stopped it, and has no use for a part.
        Ok(text) if text.unread > 0 && !is_late() => Err(RecognitionError::Stopped.into()),
        Ok(text) => Ok(text),
        Err(RecognitionError::Stopped) if is_late() => Err(Obstacle::of_page(too_slow(options))),
        Err(error) => Err(error.into()),
    }
}

/// Why a page is not read to its end, and what to do.
fn too_slow(options: &ReadOptions) -> String {
    let seconds = options.limits.ocr_seconds;
    let more = (2.0 * seconds).max(1.0);
    format!("took longer than {seconds} s; {}", advice("ocr_seconds", more))
}

fn advice(limit: &str, more: impl Display) -> String {
    format!("raise the limit: file_options={{\"limits\": {{\"{limit}\": {more}}}}}")
}

impl Obstacle {
    fn of_page(why: String) -> Self {
        Self { why, cause: Recognition::Failed }
    }

    /// Whether it is one of all further pages too.
    fn is_of_all(&self) -> bool {
        self.cause != Recognition::Failed
    }
}

impl From<RecognitionError> for Obstacle {
    fn from(error: RecognitionError) -> Self {
        match error {
            RecognitionError::Stopped => {
                Self { why: "was stopped".to_owned(), cause: Recognition::Skipped }
            }
            RecognitionError::Unavailable(why) => Self { why, cause: Recognition::Unavailable },
            RecognitionError::Failed(_) => Self::of_page(error.to_string()),
        }
    }
}

impl From<FileError> for Obstacle {
    fn from(error: FileError) -> Self {
        Self::of_page(error.message)
    }
}

impl Scan {
    /// The mean score of the letters; `None` if there are none.
    fn score(&self) -> Option<f32> {
        let (mut letters, mut sum) = (0.0, 0.0);
        for word in self.words() {
            #[expect(clippy::cast_precision_loss, reason = "a word is short")]
            let count = word.text.chars().count() as f32;
            letters += count;
            sum += count * word.score;
        }
        (letters > 0.0).then(|| sum / letters)
    }

    fn words(&self) -> impl Iterator<Item = &RecognizedWord> {
        self.text.lines.iter().flat_map(|line| &line.words)
    }
}

/// The error of a document without text, with what text recognition said of its pages.
pub(super) fn no_text(context: &ReadContext, what: &str, recognition: &[String]) -> FileError {
    let help = if recognition.is_empty() {
        "run text recognition (OCR) on it first, or read it in mode \"auto\" with a vision model"
            .to_owned()
    } else {
        format!("{}; or read it in mode \"auto\" with a vision model", recognition.join("; "))
    };
    context.error(FileErrorKind::NoTextLayer, format!("{what}; {help}"))
}

/// The page numbers `1, 2, 3`.
pub(super) fn numbers(pages: &[u32]) -> String {
    pages.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")
}

/// The image, scaled down if it is too large.
fn fitting(image: RgbImage) -> RgbImage {
    let (width, height) = image.dimensions();
    let pixels = f64::from(width) * f64::from(height);
    let scale = (f64::from(MOST_PIXELS) / pixels).sqrt();
    if scale >= 1.0 {
        return image;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of a side")]
    let side = |side: u32| ((f64::from(side) * scale) as u32).max(1);
    // Unlike `resize`, it does not keep a copy in floating point: 400 MB for a sheet of A4 at 600 dpi.
    imageops::thumbnail(&image, side(width), side(height))
}
