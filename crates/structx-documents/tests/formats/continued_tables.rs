//! Tables of PDF files that go on on the next page.

use structx_documents::{BlockKind, Content, Document, ReadOptions, read_bytes};

use super::pdf_tables::{content, pages};

const HEADER: [&str; 3] = ["Item", "Count", "Sum"];
const FIRST: [[&str; 3]; 3] = [["Tea", "12", "18.00"], ["Milk", "1", "2.00"], ["Jam", "3", "9.50"]];
const NEXT: [[&str; 3]; 2] = [["Salt", "2", "1.20"], ["Flour", "5", "7.25"]];
const LAST: [[&str; 3]; 3] =
    [["Eggs", "30", "10.00"], ["Rice", "4", "6.00"], ["All", "57", "53.95"]];

/// A page with a line at its top, rows from there on, and a line at its foot.
fn page(top: &str, rows: &[[&str; 3]], foot: &str) -> String {
    let mut texts = vec![(50, 40, top), (50, 560, foot)];
    for (row, y) in rows.iter().zip((100..).step_by(12)) {
        texts.extend([50, 200, 300].into_iter().zip(row).map(|(x, text)| (x, y, *text)));
    }
    texts.retain(|(_, _, text)| !text.is_empty());
    content(&texts)
}

fn with_header<'a>(rows: &[[&'a str; 3]]) -> Vec<[&'a str; 3]> {
    [&[HEADER][..], rows].concat()
}

fn read(contents: &[String]) -> Document {
    match read_bytes("some.pdf", pages(contents), &ReadOptions::default()) {
        Ok(Content::Document(document)) => document,
        other => panic!("not a document: {other:?}"),
    }
}

fn is_joined(contents: &[String]) -> bool {
    let document = read(contents);
    let kinds = |kind| document.blocks.iter().filter(|block| block.kind == kind).count();
    let (tables, rests) = (kinds(BlockKind::Table), kinds(BlockKind::ContinuedTable));
    assert_eq!(tables + rests, 2, "{}", document.text);
    rests == 1
}

#[test]
fn a_table_on_three_pages_is_one() {
    let document = read(&[
        page("", &with_header(&FIRST), "Page 1 of 3"),
        page("Continued", &with_header(&NEXT), "Page 2 of 3"),
        page("Continued", &LAST, "Page 3 of 3"),
    ]);
    let expected = "\
| Item | Count | Sum |
| --- | --- | --- |
| Tea | 12 | 18.00 |
| Milk | 1 | 2.00 |
| Jam | 3 | 9.50 |

Page 1 of 3

[page 2]

Continued

| Salt | 2 | 1.20 |
| Flour | 5 | 7.25 |

Page 2 of 3

[page 3]

Continued

| Eggs | 30 | 10.00 |
| Rice | 4 | 6.00 |
| All | 57 | 53.95 |

Page 3 of 3";
    assert_eq!(document.text, expected);
    let cells: Vec<(u32, u32, Option<u32>, &str)> = document
        .blocks
        .iter()
        .filter_map(|block| match block.kind {
            BlockKind::Cell { row, column } => {
                Some((row, column, block.page, &document.text[block.range.clone()]))
            }
            _ => None,
        })
        .collect();
    assert_eq!(cells.len(), 27);
    assert_eq!(cells[12], (4, 0, Some(2), "Salt"));
    assert_eq!(cells[26], (8, 2, Some(3), "53.95"));
    let start = document.text.find("10.00").unwrap();
    let places = document.locate(start..start + 5);
    assert_eq!(places.len(), 1, "{places:?}");
    let bounds = places[0].bounds.unwrap();
    assert_eq!(places[0].page, Some(3));
    assert!((bounds.left - 300.0).abs() < 1.0 && bounds.top < 100.0 && bounds.bottom > 100.0);
    for (page, text) in document.pages.iter().zip(["Tea", "Salt", "Eggs"]) {
        assert!(document.text[page.range.clone()].contains(text), "{page:?}");
    }
}

#[test]
fn a_letterhead_of_both_pages_does_not_part_a_table() {
    let first = page("Ann Example Ltd", &with_header(&FIRST), "Example Street");
    let next = page("Ann Example Ltd", &with_header(&NEXT), "Example Street");
    assert!(is_joined(&[first, next]));
}

#[test]
fn another_table_on_the_next_page_stays_one() {
    let first = || page("", &with_header(&FIRST), "1");
    assert!(is_joined(&[first(), page("", &with_header(&LAST), "2")]));
    assert!(is_joined(&[first(), page("", &LAST, "2")]));
    let other = [&[["Item", "Weight", "Size"]][..], &LAST].concat();
    let years = [&[["Item", "2019", "2020"]][..], &LAST].concat();
    for (what, pages) in [
        ("another header", [first(), page("", &other, "2")]),
        ("a header of years", [first(), page("", &years, "2")]),
        ("a title", [first(), page("What we ate", &with_header(&LAST), "2")]),
        ("a text below", [page("", &with_header(&FIRST), "Thank you"), page("", &LAST, "2")]),
    ] {
        assert!(!is_joined(&pages), "{what}");
    }
    let moved = page("", &with_header(&LAST), "2").replace(" 300 ", " 360 ");
    assert!(!is_joined(&[first(), moved]), "other columns");
}
