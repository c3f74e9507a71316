//! The open objects and lists of a value that is being parsed, and their places in the outline.

use serde_json::{Map, Value};

use structx_schema::outline::{Object, Others, Outline, Shape};

/// The token before a member or an item.
#[derive(Clone, Copy, PartialEq)]
pub enum Previous {
    Bracket,
    Value,
    Comma,
}

#[derive(Clone)]
pub enum Content {
    /// The members, and the name of the one whose value is next.
    Object { members: Map<String, Value>, name: String },
    /// `is_kept`: it is the reply's list of items.
    List { items: Vec<Value>, is_kept: bool },
}

/// The relation of a name to the place where it stands.
#[derive(Clone, Copy, PartialEq)]
pub enum Relation {
    /// The schema names it.
    Known,
    /// The place takes any name.
    Allowed,
    Unknown,
}

/// An open object or list.
#[derive(Clone)]
pub struct Frame<'o> {
    pub content: Content,
    pub previous: Previous,
    /// Whether a string of the list has unescaped quotation marks in it.
    pub has_marks: bool,
    /// Whether the content begins on a line of its own.
    pub has_lines: bool,
    /// The shapes that the place may have; none if the outline does not describe it.
    shapes: Vec<&'o Shape>,
}

impl<'o> Frame<'o> {
    /// A frame for the value that opens after `open` frames.
    pub fn new(is_object: bool, open: &[Self], outline: &'o Outline) -> Self {
        let shapes = match open.last() {
            None => root_shapes(outline),
            Some(frame) => frame.inner(outline),
        };
        let content = if is_object {
            Content::Object { members: Map::new(), name: String::new() }
        } else {
            let is_kept = match open {
                [] => true,
                [Self { content: Content::Object { name, .. }, .. }] => is_wrapper(name, outline),
                _ => false,
            };
            Content::List { items: Vec::new(), is_kept }
        };
        Self { content, previous: Previous::Bracket, has_marks: false, has_lines: false, shapes }
    }

    /// The position of the next member, if the object has those of its schema in order.
    fn position(&self) -> usize {
        match &self.content {
            Content::Object { members, name } => members.len() + usize::from(!name.is_empty()),
            Content::List { .. } => 0,
        }
    }

    pub const fn is_object(&self) -> bool {
        matches!(self.content, Content::Object { .. })
    }

    /// The frame without its values.
    pub fn skeleton(&self) -> Self {
        let content = match &self.content {
            Content::Object { members, name } => {
                let members = members.keys().map(|name| (name.clone(), Value::Null)).collect();
                Content::Object { members, name: name.clone() }
            }
            Content::List { items, .. } => {
                Content::List { items: vec![Value::Null; items.len()], is_kept: false }
            }
        };
        let Self { previous, has_marks, has_lines, .. } = *self;
        Self { content, previous, has_marks, has_lines, shapes: self.shapes.clone() }
    }

    /// The shapes of the next value in this frame.
    fn inner(&self, outline: &'o Outline) -> Vec<&'o Shape> {
        let shapes = self.shapes.iter();
        match &self.content {
            Content::Object { name, .. } => {
                let objects = shapes.flat_map(|shape| outline.objects(shape));
                let at = self.position().saturating_sub(1);
                objects.filter_map(|object| member_shape(object, name, at)).collect()
            }
            Content::List { items, .. } => {
                let lists = shapes.flat_map(|shape| outline.lists(shape));
                lists.map(|list| list.item(items.len())).collect()
            }
        }
    }

    /// How `name` relates to this object. A place that the outline does not describe takes any name.
    pub fn relation(&self, name: &str, outline: &'o Outline) -> Relation {
        let objects = || self.shapes.iter().flat_map(|shape| outline.objects(shape));
        if objects().any(|object| object.meant(name, self.position()).is_some()) {
            return Relation::Known;
        }
        let is_open = self.shapes.iter().any(|shape| shape.anything)
            || objects().any(|object| matches!(object.others, Others::Allowed(_)));
        if is_open || objects().next().is_none() { Relation::Allowed } else { Relation::Unknown }
    }

    /// Whether the object has a member of this name, or of the property that it stands for.
    pub fn has(&self, name: &str, outline: &'o Outline) -> bool {
        let Content::Object { members, name: current } = &self.content else { return false };
        let has = |name: &str| current == name || members.contains_key(name);
        let mut objects = self.shapes.iter().flat_map(|shape| outline.objects(shape));
        has(name)
            || objects.any(|object| {
                let meant = object.meant(name, self.position());
                meant.is_some_and(|property| property.name != name && has(&property.name))
            })
    }

    /// Whether nothing can be missing from the frame where the text ends: it is the wrapper, the list of
    /// items, or an object with every member of its schema.
    pub fn is_whole(&self, is_root: bool, outline: &'o Outline) -> bool {
        match &self.content {
            Content::List { is_kept, .. } => *is_kept,
            Content::Object { members, name } => {
                let is_wrapper = is_root && is_wrapper(name, outline);
                let has_all = |object: &Object| {
                    let meant =
                        |name: &String| object.meant(name, 0).map(|property| &property.name);
                    let found: Vec<&String> = members.keys().filter_map(meant).collect();
                    !object.properties.is_empty()
                        && object.properties.iter().all(|it| found.contains(&&it.name))
                };
                is_wrapper
                    || self.shapes.iter().flat_map(|shape| outline.objects(shape)).any(has_all)
            }
        }
    }
}

/// The shapes of the root. A missing wrapper is added later, so that it may also be the list or one item.
fn root_shapes(outline: &Outline) -> Vec<&Shape> {
    let mut shapes = vec![&outline.root];
    if let Some((property, list)) = outline.wrapper() {
        shapes.extend([&property.shape, list.item(0)]);
    }
    shapes
}

fn is_wrapper(name: &str, outline: &Outline) -> bool {
    let root = outline.objects(&outline.root).next();
    let meant = root.and_then(|object| object.meant(name, 0));
    meant.is_some() && outline.wrapper().is_some()
}

fn member_shape<'o>(object: &'o Object, name: &str, guess: usize) -> Option<&'o Shape> {
    match (object.meant(name, guess), &object.others) {
        (Some(property), _) => Some(&property.shape),
        (None, Others::Allowed(shape)) => Some(shape),
        (None, _) => None,
    }
}
