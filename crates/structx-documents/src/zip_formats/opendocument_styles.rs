//! The styles of .odt and .odp files that affect the text: titles, and the numbering of lists.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::FileError;
use crate::context::ReadContext;
use crate::markup::numerals::numeral;
use crate::markup::text_style::{Script, TextStyle};

/// ODF 1.2 has ten list levels.
const LEVELS: usize = 10;

#[derive(Default)]
pub(super) struct OdfStyles {
    titles: HashSet<String>,
    lists: HashMap<String, HashMap<usize, ListLevelStyle>>,
    /// Text styles that are not the default, by name.
    texts: HashMap<String, TextStyle>,
}

/// The numbering of one level of a list (`text:list-level-style-number`).
struct ListLevelStyle {
    /// `1`, `a`, `A`, `i` or `I`.
    format: u8,
    prefix: String,
    suffix: String,
    start: i64,
    /// The number of levels that are printed: 2 for `1.2`.
    shown: usize,
}

impl OdfStyles {
    /// Collects the styles of an XML part, up to the body.
    pub(super) fn collect(&mut self, context: &ReadContext, xml: &str) -> Result<(), FileError> {
        let mut reader = Reader::from_str(xml);
        let (mut list, mut style) = (String::new(), String::new());
        loop {
            let broken = || {
                context.corrupt("is damaged: its XML is not well-formed; open it and save it again")
            };
            match reader.read_event().map_err(|_| broken())? {
                Event::Start(tag) | Event::Empty(tag) => match tag.name().as_ref() {
                    "office:body" => break,
                    "style:style" => {
                        self.style(&tag);
                        style = attribute(&tag, "style:name").unwrap_or_default();
                    }
                    "style:text-properties" => self.text_properties(&style, &tag),
                    "text:list-style" => list = attribute(&tag, "style:name").unwrap_or_default(),
                    "text:list-level-style-number" => self.level(&list, &tag),
                    _ => {}
                },
                Event::Eof => break,
                _ => {}
            }
        }
        context.check_time()
    }

    fn style(&mut self, tag: &BytesStart) {
        let parent = attribute(tag, "style:parent-style-name");
        if parent.is_some_and(|parent| self.is_title(&parent)) {
            self.titles.extend(attribute(tag, "style:name"));
        }
    }

    fn level(&mut self, list: &str, tag: &BytesStart) {
        let number = |name| attribute(tag, name).and_then(|number| number.parse::<i64>().ok());
        let format = attribute(tag, "style:num-format").unwrap_or_default();
        let Some(format) = format.bytes().next() else { return };
        let small = |number: Option<i64>| {
            let number = usize::try_from(number.unwrap_or(1)).unwrap_or(1);
            number.clamp(1, LEVELS)
        };
        let level = ListLevelStyle {
            format,
            prefix: attribute(tag, "style:num-prefix").unwrap_or_default(),
            suffix: attribute(tag, "style:num-suffix").unwrap_or_default(),
            start: number("text:start-value").unwrap_or(1),
            shown: small(number("text:display-levels")),
        };
        let levels = self.lists.entry(list.to_owned()).or_default();
        levels.insert(small(number("text:level")), level);
    }

    fn text_properties(&mut self, name: &str, tag: &BytesStart) {
        let position = attribute(tag, "style:text-position").unwrap_or_default();
        let script = match position.split_whitespace().next() {
            Some("super") => Script::Superscript,
            Some("sub") => Script::Subscript,
            Some(raise) if raise.starts_with('-') => Script::Subscript,
            Some(raise) if raise.starts_with(|digit| matches!(digit, '1'..='9')) => {
                Script::Superscript
            }
            _ => Script::Normal,
        };
        let line = ["style:text-line-through-style", "style:text-line-through-type"];
        let is_struck =
            line.iter().filter_map(|name| attribute(tag, name)).any(|line| line != "none");
        let style = TextStyle { script, is_struck };
        if style != TextStyle::default() {
            self.texts.insert(name.to_owned(), style);
        }
    }

    /// The style of a span of text.
    pub(super) fn text(&self, name: &str) -> TextStyle {
        self.texts.get(name).copied().unwrap_or_default()
    }

    pub(super) fn is_title(&self, style: &str) -> bool {
        style == "Title" || self.titles.contains(style)
    }
}

/// The open lists and the numbers of their items.
#[derive(Default)]
pub(super) struct OdfNumbering {
    open: Vec<OpenList>,
    /// The last numbers by list style, because a list may continue the last one of its style.
    numbers: HashMap<String, [Option<i64>; LEVELS]>,
}

struct OpenList {
    style: String,
    /// An item has begun, but not its first paragraph.
    waits: bool,
}

impl OdfNumbering {
    pub(super) fn open_list(&mut self, tag: &BytesStart) {
        let inherited = self.open.last().map(|list| list.style.clone());
        let style = attribute(tag, "text:style-name").or(inherited).unwrap_or_default();
        let goes_on = attribute(tag, "text:continue-numbering").as_deref() == Some("true")
            || attribute(tag, "text:continue-list").is_some();
        if !goes_on {
            let level = self.open.len().min(LEVELS - 1);
            self.numbers.entry(style.clone()).or_default()[level..].fill(None);
        }
        self.open.push(OpenList { style, waits: false });
    }

    pub(super) fn close_list(&mut self) {
        self.open.pop();
    }

    pub(super) fn open_item(&mut self, tag: &BytesStart) {
        let level = self.depth().min(LEVELS - 1);
        let Some(list) = self.open.last_mut() else { return };
        list.waits = true;
        let start = attribute(tag, "text:start-value").and_then(|start| start.parse::<i64>().ok());
        if let (Some(start), Some(numbers)) = (start, self.numbers.get_mut(&list.style)) {
            numbers[level] = Some(start.saturating_sub(1));
        }
    }

    pub(super) fn in_list(&self) -> bool {
        !self.open.is_empty()
    }

    pub(super) fn depth(&self) -> usize {
        self.open.len().saturating_sub(1)
    }

    /// The marker to print before the paragraph, if it is the first of an item.
    pub(super) fn marker(&mut self, styles: &OdfStyles) -> Option<String> {
        let depth = self.depth().min(LEVELS - 1);
        let list = self.open.last_mut().filter(|list| list.waits)?;
        list.waits = false;
        let levels = styles.lists.get(&list.style);
        let Some(level) = levels.and_then(|levels| levels.get(&(depth + 1))) else {
            return Some("-".to_owned());
        };
        let numbers = self.numbers.entry(list.style.clone()).or_default();
        numbers[depth] = Some(numbers[depth].map_or(level.start, |last| last.saturating_add(1)));
        numbers[depth + 1..].fill(None);
        let shown = (depth + 1).saturating_sub(level.shown)..=depth;
        let printed = shown.filter_map(|depth| {
            let level = levels?.get(&(depth + 1))?;
            let number = numbers[depth].unwrap_or(level.start);
            Some(numeral(number, level.format).trim_end_matches('.').to_owned())
        });
        let printed = printed.collect::<Vec<_>>().join(".");
        Some(format!("{}{printed}{}", level.prefix, level.suffix))
    }
}

pub(super) fn attribute(tag: &BytesStart, name: &str) -> Option<String> {
    let mut attributes = tag.attributes();
    let mut attributes = attributes.with_checks(false).flatten();
    let value = attributes.find(|attribute| attribute.key.as_ref() == name)?.value;
    quick_xml::escape::unescape(&value).ok().map(Cow::into_owned)
}
