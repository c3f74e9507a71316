//! The engine of text recognition: loaded at the first page, once in each process.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use structx_common::sync::lock;

use super::ocr::StopSignal;
use crate::documents::recognition::{
    Permit, RecognitionError, RecognitionRequest, RecognizedImage, Recognizer, RgbImage,
};
use crate::ocr::{self, Permits};

/// The engine of this process, which loads its weights at its first page and recognises one page at a
/// time, on all processors.
pub struct SharedEngine {
    weights: PathBuf,
    loaded: Mutex<Option<Arc<ocr::Engine>>>,
    permits: Arc<Permits>,
}

impl SharedEngine {
    pub fn new(weights: PathBuf) -> Self {
        Self { weights, loaded: Mutex::default(), permits: Arc::default() }
    }

    fn loaded(&self) -> Result<Arc<ocr::Engine>, RecognitionError> {
        let mut loaded = lock(&self.loaded);
        if let Some(engine) = &*loaded {
            return Ok(engine.clone());
        }
        let engine = Arc::new(ocr::Engine::load(&self.weights)?);
        *loaded = Some(engine.clone());
        Ok(engine)
    }

    /// Whether all files of the weights are there.
    fn is_present(&self) -> bool {
        ocr::FILES.iter().all(|file| self.weights.join(file).is_file())
    }
}

/// The engine of this process for one source.
pub struct LazyEngine {
    shared: Arc<SharedEngine>,
    stop: StopSignal,
}

impl LazyEngine {
    pub fn new(shared: Arc<SharedEngine>, stop: StopSignal) -> Self {
        Self { shared, stop }
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
        self.shared.loaded()?.recognize(image, &request)
    }

    fn admit(&self) -> Result<Permit, RecognitionError> {
        self.shared.permits.admit(&|| self.stop.is_given())
    }

    fn check(&self) -> Result<(), RecognitionError> {
        if self.shared.is_present() {
            return Ok(());
        }
        let message =
            "its weights are not on this machine: fetch them with `structx models pull ocr`";
        Err(RecognitionError::Unavailable(message.to_owned()))
    }
}
