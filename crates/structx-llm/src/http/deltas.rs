//! Joins the deltas of a stream into the body that a request without a stream gets.

use serde_json::{Map, Value};

/// Texts that come in pieces. All others are sent whole, often with every event.
const PIECES: [&str; 8] = [
    "content",
    "text",
    "arguments",
    "reasoning",
    "reasoning_content",
    "refusal",
    "thinking",
    "partial_json",
];

/// Lists whose elements are told apart by `index`, or else by their position.
const INDEXED: [&str; 2] = ["choices", "candidates"];

/// Joins events, each of which is a part of the same object.
pub(crate) fn joined(events: Vec<Value>) -> Value {
    let mut whole = Map::new();
    for event in events {
        if let Value::Object(event) = event {
            add(&mut whole, event);
        }
    }
    Value::Object(whole)
}

fn add(whole: &mut Map<String, Value>, part: Map<String, Value>) {
    for (name, value) in part {
        match (whole.get_mut(&name), value) {
            // A null says that there is nothing new.
            (Some(_), Value::Null) => {}
            (Some(Value::String(text)), Value::String(more)) if PIECES.contains(&&*name) => {
                text.push_str(&more);
            }
            (Some(Value::Object(object)), Value::Object(more)) => add(object, more),
            (Some(Value::Array(list)), Value::Array(more)) => extend(&name, list, more),
            (None | Some(Value::Null), Value::Array(more)) => {
                let mut list = Vec::new();
                extend(&name, &mut list, more);
                whole.insert(name, list.into());
            }
            (_, value) => {
                whole.insert(name, value);
            }
        }
    }
}

fn extend(name: &str, list: &mut Vec<Value>, more: Vec<Value>) {
    for (position, element) in more.into_iter().enumerate() {
        let index = match element.get("index").and_then(Value::as_u64) {
            Some(index) => Some(index),
            None if INDEXED.contains(&name) => Some(position as u64),
            None => None,
        };
        let same = match (index, name) {
            (Some(index), _) => {
                list.iter().enumerate().position(|(at, known)| index_of(known, at) == index)
            }
            // A call without a name continues the one before.
            (None, "tool_calls") if !begins_call(&element) => list.len().checked_sub(1),
            _ => None,
        };
        match (same.and_then(|at| list.get_mut(at)), element) {
            (Some(Value::Object(known)), Value::Object(element)) => add(known, element),
            (_, element) => list.push(element),
        }
    }
}

fn index_of(element: &Value, position: usize) -> u64 {
    element.get("index").and_then(Value::as_u64).unwrap_or(position as u64)
}

fn begins_call(call: &Value) -> bool {
    let name = call.pointer("/function/name").and_then(Value::as_str);
    name.is_some_and(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::joined;

    #[test]
    fn pieces_are_joined_and_the_rest_is_replaced() {
        let cases: [(Value, Value); 5] = [
            (
                json!([{"id": "a", "text": "x", "n": 1}, {"id": "b", "text": "y", "n": 2},
                       {"id": null, "text": null, "n": null}]),
                json!({"id": "b", "text": "xy", "n": 2}),
            ),
            (
                json!([{"choices": [{"index": 0, "delta": {"content": "a"}}, {"index": 1, "delta": {}}]},
                       {"choices": [{"index": 1, "delta": {"content": "c"}}]},
                       {"choices": [{"delta": {"content": "b"}}]}, {"choices": []}]),
                json!({"choices": [{"index": 0, "delta": {"content": "ab"}},
                                   {"index": 1, "delta": {"content": "c"}}]}),
            ),
            (
                json!([{"tool_calls": [{"function": {"name": "f", "arguments": "{"}}]},
                       {"tool_calls": [{"function": {"arguments": "}"}}]},
                       {"tool_calls": [{"function": {"name": "f", "arguments": "[]"}}]}]),
                json!({"tool_calls": [{"function": {"name": "f", "arguments": "{}"}},
                                      {"function": {"name": "f", "arguments": "[]"}}]}),
            ),
            (
                json!([{"candidates": [{"content": {"parts": [{"text": "a"}]}}]},
                       {"candidates": [{"content": {"parts": [{"text": "b"}]}, "finishReason": "STOP"}]}]),
                json!({"candidates": [{"content": {"parts": [{"text": "a"}, {"text": "b"}]},
                                       "finishReason": "STOP"}]}),
            ),
            (json!([1, {"a": [1]}, {"a": [2]}]), json!({"a": [1, 2]})),
        ];
        for (events, whole) in cases {
            let Value::Array(events) = events else { panic!("a list of events") };
            assert_eq!(joined(events), whole);
        }
    }
}
