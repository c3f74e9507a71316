//! Writes MathML in linear form, like the formulas of Word: `(3)/(4)`, `10^(5)`, `√(2)`.

use crate::FileError;
use crate::context::ReadContext;

/// The state of the formula that is being read.
#[derive(Debug, Default)]
pub(crate) struct MathWriter {
    /// The open elements from `math` on.
    open: Vec<MathElement>,
}

#[derive(Debug)]
struct MathElement {
    name: String,
    /// The number of elements in it so far, and whether the last one is a number.
    children: usize,
    ends_in_number: bool,
}

impl MathWriter {
    /// Whether a formula is open.
    pub(crate) fn is_open(&self) -> bool {
        !self.open.is_empty()
    }

    /// The text to write before the content of an element; nothing outside of formulas.
    ///
    /// # Errors
    /// The formula is nested too deeply.
    pub(crate) fn start(
        &mut self,
        context: &ReadContext,
        name: &str,
    ) -> Result<&'static str, FileError> {
        let name = local(name);
        if self.open.is_empty() && name != "math" {
            return Ok("");
        }
        context.check_depth(self.open.len() + 1)?;
        let is_number = matches!(name, "mn" | "cn");
        let parting = self.open.last_mut().map_or("", |parent| {
            parent.children += 1;
            let follows_number = std::mem::replace(&mut parent.ends_in_number, is_number);
            match before(&parent.name, parent.children) {
                // Two numbers are not one.
                "" if is_number && follows_number => " ",
                parting => parting,
            }
        });
        self.open.push(MathElement { name: name.to_owned(), children: 0, ends_in_number: false });
        Ok(if parting.is_empty() && name == "mtext" { " " } else { parting })
    }

    /// The text to write after the content of an element.
    pub(crate) fn end(&mut self, name: &str) -> &'static str {
        let name = local(name);
        let Some(place) = self.open.iter().rposition(|open| open.name == name) else { return "" };
        let after = after(&self.open[place]);
        self.open.truncate(place);
        after
    }
}

/// What parts the argument of this number, from 1, from those before it (MathML 3, chapter 3).
fn before(name: &str, number: usize) -> &'static str {
    match (name, number) {
        ("mfrac" | "mroot" | "mfenced", 1) => "(",
        ("mfrac", 2) => ")/(",
        ("msup" | "mover", 2) => "^(",
        ("msub" | "munder" | "msubsup" | "munderover", 2) => "_(",
        ("msubsup" | "munderover", 3) => ")^(",
        ("mroot", 2) => ")^(1/(",
        ("msqrt", 1) => "√(",
        ("mtable", 1) => "[",
        ("mtable", _) => "; ",
        ("mtr" | "mlabeledtr" | "mfenced", 2..) => ", ",
        _ => "",
    }
}

fn after(element: &MathElement) -> &'static str {
    match (element.name.as_str(), element.children) {
        ("mfrac" | "msqrt" | "mfenced", 1..)
        | ("msup" | "msub" | "mover" | "munder" | "msubsup" | "munderover", 2..)
        | ("mroot", 1) => ")",
        ("mroot", 2..) => "))",
        ("mtable", 1..) => "]",
        ("mtext", _) => " ",
        _ => "",
    }
}

/// The name without the prefix of its namespace.
fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

/// The text of a token without the white space around it, which is not part of it.
pub(crate) fn token(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\n', '\r'])
}
