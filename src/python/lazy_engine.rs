//! The engine of text recognition: loaded at the first page, once in each process.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use structx_common::sync::lock;

use super::ocr::StopSignal;
use crate::documents::recognition::{
    RecognitionError, RecognitionRequest, RecognizedImage, Recognizer, RgbImage,
};
use crate::ocr;

/// The engine of this process, which loads its weights at its first page.
pub struct LazyEngine {
    weights: PathBuf,
    stop: StopSignal,
}

/// An engine with the process that made it and the folder of its weights.
type Loaded = (u32, PathBuf, Arc<ocr::Engine>);

impl LazyEngine {
    pub fn new(weights: &Path, stop: StopSignal) -> Self {
        Self { weights: weights.to_owned(), stop }
    }

    /// The engine; threads of a parent process are gone, so that a child makes its own.
    fn loaded(&self) -> Result<Arc<ocr::Engine>, RecognitionError> {
        static LOADED: Mutex<Option<Loaded>> = Mutex::new(None);
        let process = std::process::id();
        let mut loaded = lock(&LOADED);
        match &*loaded {
            Some((owner, folder, engine)) if *owner == process && *folder == self.weights => {
                Ok(engine.clone())
            }
            _ => {
                let engine = Arc::new(ocr::Engine::load(&self.weights)?);
                let new = (process, self.weights.clone(), engine.clone());
                // Leaked in a child: joining the threads of its parent would wait for ever.
                std::mem::forget(loaded.replace(new));
                Ok(engine)
            }
        }
    }
}

impl Recognizer for LazyEngine {
    fn recognize(
        &self,
        image: &RgbImage,
        request: &RecognitionRequest<'_>,
    ) -> Result<RecognizedImage, RecognitionError> {
        let is_over = || self.stop.is_given();
        if is_over() {
            return Err(RecognitionError::Stopped);
        }
        let should_stop = || is_over() || (request.should_stop)();
        let request =
            RecognitionRequest { languages: request.languages, should_stop: &should_stop };
        self.loaded()?.recognize(image, &request)
    }

    fn check(&self) -> Result<(), RecognitionError> {
        if is_present(&self.weights) {
            return Ok(());
        }
        let message =
            "its weights are not on this machine: fetch them with `structx models pull ocr`";
        Err(RecognitionError::Unavailable(message.to_owned()))
    }
}

/// Whether all files of the weights are there.
fn is_present(weights: &Path) -> bool {
    ocr::FILES.iter().all(|file| weights.join(file).is_file())
}
