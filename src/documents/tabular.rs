//! CSV, TSV, JSON and JSON Lines: files of records.

use std::collections::HashSet;
use std::fmt::Write;

use serde_json::{Map, Value};

use super::text::{self, Markup, decode};
use super::{Content, FileError, FileErrorKind, Limits};
use crate::json;
use crate::table::Table;

/// How much of a file tells its delimiter.
const SNIFFED_RECORDS: usize = 50;
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// A table with a header. Values stay strings, spelled as in the file; an empty cell is null.
pub(super) fn read_csv(
    name: &str,
    bytes: &[u8],
    delimiter: Option<u8>,
    limits: &Limits,
) -> Result<Table, FileError> {
    let (text, warning) = decode(bytes);
    let delimiter = delimiter.unwrap_or_else(|| sniff_delimiter(&text));
    let mut records = csv_reader(&text, delimiter).into_records();
    let header = match records.next() {
        Some(record) => record.map_err(|error| corrupt_csv(name, &error))?,
        None => return Err(empty(name, "the table is empty")),
    };
    let mut table = Table { columns: header_names(&header), ..Table::default() };
    table.warnings.extend(warning);
    let (mut short, mut long, mut cells) = (0, 0, 0);
    let mut last = header.clone();
    for record in records {
        let record = record.map_err(|error| corrupt_csv(name, &error))?;
        cells += record.len().max(table.columns.len());
        limits.check_cells(name, cells)?;
        short += usize::from(record.len() < header.len());
        long += usize::from(record.len() > header.len());
        for column in table.columns.len()..record.len() {
            table.columns.push(unnamed(column));
        }
        table.records.push(record.iter().map(cell).collect());
        last = record;
    }
    check_quotes(name, &text, delimiter, &last)?;
    limits.check_cells(name, table.columns.len().saturating_mul(table.records.len()))?;
    if table.records.is_empty() {
        return Err(empty(name, "the table has a header and no rows"));
    }
    check_unique(name, &table.columns)?;
    for record in &mut table.records {
        record.resize(table.columns.len(), Value::Null);
    }
    if short > 0 {
        table.warnings.push(format!("{short} rows are shorter than the header; padded with null"));
    }
    if long > 0 {
        let first = unnamed(header.len());
        table.warnings.push(format!("{long} rows are longer than the header; see {first}"));
    }
    Ok(table)
}

fn csv_reader(text: &str, delimiter: u8) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes())
}

/// A quote that is never closed hides all rows behind it in one cell.
fn check_quotes(
    name: &str,
    text: &str,
    delimiter: u8,
    last: &csv::StringRecord,
) -> Result<(), FileError> {
    let start = last.position().and_then(|position| usize::try_from(position.byte()).ok());
    // One more row is one more record, except within quotes.
    let longer = text[start.unwrap_or(0)..].to_owned() + "\n.";
    if csv_reader(&longer, delimiter).into_records().nth(1).is_some() {
        return Ok(());
    }
    let lines = |text: &str| text.matches('\n').count();
    let line = 1 + lines(text) - last.iter().next_back().map_or(0, lines);
    let message = format!("the quote (\") that opens in line {line} is never closed");
    Err(FileError::new(FileErrorKind::Corrupt, name, message))
}

/// The delimiter by which most records have as many fields as the header, and the more the better.
fn sniff_delimiter(text: &str) -> u8 {
    let score = |delimiter: u8| {
        let mut lengths = csv_reader(text, delimiter)
            .into_records()
            .take(SNIFFED_RECORDS)
            .map_while(Result::ok)
            .map(|record| record.len());
        let fields = lengths.next().filter(|fields| *fields > 1)?;
        let alike = lengths.filter(|length| *length == fields).count();
        Some((alike, fields))
    };
    let scored = DELIMITERS.into_iter().rev().filter_map(|d| Some((score(d)?, d)));
    scored.max_by_key(|(score, _)| *score).map_or(b',', |(_, delimiter)| delimiter)
}

fn header_names(header: &csv::StringRecord) -> Vec<String> {
    let name = |(index, name): (usize, &str)| match name.trim() {
        "" => unnamed(index),
        name => name.to_owned(),
    };
    header.iter().enumerate().map(name).collect()
}

fn unnamed(index: usize) -> String {
    format!("column_{}", index + 1)
}

fn cell(text: &str) -> Value {
    if text.trim().is_empty() { Value::Null } else { Value::String(text.to_owned()) }
}

fn check_unique(name: &str, columns: &[String]) -> Result<(), FileError> {
    let mut seen = HashSet::new();
    match columns.iter().find(|column| !seen.insert(*column)) {
        Some(column) => {
            let message = format!("two columns are named `{column}`; give each a name of its own");
            Err(FileError::new(FileErrorKind::Corrupt, name, message))
        }
        None => Ok(()),
    }
}

