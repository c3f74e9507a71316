//! Tables without ruling lines: consecutive lines with the same gaps between their words.
//!
//! The lines of a page are cut into groups so that as many lines as possible share as many
//! column gaps as possible; a line that fits none of its neighbours stays alone.

use std::collections::HashSet;

use super::cut_rules::CutRules;
use super::evidence::is_number;
use super::phrases::{LEAST_SPACE, Phrase, PhraseLine, lines};
use super::{TableGrid, rows, side_by_side};
use crate::FileError;
use crate::context::ReadContext;
use crate::pdf::drawing::ruling_lines::RulingLine;
use crate::pdf::layout::words::PageWord;

/// A vertical strip without words in any line of a group.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct ColumnGap {
    pub(super) start: f64,
    pub(super) end: f64,
    /// The number of lines with words on both sides.
    lines: usize,
}

/// Consecutive lines, by their indexes, and the gaps between their columns.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LineGroup {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) column_gaps: Vec<ColumnGap>,
}

/// The largest distance of two lines of a table, from baseline to baseline, in ems: chosen by hand.
const MOST_LEADING: f64 = 4.5;
/// The least gain of a group over single lines, in lines times gaps: chosen by hand.
const LEAST_GAIN: usize = 3;
/// The cost of a line across gaps that other lines keep free, with several phrases and with one; and
/// the largest part of the width that it may cover. Chosen by hand.
const PASSING: usize = 4;
const PASSING_ALONE: usize = 1;
const MOST_PASSING: f64 = 0.6;
/// The most lines of a group in the search, to bound the time; longer tables are joined from several
/// groups.
const MOST_LINES: usize = 60;
/// The most lines between two groups with the same gaps, such as a total across columns.
const MOST_BETWEEN: usize = 2;
/// The least width of a gap that two groups share, one right below the other, in ems: a line may have
/// longer numbers than the others. Chosen by hand.
const LEAST_SHARED: f64 = 0.2;
/// The most lines of labels that are the header of a table: chosen by hand.
const MOST_LABELS: usize = 3;
/// The least number of words of a phrase of prose, and of phrases of a column of prose: chosen by
/// hand.
const PROSE_WORDS: usize = 5;
const PROSE_LINES: usize = 6;

/// Finds tables without crossing ruling lines among the words that are not taken yet.
pub(super) fn find(
    context: &ReadContext,
    words: &[PageWord],
    rulings: &[RulingLine],
    cut_rules: &[CutRules],
    taken: &[bool],
) -> Result<Vec<TableGrid>, FileError> {
    let mut free: Vec<usize> = (0..words.len()).filter(|index| !taken[*index]).collect();
    let mut grids = Vec::new();
    for rules in cut_rules {
        context.check_time()?;
        if let Some(grid) = grid_of(words, rulings, rules, &free) {
            let within: HashSet<usize> = grid.words().collect();
            free.retain(|word| !within.contains(word));
            grids.push(grid);
        }
    }
    let panels = side_by_side::panels(words, rulings, &free);
    if !panels.is_empty() {
        let within: HashSet<usize> = panels.iter().flatten().copied().collect();
        free.retain(|word| !within.contains(word));
    }
    for members in std::iter::once(free).chain(panels) {
        let (lines, space) = lines(words, members);
        for zone in zones(words, lines, space) {
            let mut floor = 0;
            for group in join(cut(context, &zone)?, &zone) {
                context.check_time()?;
                let grid = rows::grid(words, rulings, &zone, &group, floor);
                // Labels alone are no table, and may be the header of the next.
                if grid.is_some() || !are_labels(words, &zone[group.start..group.end]) {
                    floor = group.end;
                }
                grids.extend(grid);
            }
        }
    }
    Ok(grids)
}

/// The table whose columns cut ruling lines tell.
fn grid_of(
    words: &[PageWord],
    rulings: &[RulingLine],
    rules: &CutRules,
    free: &[usize],
) -> Option<TableGrid> {
    let (mut lines, _) = lines(words, rules.members(words, rulings, free));
    let start = rules.start(&lines);
    let borders = rules.borders(words, &lines[start..]);
    for line in &mut lines {
        line.part(words, &borders);
    }
    if !CutRules::are_told(words, &lines[start..], &borders) {
        return None;
    }
    let gap = |border: &f64| ColumnGap { start: *border, end: *border, lines: 0 };
    let column_gaps = borders.iter().map(gap).collect();
    let group = LineGroup { start, end: lines.len(), column_gaps };
    rows::grid(words, rulings, &lines, &group, 0)
}

