//! Tests of whole extractions, with scripted models.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::StreamExt;
use serde_json::json;

use super::{Extraction, extract, start};
use crate::documents::Content;
use crate::documents::table::Table;
use crate::llm::layers::{RequestEvent, RequestObserver};
use crate::llm::{LlmErrorKind, Scripted};
use crate::run::scripted_steps::{Words, WordsFactory, failure, reply, response, step};
use crate::run::{Observer, RowEvent, RunContext, RunOptions, Step, asked_row};

fn records(count: usize) -> Arc<Content> {
    let record = |number: usize| json!({"id": number}).as_object().unwrap().clone();
    Content::Table(Table::from_records((0..count).map(record)).unwrap()).into()
}

async fn run(step: &Step, rows: usize) -> Extraction<Words> {
    extract(step, step, &WordsFactory, &records(rows), "words", Some(Words::new())).await.unwrap()
}

#[derive(Default)]
struct Counts {
    rows: AtomicUsize,
    requests: AtomicUsize,
    ended: AtomicUsize,
    failed: AtomicUsize,
}

impl RequestObserver for Counts {
    fn request(&self, event: &RequestEvent<'_>) {
        assert_eq!(event.model, "one");
        assert!(asked_row().is_some_and(|row| row.number < 20));
        self.requests.fetch_add(1, Ordering::Relaxed);
    }
}

impl Observer for Counts {
    fn rows(&self, count: usize) {
        self.rows.fetch_add(count, Ordering::Relaxed);
    }

    fn row(&self, event: &RowEvent<'_>) {
        assert!(!event.from_journal);
        self.ended.fetch_add(1, Ordering::Relaxed);
        self.failed.fetch_add(usize::from(event.failure.is_some()), Ordering::Relaxed);
    }
}

#[tokio::test]
async fn every_row_ends_exactly_once_and_each_request_is_reported() {
    let results = (0..20).flat_map(|row| match row % 4 {
        0 => vec![failure(LlmErrorKind::Rejected)],
        1 => vec![failure(LlmErrorKind::Server), response(reply(&["word"]))],
        2 => vec![response(reply(&[]))],
        _ => vec![response("none"), response(reply(&["word"]))],
    });
    let scripted = Arc::new(Scripted::new(results));
    let observer = Arc::new(Counts::default());
    let options =
        RunOptions { concurrency: 1, observer: Some(observer.clone()), ..RunOptions::default() };
    let step = step(&[&scripted], RunContext::open(options).await.unwrap());
    let extraction = run(&step, 20).await;
    let positions: Vec<_> = extraction.outcomes.iter().map(|outcome| outcome.position).collect();
    assert_eq!(positions, (0..20).collect::<Vec<_>>());
    let count = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
    let failed = extraction.outcomes.iter().filter(|outcome| outcome.result.is_err()).count();
    assert_eq!((count(&observer.rows), count(&observer.ended)), (20, 20));
    assert_eq!((failed, count(&observer.failed)), (5, 5));
    let calls: usize = extraction.outcomes.iter().map(|outcome| outcome.calls.len()).sum();
    assert_eq!((calls, count(&observer.requests), scripted.requests().len()), (30, 30, 30));
}

#[tokio::test]
async fn a_refused_key_costs_three_requests_and_fails_every_row() {
    let refused = (0..500).map(|_| failure(LlmErrorKind::Authentication));
    let scripted = Arc::new(Scripted::new(refused));
    let context = RunContext::new(2);
    let extraction = run(&step(&[&scripted], context), 500).await;
    assert_eq!(extraction.outcomes.len(), 500);
    let errors: Vec<_> =
        extraction.outcomes.iter().map(|outcome| outcome.result.as_ref().unwrap_err()).collect();
    assert!(errors.iter().all(|error| error.kind() == "authentication"));
    let last = errors.last().unwrap().to_string();
    assert_eq!(last, "scripted: as scripted; not sent, as 3 requests in a row had ended so");
    let calls: usize = extraction.outcomes.iter().map(|outcome| outcome.calls.len()).sum();
    // One more request may be in flight when the third fails.
    assert!((3..=4).contains(&scripted.requests().len()));
    assert_eq!(calls, scripted.requests().len());
}

#[tokio::test]
async fn without_fail_fast_every_row_sends_its_request() {
    let refused = (0..20).map(|_| failure(LlmErrorKind::Quota));
    let scripted = Arc::new(Scripted::new(refused));
    let options = RunOptions { concurrency: 2, fail_fast: false, ..RunOptions::default() };
    let extraction = run(&step(&[&scripted], RunContext::open(options).await.unwrap()), 20).await;
    assert!(extraction.outcomes.iter().all(|outcome| outcome.result.is_err()));
    assert_eq!(scripted.requests().len(), 20);
}

#[tokio::test]
async fn rows_that_the_caller_has_not_taken_hold_others_back() {
    let scripted = Arc::new(Scripted::new((0..9).map(|_| response(reply(&["word"])))));
    let (step, content) = (step(&[&scripted], RunContext::new(2)), records(9));
    let prepared =
        start(&step, &step, &WordsFactory, &content, "words", Some(Words::new())).await.unwrap();
    let mut outcomes = std::pin::pin!(prepared.outcomes(&step, "words", 1));
    let first = outcomes.next().await.unwrap();
    let second = futures_util::poll!(outcomes.next());
    assert!(second.is_pending());
    assert_eq!(scripted.requests().len(), 1);
    drop(first);
    assert_eq!(outcomes.count().await, 8);
}
