//! The embedded model with its weights: they are taken from `STRUCTX_LOCAL_MODEL` or the cache.
//! Where they are not, the tests say so and pass, except in CI.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]
#![cfg(feature = "local")]

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde_json::{Map, Value, json};
use structx::embedded::{LocalOptions, LocalProvider};
use structx::evidence::{Evidence, Index, Status, find, leaves};
use structx::llm::{FinishReason, LlmErrorKind, Provider, Request};
use structx::planning::prompts;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::timeout;

const FILE: &str = "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf";

const ORDER: &str = "Order 4711 of 3 May 2024\n\
    Ship to: Ada Miller, 12 Hill Road, Leeds\n\
    2 x Desk lamp at 24.50 = 49.00\n\
    1 x Office chair at 189.00 = 189.00\n\
    Total: 238.00 GBP";

/// The model, one test at a time; `None` where there are no weights.
async fn model() -> Option<MutexGuard<'static, LocalProvider>> {
    static MODEL: OnceLock<Option<Mutex<LocalProvider>>> = OnceLock::new();
    let model = MODEL.get_or_init(|| {
        let Some(path) = weights() else {
            assert!(std::env::var_os("CI").is_none(), "CI has to fetch the weights first");
            eprintln!("skipped: no {FILE}; run `structx models pull qwen2.5-coder-0.5b`");
            return None;
        };
        LocalProvider::open(path, LocalOptions::default()).map(Mutex::new).ok()
    });
    match model {
        Some(model) => Some(model.lock().await),
        None => None,
    }
}

fn weights() -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let cache = |name: &str, rest: &str| Some(variable(name)?.join(rest).join("models").join(FILE));
    let places = [
        variable("STRUCTX_LOCAL_MODEL"),
        cache("STRUCTX_CACHE_DIR", ""),
        cache("XDG_CACHE_HOME", "structx"),
        cache("HOME", ".cache/structx"),
        cache("HOME", "Library/Caches/structx"),
        cache("LOCALAPPDATA", "structx/Cache"),
    ];
    places.into_iter().flatten().find(|path| path.is_file())
}

fn request(model: &LocalProvider, query: &str, document: &str, item: &Value) -> Request {
    let mut item = item.clone();
    let definitions = item.as_object_mut().and_then(|item| item.shift_remove("$defs"));
    let schema = json!({
        "type": "object",
        "required": ["items"],
        "properties": {"items": {"type": "array", "items": item}},
        "$defs": definitions.unwrap_or_else(|| json!({})),
    });
    Request {
        model: "local".into(),
        messages: prompts::extraction(query, "", document.into(), &[], None),
        schema: Some(Arc::new(model.compile("local/m", "Reply", &schema).unwrap())),
        options: Arc::new(Map::new()),
    }
}

fn total() -> Value {
    json!({"type": "object", "required": ["total"], "properties": {"total": {"type": "number"}}})
}

#[tokio::test]
async fn a_nested_schema_is_answered_with_values_of_the_document() {
    let Some(model) = model().await else { return };
    let item = json!({
        "type": "object",
        "required": ["order_number", "order_date", "lines", "total"],
        "properties": {
            "order_number": {"type": "integer"},
            "order_date": {"type": "string", "format": "date"},
            "lines": {"type": "array", "items": {"$ref": "#/$defs/Line"}},
            "total": {"type": "number"},
        },
        "$defs": {"Line": {
            "type": "object",
            "required": ["product", "quantity", "unit_price"],
            "properties": {
                "product": {"type": "string"},
                "quantity": {"type": "integer"},
                "unit_price": {"type": "number"},
            },
        }},
    });
    let query = "extract the order with its number, date, lines and total";
    let reply = model.complete(&request(&model, query, ORDER, &item)).await.unwrap();
    assert_eq!(reply.finish_reason, FinishReason::Stop);
    let value: Value = serde_json::from_str(&reply.text).unwrap();
    let order = &value["items"][0];
    assert_eq!(order["order_number"], 4711, "{value}");
    assert_eq!(order["order_date"], "2024-05-03", "{value}");
    assert_eq!(order["total"], 238.0, "{value}");
    assert_eq!(order["lines"][0]["quantity"], 2, "{value}");
    assert_eq!(order["lines"].as_array().unwrap().len(), 2, "{value}");
    // Which price the model takes is its affair; that the document has it is ours.
    let evidence = find(&Index::new(ORDER), &leaves(&value["items"], &item));
    let is_said =
        |it: &Evidence| matches!(it.status, Status::Exact | Status::Normalized | Status::Ambiguous);
    assert!(evidence.iter().all(is_said), "{evidence:?}");
    assert!(evidence.iter().any(|it| it.text == "3 May 2024"), "{evidence:?}");
}

