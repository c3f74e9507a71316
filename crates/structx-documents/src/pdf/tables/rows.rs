//! Converts a group of lines to the rows of a table: columns, header, cells of several lines.

use super::evidence::{TableShape, is_number, is_sign};
use super::phrases::{Phrase, PhraseLine};
use super::stream::LineGroup;
use super::wrapped_lines::{add, both_have_numbers, interleaved, is_outdented, wraps, wraps_alone};
use super::{GridCell, TableGrid, header};
use crate::pdf::drawing::ruling_lines::RulingLine;
use crate::pdf::layout::words::PageWord;

/// Lines above a group that may belong to its header, at most: chosen by hand, not measured.
pub(super) const MOST_HEADER: usize = 6;
/// The largest distance of header lines, from baseline to baseline, in ems: chosen by hand.
pub(super) const HEADER_LEADING: f64 = 2.0;
/// The largest distance of the lines of a label, in ems: chosen by hand.
const MOST_TIGHT: f64 = 1.5;
/// The least ratio of the distance of rows to that of lines in a cell, if they differ: chosen by hand.
const LOOSE: f64 = 1.2;
/// The least part of the table's width that ruling lines between rows cover: chosen by hand.
const RULED: f64 = 0.6;

/// The words in one or more columns of a line or row.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) column: usize,
    pub(super) columns: usize,
    pub(super) words: Vec<usize>,
    pub(super) is_number: bool,
}

/// A line of a table, split at its columns.
pub(super) struct CutLine<'a> {
    pub(super) line: &'a PhraseLine,
    pub(super) entries: Vec<Entry>,
    /// A ruling line separates it from the line above.
    pub(super) ruled: bool,
    /// The ruling line begins at the left edge of the table.
    pub(super) parted: bool,
}

/// Converts the group to a table; `None` if it is not one. Its header begins at line `floor` or later.
pub(super) fn grid(
    words: &[PageWord],
    rulings: &[RulingLine],
    lines: &[PhraseLine],
    group: &LineGroup,
    floor: usize,
) -> Option<TableGrid> {
    let columns = ColumnLayout::new(words, lines, group);
    let (start, end) = (columns.header_start(words, lines, group, floor), group.end);
    let cut = |line| CutLine {
        line,
        entries: columns.entries(words, line, &[]),
        ruled: false,
        parted: false,
    };
    let kept = lines[start..end].iter().filter(|line| !line.is_typed_rule(words));
    let mut cuts: Vec<CutLine> = kept.map(cut).collect();
    trim(words, &mut cuts);
    let (level, rulings) = (rulings, across(rulings, &cuts));
    for index in 1..cuts.len() {
        let (above, below) = (cuts[index - 1].line.baseline, cuts[index].line.baseline);
        let mut between = rulings.iter().filter(|(y, _)| *y > above - 1.0 && *y < below - 1.0);
        cuts[index].parted = between.clone().any(|(_, from_left)| *from_left);
        cuts[index].ruled = between.next().is_some();
    }
    // A remark over the table, such as its unit.
    while let [first, second, _, ..] = cuts.as_slice()
        && first.entries.len() == 1
        && second.parted
    {
        cuts.remove(0);
    }
    let numeric = numeric(&cuts, columns.count());
    let known = header::header_lines(words, &cuts, &numeric);
    let ruled_header = header::ruled_header(words, &cuts).filter(|lines| *lines >= known);
    let header = ruled_header.unwrap_or(known);
    columns.widen_header(words, &mut cuts[..header], level);
    columns.widen_sections(words, &mut cuts[header..]);
    let rows = rows(words, &cuts, header, ruled_header.is_some(), columns.count());
    let shape = TableShape {
        columns: columns.count(),
        numeric: &numeric,
        rows: &rows,
        header: known,
        rulings: rulings.len(),
    };
    if !shape.is_table(words) {
        return None;
    }
    let row = |(row, entries): (usize, &Vec<Entry>)| -> Vec<GridCell> {
        let cell = |entry: &Entry| GridCell {
            row,
            column: entry.column,
            rows: 1,
            columns: entry.columns,
            words: entry.words.clone(),
        };
        entries.iter().map(cell).collect()
    };
    let cells: Vec<GridCell> = rows.iter().enumerate().flat_map(row).collect();
    let bounds = cells.iter().flat_map(|cell| &cell.words).map(|word| words[*word].bounds);
    Some(TableGrid { bounds: bounds.reduce(|area, word| area.union(word))?, cells })
}

