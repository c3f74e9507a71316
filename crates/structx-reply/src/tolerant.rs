//! JSON as models write it where it is not quite JSON.
//!
//! A value that ends too early, or that can be read in two ways, is no value. Every step is paid
//! for from one budget, so that hostile text costs no more than other text of its length.

use serde_json::{Map, Value};

use super::faults::{Fault, Faults};
use super::numbers;
use super::quotes::{self, Place};
use structx_schema::outline::{Outline, fold};

/// As `serde_json` has it.
const MAX_DEPTH: usize = 128;

/// Why there is no value.
#[derive(Debug, PartialEq)]
pub enum Stop {
    /// The text ends before the value does.
    Ended,
    Wrong(&'static str),
    /// Nor is there another value in the text.
    Final(String),
}

/// What stands before a member or an item.
#[derive(PartialEq)]
enum Before {
    Bracket,
    Value,
    Comma,
}

pub struct Parser<'t> {
    pub(super) text: &'t str,
    pub(super) at: usize,
    pub(super) outline: &'t Outline,
    /// The steps that are left.
    steps: &'t mut usize,
    /// Whether brackets that are missing at the end are added.
    closes: bool,
    open_objects: usize,
    open_lists: usize,
    /// Whether the next list is the one that the reply wraps.
    is_wrapped: bool,
    pub faults: Faults,
    /// A name was read: this is meant as JSON.
    pub is_json: bool,
    /// Of text that was cut: the whole items of the reply's list.
    pub partial: Option<Vec<Value>>,
}

impl<'t> Parser<'t> {
    pub fn new(text: &'t str, at: usize, outline: &'t Outline, steps: &'t mut usize) -> Self {
        Self {
            text,
            at,
            outline,
            steps,
            closes: true,
            open_objects: 0,
            open_lists: 0,
            is_wrapped: false,
            faults: Faults::default(),
            is_json: false,
            partial: None,
        }
    }

    /// For text that was cut: nothing is added at its end.
    pub fn of_cut(text: &'t str, at: usize, outline: &'t Outline, steps: &'t mut usize) -> Self {
        Self { closes: false, ..Self::new(text, at, outline, steps) }
    }

