//! Files of every format, read as a user's are.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use structx::documents::{
    Block, BlockKind, CodePoints, Content, Document, FileErrorKind, Limits, Mode, Origin,
    ReadOptions, read_bytes, read_path, resolve,
};

fn document(name: &str, bytes: &[u8]) -> Document {
    match read_bytes(name, bytes.to_vec(), &ReadOptions::default()) {
        Ok(Content::Document(document)) => document,
        other => panic!("not a document: {other:?}"),
    }
}

fn error_kind(name: &str, bytes: &[u8]) -> FileErrorKind {
    match read_bytes(name, bytes.to_vec(), &ReadOptions::default()) {
        Err(error) => error.kind,
        Ok(content) => panic!("not an error: {content:?}"),
    }
}

/// A PDF of pages, each with its content stream and its further entries.
fn pdf(pages: &[(&str, &str)]) -> Vec<u8> {
    let kids: Vec<String> = (0..pages.len()).map(|page| format!("{} 0 R", 4 + 2 * page)).collect();
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!("<< /Type /Pages /Kids [{}] /Count {} >>", kids.join(" "), pages.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    for (index, (content, entries)) in pages.iter().enumerate() {
        objects.push(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 500] /Contents {} 0 R \
             /Resources << /Font << /F1 3 0 R >> >> {entries} >>",
            5 + 2 * index
        ));
        objects.push(format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()));
    }
    let mut file = "%PDF-1.4\n".to_owned();
    let mut offsets = Vec::new();
    for (number, object) in (1..).zip(&objects) {
        offsets.push(file.len());
        file.push_str(&format!("{number} 0 obj\n{object}\nendobj\n"));
    }
    let start = file.len();
    file.push_str(&format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1));
    for offset in offsets {
        file.push_str(&format!("{offset:010} 00000 n \n"));
    }
    let trailer = format!("<< /Size {} /Root 1 0 R >>", objects.len() + 1);
    file.push_str(&format!("trailer\n{trailer}\nstartxref\n{start}\n%%EOF\n"));
    file.into_bytes()
}

/// Words at places from the bottom left corner, in 10 points.
fn content(words: &[(u32, u32, &str)]) -> String {
    let shown: Vec<String> = words
        .iter()
        .map(|(x, y, text)| format!("BT /F1 10 Tf {x} {y} Td ({text}) Tj ET"))
        .collect();
    shown.join("\n")
}

fn two_pages() -> Vec<u8> {
    let table = content(&[
        (300, 438, "12.50"),
        (40, 450, "Item"),
        (300, 450, "Price"),
        (40, 438, "Green tea"),
        (40, 400, "Thank you"),
    ]);
    pdf(&[(&table, ""), (&content(&[(40, 450, "The end")]), "")])
}

#[test]
fn a_pdf_is_read_in_order_with_pages_and_bounds() {
    let document = document("dir/tiny.pdf", &two_pages());
    assert_eq!(document.name, "tiny.pdf");
    let lines: Vec<Vec<&str>> =
        document.text.lines().map(|line| line.split("  ").map(str::trim).collect()).collect();
    let cells = |line: &[&str]| -> Vec<String> {
        line.iter().filter(|cell| !cell.is_empty()).map(|cell| (*cell).to_owned()).collect()
    };
    assert_eq!(cells(&lines[0]), ["Item", "Price"]);
    assert_eq!(cells(&lines[1]), ["Green tea", "12.50"]);
    assert!(document.text.ends_with("\n\nThank you\n\n[page 2]\n\nThe end"), "{}", document.text);
    let pages: Vec<&str> =
        document.pages.iter().map(|page| &document.text[page.range.clone()]).collect();
    assert!(pages[0].starts_with("Item") && pages[0].ends_with("Thank you"));
    assert_eq!(pages[1], "The end");
    let last = document.blocks.last().unwrap();
    assert_eq!((last.kind, last.page), (BlockKind::Paragraph, Some(2)));
    let bounds = last.bounds.unwrap();
    assert!((bounds.left - 40.0).abs() < 0.1 && (bounds.top - 42.0).abs() < 0.1, "{bounds:?}");
    assert!((bounds.bottom - 52.0).abs() < 0.1 && bounds.right > 60.0, "{bounds:?}");
    let place = document.text.find("12.50").unwrap();
    let found: Vec<_> = document.locate(place..place + 5).collect();
    assert_eq!(found, [&document.blocks[0]]);
}

