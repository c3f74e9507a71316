//! Workbooks made by the tests themselves, read as a user's are.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use serde_json::{Value, json};
use structx_documents::table::{Cell, Table};
use structx_documents::{Content, FileError, FileErrorKind, Limits, ReadOptions, read_bytes};

use crate::books::{cells, ods, text, texts, three_sheets, xlsx, xlsx_with, zip};
use crate::damage::damaged;

fn read(name: &str, bytes: Vec<u8>, options: &str) -> Result<Table, FileError> {
    let options = ReadOptions::from_json(options).unwrap();
    read_bytes(name, bytes, &options).map(|content| match content {
        Content::Table(table) => table,
        Content::Document(_) => panic!("not a table"),
    })
}

fn table(name: &str, bytes: Vec<u8>, options: &str) -> Table {
    read(name, bytes, options).unwrap()
}

const RECORDS: &str = r#"{"as": "records"}"#;

fn values(table: &Table) -> Vec<Vec<Value>> {
    let records = table.records.iter();
    records.map(|record| record.cells(table.columns.len()).map(Cell::value).collect()).collect()
}

#[test]
fn every_kind_of_cell() {
    let sheet = cells(&[
        ("A1", r#"t="inlineStr""#, "<is><t> id </t></is>"),
        ("B1", "", "<v>2026</v>"),
        ("A2", r#"t="s""#, "<v>0</v>"),
        ("B2", r#"t="s""#, "<v>1</v>"),
        ("A3", "", "<v>5.0</v>"),
        ("B3", "", "<v>0.30000000000000004</v>"),
        ("A4", r#"s="1""#, "<v>46056</v>"),
        ("B4", r#"s="1""#, "<v>46056.416666666664</v>"),
        ("A5", r#"s="1""#, "<v>0.4375</v>"),
        ("B5", r#"s="2""#, "<v>1.1041666666666667</v>"),
        ("A6", r#"t="b""#, "<v>1</v>"),
        ("B6", r#"t="e""#, "<v>#N/A</v>"),
        ("A7", r#"t="str""#, "<f>A2</f><v>sum</v>"),
        ("B7", "", "<f>1+1</f><v>2</v>"),
        // A blank column with a name is kept, one without is not.
        ("C7", r#"t="inlineStr""#, "<is><t> </t></is>"),
        ("D9", "", ""),
    ]);
    let found = table("a.xlsx", xlsx(&[("One", "visible", &sheet)]), RECORDS);
    assert_eq!(found.columns, ["id", "2026"]);
    let expected = [
        [json!("007"), json!("rich text")],
        [json!(5), json!(0.300_000_000_000_000_04)],
        [json!("2026-02-03"), json!("2026-02-03T10:00:00")],
        [json!("10:30:00"), json!("26:30:00")],
        [json!(true), Value::Null],
        [json!("sum"), json!(2)],
    ];
    assert_eq!(values(&found), expected);
    assert_eq!(found.warnings, ["1 cells of `One` hold errors; null here"]);
    let properties = r#"<workbookPr date1904="1"/>"#;
    let dates = cells(&[("A1", "", "<v>1</v>"), ("A2", r#"s="1""#, "<v>44594</v>")]);
    let found =
        table("a.xlsx", xlsx_with(&[("S", "visible", &dates)], properties, "<sst/>"), RECORDS);
    assert_eq!(values(&found), [[json!("2026-02-03")]]);
}

#[test]
fn the_farthest_cell_costs_nothing() {
    let sheet = texts(&[("B3", "name"), ("B4", "x"), ("XFD1048576", "far")]);
    let found = table("a.xlsx", xlsx(&[("One", "visible", &sheet)]), RECORDS);
    assert_eq!(found.columns, ["name", "XFD"]);
    assert_eq!(values(&found), [[json!("x"), Value::Null], [Value::Null, json!("far")]]);
    assert!(found.warnings[0].contains("names one of 2 columns"), "{:?}", found.warnings);
}

#[test]
fn merged_areas_are_filled_below_the_header() {
    let merged = r#"<mergeCells><mergeCell ref="A1:C1"/><mergeCell ref="A2:A4"/>
        <mergeCell ref="B3:XFD1048576"/><mergeCell ref="C2:C2"/></mergeCells>"#;
    let rows = texts(&[
        ("A1", "title"),
        ("B1", "b"),
        ("A2", "Bern"),
        ("B2", "1"),
        ("B3", "2"),
        ("C4", "hidden"),
        ("C6", "6"),
    ]);
    let found = table("a.xlsx", xlsx(&[("One", "visible", &(rows + merged))]), RECORDS);
    assert_eq!(found.columns, ["title", "b", "C"]);
    let expected = [
        [json!("Bern"), json!("1"), Value::Null],
        [json!("Bern"), json!("2"), json!("2")],
        [json!("Bern"), json!("2"), json!("hidden")],
        [Value::Null, json!("2"), json!("6")],
    ];
    assert_eq!(values(&found), expected);
}

#[test]
fn sheets_are_chosen() {
    let first = table("a.xlsx", three_sheets(), "{}");
    assert_eq!(values(&first), [["1", "2"]]);
    let [others, hidden, note] = &first.warnings[..] else { panic!("{:?}", first.warnings) };
    assert!(others.contains("read the sheet `Jan` and not `Empty`, `Feb`"), "{others}");
    assert!(hidden.contains("hidden sheets are not read: `Secret`"), "{hidden}");
    assert!(note.contains("read as records") && note.contains("\"as\": \"document\""), "{note}");
    for (key, records) in [(r#""Feb""#, [["3", "4"]]), ("2", [["1", "2"]])] {
        let one = table("a.xlsx", three_sheets(), &format!(r#"{{"sheet_name": {key}}}"#));
        assert_eq!(values(&one), records);
        assert_eq!(one.warnings, [""; 0]);
    }
    let all = table("a.xlsx", three_sheets(), r#"{"sheet_name": null}"#);
    assert_eq!(all.columns, ["sheet_", "a", "b", "sheet"]);
    let expected = [
        [json!("Jan"), json!("1"), json!("2"), Value::Null],
        [json!("Feb"), Value::Null, json!("3"), json!("4")],
    ];
    assert_eq!(values(&all), expected);
    let some = r#"{"sheet_name": ["Secret", 2], "usecols": ["s", "b"]}"#;
    let some = table("a.xlsx", three_sheets(), some);
    assert_eq!(some.columns, ["sheet", "s", "b"]);
    assert_eq!(some.records.len(), 2);
}

#[test]
fn rows_and_columns_are_chosen() {
    let sheet = texts(&[
        ("A1", "a title"),
        ("B3", "x"),
        ("C3", "y"),
        ("E3", "z"),
        ("B4", "1"),
        ("C4", "2"),
        ("B5", "3"),
        ("E5", "4"),
    ]);
    for (options, columns, cells) in [
        (r#"{"header": 1}"#, &["x", "y", "z"][..], "12.3.4"),
        (r#"{"skiprows": 2}"#, &["x", "y", "z"], "12.3.4"),
        (r#"{"skiprows": [0, 3]}"#, &["x", "y", "z"], "3.4"),
        (r#"{"skiprows": 1, "nrows": 1}"#, &["x", "y", "z"], "12."),
        (r#"{"skiprows": 1, "usecols": "A:B,E"}"#, &["x", "z"], "1.34"),
        (r#"{"skiprows": 1, "usecols": [2]}"#, &["y"], "2."),
        (r#"{"skiprows": 1, "columns": ["z"]}"#, &["z"], ".4"),
        (r#"{"header": null, "skiprows": 3}"#, &["1", "2", "4"], "12.3.4"),
    ] {
        let found = table("a.xlsx", xlsx(&[("S", "visible", &sheet)]), options);
        assert_eq!(found.columns, columns, "{options}");
        let values = values(&found).into_iter().flatten();
        let values: String = values.map(|value| value.as_str().unwrap_or(".").to_owned()).collect();
        assert_eq!(values, cells, "{options}");
    }
}

#[test]
fn what_cannot_be_read_says_why() {
    let empty = || xlsx(&[("S", "visible", "<sheetData/>"), ("H", "hidden", "<sheetData/>")]);
    let lone = || xlsx(&[("S", "visible", &texts(&[("A1", "a")]))]);
    for (bytes, options, kind, part) in [
        (empty(), "{}", FileErrorKind::Empty, "`H`"),
        (empty(), r#"{"sheet_name": "S"}"#, FileErrorKind::Empty, "`S` is empty"),
        (lone(), RECORDS, FileErrorKind::Empty, "\"as\": \"document\""),
        (lone(), r#"{"sheet_name": "T"}"#, FileErrorKind::Options, "the sheets are `S`"),
        (lone(), r#"{"sheet_name": 7}"#, FileErrorKind::Options, "no sheet 7"),
        (lone(), r#"{"sep": ","}"#, FileErrorKind::Options, "it takes as, sheet_name"),
        (three_sheets(), r#"{"usecols": "C:D"}"#, FileErrorKind::Options, "are empty"),
        (three_sheets(), r#"{"usecols": [2]}"#, FileErrorKind::Options, "no column 2"),
        (zip(&[("xl/workbook.xml", "<workbook")]), "{}", FileErrorKind::Corrupt, "damaged"),
    ] {
        let error = read("a.xlsx", bytes, options).unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.message.contains(part), "{error}");
    }
}

#[test]
fn what_a_hostile_workbook_says_of_its_size_is_not_believed() {
    let sheet = texts(&[("A1", "a"), ("A2", "1")]);
    let many = r#"<sst uniqueCount="999999999999999"><si><t>x</t></si></sst>"#;
    let bytes = xlsx_with(&[("S", "visible", &sheet)], "", many);
    assert_eq!(values(&table("a.xlsx", bytes, RECORDS)), [["1"]]);
    // One text in many cells is stored once, and read many times.
    let long = format!("<sst><si><t>{}</t></si></sst>", "x".repeat(1 << 20));
    let cells: String =
        (1..=300).map(|row| format!(r#"<c r="A{row}" t="s"><v>0</v></c>"#)).collect();
    let sheet = format!("<sheetData><row>{cells}</row></sheetData>");
    let bytes = xlsx_with(&[("S", "visible", &sheet)], "", &long);
    assert_eq!(
        read("a.xlsx", bytes, r#"{"limits": {"inflate_ratio": 2000}}"#).unwrap_err().kind,
        FileErrorKind::LimitExceeded
    );
    let areas: String = (0..1000).map(|_| r#"<mergeCell ref="A2:XFD1048576"/>"#).collect();
    let rows: String = (1..2000).map(|row| text(&format!("A{row}"), "x")).collect();
    let sheet = format!(
        "<sheetData><row>{rows}{}</row></sheetData><mergeCells>{areas}</mergeCells>",
        text("XFD1", "x")
    );
    let bytes = xlsx(&[("S", "visible", &sheet)]);
    let options = r#"{"header": null, "limits": {"cells": 100000}}"#;
    assert_eq!(read("a.xlsx", bytes, options).unwrap_err().kind, FileErrorKind::LimitExceeded);
}

#[test]
fn opendocument_cells() {
    let tables = r#"
        <table:table table:name="Hidden" table:style-name="h"><table:table-row><table:table-cell
            office:value-type="string"><text:p>no</text:p></table:table-cell></table:table-row></table:table>
        <table:table table:name="One"><table:table-column/>
        <table:table-row table:number-rows-repeated="2"><table:table-cell
            table:number-columns-repeated="16384"/></table:table-row>
        <table:table-header-rows><table:table-row>
            <table:table-cell office:value-type="string"><text:p>a</text:p></table:table-cell>
            <table:table-cell office:value-type="string"><text:p>b &amp; c</text:p></table:table-cell>
        </table:table-row></table:table-header-rows>
        <table:table-row>
            <table:table-cell office:value-type="float" office:value="5"><text:p>5,00</text:p></table:table-cell>
            <table:table-cell office:value-type="percentage" office:value="0.25"/></table:table-row>
        <table:table-row>
            <table:table-cell office:value-type="date" office:date-value="2026-02-03"/>
            <table:table-cell office:value-type="time" office:time-value="PT26H30M00S"/></table:table-row>
        <table:table-row table:number-rows-repeated="2">
            <table:table-cell office:value-type="boolean" office:boolean-value="true"/>
            <table:table-cell office:value-type="string" calcext:value-type="error"
                office:string-value=""><text:p>#N/A</text:p></table:table-cell></table:table-row>
        <table:table-row>
            <table:table-cell office:value-type="string" table:number-rows-spanned="2"><text:p>x<text:s
                text:c="2"/>y</text:p><text:p><text:a>z</text:a></text:p><office:annotation>
                <text:p>no</text:p></office:annotation></table:table-cell>
            <table:table-cell office:value-type="float" office:value="1"/></table:table-row>
        <table:table-row><table:covered-table-cell/>
            <table:table-cell office:value-type="float" office:value="2"/></table:table-row>
        <table:table-row table:number-rows-repeated="1048000"><table:table-cell/></table:table-row>
        </table:table>"#;
    let found = table("a.ods", ods(tables), "{}");
    assert_eq!(found.columns, ["a", "b & c"]);
    let expected = [
        [json!(5), json!(0.25)],
        [json!("2026-02-03"), json!("26:30:00")],
        [json!(true), Value::Null],
        [json!(true), Value::Null],
        [json!("x  y\nz"), json!(1)],
        [json!("x  y\nz"), json!(2)],
    ];
    assert_eq!(values(&found), expected);
    let warnings = found.warnings.join("; ");
    for part in ["2 cells of `One` hold errors", "1 comments", "hidden sheets", "as records"] {
        assert!(warnings.contains(part), "{warnings}");
    }
    let hidden = table("a.ods", ods(tables), r#"{"sheet_name": "Hidden", "header": null}"#);
    assert_eq!(values(&hidden), [["no"]]);
}

#[test]
fn what_an_opendocument_cell_repeats_is_bounded() {
    let tables = r#"<table:table table:name="S">
        <table:table-row table:number-rows-repeated="4294967295"><table:table-cell
        table:number-columns-repeated="4294967295" office:value-type="float" office:value="1"/>
        </table:table-row></table:table>"#;
    let error = read("a.ods", ods(tables), r#"{"limits": {"cells": 10000}}"#).unwrap_err();
    assert_eq!(error.kind, FileErrorKind::LimitExceeded);
    let found = table("a.ods", ods(tables), r#"{"header": null, "nrows": 1, "usecols": "A:B"}"#);
    assert_eq!(values(&found), [[1, 1]]);
}

#[test]
fn a_protected_workbook_says_so() {
    let manifest = "<manifest:manifest><manifest:encryption-data/></manifest:manifest>";
    let bytes = zip(&[
        ("mimetype", "application/vnd.oasis.opendocument.spreadsheet"),
        ("META-INF/manifest.xml", manifest),
    ]);
    let error = read("a.ods", bytes, "{}").unwrap_err();
    assert_eq!(error.kind, FileErrorKind::PasswordRequired, "{error}");
}

const ROW: &str = r#"<table:table table:name="S"><table:table-row><table:table-cell
    office:value-type="string"><text:p>a</text:p></table:table-cell></table:table-row></table:table>"#;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A table or an error, whatever is changed or cut off.
    #[test]
    fn damaged_workbooks_never_panic(
        (name, bytes) in prop_oneof![
            damaged(ods(ROW)).prop_map(|bytes| ("a.ods", bytes)),
            damaged(three_sheets()).prop_map(|bytes| ("a.xlsx", bytes)),
        ]
    ) {
        let _ = read_bytes(name, bytes, &ReadOptions::default());
    }
}

#[test]
fn limits_of_the_caller_bound_tables_of_every_format() {
    let csv = b"a,b\n12345,6\n7,8\n".to_vec();
    let json = br#"[{"a": "12345", "b": "6"}, {"a": "7", "b": "8"}]"#.to_vec();
    let lines = b"{\"a\": \"12345\", \"b\": \"6\"}\n{\"a\": \"7\", \"b\": \"8\"}\n".to_vec();
    let cells = [("A1", "a"), ("B1", "b"), ("A2", "12345"), ("B2", "6"), ("A3", "7"), ("B3", "8")];
    let workbook = xlsx(&[("S", "visible", &texts(&cells))]);
    let files = [("a.csv", csv), ("a.json", json), ("a.jsonl", lines), ("a.xlsx", workbook)];
    // "a: 12345\nb: 6" and "a: 7\nb: 8".
    for (name, bytes) in files {
        let read = |limits: Limits| {
            let options = ReadOptions { limits, ..ReadOptions::default() };
            read_bytes(name, bytes.clone(), &options)
        };
        let error = read(Limits { characters: 21, ..Limits::default() }).unwrap_err();
        assert_eq!(error.kind, FileErrorKind::LimitExceeded, "{name}");
        assert!(error.message.contains("\"characters\": "), "{name}: {error}");
        let error = read(Limits { cells: 0, ..Limits::default() }).unwrap_err();
        assert!(error.message.contains("\"cells\": "), "{name}: {error}");
        let Ok(Content::Table(table)) = read(Limits { characters: 22, ..Limits::default() }) else {
            panic!("{name} is within the limit");
        };
        // Its Markdown has more characters: pipes, and the line under the header.
        let error = table.document().unwrap_err();
        assert!(error.message.contains("\"characters\": "), "{name}: {error}");
    }
}

#[test]
fn raised_limits_hold_for_the_document_of_a_table_too() {
    let rows = 1_100_000;
    let csv = "a\n".to_owned() + &"1\n".repeat(rows);
    let read = |limits: Limits| {
        let options = ReadOptions { limits, ..ReadOptions::default() };
        let content = read_bytes("a.csv", csv.clone().into_bytes(), &options).unwrap();
        let Content::Table(table) = content else { panic!("CSV is a table") };
        table.document().map(|document| document.blocks.len())
    };
    assert_eq!(read(Limits::default()).unwrap_err().kind, FileErrorKind::LimitExceeded);
    assert_eq!(read(Limits { cells: 4_000_000, ..Limits::default() }), Ok(rows + 2));
}

#[test]
fn a_table_from_memory_is_bounded_by_limits_of_the_caller_only() {
    let table = || Table::from_json([r#"[{"a": "12345"}, {"a": "6"}]"#]).unwrap();
    let within = |limits: Limits| table().within(&ReadOptions { limits, ..ReadOptions::default() });
    assert_eq!(within(Limits::default()).unwrap(), table());
    for limits in
        [Limits { characters: 11, ..Limits::default() }, Limits { cells: 1, ..Limits::default() }]
    {
        let error = within(limits).unwrap_err();
        assert_eq!((error.kind, error.name.as_str()), (FileErrorKind::LimitExceeded, "data"));
    }
    assert!(within(Limits { characters: 12, ..Limits::default() }).is_ok());
}

#[test]
fn compressed_files_are_read_by_their_inner_name() {
    let packed = |text: &str| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    for (name, text) in [
        ("a.jsonl.gz", "{\"a\": \"1\"}\n{\"a\": \"2\"}\n"),
        ("a.csv.GZ", "a\n1\n2\n"),
        ("a.json.gz", "[{\"a\": \"1\"}, {\"a\": \"2\"}]"),
    ] {
        let found = table(name, packed(text), "{}");
        assert_eq!(values(&found), [["1"], ["2"]], "{name}");
        assert_eq!(found.name, name);
    }
}
