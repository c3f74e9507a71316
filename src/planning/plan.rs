//! The plan of an extraction: the schema of a planning reply, and its parser.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::schema::definition::{ExtractionRequest, ModelField};
use crate::schema::types::Scalar;

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

/// The JSON Schema of a planning reply. Without `nested` it is minimal and bounded in every part,
/// since small models write without end otherwise. The bounds are chosen by hand, not measured.
#[must_use]
pub fn reply_schema(columns: &[String], nested: bool) -> Value {
    let mut properties = Map::new();
    properties.insert("model_name".to_owned(), name("^[A-Z][A-Za-z]{1,29}$"));
    if nested {
        properties.insert("model_description".to_owned(), text(500));
    }
    let (field, most) = if nested {
        (json!({"$ref": "#/$defs/Field"}), MAX_FIELDS)
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
        schema["$defs"] = json!({"Field": nested_field()});
    }
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

fn nested_field() -> Value {
    let mut properties = field_properties(type_as_text(), 500);
    properties.insert("nested_fields".to_owned(), nested_fields());
    closed(&properties, &["nested_fields"])
}

/// The schema of a type written as text, such as `List[int]`.
pub(crate) fn type_as_text() -> Value {
    // Any and Dict are left out: providers can't enforce a schema with them.
    let known = Scalar::ALL.into_iter().filter(|scalar| *scalar != Scalar::Any);
    let scalars: Vec<_> = known.map(Scalar::name).collect();
    let hint = format!(
        "One of {}; List[T] or Literal[\"a\", \"b\"]; object or List[object] with nested_fields",
        scalars.join(", ")
    );
    json!({"type": "string", "description": hint, "maxLength": 500})
}

pub(crate) fn nested_fields() -> Value {
    json!({"type": "array", "items": {"$ref": "#/$defs/Field"}, "maxItems": MAX_FIELDS})
}

fn field_properties(kind: Value, most: usize) -> Map<String, Value> {
    Map::from_iter([
        ("name".to_owned(), name("^[a-z][a-z0-9_]{0,39}$")),
        ("description".to_owned(), text(most)),
        ("type".to_owned(), kind),
    ])
}

/// Parses a planning reply. Unknown columns are left out, and if none is left all are read. Of
/// fields with the same name, the first counts.
///
/// # Errors
/// The problems of the reply, in words for the model that wrote it.
pub fn parse(reply: &Value, columns: &[String]) -> Result<Plan, Vec<String>> {
    let text = |name: &str| reply.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let schema = ExtractionRequest {
        model_name: text("model_name"),
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
        match parse_field(field) {
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
mod tests {
    use serde_json::{Value, json};

    use super::{Plan, parse, reply_schema};
    use crate::schema::OutputMode;
    use crate::schema::dialect::{Dialect, compile};

    fn columns() -> Vec<String> {
        ["text", "author", "year"].map(str::to_owned).to_vec()
    }

    #[test]
    fn the_flat_form_asks_for_little() {
        let schema = reply_schema(&[], false);
        assert_eq!(schema["required"], json!(["model_name", "fields"]));
        let field = &schema["properties"]["fields"]["items"];
        assert_eq!(field["required"], json!(["name", "description", "type"]));
        assert!(field["properties"]["type"]["enum"].as_array().unwrap().contains(&json!("date")));
    }

    #[test]
    fn columns_are_offered_where_there_are_some() {
        let schema = reply_schema(&columns(), true);
        let offered = &schema["properties"]["target_columns"]["items"]["enum"];
        assert_eq!(offered, &json!(["text", "author", "year"]));
        let many: Vec<_> = (0..300).map(|n| format!("c{n}")).collect();
        let schema = reply_schema(&many, false);
        assert_eq!(schema["properties"]["target_columns"]["items"], json!({"type": "string"}));
    }

    #[test]
    fn strict_mode_can_enforce_both_forms() {
        for nested in [false, true] {
            let (schema, methods) = (reply_schema(&columns(), nested), [OutputMode::Strict]);
            let output = compile(Dialect::OpenAi, &methods, "plan", &schema).unwrap();
            assert!(output.is_enforced(), "{:?}", output.unenforced);
            assert!(output.unenforced.iter().all(|loss| loss.keyword == "maxLength"));
        }
    }

    #[test]
    fn a_reply_becomes_a_plan() {
        let reply = json!({
            "model_name": "invoice",
            "fields": [
                {"name": "number", "description": "Its number", "type": "string"},
                {"name": "lines", "type": "object[]", "nested_fields": [
                    {"name": "sum", "type": "number", "nested_fields": null}]},
                {"name": "Number", "type": "int"},
            ],
            "instructions": "Read it.",
            "target_columns": ["year", "nowhere", "text"],
        });
        let plan = parse(&reply, &columns()).unwrap();
        assert_eq!(plan.instructions, "Read it.");
        assert_eq!(plan.target_columns, ["text", "year"]);
        assert_eq!(plan.schema.model_name, "Invoice");
        let kinds: Vec<_> = plan.schema.fields.iter().map(|field| field.kind.as_str()).collect();
        assert_eq!(kinds, ["str", "List[Lines]", "int"]);
        let written = serde_json::to_value(&plan).unwrap();
        let read: Plan = serde_json::from_value(written).unwrap();
        assert_eq!(read.schema.normalise().unwrap(), plan.schema);
    }

    #[test]
    fn repeated_fields_count_once() {
        let field = json!({"name": "a b", "type": "str"});
        let reply = json!({"model_name": "M", "fields": [field, {"name": "a_b", "type": "int"}]});
        let plan = parse(&reply, &[]).unwrap();
        assert_eq!(plan.schema.fields.len(), 1);
        assert_eq!(plan.schema.fields[0].kind, "str");
    }

    #[test]
    fn no_known_column_means_all() {
        let mut reply = json!({"model_name": "M", "fields": [{"name": "a", "type": "str"}]});
        for chosen in [Value::Null, json!([]), json!(["nowhere"]), json!("text")] {
            reply["target_columns"] = chosen;
            assert_eq!(parse(&reply, &columns()).unwrap().target_columns, columns());
        }
    }

    #[test]
    fn problems_are_told_in_words() {
        let cases = [
            (json!([]), vec!["fields: a list of fields is missing"]),
            (
                json!({"model_name": "M", "fields": []}),
                vec!["fields: at least one field is needed"],
            ),
            (json!({"fields": [{"name": "a", "type": "str"}]}), vec!["model_name: has no letter"]),
            (
                json!({"model_name": "M", "fields": [{"type": "str"}, {"name": "a", "type": "b"}]}),
                vec![
                    "fields[0]: missing field `name`",
                    "fields[1]: a: type `b`: `b` is no type that structx knows",
                ],
            ),
        ];
        for (reply, problems) in cases {
            assert_eq!(parse(&reply, &[]).unwrap_err(), problems);
        }
    }

    #[test]
    fn a_problem_names_the_place_and_not_the_value() {
        let secret = "SECRET";
        let field = |name: &str, value: &Value| {
            let mut field = json!({"name": "a", "type": "str"});
            field[name] = value.clone();
            field
        };
        let cases = [
            (json!(secret), ": expected an object"),
            (field("name", &json!([secret])), ".name: expected a string"),
            (field("description", &json!({secret: 1})), ".description: expected a string"),
            (field("required", &json!(secret)), ".required: expected true or false"),
            (field("validation", &json!(secret)), ".validation: expected an object"),
            (field("nested_fields", &json!(secret)), ".nested_fields: expected a list"),
            (
                field("nested_fields", &json!([field("type", &json!([secret]))])),
                ".nested_fields[0].type: expected a string",
            ),
        ];
        for (field, problem) in cases {
            let reply = json!({"model_name": "M", "fields": [{"name": "b", "type": "str"}, field]});
            assert_eq!(parse(&reply, &[]).unwrap_err(), [format!("fields[1]{problem}")]);
        }
    }
}
