//! Replies that are not as asked but have one reading: each is read, and the repair is listed.

use serde_json::{Value, json};

use super::super::complete_items;
use super::{read, schema_of};
use structx_schema::OutputSchema;

fn schema(properties: &Value, required: &[&str]) -> OutputSchema {
    schema_of(&json!({"type": "object", "properties": properties, "required": required}), false)
}

/// Checks that `text` is read as these items, with at least one repair.
fn check(text: &str, schema: &OutputSchema, items: &Value) {
    let (value, repairs) = read(text, schema).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(value, json!({"items": items}), "{text}");
    assert!(!repairs.is_empty(), "{text}");
}

/// Checks that a field of this schema, `written` so, is read as `expected`.
fn takes(field: &Value, written: &str, expected: &Value) {
    let schema = schema(&json!({"f": field}), &["f"]);
    check(&format!("{{\"items\": [{{\"f\": {written}}}]}}"), &schema, &json!([{"f": expected}]));
}

/// Checks that a field of this schema, `written` so, is left for validation.
fn leaves(field: &Value, written: &str) {
    let schema = schema(&json!({"f": field}), &["f"]);
    let text = format!("{{\"items\": [{{\"f\": {written}}}]}}");
    let given = serde_json::from_str(&text).unwrap();
    assert_eq!(read(&text, &schema), Ok((given, vec![])), "{text}");
}

