//! A run of lines as the rows of a table: columns, header, cells that go over several lines.

use super::evidence::{Shape, is_number, is_sign};
use super::lines::{Line, Phrase};
use super::runs::Run;
use super::{Cell, Grid};
use crate::pdf::rules::Rule;
use crate::pdf::words::Word;

/// Lines over a run that may belong to its header.
const MOST_HEADER: usize = 4;
/// In ems: how near the lines of a header are to the next ones, from baseline to baseline.
const HEADER_LEADING: f64 = 2.0;
/// How much more than the lines of a cell the rows are apart, where they are.
const LOOSE: f64 = 1.2;
/// How much of the width of a table the rules between its rows take.
const RULED: f64 = 0.6;

/// What stands in one or more columns of a line, or of a row.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) column: usize,
    pub(super) columns: usize,
    pub(super) words: Vec<usize>,
    pub(super) is_number: bool,
}

/// A line of a table, cut at its columns.
struct Cut<'a> {
    line: &'a Line,
    parts: Vec<Part>,
    /// A rule is between it and the line above.
    ruled: bool,
}

/// The table that the run is, its header from the line `floor` on; `None` where it is none.
pub(super) fn grid(
    words: &[Word],
    rules: &[Rule],
    lines: &[Line],
    run: &Run,
    floor: usize,
) -> Option<Grid> {
    let columns = Columns::new(words, lines, run);
    let (start, end) = (columns.header_start(words, lines, run, floor), run.end);
    let cut = |line| Cut { line, parts: columns.parts(words, line), ruled: false };
    let mut cuts: Vec<Cut> = lines[start..end].iter().map(cut).collect();
    trim(words, &mut cuts);
    let rules = across(rules, &cuts);
    for index in 1..cuts.len() {
        let (above, below) = (cuts[index - 1].line.baseline, cuts[index].line.baseline);
        cuts[index].ruled = rules.iter().any(|y| *y > above - 1.0 && *y < below - 1.0);
    }
    let numeric = numeric(&cuts, columns.count());
    let is_data = |cut: &Cut| cut.parts.iter().any(|part| part.is_number && numeric[part.column]);
    let header = cuts.iter().position(is_data).filter(|lines| *lines <= MOST_HEADER).unwrap_or(0);
    let rows = rows(words, &cuts, header);
    let shape = Shape {
        columns: columns.count(),
        numeric: &numeric,
        rows: &rows,
        header,
        rules: rules.len(),
    };
    if !shape.is_table(words) {
        return None;
    }
    let row = |(row, parts): (usize, &Vec<Part>)| -> Vec<Cell> {
        let cell = |part: &Part| Cell {
            row,
            column: part.column,
            rows: 1,
            columns: part.columns,
            words: part.words.clone(),
        };
        parts.iter().map(cell).collect()
    };
    let cells: Vec<Cell> = rows.iter().enumerate().flat_map(row).collect();
    let bounds = cells.iter().flat_map(|cell| &cell.words).map(|word| words[*word].bounds);
    Some(Grid { bounds: bounds.reduce(|area, word| area.union(word))?, cells })
}

/// Where the columns part, and from where to where each one is written on.
struct Columns {
    parts: Vec<f64>,
    reach: Vec<(f64, f64)>,
}

impl Columns {
    fn new(words: &[Word], lines: &[Line], run: &Run) -> Self {
        let middle = |river: &super::runs::River| f64::midpoint(river.start, river.end);
        let parts = run.rivers.iter().map(middle).collect();
        let mut columns = Self { parts, reach: Vec::new() };
        columns.drop_signs(words, &lines[run.start..run.end]);
        columns.reach = vec![(f64::INFINITY, f64::NEG_INFINITY); columns.count()];
        for phrase in lines[run.start..run.end].iter().flat_map(|line| &line.phrases) {
            let column = columns.of(phrase.left);
            if column == columns.of(phrase.right) {
                let reach = &mut columns.reach[column];
                *reach = (reach.0.min(phrase.left), reach.1.max(phrase.right));
            }
        }
        columns
    }

    fn count(&self) -> usize {
        self.parts.len() + 1
    }

    fn of(&self, x: f64) -> usize {
        self.parts.partition_point(|part| *part < x)
    }

