//! Scans, read with a scripted engine of text recognition.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use image::{DynamicImage, ImageFormat, RgbImage};
use structx_documents::recognition::{
    RecognitionError, RecognitionRequest, RecognizedImage, RecognizedLine, RecognizedWord,
    Recognizer,
};
use structx_documents::{
    BlockKind, Bounds, Content, Document, Engine, FileError, FileErrorKind, Limits, Method, Mode,
    Ocr, ReadOptions, Recognition, read_bytes,
};

/// Lines at places that are parts of the image: left, top, height, text, score.
type Lines = Vec<(f32, f32, f32, &'static str, f32)>;

/// An engine that says the same of every image.
struct Scripted {
    lines: Lines,
    /// Turns of 90 degrees, clockwise.
    turns: u8,
    /// How far the lines of the lower half go down, as a part of their length.
    slope: f32,
    error: Option<RecognitionError>,
    is_missing: bool,
    unclear: usize,
    unread: usize,
    sizes: Mutex<Vec<(u32, u32)>>,
    languages: Mutex<Vec<String>>,
    calls: AtomicUsize,
}

fn scripted(lines: Lines) -> Scripted {
    Scripted {
        lines,
        turns: 0,
        slope: 0.0,
        error: None,
        is_missing: false,
        unclear: 0,
        unread: 0,
        sizes: Mutex::default(),
        languages: Mutex::default(),
        calls: AtomicUsize::new(0),
    }
}

impl Recognizer for Scripted {
    fn recognize(
        &self,
        image: &RgbImage,
        request: &RecognitionRequest<'_>,
    ) -> Result<RecognizedImage, RecognitionError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.sizes.lock().unwrap().push(image.dimensions());
        *self.languages.lock().unwrap() = request.languages.to_vec();
        if let Some(error) = &self.error {
            return Err(error.clone());
        }
        #[expect(clippy::cast_precision_loss, reason = "sides are short")]
        let (width, height) = (image.width() as f32, image.height() as f32);
        let place = |x: f32, y: f32| match self.turns {
            0 if y > 0.5 => [x * width, y * height + self.slope * x * width],
            0 => [x * width, y * height],
            _ => [(1.0 - y) * width, x * height],
        };
        let line = |(left, top, size, text, score): &(f32, f32, f32, &str, f32)| {
            let mut x = *left;
            let word = |text: &str| {
                #[expect(clippy::cast_precision_loss, reason = "words are short")]
                let end = x + 0.5 * size * text.len() as f32;
                let (y, bottom) = (*top, top + size);
                let corners = [place(x, y), place(end, y), place(end, bottom), place(x, bottom)];
                x = end + 0.3 * size;
                RecognizedWord { text: text.to_owned(), corners, score: *score }
            };
            RecognizedLine { words: text.split(' ').map(word).collect() }
        };
        let angle = f32::from(self.turns) * 90.0;
        Ok(RecognizedImage {
            angle,
            lines: self.lines.iter().map(line).collect(),
            unclear: self.unclear,
            unread: self.unread,
        })
    }

    fn check(&self) -> Result<(), RecognitionError> {
        if self.is_missing {
            return Err(RecognitionError::Unavailable("fetch the weights".into()));
        }
        Ok(())
    }
}

fn options(engine: &Arc<Scripted>) -> ReadOptions {
    ReadOptions { engine: Some(Engine::new(engine.clone())), ..ReadOptions::default() }
}

fn read(name: &str, file: Vec<u8>, options: &ReadOptions) -> Result<Document, FileError> {
    match read_bytes(name, file, options)? {
        Content::Document(document) => Ok(document),
        Content::Table(table) => panic!("not a document: {table:?}"),
    }
}

