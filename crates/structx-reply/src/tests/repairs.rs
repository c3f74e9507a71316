//! Each kind of repair, and text that can't be repaired.

use serde_json::{Value, json};

use super::super::complete_items;
use super::{invoice, invoices, read, schema_of};

/// Checks that `text` is read as one invoice, `item`, with exactly one repair.
fn check(text: &str, item: &Value, repair: &str) {
    let (value, repairs) = read(text, &invoices()).unwrap_or_else(|e| panic!("{text}: {e}"));
    assert_eq!(value, json!({"items": [item]}), "{text}");
    assert_eq!(repairs, [repair], "{text}");
}

#[test]
fn text_around_the_json() {
    let item = json!({"total": 1});
    let json = r#"{"items": [{"total": 1}]}"#;
    let fence = ": took the JSON out of a code fence";
    let around = ": left out the text around the JSON";
    for (text, repair) in [
        (format!("```json\n{json}\n```"), fence),
        (format!("~~~\n{json}\n~~~\n"), fence),
        (format!("```{json}```"), fence),
        (format!("```json\n{json}"), fence),
        (format!("Here it is: {json}"), around),
        (format!("{json}\nThat is [1] all {{so far}}."), around),
        (format!("As in [1] and {{x}}: {json}"), around),
        (format!("\u{feff}{json}"), ": left out the byte order mark"),
        (format!("<think>[{{\"a\": </think>\n{json}"), ": left out the thinking before the answer"),
        (
            format!("so {{\"total\": 2}}.</think>{json}"),
            ": left out the thinking before the answer",
        ),
        (serde_json::to_string(json).unwrap(), ": took the JSON out of a string"),
        (format!("{json}\n{json}"), around),
    ] {
        check(&text, &item, repair);
    }
    let both = format!("Sure!\n```json\n{json}\n```\nDone.");
    assert_eq!(read(&both, &invoices()).unwrap().1, [fence, around]);
}

