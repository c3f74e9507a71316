//! Parses strings with other quotation marks than JSON's, or with unescaped ones inside.
//!
//! `marks` finds what may end a string. Where a mark may end its string and may also belong to the
//! content, both readings are tried to the end of the text, and a string with two is refused.

use super::faults::Fault;
use super::marks::{self, Follows, Pairs};
use super::tolerant::{ParseError, Parser};

/// The role of a string: its position decides which text may follow it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum StringRole {
    Name,
    Member,
    Item,
}

const UNCLEAR: ParseError = ParseError::Wrong("a string has quotation marks in it that may end it");
/// The maximum number of undecided marks that are tried within one another. Chosen by hand, not
/// measured.
const MAX_TRIES: usize = 12;

/// Whether a string opens at the start of `text`.
pub fn opens(text: &str) -> bool {
    text.starts_with(is_mark) && !is_fence(text)
}

const fn is_mark(letter: char) -> bool {
    matches!(letter, '"' | '\'' | '`') || is_double(letter) || is_single(letter)
}

const fn is_double(mark: char) -> bool {
    matches!(mark, '\u{201c}'..='\u{201f}')
}

const fn is_single(mark: char) -> bool {
    matches!(mark, '\u{2018}'..='\u{201b}')
}

/// Whether `mark` may end a string that `open` has opened.
pub fn ends(open: char, mark: char) -> bool {
    open == mark || is_double(open) && is_double(mark) || is_single(open) && is_single(mark)
}

/// Whether `text` starts with a code fence.
pub fn is_fence(text: &str) -> bool {
    text.starts_with("```") || text.starts_with("~~~")
}

/// The unquoted name at the start of `text`, or an empty string.
pub fn bare_name(text: &str) -> &str {
    let is_end = |c: char| !c.is_alphanumeric() && !matches!(c, '_' | '-' | '$' | '.');
    &text[..text.find(is_end).unwrap_or(text.len())]
}

/// Parses the string at the parser's position.
pub fn read(parser: &mut Parser<'_>, role: StringRole) -> Result<String, ParseError> {
    let Some(open) = parser.peek() else { return Err(ParseError::Ended) };
    if let Some(content) = triple(parser, open, role)? {
        return Ok(content);
    }
    if open != '"' {
        parser.faults.note(Fault::Quotes);
    }
    parser.at += open.len_utf8();
    Text { open, role, content: String::new(), pairs: Pairs::default() }.read_on(parser)
}

/// The text between triple quotation marks. A backslash in it has two readings: Python decodes it.
fn triple(
    parser: &mut Parser<'_>,
    open: char,
    role: StringRole,
) -> Result<Option<String>, ParseError> {
    let marks = match open {
        '"' => "\"\"\"",
        '\'' => "\'\'\'",
        _ => return Ok(None),
    };
    let inside = parser.rest().strip_prefix(marks).filter(|_| role != StringRole::Name);
    let Some(inside) = inside else { return Ok(None) };
    let Some(mut end) = inside.find(marks) else { return Err(UNCLEAR) };
    while inside[end + 1..].starts_with(marks) {
        end += 1;
    }
    parser.spend(end + 6)?;
    let inside = &inside[..end];
    if inside.contains('\\') {
        return Err(ParseError::Wrong("a string in triple quotation marks has escapes"));
    }
    let is_name = |(at, _): (usize, &str)| {
        marks::name_at(&inside[at..]).is_some_and(|name| parser.outline.knows(name))
    };
    if inside.starts_with([',', ':']) || inside.match_indices(open).any(is_name) {
        return Err(UNCLEAR);
    }
    parser.at += end + 5;
    if !matches!(marks::follows(parser, role, open, &Pairs::default())?, Follows::Structure) {
        return Err(UNCLEAR);
    }
    parser.at += 1;
    parser.faults.note(Fault::Quotes);
    Ok(Some(inside.to_owned()))
}

/// A string that is being read.
#[derive(Clone)]
struct Text {
    open: char,
    role: StringRole,
    content: String,
    /// The quotation marks in the content.
    pairs: Pairs,
}

impl Text {
    fn read_on(mut self, parser: &mut Parser<'_>) -> Result<String, ParseError> {
        loop {
            let rest = parser.rest();
            let special = |c: char| c == '\\' || c < ' ' || ends(self.open, c);
            let Some(plain) = rest.find(special) else { return Err(ParseError::Ended) };
            self.content.push_str(&rest[..plain]);
            parser.at += plain;
            parser.spend(plain + 1)?;
            let Some(found) = parser.peek() else { return Err(ParseError::Ended) };
            if found == '\\' {
                escape(parser, self.open, &mut self.content)?;
            } else if found < ' ' {
                parser.faults.note(Fault::Control);
                self.content.push(found);
                parser.at += 1;
            } else if self.is_end(parser, found)? {
                parser.at += found.len_utf8();
                return self.finished();
            } else {
                self.take(parser, found);
            }
        }
    }

