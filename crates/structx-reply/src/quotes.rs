//! Parses strings with other quotation marks than JSON's, or with unescaped ones inside.
//!
//! A mark ends its string where valid JSON follows. Where it may also belong to the content, the text is
//! ambiguous and refused.

use super::faults::Fault;
use super::tolerant::{ParseError, Parser};

/// The number of characters in which the end of a name is searched. Chosen by hand, not measured.
const MAX_LOOK: usize = 100;

/// The role of a string: its position decides which text may follow it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum StringRole {
    Name,
    Member,
    Item,
}

/// The meaning of a quotation mark inside a string.
enum Mark {
    End,
    Content,
    Unclear,
}

/// Whether `mark` may open a string.
pub fn opens(mark: char) -> bool {
    mark == '"' || mark == '\'' || is_double(mark) || is_single(mark)
}

const fn is_double(mark: char) -> bool {
    matches!(mark, '\u{201c}'..='\u{201f}')
}

const fn is_single(mark: char) -> bool {
    matches!(mark, '\u{2018}'..='\u{201b}')
}

fn ends(open: char, mark: char) -> bool {
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
    if open != '"' {
        parser.faults.note(Fault::Quotes);
    }
    parser.at += open.len_utf8();
    let mut content = String::new();
    let mut inner = 0;
    loop {
        let rest = &parser.text[parser.at..];
        let special = |c: char| c == '\\' || c < ' ' || ends(open, c);
        let Some(plain) = rest.find(special) else { return Err(ParseError::Ended) };
        content.push_str(&rest[..plain]);
        parser.at += plain;
        parser.spend(plain + 1)?;
        let Some(found) = parser.peek() else { return Err(ParseError::Ended) };
        if found == '\\' {
            escape(parser, open, &mut content)?;
            continue;
        }
        if found < ' ' {
            parser.faults.note(Fault::Control);
        } else {
            match classify(parser, role, found, inner)? {
                Mark::End => {
                    parser.at += found.len_utf8();
                    return Ok(content);
                }
                Mark::Unclear => {
                    return Err(ParseError::Wrong(
                        "a string has quotation marks in it that may end it",
                    ));
                }
                Mark::Content => {
                    parser.faults.note(Fault::InnerQuote);
                    inner += 1;
                }
            }
        }
        content.push(found);
        parser.at += found.len_utf8();
    }
}

/// Classifies the mark at the parser's position, in a string with `inner` marks in its content so far.
fn classify(
    parser: &mut Parser<'_>,
    role: StringRole,
    mark: char,
    inner: usize,
) -> Result<Mark, ParseError> {
    let after = &parser.text[parser.at + mark.len_utf8()..];
    let rest = after.trim_start();
    let blank = &after[..after.len() - rest.len()];
    let is_line_end = blank.contains('\n');
    parser.spend(blank.len() + MAX_LOOK)?;
    let end_if = |is_end: bool| Ok(if is_end { Mark::End } else { Mark::Content });
    let Some(next) = rest.chars().next() else { return Ok(Mark::End) };
    if role == StringRole::Name {
        return end_if(next == ':');
    }
    // Marks in the content mostly come in pairs.
    let is_balanced = inner.is_multiple_of(2);
    let end_unless_unclear = |is_clear: bool| Ok(if is_clear { Mark::End } else { Mark::Unclear });
    match next {
        '}' | ']' => end_unless_unclear(inner == 0 || continues(rest)),
        ',' => {
            let next = rest[1..].trim_start();
            parser.spend(rest.len() - next.len())?;
            if next.is_empty() || next.starts_with(['}', ']']) {
                return Ok(Mark::End);
            }
            if let Some(mark) = before_comment(parser, next, mark)? {
                return Ok(mark);
            }
            match role {
                StringRole::Item if begins_value(next) => end_unless_unclear(is_balanced),
                StringRole::Item => Ok(Mark::Content),
                _ => Ok(before_name(parser, next, is_balanced)),
            }
        }
        _ if is_fence(rest) => end_if(is_line_end),
        // The string that ends here looks like a name.
        ':' if is_balanced || ends_name(parser) => Ok(Mark::Unclear),
        '/' | '#' => Ok(before_comment(parser, rest, mark)?.unwrap_or(Mark::Content)),
        // A comma is missing.
        _ if role == StringRole::Item && opens(next) => {
            end_unless_unclear(is_line_end && is_balanced)
        }
        _ if role == StringRole::Member && (opens(next) || is_line_end) => {
            Ok(before_name(parser, rest, is_balanced))
        }
        _ => Ok(Mark::Content),
    }
}

/// Whether the text between the previous mark and this one is a name of the schema.
fn ends_name(parser: &Parser<'_>) -> bool {
    let before = &parser.text[..parser.at];
    let near = before.char_indices().rev().take(MAX_LOOK);
    let start = near.clone().find(|(_, letter)| opens(*letter)).map(|(at, it)| at + it.len_utf8());
    start.is_some_and(|start| parser.outline.knows(before[start..].trim()))
}

/// Classifies a mark that the name of the next member may follow.
fn before_name(parser: &Parser<'_>, rest: &str, is_balanced: bool) -> Mark {
    match name_at(rest) {
        None => Mark::Content,
        Some(name) if is_balanced || parser.outline.knows(name) => Mark::End,
        Some(_) => Mark::Unclear,
    }
}

/// Whether valid JSON follows the closing brackets at the start of `rest`.
fn continues(rest: &str) -> bool {
    let is_closing = |c: char| matches!(c, '}' | ']');
    let mut after = rest.chars().take(MAX_LOOK).skip_while(|c| is_closing(*c) || *c == ' ');
    after.next().is_none_or(|next| matches!(next, ',' | '\n' | '\r' | '`' | '~'))
}

fn begins_value(rest: &str) -> bool {
    let literals = ["true", "false", "null", "True", "False", "None"];
    rest.starts_with(|c: char| opens(c) || "{[-".contains(c) || c.is_ascii_digit())
        || literals.iter().any(|literal| rest.starts_with(literal))
}

/// The name at the start of `rest`, if a colon follows it.
fn name_at(rest: &str) -> Option<&str> {
    let near = rest.char_indices().nth(MAX_LOOK).map_or(rest, |(end, _)| &rest[..end]);
    let open = near.chars().next()?;
    let (name, after) = if opens(open) {
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

/// Classifies a mark that a comment may follow. A comment that contains the same mark may also be
/// content.
fn before_comment(
    parser: &mut Parser<'_>,
    rest: &str,
    mark: char,
) -> Result<Option<Mark>, ParseError> {
    if !["//", "/*", "#"].iter().any(|start| rest.starts_with(start)) {
        return Ok(None);
    }
    let line = rest.split('\n').next().unwrap_or_default();
    parser.spend(line.len())?;
    let comment = match line.split_once("*/") {
        Some((comment, _)) if line.starts_with("/*") => Some(comment),
        _ => (!line.starts_with("/*") && line.len() < rest.len()).then_some(line),
    };
    let is_text = |comment: &str| comment.contains(mark);
    Ok(comment.map(|comment| if is_text(comment) { Mark::Unclear } else { Mark::End }))
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
    if ends(open, escaped) || opens(escaped) {
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
