//! What is made of the outputs of the networks, for the fuzzer: whatever they are.

use crate::components::Map;
use crate::geometry::{Point, Rectangle};
use crate::recognition::{Line, STEP};
use crate::{ctc, detection, words};

/// The classes of the recognition network, of which the first is the blank.
const SYMBOLS: [&str; 6] = ["", "a", "中", "（", "é", " "];

/// Makes boxes of a map of the detection network with rows of `width` values.
///
/// # Panics
/// A box is not one.
pub fn boxes(values: Vec<f32>, width: usize) {
    for it in detection::boxes(&Map { width, values }, Point::new(1.5, 2.5)) {
        assert!(it.width > 0.0 && it.height > 0.0 && it.angle.is_finite(), "no box: {it:?}");
        assert!(it.center.x.is_finite() && it.center.y.is_finite(), "no place: {it:?}");
    }
}

/// Makes words of the output of the recognition network for a line whose box has this angle.
///
/// # Panics
/// Words are not in order, or not within their line.
pub fn words(probabilities: &[f32], angle: f32) {
    let symbols = SYMBOLS.map(str::to_owned);
    let width = (probabilities.len() / SYMBOLS.len()) as f32 * STEP;
    let center = Point::new(width / 2.0, 24.0);
    let rectangle = Rectangle { center, width, height: 48.0, angle };
    let found = ctc::decode(probabilities, SYMBOLS.len(), None);
    let line = Line { rectangle, width, symbols: found };
    words::check(&words::words(&line, &symbols), &rectangle);
}
