//! The header of a table without ruling lines: where it ends, labels of several lines, and labels
//! over several columns.

use super::evidence::is_number;
use super::phrases::PhraseLine;
use super::rows::{CutLine, Entry, HEADER_LEADING, MOST_HEADER, is_lower};
use crate::pdf::drawing::ruling_lines::RulingLine;
use crate::pdf::layout::words::PageWord;

/// The most lines of a header that have numbers: chosen by hand.
const MOST_NUMBERED: usize = 2;
/// The largest distance of the lines of a header above a ruling line, in ems: chosen by hand.
const RULED_LEADING: f64 = 3.0;

/// The number of lines of the header. The first line of data has a label and more numbers than other
/// texts in the columns of numbers, or an amount; labels of a header may be years, or the bounds of
/// amounts.
pub(super) fn header_lines(words: &[PageWord], cuts: &[CutLine], numeric: &[bool]) -> usize {
    let is_value = |entry: &&Entry| numeric[entry.column];
    let numbers =
        |cut: &CutLine| cut.entries.iter().filter(is_value).filter(|entry| entry.is_number).count();
    // The text beside a table may be in columns before that of its labels.
    let labels = numeric.iter().position(|is_numeric| *is_numeric).unwrap_or(0);
    let is_data = |cut: &CutLine| {
        let (numbers, values) = (numbers(cut), cut.entries.iter().filter(is_value).count());
        let has_label = cut.entries[0].column < labels.max(1);
        let is_labelled = has_label && numbers > 0 && values * 2 <= numbers * 3;
        is_labelled || cut.entries.iter().skip(1).any(|entry| has_amount(words, entry))
    };
    let first = |is_data: &dyn Fn(&CutLine) -> bool| {
        cuts.iter().position(is_data).filter(|lines| *lines <= MOST_HEADER)
    };
    let first_number = first(&|cut| numbers(cut) > 0);
    first(&is_data)
        .filter(|lines| first_number.is_none_or(|first| lines - first <= MOST_NUMBERED))
        .or(first_number)
        .unwrap_or(0)
}

/// The number of lines above the first ruling line across the table, if they can be a header: none
/// has an amount, and only the last one may look like data, as labels may be years.
pub(super) fn ruled_header(words: &[PageWord], cuts: &[CutLine]) -> Option<usize> {
    let last = cuts.iter().skip(1).take(MOST_HEADER).position(|cut| cut.parted)?;
    let has_number = |cut: &CutLine| {
        cut.entries[0].column == 0 && cut.entries.iter().any(|entry| entry.is_number)
    };
    let mut above = cuts[..=last].iter().flat_map(|cut| &cut.entries);
    let has_amounts = above.any(|entry| has_amount(words, entry));
    (!has_amounts && !cuts[..last].iter().any(has_number)).then_some(last + 1)
}

/// Whether a word is a number with decimals.
fn has_amount(words: &[PageWord], entry: &Entry) -> bool {
    entry.words.iter().any(|word| {
        let (_, decimals) = words[*word].text.rsplit_once(['.', ',']).unwrap_or_default();
        is_number(&words[*word].text) && matches!(decimals.len(), 1 | 2)
    })
}

/// Joins the lines of the header. A wide gap, a ruling line, a line with nothing but the label of a
/// section, or the name of a field ends a part of it.
pub(super) fn header_rows(
    words: &[PageWord],
    cuts: &[CutLine],
    is_ruled: bool,
    columns: usize,
) -> Vec<Vec<Entry>> {
    let leading = if is_ruled { RULED_LEADING } else { HEADER_LEADING };
    let mut rows = Vec::new();
    let mut part: Vec<&[Entry]> = Vec::new();
    for (index, cut) in cuts.iter().enumerate() {
        let is_near = index == 0 || cut.line.below(cuts[index - 1].line) < leading * cut.line.size;
        // Beside labels that span columns, or above the line of others, it is one of them.
        let spans = part.last().is_some_and(|line| line.iter().any(|entry| entry.columns > 1));
        let above = index.checked_sub(1).map(|above| &cuts[above]).filter(|_| spans);
        let is_between = above.is_some_and(|above| cut.line.is_interleaved(above.line))
            || cuts.get(index + 1).is_some_and(|next| next.line.is_interleaved(cut.line));
        let is_section = cut.entries.len() == 1
            && cut.entries[0].column == 0
            && !is_between
            && !is_lower(words, &cut.entries[0])
            && part.iter().any(|line| line.len() > 1);
        let is_field = |line: &&[Entry]| {
            line[0].column == 0 && words[line[0].words[line[0].words.len() - 1]].text.ends_with(':')
        };
        if cut.parted || !is_near || is_section || part.last().is_some_and(is_field) {
            rows.extend(fold(&part, columns));
            part.clear();
        }
        part.push(&cut.entries);
    }
    rows.extend(fold(&part, columns));
    rows
}

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
