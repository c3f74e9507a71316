//! The texts of charts and diagrams.

use quick_xml::events::BytesStart;

use super::xml::{self, Visitor};
use crate::FileError;
use crate::context::ReadContext;

/// Titles, labels and values in the order in which the part has them, in one line.
pub(super) fn text(context: &ReadContext, part: &[u8]) -> Result<String, FileError> {
    let mut texts = Texts::default();
    xml::visit(context, part, &mut texts)?;
    Ok(texts.text.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[derive(Default)]
struct Texts {
    text: String,
    inside: bool,
}

impl Visitor for Texts {
    fn start(&mut self, name: &str, _: &BytesStart) -> Result<bool, FileError> {
        self.inside = matches!(name, "t" | "v");
        // Where the values come from, in the workbook behind the chart.
        Ok(!matches!(name, "f" | "Fallback"))
    }

    fn end(&mut self, name: &str) -> Result<(), FileError> {
        // A word may consist of several runs, a paragraph ends it.
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