#[test]
fn faults_of_the_json_itself() {
    let cases = [
        (r#"{"items": [{"total": 1,},],}"#, "left out trailing commas"),
        ("{\"items\": [{\"total\": 1 # \"x\"\n}]}", "left out comments"),
        (r#"{/* x */"items": [{"total": 1}]}"#, "left out comments"),
        (r"{'items': [{'total': 1}]}", "took other quotation marks for double quotes"),
        ("{“items”: [{“total”: 1}]}", "took other quotation marks for double quotes"),
        (r#"{items: [{"total": 1}]}"#, "put names in quotes"),
        (r#"{"items": [{"total": 1}"#, "added the missing closing brackets"),
        (r#"{"items": [{"total": 1]}"#, "added the missing closing brackets"),
        (r#"{"items": [{"total": 1}}"#, "added the missing closing brackets"),
    ];
    for (text, repair) in cases {
        check(text, &json!({"total": 1}), &format!(": {repair}"));
    }
    let inner = ": escaped quotation marks within strings";
    let others = [
        (
            r#"{"items": [{"paid": True, "due": None}]}"#,
            json!({"paid": true, "due": null}),
            ": took literals of other languages for those of JSON",
        ),
        (
            r#"{"items": [{"total": 1 "count": 2}]}"#,
            json!({"total": 1, "count": 2}),
            ": added missing commas",
        ),
        (r#"{"items": [{"kind": receipt}]}"#, json!({"kind": "receipt"}), ": put words in quotes"),
        (
            "{\"items\": [{\"note\": \"a\n\tb\"}]}",
            json!({"note": "a\n\tb"}),
            ": escaped line breaks and control characters within strings",
        ),
        (
            r#"{"items": [{"note": "a \d \' b"}]}"#,
            json!({"note": r"a \d ' b"}),
            ": mended escapes that JSON does not have",
        ),
        (
            r#"{"items": [{"note": "he said "hi", twice", "total": 1}]}"#,
            json!({"note": "he said \"hi\", twice", "total": 1}),
            inner,
        ),
        (
            r#"{"items": [{"note": "5" pipe", "total": 1}]}"#,
            json!({"note": "5\" pipe", "total": 1}),
            inner,
        ),
        (r#"{"items": [{"note": "the "end""}]}"#, json!({"note": "the \"end\""}), inner),
    ];
    for (text, item, repair) in others {
        check(text, &item, repair);
    }
    let python = r"[{'note': 'it\'s \xe9', 'kind': 'receipt'}]";
    let (value, repairs) = read(python, &invoices()).unwrap();
    assert_eq!(value, json!({"items": [{"note": "it's é", "kind": "receipt"}]}));
    assert_eq!(repairs.len(), 3);
}

#[test]
fn values_in_other_spellings() {
    for (written, item, repair) in [
        (
            r#""total": "1,234.50""#,
            r#"{"total": 1234.50}"#,
            r#"read "1,234.50" as the number 1234.50"#,
        ),
        (r#""total": "12%""#, r#"{"total": 12}"#, r#"read "12%" as the number 12"#),
        (r#""amount": "$1,234""#, r#"{"amount": 1234}"#, r#"read "$1,234" as the number 1234"#),
        (r#""count": "3.0""#, r#"{"count": 3}"#, r#"read "3.0" as the number 3"#),
        (r#""count": 3.0"#, r#"{"count": 3}"#, "read 3.0 as the integer 3"),
        (r#""paid": "Yes""#, r#"{"paid": true}"#, r#"read "Yes" as true"#),
        (r#""due": "N/A""#, r#"{"due": null}"#, r#"read "N/A" as null"#),
        (
            r#""kind": "Credit Note""#,
            r#"{"kind": "credit_note"}"#,
            r#""Credit Note" taken as "credit_note""#,
        ),
        (r#""kind": "reciept""#, r#"{"kind": "receipt"}"#, r#""reciept" taken as "receipt""#),
        (
            r#""invoice_number": 1.50"#,
            r#"{"invoice_number": "1.50"}"#,
            "took the number 1.50 as text",
        ),
        (
            r#""lines": {"text": "a"}"#,
            r#"{"lines": [{"text": "a"}]}"#,
            "put the one object into a list",
        ),
        (
            r#""seller": [{"name": "a"}]"#,
            r#"{"seller": {"name": "a"}}"#,
            "took the only item of a list",
        ),
        (
            r#""lines": "[{\"text\": \"a\"}]""#,
            r#"{"lines": [{"text": "a"}]}"#,
            "took the JSON out of a string",
        ),
    ] {
        let name = written.split('"').nth(1).unwrap();
        let item: Value = serde_json::from_str(item).unwrap();
        let text = format!("{{\"items\": [{{{written}}}]}}");
        check(&text, &item, &format!("/items/0/{name}: {repair}"));
    }
    for name in ["invoiceNumber", "Invoice Number", "INVOICE-NUMBER"] {
        let repair = format!("/items/0: `{name}` taken as `invoice_number`");
        let text = format!("{{\"items\": [{{\"{name}\": \"a\"}}]}}");
        check(&text, &json!({"invoice_number": "a"}), &repair);
    }
}

#[test]
fn what_has_no_plain_reading_is_left_for_validation() {
    for item in [
        r#"{"total": "1,23,4"}"#,
        r#"{"count": 3.5}"#,
        r#"{"count": "1.5"}"#,
        r#"{"paid": "maybe"}"#,
        r#"{"total": "N/A"}"#,
        r#"{"kind": "letter"}"#,
        r#"{"kind": null}"#,
        r#"{"lines": "a, b"}"#,
        r#"{"seller": [{"name": "a"}, {"name": "b"}]}"#,
        r#"{"note": "1,234.50"}"#,
        r#"{"note": "N/A"}"#,
        r#"{"total": true}"#,
    ] {
        let text = format!("{{\"items\": [{item}]}}");
        assert_eq!(read(&text, &invoices()).map(|it| it.1.len()), Ok(0), "{text}");
        let parsed = super::parse(&text, &invoices()).map(|parsed| parsed.json.into_owned());
        assert_eq!(parsed, Ok(text));
    }
}

#[test]
fn the_wrapper_is_put_right() {
    let item = json!({"total": 1});
    check(r#"[{"total": 1}]"#, &item, ": put the list into `items`");
    check(r#"{"total": 1}"#, &item, ": put the one item into the list `items`");
    check(r#"{"items": {"items": [{"total": 1}]}}"#, &item, ": took `items` out of what it was in");
    check(r#"[{"items": [{"total": 1}]}]"#, &item, ": took the only item of a list");
    check(
        r#"{"items": [{"items": [{"total": 1}]}]}"#,
        &item,
        ": took `items` out of what it was in",
    );
    check(r#"{"items": {"total": 1}}"#, &item, "/items: put the one object into a list");
    check(r#"{"Items": [{"total": 1}]}"#, &item, ": `Items` taken as `items`");
    // An item with a list of that name is not the wrapper.
    let order = json!({"type": "object", "required": ["items", "sum"], "properties": {
        "sum": {"type": "integer"},
        "items": {"type": "array", "items": {"type": "object", "properties": {
            "name": {"type": "string"}}, "required": ["name"]}}}});
    let (value, repairs) =
        read(r#"{"sum": 1, "items": [{"name": "a"}]}"#, &schema_of(&order, false)).unwrap();
    assert_eq!(value, json!({"items": [{"sum": 1, "items": [{"name": "a"}]}]}));
    assert_eq!(repairs, [": put the one item into the list `items`"]);
}

#[test]
fn of_several_values_the_one_that_fits() {
    let (value, repairs) =
        read(r#"First {"items": [{"foo": 1}]}, no: {"items": [{"total": 2}]}"#, &invoices())
            .unwrap();
    assert_eq!(value, json!({"items": [{"total": 2}]}));
    assert_eq!(repairs.len(), 2, "{repairs:?}");
    assert!(repairs[1].contains(r#"left out {"items":[{"foo":1}]}"#), "{repairs:?}");
}

#[test]
fn what_cannot_be_placed_is_an_error_that_says_so() {
    let cases = [
        ("", "there is no JSON in the reply"),
        ("I can't do that.", "there is no JSON in the reply"),
        ("<think>{\"items\": []}", "there is no JSON in the reply"),
        ("{ [, {\"total\": 1}]}", "part of what can't be read"),
        (
            "So: {\"items\": [{\"note\": \"</think> x\"}, {\"note\": 'b'}, \"",
            "before it is complete",
        ),
        (r#"{"items": []} or {"items": [{"total": 1}]}"#, "more than one JSON value"),
        (r#"{"total": 1} {"total": 2}"#, r#"{"items":[{"total":1}]} and {"items":[{"total":2}]}"#),
        (r#"{"items": [{"total": 1, "total": 2}]}"#, "has `total` twice"),
        (r#"{"items": [{"total": 1, "total": 2},]}"#, "has `total` twice"),
        (r#"{"items": [], "more": 1}"#, "/more: the schema has no such member there, only `items`"),
        (r#"{"items": [{"seller": {"age": 1}}]}"#, "/items/0/seller/age: "),
        (
            r#"{"items": [{"Total": 1, "TOTAL": 2}]}"#,
            "/items/0: `total` may be `Total`: 1 or `TOTAL`: 2",
        ),
        (r#"{"items": [{"total": 1"#, "it ends before it is complete"),
        (r#"{"items": [{"total": 1},"#, "it ends before it is complete"),
        (r#"{"items": [{"note": "a"#, "it ends before it is complete"),
        ("{\"items\": [{\"total\": 1},\n ...]}", "has no quotes, at line 2, column 2"),
        (r#"{"items": [{"note": "a" b", "x": "c"}]}"#, "may end it"),
        (r#"{"items": [{"note": "a, "total": "b"}]}"#, "may end it"),
        (r#"{"items": [{"note": "\ud800",}]}"#, "half a character"),
        (r#"{"items": [{"total": 1} and so on]}"#, "a comma or a bracket is missing"),
    ];
    for (text, problem) in cases {
        let error = read(text, &invoices()).unwrap_err();
        assert!(error.contains(problem), "{text}: {error}");
    }
}

#[test]
fn nothing_around_the_json_goes_untold() {
    for text in ["{\"items\": []} `", "{\"items\": []} ~~~", "x {\"items\": []}"] {
        let (value, repairs) = read(text, &invoices()).unwrap();
        assert_eq!(value, json!({"items": []}));
        assert_eq!(repairs, [": left out the text around the JSON"], "{text}");
    }
}

#[test]
fn what_an_open_object_has_more_is_told_or_may_be_meant_for_what_is_missing() {
    let item = json!({"type": "object", "properties": {
        "total": {"type": "number"}, "vat": {"type": "number"}}});
    let schema = schema_of(&item, false);
    let (_, repairs) = read(r#"{"items": [{"total": 1, "vat": 2, "foo": 2}]}"#, &schema).unwrap();
    assert_eq!(repairs, ["/items/0/foo: left out: the schema has no such member"]);
    let error = read(r#"{"items": [{"total": 1, "VAT amount": 2}]}"#, &schema).unwrap_err();
    assert!(error.contains("/items/0/VAT amount: the schema has no such member"), "{error}");
}

#[test]
fn objects_that_were_sent_as_lists_are_objects_again() {
    let schema = schema_of(&invoice(), true);
    for (text, expected) in [
        (
            r#"{"items": [{"by_year": [{"key": "2024", "value": "1,000"}], "total": null}]}"#,
            json!({"by_year": {"2024": 1000}}),
        ),
        (r#"{"items": [{"by_year": [],}]}"#, json!({"by_year": {}})),
        (
            r#"{"items": [{"by_year": [{"key": "a", "value": 1}, {"key": "b", "value": 2}]}]}"#,
            json!({"by_year": {"a": 1, "b": 2}}),
        ),
    ] {
        assert_eq!(read(text, &schema).unwrap().0, json!({"items": [expected]}), "{text}");
    }
}

#[test]
fn unions_are_read_along_the_branch_that_is_meant() {
    let branch = |kind: &str| {
        json!({"type": "object", "required": ["kind", "n"], "properties": {
        "kind": {"const": kind}, "n": {"type": if kind == "cat" { "integer" } else { "string" }}}})
    };
    let item = json!({"type": "object", "properties": {
        "pet": {"oneOf": [branch("cat"), branch("dog")]}}});
    let schema = schema_of(&item, false);
    for (pet, expected) in [
        (json!({"kind": "Cat", "n": "1,000"}), json!({"kind": "cat", "n": 1000})),
        (json!({"kind": "dog", "n": "1,000"}), json!({"kind": "dog", "n": "1,000"})),
        (json!({"kind": "cow", "n": "1,000"}), json!({"kind": "cow", "n": "1,000"})),
    ] {
        let text = json!({"items": [{"pet": pet}]}).to_string();
        assert_eq!(read(&text, &schema).unwrap().0["items"][0]["pet"], expected);
    }
}

#[test]
fn of_a_cut_reply_the_complete_items_are_kept() {
    let complete = |text: &str| {
        let parsed = complete_items(text, &schema_of(&invoice(), true));
        serde_json::from_str::<Value>(&parsed.json).unwrap()["items"].clone()
    };
    let both = json!([{"total": 1}, {"note": "x"}]);
    for (text, expected) in [
        (r#"{"items": [{"total": 1}, {"note": "x"}, {"note": "y"#, &both),
        (r#"{"items": [{"total": 1}, {"note": "x"}, {"note": "y""#, &both),
        (r#"{"items": [{"total": 1}, {"note": "x"},"#, &both),
        (r#"{"items": [{"total": 1}, {"note": "x"}"#, &both),
        (r#"{"items": [{"total": 1}, {"note": "x"}]"#, &both),
        (r#"{"items": [{"total": 1}, {"note": "x"}]}"#, &both),
        ("Here [1]:\n```json\n[{'total': '1', 'count': null}, {'note': 'x'}, {", &both),
        (
            r#"<think>{"items": [{"total": 3}]}</think>{"items": [{"total": 1}, {"note": "x"}, 5"#,
            &both,
        ),
        (r#"{"items": [{"total": 1, "lines": [{"text": "a"}, {"#, &json!([])),
        (r#"{"items": ["#, &json!([])),
        (r#"{"ite"#, &json!([])),
        ("<think>so", &json!([])),
        ("", &json!([])),
    ] {
        assert_eq!(&complete(text), expected, "{text}");
    }
}
