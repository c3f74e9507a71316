//! Writes Office Math (OMML) in linear form: `(3)/(4)`, `10^(5)`, `√(2)`, `∑_(i=1)^(n)`.

use quick_xml::events::BytesStart;

use super::super::xml;

/// The state of the formula that is being read.
#[derive(Default)]
pub(super) struct MathWriter {
    /// The open elements from `oMath` on.
    open: Vec<MathElement>,
}

struct MathElement {
    name: String,
    /// The opening and closing characters of a delimiter element (`d`).
    delimiters: (String, String),
    /// The number of arguments (`e`) so far.
    arguments: usize,
    has_operator: bool,
}

impl MathElement {
    fn new(name: &str) -> Self {
        let delimiters = ("(".to_owned(), ")".to_owned());
        Self { name: name.to_owned(), delimiters, arguments: 0, has_operator: false }
    }
}

impl MathWriter {
    /// The text to write before the content of an element.
    pub(super) fn start(&mut self, name: &str, element: &BytesStart) -> String {
        if self.open.is_empty() && name != "oMath" {
            return String::new();
        }
        let value = || xml::attribute(element, "val").unwrap_or_default();
        let count = self.open.len();
        let text = match (name, self.open.last_mut()) {
            ("num" | "deg", _) => "(".to_owned(),
            ("den", _) => "/(".to_owned(),
            ("sup", _) => "^(".to_owned(),
            ("sub", _) => "_(".to_owned(),
            ("e", Some(parent)) if parent.name == "rad" => "√(".to_owned(),
            ("e", Some(parent)) if parent.name == "d" => {
                parent.arguments += 1;
                if parent.arguments == 1 { parent.delimiters.0.clone() } else { "|".to_owned() }
            }
            ("chr", Some(parent)) if parent.name == "naryPr" => {
                parent.has_operator = true;
                value()
            }
            ("begChr" | "endChr", _) => {
                if let Some(parent) =
                    count.checked_sub(2).and_then(|index| self.open.get_mut(index))
                {
                    let (open, close) = &mut parent.delimiters;
                    *(if name == "begChr" { open } else { close }) = value();
                }
                String::new()
            }
            _ => String::new(),
        };
        self.open.push(MathElement::new(name));
        text
    }

    /// The text to write after the content of an element.
    pub(super) fn end(&mut self) -> String {
        let Some(element) = self.open.pop() else { return String::new() };
        match (element.name.as_str(), self.open.last()) {
            ("num" | "den" | "deg" | "sup" | "sub", _) => ")".to_owned(),
            ("e", Some(parent)) if parent.name == "rad" => ")".to_owned(),
            ("d", _) => element.delimiters.1,
            // The default operator (ECMA-376 part 1, 22.1.2.70).
            ("naryPr", _) if !element.has_operator => "∫".to_owned(),
            _ => String::new(),
        }
    }
}

/// Appends a closing text, or removes the opening one if there is nothing between.
pub(super) fn close(text: &mut String, closing: &str) {
    let empty = ["/(", "^(", "_(", "("].into_iter().find(|open| text.ends_with(open));
    match empty {
        Some(open) if closing == ")" => text.truncate(text.len() - open.len()),
        _ => text.push_str(closing),
    }
}
