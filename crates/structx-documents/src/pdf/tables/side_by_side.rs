//! Tables side by side: those with ruling lines of their own, and those with the same header.

use hayro_interpret::kurbo::Rect;

use super::evidence::is_number;
use super::phrases::lines;
use super::rows::text;
use super::{GridCell, TableGrid};
use crate::pdf::drawing::ruling_lines::RulingLine;
use crate::pdf::layout::words::PageWord;

/// The largest difference in the ends of the ruling lines of a table, in points: chosen by hand.
const SAME_END: f64 = 2.0;
/// The least number of ruling lines of a table, and the most widths of ruling lines of a page that
/// is not a drawing: chosen by hand.
const LEAST_LINES: usize = 3;
const MOST_WIDTHS: usize = 50;
/// The most height of a header over the first ruling line, in points: chosen by hand.
const HEADER: f64 = 30.0;

/// The words of each table that has level ruling lines of its own beside those of another table. `free`
/// are the words that may be in a table.
pub(super) fn panels(
    words: &[PageWord],
    rulings: &[RulingLine],
    free: &[usize],
) -> Vec<Vec<usize>> {
    let level = &rulings[..rulings.partition_point(|ruling| ruling.level)];
    let mut sets: Vec<Vec<RulingLine>> = Vec::new();
    for ruling in level {
        let is_same = |set: &&mut Vec<RulingLine>| {
            (set[0].start - ruling.start).abs() < SAME_END
                && (set[0].end - ruling.end).abs() < SAME_END
        };
        match sets.iter_mut().find(is_same) {
            Some(set) => set.push(*ruling),
            None => sets.push(vec![*ruling]),
        }
        if sets.len() > MOST_WIDTHS {
            return Vec::new();
        }
    }
    let area = |set: &Vec<RulingLine>| {
        let [first, .., last] = set.as_slice() else { return None };
        let area = Rect::new(first.start, first.at - HEADER, first.end, last.at);
        (set.len() >= LEAST_LINES).then_some(area)
    };
    let areas: Vec<Rect> = sets.iter().filter_map(area).collect();
    let has_neighbour = |area: &&Rect| {
        areas.iter().any(|other| {
            let beside = other.x0 > area.x1 || other.x1 < area.x0;
            let shared = area.y1.min(other.y1) - area.y0.max(other.y0);
            beside && shared * 2.0 > area.height().min(other.height())
        })
    };
    let within = |area: &Rect| -> Option<Vec<usize>> {
        let in_height = |word: &&usize| {
            let middle = words[**word].bounds.center().y;
            area.y0 < middle && middle < area.y1
        };
        let is_cut = |word: &usize| {
            let bounds = words[*word].bounds;
            [area.x0, area.x1].iter().any(|x| bounds.x0 < x - 1.0 && *x + 1.0 < bounds.x1)
        };
        let band: Vec<usize> = free.iter().filter(in_height).copied().collect();
        if band.iter().any(is_cut) {
            return None;
        }
        let members: Vec<usize> =
            band.into_iter().filter(|word| area.contains(words[*word].bounds.center())).collect();
        // A single column with ruling lines of its own is a part of a table.
        let lines = lines(words, members.clone()).0;
        let has_columns = lines.iter().filter(|line| line.phrases.len() > 1).count() >= LEAST_LINES;
        has_columns.then_some(members)
    };
    let panels: Vec<Vec<usize>> = areas.iter().filter(has_neighbour).filter_map(within).collect();
    if panels.len() > 1 { panels } else { Vec::new() }
}

