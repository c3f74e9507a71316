//! The outline of a schema: the types that each place allows, compiled once to read replies quickly.

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use serde_json::{Map, Value};

use crate::OutputSchema;
use crate::folded::{fold, nfc, unaccented};
use crate::json_schema::{accepts_null, resolve};

/// The maximum depth of unions in unions; only a recursive union is deeper. Chosen by hand, not
/// measured.
const MAX_UNIONS: usize = 32;
/// Formats of strings that are never free text, so that a word for "nothing" is no value of theirs.
const FORMATS: [&str; 8] =
    ["date", "date-time", "time", "duration", "uuid", "email", "ipv4", "ipv6"];
/// The prefix of the pattern that pydantic generates for a `Decimal` as a string.
const DECIMAL_PATTERN: &str = "^(?!^[-+.]*$)";

/// Caches the outline of one schema. It takes no part in equality.
#[derive(Default)]
pub struct OutlineCell(OnceLock<Outline>);

impl OutlineCell {
    /// The outline of `schema`, compiled at the first call.
    pub fn of(schema: &OutputSchema) -> &Outline {
        schema.outline.0.get_or_init(|| Outline::new(&schema.original, schema.is_rewritten))
    }
}

/// A clone starts empty, since its schema may change.
impl Clone for OutlineCell {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for OutlineCell {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl std::fmt::Debug for OutlineCell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OutlineCell")
    }
}

/// The compiled form of a schema. Objects and lists are indices, since schemas may be recursive.
#[derive(Debug)]
pub struct Outline {
    pub root: Shape,
    objects: Vec<Object>,
    lists: Vec<List>,
    /// The names of all properties, folded and without accents.
    names: HashSet<String>,
    /// Whether dictionaries may arrive as lists of keys and values.
    pub is_rewritten: bool,
    /// Whether a reply may need restoring at places that the outline does not describe.
    pub is_vague: bool,
}

/// The values that one place allows: scalars of these kinds, listed values, objects and lists.
#[derive(Debug, Default)]
pub struct Shape {
    pub kinds: Kinds,
    pub listed: Vec<Value>,
    objects: Vec<usize>,
    lists: Vec<usize>,
    /// Any value is allowed here; validation decides.
    pub anything: bool,
}

#[derive(Debug)]
pub struct Object {
    pub properties: Vec<Property>,
    index: HashMap<String, usize>,
    pub others: Others,
}

#[derive(Debug)]
pub struct Property {
    pub name: String,
    folded: String,
    /// The folded name without accents.
    unaccented: String,
    pub shape: Shape,
    pub is_required: bool,
    /// Whether a `null` here stands for an absent member and is dropped.
    pub drops_null: bool,
}

/// The rule for members that the schema does not name.
#[derive(Debug)]
pub enum Others {
    Forbidden,
    /// The schema has no rule; pydantic ignores them.
    Unspecified,
    Allowed(Shape),
}

#[derive(Debug)]
pub struct List {
    first: Vec<Shape>,
    rest: Shape,
}

/// A set of scalar types.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Kinds(u8);

impl Kinds {
    pub const NULL: Self = Self(1);
    pub const BOOLEAN: Self = Self(2);
    pub const INTEGER: Self = Self(4);
    pub const FRACTION: Self = Self(8);
    pub const STRING: Self = Self(16);
    /// A string that holds a plain decimal number.
    pub const DECIMAL: Self = Self(32);
    /// A string with a format, such as a date.
    pub const FORMATTED: Self = Self(64);
    pub const TEXT: Self = Self(16 | 64);
    pub const NUMBER: Self = Self(4 | 8);

    #[must_use]
    pub const fn has(self, any: Self) -> bool {
        self.0 & any.0 != 0
    }

