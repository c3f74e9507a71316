//! Replaces glyphs by the text that marked content gives for them (`/ActualText`).

use hayro_interpret::hayro_cmap::BfString;
use hayro_interpret::kurbo::Point;
use hayro_syntax::object::{Dict, String as PdfString};

use super::Glyph;
use super::typeface::Typeface;
use crate::pdf::text_string::decode;

/// The open marked content of a page.
#[derive(Default)]
pub(super) struct MarkedContent {
    /// The number of open sequences, and of those within one that has a text.
    depth: usize,
    replaced: Option<Replacement>,
    /// The text and origin of the last sequence that was replaced.
    last: Option<(String, Point)>,
}

/// A sequence of marked content with a text of its own.
struct Replacement {
    depth: usize,
    text: String,
    glyphs: Vec<HeldGlyph>,
}

/// A glyph within the sequence; without text if it has no Unicode value.
pub(super) struct HeldGlyph {
    pub(super) text: Option<BfString>,
    pub(super) origin: Point,
    pub(super) end: Point,
    pub(super) size: f64,
    pub(super) face: Typeface,
    pub(super) mirrored: bool,
}

impl MarkedContent {
    /// Begins a sequence. The outermost text counts, as it includes those within.
    pub(super) fn begin(&mut self, properties: Option<&Dict<'_>>) {
        self.depth += 1;
        if self.replaced.is_some() {
            return;
        }
        let text = properties.and_then(|it| it.get::<PdfString<'_>>(b"ActualText"));
        let text = text.map(|text| decode(text.as_bytes())).unwrap_or_default();
        if !text.trim().is_empty() {
            self.replaced = Some(Replacement { depth: self.depth, text, glyphs: Vec::new() });
        }
    }

    /// Holds a glyph back if its sequence has a text; returns it otherwise.
    pub(super) fn hold(&mut self, glyph: HeldGlyph) -> Option<HeldGlyph> {
        match &mut self.replaced {
            Some(replaced) => {
                replaced.glyphs.push(glyph);
                None
            }
            None => Some(glyph),
        }
    }

    /// Ends a sequence; returns its glyphs if it had a text.
    pub(super) fn end(&mut self) -> Vec<HeldGlyph> {
        let depth = self.depth;
        self.depth = depth.saturating_sub(1);
        match self.replaced.take_if(|replaced| replaced.depth == depth) {
            Some(ended) => self.glyphs(ended),
            None => Vec::new(),
        }
    }

    /// Ends a sequence that the page leaves open.
    pub(super) fn finish(&mut self) -> Vec<HeldGlyph> {
        match self.replaced.take() {
            Some(open) => self.glyphs(open),
            None => Vec::new(),
        }
    }

    /// The glyphs of a sequence, unless it repeats the last one: bold is imitated that way.
    fn glyphs(&mut self, ended: Replacement) -> Vec<HeldGlyph> {
        let Some(first) = ended.glyphs.first() else { return Vec::new() };
        let (origin, size) = (first.origin, first.size);
        let is_repeated = self
            .last
            .as_ref()
            .is_some_and(|(text, last)| *text == ended.text && origin.distance(*last) < 0.1 * size);
        self.last = Some((ended.text.clone(), origin));
        if is_repeated { Vec::new() } else { ended.glyphs() }
    }
}

impl Replacement {
    /// The text spread over the line of the glyphs; the glyphs themselves if they are on several
    /// lines, as the text does not say where they break.
    fn glyphs(self) -> Vec<HeldGlyph> {
        let (Some(first), Some(last)) = (self.glyphs.first(), self.glyphs.last()) else {
            return Vec::new();
        };
        let along = last.end - first.origin;
        let is_line = self.glyphs.iter().all(|glyph| {
            // The distance from the line from the first origin to the last end.
            let offset = glyph.origin - first.origin;
            offset.cross(along).abs() <= 0.5 * first.size * along.hypot()
        });
        if !is_line {
            return self.glyphs;
        }
        let (origin, size) = (first.origin, first.size);
        let (face, mirrored) = (first.face, first.mirrored);
        let characters: Vec<char> = self.text.chars().collect();
        let count = f64::from(u32::try_from(characters.len()).unwrap_or(u32::MAX));
        let at = |index: u32| origin + along * (f64::from(index) / count);
        (0..)
            .zip(characters)
            .map(|(index, character)| HeldGlyph {
                text: Some(BfString::Char(character)),
                origin: at(index),
                end: at(index + 1),
                size,
                face,
                mirrored,
            })
            .collect()
    }
}

impl HeldGlyph {
    pub(super) fn into_glyph(self) -> Option<Glyph> {
        let Self { text, origin, end, size, face, mirrored } = self;
        text.map(|text| Glyph { text, origin, end, size, face, mirrored })
    }
}
