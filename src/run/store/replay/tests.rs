//! Tests of the replay: hits send nothing, and what is not final is requested again.

use std::sync::Arc;

use serde_json::json;

use super::{Completion, JournalSession, complete, planned};
use crate::llm::{LlmErrorKind, Scripted, Usage};
use crate::planning::plan::Plan;
use crate::run::error::RowError;
use crate::run::scripted_steps::{
    Words, WordsFactory, client, cut, failure, messages, models, reply, response, step,
};
use crate::run::store::cache::Cache;
use crate::run::store::database::tests::Folder;
use crate::run::store::journal::Journal;
use crate::run::store::request_key::Prompt;
use crate::run::{Planned, RunContext, RunOptions, Step};

/// A step of one model, whose context has this journal and this cache.
async fn stored(folder: &Folder, scripted: &Arc<Scripted>) -> Step {
    let options = RunOptions {
        concurrency: 1,
        journal: Some(folder.path("run.db")),
        cache: Some(Cache::open(&folder.path("cache.db"), 1 << 20).await.unwrap()),
        ..RunOptions::default()
    };
    step(&[scripted], RunContext::open(options).await.unwrap())
}

/// The completions of rows in one session of the journal.
async fn journaled(step: &Step, rows: &[&str]) -> Vec<Completion<Vec<String>>> {
    let (models, target, context) = (models(step), Words::new(), &step.context);
    let session = JournalSession::open(context, &target, "a source", "words", &step.client);
    let session = session.await.unwrap().unwrap();
    let mut completions = Vec::new();
    for (position, row) in rows.iter().enumerate() {
        let prompt = Prompt::new(messages(row));
        let key = prompt.key(&models).to_owned();
        let attempts = models.complete(&prompt.messages, &target);
        completions.push(session.complete(context, &target, position, key, attempts).await);
    }
    session.end(context, rows.len()).await;
    completions
}

#[tokio::test]
async fn a_row_of_the_journal_sends_nothing_and_keeps_its_usage() {
    let folder = Folder::new("replayed");
    let scripted = Arc::new(Scripted::new([
        failure(LlmErrorKind::Server),
        response(reply(&["one"])),
        response(reply(&["two"])),
    ]));
    let first = journaled(&stored(&folder, &scripted).await, &["a", "b"]).await;
    let again = Arc::new(Scripted::new([response(reply(&["three"]))]));
    let second = journaled(&stored(&folder, &again).await, &["a", "b", "c"]).await;
    assert_eq!(again.requests().len(), 1);
    for (first, second) in first.iter().zip(&second) {
        assert!(second.from_journal && !first.from_journal);
        assert_eq!((&second.result, &second.errors), (&first.result, &first.errors));
        assert_eq!(second.calls, first.calls);
    }
    assert!(!second[2].from_journal);
}

#[tokio::test]
async fn equal_rows_are_stored_apart() {
    let folder = Folder::new("equal");
    let scripted = Arc::new(Scripted::new([response(reply(&["one"])), response(reply(&["two"]))]));
    let step_one = stored(&folder, &scripted).await;
    journaled(&step_one, &["same", "same"]).await;
    let again = Arc::new(Scripted::new([]));
    let completions = journaled(&stored(&folder, &again).await, &["same", "same"]).await;
    let words: Vec<_> = completions.into_iter().flat_map(|it| it.result.unwrap()).collect();
    assert_eq!(words, ["one", "two"]);
}

#[tokio::test]
async fn final_failures_are_replayed_and_others_are_requested_again() {
    let folder = Folder::new("failures");
    let results = [
        response(reply(&["wrong"])),
        response(reply(&["wrong"])),
        response(reply(&["wrong"])),
        cut(&["kept"]),
        cut(&[]),
        cut(&[]),
        failure(LlmErrorKind::Refusal),
        failure(LlmErrorKind::Rejected),
        response(reply(&["broken"])),
    ];
    let rows = ["invalid", "cut", "refused", "rejected", "broken"];
    let first = journaled(&stored(&folder, &Arc::new(Scripted::new(results))).await, &rows).await;
    let again = Arc::new(Scripted::new([response(reply(&["4"])), response(reply(&["5"]))]));
    let second = journaled(&stored(&folder, &again).await, &rows).await;
    assert_eq!(again.requests().len(), 2);
    for (first, second) in first.iter().zip(&second).take(3) {
        assert!(second.from_journal);
        assert_eq!((&second.result, &second.incomplete), (&first.result, &first.incomplete));
    }
    assert_eq!(second[1].incomplete.as_deref(), Some(&["kept".to_owned()][..]));
    assert!(second[3..].iter().all(|completion| completion.result.is_ok()));
}

#[tokio::test]
async fn a_row_without_a_request_is_not_journaled() {
    let folder = Folder::new("unsent");
    let refused = (0..9).map(|_| failure(LlmErrorKind::Authentication));
    let step = stored(&folder, &Arc::new(Scripted::new(refused))).await;
    journaled(&step, &["a", "b", "c", "d", "e"]).await;
    let journal = rusqlite::Connection::open(folder.path("run.db")).unwrap();
    let count = "SELECT count(*) FROM rows";
    assert_eq!(journal.query_row(count, [], |row| row.get::<_, u32>(0)).unwrap(), 3);
}

