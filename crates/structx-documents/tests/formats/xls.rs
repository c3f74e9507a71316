//! XLS workbooks made by the tests themselves, read as a user's are.

use proptest::prelude::*;
use serde_json::{Value, json};
use structx_documents::table::{Cell, Table};
use structx_documents::{Content, FileErrorKind, ReadOptions, read_bytes};

use crate::damage::damaged;

fn table(bytes: Vec<u8>) -> Table {
    let options = ReadOptions::from_json(r#"{"as": "records"}"#).unwrap();
    match read_bytes("a.xls", bytes, &options) {
        Ok(Content::Table(table)) => table,
        other => panic!("not a table: {other:?}"),
    }
}

fn values(table: &Table) -> Vec<Vec<Value>> {
    let records = table.records.iter();
    records.map(|record| record.cells(table.columns.len()).map(Cell::value).collect()).collect()
}

/// A record of a stream of an XLS.
fn record(typ: u16, parts: &[&[u8]]) -> Vec<u8> {
    let data = parts.concat();
    let length = u16::try_from(data.len()).unwrap();
    [&typ.to_le_bytes()[..], &length.to_le_bytes(), &data].concat()
}

/// The start of a record of a cell: its place and its format.
fn at(row: u16, column: u16, format: u16) -> Vec<u8> {
    [row, column, format].iter().flat_map(|number| number.to_le_bytes()).collect()
}

/// A compound file that holds one stream.
fn compound(mut stream: Vec<u8>) -> Vec<u8> {
    const SECTOR: usize = 512;
    stream.resize(stream.len().max(4096).next_multiple_of(SECTOR), 0);
    let sectors = u32::try_from(stream.len() / SECTOR).unwrap();
    let mut header = vec![0; SECTOR];
    header[..8].copy_from_slice(b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1");
    header[24..34].copy_from_slice(&[0x3E, 0, 3, 0, 0xFE, 0xFF, 9, 0, 6, 0]);
    header[76..].fill(0xFF);
    for (place, number) in
        [(44, 1), (48, 1), (56, 4096), (60, 0xFFFF_FFFE), (68, 0xFFFF_FFFE), (76, 0)]
    {
        header[place..place + 4].copy_from_slice(&u32::to_le_bytes(number));
    }
    // Sector 0 is the table of sectors, 1 the directory, the rest is the stream.
    let mut next: Vec<u32> = vec![0xFFFF_FFFD, 0xFFFF_FFFE];
    next.extend((0..sectors).map(|n| if n + 1 == sectors { 0xFFFF_FFFE } else { n + 3 }));
    next.resize(SECTOR / 4, 0xFFFF_FFFF);
    let entry = |name: &str, kind: u8, child: u32, start: u32, size: u32| {
        let mut entry = vec![0; 128];
        for (place, unit) in name.encode_utf16().enumerate() {
            entry[2 * place..2 * place + 2].copy_from_slice(&unit.to_le_bytes());
        }
        entry[64] = u8::try_from(2 * name.len() + 2).unwrap();
        (entry[66], entry[67]) = (kind, 1);
        entry[68..76].fill(0xFF);
        for (place, number) in [(76, child), (116, start), (120, size)] {
            entry[place..place + 4].copy_from_slice(&number.to_le_bytes());
        }
        entry
    };
    let size = u32::try_from(stream.len()).unwrap();
    let mut directory = entry("Root Entry", 5, 1, 0xFFFF_FFFE, 0);
    directory.extend(entry("Workbook", 2, 0xFFFF_FFFF, 2, size));
    directory.resize(SECTOR, 0);
    let next: Vec<u8> = next.iter().flat_map(|number| number.to_le_bytes()).collect();
    [header, next, directory, stream].concat()
}

fn xls(sheet: &[Vec<u8>]) -> Vec<u8> {
    let start = record(0x809, &[&[0, 6, 5, 0]]);
    let end = record(0x0A, &[]);
    let wide: Vec<u8> = "Zürich".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut globals = [
        start.clone(),
        record(0x41E, &[&[164, 0, 6, 0, 0], b"[h]:mm"]),
        record(0xE0, &[&[0, 0, 0, 0]]),
        record(0xE0, &[&[0, 0, 14, 0]]),
        record(0xE0, &[&[0, 0, 164, 0]]),
        // The second text goes on in the next record, in wide characters.
        record(0xFC, &[&[2, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0], b"007", &[8, 0, 8, 1, 0], b"in"]),
        record(0x3C, &[&[1], &wide, &[9, 9, 9, 9]]),
    ]
    .concat();
    let bound = 4 + 8 + 5;
    let place = u32::try_from(globals.len() + bound + end.len()).unwrap();
    globals.extend(record(0x85, &[&place.to_le_bytes(), &[0, 0, 5, 0], b"Sheet"]));
    globals.extend(&end);
    assert_eq!(globals.len(), place as usize);
    compound([globals, start, sheet.concat(), end].concat())
}

#[test]
fn xls_cells() {
    let text = |row, column, text: &[u8]| {
        let length = u8::try_from(text.len()).unwrap();
        record(0x204, &[&at(row, column, 0), &[length, 0, 0], text])
    };
    let chart = [record(0x809, &[&[0, 6, 0x20, 0]]), text(9, 9, b"chart"), record(0x0A, &[])];
    let sheet = [
        text(0, 0, b"a"),
        text(0, 1, b"b"),
        record(0xFD, &[&at(1, 0, 0), &[0, 0, 0, 0]]),
        record(0xFD, &[&at(1, 1, 0), &[1, 0, 0, 0]]),
        record(0x203, &[&at(2, 0, 1), &46_056.5_f64.to_le_bytes()]),
        record(0x203, &[&at(2, 1, 2), &1.5_f64.to_le_bytes()]),
        // 12.34 and 5, packed.
        record(
            0xBD,
            &[
                &at(3, 0, 0),
                &(1234_u32 << 2 | 3).to_le_bytes(),
                &[0, 0],
                &(5_u32 << 2 | 2).to_le_bytes(),
                &[1, 0],
            ],
        ),
        chart.concat(),
        record(0x205, &[&at(4, 0, 0), &[1, 0]]),
        record(0x205, &[&at(4, 1, 0), &[0x2A, 1]]),
        record(0x06, &[&at(5, 0, 0), &[0, 0, 0, 0, 0, 0, 0xFF, 0xFF], &[0; 8]]),
        record(0x207, &[&[3, 0, 0], b"sum"]),
        record(0x06, &[&at(5, 1, 0), &2.5_f64.to_le_bytes(), &[0; 8]]),
        record(0x203, &[&at(6, 1, 0), &7_f64.to_le_bytes()]),
        // A number that is too short is none.
        record(0x203, &[&at(7, 1, 0)]),
        record(0xE5, &[&[1, 0], &[5, 0, 6, 0, 0, 0, 0, 0]]),
    ];
    let found = table(xls(&sheet));
    assert_eq!(found.columns, ["a", "b"]);
    let expected = [
        [json!("007"), json!("inZürich")],
        [json!("2026-02-03T12:00:00"), json!("36:00:00")],
        [json!(12.34), json!(5)],
        [json!(true), Value::Null],
        [json!("sum"), json!(2.5)],
        [json!("sum"), json!(7)],
    ];
    assert_eq!(values(&found), expected);
    assert_eq!(found.warnings.len(), 1, "{:?}", found.warnings);
}

#[test]
fn what_is_hidden_and_commented_is_told() {
    let text = |row, column, text: &[u8]| record(0x204, &[&at(row, column, 0), &[1, 0, 0], text]);
    let sheet = [
        // Column B is hidden, and row 2.
        record(0x7D, &[&[1, 0, 1, 0, 0, 9, 0, 0, 1, 0, 0, 0]]),
        record(0x208, &[&[1, 0, 0, 0, 2, 0, 255, 0, 0, 0, 0, 0, 0x20, 1, 0, 0]]),
        text(0, 0, b"a"),
        text(0, 1, b"b"),
        text(0, 2, b"c"),
        text(1, 0, b"1"),
        text(1, 2, b"2"),
        record(0x5D, &[&[0x15, 0, 0x12, 0, 0x19, 0, 7, 0], &[0; 14]]),
        record(0x1B6, &[&[0; 10], &[3, 0, 16, 0, 0, 0, 0, 0]]),
        record(0x3C, &[&[0], b"why"]),
        record(0x3C, &[&[0; 16]]),
        record(0x1C, &[&[1, 0, 2, 0, 0, 0, 7, 0, 1, 0, 0], b"A"]),
        // A text box, and a chart with its title.
        record(0x5D, &[&[0x15, 0, 0x12, 0, 6, 0, 8, 0], &[0; 14]]),
        record(0x1B6, &[&[0; 10], &[4, 0, 16, 0, 0, 0, 0, 0]]),
        record(0x3C, &[&[0], b"free"]),
        record(0x3C, &[&[0; 16]]),
        record(0x809, &[&[0, 6, 0x20, 0]]),
        record(0x100D, &[&[0, 0, 5, 0], b"Sales"]),
        record(0x0A, &[]),
    ];
    let options = ReadOptions::from_json(r#"{"as": "document"}"#).unwrap();
    let Ok(Content::Document(document)) = read_bytes("a.xls", xls(&sheet), &options) else {
        panic!("not a document");
    };
    let expected = "# Sheet\n\n| a | b [hidden] | c |\n| --- | --- | --- |\n\
        | 1 [hidden] |  | 2 [comment: why] |\n\n[chart: Sales]\n\nfree";
    assert_eq!(document.text, expected);
}

/// The farthest cell of the format: a grid up to it would have 16 million positions.
#[test]
fn a_far_cell_costs_no_grid() {
    let cell =
        |row, column, value: f64| record(0x203, &[&at(row, column, 0), &value.to_le_bytes()]);
    let far = xls(&[cell(0, 0, 1.0), cell(1, 0, 2.0), cell(65_535, 255, 3.0)]);
    let found = table(far);
    assert_eq!(values(&found), [[json!(2), Value::Null], [Value::Null, json!(3)]]);
}

#[test]
fn a_protected_workbook_says_so() {
    let globals = [record(0x809, &[&[0, 6, 5, 0]]), record(0x2F, &[&[1, 0]])].concat();
    let error = read_bytes("a.xls", compound(globals), &ReadOptions::default()).unwrap_err();
    assert_eq!(error.kind, FileErrorKind::PasswordRequired, "{error}");
}

/// A record of a cell with a date.
fn number() -> Vec<u8> {
    record(0x203, &[&at(1, 0, 1), &46_056.5_f64.to_le_bytes()])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A table or an error, whatever is changed or cut off.
    #[test]
    fn damaged_workbooks_never_panic(bytes in damaged(xls(&[number()]))) {
        let _ = read_bytes("a.xls", bytes, &ReadOptions::default());
    }
}
