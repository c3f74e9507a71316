//! Splits type expressions into tokens.

use std::fmt;

use serde_json::Value;

/// Modules whose prefix is dropped: `datetime.date` is `date`.
const MODULES: [&str; 9] = [
    "typing",
    "typing_extensions",
    "t",
    "datetime",
    "decimal",
    "uuid",
    "pydantic",
    "builtins",
    "collections.abc",
];

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Name(String),
    /// The content of a string literal.
    Text(String),
    Number(Value),
    Sign(char),
    Ellipsis,
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(f, "`{name}`"),
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Number(number) => write!(f, "`{number}`"),
            Self::Sign(sign) => write!(f, "`{sign}`"),
            Self::Ellipsis => f.write_str("`...`"),
        }
    }
}

pub(super) fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            c if c.is_whitespace() || c == '`' => (None, c.len_utf8()),
            '"' | '\'' => {
                let (text, length) = string(rest, first, false)?;
                (Some(Token::Text(text)), length)
            }
            'r' if rest[1..].starts_with(['"', '\'']) => {
                let quote = if rest[1..].starts_with('"') { '"' } else { '\'' };
                let (text, length) = string(&rest[1..], quote, true)?;
                (Some(Token::Text(text)), length + 1)
            }
            '.' if rest.starts_with("...") => (Some(Token::Ellipsis), 3),
            '[' | ']' | '<' | '>' | '(' | ')' | ',' | '|' | '?' | '=' => {
                (Some(Token::Sign(first)), 1)
            }
            c if c.is_ascii_digit() || c == '-' || c == '+' => {
                let (number, length) = number(rest)?;
                (Some(Token::Number(number)), length)
            }
            c if is_of_name(c) => {
                let (name, length) = name(rest)?;
                (Some(Token::Name(name)), length)
            }
            other => return Err(format!("`{other}` is not expected in a type")),
        };
        tokens.extend(token);
        rest = &rest[length..];
    }
    Ok(tokens)
}

/// The string literal at the start of `text`, and its length in bytes.
fn string(text: &str, quote: char, is_raw: bool) -> Result<(String, usize), String> {
    let mut is_escaped = false;
    for (index, c) in text.char_indices().skip(1) {
        if c == quote && !is_escaped {
            let inner = &text[1..index];
            let value = if is_raw { inner.to_owned() } else { unescape(inner, quote) };
            return Ok((value, index + 1));
        }
        is_escaped = c == '\\' && !is_escaped;
    }
    Err("a string does not end".to_owned())
}

/// Decodes JSON's escapes; like Python, leaves unknown ones unchanged.
fn unescape(inner: &str, quote: char) -> String {
    if quote == '"'
        && let Ok(text) = serde_json::from_str(&format!("\"{inner}\""))
    {
        return text;
    }
    let mut text = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match (c, (c == '\\').then(|| chars.next()).flatten()) {
            ('\\', Some('n')) => text.push('\n'),
            ('\\', Some('t')) => text.push('\t'),
            ('\\', Some('r')) => text.push('\r'),
            ('\\', Some(same @ ('\\' | '"' | '\''))) => text.push(same),
            ('\\', Some(other)) => text.extend(['\\', other]),
            (other, _) => text.push(other),
        }
    }
    text
}

fn number(text: &str) -> Result<(Value, usize), String> {
    let is_part = |c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E' | '_');
    let length = text.find(|c| !is_part(c)).unwrap_or(text.len());
    let digits = text[..length].replace('_', "");
    let digits = digits.strip_prefix('+').unwrap_or(&digits);
    match serde_json::from_str::<Value>(digits) {
        Ok(number) if number.is_number() => Ok((number, length)),
        _ => Err(format!("`{}` is no number", &text[..length])),
    }
}

/// Names may be in any script; the parser decides which of them are known.
fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || !c.is_ascii() && !c.is_whitespace()
}

fn name(text: &str) -> Result<(String, usize), String> {
    let mut length = 0;
    for (index, c) in text.char_indices() {
        let next = index + c.len_utf8();
        let joins = matches!(c, '.' | '-') && text[next..].starts_with(char::is_alphabetic);
        if !joins && !is_of_name(c) {
            break;
        }
        length = next;
    }
    let full = &text[..length];
    match full.rsplit_once('.') {
        None => Ok((full.to_owned(), length)),
        Some((module, name)) if MODULES.contains(&module) => Ok((name.to_owned(), length)),
        Some(_) => Err(format!("`{full}` is no type that structx knows")),
    }
}
