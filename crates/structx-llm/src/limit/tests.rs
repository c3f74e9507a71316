//! Gates: what waits, in which order, and what is reserved.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::time::timeout;

use super::*;

const SHORT: Duration = Duration::from_millis(60);

fn limiter(concurrency: Option<usize>, requests: Option<f64>, tokens: Option<f64>) -> Arc<Limiter> {
    let (max_concurrency, requests_per_minute) = (concurrency, requests);
    Limiter::new(Limits { max_concurrency, requests_per_minute, tokens_per_minute: tokens })
}

#[expect(clippy::unnecessary_wraps, reason = "as requests end")]
fn reply(prompt: u64, completion: u64, headers: &[(&str, &str)]) -> Result<Reply, LlmError> {
    let headers = headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    Ok(Reply { usage: Usage::of(prompt, completion), headers, ..Reply::default() })
}

fn throttled(retry_after: Option<Duration>) -> Result<Reply, LlmError> {
    let error = LlmError::new(LlmErrorKind::RateLimit, "fake", "too many requests");
    Err(LlmError { status: Some(429), retry_after, ..error })
}

/// How long the next request has to wait, in tenths of a second.
fn delay(gate: &Gate) -> u128 {
    let now = Instant::now();
    let next = gate.state().next(now).or_else(|| gate.limiter.next(now));
    match next {
        Some(Next::At(time)) => (time.duration_since(now).as_millis() + 50) / 100,
        Some(Next::AfterAnother) => u128::MAX,
        None => 0,
    }
}

#[tokio::test]
async fn nothing_waits_where_nothing_is_limited() {
    let gate = limiter(None, None, None).gate("a");
    let admissions = join_all((0..10_000).map(|_| gate.admit(1_000_000))).await;
    assert_eq!(lock(&gate.limiter.shared).in_flight, 10_000);
    drop(admissions);
    assert_eq!(lock(&gate.limiter.shared).in_flight, 0);
    assert!(delay(&gate) == 0);
}

#[tokio::test]
async fn no_more_at_a_time_than_allowed_whoever_asks() {
    let limiter = limiter(Some(2), None, None);
    let (one, other) = (limiter.gate("one"), limiter.gate("other"));
    let first = one.admit(0).await;
    let second = other.admit(0).await;
    assert!(timeout(SHORT, one.admit(0)).await.is_err());
    assert!(timeout(SHORT, other.admit(0)).await.is_err());
    first.ended(&reply(1, 1, &[]));
    let third = timeout(SHORT, other.admit(0)).await.unwrap();
    drop(second);
    let _fourth = timeout(SHORT, one.admit(0)).await.unwrap();
    assert!(timeout(SHORT, one.admit(0)).await.is_err());
    drop(third);
}

