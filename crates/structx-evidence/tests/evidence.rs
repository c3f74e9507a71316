//! Evidence for the values of whole items.
#![expect(clippy::single_range_in_vec_init, reason = "values have spans, often one")]

use proptest::prelude::*;
use serde_json::{Value, json};
use structx_documents::{Block, BlockKind, Document, Page};
use structx_evidence::{Evidence, Index, Leaf, Status, find, leaves};

/// The pointer, status and text of each value.
fn shown(text: &str, items: &Value, schema: &Value) -> Vec<(String, Status, String)> {
    let all = leaves(items, schema);
    let found = find(&Index::new(text), &all);
    let pairs = all.into_iter().zip(found);
    pairs.map(|(leaf, found)| (leaf.pointer, found.status, found.text)).collect()
}

fn alone(text: &str, value: &str) -> Evidence {
    find(&Index::new(text), &[Leaf::text("/0/value", value)]).remove(0)
}

/// The start of each value in the text.
fn starts(text: &str, items: &Value, schema: &Value) -> Vec<usize> {
    let found = find(&Index::new(text), &leaves(items, schema));
    found
        .into_iter()
        .map(|found| found.spans.first().map_or(usize::MAX, |span| span.start))
        .collect()
}

#[test]
fn spellings_are_normalized() {
    use Status::{Ambiguous, Exact, Fuzzy, Missing, Normalized};
    for (text, value, status, found) in [
        ("by Anna Schmidt, Bonn", "Anna Schmidt", Exact, "Anna Schmidt"),
        ("by ANNA\u{a0} Schmidt", "Anna Schmidt", Normalized, "ANNA\u{a0} Schmidt"),
        ("Mu\u{308}ller", "M\u{fc}ller", Normalized, "Mu\u{308}ller"),
        ("Muller", "Müller", Normalized, "Muller"),
        ("the **Green Tea**", "green tea", Normalized, "Green Tea"),
        ("Napro-\nsyn", "Naprosyn", Normalized, "Napro- syn"),
        ("Napro-syn", "Naprosyn", Normalized, "Napro-syn"),
        ("follow up", "follow-up", Normalized, "follow up"),
        ("| Green | Tea |", "Green Tea", Normalized, "Green Tea"),
        ("Green\nTea", "Green Tea", Normalized, "Green Tea"),
        (
            "IBAN DE89 3704 0044 0532 0130 00",
            "DE89370400440532013000",
            Normalized,
            "DE89 3704 0044 0532 0130 00",
        ),
        ("VAT DE123456789", "DE 123 456 789", Normalized, "DE123456789"),
        ("call +1-800-555-0123", "+1 800 555 0123", Normalized, "1-800-555-0123"),
        ("10 mg daily", "10mg", Normalized, "10 mg"),
        ("Rheinweg 5\n53113 Bonn", "Rheinweg 5, 53113 Bonn", Normalized, "Rheinweg 5 53113 Bonn"),
        ("1,5 mg daily", "1.5 mg", Normalized, "1,5 mg"),
        ("of 1200kg", "1200.0 kg", Normalized, "1200kg"),
        ("of 1200kg", "1,200 kg", Ambiguous, "1200kg"),
        ("1,5 g daily", "1.5 mg", Missing, ""),
        ("tell us more", "US", Missing, ""),
        ("| a | John |\n| Smith | b |", "John Smith", Fuzzy, "John Smith"),
        ("Toronto Canada", "Toronto, Canada", Fuzzy, "Toronto Canada"),
        ("ends with load", "with load.", Normalized, "with load"),
        ("東京都に行く", "東京都", Exact, "東京都"),
        ("am 2. April 2026", "2 April 2026", Normalized, "2. April 2026"),
        ("price: 5,00 €", "EUR 5.00", Normalized, "5,00 €"),
        ("price: 5,00 €", "EUR", Normalized, "€"),
        ("student, student", "student", Ambiguous, "student"),
        ("A-1 and 12 345", "12345", Missing, ""),
        ("2012, 12.5 and A12", "12", Missing, ""),
        ("C# and C++", "C", Missing, ""),
        ("temperature -5", "temperature 5", Missing, ""),
        ("on 2023-03-15", "15", Missing, ""),
        ("therapist", "rapist", Missing, ""),
        ("12345678 to 12345679", "12345670", Missing, ""),
        ("$ 5", "€ 5", Missing, ""),
    ] {
        let evidence = alone(text, value);
        assert_eq!((evidence.status, evidence.text.as_str()), (status, found), "{value} in {text}");
    }
}

