//! Waiting, order and reservations of limiters.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::time::timeout;

use super::*;

const SHORT: Duration = Duration::from_millis(60);

fn shared_limiter(
    concurrency: Option<usize>,
    requests: Option<f64>,
    tokens: Option<f64>,
) -> Arc<SharedLimiter> {
    let (max_concurrency, requests_per_minute) = (concurrency, requests);
    SharedLimiter::new(ConfiguredLimits {
        max_concurrency,
        requests_per_minute,
        tokens_per_minute: tokens,
    })
}

#[expect(clippy::unnecessary_wraps, reason = "as requests end")]
fn reply(prompt: u64, completion: u64, headers: &[(&str, &str)]) -> Result<Response, LlmError> {
    let headers = headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    Ok(Response { usage: Usage::of(prompt, completion), headers, ..Response::default() })
}

fn throttled(retry_after: Option<Duration>) -> Result<Response, LlmError> {
    let error = LlmError::new(LlmErrorKind::RateLimit, "fake", "too many requests");
    Err(LlmError { status: Some(429), retry_after, ..error })
}

/// The same by a provider that says that its limit is used up.
fn exhausted(retry_after: Duration) -> Result<Response, LlmError> {
    let limits = ReportedLimits { is_exhausted: true, ..ReportedLimits::default() };
    throttled(Some(retry_after))
        .map_err(|error| LlmError { limits: Some(Box::new(limits)), ..error })
}

/// How long the next request has to wait, in tenths of a second.
fn delay(limiter: &RateLimiter) -> u128 {
    let now = Instant::now();
    let next = limiter.state().next(now).or_else(|| limiter.shared.next(now));
    match next {
        Some(Next::At(time)) => (time.duration_since(now).as_millis() + 50) / 100,
        Some(Next::AfterAnother) => u128::MAX,
        None => 0,
    }
}

#[tokio::test]
async fn nothing_waits_where_nothing_is_limited() {
    let limiter = shared_limiter(None, None, None).limiter_for("a");
    let permits = join_all((0..10_000).map(|_| limiter.acquire(1_000_000))).await;
    assert_eq!(lock(&limiter.shared.state).in_flight, 10_000);
    drop(permits);
    assert_eq!(lock(&limiter.shared.state).in_flight, 0);
    assert!(delay(&limiter) == 0);
}

#[tokio::test]
async fn no_more_at_a_time_than_allowed_whoever_asks() {
    let shared = shared_limiter(Some(2), None, None);
    let (one, other) = (shared.limiter_for("one"), shared.limiter_for("other"));
    let first = one.acquire(0).await;
    let second = other.acquire(0).await;
    assert!(timeout(SHORT, one.acquire(0)).await.is_err());
    assert!(timeout(SHORT, other.acquire(0)).await.is_err());
    first.report(&reply(1, 1, &[]));
    let third = timeout(SHORT, other.acquire(0)).await.unwrap();
    drop(second);
    let _fourth = timeout(SHORT, one.acquire(0)).await.unwrap();
    assert!(timeout(SHORT, one.acquire(0)).await.is_err());
    drop(third);
}

#[tokio::test]
async fn first_come_first_served_and_who_leaves_the_queue_holds_nothing_up() {
    let limiter = shared_limiter(Some(1), None, None).limiter_for("a");
    let order = Mutex::new(Vec::new());
    let held = limiter.acquire(0).await;
    let ask = |number: u32| {
        let (limiter, order) = (&limiter, &order);
        async move {
            let permit = limiter.acquire(0).await;
            lock(order).push(number);
            tokio::task::yield_now().await;
            drop(permit);
        }
    };
    // The waiter at the head and 1,000 others leave; a few stay.
    let leaving = async {
        let left = timeout(SHORT, join_all((100..1_100).map(ask))).await;
        assert!(left.is_err());
        drop(held);
    };
    let staying = async {
        tokio::task::yield_now().await;
        join_all((0..20).map(ask)).await;
    };
    let all = async { tokio::join!(leaving, staying) };
    timeout(Duration::from_secs(10), all).await.expect("nobody is held up");
    assert_eq!(*lock(&order), (0..20).collect::<Vec<_>>());
    assert_eq!(lock(&limiter.shared.state).in_flight, 0);
}

#[tokio::test]
async fn waiters_that_left_have_reserved_nothing() {
    let limiter = shared_limiter(None, Some(60.0), Some(60_000.0)).limiter_for("a");
    let _first = limiter.acquire(10).await;
    let before = delay(&limiter);
    assert!(timeout(SHORT, join_all((0..1_000).map(|_| limiter.acquire(1_000)))).await.is_err());
    assert!(before >= delay(&limiter) && delay(&limiter) > 5, "{before} {}", delay(&limiter));
}

