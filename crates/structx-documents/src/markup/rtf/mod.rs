//! RTF: passes the text of groups and control words to the flow as paragraphs and tables.

pub(crate) mod encodings;
mod table;
#[cfg(test)]
mod tests;
mod tokens;

use std::collections::HashMap;
use std::mem;

use encoding_rs::{Encoding, WINDOWS_1252};

use self::table::RtfTable;
use self::tokens::{Token, Tokens};
use super::flow::{Flow, FlowKind};
use super::text_style::{Script, TextStyle};
use crate::context::ReadContext;
use crate::{Document, FileError, FileErrorKind};

pub(crate) fn read(context: &ReadContext, bytes: &[u8]) -> Result<Document, FileError> {
    let mut parser = Parser::new(context);
    for (index, token) in (1_u32..).zip(Tokens::new(bytes)) {
        parser.token(token)?;
        if index.is_multiple_of(1 << 16) {
            context.check_time()?;
        }
    }
    parser.flush()?;
    let is_cut = !parser.groups.is_empty();
    parser.end_paragraph()?;
    let mut document = parser.flow.finish()?.finish();
    if document.text.is_empty() {
        return Err(context.error(FileErrorKind::Empty, "the document has no text"));
    }
    if is_cut {
        document.warnings.push("the file is truncated; its end is missing".to_owned());
    }
    Ok(document)
}

/// The state that a group inherits from its parent.
#[derive(Clone, Copy)]
struct Group {
    destination: Destination,
    encoding: &'static Encoding,
    hidden: bool,
    style: TextStyle,
    /// The number of fallback characters after `\u` (`\uc`).
    fallback: usize,
}

/// Where the text of a group goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Destination {
    Body,
    Note,
    HeaderFooter,
    /// The printed number or bullet of a list item.
    Marker,
    Fonts,
    Styles,
    Nowhere,
}

struct Parser<'a> {
    flow: Flow<'a>,
    group: Group,
    groups: Vec<Group>,
    /// Undecoded bytes of the current run, in the encoding of the group.
    bytes: Vec<u8>,
    /// The high surrogate of a character that `\u` gives in two halves.
    surrogate: Option<u16>,
    /// Fallback characters after `\u` that are still to be skipped.
    skip: usize,
    /// `\*` was read: the group is ignored if the next control word is unknown.
    optional: bool,
    /// The current font: in the font table the one being defined.
    font: i32,
    fonts: HashMap<i32, &'static Encoding>,
    /// The document's encoding, for text without a font of its own.
    encoding: &'static Encoding,
    headings: HashMap<i32, u8>,
    style: i32,
    style_name: String,
    /// The heading level of the paragraph.
    heading: Option<u8>,
    marker: String,
    depth: usize,
    /// No text of the paragraph has been written yet.
    fresh: bool,
    notes: u32,
    table: RtfTable,
}

impl<'a> Parser<'a> {
    fn new(context: &'a ReadContext<'a>) -> Self {
        let group = Group {
            destination: Destination::Body,
            encoding: WINDOWS_1252,
            hidden: false,
            style: TextStyle::default(),
            fallback: 1,
        };
        Self {
            flow: Flow::new(context),
            group,
            groups: Vec::new(),
            bytes: Vec::new(),
            surrogate: None,
            skip: 0,
            optional: false,
            font: 0,
            fonts: HashMap::new(),
            encoding: WINDOWS_1252,
            headings: HashMap::new(),
            style: 0,
            style_name: String::new(),
            heading: None,
            marker: String::new(),
            depth: 0,
            fresh: true,
            notes: 0,
            table: RtfTable::default(),
        }
    }

    fn token(&mut self, token: Token) -> Result<(), FileError> {
        if self.skip > 0 && !matches!(token, Token::Open | Token::Close) {
            return self.skipped(token);
        }
        match token {
            Token::Byte(byte) => self.bytes.push(byte),
            Token::Text(text) => self.bytes.extend_from_slice(text),
            Token::Open => {
                self.flush()?;
                self.skip = 0;
                self.flow.context.check_depth(self.groups.len() + 1)?;
                self.groups.push(self.group);
            }
            Token::Close => {
                self.flush()?;
                self.skip = 0;
                self.close()?;
            }
            Token::Symbol(symbol) => self.symbol(symbol)?,
            Token::Word(word, number) => {
                self.flush()?;
                self.word(word, number)?;
            }
        }
        Ok(())
    }

