//! The plan of an extraction: the schema of a planning reply, and its parser.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::schema::definition::{ExtractionRequest, ModelField, field_name};
use crate::schema::types::{Scalar, TypeExpr};

/// The most problems that are sent back for one reply; the rest often go away with them. Chosen by
/// hand, not measured.
const MAX_PROBLEMS: usize = 10;
/// The most fields at one level of a nested definition; chosen by hand, not measured.
pub(crate) const MAX_FIELDS: usize = 100;
/// The most fields of a flat definition: small models add fields without end unless the schema
/// bounds them. Chosen by hand, not measured.
pub(crate) const MAX_FLAT_FIELDS: usize = 20;
/// The types that flat definitions offer to small models.
pub(crate) const FLAT_TYPES: [&str; 8] =
    ["str", "int", "float", "bool", "date", "datetime", "time", "List[str]"];
/// The most columns that a schema lists as an `enum`; providers limit the number of its values.
const MAX_LISTED_COLUMNS: usize = 250;

/// What to extract, and from which columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    #[serde(default)]
    pub instructions: String,
    /// The columns to read; empty if the data has no columns.
    #[serde(default)]
    pub target_columns: Vec<String>,
    #[serde(alias = "extraction_schema")]
    pub schema: ExtractionRequest,
}

/// The JSON Schema of a planning reply, which admits only what [`parse`] accepts. Without `nested` it
/// is minimal and bounded in every part, since small models write without end otherwise. The bounds
/// are chosen by hand, not measured.
#[must_use]
pub fn reply_schema(columns: &[String], nested: bool) -> Value {
    let mut properties = Map::new();
    properties.insert("model_name".to_owned(), name("^[A-Z][A-Za-z]{1,29}$"));
    if nested {
        properties.insert("model_description".to_owned(), text(500));
    }
    let (field, most) = if nested {
        (reference(FIELD_LEVELS[0]), MAX_FIELDS)
    } else {
        (flat_field(), MAX_FLAT_FIELDS)
    };
    properties.insert("fields".to_owned(), fields(&field, most));
    if nested {
        properties.insert("instructions".to_owned(), text(2_000));
    }
    if !columns.is_empty() {
        properties.insert("target_columns".to_owned(), target_columns(columns));
    }
    let mut schema = closed(&properties, &[]);
    if nested {
        schema["$defs"] = levels_of_fields();
        return schema;
    }
    not_copied(schema)
}

/// A schema whose strings are the model's own words, not copied from a document.
pub(crate) fn not_copied(mut schema: Value) -> Value {
    schema["x-copied"] = false.into();
    schema
}

fn name(pattern: &str) -> Value {
    json!({"type": "string", "pattern": pattern})
}

pub(crate) fn fields(field: &Value, most: usize) -> Value {
    json!({"type": "array", "items": field, "minItems": 1, "maxItems": most})
}

pub(crate) fn text(most: usize) -> Value {
    json!({"type": "string", "maxLength": most})
}

