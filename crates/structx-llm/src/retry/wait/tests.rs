//! The spellings of waits.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use proptest::prelude::*;

use super::{duration, reset, reset_notice, retry_after, until, wait_in_message};

/// 2001-09-09 01:46:40
fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_000_000_000)
}

fn headers(headers: &[(&str, &str)]) -> Vec<(String, String)> {
    headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
}

#[test]
fn retry_after_in_all_spellings() {
    let cases: [(&str, Option<f64>); 21] = [
        ("7", Some(7.0)),
        (" 0.25 ", Some(0.25)),
        ("1e2", Some(100.0)),
        ("2s", Some(2.0)),
        ("1m30s", Some(90.0)),
        ("6m0s", Some(360.0)),
        ("1500ms", Some(1.5)),
        ("1h2m3.5s", Some(3_723.5)),
        ("2 minutes", Some(120.0)),
        ("1d", Some(86_400.0)),
        ("PT90S", Some(90.0)),
        ("1000000030", Some(30.0)),
        ("Sun, 09 Sep 2001 01:47:10 GMT", Some(30.0)),
        ("Sun, 09 Sep 2001 01:40:00 GMT", Some(0.0)),
        ("2001-09-09T01:47:10Z", Some(30.0)),
        ("2001-09-09T03:47:10.5+02:00", Some(30.5)),
        ("2001-09-09T01:47:10", Some(30.0)),
        ("2001-09-09 01:47:10", Some(30.0)),
        ("-1", None),
        ("NaN", None),
        ("soon", None),
    ];
    for (value, seconds) in cases {
        let wait = retry_after(&headers(&[("retry-after", value)]), now());
        assert_eq!(wait, seconds.map(Duration::from_secs_f64), "{value}");
    }
    let both = headers(&[("retry-after-ms", "1500"), ("retry-after", "9")]);
    assert_eq!(retry_after(&both, now()), Some(Duration::from_millis(1_500)));
    let odd = headers(&[("retry-after-ms", "soon"), ("retry-after", "9")]);
    assert_eq!(retry_after(&odd, now()), Some(Duration::from_secs(9)));
    let passed_on = headers(&[("llm_provider-retry-after", "7")]);
    assert_eq!(retry_after(&passed_on, now()), Some(Duration::from_secs(7)));
    let own = headers(&[("llm_provider-retry-after-ms", "7"), ("retry-after", "9")]);
    assert_eq!(retry_after(&own, now()), Some(Duration::from_secs(9)));
    assert_eq!(retry_after(&headers(&[("content-type", "text/html")]), now()), None);
}

#[test]
fn messages_say_how_long_to_wait() {
    let cases: [(&str, Option<f64>); 17] = [
        // OpenAI, Groq, Gemini, Azure.
        (
            "Rate limit reached for gpt-4o in organization org-1 on tokens per min (TPM): Limit 30000, \
          Used 29000, Requested 1900. Please try again in 1.8s. Visit https://x.com",
            Some(1.8),
        ),
        ("Limit 14400. Please try again in 6m0s. Need more tokens? Upgrade", Some(360.0)),
        ("Please try again in 120ms.", Some(0.12)),
        (
            "* Quota exceeded for metric: x, limit: 10\nPlease retry in 34.074824224s.",
            Some(34.074_824_224),
        ),
        ("Please retry after 26 seconds.", Some(26.0)),
        ("Please retry your requests after 6s. Contact us", Some(6.0)),
        ("You can retry in 1 hour 5 minutes, or upgrade", Some(3_900.0)),
        ("try again in 2 days", Some(172_800.0)),
        ("TRY AGAIN IN (30)", Some(30.0)),
        ("Wait for 5 minutes", Some(300.0)),
        ("retry in a while; try again in 3s", Some(3.0)),
        ("try again later", None),
        ("try again in the morning", None),
        ("retry", None),
        ("too many requests in 60 seconds", None),
        ("try again in -5s", Some(5.0)),
        ("", None),
    ];
    for (message, seconds) in cases {
        assert_eq!(wait_in_message(message), seconds.map(Duration::from_secs_f64), "{message}");
    }
}

fn close(wait: Option<Duration>, expected: Duration) -> bool {
    wait.is_some_and(|wait| wait.abs_diff(expected) < Duration::from_millis(2))
}

