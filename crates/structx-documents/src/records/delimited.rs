//! CSV and TSV: reads the records.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt::Write;

use super::dialect::{Dialect, split_hint};
use crate::context::ReadContext;
use crate::markup::text::decode;
use crate::table::Table;
use crate::{FileError, FileErrorKind, Skipped, TableOptions};

/// The memory of a column and its name counted in cells: chosen by hand, not measured.
const CELLS_OF_A_COLUMN: usize = 8;

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
    let (hint, text) = split_hint(text);
    let dialect = Dialect::of(text, options, hint.or(delimiter));
    let text = &dialect.without_initial_spaces(text);
    let mut table = read_cells(context, text, dialect, usize::from(hint.is_some()))?;
    if options.escape != dialect.escape {
        let warning = "a backslash before a quote was read as an escape; see escapechar";
        table.warnings.push(warning.to_owned());
    }
    table.warnings.extend(warning);
    options.choose_columns(context.name, &mut table)?;
    table.check_names(context.name)?;
    Ok(table)
}

/// Reads the records; `skipped_lines` are the lines before the text.
fn read_cells(
    context: &ReadContext,
    text: &str,
    dialect: Dialect,
    skipped_lines: usize,
) -> Result<Table, FileError> {
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
        table.records.push(record.iter().map(|text| cell(options, text)));
        last = record;
    }
    check_quotes(context, text, dialect, &last, skipped_lines)?;
    context.check_cells(table.columns.len().saturating_mul(table.records.len()))?;
    if table.records.is_empty() {
        return Err(empty(name, "the table has a header and no rows"));
    }
    warn_of_lengths(&mut table, first.len(), short, long);
    let named = first.iter().filter(|name| !name.trim().is_empty()).count();
    options.warn_of_title(named, &mut table);
    if options.header == Some(0) {
        warn_of_values(&mut table, &first);
    }
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
    context: &ReadContext,
    text: &str,
    dialect: Dialect,
    last: &csv::StringRecord,
    skipped_lines: usize,
) -> Result<(), FileError> {
    let start = last.position().and_then(|position| usize::try_from(position.byte()).ok());
    // An appended row is a new record, unless a quote is open.
    let longer = text[start.unwrap_or(0)..].to_owned() + "\n.";
    if dialect.reader(&longer).into_records().nth(1).is_some() {
        return Ok(());
    }
    let lines = |text: &str| text.matches('\n').count();
    let before = skipped_lines + lines(text) - last.iter().next_back().map_or(0, lines);
    let skipped = &context.options.table.skipped;
    let line = (0..).filter(|line| !skipped.contains(*line)).nth(before).map_or(0, |line| line + 1);
    let quote = char::from(dialect.quote);
    let message = format!("the quote ({quote}) that opens in line {line} is never closed");
    Err(context.corrupt(message))
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

fn cell<'a>(options: &TableOptions, text: &'a str) -> Option<Cow<'a, str>> {
    let number = || plain_number(text.trim(), options.decimal?, options.thousands);
    (!text.trim().is_empty()).then(|| number().map_or(Cow::Borrowed(text), Cow::Owned))
}

/// A number with the given separators in plain form: `1.234,50` as `1234.50`. `None` for other text.
fn plain_number(text: &str, decimal: char, thousands: Option<char>) -> Option<String> {
    let (sign, digits) = match text.strip_prefix(['-', '+']) {
        Some(digits) => (&text[..1], digits),
        None => ("", text),
    };
    let (whole, fraction) = match digits.split_once(decimal) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (digits, None),
    };
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let groups: Vec<&str> = match thousands {
        Some(separator) => whole.split(separator).collect(),
        None => vec![whole],
    };
    let is_grouped = groups.len() == 1 || groups[1..].iter().all(|group| group.len() == 3);
    let is_number =
        is_grouped && groups.iter().all(|group| is_digits(group)) && fraction.is_none_or(is_digits);
    let fraction = fraction.map(|fraction| format!(".{fraction}")).unwrap_or_default();
    is_number.then(|| format!("{sign}{}{fraction}", groups.concat()))
}

/// Warns of a first row whose cells look like values of their columns.
fn warn_of_values(table: &mut Table, first: &csv::StringRecord) {
    let is_value = |text: &str| {
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        let is_number = text.chars().all(|c| c.is_ascii_digit() || "+-.,:/ %€$£".contains(c));
        // Years and item numbers are names of columns, too.
        digits > 0 && is_number && digits < text.len()
    };
    let Some(second) = table.records.get(0) else { return };
    let columns = first.len();
    let looks_alike = first.iter().zip(second.cells(columns)).any(|(name, cell)| {
        is_value(name.trim()) && cell.text().is_some_and(|text| is_value(text.trim()))
    });
    if looks_alike {
        let warning = "the first row looks like values and was read as names; header=None reads it \
                       as a row";
        table.warnings.push(warning.to_owned());
    }
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
            assert_eq!(
                rows(text, options),
                (columns.to_owned(), cells.to_owned(), warnings),
                "{text}"
            );
        }
        let open = read_with("sep=;\na;b\n1;\"2\n", "{}", &Limits::default()).unwrap_err();
        assert!(open.message.contains("in line 3 "), "{open}");
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