    /// The value that begins here.
    pub fn value(&mut self, place: Place) -> Result<Value, Stop> {
        self.skip()?;
        if self.is_at_end() {
            return Err(Stop::Ended);
        }
        match self.peek() {
            Some('{') => self.nested(Self::object),
            Some('[') => self.nested(Self::list),
            Some(quote) if quotes::opens(quote) => quotes::read(self, place).map(Value::String),
            _ => self.word(),
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Value, Stop>) -> Result<Value, Stop> {
        if self.open_objects + self.open_lists == MAX_DEPTH {
            return Err(Stop::Final(format!("it is nested more than {MAX_DEPTH} levels deep")));
        }
        self.at += 1;
        self.pay(1)?;
        read(self)
    }

    fn object(&mut self) -> Result<Value, Stop> {
        self.open_objects += 1;
        let mut members = Map::new();
        let mut before = Before::Bracket;
        while !self.is_closed('}', ']', &before)? {
            if self.is_comma(&mut before)? {
                continue;
            }
            if before == Before::Value {
                self.faults.note(Fault::MissingComma);
            }
            let name = self.name()?;
            self.is_wrapped = self.open_objects + self.open_lists == 1 && self.is_wrapper(&name);
            let value = self.value(Place::Member)?;
            if members.contains_key(&name) {
                return Err(Stop::Final(format!("an object has `{name}` twice")));
            }
            members.insert(name, value);
            before = Before::Value;
        }
        self.open_objects -= 1;
        Ok(Value::Object(members))
    }

    fn is_wrapper(&self, name: &str) -> bool {
        self.outline.wrapper().is_some_and(|(property, _)| property.folded == fold(name))
    }

    fn list(&mut self) -> Result<Value, Stop> {
        let is_root = self.open_objects + self.open_lists == 0;
        let is_kept = std::mem::take(&mut self.is_wrapped) || is_root;
        self.open_lists += 1;
        let mut items = Vec::new();
        let read = self.items(&mut items);
        if is_kept && !self.closes {
            self.partial = Some(items.clone());
        }
        self.open_lists -= 1;
        read.map(|()| Value::Array(items))
    }

    fn items(&mut self, items: &mut Vec<Value>) -> Result<(), Stop> {
        let mut before = Before::Bracket;
        while !self.is_closed(']', '}', &before)? {
            if self.is_comma(&mut before)? {
                continue;
            }
            if before == Before::Value {
                let next = self.peek().unwrap_or_default();
                if !matches!(next, '{' | '[') && !quotes::opens(next) {
                    return Err(Stop::Wrong("a comma or a bracket is missing"));
                }
                self.faults.note(Fault::MissingComma);
            }
            items.push(self.value(Place::Item)?);
            before = Before::Value;
        }
        Ok(())
    }

    /// Whether the object or list ends here: by its bracket, or without it by that of what is
    /// around it or at the end of the text.
    fn is_closed(&mut self, own: char, other: char, before: &Before) -> Result<bool, Stop> {
        self.skip()?;
        if self.is_at_end() {
            if *before != Before::Value || !self.closes {
                return Err(Stop::Ended);
            }
            self.faults.note(Fault::MissingBracket);
            return Ok(true);
        }
        let around = if other == ']' { self.open_lists } else { self.open_objects };
        match self.peek() {
            Some(next) if next == own => {
                if *before == Before::Comma {
                    self.faults.note(Fault::TrailingComma);
                }
                self.at += 1;
                Ok(true)
            }
            Some(next) if next == other && around > 0 && *before == Before::Value => {
                self.faults.note(Fault::MissingBracket);
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    fn is_comma(&mut self, before: &mut Before) -> Result<bool, Stop> {
        if self.peek() != Some(',') {
            return Ok(false);
        }
        if *before != Before::Value {
            return Err(Stop::Wrong("a value is missing before a comma"));
        }
        *before = Before::Comma;
        self.at += 1;
        Ok(true)
    }

    fn name(&mut self) -> Result<String, Stop> {
        let is_quoted = self.peek().is_some_and(quotes::opens);
        let name = if is_quoted {
            quotes::read(self, Place::Name)?
        } else {
            let name = quotes::bare_name(&self.text[self.at..]);
            self.at += name.len();
            self.pay(name.len())?;
            name.to_owned()
        };
        self.skip()?;
        if self.is_at_end() {
            return Err(Stop::Ended);
        }
        if name.is_empty() && !is_quoted || self.peek() != Some(':') {
            return Err(Stop::Wrong("a name and a colon are missing"));
        }
        self.at += 1;
        if !is_quoted {
            self.faults.note(Fault::BareName);
        }
        self.is_json |= is_quoted || self.outline.knows(&name);
        Ok(name)
    }

    /// A number, a literal, or a string of one word that has no quotes.
    fn word(&mut self) -> Result<Value, Stop> {
        let rest = &self.text[self.at..];
        let is_end = |c: char| c.is_whitespace() || ",:[]{}\"#".contains(c) || quotes::opens(c);
        let mut word = &rest[..rest.find(is_end).unwrap_or(rest.len())];
        for comment in ["//", "/*"] {
            word = word.split_once(comment).map_or(word, |(before, _)| before);
        }
        self.pay(word.len() + 1)?;
        let value = match word {
            "null" => Some(Value::Null),
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            _ if numbers::is_json(word) => serde_json::from_str(word).ok().map(Value::Number),
            _ => None,
        };
        let is_number = value.as_ref().is_some_and(Value::is_number);
        if is_number && self.at + word.len() == self.text.len() {
            // More digits may have followed.
            return Err(Stop::Ended);
        }
        let value = value.map_or_else(|| self.unusual(word), Ok)?;
        self.at += word.len();
        Ok(value)
    }

    fn unusual(&mut self, word: &str) -> Result<Value, Stop> {
        let literal = match word.to_ascii_lowercase().as_str() {
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            "none" | "null" | "nil" | "undefined" => Some(Value::Null),
            // JSON has none of these; as text they are what validation takes for them.
            "nan" => Some("NaN".into()),
            "infinity" | "inf" => Some("Infinity".into()),
            "-infinity" | "-inf" => Some("-Infinity".into()),
            _ => None,
        };
        if let Some(literal) = literal {
            self.faults.note(Fault::Literal);
            return Ok(literal);
        }
        let after = self.text[self.at + word.len()..].trim_start();
        if after.is_empty() {
            return Err(Stop::Ended);
        }
        if !word.contains(char::is_alphanumeric) || !after.starts_with([',', ']', '}']) {
            return Err(Stop::Wrong("a value is missing or has no quotes"));
        }
        self.faults.note(Fault::BareWord);
        Ok(word.into())
    }

    /// Goes past white space and comments.
    fn skip(&mut self) -> Result<(), Stop> {
        loop {
            let rest = &self.text[self.at..];
            let blank = rest.len() - rest.trim_start().len();
            let rest = &rest[blank..];
            let comment = if rest.starts_with("/*") {
                let Some(end) = rest.find("*/") else { return Err(Stop::Ended) };
                end + 2
            } else if rest.starts_with("//") || rest.starts_with('#') {
                rest.find('\n').unwrap_or(rest.len())
            } else {
                0
            };
            self.at += blank + comment;
            self.pay(blank + comment + 1)?;
            if comment == 0 {
                return Ok(());
            }
            self.faults.note(Fault::Comment);
        }
    }

    pub(super) fn pay(&mut self, steps: usize) -> Result<(), Stop> {
        let left = self.steps.checked_sub(steps);
        *self.steps = left.unwrap_or(0);
        left.map(drop).ok_or_else(|| Stop::Final("it is too damaged to be read".to_owned()))
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    /// The end of the text, or of the code fence that the value stands in.
    fn is_at_end(&self) -> bool {
        let rest = &self.text[self.at..];
        rest.is_empty() || quotes::is_fence(rest)
    }
}
