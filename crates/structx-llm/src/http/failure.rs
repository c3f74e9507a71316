//! The error in a response, whatever its form.

use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::answer::is_blank;
use super::body::text;
use crate::{LlmError, LlmErrorKind, retry};

/// The longest message of a provider that is passed on, in characters. Chosen by hand.
const LONGEST_MESSAGE: usize = 500;

/// How much of a body without a known form is shown, in characters. Chosen by hand: most
/// explanations fit.
const LONGEST_EXCERPT: usize = 200;

/// The most problems of a list that are shown. Chosen by hand.
const MOST_PROBLEMS: usize = 3;

/// The error in a response. `status` is the response's, or the one that a gateway reports for the
/// provider behind it.
pub(crate) fn failure(
    provider: &str,
    status: u16,
    headers: &[(String, String)],
    ErrorBody { message, code, delay }: ErrorBody,
) -> LlmError {
    let kind = retry::classify(status, code.as_deref().unwrap_or_default(), &message);
    let message = match status {
        300..400 => "a redirect, which is not followed; set api_base to the final address",
        _ if message.is_empty() => "no explanation was given",
        _ => &message,
    };
    let now = SystemTime::now();
    let in_message = || retry::wait_in_message(message).filter(|_| kind.is_transient());
    let reset = || match kind {
        LlmErrorKind::RateLimit => retry::reset(headers, now),
        _ => None,
    };
    let asked = retry::retry_after(headers, now).or(delay);
    let retry_after = asked.or_else(in_message).or_else(reset);
    let notice = retry_after.and_then(|wait| retry::reset_notice(wait, now));
    let message = notice.map_or_else(|| message.to_owned(), |it| format!("{message}; {it}"));
    LlmError { code, retry_after, ..LlmError::new(kind, provider, message) }
}

/// The status of an error that a body of status 200 reports: gateways answer so for the provider
/// behind them. `None` if the body reports no error, as a member that says nothing does not.
pub(crate) fn reported_status(body: &Value) -> Option<u16> {
    let error = body.get("error").filter(|error| !is_blank(error));
    let is_error = |name: &str| body.get(name).is_some_and(|kind| kind == "error");
    // MiniMax's form (platform.minimax.io/docs/api-reference).
    let base = body.get("base_resp").filter(|base| !is_blank(&base["status_code"]));
    let error =
        error.or(base).or_else(|| (is_error("type") || is_error("object")).then_some(body))?;
    let number = |name: &str| {
        let code = error.get(name)?;
        let code = code.as_u64().or_else(|| code.as_str()?.parse().ok())?;
        u16::try_from(code).ok().filter(|code| (400..600).contains(code))
    };
    let word = |name: &str| {
        let word = error.get(name)?.as_str()?;
        STATUSES.iter().find(|(known, _)| word.contains(known)).map(|(_, status)| *status)
    };
    let numbers = || ["status", "code", "status_code"].into_iter().find_map(number);
    Some(numbers().or_else(|| ["code", "type"].into_iter().find_map(word)).unwrap_or(502))
}

/// Parts of error codes and types, and their HTTP status
/// (platform.claude.com/docs/en/api/errors; platform.openai.com/docs/guides/error-codes).
const STATUSES: [(&str, u16); 9] = [
    ("rate_limit", 429),
    ("insufficient_quota", 429),
    ("billing", 402),
    ("overloaded", 529),
    ("authentication", 401),
    ("invalid_api_key", 401),
    ("permission", 403),
    ("not_found", 404),
    ("invalid_request", 400),
];

/// The content of an error body, with shortened texts.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct ErrorBody {
    pub message: String,
    pub code: Option<String>,
    pub delay: Option<Duration>,
}

impl ErrorBody {
    /// Of an unsuccessful response.
    pub fn of_bytes(body: &[u8]) -> Self {
        match super::Body::parse(body) {
            Some(super::Body::Whole(value)) => Self::of(&value).or_excerpt(body),
            Some(super::Body::Stream(stream)) => {
                let reported = stream.events.iter().find(|event| !Self::of(event).is_empty());
                reported.map(Self::of).unwrap_or_default().or_excerpt(body)
            }
            None => Self::default().or_excerpt(body),
        }
    }

