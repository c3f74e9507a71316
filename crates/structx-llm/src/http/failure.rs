//! Parses error responses of providers, whatever their form.

use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::http::wire_format::HttpResponse;
use crate::{LlmError, LlmErrorKind, retry};

/// The longest message of a provider that is passed on, in characters. Chosen by hand.
const LONGEST_MESSAGE: usize = 500;

/// The error in a response. `status` is the response's, or the one that a gateway reports for the
/// provider behind it.
pub(crate) fn failure(provider: &str, status: u16, response: &HttpResponse) -> LlmError {
    let ErrorBody { message, code, delay } = ErrorBody::of(&response.body);
    let kind = retry::classify(status, code.as_deref().unwrap_or_default(), &message);
    let message = match status {
        300..400 => "a redirect, which is not followed; set api_base to the final address",
        _ if message.is_empty() => "no explanation was given",
        _ => &message,
    };
    let now = SystemTime::now();
    let in_message = || retry::wait_in_message(message).filter(|_| kind.is_transient());
    let reset = || match kind {
        LlmErrorKind::RateLimit => retry::reset(&response.headers, now),
        _ => None,
    };
    let asked = retry::retry_after(&response.headers, now).or(delay);
    let retry_after = asked.or_else(in_message).or_else(reset);
    let notice = retry_after.and_then(|wait| retry::reset_notice(wait, now));
    let message = notice.map_or_else(|| message.to_owned(), |it| format!("{message}; {it}"));
    LlmError { code, retry_after, ..LlmError::new(kind, provider, message) }
}

/// The content of an error body, with shortened texts.
#[derive(Debug, Default, PartialEq)]
struct ErrorBody {
    message: String,
    code: Option<String>,
    delay: Option<Duration>,
}

impl ErrorBody {
    fn of(body: &[u8]) -> Self {
        let Ok(value) = serde_json::from_slice::<Value>(body) else {
            let text = String::from_utf8_lossy(body);
            let is_page = text.trim_start().starts_with('<');
            let message = if is_page { "the body is a web page, not JSON" } else { text.trim() };
            return Self { message: bounded(message), ..Self::default() };
        };
        let body = value.get(0).unwrap_or(&value);
        let error = body.get("error").filter(|error| error.is_object()).unwrap_or(body);
        let details = Details(error.get("details").and_then(Value::as_array));
        let text = |name: &str| error.get(name)?.as_str().filter(|text| !text.is_empty());
        let message = ["message", "detail", "error"].into_iter().find_map(text);
        // Google's numeric code repeats the status; `status` and the details are more specific.
        let number = || error.get("code").and_then(Value::as_u64).map(|code| code.to_string());
        let code = text("code")
            .or_else(|| details.code())
            .or_else(|| ["type", "status"].into_iter().find_map(text))
            .map(bounded);
        Self {
            message: bounded(message.unwrap_or_default()),
            code: code.or_else(number),
            delay: details.delay(),
        }
    }
}

/// Google's error details (google.aip.dev/193): objects that name their type.
struct Details<'a>(Option<&'a Vec<Value>>);

impl<'a> Details<'a> {
    fn of_type(&self, name: &str) -> Option<&'a Value> {
        let is_it =
            |detail: &&Value| detail["@type"].as_str().is_some_and(|known| known.ends_with(name));
        self.0?.iter().find(is_it)
    }

    /// The exceeded quota, a daily one first; otherwise the reason.
    fn code(&self) -> Option<&'a str> {
        let violations = || self.of_type("google.rpc.QuotaFailure")?["violations"].as_array();
        let quotas = || violations().into_iter().flatten().filter_map(|it| it["quotaId"].as_str());
        let daily = quotas().find(|quota| quota.contains("PerDay"));
        let reason = || self.of_type("google.rpc.ErrorInfo")?["reason"].as_str();
        daily.or_else(|| quotas().next()).or_else(reason)
    }

    fn delay(&self) -> Option<Duration> {
        let delay = self.of_type("google.rpc.RetryInfo")?["retryDelay"].as_str()?;
        retry::duration(delay)
    }
}

fn bounded(message: &str) -> String {
    match message.char_indices().nth(LONGEST_MESSAGE) {
        Some((end, _)) => format!("{} ...", &message[..end]),
        None => message.to_owned(),
    }
}
