//! The check boxes and drop-down lists of forms in Word documents.

use quick_xml::events::BytesStart;

use super::super::xml;

/// The form field that is being read.
#[derive(Default)]
pub(super) struct FormFields {
    choice: Option<DropDown>,
    ticked: Option<bool>,
}

/// A drop-down list (`ddList`): its entries, and the index of the chosen one.
#[derive(Default)]
struct DropDown {
    entries: Vec<String>,
    chosen: Option<usize>,
    default: usize,
}

impl FormFields {
    /// Processes the start of an element; returns whether it belongs to a field.
    pub(super) fn start(&mut self, name: &str, element: &BytesStart) -> bool {
        match (name, &mut self.choice, &mut self.ticked) {
            ("checkBox", _, _) => self.ticked = Some(false),
            ("ddList", _, _) => self.choice = Some(DropDown::default()),
            ("result", Some(choice), _) => choice.chosen = xml::number(element),
            ("default", Some(choice), _) => choice.default = xml::number(element).unwrap_or(0),
            ("listEntry", Some(choice), _) => {
                choice.entries.extend(xml::attribute(element, "val"));
            }
            ("default" | "checked", None, Some(ticked)) => *ticked = xml::is_on(element),
            _ => return false,
        }
        true
    }

    /// Processes the end of an element; returns the value of the field that it ends.
    pub(super) fn end(&mut self, name: &str) -> Option<String> {
        match name {
            "ddList" => {
                let mut choice = self.choice.take()?;
                let chosen = choice.chosen.unwrap_or(choice.default);
                (chosen < choice.entries.len()).then(|| choice.entries.swap_remove(chosen))
            }
            "checkBox" => self.ticked.take().map(|it| if it { "☒" } else { "☐" }.to_owned()),
            _ => None,
        }
    }
}