/// Whether the lines are a few without numbers.
fn are_labels(words: &[PageWord], lines: &[PhraseLine]) -> bool {
    let is_value = |phrase: &Phrase| phrase.words.iter().any(|it| is_number(&words[*it].text));
    lines.len() <= MOST_LABELS && !lines.iter().flat_map(|line| &line.phrases).any(is_value)
}

/// Separates the lines by column if the page has two columns of prose, because no table crosses from
/// one to the other.
fn zones(words: &[PageWord], lines: Vec<PhraseLine>, space: f64) -> Vec<Vec<PhraseLine>> {
    let Some(gutter) = gutter(&lines) else { return vec![lines] };
    let (mut whole, mut left, mut right) = (Vec::new(), Vec::new(), Vec::new());
    // The y down to which the columns of prose continue.
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
            PhraseLine::new(words, &members, space)
        };
        left.extend(side(true));
        right.extend(side(false));
    }
    vec![whole, left, right]
}

/// The left edge of the right one of two columns of prose.
fn gutter(lines: &[PhraseLine]) -> Option<f64> {
    let prose = |line: &PhraseLine| -> Vec<(f64, f64)> {
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

/// Cuts the lines into groups of the highest total gain.
fn cut(context: &ReadContext, lines: &[PhraseLine]) -> Result<Vec<LineGroup>, FileError> {
    // For each prefix of the lines: the highest gain, and the group that ends there.
    let mut best: Vec<(usize, Option<LineGroup>)> = vec![(0, None)];
    best.resize(lines.len() + 1, (0, None));
    let mut next = Vec::new();
    for start in 0..lines.len() {
        context.check_time()?;
        if best[start + 1].0 <= best[start].0 {
            best[start + 1] = (best[start].0, None);
        }
        let least = LEAST_SPACE * lines[start].size;
        if lines[start].phrases.len() < 2 {
            continue;
        }
        let whole = ColumnGap { start: f64::NEG_INFINITY, end: f64::INFINITY, lines: 0 };
        let mut column_gaps = vec![whole];
        let mut price = LEAST_GAIN - 1;
        for (end, line) in lines.iter().enumerate().skip(start).take(MOST_LINES) {
            if end > start && line.below(&lines[end - 1]) > MOST_LEADING * line.size {
                break;
            }
            if has_prose(line) {
                break;
            }
            narrow(&column_gaps, &line.phrases, least, &mut next);
            let lost = gain(&column_gaps).saturating_sub(gain(&next));
            let passing = if line.phrases.len() > 1 { PASSING } else { PASSING_ALONE };
            if lost >= passing && may_pass(&column_gaps, line) {
                price += passing;
                continue;
            }
            std::mem::swap(&mut column_gaps, &mut next);
            if end > start && inner(&column_gaps).next().is_none() {
                break;
            }
            let total = best[start].0 + gain(&column_gaps).saturating_sub(price);
            if total > best[end + 1].0 {
                let column_gaps =
                    inner(&column_gaps).filter(|gap| gap.lines > 1).copied().collect();
                best[end + 1] = (total, Some(LineGroup { start, end: end + 1, column_gaps }));
            }
        }
    }
    let mut groups = Vec::new();
    let mut end = lines.len();
    while end > 0 {
        match best[end].1.take() {
            Some(group) => {
                end = group.start;
                groups.push(group);
            }
            None => end -= 1,
        }
    }
    groups.reverse();
    Ok(groups)
}

/// The gain of the gaps: for each, one less than the number of lines with words on both sides.
fn gain(column_gaps: &[ColumnGap]) -> usize {
    inner(column_gaps).map(|gap| gap.lines.saturating_sub(1)).sum()
}

/// Whether a line across gaps may be an entry that spans columns rather than prose.
fn may_pass(column_gaps: &[ColumnGap], line: &PhraseLine) -> bool {
    let [first, .., last] = column_gaps else { return false };
    let width = |phrase: &Phrase| phrase.right - phrase.left;
    let widest = line.phrases.iter().map(width).fold(0.0, f64::max);
    widest < MOST_PASSING * (last.start - first.end)
}

fn inner(column_gaps: &[ColumnGap]) -> impl Iterator<Item = &ColumnGap> {
    column_gaps.iter().filter(|gap| gap.start.is_finite() && gap.end.is_finite())
}

/// Whether the line has two phrases of prose side by side.
fn has_prose(line: &PhraseLine) -> bool {
    line.phrases.iter().filter(|phrase| phrase.words.len() > PROSE_WORDS).count() > 1
}

/// Narrows the gaps by the phrases of a further line.
fn narrow(column_gaps: &[ColumnGap], phrases: &[Phrase], least: f64, left: &mut Vec<ColumnGap>) {
    left.clear();
    let mut next = 0;
    for gap in column_gaps {
        // The last phrase that ends before the gap may still be its left side.
        while next < phrases.len() && phrases[next].right <= gap.start {
            next += 1;
        }
        let mut start = gap.start;
        let mut index = next;
        while start < gap.end {
            let end = phrases.get(index).map_or(gap.end, |phrase| phrase.left.min(gap.end));
            if end - start >= least {
                let is_between = index > 0 && index < phrases.len();
                let lines = gap.lines + usize::from(is_between);
                left.push(ColumnGap { start, end, lines });
            }
            let Some(phrase) = phrases.get(index).filter(|phrase| phrase.left < gap.end) else {
                break;
            };
            start = phrase.right.max(start);
            index += 1;
        }
    }
}

/// Joins groups with the same gaps that only a line or two separate.
fn join(groups: Vec<LineGroup>, lines: &[PhraseLine]) -> Vec<LineGroup> {
    let mut joined: Vec<LineGroup> = Vec::new();
    for group in groups {
        if let Some(last) = joined.last_mut()
            && let Some(column_gaps) = common(last, &group, lines)
        {
            *last = LineGroup { start: last.start, end: group.end, column_gaps };
            continue;
        }
        joined.push(group);
    }
    joined
}

fn common(above: &LineGroup, below: &LineGroup, lines: &[PhraseLine]) -> Option<Vec<ColumnGap>> {
    let is_near = below.start - above.end <= MOST_BETWEEN
        && (above.end..=below.start).all(|line| {
            lines[line].below(&lines[line - 1]) < 0.7 * MOST_LEADING * lines[line].size
        });
    if !is_near || above.column_gaps.len() != below.column_gaps.len() {
        return None;
    }
    let is_next = above.end == below.start;
    let least = if is_next { LEAST_SHARED } else { LEAST_SPACE } * lines[above.start].size;
    let shared = |(a, b): (&ColumnGap, &ColumnGap)| {
        let (start, end) = (a.start.max(b.start), a.end.min(b.end));
        (end - start >= least).then_some(ColumnGap { start, end, lines: a.lines + b.lines })
    };
    above.column_gaps.iter().zip(&below.column_gaps).map(shared).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{ColumnGap, LineGroup, Phrase, cut, gain, gutter, inner, join, narrow};
    use crate::ReadOptions;
    use crate::context::ReadContext;
    use crate::pdf::layout::test_words::words;
    use crate::pdf::tables::phrases::{PhraseLine, lines};

    const WHOLE: ColumnGap = ColumnGap { start: f64::NEG_INFINITY, end: f64::INFINITY, lines: 0 };

    fn phrase(left: f64, right: f64) -> Phrase {
        Phrase { left, right, words: vec![0] }
    }

    fn phrase_lines(texts: &[(f64, f64, &str)]) -> Vec<PhraseLine> {
        let words = words(texts);
        lines(&words, (0..words.len()).collect()).0
    }

    fn groups(lines: &[PhraseLine]) -> Vec<LineGroup> {
        cut(&ReadContext::new("x", &ReadOptions::default()), lines).unwrap()
    }

    fn row(y: f64, cells: [&'static str; 3]) -> impl Iterator<Item = (f64, f64, &'static str)> {
        [50.0, 150.0, 250.0].into_iter().zip(cells).map(move |(x, text)| (x, y, text))
    }

    #[test]
    fn gaps_are_narrowed_line_by_line() {
        let mut gaps = Vec::new();
        narrow(&[WHOLE], &[phrase(0.0, 10.0), phrase(50.0, 60.0)], 5.0, &mut gaps);
        let ends: Vec<_> = inner(&gaps).map(|gap| (gap.start, gap.end, gap.lines)).collect();
        assert_eq!(ends, [(10.0, 50.0, 1)]);
        let mut next = Vec::new();
        narrow(&gaps, &[phrase(0.0, 30.0), phrase(40.0, 60.0)], 5.0, &mut next);
        let ends: Vec<_> = inner(&next).map(|gap| (gap.start, gap.end, gap.lines)).collect();
        assert_eq!(ends, [(30.0, 40.0, 2)]);
        assert_eq!(gain(&next), 1);
        narrow(&next, &[phrase(0.0, 36.0), phrase(38.0, 60.0)], 5.0, &mut gaps);
        assert_eq!(inner(&gaps).count(), 0, "two points are too narrow");
    }

    #[test]
    fn lines_with_the_same_gaps_are_a_group() {
        let mut texts = vec![(50.0, 60.0, "A line of text over the table that has no gaps at all")];
        for (y, cells) in [
            (100.0, ["Item", "Count", "Sum"]),
            (112.0, ["Tea", "12", "18.00"]),
            (124.0, ["Milk", "1", "2.00"]),
        ] {
            texts.extend(row(y, cells));
        }
        let lines = phrase_lines(&texts);
        let found = groups(&lines);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].start, found[0].end, found[0].column_gaps.len()), (1, 4, 2));
        // Two lines gain too little.
        assert_eq!(groups(&phrase_lines(&texts[..7])).len(), 0);
    }

    #[test]
    fn groups_around_a_line_are_joined_if_their_gaps_agree() {
        let mut texts: Vec<_> =
            [100.0, 112.0, 124.0].into_iter().flat_map(|y| row(y, ["a", "1", "2"])).collect();
        texts.push((
            50.0,
            136.0,
            "a subtitle that runs across all of the columns of the table here",
        ));
        texts.extend([148.0, 160.0, 172.0].into_iter().flat_map(|y| row(y, ["b", "3", "4"])));
        let lines = phrase_lines(&texts);
        let apart = groups(&lines);
        let ends = |groups: &[LineGroup]| -> Vec<(usize, usize)> {
            groups.iter().map(|group| (group.start, group.end)).collect()
        };
        assert_eq!(ends(&join(apart.clone(), &lines)), [(0, 7)]);
        let mut shifted = apart;
        if let Some(last) = shifted.last_mut() {
            for gap in &mut last.column_gaps {
                (gap.start, gap.end) = (gap.start + 200.0, gap.end + 200.0);
            }
        }
        if shifted.len() == 2 {
            assert_eq!(join(shifted, &lines).len(), 2);
        }
    }

    #[test]
    fn two_columns_of_prose_have_a_gutter() {
        let columns = |rows: u32| -> Vec<PhraseLine> {
            let texts: Vec<_> = (0..rows)
                .flat_map(|row| {
                    let y = 100.0 + 12.0 * f64::from(row);
                    [(50.0, y, "these are five words here"), (300.0, y, "and these are five more")]
                })
                .collect();
            phrase_lines(&texts)
        };
        assert_eq!(gutter(&columns(6)), Some(300.0));
        assert_eq!(gutter(&columns(5)), None);
    }

    proptest! {
        /// Whatever the phrases: gaps stay free, in order, and at least as wide as asked.
        #[test]
        fn narrowed_gaps_are_free(starts in prop::collection::vec((0_u32..500, 1_u32..60), 1..12)) {
            let mut phrases: Vec<Phrase> =
                starts.iter().map(|(x, width)| phrase(f64::from(*x), f64::from(x + width))).collect();
            phrases.sort_by(|a, b| a.left.total_cmp(&b.left));
            let mut gaps = Vec::new();
            narrow(&[WHOLE], &phrases, 5.0, &mut gaps);
            for gap in &gaps {
                prop_assert!(gap.end - gap.start >= 5.0);
                prop_assert!(phrases.iter().all(|it| it.right <= gap.start || it.left >= gap.end));
            }
            prop_assert!(gaps.windows(2).all(|pair| pair[0].end <= pair[1].start));
        }
    }
}
