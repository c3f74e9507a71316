//! Pages that a model sees: images, scanned PDFs, and what is sent of them.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod fake_provider;

use std::io::Cursor;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fake_provider::FakeProvider;
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use serde_json::{Value, json};
use structx::Error;
use structx::documents::{Content, FileErrorKind, Mode, ReadOptions, read_bytes};
use structx::llm::http::{ApiKey, Timeouts};
use structx::llm::providers::registry::{ModelSettings, provider};
use structx::llm::rate_limit::{ConfiguredLimits, SharedLimiter};
use structx::llm::retry::RetryPolicy;
use structx::planning::plan::Plan;
use structx::run::{
    Client, Extraction, ModelFactory, Rejection, RunContext, Step, Target, Validate, extract, plan,
};

/// Takes any reply, and makes no items of it.
#[derive(Debug)]
struct Anything(Value);

impl Validate for Anything {
    type Output = Vec<String>;

    async fn validate(&self, _: String) -> Result<Vec<String>, Rejection> {
        Ok(Vec::new())
    }
}

impl Target for Anything {
    type Item = String;

    fn name(&self) -> &'static str {
        "Anything"
    }

    fn schema(&self) -> &Value {
        &self.0
    }

    fn instructions(&self) -> &'static str {
        ""
    }
}

fn anything() -> Anything {
    Anything(json!({"type": "object", "properties": {"a": {"type": "string"}}}))
}

struct Modelled;

impl ModelFactory for Modelled {
    type Target = Anything;

    async fn target(&self, _: &Plan) -> Result<Anything, Rejection> {
        Ok(anything())
    }
}

fn step(fake: &FakeProvider, model: &str) -> Step {
    let settings = ModelSettings {
        model: model.to_owned(),
        api_key: Some(ApiKey::new("sk-secret")),
        api_base: Some(fake.base_url.clone()),
        timeouts: Timeouts { whole: Duration::from_secs(5), ..Timeouts::default() },
        ..ModelSettings::default()
    };
    let (provider, model) = provider(&settings, |_| None).unwrap();
    let retry_policy =
        RetryPolicy { max_retries: 0, min_wait: Duration::ZERO, max_wait: Duration::ZERO };
    let (name, options) = (model.clone(), Arc::default());
    let limiter = SharedLimiter::new(ConfiguredLimits::default()).limiter_for(&provider.address());
    let client = Client { provider, limiter, name, model, options, price: None };
    let (fallbacks, context) = (Arc::default(), Arc::new(RunContext::new(8)));
    Step { client, fallbacks, retry_policy, concurrency: 8, context }
}

async fn run(
    fake: &FakeProvider,
    model: &str,
    content: &Arc<Content>,
) -> structx::Result<Extraction<Anything>> {
    let step = step(fake, model);
    extract(&step, &step, &Modelled, content, "all", Some(anything())).await
}

fn read(name: &str, bytes: Vec<u8>, mode: Mode) -> Arc<Content> {
    read_bytes(name, bytes, &ReadOptions { mode, ..ReadOptions::default() }).unwrap().into()
}

fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let dark = |x: u32, y: u32| x / 16 % 2 == y / 16 % 2;
    let image = RgbImage::from_fn(width, height, |x, y| {
        Rgb(if dark(x, y) { [20, 40, 60] } else { [250, 240, 230] })
    });
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::ImageRgb8(image).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// A PDF of pages of 400 by 500 points: a text, or a black square for an empty one.
fn pdf(pages: &[&str]) -> Vec<u8> {
    let kids: Vec<String> = (0..pages.len()).map(|page| format!("{} 0 R", 4 + 2 * page)).collect();
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!("<< /Type /Pages /Kids [{}] /Count {} >>", kids.join(" "), pages.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    for (index, text) in pages.iter().enumerate() {
        let content = if text.is_empty() {
            "0 g 0 250 200 250 re f".to_owned()
        } else {
            format!("BT /F1 10 Tf 40 450 Td ({text}) Tj ET")
        };
        objects.push(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 500] /Contents {} 0 R \
             /Resources << /Font << /F1 3 0 R >> >> >>",
            5 + 2 * index
        ));
        objects.push(format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()));
    }
    let mut file = "%PDF-1.4\n".to_owned();
    for (number, object) in (1..).zip(&objects) {
        file.push_str(&format!("{number} 0 obj\n{object}\nendobj\n"));
    }
    // Without a table of places: readers find the objects by themselves.
    file.push_str("trailer\n<< /Root 1 0 R >>\n%%EOF\n");
    file.into_bytes()
}

