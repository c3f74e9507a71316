//! A tolerant parser for text that is almost JSON.
//!
//! Incomplete and ambiguous values are refused. One budget of steps covers the whole text, so hostile
//! text costs no more than other text of its length.

use serde_json::{Map, Value};

use super::faults::{Fault, Faults};
use super::numbers;
use super::quotes::{self, StringRole};
use structx_schema::outline::{Outline, fold};

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

/// The token before a member or an item.
#[derive(PartialEq)]
enum Previous {
    Bracket,
    Value,
    Comma,
}

/// Parses one value of a text along an outline.
pub struct Parser<'t> {
    pub(super) text: &'t str,
    pub(super) at: usize,
    pub(super) outline: &'t Outline,
    /// The remaining budget.
    steps: &'t mut usize,
    /// Whether missing brackets at the end are added.
    closes: bool,
    open_objects: usize,
    open_lists: usize,
    /// Whether the next list is the reply's list of items.
    is_wrapped: bool,
    pub faults: Faults,
    /// Whether a quoted or known name was parsed, so that the text is meant as JSON.
    pub is_json: bool,
    /// The complete items of the reply's list, where the text was cut.
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

    /// A parser for text that was cut: missing brackets are not added.
    pub fn of_cut(text: &'t str, at: usize, outline: &'t Outline, steps: &'t mut usize) -> Self {
        Self { closes: false, ..Self::new(text, at, outline, steps) }
    }

    /// Parses the value at the current position.
    pub fn value(&mut self, role: StringRole) -> Result<Value, ParseError> {
        self.skip()?;
        if self.is_at_end() {
            return Err(ParseError::Ended);
        }
        match self.peek() {
            Some('{') => self.nested(Self::object),
            Some('[') => self.nested(Self::list),
            Some(quote) if quotes::opens(quote) => quotes::read(self, role).map(Value::String),
            _ => self.word(),
        }
    }

    fn nested(
        &mut self,
        read: fn(&mut Self) -> Result<Value, ParseError>,
    ) -> Result<Value, ParseError> {
        if self.open_objects + self.open_lists == MAX_DEPTH {
            return Err(ParseError::Final(format!(
                "it is nested more than {MAX_DEPTH} levels deep"
            )));
        }
        self.at += 1;
        self.spend(1)?;
        read(self)
    }

    fn object(&mut self) -> Result<Value, ParseError> {
        self.open_objects += 1;
        let mut members = Map::new();
        let mut before = Previous::Bracket;
        while !self.is_closed('}', ']', &before)? {
            if self.is_comma(&mut before)? {
                continue;
            }
            if before == Previous::Value {
                self.faults.note(Fault::MissingComma);
            }
            let name = self.name()?;
            self.is_wrapped = self.open_objects + self.open_lists == 1 && self.is_wrapper(&name);
            let value = self.value(StringRole::Member)?;
            if members.contains_key(&name) {
                return Err(ParseError::Final(format!("an object has `{name}` twice")));
            }
            members.insert(name, value);
            before = Previous::Value;
        }
        self.open_objects -= 1;
        Ok(Value::Object(members))
    }

    fn is_wrapper(&self, name: &str) -> bool {
        self.outline.wrapper().is_some_and(|(property, _)| property.folded == fold(name))
    }

    fn list(&mut self) -> Result<Value, ParseError> {
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

    fn items(&mut self, items: &mut Vec<Value>) -> Result<(), ParseError> {
        let mut before = Previous::Bracket;
        while !self.is_closed(']', '}', &before)? {
            if self.is_comma(&mut before)? {
                continue;
            }
            if before == Previous::Value {
                let next = self.peek().unwrap_or_default();
                if !matches!(next, '{' | '[') && !quotes::opens(next) {
                    return Err(ParseError::Wrong("a comma or a bracket is missing"));
                }
                self.faults.note(Fault::MissingComma);
            }
            items.push(self.value(StringRole::Item)?);
            before = Previous::Value;
        }
        Ok(())
    }

    /// Whether the object or list ends here: at its own bracket, at one of an enclosing value, or at the
    /// end of the text.
    fn is_closed(&mut self, own: char, other: char, before: &Previous) -> Result<bool, ParseError> {
        self.skip()?;
        if self.is_at_end() {
            if *before != Previous::Value || !self.closes {
                return Err(ParseError::Ended);
            }
            self.faults.note(Fault::MissingBracket);
            return Ok(true);
        }
        let around = if other == ']' { self.open_lists } else { self.open_objects };
        match self.peek() {
            Some(next) if next == own => {
                if *before == Previous::Comma {
                    self.faults.note(Fault::TrailingComma);
                }
                self.at += 1;
                Ok(true)
            }
            Some(next) if next == other && around > 0 && *before == Previous::Value => {
                self.faults.note(Fault::MissingBracket);
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    fn is_comma(&mut self, before: &mut Previous) -> Result<bool, ParseError> {
        if self.peek() != Some(',') {
            return Ok(false);
        }
        if *before != Previous::Value {
            return Err(ParseError::Wrong("a value is missing before a comma"));
        }
        *before = Previous::Comma;
        self.at += 1;
        Ok(true)
    }

    fn name(&mut self) -> Result<String, ParseError> {
        let is_quoted = self.peek().is_some_and(quotes::opens);
        let name = if is_quoted {
            quotes::read(self, StringRole::Name)?
        } else {
            let name = quotes::bare_name(&self.text[self.at..]);
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
        self.is_json |= is_quoted || self.outline.knows(&name);
        Ok(name)
    }

    /// Parses a number, a literal, or a single word without quotes.
    fn word(&mut self) -> Result<Value, ParseError> {
        let rest = &self.text[self.at..];
        let is_end = |c: char| c.is_whitespace() || ",:[]{}\"#".contains(c) || quotes::opens(c);
        let mut word = &rest[..rest.find(is_end).unwrap_or(rest.len())];
        for comment in ["//", "/*"] {
            word = word.split_once(comment).map_or(word, |(before, _)| before);
        }
        self.spend(word.len() + 1)?;
        let value = match word {
            "null" => Some(Value::Null),
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            _ if numbers::is_json(word) => serde_json::from_str(word).ok().map(Value::Number),
            _ => None,
        };
        let is_number = value.as_ref().is_some_and(Value::is_number);
        if is_number && self.at + word.len() == self.text.len() {
            // The number may be cut.
            return Err(ParseError::Ended);
        }
        let value = value.map_or_else(|| self.unusual(word), Ok)?;
        self.at += word.len();
        Ok(value)
    }

    fn unusual(&mut self, word: &str) -> Result<Value, ParseError> {
        let literal = match word.to_ascii_lowercase().as_str() {
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            "none" | "null" | "nil" | "undefined" => Some(Value::Null),
            // JSON can't represent these as numbers; validation accepts them as strings.
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
            return Err(ParseError::Ended);
        }
        if !word.contains(char::is_alphanumeric) || !after.starts_with([',', ']', '}']) {
            return Err(ParseError::Wrong("a value is missing or has no quotes"));
        }
        self.faults.note(Fault::BareWord);
        Ok(word.into())
    }

    /// Skips white space and comments.
    fn skip(&mut self) -> Result<(), ParseError> {
        loop {
            let rest = &self.text[self.at..];
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

    pub(super) fn spend(&mut self, steps: usize) -> Result<(), ParseError> {
        let left = self.steps.checked_sub(steps);
        *self.steps = left.unwrap_or(0);
        left.map(drop).ok_or_else(|| ParseError::Final("it is too damaged to be read".to_owned()))
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    /// Whether the text, or the code fence around the value, ends here.
    fn is_at_end(&self) -> bool {
        let rest = &self.text[self.at..];
        rest.is_empty() || quotes::is_fence(rest)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{ParseError, Parser};
    use crate::faults::Fault;
    use crate::quotes::StringRole;
    use structx_schema::json_schema::items_of;
    use structx_schema::outline::Outline;

    /// The value at the start of `text`, and its faults.
    fn read(text: &str) -> Result<(Value, Vec<Fault>), ParseError> {
        let outline = Outline::new(&items_of(&json!({})), false);
        let mut steps = 10_000;
        let mut parser = Parser::new(text, 0, &outline, &mut steps);
        let value = parser.value(StringRole::Item)?;
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
            ("{\"a\": [{\"b\": true", json!({"a": [{"b": true}]}), Fault::MissingBracket),
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
        for text in ["", "[", "[1,", "[12", "{\"a\"", "{\"a\":", "[\"a", "[tru", "[1 /* x"] {
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
        let mut steps = 10_000;
        let text = "{\"items\": [[1], {\"a\": 2}, {\"a\": 3";
        let mut parser = Parser::of_cut(text, 0, &outline, &mut steps);
        assert_eq!(parser.value(StringRole::Item), Err(ParseError::Ended));
        assert_eq!(parser.partial, Some(vec![json!([1]), json!({"a": 2})]));
    }
}