/// A PDF of 400 by 500 points with pages of this content; `/I` is a grey image.
fn pdf(contents: &[&str]) -> Vec<u8> {
    let kids: Vec<String> =
        (0..contents.len()).map(|page| format!("{} 0 R", 5 + 2 * page)).collect();
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!("<< /Type /Pages /Kids [{}] /Count {} >>", kids.join(" "), kids.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
        "<< /Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray \
         /BitsPerComponent 8 /Length 1 >>\nstream\n@\nendstream"
            .to_owned(),
    ];
    for (index, content) in contents.iter().enumerate() {
        objects.push(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 500] /Contents {} 0 R \
             /Resources << /Font << /F 3 0 R >> /XObject << /I 4 0 R >> >> >>",
            6 + 2 * index
        ));
        objects.push(format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()));
    }
    let body: String =
        (1..).zip(objects).map(|(number, it)| format!("{number} 0 obj\n{it}\nendobj\n")).collect();
    format!("%PDF-1.4\n{body}trailer\n<< /Root 1 0 R >>\n%%EOF\n").into_bytes()
}

const WHOLE: &str = "q 400 0 0 500 0 0 cm /I Do Q";

fn letter() -> Lines {
    vec![
        (0.1, 0.05, 0.06, "Big title", 0.99),
        (0.1, 0.2, 0.02, "some words of a letter that is long enough", 0.9),
        (0.1, 0.225, 0.022, "and goes on in the next line of the text", 0.7),
    ]
}

fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let image = DynamicImage::ImageRgb8(RgbImage::new(width, height));
    image.write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

fn scores(document: &Document) -> Vec<(&str, Option<f32>)> {
    let words = document.words.iter();
    words.map(|word| (&document.text[word.range.clone()], word.score)).collect()
}

#[test]
fn a_scanned_page_is_read_with_boxes_and_scores() {
    let engine = Arc::new(scripted(letter()));
    let options = ReadOptions { ocr_languages: vec!["de".into()], ..options(&engine) };
    let document = read("a.pdf", pdf(&[WHOLE]), &options).unwrap();
    assert_eq!(
        document.text,
        "# Big title\n\nsome words of a letter that is long enough and goes on in the next line of \
         the text"
    );
    let kinds: Vec<BlockKind> = document.blocks.iter().map(|block| block.kind).collect();
    assert_eq!(kinds, [BlockKind::Heading { level: 1 }, BlockKind::Paragraph]);
    assert_eq!(scores(&document)[0], ("Big", Some(0.99)));
    let Bounds { left, top, right, bottom } = document.words[0].bounds;
    // A tenth of 400 points, and 5 to 11 hundredths of 500.
    assert!((left - 40.0).abs() < 0.5 && (top - 25.0).abs() < 0.5, "{left} {top}");
    assert!((bottom - 55.0).abs() < 0.5 && right > left, "{right} {bottom}");
    assert_eq!(document.method(&document.pages[0]), Method::Ocr);
    assert!(!document.pages[0].needs_vision && document.warnings.is_empty());
    assert!(document.original.is_some());
    assert_eq!(*engine.languages.lock().unwrap(), ["de"]);
}

#[test]
fn an_image_is_read_in_its_pixels() {
    let engine = Arc::new(scripted(letter()));
    let document = read("a.png", png(800, 1_000), &options(&engine)).unwrap();
    assert!(document.text.starts_with("# Big title\n\nsome words"), "{}", document.text);
    assert!((document.words[0].bounds.left - 80.0).abs() < 0.5);
    assert!(document.warnings.is_empty() && !document.pages[0].needs_vision);
    assert_eq!(engine.sizes.lock().unwrap()[0], (800, 1_000));
}

#[test]
fn a_turned_page_is_read_as_an_upright_one() {
    let upright = read("a.png", png(900, 900), &options(&Arc::new(scripted(letter())))).unwrap();
    let engine = Arc::new(Scripted { turns: 1, ..scripted(letter()) });
    let turned = read("a.png", png(900, 900), &options(&engine)).unwrap();
    assert_eq!(turned.text, upright.text);
    assert_eq!(
        turned.blocks.iter().map(|block| block.kind).collect::<Vec<_>>(),
        upright.blocks.iter().map(|block| block.kind).collect::<Vec<_>>()
    );
    let bounds = turned.words[0].bounds;
    assert!((bounds.top - 90.0).abs() < 0.5 && (bounds.right - 855.0).abs() < 0.5, "{bounds:?}");
}

