//! The refinement of a definition: the schema of the reply, and its parser.

use serde_json::{Map, Value, json};

use super::plan::{self, FLAT_TYPES, closed, text};
use crate::schema::constraints::{allow, applies};
use crate::schema::definition::{ExtractionRequest, ModelField, fits, is_same_name};
use crate::schema::types::TypeExpr;

// The rules that a reply can set; all others are kept unchanged.
const NUMBERS: [&str; 1] = ["multiple_of"];
const BOUNDS: [&str; 4] = ["gt", "ge", "lt", "le"];
const LENGTHS: [&str; 2] = ["min_length", "max_length"];
const PATTERN: &str = "pattern";

/// The JSON Schema of a refined definition. Without `nested` it has only names, descriptions and
/// plain types.
#[must_use]
pub fn reply_schema(nested: bool) -> Value {
    if !nested {
        let kind = json!({"type": "string", "enum": FLAT_TYPES});
        let field = closed(&field_properties(kind, 100), &[]);
        let fields = plan::fields(&field, plan::MAX_FLAT_FIELDS);
        let schema = closed(&Map::from_iter([("fields".to_owned(), fields)]), &[]);
        return plan::not_copied(schema);
    }
    let mut field = field_properties(plan::type_as_text(), 500);
    field.insert("required".to_owned(), json!({"type": "boolean"}));
    field.insert("nullable".to_owned(), json!({"type": "boolean"}));
    field.insert("validation".to_owned(), validation());
    field.insert("nested_fields".to_owned(), plan::nested_fields());
    let mut properties = Map::new();
    properties.insert("model_description".to_owned(), text(500));
    let fields = plan::fields(&plan::reference("Field"), plan::MAX_FIELDS);
    properties.insert("fields".to_owned(), fields);
    let mut schema = closed(&properties, &[]);
    schema["$defs"] = json!({"Field": closed(&field, &["validation", "nested_fields"])});
    schema
}

/// The properties of a field. Any name is allowed, since existing fields may have names that the
/// pattern of plans excludes.
fn field_properties(kind: Value, most: usize) -> Map<String, Value> {
    Map::from_iter([
        ("name".to_owned(), text(64)),
        ("description".to_owned(), text(most)),
        ("type".to_owned(), kind),
    ])
}

fn validation() -> Value {
    let bound = json!({"anyOf": [{"type": "number"}, {"type": "string"}]});
    let rules = BOUNDS
        .map(|rule| (rule, bound.clone()))
        .into_iter()
        .chain(NUMBERS.map(|rule| (rule, json!({"type": "number"}))))
        .chain(LENGTHS.map(|rule| (rule, json!({"type": "integer"}))))
        .chain([(PATTERN, json!({"type": "string"}))]);
    let rules: Map<_, _> = rules.map(|(rule, value)| (rule.to_owned(), value)).collect();
    let names: Vec<_> = rules.keys().map(String::as_str).collect();
    closed(&rules, &names)
}

/// Whether a reply can set the rule.
fn is_settable(rule: &str) -> bool {
    rule == PATTERN || NUMBERS.contains(&rule) || BOUNDS.contains(&rule) || LENGTHS.contains(&rule)
}

/// The current definition in the form of a reply, for the prompt.
#[must_use]
pub fn as_reply(definition: &ExtractionRequest, nested: bool) -> Value {
    let fields = fields_as_reply(&definition.fields, nested);
    if nested {
        json!({"model_description": definition.model_description, "fields": fields})
    } else {
        json!({"fields": fields})
    }
}

fn fields_as_reply(fields: &[ModelField], nested: bool) -> Vec<Value> {
    let as_reply = |field: &ModelField| {
        let ModelField { name, description, kind, required, nullable, .. } = field;
        let mut reply = json!({"name": name, "description": description, "type": kind});
        if nested {
            reply["required"] = json!(required);
            reply["nullable"] = json!(nullable);
            let rules = field.validation.iter().filter(|(rule, _)| is_settable(rule));
            let rules: Map<_, _> =
                rules.map(|(rule, value)| (rule.clone(), value.clone())).collect();
            if !rules.is_empty() {
                reply["validation"] = Value::Object(rules);
            }
            if let Some(inner) = &field.nested_fields {
                reply["nested_fields"] = json!(fields_as_reply(inner, nested));
            }
        }
        reply
    };
    fields.iter().map(as_reply).collect()
}

