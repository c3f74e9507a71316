//! Compares the joint choice with the first occurrence, on generated documents with repeated values:
//! `cargo run --release -p structx-evidence --example evidence_choice`.
//!
//! Each document knows where it wrote each value, so the right place is known without judgement.

use std::fmt::Write;
use std::ops::Range;

use fastrand::Rng;
use serde_json::{Value, json};
use structx_evidence::{FieldHints, Index, Leaf, Status, find, leaves};

/// Documents of each kind.
const DOCUMENTS: u64 = 200;

const GOODS: [&str; 6] = ["Green tea", "Coffee", "Paper A4", "Desk lamp", "Chair", "Tea pot"];

/// Makes a document of one kind.
type Generator = fn(&mut Rng) -> Sample;

fn main() {
    println!("| documents | values | joint choice | of which ambiguous | first occurrence |");
    println!("|---|---:|---:|---:|---:|");
    let kinds: [(&str, Generator); 7] = [
        ("invoices with equal amounts, Markdown tables", |random| invoice(random, true)),
        ("invoices with equal amounts, columns of spaces", |random| invoice(random, false)),
        ("statements with equal dates, Markdown tables", |random| statement(random, true)),
        ("records with equal values, line by line", records),
        ("statements, items in the reverse order", |random| reversed(statement(random, true))),
        ("invoices, columns of spaces, names in another language", |random| {
            renamed(invoice(random, false))
        }),
        ("records, names in another language", |random| renamed(records(random))),
    ];
    for (name, sample) in kinds {
        let mut counts = Counts::default();
        for seed in 0..DOCUMENTS {
            counts.add(&sample(&mut Rng::with_seed(seed)));
        }
        println!(
            "| {name} | {} | {:.1} % | {:.1} % | {:.1} % |",
            counts.values,
            counts.percent(counts.joint),
            counts.percent(counts.ambiguous),
            counts.percent(counts.first)
        );
    }
}

/// The document with the items in the other order.
fn reversed(mut sample: Sample) -> Sample {
    if let Value::Array(items) = &mut sample.items {
        items.reverse();
        let last = items.len() - 1;
        for (pointer, _) in &mut sample.places {
            let mut parts = pointer.splitn(3, '/').skip(1);
            let item: usize = parts.next().and_then(|item| item.parse().ok()).unwrap_or(0);
            *pointer = format!("/{}/{}", last - item, parts.next().unwrap_or_default());
        }
    }
    sample
}

/// The document with labels that are not the names of the fields.
fn renamed(mut sample: Sample) -> Sample {
    for (label, other) in [
        ("Invoice date", "Ausgestellt "),
        ("Due date", "Zahlbar "),
        ("Description", "Bezeichnung"),
        ("Quantity", "Menge   "),
        ("Unit price", "Einzelpr. "),
        ("Amount", "Betrag"),
        ("Subtotal", "Netto   "),
        ("Shipping", "Versand "),
        ("Total due", "Zahlbetr."),
        ("Name", "Wer "),
        ("Age", "J. "),
        ("City", "Ort "),
        ("Visits", "Besuch"),
    ] {
        assert_eq!(label.len(), other.len(), "places keep their offsets");
        sample.text = sample.text.replace(label, other);
    }
    sample
}

#[derive(Default)]
struct Counts {
    values: usize,
    joint: usize,
    ambiguous: usize,
    first: usize,
}

