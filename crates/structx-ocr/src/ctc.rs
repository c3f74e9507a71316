//! The best path through the scores of a network with connectionist temporal classification (Graves
//! et al. 2006).

/// The class for "no symbol here".
const BLANK: usize = 0;
/// So many classes are compared with the best one at a time.
const BLOCK: usize = 64;

/// A symbol and the steps at which it is the best, from the first to the last.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Symbol {
    pub class: usize,
    pub first: usize,
    pub last: usize,
    /// The highest probability in these steps.
    pub score: f32,
}

/// Decodes the probabilities of the classes at each step; of those `allowed`, if some are not.
pub fn decode(probabilities: &[f32], classes: usize, allowed: Option<&[bool]>) -> Vec<Symbol> {
    let mut symbols: Vec<Symbol> = Vec::new();
    let mut previous = BLANK;
    for (step, row) in probabilities.chunks_exact(classes.max(1)).enumerate() {
        let (class, score) = best(row, allowed);
        match symbols.last_mut() {
            Some(symbol) if class == previous && class != BLANK => {
                symbol.last = step;
                symbol.score = symbol.score.max(score);
            }
            _ if class != BLANK => symbols.push(Symbol { class, first: step, last: step, score }),
            _ => {}
        }
        previous = class;
    }
    symbols
}

/// The allowed class with the highest probability.
fn best(row: &[f32], allowed: Option<&[bool]>) -> (usize, f32) {
    let mut best = (BLANK, row.first().copied().unwrap_or_default());
    for (block, scores) in row.chunks(BLOCK).enumerate() {
        // Unlike a search that stops at the first, this compiles to vector instructions.
        if scores.iter().filter(|&&score| score > best.1).count() == 0 {
            continue;
        }
        for (class, &score) in (block * BLOCK..).zip(scores) {
            if score > best.1 && allowed.is_none_or(|allowed| allowed[class]) {
                best = (class, score);
            }
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The probabilities at steps of which each has one sure class of three.
    fn steps(classes: &[usize]) -> Vec<f32> {
        classes
            .iter()
            .flat_map(|&class| (0..3).map(move |it| if it == class { 0.9 } else { 0.05 }))
            .collect()
    }

    fn classes(probabilities: &[f32]) -> Vec<(usize, usize, usize)> {
        decode(probabilities, 3, None).iter().map(|it| (it.class, it.first, it.last)).collect()
    }

    #[test]
    fn repeated_symbols_are_one_and_a_blank_separates_them() {
        assert_eq!(classes(&steps(&[0, 1, 1, 0, 1, 2, 0])), [(1, 1, 2), (1, 4, 4), (2, 5, 5)]);
    }

    #[test]
    fn nothing_is_read_from_blanks_or_from_no_numbers() {
        assert_eq!(classes(&steps(&[0, 0])), []);
        assert_eq!(classes(&[f32::NAN; 6]), []);
        assert_eq!(decode(&[0.5], 0, None), []);
    }

    #[test]
    fn only_allowed_classes_are_read() {
        let allowed = [true, false, true];
        let symbols = decode(&steps(&[0, 1, 2]), 3, Some(&allowed));
        assert_eq!(symbols.iter().map(|it| it.class).collect::<Vec<_>>(), [2]);
    }

    proptest! {
        #[test]
        fn the_best_class_is_the_first_of_the_highest_scores(
            scores in proptest::collection::vec(0_u8..9, 1..300), forbidden in 1_usize..300,
        ) {
            let row: Vec<f32> = scores.iter().map(|&it| f32::from(it)).collect();
            let allowed: Vec<bool> = (0..row.len()).map(|it| it != forbidden).collect();
            let mut expected = (BLANK, row[BLANK]);
            for (class, &score) in row.iter().enumerate() {
                if allowed[class] && score > expected.1 {
                    expected = (class, score);
                }
            }
            prop_assert_eq!(best(&row, Some(&allowed)), expected);
        }

        #[test]
        fn symbols_are_in_order(values in proptest::collection::vec(-1.0_f32..1.0, 0..100)) {
            let symbols = decode(&values, 3, None);
            for pair in symbols.windows(2) {
                prop_assert!(pair[0].last < pair[1].first);
            }
            prop_assert!(symbols.iter().all(|it| it.class != BLANK && it.first <= it.last));
        }
    }
}
