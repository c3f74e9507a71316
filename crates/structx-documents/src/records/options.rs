//! `file_options` for tables, named as in pandas.

mod filter;

use std::collections::BTreeSet;

use encoding_rs::Encoding;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::table::Table;
use crate::{FileError, FileErrorKind};

pub use filter::RowFilter;

const NAME: &str = "file_options";
/// How a caller asks for a document, or for records.
pub(crate) const AS_DOCUMENT: &str = r#"file_options={"as": "document"}"#;
pub(crate) const AS_RECORDS: &str = r#"file_options={"as": "records"}"#;
/// All options, with aliases in brackets.
const ALL: &str = "sep (delimiter), encoding, skiprows, header, usecols (columns), nrows, where, \
                   quotechar, escapechar, skipinitialspace, comment, decimal, thousands, sheet_name, as (read_as)";

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
    "where",
    "quotechar",
    "escapechar",
    "skipinitialspace",
    "comment",
    "decimal",
    "thousands",
];
/// Options of workbooks.
pub(crate) const OF_WORKBOOK: &[&str] =
    &["as", "sheet_name", "skiprows", "header", "usecols", "columns", "nrows", "where"];
/// Options of JSON files.
pub(crate) const OF_JSON: &[&str] = &["as", "encoding", "usecols", "columns", "nrows", "where"];
/// Options of JSON Lines files.
pub(crate) const OF_JSON_LINES: &[&str] = &["encoding", "usecols", "columns", "nrows", "where"];
/// Options of XML files.
pub(crate) const OF_XML: &[&str] = &["as", "usecols", "columns", "nrows", "where"];

/// Options for tables. A missing option is detected from the file or sets no bound.
#[derive(Debug, Clone, PartialEq)]
pub struct TableOptions {
    /// What a workbook, a JSON or an XML file is read as.
    pub read_as: ReadAs,
    pub delimiter: Option<u8>,
    pub encoding: Option<&'static Encoding>,
    /// Lines of a text file or rows of a sheet to skip.
    pub skipped: Skipped,
    pub header: HeaderRow,
    pub columns: Option<Columns>,
    pub rows: Option<usize>,
    pub filter: Option<RowFilter>,
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

/// What a file that may be either is read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadAs {
    /// Records where the file is one clean list of them, else a document.
    #[default]
    Auto,
    Document,
    Records,
}

/// Which row has the names of the columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HeaderRow {
    /// The one that is found: titles may stand above it, and it may have several rows.
    #[default]
    Found,
    /// By number, from 0, not counting blank rows. Rows before it are skipped.
    At(usize),
    /// No row; columns are named by their position.
    None,
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
            read_as: ReadAs::Auto,
            delimiter: None,
            encoding: None,
            skipped: Skipped::First(0),
            header: HeaderRow::Found,
            columns: None,
            rows: None,
            filter: None,
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
            // `as` can't be the name of an argument in Python.
            let name = if name == "read_as" { "as".to_owned() } else { name };
            let is_given = !value.is_null() || matches!(name.as_str(), "header" | "sheet_name");
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
            ("header", Value::Null) => self.header = HeaderRow::None,
            ("sheet_name", Value::Null) => self.sheets = Sheets::All,
            (name, Value::Null) if name == "as" || OF_TEXT.contains(&name) => {}
            ("as", value) => {
                let what = "\"auto\", \"document\" or \"records\"";
                self.read_as = read(value).ok_or_else(|| must_be(what))?;
            }
            ("sheet_name", value) => {
                let what = "the name of a sheet, its position, 0 for the first, a list of these, \
                            or None for all";
                self.sheets = sheets(value).ok_or_else(|| must_be(what))?;
            }
            ("header", value) if value == "infer" => self.header = HeaderRow::Found,
            ("header", value) => {
                let what = "the number of a row, 0 for the first, \"infer\", or None for no header";
                self.header = HeaderRow::At(read(value).ok_or_else(|| must_be(what))?);
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
            ("where", value) => {
                let what = "a condition such as \"status = open\" with one of = != < <= > >= ~, or \
                            a list of these";
                self.filter = Some(RowFilter::parse(value).ok_or_else(|| must_be(what))?);
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
        let what = match option.as_str() {
            "sheet_name" => "a spreadsheet",
            "as" => "a workbook, JSON or XML",
            _ => "a file of records",
        };
        let takes = match known {
            [] => "it takes no options for tables".to_owned(),
            known => format!("it takes {}", known.join(", ")),
        };
        Err(option_error(name, format!("the option `{option}` of {NAME} is for {what}; {takes}")))
    }

    /// What the file is read as. An option that only records have asks for records.
    pub(crate) fn read_as(&self) -> ReadAs {
        match self.read_as {
            ReadAs::Auto if self.for_records(&[]).is_some() => ReadAs::Records,
            read_as => read_as,
        }
    }

    /// Checks that no option for records is given for the file `name`, which is read as a document;
    /// `known` are those that apply nevertheless.
    ///
    /// # Errors
    /// An option for records is given.
    pub(crate) fn allow_for_document(&self, name: &str, known: &[&str]) -> Result<(), FileError> {
        match self.for_records(known) {
            Some(option) => Err(option_error(
                name,
                format!(
                    "the option `{option}` of {NAME} is for records, and the file is read as a document"
                ),
            )),
            None => Ok(()),
        }
    }

    /// A given option that only records have, except for those that are `known`.
    fn for_records(&self, known: &[&str]) -> Option<&str> {
        let mut given = self.given.iter().map(String::as_str);
        given.find(|name| !matches!(*name, "as" | "encoding") && !known.contains(name))
    }

    /// Removes the records that `where` leaves out, and the columns that are not chosen.
    ///
    /// # Errors
    /// A column does not exist, or no record is left.
    pub(crate) fn select(&self, name: &str, table: &mut Table) -> Result<(), FileError> {
        self.keep_rows(name, table)?;
        self.choose_columns(name, table)
    }

    /// Removes the records that `where` leaves out; returns the positions of the others if it is given.
    ///
    /// # Errors
    /// A column does not exist, or no record is left.
    pub fn keep_rows(
        &self,
        name: &str,
        table: &mut Table,
    ) -> Result<Option<Vec<usize>>, FileError> {
        let Some(filter) = &self.filter else { return Ok(None) };
        let kept = filter.kept(name, table)?;
        if kept.is_empty() {
            let message = format!("no row of {} meets `where` of {NAME}", table.records.len());
            return Err(FileError::new(FileErrorKind::Empty, name, message));
        }
        table.records = table.records.only(&kept);
        Ok(Some(kept))
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
mod tests;