    /// A column of nothing but currency signs belongs to the next one, of percent signs or brackets to the one before.
    fn drop_signs(&mut self, words: &[Word], lines: &[Line]) {
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
                let part = if opens { column } else { column.saturating_sub(1) };
                self.parts.remove(part.min(self.parts.len() - 1));
            } else {
                column += 1;
            }
        }
    }

    /// The first of the lines over the run that are its header.
    fn header_start(&self, words: &[Word], lines: &[Line], run: &Run, floor: usize) -> usize {
        let (left, right) = (self.reach[0].0, self.reach[self.count() - 1].1);
        let mut start = run.start;
        while start > floor && run.start - start < MOST_HEADER {
            let (line, next) = (&lines[start - 1], &lines[start]);
            let is_header = next.below(line) < HEADER_LEADING * line.size.max(next.size)
                && line.left() > left - 2.0 * line.size
                && line.right() < right + 2.0 * line.size
                && (line.phrases.len() > 1 || self.of(line.left()) > 0)
                && self.parts(words, line).iter().all(|part| part.words.len() < 12);
            if !is_header {
                break;
            }
            start -= 1;
        }
        start
    }

    fn parts(&self, words: &[Word], line: &Line) -> Vec<Part> {
        let mut parts: Vec<Part> = Vec::new();
        for phrase in &line.phrases {
            let columns = self.of(phrase.left)..=self.of(phrase.right);
            for (first, last, members) in self.split(words, phrase, columns) {
                match parts.last_mut() {
                    // Two phrases of a column, or of a cell that reaches over several.
                    Some(part) if first < part.column + part.columns => {
                        part.columns = part.columns.max(last + 1 - part.column);
                        part.words.extend(members);
                    }
                    _ => parts.push(Part {
                        column: first,
                        columns: last + 1 - first,
                        words: members,
                        is_number: false,
                    }),
                }
            }
        }
        for part in &mut parts {
            part.is_number = is_number(&text(words, &part.words));
        }
        parts
    }

    /// A phrase over several columns: cut at them where that leaves each piece in line with its
    /// column, else one cell.
    fn split(
        &self,
        words: &[Word],
        phrase: &Phrase,
        columns: std::ops::RangeInclusive<usize>,
    ) -> Vec<(usize, usize, Vec<usize>)> {
        let whole = vec![(*columns.start(), *columns.end(), phrase.words.clone())];
        if columns.start() == columns.end() {
            return whole;
        }
        let mut pieces: Vec<(usize, usize, Vec<usize>)> = Vec::new();
        for index in &phrase.words {
            let bounds = words[*index].bounds;
            let column = self.of(bounds.center().x);
            match pieces.last_mut() {
                Some((last, _, piece)) if *last == column => piece.push(*index),
                _ => pieces.push((column, column, vec![*index])),
            }
        }
        let in_line = |(column, _, piece): &(usize, usize, Vec<usize>)| {
            let (left, right) = self.reach[*column];
            let slack = words[piece[0]].size;
            let start = words[piece[0]].bounds.x0;
            let end = words[piece[piece.len() - 1]].bounds.x1;
            (start - left).abs() < slack
                || (end - right).abs() < slack
                || (start + end - left - right).abs() < slack
        };
        if pieces.iter().all(in_line) { pieces } else { whole }
    }
}

/// Takes titles above and remarks below from the ends.
fn trim(words: &[Word], cuts: &mut Vec<Cut>) {
    let title =
        cuts.iter().take_while(|cut| cut.parts.len() < 2 && (cut.parts[0].column == 0)).count();
    cuts.drain(..title);
    while let [.., above, last] = cuts.as_slice()
        && last.parts.len() < 2
    {
        let part = &last.parts[0];
        let aligned = above.parts.iter().any(|other| {
            other.column == part.column
                && (left(words, other) - left(words, part)).abs() < last.line.size
        });
        let tight = last.line.below(above.line) < 1.45 * last.line.size;
        if part.columns == 1 && aligned && tight && (part.column > 0 || is_lower(words, part)) {
            break;
        }
        cuts.pop();
    }
}

/// The heights of the rules that go along the most part of the table, at it or in it.
fn across(rules: &[Rule], cuts: &[Cut]) -> Vec<f64> {
    let (Some(first), Some(last)) = (cuts.first(), cuts.last()) else { return Vec::new() };
    let left = cuts.iter().map(|cut| cut.line.left()).fold(f64::INFINITY, f64::min);
    let right = cuts.iter().map(|cut| cut.line.right()).fold(f64::NEG_INFINITY, f64::max);
    let (top, bottom) = (first.line.top - first.line.size, last.line.bottom + last.line.size);
    let level = &rules[..rules.partition_point(|rule| rule.level)];
    let level = &level[level.partition_point(|rule| rule.at < top)..];
    let level = level.iter().take_while(|rule| rule.at < bottom);
    let mut heights: Vec<(f64, f64)> = Vec::new();
    for rule in level {
        let length = rule.end.min(right) - rule.start.max(left);
        match heights.last_mut() {
            Some((at, sum)) if rule.at - *at < 1.5 => *sum += length.max(0.0),
            _ => heights.push((rule.at, length.max(0.0))),
        }
    }
    heights.retain(|(_, length)| *length > RULED * (right - left));
    heights.into_iter().map(|(at, _)| at).collect()
}