#[tokio::test]
async fn a_wait_is_that_of_one_request_unless_the_limit_is_used_up() {
    let shared = shared_limiter(None, None, None);
    let (held, other) = (shared.limiter_for("held"), shared.limiter_for("other"));
    held.acquire(0).await.report(&throttled(Some(Duration::from_secs(20))));
    assert!(delay(&held) == 0, "one request says nothing of others");
    let (one, two) = (held.acquire(0).await, held.acquire(0).await);
    one.report(&exhausted(Duration::from_secs(20)));
    two.report(&reply(1, 1, &[]));
    assert!(delay(&held) == 200 && delay(&other) == 0);
    assert!(timeout(SHORT, held.acquire(0)).await.is_err());
    let three = other.acquire(0).await;
    three.report(&exhausted(Duration::from_hours(1)));
    assert!(delay(&other) == 600, "nobody waits for more than a minute");
}

#[tokio::test]
async fn all_wait_where_all_requests_in_a_row_are_told_to() {
    let limiter = shared_limiter(None, None, None).limiter_for("a");
    let permits = join_all((0..50).map(|_| limiter.acquire(0))).await;
    let mut waits = 30_u64..;
    for permit in permits {
        let wait = waits.next().map(Duration::from_secs);
        permit.report(&throttled(wait));
    }
    assert!((298..=300).contains(&delay(&limiter)), "the earliest: {}", delay(&limiter));
}

#[tokio::test]
async fn what_changes_reaches_who_waits_already() {
    let limiter = shared_limiter(Some(2), None, None).limiter_for("a");
    let (one, two) = (limiter.acquire(0).await, limiter.acquire(0).await);
    let start = Instant::now();
    let hold = Duration::from_millis(300);
    let waiting = async { (limiter.acquire(0).await, Instant::now()) };
    let ending = async {
        tokio::time::sleep(SHORT).await;
        one.report(&exhausted(hold));
        two.report(&exhausted(Duration::ZERO));
    };
    let ((_admission, left), ()) = tokio::join!(waiting, ending);
    assert!(left.duration_since(start) >= SHORT + hold);
}

#[tokio::test]
async fn a_slot_is_not_kept_by_a_provider_that_has_to_wait() {
    let shared = shared_limiter(Some(1), None, None);
    let (held, other) = (shared.limiter_for("held"), shared.limiter_for("other"));
    held.acquire(0).await.report(&exhausted(Duration::from_secs(20)));
    let waiting = held.acquire(0);
    let asking = async { timeout(SHORT, other.acquire(0)).await.is_ok() };
    tokio::select! {
        _ = waiting => panic!("it has to wait"),
        is_admitted = asking => assert!(is_admitted),
    }
}

#[tokio::test]
async fn tokens_are_estimated_and_corrected() {
    let limiter = shared_limiter(None, None, Some(60_000.0)).limiter_for("a");
    assert!(limiter.typical().is_none());
    let first = limiter.acquire(9_800).await;
    assert!(delay(&limiter) == 100);
    first.report(&reply(800, 180, &[]));
    assert!(delay(&limiter) == 10, "{}", delay(&limiter));
    assert_eq!(limiter.typical().map(|it| it.completion_tokens), Some(180.0));
    tokio::time::sleep(Duration::from_millis(1_050)).await;
    let second = limiter.acquire(800).await;
    assert!(delay(&limiter) == 10, "the reply is reserved too: {}", delay(&limiter));
    second.report(&throttled(None));
    assert!(delay(&limiter) == 0, "nothing was used");
    let third = limiter.acquire(800).await;
    third.report(&reply(0, 0, &[]));
    assert!(delay(&limiter) == 10, "nothing is told");
}

#[tokio::test]
async fn tokens_are_counted_where_they_are_limited() {
    assert!(!shared_limiter(Some(1), Some(600.0), None).limiter_for("a").counts_tokens());
    assert!(shared_limiter(None, None, Some(600.0)).limiter_for("a").counts_tokens());
    let limiter = shared_limiter(None, None, None).limiter_for("a");
    limiter.acquire(0).await.report(&reply(1, 1, &[("x-ratelimit-limit-requests", "98")]));
    assert!(!limiter.counts_tokens());
    limiter.acquire(0).await.report(&reply(1, 1, &[("x-ratelimit-limit-tokens", "98")]));
    assert!(limiter.counts_tokens());
}

