//! CSV and TSV: detects the dialect and reads the records.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt::Write;

use crate::context::ReadContext;
use crate::markup::text::decode;
use crate::table::Table;
use crate::{FileError, FileErrorKind, Skipped, TableOptions};

/// The part of a file that its delimiter is detected from: chosen by hand, not measured.
const SNIFFED_RECORDS: usize = 50;
const SNIFFED_BYTES: usize = 1 << 16;
/// The memory of a column and its name counted in cells: chosen by hand, not measured.
const CELLS_OF_A_COLUMN: usize = 8;
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// The delimiter and quote characters of a file.
#[derive(Clone, Copy)]
struct Dialect {
    delimiter: u8,
    quote: u8,
}

/// Reads a file as a table. Values stay strings as spelled in the file; an empty cell is null. The
/// delimiter is detected unless the options or `delimiter` give it.
pub(crate) fn read(
    context: &ReadContext,
    bytes: &[u8],
    delimiter: Option<u8>,
) -> Result<Table, FileError> {
    let options = &context.options.table;
    let (text, warning) = decode(bytes, options.encoding);
    let text = &without_lines(&text, &options.skipped);
    // The library holds several copies of a record.
    text.split('\n').try_for_each(|line| context.check_growing(line.len()))?;
    let quote = options.quote.unwrap_or_else(|| sniff_quote(text));
    let delimiter = options.delimiter.or(delimiter);
    let dialect =
        Dialect { delimiter: delimiter.unwrap_or_else(|| sniff_delimiter(text, quote)), quote };
    let mut table = read_cells(context, text, dialect)?;
    table.warnings.extend(warning);
    options.choose_columns(context.name, &mut table)?;
    table.check_names(context.name)?;
    Ok(table)
}

fn read_cells(context: &ReadContext, text: &str, dialect: Dialect) -> Result<Table, FileError> {
    let (name, options) = (context.name, &context.options.table);
    // The library keeps a whole record, and for a cell more memory than for a character. Some
    // delimiters may be quoted, so only a quarter of them counts as cells.
    let delimiters = memchr::memchr_iter(dialect.delimiter, text.as_bytes()).count();
    context.check_cells(delimiters / 4)?;
    let mut records = dialect.reader(text).into_records();
    let Some(first) = records.nth(options.header.unwrap_or(0)) else {
        return Err(empty(name, "the table is empty, or all of its rows are skipped"));
    };
    let first = first.map_err(|error| corrupt(name, &error))?;
    context.check_cells(first.len().saturating_mul(CELLS_OF_A_COLUMN))?;
    let taken: HashSet<&str> = first.iter().map(str::trim).collect();
    let mut table = Table { columns: names(&first, &taken, options), ..Table::default() };
    let own = options.header.is_none().then(|| Ok(first.clone()));
    let (mut short, mut long, mut cells) = (0, 0, 0);
    let mut last = first.clone();
    for record in own.into_iter().chain(records).take(options.rows.unwrap_or(usize::MAX)) {
        let record = record.map_err(|error| corrupt(name, &error))?;
        // One more for the memory of the row itself.
        cells += record.len().max(table.columns.len()) + 1;
        context.check_cells(cells.max(record.len().saturating_mul(CELLS_OF_A_COLUMN)))?;
        short += usize::from(record.len() < first.len());
        long += usize::from(record.len() > first.len());
        for column in table.columns.len()..record.len() {
            table.columns.push(options.unnamed(column, &taken));
        }
        table.records.push(record.iter().map(cell));
        last = record;
    }
    check_quotes(name, text, dialect, &last, &options.skipped)?;
    context.check_cells(table.columns.len().saturating_mul(table.records.len()))?;
    if table.records.is_empty() {
        return Err(empty(name, "the table has a header and no rows"));
    }
    warn_of_lengths(&mut table, first.len(), short, long);
    let named = first.iter().filter(|name| !name.trim().is_empty()).count();
    options.warn_of_title(named, &mut table);
    Ok(table)
}

fn warn_of_lengths(table: &mut Table, usual: usize, short: usize, long: usize) {
    if short > 0 {
        let warning = format!("{short} rows are shorter than the first row; padded with null");
        table.warnings.push(warning);
    }
    if let Some(column) = table.columns.get(usual) {
        table.warnings.push(format!("{long} rows are longer than the first row; see {column}"));
    }
}