proptest! {
    #[test]
    fn each_spelling_is_read_as_its_duration(milliseconds in 0..30_000_000_000_u64) {
        let wait = Duration::from_millis(milliseconds);
        let (seconds, rest) = (milliseconds / 1000, milliseconds % 1000);
        let (minutes, hours) = (seconds / 60, seconds / 3600);
        let then = jiff::Timestamp::try_from(now() + wait).unwrap();
        let civil = then.to_zoned(jiff::tz::TimeZone::UTC).datetime();
        let spellings = [
            format!("{}", wait.as_secs_f64()),
            format!("{milliseconds}ms"),
            format!("{seconds}.{rest:03}s"),
            format!("{minutes}m{}.{rest:03}s", seconds % 60),
            format!("{hours}h{}m{}s{rest}ms", minutes % 60, seconds % 60),
            format!("{hours} hours {} minutes {seconds}.{rest:03} seconds", minutes % 60, seconds = seconds % 60),
            then.to_string(),
            civil.to_string(),
        ];
        for text in spellings {
            prop_assert!(close(until(&text, now()), wait), "{text}: {:?}", until(&text, now()));
            if !text.contains('T') {
                let message = format!("Limit 10, used 11. Please try again in {text}. Visit x.com.");
                prop_assert!(close(wait_in_message(&message), wait), "{message}");
            }
        }
        let date = httpdate::fmt_http_date(now() + Duration::from_secs(seconds));
        prop_assert!(close(until(&date, now()), Duration::from_secs(seconds)), "{date}");
    }

    #[test]
    fn no_text_is_a_panic(text in any::<String>(), number in any::<f64>(), unit in "[a-z]{0,4}") {
        let _ = (until(&text, now()), duration(&text), wait_in_message(&text));
        let odd = format!("try again in {number}{unit} {text}");
        let _ = (until(&odd, now()), duration(&odd), wait_in_message(&odd));
        let _ = until(&format!("{number}"), now()).map(|wait| reset_notice(wait, now()));
    }
}

#[test]
fn a_long_wait_says_when_it_ends() {
    let notice = |seconds| reset_notice(Duration::from_secs_f64(seconds), now());
    assert_eq!(notice(60.0), None);
    let expected = "the limit resets in 1h 30m 5s, at 2001-09-09 03:16 UTC";
    assert_eq!(notice(5_405.7).as_deref(), Some(expected));
    let expected = "the limit resets in 36h, at 2001-09-10 13:46 UTC";
    assert_eq!(notice(129_600.0).as_deref(), Some(expected));
    assert_eq!(notice(1e19), None);
}

#[test]
fn limits_that_are_used_up_say_when_they_begin_anew() {
    type Headers<'a> = &'a [(&'a str, &'a str)];
    let cases: [(Headers, Option<f64>); 9] = [
        (
            &[
                ("x-ratelimit-remaining-requests", "0"),
                ("x-ratelimit-reset-requests", "20ms"),
                ("x-ratelimit-remaining-tokens", "0"),
                ("x-ratelimit-reset-tokens", "6m0s"),
            ],
            Some(360.0),
        ),
        (
            &[
                ("x-ratelimit-remaining-requests", "0"),
                ("x-ratelimit-reset-requests", "2m59.56s"),
                ("x-ratelimit-remaining-tokens", "17"),
                ("x-ratelimit-reset-tokens", "1h0m0s"),
            ],
            Some(179.56),
        ),
        (&[("x-ratelimit-reset-tokens", "6m0s")], None),
        (&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1.5")], Some(1.5)),
        (&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1000000030000")], Some(30.0)),
        (&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "999999999")], Some(0.0)),
        (
            &[
                ("anthropic-ratelimit-input-tokens-remaining", "0"),
                ("anthropic-ratelimit-input-tokens-reset", "2001-09-09T01:47:10Z"),
            ],
            Some(30.0),
        ),
        (&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "soon")], None),
        (&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "-3")], None),
    ];
    for (values, seconds) in cases {
        let expected = seconds.map(Duration::from_secs_f64);
        assert_eq!(reset(&headers(values), now()), expected, "{values:?}");
    }
}