#[test]
fn text_and_a_scanned_part_are_both_read_once() {
    let native = "BT /F 10 Tf 40 440 Td (Native words) Tj ET q 360 0 0 200 20 20 cm /I Do Q";
    // The engine also sees the text of the file, at 8 to 10 hundredths of the height... and the part.
    let lines =
        vec![(0.1, 0.104, 0.02, "Native words", 0.9), (0.1, 0.7, 0.02, "inside the picture", 0.95)];
    let engine = Arc::new(scripted(lines));
    let document = read("a.pdf", pdf(&[native]), &options(&engine)).unwrap();
    assert_eq!(document.text, "Native words\n\ninside the picture");
    assert_eq!(scores(&document)[0], ("Native", None));
    assert_eq!(scores(&document)[2], ("inside", Some(0.95)));
    // A small picture is no scan, nor is one with a text over it.
    for content in [
        "BT /F 10 Tf 40 440 Td (Native words) Tj ET q 30 0 0 30 20 20 cm /I Do Q".to_owned(),
        format!("{WHOLE} {}", {
            let line =
                |y| format!("BT /F 12 Tf 20 {y} Td (a line of text from an earlier reading) Tj ET");
            (1..30).map(|row| line(row * 16)).collect::<Vec<_>>().join(" ")
        }),
    ] {
        let engine = Arc::new(scripted(letter()));
        let document = read("a.pdf", pdf(&[&content]), &options(&engine)).unwrap();
        assert_eq!(engine.calls.load(Ordering::Relaxed), 0);
        assert_eq!(document.method(&document.pages[0]), Method::Native);
    }
}

#[test]
fn the_skew_of_a_scanned_part_is_undone() {
    let text = |y: u32| {
        format!("BT /F 10 Tf 40 {y} Td (Native words that make a long and upright line) Tj ET")
    };
    let content = format!("{} {} q 360 0 0 200 20 20 cm /I Do Q", text(480), text(465));
    // The engine sees the text of the file too, and finds most of the page upright.
    let native = "Native words that make a long and upright line";
    let mut lines = vec![(0.1, 0.024, 0.02, native, 0.9), (0.1, 0.054, 0.02, native, 0.9)];
    // Within a line of the scan, 14 points of height; from one line to the next, 13.
    for (row, (name, price)) in (0_u8..).zip([("Screws", "12.50"), ("Nails", "8.10")]) {
        let top = 0.7 + 0.026 * f32::from(row);
        lines.extend([(0.1, top, 0.02, name, 0.9), (0.8, top, 0.02, price, 0.9)]);
    }
    let engine = Arc::new(Scripted { slope: 0.05, ..scripted(lines) });
    let document = read("a.pdf", pdf(&[&content]), &options(&engine)).unwrap();
    let (before, scan) = document.text.split_at(document.text.find("Screws").unwrap());
    assert!(before.contains("upright line"), "{}", document.text);
    let words: Vec<&str> = scan.split(|it: char| it.is_whitespace() || it == '|').collect();
    let words: Vec<&str> = words.into_iter().filter(|it| !it.is_empty()).collect();
    assert_eq!(words, ["Screws", "12.50", "Nails", "8.10"], "{}", document.text);
    let price = document.words.iter().find(|word| &document.text[word.range.clone()] == "12.50");
    // Where it stands on the page: at 0.7 of 500 points, and 0.05 of 320 below.
    let top = price.unwrap().bounds.top;
    assert!((364.0..368.0).contains(&top), "{top}");
}

