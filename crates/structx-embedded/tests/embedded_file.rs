//! The embedded model with generated files: a tiny model with random weights, whose replies are noise that
//! matches the schema, and files that are not models.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use candle_core::quantized::gguf_file::{self, Value};
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};
use serde_json::{Map, json};
use structx_embedded::{LocalOptions, LocalProvider};
use structx_llm::{FinishReason, LlmErrorKind, Message, Part, Provider, Request, Role};

const WIDTH: usize = 64;
const FEED: usize = 96;
/// The size of the vocabulary: 256 bytes, one merged pair, two control tokens, and padding.
const TOKENS: usize = 288;

/// A temporary file, removed on drop.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let name = format!("structx-{}-{name}.gguf", std::process::id());
        Self(std::env::temp_dir().join(name))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn tiny_model(name: &str, architecture: &str) -> Scratch {
    let scratch = Scratch::new(name);
    let metadata = metadata(architecture);
    let tensors = tensors();
    let metadata: Vec<(&str, &Value)> = metadata.iter().map(|(key, it)| (*key, it)).collect();
    let tensors: Vec<(&str, &QTensor)> =
        tensors.iter().map(|(name, it)| (name.as_str(), it)).collect();
    let mut file = File::create(&scratch.0).unwrap();
    gguf_file::write(&mut file, &metadata, &tensors).unwrap();
    scratch
}

fn metadata(architecture: &str) -> Vec<(&'static str, Value)> {
    // GPT-2's byte alphabet: printable bytes map to themselves, the others to letters from U+0100 on.
    let printable = |byte: u8| matches!(byte, 33..=126 | 161..=172 | 174..=255);
    let mut others = '\u{100}'..;
    let mut tokens: Vec<String> = (0..=u8::MAX)
        .map(|byte| if printable(byte) { char::from(byte) } else { others.next().unwrap() })
        .map(String::from)
        .collect();
    tokens.extend(["ab", "<|im_start|>", "<|im_end|>"].map(str::to_owned));
    tokens.extend((tokens.len()..TOKENS).map(|index| format!("<|unused{index}|>")));
    let kinds = (0..TOKENS).map(|index| Value::I32(if index < 257 { 1 } else { 3 })).collect();
    vec![
        ("general.architecture", Value::String(architecture.to_owned())),
        ("qwen2.block_count", Value::U32(2)),
        ("qwen2.context_length", Value::U32(4096)),
        ("qwen2.embedding_length", Value::U32(64)),
        ("qwen2.attention.head_count", Value::U32(4)),
        ("qwen2.attention.head_count_kv", Value::U32(2)),
        ("qwen2.attention.layer_norm_rms_epsilon", Value::F32(1e-6)),
        ("qwen2.rope.freq_base", Value::F32(10_000.0)),
        ("tokenizer.ggml.model", Value::String("gpt2".to_owned())),
        ("tokenizer.ggml.pre", Value::String("qwen2".to_owned())),
        ("tokenizer.ggml.tokens", Value::Array(tokens.into_iter().map(Value::String).collect())),
        ("tokenizer.ggml.token_type", Value::Array(kinds)),
        ("tokenizer.ggml.merges", Value::Array(vec![Value::String("a b".to_owned())])),
        ("tokenizer.ggml.eos_token_id", Value::U32(258)),
    ]
}

fn tensors() -> Vec<(String, QTensor)> {
    let matrix = |name: String, rows, columns| {
        let values = Tensor::randn(0_f32, 0.2, (rows, columns), &Device::Cpu).unwrap();
        (name, QTensor::quantize(&values, GgmlDType::Q8_0).unwrap())
    };
    let vector = |name: String, length| {
        let values = Tensor::ones(length, candle_core::DType::F32, &Device::Cpu).unwrap();
        (name, QTensor::quantize(&values, GgmlDType::F32).unwrap())
    };
    let mut tensors = vec![
        matrix("token_embd.weight".to_owned(), TOKENS, WIDTH),
        vector("output_norm.weight".to_owned(), WIDTH),
    ];
    for layer in 0..2 {
        let name = |part: &str| format!("blk.{layer}.{part}");
        for (part, rows, columns) in [
            ("attn_q", WIDTH, WIDTH),
            ("attn_k", WIDTH / 2, WIDTH),
            ("attn_v", WIDTH / 2, WIDTH),
            ("attn_output", WIDTH, WIDTH),
            ("ffn_gate", FEED, WIDTH),
            ("ffn_up", FEED, WIDTH),
            ("ffn_down", WIDTH, FEED),
        ] {
            tensors.push(matrix(name(&format!("{part}.weight")), rows, columns));
        }
        tensors.push(vector(name("attn_q.bias"), WIDTH));
        tensors.push(vector(name("attn_norm.weight"), WIDTH));
        tensors.push(vector(name("ffn_norm.weight"), WIDTH));
    }
    tensors
}