#[tokio::test]
async fn a_cached_completion_sends_nothing_and_costs_nothing() {
    let folder = Folder::new("cached");
    let scripted = Arc::new(Scripted::new([response("none"), response(reply(&["one"]))]));
    let step = stored(&folder, &scripted).await;
    let (models, target) = (models(&step), Words::new());
    let (paid, other) = (Prompt::new(messages("a")), Prompt::new(messages("b")));
    let first = complete(&step.context, &models, &paid, &target).await;
    let second = complete(&step.context, &models, &paid, &target).await;
    assert_eq!(first.result.as_ref().unwrap(), second.result.as_ref().unwrap());
    assert_eq!((first.calls.len(), second.calls.len(), second.errors.len()), (2, 0, 0));
    assert_eq!(scripted.requests().len(), 2);
    assert!(complete(&step.context, &models, &other, &target).await.result.is_err());
    assert_eq!(scripted.requests().len(), 3, "a failure is never cached");
}

#[tokio::test]
async fn a_stored_reply_that_is_no_longer_valid_is_requested_again() {
    let folder = Folder::new("invalid");
    let scripted = Arc::new(Scripted::new([response(reply(&["right"]))]));
    let step = stored(&folder, &scripted).await;
    let models = models(&step);
    let prompt = Prompt::new(messages("a"));
    let record = crate::run::Record {
        reply: Some(reply(&["wrong"])),
        model: Some("one".into()),
        ..crate::run::Record::default()
    };
    step.context.cache.as_ref().unwrap().keep(prompt.key(&models), record).await.unwrap();
    let completion = complete(&step.context, &models, &prompt, &Words::new()).await;
    assert_eq!(completion.result.unwrap(), ["right"]);
}

#[tokio::test]
async fn the_reply_of_a_fallback_is_not_cached() {
    let folder = Folder::new("fallback");
    let one = Arc::new(Scripted::new([(); 2].map(|()| failure(LlmErrorKind::Rejected))));
    let two = Arc::new(Scripted::new([(); 2].map(|()| response(reply(&["two"])))));
    let mut step = stored(&folder, &one).await;
    step.fallbacks = [client("two", &two)].into();
    let (models, prompt) = (models(&step), Prompt::new(messages("a")));
    for _ in 0..2 {
        assert!(complete(&step.context, &models, &prompt, &Words::new()).await.result.is_ok());
    }
    assert_eq!(two.requests().len(), 2);
}

#[tokio::test]
async fn a_plan_is_made_once() {
    let folder = Folder::new("plan");
    let step = stored(&folder, &Arc::new(Scripted::silent())).await;
    let schema = json!({"model_name": "Words", "fields": [{"name": "word", "type": "str"}]});
    let plan: Plan = serde_json::from_value(json!({ "schema": schema })).unwrap();
    let plan = Plan { schema: plan.schema.normalise().unwrap(), ..plan };
    let (context, client, made_from) = (&step.context, &step.client, "a sample");
    for _ in 0..2 {
        let made = Planned { plan: plan.clone(), target: Words::new() };
        let planning = async { Ok((made, vec![Usage::of(7, 3)])) };
        let planned = planned(context, client, &WordsFactory, &made_from, "words", planning);
        let (found, calls) = planned.await.unwrap();
        assert_eq!((found.plan, calls), (plan.clone(), vec![Usage::of(7, 3)]));
    }
    let never = async { panic!("the plan is in the journal") };
    assert!(planned(context, client, &WordsFactory, &made_from, "words", never).await.is_ok());
    let failing = async {
        let failure = RowError::Validator("made".to_owned());
        Err(crate::Error::Plan { failure, calls: Vec::new() })
    };
    assert!(planned(context, client, &WordsFactory, &"another", "words", failing).await.is_err());
}

#[tokio::test]
async fn a_journal_that_can_not_be_written_stops_the_call() {
    let folder = Folder::new("broken");
    let scripted = Arc::new(Scripted::new([(); 3].map(|()| response(reply(&["word"])))));
    let step = stored(&folder, &scripted).await;
    let (models, target, context) = (models(&step), Words::new(), &step.context);
    let session = JournalSession::open(context, &target, "a source", "words", &step.client);
    let session = session.await.unwrap().unwrap();
    let journal: &Journal = context.journal.as_ref().unwrap();
    rusqlite::Connection::open(folder.path("run.db"))
        .unwrap()
        .execute_batch("DROP TABLE rows")
        .unwrap();
    let mut errors = Vec::new();
    for position in 0..3 {
        let prompt = Prompt::new(messages(&position.to_string()));
        let key = prompt.key(&models).to_owned();
        let attempts = models.complete(&prompt.messages, &target);
        let completion = session.complete(context, &target, position, key, attempts).await;
        errors.push(completion.result.err().map(|error| error.kind()));
    }
    journal.close().await;
    assert_eq!(errors, [Some("journal"); 3]);
    assert!(scripted.requests().is_empty());
}
