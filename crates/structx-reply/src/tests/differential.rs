//! Replies against an independent reading: clean JSON against `serde_json`, mended JSON against the
//! tree that it was damaged from.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::super::parse;
use super::one_reading::{Style, schema_of};
use super::schema_of as schema_of_items;

fn tree() -> impl Strategy<Value = Value> {
    let text = "[a-zé\"'`,;:!?/#*\\\\()\\[\\]{}0-9 \\n\\t-]{0,10}";
    let number = prop_oneof![
        any::<i64>().prop_map(|number| json!(number)),
        "-?(0|[1-9][0-9]{0,25})(\\.[0-9]{1,9})?([eE][+-]?[0-9]{1,2})?"
            .prop_map(|number| serde_json::from_str(&number).unwrap()),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        number,
        text.prop_map(Value::from),
        prop::sample::select(vec!["", "null", "12", "yes", "// x", "'a': \"b\", ", "```", "}]"])
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, move |inner| {
        let name = prop_oneof![
            3 => prop::sample::select(vec!["total", "due_date", "items", "Total", "x1"])
                .prop_map(str::to_owned),
            1 => text,
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name, inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn clean_json_is_read_as_serde_json_reads_it(item in tree(), pretty: bool, typed: bool) {
        let value = json!({"items": [item]});
        let text = if pretty {
            serde_json::to_string_pretty(&value).unwrap()
        } else {
            value.to_string()
        };
        let schema = if typed { schema_of(&item) } else { json!({}) };
        let schema = schema_of_items(&schema, false);
        let parsed = parse(&text, &schema).unwrap();
        let read: Value = serde_json::from_str(&parsed.json).unwrap();
        prop_assert_eq!(&read, &serde_json::from_str::<Value>(&text).unwrap());
        prop_assert!(parsed.repairs.is_empty(), "{:?}", parsed.repairs);
    }

    #[test]
    fn mended_json_is_the_tree_it_was_damaged_from(
        item in tree(), bits in 0_u8..32, missing in 0_u8..4, typed: bool,
    ) {
        let value = json!({"items": [item]});
        let text = Style::from_bits(bits, missing).write(&value);
        let schema = if typed { schema_of(&item) } else { json!({}) };
        if let Ok(parsed) = parse(&text, &schema_of_items(&schema, false)) {
            let read: Value = serde_json::from_str(&parsed.json).unwrap();
            prop_assert_eq!(read, value, "{}", text);
        }
    }
}

/// The property above also holds where nothing is ever mended; this one does not.
#[test]
fn each_fault_alone_is_mended() {
    let item = json!({"total": 1.50, "due_date": null, "x1": ["a", "it's"], "Total": "say \"x\""});
    let value = json!({"items": [item]});
    for typed in [true, false] {
        let schema = if typed { schema_of(&item) } else { json!({}) };
        let schema = schema_of_items(&schema, false);
        // With single quotes, the escaped one inside is a repair of its own.
        for (bits, missing, repairs) in
            [(1, 0, 1), (2, 0, 1), (4, 0, 2), (8, 0, 1), (16, 0, 1), (0, 1, 1), (0, 3, 1)]
        {
            // Only a schema tells that an object without its bracket has all members.
            if !typed && missing == 3 {
                continue;
            }
            let text = Style::from_bits(bits, missing).write(&value);
            let parsed = parse(&text, &schema).unwrap_or_else(|error| panic!("{error}: {text}"));
            assert_eq!(serde_json::from_str::<Value>(&parsed.json).unwrap(), value, "{text}");
            assert_eq!(parsed.repairs.len(), repairs, "{text}");
        }
    }
}
