//! Tests with made-up words and ruling lines.

use hayro_interpret::kurbo::Rect;
use proptest::prelude::*;

use super::TableGrid;
use crate::ReadOptions;
use crate::context::ReadContext;
use crate::pdf::drawing::ruling_lines::{RulingLine, level, upright};
use crate::pdf::layout::rotation::Rotation;
use crate::pdf::layout::test_words::words;
use crate::pdf::layout::words::PageWord;

fn find(words: &[PageWord], rulings: &[RulingLine]) -> Vec<TableGrid> {
    super::find(&ReadContext::new("x", &ReadOptions::default()), words, rulings).unwrap()
}

/// Rows of cells as text, `|` between them.
fn written(grid: &TableGrid, words: &[PageWord]) -> Vec<String> {
    let text = |cell: &crate::markdown_table::MarkdownCell| {
        cell.words.iter().map(|word| word.0.as_str()).collect::<Vec<_>>().join(" ")
    };
    let row = |row: Vec<crate::markdown_table::MarkdownCell>| {
        row.iter().map(text).collect::<Vec<_>>().join("|")
    };
    grid.rows(words, Rotation::UPRIGHT).into_iter().map(row).collect()
}

pub(super) fn tables(texts: &[(f64, f64, &str)], rulings: &[RulingLine]) -> Vec<Vec<String>> {
    let words = words(texts);
    find(&words, rulings).iter().map(|grid| written(grid, &words)).collect()
}

