//! Makes words of a page of what was recognised in its image.

use std::collections::BTreeMap;

use hayro_interpret::kurbo::{Point, Rect, Vec2};

use super::passages::on_page;
use super::rotation::Rotation;
use super::words::PageWord;
use crate::Bounds;
use crate::pdf::drawing::typeface::Typeface;
use crate::recognition::{RecognizedImage, RecognizedLine, RecognizedWord};

/// The share of a line's height below its baseline, as for glyphs.
const DESCENT: f64 = 0.2;
/// Lines whose heights differ from the usual one by less have its size: heights depend on whether letters
/// reach up or down. Chosen by hand.
const SAME_SIZE: f64 = 0.25;
/// The ratio of two other sizes: chosen by hand.
const SIZE_STEP: f64 = 1.2;
/// A line that is longer than this many heights shows its direction: chosen by hand.
const LONG: f64 = 3.0;

/// The share of a recognised word that the page's own words cover if they say it: chosen by hand.
const SAME_AREA: f32 = 0.5;

/// What was recognised on a page.
#[derive(Debug)]
pub(in crate::pdf) struct PageScan {
    pub(in crate::pdf) text: RecognizedImage,
    /// Units of the page for each pixel.
    pub(in crate::pdf) unit: f64,
}

type Words = BTreeMap<Rotation, Vec<PageWord>>;
type Corners = [Point; 4];

impl PageScan {
    /// How most of the text is turned.
    pub(super) fn rotation(&self) -> Rotation {
        Rotation::of_degrees(self.text.angle.into())
    }

    /// Adds the recognised words, but for those that the page has as text; returns how most of the
    /// added ones are turned.
    pub(super) fn add_to(mut self, words: &mut Words) -> Rotation {
        let placed = |(rotation, words): (&Rotation, &Vec<PageWord>)| {
            let rotation = *rotation;
            let bounds = words.iter().map(|word| on_page(rotation, word.bounds));
            bounds.map(|bounds| (rotation, bounds)).collect::<Vec<_>>()
        };
        let native: Vec<(Rotation, Bounds)> = words.iter().flat_map(placed).collect();
        self.leave_out(&native);
        let lines = self.text.lines.iter();
        let mut lines: Vec<ScanLine> = lines.filter_map(|line| self.line(line)).collect();
        snap_sizes(&mut lines);
        for line in lines {
            words.entry(line.rotation).or_default().extend(line.words());
        }
        self.rotation()
    }

    /// Leaves out the words that the page has as text. Then the angle is that of the others: of a
    /// scanned part, whatever is around it.
    fn leave_out(&mut self, native: &[(Rotation, Bounds)]) {
        if native.is_empty() {
            return;
        }
        let unit = self.unit;
        let mut lines = std::mem::take(&mut self.text.lines);
        for line in &mut lines {
            let Some(rotation) = self.rotation_of(&placed(line, unit)) else { continue };
            line.words.retain(|word| !is_covered(&on_page_of(word, unit), rotation, native));
        }
        lines.retain(|line| !line.words.is_empty());
        self.text.lines = lines;
        self.text.angle = self.angle_of_lines();
    }

    /// The median angle by length of the lines that are turned as most of the text is.
    fn angle_of_lines(&self) -> f32 {
        let rotation = self.rotation();
        let along = |line: &RecognizedLine| along(&placed(line, self.unit));
        let mut angles: Vec<(f64, f64)> = self
            .text
            .lines
            .iter()
            .filter_map(along)
            .filter(|along| rotation.is_along(*along))
            .map(|along| (rotation.deviation(along), along.hypot()))
            .collect();
        angles.sort_by(|one, two| one.0.total_cmp(&two.0));
        let mut rest = angles.iter().map(|(_, length)| length).sum::<f64>() / 2.0;
        let median = angles.iter().find(|(_, length)| {
            rest -= length;
            rest <= 0.0
        });
        #[expect(clippy::cast_possible_truncation, reason = "an angle in degrees")]
        median.map_or(self.text.angle, |(deviation, _)| self.text.angle + *deviation as f32)
    }

