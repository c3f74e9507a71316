use serde_json::Value;

use super::{indented, read, read_lines};
use crate::context::ReadContext;
use crate::table::Table;
use crate::{Content, FileError, FileErrorKind, ReadOptions};

fn json(text: &str, options: &str) -> Result<Content, FileError> {
    let options = ReadOptions::from_json(options).unwrap();
    read(&ReadContext::new("a.json", &options), text.as_bytes())
}

fn lines(text: &str, options: &str) -> Result<Table, FileError> {
    let options = ReadOptions::from_json(options).unwrap();
    read_lines(&ReadContext::new("a.jsonl", &options), text.as_bytes())
}

#[test]
fn a_member_named_twice_is_an_error() {
    let (twice, line) = (r#"[{"a":1,"a":2}]"#, "{\"a\":1}\n{\"b\":{\"a\":1,\"a\":2}}");
    let errors = [json(twice, "{}").unwrap_err(), lines(line, "{}").unwrap_err()];
    let messages = errors.map(|error| {
        assert_eq!(error.kind, FileErrorKind::Corrupt);
        error.message
    });
    assert!(messages[0].starts_with("an object has `a` twice at line 1"), "{}", messages[0]);
    assert!(messages[1].starts_with("line 2 has two members of one name"), "{}", messages[1]);
    // A document keeps its text, and so both members.
    assert!(json(r#"{"a":1,"a":2}"#, "{}").is_ok());
}

#[test]
fn numbers_keep_their_spelling() {
    let array = r#"[{"id":12345678901234567890123,"price":1.50}]"#;
    let Ok(Content::Table(table)) = json(array, "{}") else {
        panic!("not a table");
    };
    let text = table.row_texts(&[]).next().unwrap();
    assert_eq!(text, "id: 12345678901234567890123\nprice: 1.50");
}

#[test]
fn json_is_a_table_or_a_document() {
    let read = |text: &str| json(text, "{}");
    let Content::Table(table) = read(r#"[{"a": {"b": 1}}, {"c": "x"}]"#).unwrap() else {
        panic!("not a table");
    };
    assert_eq!(table.columns, ["a", "c"]);
    let Content::Document(document) = read(r#"{"total":1.50}"#).unwrap() else {
        panic!("not a document");
    };
    assert_eq!(document.text, "{\n  \"total\": 1.50\n}");
    assert_eq!(read("[]").unwrap_err().kind, FileErrorKind::Empty);
    let error = read("{\"a\": \n oops}").unwrap_err();
    assert!(error.kind == FileErrorKind::Corrupt && error.message.contains("line 2"));
    let deep = "[".repeat(100_000);
    assert_eq!(read(&deep).unwrap_err().kind, FileErrorKind::Corrupt);
}

#[test]
fn indenting_keeps_the_value() {
    let text = "{\"a\\\"]\":[1.50,-2e5,{},[ ]], \"b\":{\"c\":\"Caf\\u00e9 { \\n\"},\"d\":true}";
    let pretty = indented(text);
    let parse = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    assert_eq!(parse(&pretty), parse(text));
    assert!(pretty.contains("    1.50,\n") && pretty.contains("Café { \\n"));
}

#[test]
fn a_bad_line_is_named() {
    let read = |text: &str| lines(text, "{}");
    assert_eq!(read("{\"a\": 1}\n\n{\"a\": 2}\n").unwrap().records.len(), 2);
    for bad in ["{\"a\": 1}\n[1]\n", "{\"a\": 1}\n{\"a\": secret}\n"] {
        let error = read(bad).unwrap_err();
        assert!(error.message.contains("line 2") && !error.message.contains("secret"));
    }
}

#[test]
fn options_choose_records_and_columns() {
    let options = r#"{"nrows": 1, "usecols": ["b"]}"#;
    let Content::Table(array) = json(r#"[{"a": 1, "b": 2}, {"b": 3}]"#, options).unwrap() else {
        panic!("not a table");
    };
    // Lines after the last row that is read need not be JSON.
    let line = lines("{\"a\": 1, \"b\": 2}\noops", options).unwrap();
    for table in [array, line] {
        assert_eq!(table.columns, ["b"]);
        assert_eq!(table.values_json(), "[[2]]");
    }
    assert!(json(r#"{"a": 1}"#, r#"{"encoding": "utf-8"}"#).is_ok());
    let error = json(r#"{"a": 1}"#, r#"{"nrows": 1}"#).unwrap_err();
    assert_eq!(error.kind, FileErrorKind::Options);
    assert_eq!(lines("{\"a\": 1}", r#"{"nrows": 0}"#).unwrap_err().kind, FileErrorKind::Empty);
}

#[test]
fn nan_is_null() {
    let Ok(Content::Table(table)) =
        json(r#"[{"a": NaN, "b": "NaN \" Infinity", "c": -Infinity}]"#, "{}")
    else {
        panic!("not a table");
    };
    assert_eq!(table.values_json(), r#"[[null],["NaN \" Infinity"],[null]]"#);
    assert_eq!(table.warnings, ["2 values NaN or Infinity are read as null"]);
    let table = lines("{\"a\": Infinity}\n{\"a\": 1}", "{}").unwrap();
    assert_eq!((table.values_json().as_str(), table.warnings.len()), ("[[null,1]]", 1));
    assert!(json(r#"{"a": "Infinity"}"#, "{}").is_ok());
    assert_eq!(json("[NaN, Nan]", "{}").unwrap_err().kind, FileErrorKind::Corrupt);
}

#[test]
fn a_list_within_an_object_may_be_the_records() {
    let table = |text: &str, options: &str| match json(text, options).unwrap() {
        Content::Table(table) => Some((table.values_json(), table.warnings)),
        Content::Document(_) => None,
    };
    let alone = r#"{"result": {"items": [{"a": 1}, {"a": 2}]}}"#;
    let (values, warnings) = table(alone, "{}").unwrap();
    assert_eq!(values, "[[1,2]]");
    assert!(warnings[0].contains("`result.items` is read"), "{warnings:?}");
    assert_eq!(table(alone, r#"{"as": "document"}"#), None);
    // What stands beside the list belongs to it.
    let invoice = r#"{"total": 3, "lines": [{"a": 1}], "more/x": [{"b": 1}, {"b": 2}]}"#;
    assert_eq!(table(invoice, "{}"), None);
    let (values, warnings) = table(invoice, r#"{"as": "records"}"#).unwrap();
    assert_eq!(values, "[[1,2]]");
    assert!(warnings[0].contains("2 other members are not"), "{warnings:?}");
    assert_eq!(table(r#"[{"a": 1}]"#, r#"{"as": "document"}"#), None);
    let error = json(r#"{"a": [1]}"#, r#"{"as": "records"}"#).unwrap_err();
    assert_eq!(error.kind, FileErrorKind::Options, "{error}");
    let error = json(r#"{"a": [1]}"#, r#"{"as": "document", "nrows": 1}"#).unwrap_err();
    assert!(error.message.contains("`nrows`"), "{error}");
}
