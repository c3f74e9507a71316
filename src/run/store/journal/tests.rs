//! Tests of the journal: storage, concurrent writes and killed processes.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use rusqlite::Connection;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::record::Columns;
use super::{Journal, JournaledPlan, Operation, Row};
use crate::llm::{LlmError, LlmErrorKind, Usage};
use crate::reply::Repair;
use crate::run::store::database::tests::Folder;
use crate::run::{AttemptError, Record, RowError};

fn operation(key: &str) -> Operation {
    Operation {
        key: key.to_owned(),
        source: "orders.csv".to_owned(),
        query: "extract the total".to_owned(),
        model: "openai/gpt-4o".to_owned(),
        target: "Invoice".to_owned(),
        schema: json!({"type": "object"}),
    }
}

fn success(items: &Value) -> Record {
    Record {
        reply: Some(json!({"items": items}).to_string()),
        model: Some("openai/gpt-4o".into()),
        calls: vec![Usage { cost: Some(0.25), ..Usage::of(10, 2) }],
        ..Record::default()
    }
}

fn failure() -> RowError {
    let error = LlmError {
        status: Some(400),
        retry_after: Some(Duration::from_millis(1_500)),
        usage: Usage::of(3, 0),
        ..LlmError::new(LlmErrorKind::Rejected, "openai", "not like this")
    };
    RowError::Llm { error: Box::new(error), requests: 1 }
}

fn failed() -> Record {
    let errors = vec![AttemptError { model: "openai/gpt-4o".into(), failure: failure() }];
    let calls = vec![Usage::of(3, 0), Usage { cached_tokens: Some(2), ..Usage::of(3, 0) }];
    Record { failure: Some(failure()), errors, calls, ..Record::default() }
}

fn row(operation_id: i64, key: &str, record: Record) -> Row {
    Row { operation_id, key: key.to_owned(), occurrence: 0, position: 0, is_final: true, record }
}