pub(crate) fn closed(properties: &Map<String, Value>, optional: &[&str]) -> Value {
    let required: Vec<_> =
        properties.keys().filter(|name| !optional.contains(&name.as_str())).cloned().collect();
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn target_columns(columns: &[String]) -> Value {
    let mut column = json!({"type": "string"});
    if columns.len() <= MAX_LISTED_COLUMNS {
        column["enum"] = json!(columns);
    }
    json!({"type": "array", "items": column, "maxItems": columns.len()})
}

fn flat_field() -> Value {
    closed(&field_properties(json!({"type": "string", "enum": FLAT_TYPES}), 100), &[])
}

/// The definitions of fields, outer ones first. Each level has its own, since not every provider
/// supports a schema that refers to itself.
const FIELD_LEVELS: [&str; 3] = ["Field", "Part", "Detail"];
/// The most fields of a nested object, and the most values of a choice; chosen by hand, not measured.
const MAX_PARTS: usize = 30;

fn levels_of_fields() -> Value {
    let inner = FIELD_LEVELS.iter().skip(1).map(Some).chain([None]);
    let levels = FIELD_LEVELS.iter().zip(inner);
    levels.map(|(name, inner)| ((*name).to_owned(), field_of_level(inner.copied()))).collect()
}

/// A field with a plain type, with a choice of values, or with fields of its own.
fn field_of_level(inner: Option<&str>) -> Value {
    let kind = |names: &[String]| json!({"type": "string", "enum": names});
    let plain: Vec<_> =
        enforceable_scalars().flat_map(|name| [name.to_owned(), format!("List[{name}]")]).collect();
    let choice = CHOICES.map(str::to_owned);
    let value = json!({"type": "string", "minLength": 1, "maxLength": 60});
    let values = fields(&value, MAX_PARTS);
    let with = |kind: Value, member: Option<(&str, Value)>| {
        let mut properties = field_properties(kind, 500);
        properties.extend(member.map(|(name, schema)| (name.to_owned(), schema)));
        closed(&properties, &[])
    };
    let mut forms = vec![with(kind(&plain), None), with(kind(&choice), Some(("values", values)))];
    if let Some(inner) = inner {
        let objects = ["object", "List[object]"].map(str::to_owned);
        let nested = fields(&reference(inner), MAX_PARTS);
        forms.push(with(kind(&objects), Some(("nested_fields", nested))));
    }
    json!({ "anyOf": forms })
}

pub(crate) fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/$defs/{name}")})
}

/// The types of a field with `values`: one of them, or several.
const CHOICES: [&str; 2] = ["Literal", "List[Literal]"];

/// The names of scalars without Any: providers can't enforce a schema with it, or with Dict.
fn enforceable_scalars() -> impl Iterator<Item = &'static str> {
    Scalar::ALL.into_iter().filter(|scalar| *scalar != Scalar::Any).map(Scalar::name)
}

/// The schema of a type written as text, such as `List[int]`.
pub(crate) fn type_as_text() -> Value {
    let scalars: Vec<_> = enforceable_scalars().collect();
    let hint = format!(
        "One of {}; List[T] or Literal[\"a\", \"b\"]; object or List[object] with nested_fields",
        scalars.join(", ")
    );
    json!({"type": "string", "description": hint, "maxLength": 500})
}

pub(crate) fn nested_fields() -> Value {
    json!({"type": "array", "items": reference("Field"), "maxItems": MAX_FIELDS})
}

fn field_properties(kind: Value, most: usize) -> Map<String, Value> {
    Map::from_iter([
        ("name".to_owned(), name("^[a-z][a-z0-9_]{0,39}$")),
        ("description".to_owned(), text(most)),
        ("type".to_owned(), kind),
    ])
}

/// Parses a planning reply. Unknown columns are left out, and if none is left all are read. Of
/// fields with the same name, the first counts. A name without a letter, which not every provider can
/// rule out, is replaced.
///
/// # Errors
/// The problems of the reply, in words for the model that wrote it.
pub fn parse(reply: &Value, columns: &[String]) -> Result<Plan, Vec<String>> {
    let text = |name: &str| reply.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let model_name = text("model_name");
    let has_name = field_name(&model_name).is_some();
    let schema = ExtractionRequest {
        model_name: if has_name { model_name } else { "Item".to_owned() },
        model_description: text("model_description"),
        fields: parse_fields(reply.get("fields"))?,
    };
    Ok(Plan {
        instructions: text("instructions"),
        target_columns: chosen_columns(reply.get("target_columns"), columns),
        schema: schema.normalise().map_err(|error| vec![error.to_string()])?,
    })
}

