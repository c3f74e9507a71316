//! Tests of the keys: equal for equal requests, and different where the request is.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::Map;

use super::{Prompt, operation_key, plan_key};
use crate::llm::Scripted;
use crate::run::scripted_steps::{Words, client, messages, models, step};
use crate::run::{RunContext, Step};

fn key(step: &Step, text: &str) -> String {
    Prompt::new(messages(text)).key(&models(step)).to_owned()
}

fn one() -> Step {
    step(&[&Arc::new(Scripted::silent())], RunContext::new(1))
}

#[test]
fn a_key_is_stable_over_processes_and_versions() {
    // A new key pays for every row of every journal again: raise VERSION only on purpose.
    let expected = "a5f79df23014e178a7d6698e9f763dbd07d58626d86b506b6701d8d187ab9f37";
    assert_eq!(key(&one(), "a text"), expected);
    assert_eq!(key(&one(), "a text"), key(&one(), "a text"));
}

#[test]
fn keys_differ_by_text_model_and_options_but_not_by_fallbacks_and_bounds() {
    let first = key(&one(), "a text");
    let mut model = one();
    model.client.model = "another".into();
    let mut options = one();
    options.client.options = Arc::new(Map::from_iter([("temperature".to_owned(), 1.into())]));
    let others = [key(&one(), "another text"), key(&model, "a text"), key(&options, "a text")];
    let keys: HashSet<_> = others.iter().chain([&first]).collect();
    assert_eq!(keys.len(), 4);

    let scripted = Arc::new(Scripted::silent());
    let mut same = step(&[&scripted, &scripted], RunContext::new(9));
    same.retry_policy.max_retries = 9;
    same.client.name = "a nickname".into();
    assert_eq!(key(&same, "a text"), first);
}

#[test]
fn keys_differ_by_schema() {
    let step = one();
    let with = |schema| {
        let models = step.models(|client| client.compile("Words", &schema)).unwrap();
        Prompt::new(messages("a text")).key(&models).to_owned()
    };
    let schema =
        |kind: &str| serde_json::json!({"type": "object", "properties": {"a": {"type": kind}}});
    assert_ne!(with(schema("string")), with(schema("integer")));
}

#[test]
fn operations_differ_by_target_source_and_query() {
    let client = client("one", &Arc::new(Scripted::silent()));
    let instructed = Words { instructions: "Read it.", ..Words::new() };
    let keys = HashSet::from([
        operation_key(&Words::new(), "a.csv", "words", &client),
        operation_key(&Words::new(), "b.csv", "words", &client),
        operation_key(&Words::new(), "a.csv", "names", &client),
        operation_key(&instructed, "a.csv", "words", &client),
        plan_key(&("words", "a sample"), &client),
        plan_key(&("words", "another sample"), &client),
    ]);
    assert_eq!(keys.len(), 6);
}
