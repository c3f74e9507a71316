use encoding_rs::{SHIFT_JIS, UTF_8, UTF_16LE, WINDOWS_1252};

use super::{Columns, HeaderRow, OF_JSON, ReadAs, SheetKey, Sheets, Skipped, TableOptions};
use crate::{FileError, FileErrorKind};

fn options(json: &str) -> Result<TableOptions, FileError> {
    TableOptions::from_map(serde_json::from_str(json).unwrap())
}

#[test]
fn options_are_read() {
    let read = |json: &str| options(json).unwrap();
    assert_eq!(read("{}"), TableOptions::default());
    let all = read(
        r#"{"sep": ";", "encoding": "cp1252", "skiprows": 2, "header": null, "nrows": 5,
            "usecols": ["a", "1"], "quotechar": "'", "sheet_name": 0}"#,
    );
    assert_eq!((all.delimiter, all.quote), (Some(b';'), Some(b'\'')));
    assert_eq!((all.skipped, all.header, all.rows), (Skipped::First(2), HeaderRow::None, Some(5)));
    assert_eq!(all.sheets, Sheets::One(SheetKey::Position(0)));
    assert_eq!(all.encoding, Some(WINDOWS_1252));
    assert_eq!(all.columns, Some(Columns::Names(vec!["a".into(), "1".into()])));
    let other = read(r#"{"delimiter": "\t", "columns": [2, 0], "header": 1, "nrows": null}"#);
    assert_eq!((other.delimiter, other.header), (Some(b'\t'), HeaderRow::At(1)));
    assert_eq!(other.columns, Some(Columns::Positions(vec![2, 0])));
    assert_eq!(other.rows, None);
}

#[test]
fn sheets_columns_and_rows_are_chosen_in_several_ways() {
    let read = |json: &str| options(json).unwrap();
    let sheets = |json: &str| read(json).sheets;
    let name = || SheetKey::Name("A".into());
    assert_eq!(sheets(r#"{"sheet_name": null}"#), Sheets::All);
    assert_eq!(sheets(r#"{"sheet_name": "A"}"#), Sheets::One(name()));
    let several = Sheets::Several(vec![name(), SheetKey::Position(2)]);
    assert_eq!(sheets(r#"{"sheet_name": ["A", 2]}"#), several);
    let letters = read(r#"{"usecols": "a:C, xfd"}"#).columns;
    assert_eq!(letters, Some(Columns::Letters(vec![(0, 2), (16_383, 16_383)])));
    assert_eq!(read(r#"{"skiprows": [3, 0]}"#).skipped, Skipped::These([0, 3].into()));
}

#[test]
fn encodings_have_the_names_of_python_too() {
    for (label, expected) in [
        ("UTF8", UTF_8),
        ("utf-8-sig", UTF_8),
        ("utf_16", UTF_16LE),
        ("utf-16-le", UTF_16LE),
        ("Latin-1", WINDOWS_1252),
        ("iso8859_1", WINDOWS_1252),
        ("cp1252", WINDOWS_1252),
        ("shift_jis", SHIFT_JIS),
    ] {
        let json = format!(r#"{{"encoding": "{label}"}}"#);
        let found = options(&json).unwrap();
        assert_eq!(found.encoding, Some(expected), "{label}");
    }
}

#[test]
fn a_wrong_option_is_named() {
    for (json, parts) in [
        (r#"{"rows": 1}"#, &["`rows`", "nrows", "skiprows", "delimiter"][..]),
        (r#"{"nrows": "5"}"#, &["`nrows`", "number"]),
        (r#"{"nrows": -1}"#, &["`nrows`", "number"]),
        (r#"{"skiprows": true}"#, &["`skiprows`", "number"]),
        (r#"{"header": [0, 1]}"#, &["`header`", "None"]),
        (r#"{"sep": "::"}"#, &["`sep`", "one ASCII character"]),
        (r#"{"quotechar": "é"}"#, &["`quotechar`", "one ASCII character"]),
        (r#"{"encoding": "klingon"}"#, &["`encoding`", "latin-1"]),
        (r#"{"columns": ["a", 1]}"#, &["`columns`", "list of names"]),
        (r#"{"usecols": "a:"}"#, &["`usecols`", "list of names", "A:C,E"]),
        (r#"{"usecols": "C:A"}"#, &["`usecols`", "A:C,E"]),
        (r#"{"skiprows": [1, -1]}"#, &["`skiprows`", "list of the numbers"]),
        (r#"{"sheet_name": 1.5}"#, &["`sheet_name`", "position"]),
        (r#"{"sheet_name": []}"#, &["`sheet_name`", "None for all"]),
    ] {
        let error = options(json).unwrap_err();
        assert_eq!(error.kind, FileErrorKind::Options);
        for part in parts {
            assert!(error.to_string().contains(part), "{json}: {error}");
        }
    }
}

#[test]
fn an_option_without_use_is_named() {
    let options = |json: &str| options(json).unwrap();
    assert!(options(r#"{"nrows": 1}"#).allow("a.json", OF_JSON).is_ok());
    let error = options(r#"{"nrows": 1, "sep": ","}"#).allow("a.json", OF_JSON).unwrap_err();
    let message = error.to_string();
    assert!(message.starts_with("a.json: ") && message.contains("`sep`"), "{message}");
    assert!(
        message.ends_with("it takes as, encoding, usecols, columns, nrows, where"),
        "{message}"
    );
    let error = options(r#"{"sheet_name": "S"}"#).allow("a.pdf", &[]).unwrap_err();
    assert!(error.message.contains("is for a spreadsheet"), "{error}");
}

#[test]
fn options_for_records_ask_for_records() {
    let options = |json: &str| options(json).unwrap();
    for (json, expected) in [
        ("{}", ReadAs::Auto),
        (r#"{"as": null, "encoding": "utf-8"}"#, ReadAs::Auto),
        (r#"{"nrows": 1}"#, ReadAs::Records),
        (r#"{"sheet_name": null, "header": null}"#, ReadAs::Records),
        (r#"{"as": "document", "sheet_name": "S"}"#, ReadAs::Document),
        (r#"{"as": "records"}"#, ReadAs::Records),
    ] {
        assert_eq!(options(json).read_as(), expected, "{json}");
    }
    let given = options(r#"{"as": "document", "sheet_name": "S", "nrows": 1}"#);
    assert!(given.allow_for_document("a.xlsx", &["sheet_name", "nrows"]).is_ok());
    let error = given.allow_for_document("a.xlsx", &["sheet_name"]).unwrap_err();
    assert!(error.message.contains("`nrows`") && error.message.contains("document"), "{error}");
}
