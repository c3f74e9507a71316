//! Why a reply ended, in the words of any server.

use serde::de::IgnoredAny;
use serde_json::Value;

use crate::{FinishReason, LlmErrorKind};

/// Why a reply ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Finish {
    /// As the model meant it, or the server does not say.
    Complete,
    /// At a limit of tokens.
    Cut,
    /// By a content filter.
    Filtered,
    /// By the model, which declined.
    Refused,
    /// By a failure of the server.
    Broken,
    /// A reason that is not known.
    Unknown,
}

/// Parts of the reasons of each kind, in lower case. Servers spell them in many ways: `length`,
/// `max_tokens`, `model_length` (Mistral), `MAX_TOKENS` (Gemini), `model_context_window_exceeded`
/// (Anthropic), `SAFETY`, `sensitive` (Z.ai), `guardrail_intervened` (Bedrock), `network_error` (Z.ai),
/// `abort` (vLLM).
const KINDS: [(Finish, &[&str]); 4] = [
    (
        Finish::Filtered,
        &[
            "filter",
            "safety",
            "sensitive",
            "guardrail",
            "prohibited",
            "blocklist",
            "recitation",
            "spii",
            "moderation",
        ],
    ),
    (Finish::Refused, &["refus"]),
    (Finish::Cut, &["length", "max", "limit", "window", "truncat", "incomplete"]),
    (Finish::Broken, &["error", "abort", "cancel", "fail", "timeout", "pause", "insufficient"]),
];

/// The reasons of a complete reply.
const COMPLETE: [&str; 13] = [
    "",
    "stop",
    "eos",
    "eos_token",
    "end",
    "end_turn",
    "stop_sequence",
    "tool_calls",
    "tool_use",
    "function_call",
    "complete",
    "completed",
    "finish_reason_unspecified",
];

impl Finish {
    pub fn of(reason: &Value) -> Self {
        let reason = match reason {
            Value::Null => return Self::Complete,
            Value::String(reason) => reason.to_ascii_lowercase(),
            _ => return Self::Unknown,
        };
        if COMPLETE.contains(&&*reason) {
            return Self::Complete;
        }
        let is_of = |parts: &[&str]| parts.iter().any(|part| reason.contains(part));
        KINDS.iter().find(|(_, parts)| is_of(parts)).map_or(Self::Unknown, |(kind, _)| *kind)
    }

    /// The finish reason of a reply with this text.
    ///
    /// # Errors
    /// The kind and the message of an error: the reply is of no use.
    pub fn of_reply(reason: &Value, text: &str) -> Result<FinishReason, (LlmErrorKind, String)> {
        let broken = || {
            let reason = shown(reason);
            (LlmErrorKind::BadReply, format!("the provider broke the reply off ({reason})"))
        };
        match Self::of(reason) {
            Self::Filtered => Err((
                LlmErrorKind::ContentFilter,
                format!("the provider's content filter stopped the reply ({})", shown(reason)),
            )),
            Self::Refused => {
                Err((LlmErrorKind::Refusal, "the model declined to answer".to_owned()))
            }
            Self::Broken => Err(broken()),
            Self::Unknown if text.is_empty() => Err(broken()),
            Self::Unknown if is_unfinished(text) => Ok(FinishReason::Length),
            Self::Cut if text.is_empty() => Err((
                LlmErrorKind::Truncated,
                "the limit of output tokens was reached before the reply began".to_owned(),
            )),
            Self::Cut => Ok(FinishReason::Length),
            Self::Complete if text.is_empty() => {
                Err((LlmErrorKind::BadReply, "the reply has no content".to_owned()))
            }
            Self::Complete | Self::Unknown => Ok(FinishReason::Stop),
        }
    }
}

/// A reason as errors show it.
fn shown(reason: &Value) -> String {
    let text = reason.as_str().map_or_else(|| reason.to_string(), str::to_owned);
    text.chars().take(40).collect()
}

/// Whether a text is the beginning of a JSON value.
pub(crate) fn is_unfinished(text: &str) -> bool {
    let text = text.trim_start();
    let parsed = serde_json::from_str::<IgnoredAny>(text);
    text.starts_with(['{', '[']) && parsed.is_err_and(|error| error.is_eof())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Finish;
    use crate::FinishReason::{Length, Stop};
    use crate::LlmErrorKind::{BadReply, ContentFilter, Refusal, Truncated};

    #[test]
    fn a_cut_is_a_cut_in_any_words() {
        for reason in [
            "length",
            "max_tokens",
            "MAX_TOKENS",
            "model_length",
            "max_output_tokens",
            "max_length",
            "token_limit",
            "model_context_window_exceeded",
        ] {
            let reason = json!(reason);
            assert_eq!(Finish::of_reply(&reason, "{}"), Ok(Length), "{reason}");
            assert_eq!(
                Finish::of_reply(&reason, "").map_err(|it| it.0),
                Err(Truncated),
                "{reason}"
            );
        }
    }

    #[test]
    fn an_unknown_reason_is_no_error() {
        for reason in [json!("whatever"), json!(2), json!(false), json!({"type": "x"}), json!([1])]
        {
            for (text, expected) in [
                (r#"{"a": 1}"#, Ok(Stop)),
                ("a text", Ok(Stop)),
                (" [1, 2", Ok(Length)),
                (r#"{"a": "b"#, Ok(Length)),
                ("", Err(BadReply)),
            ] {
                let found = Finish::of_reply(&reason, text).map_err(|(kind, _)| kind);
                assert_eq!(found, expected, "{reason} {text}");
            }
        }
    }

    #[test]
    fn other_ends_are_told_apart() {
        for (reason, expected) in [
            (Value::Null, Ok(Stop)),
            (json!("stop"), Ok(Stop)),
            (json!("STOP"), Ok(Stop)),
            (json!("tool_calls"), Ok(Stop)),
            (json!("eos_token"), Ok(Stop)),
            (json!("content_filter"), Err(ContentFilter)),
            (json!("IMAGE_SAFETY"), Err(ContentFilter)),
            (json!("sensitive"), Err(ContentFilter)),
            (json!("refusal"), Err(Refusal)),
            (json!("error"), Err(BadReply)),
            (json!("network_error"), Err(BadReply)),
            (json!("pause_turn"), Err(BadReply)),
        ] {
            let found = Finish::of_reply(&reason, "{}").map_err(|(kind, _)| kind);
            assert_eq!(found, expected, "{reason}");
        }
    }
}
