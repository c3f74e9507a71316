//! Workbooks as documents: sheets as pages, cells with their addresses.

use std::collections::BTreeMap;

use proptest::prelude::*;
use structx_documents::{BlockKind, Content, Document, FileErrorKind, ReadOptions, read_bytes};

use crate::books::{cells, ods, text, texts, three_sheets, xlsx, xlsx_of};

const DOCUMENT: &str = r#"{"as": "document"}"#;

fn content(name: &str, bytes: Vec<u8>, options: &str) -> Content {
    read_bytes(name, bytes, &ReadOptions::from_json(options).unwrap()).unwrap()
}

fn document(name: &str, bytes: Vec<u8>, options: &str) -> Document {
    match content(name, bytes, options) {
        Content::Document(document) => document,
        Content::Table(table) => panic!("not a document: {:?}", table.warnings),
    }
}

fn address(document: &Document, text: &str) -> String {
    let start = document.text.find(text).unwrap();
    let places = document.locate(start..start + text.len());
    let addresses = places.into_iter().map(|place| place.address.unwrap_or_default());
    addresses.collect::<Vec<_>>().join(" ")
}

fn invoice() -> Vec<u8> {
    let sheet = texts(&[
        ("A1", "Invoice 7"),
        ("A2", "Tea | Rum Ltd"),
        ("A4", "Name"),
        ("B4", "Ann"),
        ("A5", "City:"),
        ("B5", "Bern"),
        ("C5", "Zip:"),
        ("D5", "3000"),
        ("A7", "Item"),
        ("C7", "Price"),
        ("A8", "Tea"),
        ("C8", "1.50"),
        ("A10", "Total"),
        ("C10", "1.50"),
    ]);
    xlsx(&[
        ("Q1 '24", "visible", &sheet),
        ("Empty", "visible", "<sheetData/>"),
        ("More", "visible", &texts(&[("B7", "last")])),
        ("Secret", "hidden", &texts(&[("A1", "no")])),
    ])
}

#[test]
fn sheets_are_pages_of_lines_pairs_and_tables() {
    let document = document("a.xlsx", invoice(), "{}");
    let expected = "# Q1 '24\n\nInvoice 7\nTea | Rum Ltd\n\nName: Ann\nCity: Bern\nZip: 3000\n\n\
        | Item | Price |\n| --- | --- |\n| Tea | 1.50 |\n\nTotal: 1.50\n\n[page 2]\n\n# More\n\nlast";
    assert_eq!(document.text, expected);
    let names: Vec<_> = document.pages.iter().map(|page| page.name.as_deref().unwrap()).collect();
    assert_eq!(names, ["Q1 '24", "More"]);
    for (text, expected) in [
        ("Invoice", "'Q1 ''24'!A1"),
        ("Bern", "'Q1 ''24'!B5"),
        ("Name: Ann", "'Q1 ''24'!A4 'Q1 ''24'!B4"),
        ("Tea | 1.50 |", "'Q1 ''24'!A8 'Q1 ''24'!C8"),
        ("last", "More!B7"),
        ("---", ""),
        ("[page 2]", ""),
    ] {
        assert_eq!(address(&document, text), expected, "{text}");
    }
    let table = document.blocks.iter().find(|block| block.kind == BlockKind::Table).unwrap();
    assert_eq!(document.address(&table.range).unwrap(), "'Q1 ''24'!A7:C8");
    assert_eq!(document.address(&(0..document.text.len())), None);
    let warnings = document.warnings.join("; ");
    for part in ["`Secret`", "read as a document", "\"as\": \"records\""] {
        assert!(warnings.contains(part), "{warnings}");
    }
}

#[test]
fn one_clean_list_is_records() {
    let list = [("A1", "name"), ("B1", "age"), ("A2", "Ann"), ("B2", "3")];
    let titled =
        [("A1", "Staff of 2024"), ("A3", "name"), ("B3", "age"), ("A4", "Ann"), ("B4", "3")];
    let form = [("A1", "Name"), ("B1", "Ann"), ("A2", "City"), ("B2", "Bern")];
    let gap = [("A1", "a"), ("B1", "b"), ("A2", "1"), ("B2", "2"), ("A5", "x"), ("B5", "y")];
    let unnamed = [("A1", "a"), ("B1", "b"), ("A2", "1"), ("B2", "2"), ("C2", "3")];
    let lone = [("A1", "a"), ("B1", "b")];
    let lines = [("A1", "Terms"), ("A2", "Pay soon"), ("A3", "Thank you")];
    for (cells, is_list) in [
        (&list[..], true),
        (&lines, false),
        (&titled, true),
        (&form, false),
        (&gap, false),
        (&unnamed, false),
        (&lone, false),
    ] {
        let found = content("a.xlsx", xlsx(&[("S", "visible", &texts(cells))]), "{}");
        assert_eq!(matches!(found, Content::Table(_)), is_list, "{cells:?}");
        let document = document("a.xlsx", xlsx(&[("S", "visible", &texts(cells))]), DOCUMENT);
        assert!(cells.iter().all(|(_, text)| document.text.contains(text)));
    }
}