/// The tables of a grid whose header is the same for each of them.
pub(super) fn split(words: &[PageWord], grid: TableGrid) -> Vec<TableGrid> {
    let Some(width) = period(words, &grid) else { return vec![grid] };
    let mut parts: Vec<TableGrid> = Vec::new();
    for cell in grid.cells {
        let part = cell.column / width;
        let empty = || TableGrid { bounds: Rect::ZERO, cells: Vec::new() };
        parts.resize_with(parts.len().max(part + 1), empty);
        parts[part].cells.push(GridCell { column: cell.column % width, ..cell });
    }
    for part in &mut parts {
        let bounds = part.words().map(|word| words[word].bounds);
        part.bounds = bounds.reduce(|area, word| area.union(word)).unwrap_or(grid.bounds);
    }
    parts
}

/// The number of columns after which the labels of the header are repeated.
fn period(words: &[PageWord], grid: &TableGrid) -> Option<usize> {
    let count = grid.cells.iter().map(|cell| cell.column + cell.columns).max()?;
    let header: Vec<String> = grid
        .cells
        .iter()
        .take_while(|cell| cell.row == 0 && cell.columns == 1)
        .map(|cell| text(words, &cell.words))
        .collect();
    if header.len() != count || header.iter().any(|label| is_number(label)) {
        return None;
    }
    let repeats = |width: &usize| {
        let is_label = |place: usize| header[place] == header[place % width];
        let is_apart = |cell: &GridCell| cell.column % width + cell.columns <= *width;
        count.is_multiple_of(*width)
            && (*width..count).all(is_label)
            && grid.cells.iter().all(is_apart)
    };
    (2..=count / 2).find(repeats)
}

#[cfg(test)]
mod tests {
    use crate::pdf::drawing::ruling_lines::{RulingLine, level};
    use crate::pdf::layout::test_words::words;
    use crate::pdf::tables::tests::{rows, tables};

    #[test]
    fn tables_with_the_same_header_are_apart() {
        let texts = rows(
            &[50.0, 110.0, 200.0, 260.0],
            100.0,
            &[
                &["Age", "Count", "Age", "Count"],
                &["one", "12", "three", "7"],
                &["two", "15", "four", "9"],
                &["three", "11", "five", "8"],
            ],
        );
        let expected: [Vec<&str>; 2] = [
            vec!["Age|Count", "one|12", "two|15", "three|11"],
            vec!["Age|Count", "three|7", "four|9", "five|8"],
        ];
        assert_eq!(tables(&texts, &[]), expected);
    }

    #[test]
    fn columns_with_the_same_label_are_one_table() {
        let texts = rows(
            &[50.0, 110.0, 200.0, 260.0],
            100.0,
            &[
                &["Age", "Count", "Share", "Count"],
                &["one", "12", "3", "7"],
                &["two", "15", "4", "9"],
                &["three", "11", "5", "8"],
            ],
        );
        assert_eq!(tables(&texts, &[]).len(), 1);
    }

    #[test]
    fn ruling_lines_part_the_tables_side_by_side() {
        let mut texts = rows(
            &[50.0, 110.0],
            100.0,
            &[&["Animal", "Result"], &["Cat", "meow"], &["Fox", "a long"], &["", "sound"]],
        );
        texts.extend(rows(
            &[200.0, 260.0],
            100.0,
            &[&["Plant", "Colour"], &["Rose", "red or"], &["", "white"], &["Leek", "green"]],
        ));
        let rulings: Vec<RulingLine> = [104.0, 116.0, 140.0]
            .map(|y| level(y, 48.0, 180.0))
            .into_iter()
            .chain([104.0, 128.0, 140.0].map(|y| level(y, 198.0, 330.0)))
            .collect();
        let words = words(&texts);
        let free: Vec<usize> = (0..words.len()).collect();
        let panels = super::panels(&words, &rulings, &free);
        let first = |panel: &Vec<usize>| words[panel[0]].text.as_str();
        assert_eq!(panels.iter().map(first).collect::<Vec<_>>(), ["Animal", "Plant"]);
        assert_eq!(panels.iter().map(Vec::len).collect::<Vec<_>>(), [8, 8]);
        assert!(super::panels(&words, &rulings[..3], &free).is_empty(), "one table");
    }
}
