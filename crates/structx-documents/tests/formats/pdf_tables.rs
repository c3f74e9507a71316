//! Tables of PDF files: an invoice with five columns, with rules and without.

use structx_documents::{BlockKind, Bounds, Content, Document, ReadOptions, read_bytes};

const LEFTS: [u32; 5] = [40, 100, 160, 300, 400];
const HEIGHT: u32 = 600;
const HEADER: [&str; 5] = ["Date", "Who", "Description", "Hours", "Amount"];
const ROWS: [[&str; 5]; 4] = [
    ["1/2/24", "ANN", "Review of the papers", "0.50", "$87.50"],
    ["1/3/24", "BOB", "Call", "1.25", "$218.75"],
    ["1/4/24", "ANN", "Letter to the court", "2.00", "$350.00"],
    ["", "", "Total", "", "$656.25"],
];

/// Text at places from the top left corner, in 10 points; a line for what is drawn beside it.
fn pdf(texts: &[(u32, u32, &str)], drawn: &str) -> Vec<u8> {
    let text = |(x, y, text): &(u32, u32, &str)| {
        format!("BT /F1 10 Tf {x} {} Td ({text}) Tj ET\n", HEIGHT - y)
    };
    let content: String = texts.iter().map(text).collect::<String>() + drawn;
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [4 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
        format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 500 {HEIGHT}] /Contents 5 0 R \
             /Resources << /Font << /F1 3 0 R >> >> >>"
        ),
        format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()),
    ];
    let mut file = "%PDF-1.4\n".to_owned();
    let mut offsets = String::new();
    for (number, object) in (1..).zip(&objects) {
        offsets.push_str(&format!("{:010} 00000 n \n", file.len()));
        file.push_str(&format!("{number} 0 obj\n{object}\nendobj\n"));
    }
    let start = file.len();
    let size = objects.len() + 1;
    file.push_str(&format!("xref\n0 {size}\n0000000000 65535 f \n{offsets}"));
    file.push_str(&format!("trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n"));
    file.into_bytes()
}

/// The invoice, with what is drawn beside its text; the first description takes two lines.
fn invoice(drawn: &str) -> Document {
    let mut texts = vec![(40, 60, "Invoice 17 of Ann Example"), (40, 420, "Please pay soon.")];
    texts.extend(LEFTS.iter().zip(HEADER).map(|(left, text)| (*left, 120, text)));
    for (row, top) in ROWS.iter().zip([144, 180, 204, 228]) {
        texts.extend(LEFTS.iter().zip(row).map(|(left, text)| (*left, top, *text)));
    }
    texts.push((160, 156, "and of the letters"));
    texts.retain(|(_, _, text)| !text.is_empty());
    match read_bytes("invoice.pdf", pdf(&texts, drawn), &ReadOptions::default()) {
        Ok(Content::Document(document)) => document,
        other => panic!("not a document: {other:?}"),
    }
}

/// Lines around all rows, and between the columns.
fn rules() -> String {
    let level =
        [104, 128, 164, 188, 212, 236].map(|y| format!("36 {0} m 460 {0} l S\n", HEIGHT - y));
    // The outer ones are thin areas, as many programs draw them.
    let upright =
        [36, 96, 156, 296, 396, 460].map(|x| format!("{x} {} 0.5 132 re f\n", HEIGHT - 236));
    level.concat() + &upright.concat()
}

fn check(document: &Document) {
    let expected = "\
Invoice 17 of Ann Example

| Date | Who | Description | Hours | Amount |
| --- | --- | --- | --- | --- |
| 1/2/24 | ANN | Review of the papers and of the letters | 0.50 | $87.50 |
| 1/3/24 | BOB | Call | 1.25 | $218.75 |
| 1/4/24 | ANN | Letter to the court | 2.00 | $350.00 |
|  |  | Total |  | $656.25 |

Please pay soon.";
    assert_eq!(document.text.trim_start_matches("# "), expected);
    let mut cells = Vec::new();
    for block in &document.blocks {
        if let BlockKind::Cell { row, column } = block.kind {
            cells.push((row, column, &document.text[block.range.clone()]));
            assert_eq!(block.page, Some(1));
        }
    }
    assert_eq!(cells.len(), 22);
    assert_eq!(cells[7], (1, 2, "Review of the papers and of the letters"));
    assert_eq!(cells[20..], [(4, 2, "Total"), (4, 4, "$656.25")]);
}

/// Where the text stands on the page, as a block and as a word.
fn places(document: &Document, text: &str) -> Vec<Bounds> {
    let Some(start) = document.text.find(text) else { panic!("not in the text: {text}") };
    let range = start..start + text.len();
    let block = document.blocks.iter().filter(|block| block.range == range);
    let word = document.words.iter().filter(|word| word.range == range);
    block.filter_map(|block| block.bounds).chain(word.map(|word| word.bounds)).collect()
}

#[test]
fn an_invoice_with_rules_is_a_table() {
    check(&invoice(&rules()));
}

#[test]
fn an_invoice_without_rules_is_a_table() {
    check(&invoice(""));
}

#[test]
fn cells_and_their_words_have_places() {
    for drawn in [rules(), String::new()] {
        let document = invoice(&drawn);
        let places = places(&document, "$218.75");
        assert_eq!(places.len(), 2);
        for place in places {
            assert!((place.left - 400.0).abs() < 1.0, "{place:?}");
            assert!(place.top > 168.0 && place.bottom < 185.0, "{place:?}");
        }
    }
}

#[test]
fn a_form_is_no_table() {
    let texts = [
        (40, 60, "Number:"),
        (140, 60, "17"),
        (40, 72, "Date:"),
        (140, 72, "1/2/24"),
        (40, 84, "Total:"),
        (140, 84, "$656.25"),
    ];
    let options = ReadOptions::default();
    let Ok(Content::Document(document)) = read_bytes("form.pdf", pdf(&texts, ""), &options) else {
        panic!("not a document");
    };
    assert!(document.blocks.iter().all(|block| block.kind != BlockKind::Table), "{document:?}");
}
