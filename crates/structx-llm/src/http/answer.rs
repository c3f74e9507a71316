//! Reads the parts of a reply, in whatever form a server sends them. A member that nobody needs never
//! fails a reply.

use serde_json::Value;

use super::finish::is_unfinished;
use crate::{LlmErrorKind, Usage};

/// The elements of a list; a single object counts as one.
pub(crate) fn elements(value: &Value) -> &[Value] {
    match value {
        Value::Array(elements) => elements,
        Value::Object(_) => std::slice::from_ref(value),
        _ => &[],
    }
}

/// Whether a value says nothing: null, false, 0, empty, or made of such values.
pub(crate) fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(flag) => !flag,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.trim().is_empty(),
        Value::Array(elements) => elements.iter().all(is_blank),
        Value::Object(members) => members.values().all(is_blank),
    }
}

/// The text of a message's content: a string, its parts without the reasoning, or JSON that the server
/// has parsed. `None` if it is empty.
pub(crate) fn content(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Array(parts) if parts.iter().all(is_part) => parts.iter().map(part).collect(),
        Value::Object(_) if is_part(value) => part(value).to_owned(),
        Value::Array(_) | Value::Object(_) => value.to_string(),
        _ => return None,
    };
    (!text.trim().is_empty()).then_some(text)
}

/// Whether a value is a part of a content, such as `{"type": "text", "text": "..."}`.
fn is_part(value: &Value) -> bool {
    const TYPES: [&str; 7] =
        ["text", "output_text", "thinking", "reasoning", "refusal", "image_url", "reference"];
    let kind = || value.get("type").and_then(Value::as_str);
    value.is_string()
        || kind().is_some_and(|kind| TYPES.contains(&kind))
        || value.as_object().is_some_and(|part| part.len() == 1 && value["text"].is_string())
}

/// The text of a part, unless it is reasoning (docs.mistral.ai/capabilities/reasoning).
fn part(value: &Value) -> &str {
    let is_text = value.get("type").is_none_or(|kind| kind == "text" || kind == "output_text");
    value.as_str().or_else(|| value.get("text")?.as_str().filter(|_| is_text)).unwrap_or_default()
}

/// The reply in the arguments of tool calls, each a text or JSON that the server has parsed; empty if
/// there are none. Several calls become one reply: lists of the same name are joined, other arguments
/// become a list. `is_cut`: the last one may be incomplete.
///
/// # Errors
/// Two calls are equal: the model repeats itself, or there are two such items.
pub(crate) fn calls<'a>(
    arguments: impl Iterator<Item = &'a Value>,
    is_cut: bool,
) -> Result<String, (LlmErrorKind, String)> {
    let mut texts: Vec<String> = arguments.filter_map(argument).collect();
    if is_cut && texts.len() > 1 && texts.last().is_some_and(|text| is_unfinished(text)) {
        texts.pop();
    }
    if (1..texts.len()).any(|at| texts[..at].contains(&texts[at])) {
        let message = "the model made the same tool call twice in one reply".to_owned();
        return Err((LlmErrorKind::BadReply, message));
    }
    Ok(match &*texts {
        [] => String::new(),
        [only] => only.clone(),
        several => one_list(several).unwrap_or_else(|| format!("[{}]", several.join(","))),
    })
}

fn argument(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => (!text.trim().is_empty()).then(|| text.clone()),
        Value::Array(_) | Value::Object(_) => Some(value.to_string()),
        _ => None,
    }
}

/// Objects whose only member is a list, and the same in all, as one.
fn one_list(texts: &[String]) -> Option<String> {
    let mut whole: Option<(String, Vec<Value>)> = None;
    for text in texts {
        let Ok(Value::Object(object)) = serde_json::from_str(text) else { return None };
        let mut members = object.into_iter();
        let (Some((name, Value::Array(more))), None) = (members.next(), members.next()) else {
            return None;
        };
        match &mut whole {
            None => whole = Some((name, more)),
            Some((known, list)) if *known == name => list.extend(more),
            Some(_) => return None,
        }
    }
    whole.map(|whole| {
        Value::Object([whole].into_iter().map(|(k, v)| (k, v.into())).collect()).to_string()
    })
}

