//! The values of form fields, and the texts of notes, that are not drawn on the page.

use std::collections::HashSet;

use hayro_interpret::hayro_cmap::BfString;
use hayro_interpret::kurbo::{Affine, Point, Rect};
use hayro_syntax::object::{Array, Dict, Name, Rect as PdfRect, String as PdfString};
use hayro_syntax::page::Page;

use super::fields::{self, FieldValue};
use super::typeface::Typeface;
use super::{Drawing, Glyph};
use crate::FileError;
use crate::context::ReadContext;
use crate::pdf::highlight::annotate::AUTHOR;
use crate::pdf::text_string::decode;

/// Annotation flags: hidden, and not viewed on screen (ISO 32000-2, table 167).
const HIDDEN: u32 = 1 << 1;
const NO_VIEW: u32 = 1 << 5;
/// The largest font size of a value, in points, and its part of the height of a line: chosen by hand.
const LARGEST: f64 = 10.0;
const LINE_PART: f64 = 0.7;
/// The gap between words, in font sizes: chosen by hand.
const SPACE: f64 = 0.15;
/// The annotations that mark a place and may have a comment (ISO 32000-2, 12.5.6).
const MARKS: [&str; 15] = [
    "Caret",
    "Circle",
    "FileAttachment",
    "Highlight",
    "Ink",
    "Line",
    "PolyLine",
    "Polygon",
    "Redact",
    "Sound",
    "Square",
    "Squiggly",
    "Stamp",
    "StrikeOut",
    "Underline",
];
/// The resolution, in points, at which drawn text is found in a field: chosen by hand.
const CELL: f64 = 2.0;
/// The largest side of a check box, in points, whose tick is drawn within: chosen by hand.
const LARGEST_BOX: f64 = 36.0;

/// Adds the texts of the annotations to the drawing of a page; `transform` is that of the page. A
/// value that is drawn already is left out, and a tick that is drawn is replaced by its state.
///
/// # Errors
/// The time is used up.
pub(super) fn read(
    context: &ReadContext,
    page: &Page<'_>,
    transform: Affine,
    drawing: &mut Drawing,
) -> Result<(), FileError> {
    let Some(annotations) = page.raw().get::<Array<'_>>(b"Annots") else { return Ok(()) };
    let (mut written, mut ticks) = (Vec::new(), HashSet::new());
    let mut drawn = None;
    let (count, mut annotations) = (annotations.raw_iter().count(), annotations.flex_iter());
    for _ in 0..count {
        context.check_time()?;
        // One that is missing does not end the list.
        let Some(annotation) = annotations.next::<Dict<'_>>() else { continue };
        if annotation.get::<u32>(b"F").unwrap_or(0) & (HIDDEN | NO_VIEW) != 0 {
            continue;
        }
        let Some(subtype) = annotation.get::<Name<'_>>(b"Subtype") else { continue };
        let (text, is_button) = match subtype.as_str() {
            "Widget" => match fields::value(&annotation) {
                Some(FieldValue::Ticked(is_on)) => {
                    (Some(if is_on { "[x]" } else { "[ ]" }.to_owned()), true)
                }
                Some(FieldValue::Text(value)) => (Some(named(&annotation, &value)), false),
                None => (None, false),
            },
            "FreeText" => (text(&annotation, b"Contents"), false),
            "Text" => {
                drawing.notes.extend(text(&annotation, b"Contents"));
                (None, false)
            }
            // A comment on what is marked; many programs repeat the marked text. Those of our own marks
            // say values, which are no part of the document.
            _ if MARKS.contains(&subtype.as_str()) => {
                let comment = text(&annotation, b"Contents");
                let is_ours = text(&annotation, b"T").is_some_and(|author| author == AUTHOR);
                let comment = comment.filter(|it| !is_ours && !repeats(&drawing.glyphs, it));
                let struck = (subtype.as_str() == "StrikeOut")
                    .then(|| marked(&annotation, transform, &drawing.glyphs))
                    .filter(|text| !text.is_empty());
                drawing.notes.extend(struck.map(|text| format!("[struck out: {text}]")));
                drawing.notes.extend(comment);
                (None, false)
            }
            _ => (None, false),
        };
        let (Some(text), Some(rect)) = (text, annotation.get::<PdfRect>(b"Rect")) else { continue };
        let rect = Rect::new(rect.x0, rect.y0, rect.x1, rect.y1).abs();
        let area = transform.transform_rect_bbox(rect);
        let drawn =
            drawn.get_or_insert_with(|| drawing.glyphs.iter().map(|it| cell(it.origin)).collect());
        if is_button && area.width().max(area.height()) <= LARGEST_BOX {
            ticks.extend(tick(&drawing.glyphs, area));
        }
        if is_button || !is_drawn(drawn, area) {
            write(&text, rect, transform, &mut written);
        }
    }
    let mut places = 0..;
    drawing.glyphs.retain(|_| !ticks.contains(&places.next().unwrap_or(0)));
    drawing.glyphs.extend(written);
    Ok(())
}

