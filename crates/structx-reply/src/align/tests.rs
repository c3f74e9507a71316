//! Alignment of values with a schema.

use serde_json::{Value, json};

use super::align;
use structx_schema::outline::Outline;

/// The aligned value, its repairs, its problems, and whether it fits.
fn aligned(schema: &Value, value: Value) -> (Value, Vec<String>, Vec<String>, bool) {
    let aligned = align(value, &Outline::new(schema, false), 0);
    let fits = aligned.fits();
    let repairs = aligned.repairs.into_iter().map(|it| format!("{}: {}", it.pointer, it.what));
    (aligned.value, repairs.collect(), aligned.problems, fits)
}

fn order() -> Value {
    json!({"type": "object", "required": ["total"], "properties": {
        "total": {"type": "number"},
        "count": {"type": "integer"},
        "due/date": {"type": ["string", "null"]},
        "state": {"enum": ["open", "paid"]},
    }})
}

#[test]
fn values_that_fit_stay() {
    let value = json!({"total": 1.5, "count": 3, "due/date": "12", "state": "open"});
    assert_eq!(aligned(&order(), value.clone()), (value, vec![], vec![], true));
}

#[test]
fn each_repair_names_its_place() {
    let given = json!({"total": "1,234.50", "count": 3.0, "due/date": 2026, "state": "Paid"});
    let (value, repairs, problems, fits) = aligned(&order(), given);
    assert_eq!(
        value,
        json!({"total": serde_json::from_str::<Value>("1234.50").unwrap(), "count": 3,
               "due/date": "2026", "state": "paid"})
    );
    assert_eq!(
        repairs,
        [
            "/total: read \"1,234.50\" as the number 1234.50",
            "/count: read 3.0 as the integer 3",
            "/due~1date: took the number 2026 as text",
            "/state: \"Paid\" taken as \"paid\"",
        ]
    );
    assert!(problems.is_empty() && fits);
}

#[test]
fn wrong_values_are_left_for_validation() {
    for given in [
        json!({"total": "many"}),
        json!({"total": 1, "count": 2.5}),
        json!({"total": 1, "state": "late"}),
        json!({"total": [1, 2]}),
        json!({"count": 1}),
    ] {
        let (value, repairs, problems, fits) = aligned(&order(), given.clone());
        assert_eq!((value, repairs, problems), (given, vec![], vec![]));
        assert!(!fits);
    }
}

#[test]
fn a_name_in_another_spelling_is_taken_where_it_is_clear() {
    let (value, repairs, ..) = aligned(&order(), json!({"Total": 1, "due date": null}));
    assert_eq!(value, json!({"total": 1, "due/date": null}));
    assert_eq!(repairs, [": `Total` taken as `total`", ": `due date` taken as `due/date`"]);

    // Two members claim one property: neither is taken.
    let (value, repairs, problems, _) = aligned(&order(), json!({"Total": 1, "TOTAL": 2}));
    assert_eq!((value, repairs), (json!({"Total": 1, "TOTAL": 2}), vec![]));
    assert_eq!(problems[0], ": `total` may be `Total`: 1 or `TOTAL`: 2; give one");
}

#[test]
fn an_unknown_member_is_a_problem_while_a_property_is_missing() {
    let (_, _, problems, _) = aligned(&order(), json!({"sum": 1}));
    assert_eq!(problems.len(), 1);
    assert!(problems[0].starts_with("/sum: the schema has no such member there, only `total`"));
}

#[test]
fn the_wrapper_is_added_or_taken_off_where_that_fits_better() {
    let schema = json!({"type": "object", "required": ["items"], "properties": {
        "items": {"type": "array", "items": order()}}});
    let whole = json!({"items": [{"total": 1}]});
    for given in
        [json!([{"total": 1}]), json!({"total": 1}), json!({"items": {"items": [{"total": 1}]}})]
    {
        let aligned = align(given.clone(), &Outline::new(&schema, false), 0);
        assert_eq!(aligned.value, whole, "{given}");
        assert!(
            aligned.fits() && aligned.rewrapped.is_some() && !aligned.is_unchanged(),
            "{given}"
        );
        assert_eq!(aligned.repairs.len(), 1, "{given}");
    }
    let listed = align(json!([whole]), &Outline::new(&schema, false), 0);
    assert_eq!(listed.value, whole);
    assert!(listed.fits() && !listed.is_unchanged());

    let aligned = align(whole.clone(), &Outline::new(&schema, false), 0);
    assert!(aligned.is_unchanged() && aligned.rewrapped.is_none());
}

#[test]
fn a_union_takes_the_branch_with_the_fewest_faults() {
    let branch = |name: &str, kind: &str| json!({"type": "object", "required": [name], "properties": {name: {"type": kind}}});
    let schema = json!({"anyOf": [branch("cats", "integer"), branch("dogs", "number")]});
    let (value, repairs, ..) = aligned(&schema, json!({"dogs": "2"}));
    assert_eq!((value, repairs.len()), (json!({"dogs": 2}), 1));
    // No branch is better: the value stays for validation.
    let (value, repairs, _, fits) = aligned(&schema, json!({"birds": "2"}));
    assert_eq!((value, repairs, fits), (json!({"birds": "2"}), vec![], false));
}

#[test]
fn json_in_a_string_is_taken_out_once() {
    let schema = json!({"type": "array", "items": order()});
    let (value, repairs, _, fits) = aligned(&schema, json!("[{\"total\": 1}]"));
    assert_eq!((value, repairs.len(), fits), (json!([{"total": 1}]), 1, true));
    let twice = json!(json!("[{\"total\": 1}]").to_string());
    assert_eq!(aligned(&schema, twice.clone()), (twice, vec![], vec![], false));
}

#[test]
fn repairs_beyond_the_limit_are_counted() {
    let schema = json!({"type": "array", "items": {"type": "integer"}});
    let (value, repairs, ..) = aligned(&schema, json!(vec!["1"; super::MAX_REPAIRS + 5]));
    assert_eq!(value, json!(vec![1; super::MAX_REPAIRS + 5]));
    assert_eq!(repairs.len(), super::MAX_REPAIRS + 1);
    assert_eq!(repairs.last().unwrap(), ": 5 more repairs of these kinds");
}
