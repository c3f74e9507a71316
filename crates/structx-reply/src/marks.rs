//! Quotation marks inside strings: which text may follow the end of a string, and how the marks in the
//! content pair up.

use super::frames::{Frame, Relation};
use super::quotes::{StringRole, bare_name, ends, is_fence, opens};
use super::tolerant::{ParseError, Parser, closed_by, is_left_over};

/// The number of characters in which the end of a name is searched. Chosen by hand, not measured.
const MAX_LOOK: usize = 100;

/// What follows a quotation mark in a string.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Follows {
    /// JSON along the schema goes on, so that the string may end here.
    Structure,
    /// JSON goes on with a member that the object's schema does not have, or that the object already has.
    OtherName,
    /// All brackets are closed, but what follows may be part of the string.
    Prose,
    /// Text that only stands inside a string.
    Text,
    /// Text that makes the string ambiguous.
    Unclear,
}

/// The quotation marks in the content of a string. Those of quoted words open before a word and close
/// after it; those after digits may mean inches or minutes.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a property of its own")]
pub struct Pairs {
    /// The end of the last mark, in bytes of the content.
    last: Option<usize>,
    is_open: bool,
    /// Whether a mark closes what is not open, or opens what is.
    is_broken: bool,
    /// Whether the content begins with a mark that opens and is not closed.
    is_first: bool,
    /// Whether two marks stand next to each other.
    is_doubled: bool,
    /// Whether a mark is followed by a colon or a closing bracket, as after a name or a value.
    has_structure: bool,
    /// Whether a mark is followed by a comma and another mark, as between strings.
    has_comma: bool,
}

impl Pairs {
    pub const fn is_empty(&self) -> bool {
        self.last.is_none()
    }

    /// Whether each mark that opens has its closing one.
    pub const fn are_complete(&self) -> bool {
        !self.is_open && !self.is_broken
    }

    /// Adds a mark between `before` and `after`.
    pub fn add(&mut self, before: &str, mark: char, after: &str) {
        self.is_first |= before.is_empty();
        self.is_doubled |= self.last == Some(before.len()) && !before.is_empty();
        self.last = Some(before.len() + mark.len_utf8());
        let rest = after.trim_start();
        let next = rest.strip_prefix(',').map(str::trim_start);
        self.has_structure |= rest.starts_with([':', '}', ']']);
        self.has_comma |= next.is_some_and(opens);
        let (before, after) = (before.chars().next_back(), after.chars().next());
        let is_word = |letter: Option<char>| letter.is_some_and(char::is_alphanumeric);
        let is_blank = |letter: Option<char>| letter.is_none_or(char::is_whitespace);
        // Neither opens nor closes a word.
        self.has_structure |= is_blank(before) && is_blank(after);
        let is_apostrophe = mark != '"' && is_word(before) && is_word(after);
        let is_inch = !self.is_open && before.is_some_and(|letter| letter.is_ascii_digit());
        if is_apostrophe || is_inch {
            return;
        }
        let may_open = !is_word(before) && !is_blank(after);
        let may_close = !is_word(after) && !is_blank(before);
        if may_open && !may_close {
            self.is_broken |= self.is_open;
            self.is_open = true;
        } else {
            self.is_broken |= !self.is_open && may_close && !may_open;
            self.is_first &= !self.is_open;
            self.is_open = !self.is_open && may_open == may_close;
        }
    }

    /// Whether the marks of the whole content rather show that marks are missing or doubled.
    pub fn are_suspect(&self, content: &str) -> bool {
        let is_last = self.last == Some(content.len()) && self.last.is_some();
        let is_like_json = self.has_structure || self.has_comma;
        self.is_doubled || !self.are_complete() && (is_like_json || self.is_first || is_last)
    }

    /// Whether the content may be one item of a list, and not several.
    pub const fn are_of_one_item(&self) -> bool {
        self.are_complete() && !self.has_comma
    }
}

/// Classifies the text after the mark at the parser's position, in a string with these marks before it.
pub fn follows(
    parser: &Parser<'_>,
    role: StringRole,
    mark: char,
    pairs: &Pairs,
) -> Result<Follows, ParseError> {
    let after = &parser.rest()[mark.len_utf8()..];
    let rest = after.trim_start();
    let blank = &after[..after.len() - rest.len()];
    let is_line_end = blank.contains('\n');
    let follows_if = |is_end: bool| Ok(if is_end { Follows::Structure } else { Follows::Text });
    parser.spend(blank.len() + 1)?;
    let Some(next) = rest.chars().next() else { return Ok(Follows::Structure) };
    if role == StringRole::Name {
        return follows_if(next == ':');
    }
    let place = Place { parser, mark };
    match next {
        '}' | ']' => place.closers(rest),
        ',' => place.comma(&parser.frames, rest),
        _ if is_fence(rest) => follows_if(is_line_end),
        // The string that ends here looks like a name.
        ':' if pairs.are_complete() || place.ends_name() => Ok(Follows::Unclear),
        '/' | '#' => Ok(place.comment(rest)?.unwrap_or(Follows::Text)),
        // A comma is missing.
        _ if role == StringRole::Item && opens(rest) => {
            let is_empty = parser.text[..parser.at].ends_with(mark);
            // Each string has a line of its own, so that the end of a line is that of a string.
            let has_lines = parser.frames.last().is_some_and(|frame| frame.has_lines);
            let is_end = is_line_end && has_lines && !is_empty;
            Ok(if is_end { Follows::Structure } else { Follows::Unclear })
        }
        _ if role == StringRole::Member && (opens(rest) || is_line_end) => {
            Ok(parser.frames.last().map_or(Follows::Text, |frame| place.name(frame, rest)))
        }
        _ => Ok(Follows::Text),
    }
}

