//! The comments of an XLSX sheet, old (notes) and new (threaded).

use quick_xml::events::Event;

use super::super::grid::SheetGrid;
use super::super::xml::xml;
use super::{damaged, given, shared};
use crate::FileError;
use crate::context::ReadContext;
use crate::sheet_address;

/// The start of the note that Excel writes for programs without threaded comments.
const PLACEHOLDER: &str = "[Threaded comment]";

pub(super) fn read(
    context: &ReadContext,
    part: &[u8],
    grid: &mut SheetGrid,
) -> Result<(), FileError> {
    let mut xml = xml(part);
    loop {
        match xml.read_event().map_err(|_| damaged(context))? {
            Event::Start(element) => {
                let name = element.local_name();
                let is_threaded = name.as_ref() == "threadedComment";
                if !is_threaded && name.as_ref() != "comment" {
                    continue;
                }
                let place = given(&element, "ref").and_then(|at| sheet_address::parse(&at));
                let text = shared::text(context, &mut xml)?;
                context.check_time()?;
                let Some((row, column)) = place else { continue };
                let earlier = grid.comments.get(&(row, column)).filter(|_| is_threaded);
                let text = match earlier {
                    Some(earlier) if !earlier.starts_with(PLACEHOLDER) => {
                        format!("{earlier}\n{text}")
                    }
                    _ => text,
                };
                grid.comment(row, column, &text)?;
            }
            Event::Eof => return Ok(()),
            _ => {}
        }
    }
}
