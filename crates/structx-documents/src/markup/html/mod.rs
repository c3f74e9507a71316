//! HTML: passes the tokens of a page to the flow one by one. No tree is built, so nesting depth
//! costs no stack.

mod omitted;
mod tags;
#[cfg(test)]
mod tests;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use html5gum::emitters::callback::{CallbackEmitter, CallbackEvent};
use html5gum::{Span, State, Tokenizer};
use memchr::memmem;

use self::omitted::{OmittedElement, TagPosition, is_void};
use self::tags::{Attributes, Tag, is_block, tag, text_state};
use super::flow::{Flow, FlowKind};
use super::mathml::{self, MathWriter};
use super::numerals::numeral;
use super::text::decode;
use super::text_style::{Script, TextStyle};
use crate::context::ReadContext;
use crate::{Document, FileError, FileErrorKind};

pub(crate) fn read(context: &ReadContext, bytes: &[u8]) -> Result<Document, FileError> {
    let (text, warning) = decoded(bytes);
    let mut flow = Flow::new(context);
    write(&mut flow, &text, !repeats_title(&text))?;
    let mut document = flow.finish()?.finish();
    if document.text.is_empty() {
        return Err(context.error(FileErrorKind::Empty, "the page has no text"));
    }
    document.warnings.extend(warning);
    Ok(document)
}

/// Decodes a page, and warns if its encoding is a guess.
pub(crate) fn decoded(bytes: &[u8]) -> (String, Option<String>) {
    decode(bytes, declared_encoding(bytes))
}

