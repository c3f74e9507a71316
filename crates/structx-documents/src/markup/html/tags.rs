//! Classifies HTML tags and attributes by their effect on the text.

use html5gum::State;

use crate::markup::text_style::Script;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    Heading(u8),
    Title,
    /// Begins and ends a paragraph.
    Block,
    Term,
    Description,
    Break,
    Pre,
    List {
        ordered: bool,
    },
    Item,
    Table,
    Row,
    Cell {
        header: bool,
    },
    Image,
    Input,
    Select,
    Option,
    /// Inline, separated from its neighbours by spaces.
    Spaced,
    Script(Script),
    /// Struck-out text.
    Struck,
    /// Omitted: has no visible text, or repeats other text.
    Skipped,
    /// Inline.
    Other,
}

pub(super) fn tag(name: &[u8]) -> Tag {
    match name {
        b"h1" => Tag::Heading(1),
        b"h2" => Tag::Heading(2),
        b"h3" => Tag::Heading(3),
        b"h4" => Tag::Heading(4),
        b"h5" => Tag::Heading(5),
        b"h6" => Tag::Heading(6),
        b"title" => Tag::Title,
        b"address" | b"article" | b"aside" | b"blockquote" | b"body" | b"caption" | b"center"
        | b"details" | b"dialog" | b"dir" | b"div" | b"dl" | b"fieldset" | b"figcaption"
        | b"figure" | b"footer" | b"form" | b"header" | b"hgroup" | b"hr" | b"legend" | b"main"
        | b"nav" | b"optgroup" | b"p" | b"search" | b"section" | b"summary" | b"textarea" => {
            Tag::Block
        }
        b"dt" => Tag::Term,
        b"dd" => Tag::Description,
        b"br" => Tag::Break,
        b"pre" | b"listing" | b"plaintext" | b"xmp" => Tag::Pre,
        b"ul" | b"menu" => Tag::List { ordered: false },
        b"ol" => Tag::List { ordered: true },
        b"li" => Tag::Item,
        b"table" => Tag::Table,
        b"tr" | b"tbody" | b"thead" | b"tfoot" => Tag::Row,
        b"td" => Tag::Cell { header: false },
        b"th" => Tag::Cell { header: true },
        b"img" => Tag::Image,
        b"input" => Tag::Input,
        b"select" => Tag::Select,
        b"option" => Tag::Option,
        b"button" | b"label" | b"output" | b"rt" => Tag::Spaced,
        b"sup" => Tag::Script(Script::Superscript),
        b"sub" => Tag::Script(Script::Subscript),
        b"del" | b"s" | b"strike" => Tag::Struck,
        b"annotation" | b"annotation-xml" | b"audio" | b"canvas" | b"datalist" | b"iframe"
        | b"noembed" | b"noframes" | b"noscript" | b"object" | b"script" | b"style" | b"svg"
        | b"template" | b"video" => Tag::Skipped,
        _ => Tag::Other,
    }
}

/// Whether the tag can't stand within a line of text.
pub(super) fn is_block(tag: Tag) -> bool {
    matches!(
        tag,
        Tag::Heading(_)
            | Tag::Title
            | Tag::Block
            | Tag::Term
            | Tag::Description
            | Tag::Pre
            | Tag::List { .. }
            | Tag::Item
            | Tag::Table
            | Tag::Row
            | Tag::Cell { .. }
    )
}

/// The tokenizer state for an element whose content is not ordinary markup.
pub(super) fn text_state(name: &[u8]) -> Option<State> {
    match name {
        b"title" | b"textarea" => Some(State::RcData),
        b"script" => Some(State::ScriptData),
        b"style" | b"xmp" | b"iframe" | b"noembed" | b"noframes" | b"noscript" => {
            Some(State::RawText)
        }
        b"plaintext" => Some(State::PlainText),
        _ => None,
    }
}

/// The attributes of one tag.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "attributes that are there or not")]
pub(super) struct Attributes {
    pub(super) hidden: bool,
    /// An option is selected, or a box is checked.
    pub(super) is_chosen: bool,
    /// Several options can be selected.
    pub(super) is_multiple: bool,
    /// An option can't be selected, as those are that only ask for a choice.
    pub(super) is_disabled: bool,
    pub(super) columns: u32,
    pub(super) rows: u32,
    /// The first number of a list, and its numbering style.
    pub(super) start: Option<i64>,
    pub(super) numbering: Option<u8>,
    /// The alternative text of an image.
    pub(super) alternative: String,
    pub(super) value: String,
    /// The type of an input field.
    pub(super) kind: String,
}

impl Attributes {
    pub(super) fn named(&mut self, name: &[u8]) {
        self.hidden |= name == b"hidden";
        self.is_chosen |= matches!(name, b"selected" | b"checked");
        self.is_multiple |= name == b"multiple";
        self.is_disabled |= name == b"disabled";
    }

    pub(super) fn set(&mut self, name: &[u8], value: &str) {
        match name {
            b"alt" => value.clone_into(&mut self.alternative),
            b"colspan" => self.columns = number(value).clamp(1, 1000),
            b"rowspan" => self.rows = number(value).clamp(1, 65534),
            b"hidden" if value.eq_ignore_ascii_case("until-found") => self.hidden = false,
            b"start" => self.start = value.trim().parse().ok(),
            b"style" => self.hidden |= hides(value),
            b"type" => value.clone_into(&mut self.kind),
            b"value" => value.clone_into(&mut self.value),
            _ => {}
        }
        if name == b"type" && value.len() == 1 {
            self.numbering = value.bytes().next();
        }
    }

    /// The number that a list item sets itself.
    pub(super) fn item_number(&self) -> Option<i64> {
        self.value.trim().parse().ok()
    }

    /// The text visible in the input field.
    pub(super) fn field(&self) -> &str {
        const UNSEEN: [&str; 4] = ["file", "hidden", "image", "password"];
        if ["checkbox", "radio"].iter().any(|kind| self.kind.eq_ignore_ascii_case(kind)) {
            return if self.is_chosen { "[x]" } else { "[ ]" };
        }
        let is_unseen = UNSEEN.iter().any(|kind| self.kind.eq_ignore_ascii_case(kind));
        if is_unseen { "" } else { &self.value }
    }
}

fn number(value: &str) -> u32 {
    let value = value.trim();
    let digits = value.bytes().take_while(u8::is_ascii_digit).count();
    match value[..digits].parse() {
        Ok(number) => number,
        Err(_) if digits > 0 => u32::MAX,
        Err(_) => 1,
    }
}

fn hides(style: &str) -> bool {
    let style: String = style.chars().filter(|character| !character.is_whitespace()).collect();
    let style = style.to_ascii_lowercase();
    style.contains("display:none") || style.contains("visibility:hidden")
}