/// Parses a refinement reply, nested or flat. The definition keeps the name of `current`, and an
/// existing field keeps the properties that the reply omits: rules, nullability, default, alias and
/// nested fields.
///
/// # Errors
/// The problems of the reply, in words for the model that wrote it.
pub fn parse(
    reply: &Value,
    current: &ExtractionRequest,
    nested: bool,
) -> Result<ExtractionRequest, Vec<String>> {
    let mut fields = reply.get("fields").cloned();
    keep(fields.as_mut(), &current.fields, nested);
    let description = reply.get("model_description").and_then(Value::as_str);
    let description = description.filter(|text| !text.is_empty());
    let refined = ExtractionRequest {
        model_name: current.model_name.clone(),
        model_description: description.unwrap_or(&current.model_description).to_owned(),
        fields: plan::parse_fields(fields.as_ref())?,
    };
    refined.normalise().map_err(|error| vec![error.to_string()])
}

/// Completes the fields of a reply from the current fields of the same names.
fn keep(fields: Option<&mut Value>, current: &[ModelField], nested: bool) {
    let fields = fields.and_then(Value::as_array_mut).into_iter().flatten();
    for field in fields.filter_map(Value::as_object_mut) {
        field.retain(|_, value| !value.is_null() && value != "");
        let name = field.get("name").and_then(Value::as_str).unwrap_or_default();
        match current.iter().find(|other| is_same_name(name, &other.name)) {
            Some(current) => keep_omitted(field, current, nested),
            None => keep(field.get_mut("nested_fields"), &[], nested),
        }
    }
}

/// Adds the properties of `current` that a reply's field omits.
fn keep_omitted(field: &mut Map<String, Value>, current: &ModelField, nested: bool) {
    if !nested && !FLAT_TYPES.contains(&current.kind.as_str()) {
        // The flat form can't express the type, so the model had to choose another.
        field.insert("type".to_owned(), json!(current.kind));
    }
    let Some(kind) = field.get("type").and_then(Value::as_str) else { return };
    let Ok(parsed) = TypeExpr::parse_nested(kind) else { return };
    field.entry("description").or_insert_with(|| json!(current.description));
    field.entry("required").or_insert(json!(current.required));
    field.entry("nullable").or_insert(json!(current.nullable));
    let kind = parsed.expr.required().0;
    keep_rules(field, current, &kind, &parsed.constraints);
    keep_nested(field, current, kind, nested);
}

/// Keeps the rules and the default of `current` that fit the reply's type and rules.
fn keep_rules(
    field: &mut Map<String, Value>,
    current: &ModelField,
    kind: &TypeExpr,
    implied: &Map<String, Value>,
) {
    let has_rules = field.contains_key("validation");
    let rules = field.entry("validation").or_insert_with(|| json!({}));
    let Some(rules) = rules.as_object_mut() else { return };
    for (rule, value) in &current.validation {
        let is_given = implied.contains_key(rule) || has_rules && is_settable(rule);
        if !is_given && applies(rule, value, kind) {
            rules.entry(rule).or_insert_with(|| value.clone());
        }
    }
    let default = &current.default;
    let is_allowed = allow(rules, default) && allow(implied, default);
    let fits = default.is_null() || fits(default, kind) && is_allowed;
    if current.has_default && fits && !field.contains_key("default") {
        field.insert("has_default".to_owned(), json!(true));
        field.insert("default".to_owned(), default.clone());
    }
}

