//! What text recognition (OCR) gives: the interface between readers and an engine.

use std::any::Any;

pub use image::RgbImage;

/// The right to recognise a page, which ends when it is dropped.
pub type Permit = Box<dyn Any>;

/// Recognises the text of page images.
pub trait Recognizer: Send + Sync {
    /// Recognises the text of an image that may be turned or skewed.
    ///
    /// # Errors
    /// The engine can't run, or it was told to stop before it had read a line.
    fn recognize(
        &self,
        image: &RgbImage,
        request: &RecognitionRequest<'_>,
    ) -> Result<RecognizedImage, RecognitionError>;

    /// Waits until a page may be drawn and recognised, so that several documents do not take
    /// processors and memory from each other. By default, it does not wait.
    ///
    /// # Errors
    /// [`RecognitionError::Stopped`] if the caller is gone.
    fn admit(&self) -> Result<Permit, RecognitionError> {
        Ok(Box::new(()))
    }

    /// Tells without much work whether it can run.
    ///
    /// # Errors
    /// The weights are not on this machine.
    fn check(&self) -> Result<(), RecognitionError> {
        Ok(())
    }
}

/// The bounds of one recognition.
pub struct RecognitionRequest<'a> {
    /// Languages as BCP 47 tags, such as `de`; empty for all that the engine knows.
    pub languages: &'a [String],
    /// Asked between steps of at most about a second, from any thread: whether the time is up or the
    /// caller is gone.
    pub should_stop: &'a (dyn Fn() -> bool + Sync),
}

/// The text of an image. All places are in pixels of the given image, from its top left corner.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RecognizedImage {
    /// How the text is turned, in degrees clockwise from upright, as found: 0 for an upright image, 90
    /// if its lines run from top to bottom, and so on, with the skew in the fraction.
    pub angle: f32,
    /// In no particular order: the layout arranges them.
    pub lines: Vec<RecognizedLine>,
    /// How many words the engine left out, as too unsure.
    pub unclear: usize,
    /// How many lines it found but did not read, since it was told to stop.
    pub unread: usize,
}

/// A line of text, or the part of one that stands in a cell or column.
#[derive(Debug, Clone, PartialEq)]
pub struct RecognizedLine {
    pub words: Vec<RecognizedWord>,
}

/// A word and its place.
#[derive(Debug, Clone, PartialEq)]
pub struct RecognizedWord {
    pub text: String,
    /// Its corners in reading direction: top left, top right, bottom right, bottom left.
    pub corners: [[f32; 2]; 4],
    /// How sure the engine is, from 0 to 1.
    pub score: f32,
}

/// Why an image was not recognised. The text continues a sentence whose subject is text recognition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecognitionError {
    /// The weights are not on this machine, or do not fit; says what to do.
    #[error("{0}")]
    Unavailable(String),
    /// `should_stop` said so before any line was read.
    #[error("was stopped")]
    Stopped,
    #[error("failed: {0}")]
    Failed(String),
}
