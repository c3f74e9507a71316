//! Requests over HTTP against the fake provider.

mod fake_provider;

use std::sync::Arc;
use std::time::Duration;

use fake_provider::FakeProvider;
use serde_json::{Value, json};
use structx::llm::http::{ApiKey, Timeouts};
use structx::llm::providers::registry::{ModelSettings, provider};
use structx::llm::{
    FinishReason, LlmError, LlmErrorKind, Message, Part, Provider, Request, Response, Role,
};
use tokio::task::JoinSet;

const KEY: &str = "sk-very-secret-0123456789";

fn client(base_url: &str, whole: Duration) -> (Arc<dyn Provider>, Arc<str>) {
    client_with(base_url, Timeouts { whole, ..Timeouts::default() })
}

fn client_with(base_url: &str, timeouts: Timeouts) -> (Arc<dyn Provider>, Arc<str>) {
    let settings = ModelSettings {
        model: "openai/gpt-test".to_owned(),
        api_key: Some(ApiKey::new(KEY)),
        api_base: Some(base_url.to_owned()),
        timeouts,
        ..ModelSettings::default()
    };
    provider(&settings, |_| None).expect("sound settings")
}

fn request_to(client: &dyn Provider, model: &Arc<str>) -> Request {
    let schema = json!({
        "type": "object",
        "properties": {"name": {"type": "string"}, "total": {"type": "number"}},
        "required": ["name", "total"],
        "additionalProperties": false,
    });
    Request {
        model: Arc::clone(model),
        messages: vec![Message {
            role: Role::User,
            parts: vec![Part::Text("Query: total\n".into()), Part::Document("Total: 3".into())],
        }],
        schema: Some(Arc::new(
            client.compile("gpt-test", "answer", &schema).expect("a plain schema"),
        )),
        options: Arc::default(),
    }
}

async fn complete(fake: &FakeProvider) -> Result<Response, LlmError> {
    let (client, model) = client(&fake.base_url, Duration::from_millis(300));
    let request = request_to(&*client, &model);
    let result = client.complete(&request).await;
    if let Err(error) = &result {
        assert!(!format!("{error} {error:?}").contains(KEY), "{error:?}");
    }
    result
}

#[tokio::test]
async fn a_request_makes_the_round_trip() {
    let fake = FakeProvider::start().unwrap();
    let reply = complete(&fake).await.unwrap();
    let value: Value = serde_json::from_str(&reply.text).unwrap();
    assert_eq!(value, json!({"name": "text", "total": 1.5}));
    assert_eq!(reply.finish_reason, FinishReason::Stop);
    assert_eq!(reply.request_id.as_deref(), Some("fake-1"));
    assert_eq!((reply.usage.total_tokens, reply.usage.cached_tokens), (15, Some(4)));

    let requests = fake.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].path, "/v1/chat/completions");
    assert_eq!(requests[0].credentials, ["authorization"]);
    assert_eq!(requests[0].user_agent, concat!("structx/", env!("CARGO_PKG_VERSION")));
    let body = requests[0].json();
    let members: Vec<_> = body.as_object().unwrap().keys().collect();
    assert_eq!(members, ["model", "messages", "response_format"], "nothing else is sent");
    assert_eq!(body["model"], "gpt-test");
}

/// One scripted answer, and the failure that it must be.
#[tokio::test]
async fn every_failure_has_its_kind() {
    use LlmErrorKind as Kind;
    let quota = json!({"error": {"message": "no credit", "code": "insufficient_quota"}});
    let echo = json!({"error": {"message": format!("Incorrect API key: {KEY}"), "code": KEY}});
    let passed_on = json!({"error": {"message": format!("bad key {KEY}"), "code": 401}});
    let gateway = json!({"error": {"message": "upstream is down", "code": 503}});
    let cases = [
        (json!({"status": 429, "headers": {"retry-after": "7"}}), Kind::RateLimit, "answered 429"),
        (json!({"status": 429, "body": quota}), Kind::Quota, "no credit"),
        (json!({"status": 401, "body": echo}), Kind::Authentication, "Incorrect API key: ***"),
        (json!({"status": 500}), Kind::Server, "as scripted"),
        (json!({"status": 503, "body": "<html>down</html>"}), Kind::Server, "a web page"),
        (json!({"status": 400, "body": ""}), Kind::Rejected, "no explanation"),
        (json!({"status": 302, "headers": {"location": "/v2"}}), Kind::Rejected, "a redirect"),
        (json!({"body": passed_on}), Kind::Authentication, "(401): bad key ***"),
        (json!({"body": gateway}), Kind::Server, "upstream is down"),
        (json!({"body": {"choices": []}}), Kind::BadReply, "no choices"),
        (json!({"refusal": "I can't say."}), Kind::Refusal, "declined"),
        (json!({"fault": "malformed"}), Kind::BadReply, "not a chat completion ("),
        (json!({"fault": "truncate"}), Kind::Connection, "broke"),
        (json!({"fault": "reset"}), Kind::Connection, "broke"),
        (json!({"fault": "stall"}), Kind::Timeout, "no whole reply from 127.0.0.1:"),
        (json!({"delay_ms": 5000}), Kind::Timeout, "within 0.3 s"),
    ];
    let fake = FakeProvider::start().unwrap();
    for (step, kind, part) in cases {
        fake.script(&json!({ "steps": [step.clone()] }));
        let error = complete(&fake).await.expect_err("the step is a failure");
        assert_eq!(error.kind, kind, "{error} for {step}");
        assert!(error.to_string().contains(part), "{error} for {step}");
        assert!(!error.to_string().contains("Total: 3"), "{error} for {step}");
        assert_eq!(fake.stats().requests, 1, "sent more than once for {step}");
        let after = (kind == Kind::RateLimit).then_some(Duration::from_secs(7));
        assert_eq!(error.retry_after, after, "{step}");
    }
}

