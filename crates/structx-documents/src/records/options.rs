//! `file_options` for tables, named as in pandas.

use std::collections::{BTreeSet, HashSet};

use encoding_rs::Encoding;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::table::Table;
use crate::{FileError, FileErrorKind};

const NAME: &str = "file_options";
/// All options, with aliases in brackets.
const ALL: &str = "sep (delimiter), encoding, skiprows, header, usecols (columns), nrows, quotechar, \
                   escapechar, skipinitialspace, comment, decimal, thousands, sheet_name";

/// Options of CSV and TSV files.
pub(crate) const OF_TEXT: &[&str] = &[
    "sep",
    "delimiter",
    "encoding",
    "skiprows",
    "header",
    "usecols",
    "columns",
    "nrows",
    "quotechar",
    "escapechar",
    "skipinitialspace",
    "comment",
    "decimal",
    "thousands",
];
/// Options of workbooks.
pub(crate) const OF_WORKBOOK: &[&str] =
    &["sheet_name", "skiprows", "header", "usecols", "columns", "nrows"];
/// Options of JSON and JSON Lines files.
pub(crate) const OF_JSON: &[&str] = &["encoding", "usecols", "columns", "nrows"];

/// Options for tables. A missing option is detected from the file or sets no bound.
#[derive(Debug, Clone, PartialEq)]
pub struct TableOptions {
    pub delimiter: Option<u8>,
    pub encoding: Option<&'static Encoding>,
    /// Lines of a text file or rows of a sheet to skip.
    pub skipped: Skipped,
    /// The number of the header row, from 0, not counting blank rows; `None` for no header. Rows before
    /// it are skipped.
    pub header: Option<usize>,
    pub columns: Option<Columns>,
    pub rows: Option<usize>,
    pub quote: Option<u8>,
    /// The character that makes a quote after it part of the cell.
    pub escape: Option<u8>,
    /// Spaces after a delimiter are not part of the cell.
    pub skips_initial_space: bool,
    /// Lines that begin with this character are skipped.
    pub comment: Option<u8>,
    /// The decimal and the thousands separator of numbers, which are then read in plain form.
    pub decimal: Option<char>,
    pub thousands: Option<char>,
    pub sheets: Sheets,
    /// The names of the given options.
    given: Vec<String>,
}

/// Which lines or rows are skipped.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Skipped {
    First(usize),
    /// By number, from 0.
    These(BTreeSet<usize>),
}

impl Skipped {
    pub(super) fn contains(&self, line: usize) -> bool {
        match self {
            Self::First(count) => line < *count,
            Self::These(lines) => lines.contains(&line),
        }
    }
}

/// The columns to read, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Columns {
    Names(Vec<String>),
    Positions(Vec<usize>),
    /// Inclusive ranges by sheet letters; 0 is A.
    Letters(Vec<(usize, usize)>),
}

/// Which sheets of a workbook are read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Sheets {
    /// The first visible sheet with cells.
    #[default]
    First,
    One(SheetKey),
    Several(Vec<SheetKey>),
    /// All visible sheets.
    All,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum SheetKey {
    /// From 0, counting hidden sheets.
    Position(usize),
    Name(String),
}

impl Default for TableOptions {
    fn default() -> Self {
        Self {
            delimiter: None,
            encoding: None,
            skipped: Skipped::First(0),
            header: Some(0),
            columns: None,
            rows: None,
            quote: None,
            escape: None,
            skips_initial_space: false,
            comment: None,
            decimal: None,
            thousands: None,
            sheets: Sheets::First,
            given: Vec::new(),
        }
    }
}

impl TableOptions {
    /// Reads the options. Null means not given, except for `header` and `sheet_name`.
    ///
    /// # Errors
    /// An option is unknown or has an invalid value.
    pub fn from_map(given: Map<String, Value>) -> Result<Self, FileError> {
        let mut options = Self::default();
        for (name, value) in given {
            let is_given = !value.is_null() || name == "header";
            options.set(&name, value).map_err(invalid_option)?;
            if is_given {
                options.given.push(name);
            }
        }
        if options.quote.is_some() && options.quote == options.delimiter {
            return Err(invalid_option("`sep` and `quotechar` must differ".to_owned()));
        }
        if options.thousands.is_some() && options.decimal.is_none() {
            options.decimal = Some('.');
        }
        if options.decimal.is_some() && options.decimal == options.thousands {
            return Err(invalid_option("`decimal` and `thousands` must differ".to_owned()));
        }
        Ok(options)
    }

