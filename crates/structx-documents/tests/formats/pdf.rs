//! PDFs, built here, read as a user's are.

use std::path::Path;

use proptest::prelude::*;
use structx_documents::{
    Block, BlockKind, Content, Document, FileError, FileErrorKind, Limits, Mode, Password,
    ReadOptions, read_bytes, read_path,
};

fn read(bytes: &[u8], options: &ReadOptions) -> Result<Document, FileError> {
    match read_bytes("some.pdf", bytes.to_vec(), options)? {
        Content::Document(document) => Ok(document),
        Content::Table(table) => panic!("not a document: {table:?}"),
    }
}

fn document(bytes: &[u8]) -> Document {
    let document = read(bytes, &ReadOptions::default()).expect("a document");
    check(&document);
    document
}

/// What every document promises of its words.
fn check(document: &Document) {
    let mut end = 0;
    for word in &document.words {
        assert!(end <= word.range.start && word.range.start < word.range.end, "{word:?}");
        assert!(!document.text[word.range.clone()].contains(char::is_whitespace), "{word:?}");
        let holds = |block: &&Block| {
            block.range.start <= word.range.start && word.range.end <= block.range.end
        };
        let page = document.blocks.iter().find(holds).and_then(|block| block.page);
        assert_eq!(page, Some(word.page), "{word:?}");
        end = word.range.end;
    }
}

/// A PDF of pages, each with its content stream and its further entries.
fn pdf(pages: &[(&str, &str)]) -> Vec<u8> {
    protected_pdf(pages, "")
}

/// The same, with further entries of the trailer.
fn protected_pdf(pages: &[(&str, &str)], trailer: &str) -> Vec<u8> {
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
    let trailer = format!("<< /Size {} /Root 1 0 R {trailer} >>", objects.len() + 1);
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

fn kinds(document: &Document) -> Vec<(BlockKind, &str)> {
    document.blocks.iter().map(|block| (block.kind, &document.text[block.range.clone()])).collect()
}

#[test]
fn pages_are_read_in_order_with_the_place_of_each_word() {
    let document = document(&two_pages());
    assert!(document.text.starts_with("| Item | Price |") || document.text.starts_with("Item"));
    assert!(document.text.ends_with("\n\nThank you\n\n[page 2]\n\nThe end"), "{}", document.text);
    let pages: Vec<&str> =
        document.pages.iter().map(|page| &document.text[page.range.clone()]).collect();
    assert!(pages[0].contains("Green tea") && pages[0].ends_with("Thank you"));
    assert_eq!(pages[1], "The end");
    assert_eq!(document.pages[0].size, Some((400.0, 500.0)));
    assert_eq!(document.original, None);
    let word = &document.words[document.words.len() - 2];
    assert_eq!((&document.text[word.range.clone()], word.page), ("The", 2));
    let near = |a: f32, b: f32| (a - b).abs() < 0.1;
    assert!(near(word.bounds.left, 40.0) && near(word.bounds.top, 42.0), "{word:?}");
    assert!(near(word.bounds.bottom, 52.0) && word.bounds.right > 50.0, "{word:?}");
}

#[test]
fn prose_in_two_columns_is_read_column_after_column() {
    let mut words = vec![(40, 480, "A title over both of the columns that follow it below here")];
    for row in 0..6 {
        words.push((40, 440 - 12 * row, "the left column runs on and on"));
        words.push((220, 438 - 12 * row, "while the right one goes its way"));
    }
    let document = document(&pdf(&[(&content(&words), "")]));
    let texts: Vec<&str> = kinds(&document).into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts.len(), 3, "{texts:?}");
    assert!(texts[1].starts_with("the left") && !texts[1].contains("right"), "{texts:?}");
    assert!(texts[2].starts_with("while the right"), "{texts:?}");
}

