//! XLSX: finds the parts of the package; the sheets are read from their XML.
//!
//! Not with calamine, which gives neither number formats nor hidden rows, and whose whole-range call
//! allocates a grid up to the farthest cell.

mod comments;
mod drawings;
mod shared;
mod sheet;

use quick_xml::events::{BytesStart, Event};

use super::format_code::NumberKind;
use super::grid::SheetGrid;
use super::xml::xml;
use super::{Sheet, Workbook};
use crate::context::ReadContext;
use crate::zip_formats::archive::Archive;
use crate::{FileError, FileErrorKind};

struct Xlsx<'a> {
    context: &'a ReadContext<'a>,
    bytes: &'a [u8],
    sheets: Vec<Sheet>,
    /// The path of each sheet's part.
    paths: Vec<String>,
    shared: Shared,
}

/// What the cells of all sheets refer to.
struct Shared {
    texts: Vec<String>,
    /// The number format of each cell format.
    formats: Vec<NumberKind>,
    is_1904: bool,
}

/// A relationship of a part.
struct Relation {
    id: String,
    /// The last part of its type, such as `worksheet`.
    kind: String,
    /// The path of the part in the package.
    target: String,
}

pub(super) fn open<'a>(
    context: &'a ReadContext<'a>,
    bytes: &'a [u8],
) -> Result<impl Workbook + 'a, FileError> {
    let mut package = Package { context, archive: Archive::open(context, bytes)? };
    let root = package.relations("")?;
    let root = root.iter().find(|relation| relation.kind == "officeDocument");
    let path = root.map_or("xl/workbook.xml", |relation| &relation.target);
    let content = package.part(path)?.ok_or_else(|| damaged(context))?;
    let relations = package.relations(path)?;
    let mut part = |kind: &str, usual: &str| {
        let relation = relations.iter().find(|relation| relation.kind == kind);
        let part = package.part(relation.map_or(usual, |relation| &relation.target));
        part.map(Option::unwrap_or_default)
    };
    let mut shared = Shared {
        formats: shared::formats(context, &part("styles", "xl/styles.xml")?)?,
        texts: shared::texts(context, &part("sharedStrings", "xl/sharedStrings.xml")?)?,
        is_1904: false,
    };
    let (mut sheets, mut paths) = (Vec::new(), Vec::new());
    let mut xml = xml(&content);
    loop {
        match xml.read_event().map_err(|_| damaged(context))? {
            Event::Start(element) => match element.local_name().as_ref() {
                "workbookPr" => shared.is_1904 = is_true(given(&element, "date1904")),
                "sheet" => {
                    let id = given(&element, "id").unwrap_or_default();
                    let is_worksheet = |it: &&Relation| it.id == id && it.kind == "worksheet";
                    if let Some(relation) = relations.iter().find(is_worksheet) {
                        let state = given(&element, "state");
                        let hidden = state.is_some_and(|state| state != "visible");
                        let name = given(&element, "name").unwrap_or_default();
                        sheets.push(Sheet { name, hidden });
                        paths.push(relation.target.clone());
                    }
                }
                _ => {}
            },
            Event::Eof => break,
            _ => {}
        }
    }
    if sheets.is_empty() {
        return Err(damaged(context));
    }
    Ok(Xlsx { context, bytes, sheets, paths, shared })
}

impl Workbook for Xlsx<'_> {
    fn sheets(&self) -> &[Sheet] {
        &self.sheets
    }

    fn read(&mut self, position: usize, grid: &mut SheetGrid) -> Result<(), FileError> {
        let path = &self.paths[position];
        let archive = Archive::open(self.context, self.bytes)?;
        let mut package = Package { context: self.context, archive };
        let part = package.part(path)?.ok_or_else(|| damaged(self.context))?;
        sheet::read(self.context, &part, &self.shared, grid)?;
        drop(part);
        let relations = package.relations(path)?;
        // Threaded comments have a note each, which says that it is one; the later text counts.
        for kind in ["comments", "threadedComment"] {
            for relation in relations.iter().filter(|relation| relation.kind == kind) {
                let part = package.part(&relation.target)?.unwrap_or_default();
                comments::read(self.context, &part, grid)?;
            }
        }
        for relation in relations.iter().filter(|relation| relation.kind == "drawing") {
            match self.drawing(&mut package, &relation.target, grid) {
                Err(error) if error.kind == FileErrorKind::Corrupt => {
                    grid.drawing(None, "[a drawing is damaged and was not read]")?;
                }
                done => done?,
            }
        }
        Ok(())
    }
}

