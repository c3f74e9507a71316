//! Failures of every kind, and the waits between attempts.

use std::time::Duration;

use proptest::prelude::*;

use super::{LlmErrorKind, RetryPolicy, classify};

#[test]
fn settings_are_checked() {
    let cases = [
        (3, 1.0, 10.0, None),
        (0, 0.0, 0.0, None),
        (-1, 1.0, 10.0, Some("max_retries")),
        (i64::MAX, 1.0, 10.0, Some("max_retries")),
        (3, -0.5, 10.0, Some("min_wait")),
        (3, f64::NAN, 10.0, Some("min_wait")),
        (3, 0.0, f64::INFINITY, Some("max_wait")),
        (3, 2.0, 1.0, Some("min_wait (2 s) must not be greater than max_wait (1 s)")),
    ];
    for (retries, min, max, problem) in cases {
        match (RetryPolicy::new(retries, min, max), problem) {
            (Ok(_), None) => {}
            (Err(error), Some(part)) => {
                assert!(error.to_string().contains(part), "{error} for {retries} {min} {max}");
            }
            (result, _) => panic!("{result:?} for {retries} {min} {max}"),
        }
    }
}

#[test]
fn waits_double_up_to_the_longest() {
    let backoff = RetryPolicy::new(9, 1.0, 10.0).unwrap();
    let steps = [(0, 1.0, 1.5), (1, 2.0, 3.0), (2, 4.0, 6.0), (3, 6.66, 10.0), (99, 6.66, 10.0)];
    for (attempt, low, high) in steps {
        for _ in 0..100 {
            let wait = backoff.delay(attempt, None).as_secs_f64();
            assert!((low..=high).contains(&wait), "{wait} after attempt {attempt}");
        }
    }
    assert_eq!(RetryPolicy::new(1, 0.0, 0.0).unwrap().delay(5, None), Duration::ZERO);
}

#[test]
fn the_provider_is_given_the_time_it_asks_for() {
    let backoff = RetryPolicy::new(9, 1.0, 10.0).unwrap();
    for (asked, low, high) in [(0.0, 1.0, 1.1), (30.0, 30.0, 33.0), (86_400.0, 60.0, 66.0)] {
        let wait = backoff.delay(0, Some(Duration::from_secs_f64(asked))).as_secs_f64();
        assert!((low..=high).contains(&wait), "{wait} for {asked}");
    }
}

proptest! {
    #[test]
    fn a_wait_stays_within_the_settings(
        attempt in any::<u32>(), min in 0.0..1e6_f64, more in 0.0..1e6_f64
    ) {
        let backoff = RetryPolicy::new(3, min, min + more).unwrap();
        let wait = backoff.delay(attempt, None);
        prop_assert!(wait >= backoff.min_wait && wait <= backoff.max_wait, "{wait:?}");
    }
}

#[test]
fn every_status_has_its_kind() {
    use LlmErrorKind as Kind;
    let cases = [
        (400, "invalid_value", "no such model", Kind::Rejected),
        (400, "context_length_exceeded", "", Kind::ContextLength),
        (400, "", "This model's maximum context length is 8192 tokens.", Kind::ContextLength),
        (401, "invalid_api_key", "", Kind::Authentication),
        (402, "", "", Kind::Quota),
        (403, "", "no access to this model", Kind::Authentication),
        (403, "insufficient_permissions", "", Kind::Authentication),
        (403, "insufficient_quota", "", Kind::Quota),
        (403, "", "Key limit exceeded (total limit). Manage it using x.com", Kind::Quota),
        (400, "invalid_request_error", "Your credit balance is too low to access", Kind::Quota),
        (400, "", "You have reached your specified API usage limits.", Kind::Quota),
        (429, "", "you (ada) have reached your weekly usage limit, upgrade", Kind::Quota),
        (412, "", "possibly due to reaching the monthly spending limit", Kind::Quota),
        (429, "", "used all available credits or reached its monthly spending limit", Kind::Quota),
        (429, "RESOURCE_EXHAUSTED", "has exceeded its monthly spending cap.", Kind::Quota),
        (429, "RESOURCE_EXHAUSTED", "Your prepayment credits are depleted.", Kind::Quota),
        (429, "GenerateRequestsPerDayPerProjectPerModel-FreeTier", "", Kind::Quota),
        (429, "GenerateRequestsPerMinutePerProjectPerModel-FreeTier", "", Kind::RateLimit),
        (429, "RESOURCE_EXHAUSTED", "You exceeded your current quota", Kind::RateLimit),
        (429, "billing_not_active", "", Kind::Quota),
        (429, "", "you (a) have reached your weekly usage limit, upgrade for more", Kind::Quota),
        (400, "API_KEY_INVALID", "API key not valid.", Kind::Authentication),
        (400, "", "The input token count (9) exceeds the maximum", Kind::ContextLength),
        (400, "", "the prompt is longer than the context length", Kind::ContextLength),
        (404, "model_not_found", "", Kind::Rejected),
        (408, "", "", Kind::Server),
        (413, "", "body too large", Kind::Rejected),
        (429, "rate_limit_exceeded", "add a payment method: x.com/billing", Kind::RateLimit),
        (429, "insufficient_quota", "", Kind::Quota),
        (429, "billing_hard_limit_reached", "", Kind::Quota),
        (429, "", "You have used all available credits", Kind::Quota),
        (500, "", "", Kind::Server),
        (503, "", "", Kind::Server),
        (529, "overloaded_error", "", Kind::Server),
        (302, "", "", Kind::Rejected),
    ];
    for (status, code, message, kind) in cases {
        assert_eq!(classify(status, code, message), kind, "{status} {code} {message}");
    }
}
