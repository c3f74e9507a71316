//! The text of charts and diagrams.

use quick_xml::events::BytesStart;

use super::xml::{self, Visitor};
use crate::FileError;
use crate::context::ReadContext;

/// Titles, labels and values in the order of the part, in one line.
pub(super) fn text(context: &ReadContext, part: &[u8]) -> Result<String, FileError> {
    let mut texts = DrawingText::default();
    xml::visit(context, part, &mut texts)?;
    Ok(texts.text.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[derive(Default)]
struct DrawingText {
    text: String,
    inside: bool,
}

impl Visitor for DrawingText {
    fn start(&mut self, name: &str, _: &BytesStart) -> Result<bool, FileError> {
        self.inside = matches!(name, "t" | "v");
        // `f` is the reference to the cells of the workbook behind the chart.
        Ok(!matches!(name, "f" | "Fallback"))
    }

    fn end(&mut self, name: &str) -> Result<(), FileError> {
        // A word may consist of several runs; the end of a paragraph ends it.
        if matches!(name, "p" | "v") {
            self.text.push(' ');
        }
        self.inside = false;
        Ok(())
    }

    fn text(&mut self, text: &str) {
        if self.inside {
            self.text.push_str(text);
        }
    }
}
