//! CSV and TSV: reads the records.

use std::borrow::Cow;
use std::fmt::Write;

use super::dialect::{Dialect, split_hint};
use super::header::{self, HeadCell, HeadKind, HeadRow};
use crate::context::ReadContext;
use crate::markup::text::decode;
use crate::table::Table;
use crate::{FileError, FileErrorKind, HeaderRow, Skipped, TableOptions};

/// The memory of a column and its name counted in cells: chosen by hand, not measured.
const CELLS_OF_A_COLUMN: usize = 8;

/// Records between two checks of the time.
const RECORDS_PER_CHECK: usize = 1024;

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
    options.select(context.name, &mut table)?;
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
    // The library keeps a whole record, and for a cell more memory than for a character.
    context.check_cells(dialect.most_cells(text))?;
    context.check_time()?;
    let mut records = dialect.reader(text).into_records();
    let head = head(context, &mut records)?;
    let Some(header) = header::header(&head_rows(&head), options.header) else {
        return Err(empty(name, "the table is empty, or all of its rows are skipped"));
    };
    // Without a header, the first record has the usual length.
    let own = header.rows.end.saturating_sub(1);
    let Some(first) = head.get(own).cloned() else {
        return Err(empty(name, "the table is empty, or all of its rows are skipped"));
    };
    let unnamed = |column: u32| format!("column_{}", u64::from(column) + 1);
    let columns = 0..u32::try_from(first.len()).unwrap_or(u32::MAX);
    let mut table = Table {
        columns: header::column_names(&header, options.header, columns, unnamed),
        ..Table::default()
    };
    let (mut short, mut long, mut cells) = (0, 0, 0);
    let mut last = first.clone();
    let head = head.into_iter().skip(header.rows.end).map(Ok);
    for record in head.chain(records).take(options.rows.unwrap_or(usize::MAX)) {
        let record = record.map_err(|error| corrupt(name, &error))?;
        if table.records.len().is_multiple_of(RECORDS_PER_CHECK) {
            context.check_time()?;
        }
        // One more for the memory of the row itself.
        cells += record.len().max(table.columns.len()) + 1;
        context.check_text_cells(cells)?;
        context.check_cells(record.len().saturating_mul(CELLS_OF_A_COLUMN))?;
        short += usize::from(record.len() < first.len());
        long += usize::from(record.len() > first.len());
        if record.len() > table.columns.len() {
            let number = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
            let columns = number(table.columns.len())..number(record.len());
            let names = header::column_names(&header, options.header, columns, unnamed);
            table.columns.extend(names);
        }
        table.records.push(record.iter().map(|text| cell(options, text)));
        last = record;
    }
    check_quotes(context, text, dialect, &last, skipped_lines)?;
    context.check_text_cells(table.columns.len().saturating_mul(table.records.len()))?;
    if table.records.is_empty() {
        return Err(empty(name, "the table has a header and no rows"));
    }
    warn_of_lengths(&mut table, first.len(), short, long);
    let columns = table.columns.len();
    table.warnings.extend(header::warnings(&header, options.header, columns));
    if options.header == HeaderRow::Found && header.rows == (0..1) {
        warn_of_values(&mut table, &first);
    }
    header::number_equal_names(&mut table.columns, &mut table.warnings);
    Ok(table)
}

/// The first records: those that the header is looked for in, or up to the one that is named.
fn head(
    context: &ReadContext,
    records: &mut csv::StringRecordsIntoIter<&[u8]>,
) -> Result<Vec<csv::StringRecord>, FileError> {
    let most = match context.options.table.header {
        HeaderRow::Found => header::MOST_ROWS,
        HeaderRow::At(row) => row.saturating_add(1),
        HeaderRow::None => 1,
    };
    let mut head = Vec::new();
    for record in records.take(most) {
        let record = record.map_err(|error| corrupt(context.name, &error))?;
        context.check_cells(record.len().saturating_mul(CELLS_OF_A_COLUMN))?;
        head.push(record);
    }
    Ok(head)
}

fn head_rows(records: &[csv::StringRecord]) -> Vec<HeadRow<'_>> {
    let mut number = 0;
    // The line after the last record.
    let mut next = None;
    let row = |record: &csv::StringRecord| {
        let line = record.position().map_or(0, csv::Position::line);
        let blank = next.map_or(0, |next| line.saturating_sub(next));
        number += u32::try_from(blank).unwrap_or(0) + u32::from(next.is_some());
        let breaks: usize = record.iter().map(|text| text.matches('\n').count()).sum();
        next = Some(line + breaks as u64 + 1);
        number
    };
    let numbers: Vec<u32> = records.iter().map(row).collect();
    let cells = |record| -> Vec<HeadCell<'_>> {
        let cells = (0..).zip(csv::StringRecord::iter(record));
        let cells = cells.filter(|(_, text)| !text.trim().is_empty());
        cells
            .map(|(column, text)| HeadCell {
                columns: column..=column,
                text: text.into(),
                kind: HeadKind::of_text(text),
            })
            .collect()
    };
    let rows = numbers.into_iter().zip(records);
    rows.map(|(number, record)| HeadRow { number, cells: cells(record) }).collect()
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
mod tests;
