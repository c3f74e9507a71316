//! Rules for values that must stand in the source, over a scripted model.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;

use super::{GroundingRule, Level, OnUngrounded, Required};
use crate::documents::{Content, Document, ReadOptions};
use crate::llm::Scripted;
use crate::run::scripted_steps::{Words, WordsFactory, reply, response, step};
use crate::run::{RowError, RowOutcome, RunContext, RunOptions, extract};

const TEXT: &str = "The invoice is about wood, brass and 1.200,50 nails.";

/// The outcome of a document with these replies, each a list of words, and the number of requests.
async fn outcome(rule: GroundingRule, replies: &[&[&str]]) -> (RowOutcome<String>, usize) {
    let scripted = Arc::new(Scripted::new(replies.iter().map(|words| response(reply(words)))));
    let options = RunOptions { concurrency: 1, grounding: Some(rule), ..RunOptions::default() };
    let step = step(&[&scripted], RunContext::open(options).await.unwrap());
    let document = Document::from_text(TEXT.to_owned(), &ReadOptions::default()).unwrap();
    let content = Arc::new(Content::Document(document));
    let target = Some(Words::new());
    let done = extract(&step, &step, &WordsFactory, &content, "words", target).await.unwrap();
    (done.outcomes.into_iter().next().unwrap(), scripted.requests().len())
}

fn all(level: Level, otherwise: OnUngrounded) -> GroundingRule {
    GroundingRule { required: Required::All(level), otherwise }
}

#[tokio::test]
async fn values_of_the_source_cost_one_request() {
    for otherwise in
        [OnUngrounded::Reask, OnUngrounded::Null, OnUngrounded::Fail, OnUngrounded::Keep]
    {
        let (outcome, requests) =
            outcome(all(Level::Exact, otherwise), &[&["wood", "brass"]]).await;
        assert_eq!((outcome.result.unwrap().len(), requests), (2, 1));
    }
}

#[tokio::test]
async fn the_model_is_told_what_is_not_there_and_may_correct_it() {
    for otherwise in
        [OnUngrounded::Reask, OnUngrounded::Null, OnUngrounded::Fail, OnUngrounded::Keep]
    {
        let replies: [&[&str]; 2] = [&["wood", "silver"], &["wood"]];
        let (outcome, requests) = outcome(all(Level::Normalized, otherwise), &replies).await;
        assert_eq!((outcome.result.unwrap(), requests), (vec!["wood".to_owned()], 2));
        let RowError::Invalid { problems, .. } = &outcome.errors[0].failure else { panic!() };
        assert!(problems[0].starts_with("items/1/word: \"silver\" does not stand"), "{problems:?}");
    }
}

#[tokio::test]
async fn what_stays_missing_is_asked_again_fails_or_is_kept() {
    let replies: [&[&str]; 5] = [&["silver"]; 5];
    for (otherwise, requests, kept) in [
        (OnUngrounded::Reask, 3, false),
        (OnUngrounded::Fail, 2, false),
        (OnUngrounded::Keep, 2, true),
    ] {
        let (outcome, sent) = outcome(all(Level::Fuzzy, otherwise), &replies).await;
        assert_eq!((sent, outcome.result.is_ok()), (requests, kept), "{otherwise:?}");
        assert_eq!(outcome.reply.is_some(), kept);
    }
}

#[tokio::test]
async fn a_value_that_may_not_be_null_fails_the_row() {
    let replies: [&[&str]; 3] = [&["silver"]; 3];
    let (outcome, sent) = outcome(all(Level::Fuzzy, OnUngrounded::Null), &replies).await;
    assert_eq!((sent, outcome.result.is_err()), (2, true));
}

#[tokio::test]
async fn a_rule_may_be_for_some_fields_and_levels() {
    let fields = |name: &str, level| GroundingRule {
        required: Required::Fields(BTreeMap::from([(name.to_owned(), level)])),
        otherwise: OnUngrounded::Fail,
    };
    let replies: [&[&str]; 2] = [&["1200.50"]; 2];
    for (rule, is_met) in [
        (fields("word", Level::Exact), false),
        (fields("word", Level::Normalized), true),
        (fields("other", Level::Exact), true),
    ] {
        let (outcome, _) = outcome(rule, &replies).await;
        assert_eq!(outcome.result.is_ok(), is_met);
    }
}

#[test]
fn nulled_values_leave_the_rest() {
    let reply = json!({"items": [{"a": [1, 2]}, {"b": "x"}]}).to_string();
    let leaf = crate::evidence::Leaf::text("/0/a/1", "2");
    assert_eq!(super::without(&reply, &[&leaf]), r#"{"items":[{"a":[1,null]},{"b":"x"}]}"#);
    assert_eq!(super::items_of("no JSON"), json!(null));
}
