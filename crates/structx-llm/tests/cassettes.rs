//! Exchanges with every provider, as their documentation has them: see `tests/cassettes/README.md`.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use structx_llm::http::HttpProvider;
use structx_llm::http::HttpResponse;
use structx_llm::providers::registry::{ModelSettings, connect};
use structx_llm::{LlmError, Message, Request, Response, Usage};
use structx_schema::outline::OutlineCell;
use structx_schema::{OutputMode, OutputSchema};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cassette {
    about: String,
    model: String,
    environment: BTreeMap<String, String>,
    #[serde(default)]
    settings: BTreeMap<String, String>,
    request: Option<Asked>,
    http: Option<Sent>,
    reply: Option<Came>,
    decoded: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    messages: Vec<Message>,
    schema: Option<AskedSchema>,
    #[serde(default)]
    options: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AskedSchema {
    name: String,
    method: OutputMode,
    compiled: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sent {
    url: String,
    headers: BTreeMap<String, String>,
    body: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Came {
    status: u16,
    headers: BTreeMap<String, String>,
    body: Value,
}

#[test]
fn every_exchange_is_as_documented() {
    let files = cassettes();
    assert!(files.len() > 120, "only {} cassettes", files.len());
    for file in files {
        let name = file.display();
        let text = fs::read_to_string(&file).unwrap();
        let cassette: Cassette =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(!cassette.about.is_empty(), "{name}");
        let (provider, model) = cassette.connect();
        match (cassette.request, cassette.http) {
            (Some(asked), Some(sent)) => check_sent(&file, &provider, &asked.request(model), &sent),
            (None, None) => assert!(cassette.reply.is_some(), "{name}"),
            _ => panic!("{name} has one of request and http"),
        }
        match (cassette.reply, cassette.decoded) {
            (Some(came), Some(decoded)) => {
                let found = told(provider.decode(came.reply()), &decoded);
                assert_eq!(found, decoded, "{name}");
            }
            (None, None) => {}
            _ => panic!("{name} has one of reply and decoded"),
        }
    }
}

fn cassettes() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cassettes");
    let entries = |path: &Path| {
        let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
        entries.collect::<Vec<_>>()
    };
    let folders = entries(&root).into_iter().filter(|path| path.is_dir());
    let mut files: Vec<_> = folders.flat_map(|folder| entries(&folder)).collect();
    files.sort();
    files
}

impl Cassette {
    fn connect(&self) -> (HttpProvider, Arc<str>) {
        let settings = ModelSettings {
            model: self.model.clone(),
            api_base: self.settings.get("api_base").cloned(),
            api_version: self.settings.get("api_version").cloned(),
            ..ModelSettings::default()
        };
        connect(&settings, |name| self.environment.get(name).cloned()).expect("sound settings")
    }
}

impl Asked {
    fn request(self, model: Arc<str>) -> Request {
        let schema = self.schema.map(|AskedSchema { name, method, compiled }| {
            let original = compiled.clone();
            let (is_rewritten, unenforced, outline) = (false, Vec::new(), OutlineCell::default());
            Arc::new(OutputSchema {
                name,
                original,
                compiled: compiled.into(),
                is_rewritten,
                mode: method,
                unenforced,
                outline,
            })
        });
        Request { model, messages: self.messages, schema, options: Arc::new(self.options) }
    }
}

impl Came {
    fn reply(self) -> HttpResponse {
        let body = match self.body {
            Value::String(text) => text,
            body => body.to_string(),
        };
        let headers = self.headers.into_iter().collect();
        HttpResponse { status: self.status, headers, body: body.into_bytes() }
    }
}

fn check_sent(file: &Path, provider: &HttpProvider, request: &Request, expected: &Sent) {
    let name = file.display();
    let sent = provider.prepare(request).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(sent.url().as_str(), expected.url, "{name}");
    let headers: BTreeMap<String, String> = sent
        .headers()
        .iter()
        .map(|(header, value)| (header.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    assert_eq!(headers, expected.headers, "{name}");
    let body = sent.body().and_then(reqwest::Body::as_bytes).expect("a body");
    let body: Value = serde_json::from_slice(body).unwrap();
    assert_eq!(body, expected.body, "{name}");
}

/// A reply or an error in the form of `decoded`.
fn told(result: Result<Response, LlmError>, expected: &Value) -> Value {
    let mut told = match result {
        Ok(reply) => json!({
            "text": reply.text,
            "finish": reply.finish_reason,
            "usage": reply.usage,
            "request_id": reply.request_id,
        }),
        Err(error) => {
            let part = expected["error"]["message"].as_str().unwrap_or_default();
            let is_said = !part.is_empty() && error.message.contains(part);
            let cost = (error.usage != Usage::default()).then_some(error.usage);
            json!({"error": {
                "kind": error.kind.name(),
                "message": if is_said { part } else { &error.message },
                "code": error.code,
                "request_id": error.request_id,
                "retry_after": error.retry_after.as_ref().map(seconds),
                "usage": cost,
            }})
        }
    };
    let members = told.as_object_mut().expect("an object");
    members.retain(|_, value| !value.is_null());
    if let Some(parts) = members.get_mut("error").and_then(Value::as_object_mut) {
        parts.retain(|_, value| !value.is_null());
    }
    told
}

/// A whole number where it is one, as cassettes write it.
fn seconds(duration: &Duration) -> Value {
    let seconds = duration.as_secs_f64();
    if duration.subsec_nanos() == 0 { json!(duration.as_secs()) } else { json!(seconds) }
}
