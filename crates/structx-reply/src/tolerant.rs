//! A tolerant parser for text that is almost JSON.
//!
//! Incomplete and ambiguous values are refused. One budget of steps covers the whole text, so hostile
//! text costs no more than other text of its length.

use std::cell::Cell;
use std::fmt;

use serde_json::Value;

use super::faults::{Fault, Faults};
use super::frames::{Content, Frame, Previous, Relation};
use super::quotes::{self, StringRole};
use super::words;
use structx_schema::outline::Outline;

/// The recursion limit of `serde_json`.
const MAX_DEPTH: usize = 128;

/// The reason why a value can't be parsed.
#[derive(Debug, PartialEq)]
pub enum ParseError {
    /// The text ends inside the value.
    Ended,
    Wrong(&'static str),
    /// The rest of the text must not be searched for other values.
    Final(String),
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ended => "it ends before it is complete",
            Self::Wrong(what) => what,
            Self::Final(what) => what,
        })
    }
}

/// Parses one value of a text along an outline.
pub struct Parser<'t> {
    pub(super) text: &'t str,
    pub(super) at: usize,
    pub(super) outline: &'t Outline,
    /// The remaining budget.
    steps: &'t Cell<usize>,
    /// Whether missing brackets at the end are added.
    closes: bool,
    pub(super) frames: Vec<Frame<'t>>,
    pub faults: Faults,
    /// Whether a quoted or known name was parsed, so that the text is meant as JSON.
    pub is_json: bool,
    /// Whether a member has a name that its object's schema does not have.
    has_unknown: bool,
    /// The number of forks that led to this parser.
    pub(super) tries: usize,
    /// The complete items of the reply's list, where the text was cut.
    pub partial: Option<Vec<Value>>,
}

impl<'t> Parser<'t> {
    pub fn new(text: &'t str, at: usize, outline: &'t Outline, steps: &'t Cell<usize>) -> Self {
        Self {
            text,
            at,
            outline,
            steps,
            closes: true,
            frames: Vec::new(),
            faults: Faults::default(),
            is_json: false,
            has_unknown: false,
            tries: 0,
            partial: None,
        }
    }

    /// A parser for text that was cut: missing brackets are not added.
    pub fn of_cut(text: &'t str, at: usize, outline: &'t Outline, steps: &'t Cell<usize>) -> Self {
        Self { closes: false, ..Self::new(text, at, outline, steps) }
    }

    /// A copy that reads on without the values so far, to find out whether the rest can be read.
    pub(super) fn fork(&self) -> Self {
        Self {
            frames: self.frames.iter().map(Frame::skeleton).collect(),
            faults: self.faults.clone(),
            partial: None,
            tries: self.tries + 1,
            ..*self
        }
    }

    /// Parses the value at the current position.
    pub fn value(&mut self) -> Result<Value, ParseError> {
        let first = self.start(StringRole::Item)?;
        let read = self.run(first);
        if read.is_err() && !self.closes {
            let kept = self.frames.iter_mut().find_map(|frame| match &mut frame.content {
                Content::List { items, is_kept: true } => Some(std::mem::take(items)),
                _ => None,
            });
            self.partial = kept.or(self.partial.take());
        }
        read
    }

    /// Reads on to the end of the outermost value. `read` is a value that was read just now, if any.
    pub(super) fn run(&mut self, mut read: Option<Value>) -> Result<Value, ParseError> {
        loop {
            if let Some(value) = read.take() {
                if self.frames.is_empty() {
                    self.check_rest()?;
                    return Ok(value);
                }
                self.add(value)?;
            }
            if self.is_closed()? {
                read = self.close()?;
            } else if !self.is_comma()? {
                read = self.entry()?;
            }
        }
    }