    const fn add(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

impl Outline {
    #[must_use]
    pub fn new(schema: &Value, is_rewritten: bool) -> Self {
        let mut compiler = Compiler {
            root: schema,
            is_rewritten,
            objects: Vec::new(),
            lists: Vec::new(),
            known_objects: HashMap::new(),
            known_lists: HashMap::new(),
            is_vague: false,
        };
        let root = compiler.shape(schema);
        let is_vague = compiler.is_vague && is_rewritten;
        let objects: Vec<Object> = compiler.objects.into_iter().flatten().collect();
        let lists = compiler.lists.into_iter().flatten().collect();
        let properties = objects.iter().flat_map(|object| &object.properties);
        let names = properties
            .flat_map(|property| [property.folded.clone(), property.unaccented.clone()])
            .collect();
        Self { root, objects, lists, names, is_rewritten, is_vague }
    }

    #[must_use]
    pub fn objects<'o>(&'o self, shape: &'o Shape) -> impl ExactSizeIterator<Item = &'o Object> {
        shape.objects.iter().map(|&id| &self.objects[id])
    }

    #[must_use]
    pub fn lists<'o>(&'o self, shape: &'o Shape) -> impl ExactSizeIterator<Item = &'o List> {
        shape.lists.iter().map(|&id| &self.lists[id])
    }

    /// Whether any property of the schema has this name, but for case, separators and accents.
    #[must_use]
    pub fn knows(&self, name: &str) -> bool {
        let folded = fold(name);
        self.names.contains(&folded) || self.names.contains(&unaccented(&folded))
    }

    /// The list property of a reply that has no other one, and its list.
    #[must_use]
    pub fn wrapper(&self) -> Option<(&Property, &List)> {
        let mut objects = self.objects(&self.root);
        let (Some(object), None) = (objects.next(), objects.next()) else { return None };
        let [property] = object.properties.as_slice() else { return None };
        let mut lists = self.lists(&property.shape);
        let (Some(list), None) = (lists.next(), lists.next()) else { return None };
        (property.is_required && self.root.has_only_containers()).then_some((property, list))
    }
}

impl Shape {
    #[must_use]
    pub fn takes_objects(&self) -> bool {
        !self.objects.is_empty()
    }

    #[must_use]
    pub fn takes_lists(&self) -> bool {
        !self.lists.is_empty()
    }

    /// Whether only objects and lists are allowed here.
    #[must_use]
    pub fn has_only_containers(&self) -> bool {
        self.kinds == Kinds::default() && self.listed.is_empty() && !self.anything
    }
}

impl Object {
    /// Whether the object is a dictionary: no property is named, and any member is allowed.
    #[must_use]
    pub fn is_dictionary(&self) -> bool {
        self.properties.is_empty() && matches!(self.others, Others::Allowed(_))
    }

    /// The index of the property `name`. `guess` is tried first: its index if the reply keeps the
    /// schema's order.
    #[must_use]
    pub fn find(&self, name: &str, guess: usize) -> Option<usize> {
        match self.properties.get(guess) {
            Some(property) if property.name == name => Some(guess),
            _ => self.index.get(name).copied(),
        }
    }
}

impl Object {
    /// The property that `name` stands for: the one of this name, in any Unicode form; else the only
    /// one that differs in case and separators; else the only one that also differs in accents. `guess` is
    /// tried first, as in [`Self::find`].
    #[must_use]
    pub fn meant(&self, name: &str, guess: usize) -> Option<&Property> {
        if let Some(at) = self.find(name, guess) {
            return Some(&self.properties[at]);
        }
        let folded = fold(name);
        let only = |is_alike: &dyn Fn(&Property) -> bool| {
            let mut alike = self.properties.iter().filter(|property| is_alike(property));
            alike.next().filter(|_| alike.next().is_none())
        };
        let same_letters = || only(&|property| nfc(&property.name) == nfc(name));
        let same_accents = || only(&|property| property.folded == folded);
        let plain = || {
            let plain = unaccented(&folded);
            only(&|property| property.unaccented == plain)
        };
        // ASCII has no other Unicode form.
        let same = if name.is_ascii() { None } else { same_letters() };
        same.or_else(same_accents).or_else(plain)
    }
}

impl List {
    /// Whether all items have one type, unlike those of a tuple.
    #[must_use]
    pub const fn is_uniform(&self) -> bool {
        self.first.is_empty()
    }

    #[must_use]
    pub fn item(&self, index: usize) -> &Shape {
        self.first.get(index).unwrap_or(&self.rest)
    }
}

struct Compiler<'s> {
    root: &'s Value,
    is_rewritten: bool,
    objects: Vec<Option<Object>>,
    lists: Vec<Option<List>>,
    /// Indices of compiled objects and lists, by the address of their schema.
    known_objects: HashMap<*const Map<String, Value>, usize>,
    known_lists: HashMap<*const Map<String, Value>, usize>,
    is_vague: bool,
}

impl<'s> Compiler<'s> {
    fn shape(&mut self, schema: &'s Value) -> Shape {
        let mut shape = Shape::default();
        self.add(schema, &mut shape, 0);
        shape
    }

