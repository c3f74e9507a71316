//! The drawings of an XLSX sheet: text boxes, alternative texts of pictures, and its charts.

use quick_xml::events::Event;

use super::super::grid::SheetGrid;
use super::super::xml::{entity, xml};
use super::{damaged, given};
use crate::FileError;
use crate::context::ReadContext;

/// The cell at which a drawing begins, from 0.
type Place = Option<(u32, u32)>;

/// Reads the texts of the drawings, and returns the relationships of charts and diagrams with their
/// places.
pub(super) fn read(
    context: &ReadContext,
    part: &[u8],
    grid: &mut SheetGrid,
) -> Result<Vec<(Place, String)>, FileError> {
    let (mut charts, mut place) = (Vec::new(), None);
    let mut texts = DrawingTexts::default();
    let mut xml = xml(part);
    loop {
        let event = xml.read_event().map_err(|_| damaged(context))?;
        match &event {
            Event::Start(element) => match element.local_name().as_ref() {
                "twoCellAnchor" | "oneCellAnchor" | "absoluteAnchor" => place = None,
                // Repeats the choice before it for old programs.
                "Fallback" => {
                    xml.read_to_end(element.name()).map_err(|_| damaged(context))?;
                    continue;
                }
                "cNvPr" => {
                    let text = given(element, "descr").unwrap_or_default();
                    if !text.trim().is_empty() && !is_file_name(text.trim()) {
                        texts.lines.push_str(&format!("[picture: {}]\n", text.trim()));
                    }
                }
                "chart" | "relIds" => {
                    let id = given(element, "id").or_else(|| given(element, "dm"));
                    charts.extend(id.map(|id| (place, id)));
                    context.check_entries(charts.len())?;
                }
                _ => {}
            },
            Event::End(element) => match element.local_name().as_ref() {
                "from" => place = texts.place.row.zip(texts.place.column),
                "twoCellAnchor" | "oneCellAnchor" | "absoluteAnchor" => {
                    context.check_time()?;
                    grid.drawing(place, &std::mem::take(&mut texts.lines))?;
                }
                _ => {}
            },
            Event::Eof => return Ok(charts),
            _ => {}
        }
        texts.event(&event);
        context.check_growing(texts.lines.len())?;
    }
}

/// Whether the text is the name of an image, which programs set for want of another.
fn is_file_name(text: &str) -> bool {
    let extension = text.rsplit_once('.').map_or("", |(_, extension)| extension);
    (2..5).contains(&extension.len())
        && extension.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && !text.contains(char::is_whitespace)
}

/// The texts of a chart or a diagram, a line for each paragraph.
pub(super) fn lines(context: &ReadContext, part: &[u8]) -> Result<String, FileError> {
    let mut texts = DrawingTexts::default();
    let mut xml = xml(part);
    loop {
        let event = xml.read_event().map_err(|_| damaged(context))?;
        if matches!(event, Event::Eof) {
            let lines = texts.lines.lines().map(str::trim).filter(|line| !line.is_empty());
            return Ok(lines.collect::<Vec<_>>().join("\n"));
        }
        texts.event(&event);
        context.check_growing(texts.lines.len())?;
    }
}

/// Collects the text of paragraphs (DrawingML) and the position of a drawing.
#[derive(Default)]
struct DrawingTexts {
    lines: String,
    place: Position,
    within: Within,
}

#[derive(Default)]
struct Position {
    row: Option<u32>,
    column: Option<u32>,
}

/// The element whose text is read.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Within {
    #[default]
    Other,
    Text,
    Row,
    Column,
}

impl DrawingTexts {
    fn event(&mut self, event: &Event) {
        match event {
            Event::Start(element) => {
                self.within = match element.local_name().as_ref() {
                    "t" => Within::Text,
                    "row" => Within::Row,
                    "col" => Within::Column,
                    "from" => {
                        self.place = Position::default();
                        Within::Other
                    }
                    _ => Within::Other,
                };
            }
            Event::End(element) => {
                if matches!(element.local_name().as_ref(), "p" | "br") {
                    self.lines.push('\n');
                }
                self.within = Within::Other;
            }
            Event::Text(text) => self.text(&text.xml10_content()),
            Event::CData(text) => self.text(&text.xml10_content()),
            Event::GeneralRef(name) => self.text(&entity(name).unwrap_or_default()),
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        match self.within {
            Within::Text => self.lines.push_str(text),
            // The first position is where the drawing begins.
            Within::Row => self.place.row = self.place.row.or(text.trim().parse().ok()),
            Within::Column => self.place.column = self.place.column.or(text.trim().parse().ok()),
            Within::Other => {}
        }
    }
}