pub(crate) fn parse_fields(fields: Option<&Value>) -> Result<Vec<ModelField>, Vec<String>> {
    let Some(Value::Array(given)) = fields else {
        return Err(vec!["fields: a list of fields is missing".to_owned()]);
    };
    let (mut fields, mut problems) = (Vec::<ModelField>::new(), Vec::new());
    for (index, field) in given.iter().enumerate() {
        let place = format!("fields[{index}]");
        let before = problems.len();
        check_kinds(field, &place, &mut problems);
        if problems.len() > before {
            continue;
        }
        match parse_field(&completed(field, index)) {
            Ok(field) if fields.iter().any(|other| other.name == field.name) => {}
            Ok(field) => fields.push(field),
            Err(problem) => problems.push(format!("{place}: {problem}")),
        }
    }
    problems.truncate(MAX_PROBLEMS);
    if problems.is_empty() { Ok(fields) } else { Err(problems) }
}

/// Finds values from which [`ModelField`] can't be deserialised. serde's error would not name the
/// place, and would repeat the value, which may be text of the document.
fn check_kinds(field: &Value, place: &str, problems: &mut Vec<String>) {
    let Value::Object(members) = field else {
        return problems.push(format!("{place}: expected an object"));
    };
    for (name, value) in members {
        let (expected, is_right) = match name.as_str() {
            "name" | "type" | "description" => ("a string", value.is_string()),
            "required" | "nullable" | "has_default" => ("true or false", value.is_boolean()),
            "validation" => ("an object", value.is_object()),
            "nested_fields" => ("a list", value.is_array() || value.is_null()),
            _ => continue,
        };
        if !is_right {
            problems.push(format!("{place}.{name}: expected {expected}"));
        }
    }
    let nested = members.get("nested_fields").and_then(Value::as_array).into_iter().flatten();
    for (index, field) in nested.enumerate() {
        check_kinds(field, &format!("{place}.nested_fields[{index}]"), problems);
    }
}

/// A field with a usable name, with its choice of values as its type, and with distinct fields of its
/// own. `index`: its position, from 0.
fn completed(field: &Value, index: usize) -> Value {
    let mut field = field.clone();
    let Some(members) = field.as_object_mut() else { return field };
    if let Some(Value::String(name)) = members.get_mut("name")
        && field_name(name).is_none()
    {
        *name = format!("field_{}", index + 1);
    }
    if let Some(kind) = choice(members) {
        members.insert("type".to_owned(), kind.into());
    }
    if let Some(Value::Array(nested)) = members.get_mut("nested_fields") {
        let mut names = Vec::new();
        *nested = std::mem::take(nested)
            .iter()
            .enumerate()
            .map(|(index, field)| completed(field, index))
            .filter(|field| {
                let name = field.get("name").and_then(Value::as_str).and_then(field_name);
                let is_new = name.is_none() || !names.contains(&name);
                names.push(name);
                is_new
            })
            .collect();
    }
    field
}

/// The type of a field with a choice of values; `str` if a type can't hold them.
fn choice(members: &Map<String, Value>) -> Option<String> {
    let kind = members.get("type")?.as_str().filter(|kind| CHOICES.contains(kind))?;
    let values: Vec<Value> = members.get("values")?.as_array()?.clone();
    let is_list = kind == CHOICES[1];
    let of = |expr: TypeExpr| if is_list { TypeExpr::List(Box::new(expr)) } else { expr };
    let whole = of(TypeExpr::Literal(values)).to_string();
    let is_read = TypeExpr::parse(&whole).is_ok();
    Some(if is_read { whole } else { of(TypeExpr::Scalar(Scalar::Str)).to_string() })
}

fn parse_field(field: &Value) -> Result<ModelField, String> {
    let field = ModelField::deserialize(field).map_err(|error| error.to_string())?;
    field.normalise().map_err(|error| error.to_string())
}

fn chosen_columns(chosen: Option<&Value>, columns: &[String]) -> Vec<String> {
    let is_chosen = |column: &&String| {
        chosen
            .and_then(Value::as_array)
            .is_some_and(|names| names.iter().any(|name| name == *column))
    };
    let chosen: Vec<_> = columns.iter().filter(is_chosen).cloned().collect();
    if chosen.is_empty() { columns.to_vec() } else { chosen }
}

#[cfg(test)]
mod tests;