#[tokio::test]
async fn a_dropped_request_stops_at_its_next_step() {
    let Some(model) = model().await else { return };
    model.complete(&request(&model, "extract the total", "Total: 5", &total())).await.unwrap();
    let long = "The meeting went on without any result worth the name. ".repeat(40);
    let long = request(&model, "extract the total", &long, &total());
    let dropped = timeout(Duration::from_millis(20), model.complete(&long)).await;
    assert!(dropped.is_err());
    let usage = model.complete(&long).await.unwrap().usage;
    // Had the first request read on, the second would find its tokens in the cache.
    assert!(usage.prompt_tokens > 400, "{usage:?}");
    assert!(usage.cached_tokens.unwrap() < 200, "{usage:?}");
}

#[tokio::test]
async fn concurrent_requests_are_all_answered() {
    let Some(model) = model().await else { return };
    let (one, two) = ("Total: $12.50", "Total: $99.00");
    let (one, two) = (
        request(&model, "extract the total", one, &total()),
        request(&model, "extract the total", two, &total()),
    );
    let (one, two) = tokio::join!(model.complete(&one), model.complete(&two));
    assert_eq!(one.unwrap().text, r#"{"items":[{"total":12.5}]}"#);
    assert_eq!(two.unwrap().text, r#"{"items":[{"total":99.0}]}"#);
}

#[tokio::test]
async fn a_prompt_that_does_not_fit_is_refused_with_both_counts() {
    let Some(model) = model().await else { return };
    let long = request(&model, "extract the total", &"word ".repeat(9000), &total());
    let error = model.complete(&long).await.unwrap_err();
    assert_eq!(error.kind, LlmErrorKind::ContextLength);
    let message = error.to_string();
    assert!(message.contains(" 1024 ") && message.contains(" 8192 "), "{message}");
}

#[tokio::test]
async fn control_tokens_in_a_document_are_text() {
    let Some(model) = model().await else { return };
    let mut counts = Vec::new();
    for document in ["Total: 5 ", "Total: 5 <|im_end|>"] {
        let request = request(&model, "extract the total", document, &total());
        let reply = model.complete(&request).await.unwrap();
        assert_eq!(reply.text, r#"{"items":[{"total":5.0}]}"#);
        counts.push(reply.usage.prompt_tokens);
    }
    // As a control token it would be one.
    assert!(counts[1] >= counts[0] + 4, "{counts:?}");
}

#[tokio::test]
async fn an_answer_that_reaches_its_limit_says_so() {
    let Some(model) = model().await else { return };
    let mut request = request(&model, "extract the total", ORDER, &total());
    request.options = Arc::new(Map::from_iter([("max_tokens".to_owned(), json!(3))]));
    let reply = model.complete(&request).await.unwrap();
    assert_eq!(reply.finish_reason, FinishReason::Length);
    request.options = Arc::new(Map::from_iter([("temperature".to_owned(), json!(1))]));
    let error = model.complete(&request).await.unwrap_err();
    assert_eq!(error.kind, LlmErrorKind::Rejected);
    assert!(error.to_string().contains("`temperature`"), "{error}");
}

/// A document of codes, and the schema of a list of them.
fn codes(count: usize) -> (String, Value) {
    let lines: Vec<String> = (0..count).map(|at| format!("Code: A{at}")).collect();
    let item = json!({"type": "object", "required": ["code"],
        "properties": {"code": {"type": "string", "maxLength": 8}}});
    (lines.join("\n"), item)
}

#[tokio::test]
async fn a_list_may_be_as_long_as_the_document() {
    let Some(model) = model().await else { return };
    let (document, item) = codes(55);
    let reply =
        model.complete(&request(&model, "list every code", &document, &item)).await.unwrap();
    let is_cut = reply.finish_reason == FinishReason::Length;
    let value: Result<Value, _> = serde_json::from_str(&reply.text);
    let items = value.ok().map_or(0, |value| value["items"].as_array().unwrap().len());
    // A reply that is not marked as cut has more than the 50 items of the least limit, or fewer.
    assert!(is_cut || items != 50, "{}", reply.text);
}

#[tokio::test]
async fn a_text_that_reaches_its_limit_is_cut() {
    let Some(model) = model().await else { return };
    let clause =
        "The tenant pays the rent and all costs of heating, water and cleaning. ".repeat(10);
    let item = json!({"type": "object", "required": ["clause"],
        "properties": {"clause": {"type": "string"}}});
    let query = "copy the whole clause, word for word";
    let request = request(&model, query, &clause, &item);
    let reply = model.complete(&request).await.unwrap();
    let value: Result<Value, _> = serde_json::from_str(&reply.text);
    if reply.finish_reason == FinishReason::Stop {
        let value = value.unwrap();
        let text = value["items"][0]["clause"].as_str().unwrap_or_default();
        assert!(text.chars().count() != 500, "{text}");
    } else {
        assert!(value.is_err(), "{}", reply.text);
    }
}
