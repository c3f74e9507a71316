use serde_json::{Value, json};

use super::read;
use crate::context::ReadContext;
use crate::table::{Cell, Record, Table};
use crate::{FileError, FileErrorKind, Limits, ReadOptions};

fn read_with(text: &str, options: &str, limits: &Limits) -> Result<Table, FileError> {
    let options = ReadOptions::from_json(options).unwrap();
    let options = ReadOptions { limits: limits.clone(), ..options };
    read(&ReadContext::new("a.csv", &options), text.as_bytes(), None)
}

fn values(table: &Table) -> Vec<Vec<Value>> {
    let cells = |record: Record| record.cells(table.columns.len()).map(Cell::value).collect();
    table.records.iter().map(cells).collect()
}

fn csv(text: &str) -> Table {
    read_with(text, "{}", &Limits::default()).unwrap()
}

#[test]
fn delimiters_are_found() {
    let cases = [
        ("a,b\n1,2\n", &["a", "b"][..]),
        ("a;b\n1,5;2,5\n3;4\n", &["a", "b"]),
        ("a\tb, c\n1\t2\n", &["a", "b, c"]),
        ("a|b|c\n1|2,3|3\n", &["a", "b", "c"]),
        ("name\nAlice, Bob\n", &["name", "column_2"]),
        ("column_2,\n1,2\n", &["column_2", "column_2_"]),
        ("a,b\n'1,5','it''s'\n'x',2\n", &["a", "b"]),
        ("a,b\nit's,rock 'n' roll\n", &["a", "b"]),
        ("a,b\n\"1,5\",'x'\n\"2\",3\n", &["a", "b"]),
        ("\u{feff}\"a,b\",c\n\"x\ny\",\"say \"\"hi\"\"\"\n", &["a,b", "c"]),
    ];
    for (text, columns) in cases {
        assert_eq!(csv(text).columns, columns, "{text}");
    }
    assert_eq!(values(&csv("a,b\n'1,5','it''s'\n")), [[json!("1,5"), json!("it's")]]);
    let quoted = csv("a,b\r\n\"x\r\ny\",\"say \"\"hi\"\"\"\r\n");
    assert_eq!(values(&quoted), [[json!("x\ny"), json!("say \"hi\"")]]);
}

#[test]
fn ragged_rows_lose_nothing() {
    let table = csv("a,\n007,1.50\n2\n3,4,5\n");
    assert_eq!(table.columns, ["a", "column_2", "column_3"]);
    let expected = [
        [json!("007"), json!("1.50"), Value::Null],
        [json!("2"), Value::Null, Value::Null],
        [json!("3"), json!("4"), json!("5")],
    ];
    assert_eq!(values(&table), expected);
    assert_eq!(table.warnings.len(), 3);
}

#[test]
fn bad_tables_are_errors() {
    // Ten cells of a text file count as one.
    let limits = Limits { cells: 20, ..Limits::default() };
    let many = "a,b\n".to_owned() + &"1,2\n".repeat(70);
    let cases = [
        ("a,b\n", FileErrorKind::Empty),
        (many.as_str(), FileErrorKind::LimitExceeded),
        ("a,b,c\n1,2,3\n", FileErrorKind::LimitExceeded),
        ("a,b\n1,2,3\n", FileErrorKind::LimitExceeded),
    ];
    for (text, kind) in cases {
        let error = read_with(text, "{}", &limits).unwrap_err();
        assert_eq!(error.kind, kind, "{text}");
    }
}