    /// Skips the fallback of a character that `\u` has given.
    fn skipped(&mut self, token: Token) -> Result<(), FileError> {
        let count = if let Token::Text(text) = token { text.len() } else { 1 };
        let skip = mem::take(&mut self.skip);
        if count <= skip {
            self.skip = skip - count;
        } else if let Token::Text(text) = token {
            return self.token(Token::Text(&text[skip..]));
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), FileError> {
        // Text after the last group is not part of the document.
        let Some(outer) = self.groups.pop() else { return Ok(()) };
        let inner = mem::replace(&mut self.group, outer);
        if inner.destination == outer.destination {
            return Ok(());
        }
        match inner.destination {
            Destination::Note => self.flow.close_note(),
            Destination::HeaderFooter => self.end_paragraph()?,
            Destination::Styles => self.style_name.clear(),
            _ => {}
        }
        Ok(())
    }

    fn symbol(&mut self, symbol: u8) -> Result<(), FileError> {
        match symbol {
            b'*' => self.optional = true,
            b'\\' | b'{' | b'}' => self.bytes.push(symbol),
            b'~' => self.bytes.push(b' '),
            b'_' => self.bytes.push(b'-'),
            b'\r' | b'\n' => {
                self.flush()?;
                self.paragraph()?;
            }
            _ => {}
        }
        Ok(())
    }

    fn word(&mut self, word: &[u8], number: Option<i32>) -> Result<(), FileError> {
        let optional = mem::take(&mut self.optional);
        if self.group.destination == Destination::Nowhere {
            return Ok(());
        }
        if self.enter(word)? || self.format(word, number) || self.write(word, number)? {
            return Ok(());
        }
        if optional {
            self.group.destination = Destination::Nowhere;
        }
        Ok(())
    }

    /// Control words that set the destination of the group.
    fn enter(&mut self, word: &[u8]) -> Result<bool, FileError> {
        self.group.destination = match word {
            b"fonttbl" => Destination::Fonts,
            b"stylesheet" => Destination::Styles,
            b"listtext" | b"pntext" => {
                self.marker.clear();
                Destination::Marker
            }
            b"header" | b"headerl" | b"headerr" | b"headerf" | b"footer" | b"footerl"
            | b"footerr" | b"footerf" => {
                self.end_paragraph()?;
                Destination::HeaderFooter
            }
            b"footnote" | b"annotation" if self.group.destination != Destination::Note => {
                self.start_paragraph()?;
                self.flow.open_note()?;
                Destination::Note
            }
            b"shpinst" => self.group.destination,
            b"colortbl" | b"info" | b"pict" | b"fldinst" | b"sp" | b"shprslt" | b"objdata"
            | b"filetbl" | b"nonshppict" | b"xe" | b"tc" | b"rxe" | b"pnseclvl" => {
                Destination::Nowhere
            }
            _ => return Ok(false),
        };
        Ok(true)
    }

    /// Control words that set properties of the text.
    fn format(&mut self, word: &[u8], number: Option<i32>) -> bool {
        let on = number != Some(0);
        match (word, number) {
            (b"ansicpg", Some(page)) => {
                self.encoding = encodings::of_code_page(page);
                self.group.encoding = self.encoding;
            }
            (b"mac", _) => {
                self.encoding = encodings::of_code_page(10000);
                self.group.encoding = self.encoding;
            }
            (b"f", Some(font)) => {
                self.font = font;
                self.group.encoding = self.fonts.get(&font).copied().unwrap_or(self.encoding);
            }
            (b"fcharset", Some(set)) => {
                if let Some(encoding) = encodings::of_character_set(set) {
                    self.fonts.insert(self.font, encoding);
                }
            }
            (b"uc", Some(count)) => self.group.fallback = usize::try_from(count).unwrap_or(1),
            (b"v" | b"deleted", _) => self.group.hidden = on,
            (b"super", _) => self.group.style.script = script(on, Script::Superscript),
            (b"sub", _) => self.group.style.script = script(on, Script::Subscript),
            (b"nosupersub", _) => self.group.style.script = Script::Normal,
            (b"strike" | b"striked", _) => self.group.style.is_struck = on,
            (b"plain", _) => {
                self.group.encoding = self.encoding;
                self.group.hidden = false;
                self.group.style = TextStyle::default();
            }
            (b"s", Some(style)) => {
                self.style = style;
                if self.group.destination == Destination::Body {
                    self.heading = self.headings.get(&style).copied();
                }
            }
            (b"outlinelevel", Some(level @ 0..=5)) => {
                let level = u8::try_from(level + 1).unwrap_or(1);
                if self.group.destination == Destination::Styles {
                    self.headings.insert(self.style, level);
                } else {
                    self.heading = Some(level);
                }
            }
            (b"ilvl", Some(level)) => self.depth = usize::try_from(level).unwrap_or(0).min(8),
            (b"intbl", _) => self.table.in_row = true,
            (b"trowd", _) => self.table.describe(),
            (b"cellx", Some(edge)) => self.table.edge(edge),
            _ => return false,
        }
        true
    }

    /// Control words that stand for characters, or end a paragraph, cell or row.
    fn write(&mut self, word: &[u8], number: Option<i32>) -> Result<bool, FileError> {
        match word {
            b"u" => {
                self.unicode(number.unwrap_or(0))?;
                self.skip = self.group.fallback;
            }
            b"par" | b"sect" | b"page" | b"nestrow" => self.paragraph()?,
            b"pard" => {
                (self.heading, self.style, self.depth) = (None, 0, 0);
                self.table.in_row = false;
            }
            b"line" | b"softline" => {
                if self.is_read() {
                    self.flow.line_break();
                }
            }
            b"tab" | b"emspace" | b"enspace" | b"qmspace" | b"nestcell" => self.push(" ")?,
            b"emdash" => self.push("—")?,
            b"endash" => self.push("–")?,
            b"lquote" => self.push("‘")?,
            b"rquote" => self.push("’")?,
            b"ldblquote" => self.push("“")?,
            b"rdblquote" => self.push("”")?,
            b"bullet" => self.push("•")?,
            b"chftn" => {
                self.notes += u32::from(self.group.destination == Destination::Body);
                let mark = format!("[{}]", self.notes);
                self.group.style.script = Script::Normal;
                self.push(&mark)?;
            }
            b"cell" => {
                self.table.in_row = true;
                self.start_paragraph()?;
                self.fresh = true;
                self.table.end_cell(&mut self.flow)?;
            }
            b"row" => {
                self.table.end_row();
                self.fresh = true;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn unicode(&mut self, number: i32) -> Result<(), FileError> {
        // Code units above 32767 are written as negative numbers.
        let Ok(unit) = u16::try_from(number.rem_euclid(0x10000)) else { return Ok(()) };
        let units = self.surrogate.take().into_iter().chain([unit]);
        let mut text = String::new();
        for character in char::decode_utf16(units) {
            match character {
                Ok(character) => text.push(character),
                Err(error) if (0xD800..0xDC00).contains(&error.unpaired_surrogate()) => {
                    self.surrogate = Some(error.unpaired_surrogate());
                }
                Err(_) => text.push(char::REPLACEMENT_CHARACTER),
            }
        }
        self.push(&text)
    }

    fn flush(&mut self) -> Result<(), FileError> {
        if self.bytes.is_empty() {
            return Ok(());
        }
        let bytes = mem::take(&mut self.bytes);
        let (text, _) = self.group.encoding.decode_without_bom_handling(&bytes);
        self.push(&text)
    }

    fn is_read(&self) -> bool {
        let destination = self.group.destination;
        !self.groups.is_empty()
            && !self.group.hidden
            && matches!(
                destination,
                Destination::Body | Destination::Note | Destination::HeaderFooter
            )
    }

    fn push(&mut self, text: &str) -> Result<(), FileError> {
        match self.group.destination {
            Destination::Marker => self.marker.push_str(text),
            Destination::Styles => self.name_style(text),
            _ if self.is_read() && !(self.fresh && text.trim().is_empty()) => {
                self.start_paragraph()?;
                self.flow.style = self.group.style;
                self.flow.text(text);
                self.flow.style = TextStyle::default();
            }
            _ => {}
        }
        Ok(())
    }

    /// Collects a style's name, which a semicolon ends: `heading 2;`.
    fn name_style(&mut self, text: &str) {
        self.style_name.push_str(text);
        let Some(name) = self.style_name.trim().strip_suffix(';') else { return };
        let name = name.to_ascii_lowercase();
        let level = name.strip_prefix("heading ").and_then(|level| level.trim().parse().ok());
        let level = if name == "title" { Some(1) } else { level.filter(|level| *level <= 6) };
        if let Some(level) = level {
            self.headings.insert(self.style, level);
        }
        self.style_name.clear();
    }

    /// Begins a block for the paragraph, in its table cell, before its first text.
    fn start_paragraph(&mut self) -> Result<(), FileError> {
        if self.group.destination == Destination::Note || !mem::take(&mut self.fresh) {
            return Ok(());
        }
        if self.group.destination == Destination::HeaderFooter {
            return self.flow.begin(FlowKind::HeaderFooter);
        }
        self.table.place(&mut self.flow)?;
        let marker = mem::take(&mut self.marker);
        match (marker.trim(), self.heading) {
            ("", None) => self.flow.begin(FlowKind::Paragraph),
            (_, Some(level)) => {
                self.flow.begin(FlowKind::Heading(level))?;
                self.flow.text(&marker);
                self.flow.space();
                Ok(())
            }
            (marker, None) => {
                let is_number = marker.contains(char::is_alphanumeric);
                self.flow.begin_item(self.depth, if is_number { marker } else { "-" })
            }
        }
    }

    fn paragraph(&mut self) -> Result<(), FileError> {
        match self.group.destination {
            Destination::Note => {
                self.flow.space();
                Ok(())
            }
            Destination::Body | Destination::HeaderFooter => self.end_paragraph(),
            _ => Ok(()),
        }
    }

    fn end_paragraph(&mut self) -> Result<(), FileError> {
        self.marker.clear();
        self.fresh = true;
        self.flow.set_default(FlowKind::Paragraph)
    }
}

fn script(on: bool, script: Script) -> Script {
    if on { script } else { Script::Normal }
}
