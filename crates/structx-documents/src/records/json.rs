//! JSON and JSON Lines: arrays of objects as tables, other JSON as a document.

use std::borrow::Cow;
use std::fmt;
use std::str::Bytes;

use serde::Deserializer;
use serde::de::{SeqAccess, Visitor};
use serde_json::Value;

use crate::context::ReadContext;
use crate::markup::text::{self, decode};
use crate::records::options::AS_DOCUMENT;
use crate::table::{Objects, Table};
use crate::{Content, FileError, FileErrorKind, ReadAs};
use structx_common::json;
use structx_common::json_pointer::escaped;

/// The memory of an object counted in values: chosen by hand, not measured.
const VALUES_OF_AN_OBJECT: usize = 3;

/// Reads an array of objects as a table, and any other value as a document of its indented text; the
/// options may say otherwise.
pub(crate) fn read(context: &ReadContext, bytes: &[u8]) -> Result<Content, FileError> {
    let options = &context.options.table;
    let (text, warning) = decode(bytes, options.encoding);
    let (text, replaced) = without_nan(&text);
    let warnings = warning.into_iter().chain(replaced);
    check_values(context, &text)?;
    let found = match options.read_as() {
        ReadAs::Document => {
            parsed(context, &text)?;
            None
        }
        read_as => records(context, &text, read_as == ReadAs::Records)?,
    };
    if let Some((objects, note)) = found {
        json::check_names(text.as_bytes()).map_err(|error| context.corrupt(error.to_string()))?;
        let mut table = table(context, objects)?;
        table.warnings.extend(warnings.chain(note));
        return Ok(Content::Table(table));
    }
    options.allow_for_document(context.name, &[])?;
    let mut document = text::document(context, indented(&text))?;
    document.warnings.extend(warnings);
    Ok(Content::Document(document))
}

fn parsed(context: &ReadContext, text: &str) -> Result<Value, FileError> {
    serde_json::from_str(text).map_err(|error| invalid(context, &error))
}

fn invalid(context: &ReadContext, error: &serde_json::Error) -> FileError {
    context.corrupt(format!("is not valid JSON: {error}"))
}

/// The objects of the array, or of the list that the object holds, with a note on what is not read;
/// `None` if there are none.
///
/// # Errors
/// The text is not valid JSON, exceeds a limit, or records are `asked` for and there are none.
fn records(
    context: &ReadContext,
    text: &str,
    asked: bool,
) -> Result<Option<(Objects, Option<String>)>, FileError> {
    let most = context.options.table.rows.unwrap_or(usize::MAX);
    let mut objects = Objects::default();
    if text.trim_start().starts_with('[') {
        let mut fits = Ok(());
        let mut is_table = true;
        for_each_item(text, |item| match item {
            Value::Object(object) => {
                if is_table && fits.is_ok() && objects.len() < most {
                    objects.push(object);
                    fits = context.check_cells(objects.cells());
                }
            }
            _ => is_table = false,
        })
        .map_err(|error| invalid(context, &error))?;
        if is_table {
            return fits.map(|()| Some((objects, None)));
        }
    } else {
        let mut value = parsed(context, text)?;
        if let Some(list) = nested_list(&value, asked) {
            let items = value.pointer_mut(&list.pointer).map(Value::take);
            let Some(Value::Array(items)) = items else { return Ok(None) };
            for item in items.into_iter().take(most) {
                if let Value::Object(object) = item {
                    objects.push(object);
                    context.check_cells(objects.cells())?;
                }
            }
            return Ok(Some((objects, Some(list.note()))));
        }
    }
    if asked {
        let message =
            format!("has no list of objects, so no records; {AS_DOCUMENT} reads it as it is");
        return Err(context.error(FileErrorKind::Options, message));
    }
    Ok(None)
}

/// A list of objects within an object.
struct NestedList {
    /// A JSON pointer (RFC 6901).
    pointer: String,
    items: usize,
    /// The number of other members on the way to it.
    others: usize,
}

impl NestedList {
    fn note(&self) -> String {
        let place = self.pointer.replacen('/', "", 1).replace('/', ".");
        let others = match self.others {
            0 => String::new(),
            others => format!("; {others} other members are not"),
        };
        format!("the list `{place}` is read as records{others}; {AS_DOCUMENT} reads all")
    }
}

/// The list of objects that alone makes up the value, or, if records are `asked` for, the longest one.
fn nested_list(value: &Value, asked: bool) -> Option<NestedList> {
    let mut lists = Vec::new();
    let mut open = vec![(String::new(), value, 0)];
    while let Some((pointer, value, others)) = open.pop() {
        match value {
            Value::Object(members) if asked || members.len() == 1 => {
                let others = others + members.len() - 1;
                open.extend(
                    members.iter().map(|(name, value)| {
                        (format!("{pointer}/{}", escaped(name)), value, others)
                    }),
                );
            }
            Value::Array(items) if !items.is_empty() && items.iter().all(Value::is_object) => {
                lists.push(NestedList { pointer, items: items.len(), others });
            }
            _ => {}
        }
    }
    lists.into_iter().max_by_key(|list| list.items)
}

/// The text with null for `NaN` and `Infinity`, which some programs write, and a warning.
fn without_nan(text: &str) -> (Cow<'_, str>, Option<String>) {
    const NAMES: [&str; 3] = ["-Infinity", "Infinity", "NaN"];
    let has = |name: &str| memchr::memmem::find(text.as_bytes(), name.as_bytes()).is_some();
    if !has("NaN") && !has("Infinity") {
        return (Cow::Borrowed(text), None);
    }
    let mut out = String::with_capacity(text.len());
    let mut count: usize = 0;
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let name = NAMES.iter().find(|name| rest.starts_with(**name));
        let end = match name {
            Some(name) => name.len(),
            None if character == '"' => string_end(rest),
            None => character.len_utf8(),
        };
        out.push_str(if name.is_some() { "null" } else { &rest[..end] });
        count += usize::from(name.is_some());
        rest = &rest[end..];
    }
    let warning = (count > 0).then(|| format!("{count} values NaN or Infinity are read as null"));
    (Cow::Owned(out), warning)
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
    let (text, replaced) = without_nan(&text);
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
    table.warnings.extend(warning.into_iter().chain(replaced));
    Ok(table)
}

fn table(context: &ReadContext, objects: Objects) -> Result<Table, FileError> {
    let mut table = objects
        .into_table()
        .map_err(|error| FileError { name: context.name.to_owned(), ..error })?;
    context.options.table.select(context.name, &mut table)?;
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
mod tests;
