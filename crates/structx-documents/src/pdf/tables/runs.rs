//! Lines that follow each other and leave the same columns free between their words.
//!
//! The lines of a page are cut to runs so that as many lines as possible share as many free
//! columns ("rivers") as possible; a line that fits to none of its neighbours stands alone.

use super::lines::{LEAST_SPACE, Line, Phrase, lines};
use super::{Grid, rows};
use crate::FileError;
use crate::pdf::rules::Rule;
use crate::pdf::words::Word;
use crate::reading::Reading;

/// A column that no word of a run stands in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct River {
    pub(super) start: f64,
    pub(super) end: f64,
    /// How many lines have words on both sides of it.
    lines: usize,
}

/// Lines, by their places, and the rivers between their columns.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Run {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) rivers: Vec<River>,
}

/// In ems: the widest space between two lines of a table, from baseline to baseline.
const MOST_LEADING: f64 = 4.5;
/// What a run must gain over lines that stand alone, in lines times rivers.
const LEAST_GAIN: usize = 3;
/// What a line costs that reaches over rivers that others keep free, of several phrases and of one;
/// and the part of the width that it may reach over.
const PASSING: usize = 4;
const PASSING_ALONE: usize = 1;
const MOST_PASSING: f64 = 0.6;
/// Longer runs are put together from shorter ones.
const MOST_LINES: usize = 60;
/// Lines between two runs with the same rivers, such as a total that reaches over several columns.
const MOST_BETWEEN: usize = 2;
/// What makes a phrase prose, and how many of them make a column of prose.
const PROSE_WORDS: usize = 5;
const PROSE_LINES: usize = 6;

/// The tables of a page that no crossing rules part, from the words that are not taken yet.
pub(super) fn find(
    reading: &Reading,
    words: &[Word],
    rules: &[Rule],
    taken: &[bool],
) -> Result<Vec<Grid>, FileError> {
    let members = (0..words.len()).filter(|index| !taken[*index]).collect();
    let (lines, space) = lines(words, members);
    let mut grids = Vec::new();
    for zone in zones(words, lines, space) {
        let mut floor = 0;
        for run in join(cut(reading, &zone)?, &zone) {
            reading.check_time()?;
            grids.extend(rows::grid(words, rules, &zone, &run, floor));
            floor = run.end;
        }
    }
    Ok(grids)
}

/// The lines apart by the columns of the page, where it has two of prose: of these, no table goes
/// from one to the other.
fn zones(words: &[Word], lines: Vec<Line>, space: f64) -> Vec<Vec<Line>> {
    let Some(gutter) = gutter(&lines) else { return vec![lines] };
    let (mut whole, mut left, mut right) = (Vec::new(), Vec::new(), Vec::new());
    // How long the columns still go on.
    let mut until = f64::NEG_INFINITY;
    for line in lines {
        let crosses = |phrase: &Phrase| phrase.left < gutter - 1.0 && phrase.right > gutter;
        let has_prose = |phrase: &Phrase| phrase.words.len() >= PROSE_WORDS;
        if line.phrases.iter().any(crosses) {
            until = f64::NEG_INFINITY;
            whole.push(line);
            continue;
        }
        if line.phrases.iter().any(has_prose) {
            until = line.baseline + 2.5 * line.size;
        }
        if line.baseline > until {
            whole.push(line);
            continue;
        }
        let side = |is_left: bool| {
            let on_side = |phrase: &&Phrase| (phrase.left < gutter - 1.0) == is_left;
            let phrases = line.phrases.iter().filter(on_side);
            let members: Vec<usize> = phrases.flat_map(|phrase| phrase.words.clone()).collect();
            Line::new(words, &members, space)
        };
        left.extend(side(true));
        right.extend(side(false));
    }
    vec![whole, left, right]
}

/// Where the right one of two columns of prose begins.
fn gutter(lines: &[Line]) -> Option<f64> {
    let prose = |line: &Line| -> Vec<(f64, f64)> {
        let is_prose = |phrase: &&Phrase| phrase.words.len() >= PROSE_WORDS;
        let phrases = line.phrases.iter().filter(is_prose);
        phrases.map(|phrase| (phrase.left, phrase.right)).collect()
    };
    let mut prose: Vec<(f64, f64)> = lines.iter().flat_map(prose).collect();
    prose.sort_by(|a, b| a.0.total_cmp(&b.0));
    let columns: Vec<&[(f64, f64)]> = prose
        .chunk_by(|a, b| b.0 - a.0 < 3.0)
        .filter(|column| column.len() >= PROSE_LINES)
        .collect();
    let [first, .., last] = columns.as_slice() else { return None };
    let gutter = last[0].0;
    let over = prose.iter().filter(|(left, right)| *left < gutter - 1.0 && *right > gutter).count();
    let before = first.iter().filter(|(_, right)| *right < gutter).count();
    (before >= PROSE_LINES && over * 3 < before + last.len()).then_some(gutter)
}