fn text(path: &Path, sql: &str) -> Vec<String> {
    let connection = Connection::open(path).unwrap();
    let mut found = connection.prepare(sql).unwrap();
    let rows = found.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

#[tokio::test]
async fn what_is_kept_is_found_in_another_run() {
    let folder = Folder::new("found");
    let path = folder.path("run.db");
    let journal = Journal::open(&path).await.unwrap();
    let id = journal.begin(&operation("a")).await.unwrap();
    assert_ne!(journal.begin(&operation("b")).await.unwrap(), id);
    let plan = json!({"instructions": "Read it.", "schema": {"z": 1, "a": 1.50}});
    let calls = vec![Usage { thinking_tokens: Some(1), ..Usage::of(5, 1) }];
    assert_eq!(journal.plan("p").await.unwrap(), None);
    journal.keep_plan("p", "extract", "m", &plan, &calls).await.unwrap();

    let (one, two) = (success(&json!([{"a": 1}])), success(&json!([])));
    assert_eq!(journal.find("k", 0).await.unwrap(), None);
    journal.keep(row(id, "k", one.clone())).await.unwrap();
    let second = Row { occurrence: 1, position: 4, ..row(id, "k", two.clone()) };
    journal.keep(second).await.unwrap();
    journal.keep(row(id, "f", failed())).await.unwrap();
    let again = Row { is_final: false, ..row(id, "g", failed()) };
    journal.keep(again).await.unwrap();
    journal.end(id, 4).await.unwrap();
    journal.close().await;

    let journal = Journal::open(&path).await.unwrap();
    assert_eq!(journal.plan("p").await.unwrap(), Some(JournaledPlan { plan, calls }));
    assert_eq!(journal.find("k", 0).await.unwrap(), Some(one));
    assert_eq!(journal.find("k", 1).await.unwrap(), Some(two.clone()));
    assert_eq!(journal.find("f", 0).await.unwrap(), Some(failed()));
    assert_eq!(journal.find("g", 0).await.unwrap(), None);
    journal.keep(row(id, "g", two.clone())).await.unwrap();
    assert_eq!(journal.find("g", 0).await.unwrap(), Some(two));
    assert_eq!(text(&path, "SELECT rows || '' FROM operations WHERE ended_at > '2020'"), ["4"]);
    assert_eq!(journal.begin(&operation("a")).await.unwrap(), id);
    assert!(text(&path, "SELECT key FROM operations WHERE ended_at IS NOT NULL").is_empty());
}

#[tokio::test]
async fn people_can_read_it() {
    let folder = Folder::new("read");
    let path = folder.path("run.db");
    let journal = Journal::open(&path).await.unwrap();
    let id = journal.begin(&operation("a")).await.unwrap();
    journal.keep(row(id, "1", success(&json!([{"total": 5}, {"total": null}])))).await.unwrap();
    journal.keep(row(id, "2", success(&json!([])))).await.unwrap();
    journal.keep(row(id, "3", failed())).await.unwrap();
    let cut = Record { incomplete: Some(r#"{"items":[7]}"#.to_owned()), ..failed() };
    journal.keep(row(id, "4", cut)).await.unwrap();
    let sql = "SELECT concat_ws('|', operation, position, status, items, error, model, requests,
               prompt_tokens, completion_tokens, cached_tokens, cost, details IS NULL)
               FROM rows ORDER BY key";
    assert_eq!(
        text(&path, sql),
        [
            r#"1|0|success|[{"total":5},{"total":null}]|openai/gpt-4o|1|10|2|0.25|1"#,
            "1|0|empty|[]|openai/gpt-4o|1|10|2|0.25|1",
            "1|0|failed|openai answered 400: not like this|2|6|0|2|0",
            "1|0|failed|[7]|openai answered 400: not like this|2|6|0|2|0",
        ]
    );
    let times = "SELECT ended_at FROM rows UNION SELECT started_at FROM operations";
    for time in text(&path, times) {
        assert!(time.parse::<jiff::Timestamp>().is_ok(), "{time}");
    }
    let sizes =
        text(&path, "SELECT CAST(json_array_length(items) AS TEXT) FROM rows WHERE key = 1");
    assert_eq!(sizes, ["2"]);
}

/// Two journals on one file write the same rows at the same time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_may_write_one_journal() {
    let folder = Folder::new("two");
    let path = folder.path("run.db");
    let mut writes = JoinSet::new();
    for run in 0..2 {
        let journal = Journal::open(&path).await.unwrap();
        let id = journal.begin(&operation("a")).await.unwrap();
        for number in 0..3_000 {
            let journal = journal.clone();
            let key = format!("{}", number + run * 1_000);
            writes.spawn(async move {
                journal.keep(row(id, &key, success(&json!([key])))).await?;
                Ok::<_, String>(journal.find(&key, 0).await?.is_some())
            });
        }
    }
    assert!(writes.join_all().await.into_iter().all(|found| found == Ok(true)));
    let wrong = "SELECT key FROM rows WHERE items <> json_array(key)";
    assert_eq!(text(&path, "SELECT count(*) || '' FROM rows"), ["4000"]);
    assert!(text(&path, wrong).is_empty());
    assert_eq!(text(&path, "PRAGMA integrity_check"), ["ok"]);
    assert_eq!(text(&path, "SELECT id || '' FROM operations"), ["1"]);
}

const WRITER: &str = "STRUCTX_TEST_JOURNAL";

/// Kills a writing process at several moments: every acknowledged write is in the file.
#[tokio::test]
async fn a_killed_writer_loses_nothing() {
    if let Some(path) = std::env::var_os(WRITER) {
        return write_until_killed(Path::new(&path)).await;
    }
    let folder = Folder::new("killed");
    let path = folder.path("run.db");
    let mut kept = 0;
    for rows in [1, 2, 57, 400, 1_001] {
        let test = "run::store::journal::tests::a_killed_writer_loses_nothing";
        let mut writer = Command::new(std::env::current_exe().unwrap())
            .args([test, "--exact", "--nocapture"])
            .env(WRITER, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(writer.stdout.take().unwrap()).lines();
        let told = lines.map(Result::unwrap).filter(|line| line.starts_with("kept "));
        let mut keys: Vec<_> = told.take(rows).collect();
        writer.kill().unwrap();
        writer.wait().unwrap();
        let journal = Journal::open(&path).await.unwrap();
        for key in keys.drain(..) {
            assert!(journal.find(&key[5..], 0).await.unwrap().is_some(), "{key} is lost");
            kept += 1;
        }
        assert_eq!(text(&path, "PRAGMA integrity_check"), ["ok"]);
    }
    assert_eq!(kept, 1 + 2 + 57 + 400 + 1_001);
}

async fn write_until_killed(path: &Path) {
    let journal = Journal::open(path).await.unwrap();
    let id = journal.begin(&operation("a")).await.unwrap();
    let mut writes = JoinSet::new();
    for number in 0_u64.. {
        let (journal, key) = (journal.clone(), format!("{number:x}"));
        writes.spawn(async move {
            journal.keep(row(id, &key, success(&json!([{"a": "text"}])))).await.unwrap();
            println!("kept {key}");
        });
        if writes.len() > 20 {
            writes.join_next().await;
        }
    }
}

fn usage() -> impl Strategy<Value = Usage> {
    // Whole millionths of a dollar: other costs may differ in the last bit after parsing.
    let cost = any::<Option<u32>>().prop_map(|cost| cost.map(|cost| f64::from(cost) / 1e6));
    let tokens = prop_oneof![4 => 0..100_000_u64, 1 => any::<u64>()];
    let parts = (prop::option::of(tokens.clone()), prop::option::of(tokens.clone()));
    (tokens.clone(), tokens.clone(), any::<bool>(), tokens, parts, cost).prop_map(
        |(prompt, completion, adds_up, total, (thinking_tokens, cached_tokens), cost)| {
            let usage =
                Usage { thinking_tokens, cached_tokens, cost, ..Usage::of(prompt, completion) };
            Usage { total_tokens: if adds_up { usage.total_tokens } else { total }, ..usage }
        },
    )
}

fn reply() -> impl Strategy<Value = Option<String>> {
    let space = "[ \n\t]{0,2}";
    let items =
        "(|1\\.50|\"a\\]\\}\"|null|\\{\"b\": \\[1e400, 0\\]\\}|-0, 12345678901234567890123)";
    let list = (space, space, space, items).prop_map(|(one, two, three, items)| {
        format!("{one}{{{two}\"items\":{three}[{items}{one}]{two}}}{three}")
    });
    let plain = items.prop_map(|items| format!("{{\"items\":[{items}]}}"));
    let other = prop_oneof![
        Just(r#"{"items":[1],"items":[2]}"#.to_owned()),
        Just(r#"{"items":{}}"#.to_owned()),
        Just(r#"{"items":[1]} }"#.to_owned()),
        ".{0,10}".prop_map(|text| format!("{{\"items\":{text}}}")),
        any::<String>(),
    ];
    prop::option::of(prop_oneof![list, plain, other])
}

fn any_failure() -> impl Strategy<Value = RowError> {
    prop_oneof![
        Just(failure()),
        any::<String>().prop_map(RowError::Validator),
        (any::<Vec<String>>(), any::<usize>())
            .prop_map(|(problems, requests)| RowError::Invalid { problems, requests }),
    ]
}

prop_compose! {
    fn record()(
        reply in reply(),
        incomplete in reply(),
        failure in prop::option::of(any_failure()),
        model in prop::option::of(any::<String>()),
        calls in prop::collection::vec(usage(), 0..3),
        errors in prop::collection::vec((any::<String>(), any_failure()), 0..2),
        repairs in prop::collection::vec(any::<(String, String)>(), 0..2),
    ) -> Record {
        let error = |(model, failure): (String, _)| AttemptError { model: model.into(), failure };
        Record {
            reply,
            incomplete,
            failure,
            model: model.map(Arc::from),
            calls,
            errors: errors.into_iter().map(error).collect(),
            repairs: repairs.into_iter().map(|(pointer, what)| Repair { pointer, what }).collect(),
        }
    }
}

#[test]
fn any_record_comes_back_as_it_was() {
    let folder = Folder::new("records");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let journal = runtime.block_on(Journal::open(&folder.path("run.db"))).unwrap();
    let id = runtime.block_on(journal.begin(&operation("a"))).unwrap();
    proptest!(|(record in record())| {
        let found = runtime.block_on(async {
            journal.keep(row(id, "k", record.clone())).await?;
            journal.find("k", 0).await
        });
        prop_assert_eq!(found, Ok(Some(record)));
    });
}

#[test]
fn items_stand_in_one_column_alone() {
    let marked = r#"{"word": "marked"}"#;
    for reply in
        [format!(r#"{{"items":[{marked}]}}"#), format!("{{\n \"items\": [\n{marked}\n] }}\n")]
    {
        let given = Record { reply: Some(reply), ..success(&json!([])) };
        let columns = Columns::of(given.clone()).unwrap();
        assert_eq!(columns.status, "success");
        assert!(columns.items.as_ref().is_some_and(|items| items.contains(marked)));
        assert!(columns.details.as_ref().is_none_or(|details| !details.contains("marked")));
        assert_eq!(columns.record().unwrap(), given);
    }
}