#[test]
fn headings_items_and_margins_are_told_from_the_text() {
    let body = "This is the text of the page, which is longer than all else.";
    let page = |number: usize| {
        let shown = [
            (18, 440, format!("Heading {}", ["one", "two", "three"][number])),
            (10, 410, body.to_owned()),
            (10, 380, "- the first item".to_owned()),
            (10, 368, format!("- the second of {}", ["red", "green", "blue"][number])),
            (10, 20, format!("Report, page {}", number + 1)),
        ];
        let shown =
            shown.map(|(size, y, text)| format!("BT /F1 {size} Tf 40 {y} Td ({text}) Tj ET"));
        shown.join("\n")
    };
    let pages: Vec<String> = (0..3).map(page).collect();
    let pages: Vec<(&str, &str)> = pages.iter().map(|page| (page.as_str(), "")).collect();
    let document = document(&pdf(&pages));
    assert!(document.text.starts_with("# Heading one\n\nThis is"), "{}", document.text);
    assert!(document.text.contains("\n\n- the first item\n- the second of red\n\nReport, page 1"));
    assert_eq!(
        kinds(&document)[..5],
        [
            (BlockKind::Heading { level: 1 }, "Heading one"),
            (BlockKind::Paragraph, body),
            (BlockKind::ListItem, "- the first item"),
            (BlockKind::ListItem, "- the second of red"),
            (BlockKind::HeaderFooter, "Report, page 1"),
        ]
    );
}

#[test]
fn text_that_is_not_painted_is_read_and_what_is_painted_twice_once() {
    let hidden = "BT /F1 10 Tf 3 Tr 40 450 Td (recognised) Tj ET";
    let twice = "BT /F1 10 Tf 2 Tr 40 400 Td (stroked) Tj ET";
    let bold = "BT /F1 10 Tf 0 Tr 40 350 Td (bold) Tj 0.3 0 Td (bold) Tj ET";
    let document = document(&pdf(&[(&[hidden, twice, bold].join("\n"), "")]));
    assert_eq!(document.text, "recognised\n\nstroked\n\nbold");
}

#[test]
fn a_protected_pdf_asks_for_its_password() {
    // Its streams are plain; only who knows the password may open it.
    let (owner, id) = ("6f".repeat(32), "69".repeat(16));
    let user = "c6ad9c82b79f330dea8c0b556d7838a100000000000000000000000000000000";
    let trailer = format!(
        "/ID [<{id}> <{id}>] /Encrypt << /Filter /Standard /V 4 /R 4 /Length 128 /P -4 \
         /O <{owner}> /U <{user}> /StmF /Identity /StrF /Identity >>"
    );
    let file = protected_pdf(&[(&content(&[(40, 450, "open")]), "")], &trailer);
    let with = |password: Option<&str>| {
        let password = password.map(Password::new);
        read(&file, &ReadOptions { password, ..ReadOptions::default() })
    };
    assert_eq!(with(Some("sesame")).unwrap().text, "open");
    for (password, part) in [(None, "give it as `password`"), (Some("geheim"), "password is wrong")]
    {
        let error = with(password).unwrap_err();
        assert_eq!(error.kind, FileErrorKind::PasswordRequired);
        assert!(error.message.contains(part) && !error.message.contains("geheim"), "{error}");
    }
}