/// Rows of text in columns from the given places.
pub(super) fn rows(
    lefts: &[f64],
    top: f64,
    rows: &[&[&'static str]],
) -> Vec<(f64, f64, &'static str)> {
    let mut texts = Vec::new();
    let mut baseline = top;
    for row in rows {
        let cells = lefts.iter().zip(*row).filter(|(_, text)| !text.is_empty());
        texts.extend(cells.map(|(left, text)| (*left, baseline, *text)));
        baseline += 12.0;
    }
    texts
}

#[test]
fn rules_that_cross_make_cells_and_spans() {
    let texts = [
        (55.0, 112.0, "Name of"),
        (55.0, 124.0, "the tea"),
        (155.0, 112.0, "Price"),
        (155.0, 132.0, "net"),
        (205.0, 132.0, "gross"),
        (55.0, 152.0, "Green"),
        (205.0, 152.0, "2.50"),
        (55.0, 172.0, "Black"),
        (155.0, 172.0, "3.00"),
        (205.0, 172.0, "3.57"),
    ];
    let rulings = [
        level(100.0, 50.0, 250.0),
        level(120.0, 150.0, 250.0),
        level(140.0, 50.0, 250.0),
        level(160.0, 50.0, 250.0),
        level(180.0, 50.0, 250.0),
        upright(50.0, 100.0, 180.0),
        upright(150.0, 100.0, 180.0),
        upright(200.0, 120.0, 180.0),
        upright(250.0, 100.0, 180.0),
    ];
    let expected = ["Name of the tea|Price", "|net|gross", "Green||2.50", "Black|3.00|3.57"];
    assert_eq!(tables(&texts, &rulings), [expected]);
    let words = words(&texts);
    let grid = &find(&words, &rulings)[0];
    assert_eq!(grid.bounds, Rect::new(50.0, 100.0, 250.0, 180.0));
    let price = grid.cells.iter().find(|cell| (cell.row, cell.column) == (0, 1)).unwrap();
    assert_eq!((price.rows, price.columns), (1, 2));
    let name = &grid.cells[0];
    assert_eq!((name.rows, name.columns, name.words.len()), (2, 1, 4));
}

#[test]
fn cells_are_read_from_right_to_left_where_their_letters_are() {
    let texts = rows(
        &[55.0, 155.0],
        112.0,
        &[&["name", "עולם שלום"], &["אחד", "12"], &["שתיים", "and שלום עולם"]],
    );
    let rulings: Vec<RulingLine> = [100.0, 115.0, 127.0, 139.0]
        .map(|y| level(y, 50.0, 300.0))
        .into_iter()
        .chain([50.0, 150.0, 300.0].map(|x| upright(x, 100.0, 139.0)))
        .collect();
    let expected = ["name|שלום עולם", "אחד|12", "שתיים|עולם שלום and"];
    assert_eq!(tables(&texts, &rulings), [expected]);
}

#[test]
fn numbers_part_the_rows_that_no_rules_do() {
    let texts = [
        (55.0, 112.0, "Item"),
        (155.0, 112.0, "Sum"),
        (55.0, 132.0, "Tea that is"),
        (55.0, 144.0, "green"),
        (155.0, 132.0, "1.00"),
        (55.0, 156.0, "Milk"),
        (155.0, 156.0, "2.00"),
        (55.0, 168.0, "Sugar"),
        (155.0, 168.0, "3.00"),
    ];
    let rulings = [
        level(100.0, 50.0, 250.0),
        level(120.0, 50.0, 250.0),
        level(180.0, 50.0, 250.0),
        upright(50.0, 100.0, 180.0),
        upright(150.0, 100.0, 180.0),
        upright(250.0, 100.0, 180.0),
    ];
    let expected = ["Item|Sum", "Tea that is green|1.00", "Milk|2.00", "Sugar|3.00"];
    assert_eq!(tables(&texts, &rulings), [expected]);
}

#[test]
fn level_rules_and_white_columns_are_a_table() {
    let texts = rows(
        &[50.0, 150.0, 250.0],
        112.0,
        &[&["Town", "River", "Bank"], &["Ulm", "Danube", "left"], &["Trier", "Moselle", "right"]],
    );
    let rulings = [100.0, 116.0, 142.0].map(|y| level(y, 50.0, 290.0));
    let expected = ["Town|River|Bank", "Ulm|Danube|left", "Trier|Moselle|right"];
    assert_eq!(tables(&texts, &rulings), [expected]);
    // Without the rules it is too little to tell.
    assert!(tables(&texts, &[]).is_empty());
}

#[test]
fn white_columns_alone_are_a_table_where_numbers_are() {
    let texts = [
        // A title over it and a remark below are not its rows.
        (50.0, 80.0, "What we sold"),
        (50.0, 112.0, "Item"),
        (150.0, 112.0, "Count"),
        (250.0, 112.0, "Sum"),
        (50.0, 124.0, "Tea"),
        (165.0, 124.0, "12"),
        (245.0, 124.0, "18.00"),
        (50.0, 136.0, "Milk"),
        (170.0, 136.0, "1"),
        (250.0, 136.0, "2.00"),
        (50.0, 148.0, "Delivery"),
        (250.0, 148.0, "5.00"),
        (50.0, 160.0, "Honey"),
        (160.0, 160.0, "100"),
        (240.0, 160.0, "250.00"),
        (50.0, 190.0, "Thank you"),
    ];
    let expected =
        ["Item|Count|Sum", "Tea|12|18.00", "Milk|1|2.00", "Delivery||5.00", "Honey|100|250.00"];
    assert_eq!(tables(&texts, &[]), [expected]);
}

#[test]
fn lines_of_a_cell_are_one_row() {
    let mut texts = vec![
        (50.0, 100.0, "Day"),
        (120.0, 100.0, "What"),
        (270.0, 100.0, "Hours"),
        (420.0, 100.0, "Sum"),
    ];
    for (top, day) in [(112.0, "1/2"), (148.0, "1/3"), (184.0, "1/4")] {
        texts.extend([
            (50.0, top, day),
            (120.0, top, "Review of the papers"),
            (270.0, top, "0.10"),
            (420.0, top, "$17.50"),
            // Over the edge of its column.
            (120.0, top + 12.0, "that came by mail and by telephone"),
        ]);
    }
    texts.extend([(120.0, 220.0, "Total"), (420.0, 220.0, "$52.50")]);
    let row =
        |day| format!("{day}|Review of the papers that came by mail and by telephone|0.10|$17.50");
    let expected = [
        "Day|What|Hours|Sum".to_owned(),
        row("1/2"),
        row("1/3"),
        row("1/4"),
        "|Total||$52.50".to_owned(),
    ];
    assert_eq!(tables(&texts, &[]), [expected]);
}

#[test]
fn signs_belong_to_their_numbers_and_a_header_reaches_over_columns() {
    let texts = [
        (155.0, 100.0, "Year to June"),
        (150.0, 112.0, "2023"),
        (220.0, 112.0, "2024"),
        (50.0, 124.0, "Sales"),
        (140.0, 124.0, "$"),
        (155.0, 124.0, "500"),
        (210.0, 124.0, "$"),
        (225.0, 124.0, "700"),
        (50.0, 136.0, "Costs"),
        (155.0, 136.0, "100"),
        (225.0, 136.0, "200"),
        (50.0, 148.0, "Profit"),
        (140.0, 148.0, "$"),
        (155.0, 148.0, "400"),
        (210.0, 148.0, "$"),
        (225.0, 148.0, "500"),
    ];
    let expected =
        ["|Year to June", "|2023|2024", "Sales|$ 500|$ 700", "Costs|100|200", "Profit|$ 400|$ 500"];
    assert_eq!(tables(&texts, &[]), [expected]);
}

#[test]
fn what_only_looks_like_a_table_is_none() {
    let prose = "some words of a text that goes on";
    let two = [50.0, 320.0];
    let cases = [
        ("prose in two columns", rows(&two, 100.0, &[[prose, prose].as_slice(); 12])),
        ("a paragraph", rows(&[50.0], 100.0, &[[prose].as_slice(); 12])),
        (
            "a list",
            rows(
                &[50.0, 70.0],
                100.0,
                &[&["1.", "milk"], &["2.", "tea"], &["3.", "honey"], &["4.", "bread"]],
            ),
        ),
        (
            "a form",
            rows(
                &[50.0, 150.0],
                100.0,
                &[
                    &["Number:", "17"],
                    &["Date:", "1/2/2024"],
                    &["Sum:", "12.50"],
                    &["Name:", "Ann"],
                ],
            ),
        ),
        (
            "contents",
            rows(
                &[50.0, 70.0, 300.0],
                100.0,
                &[
                    &["1", "Start", "1"],
                    &["2", "Middle", "12"],
                    &["3", "Long part", "30"],
                    &["4", "End", "41"],
                ],
            ),
        ),
        (
            "addresses",
            rows(
                &[50.0, 300.0],
                100.0,
                &[&["Ann Example", "Bob Sample"], &["1 Road", "2 Street"], &["Town", "City"]],
            ),
        ),
    ];
    for (name, texts) in cases {
        assert_eq!(tables(&texts, &[]), Vec::<Vec<String>>::new(), "{name}");
    }
}

#[test]
fn a_frame_around_text_is_no_table() {
    let texts = rows(&[60.0], 112.0, &[&["one"], &["two"], &["three"]]);
    let rulings = [
        level(100.0, 50.0, 250.0),
        level(150.0, 50.0, 250.0),
        upright(50.0, 100.0, 150.0),
        upright(250.0, 100.0, 150.0),
    ];
    assert!(tables(&texts, &rulings).is_empty());
}

#[test]
fn dots_and_pieces_are_one_rule() {
    let dots: Vec<RulingLine> =
        (0..50).map(|dot| level(100.2, f64::from(dot) * 3.0, f64::from(dot) * 3.0 + 1.0)).collect();
    assert_eq!(super::lattice::merge(&dots), [level(100.2, 0.0, 148.0)]);
    let segments = [level(10.0, 0.0, 50.0), upright(10.0, 0.0, 50.0), level(11.0, 52.0, 90.0)];
    assert_eq!(
        super::lattice::merge(&segments),
        [level(10.0, 0.0, 90.0), upright(10.0, 0.0, 50.0)]
    );
}

proptest! {
    #[test]
    fn no_word_is_in_two_cells(
        texts in prop::collection::vec((0..12_u8, 0..30_u8, "[a-z]{1,9}|[0-9]{1,6}"), 0..150),
        lines in prop::collection::vec((any::<bool>(), 0..12_u8, 0..12_u8, 0..12_u8), 0..30),
    ) {
        let texts: Vec<(f64, f64, &str)> = texts
            .iter()
            .map(|(x, y, text)| (f64::from(*x) * 45.0, f64::from(*y) * 14.0, text.as_str()))
            .collect();
        let ruling = |(level, at, start, length): &(bool, u8, u8, u8)| {
            let [at, start, length] = [at, start, length].map(|place| f64::from(*place) * 45.0 - 4.0);
            RulingLine { level: *level, at, start, end: start + length }
        };
        let rulings: Vec<RulingLine> = lines.iter().map(ruling).collect();
        let words = words(&texts);
        let mut seen = vec![false; words.len()];
        for grid in find(&words, &rulings) {
            let mut last = None;
            for cell in &grid.cells {
                prop_assert!(last < Some((cell.row, cell.column)));
                last = Some((cell.row, cell.column + cell.columns - 1));
                prop_assert!(!cell.words.is_empty() && cell.rows > 0 && cell.columns > 0);
            }
            for word in grid.words() {
                prop_assert!(!seen[word]);
                seen[word] = true;
            }
            let written: usize = grid.rows(&words, Rotation::UPRIGHT).iter().flatten().map(|cell| cell.words.len()).sum();
            // Words that touch are joined, and those drawn twice are dropped.
            prop_assert!(written > 0 && written <= grid.words().count());
        }
    }
}

#[test]
fn a_label_between_the_lines_of_a_header_belongs_to_it() {
    let lefts = [50.0, 110.0, 200.0];
    let mut texts = vec![(110.0, 100.0, "Women"), (200.0, 100.0, "Men"), (50.0, 105.0, "Age")];
    let data: [&[&'static str]; 4] =
        [&["(yrs)", "no.", "no."], &["45", "12", "14"], &["55", "21", "17"], &["65", "30", "11"]];
    texts.extend(rows(&lefts, 114.0, &data));
    let found = tables(&texts, &[]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0][..2], ["|Women|Men", "Age (yrs)|no.|no."], "{found:?}");
}

#[test]
fn a_header_ends_at_the_first_ruling_line_across_the_table() {
    let texts = rows(
        &[50.0, 150.0, 200.0, 250.0],
        100.0,
        &[
            &["", "", "Lead", ""],
            &["Name", "1", "2", "3"],
            &["Tea", "4", "5", "6"],
            &["Jam", "7", "8", "9"],
            &["Milk", "3", "4", "5"],
        ],
    );
    let rulings = [level(104.0, 148.0, 280.0), level(116.0, 48.0, 280.0)];
    let data = ["Tea|4|5|6", "Jam|7|8|9", "Milk|3|4|5"];
    let expected: Vec<&str> = ["Name|Lead", "|1|2|3"].into_iter().chain(data).collect();
    assert_eq!(tables(&texts, &rulings), [expected]);
    // Without it, the line of numbers is the first one of data.
    let expected: Vec<&str> = ["||Lead", "Name|1|2|3"].into_iter().chain(data).collect();
    assert_eq!(tables(&texts, &rulings[..1]), [expected]);
}

#[test]
fn the_lines_of_a_label_around_its_numbers_are_one_row() {
    let mut texts = rows(&[50.0, 180.0, 230.0], 80.0, &[&["Cause", "2001", "2002"]]);
    for (top, label, numbers) in [
        (100.0, ["Deaths of adults", "before 75"], ["12", "13"]),
        (130.0, ["Deaths in all", "the states"], ["14", "17"]),
        (160.0, ["Activities of", "All adults"], ["16", "18"]),
    ] {
        texts.extend([(50.0, top, label[0]), (50.0, top + 11.0, label[1])]);
        texts.extend([(180.0, top + 5.5, numbers[0]), (230.0, top + 5.5, numbers[1])]);
    }
    texts.extend(rows(&[50.0, 180.0, 230.0], 190.0, &[&["All", "42", "48"]]));
    let expected = vec![
        "Cause|2001|2002",
        "Deaths of adults before 75|12|13",
        "Deaths in all the states|14|17",
        "Activities of All adults|16|18",
        "All|42|48",
    ];
    assert_eq!(tables(&texts, &[]), [expected]);
}

#[test]
fn a_label_further_left_begins_a_section() {
    let mut texts = rows(
        &[60.0, 180.0, 230.0],
        100.0,
        &[&["Group", "Count", "Sum"], &["Tea drinkers", "5", "6"], &["Islanders of the", "7", "8"]],
    );
    texts.extend([(62.0, 133.0, "Pacific"), (50.0, 142.0, "Sex")]);
    let rest: &[&[&str]] = &[&["Male", "3", "4"], &["Female", "4", "4"], &["Unknown", "1", "2"]];
    texts.extend(rows(&[60.0, 180.0, 230.0], 154.0, rest));
    let expected = vec![
        "Group|Count|Sum",
        "Tea drinkers|5|6",
        "Islanders of the Pacific|7|8",
        "Sex",
        "Male|3|4",
        "Female|4|4",
        "Unknown|1|2",
    ];
    assert_eq!(tables(&texts, &[]), [expected]);
}

#[test]
fn a_label_amid_the_columns_spans_them() {
    let mut texts = rows(
        &[50.0, 150.0, 220.0, 290.0],
        100.0,
        &[
            &["Source", "First", "Second", "Third"],
            &["Tea", "4", "5", "6"],
            &["Jam", "7", "8", "9"],
        ],
    );
    texts.push((206.0, 136.0, "In percent"));
    let rest: &[&[&str]] = &[&["Tea", "14", "15", "16"], &["Jam", "17", "18", "19"]];
    texts.extend(rows(&[50.0, 150.0, 220.0, 290.0], 148.0, rest));
    let found = tables(&texts, &[]);
    assert_eq!(found[0][3], "|In percent", "{found:?}");
    // Near the second column only.
    texts[12].0 = 222.0;
    let found = tables(&texts, &[]);
    assert_eq!(found[0][3], "||In percent", "{found:?}");
}

#[test]
fn a_small_letter_begins_no_section_of_a_header() {
    let data: &[&[&str]] = &[
        &["Adults of 18", "Summer", "Winter"],
        &["and above", "", ""],
        &["Tea", "4", "5"],
        &["Jam", "7", "8"],
        &["Milk", "3", "4"],
    ];
    let found = tables(&rows(&[50.0, 150.0, 250.0], 100.0, data), &[level(116.0, 48.0, 290.0)]);
    assert_eq!(found[0][0], "Adults of 18 and above|Summer|Winter", "{found:?}");
}
