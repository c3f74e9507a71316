//! The lines of a cell of several lines.

use std::collections::HashSet;

use super::rows::{CutLine, Entry, is_lower};
use crate::pdf::layout::words::PageWord;

/// The least indent of a label under another one, in ems: chosen by hand.
const OUTDENT: f64 = 0.5;

/// Whether both have a number in the same column.
pub(super) fn both_have_numbers(row: &[Entry], entries: &[Entry]) -> bool {
    entries.iter().any(|entry| {
        entry.is_number && row.iter().any(|other| other.column == entry.column && other.is_number)
    })
}

/// Whether a close line continues the cells of the row.
pub(super) fn wraps(row: &[Entry], entries: &[Entry]) -> bool {
    let within = |entry: &Entry| row.iter().any(|other| other.column == entry.column);
    let label_only = row.len() == 1 && row[0].column == 0 && !row[0].is_number;
    let has_numbers = entries.iter().any(|entry| entry.is_number);
    if label_only && entries.len() > 1 {
        within(&entries[0])
    } else {
        !has_numbers && entries.iter().all(within)
    }
}

/// Whether a line continues a cell, if rows are no further apart than the lines of a cell.
pub(super) fn wraps_alone(words: &[PageWord], row: &[Entry], entries: &[Entry]) -> bool {
    let [entry, others @ ..] = entries else { return false };
    let within =
        row.iter().position(|other| other.column == entry.column && other.columns >= entry.columns);
    if row.len() == 1 && !row[0].is_number && within == Some(0) {
        return is_lower(words, entry);
    }
    others.is_empty()
        && !entry.is_number
        && row.len() > 1
        && within
            .is_some_and(|place| !row[place].is_number && (place > 0 || is_lower(words, entry)))
}

/// Adds the entries of a further line to the row; no two entries of a row share a column.
pub(super) fn add(row: &mut Vec<Entry>, entries: &[Entry]) {
    for entry in entries {
        let is_at = |other: &&mut Entry| {
            (other.column..other.column + other.columns).contains(&entry.column)
        };
        if let Some(other) = row.iter_mut().find(is_at) {
            other.words.extend(&entry.words);
            other.is_number = false;
            continue;
        }
        let next = row.iter().map(|other| other.column).filter(|other| *other > entry.column).min();
        let free = next.map_or(entry.columns, |next| next - entry.column);
        row.push(Entry { columns: entry.columns.min(free), ..entry.clone() });
    }
    row.sort_by_key(|entry| entry.column);
}

/// Whether two lines have texts in the same column.
fn shares(above: &CutLine, cut: &CutLine) -> bool {
    let columns = |entry: &Entry| entry.column..entry.column + entry.columns;
    let meets =
        |entry: &Entry, other: &Entry| columns(other).any(|it| columns(entry).contains(&it));
    cut.entries.iter().any(|entry| above.entries.iter().any(|other| meets(entry, other)))
}

/// The lines that are in one row with the line above, too close to be below it: the lines of one
/// cell stand between those of another.
pub(super) fn interleaved(cuts: &[CutLine], header: usize) -> HashSet<usize> {
    let is_with = |above: &CutLine, cut: &CutLine| {
        cut.line.is_interleaved(above.line) && !cut.ruled && !shares(above, cut)
    };
    let mut found = HashSet::new();
    let mut start = header;
    for chain in cuts[header..].chunk_by(is_with) {
        // The lines of the columns of two texts side by side may be as close.
        if let [label, values, rest] = chain
            && label.entries.len() == 1
            && rest.entries.len() == 1
            && values.entries.len() > 1
            && shares(label, rest)
        {
            found.extend(start + 1..start + chain.len());
        }
        start += chain.len();
    }
    found
}

/// Whether a line begins further left than the label of the row, and is not centred under it.
pub(super) fn is_outdented(words: &[PageWord], row: &[Entry], cut: &CutLine) -> bool {
    let (Some(label), [entry, ..]) = (row.first(), cut.entries.as_slice()) else { return false };
    let edges = |entry: &Entry| {
        let bounds = entry.words.iter().map(|word| words[*word].bounds);
        bounds.reduce(|a, b| a.union(b)).map_or((0.0, 0.0), |all| (all.x0, all.center().x))
    };
    let ((left, middle), (other, of_other)) = (edges(label), edges(entry));
    label.column == 0
        && entry.column == 0
        && !is_lower(words, entry)
        && left - other > OUTDENT * cut.line.size
        && (middle - of_other).abs() > OUTDENT * cut.line.size
}

#[cfg(test)]
mod tests {
    use super::{Entry, add};

    #[test]
    fn entries_of_a_row_share_no_column() {
        let entry =
            |column, columns, word| Entry { column, columns, words: vec![word], is_number: false };
        let added = |mut row: Vec<Entry>, more: Entry| -> Vec<(usize, usize, Vec<usize>)> {
            add(&mut row, &[more]);
            row.into_iter().map(|entry| (entry.column, entry.columns, entry.words)).collect()
        };
        assert_eq!(added(vec![entry(0, 2, 0)], entry(1, 1, 1)), [(0, 2, vec![0, 1])]);
        let apart = [(0, 1, vec![1]), (1, 1, vec![0])];
        assert_eq!(added(vec![entry(1, 1, 0)], entry(0, 2, 1)), apart);
    }
}
