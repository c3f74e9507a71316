//! PDFs whose fonts have no map to Unicode.

use structx_documents::{Content, Document, ReadOptions, read_bytes};

/// A TrueType font of two empty glyphs, in hexadecimal digits.
fn font() -> String {
    let head = "00010000 00010000 00000000 5F0F3CF5 0000 03E8 0000000000000000 0000000000000000 \
                0000 0000 03E8 03E8 0000 0008 0002 0000 0000";
    let hhea = "00010000 0320 FF38 0000 03E8 0000 0000 03E8 0001 0000 0000 0000 0000 0000 0000 \
                0000 0001";
    let maxp = "00010000 0002 0000 0000 0000 0000 0002 0000 0000 0000 0000 0000 0000 0000 0000";
    let tables = [
        ("glyf", "0000"),
        ("head", head),
        ("hhea", hhea),
        ("hmtx", "03E8 0000 0000"),
        ("loca", "0000 0000 0000"),
        ("maxp", maxp),
    ];
    let mut directory = "00010000 0006 0040 0002 0020".to_owned();
    let mut content = String::new();
    for (tag, table) in tables {
        let digits: String = table.split_whitespace().collect();
        let tag: String = tag.bytes().map(|byte| format!("{byte:02X}")).collect();
        let (offset, length) = (12 + 16 * 6 + content.len() / 2, digits.len() / 2);
        directory += &format!("{tag}00000000{offset:08X}{length:08X}");
        content += &digits;
        content += &"00".repeat(length.next_multiple_of(4) - length);
    }
    directory.split_whitespace().collect::<String>() + &content
}

/// A PDF that shows `codes` with an embedded font of the encoding and character collection.
fn pdf(encoding: &str, ordering: &str, entries: &str, codes: &str) -> Vec<u8> {
    let stream = |content: &str, entries: &str| {
        format!("<< {entries} /Length {} >>\nstream\n{content}\nendstream", content.len())
    };
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 500] /Contents 4 0 R \
         /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_owned(),
        stream(&format!("BT /F1 12 Tf 40 440 Td <{codes}> Tj ET"), ""),
        format!(
            "<< /Type /Font /Subtype /Type0 /BaseFont /ABCDEF+Mincho /Encoding /{encoding} \
             /DescendantFonts [6 0 R] {entries} >>"
        ),
        format!(
            "<< /Type /Font /Subtype /CIDFontType2 /BaseFont /ABCDEF+Mincho /FontDescriptor 7 0 R \
             /CIDSystemInfo << /Registry (Adobe) /Ordering ({ordering}) /Supplement 2 >> >>"
        ),
        "<< /Type /FontDescriptor /FontName /ABCDEF+Mincho /Flags 4 /FontFile2 8 0 R >>".to_owned(),
        stream(&(font() + ">"), "/Filter /ASCIIHexDecode"),
    ];
    let mut file = "%PDF-1.4\n".to_owned();
    for (number, object) in (1..).zip(&objects) {
        file += &format!("{number} 0 obj\n{object}\nendobj\n");
    }
    (file + "trailer\n<< /Size 9 /Root 1 0 R >>\n%%EOF\n").into_bytes()
}

fn document(file: Vec<u8>) -> Document {
    match read_bytes("some.pdf", file, &ReadOptions::default()).expect("a document") {
        Content::Document(document) => document,
        Content::Table(table) => panic!("not a document: {table:?}"),
    }
}

#[test]
fn the_characters_of_a_known_collection_are_read() {
    for (encoding, codes) in
        [("Identity-H", "034B034D"), ("90ms-RKSJ-H", "82A082A2"), ("EUC-H", "A4A2A4A4")]
    {
        let document = document(pdf(encoding, "Japan1", "", codes));
        assert_eq!(document.text.trim(), "あい", "{encoding}");
        assert_eq!(document.warnings, [""; 0], "{encoding}");
    }
}

#[test]
fn no_text_is_guessed_for_a_font_of_its_own() {
    for (ordering, entries) in [("Identity", ""), ("Japan1", "/ToUnicode 4 0 R")] {
        let document = document(pdf("Identity-H", ordering, entries, "034B034D"));
        assert_eq!(document.text.trim(), "", "{ordering}");
        assert!(!document.warnings.is_empty(), "{ordering}");
    }
}