    /// A line in reading coordinates; `None` without a word that has a place.
    fn line<'a>(&self, line: &'a RecognizedLine) -> Option<ScanLine<'a>> {
        let placed = placed(line, self.unit);
        let rotation = self.rotation_of(&placed)?;
        let mut words = Vec::with_capacity(placed.len());
        let (mut top, mut bottom) = (0.0, 0.0);
        for (word, corners) in placed {
            let [one, two, three, four] = corners.map(|corner| rotation.to_reading(corner));
            top += f64::midpoint(one.y, two.y);
            bottom += f64::midpoint(three.y, four.y);
            words.push((word, f64::midpoint(one.x, four.x), f64::midpoint(two.x, three.x)));
        }
        #[expect(clippy::cast_precision_loss, reason = "the words of a line are few")]
        let count = words.len() as f64;
        let (top, bottom) = (top / count, bottom / count);
        (bottom > top).then_some(ScanLine { rotation, top, bottom, size: bottom - top, words })
    }

    /// The rotation of a line: that of the page, unless it differs clearly.
    fn rotation_of(&self, placed: &[(&RecognizedWord, Corners)]) -> Option<Rotation> {
        let (of_page, along) = (self.rotation(), along(placed)?);
        let (_, first) = placed.first()?;
        let is_long = along.hypot() > LONG * first[0].distance(first[3]);
        let is_other = is_long && !of_page.is_along(along);
        Some(if is_other { Rotation::along(along, false) } else { of_page })
    }
}

/// The words of a line that have a place, with their corners in points of the page.
fn placed(line: &RecognizedLine, unit: f64) -> Vec<(&RecognizedWord, Corners)> {
    let words = line.words.iter().filter(|word| !word.text.trim().is_empty());
    words
        .map(|word| (word, corners(word, unit)))
        .filter(|(_, corners)| corners.iter().all(|corner| corner.is_finite()))
        .collect()
}

fn corners(word: &RecognizedWord, unit: f64) -> Corners {
    word.corners.map(|[x, y]| Point::new(f64::from(x) * unit, f64::from(y) * unit))
}

/// The direction and length of a line.
fn along(placed: &[(&RecognizedWord, Corners)]) -> Option<Vec2> {
    let ((_, first), (_, last)) = (placed.first()?, placed.last()?);
    Some(last[1].midpoint(last[2]) - first[0].midpoint(first[3]))
}

/// The box of a word on the page.
fn on_page_of(word: &RecognizedWord, unit: f64) -> Bounds {
    let [one, two, three, four] = corners(word, unit);
    on_page(Rotation::UPRIGHT, Rect::from_points(one, three).union(Rect::from_points(two, four)))
}

/// A line in reading coordinates.
struct ScanLine<'a> {
    rotation: Rotation,
    top: f64,
    bottom: f64,
    size: f64,
    /// Each word with its left and right end.
    words: Vec<(&'a RecognizedWord, f64, f64)>,
}

impl ScanLine<'_> {
    fn letters(&self) -> usize {
        self.words.iter().map(|(word, ..)| word.text.len()).sum()
    }

    fn words(&self) -> impl Iterator<Item = PageWord> {
        let baseline = self.bottom - DESCENT * (self.bottom - self.top);
        self.words.iter().enumerate().map(move |(drawn, (word, left, right))| PageWord {
            text: word.text.trim().to_owned(),
            bounds: Rect::new(*left, self.top, right.max(*left), self.bottom),
            baseline,
            size: self.size,
            face: Typeface::default(),
            space_before: Some(Point::new(*left, baseline)),
            drawn,
            score: Some(word.score.clamp(0.0, 1.0)),
        })
    }
}

/// Gives lines of nearly the usual height the same size, and the others one of a few sizes.
fn snap_sizes(lines: &mut [ScanLine]) {
    let mut heights: Vec<(f64, usize)> =
        lines.iter().map(|line| (line.size, line.letters())).collect();
    heights.sort_by(|one, two| one.0.total_cmp(&two.0));
    let half = heights.iter().map(|(_, letters)| letters).sum::<usize>() / 2;
    let mut before = 0;
    let usual = heights.iter().find(|(_, letters)| {
        before += letters;
        before > half
    });
    let Some((usual, _)) = usual else { return };
    for line in lines {
        let ratio = line.size / usual;
        let steps = if (ratio - 1.0).abs() <= SAME_SIZE {
            0.0
        } else {
            (ratio.ln() / SIZE_STEP.ln()).round()
        };
        line.size = usual * SIZE_STEP.powf(steps);
    }
}

/// Whether words of the page's own text, turned as this one, cover half of its box or more.
fn is_covered(bounds: &Bounds, rotation: Rotation, native: &[(Rotation, Bounds)]) -> bool {
    let area = |left: f32, top: f32, right: f32, bottom: f32| {
        (right - left).max(0.0) * (bottom - top).max(0.0)
    };
    let shared = |(_, other): &(Rotation, Bounds)| {
        let (left, top) = (bounds.left.max(other.left), bounds.top.max(other.top));
        area(left, top, bounds.right.min(other.right), bounds.bottom.min(other.bottom))
    };
    let alike = native.iter().filter(|(other, _)| other.is_near(rotation));
    let covered: f32 = alike.map(shared).sum();
    covered >= SAME_AREA * area(bounds.left, bounds.top, bounds.right, bounds.bottom)
}