/// The parts of the user's message of the last request: texts as they are, images decoded.
fn parts(fake: &FakeProvider) -> Vec<Result<String, DynamicImage>> {
    let body = fake.requests().last().unwrap().json();
    let content = &body["messages"][1]["content"];
    let Some(parts) = content.as_array() else {
        return vec![Ok(content.as_str().unwrap().to_owned())];
    };
    let part = |part: &Value| match part["type"].as_str().unwrap() {
        "text" => Ok(part["text"].as_str().unwrap().to_owned()),
        "image_url" => {
            let url = part["image_url"]["url"].as_str().unwrap();
            let data = url.strip_prefix("data:image/png;base64,").unwrap();
            Err(image::load_from_memory(&STANDARD.decode(data).unwrap()).unwrap())
        }
        kind => panic!("{kind}"),
    };
    parts.iter().map(part).collect()
}

#[tokio::test]
async fn a_scan_is_sent_as_images_to_a_model_that_sees() {
    let fake = FakeProvider::start().unwrap();
    let content = read("scan.pdf", pdf(&["", "Seen and read"]), Mode::Auto);
    let extraction = run(&fake, "openai/gpt-4o", &content).await.unwrap();
    let [outcome] = &extraction.outcomes[..] else { panic!("one row") };
    assert_eq!(outcome.image_pages, [1]);
    let expected = ["no usable text on page 1", "page 1 without readable text, sent as an image"];
    assert_eq!(extraction.warnings, expected);
    let [Ok(label), Err(image), Ok(text)] = &parts(&fake)[..] else { panic!("not one image") };
    assert_eq!(label, "Page 1 of the document, as an image:");
    assert!(text.contains(&*outcome.text) && text.contains("Seen and read"), "{text}");
    assert_eq!((image.width(), image.height()), (1000, 1250));
    let image = image.to_rgb8();
    assert_eq!(image.get_pixel(100, 100).0, [0, 0, 0]);
    assert_eq!(image.get_pixel(900, 100).0, [255, 255, 255]);
    assert_eq!(image.get_pixel(100, 1200).0, [255, 255, 255]);
}

#[tokio::test]
async fn without_eyes_a_scan_is_an_error_and_a_page_of_it_a_warning() {
    let fake = FakeProvider::start().unwrap();
    let scan = read("scan.pdf", pdf(&["", ""]), Mode::Auto);
    let Err(Error::File(error)) = run(&fake, "openai/gpt-3.5-turbo", &scan).await else {
        panic!("not an error")
    };
    assert_eq!(error.kind, FileErrorKind::NoTextLayer);
    assert!(error.message.contains("gpt-3.5-turbo is not known to see"), "{error}");
    let step = step(&fake, "openai/gpt-3.5-turbo");
    let planned = plan(&step, &Modelled, &scan, "all").await;
    assert!(matches!(planned, Err(Error::File(_))), "{planned:?}");
    assert_eq!(fake.stats().requests, 0);

    let half = read("half.pdf", pdf(&["One", "", "Three", "", ""]), Mode::Auto);
    let extraction = run(&fake, "openai/mystery", &half).await.unwrap();
    assert!(extraction.outcomes[0].image_pages.is_empty());
    let [_, warning] = &extraction.warnings[..] else { panic!("{:?}", extraction.warnings) };
    assert!(warning.starts_with("pages 2, 4-5 without readable text, not read"), "{warning}");
    assert!(matches!(&parts(&fake)[..], [Ok(_)]));
}

#[tokio::test]
async fn the_mode_decides_what_is_sent() {
    let fake = FakeProvider::start().unwrap();
    for (mode, model, pages) in [
        (Mode::Text, "openai/gpt-4o", &[][..]),
        (Mode::Auto, "openai/gpt-4o", &[2][..]),
        (Mode::Vision, "openai/gpt-4o", &[1, 2][..]),
        (Mode::Vision, "openai/mystery", &[1, 2][..]),
    ] {
        let content = read("half.pdf", pdf(&["One", ""]), mode);
        let extraction = run(&fake, model, &content).await.unwrap();
        assert_eq!(extraction.outcomes[0].image_pages, pages, "{mode:?} {model}");
        let images = parts(&fake).iter().filter(|part| part.is_err()).count();
        assert_eq!(images, pages.len(), "{mode:?} {model}");
    }
    for name in ["scan.pdf", "scan.png"] {
        let file = if name == "scan.pdf" { pdf(&[""]) } else { picture(9, 9, ImageFormat::Png) };
        let options = ReadOptions { mode: Mode::Text, ..ReadOptions::default() };
        let error = read_bytes(name, file, &options).unwrap_err();
        assert_eq!(error.kind, FileErrorKind::NoTextLayer, "{name}");
    }
}

#[tokio::test]
async fn no_more_is_sent_than_a_provider_takes() {
    let fake = FakeProvider::start().unwrap();
    let content = read("long.pdf", pdf(&[""; 7]), Mode::Auto);
    let extraction = run(&fake, "groq/meta-llama/llama-4-scout", &content).await.unwrap();
    assert_eq!(extraction.outcomes[0].image_pages, [1, 2, 3, 4, 5]);
    let is_said = |it: &String| it.starts_with("pages 6-7 not shown: groq takes no more");
    assert!(extraction.warnings.iter().any(is_said), "{:?}", extraction.warnings);
}

