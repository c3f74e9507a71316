//! Tests of the attempts, with scripted models.

use std::sync::Arc;
use std::time::Duration;

use super::Completion;
use crate::llm::retry::RetryPolicy;
use crate::llm::{LlmError, LlmErrorKind, Response, Scripted};
use crate::run::error::{RowError, StopReason};
use crate::run::scripted_steps::{Words, cut, failure, messages, models, reply, response, step};
use crate::run::{RunContext, RunOptions, Step};

type Results = Vec<Result<Response, LlmError>>;

async fn complete(step: &Step) -> Completion<Vec<String>> {
    models(step).complete(&messages("a text"), &Words::new()).await
}

/// The completion with one model, and its scripted provider.
async fn with_one(results: Results) -> (Completion<Vec<String>>, Arc<Scripted>) {
    let scripted = Arc::new(Scripted::new(results));
    let completion = complete(&step(&[&scripted], RunContext::new(1))).await;
    (completion, scripted)
}

fn kinds(completion: &Completion<Vec<String>>) -> Vec<(&str, &str)> {
    let errors = completion.errors.iter();
    errors.map(|error| (&*error.model, error.failure.kind())).collect()
}

/// The last text of the last request.
fn last_text(scripted: &Scripted) -> String {
    let requests = scripted.requests();
    requests
        .last()
        .unwrap()
        .messages
        .last()
        .unwrap()
        .merged_parts()
        .map(|part| format!("{part:?}"))
        .collect()
}

#[tokio::test]
async fn a_transient_error_is_retried_and_recorded() {
    let results = vec![failure(LlmErrorKind::Server), response(reply(&["one"]))];
    let (completion, scripted) = with_one(results).await;
    assert_eq!(completion.result.as_ref().unwrap(), &["one"]);
    assert_eq!(completion.model.as_deref(), Some("one"));
    assert_eq!(kinds(&completion), [("one", "server")]);
    let tokens: Vec<_> = completion.calls.iter().map(|usage| usage.total_tokens).collect();
    assert_eq!(tokens, [0, 15]);
    let requests = scripted.requests();
    assert_eq!(requests[0], requests[1]);
}

#[tokio::test]
async fn retries_corrections_and_continuations_share_one_budget() {
    let results = vec![
        failure(LlmErrorKind::Timeout),
        response(reply(&["wrong"])),
        cut(&["one"]),
        response(reply(&["never"])),
    ];
    let (completion, scripted) = with_one(results).await;
    assert_eq!(scripted.requests().len(), 3);
    assert_eq!(kinds(&completion), [("one", "timeout"), ("one", "invalid"), ("one", "truncated")]);
    assert!(matches!(completion.result, Err(RowError::Llm { requests: 3, .. })));
    assert_eq!((completion.calls.len(), completion.incomplete.unwrap().len()), (3, 1));

    let invalid =
        vec![response("none"), failure(LlmErrorKind::Server), response(reply(&["wrong"]))];
    let (completion, _) = with_one(invalid).await;
    assert!(matches!(completion.result, Err(RowError::Invalid { requests: 3, .. })));
    assert_eq!(completion.calls.len(), 3);
}

#[tokio::test]
async fn a_permanent_error_ends_the_attempts() {
    for kind in [LlmErrorKind::Rejected, LlmErrorKind::Refusal, LlmErrorKind::Authentication] {
        let (completion, scripted) = with_one(vec![failure(kind)]).await;
        assert!(matches!(completion.result, Err(RowError::Llm { requests: 1, .. })));
        assert_eq!((scripted.requests().len(), completion.calls.len()), (1, 1));
    }
}

#[tokio::test]
async fn an_invalid_reply_is_corrected() {
    for invalid in ["no JSON", &reply(&["wrong"])] {
        let (completion, scripted) =
            with_one(vec![response(invalid), response(reply(&["right"]))]).await;
        assert_eq!(completion.result.as_ref().unwrap(), &["right"]);
        assert_eq!(kinds(&completion), [("one", "invalid")]);
        let [_, second] = &scripted.requests()[..] else { panic!("two requests") };
        assert_eq!(second.messages.len(), 3);
        assert!(last_text(&scripted).contains("not valid"));
    }
}

