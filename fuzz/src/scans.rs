//! Scans, with an engine that makes what it recognises of the fuzzer's bytes.

use std::sync::Arc;

use structx_documents::recognition::{
    RecognitionError, RecognitionRequest, RecognizedImage, RecognizedLine, RecognizedWord,
    Recognizer, RgbImage,
};
use structx_documents::{Content, Engine, Ocr, ReadOptions, read_bytes};

/// The bytes that a word of the engine takes: its text, four places and a score.
const WORD: usize = 6;
/// The most bytes for the engine, which are before those of the file.
const MOST: usize = 240;

/// A target that reads files of these names with such an engine.
#[macro_export]
macro_rules! fuzz_scans {
    ($names:expr) => {
        libfuzzer_sys::fuzz_target!(|data: &[u8]| $crate::scans::read(&$names, data));
    };
}

/// Reads the bytes as a file with one of these names; the byte after the one that chooses the name is
/// the number of bytes for the engine.
///
/// # Panics
/// A document violates an invariant.
pub fn read(names: &[&str], data: &[u8]) {
    crate::hear_own_panics();
    let [chosen, count, rest @ ..] = data else { return };
    let (said, file) = rest.split_at(usize::from(*count).min(MOST).min(rest.len()));
    let engine = Engine::new(Arc::new(Anything(said.to_vec())));
    let ocr = if chosen & 0x80 == 0 { Ocr::Auto } else { Ocr::Always };
    let options = ReadOptions { ocr, engine: Some(engine), ..crate::options() };
    let name = names[usize::from(chosen & 0x7f) % names.len()];
    if let Ok(Content::Document(document)) = read_bytes(name, file.to_vec(), &options) {
        crate::check(&document);
    }
}

/// Says what its bytes say: the angle, then words.
struct Anything(Vec<u8>);

impl Recognizer for Anything {
    fn recognize(
        &self,
        image: &RgbImage,
        _: &RecognitionRequest<'_>,
    ) -> Result<RecognizedImage, RecognitionError> {
        let Some((angle, words)) = self.0.split_first() else {
            return Err(RecognitionError::Failed("no bytes".to_owned()));
        };
        let (width, height) = (image.width() as f32, image.height() as f32);
        let mut lines = vec![RecognizedLine { words: Vec::new() }];
        for it in words.chunks_exact(WORD) {
            // Places may be somewhat beyond the image, and some are none.
            let [left, top, right, bottom] = [it[1], it[2], it[3], it[4]].map(place);
            let (left, right, top, bottom) =
                (left * width, right * width, top * height, bottom * height);
            let corners = [[left, top], [right, top], [right, bottom], [left, bottom]];
            let text = char::from(it[0]).to_string().repeat(usize::from(it[0] % 9));
            let word = RecognizedWord { text, corners, score: place(it[5]) };
            if it[5] & 1 == 0 {
                lines.push(RecognizedLine { words: Vec::new() });
            }
            lines.last_mut().expect("there is one").words.push(word);
        }
        Ok(RecognizedImage { angle: 3.0 * f32::from(*angle), lines, unclear: 0, unread: 0 })
    }
}

fn place(byte: u8) -> f32 {
    match byte {
        0xff => f32::NAN,
        0xfe => f32::INFINITY,
        byte => f32::from(byte) / 200.0 - 0.1,
    }
}