/// The runs of the lines, best in all.
fn cut(reading: &Reading, lines: &[Line]) -> Result<Vec<Run>, FileError> {
    // For the lines up to each: the gain, and the run that ends there.
    let mut best: Vec<(usize, Option<Run>)> = vec![(0, None)];
    best.resize(lines.len() + 1, (0, None));
    let mut next = Vec::new();
    for start in 0..lines.len() {
        reading.check_time()?;
        if best[start + 1].0 <= best[start].0 {
            best[start + 1] = (best[start].0, None);
        }
        let least = LEAST_SPACE * lines[start].size;
        if lines[start].phrases.len() < 2 {
            continue;
        }
        let whole = River { start: f64::NEG_INFINITY, end: f64::INFINITY, lines: 0 };
        let mut rivers = vec![whole];
        let mut price = LEAST_GAIN - 1;
        for (end, line) in lines.iter().enumerate().skip(start).take(MOST_LINES) {
            if end > start && line.below(&lines[end - 1]) > MOST_LEADING * line.size {
                break;
            }
            if has_prose(line) {
                break;
            }
            narrow(&rivers, &line.phrases, least, &mut next);
            let lost = gain(&rivers).saturating_sub(gain(&next));
            let passing = if line.phrases.len() > 1 { PASSING } else { PASSING_ALONE };
            if lost >= passing && may_pass(&rivers, line) {
                price += passing;
                continue;
            }
            std::mem::swap(&mut rivers, &mut next);
            if end > start && inner(&rivers).next().is_none() {
                break;
            }
            let total = best[start].0 + gain(&rivers).saturating_sub(price);
            if total > best[end + 1].0 {
                let rivers = inner(&rivers).filter(|river| river.lines > 1).copied().collect();
                best[end + 1] = (total, Some(Run { start, end: end + 1, rivers }));
            }
        }
    }
    let mut runs = Vec::new();
    let mut end = lines.len();
    while end > 0 {
        match best[end].1.take() {
            Some(run) => {
                end = run.start;
                runs.push(run);
            }
            None => end -= 1,
        }
    }
    runs.reverse();
    Ok(runs)
}

/// How much the rivers are worth: a line more or less for each line along each of them.
fn gain(rivers: &[River]) -> usize {
    inner(rivers).map(|river| river.lines.saturating_sub(1)).sum()
}

/// Whether a line across rivers may be an entry that reaches over columns, and not prose.
fn may_pass(rivers: &[River], line: &Line) -> bool {
    let [first, .., last] = rivers else { return false };
    let width = |phrase: &Phrase| phrase.right - phrase.left;
    let widest = line.phrases.iter().map(width).fold(0.0, f64::max);
    widest < MOST_PASSING * (last.start - first.end)
}

fn inner(rivers: &[River]) -> impl Iterator<Item = &River> {
    rivers.iter().filter(|river| river.start.is_finite() && river.end.is_finite())
}

/// Columns of prose side by side.
fn has_prose(line: &Line) -> bool {
    line.phrases.iter().filter(|phrase| phrase.words.len() > PROSE_WORDS).count() > 1
}

/// What the phrases of one more line leave of the rivers.
fn narrow(rivers: &[River], phrases: &[Phrase], least: f64, left: &mut Vec<River>) {
    left.clear();
    let mut next = 0;
    for river in rivers {
        // The last phrase that ends before the river may still be the left side of it.
        while next < phrases.len() && phrases[next].right <= river.start {
            next += 1;
        }
        let mut start = river.start;
        let mut index = next;
        while start < river.end {
            let end = phrases.get(index).map_or(river.end, |phrase| phrase.left.min(river.end));
            if end - start >= least {
                let is_between = index > 0 && index < phrases.len();
                let lines = river.lines + usize::from(is_between);
                left.push(River { start, end, lines });
            }
            let Some(phrase) = phrases.get(index).filter(|phrase| phrase.left < river.end) else {
                break;
            };
            start = phrase.right.max(start);
            index += 1;
        }
    }
}

/// Runs with the same rivers that only a line or two part are one.
fn join(runs: Vec<Run>, lines: &[Line]) -> Vec<Run> {
    let mut joined: Vec<Run> = Vec::new();
    for run in runs {
        if let Some(last) = joined.last_mut()
            && let Some(rivers) = common(last, &run, lines)
        {
            *last = Run { start: last.start, end: run.end, rivers };
            continue;
        }
        joined.push(run);
    }
    joined
}

fn common(above: &Run, below: &Run, lines: &[Line]) -> Option<Vec<River>> {
    let is_near = below.start - above.end <= MOST_BETWEEN
        && (above.end..=below.start).all(|line| {
            lines[line].below(&lines[line - 1]) < 0.7 * MOST_LEADING * lines[line].size
        });
    if !is_near || above.rivers.len() != below.rivers.len() {
        return None;
    }
    let least = LEAST_SPACE * lines[above.start].size;
    let shared = |(a, b): (&River, &River)| {
        let (start, end) = (a.start.max(b.start), a.end.min(b.end));
        (end - start >= least).then_some(River { start, end, lines: a.lines + b.lines })
    };
    above.rivers.iter().zip(&below.rivers).map(shared).collect()
}
