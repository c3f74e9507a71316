//! In which direction a page is read, found from its boxes and from how sure the reading is.

use image::RgbImage;
use structx_documents::recognition::RecognitionError;

use crate::geometry::Rectangle;
use crate::network::Session;
use crate::recognition::{Line, Reader};

/// How many boxes are read in both directions where the first gives doubtful text.
const SAMPLE: usize = 8;
/// Below this mean score, text may be upside down.
const DOUBTFUL: f32 = 0.8;
/// A box that is so many times as long as wide shows the direction of its text.
const LONG: f32 = 1.5;
/// A single narrow symbol is at most so many times as high as wide.
const NARROW: f32 = 4.0;

/// A page's lines, and its direction in degrees clockwise, with the skew.
pub struct Reading {
    pub angle: f32,
    pub lines: Vec<Line>,
    /// The number of boxes that were not read, since the caller wanted no more.
    pub unread: usize,
}

/// Reads all boxes, of which the largest come first.
pub fn read(
    reader: &Reader,
    session: &Session<'_>,
    image: &RgbImage,
    boxes: Vec<Rectangle>,
) -> Result<Reading, RecognitionError> {
    let is_sideways = is_sideways(&boxes);
    let (along, across): (Vec<_>, Vec<_>) =
        boxes.into_iter().partition(|it| !is_long(&it.turned(u8::from(!is_sideways))));
    let (sample, rest) = along.split_at(along.len().min(SAMPLE));
    let turn =
        |boxes: &[Rectangle], turns| boxes.iter().map(|it| it.turned(turns)).collect::<Vec<_>>();
    let mut turns = u8::from(is_sideways);
    let mut lines = reader.read(session, image, &turn(sample, turns))?;
    if score(&lines) < DOUBTFUL {
        let others = reader.read(session, image, &turn(sample, turns + 2))?;
        if others.iter().any(Option::is_none) {
            return Err(RecognitionError::Stopped);
        }
        if score(&others) > score(&lines) {
            (turns, lines) = (turns + 2, others);
        }
    }
    lines.extend(reader.read(session, image, &turn(rest, turns))?);
    lines.extend(read_others(reader, session, image, &turn(&across, turns))?);
    let angle = f32::from(turns) * 90.0 + skew(&along);
    let unread = lines.iter().filter(|line| line.is_none()).count();
    Ok(Reading { angle, lines: lines.into_iter().flatten().collect(), unread })
}

/// Whether most lines run from top to bottom or the other way.
fn is_sideways(boxes: &[Rectangle]) -> bool {
    let length = |it: &Rectangle| if is_long(it) { it.width } else { 0.0 };
    let upright: f32 = boxes.iter().map(length).sum();
    let sideways: f32 = boxes.iter().map(|it| length(&it.turned(1))).sum();
    sideways > upright
}

fn is_long(rectangle: &Rectangle) -> bool {
    rectangle.width >= LONG * rectangle.height
}

/// The mean score of the lines; a box that was not read counts as doubtful.
fn score(lines: &[Option<Line>]) -> f32 {
    lines.iter().flatten().map(Line::score).sum::<f32>() / lines.len().max(1) as f32
}

/// Reads boxes that stand across the page's lines: narrow symbols or lines at a margin.
fn read_others(
    reader: &Reader,
    session: &Session<'_>,
    image: &RgbImage,
    boxes: &[Rectangle],
) -> Result<Vec<Option<Line>>, RecognitionError> {
    let narrow = boxes.iter().map(|it| it.height <= NARROW * it.width);
    let mut best = Vec::new();
    for (rectangle, narrow) in boxes.iter().zip(narrow) {
        let upright = narrow.then_some(*rectangle);
        best.push(
            upright
                .into_iter()
                .chain([rectangle.turned(1), rectangle.turned(3)])
                .collect::<Vec<_>>(),
        );
    }
    let all: Vec<Rectangle> = best.iter().flatten().copied().collect();
    let counts: Vec<usize> = best.iter().map(Vec::len).collect();
    Ok(surest(reader.read(session, image, &all)?, &counts))
}

/// The surest of the readings of each box, of which there are `counts`; none if one was not read.
fn surest(lines: Vec<Option<Line>>, counts: &[usize]) -> Vec<Option<Line>> {
    let mut lines = lines.into_iter();
    let choice = |&count: &usize| {
        let readings: Vec<Option<Line>> = lines.by_ref().take(count).collect();
        let read: Option<Vec<Line>> = readings.into_iter().collect();
        read?.into_iter().max_by(|one, two| one.score().total_cmp(&two.score()))
    };
    counts.iter().map(choice).collect()
}

/// The median angle of the boxes by their length, in degrees.
fn skew(boxes: &[Rectangle]) -> f32 {
    let mut angles: Vec<(f32, f32)> =
        boxes.iter().map(|it| (it.angle.to_degrees(), it.width.max(it.height))).collect();
    angles.sort_by(|one, two| one.0.total_cmp(&two.0));
    let half = angles.iter().map(|it| it.1).sum::<f32>() / 2.0;
    let mut sum = 0.0;
    let reaches_half = |&&(_, length): &&(f32, f32)| {
        sum += length;
        sum >= half
    };
    angles.iter().find(reaches_half).map_or(0.0, |it| it.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ctc::Symbol;
    use crate::geometry::Point;

    fn boxes(lines: &[(f32, f32)]) -> Vec<Rectangle> {
        let center = Point::new(100.0, 100.0);
        let rectangle = |&(degrees, width): &(f32, f32)| Rectangle {
            center,
            width,
            height: 20.0,
            angle: degrees.to_radians(),
        };
        lines.iter().map(rectangle).collect()
    }

    #[test]
    fn the_skew_is_that_of_long_lines() {
        let lines = [(-30.0, 30.0), (2.0, 300.0), (2.5, 320.0), (40.0, 50.0)];
        assert!((skew(&boxes(&lines)) - 2.5).abs() < 0.01);
        assert!(skew(&[]).abs() < f32::EPSILON);
    }

    #[test]
    fn most_of_the_length_decides_whether_a_page_is_sideways() {
        let upright = boxes(&[(0.0, 200.0), (0.0, 20.0), (0.0, 20.0)]);
        let turned: Vec<Rectangle> = upright.iter().map(|it| it.turned(1)).collect();
        assert!(!is_sideways(&upright) && is_sideways(&turned));
        let mixed = [boxes(&[(0.0, 200.0), (0.0, 200.0)]), turned].concat();
        assert!(!is_sideways(&mixed));
    }

    #[test]
    fn a_box_that_was_not_read_in_all_directions_is_not_read() {
        let line = |score| {
            let symbol = Symbol { class: 1, first: 0, last: 1, score };
            let rectangle = boxes(&[(0.0, 20.0)])[0];
            Some(Line { rectangle, width: 48.0, symbols: vec![symbol] })
        };
        let lines = vec![None, None, line(0.5), line(0.9), None, line(0.7), line(0.6)];
        let found = surest(lines, &[2, 2, 1, 2]);
        let scores: Vec<_> = found.iter().map(|line| line.as_ref().map(Line::score)).collect();
        assert_eq!(scores, [None, Some(0.9), None, Some(0.7)]);
    }

    proptest! {
        #[test]
        fn the_skew_is_the_angle_of_a_line(
            lines in proptest::collection::vec((-45.0_f32..45.0, 20.0_f32..900.0), 1..30),
        ) {
            let found = skew(&boxes(&lines));
            prop_assert!(lines.iter().any(|line| (line.0 - found).abs() < 0.01), "{found}");
        }
    }
}