/// Which columns hold numbers.
fn numeric(cuts: &[Cut], columns: usize) -> Vec<bool> {
    let mut counts = vec![(0, 0); columns];
    for part in cuts.iter().flat_map(|cut| &cut.parts).filter(|part| part.columns == 1) {
        let (numbers, all) = &mut counts[part.column];
        *numbers += usize::from(part.is_number);
        *all += 1;
    }
    counts.iter().map(|(numbers, all)| *numbers > 1 && numbers * 5 >= all * 3).collect()
}

/// The lines as rows: those of one cell together.
fn rows(words: &[Word], cuts: &[Cut], header: usize) -> Vec<Vec<Part>> {
    let mut gaps: Vec<f64> = cuts.windows(2).map(|pair| pair[1].line.below(pair[0].line)).collect();
    gaps.sort_by(f64::total_cmp);
    let tight = LOOSE * gaps.get(gaps.len() / 10).copied().unwrap_or(0.0);
    let loose = gaps.iter().filter(|gap| **gap > tight).count();
    let is_spaced = loose > 1 && loose * 5 > gaps.len();
    let is_ruled = cuts.iter().filter(|cut| cut.ruled).count() > 2.max(cuts.len() / 5);
    let mut rows: Vec<Vec<Part>> = Vec::new();
    for (index, cut) in cuts.iter().enumerate() {
        let Some(row) = rows.last_mut() else {
            rows.push(cut.parts.clone());
            continue;
        };
        let gap = cut.line.below(cuts[index - 1].line);
        let goes_on = if cut.ruled {
            false
        } else if index < header {
            heads(row, &cut.parts, gap < HEADER_LEADING * cut.line.size)
        } else if index == header && header > 0 {
            false
        } else if is_ruled {
            !both_have_numbers(row, &cut.parts)
        } else if is_spaced {
            gap <= tight && wraps(row, &cut.parts)
                || is_lower(words, &cut.parts[0]) && wraps_alone(words, row, &cut.parts)
        } else {
            wraps_alone(words, row, &cut.parts)
        };
        if goes_on { add(row, &cut.parts) } else { rows.push(cut.parts.clone()) }
    }
    rows
}

/// Whether a line of the header is one more line of the same cells.
fn heads(row: &[Part], parts: &[Part], is_near: bool) -> bool {
    let spans = |part: &Part| part.columns > 1;
    let is_section = parts.len() == 1 && parts[0].column == 0 && row.len() > 1;
    is_near && !row.iter().any(spans) && !parts.iter().any(spans) && !is_section
}

fn both_have_numbers(row: &[Part], parts: &[Part]) -> bool {
    parts.iter().any(|part| {
        part.is_number && row.iter().any(|other| other.column == part.column && other.is_number)
    })
}

/// Whether a line that is near is the rest of the row's cells.
fn wraps(row: &[Part], parts: &[Part]) -> bool {
    let within = |part: &Part| row.iter().any(|other| other.column == part.column);
    let label_only = row.len() == 1 && row[0].column == 0 && !row[0].is_number;
    let has_numbers = parts.iter().any(|part| part.is_number);
    if label_only && parts.len() > 1 {
        within(&parts[0])
    } else {
        !has_numbers && parts.iter().all(within)
    }
}

/// Whether a line is the rest of a cell, where all lines are as near as those of a cell.
fn wraps_alone(words: &[Word], row: &[Part], parts: &[Part]) -> bool {
    let [part, others @ ..] = parts else { return false };
    let within =
        row.iter().position(|other| other.column == part.column && other.columns >= part.columns);
    if row.len() == 1 && !row[0].is_number && within == Some(0) {
        return is_lower(words, part);
    }
    others.is_empty()
        && !part.is_number
        && row.len() > 1
        && within.is_some_and(|place| !row[place].is_number && (place > 0 || is_lower(words, part)))
}

fn add(row: &mut Vec<Part>, parts: &[Part]) {
    for part in parts {
        match row.iter_mut().find(|other| other.column == part.column) {
            Some(other) => {
                other.words.extend(&part.words);
                other.is_number = false;
            }
            None => row.push(part.clone()),
        }
    }
    row.sort_by_key(|part| part.column);
}

fn left(words: &[Word], part: &Part) -> f64 {
    words[part.words[0]].bounds.x0
}

fn is_lower(words: &[Word], part: &Part) -> bool {
    words[part.words[0]].text.starts_with(char::is_lowercase)
}

pub(super) fn text(words: &[Word], members: &[usize]) -> String {
    members.iter().map(|word| words[*word].text.as_str()).collect::<Vec<_>>().join(" ")
}