    /// Adds the values that `schema` allows to `shape`.
    fn add(&mut self, schema: &'s Value, shape: &mut Shape, unions: usize) {
        let members = match resolve(schema, self.root) {
            Some(Value::Bool(false)) => return,
            Some(Value::Object(members)) if unions <= MAX_UNIONS => members,
            Some(Value::Object(_)) => return self.leave_open(shape),
            _ => {
                shape.anything = true;
                return;
            }
        };
        let listed = |keyword: &str| members.get(keyword).and_then(Value::as_array);
        let has = |keywords: &[&str]| keywords.iter().any(|word| members.contains_key(*word));
        let branches = ["anyOf", "oneOf", "allOf"].into_iter().filter_map(listed);
        if let [branches] = branches.collect::<Vec<_>>().as_slice() {
            let is_union = !members.contains_key("allOf") || branches.len() == 1;
            if !is_union || has(&["properties", "items", "enum", "const"]) {
                return self.leave_open(shape);
            }
            for branch in *branches {
                self.add(branch, shape, unions + 1);
            }
        } else if has(&["anyOf", "oneOf", "allOf"]) {
            self.leave_open(shape);
        } else if let Some(constant) = members.get("const") {
            shape.listed.push(constant.clone());
        } else if let Some(values) = listed("enum") {
            shape.listed.extend(values.iter().cloned());
        } else {
            self.add_types(members, shape);
        }
    }

    /// The combination of these rules is left to validation.
    fn leave_open(&mut self, shape: &mut Shape) {
        shape.anything = true;
        self.is_vague = true;
    }

    fn add_types(&mut self, members: &'s Map<String, Value>, shape: &mut Shape) {
        let has = |keywords: &[&str]| keywords.iter().any(|word| members.contains_key(*word));
        let kinds: Vec<&str> = match members.get("type") {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
            _ if has(&["properties", "additionalProperties", "patternProperties"]) => {
                vec!["object"]
            }
            _ if has(&["items", "prefixItems"]) => vec!["array"],
            _ => vec![""],
        };
        for kind in kinds {
            match kind {
                "null" => shape.kinds.add(Kinds::NULL),
                "boolean" => shape.kinds.add(Kinds::BOOLEAN),
                "integer" => shape.kinds.add(Kinds::INTEGER),
                "number" => shape.kinds.add(Kinds::NUMBER),
                "string" if is_decimal(members) => shape.kinds.add(Kinds::DECIMAL),
                "string" if is_formatted(members) => shape.kinds.add(Kinds::FORMATTED),
                "string" => shape.kinds.add(Kinds::STRING),
                "object" => shape.objects.push(self.object(members)),
                "array" => shape.lists.push(self.list(members)),
                _ => shape.anything = true,
            }
        }
    }

    fn object(&mut self, members: &'s Map<String, Value>) -> usize {
        if let Some(&id) = self.known_objects.get(&std::ptr::from_ref(members)) {
            return id;
        }
        let id = self.objects.len();
        self.objects.push(None);
        self.known_objects.insert(members, id);
        let required: Vec<&str> = match members.get("required") {
            Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let mut properties = Vec::new();
        for (name, schema) in
            members.get("properties").and_then(Value::as_object).into_iter().flatten()
        {
            let is_required = required.contains(&name.as_str());
            let folded = fold(name);
            properties.push(Property {
                name: name.clone(),
                unaccented: unaccented(&folded),
                folded,
                shape: self.shape(schema),
                is_required,
                drops_null: self.is_rewritten && !is_required && !accepts_null(schema, self.root),
            });
        }
        let index = properties.iter().enumerate().map(|(at, it)| (it.name.clone(), at)).collect();
        let anything = || Shape { anything: true, ..Shape::default() };
        self.is_vague |= members.contains_key("patternProperties");
        let others = match members.get("additionalProperties") {
            _ if members.contains_key("patternProperties") => Others::Allowed(anything()),
            Some(Value::Bool(false)) => Others::Forbidden,
            Some(schema) => Others::Allowed(self.shape(schema)),
            None if properties.is_empty() => Others::Allowed(anything()),
            None => Others::Unspecified,
        };
        self.objects[id] = Some(Object { properties, index, others });
        id
    }

    fn list(&mut self, members: &'s Map<String, Value>) -> usize {
        if let Some(&id) = self.known_lists.get(&std::ptr::from_ref(members)) {
            return id;
        }
        let id = self.lists.len();
        self.lists.push(None);
        self.known_lists.insert(members, id);
        let first = members.get("prefixItems").and_then(Value::as_array).into_iter().flatten();
        let first = first.map(|schema| self.shape(schema)).collect();
        let rest = match members.get("items") {
            Some(schema) => self.shape(schema),
            None => Shape { anything: true, ..Shape::default() },
        };
        self.lists[id] = Some(List { first, rest });
        id
    }
}

/// Whether a string of this schema is pydantic's `Decimal`.
fn is_decimal(members: &Map<String, Value>) -> bool {
    let pattern = members.get("pattern").and_then(Value::as_str);
    pattern.is_some_and(|pattern| pattern.starts_with(DECIMAL_PATTERN))
}

fn is_formatted(members: &Map<String, Value>) -> bool {
    let format = members.get("format").and_then(Value::as_str);
    format.is_some_and(|format| FORMATS.contains(&format))
}