/// Writes the text of a page, with its title as a heading if `with_title`.
pub(crate) fn write(flow: &mut Flow, html: &str, with_title: bool) -> Result<(), FileError> {
    let mut page = HtmlReader::new(flow, with_title);
    let emitter = CallbackEmitter::new(|event: CallbackEvent<'_>, _: Span<()>| page.event(&event));
    let mut tokenizer = Tokenizer::new_with_emitter(html, emitter);
    while let Some(Ok(state)) = tokenizer.next() {
        tokenizer.set_state(state?);
    }
    page.end_select();
    page.flow.style = TextStyle::default();
    page.flow.set_default(FlowKind::Paragraph)
}

/// Whether the first main heading says the same as the title.
fn repeats_title(html: &str) -> bool {
    let title = first_element(html, "title");
    title.is_some() && title == first_element(html, "h1")
}

/// The words of the first element of this name, in lower case, with what is written between tags alone.
fn first_element(html: &str, name: &str) -> Option<String> {
    let is_start = |place: &usize| {
        let tag = html.as_bytes().get(place + 1..place + 1 + name.len());
        tag.is_some_and(|tag| tag.eq_ignore_ascii_case(name.as_bytes()))
    };
    let start = memmem::find_iter(html.as_bytes(), b"<").find(is_start)?;
    let mut words = String::new();
    for part in html[start + 1..].split('<') {
        let (tag, text) = part.split_once('>')?;
        if tag.strip_prefix('/').is_some_and(|tag| tag.trim_end().eq_ignore_ascii_case(name)) {
            break;
        }
        words.push_str(text);
    }
    Some(words.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase())
}

/// The encoding that the page declares. A page that is valid UTF-8 is read as UTF-8 whatever it
/// declares.
fn declared_encoding(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = &bytes[..bytes.len().min(4096)];
    let start = memmem::find(head, b"charset=").or_else(|| memmem::find(head, b"encoding="))?;
    let label = head[start..].split(|byte| *byte == b'=').nth(1)?;
    let label = label.trim_ascii_start();
    let label = label.strip_prefix(b"\"").or_else(|| label.strip_prefix(b"'")).unwrap_or(label);
    let ends = |byte: &u8| !(byte.is_ascii_alphanumeric() || b"-_:.".contains(byte));
    let label = &label[..label.iter().position(ends).unwrap_or(label.len())];
    let encoding = Encoding::for_label(label)?;
    // The label could not have been found in UTF-16.
    let is_utf8 =
        encoding == UTF_16BE || encoding == UTF_16LE || std::str::from_utf8(bytes).is_ok();
    Some(if is_utf8 { UTF_8 } else { encoding })
}

struct HtmlReader<'f, 'a> {
    flow: &'f mut Flow<'a>,
    /// The name of the current start tag.
    name: Vec<u8>,
    attributes: Attributes,
    /// The name of the current attribute.
    attribute: Vec<u8>,
    /// Open lists and tables, innermost last.
    open: Vec<OpenElement>,
    /// The element that is being omitted with its content.
    skipped: Option<OmittedElement>,
    math: MathWriter,
    /// The list of options that is open.
    select: Option<Select>,
    with_title: bool,
    in_pre: bool,
    /// The number of open elements of struck-out text.
    struck: u32,
    events: u32,
}

enum OpenElement {
    List { ordered: Option<ListCounter>, in_item: bool },
    Table,
}

#[derive(Clone, Copy)]
struct ListCounter {
    next: i64,
    style: u8,
}

/// A `select` element.
#[derive(Default)]
struct Select {
    is_multiple: bool,
    options: Vec<SelectOption>,
}

struct SelectOption {
    is_selected: bool,
    /// It asks for a choice and is none.
    is_disabled: bool,
    text: String,
}

impl Select {
    fn text(&mut self, text: &str) {
        if let Some(option) = self.options.last_mut() {
            option.text.push_str(text);
        }
    }

    /// The texts of the selected options. Without one, a browser selects the first of a single choice.
    fn chosen(&self) -> String {
        let mut chosen: Vec<&SelectOption> =
            self.options.iter().filter(|option| option.is_selected).collect();
        if chosen.is_empty() && !self.is_multiple {
            chosen.extend(self.options.iter().find(|option| !option.is_disabled));
        }
        let values = chosen.iter().filter(|option| !option.is_disabled);
        values.map(|option| option.text.trim()).collect::<Vec<_>>().join(", ")
    }
}

type Signal = Option<Result<State, FileError>>;

impl<'f, 'a> HtmlReader<'f, 'a> {
    fn new(flow: &'f mut Flow<'a>, with_title: bool) -> Self {
        Self {
            flow,
            name: Vec::new(),
            attributes: Attributes::default(),
            attribute: Vec::new(),
            open: Vec::new(),
            skipped: None,
            math: MathWriter::default(),
            select: None,
            with_title,
            in_pre: false,
            struck: 0,
            events: 0,
        }
    }

    /// Processes a token; returns the tokenizer's next state if it changes.
    fn event(&mut self, event: &CallbackEvent) -> Signal {
        self.events = self.events.wrapping_add(1);
        if self.events.is_multiple_of(1 << 16)
            && let Err(error) = self.flow.context.check_time()
        {
            return Some(Err(error));
        }
        let done = match event {
            CallbackEvent::OpenStartTag { name } => {
                replace(&mut self.name, name);
                self.attributes = Attributes::default();
                Ok(())
            }
            CallbackEvent::AttributeName { name } => {
                self.attributes.named(name);
                replace(&mut self.attribute, name);
                Ok(())
            }
            CallbackEvent::AttributeValue { value } => {
                self.attributes.set(&self.attribute, &String::from_utf8_lossy(value));
                Ok(())
            }
            CallbackEvent::CloseStartTag { self_closing } => {
                let done = self.start(*self_closing);
                // In HTML the slash means nothing; in XHTML the element ends here.
                let state = if *self_closing { None } else { text_state(&self.name) };
                return done.map(|()| state).transpose();
            }
            CallbackEvent::EndTag { name } => self.end(name),
            CallbackEvent::String { value } => {
                self.text(&String::from_utf8_lossy(value));
                Ok(())
            }
            _ => Ok(()),
        };
        done.err().map(Err)
    }

    fn text(&mut self, text: &str) {
        if self.skipped.is_some() {
            return;
        }
        if let Some(select) = &mut self.select {
            select.text(text);
        } else if self.math.is_open() {
            self.flow.text(mathml::token(text));
        } else if self.in_pre {
            self.flow.verbatim(text);
        } else {
            self.flow.text(text);
        }
    }

    fn start(&mut self, self_closing: bool) -> Result<(), FileError> {
        let tag = tag(&self.name);
        if self_closing && text_state(&self.name).is_some() {
            return Ok(());
        }
        let has_content = !self_closing && !is_void(&self.name);
        if let Some(skipped) = &mut self.skipped {
            if !has_content || skipped.start(tag, &self.name) == TagPosition::Within {
                return Ok(());
            }
            self.skipped = None;
        }
        let unwanted = tag == Tag::Skipped || (tag == Tag::Title && !self.with_title);
        if unwanted || self.attributes.hidden {
            self.skipped = has_content.then(|| OmittedElement::new(tag, &self.name));
            return Ok(());
        }
        if is_block(tag) {
            self.math = MathWriter::default();
        }
        let name = String::from_utf8_lossy(&self.name);
        self.flow.text(self.math.start(self.flow.context, &name)?);
        if self_closing {
            self.flow.text(self.math.end(&name));
        }
        self.visible(tag)
    }

    fn visible(&mut self, tag: Tag) -> Result<(), FileError> {
        match tag {
            Tag::Heading(level) => self.flow.begin(FlowKind::Heading(level)),
            Tag::Title => self.flow.begin(FlowKind::Heading(1)),
            Tag::Block => self.flow.end_block(),
            Tag::Term => self.flow.set_default(FlowKind::Paragraph),
            Tag::Description => self.flow.begin(FlowKind::Continued { depth: self.depth() }),
            Tag::Break => {
                self.flow.line_break();
                Ok(())
            }
            Tag::Pre => {
                self.in_pre = true;
                self.flow.begin(FlowKind::Code)
            }
            Tag::List { ordered } => self.start_list(ordered),
            Tag::Item => self.start_item(),
            Tag::Table => {
                self.open.push(OpenElement::Table);
                self.flow.open_table()
            }
            Tag::Row => self.within_table(Flow::row),
            Tag::Cell { header } => {
                let (columns, rows) = (self.attributes.columns, self.attributes.rows);
                self.within_table(|flow| flow.cell(columns, rows, header))
            }
            Tag::Image => {
                self.apart(|attributes| &attributes.alternative);
                Ok(())
            }
            Tag::Select => {
                let is_multiple = self.attributes.is_multiple;
                self.select = Some(Select { is_multiple, ..Select::default() });
                Ok(())
            }
            Tag::Option => {
                if let Some(select) = &mut self.select {
                    select.options.push(SelectOption {
                        is_selected: self.attributes.is_chosen,
                        is_disabled: self.attributes.is_disabled,
                        text: String::new(),
                    });
                }
                Ok(())
            }
            Tag::Input => {
                self.apart(Attributes::field);
                Ok(())
            }
            Tag::Spaced => {
                self.flow.space();
                Ok(())
            }
            Tag::Script(script) => {
                self.flow.style.script = script;
                Ok(())
            }
            Tag::Struck => {
                self.struck = self.struck.saturating_add(1);
                self.flow.style.is_struck = true;
                Ok(())
            }
            Tag::Skipped | Tag::Other => Ok(()),
        }
    }

    /// Writes the text that stands for the element, with spaces around it.
    fn apart(&mut self, text: impl FnOnce(&Attributes) -> &str) {
        self.flow.space();
        self.flow.text(text(&self.attributes));
        self.flow.space();
    }

    fn end(&mut self, name: &[u8]) -> Result<(), FileError> {
        let tag = tag(name);
        if let Some(skipped) = &mut self.skipped {
            let place = skipped.end(tag, name);
            if place != TagPosition::Within {
                self.skipped = None;
            }
            if place != TagPosition::After {
                return Ok(());
            }
        }
        if self.math.is_open() {
            self.flow.text(self.math.end(&String::from_utf8_lossy(name)));
        }
        match tag {
            Tag::Heading(_) | Tag::Title | Tag::Description => self.flow.end(),
            Tag::Block | Tag::Term => self.flow.end_block(),
            Tag::Break => {
                self.flow.line_break();
                Ok(())
            }
            Tag::Pre => {
                self.in_pre = false;
                self.flow.end()
            }
            Tag::List { .. } => self.end_list(),
            Tag::Item => self.end_item(),
            Tag::Table => self.end_table(),
            Tag::Row | Tag::Cell { .. } => self.within_table(Flow::end_cell),
            Tag::Spaced => {
                self.flow.space();
                Ok(())
            }
            Tag::Script(_) => {
                self.flow.style.script = Script::Normal;
                Ok(())
            }
            Tag::Struck => {
                self.struck = self.struck.saturating_sub(1);
                self.flow.style.is_struck = self.struck > 0;
                Ok(())
            }
            Tag::Select => {
                self.end_select();
                Ok(())
            }
            Tag::Image | Tag::Input | Tag::Option | Tag::Skipped | Tag::Other => Ok(()),
        }
    }

    /// Writes the chosen options of the open list.
    fn end_select(&mut self) {
        if let Some(select) = self.select.take() {
            self.flow.space();
            self.flow.text(&select.chosen());
            self.flow.space();
        }
    }

    /// The nesting depth of the innermost list within its table cell, from 0.
    fn depth(&self) -> usize {
        let lists =
            self.open.iter().rev().take_while(|open| matches!(open, OpenElement::List { .. }));
        lists.count().saturating_sub(1)
    }

    fn start_list(&mut self, ordered: bool) -> Result<(), FileError> {
        self.flow.context.check_depth(self.open.len() + 1)?;
        let numbers = ListCounter {
            next: self.attributes.start.unwrap_or(1),
            style: self.attributes.numbering.unwrap_or(b'1'),
        };
        self.open.push(OpenElement::List { ordered: ordered.then_some(numbers), in_item: false });
        self.flow.set_default(FlowKind::Paragraph)
    }

    fn start_item(&mut self) -> Result<(), FileError> {
        let depth = self.depth();
        let marker = match self.open.last_mut() {
            Some(OpenElement::List { ordered, in_item }) => {
                *in_item = true;
                match ordered {
                    Some(numbers) => {
                        let number = self.attributes.item_number().unwrap_or(numbers.next);
                        numbers.next = number.saturating_add(1);
                        numeral(number, numbers.style)
                    }
                    None => "-".to_owned(),
                }
            }
            _ => "-".to_owned(),
        };
        self.flow.begin_item(depth, &marker)
    }

    fn end_item(&mut self) -> Result<(), FileError> {
        if let Some(OpenElement::List { in_item, .. }) = self.open.last_mut() {
            *in_item = false;
        }
        self.flow.set_default(FlowKind::Paragraph)
    }

    fn end_list(&mut self) -> Result<(), FileError> {
        if matches!(self.open.last(), Some(OpenElement::List { .. })) {
            self.open.pop();
        }
        let depth = self.depth();
        match self.open.last() {
            Some(OpenElement::List { in_item: true, .. }) => {
                self.flow.set_default(FlowKind::Continued { depth })
            }
            _ => self.flow.set_default(FlowKind::Paragraph),
        }
    }

    /// Ends the lists of the cell, then calls `act`.
    fn within_table(
        &mut self,
        act: impl FnOnce(&mut Flow<'a>) -> Result<(), FileError>,
    ) -> Result<(), FileError> {
        self.in_pre = false;
        self.end_select();
        (self.struck, self.flow.style) = (0, TextStyle::default());
        let Some(table) = self.open.iter().rposition(|open| matches!(open, OpenElement::Table))
        else {
            return self.flow.end_block();
        };
        self.open.truncate(table + 1);
        act(self.flow)
    }

    fn end_table(&mut self) -> Result<(), FileError> {
        if !self.open.iter().any(|open| matches!(open, OpenElement::Table)) {
            return self.flow.end_block();
        }
        self.within_table(Flow::close_table)?;
        self.open.pop();
        Ok(())
    }
}

fn replace(buffer: &mut Vec<u8>, bytes: &[u8]) {
    buffer.clear();
    buffer.extend_from_slice(bytes);
}
