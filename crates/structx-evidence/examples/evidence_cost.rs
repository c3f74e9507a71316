//! Measures the cost of evidence: `cargo run --release -p structx-evidence --example evidence_cost`.

use std::fmt::Write;
use std::hint::black_box;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use structx_evidence::{Index, Leaf, find, leaves};

const ROUNDS: usize = 15;

fn main() {
    println!("| text | characters | values | time | goal |\n|---|---:|---:|---:|---:|");
    let (text, all) = row();
    measure("a row of a table", &text, &all, 2000, "50 us");
    let (text, all) = document();
    measure("a document of 20 pages", &text, &all, 1, "20 ms");
    println!("\n| hostile | time |\n|---|---:|");
    for (name, text, all) in hostile() {
        let start = Instant::now();
        black_box(find(&Index::new(&text), &all));
        println!("| {name} | {:.2} s |", start.elapsed().as_secs_f64());
    }
}

/// Prints the median time for index and evidence.
fn measure(name: &str, text: &str, all: &[Leaf], repeats: u32, goal: &str) {
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..repeats {
                black_box(find(&Index::new(black_box(text)), black_box(all)));
            }
            start.elapsed() / repeats
        })
        .collect();
    times.sort_unstable();
    let characters = text.chars().count();
    println!("| {name} | {characters} | {} | {:.1?} | {goal} |", all.len(), times[ROUNDS / 2]);
}

fn row() -> (String, Vec<Leaf>) {
    let text = "id: 1042\nname: Anna Schmidt\nordered: 12 March 2026\namount: EUR 1.234,50\ncity: 53113 Bonn, Rheinweg 5";
    let items = json!([{
        "id": 1042, "customer": "Anna Schmidt", "date": "2026-03-12", "amount": 1234.5, "city": "Bonn"
    }]);
    let schema = json!({"properties": {
        "id": {"type": "integer"}, "customer": {"type": "string"},
        "date": {"type": "string", "format": "date"}, "amount": {"type": "number"},
        "city": {"type": "string"}
    }});
    (text.to_owned(), leaves(&items, &schema))
}

/// Twenty pages of prose with a table on each; five rows of it are extracted.
fn document() -> (String, Vec<Leaf>) {
    let mut text = String::new();
    let mut lines: Vec<Value> = Vec::new();
    let mut random = fastrand::Rng::with_seed(7);
    let words = [
        "the", "delivery", "of", "goods", "shall", "begin", "within", "days", "and", "any",
        "party", "may", "ask", "for", "a", "proof", "in", "writing", "before", "payment",
    ];
    for page in 1..=20 {
        let _ = writeln!(text, "\n# Part {page}\n");
        for _ in 0..6 {
            for _ in 0..60 {
                text.push_str(random.choice(words).unwrap_or("the"));
                text.push(' ');
            }
            let _ = writeln!(
                text,
                "on {} March 2026 for EUR {}.50.\n",
                random.u8(1..29),
                random.u16(..)
            );
        }
        text.push_str("| Item | Date | Quantity | Price |\n| --- | --- | --- | --- |\n");
        for row in 0..10 {
            let (day, count, price) = (random.u8(1..29), random.u8(1..9), random.u16(100..999));
            let _ = writeln!(
                text,
                "| Good no. {row} of {page} | {day}.03.2026 | {count} | {price}.00 |"
            );
            if row == 0 {
                lines.push(json!({
                    "item": format!("Good no. {row} of {page}"),
                    "date": format!("2026-03-{day:02}"), "quantity": count, "price": f64::from(price),
                    "note": if page % 4 == 0 { "writing in before proof" } else { "before payment" }
                }));
            }
        }
    }
    let schema = json!({"properties": {"lines": {"items": {"properties": {
        "date": {"type": "string", "format": "date"}
    }}}}});
    (text, leaves(&json!([{"lines": lines}]), &schema))
}

fn hostile() -> Vec<(&'static str, String, Vec<Leaf>)> {
    let number = |pointer: String, value: Value| Leaf { value, ..Leaf::text(&pointer, "") };
    let numbers: Vec<Leaf> = (0..10_000).map(|at| number(format!("/{at}/a"), json!(7))).collect();
    let texts: Vec<Leaf> = (0..10_000)
        .map(|at| Leaf::text(&format!("/{at}/a"), &format!("lost words number{at}")))
        .collect();
    let long = "a ".repeat(1 << 19);
    vec![
        ("a million equal numbers, one value", "7 ".repeat(1_000_000), numbers[..1].to_vec()),
        ("a million equal numbers, 10,000 values", "7 ".repeat(1_000_000), numbers),
        (
            "a value of 1 MB in 2 MB of the same",
            "a ".repeat(1 << 20),
            vec![Leaf::text("/0/a", &long)],
        ),
        (
            "a value of 1 MB of one letter",
            "a".repeat(1 << 20),
            vec![Leaf::text("/0/a", &"a".repeat(1 << 20))],
        ),
        ("10,000 absent values in 1 MB", "some lost word and other words ".repeat(33_000), texts),
        (
            "1 MB of pipes",
            "|".repeat(1 << 20),
            vec![Leaf::text("/0/a", "||"), Leaf::text("/0/b", "x")],
        ),
    ]
}