/// A value after the name of its field.
fn named(field: &Dict<'_>, value: &str) -> String {
    match fields::name(field) {
        name if name.is_empty() => value.to_owned(),
        name => format!("{}: {value}", name.trim_end_matches([':', ' '])),
    }
}

fn text(annotation: &Dict<'_>, key: &[u8]) -> Option<String> {
    let text = decode(annotation.get::<PdfString<'_>>(key)?.as_bytes());
    (!text.trim().is_empty()).then_some(text)
}

/// The text within the areas that an annotation marks.
fn marked(annotation: &Dict<'_>, transform: Affine, glyphs: &[Glyph]) -> String {
    let corners = annotation.get::<Array<'_>>(b"QuadPoints");
    let corners: Vec<f64> = corners.iter().flat_map(Array::iter::<f32>).map(f64::from).collect();
    let (mut text, mut end) = (String::new(), None);
    for corners in corners.chunks_exact(8) {
        let points = corners.chunks_exact(2).map(|pair| transform * Point::new(pair[0], pair[1]));
        let Some(area) = points.map(|it| Rect::from_points(it, it)).reduce(|a, b| a.union(b))
        else {
            continue;
        };
        for glyph in glyphs.iter().filter(|it| area.contains(it.origin.midpoint(it.end))) {
            let is_apart = |end: Point| end.distance(glyph.origin) > SPACE * glyph.size;
            if end.is_some_and(is_apart) && !text.ends_with(' ') {
                text.push(' ');
            }
            push(&mut text, glyph);
            end = Some(glyph.end);
        }
    }
    text.trim().to_owned()
}

fn push(text: &mut String, glyph: &Glyph) {
    match &glyph.text {
        BfString::Char(character) => text.push(*character),
        BfString::String(characters) => text.push_str(characters),
    }
}

/// Whether the text stands on the page, spaces apart.
fn repeats(glyphs: &[Glyph], text: &str) -> bool {
    let mut page = String::new();
    for glyph in glyphs {
        push(&mut page, glyph);
    }
    page.retain(|character| !character.is_whitespace());
    page.contains(&text.split_whitespace().collect::<String>())
}

#[expect(clippy::cast_possible_truncation, reason = "places on a page are small numbers")]
fn cell(point: Point) -> (i32, i32) {
    ((point.x / CELL).floor() as i32, (point.y / CELL).floor() as i32)
}

/// The place of the glyph within a check box; `None` if there are several, which are a text.
fn tick(glyphs: &[Glyph], area: Rect) -> Option<usize> {
    let within = |(_, glyph): &(usize, &Glyph)| glyph.is_visible() && area.contains(glyph.origin);
    let mut inside = glyphs.iter().enumerate().filter(within);
    let (place, _) = inside.next()?;
    inside.next().is_none().then_some(place)
}

/// Whether text is drawn within the area.
fn is_drawn(drawn: &HashSet<(i32, i32)>, area: Rect) -> bool {
    let ((left, top), (right, bottom)) =
        (cell(Point::new(area.x0, area.y0)), cell(Point::new(area.x1, area.y1)));
    drawn.iter().any(|(x, y)| (left..=right).contains(x) && (top..=bottom).contains(y))
}

/// Writes lines of text from the top left of the area on, with letters of half an em that fit into
/// its width.
fn write(text: &str, area: Rect, transform: Affine, glyphs: &mut Vec<Glyph>) {
    let number = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    let lines: Vec<&str> = text.split(['\r', '\n']).filter(|line| !line.is_empty()).collect();
    let longest = lines.iter().map(|line| line.chars().count()).max().unwrap_or(1);
    let height = area.height() / number(lines.len());
    let size = (LINE_PART * height).min(2.0 * area.width() / number(longest)).clamp(1.0, LARGEST);
    for (index, line) in lines.into_iter().enumerate() {
        let y = area.y1 - height * number(index) - 0.5 * (height + size);
        for (place, character) in line.chars().enumerate() {
            let x = area.x0 + size / 2.0 * number(place);
            glyphs.push(Glyph {
                text: BfString::Char(character),
                origin: transform * Point::new(x, y),
                end: transform * Point::new(x + size / 2.0, y),
                size,
                face: Typeface::default(),
                mirrored: false,
            });
        }
    }
}
