//! The values of form fields, and the texts of notes, that are not drawn on the page.

use std::collections::HashSet;

use hayro_interpret::hayro_cmap::BfString;
use hayro_interpret::kurbo::{Affine, Point, Rect};
use hayro_syntax::object::{Array, Dict, Name, Rect as PdfRect, String as PdfString};
use hayro_syntax::page::Page;

use super::Glyph;
use crate::FileError;
use crate::context::ReadContext;
use crate::pdf::text_string::decode;

/// Annotation flags: hidden, and not viewed on screen (ISO 32000-2, table 167).
const HIDDEN: u32 = 1 << 1;
const NO_VIEW: u32 = 1 << 5;
/// The flag of push buttons, which have no value (ISO 32000-2, table 229).
const PUSH_BUTTON: u32 = 1 << 16;
/// The longest chain of parents of a field: chosen by hand.
const MOST_PARENTS: usize = 16;
/// The largest font size of a value, in points, and its part of the height of a line: chosen by hand.
const LARGEST: f64 = 10.0;
const LINE_PART: f64 = 0.7;
/// The resolution, in points, at which drawn text is found in a field: chosen by hand.
const CELL: f64 = 2.0;

/// The annotations of a page that have a text.
#[derive(Debug, Default)]
pub(super) struct Annotations {
    /// Values of form fields and free texts, at their places on the page.
    pub(super) glyphs: Vec<Glyph>,
    /// Texts of sticky notes.
    pub(super) notes: Vec<String>,
}

/// Reads the annotations; `transform` is that of the page, `drawn` are its glyphs. A value that is
/// drawn already is left out.
///
/// # Errors
/// The time is used up.
pub(super) fn read(
    context: &ReadContext,
    page: &Page<'_>,
    transform: Affine,
    drawn: &[Glyph],
) -> Result<Annotations, FileError> {
    let mut found = Annotations::default();
    let Some(annotations) = page.raw().get::<Array<'_>>(b"Annots") else { return Ok(found) };
    let mut cells = None;
    for annotation in annotations.iter::<Dict<'_>>() {
        context.check_time()?;
        if annotation.get::<u32>(b"F").unwrap_or(0) & (HIDDEN | NO_VIEW) != 0 {
            continue;
        }
        let Some(subtype) = annotation.get::<Name<'_>>(b"Subtype") else { continue };
        let text = match subtype.as_str() {
            "Widget" => value(&annotation),
            "FreeText" => text(&annotation, b"Contents"),
            "Text" => {
                found.notes.extend(text(&annotation, b"Contents"));
                None
            }
            _ => None,
        };
        let (Some(text), Some(area)) = (text, annotation.get::<PdfRect>(b"Rect")) else { continue };
        let area = Rect::new(area.x0, area.y0, area.x1, area.y1).abs();
        let cells = cells.get_or_insert_with(|| drawn.iter().map(|it| cell(it.origin)).collect());
        let is_button = matches!(text.as_str(), "[x]" | "[ ]");
        if is_button || !is_drawn(cells, transform.transform_rect_bbox(area)) {
            write(&text, area, transform, &mut found.glyphs);
        }
    }
    Ok(found)
}

/// The value of a form field: the text, the chosen entries, or the state of a button.
fn value(field: &Dict<'_>) -> Option<String> {
    match inherited(field, |it| it.get::<Name<'_>>(b"FT"))?.as_str() {
        "Btn" => {
            if inherited(field, |it| it.get::<u32>(b"Ff")).unwrap_or(0) & PUSH_BUTTON != 0 {
                return None;
            }
            let state = field
                .get::<Name<'_>>(b"AS")
                .or_else(|| inherited(field, |it| it.get::<Name<'_>>(b"V")));
            let is_on = state.is_some_and(|state| state.as_str() != "Off");
            Some(if is_on { "[x]" } else { "[ ]" }.to_owned())
        }
        "Ch" => {
            let chosen = match inherited(field, |it| it.get::<PdfString<'_>>(b"V")) {
                Some(one) => vec![one],
                None => inherited(field, |it| it.get::<Array<'_>>(b"V"))?
                    .iter::<PdfString<'_>>()
                    .collect(),
            };
            let shown = chosen.iter().map(|value| displayed(field, value.as_bytes()));
            Some(shown.collect::<Vec<_>>().join(", "))
        }
        "Tx" => inherited(field, |it| it.get::<PdfString<'_>>(b"V"))
            .map(|value| decode(value.as_bytes())),
        _ => None,
    }
    .filter(|value| !value.trim().is_empty())
}

/// The entry of a choice that is displayed for an exported value.
fn displayed(field: &Dict<'_>, value: &[u8]) -> String {
    let options = inherited(field, |it| it.get::<Array<'_>>(b"Opt"));
    let pairs = options.iter().flat_map(Array::iter::<Array<'_>>);
    let shown = pairs
        .map(|pair| pair.iter::<PdfString<'_>>().collect::<Vec<_>>())
        .find(|pair| pair.len() == 2 && pair[0].as_bytes() == value);
    shown.map_or_else(|| decode(value), |pair| decode(pair[1].as_bytes()))
}

/// An entry of a field or of the nearest parent that has it.
fn inherited<'a, T>(field: &Dict<'a>, get: impl Fn(&Dict<'a>) -> Option<T>) -> Option<T> {
    let mut field = field.clone();
    for _ in 0..MOST_PARENTS {
        if let Some(value) = get(&field) {
            return Some(value);
        }
        field = field.get::<Dict<'a>>(b"Parent")?;
    }
    None
}

fn text(annotation: &Dict<'_>, key: &[u8]) -> Option<String> {
    let text = decode(annotation.get::<PdfString<'_>>(key)?.as_bytes());
    (!text.trim().is_empty()).then_some(text)
}

#[expect(clippy::cast_possible_truncation, reason = "places on a page are small numbers")]
fn cell(point: Point) -> (i32, i32) {
    ((point.x / CELL).floor() as i32, (point.y / CELL).floor() as i32)
}

/// Whether text is drawn within the area.
fn is_drawn(cells: &HashSet<(i32, i32)>, area: Rect) -> bool {
    let ((left, top), (right, bottom)) =
        (cell(Point::new(area.x0, area.y0)), cell(Point::new(area.x1, area.y1)));
    cells.iter().any(|(x, y)| (left..=right).contains(x) && (top..=bottom).contains(y))
}

/// Writes lines of text from the top left of the area on, with letters of half an em.
fn write(text: &str, area: Rect, transform: Affine, glyphs: &mut Vec<Glyph>) {
    let lines: Vec<&str> = text.split(['\r', '\n']).filter(|line| !line.is_empty()).collect();
    let count = f64::from(u32::try_from(lines.len()).unwrap_or(u32::MAX));
    let height = area.height() / count;
    let size = (LINE_PART * height).clamp(1.0, LARGEST);
    for (index, line) in (0_u32..).zip(lines) {
        let y = area.y1 - height * f64::from(index) - 0.5 * (height + size);
        for (place, character) in (0_u32..).zip(line.chars()) {
            let x = area.x0 + size / 2.0 * f64::from(place);
            glyphs.push(Glyph {
                text: BfString::Char(character),
                origin: transform * Point::new(x, y),
                end: transform * Point::new(x + size / 2.0, y),
                size,
                bold: false,
            });
        }
    }
}