#[test]
fn sheets_of_a_document_are_chosen() {
    for (options, pages) in [
        (DOCUMENT, "Jan,Feb"),
        (r#"{"as": "document", "sheet_name": ["Secret", 3]}"#, "Secret,Feb"),
        (r#"{"as": "document", "sheet_name": null}"#, "Jan,Feb"),
    ] {
        let document = document("a.xlsx", three_sheets(), options);
        let names = document.pages.iter().map(|page| page.name.clone().unwrap());
        assert_eq!(names.collect::<Vec<_>>().join(","), pages, "{options}");
    }
    let options = ReadOptions::from_json(r#"{"as": "document", "nrows": 1}"#).unwrap();
    let error = read_bytes("a.xlsx", three_sheets(), &options).unwrap_err();
    assert_eq!(error.kind, FileErrorKind::Options);
    assert!(error.message.contains("`nrows`"), "{error}");
}

#[test]
fn cells_that_do_not_say_where_they_are_follow_each_other() {
    let cell = |text: &str| format!("<c t=\"inlineStr\"><is><t>{text}</t></is></c>");
    let row = |attributes: &str, cells: [&str; 2]| {
        format!("<row {attributes}>{}</row>", cells.map(cell).concat())
    };
    let rows = row("", ["a", "b"]) + &row("", ["1", "2"]) + &row("r=\"5\"", ["x", "y"]);
    let sheet = format!("<sheetData>{rows}{}</sheetData>", row("", ["z", "q"]));
    let document = document("a.xlsx", xlsx(&[("S", "visible", &sheet)]), DOCUMENT);
    for (text, expected) in [("2", "S!B2"), ("x", "S!A5"), ("q", "S!B6")] {
        assert_eq!(address(&document, text), expected);
    }
}

#[test]
fn numbers_are_shown_as_in_the_sheet() {
    let sheet = cells(&[
        ("A1", "", "<v>0.30000000000000004</v>"),
        ("A2", r#"s="3""#, "<v>42</v>"),
        ("A3", r#"s="4""#, "<v>0.256</v>"),
        ("A4", "", "<v>4111111111111111</v>"),
        ("A5", r#"s="1""#, "<v>46056</v>"),
        ("A6", r#"t="b""#, "<v>0</v>"),
        ("A7", r#"t="e""#, "<v>#N/A</v>"),
    ]);
    let bytes = xlsx(&[("S", "visible", &sheet)]);
    let document = document("a.xlsx", bytes, DOCUMENT);
    let expected = "# S\n\n0.3\n00042\n25.6%\n4111111111111111\n2026-02-03\nFALSE\n#N/A";
    assert_eq!(document.text, expected);
}

#[test]
fn formulas_without_a_value_are_read() {
    let sheet = cells(&[
        ("A1", r#"t="str""#, "<f>\"a\"</f><v></v>"),
        ("A2", "", "<f>SUM(B1:B2)</f><v></v>"),
        ("A3", "", r#"<f t="shared" si="0">B1&amp;"x"</f>"#),
        ("A4", "", r#"<f t="shared" si="0"/>"#),
        ("A5", "", "<f>1+1</f><v>2</v>"),
    ]);
    let document = document("a.xlsx", xlsx(&[("S", "visible", &sheet)]), DOCUMENT);
    assert_eq!(document.text, "# S\n\n=SUM(B1:B2)\n=B1&\"x\"\n=(as in A3)\n2");
    assert!(document.warnings[0].starts_with("3 formulas of `S`"), "{:?}", document.warnings);
    let table = r#"<table:table table:name="S"><table:table-row><table:table-cell
        table:formula="of:=SUM([.A1:.A2])"/></table:table-row></table:table>"#;
    let found = self::document("a.ods", ods(table), DOCUMENT);
    assert_eq!(found.text, "# S\n\n=SUM([.A1:.A2])");
    assert!(found.warnings[0].starts_with("1 formulas of `S`"), "{:?}", found.warnings);
}

#[test]
fn what_is_hidden_and_commented_is_told() {
    let header: String =
        [("A1", "a"), ("B1", "b"), ("C1", "c")].iter().map(|(at, it)| text(at, it)).collect();
    let row = |number: u32| -> String {
        ["A", "B", "C"].iter().map(|column| text(&format!("{column}{number}"), "1")).collect()
    };
    let sheet = format!(
        r#"<cols><col min="2" max="2" hidden="1"/></cols><sheetData><row r="1">{header}</row>
        <row r="2" hidden="1">{}</row><row r="3">{}</row></sheetData>"#,
        row(2),
        row(3)
    );
    let rel = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let related = format!(
        r#"<Relationships><Relationship Id="a" Type="{rel}/comments" Target="../comments1.xml"/>
        <Relationship Id="b" Type="http://schemas.microsoft.com/office/2017/10/relationships/threadedComment"
        Target="/xl/threads/1.xml"/></Relationships>"#
    );
    let comments = "<comments><commentList><comment ref=\"C3\"><text><r><t>net | \nof tax</t></r></text>\
        </comment><comment ref=\"F9\"><text><t>[Threaded comment]\n\nold</t></text></comment>\
        </commentList></comments>";
    let threads = r#"<ThreadedComments><threadedComment ref="F9"><text>why?</text></threadedComment>
        <threadedComment ref="F9"><text>so</text></threadedComment></ThreadedComments>"#;
    let bytes = xlsx_of(
        &[("S", "visible", &sheet)],
        "",
        "<sst/>",
        &[
            ("xl/worksheets/_rels/1.xml.rels", &related),
            ("xl/comments1.xml", comments),
            ("xl/threads/1.xml", threads),
        ],
    );
    let found = document("a.xlsx", bytes.clone(), DOCUMENT);
    let expected = "# S\n\n| a | b [hidden] | c |\n| --- | --- | --- |\n| 1 [hidden] | 1 | 1 |\n\
        | 1 | 1 | 1 [comment: net \\| of tax] |\n\n[comment on F9: why?\nso]";
    assert_eq!(found.text, expected);
    assert_eq!(address(&found, "of tax"), "S!C3");
    assert_eq!(address(&found, "why"), "S!F9");
    let Content::Table(table) = content("a.xlsx", bytes, "{}") else { panic!("not a table") };
    assert_eq!(table.records.len(), 2);
    let warnings = table.warnings.join("; ");
    for part in ["1 rows and 1 columns of `S` are hidden", "2 comments in `S`"] {
        assert!(warnings.contains(part), "{warnings}");
    }
}

#[test]
fn text_boxes_charts_and_pictures_of_sheets_are_read() {
    let rel = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let related = |kind: &str, target: &str| {
        format!(
            r#"<Relationships><Relationship Id="r1" Type="{rel}/{kind}" Target="{target}"/></Relationships>"#
        )
    };
    let anchor = |row: u32, content: &str| {
        format!(
            "<xdr:twoCellAnchor><xdr:from><xdr:col>2</xdr:col><xdr:row>{row}</xdr:row></xdr:from>\
             <xdr:to><xdr:col>9</xdr:col><xdr:row>99</xdr:row></xdr:to>{content}</xdr:twoCellAnchor>"
        )
    };
    let shape = "<mc:Choice><a:p><a:r><a:t>net </a:t></a:r><a:r><a:t>of tax</a:t></a:r></a:p>\
        <a:p><a:t>2024 &amp; on</a:t></a:p></mc:Choice><mc:Fallback><a:t>old</a:t></mc:Fallback>";
    let drawing = [
        anchor(8, r#"<c:chart r:id="r1"/>"#),
        anchor(4, shape),
        anchor(6, r#"<xdr:pic><xdr:cNvPr id="1" descr="Logo"/></xdr:pic>"#),
        anchor(1, "<xdr:sp/>"),
        anchor(2, r#"<xdr:pic><xdr:cNvPr id="1" descr="red.png"/></xdr:pic>"#),
    ];
    let drawing = format!("<xdr:wsDr>{}</xdr:wsDr>", drawing.concat());
    let chart = "<c:chart><c:title><a:p><a:t>Sales</a:t></a:p></c:title><c:v>5</c:v><c:valAx><a:p>\
        <a:t>EUR</a:t></a:p></c:valAx></c:chart>";
    let sheet = texts(&[("A1", "a"), ("B1", "b"), ("A2", "1"), ("B2", "2")]);
    let (of_sheet, of_drawing) =
        (related("drawing", "../drawings/1.xml"), related("chart", "../charts/1.xml"));
    let parts = |drawing| {
        [
            ("xl/worksheets/_rels/1.xml.rels", of_sheet.as_str()),
            ("xl/drawings/1.xml", drawing),
            ("xl/drawings/_rels/1.xml.rels", &of_drawing),
            ("xl/charts/1.xml", chart),
        ]
    };
    let book = |drawing| xlsx_of(&[("S", "visible", &sheet)], "", "<sst/>", &parts(drawing));
    let found = document("a.xlsx", book(&drawing), DOCUMENT);
    let table = "# S\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n\n";
    let drawn = "net of tax\n2024 & on\n\n[picture: Logo]\n\n[chart: Sales; EUR]";
    assert_eq!(found.text, format!("{table}{drawn}"));
    assert_eq!(address(&found, "2024"), "S!C5");
    assert_eq!(address(&found, "Sales"), "S!C9");
    // A workbook of drawings alone is a document.
    let blank = [("S", "visible", "<sheetData/>")];
    let found = document("a.xlsx", xlsx_of(&blank, "", "<sst/>", &parts(&drawing)), "{}");
    assert_eq!(found.text, format!("# S\n\n{drawn}"));
    let none = read_bytes("a.xlsx", xlsx(&blank), &ReadOptions::default()).unwrap_err();
    assert!(none.message.contains("no sheet has cells"), "{none}");
    let Content::Table(records) = content("a.xlsx", book(&drawing), "{}") else {
        panic!("not a table")
    };
    let warnings = records.warnings.join("; ");
    assert!(warnings.contains("3 text boxes, charts or pictures with text in `S`"), "{warnings}");
    let found = document("a.xlsx", book("<xdr:wsDr></a>"), DOCUMENT);
    assert_eq!(found.text, format!("{table}[a drawing is damaged and was not read]"));
}

#[test]
fn text_boxes_of_opendocument_sheets_are_no_cells() {
    let cell = r#"<table:table-row><table:table-cell office:value-type="string"><draw:frame><draw:text-box>
        <text:p>free</text:p></draw:text-box></draw:frame><text:p>cell</text:p></table:table-cell></table:table-row>"#;
    let table = format!(
        r#"<table:table table:name="S"><table:shapes><draw:frame><svg:desc>Logo</svg:desc></draw:frame>
        <draw:custom-shape><text:p>shape</text:p></draw:custom-shape></table:shapes>{cell}</table:table>"#
    );
    let found = document("a.ods", ods(&table), DOCUMENT);
    assert_eq!(found.text, "# S\n\ncell\n\nfree\n\n[picture: Logo]\nshape");
    assert_eq!(address(&found, "free"), "S!A1");
    let deep = format!("<table:table><table:shapes>{}", "<draw:g>".repeat(100_000));
    let error = read_bytes("a.ods", ods(&deep), &ReadOptions::default()).unwrap_err();
    assert!(matches!(error.kind, FileErrorKind::Corrupt | FileErrorKind::LimitExceeded));
}

#[test]
fn opendocument_says_what_is_hidden_and_shows_zeros() {
    let cell = |text: &str| {
        format!(
            r#"<table:table-cell office:value-type="string"><text:p>{text}</text:p></table:table-cell>"#
        )
    };
    let row = |attributes: &str, cells: &str| {
        format!("<table:table-row {attributes}>{cells}</table:table-row>")
    };
    let header = row("", &["a", "b", "c"].map(cell).concat());
    let zeros = r#"<table:table-cell office:value-type="float" office:value="7"><text:p>007</text:p>
        <office:annotation><dc:creator>Ann</dc:creator><text:p>why</text:p></office:annotation>
        </table:table-cell>"#;
    let hidden =
        row(r#"table:visibility="collapse""#, &(zeros.to_owned() + &cell("x") + &cell("y")));
    let columns = r#"<table:table-column/><table:table-column table:visibility="collapse"/>"#;
    let table = format!(r#"<table:table table:name="S">{columns}{header}{hidden}</table:table>"#);
    let document = document("a.ods", ods(&table), DOCUMENT);
    let expected = "# S\n\n| a | b [hidden] | c |\n| --- | --- | --- |\n\
        | 007 [hidden] [comment: why] | x | y |";
    assert_eq!(document.text, expected);
}

#[test]
fn a_damaged_sheet_does_not_hide_the_others() {
    let sheets = [
        ("Good", "visible", texts(&[("A1", "text")])),
        ("Bad", "visible", "<sheetData><row><c></sheetData>".to_owned()),
    ];
    let sheets = sheets.each_ref().map(|(name, state, content)| (*name, *state, content.as_str()));
    let document = document("a.xlsx", xlsx(&sheets), DOCUMENT);
    assert_eq!(document.text, "# Good\n\ntext");
    assert_eq!(document.warnings, ["the sheet `Bad` is damaged and was not read"]);
    let options = ReadOptions::from_json(DOCUMENT).unwrap();
    let error = read_bytes("a.xlsx", xlsx(&sheets[1..]), &options).unwrap_err();
    assert_eq!(error.kind, FileErrorKind::Corrupt);
}

#[test]
fn what_is_too_large_for_a_document_is_records() {
    let sheet = texts(&[("A1", "a"), ("B1", "b"), ("A2", "x"), ("B2", "y"), ("C9", "z")]);
    let bytes = || xlsx(&[("S", "visible", &sheet)]);
    assert!(matches!(content("a.xlsx", bytes(), "{}"), Content::Document(_)));
    let small = r#"{"limits": {"characters": 15}}"#;
    let Content::Table(table) = content("a.xlsx", bytes(), small) else { panic!("not a table") };
    assert!(table.warnings.last().unwrap().contains("too large"), "{:?}", table.warnings);
}

#[test]
fn headers_of_records_are_found() {
    let records = |sheet: &str| {
        let bytes = xlsx(&[("S", "visible", sheet)]);
        match content("a.xlsx", bytes, r#"{"as": "records"}"#) {
            Content::Table(table) => (table.columns.join("|"), table.warnings.join("; ")),
            Content::Document(_) => panic!("not a table"),
        }
    };
    let titled = texts(&[
        ("A1", "Sales of 2024"),
        ("A3", "Region"),
        ("B3", "Q1"),
        ("C3", "Q1"),
        ("A4", "North"),
        ("B4", "1"),
        ("C4", "2"),
        ("D4", "3"),
    ]);
    let (columns, warnings) = records(&titled);
    assert_eq!(columns, "Region|Q1|Q1.1|D");
    assert!(warnings.contains("in row 2 ") && warnings.contains("numbered: `Q1`"), "{warnings}");
    let merged = r#"<mergeCells><mergeCell ref="A1:A2"/><mergeCell ref="B1:C1"/></mergeCells>"#;
    let grouped = texts(&[
        ("A1", "Region"),
        ("B1", "2024"),
        ("D1", "2025"),
        ("B2", "Q1"),
        ("C2", "Q2"),
        ("D2", "Q1"),
        ("A3", "North"),
        ("B3", "1"),
        ("C3", "2"),
        ("D3", "3"),
    ]);
    assert_eq!(records(&(grouped + merged)).0, "Region|2024 / Q1|2024 / Q2|2025 / Q1");
}

/// A text that no other cell has.
fn token(row: u32, column: u32) -> String {
    format!("t{row}c{column}x")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Nothing of a sheet is lost, and each cell is found where it stands.
    #[test]
    fn every_cell_has_its_address(places in prop::collection::btree_set((0..12_u32, 0..8_u32), 1..60)) {
        let letters = ["A", "B", "C", "D", "E", "F", "G", "H"];
        let addresses: BTreeMap<String, String> = places
            .iter()
            .map(|(row, column)| {
                (token(*row, *column), format!("{}{}", letters[*column as usize], row + 1))
            })
            .collect();
        let cells: String = addresses.iter().map(|(token, at)| text(at, token)).collect();
        let sheet = format!("<sheetData><row>{cells}</row></sheetData>");
        let document = document("a.xlsx", xlsx(&[("S", "visible", &sheet)]), DOCUMENT);
        for (token, at) in &addresses {
            prop_assert_eq!(address(&document, token), format!("S!{at}"), "{}", document.text);
        }
        let records = content("a.xlsx", xlsx(&[("S", "visible", &sheet)]), "{}");
        let whole = match records {
            Content::Document(document) => document.text,
            Content::Table(table) => table.columns.join(" ") + &table.values_json(),
        };
        let missing = addresses.keys().filter(|token| !whole.contains(*token));
        // A list may have a title, which a warning tells of.
        prop_assert!(missing.count() <= 3, "{}", whole);
    }
}