#[test]
fn form_fields_and_notes_are_read_where_they_are() {
    let field = |rect: &str, entries: &str| {
        format!("<< /Type /Annot /Subtype /Widget /Rect [{rect}] {entries} >>")
    };
    let fields = [
        field("100 440 200 460", "/FT /Tx /T (name[0]) /V (Ann Smith)"),
        field(
            "100 400 200 420",
            "/FT /Ch /T (k) /TU (Price:) /V (b) /Opt [[(a) (Net)] [(b) (Gross)]]",
        ),
        field("100 360 112 372", "/FT /Btn /AS /Yes"),
        field("100 320 112 332", "/FT /Btn /AS /Off"),
        field("100 280 200 300", "/Parent << /FT /Tx /V (inherited) >>"),
        field("100 240 200 260", "/FT /Tx /V (hidden) /F 2"),
        field("100 200 200 220", "/FT /Tx /V (drawn already)"),
        field("100 160 200 180", "/FT /Btn /Ff 65536"),
        "<< /Subtype /FreeText /Rect [100 120 200 140] /Contents (Paid) >>".to_owned(),
        "<< /Subtype /Text /Rect [0 0 9 9] /Contents <FEFF00FC> >>".to_owned(),
        "<< /Subtype /Highlight /Rect [0 0 9 9] /Contents (check this) >>".to_owned(),
        "<< /Subtype /StrikeOut /Rect [0 0 9 9] /Contents (Mem\nber) /QuadPoints \
         [38 372 80 372 38 358 80 358 104 214 130 214 104 203 130 203] >>"
            .to_owned(),
        "<< /Subtype /Link /Rect [0 0 9 9] /Contents (a target) >>".to_owned(),
    ];
    let labels = content(&[
        (40, 445, "Name"),
        (40, 405, "Kind"),
        (40, 362, "Member"),
        (40, 322, "Guest"),
        (40, 285, "Code"),
        (105, 205, "seen"),
    ]);
    let file = pdf(&[(&labels, &format!("/Annots [99 0 R {}]", fields.concat()))]);
    let document = document(&file);
    for expected in [
        "Name name: Ann Smith",
        "Kind Price: Gross",
        "Member   [x]",
        "Guest   [ ]",
        "Code   inherited",
        "Paid",
    ] {
        let squeezed = document.text.split_whitespace().collect::<Vec<_>>().join(" ");
        let expected = expected.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(squeezed.contains(&expected), "{expected}: {}", document.text);
    }
    assert!(!document.text.contains("hidden") && !document.text.contains("already"));
    let notes = document.blocks.iter().filter(|block| block.kind == BlockKind::Note);
    let notes: Vec<_> = notes.map(|note| &document.text[note.range.clone()]).collect();
    // What a mark repeats is no note.
    assert_eq!(notes, ["ü", "check this", "[struck out: Member seen]"]);
}

#[test]
fn a_tick_that_is_drawn_and_a_long_value_keep_to_their_fields() {
    let value = "A value that is much longer than its field";
    let annotations = format!(
        "/Annots [<< /Subtype /Widget /Rect [100 360 112 372] /FT /Btn /AS /Yes >>\
         << /Subtype /Widget /Rect [100 320 180 332] /FT /Tx /T (n) /V ({value}) >>]"
    );
    let drawn =
        content(&[(40, 362, "Member"), (102, 362, "X"), (100, 362, " "), (190, 322, "(optional)")]);
    let text = document(&pdf(&[(&drawn, &annotations)])).text;
    let squeezed = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(squeezed, format!("Member [x] n: {value} (optional)"));
}

/// A PDF of these objects, the first of them the catalog; the number of the page is 3.
fn of_objects(objects: &[String]) -> Vec<u8> {
    let numbered = (1..).zip(objects).map(|(number, it)| format!("{number} 0 obj\n{it}\nendobj\n"));
    let body: String = numbered.collect();
    format!("%PDF-1.4\n{body}trailer\n<< /Root 1 0 R >>\n%%EOF\n").into_bytes()
}

fn stream(entries: &str, content: &str) -> String {
    format!("<< /Length {} {entries} >>\nstream\n{content}\nendstream", content.len())
}

#[test]
fn data_of_xfa_forms_is_read_where_the_page_does_not_show_it() {
    let form = |xfa: &str, packet: &str| {
        let objects = [
            format!("<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [] /XFA {xfa} >> >>"),
            "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 500] /Contents 4 0 R \
             /Resources << /Font << /F1 5 0 R >> >> >>"
                .to_owned(),
            stream("", "BT /F1 10 Tf 40 450 Td (Claim of 5 May) Tj ET"),
            "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
            stream("", packet),
        ];
        document(&of_objects(&objects))
    };
    let data = |value: &str| {
        format!(
            "<xfa:datasets xmlns:xfa=\"x\"><dd:dataDescription/><xfa:data><claim><date>{value}</date>\
             <none/></claim></xfa:data></xfa:datasets>"
        )
    };
    let list = "[(template) 9 0 R (datasets) 6 0 R]";
    for xfa in [list, "6 0 R"] {
        let found = form(xfa, &data("6 May"));
        assert_eq!(found.text, "Claim of 5 May\n\nclaim\n  date: 6 May", "{xfa}");
        assert_eq!(found.blocks[1].kind, BlockKind::Note);
        assert_eq!(found.pages[0].range.end, found.text.len());
        assert!(found.warnings[0].contains("XFA"), "{:?}", found.warnings);
    }
    let shown = form(list, &data("5 May"));
    assert_eq!((shown.text.as_str(), shown.warnings.len()), ("Claim of 5 May", 0));
    let blank = form(list, "<xfa:datasets><xfa:data><a><b/></a></xfa:data></xfa:datasets>");
    assert_eq!((blank.text.as_str(), blank.warnings.len()), ("Claim of 5 May", 0));
    for broken in ["<xfa:datasets><xfa:data><a></xfa:data>", "", "<xfa:data>"] {
        let found = form(list, broken);
        assert_eq!((found.text.as_str(), found.warnings.len()), ("Claim of 5 May", 1), "{broken}");
    }
    assert!(form("[(template) 6 0 R]", "").warnings[0].contains("not read"));
}