/// Reasoning that is the reply itself: some servers put a reply that a schema constrains there, and
/// leave the content empty. Only a text that is JSON as a whole, or its beginning, is one: prose may
/// quote JSON that is no reply.
pub(crate) fn reasoned(value: Option<&Value>) -> Option<String> {
    let text = value?.as_str()?.trim();
    let fenced =
        || text.strip_prefix("```json").or_else(|| text.strip_prefix("```"))?.strip_suffix("```");
    let text = fenced().map_or(text, str::trim);
    let is_json = text.starts_with(['{', '['])
        && serde_json::from_str::<serde::de::IgnoredAny>(text).err().is_none_or(|it| it.is_eof());
    is_json.then(|| text.to_owned())
}

/// A count of tokens at the first of these pointers to members that holds one.
pub(crate) fn tokens(usage: &Value, pointers: &[&str]) -> Option<u64> {
    let at =
        |pointer: &str| pointer.split('/').skip(1).try_fold(usage, |part, name| part.get(name));
    pointers.iter().find_map(|pointer| count(at(pointer)?))
}

fn count(value: &Value) -> Option<u64> {
    /// The largest integer below which a float is exact.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let text = match value {
        Value::Number(number) => number.as_str(),
        Value::String(text) => text,
        _ => return None,
    };
    let rounded = |number: f64| (0.0..EXACT).contains(&number).then(|| format!("{number:.0}"));
    text.parse().ok().or_else(|| rounded(text.parse().ok()?)?.parse().ok())
}

/// The usage with these counts; one that is missing is the total without the other.
pub(crate) fn usage(prompt: Option<u64>, completion: Option<u64>, total: Option<u64>) -> Usage {
    let rest = |other: Option<u64>| total?.checked_sub(other?);
    let counted = Usage::of(
        prompt.or_else(|| rest(completion)).unwrap_or_default(),
        completion.or_else(|| rest(prompt)).unwrap_or_default(),
    );
    Usage { total_tokens: total.unwrap_or_default().max(counted.total_tokens), ..counted }
}