    fn set(&mut self, name: &str, value: Value) -> Result<(), String> {
        let must_be = |what: &str| format!("`{name}` must be {what}");
        match (name, value) {
            ("header", Value::Null) => self.header = None,
            ("sheet_name", Value::Null) => self.sheets = Sheets::All,
            (name, Value::Null) if OF_TEXT.contains(&name) => {}
            ("sheet_name", value) => {
                let what = "the name of a sheet, its position, 0 for the first, a list of these, \
                            or None for all";
                self.sheets = sheets(value).ok_or_else(|| must_be(what))?;
            }
            ("header", value) if value == "infer" => self.header = Some(0),
            ("header", value) => {
                let what = "the number of a row, 0 for the first, or None for no header";
                self.header = Some(read(value).ok_or_else(|| must_be(what))?);
            }
            ("sep" | "delimiter", value) => {
                let what = "one ASCII character (not a regular expression), or None to detect it";
                self.delimiter = Some(ascii(value).ok_or_else(|| must_be(what))?);
            }
            ("quotechar" | "escapechar" | "comment", value) => {
                let value = Some(ascii(value).ok_or_else(|| must_be("one ASCII character"))?);
                match name {
                    "quotechar" => self.quote = value,
                    "escapechar" => self.escape = value,
                    _ => self.comment = value,
                }
            }
            ("skipinitialspace", value) => {
                let value = read(value).ok_or_else(|| must_be("True or False"))?;
                self.skips_initial_space = value;
            }
            ("decimal" | "thousands", value) => {
                let value: char = read(value).ok_or_else(|| must_be("one character"))?;
                let option =
                    if name == "decimal" { &mut self.decimal } else { &mut self.thousands };
                *option = Some(value);
            }
            ("encoding", value) => {
                let what = "the name of an encoding, such as utf-8, latin-1, cp1252 or utf-16";
                let label: String = read(value).ok_or_else(|| must_be(what))?;
                self.encoding = Some(encoding(&label).ok_or_else(|| must_be(what))?);
            }
            ("skiprows", value) => {
                let what = "a number of lines, or a list of the numbers of lines, 0 for the first";
                self.skipped = read(value).ok_or_else(|| must_be(what))?;
            }
            ("nrows", value) => {
                self.rows = Some(read(value).ok_or_else(|| must_be("a number of rows"))?);
            }
            ("usecols" | "columns", value) => {
                let what = "a list of names, a list of positions, 0 for the first, or letters of \
                            a sheet such as \"A:C,E\"";
                self.columns = Some(columns(value).ok_or_else(|| must_be(what))?);
            }
            _ => return Err(format!("unknown option `{name}`; the options are {ALL}")),
        }
        Ok(())
    }

    /// Checks that the reader of the file `name` takes all given options; `known` are those it takes.
    ///
    /// # Errors
    /// The reader does not take a given option.
    pub fn allow(&self, name: &str, known: &[&str]) -> Result<(), FileError> {
        let Some(option) = self.given.iter().find(|given| !known.contains(&given.as_str())) else {
            return Ok(());
        };
        let what = if option == "sheet_name" { "a spreadsheet" } else { "a file of records" };
        let takes = match known {
            [] => "it takes no options for tables".to_owned(),
            known => format!("it takes {}", known.join(", ")),
        };
        Err(option_error(name, format!("the option `{option}` of {NAME} is for {what}; {takes}")))
    }

    /// Removes the columns that are not chosen.
    ///
    /// # Errors
    /// A chosen column does not exist.
    pub(crate) fn choose_columns(&self, name: &str, table: &mut Table) -> Result<(), FileError> {
        let Some(chosen) = &self.columns else { return Ok(()) };
        let count = table.columns.len();
        let (kept, missing): (Vec<bool>, Vec<String>) = match chosen {
            Columns::Names(names) => (
                table.columns.iter().map(|column| names.contains(column)).collect(),
                names.iter().filter(|name| !table.columns.contains(name)).cloned().collect(),
            ),
            Columns::Positions(positions) => (
                (0..count).map(|index| positions.contains(&index)).collect(),
                positions.iter().filter(|index| **index >= count).map(usize::to_string).collect(),
            ),
            Columns::Letters(_) => {
                let message =
                    "column letters are for spreadsheets; give a list of names or positions";
                return Err(option_error(name, message.to_owned()));
            }
        };
        if !missing.is_empty() {
            let (missing, columns) = (missing.join(", "), table.columns.join(", "));
            return Err(option_error(
                name,
                format!("no column {missing} (chosen by {NAME}); the columns are {columns}"),
            ));
        }
        if !kept.contains(&true) {
            return Err(option_error(name, format!("{NAME} chooses no column")));
        }
        table.keep_columns(&kept);
        Ok(())
    }

