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
    /// The opening and closing characters of a delimiter element (`d`), or the accent that ends one
    /// (`acc`).
    delimiters: (String, String),
    /// The number of arguments (`e`), or of rows (`mr`), so far.
    arguments: usize,
    has_operator: bool,
    /// It was put in parentheses.
    is_enclosed: bool,
}

impl MathElement {
    fn new(name: &str) -> Self {
        // The default characters (ECMA-376 part 1, 22.1.2.1 and 22.1.2.24).
        let end = if name == "acc" { "\u{302}" } else { ")" };
        let delimiters = ("(".to_owned(), end.to_owned());
        Self {
            name: name.to_owned(),
            delimiters,
            arguments: 0,
            has_operator: false,
            is_enclosed: false,
        }
    }
}

impl MathWriter {
    /// The text to write before the content of an element.
    pub(super) fn start(&mut self, name: &str, element: &BytesStart) -> String {
        if self.open.is_empty() && name != "oMath" {
            return String::new();
        }
        if self.encloses(name) {
            self.open.push(MathElement::new(name));
            return "(".to_owned();
        }
        let value = || xml::attribute(element, "val").unwrap_or_default();
        let count = self.open.len();
        let text = match (name, self.open.last_mut()) {
            ("num" | "deg", _) => "(".to_owned(),
            ("den", _) => "/(".to_owned(),
            ("sup", _) => "^(".to_owned(),
            ("sub", _) => "_(".to_owned(),
            ("lim", Some(parent)) => if parent.name == "limUpp" { "^(" } else { "_(" }.to_owned(),
            ("e", Some(parent)) if matches!(&*parent.name, "mr" | "eqArr") => {
                parent.arguments += 1;
                let parting = if parent.name == "mr" { ", " } else { "; " };
                if parent.arguments == 1 { String::new() } else { parting.to_owned() }
            }
            ("mr", Some(parent)) => {
                parent.arguments += 1;
                if parent.arguments == 1 { "[" } else { "; " }.to_owned()
            }
            ("e", Some(parent)) if parent.name == "rad" => "√(".to_owned(),
            ("e", Some(parent)) if parent.name == "d" => {
                parent.arguments += 1;
                if parent.arguments == 1 { parent.delimiters.0.clone() } else { "|".to_owned() }
            }
            ("chr", Some(parent)) if parent.name == "naryPr" => {
                parent.has_operator = true;
                value()
            }
            ("begChr" | "endChr" | "chr", _) => {
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

    /// Whether the element is the first in the argument of a function, and needs parentheses: without
    /// them a fraction would divide the function.
    fn encloses(&mut self, name: &str) -> bool {
        let [.., function, argument] = self.open.as_mut_slice() else { return false };
        let is_first = function.name == "func" && argument.name == "e" && argument.arguments == 0;
        if is_first && name != "ctrlPr" {
            argument.arguments += 1;
            argument.is_enclosed = name == "f";
        }
        is_first && argument.is_enclosed
    }

    /// The text to write after the content of an element.
    pub(super) fn end(&mut self) -> String {
        let Some(element) = self.open.pop() else { return String::new() };
        match (element.name.as_str(), self.open.last()) {
            ("num" | "den" | "deg" | "sup" | "sub" | "lim", _) => ")".to_owned(),
            ("m", _) if element.arguments > 0 => "]".to_owned(),
            ("e", Some(parent)) if parent.name == "rad" => ")".to_owned(),
            ("e", _) if element.is_enclosed => ")".to_owned(),
            ("d" | "acc", _) => element.delimiters.1,
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
