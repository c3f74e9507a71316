//! Requests over HTTP against the fake provider.

mod fake_provider;

use std::sync::Arc;
use std::time::Duration;

use fake_provider::FakeProvider;
use serde_json::{Value, json};
use structx::llm::registry::{Settings, provider};
use structx::llm::transport::ApiKey;
use structx::llm::{Finish, LlmError, LlmErrorKind, Message, Part, Provider, Reply, Request, Role};

const KEY: &str = "sk-very-secret-0123456789";

fn client(base_url: &str, timeout: Duration) -> (Arc<dyn Provider>, Arc<str>) {
    let settings = Settings {
        model: "openai/gpt-test".to_owned(),
        api_key: Some(ApiKey::new(KEY)),
        api_base: Some(base_url.to_owned()),
        timeout: Some(timeout),
    };
    provider(&settings, |_| None).unwrap()
}

fn question(client: &dyn Provider, model: &Arc<str>) -> Request {
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
        schema: Some(Arc::new(client.compile("answer", &schema).unwrap())),
        options: Arc::default(),
    }
}

async fn ask(fake: &FakeProvider) -> Result<Reply, LlmError> {
    let (client, model) = client(&fake.base_url, Duration::from_millis(300));
    let request = question(&*client, &model);
    let result = client.complete(&request).await;
    if let Err(error) = &result {
        assert!(!format!("{error} {error:?}").contains(KEY), "{error:?}");
    }
    result
}

#[tokio::test]
async fn a_request_makes_the_round_trip() {
    let fake = FakeProvider::start().unwrap();
    let reply = ask(&fake).await.unwrap();
    let value: Value = serde_json::from_str(&reply.text).unwrap();
    assert_eq!(value, json!({"name": "text", "total": 1.5}));
    assert_eq!(reply.finish, Finish::Stop);
    assert_eq!(reply.request_id.as_deref(), Some("fake-1"));
    assert_eq!((reply.usage.total_tokens, reply.usage.cached_tokens), (15, Some(4)));

    let requests = fake.requests();
    assert_eq!(requests.len(), 1);
    assert!(requests[0].has_authorization);
    assert_eq!(requests[0].user_agent, concat!("structx/", env!("CARGO_PKG_VERSION")));
    let members: Vec<_> = requests[0].body.as_object().unwrap().keys().collect();
    assert_eq!(members, ["model", "messages", "response_format"], "nothing else is sent");
    assert_eq!(requests[0].body["model"], "gpt-test");
}