    /// A name for a column without one: its position, made unique if there is a header.
    pub(super) fn unnamed(&self, index: usize, taken: &HashSet<&str>) -> String {
        if self.header.is_none() {
            return index.to_string();
        }
        free(format!("column_{}", index + 1), |name| taken.contains(name))
    }

    /// Warns of a header that names only `named` columns and may be a title.
    pub(super) fn warn_of_title(&self, named: usize, table: &mut Table) {
        let columns = table.columns.len();
        if self.header.is_some() && named == 1 && columns > 1 {
            table.warnings.push(format!(
                "the header names one of {columns} columns; if it is a title, skip it with header=1 \
                 or skiprows"
            ));
        }
    }
}

/// The name, with underscores appended until it is unique.
pub(super) fn free(mut name: String, is_taken: impl Fn(&str) -> bool) -> String {
    while is_taken(&name) {
        name.push('_');
    }
    name
}

/// An error about an invalid option.
pub(crate) fn invalid_option(message: String) -> FileError {
    option_error(NAME, message)
}

/// An error about an option that does not apply to the file.
fn option_error(name: &str, message: String) -> FileError {
    FileError::new(FileErrorKind::Options, name, message)
}

fn read<T: DeserializeOwned>(value: Value) -> Option<T> {
    serde_json::from_value(value).ok()
}

fn ascii(value: Value) -> Option<u8> {
    let is_fit = |byte: &u8| byte.is_ascii() && !matches!(byte, b'\n' | b'\r');
    read::<char>(value).and_then(|character| u8::try_from(character).ok()).filter(is_fit)
}

fn columns(value: Value) -> Option<Columns> {
    match value {
        Value::String(text) => {
            text.split(',').map(letters).collect::<Option<_>>().map(Columns::Letters)
        }
        value => {
            let names = read(value.clone()).map(Columns::Names);
            names.or_else(|| read(value).map(Columns::Positions))
        }
    }
}

/// `A` or `A:C`.
fn letters(part: &str) -> Option<(usize, usize)> {
    let (from, to) = part.split_once(':').unwrap_or((part, part));
    let (from, to) = (letter(from)?, letter(to)?);
    (from <= to).then_some((from, to))
}

fn letter(name: &str) -> Option<usize> {
    let name = name.trim();
    let is_one = (1..=3).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphabetic());
    let digit = |byte: u8| usize::from(byte.to_ascii_uppercase() - b'A') + 1;
    is_one.then(|| name.bytes().fold(0, |number, byte| number * 26 + digit(byte)) - 1)
}

fn sheets(value: Value) -> Option<Sheets> {
    match value {
        Value::Array(keys) if keys.is_empty() => None,
        Value::Array(_) => read(value).map(Sheets::Several),
        _ => read(value).map(Sheets::One),
    }
}

/// The encoding for a label of the WHATWG standard, or for Python's name where it differs.
fn encoding(label: &str) -> Option<&'static Encoding> {
    let label = label.to_ascii_lowercase().replace('_', "-");
    let standard = match label.as_str() {
        "utf-8-sig" => "utf-8",
        "utf-16-le" => "utf-16le",
        "utf-16-be" => "utf-16be",
        "latin-1" | "l1" | "8859" => "latin1",
        "mac-roman" => "macintosh",
        other => other,
    };
    Encoding::for_label_no_replacement(standard.as_bytes())
        .or_else(|| Encoding::for_label_no_replacement(label.replace('-', "_").as_bytes()))
}

#[cfg(test)]
mod tests {
    use encoding_rs::{SHIFT_JIS, UTF_8, UTF_16LE, WINDOWS_1252};

    use super::{Columns, OF_JSON, SheetKey, Sheets, Skipped, TableOptions};
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
        assert_eq!((all.skipped, all.header, all.rows), (Skipped::First(2), None, Some(5)));
        assert_eq!(all.sheets, Sheets::One(SheetKey::Position(0)));
        assert_eq!(all.encoding, Some(WINDOWS_1252));
        assert_eq!(all.columns, Some(Columns::Names(vec!["a".into(), "1".into()])));
        let other = read(r#"{"delimiter": "\t", "columns": [2, 0], "header": 1, "nrows": null}"#);
        assert_eq!((other.delimiter, other.header), (Some(b'\t'), Some(1)));
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
        assert!(message.ends_with("it takes encoding, usecols, columns, nrows"), "{message}");
        let error = options(r#"{"sheet_name": "S"}"#).allow("a.pdf", &[]).unwrap_err();
        assert!(error.message.contains("is for a spreadsheet"), "{error}");
    }
}
