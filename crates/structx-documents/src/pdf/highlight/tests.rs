//! Marks are around their words, in files of every shape.

use std::sync::Arc;

use pdf_extract::{Document as Pdf, EncryptionState, EncryptionVersion, LoadOptions, Permissions};

use super::annotate::answer;
use super::{checked, request};
use crate::context::ReadContext;
use crate::highlight::Mark;
use crate::{Content, Document, FileErrorKind, Mode, Password, ReadOptions, read_bytes};

const WORD: &str = "42.50";

/// A page with these entries and this content, and a font.
fn pdf(entries: &str, content: &str, objects: &[&str]) -> Vec<u8> {
    let mut all = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        format!(
            "<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << /Font << /F 5 0 R >> >> \
             {entries} >>"
        ),
        format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Courier >>".to_owned(),
    ];
    all.extend(objects.iter().map(ToString::to_string));
    let mut file = b"%PDF-1.4\n".to_vec();
    let mut places = Vec::new();
    for (number, object) in (1..).zip(&all) {
        places.push(file.len());
        file.extend(format!("{number} 0 obj\n{object}\nendobj\n").into_bytes());
    }
    let xref = file.len();
    let lines: String = places.iter().map(|place| format!("{place:010} 00000 n \n")).collect();
    let size = all.len() + 1;
    file.extend(
        format!(
            "xref\n0 {size}\n0000000000 65535 f \n{lines}trailer\n<< /Size {size} /Root 1 0 R \
             /ID [<01><02>] >>\nstartxref\n{xref}\n%%EOF\n"
        )
        .into_bytes(),
    );
    file
}

fn options(password: Option<&str>) -> ReadOptions {
    let password = password.map(Password::new);
    ReadOptions { mode: Mode::Vision, password, ..ReadOptions::default() }
}

fn read(file: Vec<u8>, options: &ReadOptions) -> Document {
    match read_bytes("a.pdf", file, options).unwrap() {
        Content::Document(document) => document,
        Content::Table(_) => unreachable!(),
    }
}

fn mark(document: &Document, word: &str) -> Mark {
    let start = document.text.find(word).unwrap();
    let note = format!("/0/total: {word} \u{20ac}");
    let range = start..start + word.len();
    Mark { ranges: Vec::from([range]), colour: [255, 255, 0], note }
}

/// The file with the marks, made in this process.
fn marked(document: &Document, marks: &[Mark]) -> Result<Vec<u8>, crate::FileError> {
    let context = ReadContext::new("a.pdf", &document.options);
    let file: &Arc<[u8]> = document.original.as_ref().unwrap();
    let (request, expected) = request(&context, document, file, marks)?;
    checked(&context, document, answer(&request), expected)
}

/// The rectangle of each highlight annotation, and its note.
fn rectangles(pdf: &Pdf) -> Vec<([f32; 4], String)> {
    let page = pdf.page_iter().next().unwrap();
    let annotations = pdf.get_page_annotations(page).unwrap().into_iter();
    annotations
        .filter(|it| it.get(b"Subtype").unwrap().as_name().unwrap() == b"Highlight")
        .map(|it| {
            let edges = it.get(b"Rect").unwrap().as_array().unwrap();
            let edge = |index: usize| edges[index].as_float().unwrap();
            let note = pdf_extract::decode_text_string(it.get(b"Contents").unwrap()).unwrap();
            ([edge(0), edge(1), edge(2), edge(3)], note)
        })
        .collect()
}

/// Whether a rectangle is around one, and not much larger.
fn is_around([left, bottom, right, top]: [f32; 4], word: [f32; 4]) -> bool {
    const SLACK: f32 = 8.0;
    let [a, b, c, d] = word;
    let near = |outer: f32, inner: f32| outer <= inner + 0.5 && inner - outer < SLACK;
    near(left, a) && near(bottom, b) && near(-right, -c) && near(-top, -d)
}

#[test]
fn marks_are_around_their_words_however_the_page_is_shown() {
    // Courier is 0.6 em wide: at 20 points `Sum ` is 48 wide, `42.50` 60. Digits are 12 high.
    let flat = format!("BT /F 20 Tf 100 300 Td (Sum {WORD} EUR) Tj ET");
    let turned = |matrix: &str| format!("BT /F 20 Tf {matrix} Tm (Sum {WORD} EUR) Tj ET");
    for (entries, content, word) in [
        ("/MediaBox [0 0 400 600]", flat.clone(), [148.0, 300.0, 208.0, 312.0]),
        (
            "/MediaBox [-50 -20 400 600] /CropBox [50 100 350 500]",
            flat.clone(),
            [148.0, 300.0, 208.0, 312.0],
        ),
        (
            "/MediaBox [0 0 400 600] /Rotate 90",
            turned("0 1 -1 0 100 300"),
            [88.0, 348.0, 100.0, 408.0],
        ),
        (
            "/MediaBox [10 20 400 600] /CropBox [20 50 350 500] /Rotate 180",
            turned("-1 0 0 -1 300 300"),
            [192.0, 288.0, 252.0, 300.0],
        ),
        (
            "/MediaBox [10 20 400 600] /Rotate 270",
            turned("0 -1 1 0 100 300"),
            [100.0, 192.0, 112.0, 252.0],
        ),
    ] {
        let document = read(pdf(entries, &content, &[]), &options(None));
        let original = document.original.clone().unwrap();
        let file = marked(&document, &[mark(&document, WORD)]).unwrap();
        assert!(file.starts_with(&original), "it is appended to");
        let found = rectangles(&Pdf::load_mem(&file).unwrap());
        assert_eq!(found.len(), 1);
        assert!(is_around(found[0].0, word), "{entries}: {:?}", found[0].0);
        assert_eq!(found[0].1, "/0/total: 42.50 \u{20ac}");
    }
}