#[test]
fn the_dots_of_a_table_of_contents_are_no_bad_text() {
    let line = |y: u32| format!("BT /F 12 Tf 20 {y} Td (Chapter one {} 12) Tj ET", ". ".repeat(30));
    let lines: Vec<String> = (1..30).map(|row| line(row * 16)).collect();
    let engine = Arc::new(scripted(letter()));
    let content = format!("{WHOLE} {}", lines.join(" "));
    let document = read("a.pdf", pdf(&[&content]), &options(&engine)).unwrap();
    assert_eq!(engine.calls.load(Ordering::Relaxed), 0);
    assert!(document.text.contains("Chapter one"), "{}", document.text);
}

#[test]
fn many_small_images_are_one_scan() {
    let text = "BT /F 10 Tf 40 480 Td (Native words) Tj ET";
    let tile = |place: u32| {
        let (x, y) = (20 + place % 36 * 10, 20 + place / 36 * 10);
        format!("q 10 0 0 10 {x} {y} cm /I Do Q")
    };
    let tiles: Vec<String> = (0..36 * 40).map(tile).collect();
    let engine = Arc::new(scripted(vec![(0.1, 0.7, 0.02, "inside the tiles", 0.95)]));
    let content = format!("{text} {}", tiles.join(" "));
    let document = read("a.pdf", pdf(&[&content]), &options(&engine)).unwrap();
    assert_eq!(document.text, "Native words\n\ninside the tiles");
}

#[test]
fn a_blank_page_needs_no_vision() {
    let blank = Arc::new(scripted(Vec::new()));
    let text = "BT /F 10 Tf 40 440 Td (Native words) Tj ET";
    let document = read("a.pdf", pdf(&[text, WHOLE]), &options(&blank)).unwrap();
    let page = &document.pages[1];
    assert!(!page.needs_vision && page.recognition == Some(Recognition::Done));
    assert_eq!(document.method(page), Method::None);
    assert_eq!(document.pages[0].recognition, None);
    // A document without any text may be a picture.
    let document = read("a.pdf", pdf(&[WHOLE]), &options(&blank)).unwrap();
    assert!(document.pages[0].needs_vision);
    // Nor is a page blank whose words are not clear.
    let unclear = Arc::new(Scripted { unclear: 1, ..scripted(Vec::new()) });
    let document = read("a.pdf", pdf(&[text, WHOLE]), &options(&unclear)).unwrap();
    let page = &document.pages[1];
    assert!(page.needs_vision && page.recognition == Some(Recognition::Failed));
}

#[test]
fn a_bad_text_layer_is_replaced() {
    let bad =
        |y: u32| format!("BT 3 Tr /F 12 Tf 20 {y} Td (~~ ^^ |* _=\\\\ #l% ;:' \"<> ~i+) Tj ET");
    let layer: Vec<String> = (1..30).map(|row| bad(row * 16)).collect();
    let content = format!("{WHOLE} {}", layer.join(" "));
    let engine = Arc::new(scripted(letter()));
    let document = read("a.pdf", pdf(&[&content]), &options(&engine)).unwrap();
    assert!(document.text.starts_with("# Big title"), "{}", document.text);
}

#[test]
fn the_option_decides() {
    let page = "BT /F 10 Tf 40 440 Td (Native words) Tj ET";
    let engine = Arc::new(scripted(letter()));
    let always = ReadOptions { ocr: Ocr::Always, ..options(&engine) };
    let document = read("a.pdf", pdf(&[page]), &always).unwrap();
    assert!(document.text.starts_with("# Big title") && !document.text.contains("Native"));
    let never = ReadOptions { ocr: Ocr::Never, ..options(&engine) };
    let document = read("a.pdf", pdf(&[WHOLE]), &never).unwrap();
    assert!(document.pages[0].needs_vision && document.text.is_empty());
    assert_eq!(document.method(&document.pages[0]), Method::None);
    let none = ReadOptions { ocr: Ocr::Always, ..ReadOptions::default() };
    let error = read("a.pdf", pdf(&[WHOLE]), &none).unwrap_err();
    assert_eq!(error.kind, FileErrorKind::Unsupported);
}