    /// Reads a scalar, or opens an object or a list.
    fn start(&mut self, role: StringRole) -> Result<Option<Value>, ParseError> {
        self.skip()?;
        if self.is_at_end() {
            return Err(ParseError::Ended);
        }
        match self.peek() {
            Some(open @ ('{' | '[')) => {
                if self.frames.len() == MAX_DEPTH {
                    return Err(ParseError::Final(format!(
                        "it is nested more than {MAX_DEPTH} levels deep"
                    )));
                }
                self.at += 1;
                self.spend(1)?;
                let mut frame = Frame::new(open == '{', &self.frames, self.outline);
                let rest = self.rest();
                frame.has_lines = rest[..rest.len() - rest.trim_start().len()].contains('\n');
                self.frames.push(frame);
                Ok(None)
            }
            Some(_) if quotes::opens(self.rest()) => {
                quotes::read(self, role).map(|text| Some(text.into()))
            }
            _ => words::read(self, role).map(Some),
        }
    }

    /// Adds a value to the innermost frame.
    fn add(&mut self, value: Value) -> Result<(), ParseError> {
        let Some(frame) = self.frames.last_mut() else { return Ok(()) };
        frame.previous = Previous::Value;
        match &mut frame.content {
            Content::List { items, .. } => items.push(value),
            Content::Object { members, name } => {
                let name = std::mem::take(name);
                match members.get(&name) {
                    Some(other) if *other == value => self.faults.note(Fault::Repeated),
                    Some(_) => {
                        return Err(ParseError::Final(format!("an object has `{name}` twice")));
                    }
                    None => drop(members.insert(name, value)),
                }
            }
        }
        Ok(())
    }

    /// Closes the innermost frame.
    fn close(&mut self) -> Result<Option<Value>, ParseError> {
        let Some(frame) = self.frames.pop() else { return Ok(None) };
        Ok(Some(match frame.content {
            Content::Object { members, .. } => Value::Object(members),
            // Nothing tells a comma between the strings from one inside.
            Content::List { items, .. } if frame.has_marks && items.len() > 1 => {
                return Err(ParseError::Wrong("strings of a list have quotation marks in them"));
            }
            Content::List { items, is_kept } => {
                if is_kept && !self.closes {
                    self.partial = Some(items.clone());
                }
                Value::Array(items)
            }
        }))
    }

    /// Reads the next member or item, up to the start of its value if that is an object or a list.
    fn entry(&mut self) -> Result<Option<Value>, ParseError> {
        let Some(frame) = self.frames.last() else { return Ok(None) };
        let lacks_comma = frame.previous == Previous::Value;
        let (is_object, has_lines) = (frame.is_object(), frame.has_lines);
        if lacks_comma {
            let is_string = has_lines && quotes::opens(self.rest());
            if !is_object && !self.rest().starts_with(['{', '[']) && !is_string {
                return Err(ParseError::Wrong("a comma or a bracket is missing"));
            }
            self.faults.note(Fault::MissingComma);
        }
        if !is_object {
            return self.start(StringRole::Item);
        }
        let read = self.name()?;
        if let Some(Frame { content: Content::Object { name, .. }, .. }) = self.frames.last_mut() {
            *name = read;
        }
        self.start(StringRole::Member)
    }

    /// Whether the innermost frame ends here: at its own bracket, at one of an enclosing frame, or at the
    /// end of the text.
    fn is_closed(&mut self) -> Result<bool, ParseError> {
        self.skip()?;
        let [around @ .., frame] = self.frames.as_slice() else { return Ok(false) };
        let after_value = frame.previous == Previous::Value;
        if self.is_at_end() {
            let is_whole = || frame.is_whole(around.is_empty(), self.outline);
            if !after_value || !self.closes || !is_whole() {
                return Err(ParseError::Ended);
            }
            self.faults.note(Fault::MissingBracket);
            return Ok(true);
        }
        let Some(closes_object) = self.peek().and_then(closed_by) else { return Ok(false) };
        if closes_object == frame.is_object() {
            if frame.previous == Previous::Comma {
                self.faults.note(Fault::TrailingComma);
            }
            self.at += 1;
            return Ok(true);
        }
        let is_around = around.iter().any(|frame| frame.is_object() == closes_object);
        if is_around && after_value {
            self.faults.note(Fault::MissingBracket);
        }
        Ok(is_around && after_value)
    }

