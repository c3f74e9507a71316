//! Level ruling lines that are cut at the borders of columns, as word processors draw them cell by
//! cell: they tell the columns and the extent of a table that has no upright ruling lines.

use hayro_interpret::kurbo::Rect;

use super::evidence::is_number;
use super::phrases::{Phrase, PhraseLine};
use crate::FileError;
use crate::context::ReadContext;
use crate::pdf::drawing::ruling_lines::RulingLine;
use crate::pdf::layout::words::PageWord;

/// Ruling lines, and ends of them, within this distance, in points, are one: chosen by hand, not
/// measured.
const SAME: f64 = 1.5;
/// A shorter part of a ruling line, in points, is no column: chosen by hand.
const LEAST_PART: f64 = 2.0;
/// A ruling line of more parts is a drawing: chosen by hand.
const MOST_PARTS: usize = 200;
/// The least number of columns, and of ruling lines, of a table: chosen by hand.
const LEAST_COLUMNS: usize = 3;
const LEAST_LINES: usize = 2;
/// The most height of a header over the first ruling line, in points: chosen by hand.
const HEADER: f64 = 30.0;
/// The same between two ruling lines.
const MOST_HEADER: f64 = 90.0;
/// The most distance of the ends of ruling lines of a table, in points: chosen by hand.
const REACH: f64 = 5.0;
/// The least lines with numbers: chosen by hand.
const LEAST_NUMBERED: usize = 3;
/// The most distance of labels from the ruling line under them, in ems: chosen by hand.
const LEADING: f64 = 2.0;
/// The widest gap between words of a cell, in ems: chosen by hand.
const COLUMN_GAP: f64 = 1.0;
/// The least lines for each one that has a wide gap within a column: chosen by hand.
const MOST_OPEN: usize = 4;
/// The most lines of prose across the columns, and the least words of such a line: chosen by hand.
const MOST_PROSE: usize = 2;
const PROSE_WORDS: usize = 8;

/// Ruling lines that are cut at the same places.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct CutRules {
    /// The places of the cuts, and both ends.
    edges: Vec<f64>,
    /// The y of the lines from end to end, and of the first and last of all lines.
    whole: Vec<f64>,
    top: f64,
    bottom: f64,
}

/// Finds them among the ruling lines of a page, before they are joined.
pub(super) fn find(
    context: &ReadContext,
    rulings: &[RulingLine],
) -> Result<Vec<CutRules>, FileError> {
    let is_part = |ruling: &&RulingLine| ruling.level && ruling.length() >= LEAST_PART;
    let mut parts: Vec<RulingLine> = rulings.iter().filter(is_part).copied().collect();
    parts.sort_by(|a, b| a.at.total_cmp(&b.at));
    let mut found: Vec<CutRules> = Vec::new();
    for level in parts.chunk_by_mut(|a, b| b.at - a.at <= SAME) {
        context.check_time()?;
        let at = level[0].at;
        for edges in chains(level) {
            match found.iter_mut().rev().find(|rules| rules.agree(&edges)) {
                Some(rules) => rules.push(at, edges),
                None => found.push(CutRules { edges, whole: vec![at], top: at, bottom: at }),
            }
        }
    }
    found.retain(|rules| rules.edges.len() > LEAST_COLUMNS && rules.whole.len() >= LEAST_LINES);
    Ok(found)
}

/// The ends of the parts of a ruling line that touch each other, for each such line.
fn chains(level: &mut [RulingLine]) -> Vec<Vec<f64>> {
    if level.len() < 2 || level.len() > MOST_PARTS {
        return Vec::new();
    }
    level.sort_by(|a, b| a.start.total_cmp(&b.start).then(a.end.total_cmp(&b.end)));
    let mut chains: Vec<Vec<f64>> = Vec::new();
    for (place, part) in level.iter().enumerate() {
        // A line over the whole table, or one that is drawn twice.
        let covers = |other: &RulingLine| {
            other.start > part.start - SAME
                && other.end < part.end + SAME
                && other.length() < part.length() - SAME
        };
        if level[place..].iter().chain(&level[..place]).any(covers) {
            continue;
        }
        match chains.last_mut().and_then(|chain| Some((*chain.last()?, chain))) {
            Some((end, chain)) if (part.start - end).abs() <= SAME => chain.push(part.end),
            Some((end, _)) if (part.end - end).abs() <= SAME => {}
            _ => chains.push(vec![part.start, part.end]),
        }
    }
    chains.retain(|chain| chain.len() > 2);
    chains
}

impl CutRules {
    /// Whether each end of the one is that of a part of the other.
    fn agree(&self, edges: &[f64]) -> bool {
        let (few, many) = if edges.len() < self.edges.len() {
            (edges, &self.edges[..])
        } else {
            (&self.edges[..], edges)
        };
        few.iter().all(|edge| many.iter().any(|other| (edge - other).abs() <= SAME))
    }