#[test]
fn labels_choose_among_equal_values() {
    let text = "Subtotal: 100.00\nTax: 0.00\nTotal: 100.00\nPaid: 0.00";
    let items = json!([{"total": 100, "subtotal": 100, "paid_amount": 0, "tax": 0}]);
    let places = ["Total: ", "Subtotal: ", "Paid: ", "Tax: "]
        .map(|label| text.rfind(label).unwrap() + label.len());
    assert_eq!(starts(text, &items, &json!({})), places);
    assert!(shown(text, &items, &json!({})).iter().all(|found| found.1 == Status::Normalized));
}

#[test]
fn values_of_an_item_stand_together_and_items_in_order() {
    let text = "| Item | Qty | Price |\n| --- | --- | --- |\n| Tea | 2 | 5.00 |\n| Cup | 2 | 5.00 |\n\
                | Tea | 2 | 5.00 |\n";
    let line = |name: &str| json!({"item": name, "qty": 2, "price": 5.0});
    let items = json!([{"lines": [line("Tea"), line("Cup"), line("Tea")]}]);
    let rows: Vec<usize> = starts(text, &items, &json!({}))
        .chunks(3)
        .map(|row| {
            assert!(row.windows(2).all(|pair| pair[0] < pair[1]));
            text[..row[0]].matches('\n').count()
        })
        .collect();
    assert_eq!(rows, [2, 3, 4]);
    let found = shown(text, &items, &json!({}));
    assert!(found.iter().all(|(_, status, _)| *status != Status::Ambiguous), "{found:?}");
}

#[test]
fn items_in_another_order_are_found() {
    let text = "Anna: 30\nBen: 30\nChris: 30\n";
    let item = |name: &str| json!({"name": name, "age": 30});
    let items = json!([item("Chris"), item("Ben"), item("Anna")]);
    assert_eq!(starts(text, &items, &json!({})), [17, 24, 9, 14, 0, 6]);
}

#[test]
fn a_place_is_used_once_unless_there_is_no_other() {
    let text = "Take aspirin at noon. Take aspirin at night.";
    let items = json!([["aspirin", "aspirin"]]);
    assert_eq!(starts(text, &items, &json!({})), [5, 27]);
    let found = shown("Only aspirin here", &items, &json!({}));
    assert!(found.iter().all(|found| found.1 == Status::Exact));
}

#[test]
fn equal_numbers_in_other_spellings_share_no_place() {
    let text = "Menge  Preis\n3      3.00\n";
    let items = json!([{"price": 3.0, "quantity": 3}]);
    assert_eq!(starts(text, &items, &json!({})), [20, 13]);
}

#[test]
fn equal_places_are_ambiguous_and_counted() {
    let evidence = alone("12.50 and 12.50 and 12.50", "12.50");
    assert_eq!((evidence.status, evidence.occurrences), (Status::Ambiguous, 3));
    let rows = "Tea 5\nTea 5\n";
    let found = shown(rows, &json!([{"item": "Tea", "price": 5}]), &json!({}));
    assert!(found.iter().all(|found| found.1 == Status::Ambiguous), "{found:?}");
    // Two fields share two places, and nothing tells which is which.
    let found = shown("5 and 5", &json!([{"a": 5, "b": 5}]), &json!({}));
    assert!(found.iter().all(|found| found.1 == Status::Ambiguous), "{found:?}");
}

#[test]
fn what_need_not_stand_there_is_inferred() {
    let schema = json!({"properties": {
        "sum": {"type": "number", "x-copied": false},
        "mood": {"enum": ["good", "bad"]},
        "paid": {"type": "boolean"},
        "size": {"enum": ["large"]}
    }});
    let items = json!([{"sum": 5, "mood": "bad", "paid": true, "size": "large"}]);
    let found: Vec<Status> =
        shown("5 large ones", &items, &schema).into_iter().map(|found| found.1).collect();
    let inferred = Status::Inferred;
    assert_eq!(found, [inferred, inferred, inferred, Status::Exact]);
}