/// The boundaries between columns, and the extent of the text in each.
struct ColumnLayout {
    boundaries: Vec<f64>,
    reach: Vec<(f64, f64)>,
}

impl ColumnLayout {
    fn new(words: &[PageWord], lines: &[PhraseLine], group: &LineGroup) -> Self {
        let middle = |gap: &super::stream::ColumnGap| f64::midpoint(gap.start, gap.end);
        let boundaries = group.column_gaps.iter().map(middle).collect();
        let mut columns = Self { boundaries, reach: Vec::new() };
        columns.drop_signs(words, &lines[group.start..group.end]);
        columns.reach = vec![(f64::INFINITY, f64::NEG_INFINITY); columns.count()];
        for phrase in lines[group.start..group.end].iter().flat_map(|line| &line.phrases) {
            let column = columns.of(phrase.left);
            if column == columns.of(phrase.right) {
                let reach = &mut columns.reach[column];
                *reach = (reach.0.min(phrase.left), reach.1.max(phrase.right));
            }
        }
        columns
    }

    fn count(&self) -> usize {
        self.boundaries.len() + 1
    }

    fn of(&self, x: f64) -> usize {
        self.boundaries.partition_point(|entry| *entry < x)
    }

    /// A column of nothing but currency signs belongs to the next one, of percent signs or brackets to the one before.
    fn drop_signs(&mut self, words: &[PageWord], lines: &[PhraseLine]) {
        let mut column = 0;
        while column < self.count() && self.count() > 2 {
            let inside = |phrase: &&Phrase| {
                self.of(phrase.left) == column && self.of(phrase.right) == column
            };
            let phrases = lines.iter().flat_map(|line| &line.phrases).filter(inside);
            let mut texts = phrases
                .flat_map(|phrase| &phrase.words)
                .map(|word| words[*word].text.as_str())
                .peekable();
            let opens = texts.peek().is_some_and(|text| "$€£¥(".contains(text));
            if texts.peek().is_some() && texts.all(is_sign) {
                let entry = if opens { column } else { column.saturating_sub(1) };
                self.boundaries.remove(entry.min(self.boundaries.len() - 1));
            } else {
                column += 1;
            }
        }
    }

    /// The first line of the header, above the group.
    fn header_start(
        &self,
        words: &[PageWord],
        lines: &[PhraseLine],
        group: &LineGroup,
        floor: usize,
    ) -> usize {
        let (left, right) = (self.reach[0].0, self.reach[self.count() - 1].1);
        let mut start = group.start;
        while start > floor && group.start - start < MOST_HEADER {
            let (line, next) = (&lines[start - 1], &lines[start]);
            let above = (start - 1 > floor).then(|| &lines[start - 2]);
            let is_header = next.below(line) < HEADER_LEADING * line.size.max(next.size)
                && line.left() > left - 2.0 * line.size
                && line.right() < right + 2.0 * line.size
                && (line.phrases.len() > 1
                    || self.of(line.left()) > 0
                    || line.is_typed_rule(words)
                    || above.is_some_and(|above| self.is_between(line, next, above)))
                && self.entries(words, line, &[]).iter().all(|entry| entry.words.len() < 12);
            if !is_header {
                break;
            }
            start -= 1;
        }
        start
    }

    /// Whether a line is the label of the first column only, lower than the line of other labels above
    /// it.
    fn is_between(&self, line: &PhraseLine, next: &PhraseLine, above: &PhraseLine) -> bool {
        next.below(line) < MOST_TIGHT * line.size
            && line.below(above) < line.size
            && self.of(line.right()) == 0
            && self.of(above.left()) > 0
    }

    /// Finds the columns that the labels of the header span.
    fn widen_header(&self, words: &[PageWord], header: &mut [CutLine], rulings: &[RulingLine]) {
        // For each line, which columns have a label below it.
        let mut below = vec![vec![false; self.count()]];
        for cut in header.iter_mut().rev() {
            let mut labelled = below.last().cloned().unwrap_or_default();
            cut.entries = self.entries(words, cut.line, &labelled);
            header::label(&mut labelled, &cut.entries);
            below.push(labelled);
        }
        let mut above = vec![false; self.count()];
        let end = |place: usize| -> Option<f64> {
            let is_apart = |cut: &&CutLine| !cut.line.is_interleaved(header[place].line);
            Some(header[place + 1..].iter().find(is_apart)?.line.middle())
        };
        let ends: Vec<f64> = (0..header.len()).map_while(end).collect();
        for ((cut, end), below) in header.iter_mut().zip(ends).zip(below.iter().rev().skip(1)) {
            let line = cut.line;
            // The lines that part a label from those below it; one from the left edge on parts rows.
            let parts = |ruling: &&RulingLine| {
                ruling.level
                    && (line.baseline - 1.0..end).contains(&ruling.at)
                    && ruling.start > self.reach[0].1.min(self.reach[0].0 + line.size)
            };
            let rulings: Vec<&RulingLine> = rulings.iter().filter(parts).collect();
            let labels = header::Labels { above: &above, below };
            header::widen(words, &mut cut.entries, line, &rulings, &labels, |x| self.of(x));
            header::label(&mut above, &cut.entries);
        }
    }

