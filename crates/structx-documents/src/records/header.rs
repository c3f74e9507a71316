//! Finds the header of a table below titles, and joins the names of several header rows.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::{Range, RangeInclusive};

use super::options::free;
use crate::HeaderRow;

/// Rows that are looked at: chosen by hand, not measured.
pub(super) const MOST_ROWS: usize = 50;
/// Rows above the header at most: chosen by hand, not measured.
const MOST_TITLES: usize = 20;
/// The most rows of a header: years, quarters, units.
const MOST_HEADER_ROWS: usize = 3;

/// A non-empty cell of the first rows.
#[derive(Debug, Clone)]
pub(super) struct HeadCell<'a> {
    /// The columns that it spans.
    pub(super) columns: RangeInclusive<u32>,
    pub(super) text: Cow<'a, str>,
    pub(super) kind: HeadKind,
}

/// What a cell may be in a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HeadKind {
    Name,
    /// A year or a date, which names a column as well as it fills one.
    Period,
    Value,
}

#[derive(Debug, Clone)]
pub(super) struct HeadRow<'a> {
    /// From 0, blank rows counted.
    pub(super) number: u32,
    /// By column.
    pub(super) cells: Vec<HeadCell<'a>>,
}

/// The rows of the header and the names in them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Header {
    /// Indices of the rows; those before are titles.
    pub(super) rows: Range<usize>,
    /// The names by column; unnamed columns are missing.
    pub(super) names: BTreeMap<u32, String>,
    /// The row is one of names, by what stands in it and below.
    pub(super) is_certain: bool,
}

impl HeadKind {
    /// The kind of a text by its spelling.
    pub(super) fn of_text(text: &str) -> Self {
        let text = text.trim();
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        let is_number = text.chars().all(|c| c.is_ascii_digit() || "+-.,:/ %€$£".contains(c));
        match () {
            () if is_year(text) => Self::Period,
            () if digits > 0 && is_number => Self::Value,
            () => Self::Name,
        }
    }
}

impl HeadRow<'_> {
    /// The number of columns that its cells span.
    fn width(&self) -> usize {
        let columns = |cell: &HeadCell| (cell.columns.end() - cell.columns.start()) as usize + 1;
        self.cells.iter().map(columns).sum()
    }

    fn has_names_only(&self) -> bool {
        self.cells.iter().all(|cell| cell.kind != HeadKind::Value)
            && self.cells.iter().any(|cell| cell.kind == HeadKind::Name)
    }

    fn spans_columns(&self) -> bool {
        self.cells.len() > 1 && self.width() > self.cells.len()
    }

    fn has_equal_names(&self) -> bool {
        let mut seen = HashSet::new();
        !self.cells.iter().all(|cell| seen.insert(&cell.text))
    }

    /// The last cell that starts at the column or left of it.
    fn cell_before(&self, column: u32) -> Option<&HeadCell<'_>> {
        let place = self.cells.partition_point(|cell| *cell.columns.start() <= column);
        self.cells.get(place.checked_sub(1)?)
    }

    fn follows(&self, row: &Self) -> bool {
        self.number == row.number + 1
    }
}

/// The header that the option names, or the one that is found; `None` without rows for it.
pub(super) fn header(rows: &[HeadRow], option: HeaderRow) -> Option<Header> {
    match option {
        HeaderRow::None => Some(Header::default()),
        HeaderRow::At(row) => (row < rows.len()).then(|| Header {
            rows: row..row + 1,
            names: names(rows, row..row + 1),
            is_certain: true,
        }),
        HeaderRow::Found if rows.is_empty() => None,
        HeaderRow::Found => Some(found(rows)),
    }
}

/// The header is the first row of names that spans most columns; what stands above it has fewer
/// cells. Without such a row it is the first one.
fn found(rows: &[HeadRow]) -> Header {
    let first = first_of_names(rows);
    let top = first.unwrap_or(0);
    let mut header = top..top + 1;
    while header.len() < MOST_HEADER_ROWS
        && first.is_some()
        && let [last, next, below, ..] = &rows[header.end - 1..]
        && last.spans_columns()
        && next.follows(last)
        && next.has_names_only()
        && !below.cells.is_empty()
    {
        header.end += 1;
    }
    // Groups of columns that are not merged: their names stand above equal ones.
    if header.len() == 1
        && top > 0
        && rows[top].has_equal_names()
        && rows[top - 1].cells.len() > 1
        && rows[top].follows(&rows[top - 1])
        && rows[top - 1].cells.iter().all(|cell| cell.kind != HeadKind::Value)
    {
        header.start -= 1;
    }
    Header { names: names(rows, header.clone()), rows: header, is_certain: first.is_some() }
}

