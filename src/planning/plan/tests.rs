//! Planning replies: what the schema admits, and what is made of them.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Plan, parse, reply_schema};
use crate::schema::OutputMode;
use crate::schema::dialect::{Dialect, compile, restore};

fn columns() -> Vec<String> {
    ["text", "author", "year"].map(str::to_owned).to_vec()
}

#[test]
fn the_flat_form_asks_for_little() {
    let schema = reply_schema(&[], false);
    assert_eq!(schema["required"], json!(["model_name", "fields"]));
    assert_eq!(schema["x-copied"], false);
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
        let lost = ["maxLength", "minLength"];
        assert!(output.unenforced.iter().all(|loss| lost.contains(&&*loss.keyword)));
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
        (json!({"model_name": "M", "fields": []}), vec!["fields: at least one field is needed"]),
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

#[test]
fn a_choice_of_values_is_a_type() {
    let parse = |field: Value| {
        let reply = json!({"model_name": "M", "fields": [field]});
        parse(&reply, &[]).map(|plan| plan.schema.fields[0].kind.clone())
    };
    for (kind, values, expected) in [
        ("Literal", json!(["a", "b\"c", "a"]), r#"Literal["a", "b\"c"]"#),
        ("List[Literal]", json!(["a"]), r#"List[Literal["a"]]"#),
        ("Literal", json!([]), "str"),
        ("List[Literal]", json!(["x".repeat(5_000)]), "List[str]"),
    ] {
        let field = json!({"name": "a", "type": kind, "values": values});
        assert_eq!(parse(field).as_deref(), Ok(expected));
    }
    assert_eq!(
        parse(json!({"name": "a", "type": "Literal['x']"})).as_deref(),
        Ok("Literal[\"x\"]")
    );
}

#[test]
fn every_dialect_can_enforce_plans() {
    for dialect in DIALECTS {
        let schema = reply_schema(&columns(), true);
        let output = compile(dialect, &[OutputMode::Strict], "plan", &schema).unwrap();
        assert!(output.is_enforced(), "{dialect:?}");
    }
}

const DIALECTS: [Dialect; 5] =
    [Dialect::OpenAi, Dialect::Anthropic, Dialect::Gemini, Dialect::GeminiOpenApi, Dialect::Ollama];

/// Random values that a compiled schema admits. Names and texts are as odd as the schema lets them be.
fn instances(schema: &Value, root: &Value) -> BoxedStrategy<Value> {
    let resolved = schema.get("$ref").and_then(Value::as_str);
    if let Some(path) = resolved {
        let target = root.pointer(path.trim_start_matches('#')).expect("a definition");
        return instances(target, root);
    }
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        return proptest::sample::select(values.clone()).boxed();
    }
    if let Some(forms) = schema.get("anyOf").and_then(Value::as_array) {
        let forms: Vec<_> = forms.iter().map(|form| instances(form, root)).collect();
        return proptest::strategy::Union::new(forms).boxed();
    }
    let limit = |name: &str| schema.get(name)?.as_u64().and_then(|it| usize::try_from(it).ok());
    match schema["type"].as_str().expect("one type").to_ascii_lowercase().as_str() {
        "string" => {
            let pattern = schema.get("pattern").and_then(Value::as_str).map(str::to_owned);
            let pattern = pattern.unwrap_or_else(|| {
                let least = limit("minLength").unwrap_or(0);
                let most = limit("maxLength").unwrap_or(8).clamp(least, 8);
                format!("(?s).{{{least},{most}}}")
            });
            let pattern = pattern.trim_start_matches('^').trim_end_matches('$');
            proptest::string::string_regex(pattern).unwrap().prop_map(Value::from).boxed()
        }
        "array" => {
            let least = limit("minItems").unwrap_or(0);
            let most = limit("maxItems").unwrap_or(usize::MAX).min(3).max(least);
            let item = instances(&schema["items"], root);
            prop::collection::vec(item, least..=most).prop_map(Value::from).boxed()
        }
        "object" => {
            let members = schema["properties"].as_object().expect("properties");
            let members: Vec<_> = members
                .iter()
                .map(|(name, member)| (Just(name.clone()), instances(member, root)))
                .collect();
            members.prop_map(|members| Value::Object(members.into_iter().collect())).boxed()
        }
        "null" => Just(Value::Null).boxed(),
        other => panic!("no instances of {other}"),
    }
}

proptest! {
    #[test]
    fn what_the_schema_admits_is_accepted(
        (dialect, is_nested, reply) in (proptest::sample::select(DIALECTS.to_vec()), any::<bool>())
            .prop_flat_map(|(dialect, is_nested)| {
                let schema = reply_schema(&columns(), is_nested);
                let output = compile(dialect, &[OutputMode::Strict], "plan", &schema).unwrap();
                let compiled = output.compiled;
                (Just(dialect), Just(is_nested), instances(&compiled, &compiled))
            }),
    ) {
        let schema = reply_schema(&columns(), is_nested);
        let mut restored = reply.clone();
        restore(&mut restored, &schema);
        let parsed = parse(&restored, &columns());
        prop_assert!(parsed.is_ok(), "{dialect:?}: {parsed:?} for {reply}");
    }
}
