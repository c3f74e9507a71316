//! The layout of PDFs: fonts, columns and headings, in files built here.

use structx_documents::{BlockKind, Content, Document, ReadOptions, read_bytes};

/// A page with this content; its fonts are F1 (regular), F2 (bold), F3, which no reader has, with
/// narrow letters, F4 (italic) and F5 (of a typewriter, bold).
fn document(content: &str) -> Document {
    let widths = "300 ".repeat(96);
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 500 500] /Contents 7 0 R \
         /Resources << /Font << /F1 4 0 R /F2 5 0 R /F3 6 0 R /F4 8 0 R \
         /F5 9 0 R >> >> >>"
            .to_owned(),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold >>".to_owned(),
        format!(
            "<< /Type /Font /Subtype /TrueType /BaseFont /Unheard /FirstChar 32 /LastChar 127 \
             /Widths [{widths}] /Encoding /WinAnsiEncoding /FontDescriptor << /Type \
             /FontDescriptor /FontName /Unheard /Flags 32 /FontBBox [0 0 500 700] /ItalicAngle 0 \
             /Ascent 700 /Descent -200 /CapHeight 700 /StemV 80 >> >>"
        ),
        format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Oblique >>".to_owned(),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Courier-Bold >>".to_owned(),
    ];
    let numbered = (1..).zip(&objects);
    let body: String =
        numbered.map(|(number, object)| format!("{number} 0 obj\n{object}\nendobj\n")).collect();
    let file = format!("%PDF-1.4\n{body}trailer\n<< /Root 1 0 R >>\n%%EOF\n").into_bytes();
    match read_bytes("layout.pdf", file, &ReadOptions::default()) {
        Ok(Content::Document(document)) => document,
        other => panic!("not a document: {other:?}"),
    }
}

/// A line of text from the bottom left corner.
fn line(font: &str, x: u32, y: u32, text: &str) -> String {
    format!("BT /{font} 10 Tf {x} {y} Td ({text}) Tj ET\n")
}

fn kinds(document: &Document) -> Vec<(BlockKind, &str)> {
    document.blocks.iter().map(|it| (it.kind, &document.text[it.range.clone()])).collect()
}

#[test]
fn words_of_a_font_that_is_not_there_are_whole() {
    let text = "Le conseil municipal a siege mercredi";
    assert_eq!(document(&line("F3", 50, 400, text)).text.trim(), text);
}

#[test]
fn a_line_in_a_bold_font_is_a_heading() {
    let mut content = line("F2", 50, 460, "Terms of delivery");
    for row in 0..4 {
        content +=
            &line("F1", 50, 430 - 12 * row, "The goods are sent as soon as they are paid for");
    }
    let found = document(&content);
    assert_eq!(kinds(&found)[0], (BlockKind::Heading { level: 1 }, "Terms of delivery"));
    assert_eq!(kinds(&found)[1].0, BlockKind::Paragraph);
}

/// The kind of a line over a paragraph of the body.
fn kind_over_text(title: &str) -> BlockKind {
    let mut content = title.to_owned();
    for row in 0..4 {
        let text = format!("The goods are sent as soon as they are paid for, and no {row} later");
        content += &line("F1", 50, 430 - 12 * row, &text);
    }
    kinds(&document(&content))[0].0
}

#[test]
fn numbers_and_italics_tell_headings_in_the_size_of_the_text() {
    let heading = BlockKind::Heading { level: 1 };
    for (font, y, title) in [
        ("F4", 460, "2.1 Terms of delivery"),
        ("F4", 443, "Terms of delivery"),
        ("F1", 460, "IV. TERMS OF DELIVERY"),
        ("F2", 460, "Terms of delivery"),
    ] {
        assert_eq!(kind_over_text(&line(font, 50, y, title)), heading, "{title}");
    }
}

#[test]
fn captions_code_and_cut_sentences_are_no_headings() {
    for (font, title) in [
        ("F1", "2.1 Terms of delivery"),
        ("F2", "Table 2. Terms of delivery"),
        ("F2", "and the terms of its delivery"),
        ("F2", "Terms ........................ 7"),
        ("F2", "ann@example.com"),
        ("F5", "DROP TABLE goods CASCADE"),
    ] {
        let kind = kind_over_text(&line(font, 50, 460, title));
        assert_eq!(kind, BlockKind::Paragraph, "{title}");
    }
}

#[test]
fn the_authors_below_a_title_are_no_headings() {
    let shown =
        |size: u32, y: u32, text: &str| format!("BT /F1 {size} Tf 50 {y} Td ({text}) Tj ET\n");
    let mut content = shown(20, 460, "A theory of delivery") + &shown(12, 430, "Ann Example");
    content += &shown(10, 410, "ann@example.com");
    for row in 0..4 {
        content += &line("F1", 50, 370 - 12 * row, "The goods are sent as soon as they are paid");
    }
    let found = document(&content);
    let headings = kinds(&found);
    let headings = headings.iter().filter(|(kind, _)| matches!(kind, BlockKind::Heading { .. }));
    let headings: Vec<&str> = headings.map(|(_, text)| *text).collect();
    assert_eq!(headings, ["A theory of delivery"]);
}

#[test]
fn mirrored_text_is_read_from_its_start() {
    let shown = line("F1", 50, 400, "All of this") + &line("F1", 50, 388, "is mirrored");
    let found = document(&format!("-1 0 0 1 500 0 cm\n{shown}"));
    assert_eq!(found.text.trim(), "All of this\nis mirrored");
    let first = &found.words[0];
    assert_eq!(&found.text[first.range.clone()], "All");
    assert!((first.bounds.right - 450.0).abs() < 0.5, "{first:?}");
}

#[test]
fn lines_of_a_table_of_contents_stay_apart() {
    let row = |row: u32| {
        let text = format!("Part {row} {} {row}", ".".repeat(120));
        line("F1", 50, 400 - 12 * row, &text)
    };
    let found = document(&(0..5).map(row).collect::<String>());
    assert_eq!(found.text.trim().lines().count(), 5, "{}", found.text);
}

#[test]
fn columns_that_are_drawn_one_after_the_other_are_read_so() {
    let (left, right) = ("the left one is short", "and this is the right");
    let row = |x, text| (0..6).map(move |row| line("F1", x, 400 - 12 * row, text));
    let apart: String = row(50, left).chain(row(200, right)).collect();
    let across: String =
        row(50, left).zip(row(200, right)).map(|(left, right)| left + &right).collect();
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let (apart, across) = (document(&apart).text, document(&across).text);
    assert_eq!(words(&apart)[5..7], ["the", "left"], "{apart}");
    assert_eq!(words(&across)[5..7], ["and", "this"], "{across}");
}
