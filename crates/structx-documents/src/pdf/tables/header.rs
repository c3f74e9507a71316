//! The header of a table without ruling lines: labels of several lines, and labels over several
//! columns.

use super::phrases::PhraseLine;
use super::rows::Entry;
use crate::pdf::drawing::ruling_lines::RulingLine;
use crate::pdf::layout::words::PageWord;

/// Joins the lines of the labels: those over several columns have a row of their own, and the label
/// of a column begins in the first row that is free, as if it spanned all rows down to the data.
pub(super) fn fold(lines: &[&[Entry]], columns: usize) -> Vec<Vec<Entry>> {
    let mut rows: Vec<Vec<Entry>> = Vec::new();
    // For each column the first row that is free, and the label that may go on in the next line, by
    // its row and place.
    let mut free = vec![0; columns];
    let mut open: Vec<Option<(usize, usize)>> = vec![None; columns];
    for entry in lines.iter().copied().flatten() {
        let range = entry.column..entry.column + entry.columns;
        let label = open[entry.column].filter(|(row, place)| {
            let label = &rows[*row][*place];
            (label.column, label.columns) == (entry.column, entry.columns)
        });
        if let Some((row, place)) = label {
            rows[row][place].words.extend(&entry.words);
            continue;
        }
        let row = free[range.clone()].iter().copied().max().unwrap_or(0);
        rows.resize_with(rows.len().max(row + 1), Vec::new);
        free[range.clone()].fill(row + 1);
        open[range].fill(Some((row, rows[row].len())));
        rows[row].push(Entry { is_number: false, ..entry.clone() });
    }
    for row in &mut rows {
        row.sort_by_key(|entry| entry.column);
    }
    rows
}

/// Which columns have a label of their own in a line above, and in a line below.
pub(super) struct Labels<'a> {
    pub(super) above: &'a [bool],
    pub(super) below: &'a [bool],
}

/// Marks the columns that have a label of their own.
pub(super) fn label(columns: &mut [bool], entries: &[Entry]) {
    for entry in entries.iter().filter(|entry| entry.columns == 1) {
        columns[entry.column] = true;
    }
}

/// Widens the labels of a line to the columns that have a label below and that the ruling line under
/// them spans, unless another column there has a label above the ruling line; `column` is that of an
/// x.
pub(super) fn widen(
    words: &[PageWord],
    entries: &mut [Entry],
    line: &PhraseLine,
    rulings: &[&RulingLine],
    labels: &Labels,
    column: impl Fn(f64) -> usize,
) {
    let mut before = 0;
    for place in 0..entries.len() {
        let next = entries.get(place + 1).map_or(labels.below.len(), |next| next.column);
        let entry = &mut entries[place];
        let edges = entry.words.iter().map(|word| words[*word].bounds);
        let (left, right) = edges
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(left, right), word| {
                (left.min(word.x0), right.max(word.x1))
            });
        let spans = |ruling: &&&RulingLine| {
            ruling.start <= left + line.size && ruling.end >= right - line.size
        };
        if let Some(ruling) = rulings.iter().find(spans) {
            let first = column(ruling.start + line.size).max(before);
            let last = column(ruling.end - line.size).min(next.saturating_sub(1));
            let mut under = (first..=last).filter(|column| labels.below[*column]);
            let own = entry.column..entry.column + entry.columns;
            let is_shared =
                (first..=last).any(|column| labels.above[column] && !own.contains(&column));
            if let (Some(first), Some(last), false) = (under.next(), under.next_back(), is_shared) {
                let end = (entry.column + entry.columns).max(last + 1);
                entry.column = entry.column.min(first);
                entry.columns = end - entry.column;
            }
        }
        before = entry.column + entry.columns;
    }
}

#[cfg(test)]
mod tests {
    use super::{Entry, Labels, fold, widen};
    use crate::pdf::drawing::ruling_lines::level;
    use crate::pdf::layout::test_words::words;
    use crate::pdf::tables::phrases::lines;

    fn entry(column: usize, columns: usize, word: usize) -> Entry {
        Entry { column, columns, words: vec![word], is_number: false }
    }

    /// The rows as the places, widths and words of their labels.
    fn folded(lines: &[&[Entry]]) -> Vec<Vec<(usize, usize, Vec<usize>)>> {
        let label = |entry: Entry| (entry.column, entry.columns, entry.words);
        let rows = fold(lines, 4).into_iter();
        rows.map(|row| row.into_iter().map(label).collect()).collect()
    }

    #[test]
    fn labels_of_several_lines_are_one() {
        let lines = [&[entry(1, 1, 0), entry(2, 1, 1)][..], &[entry(0, 1, 2), entry(2, 1, 3)]];
        let row = vec![(0, 1, vec![2]), (1, 1, vec![0]), (2, 1, vec![1, 3])];
        assert_eq!(folded(&lines), [row]);
    }

    #[test]
    fn a_label_over_columns_has_a_row_of_its_own() {
        let lines = [
            &[entry(1, 1, 0), entry(2, 2, 1)][..],
            &[entry(1, 1, 2), entry(2, 1, 3), entry(3, 1, 4)],
            &[entry(0, 1, 5), entry(2, 1, 6)],
        ];
        let rows = [
            vec![(0, 1, vec![5]), (1, 1, vec![0, 2]), (2, 2, vec![1])],
            vec![(2, 1, vec![3, 6]), (3, 1, vec![4])],
        ];
        assert_eq!(folded(&lines), rows);
    }

    #[test]
    fn a_label_over_columns_may_have_several_lines() {
        let lines = [&[entry(1, 3, 0)][..], &[entry(1, 3, 1)], &[entry(1, 1, 2), entry(3, 1, 3)]];
        let rows = [vec![(1, 3, vec![0, 1])], vec![(1, 1, vec![2]), (3, 1, vec![3])]];
        assert_eq!(folded(&lines), rows);
    }

    #[test]
    fn a_label_spans_the_columns_over_which_its_ruling_line_runs() {
        let words = words(&[(50.0, 100.0, "Year"), (200.0, 100.0, "Race")]);
        let line = lines(&words, vec![0, 1]).0.remove(0);
        let spans_under = |ruling, below: [bool; 4], above: [bool; 4]| {
            let labels = Labels { above: &above, below: &below };
            let mut entries = [entry(0, 1, 0), entry(2, 1, 1)];
            let column = |x: f64| [100.0, 180.0, 300.0].iter().filter(|edge| x > **edge).count();
            widen(&words, &mut entries, &line, &[&ruling], &labels, column);
            entries.map(|entry| (entry.column, entry.columns))
        };
        let spans = |ruling, below| spans_under(ruling, below, [false; 4]);
        let (all, three) = ([true; 4], [false, true, true, true]);
        assert_eq!(spans(level(104.0, 110.0, 400.0), three), [(0, 1), (1, 3)]);
        assert_eq!(spans(level(104.0, 190.0, 290.0), all), [(0, 1), (2, 1)]);
        // The ruling line is under the labels of two columns.
        let above = [false, true, true, false];
        assert_eq!(spans_under(level(104.0, 110.0, 400.0), three, above), [(0, 1), (2, 1)]);
        // One label below is its own second line.
        let one = [false, false, true, false];
        assert_eq!(spans(level(104.0, 110.0, 400.0), one), [(0, 1), (2, 1)]);
        assert_eq!(spans(level(104.0, 210.0, 400.0), three), [(0, 1), (2, 2)]);
    }
}