#[tokio::test]
async fn planning_sees_the_first_pages() {
    let fake = FakeProvider::start().unwrap();
    let fields = json!([{"name": "a", "type": "str", "description": "a"}]);
    let reply = json!({"model_name": "A", "fields": fields}).to_string();
    fake.script(&json!({"steps": [{"content": reply, "times": 9}]}));
    let content = read("scan.pdf", pdf(&[""; 5]), Mode::Auto);
    let step = step(&fake, "openai/gpt-4o");
    plan(&step, &Modelled, &content, "all").await.unwrap();
    assert_eq!(parts(&fake).iter().filter(|part| part.is_err()).count(), 3);
    extract(&step, &step, &Modelled, &content, "all", None).await.unwrap();
    let images: Vec<usize> = fake
        .requests()
        .iter()
        .map(|request| request.json().to_string().matches("data:image/png").count())
        .collect();
    assert_eq!(images, [3, 3, 5]);
}

#[tokio::test]
async fn images_of_every_format_are_sent() {
    let fake = FakeProvider::start().unwrap();
    for (name, format) in [
        ("a.png", ImageFormat::Png),
        ("a.bmp", ImageFormat::Bmp),
        ("a.gif", ImageFormat::Gif),
        ("a.tiff", ImageFormat::Tiff),
    ] {
        let file = picture(64, 32, format);
        let content = read(name, file.clone(), Mode::Auto);
        let extraction = run(&fake, "openai/gpt-4o", &content).await.unwrap();
        let [outcome] = &extraction.outcomes[..] else { panic!("one row") };
        assert_eq!((&*outcome.text, &outcome.image_pages[..]), ("", &[1][..]), "{name}");
        let [Ok(_), Err(image), Ok(task)] = &parts(&fake)[..] else { panic!("{name}") };
        assert!(!task.contains("<document>"), "{task}");
        assert_eq!((image.width(), image.height()), (64, 32), "{name}");
        assert_eq!(image.to_rgb8().get_pixel(0, 0).0, [20, 40, 60], "{name}");
        let body = fake.requests().last().unwrap().json().to_string();
        assert_eq!(body.contains(&STANDARD.encode(&file)), name == "a.png", "sent as it is");
    }
}

#[tokio::test]
async fn a_file_is_sent_as_it_is_to_a_model_that_reads_it() {
    let fake = FakeProvider::start().unwrap();
    let fields = json!([{"name": "a", "type": "str", "description": "a"}]);
    let reply = json!({"model_name": "A", "fields": fields}).to_string();
    fake.script(&json!({"steps": [{"content": reply, "times": 9}]}));
    let file = pdf(&["Read by others", ""]);
    let content = read("half.pdf", file.clone(), Mode::File);
    let step = step(&fake, "openai/gpt-4o");
    let extraction = extract(&step, &step, &Modelled, &content, "all", None).await.unwrap();
    let [outcome] = &extraction.outcomes[..] else { panic!("one row") };
    assert!(outcome.image_pages.is_empty() && outcome.text.contains("Read by others"));
    assert_eq!(extraction.warnings, ["no usable text on page 2"]);
    let requests = fake.requests();
    assert_eq!(requests.len(), 2, "one to plan, one to extract");
    for request in requests {
        let body = request.json();
        let parts = body["messages"][1]["content"].as_array().unwrap();
        let [file_part, task] = &parts[..] else { panic!("{parts:?}") };
        assert_eq!(file_part["file"]["filename"], "half.pdf");
        let data = file_part["file"]["file_data"].as_str().unwrap();
        let data = data.strip_prefix("data:application/pdf;base64,").unwrap();
        assert_eq!(STANDARD.decode(data).unwrap(), file);
        assert!(!task["text"].as_str().unwrap().contains("Read by others"), "{task}");
    }
}

#[tokio::test]
async fn a_file_that_is_not_taken_is_an_error_before_any_request() {
    let fake = FakeProvider::start().unwrap();
    let protected = ReadOptions::from_json(r#"{"mode": "file", "password": "p"}"#).unwrap();
    let protected = read_bytes("a.pdf", pdf(&["One"]), &protected).unwrap().into();
    for (model, content, part) in [
        ("groq/llama-4", read("a.pdf", pdf(&["One"]), Mode::File), "not known to read PDFs"),
        ("openai/gpt-4o", read("a.txt", b"One".to_vec(), Mode::File), "is for PDFs"),
        ("openai/gpt-4o", protected, "a protected PDF"),
    ] {
        let Err(Error::File(error)) = run(&fake, model, &content).await else {
            panic!("{model} takes it, not {part}")
        };
        assert_eq!(error.kind, FileErrorKind::Options);
        let text = error.message;
        assert!(text.contains(part) && text.ends_with("choose another mode"), "{text}");
    }
    assert_eq!(fake.stats().requests, 0);
}
