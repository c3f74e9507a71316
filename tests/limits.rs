//! The limiter, real requests and a provider that counts them.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod fake_provider;

use std::sync::Arc;
use std::time::Duration;

use fake_provider::FakeProvider;
use futures_util::future::join_all;
use serde_json::json;
use structx::llm::providers::registry::{ModelSettings, provider};
use structx::llm::rate_limit::{ConfiguredLimits, RateLimiter, SharedLimiter};
use structx::llm::{LlmError, LlmErrorKind, Message, Part, Provider, Request, Response, Role};

struct Client {
    provider: Arc<dyn Provider>,
    limiter: Arc<RateLimiter>,
    request: Request,
}

impl Client {
    fn new(fake: &FakeProvider, limits: ConfiguredLimits) -> Self {
        let settings = ModelSettings {
            model: "openai/fake".to_owned(),
            api_base: Some(fake.base_url.clone()),
            ..ModelSettings::default()
        };
        let (provider, model) = provider(&settings, |_| None).unwrap();
        let limiter = SharedLimiter::new(limits).limiter_for(&provider.address());
        let parts = vec![Part::Text("How many?".into())];
        let messages = vec![Message { role: Role::User, parts }];
        let request = Request { model, messages, schema: None, options: Arc::default() };
        Self { provider, limiter, request }
    }

    async fn complete(&self) -> Result<Response, LlmError> {
        let permit = self.limiter.acquire(10).await;
        let result = self.provider.complete(&self.request).await;
        permit.report(&result);
        result
    }

    async fn complete_often(&self, times: usize) {
        for result in join_all((0..times).map(|_| self.complete())).await {
            result.unwrap();
        }
    }
}

fn per_minute(requests: f64) -> ConfiguredLimits {
    ConfiguredLimits { requests_per_minute: Some(requests), ..ConfiguredLimits::default() }
}

#[tokio::test]
async fn a_limit_that_is_configured_is_never_exceeded() {
    let fake = FakeProvider::start().unwrap();
    fake.script(&json!({"limit": {"per_second": 25, "burst": 3}}));
    Client::new(&fake, per_minute(1500.0)).complete_often(50).await;
    assert_eq!((fake.stats().requests, fake.stats().throttled), (50, 0));
}

#[tokio::test]
async fn a_limit_that_replies_tell_is_kept() {
    let fake = FakeProvider::start().unwrap();
    fake.script(&json!({"limit": {"per_second": 25, "burst": 3, "headers": true}}));
    let client = Client::new(&fake, ConfiguredLimits::default());
    client.complete_often(1).await;
    client.complete_often(49).await;
    assert_eq!((fake.stats().requests, fake.stats().throttled), (50, 0));
}

#[tokio::test]
async fn tokens_are_counted_as_they_were_used() {
    let fake = FakeProvider::start().unwrap();
    let usage = json!({"prompt_tokens": 290, "completion_tokens": 10, "total_tokens": 300});
    fake.script(&json!({"steps": [{"times": 9, "usage": usage}]}));
    let limits =
        ConfiguredLimits { tokens_per_minute: Some(60_000.0), ..ConfiguredLimits::default() };
    let client = Client::new(&fake, limits);
    for _ in 0..4 {
        client.complete_often(1).await;
    }
    let times: Vec<_> = fake.requests().iter().map(|request| request.at_ms).collect();
    assert!(times[3] - times[0] >= 3 * 290, "{times:?}");
}

#[tokio::test]
async fn no_request_leaves_before_an_exhausted_limit_resets() {
    for status in [429, 503] {
        let headers = json!({
            "retry-after-ms": "600",
            "x-ratelimit-limit-requests": "60000",
            "x-ratelimit-remaining-requests": "0",
        });
        let fake = FakeProvider::start().unwrap();
        fake.script(&json!({ "steps": [{"status": status, "headers": headers}] }));
        let client = Client::new(&fake, ConfiguredLimits::default());
        let error = client.complete().await.unwrap_err();
        assert!(matches!(error.kind, LlmErrorKind::RateLimit | LlmErrorKind::Server));
        client.complete_often(5).await;
        let times: Vec<_> = fake.requests().iter().map(|request| request.at_ms).collect();
        assert!(times[1..].iter().all(|time| *time >= times[0] + 600), "{times:?}");
    }
}

#[tokio::test]
async fn the_wait_of_one_request_holds_no_other() {
    for status in [429, 503] {
        let step = json!({"status": status, "headers": {"retry-after": "30"}});
        let fake = FakeProvider::start().unwrap();
        fake.script(&json!({ "steps": [step] }));
        let client = Client::new(&fake, ConfiguredLimits::default());
        let error = client.complete().await.unwrap_err();
        assert_eq!(error.retry_after, Some(Duration::from_secs(30)));
        let others = client.complete_often(100);
        tokio::time::timeout(Duration::from_secs(10), others).await.unwrap();
    }
}

#[tokio::test]
async fn an_aborted_request_frees_its_slot() {
    let fake = FakeProvider::start().unwrap();
    fake.script(&json!({ "steps": [{"fault": "stall"}] }));
    let limits = ConfiguredLimits { max_concurrency: Some(1), ..ConfiguredLimits::default() };
    let client = Client::new(&fake, limits);
    let both = async { tokio::join!(client.complete(), client.complete()) };
    assert!(tokio::time::timeout(Duration::from_millis(200), both).await.is_err());
    client.complete_often(3).await;
    assert_eq!(fake.stats().requests, 4);
}
