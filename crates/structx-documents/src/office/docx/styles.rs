//! The paragraph and character styles of a Word document.

use std::collections::HashMap;

use quick_xml::events::BytesStart;

use super::super::xml::{self, Visitor};
use crate::FileError;
use crate::markup::text_style::Script;

/// The longest chain of `basedOn` styles that is followed: chosen by hand.
const LONGEST_CHAIN: usize = 20;

#[derive(Default)]
pub(super) struct DocxStyles {
    by_id: HashMap<String, Style>,
    default: Option<String>,
    /// The id of the style that is being read.
    id: String,
}

#[derive(Default)]
struct Style {
    name: String,
    parent: Option<String>,
    outline: Option<u8>,
    list: ListReference,
    text: RunProperties,
}

/// The properties of a run that a style, or the run itself, sets.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct RunProperties {
    pub(super) hidden: Option<bool>,
    pub(super) struck: Option<bool>,
    pub(super) script: Option<Script>,
}

/// The list of a paragraph, 0 for none, and the level within it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ListReference {
    pub(super) list: Option<u32>,
    pub(super) level: Option<u8>,
}

impl RunProperties {
    /// Sets the property that an element of `rPr` gives; returns false for other elements.
    pub(super) fn set(&mut self, name: &str, element: &BytesStart) -> bool {
        match name {
            "vanish" => self.hidden = Some(xml::is_on(element)),
            "strike" | "dstrike" => self.struck = Some(xml::is_on(element)),
            "vertAlign" => {
                self.script = Some(match xml::attribute(element, "val").as_deref() {
                    Some("superscript") => Script::Superscript,
                    Some("subscript") => Script::Subscript,
                    _ => Script::Normal,
                });
            }
            _ => return false,
        }
        true
    }

    /// These properties, completed by those of an outer style.
    pub(super) fn or(self, outer: Self) -> Self {
        Self {
            hidden: self.hidden.or(outer.hidden),
            struck: self.struck.or(outer.struck),
            script: self.script.or(outer.script),
        }
    }
}

impl DocxStyles {
    /// The heading level, from 1, of paragraphs with the style.
    pub(super) fn heading(&self, id: Option<&str>) -> Option<u8> {
        let named = |style: &Style| {
            let name = style.name.to_lowercase();
            let level = name.strip_prefix("heading ").and_then(|level| level.parse().ok());
            level.or((name == "title").then_some(1))
        };
        let level = self.chain(id).find_map(|style| match style.outline {
            Some(outline) => Some(outline.saturating_add(1)),
            None => named(style),
        });
        level.filter(|level| (1..=9).contains(level))
    }

    /// The run properties of a style and of those it is based on; none without a style.
    pub(super) fn run_properties(&self, id: Option<&str>) -> RunProperties {
        let chain = id.into_iter().flat_map(|id| self.chain(Some(id)));
        chain.fold(RunProperties::default(), |own, style| own.or(style.text))
    }

    /// The list of a style, and the id of the style in its chain that defines it.
    pub(super) fn list<'a>(&'a self, id: Option<&'a str>) -> Option<(ListReference, &'a str)> {
        let mut id = id.or(self.default.as_deref())?;
        for _ in 0..LONGEST_CHAIN {
            let style = self.by_id.get(id)?;
            if style.list.list.is_some() {
                return Some((style.list, id));
            }
            id = style.parent.as_deref()?;
        }
        None
    }

    /// The style and those it is based on; the default style if `id` is `None`.
    fn chain(&self, id: Option<&str>) -> impl Iterator<Item = &Style> {
        let id = id.filter(|id| self.by_id.contains_key(*id)).or(self.default.as_deref());
        let first = id.and_then(|id| self.by_id.get(id));
        let parent = |style: &&Style| self.by_id.get(style.parent.as_deref()?);
        std::iter::successors(first, parent).take(LONGEST_CHAIN)
    }
}

impl Visitor for DocxStyles {
    fn start(&mut self, name: &str, element: &BytesStart) -> Result<bool, FileError> {
        if name == "style" {
            self.id = xml::attribute(element, "styleId").unwrap_or_default();
            self.by_id.insert(self.id.clone(), Style::default());
            let is = |name, value| xml::attribute(element, name).as_deref() == Some(value);
            if is("type", "paragraph") && (is("default", "1") || is("default", "true")) {
                self.default = Some(self.id.clone());
            }
            return Ok(true);
        }
        let Some(style) = self.by_id.get_mut(&self.id) else { return Ok(true) };
        match name {
            "name" => style.name = xml::attribute(element, "val").unwrap_or_default(),
            "basedOn" => style.parent = xml::attribute(element, "val"),
            "outlineLvl" => style.outline = xml::number(element),
            "numId" => style.list.list = xml::number(element),
            "ilvl" => style.list.level = xml::number(element),
            name if style.text.set(name, element) => {}
            // Properties of table regions, or from before a tracked change.
            "tblStylePr" => return Ok(false),
            name => return Ok(!name.ends_with("Change")),
        }
        Ok(true)
    }

    fn end(&mut self, name: &str) -> Result<(), FileError> {
        if name == "style" {
            self.id.clear();
        }
        Ok(())
    }

    fn text(&mut self, _: &str) {}
}