#[tokio::test]
async fn a_reply_that_does_not_begin() {
    let fake = FakeProvider::start().unwrap();
    let first_byte = Some(Duration::from_millis(200));
    let (client, model) =
        client_with(&fake.base_url, Timeouts { first_byte, ..Timeouts::default() });
    let request = request_to(&*client, &model);
    client.complete(&request).await.unwrap();
    fake.script(&json!({ "steps": [{"fault": "stall"}] }));
    let error = client.complete(&request).await.unwrap_err();
    assert_eq!(error.kind, LlmErrorKind::FirstByteTimeout);
    let text = error.to_string();
    assert!(text.contains("no reply from 127.0.0.1:") && text.contains("within 0.2 s"), "{text}");
}

/// Where the queue of a server that accepts nobody is full, further connections are not made.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_connection_that_is_not_made() {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let filling = (0..4).map(|_| tokio::net::TcpStream::connect(address));
    let connecting = futures_util::future::join_all(filling);
    let _ = tokio::time::timeout(Duration::from_millis(200), connecting).await;
    let connect = Duration::from_millis(200);
    let (client, model) =
        client_with(&format!("http://{address}/v1"), Timeouts { connect, ..Timeouts::default() });
    let error = client.complete(&request_to(&*client, &model)).await.unwrap_err();
    assert_eq!(error.kind, LlmErrorKind::ConnectTimeout, "{error}");
    let text = error.to_string();
    assert!(text.contains(&format!("no connection to {address} within 0.2 s")), "{text}");
}

#[tokio::test]
async fn a_server_that_is_not_there() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let (client, model) =
        client(&format!("http://{address}/v1?token=hidden"), Duration::from_secs(5));
    let error = client.complete(&request_to(&*client, &model)).await.unwrap_err();
    assert_eq!(error.kind, LlmErrorKind::Connection);
    let text = format!("{error} {error:?}");
    assert!(text.contains(&format!("no connection to {address}")), "{text}");
    assert!(!text.contains("hidden") && !text.contains(KEY), "{text}");
}

#[tokio::test]
async fn a_dropped_request_closes_its_connection() {
    let fake = FakeProvider::start().unwrap();
    fake.script(&json!({ "steps": [{"fault": "stall"}] }));
    let (client, model) = client(&fake.base_url, Duration::from_mins(1));
    let request = request_to(&*client, &model);
    tokio::select! {
        result = client.complete(&request) => panic!("the server stalls: {result:?}"),
        () = fake.until(|stats| stats.in_flight == 1) => {}
    }
    fake.until(|stats| stats.aborted == 1).await;
    let stats = fake.stats();
    assert_eq!((stats.requests, stats.aborted, stats.in_flight), (1, 1, 0));
}

#[tokio::test]
async fn connections_are_used_again() {
    let fake = FakeProvider::start().unwrap();
    fake.script(&json!({ "latency_ms": 20 }));
    let (client, model) = client(&fake.base_url, Duration::from_mins(1));
    let request = request_to(&*client, &model);
    for _ in 0..5 {
        let mut ten = JoinSet::new();
        for _ in 0..10 {
            let (client, request) = (Arc::clone(&client), request.clone());
            ten.spawn(async move { client.complete(&request).await });
        }
        for reply in ten.join_all().await {
            reply.unwrap();
        }
    }
    let stats = fake.stats();
    assert_eq!((stats.requests, stats.max_in_flight, stats.aborted), (50, 10, 0));
    // A connection may be opened while another is on its way back to the pool.
    assert!(stats.connections <= 25, "{stats:?}");
}

#[tokio::test]
async fn without_a_key_nothing_is_sent_as_one() {
    for name in ["my-own-model", "gpt-oss-20b", "org/o1"] {
        let fake = FakeProvider::start().unwrap();
        let settings = ModelSettings {
            model: name.to_owned(),
            api_base: Some(fake.base_url.clone()),
            ..ModelSettings::default()
        };
        let (client, model) = provider(&settings, |_| Some("sk-of-another".to_owned())).unwrap();
        assert_eq!((client.name(), &*model), ("custom", name));
        client.complete(&request_to(&*client, &model)).await.unwrap();
        assert!(fake.requests()[0].credentials.is_empty(), "{name}");
    }
}