    fn is_comma(&mut self) -> Result<bool, ParseError> {
        if self.peek() != Some(',') {
            return Ok(false);
        }
        let Some(frame) = self.frames.last_mut() else { return Ok(false) };
        if frame.previous != Previous::Value {
            return Err(ParseError::Wrong("a value is missing before a comma"));
        }
        frame.previous = Previous::Comma;
        self.at += 1;
        Ok(true)
    }

    fn name(&mut self) -> Result<String, ParseError> {
        let is_quoted = quotes::opens(self.rest());
        let name = if is_quoted {
            quotes::read(self, StringRole::Name)?
        } else {
            let name = quotes::bare_name(self.rest());
            self.at += name.len();
            self.spend(name.len())?;
            name.to_owned()
        };
        self.skip()?;
        if self.is_at_end() {
            return Err(ParseError::Ended);
        }
        if name.is_empty() && !is_quoted || self.peek() != Some(':') {
            return Err(ParseError::Wrong("a name and a colon are missing"));
        }
        self.at += 1;
        if !is_quoted {
            self.faults.note(Fault::BareName);
        }
        let relation = self.frames.last().map(|frame| frame.relation(&name, self.outline));
        self.has_unknown |= relation == Some(Relation::Unknown);
        self.is_json |= is_quoted || self.outline.knows(&name);
        Ok(name)
    }

    /// Checks that a value with a mended structure is the only reading: it has no member that the schema
    /// does not have, and no part of it is left in the text after it.
    fn check_rest(&mut self) -> Result<(), ParseError> {
        let has = |fault| self.faults.has(fault);
        let is_moved = self.faults.move_structure();
        let has_others = has(Fault::MissingBracket) || has(Fault::MissingComma);
        let is_torn = has(Fault::InnerQuote) && has_others;
        let is_foreign = self.has_unknown && (is_moved || has_others);
        if is_foreign || is_moved && has(Fault::Repeated) || is_torn {
            return Err(ParseError::Final(
                "quotation marks, commas or brackets are missing or not escaped".to_owned(),
            ));
        }
        if !is_moved {
            return Ok(());
        }
        let rest = self.rest().trim_start();
        self.spend(self.text.len() - self.at)?;
        if is_left_over(rest) {
            return Err(ParseError::Final("a value has ended, and more of it follows".to_owned()));
        }
        Ok(())
    }

    /// Skips white space and comments.
    pub(super) fn skip(&mut self) -> Result<(), ParseError> {
        loop {
            let rest = self.rest();
            let blank = rest.len() - rest.trim_start().len();
            let rest = &rest[blank..];
            let comment = if rest.starts_with("/*") {
                let Some(end) = rest.find("*/") else { return Err(ParseError::Ended) };
                end + 2
            } else if rest.starts_with("//") || rest.starts_with('#') {
                rest.find('\n').unwrap_or(rest.len())
            } else {
                0
            };
            self.at += blank + comment;
            self.spend(blank + comment + 1)?;
            if comment == 0 {
                return Ok(());
            }
            self.faults.note(Fault::Comment);
        }
    }

    pub(super) fn spend(&self, steps: usize) -> Result<(), ParseError> {
        let left = self.steps.get().checked_sub(steps);
        self.steps.set(left.unwrap_or(0));
        left.map(drop).ok_or_else(|| ParseError::Final("it is too damaged to be read".to_owned()))
    }

    pub(super) fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Whether the text, or the code fence around the value, ends here.
    fn is_at_end(&self) -> bool {
        self.rest().is_empty() || quotes::is_fence(self.rest())
    }
}

/// Whether a bracket closes an object, or a list; `None` for other characters.
pub const fn closed_by(bracket: char) -> Option<bool> {
    match bracket {
        '}' => Some(true),
        ']' => Some(false),
        _ => None,
    }
}

