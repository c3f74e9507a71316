//! An element that is omitted with its content, and the detection of its end.

use super::tags::Tag;

pub(super) struct OmittedElement {
    tag: Tag,
    name: Vec<u8>,
    /// The number of open elements of the same name within it.
    same: u32,
    /// The number of open lists and tables within it.
    nested: u32,
}

/// The position of a tag relative to the element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TagPosition {
    Within,
    /// The end tag of the element.
    Last,
    /// The first tag after the element.
    After,
}

impl OmittedElement {
    pub(super) fn new(tag: Tag, name: &[u8]) -> Self {
        Self { tag, name: name.to_owned(), same: 0, nested: 0 }
    }

    pub(super) fn start(&mut self, tag: Tag, name: &[u8]) -> TagPosition {
        if self.nested == 0 && self.ends_before(tag, name) {
            return TagPosition::After;
        }
        self.nested += u32::from(is_container(tag));
        self.same += u32::from(name == self.name);
        TagPosition::Within
    }

    pub(super) fn end(&mut self, tag: Tag, name: &[u8]) -> TagPosition {
        if name == self.name {
            let Some(same) = self.same.checked_sub(1) else { return TagPosition::Last };
            self.same = same;
        }
        if is_container(tag) {
            match self.nested.checked_sub(1) {
                Some(nested) => self.nested = nested,
                None if self.may_be_unclosed() => return TagPosition::After,
                None => {}
            }
        }
        TagPosition::Within
    }

    /// Whether a start tag implies the end tag of the element.
    fn ends_before(&self, tag: Tag, name: &[u8]) -> bool {
        if self.name == b"p" {
            return !matches!(
                tag,
                Tag::Break | Tag::Image | Tag::Input | Tag::Spaced | Tag::Script(_) | Tag::Struck
            ) && !matches!(tag, Tag::Skipped | Tag::Other);
        }
        match (self.tag, tag) {
            (Tag::Cell { .. } | Tag::Row, Tag::Row)
            | (Tag::Cell { .. }, Tag::Cell { .. })
            | (Tag::Term | Tag::Description, Tag::Term | Tag::Description) => true,
            _ => self.may_be_unclosed() && self.name == name,
        }
    }

    fn may_be_unclosed(&self) -> bool {
        let by_tag = matches!(
            self.tag,
            Tag::Cell { .. } | Tag::Row | Tag::Item | Tag::Term | Tag::Description
        );
        by_tag || self.name == b"p" || self.name == b"option"
    }
}

fn is_container(tag: Tag) -> bool {
    matches!(tag, Tag::Table | Tag::List { .. })
}

/// Whether the element is a void element: no content and no end tag.
pub(super) fn is_void(name: &[u8]) -> bool {
    let names: [&[u8]; 14] = [
        b"area", b"base", b"br", b"col", b"embed", b"frame", b"hr", b"img", b"input", b"link",
        b"meta", b"source", b"track", b"wbr",
    ];
    names.contains(&name)
}