#[test]
fn names_and_values_in_another_unicode_form_or_without_accents() {
    let french = schema(
        &json!({"année": {"type": "integer"}, "état": {"enum": ["payé", "dû"]}, "x": {}}),
        &["année", "état"],
    );
    let items = json!([{"année": 2024, "état": "payé"}]);
    let decomposed = "{\"items\": [{\"anne\u{301}e\": 2024, \"e\u{301}tat\": \"paye\u{301}\"}]}";
    check(decomposed, &french, &items);
    check(r#"{"items": [{"annee": 2024, "Etat": "paye"}]}"#, &french, &items);
    // Both spellings are properties: each Unicode form stays with its own.
    let number = json!({"type": "integer"});
    let both = schema(&json!({"pate": number, "pâte": number}), &["pate", "pâte"]);
    let items = json!([{"pâte": 1, "pate": 2}]);
    check("{\"items\": [{\"pa\u{302}te\": 1, \"pate\": 2}]}", &both, &items);
    assert!(read(r#"{"items": [{"pàte": 1}]}"#, &both).is_err());
    leaves(&json!({"enum": ["cote", "côté"]}), "\"cöte\"");
    takes(&json!({"enum": ["Straße", "Weg"]}), "\"strasse\"", &json!("Straße"));
}

#[test]
fn a_model_may_have_a_field_items() {
    let texts = json!({"type": "array", "items": {"type": "string"}});
    let basket = schema(&json!({"items": texts}), &["items"]);
    check(r#"{"items": ["a", "b"]}"#, &basket, &json!([{"items": ["a", "b"]}]));
    let two = json!([{"items": ["a"]}, {"items": ["b"]}]);
    check(r#"[{"items": ["a"]}, {"items": ["b"]}]"#, &basket, &two);
    let text = r#"{"items": [{"items": ["a"]}]}"#;
    assert_eq!(read(text, &basket), Ok((json!({"items": [{"items": ["a"]}]}), vec![])));
    let line = json!({"type": "object", "properties": {"sku": {"type": "string"}},
        "required": ["sku"]});
    let lines = json!({"type": "array", "items": line});
    let order = schema(&json!({"id": {"type": "integer"}, "items": lines}), &["items"]);
    check(r#"{"items": [{"sku": "x"}]}"#, &order, &json!([{"items": [{"sku": "x"}]}]));
    let text = r#"{"id": 1, "items": [{"sku": "x"}]}"#;
    check(text, &order, &json!([{"id": 1, "items": [{"sku": "x"}]}]));
}

#[test]
fn the_class_name_or_another_name_around_the_items() {
    let properties = json!({"name": {"type": "string"}, "age": {"type": "integer"}});
    let person = schema(&properties, &["name"]);
    let one = json!([{"name": "A"}]);
    let two = json!([{"name": "A"}, {"name": "B"}]);
    for (text, items) in [
        (r#"{"Person": {"name": "A"}}"#, &one),
        (r#"{"items": [{"Person": {"name": "A"}}, {"Person": {"name": "B"}}]}"#, &two),
        (r#"[{"Person": {"name": "A"}}]"#, &one),
        (r#"{"people": [{"name": "A"}, {"name": "B"}]}"#, &two),
        (r#"{"people": [{"person": {"name": "A"}}, {"person": {"name": "B"}}]}"#, &two),
        ("Here: {'result': [{'name': 'A'}]}", &one),
    ] {
        check(text, &person, items);
    }
    for text in [
        r#"{"Person": {"name": "A"}, "count": 1}"#,
        r#"{"Person": {"title": "A"}}"#,
        r#"{"Person": {"name": "A", "age": 3, "title": "B"}}"#,
        r#"{"people": []}"#,
        r#"{"error": {"message": "no"}}"#,
        r#"{"items": [{"Person": {"name": "A"}}, {"Company": {"name": "B"}}]}"#,
    ] {
        let read = read(text, &person);
        assert!(read.is_err(), "{text}: {read:?}");
    }
}

#[test]
fn an_empty_reply_holds_nothing() {
    let needed = schema(&json!({"name": {"type": "string"}}), &["name"]);
    let optional = schema(&json!({"name": {"type": "string"}}), &[]);
    for text in
        ["{}", "null", r#"{"items": null}"#, "```json\n{}\n```", "```\nnull\n```", " None\n"]
    {
        check(text, &needed, &json!([]));
        check(text, &optional, &json!([]));
    }
    // In the list it is an item, if all fields have defaults.
    assert_eq!(read(r#"{"items": [{}]}"#, &optional), Ok((json!({"items": [{}]}), vec![])));
    check("[{}]", &optional, &json!([{}]));
    for text in ["I found {} in it.", "There is null.", "{} or {}"] {
        assert!(read(text, &optional).is_err(), "{text}");
    }
}

#[test]
fn an_item_on_each_line() {
    let row = schema(&json!({"a": {"type": "integer"}, "b": {"type": "string"}}), &["a"]);
    let lines: Vec<String> = (0..50).map(|a| format!("{{\"a\": {a}}}")).collect();
    let items: Value = (0..50).map(|a| json!({"a": a})).collect();
    check(&lines.join("\n"), &row, &items);
    check(&format!("```jsonl\n{}\n```", lines.join("\n")), &row, &items);
    let text = "{\"a\": \"1,000\"}\n\n{'a': 2}\n{\"a\": 2}";
    let (value, repairs) = read(text, &row).unwrap();
    assert_eq!(value, json!({"items": [{"a": 1000}, {"a": 2}, {"a": 2}]}));
    assert!(repairs.iter().any(|repair| repair.starts_with("/items/0/a: ")), "{repairs:?}");
    let (_, repairs) = read("{\"a\": 1}\n{\"a\": \"2,000\"}", &row).unwrap();
    assert!(repairs.iter().any(|repair| repair.starts_with("/items/1/a: ")), "{repairs:?}");
    for text in [
        "{\"a\": 1}\n{\"a\": 1}",
        "{\"a\": 1} {\"a\": 2}",
        "{\"a\": 1}\nor\n{\"a\": 2}",
        "{\"a\": 1}\n{\"a\": \"many\"}",
        "{\"a\": 1}\n{\"a\": 2",
        "{\"a\": 1}\n{\"c\": 2}",
    ] {
        let read = read(text, &row);
        assert!(read.is_err(), "{text}: {read:?}");
    }
    let cut = complete_items("{\"a\": 1}\n{\"a\": 2}\n{\"a\": 3, \"b", &row);
    let two = json!({"items": [{"a": 1}, {"a": 2}]});
    assert_eq!(serde_json::from_str::<Value>(&cut.json).unwrap(), two);
}

#[test]
fn one_value_for_a_list_and_a_list_for_one_value() {
    let list = |of: &Value| json!({"type": "array", "items": of});
    let (text, number) = (&json!({"type": "string"}), &json!({"type": "number"}));
    let kind = &json!({"enum": ["paid", "open"]});
    let amount: Value = serde_json::from_str("1234.50").unwrap();
    takes(&list(text), "\"London\"", &json!(["London"]));
    takes(&list(number), "5", &json!([5]));
    takes(&list(number), "\"$5\"", &json!([5]));
    takes(&list(kind), "\"Paid\"", &json!(["paid"]));
    takes(&list(&json!({"type": "boolean"})), "true", &json!([true]));
    for written in ["\"a, b\"", "\"a; b\"", "\"n/a\"", "\"\""] {
        leaves(&list(text), written);
    }
    leaves(&list(number), "\"1,234\"");
    leaves(&list(number), "\"many\"");
    takes(text, "[\"London\"]", &json!("London"));
    takes(number, "[5]", &json!(5));
    takes(number, "[\"1,234.50\"]", &amount);
    takes(kind, "[\"paid\"]", &json!("paid"));
    takes(kind, "[\"PAID\"]", &json!("paid"));
    leaves(kind, "[\"paid\", \"open\"]");
    leaves(number, "[]");
    leaves(text, "[[\"a\"]]");
    leaves(&json!({"anyOf": [text, list(text)]}), "\"a\"");
    let pair = json!({"type": "array", "prefixItems": [text, text]});
    leaves(&pair, "\"a\"");
}

#[test]
fn emphasis_around_a_value() {
    let (boolean, integer) = (&json!({"type": "boolean"}), &json!({"type": "integer"}));
    takes(boolean, "\"**yes**\"", &json!(true));
    takes(boolean, "**yes**", &json!(true));
    takes(&json!({"enum": ["paid", "open"]}), "\"**Paid**\"", &json!("paid"));
    takes(integer, "\"**1,200**\"", &json!(1200));
    takes(integer, "\"`5`\"", &json!(5));
    leaves(&json!({"type": "string"}), "\"**yes**\"");
}

#[test]
fn words_for_nothing() {
    let or_null = |schema: &Value| json!({"anyOf": [schema, {"type": "null"}]});
    for nothing in ["\"\"", "\"-\"", "\"n/a\"", "\"N/A\"", "\"—\"", "\"None\"", "\" \""] {
        for schema in [
            &json!({"type": "number"}),
            &json!({"type": "integer"}),
            &json!({"type": "boolean"}),
            &json!({"type": "string", "format": "date"}),
            &json!({"type": "string", "format": "date-time"}),
            &json!({"enum": ["paid", "open"]}),
        ] {
            leaves(schema, nothing);
            takes(&or_null(schema), nothing, &Value::Null);
        }
        // Text may be just that.
        leaves(&or_null(&json!({"type": "string"})), nothing);
    }
    leaves(&or_null(&json!({"type": "string", "format": "date"})), "\"2024-01-31\"");
}

#[test]
fn a_member_given_twice_with_one_value() {
    let row = schema(&json!({"a": {"type": "integer"}, "b": {"type": "string"}}), &["a"]);
    let item = json!([{"a": 1, "b": "x"}]);
    for second in ["a", "A", " a"] {
        check(&format!(r#"{{"items": [{{"a": 1, "b": "x", "{second}": 1}}]}}"#), &row, &item);
        check(&format!(r#"{{"items": [{{"{second}": 1, "a": 1, "b": "x"}}]}}"#), &row, &item);
        let other = format!(r#"{{"items": [{{"a": 1, "b": "x", "{second}": 2}}]}}"#);
        let read = read(&other, &row);
        assert!(read.as_ref().map_or(true, |(_, repairs)| !repairs.is_empty()), "{read:?}");
    }
    check(r#"{"items": [{"A": 1, "b": "x", " a": 1}]}"#, &row, &item);
    let error = read(r#"{"items": [{"a": 1, "a": 2}]}"#, &row).unwrap_err();
    assert!(error.contains("`a` twice"), "{error}");
}

#[test]
fn backticks_as_quotation_marks() {
    let row = schema(&json!({"a": {"type": "string"}, "b": {"type": "integer"}}), &["a"]);
    check("{`a`: `x y`, `b`: 2}", &row, &json!([{"a": "x y", "b": 2}]));
    check("{\"a\": `say \"x\"`, \"b\": 2}", &row, &json!([{"a": "say \"x\"", "b": 2}]));
    check("```\n{`a`: `x`}\n```", &row, &json!([{"a": "x"}]));
    check("It is `{\"a\": \"x\"}`.", &row, &json!([{"a": "x"}]));
}

#[test]
fn words_without_quotes() {
    let text = json!({"type": "string"});
    let row = schema(&json!({"a": text, "n": {"type": "number"}, "b": text}), &[]);
    for (written, item) in [
        (r#"{"a": New York, "n": 1}"#, json!({"a": "New York", "n": 1})),
        ("{a: Rue de l'Eau 5, b: x}", json!({"a": "Rue de l'Eau 5", "b": "x"})),
        (r#"{"a": "x", "b": not yet known}"#, json!({"a": "x", "b": "not yet known"})),
        (r#"{"a": 12 kg, "n": 1}"#, json!({"a": "12 kg", "n": 1})),
    ] {
        check(written, &row, &json!([item]));
    }
    for text in [
        r#"{"a": New York, NY, "n": 1}"#,
        r#"{"a": New York, "n" 1}"#,
        r#"{"a": see: this, "n": 1}"#,
        r#"{"a": New "York", "n": 1}"#,
        r#"{"a": New York"#,
    ] {
        let read = read(text, &row);
        assert!(read.is_err(), "{text}: {read:?}");
    }
}

#[test]
fn amounts_without_quotes() {
    let row = schema(&json!({"n": {"type": "number"}}), &[]);
    for (bare, number) in [
        ("-2,000.00", "-2000.00"),
        ("1,234,567", "1234567"),
        ("(1,234.50)", "-1234.50"),
        ("$ 1,234.50", "1234.50"),
        ("1 234,50", "1234.50"),
        ("1.234,50 €", "1234.50"),
    ] {
        let items = json!([{"n": serde_json::from_str::<Value>(number).unwrap()}]);
        check(&format!("{{\"items\": [{{\"n\": {bare}}}]}}"), &row, &items);
        check(&format!("{{\"n\": {bare},}}"), &row, &items);
        check(&format!("{{\"items\": [{{\"n\": \"{bare}\"}}]}}"), &row, &items);
    }
}
