//! The numbers that Word prints before headings and list items: `1.2`, `(b)`, `Article IV`.

use std::collections::{HashMap, HashSet};

use quick_xml::events::BytesStart;

use super::super::numerals;
use super::super::xml::{self, Visitor};
use super::styles::ListReference;
use crate::FileError;

/// A list has so many levels.
const LEVELS: usize = 9;

type Levels = [Level; LEVELS];

/// The lists of a document, and how far each is counted.
#[derive(Default)]
pub(super) struct Numbering {
    /// How lists look and are counted, by their id; several lists may share one, and its count.
    designs: HashMap<String, Design>,
    lists: HashMap<u32, List>,
    begun: HashSet<(u32, usize)>,
    design: String,
    list: u32,
    level: usize,
}

#[derive(Default)]
struct Design {
    levels: Levels,
    counts: [Option<u32>; LEVELS],
    /// The name of the style that this design is, or of the one whose design it takes.
    is_style: Option<String>,
    from_style: Option<String>,
}

#[derive(Default)]
struct List {
    design: String,
    /// Where it begins to count, if not where its design does.
    starts: [Option<u32>; LEVELS],
    /// The levels it has instead of its design's.
    levels: HashMap<usize, Level>,
}

#[derive(Clone)]
struct Level {
    start: u32,
    format: String,
    /// `%1.%2`: numbers by their level, the outermost is 1.
    pattern: String,
    /// All numbers of the pattern in digits.
    digits: bool,
    /// The levels, from 1, whose items make it begin anew; 0 is none of them.
    restart: usize,
    /// The id of the paragraph style that has this level.
    style: Option<String>,
}

impl Default for Level {
    fn default() -> Self {
        let (format, pattern) = ("decimal".to_owned(), String::new());
        Self { start: 1, format, pattern, digits: false, restart: LEVELS, style: None }
    }
}

impl Numbering {
    /// Counts a paragraph of the list; gives its level from 0 and what is printed before it.
    pub(super) fn count(
        &mut self,
        reference: ListReference,
        style: Option<&str>,
    ) -> Option<(usize, String)> {
        let number = reference.list.filter(|list| *list > 0)?;
        let list = self.lists.get(&number)?;
        let mut design = &list.design;
        if let Some(style) = self.designs.get(design)?.from_style.as_ref() {
            let mut designs = self.designs.iter();
            design = designs.find(|(_, it)| it.is_style.as_ref() == Some(style))?.0;
        }
        let design = design.clone();
        let design = self.designs.get_mut(&design)?;
        let of_style = || design.levels.iter().position(|level| level.style.as_deref() == style);
        let level = match (reference.level, style) {
            (Some(level), _) => usize::from(level),
            (None, Some(_)) => of_style().unwrap_or(0),
            (None, None) => 0,
        };
        let get = |index: usize| list.levels.get(&index).unwrap_or(&design.levels[index]);
        let own = (level < LEVELS).then(|| get(level))?;
        let first = self.begun.insert((number, level));
        let next = match (list.starts[level], design.counts[level]) {
            (Some(start), _) if first => start,
            (_, Some(count)) => count.saturating_add(1),
            (start, None) => start.unwrap_or(own.start),
        };
        design.counts[level] = Some(next);
        for index in 0..LEVELS {
            if index < level && design.counts[index].is_none() {
                design.counts[index] = Some(get(index).start);
            } else if index > level && level < get(index).restart {
                design.counts[index] = None;
            }
        }
        if own.format == "bullet" {
            return Some((level, "-".to_owned()));
        }
        let number_of = |index: usize| {
            let other = get(index);
            let format = if own.digits { "decimal" } else { &*other.format };
            Some(numerals::print(design.counts[index].unwrap_or(other.start), format))
        };
        Some((level, numerals::fill(&own.pattern, number_of)?))
    }

    fn level(&mut self) -> Option<&mut Level> {
        match self.lists.get_mut(&self.list) {
            Some(list) => list.levels.get_mut(&self.level),
            None => self.designs.get_mut(&self.design)?.levels.get_mut(self.level),
        }
    }

    fn list(&mut self) -> Option<&mut List> {
        self.lists.get_mut(&self.list)
    }

    fn begin(&mut self, name: &str, element: &BytesStart) {
        let index = |name| xml::attribute(element, name).and_then(|index| index.parse().ok());
        match name {
            "abstractNum" => {
                (self.design, self.list) =
                    (xml::attribute(element, "abstractNumId").unwrap_or_default(), 0);
                self.designs.insert(self.design.clone(), Design::default());
            }
            "num" => {
                self.list =
                    xml::attribute(element, "numId").and_then(|id| id.parse().ok()).unwrap_or(0);
                self.lists.insert(self.list, List::default());
            }
            "lvlOverride" => self.level = index("ilvl").unwrap_or(LEVELS),
            "lvl" => {
                self.level = index("ilvl").unwrap_or(LEVELS);
                let level = self.level;
                if let Some(list) = self.list().filter(|_| level < LEVELS) {
                    list.levels.insert(level, Level::default());
                }
            }
            _ => {}
        }
    }
}

impl Visitor for Numbering {
    fn start(&mut self, name: &str, element: &BytesStart) -> Result<bool, FileError> {
        let value = || xml::attribute(element, "val").unwrap_or_default();
        let level = self.level;
        match name {
            "abstractNum" | "num" | "lvlOverride" | "lvl" => self.begin(name, element),
            "abstractNumId" => {
                if let Some(list) = self.list() {
                    list.design = value();
                }
            }
            "startOverride" => {
                if let Some(start) = self.list().and_then(|list| list.starts.get_mut(level)) {
                    *start = xml::number(element);
                }
            }
            "styleLink" | "numStyleLink" => {
                if let Some(design) = self.designs.get_mut(&self.design) {
                    let links = (&mut design.is_style, &mut design.from_style);
                    *(if name == "styleLink" { links.0 } else { links.1 }) = Some(value());
                }
            }
            // How the marker looks, and the old form of an alternative.
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
            "abstractNum" => self.design.clear(),
            "num" => self.list = 0,
            "lvl" => self.level = LEVELS,
            _ => {}
        }
        Ok(())
    }

    fn text(&mut self, _: &str) {}
}