/// The place of a mark.
struct Place<'p, 't> {
    parser: &'p Parser<'t>,
    mark: char,
}

impl Place<'_, '_> {
    /// What `rest` is, which starts with a comma in the innermost of the frames `open`.
    fn comma(&self, open: &[Frame<'_>], rest: &str) -> Result<Follows, ParseError> {
        let next = rest[1..].trim_start();
        self.parser.spend(rest.len() - next.len())?;
        if next.is_empty() || next.starts_with(['}', ']']) {
            return Ok(Follows::Structure);
        }
        if let Some(found) = self.comment(next)? {
            return Ok(found);
        }
        match open.last() {
            Some(frame) if frame.is_object() => Ok(self.name(frame, next)),
            Some(_) if begins_value(next) => Ok(Follows::Structure),
            _ => Ok(Follows::Text),
        }
    }

    /// What `rest` is, which starts with a closing bracket.
    fn closers(&self, rest: &str) -> Result<Follows, ParseError> {
        let mut open = self.parser.frames.as_slice();
        let mut after = rest;
        while let Some(is_object) = after.chars().next().and_then(closed_by) {
            // One bracket may be missing.
            let nearest = open.iter().rev().take(2);
            let Some(over) = nearest.map(Frame::is_object).position(|is| is == is_object) else {
                return Ok(Follows::Prose);
            };
            open = &open[..open.len() - 1 - over];
            after = after[1..].trim_start();
        }
        self.parser.spend(rest.len() - after.len())?;
        if after.is_empty() || is_fence(after) {
            return Ok(Follows::Structure);
        }
        let Some(frame) = open.last() else {
            self.parser.spend(after.len())?;
            return Ok(if is_left_over(after) { Follows::Prose } else { Follows::Structure });
        };
        let found = if after.starts_with(',') {
            self.comma(open, after)?
        } else if let Some(found) = self.comment(after)? {
            found
        } else if frame.is_object() {
            self.name(frame, after)
        } else if opens(after) || after.starts_with(['{', '[']) {
            Follows::Structure
        } else {
            Follows::Text
        };
        Ok(if found == Follows::Text { Follows::Prose } else { found })
    }

    /// What `rest` is, where the name of a member of `frame` may stand.
    fn name(&self, frame: &Frame<'_>, rest: &str) -> Follows {
        let Some(name) = name_at(rest) else { return Follows::Text };
        let outline = self.parser.outline;
        let is_unknown = frame.relation(name, outline) == Relation::Unknown;
        if is_unknown || frame.has(name, outline) { Follows::OtherName } else { Follows::Structure }
    }

    /// Whether the text between the previous mark and this one is a name of the schema.
    fn ends_name(&self) -> bool {
        let before = &self.parser.text[..self.parser.at];
        let near = before.char_indices().rev().take(MAX_LOOK);
        let start = near.clone().find(|(_, letter)| ends(self.mark, *letter));
        let start = start.map(|(at, letter)| at + letter.len_utf8());
        start.is_some_and(|start| self.parser.outline.knows(before[start..].trim()))
    }

    /// Classifies a mark that a comment may follow. A comment that contains the same mark may also be
    /// content.
    fn comment(&self, rest: &str) -> Result<Option<Follows>, ParseError> {
        if !["//", "/*", "#"].iter().any(|start| rest.starts_with(start)) {
            return Ok(None);
        }
        let line = rest.split('\n').next().unwrap_or_default();
        self.parser.spend(line.len())?;
        let comment = match line.split_once("*/") {
            Some((comment, _)) if line.starts_with("/*") => Some(comment),
            _ => (!line.starts_with("/*") && line.len() < rest.len()).then_some(line),
        };
        let is_text = |comment: &str| comment.contains(self.mark);
        let classified = |it| if is_text(it) { Follows::Unclear } else { Follows::Structure };
        Ok(comment.map(classified))
    }
}

fn begins_value(rest: &str) -> bool {
    let literals = ["true", "false", "null", "True", "False", "None"];
    opens(rest)
        || rest.starts_with(|c: char| "{[-".contains(c) || c.is_ascii_digit())
        || literals.iter().any(|literal| rest.starts_with(literal))
}

/// The name at the start of `rest`, if a colon follows it.
pub fn name_at(rest: &str) -> Option<&str> {
    let near = rest.char_indices().nth(MAX_LOOK).map_or(rest, |(end, _)| &rest[..end]);
    let open = near.chars().next()?;
    let (name, after) = if opens(near) {
        let inside = &near[open.len_utf8()..];
        let end = inside.find(|c| ends(open, c))?;
        let close = inside[end..].chars().next()?;
        (&inside[..end], &inside[end + close.len_utf8()..])
    } else {
        let name = bare_name(near);
        (name, &near[name.len()..])
    };
    (!name.is_empty() && after.trim_start().starts_with(':')).then_some(name)
}
