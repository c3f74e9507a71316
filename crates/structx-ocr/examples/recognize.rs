//! Recognises image files, named on standard input, and writes what it finds as lines of JSON: for
//! `bench/documents/ocr.py`. The argument is the folder of the weights.

use std::error::Error;
use std::io::{BufRead, stdin};
use std::path::Path;
use std::time::Instant;

use serde_json::json;
use structx_documents::recognition::{RecognitionRequest, Recognizer};
use structx_ocr::Engine;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("name the folder of the weights")?;
    let engine = Engine::load(Path::new(&folder))?;
    let request = RecognitionRequest { languages: &[], should_stop: &|| false };
    for file in stdin().lock().lines() {
        let file = file?;
        let page = image::open(&file)?.to_rgb8();
        let start = Instant::now();
        let found = engine.recognize(&page, &request)?;
        let seconds = start.elapsed().as_secs_f32();
        let lines: Vec<_> = found
            .lines
            .iter()
            .map(|line| {
                let words = line.words.iter();
                words.map(|it| json!([it.text, it.corners, it.score])).collect::<Vec<_>>()
            })
            .collect();
        println!(
            "{}",
            json!({"file": file, "seconds": seconds, "angle": found.angle, "lines": lines})
        );
    }
    Ok(())
}
