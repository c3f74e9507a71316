//! Parses numbers, literals and words without quotes.

use serde_json::Value;

use super::faults::Fault;
use super::marks::name_at;
use super::numbers;
use super::quotes::{StringRole, opens};
use super::tolerant::{ParseError, Parser};

const NO_QUOTES: ParseError = ParseError::Wrong("a value is missing or has no quotes");

/// Parses the number, literal or words at the parser's position.
pub fn read(parser: &mut Parser<'_>, role: StringRole) -> Result<Value, ParseError> {
    let rest = parser.rest();
    if role == StringRole::Member
        && let Some(words) = several(rest)
    {
        parser.spend(words.len() + 1)?;
        parser.at += words.len();
        parser.faults.note(Fault::BareWord);
        return Ok(words.trim_end().into());
    }
    let is_end = |(at, c): (usize, char)| {
        (c.is_whitespace() || ",:[]{}\"#".contains(c) || opens(&rest[at..])).then_some(at)
    };
    let mut word = &rest[..rest.char_indices().find_map(is_end).unwrap_or(rest.len())];
    for comment in ["//", "/*"] {
        word = word.split_once(comment).map_or(word, |(before, _)| before);
    }
    parser.spend(word.len() + 1)?;
    let value = match word {
        "null" => Some(Value::Null),
        "true" => Some(Value::Bool(true)),
        "false" => Some(Value::Bool(false)),
        _ if numbers::is_json(word) => serde_json::from_str(word).ok().map(Value::Number),
        _ => None,
    };
    let is_number = value.as_ref().is_some_and(Value::is_number);
    if is_number && word.len() == rest.len() {
        // The number may be cut.
        return Err(ParseError::Ended);
    }
    let value = value.map_or_else(|| unusual(parser, word), Ok)?;
    parser.at += word.len();
    Ok(value)
}

/// A literal of another language, or a word without quotes.
fn unusual(parser: &mut Parser<'_>, word: &str) -> Result<Value, ParseError> {
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
        parser.faults.note(Fault::Literal);
        return Ok(literal);
    }
    let after = parser.rest()[word.len()..].trim_start();
    if after.is_empty() {
        return Err(ParseError::Ended);
    }
    let before = &parser.text[..parser.at];
    let is_digit = |letter: char| letter.is_ascii_digit();
    let is_part = before.strip_suffix(',').is_some_and(|before| before.ends_with(is_digit));
    if is_part && word.starts_with(is_digit) {
        return Err(ParseError::Wrong("a comma may separate thousands or items"));
    }
    if !word.contains(char::is_alphanumeric) || !after.starts_with([',', ']', '}']) {
        return Err(NO_QUOTES);
    }
    parser.faults.note(Fault::BareWord);
    Ok(word.into())
}

/// Several words, or a number with separators, as the value of a member: it ends before the bracket or
/// the comma of the object. `None` where the text is a single word or has another reading.
fn several(rest: &str) -> Option<&str> {
    let is_digit = |letter: Option<char>| letter.is_some_and(|letter| letter.is_ascii_digit());
    let mut letters = rest.char_indices().peekable();
    let (mut before, mut end) = (None, None);
    while let Some((at, letter)) = letters.next() {
        let next = letters.peek().map(|(_, next)| *next);
        match letter {
            ',' if is_digit(before) && is_digit(next) => {}
            ',' | '}' | ']' => {
                end = Some(at);
                break;
            }
            ':' | '{' | '[' | '"' | '#' | '\n' | '\\' | '`' => return None,
            '/' if matches!(next, Some('/' | '*')) => return None,
            _ => {}
        }
        before = Some(letter);
    }
    let end = end?;
    let (words, after) = (&rest[..end], &rest[end..]);
    let next = after.strip_prefix(',').map(str::trim_start);
    let is_ended = next.is_none_or(|next| next.starts_with('}') || name_at(next).is_some());
    let is_several = words.trim_end().contains([' ', ',', '(']);
    (is_several && is_ended && words.contains(char::is_alphanumeric)).then_some(words)
}
