//! Tables whose cells are separated by crossing ruling lines.

use std::collections::BTreeMap;

use hayro_interpret::kurbo::Rect;

use super::evidence::{is_full, is_number};
use super::phrases::{Phrase, PhraseLine, lines};
use super::rows::text;
use super::{GridCell, TableGrid};
use crate::FileError;
use crate::context::ReadContext;
use crate::pdf::drawing::ruling_lines::RulingLine;
use crate::pdf::layout::words::PageWord;

/// Ruling lines within this distance, in points, are one: chosen by hand, not measured.
const SAME: f64 = 1.5;
/// The widest gap in a dotted line, or between the borders of two cells, in points: chosen by hand.
const GAP: f64 = 3.0;
/// The largest gap between the end of a ruling line and the line it meets, in points: chosen by hand.
const REACH: f64 = 3.0;
/// A shorter ruling line, in points, is part of a drawing: chosen by hand.
const LEAST_LENGTH: f64 = 5.0;
/// No line of text fits between ruling lines within this distance, in points: chosen by hand.
const LEAST_CELL: f64 = 4.0;
/// The widest gap between words of a cell, in ems: chosen by hand.
const COLUMN_GAP: f64 = 1.0;
/// Lines with more crossings, and grids with more positions, are a drawing: chosen by hand.
const MOST_CROSSINGS: usize = 100_000;
const MOST_PLACES: usize = 20_000;
/// The most tables of a page: chosen by hand.
const MOST_TABLES: usize = 200;
/// The least number of words of a title and of a note within the ruling lines: chosen by hand.
const LEAST_TITLE: usize = 5;
const LEAST_NOTE: usize = 8;
/// The least number of rows of a cell that is parted where no ruling line does: chosen by hand.
const LEAST_PARTED: usize = 4;
/// With more words per cell on average, the frames surround text of the page: chosen by hand.
const MOST_WORDS: usize = 40;

/// Joins the segments of ruling lines and drops duplicates; horizontal lines first, in order.
pub(super) fn merge(rulings: &[RulingLine]) -> Vec<RulingLine> {
    let mut rulings = rulings.to_vec();
    rulings.sort_by(|a, b| b.level.cmp(&a.level).then(a.at.total_cmp(&b.at)));
    let mut merged: Vec<RulingLine> = Vec::new();
    for group in rulings.chunk_by_mut(|a, b| a.level == b.level && b.at - a.at <= SAME) {
        group.sort_by(|a, b| a.start.total_cmp(&b.start));
        let at = group[0].at;
        let first = merged.len();
        for ruling in group {
            match merged[first..].last_mut() {
                Some(last) if ruling.start <= last.end + GAP => last.end = last.end.max(ruling.end),
                _ => merged.push(RulingLine { at, ..*ruling }),
            }
        }
    }
    merged.retain(|ruling| ruling.length() >= LEAST_LENGTH);
    merged
}

/// Finds the tables of merged ruling lines; marks their words in `taken`.
pub(super) fn find(
    context: &ReadContext,
    words: &[PageWord],
    rulings: &[RulingLine],
    taken: &mut [bool],
) -> Result<Vec<TableGrid>, FileError> {
    let mut frames: Vec<Frame> = nets(rulings).iter().filter_map(|net| Frame::new(net)).collect();
    // Of nested frames the inner one is the table, and the outer one a border.
    frames.sort_by(|a, b| a.area().area().total_cmp(&b.area().area()));
    frames.truncate(MOST_TABLES);
    let mut grids = Vec::new();
    for frame in &frames {
        context.check_time()?;
        if let Some(grid) = frame.grid(words, taken) {
            grid.words().for_each(|word| taken[word] = true);
            grids.push(grid);
        }
    }
    Ok(grids)
}

/// Groups of connected ruling lines; none if there are too many.
fn nets(rulings: &[RulingLine]) -> Vec<Vec<RulingLine>> {
    let (level, upright) = rulings.split_at(rulings.partition_point(|ruling| ruling.level));
    let mut parents: Vec<usize> = (0..rulings.len()).collect();
    let mut crossings = 0;
    for (index, ruling) in level.iter().enumerate() {
        let first = upright.partition_point(|other| other.at < ruling.start - REACH);
        let reached = upright[first..].iter().take_while(|other| other.at <= ruling.end + REACH);
        for (other, line) in reached.enumerate() {
            crossings += 1;
            if line.start - REACH <= ruling.at && ruling.at <= line.end + REACH {
                let (a, b) = (root(&parents, index), root(&parents, level.len() + first + other));
                parents[a.max(b)] = a.min(b);
            }
        }
        if crossings > MOST_CROSSINGS {
            return Vec::new();
        }
    }
    let mut nets: BTreeMap<usize, Vec<RulingLine>> = BTreeMap::new();
    for (index, ruling) in rulings.iter().enumerate() {
        nets.entry(root(&parents, index)).or_default().push(*ruling);
    }
    nets.into_values().filter(|net| net.len() >= 3).collect()
}