    /// Takes the mark at the parser's position as content.
    fn take(&mut self, parser: &mut Parser<'_>, mark: char) {
        if self.role == StringRole::Item
            && let Some(frame) = parser.frames.last_mut()
        {
            frame.has_marks = true;
        }
        parser.at += mark.len_utf8();
        self.pairs.add(&self.content, mark, parser.rest());
        self.content.push(mark);
        parser.faults.note(Fault::InnerQuote);
    }

    /// Whether the mark at the parser's position ends the string.
    fn is_end(&self, parser: &mut Parser<'_>, mark: char) -> Result<bool, ParseError> {
        match marks::follows(parser, self.role, mark, &self.pairs)? {
            Follows::Unclear => Err(UNCLEAR),
            Follows::Structure | Follows::OtherName if self.pairs.are_complete() => Ok(true),
            Follows::Structure => self.weigh(parser, mark),
            Follows::Prose if self.pairs.is_empty() => self.weigh(parser, mark),
            Follows::Text | Follows::OtherName | Follows::Prose => Ok(false),
        }
    }

    /// Decides about a mark that may end the string or belong to it, by reading the rest of the text both
    /// ways.
    fn weigh(&self, parser: &mut Parser<'_>, mark: char) -> Result<bool, ParseError> {
        if parser.tries == MAX_TRIES {
            return Err(ParseError::Final(UNCLEAR.to_string()));
        }
        let (mut longer, mut rest) = (self.clone(), parser.fork());
        longer.take(&mut rest, mark);
        let read = longer.read_on(&mut rest).and_then(|text| rest.run(Some(text.into())));
        let may_go_on = read.is_ok();
        // A try that was not finished says nothing.
        parser.spend(1)?;
        if !may_go_on {
            return Ok(true);
        }
        let mut rest = parser.fork();
        rest.at += mark.len_utf8();
        let may_end = rest.run(Some(self.content.clone().into())).is_ok();
        parser.spend(1)?;
        if may_end { Err(UNCLEAR) } else { Ok(false) }
    }

    /// The content, unless its marks show that it is not the whole or not the only string.
    fn finished(self) -> Result<String, ParseError> {
        let Self { role, pairs, content, .. } = self;
        let is_suspect = match role {
            StringRole::Name => !pairs.is_empty(),
            StringRole::Member => pairs.are_suspect(&content),
            StringRole::Item => pairs.are_suspect(&content) || !pairs.are_of_one_item(),
        };
        if is_suspect { Err(UNCLEAR) } else { Ok(content) }
    }
}

/// Decodes an escape sequence.
fn escape(parser: &mut Parser<'_>, open: char, content: &mut String) -> Result<(), ParseError> {
    let rest = &parser.text[parser.at + 1..];
    let Some(escaped) = rest.chars().next() else { return Err(ParseError::Ended) };
    let plain = match escaped {
        '"' | '\\' | '/' => Some(escaped),
        'b' => Some('\u{8}'),
        'f' => Some('\u{c}'),
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        _ => None,
    };
    if let Some(plain) = plain {
        content.push(plain);
        parser.at += 2;
        return Ok(());
    }
    if escaped == 'u'
        && let Some(unit) = hex(rest, 1, 4)
    {
        let (letter, length) = match char::from_u32(unit) {
            Some(letter) => (Some(letter), 6),
            None => (second_half(unit, rest), 12),
        };
        let Some(letter) = letter else {
            return Err(ParseError::Wrong("a string has half a character"));
        };
        content.push(letter);
        parser.at += length;
        return Ok(());
    }
    parser.faults.note(Fault::Escape);
    if ends(open, escaped) || is_mark(escaped) {
        content.push(escaped);
        parser.at += 1 + escaped.len_utf8();
    } else if let ('\'', 'x', Some(code)) = (open, escaped, hex(rest, 1, 2)) {
        content.extend(char::from_u32(code));
        parser.at += 4;
    } else {
        content.push('\\');
        parser.at += 1;
    }
    Ok(())
}

/// The character of a surrogate pair whose second half is in `rest`.
fn second_half(high: u32, rest: &str) -> Option<char> {
    rest.get(5..7).filter(|start| *start == "\\u")?;
    let low = hex(rest, 7, 4).filter(|low| (0xdc00..0xe000).contains(low))?;
    let high = high.checked_sub(0xd800).filter(|high| *high < 0x400)?;
    char::from_u32(0x10000 + (high << 10) + (low - 0xdc00))
}

fn hex(text: &str, start: usize, length: usize) -> Option<u32> {
    let digits = text.get(start..start + length)?;
    let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex.then(|| u32::from_str_radix(digits, 16).ok()).flatten()
}
