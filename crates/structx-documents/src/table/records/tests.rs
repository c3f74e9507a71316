//! Any table reads as one whose cells were kept as values.

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{Cell, Records};
use crate::Content;
use crate::table::Table;
use crate::table::row_text::is_line_break;

const COLUMNS: [&str; 4] = ["a", "b \"c\"", "d\te", ""];

fn value() -> impl Strategy<Value = Value> {
    let text = "[\\x00-\\x20\"\\\\/a-c\u{7f}\u{85}äé😀|,\u{2028}: ]{0,8}";
    let number = "-?(0|[1-9][0-9]{0,25})(\\.[0-9]{1,3})?([eE][+-]?[0-9]{1,2})?";
    let leaf = prop_oneof![
        3 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        1 => number.prop_map(|number| serde_json::from_str(&number).unwrap()),
        4 => text.prop_map(Value::from),
        1 => Just(json!("null")),
    ];
    leaf.prop_recursive(2, 6, 3, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Value::from),
            vec((text, inner), 0..3)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// The text with two spaces after each line break.
fn indented(text: &str) -> String {
    let lines = text.split_inclusive(is_line_break).map(str::to_owned);
    let ends = text.ends_with(is_line_break).then(String::new);
    lines.chain(ends).collect::<Vec<_>>().join("  ").replace("\r  \n", "\r\n")
}

/// The expected text of each record, cell by cell.
fn expected_rows(records: &[Vec<Value>], chosen: &[usize]) -> Vec<String> {
    let line = |record: &[Value], column: usize| match record.get(column)? {
        Value::Null => None,
        Value::String(text) => Some(format!("{}: {}", COLUMNS[column], indented(text))),
        value => Some(format!("{}: {}", COLUMNS[column], indented(&value.to_string()))),
    };
    let row = |record: &Vec<Value>| {
        chosen.iter().filter_map(|column| line(record, *column)).collect::<Vec<_>>().join("\n")
    };
    records.iter().map(row).collect()
}

fn values(records: &Records) -> Vec<Vec<Value>> {
    records.iter().map(|record| record.cells(COLUMNS.len()).map(Cell::value).collect()).collect()
}

fn rows(table: &Table, columns: &[String]) -> Vec<String> {
    table.row_texts(columns).collect()
}

proptest! {
    #[test]
    fn cells_are_as_values(
        records in vec(vec(value(), COLUMNS.len()), 1..5),
        kept in vec(any::<bool>(), COLUMNS.len()),
    ) {
        let columns = COLUMNS.map(str::to_owned);
        let by_column: Vec<Vec<&Value>> = (0..COLUMNS.len())
            .map(|column| records.iter().map(|record| &record[column]).collect())
            .collect();
        // Two parts, with spaces.
        let part = |value: Value| serde_json::to_string_pretty(&value).unwrap();
        let parts = records.chunks(2).map(|records| {
            let column = |column| records.iter().map(|record| &record[column]).collect::<Vec<_>>();
            let values: Vec<_> = (0..COLUMNS.len()).map(column).collect();
            part(json!({"columns": columns, "values": values}))
        });
        let mut table = Table::from_json(parts).unwrap();
        prop_assert_eq!(&values(&table.records), &records);
        prop_assert_eq!(rows(&table, &[]), expected_rows(&records, &[0, 1, 2, 3]));
        prop_assert_eq!(rows(&table, &columns[1..3]), expected_rows(&records, &[1, 2]));
        prop_assert_eq!(table.values_json(), json!(by_column).to_string());

        for (record, row) in records.iter().zip(rows(&table, &[])) {
            let starts_line = |line: &&str| !line.is_empty() && !line.starts_with(' ');
            let lines = row.split(is_line_break).filter(starts_line);
            let names: Vec<&str> = lines.filter_map(|line| Some(line.split_once(": ")?.0)).collect();
            let known = (0..COLUMNS.len()).filter(|column| !record[*column].is_null());
            prop_assert_eq!(names, known.map(|column| COLUMNS[column]).collect::<Vec<_>>());
        }

        let objects = records.iter().map(|record| {
            let members = columns.iter().cloned().zip(record.iter().cloned());
            members.collect::<Map<_, _>>()
        });
        prop_assert_eq!(&Table::from_records(objects).unwrap(), &table);

        let kept_back = Content::Table(table.clone());
        let kept_back: Content =
            serde_json::from_str(&serde_json::to_string(&kept_back).unwrap()).unwrap();
        prop_assert_eq!(kept_back, Content::Table(table.clone()));

        table.keep_columns(&kept);
        let is_kept = |column: &usize| kept[*column];
        let chosen: Vec<usize> = (0..COLUMNS.len()).filter(is_kept).collect();
        prop_assert_eq!(table.columns.len(), chosen.len());
        prop_assert_eq!(rows(&table, &[]), expected_rows(&records, &chosen));
    }
}

#[test]
fn a_column_that_comes_up_late_is_null_before() {
    let record = |value: Value| value.as_object().cloned().unwrap();
    let objects = [json!({}), json!({"a": null, "b": 1}), json!({"c": 2, "a": ""})];
    let table = Table::from_records(objects.map(record)).unwrap();
    assert_eq!(table.columns, ["a", "b", "c"]);
    assert_eq!(table.values_json(), r#"[[null,null,""],[null,1,null],[null,null,2]]"#);
    assert_eq!(rows(&table, &[]), ["", "b: 1", "a: \nc: 2"]);
}
