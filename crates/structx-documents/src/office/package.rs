//! The parts of an Office Open XML file and the relationships between them.

use std::collections::HashMap;

use quick_xml::events::BytesStart;

use super::xml::{self, Visitor};
use crate::FileError;
use crate::context::ReadContext;
use crate::zip_formats::archive::Archive;

pub(super) struct Package<'a> {
    context: &'a ReadContext<'a>,
    archive: Archive<'a>,
}

/// The relationships of a part to other parts of the file, by id. External targets are left out:
/// they are never fetched.
#[derive(Default)]
pub(super) struct Relations(HashMap<String, Relation>);

struct Relation {
    /// The last segment of its type URI: `styles`, `header`, `image`.
    kind: String,
    part: String,
}

impl<'a> Package<'a> {
    pub(super) fn open(context: &'a ReadContext<'a>, bytes: &'a [u8]) -> Result<Self, FileError> {
        Ok(Self { context, archive: Archive::open(context, bytes)? })
    }

    pub(super) fn read(&mut self, part: &str) -> Result<Option<Vec<u8>>, FileError> {
        self.archive.read(part)
    }

    /// The relationships of `part`; those of the package for an empty name.
    pub(super) fn relations(&mut self, part: &str) -> Result<Relations, FileError> {
        let (folder, name) = part.rsplit_once('/').unwrap_or(("", part));
        let slash = if folder.is_empty() { "" } else { "/" };
        let mut found = Finder { folder, relations: Relations::default() };
        if let Some(bytes) = self.read(&format!("{folder}{slash}_rels/{name}.rels"))? {
            xml::visit(self.context, &bytes, &mut found)?;
        }
        Ok(found.relations)
    }
}

impl Relations {
    pub(super) fn get(&self, id: &str) -> Option<&str> {
        self.0.get(id).map(|relation| &*relation.part)
    }

    pub(super) fn first(&self, kind: &str) -> Option<&str> {
        self.of_kind(kind).map(|(_, part)| part).min()
    }

    /// The ids and parts of a kind, in arbitrary order.
    pub(super) fn of_kind(&self, kind: &str) -> impl Iterator<Item = (&str, &str)> {
        let relations = self.0.iter().filter(move |(_, relation)| relation.kind == kind);
        relations.map(|(id, relation)| (&**id, &*relation.part))
    }
}

struct Finder<'a> {
    folder: &'a str,
    relations: Relations,
}

impl Visitor for Finder<'_> {
    fn start(&mut self, name: &str, element: &BytesStart) -> Result<bool, FileError> {
        let get = |name| xml::attribute(element, name);
        if name == "Relationship"
            && get("TargetMode").as_deref() != Some("External")
            && let (Some(id), Some(address), Some(target)) = (get("Id"), get("Type"), get("Target"))
        {
            let kind = address.rsplit('/').next().unwrap_or_default().to_owned();
            let part = resolve(self.folder, &target);
            self.relations.0.insert(id, Relation { kind, part });
        }
        Ok(true)
    }

    fn end(&mut self, _: &str) -> Result<(), FileError> {
        Ok(())
    }

    fn text(&mut self, _: &str) {}
}

/// Resolves a target such as `../media/a.png` or `/word/a.xml`, relative to a folder.
fn resolve(folder: &str, target: &str) -> String {
    let folder = if target.starts_with('/') { "" } else { folder };
    let mut steps: Vec<&str> = Vec::new();
    for step in folder.split('/').chain(target.split('/')) {
        match step {
            "" | "." => {}
            ".." => drop(steps.pop()),
            step => steps.push(step),
        }
    }
    steps.join("/")
}

#[cfg(test)]
mod tests {
    use super::resolve;

    #[test]
    fn parts_are_named_from_a_folder() {
        for (folder, target, part) in [
            ("word", "styles.xml", "word/styles.xml"),
            ("", "word/document.xml", "word/document.xml"),
            ("ppt/slides", "../charts/./chart1.xml", "ppt/charts/chart1.xml"),
            ("word", "/word/a.xml", "word/a.xml"),
            ("word", "../../../a.xml", "a.xml"),
        ] {
            assert_eq!(resolve(folder, target), part);
        }
    }
}
