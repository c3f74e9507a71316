//! Gives each of several values a place of its own, so that the sum of the scores is highest.

/// The most steps of the exact method: chosen by hand. Above, the best pairs are taken one by one.
const MOST_STEPS: usize = 2_000_000;

/// The column of each row. A column is given twice only if there are fewer columns than rows.
pub fn assign(scores: &[Vec<f32>]) -> Vec<usize> {
    let rows = scores.len();
    let columns = scores.first().map_or(0, Vec::len);
    let steps = rows.saturating_mul(rows).saturating_mul(columns);
    match rows {
        0 => Vec::new(),
        1 => vec![best(&scores[0])],
        _ if rows <= columns && steps <= MOST_STEPS => hungarian(scores, columns),
        _ => greedy(scores),
    }
}

/// The first of the columns with the highest score.
pub fn best(row: &[f32]) -> usize {
    let higher = |best: usize, column: usize| if row[column] > row[best] { column } else { best };
    (1..row.len()).fold(0, higher)
}

/// Takes the pairs from the best on; rows that find no free column share the best one.
fn greedy(scores: &[Vec<f32>]) -> Vec<usize> {
    let mut pairs: Vec<(f32, usize, usize)> = Vec::new();
    for (row, scores) in scores.iter().enumerate() {
        pairs.extend(scores.iter().enumerate().map(|(column, score)| (*score, row, column)));
    }
    pairs.sort_by(|one, two| two.0.total_cmp(&one.0).then((one.1, one.2).cmp(&(two.1, two.2))));
    let mut chosen: Vec<Option<usize>> = vec![None; scores.len()];
    let mut is_used = vec![false; scores.first().map_or(0, Vec::len)];
    for (_, row, column) in pairs {
        if chosen[row].is_none() && !is_used[column] {
            chosen[row] = Some(column);
            is_used[column] = true;
        }
    }
    let chosen = chosen.into_iter().zip(scores);
    chosen.map(|(column, row)| column.unwrap_or_else(|| best(row))).collect()
}

/// The Hungarian method with potentials (Kuhn 1955, in the form of Jonker and Volgenant 1987): one row after
/// the other finds its cheapest way to a free column.
fn hungarian(scores: &[Vec<f32>], columns: usize) -> Vec<usize> {
    let cost = |row: usize, column: usize| -f64::from(scores[row][column]);
    let (mut of_row, mut of_column) = (vec![0.0; scores.len()], vec![0.0; columns + 1]);
    // The row of each column; the last column stands for the start.
    let mut row_of: Vec<Option<usize>> = vec![None; columns + 1];
    for row in 0..scores.len() {
        row_of[columns] = Some(row);
        let mut at = columns;
        let mut least = vec![f64::INFINITY; columns];
        let mut way = vec![columns; columns];
        let mut is_seen = vec![false; columns + 1];
        while let Some(this) = row_of[at] {
            is_seen[at] = true;
            let mut step = f64::INFINITY;
            let mut next = at;
            for column in (0..columns).filter(|column| !is_seen[*column]) {
                let reduced = cost(this, column) - of_row[this] - of_column[column];
                if reduced < least[column] {
                    least[column] = reduced;
                    way[column] = at;
                }
                if least[column] < step {
                    step = least[column];
                    next = column;
                }
            }
            for column in 0..=columns {
                if is_seen[column] {
                    if let Some(row) = row_of[column] {
                        of_row[row] += step;
                    }
                    of_column[column] -= step;
                } else if column < columns {
                    least[column] -= step;
                }
            }
            at = next;
        }
        while at != columns {
            row_of[at] = row_of[way[at]];
            at = way[at];
        }
    }
    let mut chosen = vec![0; scores.len()];
    for (column, row) in row_of[..columns].iter().enumerate() {
        if let Some(row) = row {
            chosen[*row] = column;
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{assign, greedy};

    fn sum(scores: &[Vec<f32>], chosen: &[usize]) -> f32 {
        chosen.iter().zip(scores).map(|(column, row)| row[*column]).sum()
    }

    /// The highest sum, tried out.
    fn naive(scores: &[Vec<f32>], used: &mut Vec<usize>) -> f32 {
        let Some((first, rest)) = scores.split_first() else { return 0.0 };
        let mut best = f32::MIN;
        for (column, score) in first.iter().enumerate() {
            if !used.contains(&column) {
                used.push(column);
                best = best.max(score + naive(rest, used));
                used.pop();
            }
        }
        best
    }

    proptest! {
        #[test]
        fn the_sum_is_the_highest(
            scores in (1_usize..5, 4_usize..6).prop_flat_map(|(rows, columns)| {
                prop::collection::vec(prop::collection::vec(0_u8..9, columns), rows)
            })
        ) {
            let scores: Vec<Vec<f32>> = scores
                .into_iter()
                .map(|row| row.into_iter().map(f32::from).collect())
                .collect();
            let chosen = assign(&scores);
            prop_assert!((sum(&scores, &chosen) - naive(&scores, &mut Vec::new())).abs() < 1e-3);
            for chosen in [chosen, greedy(&scores)] {
                let mut columns = chosen.clone();
                columns.sort_unstable();
                columns.dedup();
                prop_assert_eq!(columns.len(), chosen.len());
            }
        }
    }

    #[test]
    fn columns_are_shared_only_if_there_are_too_few() {
        assert_eq!(assign(&[vec![1.0], vec![2.0]]), [0, 0]);
        assert_eq!(assign(&[]), [0; 0]);
    }
}
