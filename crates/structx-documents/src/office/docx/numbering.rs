//! The numbers that Word prints before headings and list items: `1.2`, `(b)`, `Article IV`.

use std::collections::{HashMap, HashSet};

use quick_xml::events::BytesStart;

use super::super::numerals;
use super::super::xml::{self, Visitor};
use super::styles::ListReference;
use crate::FileError;

/// Word lists have nine levels (ECMA-376 part 1, 17.9).
const LEVELS: usize = 9;

type Levels = [NumberingLevel; LEVELS];

/// The lists of a document and their current numbers.
#[derive(Default)]
pub(super) struct DocxNumbering {
    /// Abstract numberings by id. Several lists may share one, and its counts.
    abstracts: HashMap<String, AbstractNumbering>,
    lists: HashMap<u32, NumberingInstance>,
    begun: HashSet<(u32, usize)>,
    abstract_id: String,
    list: u32,
    level: usize,
}

#[derive(Default)]
struct AbstractNumbering {
    levels: Levels,
    counts: [Option<u32>; LEVELS],
    /// The numbering style that this definition is, or the one whose definition it uses.
    is_style: Option<String>,
    from_style: Option<String>,
}

#[derive(Default)]
struct NumberingInstance {
    abstract_id: String,
    /// Start numbers that replace those of the abstract numbering.
    starts: [Option<u32>; LEVELS],
    /// Levels that replace those of the abstract numbering.
    levels: HashMap<usize, NumberingLevel>,
}

#[derive(Clone)]
struct NumberingLevel {
    start: u32,
    format: String,
    /// The marker with placeholders for the numbers: `%1.%2`, where 1 is the outermost level.
    pattern: String,
    /// All numbers of the pattern are printed in digits (`isLgl`).
    digits: bool,
    /// Levels below this one, from 1, restart the numbers; 0 for never.
    restart: usize,
    /// The id of the paragraph style that has this level.
    style: Option<String>,
}

impl Default for NumberingLevel {
    fn default() -> Self {
        let (format, pattern) = ("decimal".to_owned(), String::new());
        Self { start: 1, format, pattern, digits: false, restart: LEVELS, style: None }
    }
}

impl DocxNumbering {
    /// Counts a list paragraph; returns its level, from 0, and its marker.
    pub(super) fn count(
        &mut self,
        reference: ListReference,
        style: Option<&str>,
    ) -> Option<(usize, String)> {
        let number = reference.list.filter(|list| *list > 0)?;
        let list = self.lists.get(&number)?;
        let mut abstract_id = &list.abstract_id;
        if let Some(style) = self.abstracts.get(abstract_id)?.from_style.as_ref() {
            let mut abstracts = self.abstracts.iter();
            abstract_id = abstracts.find(|(_, it)| it.is_style.as_ref() == Some(style))?.0;
        }
        let abstract_id = abstract_id.clone();
        let abstract_id = self.abstracts.get_mut(&abstract_id)?;
        let of_style =
            || abstract_id.levels.iter().position(|level| level.style.as_deref() == style);
        let level = match (reference.level, style) {
            (Some(level), _) => usize::from(level),
            (None, Some(_)) => of_style().unwrap_or(0),
            (None, None) => 0,
        };
        let get = |index: usize| list.levels.get(&index).unwrap_or(&abstract_id.levels[index]);
        let own = (level < LEVELS).then(|| get(level))?;
        let first = self.begun.insert((number, level));
        let next = match (list.starts[level], abstract_id.counts[level]) {
            (Some(start), _) if first => start,
            (_, Some(count)) => count.saturating_add(1),
            (start, None) => start.unwrap_or(own.start),
        };
        abstract_id.counts[level] = Some(next);
        for index in 0..LEVELS {
            if index < level && abstract_id.counts[index].is_none() {
                abstract_id.counts[index] = Some(get(index).start);
            } else if index > level && level < get(index).restart {
                abstract_id.counts[index] = None;
            }
        }
        if own.format == "bullet" {
            return Some((level, "-".to_owned()));
        }
        let number_of = |index: usize| {
            let other = get(index);
            let format = if own.digits { "decimal" } else { &*other.format };
            Some(numerals::print(abstract_id.counts[index].unwrap_or(other.start), format))
        };
        Some((level, numerals::fill(&own.pattern, number_of)?))
    }

    fn level(&mut self) -> Option<&mut NumberingLevel> {
        match self.lists.get_mut(&self.list) {
            Some(list) => list.levels.get_mut(&self.level),
            None => self.abstracts.get_mut(&self.abstract_id)?.levels.get_mut(self.level),
        }
    }

    fn list(&mut self) -> Option<&mut NumberingInstance> {
        self.lists.get_mut(&self.list)
    }

    fn begin(&mut self, name: &str, element: &BytesStart) {
        let index = |name| xml::attribute(element, name).and_then(|index| index.parse().ok());
        match name {
            "abstractNum" => {
                (self.abstract_id, self.list) =
                    (xml::attribute(element, "abstractNumId").unwrap_or_default(), 0);
                self.abstracts.insert(self.abstract_id.clone(), AbstractNumbering::default());
            }
            "num" => {
                self.list =
                    xml::attribute(element, "numId").and_then(|id| id.parse().ok()).unwrap_or(0);
                self.lists.insert(self.list, NumberingInstance::default());
            }
            "lvlOverride" => self.level = index("ilvl").unwrap_or(LEVELS),
            "lvl" => {
                self.level = index("ilvl").unwrap_or(LEVELS);
                let level = self.level;
                if let Some(list) = self.list().filter(|_| level < LEVELS) {
                    list.levels.insert(level, NumberingLevel::default());
                }
            }
            _ => {}
        }
    }
}

impl Visitor for DocxNumbering {
    fn start(&mut self, name: &str, element: &BytesStart) -> Result<bool, FileError> {
        let value = || xml::attribute(element, "val").unwrap_or_default();
        let level = self.level;
        match name {
            "abstractNum" | "num" | "lvlOverride" | "lvl" => self.begin(name, element),
            "abstractNumId" => {
                if let Some(list) = self.list() {
                    list.abstract_id = value();
                }
            }
            "startOverride" => {
                if let Some(start) = self.list().and_then(|list| list.starts.get_mut(level)) {
                    *start = xml::number(element);
                }
            }
            "styleLink" | "numStyleLink" => {
                if let Some(abstract_id) = self.abstracts.get_mut(&self.abstract_id) {
                    let links = (&mut abstract_id.is_style, &mut abstract_id.from_style);
                    *(if name == "styleLink" { links.0 } else { links.1 }) = Some(value());
                }
            }
            // Appearance of the marker, and the fallback of alternate content.
            "rPr" | "pPr" | "Fallback" => return Ok(false),
            _ => {
                let Some(level) = self.level() else { return Ok(true) };
                match name {
                    "start" => level.start = xml::number(element).unwrap_or(1),
                    "numFmt" => level.format = value(),
                    "lvlText" => level.pattern = value(),
                    "isLgl" => level.digits = xml::is_on(element),
                    "lvlRestart" => level.restart = xml::number(element).unwrap_or(LEVELS),
                    "pStyle" => level.style = Some(value()),
                    _ => {}
                }
            }
        }
        Ok(true)
    }

    fn end(&mut self, name: &str) -> Result<(), FileError> {
        match name {
            "abstractNum" => self.abstract_id.clear(),
            "num" => self.list = 0,
            "lvl" => self.level = LEVELS,
            _ => {}
        }
        Ok(())
    }

    fn text(&mut self, _: &str) {}
}
