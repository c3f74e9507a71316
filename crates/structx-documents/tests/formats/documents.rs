//! Files of every format, read as a user's are.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use structx_documents::{
    Block, BlockKind, CodePoints, Content, Document, FileErrorKind, Limits, Origin, ReadOptions,
    read_bytes, read_path, resolve,
};

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
    let texts: Vec<_> = table.row_texts(&[]).collect();
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
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/example_input").join(name);
    match read_path(&path, &ReadOptions::default()) {
        Ok(Content::Document(document)) => document,
        other => panic!("not a document: {other:?}"),
    }
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
    fn a_damaged_word_document_is_read_or_refused(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
    ) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../scripts/example_input/free-consultancy-agreement.docx");
        let mut file = fs::read(path)?;
        for (index, byte) in damage {
            let place = index.index(file.len());
            file[place] = byte;
        }
        never_panics("a.docx", file);
    }
}