impl Counts {
    fn add(&mut self, sample: &Sample) {
        let index = Index::new(&sample.text);
        let all = leaves(&sample.items, &sample.schema);
        let joint = find(&index, &all);
        for (leaf, found) in all.iter().zip(joint) {
            let place = sample.places.iter().find(|(pointer, _)| *pointer == leaf.pointer);
            let Some((_, place)) = place else { continue };
            // Alone and without hints, a value stands where it stands first.
            let field = FieldHints { kind: leaf.field.kind, ..FieldHints::default() };
            let alone = Leaf { pointer: "/0".to_owned(), value: leaf.value.clone(), field };
            let first = find(&index, &[alone]).remove(0);
            self.values += 1;
            self.joint += usize::from(found.spans == [place.clone()]);
            self.ambiguous += usize::from(found.status == Status::Ambiguous);
            self.first += usize::from(first.spans == [place.clone()]);
            if found.spans != [place.clone()] && std::env::var_os("SHOW").is_some() {
                println!(
                    "{} {} due {place:?} found {:?}\n{}",
                    leaf.pointer, leaf.value, found, sample.text
                );
            }
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of values are small")]
    fn percent(&self, part: usize) -> f64 {
        100.0 * part as f64 / self.values.max(1) as f64
    }
}

/// A document with its items and where it wrote each value.
struct Sample {
    text: String,
    items: Value,
    schema: Value,
    places: Vec<(String, Range<usize>)>,
}

#[derive(Default)]
struct Writer {
    text: String,
    places: Vec<(String, Range<usize>)>,
}

impl Writer {
    fn text(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Writes a value that belongs to a pointer.
    fn value(&mut self, pointer: &str, text: &str) {
        self.padded(pointer, text, 0, false);
    }

    /// Writes a value, filled with spaces after or before it.
    fn padded(&mut self, pointer: &str, text: &str, width: usize, is_right: bool) {
        let fill = " ".repeat(width.saturating_sub(text.chars().count()));
        if is_right {
            self.text.push_str(&fill);
        }
        let start = self.text.len();
        self.text.push_str(text);
        self.places.push((pointer.to_owned(), start..self.text.len()));
        if !is_right {
            self.text.push_str(&fill);
        }
    }
}

fn money(cents: u64) -> String {
    let whole = cents / 100;
    let grouped = if whole >= 1000 {
        format!("{},{:03}", whole / 1000, whole % 1000)
    } else {
        whole.to_string()
    };
    format!("{grouped}.{:02}", cents % 100)
}

#[expect(clippy::cast_precision_loss, reason = "amounts are small")]
fn number(cents: u64) -> Value {
    json!(cents as f64 / 100.0)
}

/// A date as a text and as a value; few days, so that they repeat.
fn date(random: &mut Rng) -> (String, Value) {
    let day = random.u8(1..4);
    (format!("{day} March 2026"), json!(format!("2026-03-{day:02}")))
}

fn invoice(random: &mut Rng, is_markdown: bool) -> Sample {
    let mut writer = Writer::default();
    let (issued, due) = (date(random), date(random));
    writer.text("Invoice date: ");
    writer.value("/0/invoice_date", &issued.0);
    writer.text("\nDue date: ");
    writer.value("/0/due_date", &due.0);
    writer.text("\n\n");
    writer.text(if is_markdown {
        "| Description | Quantity | Unit price | Amount |\n| --- | --- | --- | --- |\n"
    } else {
        "Description          Quantity   Unit price      Amount\n"
    });
    let mut lines = Vec::new();
    let mut subtotal = 0;
    for line in 0..random.usize(3..9) {
        let name = random.choice(GOODS).unwrap_or("Tea");
        let quantity = random.u64(1..4);
        let price = 100 * random.u64(1..4);
        subtotal += quantity * price;
        let pointer = |field: &str| format!("/0/lines/{line}/{field}");
        let cells = [
            ("description", name.to_owned()),
            ("quantity", quantity.to_string()),
            ("unit_price", money(price)),
            ("amount", money(quantity * price)),
        ];
        for (column, (field, text)) in cells.iter().enumerate() {
            if is_markdown {
                writer.text("| ");
                writer.value(&pointer(field), text);
                writer.text(" ");
            } else {
                let width = [21, 8, 13, 12][column];
                writer.padded(&pointer(field), text, width, column > 0);
            }
        }
        writer.text(if is_markdown { "|\n" } else { "\n" });
        lines.push(json!({
            "description": name, "quantity": quantity,
            "unit_price": number(price), "amount": number(quantity * price)
        }));
    }
    let shipping = 100 * random.u64(0..3);
    for (field, label, cents) in [
        ("subtotal", "Subtotal", subtotal),
        ("shipping", "Shipping", shipping),
        ("total", "Total due", subtotal + shipping),
    ] {
        let _ = write!(writer.text, "\n{label}: EUR ");
        writer.value(&format!("/0/{field}"), &money(cents));
    }
    let items = json!([{
        "invoice_date": issued.1, "due_date": due.1, "lines": lines, "subtotal": number(subtotal),
        "shipping": number(shipping), "total": number(subtotal + shipping)
    }]);
    let date = json!({"type": "string", "format": "date"});
    let schema = json!({"properties": {
        "invoice_date": date, "due_date": date,
        "lines": {"items": {"properties": {
            "description": {"type": "string"}, "quantity": {"type": "integer"},
            "unit_price": {"type": "number"}, "amount": {"type": "number"}
        }}},
        "subtotal": {"type": "number"}, "shipping": {"type": "number"}, "total": {"type": "number"}
    }});
    Sample { text: writer.text, items, schema, places: writer.places }
}

fn statement(random: &mut Rng, is_markdown: bool) -> Sample {
    let mut writer = Writer::default();
    let separator = if is_markdown { " | " } else { "   " };
    writer.text("Account statement, March 2026\n\n| Date | Text | Amount | Balance |\n| --- | --- | --- | --- |\n");
    let mut items = Vec::new();
    let mut balance = 50_000;
    let mut day = 1;
    for item in 0..random.usize(6..25) {
        day += u64::from(random.u8(0..4) == 0);
        let amount = 500 * random.u64(1..4);
        balance = if random.bool() { balance + amount } else { balance - amount };
        let name = random.choice(GOODS).unwrap_or("Tea");
        writer.text("| ");
        for (field, text) in [
            ("date", format!("{day:02}.03.2026")),
            ("text", name.to_owned()),
            ("amount", money(amount)),
            ("balance", money(balance)),
        ] {
            writer.value(&format!("/{item}/{field}"), &text);
            writer.text(separator);
        }
        writer.text("\n");
        items.push(json!({
            "date": format!("2026-03-{day:02}"), "text": name, "amount": number(amount),
            "balance": number(balance)
        }));
    }
    let schema = json!({"properties": {
        "date": {"type": "string", "format": "date"}, "text": {"type": "string"},
        "amount": {"type": "number"}, "balance": {"type": "number"}
    }});
    Sample { text: writer.text, items: json!(items), schema, places: writer.places }
}

fn records(random: &mut Rng) -> Sample {
    let mut writer = Writer::default();
    let mut items = Vec::new();
    for item in 0..random.usize(3..10) {
        let name = random.choice(["Anna Schmidt", "Ben Cole", "Chris Wu"]).unwrap_or("Anna");
        let age = random.u64(30..33);
        let visits = random.u64(30..33);
        let city = random.choice(["Bonn", "Paris"]).unwrap_or("Bonn");
        writer.text("Name: ");
        writer.value(&format!("/{item}/name"), name);
        writer.text("\nAge: ");
        writer.value(&format!("/{item}/age"), &age.to_string());
        writer.text("\nCity: ");
        writer.value(&format!("/{item}/city"), city);
        writer.text("\nVisits: ");
        writer.value(&format!("/{item}/visits"), &visits.to_string());
        writer.text("\n\n");
        items.push(json!({"name": name, "age": age, "city": city, "visits": visits}));
    }
    let schema = json!({"properties": {
        "name": {"type": "string"}, "age": {"type": "integer"}, "city": {"type": "string"},
        "visits": {"type": "integer"}
    }});
    Sample { text: writer.text, items: json!(items), schema, places: writer.places }
}