/// Keeps the nested fields of `current`, or merges them into those of the reply.
fn keep_nested(field: &mut Map<String, Value>, current: &ModelField, kind: TypeExpr, nested: bool) {
    let Some(inner) = &current.nested_fields else { return };
    let given = field.get_mut("nested_fields");
    if given.as_ref().and_then(|fields| fields.as_array()).is_some_and(|fields| !fields.is_empty())
    {
        keep(given, inner, nested);
    } else if kind.with_model("Model").is_some() {
        field.insert("nested_fields".to_owned(), json!(inner));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{as_reply, parse, reply_schema};
    use crate::schema::OutputMode;
    use crate::schema::definition::{ExtractionRequest, ModelField};
    use crate::schema::dialect::{Dialect, compile};

    fn current() -> ExtractionRequest {
        let definition = json!({"model_name": "RefinedBill", "model_description": "A bill.", "fields": [
            {"name": "total", "type": "float", "description": "Amount",
             "validation": {"alias": "Total", "lt": 1000}, "default": 1},
            {"name": "state", "type": "'open' | 'paid'", "default": "open", "nullable": false},
            {"name": "lines", "type": "List[Line]", "validation": {"min_length": 1}, "nested_fields": [
                {"name": "sum", "type": "Decimal", "validation": {"title": "Sum"}},
                {"name": "text", "type": "str"}]},
        ]});
        serde_json::from_value::<ExtractionRequest>(definition).unwrap().normalise().unwrap()
    }

    fn refined(fields: &Value, nested: bool) -> Result<Vec<ModelField>, Vec<String>> {
        let reply = json!({"model_description": "", "fields": fields});
        let refined = parse(&reply, &current(), nested)?;
        assert_eq!(refined.model_name, "RefinedBill");
        assert_eq!(refined.model_description, "A bill.");
        Ok(refined.fields)
    }

    #[test]
    fn strict_mode_can_enforce_both_forms() {
        for nested in [false, true] {
            let (schema, methods) = (reply_schema(nested), [OutputMode::Strict]);
            let output = compile(Dialect::OpenAi, &methods, "refinement", &schema).unwrap();
            assert!(output.is_enforced(), "{:?}", output.unenforced);
            assert!(output.unenforced.iter().all(|loss| loss.keyword == "maxLength"));
        }
    }

    #[test]
    fn what_is_shown_and_repeated_changes_nothing() {
        for nested in [false, true] {
            let reply = as_reply(&current(), nested);
            assert_eq!(parse(&reply, &current(), nested), Ok(current()), "{reply}");
        }
    }

    #[test]
    fn the_nested_form_sets_rules_and_nullability() {
        let said = json!({"name": "total", "description": "", "type": "float", "required": true,
                          "nullable": false, "validation": {"gt": 0}, "nested_fields": null});
        let total = &refined(&json!([said]), true).unwrap()[0];
        assert_eq!(Value::Object(total.validation.clone()), json!({"gt": 0, "alias": "Total"}));
        assert!(total.required && !total.nullable && !total.has_default);
        assert_eq!(total.description, "Amount");
    }

    #[test]
    fn what_no_longer_fits_is_left_out() {
        for (said, rules, default) in [
            (json!({"type": "float"}), json!({"alias": "Total", "lt": 1000}), json!(1)),
            (json!({"type": "float", "validation": {}}), json!({"alias": "Total"}), json!(1)),
            (json!({"type": "str"}), json!({"alias": "Total"}), Value::Null),
            (
                json!({"type": "float", "validation": {"gt": 1}}),
                json!({"gt": 1, "alias": "Total"}),
                Value::Null,
            ),
            (json!({"type": "NegativeFloat"}), json!({"lt": 0, "alias": "Total"}), Value::Null),
        ] {
            let mut field = json!({"name": "total?", "validation": null});
            field.as_object_mut().unwrap().extend(said.as_object().unwrap().clone());
            let total = &refined(&json!([field]), true).unwrap()[0];
            assert_eq!(total.name, "total");
            assert_eq!(Value::Object(total.validation.clone()), rules, "{said}");
            assert_eq!(total.default, default, "{said}");
        }
    }

    #[test]
    fn nested_fields_are_refined_or_kept() {
        let lines = |more: &Value| {
            let mut field = json!({"name": "lines", "type": "List[Line]"});
            field.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            refined(&json!([field]), true).unwrap().remove(0)
        };
        for kept in [json!({}), json!({"nested_fields": []}), json!({"nested_fields": null})] {
            assert_eq!(lines(&kept), current().fields[2]);
        }
        let sum = json!({"nested_fields": [{"name": "sum", "type": "float"}]});
        let lines = lines(&sum).nested_fields.unwrap();
        assert_eq!((lines.len(), lines[0].kind.as_str()), (1, "float"));
        assert_eq!(Value::Object(lines[0].validation.clone()), json!({"title": "Sum"}));
        let plain = refined(&json!([{"name": "lines", "type": "List[str]"}]), true).unwrap();
        assert_eq!((plain[0].kind.as_str(), &plain[0].nested_fields), ("List[str]", &None));
    }

    #[test]
    fn the_flat_form_keeps_the_types_that_it_can_not_say() {
        let fields = json!([
            {"name": "lines", "description": "All lines", "type": "str"},
            {"name": "state", "description": "", "type": "str"},
            {"name": "total", "description": "Amount", "type": "int"},
            {"name": "currency", "description": "Its currency", "type": "str", "validation": null},
        ]);
        let fields = refined(&fields, false).unwrap();
        assert_eq!(fields[0].description, "All lines");
        assert_eq!(fields[0].nested_fields, current().fields[2].nested_fields);
        assert_eq!(fields[1], current().fields[1]);
        assert_eq!(
            (fields[2].kind.as_str(), fields[2].validation["lt"].as_i64()),
            ("int", Some(1000))
        );
        assert_eq!(fields[3].kind, "str");
    }

    #[test]
    fn problems_are_told_in_words() {
        for (fields, problem) in [
            (json!("SECRET"), "fields: a list of fields is missing"),
            (json!([3]), "fields[0]: expected an object"),
            (json!([{"name": "total"}]), "fields[0]: missing field `type`"),
            (
                json!([{"name": "total", "type": "float", "validation": "SECRET"}]),
                "fields[0].validation: expected an object",
            ),
            (
                json!([{"name": "total", "type": "float", "validation": {"min_length": 1}}]),
                "fields[0]: total: `min_length` does not apply to float",
            ),
        ] {
            assert_eq!(refined(&fields, true), Err(vec![problem.to_owned()]));
        }
    }
}