fn root(parents: &[usize], mut index: usize) -> usize {
    while parents[index] != index {
        index = parents[index];
    }
    index
}

/// The grid of positions that a net of ruling lines makes.
struct Frame {
    /// The edges of the columns and rows.
    xs: Vec<f64>,
    ys: Vec<f64>,
    /// For each position, row by row, whether a ruling line is on its left, and above it.
    left: Vec<bool>,
    over: Vec<bool>,
}

impl Frame {
    fn new(net: &[RulingLine]) -> Option<Self> {
        let (level, upright) = net.split_at(net.partition_point(|ruling| ruling.level));
        let (xs, ys) = (edges(upright, level), edges(level, upright));
        let places = xs.len().saturating_sub(1) * ys.len().saturating_sub(1);
        if !(2..=MOST_PLACES).contains(&places) {
            return None;
        }
        let width = xs.len() - 1;
        let (mut left, mut over) = (vec![false; places], vec![false; places]);
        for ruling in upright {
            let column = nearest(&xs, ruling.at);
            for row in covered(&ys, ruling).filter(|_| column < width) {
                left[row * width + column] = true;
            }
        }
        for ruling in level {
            let row = nearest(&ys, ruling.at);
            for column in covered(&xs, ruling).filter(|_| row + 1 < ys.len()) {
                over[row * width + column] = true;
            }
        }
        Some(Self { xs, ys, left, over })
    }

    fn area(&self) -> Rect {
        let ends = |edges: &[f64]| [edges.first(), edges.last()].map(|edge| *edge.unwrap_or(&0.0));
        let ([x0, x1], [y0, y1]) = (ends(&self.xs), ends(&self.ys));
        Rect::new(x0, y0, x1, y1)
    }

    fn size(&self) -> (usize, usize) {
        (self.ys.len() - 1, self.xs.len() - 1)
    }

    fn grid(&self, words: &[PageWord], taken: &[bool]) -> Option<TableGrid> {
        let mut cells = self.filled(words, taken);
        let area = self.without_titles(&mut cells);
        let count = cells.iter().map(|cell| cell.words.len()).sum::<usize>();
        let open = |cell: &GridCell| {
            let lines = lines(words, cell.words.clone()).0;
            lines.iter().filter(|line| has_columns(words, cell, line)).count()
        };
        let open: usize = cells.iter().map(open).sum();
        let rows = cells.chunk_by(|a, b| a.row == b.row).count();
        let parted = cells.chunk_by(|a, b| a.row == b.row).filter(|row| row.len() > 1).count();
        let cells = close_up(part_rows(words, part_tall(words, cells)));
        let height = cells.iter().map(|cell| cell.row + 1).max()?;
        let width = cells.iter().map(|cell| cell.column + cell.columns).max()?;
        let reached = cells.iter().map(|cell| cell.rows * cell.columns).sum();
        let is_table = cells.len() >= 4
            && is_full(reached, height * width)
            && open * 3 <= rows
            && parted * 5 >= rows
            && count <= MOST_WORDS * cells.len()
            && cells.iter().any(|cell| cell.row > 0)
            && cells.iter().any(|cell| cell.column > 0);
        is_table.then_some(TableGrid { bounds: area, cells })
    }

    /// The cells that have words.
    fn filled(&self, words: &[PageWord], taken: &[bool]) -> Vec<GridCell> {
        let (rows, columns) = self.size();
        let mut cells = self.cells();
        let mut owner = vec![0; rows * columns];
        for (index, cell) in cells.iter().enumerate() {
            for row in cell.row..cell.row + cell.rows {
                let start = row * columns + cell.column;
                owner[start..start + cell.columns].fill(index);
            }
        }
        let area = self.area();
        for (index, word) in words.iter().enumerate().filter(|(index, _)| !taken[*index]) {
            let middle = word.bounds.center();
            if area.contains(middle) {
                let row = self.ys.partition_point(|y| *y <= middle.y) - 1;
                let column = self.xs.partition_point(|x| *x <= middle.x) - 1;
                cells[owner[row * columns + column]].words.push(index);
            }
        }
        cells.retain(|cell| !cell.words.is_empty());
        cells
    }