    /// Widens a label alone in its line that is centred over the columns after the first one to all of
    /// them.
    fn widen_sections(&self, words: &[PageWord], cuts: &mut [CutLine]) {
        let [_, first, .., last] = self.reach.as_slice() else { return };
        let centre = f64::midpoint(first.0, last.1);
        for cut in cuts {
            if let [phrase] = cut.line.phrases.as_slice()
                && phrase.left > first.1
                && phrase.right < last.0
                && (f64::midpoint(phrase.left, phrase.right) - centre).abs() < cut.line.size
                && !is_number(&text(words, &phrase.words))
            {
                let words = phrase.words.clone();
                let columns = self.count() - 1;
                cut.entries = vec![Entry { column: 1, columns, words, is_number: false }];
            }
        }
    }

    /// Splits the line at the columns. In a header, `below` says which columns have a label below.
    fn entries(&self, words: &[PageWord], line: &PhraseLine, below: &[bool]) -> Vec<Entry> {
        let mut entries: Vec<Entry> = Vec::new();
        for phrase in &line.phrases {
            let columns = self.of(phrase.left)..=self.of(phrase.right);
            let is_over = below.get(columns.clone()).is_some_and(|it| it.iter().all(|it| *it));
            let mut parts = self.split(words, phrase, columns.clone());
            // A label over several columns is not split.
            if is_over && parts.len() > 1 {
                parts = vec![(*columns.start(), *columns.end(), phrase.words.clone())];
            }
            for (first, last, members) in parts {
                match entries.last_mut() {
                    // Another phrase of the column, or of a cell that spans several columns.
                    Some(entry) if first < entry.column + entry.columns => {
                        entry.columns = entry.columns.max(last + 1 - entry.column);
                        entry.words.extend(members);
                    }
                    _ => entries.push(Entry {
                        column: first,
                        columns: last + 1 - first,
                        words: members,
                        is_number: false,
                    }),
                }
            }
        }
        for entry in &mut entries {
            entry.is_number = is_number(&text(words, &entry.words));
        }
        entries
    }

    /// Splits a phrase that covers several columns if each part is then aligned with its column;
    /// otherwise it is one cell.
    fn split(
        &self,
        words: &[PageWord],
        phrase: &Phrase,
        columns: std::ops::RangeInclusive<usize>,
    ) -> Vec<(usize, usize, Vec<usize>)> {
        let whole = vec![(*columns.start(), *columns.end(), phrase.words.clone())];
        if columns.start() == columns.end() {
            return whole;
        }
        let mut parts: Vec<(usize, usize, Vec<usize>)> = Vec::new();
        for index in &phrase.words {
            let bounds = words[*index].bounds;
            let column = self.of(bounds.center().x);
            match parts.last_mut() {
                Some((last, _, part)) if *last == column => part.push(*index),
                _ => parts.push((column, column, vec![*index])),
            }
        }
        let in_line = |(column, _, part): &(usize, usize, Vec<usize>)| {
            let (left, right) = self.reach[*column];
            let slack = words[part[0]].size;
            let start = words[part[0]].bounds.x0;
            let end = words[part[part.len() - 1]].bounds.x1;
            (start - left).abs() < slack
                || (end - right).abs() < slack
                || (start + end - left - right).abs() < slack
        };
        if parts.iter().all(in_line) { parts } else { whole }
    }
}

/// Removes titles above and remarks below the table.
fn trim(words: &[PageWord], cuts: &mut Vec<CutLine>) {
    let title =
        cuts.iter().take_while(|cut| cut.entries.len() < 2 && (cut.entries[0].column == 0)).count();
    cuts.drain(..title);
    while let [.., above, last] = cuts.as_slice()
        && last.entries.len() < 2
    {
        let entry = &last.entries[0];
        let aligned = above.entries.iter().any(|other| {
            other.column == entry.column
                && (left(words, other) - left(words, entry)).abs() < last.line.size
        });
        let tight = last.line.below(above.line) < 1.45 * last.line.size;
        let goes_on = aligned && tight && (entry.column > 0 || is_lower(words, entry));
        if entry.columns == 1 && goes_on || last.line.is_interleaved(above.line) {
            break;
        }
        cuts.pop();
    }
}