#[test]
fn a_document_knows_its_inserted_text_headings_and_unread_pages() {
    let text = "Offer 7\n\n[page 2]\n\nBuyer\nAcme 9\n\nSeller\nAcme 9";
    let at = |word: &str| text.find(word).unwrap();
    let page = |number, range, needs_vision| Page {
        number,
        range,
        name: None,
        size: None,
        needs_vision,
        recognition: None,
    };
    let heading = |word: &str| Block {
        kind: BlockKind::Heading { level: 1 },
        range: at(word)..at(word) + word.len(),
        page: None,
        bounds: None,
    };
    let document = Document {
        text: text.to_owned(),
        pages: vec![page(1, 0..7, false), page(2, at("Buyer")..text.len(), true)],
        blocks: vec![heading("Buyer"), heading("Seller")],
        ..Document::default()
    };
    let items = json!([{"page": 2, "seller": {"name": "Acme"}, "price": 7}]);
    let all = leaves(&items, &json!({}));
    let found = find(&Index::of_document(&document, 0..text.len()), &all);
    assert_eq!(found[0].status, Status::Unverifiable);
    assert_eq!(found[1].spans, [text.rfind("Acme").unwrap()..text.rfind("Acme").unwrap() + 4]);
    assert_eq!(found[1].status, Status::Exact);
    assert_eq!(found[2].spans, [6..7]);
    // Offsets are those of the document, and the first page has been read.
    let part = find(&Index::of_document(&document, 6..7), &all);
    assert_eq!((part[0].status, &part[2].spans), (Status::Missing, &vec![6..7]));
    let unread = find(&Index::new("a").with_unread_parts(), &all);
    assert_eq!(unread[0].status, Status::Unverifiable);
}

#[test]
fn values_across_cells_and_lines_have_several_spans() {
    let evidence = alone("| Green | Tea |\n| --- | --- |\n", "green tea");
    assert_eq!(evidence.spans, [2..7, 10..13]);
    assert_eq!(alone("Green Tea\nPot", "green tea pot").spans, [0..9, 10..13]);
    assert_eq!(alone("Green\nTea", "Green\nTea").spans, [0..9]);
}

proptest! {
    #[test]
    fn what_is_claimed_stands_in_the_text(
        text in "([a-c]{1,3}|[0-9]{1,3}|[.,€%-]|É|\u{301}|京| |\n|\\|){0,30}",
        values in prop::collection::vec("([a-c]{1,3}|[0-9]{1,3}|[.,€%-]|é|京| ){1,4}", 1..5),
        number in -99_999_i32..99_999,
    ) {
        let mut all: Vec<Leaf> = values
            .iter()
            .enumerate()
            .map(|(at, value)| Leaf::text(&format!("/{at}/a"), value))
            .collect();
        all.push(Leaf { value: json!(number), ..Leaf::text("/0/n", "") });
        let folded = |text: &str| -> String {
            let letters = text.chars().filter(|letter| letter.is_alphanumeric());
            letters.flat_map(char::to_lowercase).collect::<String>().replace('é', "e")
        };
        for (leaf, found) in all.iter().zip(find(&Index::new(&text), &all)) {
            let mut end = 0;
            for span in &found.spans {
                prop_assert!(text.get(span.clone()).is_some() && span.start >= end);
                end = span.end;
            }
            prop_assert!((0.0..=1.0).contains(&found.score));
            prop_assert_eq!(found.occurrences == 0, found.spans.is_empty());
            let Some(value) = leaf.value.as_str() else { continue };
            match found.status {
                Status::Exact => prop_assert_eq!(&text[found.spans[0].clone()], value.trim()),
                Status::Normalized if !value.contains(|c: char| c.is_ascii_digit()) => {
                    // The currency may be there as a symbol.
                    prop_assert_eq!(folded(&found.text), folded(value));
                }
                _ => {}
            }
        }
    }

    #[test]
    fn a_number_is_found_where_it_is_written(
        whole in 0_u32..10_000_000,
        cents in 1_u32..100,
        style in 0_usize..4,
    ) {
        let (group, mark) = [(",", "."), (".", ","), ("'", "."), ("\u{a0}", ",")][style];
        let digits = whole.to_string();
        let mut grouped = String::new();
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                grouped.push_str(group);
            }
            grouped.push(digit);
        }
        let written = format!("{grouped}{mark}{cents:02}");
        let text = format!("Total: EUR {written}, net");
        let value: Value = serde_json::from_str(&format!("{whole}.{cents:02}")).unwrap();
        let leaf = |value| Leaf { value, ..Leaf::text("/0/total", "") };
        let found = find(&Index::new(&text), &[leaf(value)]).remove(0);
        prop_assert!(matches!(found.status, Status::Exact | Status::Normalized));
        prop_assert_eq!(found.text, written);
        let other: Value = serde_json::from_str(&format!("{}.{cents:02}", whole + 1)).unwrap();
        let found = find(&Index::new(&text), &[leaf(other)]).remove(0);
        prop_assert_eq!(found.status, Status::Missing);
    }
}
