//! Words for the tests of layout and tables.

use hayro_interpret::kurbo::{Point, Rect};

use super::words::PageWord;
use crate::pdf::drawing::typeface::Typeface;

/// The font size of the words, in points.
const SIZE: f64 = 10.0;

/// Words at x and baseline y with letters of half an em. Texts are split at spaces, which are a
/// quarter of an em wide.
pub(in crate::pdf) fn words(texts: &[(f64, f64, &str)]) -> Vec<PageWord> {
    let mut words = Vec::new();
    for (left, baseline, text) in texts {
        let mut x = *left;
        for text in text.split(' ') {
            let count = u32::try_from(text.chars().count()).unwrap();
            let right = x + SIZE / 2.0 * f64::from(count);
            if count > 0 {
                words.push(PageWord {
                    text: text.to_owned(),
                    bounds: Rect::new(x, baseline - 0.8 * SIZE, right, baseline + 0.2 * SIZE),
                    baseline: *baseline,
                    size: SIZE,
                    face: Typeface::default(),
                    space_before: Some(Point::new(x, *baseline)),
                    drawn: words.len(),
                    score: None,
                });
            }
            x = right + SIZE / 4.0;
        }
    }
    words
}
