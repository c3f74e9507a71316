//! JSON and JSON Lines: arrays of objects as tables, other JSON as a document.

use std::fmt;
use std::str::Bytes;

use serde::Deserializer;
use serde::de::{SeqAccess, Visitor};
use serde_json::Value;

use crate::context::ReadContext;
use crate::markup::text::{self, decode};
use crate::table::{Objects, Table};
use crate::{Content, FileError};
use structx_common::json;

/// The memory of an object counted in values: chosen by hand, not measured.
const VALUES_OF_AN_OBJECT: usize = 3;

/// Reads an array of objects as a table, and any other value as a document of its indented text.
pub(crate) fn read(context: &ReadContext, bytes: &[u8]) -> Result<Content, FileError> {
    let options = &context.options.table;
    let (text, warning) = decode(bytes, options.encoding);
    check_values(context, &text)?;
    let invalid = |error| context.corrupt(format!("is not valid JSON: {error}"));
    let mut objects = Objects::default();
    let mut fits = Ok(());
    let mut is_table = text.trim_start().starts_with('[');
    if is_table {
        let most = options.rows.unwrap_or(usize::MAX);
        for_each_item(&text, |item| match item {
            Value::Object(object) => {
                if is_table && fits.is_ok() && objects.len() < most {
                    objects.push(object);
                    fits = context.check_cells(objects.cells());
                }
            }
            _ => is_table = false,
        })
        .map_err(invalid)?;
    } else {
        serde_json::from_str::<Value>(&text).map_err(invalid)?;
    }
    if !is_table {
        options.allow(context.name, &["encoding"])?;
        let mut document = text::document(context, indented(&text))?;
        document.warnings.extend(warning);
        return Ok(Content::Document(document));
    }
    json::check_names(text.as_bytes()).map_err(|error| context.corrupt(error.to_string()))?;
    fits?;
    let mut table = table(context, objects)?;
    table.warnings.extend(warning);
    Ok(Content::Table(table))
}

/// Passes the items of an array to `take` one by one; all at once they would take many times the
/// memory of their text.
fn for_each_item(json: &str, take: impl FnMut(Value)) -> serde_json::Result<()> {
    struct Items<F>(F);
    impl<'de, F: FnMut(Value)> Visitor<'de> for Items<F> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an array")
        }

        fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
            while let Some(item) = items.next_element()? {
                (self.0)(item);
            }
            Ok(())
        }
    }
    let mut json = serde_json::Deserializer::from_str(json);
    json.deserialize_seq(Items(take))?;
    json.end()
}

/// Reads JSON Lines: an object per line.
pub(crate) fn read_lines(context: &ReadContext, bytes: &[u8]) -> Result<Table, FileError> {
    let options = &context.options.table;
    let (text, warning) = decode(bytes, options.encoding);
    check_values(context, &text)?;
    let most = options.rows.unwrap_or(usize::MAX);
    let mut objects = Objects::default();
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    for (index, line) in lines.take(most) {
        let corrupt = |problem: &str, error: serde_json::Error| {
            let (line, column) = (index + 1, error.column());
            context.corrupt(format!("line {line} {problem} in column {column}"))
        };
        objects.push(serde_json::from_str(line).map_err(|error| {
            let found = if error.is_data() { "another type of value" } else { "a syntax error" };
            corrupt(&format!("is not a JSON object: {found}"), error)
        })?);
        json::check_names(line.as_bytes())
            .map_err(|error| corrupt("has two members of one name: the second", error))?;
        context.check_cells(objects.cells())?;
    }
    let mut table = table(context, objects)?;
    table.warnings.extend(warning);
    Ok(table)
}

fn table(context: &ReadContext, objects: Objects) -> Result<Table, FileError> {
    let mut table = objects
        .into_table()
        .map_err(|error| FileError { name: context.name.to_owned(), ..error })?;
    context.options.table.choose_columns(context.name, &mut table)?;
    Ok(table)
}

/// Bounds the number of values before parsing: a small value takes a hundred times the memory of
/// its text.
fn check_values(context: &ReadContext, json: &str) -> Result<(), FileError> {
    let mut values: usize = 0;
    let mut bytes = json.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b',' | b'[' => values += 1,
            b'{' => values += VALUES_OF_AN_OBJECT,
            b'"' => skip_string(&mut bytes),
            _ => {}
        }
    }
    context.check_cells(values)
}

/// Advances past the closing quote of a string.
fn skip_string(bytes: &mut Bytes) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => break,
            b'\\' => _ = bytes.next(),
            _ => {}
        }
    }
}

/// Indents valid JSON, one member or item per line. It works on the text, so that numbers keep their
/// spelling (`1.50`).
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

/// The length of the JSON string at the start of the text.
fn string_end(text: &str) -> usize {
    let mut escaped = false;
    let closing = text.char_indices().skip(1).find(|(_, character)| {
        let closes = *character == '"' && !escaped;
        escaped = *character == '\\' && !escaped;
        closes
    });
    closing.map_or(text.len(), |(index, _)| index + 1)
}

/// The JSON string with escapes such as `\u00e9` replaced by the characters.
fn unescaped(token: &str) -> String {
    let parsed = serde_json::from_str(token).map(|text: String| Value::String(text).to_string());
    parsed.unwrap_or_else(|_| token.to_owned())
}

#[cfg(test)]
mod tests {
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
        let Content::Table(array) = json(r#"[{"a": 1, "b": 2}, {"b": 3}]"#, options).unwrap()
        else {
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
}