#[tokio::test]
async fn a_validator_that_fails_ends_the_attempts() {
    let (completion, scripted) = with_one(vec![response(reply(&["broken"]))]).await;
    assert_eq!(completion.result, Err(RowError::Validator("out of order".to_owned())));
    assert_eq!(scripted.requests().len(), 1);
}

#[tokio::test]
async fn a_truncated_reply_is_continued() {
    let (completion, scripted) =
        with_one(vec![cut(&["one", "two"]), response(reply(&["three"]))]).await;
    assert_eq!(completion.result.as_ref().unwrap(), &["one", "two", "three"]);
    assert_eq!(completion.incomplete, None);
    assert!(last_text(&scripted).contains("after 2 complete items"));

    let (completion, _) = with_one(vec![cut(&["one"]), cut(&["two"]), cut(&["three"])]).await;
    assert!(completion.result.is_err());
    assert_eq!(completion.incomplete.unwrap(), ["one", "two", "three"]);
}

#[tokio::test]
async fn a_reply_truncated_in_its_first_item_is_requested_once_more_and_shorter() {
    let (completion, scripted) = with_one(vec![cut(&[]), cut(&[]), response(reply(&["no"]))]).await;
    assert_eq!(scripted.requests().len(), 2);
    assert!(last_text(&scripted).contains("as few words"));
    assert_eq!(completion.result.unwrap_err().kind(), "truncated");

    let (completion, _) = with_one(vec![cut(&[]), response(reply(&["short"]))]).await;
    assert_eq!(completion.result.unwrap(), ["short"]);
}

#[tokio::test]
async fn a_fallback_is_tried_after_failures_of_the_provider_only() {
    let two = Arc::new(Scripted::new([response(reply(&["two"]))]));
    let one = Arc::new(Scripted::new([(); 3].map(|()| failure(LlmErrorKind::Server))));
    let completion = complete(&step(&[&one, &two], RunContext::new(1))).await;
    assert_eq!(completion.result.as_ref().unwrap(), &["two"]);
    assert_eq!(completion.model.as_deref(), Some("two"));
    assert_eq!(completion.calls.len(), 4);
    assert_eq!(kinds(&completion), [("one", "server"); 3]);

    for text in [reply(&["wrong"]), reply(&["broken"])] {
        let one = Arc::new(Scripted::new([(); 3].map(|()| response(text.clone()))));
        let two = Arc::new(Scripted::new([response(reply(&["two"]))]));
        let completion = complete(&step(&[&one, &two], RunContext::new(1))).await;
        assert!(completion.result.is_err());
        assert!(two.requests().is_empty(), "the reply was wrong, not the provider");
    }
}

#[tokio::test]
async fn the_error_is_that_of_the_last_model_and_the_items_are_the_most() {
    let one = Arc::new(Scripted::new([cut(&["a", "b"]), failure(LlmErrorKind::Rejected)]));
    let two = Arc::new(Scripted::new([cut(&["c"]), failure(LlmErrorKind::Quota)]));
    let completion = complete(&step(&[&one, &two], RunContext::new(1))).await;
    assert_eq!(completion.result.unwrap_err().kind(), "quota");
    assert_eq!(completion.incomplete.unwrap(), ["a", "b"]);
}

#[tokio::test]
async fn a_deterministic_model_never_gets_the_same_request_again() {
    for invalid in ["no JSON", &reply(&["wrong"])] {
        let results = [(); 3].map(|()| response(invalid));
        let scripted = Arc::new(Scripted::new(results).deterministic());
        let mut step = step(&[&scripted], RunContext::new(1));
        step.retry_policy.max_retries = 9;
        let completion = complete(&step).await;
        assert_eq!(completion.result.unwrap_err().kind(), "invalid");
        let requests = scripted.requests();
        assert_eq!(requests.len(), 2, "the second correction would equal the first");
        assert_ne!(requests[0], requests[1]);
    }
    // Replies that alternate would lead to the second request again.
    let results = ["a", "b", "a", "b"].map(response);
    let scripted = Arc::new(Scripted::new(results).deterministic());
    let mut step = step(&[&scripted], RunContext::new(1));
    step.retry_policy.max_retries = 9;
    complete(&step).await;
    assert_eq!(scripted.requests().len(), 3);
}

