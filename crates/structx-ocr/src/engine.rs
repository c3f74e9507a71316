//! The engine: detection, direction of the page, recognition.

use std::path::Path;

use image::RgbImage;
use structx_documents::recognition::{
    RecognitionError, RecognitionRequest, RecognizedImage, RecognizedLine, Recognizer,
};

use crate::detection::Detector;
use crate::direction;
use crate::network::Session;
use crate::recognition::Reader;
use crate::words;

/// The files of the weights, which [`Engine::load`] expects in its folder.
pub const FILES: [&str; 2] = [DETECTION, RECOGNITION];
const DETECTION: &str = "PP-OCRv6_det_small.onnx";
const RECOGNITION: &str = "PP-OCRv6_rec_small.onnx";
/// Words below are left out, as in `RapidOCR`: most are noise.
const LEAST_SCORE: f32 = 0.5;

/// Recognises text with the weights of a folder. It may be used from several threads at a time.
pub struct Engine {
    detector: Detector,
    reader: Reader,
}

impl Engine {
    /// Loads the weights, which takes about half a second.
    ///
    /// # Errors
    /// [`RecognitionError::Unavailable`] if a file is missing or is not what it should be.
    pub fn load(folder: &Path) -> Result<Self, RecognitionError> {
        let detector = Detector::load(&folder.join(DETECTION))?;
        let reader = Reader::load(&folder.join(RECOGNITION))?;
        Ok(Self { detector, reader })
    }
}

impl Recognizer for Engine {
    fn recognize(
        &self,
        image: &RgbImage,
        request: &RecognitionRequest<'_>,
    ) -> Result<RecognizedImage, RecognitionError> {
        if image.width() == 0 || image.height() == 0 {
            return Ok(RecognizedImage::default());
        }
        let symbols = &self.reader.symbols;
        let session = Session::new(request, symbols)?;
        let boxes = self.detector.find(&session, image)?;
        let read = direction::read(&self.reader, &session, image, boxes)?;
        if read.lines.is_empty() && read.unread > 0 {
            return Err(RecognitionError::Stopped);
        }
        let lines = read.lines.iter().map(|line| words::words(line, symbols)).collect();
        let (lines, unclear) = clear(lines);
        Ok(RecognizedImage { angle: read.angle, lines, unclear, unread: read.unread })
    }
}

/// The lines of words that are sure enough, and the number of the others with letters or digits.
fn clear(mut lines: Vec<RecognizedLine>) -> (Vec<RecognizedLine>, usize) {
    let mut unclear = 0;
    for line in &mut lines {
        line.words.retain(|word| {
            let is_clear = word.score >= LEAST_SCORE;
            unclear += usize::from(!is_clear && word.text.contains(char::is_alphanumeric));
            is_clear
        });
    }
    lines.retain(|line| !line.words.is_empty());
    (lines, unclear)
}

#[cfg(test)]
mod tests {
    use structx_documents::recognition::RecognizedWord;

    use super::*;

    #[test]
    fn unclear_words_are_left_out_and_counted() {
        let word = |text: &str, score| RecognizedWord {
            text: text.to_owned(),
            corners: Default::default(),
            score,
        };
        let line = |words| RecognizedLine { words };
        let (lines, unclear) = clear(vec![
            line(vec![word("Total", 0.9), word("1I3", 0.4)]),
            line(vec![word("~", 0.2)]),
        ]);
        assert_eq!(lines, [line(vec![word("Total", 0.9)])]);
        assert_eq!(unclear, 1);
    }

    #[test]
    fn missing_weights_are_named() {
        let error = Engine::load(Path::new("no such folder")).err();
        let Some(RecognitionError::Unavailable(message)) = error else { panic!("{error:?}") };
        assert!(message.contains(DETECTION), "{message}");
    }

    #[test]
    fn weights_that_are_no_network_are_refused() {
        let folder = std::env::temp_dir().join(format!("structx-ocr-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join(DETECTION), b"not a network").expect("a file");
        let loaded = Engine::load(&folder).err();
        std::fs::remove_dir_all(&folder).expect("the folder is ours");
        assert!(matches!(loaded, Some(RecognitionError::Unavailable(_))), "{loaded:?}");
    }
}