impl Dialect {
    fn reader(self, text: &str) -> csv::Reader<&[u8]> {
        csv::ReaderBuilder::new()
            .delimiter(self.delimiter)
            .quote(self.quote)
            .has_headers(false)
            .flexible(true)
            .from_reader(text.as_bytes())
    }
}

fn without_lines<'a>(text: &'a str, skipped: &Skipped) -> Cow<'a, str> {
    let mut lines = text.split_inclusive('\n');
    match skipped {
        Skipped::First(count) => {
            let start: usize = lines.take(*count).map(str::len).sum();
            Cow::Borrowed(&text[start..])
        }
        Skipped::These(numbers) => {
            let mut number = 0..;
            lines.by_ref().filter(|_| number.next().is_none_or(|n| !numbers.contains(&n))).collect()
        }
    }
}

/// Refuses a file with an unclosed quote, which would swallow all later rows into one cell.
fn check_quotes(
    name: &str,
    text: &str,
    dialect: Dialect,
    last: &csv::StringRecord,
    skipped: &Skipped,
) -> Result<(), FileError> {
    let start = last.position().and_then(|position| usize::try_from(position.byte()).ok());
    // An appended row is a new record, unless a quote is open.
    let longer = text[start.unwrap_or(0)..].to_owned() + "\n.";
    if dialect.reader(&longer).into_records().nth(1).is_some() {
        return Ok(());
    }
    let lines = |text: &str| text.matches('\n').count();
    let before = lines(text) - last.iter().next_back().map_or(0, lines);
    let line = (0..).filter(|line| !skipped.contains(*line)).nth(before).map_or(0, |line| line + 1);
    let quote = char::from(dialect.quote);
    let message = format!("the quote ({quote}) that opens in line {line} is never closed");
    Err(FileError::new(FileErrorKind::Corrupt, name, message))
}

/// `'` if more cells begin and end with it than with `"`.
fn sniff_quote(text: &str) -> u8 {
    let end = text.floor_char_boundary(SNIFFED_BYTES);
    let cells = |quote: char| {
        let lines = text[..end].lines().take(SNIFFED_RECORDS);
        let cells =
            lines.flat_map(|line| line.split(|c| DELIMITERS.iter().any(|d| c == char::from(*d))));
        let cells = cells.map(str::trim).filter(|cell| cell.len() > 1);
        let (mut starts, mut ends) = (0, 0);
        for cell in cells {
            starts += usize::from(cell.starts_with(quote));
            ends += usize::from(cell.ends_with(quote));
        }
        starts.min(ends)
    };
    if cells('\'') > cells('"') { b'\'' } else { b'"' }
}

/// The delimiter for which most records have as many fields as the header; ties go to more fields.
fn sniff_delimiter(text: &str, quote: u8) -> u8 {
    let score = |delimiter: u8| {
        let dialect = Dialect { delimiter, quote };
        let mut lengths = dialect
            .reader(text)
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

/// The column names from the first row, or positions if it is not a header; `taken` are the names in
/// the first row.
fn names(first: &csv::StringRecord, taken: &HashSet<&str>, options: &TableOptions) -> Vec<String> {
    let name = |(index, name): (usize, &str)| match name.trim() {
        name if options.header.is_some() && !name.is_empty() => name.to_owned(),
        _ => options.unnamed(index, taken),
    };
    first.iter().enumerate().map(name).collect()
}

fn cell(text: &str) -> Option<&str> {
    (!text.trim().is_empty()).then_some(text)
}

fn corrupt(name: &str, error: &csv::Error) -> FileError {
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
        let limits = Limits { cells: 16, ..Limits::default() };
        let cases = [
            ("a,b\n", FileErrorKind::Empty),
            ("a,a\n1,2\n", FileErrorKind::Corrupt),
            ("a,b\n1,2\n3,4\n5,6\n7,8\n9,0\n1,2\n", FileErrorKind::LimitExceeded),
            ("a,b,c\n1,2,3\n", FileErrorKind::LimitExceeded),
            ("a,b\n1,2,3\n", FileErrorKind::LimitExceeded),
        ];
        for (text, kind) in cases {
            let error = read_with(text, "{}", &limits).unwrap_err();
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
            ("a,a,c\n1,2,3", r#"{"columns": [2, 1]}"#, &["a", "c"], "23"),
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
}
