//! Damaged structure: where strings, objects and lists end. One reading that keeps all members, or an
//! error.

use serde_json::{Map, Value, json};

use super::{read, schema_of};
use structx_schema::OutputSchema;

fn schema(properties: &Value) -> OutputSchema {
    schema_of(&json!({"type": "object", "properties": properties}), false)
}

fn texts(names: &[&str]) -> OutputSchema {
    let text = |name: &&str| ((*name).to_owned(), json!({"type": "string"}));
    schema(&Value::Object(names.iter().map(text).collect::<Map<_, _>>()))
}

/// Checks that the only item of a reply is read as `item`.
fn check(text: &str, schema: &OutputSchema, item: &Value) {
    let (value, repairs) = read(text, schema).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(value, json!({"items": [item]}), "{text}");
    assert!(!repairs.is_empty(), "{text}");
}

fn refused(text: &str, schema: &OutputSchema) -> String {
    match read(text, schema) {
        Err(error) => error,
        Ok((value, _)) => panic!("{text} became {value}"),
    }
}

#[test]
fn a_string_ends_where_all_members_are_kept() {
    let schema = schema(&json!({"x": {"type": "string"}, "n": {"type": "integer"}}));
    let quoted = json!({"x": "he said {\"a\": \"b\"}, and left", "n": 4});
    check(r#"{"x": "he said {"a": "b"}, and left", "n": 4}"#, &schema, &quoted);
    check(r#"{"items": [{"x": "he said {"a": "b"}, and left", "n": 4}]}"#, &schema, &quoted);
    for content in [
        r#"he said "a", "b": "c""#,
        r#"{"a": "b"}"#,
        r#"a list ["x", "y"], then"#,
        "first \"line\",\nand \"another\": so",
        r#"a "word", and 5" pipe"#,
        "it's the \"end\"",
    ] {
        let text = format!(r#"{{"items": [{{"x": "{content}", "n": 4}}]}}"#);
        check(&text, &schema, &json!({"x": content, "n": 4}));
        let text = format!(r#"{{"items": [{{"n": 4, "x": "{content}"}}]}}"#);
        check(&text, &schema, &json!({"n": 4, "x": content}));
    }
}

#[test]
fn a_mark_that_may_end_a_string_or_not_is_refused() {
    let both = texts(&["a", "b"]);
    for text in [
        // `b` may be a member or part of `a`.
        r#"{"a": "he said "x", "b": "y""}"#,
        r#"{"a": "x, "b": "y"}"#,
        r#"{"a": "x "b": "y"}"#,
        r#"{"a": "say "x, "b": "y" now"}"#,
        // The text after the value may belong to the string.
        r#"{"b": "x", "a": "he said "y"} and "z"}"#,
    ] {
        refused(text, &both);
    }
}

#[test]
fn a_member_that_a_missing_mark_swallows_is_not_lost() {
    let people = texts(&["name", "city"]);
    for text in [
        r#"{"name": "John", "city": "York, "sex": "m"}"#,
        r#"{"items": [{"name": "John", "city": "York, "sex": "m"}]}"#,
        r#"{"name": "John", "city": "York, "age": 5, "sex": "m"}"#,
        r#"{"city": "York, "sex": "m", "name": "John"}"#,
        r#"{"city": "York, "name": "John"}"#,
        r"{'name': 'John', 'city': 'York, 'sex': 'm'}",
        // With a mended string, a member that the schema does not have may be a part of it.
        r#"{"name": "say "hi" now", "city": "York", "sex": "m"}"#,
    ] {
        refused(text, &people);
    }
}

#[test]
fn triple_marks_hold_the_text_between() {
    let code = schema(&json!({"code": {"type": "string"}, "n": {"type": "integer"}}));
    for (text, content) in [
        (r#"{"code": """print("hi")""", "n": 4}"#, "print(\"hi\")"),
        (r#"{"code": '''print("hi")''', "n": 4}"#, "print(\"hi\")"),
        ("{\"code\": \"\"\"a = {\"b\": 1}\n  c\n\"\"\", \"n\": 4}", "a = {\"b\": 1}\n  c\n"),
        (r#"{"code": """say "hi"""", "n": 4}"#, "say \"hi\""),
    ] {
        check(text, &code, &json!({"code": content, "n": 4}));
    }
    for text in [
        // A backslash may be an escape or itself.
        r#"{"code": """print("a\n")""", "n": 4}"#,
        r#"{"code": """print("hi")", "n": 4}"#,
        r#"{"code": """a""" b""", "n": 4}"#,
        r#"{"code": """, "n": 4}"#,
    ] {
        refused(text, &code);
    }
}

#[test]
fn doubled_marks_are_refused_but_for_inches() {
    let pair = texts(&["v", "w"]);
    for value in
        [r#"""value""#, r#""a ""b"" c""#, r#""" "v""#, r#""value"""#, r#""""v"""#, r#""a "" b""#]
    {
        refused(&format!(r#"{{"v": {value}}}"#), &pair);
        refused(&format!(r#"{{"v": {value}, "w": "x"}}"#), &pair);
        refused(&format!(r#"{{"items": [{{"w": "x", "v": {value}}}]}}"#), &pair);
    }
    check(r#"{"v": "5"", "w": "x"}"#, &pair, &json!({"v": "5\"", "w": "x"}));
    check(r#"{"v": "a 5" pipe", "w": "6""}"#, &pair, &json!({"v": "a 5\" pipe", "w": "6\""}));
    // The inner pair ends with the string.
    check(r#"{"v": "the "end"", "w": "x"}"#, &pair, &json!({"v": "the \"end\"", "w": "x"}));
    check(r#"{"v": ""x" it is", "w": "x"}"#, &pair, &json!({"v": "\"x\" it is", "w": "x"}));
}

#[test]
fn no_member_is_left_out_once_a_bracket_was_added() {
    let tagged = schema(&json!({
        "tags": {"type": "array", "items": {"type": "string"}}, "note": {"type": "string"}}));
    for text in [
        r#"{"tags": ["a", "b"}, "note": "x"}"#,
        r#"{"tags": ["a", "b"}, note: "x"}"#,
        "{\"tags\": [\"a\", \"b\"}\n\"note\": \"x\"}",
        r#"{"items": [{"tags": ["a", "b"}, "note": "x"}]}"#,
        r#"{"items": [{"tags": ["a", "b"}, "extra": "x"}]}"#,
        r#"{"items": [{"note": "x", "extra": 1, "tags": ["a", "b"}]}"#,
    ] {
        refused(text, &tagged);
    }
    let text = r#"{"items": [{"note": "x", "tags": ["a", "b"}, {"note": "y", "tags": []}]}"#;
    let both = json!([{"note": "x", "tags": ["a", "b"]}, {"note": "y", "tags": []}]);
    assert_eq!(read(text, &tagged).unwrap().0["items"], both);
}

#[test]
fn half_an_item_is_no_item() {
    let pairs = texts(&["name", "note"]);
    let a = r#"{"name": "A", "note": "x"}"#;
    for text in [
        format!(r#"{{"items": [{a}, {{"name": "B""#),
        format!(r#"[{a}, {{"name": "B""#),
        r#"{"name": "B""#.to_owned(),
        format!("```json\n{{\"items\": [{a}, {{\"name\": \"B\"\n```"),
        format!(r#"{{"items": [{a}, {{"name": "B", "note": "y"#),
    ] {
        let error = refused(&text, &pairs);
        assert!(error.contains("it ends before it is complete"), "{text}: {error}");
    }
    // A list within an item may have more items.
    let tagged = schema(&json!({"tags": {"type": "array", "items": {"type": "string"}}}));
    refused(r#"{"items": [{"tags": ["a", "b""#, &tagged);
    refused(r#"{"tags": ["a", "b""#, &tagged);
    // An object with all members of its schema is whole.
    let whole = json!([{"name": "A", "note": "x"}, {"name": "B", "note": "y"}]);
    for end in ["", "}", "}]"] {
        let text = format!(r#"{{"items": [{a}, {{"name": "B", "note": "y"{end}"#);
        assert_eq!(read(&text, &pairs).unwrap().0["items"], whole, "{text}");
    }
}

#[test]
fn strings_of_a_list_are_not_split_by_guess() {
    let listed = schema(&json!({"sizes": {"type": "array", "items": {"type": "string"}}}));
    for list in [
        r#"["5" pipe"no",", "two"]"#,
        r#"["a", "b" c", "d"]"#,
        r#"["a "b", "c" d"]"#,
        r#"["a "b", "c"]"#,
        r#"["a" "b"]"#,
        r#"["say "a", "b" now"]"#,
        "[\"\"\n\"v\"]",
        "[\"a\"\n\"b\"]",
    ] {
        refused(&format!(r#"{{"sizes": {list}}}"#), &listed);
        refused(&format!(r#"{{"items": [{{"sizes": {list}}}]}}"#), &listed);
    }
    let lines = "{\"sizes\": [\n  \"a\"\n  \"b\"\n]}";
    check(lines, &listed, &json!({"sizes": ["a", "b"]}));
    check(r#"{"sizes": ["the "end" of it"]}"#, &listed, &json!({"sizes": ["the \"end\" of it"]}));
}

#[test]
fn a_second_value_beside_the_first_is_refused() {
    let keyed = texts(&["k"]);
    for text in [
        r#"{"k":"v"}["v"]"#,
        r#"{"k": "v"} ["w"]"#,
        r#"{"items": [{"k": "v"}]}["w"]"#,
        "```json\n{\"k\": \"v\"}[\"w\"]\n```",
        r#"{"k": "v"}, {"k": "w"}"#,
        r#"{"k": "v"}, "w""#,
        r#"{"k": "v"}{"k": "w"}"#,
        r#"["w"]{"k": "v"}"#,
        r#"{"k": "v"}{"other": 1}"#,
        r#"{"k": "v"}"w""#,
        r#"{"other": "v"}["w"]"#,
    ] {
        refused(text, &keyed);
    }
}

#[test]
fn digits_after_a_comma_in_a_list_are_refused() {
    let listed = schema(&json!({"sums": {"type": "array", "items": {"type": "number"}}}));
    for list in ["[2,000]", "[-2,000.00, 5]", "[1,050,000]"] {
        refused(&format!(r#"{{"items": [{{"sums": {list}}}]}}"#), &listed);
    }
}