impl Xlsx<'_> {
    /// Reads the text boxes, pictures and charts of a sheet.
    fn drawing(
        &self,
        package: &mut Package,
        path: &str,
        grid: &mut SheetGrid,
    ) -> Result<(), FileError> {
        let part = package.part(path)?.unwrap_or_default();
        let charts = drawings::read(self.context, &part, grid)?;
        let relations = if charts.is_empty() { Vec::new() } else { package.relations(path)? };
        for (place, id) in charts {
            let Some(relation) = relations.iter().find(|relation| relation.id == id) else {
                continue;
            };
            let part = package.part(&relation.target)?.unwrap_or_default();
            let text = drawings::lines(self.context, &part)?.replace('\n', "; ");
            if !text.is_empty() {
                grid.drawing(place, &format!("[chart: {text}]"))?;
            }
        }
        Ok(())
    }
}

struct Package<'a> {
    context: &'a ReadContext<'a>,
    archive: Archive<'a>,
}

impl Package<'_> {
    /// The bytes of a part; some writers differ in the case of its name.
    fn part(&mut self, path: &str) -> Result<Option<Vec<u8>>, FileError> {
        if let Some(part) = self.archive.read(path)? {
            return Ok(Some(part));
        }
        let named = self.archive.names().find(|name| name.eq_ignore_ascii_case(path));
        match named.map(str::to_owned) {
            Some(name) => self.archive.read(&name),
            None => Ok(None),
        }
    }

    /// The relationships of the part at `path`; those of the package for an empty one.
    fn relations(&mut self, path: &str) -> Result<Vec<Relation>, FileError> {
        let (folder, name) =
            path.rsplit_once('/').map_or(("", path), |(folder, name)| (folder, name));
        let separator = if folder.is_empty() { "" } else { "/" };
        let part = self.part(&format!("{folder}{separator}_rels/{name}.rels"))?;
        let content = part.unwrap_or_default();
        let mut relations = Vec::new();
        let mut xml = xml(&content);
        loop {
            match xml.read_event().map_err(|_| damaged(self.context))? {
                Event::Start(element) if element.local_name().as_ref() == "Relationship" => {
                    let kind = given(&element, "Type").unwrap_or_default();
                    relations.push(Relation {
                        id: given(&element, "Id").unwrap_or_default(),
                        kind: kind.rsplit('/').next().unwrap_or_default().to_owned(),
                        target: resolved(folder, &given(&element, "Target").unwrap_or_default()),
                    });
                    self.context.check_entries(relations.len())?;
                }
                Event::Eof => return Ok(relations),
                _ => {}
            }
        }
    }
}

/// The path of a target that is absolute or relative to a folder.
fn resolved(folder: &str, target: &str) -> String {
    let target = target.replace('\\', "/");
    let mut parts: Vec<&str> = match target.strip_prefix('/') {
        Some(_) => Vec::new(),
        None => folder.split('/').collect(),
    };
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => _ = parts.pop(),
            part => parts.push(part),
        }
    }
    parts.retain(|part| !part.is_empty());
    parts.join("/")
}

/// The value of the attribute with this local name.
fn given(element: &BytesStart, name: &str) -> Option<String> {
    let mut attributes = element.attributes();
    let attribute = attributes
        .with_checks(false)
        .flatten()
        .find(|attribute| attribute.key.local_name().as_ref() == name)?;
    let value = attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0);
    value.ok().map(String::from)
}

fn is_true(value: Option<String>) -> bool {
    value.is_some_and(|value| value == "1" || value == "true")
}

fn damaged(context: &ReadContext) -> FileError {
    context
        .corrupt("the workbook is damaged; open it in the program that made it and save it again")
}

#[cfg(test)]
mod tests {
    use super::resolved;

    #[test]
    fn targets_are_resolved() {
        for (folder, target, expected) in [
            ("", "xl/workbook.xml", "xl/workbook.xml"),
            ("xl", "worksheets/sheet1.xml", "xl/worksheets/sheet1.xml"),
            ("xl", "/xl/styles.xml", "xl/styles.xml"),
            ("xl/worksheets", "../comments1.xml", "xl/comments1.xml"),
            ("xl", "../../../x.xml", "x.xml"),
            ("xl", "worksheets\\1.xml", "xl/worksheets/1.xml"),
        ] {
            assert_eq!(resolved(folder, target), expected);
        }
    }
}