#[test]
fn a_turned_and_cropped_page_is_read_as_it_is_shown() {
    let words = content(&[(40, 450, "outside"), (110, 150, "inside")]);
    let file = pdf(&[(&words, "/CropBox [100 100 300 400] /Rotate 90")]);
    let document = document("turned.pdf", &file);
    assert_eq!(document.text, "inside");
    let bounds = document.blocks[0].bounds.unwrap();
    // Turned clockwise, text runs down: from 50 up and 10 right of the corner of the crop box.
    assert!((bounds.top - 10.0).abs() < 0.1, "{bounds:?}");
    assert!(bounds.left < 50.0 && bounds.right > 50.0, "{bounds:?}");
}

#[test]
fn pdfs_that_have_no_text_or_are_broken_say_so() {
    let blank = pdf(&[("", "")]);
    let text = ReadOptions { mode: Mode::Text, ..ReadOptions::default() };
    let error = read_bytes("blank.pdf", blank.clone(), &text).unwrap_err();
    assert_eq!(error.kind, FileErrorKind::NoTextLayer);
    assert!(document("blank.pdf", &blank).pages[0].needs_vision);
    assert_eq!(error_kind("broken.pdf", b"%PDF-1.7\nnothing"), FileErrorKind::Corrupt);
    let limits = Limits { pages: 1, ..Limits::default() };
    let error =
        read_bytes("two.pdf", two_pages(), &ReadOptions { limits, ..ReadOptions::default() })
            .unwrap_err();
    assert_eq!(error.kind, FileErrorKind::LimitExceeded);
    let limits = Limits { glyphs: 10, ..Limits::default() };
    let error =
        read_bytes("two.pdf", two_pages(), &ReadOptions { limits, ..ReadOptions::default() })
            .unwrap_err();
    assert_eq!(error.kind, FileErrorKind::LimitExceeded);
    let blank_second = pdf(&[(&content(&[(40, 450, "one")]), ""), ("", "")]);
    assert_eq!(document("half.pdf", &blank_second).warnings, ["no text on page 2"]);
}

#[test]
fn the_sources_of_a_user() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("documents");
    fs::create_dir_all(&folder).unwrap();
    let write = |name: &str, bytes: &[u8]| -> PathBuf {
        let path = folder.join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let read = |path: &Path| read_path(path, &ReadOptions::default());
    let kind = |path: &Path| read(path).unwrap_err().kind;

    let notes = write("notes.md", "# A\r\n\r\ntext".as_bytes());
    assert_eq!(resolve(&notes.display().to_string()), Ok(Origin::Path(notes.clone())));
    let Content::Document(found) = read(&notes).unwrap() else { panic!("not a document") };
    assert_eq!((found.name.as_str(), found.text.as_str()), ("notes.md", "# A\n\ntext"));
    let Content::Table(table) = read(&write("people.csv", b"name,age\nAda,36\n")).unwrap() else {
        panic!("not a table");
    };
    let texts: Vec<_> = table.rows(&[]).map(|row| row.text.to_string()).collect();
    assert_eq!(texts, ["name: Ada\nage: 36"]);

    assert_eq!(kind(&folder), FileErrorKind::Unreadable);
    assert_eq!(kind(&folder.join("missing.pdf")), FileErrorKind::NotFound);
    assert_eq!(kind(&notes.join("below")), FileErrorKind::NotFound);
    assert_eq!(kind(&write("empty.csv", b"")), FileErrorKind::Empty);
    assert_eq!(kind(&write("blank.txt", b" \n")), FileErrorKind::Empty);
    assert_eq!(kind(&write("data.xyz", b"text")), FileErrorKind::Unsupported);
    assert_eq!(
        Document::from_text(" \n", &ReadOptions::default()).unwrap_err().kind,
        FileErrorKind::Empty
    );
    let limits = Limits { bytes: 4, ..Limits::default() };
    assert_eq!(
        read_path(&notes, &ReadOptions { limits, ..ReadOptions::default() }).unwrap_err().kind,
        FileErrorKind::LimitExceeded
    );
    let limits = Limits { characters: 4, ..Limits::default() };
    assert_eq!(
        read_path(&notes, &ReadOptions { limits, ..ReadOptions::default() }).unwrap_err().kind,
        FileErrorKind::LimitExceeded
    );
}

fn sample(name: &str) -> Document {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/example_input").join(name);
    match read_path(&path, &ReadOptions::default()) {
        Ok(Content::Document(document)) => document,
        other => panic!("not a document: {other:?}"),
    }
}

