//! A damaged valid document is restored or refused, and never becomes another valid value.

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::strategy::ValueTree;
use serde_json::{Map, Value, json};

use super::super::{complete_items, parse};
use super::schema_of;
use structx_schema::OutputSchema;

/// The schema of an item, and an item that matches it.
fn property() -> impl Strategy<Value = (Value, Value)> {
    let text = "[a-zA-ZäöüéßÀ,;:.!?'/#%$()\\[\\]{}0-9 \\n\\t-]{0,12}";
    let leaf = prop_oneof![
        any::<i32>().prop_map(|n| (json!({"type": "integer"}), json!(n))),
        (-9_999_999..9_999_999_i64).prop_map(|n| {
            let number = format!("{}.{:02}", n / 100, n.abs() % 100);
            (json!({"type": "number"}), serde_json::from_str(&number).unwrap())
        }),
        any::<bool>().prop_map(|yes| (json!({"type": "boolean"}), json!(yes))),
        text.prop_map(|text| (json!({"type": "string"}), json!(text))),
        Just((json!({"anyOf": [{"type": "integer"}, {"type": "null"}]}), Value::Null)),
        prop::sample::select(vec!["paid", "not_paid", "open", "overdue"]).prop_map(|word| {
            (json!({"enum": ["paid", "not_paid", "open", "overdue"]}), json!(word))
        }),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            inner.clone().prop_map(|(schema, value)| {
                (json!({"type": "array", "items": schema}), json!([value]))
            }),
            object(inner),
        ]
    })
}

fn object(inner: impl Strategy<Value = (Value, Value)>) -> impl Strategy<Value = (Value, Value)> {
    let names = ["sum_total", "due_date", "name", "kind_of_it", "x1"];
    prop::collection::vec((prop::sample::select(names.to_vec()), inner), 1..5).prop_map(|members| {
        let (mut properties, mut value) = (Map::new(), Map::new());
        for (name, (schema, example)) in members {
            if !properties.contains_key(name) {
                properties.insert(name.to_owned(), schema);
                value.insert(name.to_owned(), example);
            }
        }
        let names: Vec<_> = properties.keys().cloned().collect();
        let schema = json!({"type": "object", "properties": properties, "required": names,
            "additionalProperties": false});
        (schema, Value::Object(value))
    })
}

/// A schema, and a reply that is of it.
fn reply() -> impl Strategy<Value = (OutputSchema, Value)> {
    (object(property()), 1..3_usize).prop_map(|((schema, item), count)| {
        (schema_of(&schema, false), json!({"items": vec![item; count]}))
    })
}

/// Where in `json` a byte stands that is not within a string.
fn places(json: &str, is_wanted: impl Fn(u8) -> bool) -> Vec<usize> {
    let (mut found, mut within, mut escaped) = (Vec::new(), false, false);
    for (at, byte) in json.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => within = !within,
            _ if !within && is_wanted(byte) => found.push(at),
            _ => {}
        }
    }
    found
}

/// `json` with something put in place of the bytes at one of `places`.
fn changed(json: &str, places: &[usize], chosen: Index, removed: usize, by: &str) -> String {
    let mut json = json.to_owned();
    if !places.is_empty() {
        let at = places[chosen.index(places.len())];
        json.replace_range(at..at + removed, by);
    }
    json
}

/// All values of one kind, changed.
fn map(value: &Value, change: &impl Fn(&Value) -> Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(|item| map(item, change)).collect(),
        Value::Object(members) => {
            members.iter().map(|(name, member)| (name.clone(), map(member, change))).collect()
        }
        other => change(other),
    }
}

fn rename(value: &Value, change: &impl Fn(&str) -> String) -> Value {
    match value {
        Value::Array(items) => items.iter().map(|item| rename(item, change)).collect(),
        Value::Object(members) => {
            members.iter().map(|(name, member)| (change(name), rename(member, change))).collect()
        }
        other => other.clone(),
    }
}

fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| name + &word[..1].to_uppercase() + &word[1..])
}

fn grouped(number: &str) -> String {
    let (whole, decimals) = number.split_once('.').unwrap_or((number, ""));
    let digits = whole.trim_start_matches('-');
    let mut groups: Vec<&str> =
        digits.as_bytes().rchunks(3).map(|group| std::str::from_utf8(group).unwrap()).collect();
    groups.reverse();
    let sign = if whole.starts_with('-') { "-" } else { "" };
    let decimals = if decimals.is_empty() { String::new() } else { format!(".{decimals}") };
    format!("{sign}{}{decimals}", groups.join(","))
}