#[test]
fn missing_weights_are_told_where_they_are_missed() {
    let engine = Arc::new(Scripted { is_missing: true, ..scripted(letter()) });
    let document = read("a.pdf", pdf(&[WHOLE]), &options(&engine)).unwrap();
    assert_eq!(document.pages[0].recognition, Some(Recognition::Unavailable));
    assert!(
        document.warnings.iter().any(|it| it.contains("page 1: fetch")),
        "{:?}",
        document.warnings
    );
    assert_eq!(engine.calls.load(Ordering::Relaxed), 0);
    let text = ReadOptions { mode: Mode::Text, ..options(&engine) };
    for (name, file) in [("a.pdf", pdf(&[WHOLE])), ("a.png", png(9, 9))] {
        let error = read(name, file, &text).unwrap_err();
        assert_eq!(error.kind, FileErrorKind::NoTextLayer);
        assert!(error.message.contains("fetch the weights"), "{error}");
    }
    let always = ReadOptions { ocr: Ocr::Always, ..options(&engine) };
    let error = read("a.png", png(9, 9), &always).unwrap_err();
    assert!(error.message.contains("fetch the weights"), "{error}");
    // A page with text is no reason to say it.
    let page = "BT /F 10 Tf 40 440 Td (Native words) Tj ET";
    assert!(read("a.pdf", pdf(&[page]), &options(&engine)).unwrap().warnings.is_empty());
}

#[test]
fn pages_that_stay_unread_are_told_with_the_reason() {
    let failing = |error| Arc::new(Scripted { error: Some(error), ..scripted(letter()) });
    let warnings = |engine: &Arc<Scripted>, limits: Limits| {
        let options = ReadOptions { limits, ..options(engine) };
        let document = read("a.pdf", pdf(&[WHOLE, WHOLE]), &options).unwrap();
        document.warnings.join("\n")
    };
    let failed = failing(RecognitionError::Failed("broken".into()));
    let said = warnings(&failed, Limits::default());
    assert!(said.contains("page 1, 2: failed: broken"), "{said}");
    let slow = failing(RecognitionError::Stopped);
    let said = warnings(&slow, Limits { ocr_seconds: 0.0, ..Limits::default() });
    assert!(said.contains("page 1, 2: took longer than 0 s"), "{said}");
    assert!(said.contains("\"ocr_seconds\": 1}"), "{said}");
    // One that stops before its time is stopped by the caller.
    let stopped = failing(RecognitionError::Stopped);
    let said = warnings(&stopped, Limits::default());
    assert!(said.contains("page 1, 2: was stopped"), "{said}");
    assert_eq!(stopped.calls.load(Ordering::Relaxed), 1);
    // What was read within the time is kept; a caller that is gone has no use for it.
    let partial = Arc::new(Scripted { unread: 3, ..scripted(letter()) });
    let limits = Limits { ocr_seconds: 0.0, ..Limits::default() };
    let document = read("a.pdf", pdf(&[WHOLE]), &ReadOptions { limits, ..options(&partial) });
    let document = document.unwrap();
    assert!(document.text.contains("Big title"), "{}", document.text);
    assert_eq!(document.pages[0].recognition, Some(Recognition::Failed));
    let said = document.warnings.join("\n");
    assert!(said.contains("left out 3 lines of page 1: it took longer than 0 s"), "{said}");
    let said = warnings(&partial, Limits::default());
    assert!(said.contains("page 1, 2: was stopped"), "{said}");
    let engine = Arc::new(scripted(letter()));
    let said = warnings(&engine, Limits { ocr_pages: 1, ..Limits::default() });
    assert!(
        said.contains("page 2: stopped after 1 pages") && said.contains("\"ocr_pages\": 2"),
        "{said}"
    );
    let unsure = Scripted { unclear: 2, ..scripted(vec![(0.1, 0.2, 0.02, "hardly legible", 0.5)]) };
    let said = warnings(&Arc::new(unsure), Limits::default());
    assert!(said.contains("unsure of page 1, 2"), "{said}");
    assert!(said.contains("left out 2 unclear words of page 2"), "{said}");
}