fn open(file: &Scratch) -> LocalProvider {
    let options = LocalOptions { max_tokens: 1500, threads: Some(1), ..LocalOptions::default() };
    LocalProvider::open(file.0.clone(), options).unwrap()
}

fn request(model: &LocalProvider, document: &str) -> Request {
    let schema = json!({
        "type": "object",
        "required": ["name", "kind", "total", "count", "sum", "when", "lines"],
        "properties": {
            "name": {"type": "string", "maxLength": 20},
            "kind": {"enum": ["order", "offer"]},
            "total": {"type": "number"},
            "count": {"type": "integer", "x-copied": false, "minimum": 0, "maximum": 999},
            "sum": {"type": "number", "x-copied": false},
            "when": {"type": "string", "format": "date"},
            "lines": {"type": "array", "maxItems": 3, "items": {"$ref": "#/$defs/Line"}},
            "note": {"type": "string", "maxLength": 5},
        },
        "$defs": {"Line": {"type": "object", "required": ["price"], "properties": {
            "price": {"anyOf": [{"type": "number"}, {"type": "null"}]}}}},
    });
    let parts = vec![Part::Document(document.into()), Part::Text("Query: all".into())];
    Request {
        model: "tiny".into(),
        messages: vec![Message { role: Role::User, parts }],
        schema: Some(Arc::new(model.compile("local/m", "Reply", &schema).unwrap())),
        options: Arc::new(Map::new()),
    }
}

#[tokio::test]
async fn even_noise_is_valid_and_grounded() {
    let file = tiny_model("noise", "qwen2");
    let model = open(&file);
    let documents = ["5 May 2024: $12.50", "<|im_end|> 2023-01-02 and 7, 8, 9", "no literals"];
    let requests: Vec<Request> =
        documents.iter().map(|document| request(&model, document)).collect();
    let (one, two, three) = tokio::join!(
        model.complete(&requests[0]),
        model.complete(&requests[1]),
        model.complete(&requests[2]),
    );
    for reply in [one, two, three] {
        let reply = reply.unwrap();
        assert_eq!(reply.finish_reason, FinishReason::Stop);
        let value: serde_json::Value = serde_json::from_str(&reply.text).unwrap();
        assert!(value["name"].as_str().unwrap().chars().count() <= 20, "{value}");
        assert!(["order", "offer"].contains(&value["kind"].as_str().unwrap()), "{value}");
        assert!(value["total"].is_number() && value["lines"].is_array(), "{value}");
        assert!((0..=999).contains(&value["count"].as_i64().unwrap()), "{value}");
        assert!(value["sum"].as_f64().unwrap().abs() <= 1e18, "{value}");
        assert_eq!(value["when"].as_str().unwrap().len(), 10, "{value}");
        assert!(value["note"].is_null() || value["note"].is_string(), "{value}");
    }
}

#[tokio::test]
async fn a_prompt_beyond_the_context_names_both_counts() {
    let file = tiny_model("context", "qwen2");
    let model = open(&file);
    let error = model.complete(&request(&model, &"x".repeat(3000))).await.unwrap_err();
    assert_eq!(error.kind, LlmErrorKind::ContextLength);
    let message = error.to_string();
    assert!(message.contains("has 30") && message.contains(" 1500 "), "{message}");
    assert!(message.contains(" 4096 "), "{message}");
}

#[tokio::test]
async fn another_architecture_is_named_with_the_supported_one() {
    let file = tiny_model("llama", "llama");
    let model = open(&file);
    let error = model.complete(&request(&model, "")).await.unwrap_err();
    assert_eq!(error.kind, LlmErrorKind::Engine);
    assert!(error.to_string().contains("`llama`"), "{error}");
    assert!(error.to_string().contains("`qwen2`"), "{error}");
}

#[tokio::test]
async fn a_file_that_is_no_whole_model_is_an_error_with_its_name() {
    let text = Scratch::new("text");
    std::fs::write(&text.0, "this is a letter, not a model").unwrap();
    let cut = tiny_model("cut", "qwen2");
    let length = std::fs::metadata(&cut.0).unwrap().len();
    File::options().write(true).open(&cut.0).unwrap().set_len(length / 2).unwrap();
    for file in [text, cut] {
        let model = open(&file);
        let error = model.complete(&request(&model, "")).await.unwrap_err();
        assert_eq!(error.kind, LlmErrorKind::Engine);
        assert!(error.to_string().contains(&*file.0.to_string_lossy()), "{error}");
    }
    let missing = LocalProvider::open("nowhere.gguf".into(), LocalOptions::default());
    assert!(missing.unwrap_err().to_string().contains("nowhere.gguf"));
}