    /// Removes a first and a last row of one cell with a sentence across the table, which are its title
    /// and a note; returns the area of the others.
    fn without_titles(&self, cells: &mut Vec<GridCell>) -> Rect {
        let (rows, columns) = self.size();
        let (mut top, mut bottom) = (0, rows);
        let is_across = |cell: &GridCell, least: usize| {
            columns > 1 && cell.columns == columns && cell.words.len() >= least
        };
        // A header and a row of data are left.
        let others = |cells: &[GridCell]| cells.chunk_by(|a, b| a.row == b.row).count() > 2;
        if cells.first().is_some_and(|first| is_across(first, LEAST_TITLE)) && others(cells) {
            let title = cells.remove(0);
            top = title.row + title.rows;
        }
        if cells.last().is_some_and(|last| is_across(last, LEAST_NOTE)) && others(cells) {
            bottom = cells.pop().map_or(rows, |note| note.row);
        }
        Rect { y0: self.ys[top], y1: self.ys[bottom], ..self.area() }
    }

    /// The cells: positions without a ruling line between them are joined.
    fn cells(&self) -> Vec<GridCell> {
        let (height, width) = self.size();
        let mut done = vec![false; height * width];
        let mut cells = Vec::new();
        for start in 0..height * width {
            if done[start] {
                continue;
            }
            let (row, column) = (start / width, start % width);
            let mut columns = 1;
            while column + columns < width && !self.left[start + columns] && !done[start + columns]
            {
                columns += 1;
            }
            let is_open = |rows: usize| {
                let start = start + rows * width;
                row + rows < height
                    && !self.over[start..start + columns].contains(&true)
                    && !self.left[start + 1..start + columns].contains(&true)
                    && !done[start..start + columns].contains(&true)
            };
            let rows = 1 + (1..height).take_while(|rows| is_open(*rows)).count();
            for line in 0..rows {
                let start = start + line * width;
                done[start..start + columns].fill(true);
            }
            cells.push(GridCell { row, column, rows, columns, words: Vec::new() });
        }
        cells
    }
}

/// Whether a cell contains columns, so that ruling lines do not separate all of them.
fn has_columns(words: &[PageWord], cell: &GridCell, line: &PhraseLine) -> bool {
    let is_number = |phrase: &Phrase| is_number(&text(words, &phrase.words));
    line.phrases.windows(2).any(|pair| {
        pair[1].left - pair[0].right > COLUMN_GAP * line.size
            && (cell.columns > 1 || pair.iter().all(is_number))
    })
}

/// The positions of the ruling lines, and the ends of the crossing ones if they lie further out.
fn edges(rulings: &[RulingLine], crossing: &[RulingLine]) -> Vec<f64> {
    let mut edges: Vec<f64> = rulings.iter().map(|ruling| ruling.at).collect();
    let start = crossing.iter().map(|ruling| ruling.start).fold(f64::INFINITY, f64::min);
    let end = crossing.iter().map(|ruling| ruling.end).fold(f64::NEG_INFINITY, f64::max);
    edges.extend([start, end].iter().filter(|end| end.is_finite()));
    edges.sort_by(f64::total_cmp);
    edges.dedup_by(|next, edge| *next - *edge < LEAST_CELL);
    edges
}

fn nearest(edges: &[f64], at: f64) -> usize {
    // Edges within this distance have been merged.
    edges.partition_point(|edge| *edge < at - LEAST_CELL).min(edges.len() - 1)
}

/// The positions that the ruling line runs along for more than 60 % of their width.
fn covered<'a>(edges: &'a [f64], ruling: &RulingLine) -> impl Iterator<Item = usize> + use<'a> {
    let (start, end) = (ruling.start, ruling.end);
    let first = edges.partition_point(|edge| *edge < start - LEAST_CELL).saturating_sub(1);
    (first..edges.len() - 1).take_while(move |place| edges[*place] < end).filter(move |place| {
        let (from, to) = (edges[*place], edges[*place + 1]);
        to.min(end) - from.max(start) > 0.6 * (to - from)
    })
}