/// The object with the counts; the last one if there are several.
pub(crate) fn counts<'a>(body: &'a Value, name: &str) -> &'a Value {
    body.get(name).and_then(|usage| elements(usage).last()).unwrap_or(&Value::Null)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::{calls, content, counts, is_blank, reasoned, tokens, usage};

    #[test]
    fn content_is_read_in_any_form() {
        let cases = [
            (json!("x"), Some("x")),
            (json!(""), None),
            (json!(" \n"), None),
            (Value::Null, None),
            (json!(false), None),
            (json!([]), None),
            (json!({"items": [1.50]}), Some(r#"{"items":[1.5]}"#)),
            (json!([{"a": 1}]), Some(r#"[{"a":1}]"#)),
            (json!(["x", {"type": "text", "text": "y"}, {"text": "z"}]), Some("xyz")),
            (
                json!([{"type": "thinking", "thinking": "x"}, {"type": "output_text", "text": "y"}]),
                Some("y"),
            ),
            (json!([{"type": "reasoning", "text": "x"}]), None),
            (json!([{"type": "invoice", "text": "x"}]), Some(r#"[{"type":"invoice","text":"x"}]"#)),
        ];
        for (value, text) in cases {
            assert_eq!(content(&value).as_deref(), text, "{value}");
        }
    }

    #[test]
    fn several_calls_are_one_reply() {
        let cases = [
            (json!([]), ""),
            (json!(["", "  ", null, 3]), ""),
            (json!([r#"{"items": [1.50]}"#]), r#"{"items": [1.50]}"#),
            (json!([{"items": [1]}]), r#"{"items":[1]}"#),
            (json!([r#"{"items": [1.50]}"#, {"items": [2]}]), r#"{"items":[1.50,2]}"#),
            (json!([r#"{"a": 1}"#, r#"{"a": 2}"#]), r#"[{"a": 1},{"a": 2}]"#),
            (json!([{"items": [1]}, {"others": [2]}]), r#"[{"items":[1]},{"others":[2]}]"#),
            (json!([r#"{"items": [1]}"#, "no"]), r#"[{"items": [1]},no]"#),
        ];
        for (arguments, text) in cases {
            let found = calls(arguments.as_array().unwrap().iter(), false);
            assert_eq!(found.as_deref(), Ok(text), "{arguments}");
        }
        let twice = json!([{"items": [1]}, {"items": [2]}, {"items": [1]}]);
        assert!(calls(twice.as_array().unwrap().iter(), false).is_err());
        let cut = json!([r#"{"items": [1]}"#, r#"{"items": [2]}"#, r#"{"items": [3, 4"#]);
        let arguments = cut.as_array().unwrap();
        assert_eq!(calls(arguments.iter(), true).unwrap(), r#"{"items":[1,2]}"#);
        assert_eq!(calls(arguments[2..].iter(), true).unwrap(), r#"{"items": [3, 4"#);
    }

    #[test]
    fn reasoning_is_a_reply_only_as_json() {
        for (reasoning, text) in [
            (json!(r#" {"items": []} "#), Some(r#"{"items": []}"#)),
            (json!("```json\n{}\n```"), Some("{}")),
            (json!(r#"{"items": [1, "#), Some(r#"{"items": [1,"#)),
            (json!(r#"I would say {"items": []}"#), None),
            (json!(r#"{"items": []} or not"#), None),
            (json!("3"), None),
            (json!(""), None),
            (json!({"items": []}), None),
        ] {
            assert_eq!(reasoned(Some(&reasoning)).as_deref(), text, "{reasoning}");
        }
        assert_eq!(reasoned(None), None);
    }

    #[test]
    fn tokens_are_counted_as_far_as_they_can_be_read() {
        for (value, count) in [
            (json!(3), Some(3)),
            (json!(3.0), Some(3)),
            (json!(2.6), Some(3)),
            (json!("7"), Some(7)),
            (json!(0), Some(0)),
            (json!(-1), None),
            (json!(1e300), None),
            (json!([3]), None),
            (json!({"total": 3}), None),
            (json!("many"), None),
            (json!(true), None),
        ] {
            assert_eq!(tokens(&json!({"n": value}), &["/m", "/n"]), count, "{value}");
        }
        for (parts, expected) in [
            ((Some(1), Some(2), Some(3)), (1, 2, 3)),
            ((Some(1), Some(2), None), (1, 2, 3)),
            ((Some(1), None, Some(3)), (1, 2, 3)),
            ((None, Some(2), Some(3)), (1, 2, 3)),
            ((None, None, Some(3)), (0, 0, 3)),
            ((Some(5), None, Some(3)), (5, 0, 5)),
            ((None, None, None), (0, 0, 0)),
        ] {
            let found = usage(parts.0, parts.1, parts.2);
            let found = (found.prompt_tokens, found.completion_tokens, found.total_tokens);
            assert_eq!(found, expected, "{parts:?}");
        }
        assert_eq!(counts(&json!({"usage": [{"n": 1}, {"n": 2}]}), "usage"), &json!({"n": 2}));
        assert_eq!(counts(&json!({"usage": []}), "usage"), &Value::Null);
    }

    #[test]
    fn what_is_blank() {
        for value in
            [json!(null), json!({}), json!(""), json!(false), json!(0), json!({"a": [null, ""]})]
        {
            assert!(is_blank(&value), "{value}");
        }
        for value in [json!("x"), json!({"message": "x"}), json!(1), json!(true), json!([[0.5]])] {
            assert!(!is_blank(&value), "{value}");
        }
    }

    proptest! {
        #[test]
        fn no_item_of_several_calls_is_lost(calls_of in prop::collection::vec(prop::collection::vec(any::<u32>(), 1..4), 1..5)) {
            prop_assume!((1..calls_of.len()).all(|at| !calls_of[..at].contains(&calls_of[at])));
            let arguments: Vec<Value> = calls_of.iter().map(|items| json!({ "items": items })).collect();
            let joined: Value = serde_json::from_str(&calls(arguments.iter(), false).unwrap()).unwrap();
            prop_assert_eq!(&joined["items"], &json!(calls_of.concat()));
        }
    }
}