#[test]
fn a_marked_table_reads_the_same() {
    let rules: String = (0..4).map(|row| format!("50 {} 300 0.5 re f ", 300 - 30 * row)).collect();
    let sides: String =
        (0..3).map(|column| format!("{} 210 0.5 90 re f ", 50 + 150 * column)).collect();
    let cells: String = ["Tea", "1.50", "Milk", "2.25", "Sum", WORD]
        .iter()
        .enumerate()
        .map(|(index, text)| {
            let (x, y) = (60 + 150 * (index % 2), 280 - 30 * (index / 2));
            format!("BT /F 10 Tf {x} {y} Td ({text}) Tj ET ")
        })
        .collect();
    let document =
        read(pdf("/MediaBox [0 0 400 600]", &(rules + &sides + &cells), &[]), &options(None));
    assert!(document.text.contains("| Sum | 42.50 |"), "{}", document.text);
    let words = ["Tea", "Sum", WORD];
    let marks: Vec<Mark> = words.iter().map(|word| mark(&document, word)).collect();
    assert!(marked(&document, &marks).is_ok());
}

#[test]
fn annotations_that_are_there_stay() {
    let note = "<< /Type /Annot /Subtype /Link /Rect [0 0 9 9] >>";
    for (annotations, objects) in
        [("/Annots 6 0 R", ["[7 0 R]", note]), ("/Annots [7 0 R]", ["null", note])]
    {
        let entries = format!("/MediaBox [0 0 400 600] {annotations}");
        let content = format!("BT /F 20 Tf 100 300 Td (Sum {WORD} EUR) Tj ET");
        let document = read(pdf(&entries, &content, &objects), &options(None));
        let file = marked(&document, &[mark(&document, WORD), mark(&document, "Sum")]).unwrap();
        let pdf = Pdf::load_mem(&file).unwrap();
        let page = pdf.page_iter().next().unwrap();
        assert_eq!(pdf.get_page_annotations(page).unwrap().len(), 3);
        assert_eq!(rectangles(&pdf).len(), 2);
        // A marked file can be marked.
        let again = read(file, &options(None));
        let twice = marked(&again, &[mark(&again, "EUR")]).unwrap();
        assert_eq!(rectangles(&Pdf::load_mem(&twice).unwrap()).len(), 3);
    }
}

#[test]
fn a_protected_file_stays_protected() {
    let content = format!("BT /F 20 Tf 100 300 Td (Sum {WORD} EUR) Tj ET");
    let mut open = Pdf::load_mem(&pdf("/MediaBox [0 0 400 600]", &content, &[])).unwrap();
    let version = EncryptionVersion::V2 {
        document: &open,
        owner_password: "owner",
        user_password: "user",
        key_length: 128,
        permissions: Permissions::all(),
    };
    let state = EncryptionState::try_from(version).unwrap();
    open.encrypt(&state).unwrap();
    let mut file = Vec::new();
    open.save_to(&mut file).unwrap();

    let document = read(file, &options(Some("user")));
    let file = marked(&document, &[mark(&document, WORD)]).unwrap();
    let text = read(file.clone(), &options(Some("user"))).text;
    assert_eq!(text, document.text);
    let error = read_bytes("a.pdf", file.clone(), &options(None)).unwrap_err();
    assert_eq!(error.kind, FileErrorKind::PasswordRequired);
    assert!(!file.windows(5).any(|bytes| bytes == WORD.as_bytes()));
    let opened = Pdf::load_mem_with_options(&file, LoadOptions::with_password("user")).unwrap();
    assert_eq!(rectangles(&opened)[0].1, "/0/total: 42.50 \u{20ac}");
}

#[test]
fn what_cannot_be_marked_is_said() {
    let content = format!("BT /F 20 Tf 100 300 Td (Sum {WORD} EUR) Tj ET");
    let document = read(pdf("/MediaBox [0 0 400 600]", &content, &[]), &options(None));
    let nowhere = Mark { ranges: Vec::new(), ..mark(&document, WORD) };
    let error = marked(&document, &[nowhere]).unwrap_err();
    assert!(error.message.contains("no box"), "{error}");
    for request in [&b"{}"[..], b"{\"marks\": []}\nno PDF", b""] {
        assert_eq!(answer(request), None);
    }
    let context = ReadContext::new("a.pdf", &document.options);
    let file = document.original.as_ref().unwrap();
    let (request, expected) = request(&context, &document, file, &[mark(&document, WORD)]).unwrap();
    let reply = answer(&request);
    let other = Document { text: "another".into(), ..document.clone() };
    assert!(checked(&context, &document, reply.clone(), expected).is_ok());
    assert!(checked(&context, &document, reply.clone(), expected + 1).is_err());
    assert!(checked(&context, &other, reply, expected).is_err());
    assert!(checked(&context, &document, None, expected).is_err());
    let unread = Document { original: None, ..document };
    let error = crate::highlight(&unread, &[]).unwrap_err();
    assert_eq!(error.kind, FileErrorKind::Unsupported);
}