/// Every fault by its number, done to the JSON of `value`.
fn damaged(value: &Value, fault: usize, chosen: Index) -> String {
    let json = value.to_string();
    let is_closer = |byte: u8| b"}]".contains(&byte);
    let ends: Vec<usize> = places(&json, is_closer);
    let commas = places(&json, |byte| byte == b',');
    let respelled = |change: &dyn Fn(&Value) -> Value| map(value, &change).to_string();
    match fault {
        0 => format!("```json\n{json}\n```"),
        1 => format!("Here is [1] the result:\n{json}\nDo you {{need}} more?"),
        2 => format!("~~~\n{}\n~~~", serde_json::to_string_pretty(value).unwrap()),
        3 => changed(&json, &ends, chosen, 0, ","),
        4 => changed(&json, &commas, chosen, 1, ", // so far\n"),
        5 => changed(&json, &ends, chosen, 0, " /* [x */ "),
        6 => json.trim_end_matches(['}', ']']).to_owned() + " ",
        7 => changed(&json, &commas, chosen, 1, "\n"),
        8 => changed(&json, &ends, chosen, 1, ""),
        9 => format!("\u{feff}{json}"),
        10 => serde_json::to_string(&json).unwrap(),
        11 => format!("<think>{{\"items\": [1]</think>\n{json}"),
        12 => value["items"].to_string(),
        13 => json!({"items": value}).to_string(),
        14 => value["items"][0].to_string(),
        15 => format!("{json}\n\n{json}"),
        16 => rename(value, &camel).to_string(),
        17 => rename(value, &|name| name.to_uppercase().replace('_', " ")).to_string(),
        18 => respelled(&|it| it.as_number().map_or(it.clone(), |n| n.to_string().into())),
        19 => {
            respelled(&|it| it.as_number().map_or(it.clone(), |n| grouped(&n.to_string()).into()))
        }
        20 => respelled(&|it| {
            it.as_bool().map_or(it.clone(), |yes| if yes { "Yes" } else { "no" }.into())
        }),
        21 => respelled(&|it| {
            it.as_i64().map_or(it.clone(), |n| serde_json::from_str(&format!("{n}.0")).unwrap())
        }),
        22 => respelled(&|it| if it.is_null() { "N/A".into() } else { it.clone() }),
        23 => json.replace("\"not_paid\"", "\"Not paid\"").replace("\"overdue\"", "\"OVERDEU\""),
        24 => json.replace("\\n", "\n").replace("\\t", "\t"),
        25 => python(value),
        26 => bare_names(&json),
        27 => json.replace('"', "\u{201d}"),
        28 => value["items"]
            .as_array()
            .filter(|items| items.len() == 1)
            .map_or(json, |items| json!({"items": items[0]}).to_string()),
        29 => changed(&json, &ends, chosen, 1, "") + "\nThat is all.",
        _ => changed(&json, &commas, chosen, 1, ", // so \"far\"\n"),
    }
}

const FAULTS: usize = 31;
/// These are mended, where they have one reading.
const MENDED: usize = 29;