    fn push(&mut self, at: f64, edges: Vec<f64>) {
        self.bottom = at;
        if edges.len() > self.edges.len() {
            self.edges = edges;
            self.whole = vec![at];
        } else if edges.len() == self.edges.len() {
            self.whole.push(at);
        }
    }

    /// The words of the table: those between its ruling lines, and those of a header above them. None
    /// if its sides cut words. `rulings` are those of the page, `free` the words that may be in a table.
    pub(super) fn members(
        &self,
        words: &[PageWord],
        rulings: &[RulingLine],
        free: &[usize],
    ) -> Vec<usize> {
        let (left, right) = (self.edges[0] - SAME, self.edges[self.edges.len() - 1] + SAME);
        // A ruling line over the header may not be cut.
        let is_over = |ruling: &&RulingLine| {
            ruling.level
                && (self.top - MOST_HEADER..self.top - SAME).contains(&ruling.at)
                && (ruling.start - left).abs() < REACH
                && (ruling.end - right).abs() < REACH
        };
        let over = rulings.iter().filter(is_over).map(|ruling| ruling.at).reduce(f64::max);
        let area = Rect::new(left, over.unwrap_or(self.top - HEADER), right, self.bottom);
        let in_height = |word: &&usize| {
            let middle = words[**word].bounds.center().y;
            area.y0 < middle && middle < area.y1
        };
        let is_cut = |word: &usize| {
            let bounds = words[*word].bounds;
            [left, right].iter().any(|x| bounds.x0 < x - SAME && *x + SAME < bounds.x1)
        };
        let band: Vec<usize> = free.iter().filter(in_height).copied().collect();
        if band.iter().any(is_cut) {
            return Vec::new();
        }
        band.into_iter().filter(|word| area.contains(words[*word].bounds.center())).collect()
    }

    /// The first of the lines: that below the first ruling line, or the labels right above it.
    pub(super) fn start(&self, lines: &[PhraseLine]) -> usize {
        let start = lines.partition_point(|line| line.middle() < self.top);
        let inner = &self.edges[1..self.edges.len() - 1];
        let column = |x: f64| inner.partition_point(|edge| *edge < x);
        let is_label = |phrase: &Phrase| column(phrase.left) == column(phrase.right);
        let is_header = |line: &PhraseLine| {
            line.phrases.len() > 1
                && line.phrases.iter().all(is_label)
                && self.top - line.baseline < LEADING * line.size
        };
        let above = start.checked_sub(1);
        above.filter(|above| lines.get(*above).is_some_and(is_header)).unwrap_or(start)
    }

    /// Whether the borders part the columns of all lines: the first one is of labels, others have numbers,
    /// and few of them have a wide gap within a column.
    pub(super) fn are_told(words: &[PageWord], lines: &[PhraseLine], borders: &[f64]) -> bool {
        let column = |x: f64| borders.partition_point(|border| *border < x);
        let is_open = |line: &&PhraseLine| {
            line.phrases.windows(2).any(|pair| {
                column(pair[0].right) == column(pair[1].left)
                    && pair[1].left - pair[0].right > COLUMN_GAP * line.size
            })
        };
        let numbers = |line: &PhraseLine| -> Vec<&str> {
            let all = line.phrases.iter().flat_map(|phrase| &phrase.words);
            all.map(|word| words[*word].text.as_str()).filter(|text| is_number(text)).collect()
        };
        // Labels may be years.
        let is_amount = |text: &&str| text.contains([',', '.', '%', '$', '€', '£']);
        borders.len() + 1 >= LEAST_COLUMNS
            && lines.iter().filter(is_open).count() * MOST_OPEN <= lines.len()
            && lines.iter().filter(|line| !numbers(line).is_empty()).count() >= LEAST_NUMBERED
            && lines.first().is_some_and(|line| !numbers(line).iter().any(is_amount))
    }

    /// The borders between those columns that have words; none if prose runs across them.
    pub(super) fn borders(&self, words: &[PageWord], lines: &[PhraseLine]) -> Vec<f64> {
        let inner = &self.edges[1..self.edges.len() - 1];
        let column = |x: f64| inner.partition_point(|edge| *edge < x);
        let is_prose = |line: &&PhraseLine| {
            let across = |phrase: &Phrase| {
                phrase.words.len() >= PROSE_WORDS && column(phrase.left) + 1 < column(phrase.right)
            };
            line.phrases.iter().any(across)
        };
        if lines.iter().filter(is_prose).count() > MOST_PROSE {
            return Vec::new();
        }
        let mut is_filled = vec![false; inner.len() + 1];
        for word in lines.iter().flat_map(|line| &line.phrases).flat_map(|phrase| &phrase.words) {
            is_filled[column(words[*word].bounds.center().x)] = true;
        }
        let mut borders = Vec::new();
        let mut before = is_filled[0];
        for (edge, is_filled) in inner.iter().zip(&is_filled[1..]) {
            if *is_filled && before {
                borders.push(between(words, lines, *edge));
            }
            before |= is_filled;
        }
        borders
    }
}