/// The y positions of the ruling lines across most of the table, at its edges or inside, and whether
/// they begin at its left edge.
fn across(rulings: &[RulingLine], cuts: &[CutLine]) -> Vec<(f64, bool)> {
    let (Some(first), Some(last)) = (cuts.first(), cuts.last()) else { return Vec::new() };
    let left = cuts.iter().map(|cut| cut.line.left()).fold(f64::INFINITY, f64::min);
    let right = cuts.iter().map(|cut| cut.line.right()).fold(f64::NEG_INFINITY, f64::max);
    let (top, bottom) = (first.line.top - first.line.size, last.line.bottom + last.line.size);
    let level = &rulings[..rulings.partition_point(|ruling| ruling.level)];
    let level = &level[level.partition_point(|ruling| ruling.at < top)..];
    let level = level.iter().take_while(|ruling| ruling.at < bottom);
    let mut heights: Vec<(f64, f64, bool)> = Vec::new();
    for ruling in level {
        let length = (ruling.end.min(right) - ruling.start.max(left)).max(0.0);
        let from_left = ruling.start < left + first.line.size;
        match heights.last_mut() {
            Some((at, sum, is_from_left)) if ruling.at - *at < 1.5 => {
                *sum += length;
                *is_from_left |= from_left;
            }
            _ => heights.push((ruling.at, length, from_left)),
        }
    }
    heights.retain(|(_, length, _)| *length > RULED * (right - left));
    heights.into_iter().map(|(at, _, from_left)| (at, from_left)).collect()
}

/// Which columns hold numbers.
fn numeric(cuts: &[CutLine], columns: usize) -> Vec<bool> {
    let mut counts = vec![(0, 0); columns];
    for entry in cuts.iter().flat_map(|cut| &cut.entries).filter(|entry| entry.columns == 1) {
        let (numbers, all) = &mut counts[entry.column];
        *numbers += usize::from(entry.is_number);
        *all += 1;
    }
    counts.iter().map(|(numbers, all)| *numbers > 1 && numbers * 5 >= all * 3).collect()
}

/// Joins the lines of one cell into rows.
fn rows(
    words: &[PageWord],
    cuts: &[CutLine],
    header: usize,
    is_ruled_header: bool,
    columns: usize,
) -> Vec<Vec<Entry>> {
    let mut gaps: Vec<f64> = cuts.windows(2).map(|pair| pair[1].line.below(pair[0].line)).collect();
    gaps.sort_by(f64::total_cmp);
    let tight = LOOSE * gaps.get(gaps.len() / 10).copied().unwrap_or(0.0);
    let loose = gaps.iter().filter(|gap| **gap > tight).count();
    let is_spaced = loose > 1 && loose * 5 > gaps.len();
    let is_ruled = cuts.iter().filter(|cut| cut.ruled).count() > 2.max(cuts.len() / 5);
    let mut rows = header::header_rows(words, &cuts[..header], is_ruled_header, columns);
    let interleaved = interleaved(cuts, header);
    for (index, cut) in cuts.iter().enumerate().skip(header) {
        let Some(row) = rows.last_mut() else {
            rows.push(cut.entries.clone());
            continue;
        };
        let gap = cut.line.below(cuts[index - 1].line);
        let goes_on = if interleaved.contains(&index) {
            !both_have_numbers(row, &cut.entries)
        } else if is_outdented(words, row, cut) || cut.ruled || index == header && header > 0 {
            false
        } else if is_ruled {
            !both_have_numbers(row, &cut.entries)
        } else if is_spaced {
            gap <= tight && wraps(row, &cut.entries)
                || is_lower(words, &cut.entries[0]) && wraps_alone(words, row, &cut.entries)
        } else {
            wraps_alone(words, row, &cut.entries)
        };
        if goes_on { add(row, &cut.entries) } else { rows.push(cut.entries.clone()) }
    }
    rows
}

fn left(words: &[PageWord], entry: &Entry) -> f64 {
    words[entry.words[0]].bounds.x0
}

pub(super) fn is_lower(words: &[PageWord], entry: &Entry) -> bool {
    words[entry.words[0]].text.starts_with(char::is_lowercase)
}

pub(super) fn text(words: &[PageWord], members: &[usize]) -> String {
    members.iter().map(|word| words[*word].text.as_str()).collect::<Vec<_>>().join(" ")
}
