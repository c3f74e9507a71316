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
    pages(&[content(texts) + drawn])
}

pub fn content(texts: &[(u32, u32, &str)]) -> String {
    let text = |(x, y, text): &(u32, u32, &str)| {
        format!("BT /F1 10 Tf {x} {} Td ({text}) Tj ET\n", HEIGHT - y)
    };
    texts.iter().map(text).collect()
}

/// A PDF of pages, each given as what is drawn on it.
pub fn pages(contents: &[String]) -> Vec<u8> {
    let kids: String = (0..contents.len()).map(|page| format!("{} 0 R ", 4 + 2 * page)).collect();
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!("<< /Type /Pages /Kids [{kids}] /Count {} >>", contents.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    for (page, content) in contents.iter().enumerate() {
        objects.push(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 500 {HEIGHT}] /Contents {} 0 R \
             /Resources << /Font << /F1 3 0 R >> >> >>",
            5 + 2 * page
        ));
        objects.push(format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()));
    }
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

/// What is drawn for the invoice, with what is drawn beside its text; the first description takes two
/// lines.
fn invoice_content(drawn: &str) -> String {
    let mut texts = vec![(40, 60, "Invoice 17 of Ann Example"), (40, 420, "Please pay soon.")];
    texts.extend(LEFTS.iter().zip(HEADER).map(|(left, text)| (*left, 120, text)));
    for (row, top) in ROWS.iter().zip([144, 180, 204, 228]) {
        texts.extend(LEFTS.iter().zip(row).map(|(left, text)| (*left, top, *text)));
    }
    texts.push((160, 156, "and of the letters"));
    texts.retain(|(_, _, text)| !text.is_empty());
    content(&texts) + drawn
}

fn read(content: String) -> Document {
    match read_bytes("invoice.pdf", pages(&[content]), &ReadOptions::default()) {
        Ok(Content::Document(document)) => document,
        other => panic!("not a document: {other:?}"),
    }
}

