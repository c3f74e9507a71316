use super::{HeadCell, HeadKind, HeadRow, header, number_equal_names};
use crate::HeaderRow;

/// A row a line, cells parted by `|`; `<` widens the cell before it.
fn rows(text: &str) -> Vec<HeadRow<'_>> {
    let mut rows = Vec::new();
    for (number, line) in (0..).zip(text.lines()) {
        let mut cells: Vec<HeadCell> = Vec::new();
        for (column, cell) in (0..).zip(line.split('|').map(str::trim)) {
            match (cell, cells.last_mut()) {
                ("", _) => {}
                ("<", Some(last)) => last.columns = *last.columns.start()..=column,
                _ => cells.push(HeadCell {
                    columns: column..=column,
                    text: cell.into(),
                    kind: HeadKind::of_text(cell),
                }),
            }
        }
        if !cells.is_empty() {
            rows.push(HeadRow { number, cells });
        }
    }
    rows
}

#[test]
fn the_header_is_found() {
    for (text, titles, names) in [
        ("a|b\n1|2", 0, "a,b"),
        ("Report of May\nitem|price|tax\nTea|1|2", 1, "item,price,tax"),
        ("Report\nBern, 2024\n\nitem|price\nTea|1\nRum|2", 2, "item,price"),
        // A form above the table.
        ("Name|Ann\nDate|2024-01-02\n\nitem|price|tax\nTea|1|2", 2, "item,price,tax"),
        // Two rows, merged or not.
        (
            "Region|2024|<|2025|<\n|Q1|Q2|Q1|Q2\nNorth|1|2|3|4",
            0,
            "Region,2024 / Q1,2024 / Q2,2025 / Q1,2025 / Q2",
        ),
        (
            "|2024||2025\nRegion|Q1|Q2|Q1|Q2\nNorth|1|2|3|4",
            0,
            "Region,2024 / Q1,2024 / Q2,2025 / Q1,2025 / Q2",
        ),
        ("Sales|<|<\nRegion|Q1|Q2\nNorth|1|2", 1, "Region,Q1,Q2"),
        ("Region|2023|2024\nNorth|1|2", 0, "Region,2023,2024"),
        // Nothing but values: the first row, as ever.
        ("1|2\n3|4", 0, "1,2"),
        // A record may look like names; those before it are not titles.
        ("1|Ann|2\n2|Bob|3\nx|Eve|y\n4|Dan|5", 0, "1,Ann,2"),
        // A name above a ragged list of texts is no title.
        ("name\nAlice|Bob\nCarl|Dan", 0, "name"),
        ("name", 0, "name"),
        ("a|b", 0, "a,b"),
    ] {
        let found = header(&rows(text), HeaderRow::Found).unwrap();
        let found_names: Vec<_> = found.names.values().map(String::as_str).collect();
        assert_eq!((found.rows.start, found_names.join(",").as_str()), (titles, names), "{text}");
    }
    assert_eq!(header(&[], HeaderRow::Found), None);
    let given = rows("x\na|b\n1|2");
    assert_eq!(header(&given, HeaderRow::At(1)).unwrap().rows, 1..2);
    assert_eq!(header(&given, HeaderRow::At(3)), None);
    assert_eq!(header(&given, HeaderRow::None).unwrap().rows, 0..0);
}

#[test]
fn equal_names_are_numbered() {
    for (names, expected) in [
        ("a,b", "a,b"),
        ("a,a,b,a", "a,a.1,b,a.2"),
        ("a,a.1,a,a", "a,a.1,a.2,a.3"),
        ("x,y,y,x", "x,y,y.1,x.1"),
    ] {
        let mut columns: Vec<String> = names.split(',').map(str::to_owned).collect();
        let mut warnings = Vec::new();
        number_equal_names(&mut columns, &mut warnings);
        assert_eq!(columns.join(","), expected);
        assert_eq!(warnings.len(), usize::from(names != expected), "{warnings:?}");
    }
}