/// An array of objects is a table; any other value is a document of its indented text.
pub(super) fn read_json(name: &str, bytes: &[u8], limits: &Limits) -> Result<Content, FileError> {
    let (text, warning) = decode(bytes);
    let value = serde_json::from_str(&text).map_err(|error| {
        let message = format!("is not valid JSON: {error}");
        FileError::new(FileErrorKind::Corrupt, name, message)
    })?;
    let records = match value {
        Value::Array(items) if items.iter().all(Value::is_object) => {
            json::check_names(text.as_bytes())
                .map_err(|error| FileError::new(FileErrorKind::Corrupt, name, error.to_string()))?;
            items.into_iter().filter_map(into_object).collect()
        }
        _ => {
            let mut document = text::document(name, indented(&text), Markup::Plain)?;
            document.warnings.extend(warning);
            return Ok(Content::Document(document));
        }
    };
    let mut table = table(name, records, limits)?;
    table.warnings.extend(warning);
    Ok(Content::Table(table))
}

/// An object in each line.
pub(super) fn read_json_lines(
    name: &str,
    bytes: &[u8],
    limits: &Limits,
) -> Result<Table, FileError> {
    let (text, warning) = decode(bytes);
    let mut records = Vec::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let corrupt = |problem: &str, error: serde_json::Error| {
            let message = format!("line {} {problem} in column {}", index + 1, error.column());
            FileError::new(FileErrorKind::Corrupt, name, message)
        };
        records.push(serde_json::from_str(line).map_err(|error| {
            let found = if error.is_data() { "another kind of value" } else { "an error" };
            corrupt(&format!("is not a JSON object: {found}"), error)
        })?);
        json::check_names(line.as_bytes())
            .map_err(|error| corrupt("has two members of one name: the second", error))?;
    }
    let mut table = table(name, records, limits)?;
    table.warnings.extend(warning);
    Ok(table)
}

fn table(
    name: &str,
    records: Vec<Map<String, Value>>,
    limits: &Limits,
) -> Result<Table, FileError> {
    limits.check_cells(name, records.iter().map(Map::len).sum())?;
    let columns: HashSet<&String> = records.iter().flat_map(Map::keys).collect();
    limits.check_cells(name, columns.len().saturating_mul(records.len()))?;
    Table::from_records(records).map_err(|error| FileError { name: name.to_owned(), ..error })
}

fn into_object(value: Value) -> Option<Map<String, Value>> {
    match value {
        Value::Object(members) => Some(members),
        _ => None,
    }
}

/// Valid JSON with a member or an item a line. It works on the text and not on the parsed value, so
/// that numbers keep their spelling (`1.50`).
fn indented(json: &str) -> String {
    let mut out = String::with_capacity(json.len() * 2);
    let mut depth = 0;
    let mut rest = json.trim_start();
    while let Some(character) = rest.chars().next() {
        let end = if character == '"' { string_end(rest) } else { character.len_utf8() };
        let (token, after) = rest.split_at(end);
        rest = after.trim_start();
        match token {
            "{" | "[" if rest.starts_with(['}', ']']) => {
                out.push_str(token);
                out.push_str(&rest[..1]);
                rest = rest[1..].trim_start();
            }
            "{" | "[" => {
                depth += 1;
                out.push_str(token);
                new_line(&mut out, depth);
            }
            "}" | "]" => {
                depth -= 1;
                new_line(&mut out, depth);
                out.push_str(token);
            }
            "," => {
                out.push(',');
                new_line(&mut out, depth);
            }
            ":" => out.push_str(": "),
            _ if character == '"' => out.push_str(&unescaped(token)),
            _ => out.push_str(token),
        }
    }
    out
}

fn new_line(out: &mut String, depth: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", depth));
}

/// The length of the JSON string that the text begins with.
fn string_end(text: &str) -> usize {
    let mut escaped = false;
    let closing = text.char_indices().skip(1).find(|(_, character)| {
        let closes = *character == '"' && !escaped;
        escaped = *character == '\\' && !escaped;
        closes
    });
    closing.map_or(text.len(), |(index, _)| index + 1)
}

/// The same string with letters in place of `\u00e9`, as a reader wants it.
fn unescaped(token: &str) -> String {
    let parsed = serde_json::from_str(token).map(|text: String| Value::String(text).to_string());
    parsed.unwrap_or_else(|_| token.to_owned())
}

fn corrupt_csv(name: &str, error: &csv::Error) -> FileError {
    let mut message = "is not a valid table".to_owned();
    if let Some(position) = error.position() {
        // Writing to a String can't fail.
        let _ = write!(message, " at line {}", position.line());
    }
    FileError::new(FileErrorKind::Corrupt, name, message)
}

