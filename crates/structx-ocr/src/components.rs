//! The connected parts of a map above a threshold.

use std::ops::Range;

/// The values of an image, row by row.
#[derive(Debug, Clone)]
pub struct Map {
    pub width: usize,
    pub values: Vec<f32>,
}

/// Pixels of one row that belong together.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    pub y: usize,
    pub pixels: Range<usize>,
}

/// The parts of the map whose values are above the threshold and which touch at a side or a corner,
/// each as its runs from top to bottom.
pub fn components(map: &Map, threshold: f32) -> Vec<Vec<Run>> {
    let mut runs: Vec<Run> = Vec::new();
    // The component of a run is that of its parent; the first run of a component is its own.
    let mut parents: Vec<usize> = Vec::new();
    let mut above = 0..0;
    for (y, row) in map.values.chunks(map.width.max(1)).enumerate() {
        let first = runs.len();
        let found = runs_of(row, threshold);
        runs.extend(found.map(|pixels| Run { y, pixels }));
        parents.extend(first..runs.len());
        join(&runs, above, first..runs.len(), &mut parents);
        above = first..runs.len();
    }
    collect(runs, &mut parents)
}

fn runs_of(row: &[f32], threshold: f32) -> impl Iterator<Item = Range<usize>> {
    let mut next = 0;
    std::iter::from_fn(move || {
        let start = next + row.get(next..)?.iter().position(|&it| it > threshold)?;
        let length = row[start..].iter().position(|&it| it <= threshold || it.is_nan());
        next = length.map_or(row.len(), |length| start + length);
        Some(start..next)
    })
}

/// Joins the runs of two neighbouring rows that touch.
fn join(runs: &[Run], above: Range<usize>, below: Range<usize>, parents: &mut [usize]) {
    let (mut one, mut two) = (above.start, below.start);
    while one < above.end && two < below.end {
        let (upper, lower) = (&runs[one].pixels, &runs[two].pixels);
        if upper.start <= lower.end && lower.start <= upper.end {
            let (first, second) = (root(parents, one), root(parents, two));
            parents[first.max(second)] = first.min(second);
        }
        if upper.end < lower.end { one += 1 } else { two += 1 }
    }
}

/// The first run of the component of a run.
fn root(parents: &mut [usize], mut run: usize) -> usize {
    while parents[run] != run {
        parents[run] = parents[parents[run]];
        run = parents[run];
    }
    run
}

fn collect(runs: Vec<Run>, parents: &mut [usize]) -> Vec<Vec<Run>> {
    let mut components: Vec<Vec<Run>> = Vec::new();
    let mut places = vec![0; runs.len()];
    for (index, run) in runs.into_iter().enumerate() {
        let root = root(parents, index);
        if root == index {
            places[index] = components.len();
            components.push(Vec::new());
        }
        components[places[root]].push(run);
    }
    components
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn map(rows: &[&str]) -> Map {
        let value = |it: u8| if it == b'#' { 1.0 } else { 0.0 };
        let values = rows.iter().flat_map(|row| row.bytes().map(value)).collect();
        Map { width: rows.first().map_or(0, |row| row.len()), values }
    }

    fn sizes(map: &Map) -> Vec<usize> {
        let size = |runs: &Vec<Run>| runs.iter().map(|run| run.pixels.len()).sum();
        components(map, 0.5).iter().map(size).collect()
    }

    #[test]
    fn corners_connect() {
        assert_eq!(sizes(&map(&["#..#", ".#..", "...#"])), [2, 1, 1]);
    }

    #[test]
    fn branches_that_meet_later_are_one_component() {
        assert_eq!(sizes(&map(&["#.#.#", "#.#.#", "###.#", "....#", "#####"])), [7, 9]);
    }

    #[test]
    fn nothing_is_above_the_threshold_in_an_empty_map() {
        assert_eq!(sizes(&map(&[])), [0_usize; 0]);
        assert_eq!(sizes(&Map { width: 2, values: vec![f32::NAN, 0.5] }), [0_usize; 0]);
    }

    proptest! {
        /// Against a flood fill.
        #[test]
        fn components_are_those_of_a_flood_fill(
            bits in proptest::collection::vec(any::<bool>(), 0..200), width in 1_usize..20,
        ) {
            let values = bits.iter().map(|&bit| f32::from(u8::from(bit))).collect();
            let map = Map { width, values };
            let mut found = sizes(&map);
            let mut expected = filled(bits, width);
            found.sort_unstable();
            expected.sort_unstable();
            prop_assert_eq!(found, expected);
        }
    }

    fn filled(mut bits: Vec<bool>, width: usize) -> Vec<usize> {
        let mut sizes = Vec::new();
        while let Some(start) = bits.iter().position(|&bit| bit) {
            let mut open = vec![start];
            bits[start] = false;
            let mut size = 0;
            while let Some(place) = open.pop() {
                size += 1;
                let (x, y) = (place % width, place / width);
                for (other, bit) in bits.iter_mut().enumerate() {
                    let near = (other % width).abs_diff(x) <= 1 && (other / width).abs_diff(y) <= 1;
                    if near && *bit {
                        *bit = false;
                        open.push(other);
                    }
                }
            }
            sizes.push(size);
        }
        sizes
    }
}