#[test]
fn a_page_needs_vision_by_the_share_of_its_unmapped_glyphs() {
    // Two-byte codes without a map to Unicode, of a font that is not embedded.
    let page = |known: &str, unknown: usize| {
        let unknown = "0102".repeat(unknown);
        let content =
            format!("BT /F1 10 Tf 40 450 Td ({known}) Tj /F2 10 Tf 0 -20 Td <{unknown}> Tj ET");
        let objects = [
            "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
            "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 500] /Contents 4 0 R \
             /Resources << /Font << /F1 5 0 R /F2 6 0 R >> >> >>"
                .to_owned(),
            stream("", &content),
            "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
            "<< /Type /Font /Subtype /Type0 /BaseFont /X /Encoding /Identity-H \
             /DescendantFonts [<< /Type /Font /Subtype /CIDFontType2 /BaseFont /X /CIDSystemInfo \
             << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> >>] >>"
                .to_owned(),
        ];
        let found = document(&of_objects(&objects));
        assert!(found.warnings.iter().any(|it| it.contains("no Unicode value")), "{found:?}");
        found.pages[0].needs_vision
    };
    // Of 20 letters on the page two may be unknown; spaces do not count.
    assert!(!page("eighteen letters xxx", 2));
    assert!(page("eighteen letters xxx", 3));
    assert!(page(&format!("eighteen{}letters xxx", " ".repeat(50)), 3));
}

#[test]
fn embedded_files_are_attachments() {
    let spec = |name: &str, object: u32| {
        format!("<< /Type /Filespec /F (old) /UF ({name}) /EF << /F {object} 0 R >> >>")
    };
    let invoice = spec("invoice.xml", 6);
    let note = spec("note.txt", 7);
    let annotation = format!("<< /Subtype /FileAttachment /Rect [0 0 9 9] /FS {note} >>");
    let objects = [
        // The last name refers to another file, the one before it to content that is missing.
        format!(
            "<< /Type /Catalog /Pages 2 0 R /AF [{invoice} {}] /Names << /EmbeddedFiles << /Kids \
             [<< /Names [(0) 99 0 R (a) {invoice} (b) {} (c) << /F (far.txt) >>] >>] >> >> >>",
            spec("more.xml", 7),
            spec("lost.xml", 98)
        ),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 500] /Contents 4 0 R \
             /Resources << /Font << /F1 5 0 R >> >> /Annots [{annotation}] >>"
        ),
        stream("", "BT /F1 10 Tf 40 450 Td (Invoice) Tj ET"),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
        stream("/Type /EmbeddedFile /Subtype /text#2Fxml", "<a/>"),
        stream("/Type /EmbeddedFile", "more"),
    ];
    let document = document(&of_objects(&objects));
    let names = document.attachments.iter().map(|file| (file.name.as_str(), &*file.media_type));
    let names: Vec<_> = names.collect();
    let unknown = "application/octet-stream";
    let expected = [("invoice.xml", "text/xml"), ("more.xml", unknown), ("note.txt", unknown)];
    assert_eq!(names, expected);
    assert_eq!(&*document.attachments[0].bytes, b"<a/>");
    assert_eq!(document.warnings, ["1 embedded files can't be read"]);
}