#[test]
fn files_as_programs_write_them() {
    let rows = |text: &str, options: &str| {
        let table = read_with(text, options, &Limits::default()).unwrap();
        let text = |value: Value| value.as_str().unwrap_or(".").to_owned();
        let rows = values(&table).into_iter();
        let rows: Vec<String> =
            rows.map(|row| row.into_iter().map(text).collect::<Vec<_>>().join("|")).collect();
        (table.columns.join("|"), rows.join("/"), table.warnings.len())
    };
    for (text, options, columns, cells, warnings) in [
        ("sep=;\na;b\n1;2\n", "{}", "a|b", "1|2", 0),
        (
            "name,note\nAnn,'tis 5\nBob,the boys'\n",
            "{}",
            "name|note",
            "Ann|'tis 5/Bob|the boys'",
            0,
        ),
        ("a,b\n\"5\\\" wide\",x\n", "{}", "a|b", "5\" wide|x", 1),
        ("a,b\n\"5\\\" wide\",x\n", r#"{"escapechar": "\\"}"#, "a|b", "5\" wide|x", 0),
        ("a, \"b, c\"\n1, \"2, 3\"\n", "{}", "a|b, c", "1|2, 3", 0),
        ("a, b\n1, 2\n", r#"{"skipinitialspace": true}"#, "a|b", "1|2", 0),
        ("# note\na,b\n# more, here\n1,2\n", r##"{"comment": "#"}"##, "a|b", "1|2", 0),
        (
            "a;b\n1.234,50;-2,5\n1.23,4;x\n",
            r#"{"decimal": ",", "thousands": "."}"#,
            "a|b",
            "1234.50|-2.5/1.23,4|x",
            0,
        ),
        ("01.02.2024;1,50\n02.02.2024;2,50\n", "{}", "01.02.2024|1,50", "02.02.2024|2,50", 1),
        ("Region;2023;2024\nNorth;1,5;2,5\n", "{}", "Region|2023|2024", "North|1,5|2,5", 0),
    ] {
        assert_eq!(rows(text, options), (columns.to_owned(), cells.to_owned(), warnings), "{text}");
    }
    let open = read_with("sep=;\na;b\n1;\"2\n", "{}", &Limits::default()).unwrap_err();
    assert!(open.message.contains("in line 3 "), "{open}");
}

#[test]
fn the_header_is_found_below_a_preamble() {
    for (text, columns, rows, warning) in [
        ("Report of May\nitem,price,tax\nTea,1,2\nRum,3,4\n", "item|price|tax", 2, "in row 2 "),
        ("Report;;\nBern;;\n\nitem;price;tax\nTea;1,5;2\n", "item|price|tax", 1, "in row 3 "),
        ("a,a,b,a\n1,2,3,4\n", "a|a.1|b|a.2", 1, "numbered: `a`"),
        (
            ",2024,,2025,\nRegion,Q1,Q2,Q1,Q2\nBern,1,2,3,4\n",
            "Region|2024 / Q1|2024 / Q2|2025 / Q1|2025 / Q2",
            1,
            "",
        ),
    ] {
        let table = csv(text);
        assert_eq!((table.columns.join("|").as_str(), table.records.len()), (columns, rows));
        let warnings = table.warnings.join("; ");
        assert!(warnings.contains(warning), "{text}: {warnings}");
    }
    // What is given counts.
    let given = read_with("x,y\n\na,b,c\n1,2,3\n", r#"{"header": 0}"#, &Limits::default());
    assert_eq!(given.unwrap().columns, ["x", "y", "column_3"]);
}

#[test]
fn a_million_rows_of_thirty_columns_are_within_the_limits() {
    let context_options = ReadOptions::default();
    let context = ReadContext::new("a.csv", &context_options);
    // The cells, and one for each row.
    assert!(context.check_text_cells(1_000_000 * 31).is_ok());
    assert!(context.check_bytes(1_000_000 * 30 * 10).is_ok());
    let error = context.check_text_cells(40_000_000).unwrap_err();
    let advice = r#"raise the limit: file_options={"limits": {"cells": 6400000}}"#;
    assert!(error.message.contains(advice), "{error}");
    let error = ReadContext::new("a.pdf", &context_options).check_bytes(480_000_000).unwrap_err();
    let advice = r#"raise the limit: file_options={"limits": {"bytes": 480000000}}"#;
    assert!(error.message.contains(advice), "{error}");
}

#[test]
fn a_quote_that_stays_open_is_named() {
    for (text, line) in [
        ("name,note\nA,\"5 inch\nB,ok\nC,ok\n", 2),
        ("name,note\n\n\"A\nB\",ok\nC,\"x \"\"y\"\"\nD,ok", 5),
        ("name,\"note\nA,ok\n", 1),
        ("name,note\nA,\"", 2),
    ] {
        let error = read_with(text, "{}", &Limits::default()).unwrap_err();
        assert_eq!(error.kind, FileErrorKind::Corrupt, "{text}");
        assert!(error.message.contains(&format!("in line {line} ")), "{text}: {error}");
    }
    for text in ["a,b\n1,\"x\ny\"", "a,b\n1,5\"\n", "a,b\n1,\"\"\"x\"\"\"\n\n", "a,b\n1,\"\""] {
        assert_eq!(csv(text).records.len(), 1, "{text}");
    }
}

#[test]
fn options_say_how_a_file_is_read() {
    let cases = [
        ("x\n'y\na;b\n1;2", r#"{"skiprows": 2, "quotechar": "'"}"#, &["a", "b"][..], "12"),
        ("note\n\na,b\n1,2\n3,4", r#"{"header": 1, "nrows": 1}"#, &["a", "b"], "12"),
        ("1;2,0\n3;4,0", r#"{"header": null, "sep": ";"}"#, &["0", "1"], "12,034,0"),
        ("1\n3,4", r#"{"header": null, "sep": ","}"#, &["0", "1"], "1.34"),
        ("a,b,c\n1,2,3", r#"{"usecols": ["c", "a"]}"#, &["a", "c"], "13"),
        ("a,a,c\n1,2,3", r#"{"columns": [2, 1]}"#, &["a.1", "c"], "23"),
        ("a,b\n1,2\n3,\"4", r#"{"nrows": 1}"#, &["a", "b"], "12"),
        ("a,b\n'1,2',3", r#"{"quotechar": "'"}"#, &["a", "b"], "1,23"),
        ("x\na,b\ny\n1,2", r#"{"skiprows": [2, 0]}"#, &["a", "b"], "12"),
    ];
    for (text, options, columns, cells) in cases {
        let table = read_with(text, options, &Limits::default()).unwrap();
        assert_eq!(table.columns, columns, "{options}");
        let found = values(&table).into_iter().flatten();
        let found: String = found.map(|cell| cell.as_str().unwrap_or(".").to_owned()).collect();
        assert_eq!(found, cells, "{options}");
    }
    let options = ReadOptions::from_json(r#"{"encoding": "latin-1"}"#).unwrap();
    let table = read(&ReadContext::new("a.csv", &options), b"a\nZ\xFCrich", None).unwrap();
    assert_eq!(values(&table), [[json!("Zürich")]]);
    assert_eq!(table.warnings, [""; 0]);
}

#[test]
fn options_that_leave_nothing_are_errors() {
    for (options, kind, part) in [
        (r#"{"nrows": 0}"#, FileErrorKind::Empty, "no rows"),
        (r#"{"skiprows": 9}"#, FileErrorKind::Empty, "skipped"),
        (r#"{"header": 2}"#, FileErrorKind::Empty, "skipped"),
        (r#"{"usecols": ["a", "x", "y"]}"#, FileErrorKind::Options, "no column x, y"),
        (r#"{"columns": [1, 2]}"#, FileErrorKind::Options, "no column 2"),
        (r#"{"columns": []}"#, FileErrorKind::Options, "chooses no column"),
        (r#"{"usecols": "A:C"}"#, FileErrorKind::Options, "letters are for spreadsheets"),
    ] {
        let error = read_with("a,b\n1,2", options, &Limits::default()).unwrap_err();
        assert_eq!(error.kind, kind, "{options}");
        assert!(error.message.contains(part), "{options}: {error}");
    }
    let open = read_with("x\ny\na\n\"1", r#"{"skiprows": 2}"#, &Limits::default()).unwrap_err();
    assert!(open.message.contains("line 4"), "{open}");
    let open = read_with("x\na\ny\n\"1", r#"{"skiprows": [0, 2, 9]}"#, &Limits::default());
    assert!(open.unwrap_err().message.contains("line 4"));
}