/// Whether text after a value looks like a part of it: it has quotation marks or brackets before the end
/// of the code fence.
pub fn is_left_over(rest: &str) -> bool {
    let rest = rest.split("```").next().unwrap_or_default();
    rest.contains(['"', '{', '}', '[', ']']) || rest.starts_with([',', ':'])
}
#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use serde_json::{Value, json};

    use super::{ParseError, Parser};
    use crate::faults::Fault;
    use structx_schema::json_schema::items_of;
    use structx_schema::outline::Outline;

    /// The value at the start of `text`, and its faults.
    fn read(text: &str) -> Result<(Value, Vec<Fault>), ParseError> {
        let outline = Outline::new(&items_of(&json!({})), false);
        let steps = Cell::new(10_000);
        let mut parser = Parser::new(text, 0, &outline, &steps);
        let value = parser.value()?;
        Ok((value, parser.faults.iter().collect()))
    }

    #[test]
    fn json_has_no_faults() {
        let text = r#" {"a": [1.50, -2e3, "x\ny", true, false, null], "b": {}, "": []} "#;
        let expected: Value = serde_json::from_str(text).unwrap();
        assert_eq!(read(text), Ok((expected, vec![])));
    }

    #[test]
    fn each_fault_is_mended_and_noted_once() {
        let cases = [
            ("[1, 2,]", json!([1, 2]), Fault::TrailingComma),
            ("[[1,], [2,],]", json!([[1], [2]]), Fault::TrailingComma),
            ("{\"a\": 1 \"b\": 2}", json!({"a": 1, "b": 2}), Fault::MissingComma),
            ("[{} {}]", json!([{}, {}]), Fault::MissingComma),
            ("[{\"b\": true}", json!([{"b": true}]), Fault::MissingBracket),
            ("{\"a\": [1}", json!({"a": [1]}), Fault::MissingBracket),
            ("[1, // one\n 2 /* two */]", json!([1, 2]), Fault::Comment),
            ("['a']", json!(["a"]), Fault::Quotes),
            ("{a: 1}", json!({"a": 1}), Fault::BareName),
            ("[paid]", json!(["paid"]), Fault::BareWord),
            ("[True, None]", json!([true, null]), Fault::Literal),
            ("[\"a\nb\"]", json!(["a\nb"]), Fault::Control),
        ];
        for (text, value, fault) in cases {
            assert_eq!(read(text), Ok((value, vec![fault])), "{text}");
        }
    }

    #[test]
    fn text_that_ends_inside_a_value_has_no_value() {
        for text in
            ["", "[", "[1,", "[12", "{\"a\"", "{\"a\":", "[\"a", "[tru", "[1 /* x", "[{\"a\": true"]
        {
            assert_eq!(read(text), Err(ParseError::Ended), "{text}");
        }
    }

    #[test]
    fn text_with_several_readings_has_no_value() {
        for text in ["[1 2]", "[,]", "[1,,2]", "{1}", "[a b]", "[\"a\\ud800\"]"] {
            assert!(matches!(read(text), Err(ParseError::Wrong(_))), "{text}: {:?}", read(text));
        }
        assert!(matches!(read("{\"a\": 1, \"a\": 2}"), Err(ParseError::Final(_))));
    }

    #[test]
    fn depth_and_steps_are_bounded() {
        let deep = "[".repeat(super::MAX_DEPTH + 1);
        assert!(
            matches!(read(&deep), Err(ParseError::Final(problem)) if problem.contains("nested"))
        );
        let long = format!("[{}]", "1,".repeat(10_000));
        assert!(
            matches!(read(&long), Err(ParseError::Final(problem)) if problem.contains("damaged"))
        );
    }

    #[test]
    fn cut_text_keeps_the_whole_items_of_its_list() {
        let outline = Outline::new(&items_of(&json!({})), false);
        let steps = Cell::new(10_000);
        let text = "{\"items\": [[1], {\"a\": 2}, {\"a\": 3";
        let mut parser = Parser::of_cut(text, 0, &outline, &steps);
        assert_eq!(parser.value(), Err(ParseError::Ended));
        assert_eq!(parser.partial, Some(vec![json!([1]), json!({"a": 2})]));
    }
}