#[test]
fn the_text_of_marked_content_replaces_its_glyphs() {
    let marked = |text: &str, glyphs: &str| {
        format!(
            "BT /F1 10 Tf 40 450 Td (Due ) Tj /Span << /ActualText {text} >> BDC {glyphs} EMC ( end) Tj ET"
        )
    };
    for (text, glyphs, expected) in [
        ("(21.09.2023)", "(. .) Tj", "Due 21.09.2023 end"),
        ("<FEFF20AC0035>", "(xy) Tj", "Due €5 end"),
        ("(two words)", "(2) Tj (w) Tj", "Due two words end"),
        ("( )", "(as drawn) Tj", "Due as drawn end"),
        // On two lines: where the text breaks is not known.
        ("(one two)", "(one) Tj 0 -20 Td (two) Tj", "Due one\n\ntwo end"),
    ] {
        let found = document(&pdf(&[(&marked(text, glyphs), "")])).text;
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn a_turned_and_cropped_page_is_read_as_it_is_shown() {
    let words = content(&[(40, 450, "outside"), (110, 150, "inside")]);
    let file = pdf(&[(&words, "/CropBox [100 100 300 400] /Rotate 90")]);
    let document = document(&file);
    assert_eq!(document.text, "inside");
    let bounds = document.blocks[0].bounds.unwrap();
    // Turned clockwise, text runs down: from 50 up and 10 right of the corner of the crop box.
    assert!((bounds.top - 10.0).abs() < 0.1, "{bounds:?}");
    assert!(bounds.left < 50.0 && bounds.right > 50.0, "{bounds:?}");
}

#[test]
fn pdfs_that_have_no_text_or_are_broken_say_so() {
    let drawn = pdf(&[("10 10 200 200 re f", "")]);
    let text = ReadOptions { mode: Mode::Text, ..ReadOptions::default() };
    let error = read(&drawn, &text).unwrap_err();
    assert_eq!(error.kind, FileErrorKind::NoTextLayer);
    assert!(document(&drawn).pages[0].needs_vision);
    // White areas hide nothing here.
    for blank in ["", "1 g 10 10 200 200 re f"] {
        let error = read(&pdf(&[(blank, "")]), &ReadOptions::default()).unwrap_err();
        assert_eq!(error.kind, FileErrorKind::Empty, "{blank}");
    }
    assert_eq!(
        read(b"%PDF-1.7\nnothing", &ReadOptions::default()).unwrap_err().kind,
        FileErrorKind::Corrupt
    );
    let limits = Limits { pages: 1, ..Limits::default() };
    let error = read(&two_pages(), &ReadOptions { limits, ..ReadOptions::default() }).unwrap_err();
    assert_eq!(error.kind, FileErrorKind::LimitExceeded);
    let limits = Limits { glyphs: 10, ..Limits::default() };
    let error = read(&two_pages(), &ReadOptions { limits, ..ReadOptions::default() }).unwrap_err();
    assert_eq!(error.kind, FileErrorKind::LimitExceeded);
    let one = content(&[(40, 450, "one")]);
    let drawn_second = pdf(&[(&one, ""), ("10 10 200 200 re f", "")]);
    assert_eq!(document(&drawn_second).warnings, ["no usable text on page 2"]);
    let blank_second = document(&pdf(&[(&one, ""), ("", "")]));
    assert!(blank_second.warnings.is_empty() && !blank_second.pages[1].needs_vision);
}

#[test]
fn the_sample_invoice_has_its_table_row_by_row() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = path.join("../../scripts/example_input/S0305SampleInvoice.pdf");
    let Ok(Content::Document(document)) = read_path(&path, &ReadOptions::default()) else {
        panic!("not a document");
    };
    check(&document);
    assert_eq!(document.warnings, Vec::<String>::new());
    let row = "\n| HC-064 | Hardcover, 64 pages, full colour | 80 | £11.65 | £932.00 |\n";
    assert!(document.text.contains(row), "{}", document.text);
    assert!(document.text.contains("\n|  |  |  | Total due | £2,685.60 |\n"), "{}", document.text);
    assert!(document.text.contains("Bindery Ltd\nUnit 7, Foundry Court\nLeeds"));
    assert!(document.blocks.iter().all(|block| block.page == Some(1) && block.bounds.is_some()));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

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
        if let Ok(document) = read(&file, &ReadOptions::default()) {
            check(&document);
        }
        file.truncate(end.index(file.len()));
        let _ = read(&file, &ReadOptions::default());
    }
}
