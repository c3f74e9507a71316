//! Tests of operations over several sources, with scripted models.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::StreamExt;
use futures_util::stream;
use serde_json::json;

use super::{Reading, Source, SourceId, Sources};
use crate::documents::table::Table;
use crate::documents::{Content, Document, FileError, FileErrorKind, ReadOptions};
use crate::llm::Scripted;
use crate::llm::layers::{RequestEvent, RequestObserver};
use crate::run::error::{Error, Result};
use crate::run::scripted_steps::{Words, WordsFactory, reply, response, step};
use crate::run::{
    Extraction, Observer, RowEvent, RunContext, RunOptions, Step, extract, sample_of, start,
};

fn text(text: &str) -> Arc<Content> {
    let document = Document::from_text(text, &ReadOptions::default()).unwrap();
    Arc::new(Content::Document(document))
}

fn table(texts: &[&str]) -> Arc<Content> {
    let record = |text: &&str| json!({"t": text, "other": 1}).as_object().unwrap().clone();
    Arc::new(Content::Table(Table::from_records(texts.iter().map(record)).unwrap()))
}

fn unread(name: &str) -> FileError {
    FileError::new(FileErrorKind::NotFound, name, "no such file")
}

fn sources(contents: Vec<Result<Arc<Content>, FileError>>) -> Vec<Source> {
    let source = |(number, content)| {
        let name = (number % 2 == 0).then(|| format!("file {number}").into());
        Source { id: Arc::new(SourceId { number, given: number, name }), content }
    };
    contents.into_iter().enumerate().map(source).collect()
}

fn answers(count: usize) -> Arc<Scripted> {
    Arc::new(Scripted::new((0..count).map(|_| response(reply(&["word"])))))
}

async fn run(step: &Step, sources: Sources) -> Result<Extraction<Words>> {
    extract(step, step, &WordsFactory, sources, "words", Some(Words::new())).await
}

#[derive(Default)]
struct Counts {
    rows: AtomicUsize,
    ended: AtomicUsize,
    sources: AtomicUsize,
}

impl RequestObserver for Counts {
    fn request(&self, _: &RequestEvent<'_>) {}
}

impl Observer for Counts {
    fn rows(&self, count: usize) {
        self.rows.fetch_add(count, Ordering::Relaxed);
    }

    fn row(&self, _: &RowEvent<'_>) {
        self.ended.fetch_add(1, Ordering::Relaxed);
    }