    pub fn of(value: &Value) -> Self {
        let body = value.get(0).unwrap_or(value);
        let inner = |name: &str| {
            let inner = body.get(name)?;
            inner.get(0).or(Some(inner)).filter(|inner| inner.is_object() && !is_blank(inner))
        };
        let error = ["error", "errors", "base_resp", "detail"].into_iter().find_map(inner);
        let error = error.unwrap_or(body);
        let details = Details(error.get("details").and_then(Value::as_array));
        let text = |name: &str| error.get(name)?.as_str().filter(|text| !text.is_empty());
        // Google's numeric code repeats the status; `status` and the details are more specific.
        let number = || {
            let code =
                ["code", "error_code", "status_code"].into_iter().find_map(|it| error.get(it));
            code.and_then(Value::as_i64).map(|code| code.to_string())
        };
        let code = ["code", "error_code"]
            .into_iter()
            .find_map(text)
            .or_else(|| details.code())
            .or_else(|| ["type", "status"].into_iter().find_map(text))
            .map(|code| bounded(code, LONGEST_MESSAGE));
        let reason = reason(body).unwrap_or_default();
        Self {
            message: bounded(&reason, LONGEST_MESSAGE),
            code: code.or_else(number),
            delay: details.delay(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.message.is_empty()
    }

    /// With the beginning of the body as the message, if there is no other.
    fn or_excerpt(self, body: &[u8]) -> Self {
        if self.message.is_empty() { Self { message: excerpt(body), ..self } } else { self }
    }
}

/// The members that explain an error in words, best first, in the spellings of many servers (`detail`:
/// fastapi.tiangolo.com; `title`: RFC 9457).
const REASONS: [&str; 15] = [
    "error",
    "errors",
    "message",
    "Message",
    "detail",
    "error_message",
    "error_msg",
    "error_description",
    "errmsg",
    "status_msg",
    "base_resp",
    "msg",
    "description",
    "reason",
    "title",
];

/// The explanation in an error body.
fn reason(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Array(problems) => {
            let reasons: Vec<_> = problems.iter().take(MOST_PROBLEMS).filter_map(reason).collect();
            (!reasons.is_empty()).then(|| reasons.join("; "))
        }
        Value::Object(members) => {
            let text = REASONS.iter().find_map(|name| reason(members.get(*name)?))?;
            // FastAPI's place of a problem.
            let place = members.get("loc").and_then(Value::as_array).map(|place| {
                let names = place
                    .iter()
                    .map(|it| it.as_str().map_or_else(|| it.to_string(), str::to_owned));
                names.collect::<Vec<_>>().join(".")
            });
            Some(place.map_or(text.clone(), |place| format!("{place}: {text}")))
        }
        _ => None,
    }
}

/// The beginning of a body in no known form; the title of a web page.
pub(crate) fn excerpt(body: &[u8]) -> String {
    let text = text(body);
    let text = text.trim();
    if is_page(text) {
        let title = element(text, "title").or_else(|| element(text, "h1")).unwrap_or_default();
        let title = if title.is_empty() { String::new() } else { format!(": {title}") };
        return bounded(&format!("the body is a web page, not JSON{title}"), LONGEST_EXCERPT);
    }
    bounded(text, LONGEST_EXCERPT)
}

fn is_page(text: &str) -> bool {
    text.starts_with('<')
}

/// The text of the first element of this name.
fn element(page: &str, name: &str) -> Option<String> {
    let lower = page.to_ascii_lowercase();
    let start = lower.find(&format!("<{name}"))?;
    let start = start + lower[start..].find('>')? + 1;
    let end = lower[start..].find('<').map_or(page.len(), |end| start + end);
    let words: Vec<_> = page[start..end].split_whitespace().collect();
    Some(words.join(" "))
}

/// The error for a successful response that is not `what` was expected. The body is shown unless it is
/// a broken reply, which may quote the document: it then has one of the `members` of a reply.
pub(crate) fn unreadable(provider: &str, what: &str, members: &[&str], body: &[u8]) -> LlmError {
    let text = text(body);
    let is_reply = text.trim_start().starts_with(['{', '['])
        && members.iter().any(|name| text.contains(&format!("\"{name}\"")));
    let shown = if is_reply { String::new() } else { excerpt(body) };
    let message = match &*shown {
        "" => format!("the reply is not {what} ({} bytes)", body.len()),
        page if is_page(text.trim_start()) => {
            format!("{page}; is api_base the address of the API?")
        }
        shown => format!("the reply is not {what}: {shown}"),
    };
    LlmError::new(LlmErrorKind::BadReply, provider, message)
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

fn bounded(message: &str, most: usize) -> String {
    match message.char_indices().nth(most) {
        Some((end, _)) => format!("{} ...", &message[..end]),
        None => message.to_owned(),
    }
}