/// The value as a Python literal.
fn python(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(yes) => if *yes { "True" } else { "False" }.to_owned(),
        Value::String(text) => {
            let inner = text.replace('\\', r"\\").replace('\n', r"\n").replace('\t', r"\t");
            if inner.contains('\'') { format!("\"{inner}\"") } else { format!("'{inner}'") }
        }
        Value::Array(items) => {
            format!("[{}]", items.iter().map(python).collect::<Vec<_>>().join(", "))
        }
        Value::Object(members) => {
            let members = members.iter().map(|(name, it)| format!("'{name}': {}", python(it)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
        Value::Number(_) => value.to_string(),
    }
}

fn bare_names(json: &str) -> String {
    let mut json = json.to_owned();
    for name in ["items", "sum_total", "due_date", "name", "kind_of_it", "x1"] {
        json = json.replace(&format!("\"{name}\":"), &format!("{name}:"));
    }
    json
}

/// Whether `text` is restored to `expected`. Fails on another value, unless validation rejects it.
fn check(text: &str, schema: &OutputSchema, expected: &Value) -> Result<bool, TestCaseError> {
    let Ok(parsed) = parse(text, schema) else { return Ok(false) };
    let value: Value = serde_json::from_str(&parsed.json).unwrap();
    let same = value == *expected;
    prop_assert!(same || !is_valid(&value, &schema.original), "{}\nbecame {}", text, value);
    Ok(same)
}

/// A validator for the schemas of this file.
fn is_valid(value: &Value, schema: &Value) -> bool {
    if let Some(listed) = schema["enum"].as_array() {
        return listed.contains(value);
    }
    if let Some(branches) = schema["anyOf"].as_array() {
        return branches.iter().any(|branch| is_valid(value, branch));
    }
    match schema["type"].as_str().unwrap() {
        "integer" => value.is_i64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "null" => value.is_null(),
        "array" => value
            .as_array()
            .is_some_and(|items| items.iter().all(|item| is_valid(item, &schema["items"]))),
        _ => value.as_object().is_some_and(|members| {
            let properties = schema["properties"].as_object().unwrap();
            members.len() == properties.len()
                && properties.iter().all(|(name, property)| {
                    members.get(name).is_some_and(|member| is_valid(member, property))
                })
        }),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn damage_is_mended_or_an_error((schema, value) in reply(), fault in 0..FAULTS, at: Index) {
        // One item of several is not the whole.
        let expected = if fault == 14 { json!({"items": [value["items"][0]]}) } else { value.clone() };
        check(&damaged(&value, fault, at), &schema, &expected)?;
    }

    #[test]
    fn clean_json_stays_as_it_is((schema, value) in reply(), pretty: bool) {
        let text = if pretty {
            serde_json::to_string_pretty(&value).unwrap()
        } else {
            value.to_string()
        };
        let parsed = parse(&text, &schema).unwrap();
        prop_assert_eq!(&*parsed.json, text.as_str());
        prop_assert!(parsed.repairs.is_empty());
    }

    #[test]
    fn words_in_quotes_within_strings(words in prop::collection::vec("[a-z ]{1,6}[a-z]", 1..6)) {
        let item = json!({"type": "object", "properties": {
            "text": {"type": "string"}, "more": {"type": "string"}}});
        let text: String = words.iter().enumerate().map(|(number, word)| {
            if number % 2 == 1 { format!("\"{word}\"") } else { format!(" {word} ") }
        }).collect();
        let value = json!({"items": [{"text": text, "more": text}, {"text": text}]});
        let damaged = value.to_string().replace("\\\"", "\"");
        let parsed = parse(&damaged, &schema_of(&item, false)).unwrap();
        prop_assert_eq!(serde_json::from_str::<Value>(&parsed.json).unwrap(), value);
    }

    #[test]
    fn a_cut_reply_has_its_first_items((schema, value) in reply(), at: Index) {
        let text = value.to_string();
        let mut end = at.index(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let parsed = complete_items(&text[..end], &schema);
        let kept: Value = serde_json::from_str(&parsed.json).unwrap();
        let (kept, all) = (kept["items"].as_array().unwrap(), value["items"].as_array().unwrap());
        prop_assert_eq!(kept, &all[..kept.len()]);
        let complete = (0..=all.len())
            .filter(|count| {
                let start = json!({"items": all[..*count]}).to_string();
                end >= start.len() - 2
            })
            .max();
        prop_assert_eq!(kept.len(), complete.unwrap_or(0));
    }
}

/// Each kind of fault is repaired; the property above would also hold if none was.
#[test]
fn each_fault_is_mended() {
    let item = json!({"type": "object", "properties": {
        "sum_total": {"type": "integer"}, "name": {"type": "string"}, "x1": {"type": "boolean"},
        "due_date": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        "kind_of_it": {"enum": ["paid", "not_paid", "open", "overdue"]}},
        "additionalProperties": false,
        "required": ["sum_total", "name", "x1", "due_date", "kind_of_it"]});
    let value = json!({"items": [
        {"sum_total": 12345, "name": "a\nb", "x1": true, "due_date": null, "kind_of_it": "overdue"},
    ]});
    let schema = schema_of(&item, false);
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for fault in 0..MENDED {
        let at = any::<Index>().new_tree(&mut runner).unwrap().current();
        let text = damaged(&value, fault, at);
        let is_mended = check(&text, &schema, &value).unwrap();
        assert!(is_mended, "{fault}: {text}: {:?}", parse(&text, &schema));
    }
}