    fn source(&self) {
        self.sources.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test]
async fn rows_of_all_sources_have_one_order_and_an_unread_source_is_one_of_them() {
    let scripted = answers(4);
    let observer = Arc::new(Counts::default());
    let options =
        RunOptions { concurrency: 2, observer: Some(observer.clone()), ..RunOptions::default() };
    let step = step(&[&scripted], RunContext::open(options).await.unwrap());
    let several = sources(vec![
        Err(unread("gone.pdf")),
        Ok(text("one")),
        Ok(table(&["two", "three"])),
        Err(unread("lost.pdf")),
        Ok(text("four")),
    ]);
    let extraction = run(&step, Sources::read(several, true)).await.unwrap();
    let known: Vec<_> = extraction
        .outcomes
        .iter()
        .map(|row| (row.position, row.source.number, row.source_position, row.result.is_ok()))
        .collect();
    assert_eq!(
        known,
        [
            (0, 0, 0, false),
            (1, 1, 0, true),
            (2, 2, 0, true),
            (3, 2, 1, true),
            (4, 3, 0, false),
            (5, 4, 0, true)
        ]
    );
    let lost = &extraction.outcomes[4];
    let error = lost.result.as_ref().unwrap_err();
    assert_eq!((error.kind(), error.to_string().as_str()), ("unread", "lost.pdf: no such file"));
    assert!(lost.text.is_empty() && lost.calls.is_empty());
    assert_eq!(extraction.outcomes[2].source.to_string(), "file 2");
    assert_eq!(extraction.outcomes[1].source.to_string(), "source 1");
    let count = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
    assert_eq!(
        (count(&observer.rows), count(&observer.ended), count(&observer.sources)),
        (6, 6, 5)
    );
    assert_eq!(scripted.requests().len(), 4);
}

#[tokio::test]
async fn a_call_of_which_nothing_can_be_read_fails() {
    let scripted = answers(0);
    let step = step(&[&scripted], RunContext::new(2));
    let error = |contents, are_several| {
        let step = step.clone();
        async move { run(&step, Sources::read(sources(contents), are_several)).await.unwrap_err() }
    };
    let both = error(vec![Err(unread("a.pdf")), Err(unread("b.pdf"))], true).await.to_string();
    assert_eq!(both, "data: none of the 2 sources can be read; the first one: a.pdf: no such file");
    for are_several in [true, false] {
        let one = error(vec![Err(unread("a.pdf"))], are_several).await;
        assert!(matches!(one, Error::File(error) if error == unread("a.pdf")));
    }
    assert!(error(Vec::new(), true).await.to_string().contains("there is no source"));
}

#[tokio::test]
async fn an_error_of_the_sources_comes_after_the_rows_before_it() {
    let scripted = answers(2);
    let step = step(&[&scripted], RunContext::new(2));
    let failing = |count: usize| {
        let read = sources((0..count).map(|number| Ok(text(&number.to_string()))).collect());
        let read = read.into_iter().map(|it| Ok(Box::pin(std::future::ready(it)) as Reading));
        let failure = Err(Error::Sources("the database is gone".into()));
        Sources::several(stream::iter(read.chain([failure]).collect::<Vec<_>>()))
    };
    let extraction = run(&step, failing(2)).await.unwrap();
    assert_eq!(extraction.outcomes.len(), 2);
    assert!(extraction.failure.unwrap().to_string().contains("the database is gone"));
    assert!(matches!(run(&step, failing(0)).await, Err(Error::Sources(_))));
}

#[tokio::test]
async fn sources_are_read_no_further_ahead_than_rows_need() {
    let scripted = answers(50);
    let step = step(&[&scripted], RunContext::new(2));
    let read = Arc::new(AtomicUsize::new(0));
    let counter = read.clone();
    let endless = stream::iter(0..).map(move |number| {
        let counter = counter.clone();
        Ok(Box::pin(async move {
            counter.fetch_add(1, Ordering::Relaxed);
            let id = Arc::new(SourceId { number, given: number, name: None });
            Source { id, content: Ok(text(&number.to_string())) }
        }) as Reading)
    });
    let target = Some(Words::new());
    let sources = Sources::several(endless);
    let started = start(&step, &step, &WordsFactory, sources, "words", target).await.unwrap();
    let mut outcomes = std::pin::pin!(started.outcomes(&step, "words", 8));
    for position in 0..20 {
        let pending = outcomes.next().await.unwrap();
        assert!(pending.outcome.result.is_ok() && pending.outcome.position <= position + 2);
    }
    // Two at a time, and at most two ahead.
    assert!(read.load(Ordering::Relaxed) <= 20 + 2 + 2 + 1, "{read:?}");
}

#[tokio::test]
async fn a_plan_is_made_from_the_first_sources_and_serves_all() {
    let plan = json!({
        "model_name": "Words", "model_description": "", "instructions": "", "target_columns": ["t"],
        "fields": [{"name": "word", "type": "str", "description": "a word"}],
    });
    let answers = [response(plan.to_string())];
    let words = (0..5).map(|_| response(reply(&["word"])));
    let scripted = Arc::new(Scripted::new(answers.into_iter().chain(words)));
    let step = step(&[&scripted], RunContext::new(1));
    let several = sources(vec![
        Err(unread("gone.pdf")),
        Ok(text("the first")),
        Ok(table(&["row one", "row two"])),
        Ok(text("the third")),
        Ok(text("the fourth")),
    ]);
    let sources = Sources::read(several, true);
    let extraction = extract(&step, &step, &WordsFactory, sources, "words", None).await.unwrap();
    assert_eq!((extraction.planning.len(), extraction.outcomes.len()), (1, 6));
    // A column that the plan knew and did not choose is not sent.
    assert_eq!(&*extraction.outcomes[2].text, "t: row one");
    let planning = format!("{:?}", scripted.requests()[0]);
    for part in ["Sample 1 of 3:", "the first", "row one", "the third"] {
        assert!(planning.contains(part), "{part}");
    }
    assert!(!planning.contains("the fourth"));
}

#[test]
fn a_sample_gives_each_source_its_share() {
    let (long, short) = (text(&"a word ".repeat(1000)), text("short"));
    let sample = sample_of(&[&long, &short, &long], 600);
    assert!(sample.chars().count() <= 600 && sample.chars().count() > 500, "{}", sample.len());
    assert!(sample.contains("Sample 2 of 3:\nshort\n\nSample 3 of 3:\na word"), "{sample}");
    assert_eq!(sample_of(&[&long], 7), "a word ");
}