/// Parts a cell over many rows that has one line of text in each, on the baseline of the row: no ruling
/// line parts its rows.
fn part_tall(words: &[PageWord], cells: Vec<GridCell>) -> Vec<GridCell> {
    if cells.iter().all(|cell| cell.rows < LEAST_PARTED) {
        return cells;
    }
    let mut baselines: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    for cell in cells.iter().filter(|cell| cell.rows == 1) {
        let first = cell_lines(words, cell).into_iter().next();
        baselines.entry(cell.row).or_default().extend(first.map(|(baseline, _)| baseline));
    }
    let mut parted = Vec::new();
    for cell in cells {
        let lines = cell_lines(words, &cell);
        let filled = baselines.range(cell.row..cell.row + cell.rows).count();
        let row_of = |(baseline, _): &(f64, Vec<usize>)| {
            let mut rows = baselines.range(cell.row..cell.row + cell.rows);
            let is_on = |others: &Vec<f64>| others.iter().any(|it| (it - baseline).abs() <= SAME);
            rows.find(|(_, others)| is_on(others)).map(|(row, _)| *row)
        };
        let rows: Option<Vec<usize>> = lines.iter().map(row_of).collect();
        let rows = rows.filter(|rows| rows.len() >= LEAST_PARTED.max(filled / 2));
        match rows.filter(|rows| cell.columns == 1 && rows.windows(2).all(|it| it[0] < it[1])) {
            Some(rows) => {
                let part = |(row, (_, line))| GridCell { row, rows: 1, words: line, ..cell };
                parted.extend(rows.into_iter().zip(lines).map(part));
            }
            None => parted.push(cell),
        }
    }
    parted.sort_by_key(|cell| (cell.row, cell.column));
    parted
}

/// Puts the words of each cell in reading order. If no ruling lines separate the rows of a table, its
/// numbers do: they are not wrapped, so each line of numbers is a row.
fn part_rows(words: &[PageWord], cells: Vec<GridCell>) -> Vec<GridCell> {
    let mut bands: BTreeMap<usize, Vec<GridCell>> = BTreeMap::new();
    for cell in cells {
        bands.entry(cell.row).or_default().push(cell);
    }
    let mut after_space = Vec::new();
    let mut added = 0;
    for (row, band) in bands {
        let all: Vec<Vec<(f64, Vec<usize>)>> =
            band.iter().map(|cell| cell_lines(words, cell)).collect();
        let starts = starts(words, &all);
        for (cell, lines) in band.into_iter().zip(all) {
            let mut rows: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
            for (baseline, line) in lines {
                let over = starts.partition_point(|start| *start <= baseline + SAME);
                rows.entry(if cell.rows > 1 { 0 } else { over.saturating_sub(1) })
                    .or_default()
                    .extend(line);
            }
            for (down, line) in rows {
                let row = row + added + down;
                after_space.push(GridCell { row, words: line, ..cell });
            }
        }
        added += starts.len().saturating_sub(1);
    }
    after_space.sort_by_key(|cell| (cell.row, cell.column));
    after_space
}

fn cell_lines(words: &[PageWord], cell: &GridCell) -> Vec<(f64, Vec<usize>)> {
    let flat = |line: PhraseLine| {
        (line.baseline, line.phrases.into_iter().flat_map(|phrase| phrase.words).collect())
    };
    lines(words, cell.words.clone()).0.into_iter().map(flat).collect()
}

/// The baselines at which rows begin within a ruled row; none if it is a single row.
fn starts(words: &[PageWord], cells: &[Vec<(f64, Vec<usize>)>]) -> Vec<f64> {
    let is_anchor = |lines: &&Vec<(f64, Vec<usize>)>| {
        lines.len() > 1 && lines.iter().all(|(_, line)| is_number(&text(words, line)))
    };
    let anchors: Vec<_> = cells.iter().filter(is_anchor).collect();
    let Some(longest) = anchors.iter().max_by_key(|lines| lines.len()) else { return Vec::new() };
    let alike = anchors.iter().filter(|lines| lines.len() == longest.len()).count();
    if longest.len() < 3 && alike < 2 {
        return Vec::new();
    }
    longest.iter().map(|(baseline, _)| *baseline).collect()
}