/// The place in the strip without words at the cut, which the words of a column may cross by a little.
fn between(words: &[PageWord], lines: &[PhraseLine], edge: f64) -> f64 {
    let all = || lines.iter().flat_map(|line| &line.phrases).flat_map(|phrase| &phrase.words);
    let bounds = || all().map(|word| words[*word].bounds);
    let start = bounds().map(|word| word.x1).filter(|end| *end <= edge + SAME).reduce(f64::max);
    let end = bounds().map(|word| word.x0).filter(|start| *start >= edge - SAME).reduce(f64::min);
    match (start, end) {
        (Some(start), Some(end)) if start <= end => {
            let middle = f64::midpoint(start, end);
            edge.clamp(middle.min(start + SAME), middle.max(end - SAME))
        }
        _ => edge,
    }
}

#[cfg(test)]
mod tests {
    use super::CutRules;
    use crate::ReadOptions;
    use crate::context::ReadContext;
    use crate::pdf::drawing::ruling_lines::{RulingLine, level};
    use crate::pdf::tables::tests::{rows, tables};

    fn find(rulings: &[RulingLine]) -> Vec<CutRules> {
        super::find(&ReadContext::new("x", &ReadOptions::default()), rulings).unwrap()
    }

    /// A ruling line that is cut at the places.
    fn cut(at: f64, places: &[f64]) -> Vec<RulingLine> {
        places.windows(2).map(|part| level(at, part[0], part[1])).collect()
    }

    #[test]
    fn lines_that_are_cut_at_the_same_places_are_together() {
        let edges = [50.0, 100.0, 150.0, 200.0];
        let mut rulings = [80.0, 120.0].map(|at| cut(at, &edges)).concat();
        // Part of a header, a line over the whole table, and one that is drawn twice.
        rulings.extend(cut(100.0, &edges[1..]));
        rulings.extend([level(120.0, 50.0, 200.0), level(80.0, 50.0, 100.0)]);
        let found = find(&rulings);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((&found[0].edges[..], &found[0].whole[..]), (&edges[..], &[80.0, 120.0][..]));
        assert_eq!(find(&cut(80.0, &edges)), [], "a single line");
        let two = [80.0, 120.0].map(|at| cut(at, &edges[1..])).concat();
        assert_eq!(find(&two), [], "two columns");
    }

    #[test]
    fn cuts_part_columns_without_a_gap_and_bound_the_table() {
        let texts = rows(
            &[50.0, 100.0, 133.0, 190.0],
            100.0,
            &[
                &["Name", "Rate", "Count", "which is the end of a sentence."],
                &["Tea", "(12.5)", "13456", "It is followed by another one"],
                &["Jam", "(13.5)", "14567", "which has nothing to do with"],
                &["Milk", "(14.5)", "15678", "the table on the left of it."],
            ],
        );
        let edges = [48.0, 98.0, 131.5, 170.0];
        let rulings = [88.0, 104.0, 140.0].map(|at| cut(at, &edges)).concat();
        let expected =
            ["Name|Rate|Count", "Tea|(12.5)|13456", "Jam|(13.5)|14567", "Milk|(14.5)|15678"];
        assert_eq!(tables(&texts, &rulings), [expected]);
        let joined = [88.0, 104.0, 140.0].map(|at| level(at, 48.0, 170.0));
        assert_ne!(tables(&texts, &joined), [expected]);
    }

    #[test]
    fn labels_right_above_the_first_line_are_the_header() {
        let mut texts = rows(&[50.0, 150.0, 250.0], 100.0, &[&["Item", "Rate", "Sum"]]);
        let data: &[&[&str]] =
            &[&["Tea", "2 x 4", "8"], &["Jam", "1 x 9", "9"], &["Milk", "2 x 3", "6"]];
        texts.extend(rows(&[50.0, 150.0, 250.0], 130.0, data));
        let rulings = [110.0, 160.0].map(|at| cut(at, &[48.0, 148.0, 248.0, 280.0])).concat();
        let expected = ["Item|Rate|Sum", "Tea|2 x 4|8", "Jam|1 x 9|9", "Milk|2 x 3|6"];
        assert_eq!(tables(&texts, &rulings), [expected]);
    }
}