#[tokio::test]
async fn first_come_first_served_and_who_leaves_the_queue_holds_nothing_up() {
    let gate = limiter(Some(1), None, None).gate("a");
    let order = Mutex::new(Vec::new());
    let held = gate.admit(0).await;
    let ask = |number: u32| {
        let (gate, order) = (&gate, &order);
        async move {
            let admission = gate.admit(0).await;
            lock(order).push(number);
            tokio::task::yield_now().await;
            drop(admission);
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
    assert_eq!(lock(&gate.limiter.shared).in_flight, 0);
}

#[tokio::test]
async fn waiters_that_left_have_reserved_nothing() {
    let gate = limiter(None, Some(60.0), Some(60_000.0)).gate("a");
    let _first = gate.admit(10).await;
    let before = delay(&gate);
    assert!(timeout(SHORT, join_all((0..1_000).map(|_| gate.admit(1_000)))).await.is_err());
    assert!(before >= delay(&gate) && delay(&gate) > 5, "{before} {}", delay(&gate));
}

#[tokio::test]
async fn a_hold_is_for_all_of_one_provider() {
    let limiter = limiter(None, None, None);
    let (held, other) = (limiter.gate("held"), limiter.gate("other"));
    let (one, two) = (held.admit(0).await, held.admit(0).await);
    one.ended(&throttled(Some(Duration::from_secs(20))));
    two.ended(&reply(1, 1, &[]));
    assert!(delay(&held) == 200 && delay(&other) == 0);
    assert!(timeout(SHORT, held.admit(0)).await.is_err());
    let three = other.admit(0).await;
    three.ended(&throttled(Some(Duration::from_hours(1))));
    assert!(delay(&other) == 600, "nobody waits for more than a minute");
}

#[tokio::test]
async fn what_changes_reaches_who_waits_already() {
    let gate = limiter(Some(2), None, None).gate("a");
    let (one, two) = (gate.admit(0).await, gate.admit(0).await);
    let start = Instant::now();
    let hold = Duration::from_millis(300);
    let waiting = async { (gate.admit(0).await, Instant::now()) };
    let ending = async {
        tokio::time::sleep(SHORT).await;
        one.ended(&throttled(Some(hold)));
        two.ended(&throttled(Some(Duration::ZERO)));
    };
    let ((_admission, left), ()) = tokio::join!(waiting, ending);
    assert!(left.duration_since(start) >= SHORT + hold);
}

#[tokio::test]
async fn a_slot_is_not_kept_by_a_provider_that_has_to_wait() {
    let limiter = limiter(Some(1), None, None);
    let (held, other) = (limiter.gate("held"), limiter.gate("other"));
    held.admit(0).await.ended(&throttled(Some(Duration::from_secs(20))));
    let waiting = held.admit(0);
    let asking = async { timeout(SHORT, other.admit(0)).await.is_ok() };
    tokio::select! {
        _ = waiting => panic!("it has to wait"),
        is_admitted = asking => assert!(is_admitted),
    }
}

#[tokio::test]
async fn tokens_are_estimated_and_corrected() {
    let gate = limiter(None, None, Some(60_000.0)).gate("a");
    assert!(gate.typical().is_none());
    let first = gate.admit(9_800).await;
    assert!(delay(&gate) == 100);
    first.ended(&reply(800, 180, &[]));
    assert!(delay(&gate) == 10, "{}", delay(&gate));
    assert_eq!(gate.typical().map(|it| it.completion_tokens), Some(180.0));
    tokio::time::sleep(Duration::from_millis(1_050)).await;
    let second = gate.admit(800).await;
    assert!(delay(&gate) == 10, "the reply is reserved too: {}", delay(&gate));
    second.ended(&throttled(None));
    assert!(delay(&gate) == 0, "nothing was used");
    let third = gate.admit(800).await;
    third.ended(&reply(0, 0, &[]));
    assert!(delay(&gate) == 10, "nothing is told");
}

#[tokio::test]
async fn limits_are_learned_from_replies_and_errors() {
    let told = |requests| [("x-ratelimit-limit-requests", requests)];
    let limiter = limiter(None, Some(600.0), None);
    let (gate, other) = (limiter.gate("a"), limiter.gate("b"));
    gate.admit(0).await.ended(&reply(1, 1, &told("98")));
    let one = gate.admit(0).await;
    assert!(delay(&gate) == 6 && delay(&other) < 2, "{}", delay(&gate));
    let limits = RateLimits { requests: Some(49.0), ..RateLimits::default() };
    let Err(error) = throttled(None) else { panic!() };
    one.ended(&Err(LlmError { limits: Some(Box::new(limits)), ..error }));
    assert!(delay(&gate) == 12, "{}", delay(&gate));
    let _two = gate.admit(0).await;
    assert!((12..=13).contains(&delay(&gate)), "{}", delay(&gate));
}

#[tokio::test]
async fn typical_requests_are_those_of_late() {
    let gate = limiter(None, None, None).gate("a");
    for tokens in [100; 60].into_iter().chain([200; 400]) {
        gate.admit(0).await.ended(&reply(1, tokens, &[]));
    }
    let typical = gate.typical().unwrap();
    assert!((199.0..200.1).contains(&typical.completion_tokens), "{typical:?}");
    assert!(typical.seconds < 1.0);
}

#[test]
fn a_gate_is_that_of_an_address() {
    let limiter = limiter(None, None, None);
    let (one, other) = (limiter.gate("one"), limiter.gate("other"));
    assert!(Arc::ptr_eq(&one, &limiter.gate("one")) && !Arc::ptr_eq(&one, &other));
    drop(one);
    drop(limiter.gate("third"));
    assert_eq!(lock(&limiter.gates).len(), 2, "gates that nobody has are forgotten");
}