/// Removes empty rows and columns.
fn close_up(mut cells: Vec<GridCell>) -> Vec<GridCell> {
    let mut rows: Vec<usize> = cells.iter().map(|cell| cell.row).collect();
    let mut columns: Vec<usize> = cells.iter().map(|cell| cell.column).collect();
    for places in [&mut rows, &mut columns] {
        places.sort_unstable();
        places.dedup();
    }
    let count = |places: &[usize], start: usize, length: usize| {
        let from = places.partition_point(|place| *place < start);
        (from, places.partition_point(|place| *place < start + length) - from)
    };
    for cell in &mut cells {
        (cell.row, cell.rows) = count(&rows, cell.row, cell.rows);
        (cell.column, cell.columns) = count(&columns, cell.column, cell.columns);
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::{Frame, close_up, nets, part_tall};
    use crate::pdf::drawing::ruling_lines::{RulingLine, level, upright};
    use crate::pdf::layout::test_words::words;
    use crate::pdf::tables::GridCell;

    /// A grid with two rows and columns, without the line between the cells of the first row.
    fn frame() -> Vec<RulingLine> {
        vec![
            level(0.0, 0.0, 100.0),
            level(20.0, 0.0, 100.0),
            level(40.0, 0.0, 100.0),
            upright(0.0, 0.0, 40.0),
            upright(50.0, 20.0, 40.0),
            upright(100.0, 0.0, 40.0),
        ]
    }

    #[test]
    fn connected_lines_are_a_net() {
        let mut rulings = frame();
        assert_eq!(nets(&rulings).len(), 1);
        rulings.splice(3..3, [level(200.0, 0.0, 100.0)]);
        assert_eq!(nets(&rulings)[0].len(), 6, "a line that meets no other is not in it");
        // A second table below.
        let mut both: Vec<RulingLine> = frame();
        both.extend(frame().into_iter().map(|line| {
            let moved = if line.level { (line.at + 100.0, 0.0) } else { (line.at, 100.0) };
            RulingLine { at: moved.0, start: line.start + moved.1, end: line.end + moved.1, ..line }
        }));
        both.sort_by(|a, b| b.level.cmp(&a.level).then(a.at.total_cmp(&b.at)));
        assert_eq!(nets(&both).iter().map(Vec::len).collect::<Vec<_>>(), [6, 6]);
    }

    #[test]
    fn positions_without_a_line_between_them_are_one_cell() {
        let frame = Frame::new(&frame()).unwrap();
        let cells: Vec<_> = frame
            .cells()
            .into_iter()
            .map(|cell| (cell.row, cell.column, cell.rows, cell.columns))
            .collect();
        assert_eq!(cells, [(0, 0, 1, 2), (1, 0, 1, 1), (1, 1, 1, 1)]);
        assert!(Frame::new(&[level(0.0, 0.0, 9.0), upright(0.0, 0.0, 9.0)]).is_none());
    }

    #[test]
    fn a_cell_with_a_line_in_each_row_is_parted() {
        let mut texts: Vec<(f64, f64, &str)> = Vec::new();
        for (y, label) in [(12.0, "Tea"), (32.0, "Jam"), (52.0, "Milk"), (72.0, "Salt")] {
            texts.extend([(0.0, y, label), (60.0, y, "1")]);
        }
        let words = words(&texts);
        let cell = |row, column, rows, words| GridCell { row, column, rows, columns: 1, words };
        let mut cells = vec![cell(0, 0, 4, vec![0, 2, 4, 6])];
        cells.extend((0..4).map(|row| cell(row, 1, 1, vec![2 * row + 1])));
        let parted = part_tall(&words, cells.clone());
        assert_eq!(parted.len(), 8);
        assert_eq!((parted[2].row, parted[2].rows, &parted[2].words), (1, 1, &vec![2]));
        // Three lines in four rows may be one label.
        cells[0].words.pop();
        assert_eq!(part_tall(&words, cells).len(), 5);
    }

    #[test]
    fn empty_rows_and_columns_are_removed() {
        let cell =
            |row, column, rows, columns| GridCell { row, column, rows, columns, words: vec![0] };
        let cells = close_up(vec![cell(1, 2, 1, 3), cell(3, 2, 2, 1), cell(3, 4, 1, 1)]);
        let found: Vec<_> =
            cells.iter().map(|cell| (cell.row, cell.column, cell.rows, cell.columns)).collect();
        assert_eq!(found, [(0, 0, 1, 2), (1, 0, 1, 1), (1, 1, 1, 1)]);
    }
}