#[tokio::test]
async fn another_model_may_get_the_same_correction_twice() {
    let results = vec![response("none"), response("none"), response(reply(&["one"]))];
    let (completion, scripted) = with_one(results).await;
    assert_eq!(completion.result.unwrap(), ["one"]);
    assert_eq!(scripted.requests()[1], scripted.requests()[2]);
}

async fn context(options: RunOptions) -> RunContext {
    RunContext::open(RunOptions { concurrency: 8, ..options }).await.unwrap()
}

#[tokio::test]
async fn the_deadline_ends_a_wait_between_attempts_and_a_request_in_flight() {
    let deadline = Some(Duration::from_millis(30));
    let failing = Arc::new(Scripted::new([failure(LlmErrorKind::Server)]));
    let context_one = context(RunOptions { deadline, ..RunOptions::default() }).await;
    let mut waiting = step(&[&failing], context_one);
    waiting.retry_policy = RetryPolicy::new(2, 60.0, 60.0).unwrap();
    let completion = complete(&waiting).await;
    let reason = StopReason::Deadline("the operation has had its 0.03 s".to_owned());
    assert_eq!(completion.result, Err(RowError::Stopped(reason.clone())));
    assert_eq!((completion.calls.len(), kinds(&completion)), (1, vec![("one", "server")]));

    let context_two = context(RunOptions { deadline, ..RunOptions::default() }).await;
    let (silent, other) = (Arc::new(Scripted::silent()), Arc::new(Scripted::silent()));
    let in_flight = step(&[&silent, &other], context_two);
    for _ in 0..2 {
        let completion = complete(&in_flight).await;
        assert_eq!(completion.result, Err(RowError::Stopped(reason.clone())));
        assert!(completion.calls.is_empty() && completion.errors.is_empty());
    }
    assert_eq!((silent.requests().len(), other.requests().len()), (1, 0));
}

#[tokio::test]
async fn the_budget_ends_the_attempts_when_it_has_no_room() {
    let results = [response("none"), response(reply(&["one"]))];
    let scripted = Arc::new(Scripted::new(results));
    // The first request is estimated at 256 tokens and more, and uses 15.
    let options = RunOptions { max_tokens: Some(300), ..RunOptions::default() };
    let step = step(&[&scripted, &scripted], context(options).await);
    assert_eq!(complete(&step).await.result.unwrap(), ["one"]);

    let scripted = Arc::new(Scripted::new([response("none")]));
    let options = RunOptions { max_tokens: Some(300), ..RunOptions::default() };
    let mut step =
        crate::run::scripted_steps::step(&[&scripted, &scripted], context(options).await);
    step.client.options =
        Arc::new(serde_json::Map::from_iter([("max_tokens".to_owned(), 280.into())]));
    let completion = complete(&step).await;
    let Err(RowError::Stopped(StopReason::Budget(message))) = completion.result else {
        panic!("{:?}", completion.result)
    };
    assert!(message.contains("max_tokens=300 (15 spent)"), "{message}");
    assert_eq!((completion.calls.len(), scripted.requests().len()), (1, 1));
}

#[tokio::test]
async fn a_journal_that_fails_stops_the_call() {
    let scripted = Arc::new(Scripted::new([response(reply(&["one"]))]));
    let context = RunContext::new(1);
    context.stop("the disk is full".to_owned());
    context.stop("second".to_owned());
    let completion = complete(&step(&[&scripted, &scripted], context)).await;
    let reason = StopReason::Journal("the disk is full".to_owned());
    assert_eq!(completion.result, Err(RowError::Stopped(reason)));
    assert!(scripted.requests().is_empty() && completion.calls.is_empty());
}

#[tokio::test]
async fn a_model_that_refuses_the_key_is_left_out_and_its_fallback_is_used() {
    let refused = [(); 9].map(|()| failure(LlmErrorKind::Authentication));
    let one = Arc::new(Scripted::new(refused));
    let two = Arc::new(Scripted::new([(); 9].map(|()| response(reply(&["two"])))));
    let step = step(&[&one, &two], RunContext::new(1));
    for count in [2, 2, 2, 1, 1] {
        let completion = complete(&step).await;
        assert_eq!(completion.result.as_ref().unwrap(), &["two"]);
        assert_eq!(completion.calls.len(), count);
        assert_eq!(kinds(&completion), [("one", "authentication")]);
    }
    assert_eq!((one.requests().len(), two.requests().len()), (3, 5));
}