#[test]
fn the_sample_invoice_has_its_table_row_by_row() {
    let document = sample("S0305SampleInvoice.pdf");
    check(&document);
    assert_eq!(document.warnings, Vec::<String>::new());
    // A row is a line with several cells that ends with an amount.
    let rows: Vec<Vec<&str>> = document
        .text
        .lines()
        .map(|line| line.split("   ").map(str::trim).filter(|cell| !cell.is_empty()).collect())
        .filter(|cells: &Vec<&str>| cells.len() >= 4)
        .collect();
    assert!(rows.len() >= 3, "{}", document.text);
    assert!(rows.iter().all(|cells| cells.len() == rows[0].len()), "{rows:?}");
    assert!(document.blocks.iter().all(|block| block.page == Some(1) && block.bounds.is_some()));
}

#[test]
fn the_sample_agreement_has_headings_paragraphs_and_a_table_in_order() {
    let document = sample("free-consultancy-agreement.docx");
    check(&document);
    let first = |wanted: fn(BlockKind) -> bool| {
        document.blocks.iter().position(|block| wanted(block.kind)).unwrap_or(usize::MAX)
    };
    let heading = first(|kind| matches!(kind, BlockKind::Heading { .. }));
    let table = first(|kind| kind == BlockKind::Table);
    assert!(heading < table && table < document.blocks.len());
    let table = &document.text[document.blocks[table].range.clone()];
    let pipes: Vec<usize> = table.lines().map(|line| line.matches('|').count()).collect();
    assert!(pipes.len() > 3 && pipes.iter().all(|count| *count == pipes[0]), "{table}");
    let cell = |block: &&Block| block.kind == BlockKind::Cell { row: 1, column: 1 };
    let cell = document.blocks.iter().find(cell).map(|block| &document.text[block.range.clone()]);
    assert!(cell.is_some_and(|text| !text.contains('|') && table.contains(text)), "{cell:?}");
}

/// What every document promises.
fn check(document: &Document) {
    let offsets = CodePoints::new(&document.text);
    let mut last = 0;
    let mut table = 0..0;
    for block in &document.blocks {
        let text = document.text.get(block.range.clone()).expect("on character boundaries");
        assert!(!text.is_empty());
        match block.kind {
            BlockKind::Cell { .. } => {
                assert!(table.start <= block.range.start && block.range.end <= table.end);
            }
            _ => assert!(last <= block.range.start),
        }
        if block.kind == BlockKind::Table {
            table = block.range.clone();
        }
        last = block.range.end;
        let points = offsets.range(&document.text, &block.range);
        assert_eq!(
            document.text.chars().take(points.end).skip(points.start).collect::<String>(),
            text
        );
    }
    let mut end = 0;
    for page in &document.pages {
        assert!(end <= page.range.start);
        assert!(document.text.get(page.range.clone()).is_some());
        end = page.range.end;
    }
}

fn never_panics(name: &str, bytes: Vec<u8>) {
    if let Ok(Content::Document(document)) = read_bytes(name, bytes, &ReadOptions::default()) {
        check(&document);
    }
}

const NAMES: [&str; 8] = ["a.txt", "a.md", "a.csv", "a.tsv", "a.json", "a.jsonl", "a.pdf", "a"];

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        for name in NAMES {
            never_panics(name, bytes.clone());
        }
        never_panics("a.docx", [b"PK\x03\x04word/document", bytes.as_slice()].concat());
        never_panics("a.pdf", [b"%PDF-1.7\n", bytes.as_slice()].concat());
    }

    #[test]
    fn any_text_is_read_or_refused(text in "([a-zé漢🙂#|*,;:{}\"\\[\\]0-9.\r\n\t -]|\r\n|\n\n){0,200}") {
        for name in NAMES {
            never_panics(name, text.clone().into_bytes());
        }
        if let Ok(document) = Document::from_text(text, &ReadOptions::default()) {
            check(&document);
        }
    }

    #[test]
    fn a_damaged_pdf_is_read_or_refused(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
        end in any::<prop::sample::Index>(),
    ) {
        let mut file = two_pages();
        for (index, byte) in damage {
            let place = index.index(file.len());
            file[place] = byte;
        }
        never_panics("a.pdf", file.clone());
        file.truncate(end.index(file.len()));
        never_panics("a.pdf", file);
    }

    #[test]
    fn a_damaged_word_document_is_read_or_refused(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
    ) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("scripts/example_input/free-consultancy-agreement.docx");
        let mut file = fs::read(path)?;
        for (index, byte) in damage {
            let place = index.index(file.len());
            file[place] = byte;
        }
        never_panics("a.docx", file);
    }
}