fn invoice(drawn: &str) -> Document {
    read(invoice_content(drawn))
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
fn a_turned_invoice_is_a_table() {
    let content = invoice_content(&rules());
    for (turned, left, bottom) in
        [("0 1 -1 0 600 0", 172.0, 400.0), ("0 -1 1 0 -100 500", 318.0, 100.0)]
    {
        let document = read(format!("q {turned} cm\n{content}Q"));
        check(&document);
        for place in places(&document, "$218.75") {
            assert!(place.right - place.left < place.bottom - place.top, "{place:?}");
            assert!((place.left - left).abs() < 20.0, "{place:?}");
            assert!(
                (f64::from(HEIGHT) - f64::from(place.bottom) - bottom).abs() < 40.0,
                "{place:?}"
            );
        }
    }
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

/// The text of a page with words and what is drawn.
fn text(words: &[(u32, u32, &str)], drawn: &str) -> String {
    match read_bytes("table.pdf", pdf(words, drawn), &ReadOptions::default()) {
        Ok(Content::Document(document)) => document.text,
        other => panic!("not a document: {other:?}"),
    }
}

/// Rows of a label and amounts, 12 points apart.
fn amounts<'a>(top: u32, lefts: [u32; 4], rows: &[[&'a str; 4]]) -> Vec<(u32, u32, &'a str)> {
    let row = |(index, row): (usize, &[&'a str; 4])| {
        let y = top + 12 * u32::try_from(index).unwrap();
        let cells: Vec<_> = lefts.iter().zip(row).map(|(x, text)| (*x, y, *text)).collect();
        cells
    };
    rows.iter().enumerate().flat_map(row).collect()
}

#[test]
fn labels_of_a_header_span_columns_and_lines() {
    let lefts = [40, 160, 240, 320];
    let mut words = vec![
        // A remark over the table, and a short label over three columns.
        (215, 100, "[in thousands]"),
        (215, 120, "Enrolment"),
        (240, 134, "Not"),
        (40, 146, "Year"),
        (160, 146, "Total"),
        (240, 146, "public"),
        (320, 146, "Public"),
    ];
    words.extend(amounts(
        164,
        lefts,
        &[
            ["2001", "45,611", "5,217", "40,394"],
            ["2002", "46,127", "5,241", "40,886"],
            ["2003", "46,539", "5,217", "41,322"],
        ],
    ));
    let level = |x: u32, y: u32, end: u32| format!("{x} {0} m {end} {0} l S\n", HEIGHT - y);
    let rules = level(38, 108, 360) + &level(158, 124, 360) + &level(38, 152, 360);
    let expected = "\
[in thousands]

| Year | Enrolment |  |  |
| --- | --- | --- | --- |
|  | Total | Not public | Public |
| 2001 | 45,611 | 5,217 | 40,394 |
| 2002 | 46,127 | 5,241 | 40,886 |
| 2003 | 46,539 | 5,217 | 41,322 |";
    assert_eq!(text(&words, &rules), expected);
}

#[test]
fn years_are_labels_of_columns_and_amounts_are_not() {
    let lefts = [40, 160, 240, 320];
    let header = [["", "2001", "2002", "2003"], ["Item", "EUR", "EUR", "EUR"]];
    let rows = [["Tea", "12", "13", "14"], ["Milk", "1", "2", "3"], ["Jam", "5", "6", "7"]];
    let words: Vec<_> = [amounts(100, lefts, &header), amounts(124, lefts, &rows)]
        .concat()
        .into_iter()
        .filter(|(_, _, text)| !text.is_empty())
        .collect();
    let found = text(&words, "");
    assert!(found.starts_with("| Item | 2001 EUR | 2002 EUR | 2003 EUR |"), "{found}");
    // A line of amounts without a label is data.
    let rows = [
        ["", "1.50", "2.50", "3.50"],
        ["Tea", "1.20", "2.20", "3.20"],
        ["Jam", "1.10", "2.10", "3.10"],
    ];
    let words: Vec<_> = [amounts(100, lefts, &header[1..]), amounts(112, lefts, &rows)]
        .concat()
        .into_iter()
        .filter(|(_, _, text)| !text.is_empty())
        .collect();
    let found = text(&words, "");
    assert!(found.contains("| Item | EUR | EUR | EUR |"), "{found}");
    assert!(found.contains("\n|  | 1.50 | 2.50 | 3.50 |\n"), "{found}");
}

#[test]
fn a_title_and_a_note_within_the_ruling_lines_are_not_rows() {
    let words = [
        (44, 115, "Table 3: Prices of the year 2025"),
        (44, 135, "Item"),
        (204, 135, "Price"),
        (44, 155, "Tea"),
        (204, 155, "1.50"),
        (44, 175, "Milk"),
        (204, 175, "0.80"),
        (44, 195, "Source: the price list that was sent out in May"),
    ];
    let level = [100, 120, 140, 160, 180, 200];
    let level = level.map(|y| format!("40 {0} m 360 {0} l S\n", HEIGHT - y)).concat();
    let upright = format!(
        "40 {0} m 40 {1} l S\n360 {0} m 360 {1} l S\n200 {2} m 200 {3} l S\n",
        HEIGHT - 100,
        HEIGHT - 200,
        HEIGHT - 120,
        HEIGHT - 180
    );
    let expected = "\
Table 3: Prices of the year 2025

| Item | Price |
| --- | --- |
| Tea | 1.50 |
| Milk | 0.80 |

Source: the price list that was sent out in May";
    assert_eq!(text(&words, &(level + &upright)), expected);
}

#[test]
fn shading_of_paragraphs_within_shaded_cells_makes_no_columns() {
    let words = [
        (50, 115, "Country"),
        (210, 115, "Signed"),
        (50, 135, "Algeria"),
        (210, 135, "6.19"),
        (50, 155, "Egypt"),
        (210, 155, "6.60"),
    ];
    let area = |x: u32, y: u32, width: u32, height: u32| {
        format!("{x} {} {width} {height} re f\n", HEIGHT - y - height)
    };
    let shaded = "0.8 g\n".to_owned()
        + &area(40, 100, 160, 20)
        + &area(46, 100, 148, 20)
        + &area(200, 100, 160, 20)
        + &area(206, 100, 148, 20)
        + "0 g\n";
    let level = [100, 120, 140, 160].map(|y| format!("40 {0} m 360 {0} l S\n", HEIGHT - y));
    let upright =
        [40, 200, 360].map(|x| format!("{x} {} m {x} {} l S\n", HEIGHT - 100, HEIGHT - 160));
    let found = text(&words, &(shaded + &level.concat() + &upright.concat()));
    assert_eq!(found, "| Country | Signed |\n| --- | --- |\n| Algeria | 6.19 |\n| Egypt | 6.60 |");
}

#[test]
fn a_table_with_longer_numbers_at_its_end_is_one() {
    let mut words = amounts(
        100,
        [40, 160, 213, 269],
        &[
            ["Age", "Men", "Women", "All"],
            ["0-9", "1,022", "1,087", "2,109"],
            ["10-19", "2,568", "2,586", "5,154"],
            ["20-29", "3,576", "3,867", "7,443"],
        ],
    );
    // Numbers of 50 points, which leave 3 points free over all rows.
    words.extend(amounts(
        148,
        [40, 160, 216, 272],
        &[
            ["30-39", "90,057,499", "94,823,234", "9,965,622"],
            ["40-49", "91,057,499", "95,823,234", "8,965,622"],
            ["All", "92,057,499", "96,823,234", "7,965,622"],
        ],
    ));
    let found = text(&words, "");
    assert_eq!(found.matches("\n| --- ").count(), 1, "{found}");
    assert!(found.ends_with("| All | 92,057,499 | 96,823,234 | 7,965,622 |"), "{found}");
}

#[test]
fn a_typed_ruling_line_parts_the_header_and_is_no_row() {
    let mut texts = vec![(40, 100, "Item"), (160, 100, "Count"), (300, 100, "Amount")];
    let rule = "-".repeat(80);
    texts.push((40, 112, &rule));
    for (y, item, count, amount) in
        [(124, "Tea", "1", "2.00"), (136, "Milk", "3", "4.50"), (148, "Jam", "2", "7.00")]
    {
        texts.extend([(40, y, item), (160, y, count), (300, y, amount)]);
    }
    let text = text(&texts, "");
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with('|')).collect();
    assert_eq!(rows[0], "| Item | Count | Amount |", "{text}");
    assert_eq!(rows.len(), 5, "{text}");
}