fn first_of_names(rows: &[HeadRow]) -> Option<usize> {
    let width = rows.iter().map(|row| row.cells.len()).max().unwrap_or(0);
    let is_wide = |row: &HeadRow| row.width() * 2 > width;
    let has_names =
        |row: &HeadRow| is_wide(row) && row.has_names_only() && (row.cells.len() > 1 || width == 1);
    let is_parted = |index: usize| index > 0 && !rows[index].follows(&rows[index - 1]);
    let are_narrower =
        |index: usize| rows[..index].iter().all(|row| row.cells.len() < rows[index].cells.len());
    let mut named = (0..rows.len().min(MOST_TITLES + 1)).filter(|index| has_names(&rows[*index]));
    let first = named.next()?;
    // A form above the table may look like names, too.
    let is_table =
        |index: &usize| is_parted(*index) && are_narrower(*index) && rows.len() - index >= *index;
    let index = named.find(is_table).unwrap_or(first);
    let below = rows.get(index + 1..).filter(|below| !below.is_empty())?;
    if index == 0 {
        return Some(index);
    }
    // A wide row above is a record, unless a blank row parts it from the table.
    let are_titles = (is_parted(index) && are_narrower(index))
        || rows[..index].iter().all(|row| row.cells.len() == 1 || !is_wide(row));
    let is_evident = width > 2 || is_parted(index) || has_values_below(&rows[index], below);
    (is_evident && are_titles).then_some(index)
}

/// Whether a column of names has only values below.
pub(super) fn has_values_below(names: &HeadRow, below: &[HeadRow]) -> bool {
    names.cells.iter().any(|name| {
        let column = *name.columns.start();
        let in_column = |row: &HeadRow| {
            let cell = row.cell_before(column).filter(|cell| cell.columns.contains(&column));
            cell.map(|cell| cell.kind)
        };
        let mut kinds = below.iter().filter_map(in_column).peekable();
        name.kind == HeadKind::Name
            && kinds.peek().is_some()
            && kinds.all(|kind| kind != HeadKind::Name)
    })
}

/// The names of each column from top to bottom, joined. A name above others without a span goes on
/// to the next one.
fn names(rows: &[HeadRow], header: Range<usize>) -> BTreeMap<u32, String> {
    let mut names: BTreeMap<u32, String> = BTreeMap::new();
    let Some((last, above)) = rows[header].split_last() else { return names };
    let cells = last.cells.iter().chain(above.iter().flat_map(|row| &row.cells));
    for column in cells.flat_map(|cell| cell.columns.clone()) {
        let mut parts: Vec<&str> = Vec::new();
        for (row, is_last) in above.iter().map(|row| (row, false)).chain([(last, true)]) {
            let goes_on = !is_last && !row.spans_columns();
            let cell = row.cell_before(column);
            let cell = cell.filter(|cell| goes_on || cell.columns.contains(&column));
            let part = cell.map_or("", |cell| cell.text.trim());
            if !part.is_empty() && !parts.contains(&part) {
                parts.push(part);
            }
        }
        names.insert(column, parts.join(" / "));
    }
    names
}

/// Numbers equal names as pandas does, `name`, `name.1`, and warns of them.
pub(super) fn number_equal_names(columns: &mut [String], warnings: &mut Vec<String>) {
    let all: HashSet<String> = columns.iter().cloned().collect();
    if all.len() == columns.len() {
        return;
    }
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut taken = all;
    let mut equal: Vec<String> = Vec::new();
    for column in columns {
        let count = seen.entry(column.clone()).or_insert(0);
        if *count == 0 {
            *count = 1;
            continue;
        }
        if *count == 1 {
            equal.push(format!("`{column}`"));
        }
        let mut numbered = format!("{column}.{count}");
        while taken.contains(&numbered) {
            *count += 1;
            numbered = format!("{column}.{count}");
        }
        *count += 1;
        taken.insert(numbered.clone());
        *column = numbered;
    }
    warnings.push(format!("columns of one name are numbered: {}", equal.join(", ")));
}

/// The names of the columns, with those without a name by `unnamed`.
pub(super) fn column_names(
    header: &Header,
    option: HeaderRow,
    columns: impl Iterator<Item = u32>,
    unnamed: impl Fn(u32) -> String,
) -> Vec<String> {
    let taken: HashSet<&str> = header.names.values().map(String::as_str).collect();
    let is_taken = |name: &str| taken.contains(name);
    let name = |column: u32| match header.names.get(&column).filter(|name| !name.is_empty()) {
        Some(name) => name.clone(),
        None if option == HeaderRow::None => column.to_string(),
        None => free(unnamed(column), is_taken),
    };
    columns.map(name).collect()
}

/// Warnings about titles above the header, and about a header that may be one.
pub(super) fn warnings(header: &Header, option: HeaderRow, columns: usize) -> Vec<String> {
    let titles = header.rows.start;
    match option {
        HeaderRow::Found if titles > 0 => {
            vec![format!(
                "the header was found in row {} (blank rows not counted), and what stands above is \
                 not part of the records; header=0 takes the first row",
                titles + 1
            )]
        }
        HeaderRow::None => Vec::new(),
        _ if header.names.len() == 1 && columns > 1 => vec![format!(
            "the header names one of {columns} columns; if it is a title, skip it with header=1 or \
             skiprows"
        )],
        _ => Vec::new(),
    }
}

fn is_year(text: &str) -> bool {
    text.len() == 4 && text.parse().is_ok_and(|year: u16| (1900..=2100).contains(&year))
}

#[cfg(test)]
mod tests;