#[tokio::test]
async fn limits_are_learned_from_replies_and_errors() {
    let told = |requests| [("x-ratelimit-limit-requests", requests)];
    let shared = shared_limiter(None, Some(600.0), None);
    let (limiter, other) = (shared.limiter_for("a"), shared.limiter_for("b"));
    limiter.acquire(0).await.report(&reply(1, 1, &told("98")));
    let one = limiter.acquire(0).await;
    assert!(delay(&limiter) == 6 && delay(&other) < 2, "{}", delay(&limiter));
    let limits = ReportedLimits { requests: Some(49.0), ..ReportedLimits::default() };
    let Err(error) = throttled(None) else { panic!() };
    one.report(&Err(LlmError { limits: Some(Box::new(limits)), ..error }));
    assert!(delay(&limiter) == 12, "{}", delay(&limiter));
    let _two = limiter.acquire(0).await;
    assert!((12..=13).contains(&delay(&limiter)), "{}", delay(&limiter));
}

#[tokio::test]
async fn typical_requests_are_those_of_late() {
    let limiter = shared_limiter(None, None, None).limiter_for("a");
    for tokens in [100; 60].into_iter().chain([200; 400]) {
        limiter.acquire(0).await.report(&reply(1, tokens, &[]));
    }
    let typical = limiter.typical().unwrap();
    assert!((199.0..200.1).contains(&typical.completion_tokens), "{typical:?}");
    assert!(typical.seconds < 1.0);
}

#[test]
fn a_limiter_is_that_of_an_address() {
    let shared = shared_limiter(None, None, None);
    let (one, other) = (shared.limiter_for("one"), shared.limiter_for("other"));
    assert!(Arc::ptr_eq(&one, &shared.limiter_for("one")) && !Arc::ptr_eq(&one, &other));
    drop(one);
    drop(shared.limiter_for("third"));
    assert_eq!(lock(&shared.limiters).len(), 2, "limiters that nobody has are forgotten");
}

#[tokio::test]
async fn limiters_of_one_file_share_its_rate() {
    let path = std::env::temp_dir().join(format!("structx-shared-{}", fastrand::u64(..)));
    let limits =
        ConfiguredLimits { requests_per_minute: Some(1_200.0), ..ConfiguredLimits::default() };
    let open = || SharedLimiter::open(limits, &path).unwrap().limiter_for("a");
    let (one, other) = (open(), open());
    let start = Instant::now();
    let leave = async |limiter: &RateLimiter| {
        for _ in 0..10 {
            limiter.acquire(0).await.report(&reply(1, 1, &[]));
        }
    };
    tokio::join!(leave(&one), leave(&other));
    // 19 intervals of 51 ms, less the tolerance.
    assert!(start.elapsed() >= Duration::from_millis(900), "{:?}", start.elapsed());
    std::fs::remove_file(path).unwrap();
}

#[tokio::test]
async fn unused_tokens_come_back_to_all_of_one_file() {
    let path = std::env::temp_dir().join(format!("structx-shared-{}", fastrand::u64(..)));
    let limits =
        ConfiguredLimits { tokens_per_minute: Some(60_000.0), ..ConfiguredLimits::default() };
    let open = || SharedLimiter::open(limits, &path).unwrap().limiter_for("a");
    let (one, other) = (open(), open());
    let permit = one.acquire(9_800).await;
    assert_eq!(delay(&other), 100);
    permit.report(&reply(980, 0, &[]));
    assert_eq!(delay(&other), 10);
    std::fs::remove_file(path).unwrap();
}

#[tokio::test]
async fn all_that_happens_is_counted() {
    let limiter = shared_limiter(Some(1), None, None).limiter_for("a");
    assert_eq!(limiter.stats(), Stats::default());
    let first = limiter.acquire(0).await;
    let mut second = std::pin::pin!(limiter.acquire(0));
    assert!(timeout(SHORT, second.as_mut()).await.is_err());
    assert_eq!((limiter.stats().waiting, limiter.stats().in_flight), (1, 1));
    first.report(&reply(10, 5, &[("x-ratelimit-limit-requests", "600")]));
    second.await.report(&throttled(None));
    drop(limiter.acquire(0).await);
    let refused = LlmError::new(LlmErrorKind::Authentication, "fake", "no key");
    limiter.acquire(0).await.report(&Err(refused));
    let totals =
        Totals { requests: 3, throttled: 1, failed: 1, prompt_tokens: 10, completion_tokens: 5 };
    let stats = limiter.stats();
    assert_eq!((stats.waiting, stats.in_flight, stats.totals), (0, 0, totals));
    assert_eq!(stats.found_requests_per_minute, None);
}