fn empty(name: &str, message: &str) -> FileError {
    FileError::new(FileErrorKind::Empty, name, message)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{indented, read_csv, read_json, read_json_lines};
    use crate::documents::{Content, FileErrorKind, Limits};
    use crate::table::Table;

    fn csv(text: &str) -> Table {
        read_csv("a.csv", text.as_bytes(), None, &Limits::default()).unwrap()
    }

    #[test]
    fn delimiters_are_found() {
        let cases = [
            ("a,b\n1,2\n", &["a", "b"][..]),
            ("a;b\n1,5;2,5\n3;4\n", &["a", "b"]),
            ("a\tb, c\n1\t2\n", &["a", "b, c"]),
            ("a|b|c\n1|2,3|3\n", &["a", "b", "c"]),
            ("name\nAlice, Bob\n", &["name", "column_2"]),
            ("\u{feff}\"a,b\",c\n\"x\ny\",\"say \"\"hi\"\"\"\n", &["a,b", "c"]),
        ];
        for (text, columns) in cases {
            assert_eq!(csv(text).columns, columns, "{text}");
        }
        let quoted = csv("a,b\r\n\"x\r\ny\",\"say \"\"hi\"\"\"\r\n");
        assert_eq!(quoted.records, [[json!("x\ny"), json!("say \"hi\"")]]);
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
        assert_eq!(table.records, expected);
        assert_eq!(table.warnings.len(), 2);
    }

    #[test]
    fn bad_tables_are_errors() {
        let limits = Limits { cells: 5, ..Limits::default() };
        let cases = [
            ("a,b\n", FileErrorKind::Empty),
            ("a,a\n1,2\n", FileErrorKind::Corrupt),
            ("a,b\n1,2\n3,4\n5,6\n", FileErrorKind::LimitExceeded),
        ];
        for (text, kind) in cases {
            let error = read_csv("a.csv", text.as_bytes(), None, &limits).unwrap_err();
            assert_eq!(error.kind, kind, "{text}");
        }
    }

    #[test]
    fn a_quote_that_stays_open_is_named() {
        for (text, line) in [
            ("name,note\nA,\"5 inch\nB,ok\nC,ok\n", 2),
            ("name,note\n\n\"A\nB\",ok\nC,\"x \"\"y\"\"\nD,ok", 5),
            ("name,\"note\nA,ok\n", 1),
            ("name,note\nA,\"", 2),
        ] {
            let error = read_csv("a.csv", text.as_bytes(), None, &Limits::default()).unwrap_err();
            assert_eq!(error.kind, FileErrorKind::Corrupt, "{text}");
            assert!(error.message.contains(&format!("in line {line} ")), "{text}: {error}");
        }
        for text in ["a,b\n1,\"x\ny\"", "a,b\n1,5\"\n", "a,b\n1,\"\"\"x\"\"\"\n\n", "a,b\n1,\"\""] {
            assert_eq!(csv(text).records.len(), 1, "{text}");
        }
    }

    #[test]
    fn a_member_named_twice_is_an_error() {
        let limits = Limits::default();
        let (twice, line) = (r#"[{"a":1,"a":2}]"#, "{\"a\":1}\n{\"b\":{\"a\":1,\"a\":2}}");
        let errors = [
            read_json("a.json", twice.as_bytes(), &limits).unwrap_err(),
            read_json_lines("a.jsonl", line.as_bytes(), &limits).unwrap_err(),
        ];
        let messages = errors.map(|error| {
            assert_eq!(error.kind, FileErrorKind::Corrupt);
            error.message
        });
        assert!(messages[0].starts_with("an object has `a` twice at line 1"), "{}", messages[0]);
        assert!(messages[1].starts_with("line 2 has two members of one name"), "{}", messages[1]);
        // A document keeps its text, and so both members.
        assert!(read_json("a.json", br#"{"a":1,"a":2}"#, &limits).is_ok());
    }

    #[test]
    fn numbers_keep_their_spelling() {
        let array = br#"[{"id":12345678901234567890123,"price":1.50}]"#;
        let Ok(Content::Table(table)) = read_json("a.json", array, &Limits::default()) else {
            panic!("not a table");
        };
        let row = table.rows(&[]).next().unwrap();
        assert_eq!(&*row.text, "id: 12345678901234567890123\nprice: 1.50");
    }

    #[test]
    fn json_is_a_table_or_a_document() {
        let read = |text: &str| read_json("a.json", text.as_bytes(), &Limits::default());
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
        let read = |text: &str| read_json_lines("a.jsonl", text.as_bytes(), &Limits::default());
        assert_eq!(read("{\"a\": 1}\n\n{\"a\": 2}\n").unwrap().records.len(), 2);
        for bad in ["{\"a\": 1}\n[1]\n", "{\"a\": 1}\n{\"a\": secret}\n"] {
            let error = read(bad).unwrap_err();
            assert!(error.message.contains("line 2") && !error.message.contains("secret"));
        }
    }
}
