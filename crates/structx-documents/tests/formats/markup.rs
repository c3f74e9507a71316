//! Documents of markup, and archives of it, through the public entry.

use std::io::{Cursor, Write};

use structx_documents::{
    BlockKind, Content, Document, FileError, FileErrorKind, Format, Limits, ReadOptions, read_bytes,
};
use zip::CompressionMethod::{Deflated, Stored};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

#[expect(clippy::unwrap_used, reason = "writing to memory does not fail")]
fn archive(parts: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in parts {
        // The type stands in the file as it is, so that it can be seen without unpacking.
        let packed = if *name == "mimetype" { Stored } else { Deflated };
        let options = SimpleFileOptions::default().compression_method(packed);
        writer.start_file(*name, options).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn read(name: &str, bytes: Vec<u8>) -> Result<Document, FileError> {
    match read_bytes(name, bytes, &ReadOptions::default())? {
        Content::Document(document) => Ok(document),
        Content::Table(_) => panic!("{name} is no table"),
    }
}

const NAMES: &str =
    r#"xmlns:office="o" xmlns:text="t" xmlns:table="b" xmlns:draw="d" xmlns:style="s""#;

fn odt(styles: &str, body: &str) -> Vec<u8> {
    archive(&[
        ("mimetype", "application/vnd.oasis.opendocument.text"),
        (
            "content.xml",
            &format!(
                "<office:document-content {NAMES}>{styles}<office:body><office:text>{body}</office:text></office:body></office:document-content>"
            ),
        ),
        (
            "styles.xml",
            &format!(
                "<office:document-styles {NAMES}><style:header><text:p>Acme</text:p></style:header><style:footer><text:p>Page <text:page-number>1</text:page-number></text:p></style:footer></office:document-styles>"
            ),
        ),
    ])
}

#[test]
fn opendocument_text() {
    let styles = r#"<style:style style:name="P1" style:parent-style-name="Title"/>
        <text:list-style style:name="L1">
        <text:list-level-style-number text:level="1" style:num-format="1" style:num-suffix="."/>
        <text:list-level-style-number text:level="2" style:num-format="a" style:num-prefix="("
            style:num-suffix=")" text:start-value="3"/></text:list-style>"#;
    let body = r#"<text:tracked-changes><text:p>gone</text:p></text:tracked-changes>
        <text:p text:style-name="P1">Offer</text:p><text:h text:outline-level="2">Scope &amp; more</text:h>
        <text:p>One<text:s text:c="3"/>two<text:tab/>three<text:line-break/>four<text:note><text:note-citation>1</text:note-citation>
        <text:note-body><text:p>the note</text:p></text:note-body></text:note>.</text:p>
        <text:list text:style-name="L1"><text:list-item><text:p>a</text:p><text:p>more</text:p>
        <text:list><text:list-item><text:p>b</text:p></text:list-item></text:list></text:list-item>
        <text:list-item><text:p>c</text:p></text:list-item></text:list>
        <text:list><text:list-item><text:p>d</text:p></text:list-item></text:list>
        <table:table><table:table-row><table:table-cell table:number-columns-spanned="2"><text:p>Price</text:p></table:table-cell>
        <table:covered-table-cell/></table:table-row><table:table-row><table:table-cell><text:p>1</text:p><text:p>2</text:p></table:table-cell>
        <table:table-cell><text:p>EUR</text:p></table:table-cell></table:table-row></table:table>"#;
    let document = read("a.odt", odt(styles, body)).unwrap();
    let expected = "Acme\n\n# Offer\n\n## Scope & more\n\nOne two three\nfour[1].\n\n[1] the note\n\n\
        1. a\n  more\n  (c) b\n2. c\n- d\n\n| Price |  |\n| --- | --- |\n| 1 2 | EUR |\n\nPage";
    assert_eq!(document.text, expected);
    assert_eq!(document.format, Some(Format::Odt));
    let kind = |text: &str| {
        let found = |block: &&structx_documents::Block| &expected[block.range.clone()] == text;
        document.blocks.iter().find(found).unwrap().kind
    };
    assert_eq!(kind("Acme"), BlockKind::HeaderFooter);
    assert_eq!(kind("[1] the note"), BlockKind::Note);
    assert_eq!(kind("(c) b"), BlockKind::ListItem);
    assert_eq!(kind("EUR"), BlockKind::Cell { row: 1, column: 1 });
}

#[test]
fn alternative_texts_of_opendocument_pictures() {
    let picture = |texts: &str| format!("<draw:frame><draw:image/>{texts}</draw:frame>");
    let titled = picture("<svg:title>Logo</svg:title><svg:desc>Logo of\n ACME</svg:desc>");
    let body = format!(
        "<text:p>By {titled}, see{}</text:p><text:p>{}</text:p>",
        picture("<svg:title>Map</svg:title>"),
        picture("<svg:desc> </svg:desc>")
    );
    let document = read("a.odt", odt("", &body)).unwrap();
    assert_eq!(document.text, "Acme\n\nBy [picture: Logo of ACME] , see [picture: Map]\n\nPage");
    let slide = format!("<draw:page>{}</draw:page>", picture("<svg:desc>Chart</svg:desc>"));
    let bytes = archive(&[
        ("mimetype", "application/vnd.oasis.opendocument.presentation"),
        ("content.xml", &format!("<o><office:body>{slide}</office:body></o>")),
    ]);
    assert_eq!(read("a.odp", bytes).unwrap().text, "[picture: Chart]");
}

#[test]
fn embedded_formulas_and_charts_of_opendocument_are_read() {
    let object = |name: &str| {
        format!(r#"<draw:frame><draw:object xlink:href="./{name}"/><draw:image/></draw:frame>"#)
    };
    let body = format!(
        "<text:p>is {}.</text:p><text:p>{}</text:p><text:p>{}{}</text:p>",
        object("Object 1"),
        object("Object 2"),
        object("Object 3"),
        object("none")
    );
    let content = format!(
        "<office:document-content {NAMES}><office:body><office:text>{body}</office:text></office:body></office:document-content>"
    );
    let formula = "<math xmlns='m'><semantics><mfrac><mn>3</mn><mn>4</mn></mfrac>\
        <annotation encoding='StarMath 5.0'>{3} over {4}</annotation></semantics></math>";
    let chart = "<o><office:body><office:chart><chart:title><text:p>Sales</text:p></chart:title>\
        <table:table><table:table-row><table:table-cell><text:p>Q1</text:p></table:table-cell>\
        <table:table-cell><text:p>5</text:p></table:table-cell></table:table-row></table:table>\
        </office:chart></office:body></o>";
    let bytes = archive(&[
        ("mimetype", "application/vnd.oasis.opendocument.text"),
        ("content.xml", &content),
        ("Object 1/content.xml", formula),
        ("Object 2/content.xml", chart),
        ("Object 3/content.xml", "<math"),
    ]);
    let expected = "is (3)/(4).\n\nSales\n\n| Q1 | 5 |\n| --- | --- |\n\n\
        [an embedded object is damaged and was not read]";
    assert_eq!(read("a.odt", bytes).unwrap().text, expected);
}

#[test]
fn opendocument_presentation() {
    let slides = r#"<draw:page><draw:frame presentation:class="title"><draw:text-box><text:p>Results</text:p></draw:text-box></draw:frame>
        <draw:frame><draw:text-box><text:p>good</text:p></draw:text-box></draw:frame>
        <presentation:notes><draw:frame><draw:text-box><text:p>say it</text:p></draw:text-box></draw:frame></presentation:notes></draw:page>
        <draw:page><draw:frame><draw:text-box><text:p>end</text:p></draw:text-box></draw:frame></draw:page>"#;
    let bytes = archive(&[
        ("mimetype", "application/vnd.oasis.opendocument.presentation"),
        ("content.xml", &format!("<o><office:body>{slides}</office:body></o>")),
    ]);
    let document = read("a.odp", bytes).unwrap();
    assert_eq!(document.text, "# Results\n\ngood\n\nsay it\n\n[page 2]\n\nend");
    assert_eq!(document.pages.len(), 2);
    assert_eq!(document.blocks[2].kind, BlockKind::Note);
    assert_eq!(document.blocks[3].page, Some(2));
}

#[test]
fn what_opendocument_cannot_give() {
    let deep = "<text:section>".repeat(100_000);
    let encrypted = archive(&[
        ("mimetype", "application/vnd.oasis.opendocument.text"),
        ("META-INF/manifest.xml", "<m><manifest:encryption-data/></m>"),
        ("content.xml", "\u{1}\u{2}"),
    ]);
    let bomb = format!("<text:p>{}</text:p>", " ".repeat(4 << 20));
    for (bytes, kind) in [
        (odt("", &deep), FileErrorKind::LimitExceeded),
        (odt("", &bomb), FileErrorKind::LimitExceeded),
        (odt("", "<text:p>"), FileErrorKind::Corrupt),
        (encrypted, FileErrorKind::PasswordRequired),
        (
            archive(&[("mimetype", "application/vnd.oasis.opendocument.text")]),
            FileErrorKind::Corrupt,
        ),
    ] {
        assert_eq!(read("a.odt", bytes).unwrap_err().kind, kind);
    }
}

#[test]
fn the_cells_of_a_table_are_bounded() {
    let body = r#"<table:table><table:table-row><table:table-cell table:number-columns-repeated="4000000000">
        <text:p>a</text:p></table:table-cell><table:table-cell><text:p>b</text:p></table:table-cell>
        </table:table-row><table:table-row/></table:table>"#;
    let limits = Limits { cells: 1000, ..Limits::default() };
    let options = ReadOptions { limits, ..ReadOptions::default() };
    let error = read_bytes("a.odt", odt("", body), &options).unwrap_err();
    assert_eq!(error.kind, FileErrorKind::LimitExceeded);
}

const PACKAGE: &str = r#"<package xmlns="p"><manifest><item id="a" href="text/one%201.xhtml"/><item id="b" href="two.xhtml"/>
    <item id="c" href="none.xhtml"/></manifest><spine><itemref idref="b"/><itemref idref="a"/><itemref idref="c"/></spine></package>"#;

fn epub(more: &[(&str, &str)]) -> Vec<u8> {
    let container =
        r#"<container><rootfiles><rootfile full-path="OEBPS/book.opf"/></rootfiles></container>"#;
    let parts = [
        ("mimetype", "application/epub+zip"),
        ("META-INF/container.xml", container),
        ("OEBPS/book.opf", PACKAGE),
        (
            "OEBPS/text/one 1.xhtml",
            "<html><head><title/></head><body><h2>Second</h2><p>x</p></body></html>",
        ),
        (
            "OEBPS/two.xhtml",
            "<html><head><title>t</title></head><body><h1>First</h1></body></html>",
        ),
    ];
    archive(&[&parts[..], more].concat())
}

#[test]
fn a_book_has_its_chapters_in_order() {
    let document = read("a.epub", epub(&[])).unwrap();
    assert_eq!(document.text, "# First\n\n## Second\n\nx");
    assert_eq!(document.warnings, ["the chapter OEBPS/none.xhtml is missing"]);
    // Some writers put the type after other files, packed, or use the separator of Windows.
    let odd: Vec<(&str, &str)> = vec![
        ("META-INF\\container.xml", "<container><rootfile full-path=\"b/book.opf\"/></container>"),
        ("b\\book.opf", "<p><item id=\"a\" href=\"a.xhtml\"/><itemref idref=\"a\"/></p>"),
        ("b\\a.xhtml", "<p>text</p>"),
        ("mimetype", "application/epub+zip"),
    ];
    assert_eq!(read("a.epub", archive(&odd)).unwrap().text, "text");
    let encryption = "<encryption><CipherReference URI=\"OEBPS/two.xhtml\"/></encryption>";
    let error = read("a.epub", epub(&[("META-INF/encryption.xml", encryption)])).unwrap_err();
    assert_eq!(error.kind, FileErrorKind::PasswordRequired);
    let fonts = "<encryption><CipherReference URI=\"OEBPS/font.otf\"/></encryption>";
    assert!(read("a.epub", epub(&[("META-INF/encryption.xml", fonts)])).is_ok());
}

#[test]
fn damaged_archives_are_read_or_refused() {
    for (name, bytes) in [("a.odt", odt("", "<text:p>text</text:p>")), ("a.epub", epub(&[]))] {
        for end in (0..bytes.len()).step_by(7) {
            let _ = read(name, bytes[..end].to_vec());
        }
        for place in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[place] ^= 0x41;
            let _ = read(name, flipped);
        }
    }
}

#[test]
fn markup_is_read_by_its_format() {
    for (name, bytes, format, text) in [
        ("a.html", "<p>x", Format::Html, "x"),
        ("a.xml", "<a>x</a>", Format::Xml, "a: x"),
        ("a.rtf", "{\\rtf1 x}", Format::Rtf, "x"),
        ("a.md", "# x", Format::Markdown, "# x"),
        ("a.rst", "x", Format::Text, "x"),
    ] {
        let document = read(name, bytes.as_bytes().to_vec()).unwrap();
        assert_eq!((document.format, document.text.as_str()), (Some(format), text), "{name}");
    }
}

#[test]
fn raised_lowered_and_struck_text_of_opendocument_keeps_its_meaning() {
    let style = |name: &str, properties: &str| {
        format!(
            r#"<style:style style:name="{name}"><style:text-properties {properties}/></style:style>"#
        )
    };
    let styles = [
        style("S", r#"style:text-position="super 58%""#),
        style("L", r#"style:text-position="-33% 58%""#),
        style("D", r#"style:text-line-through-style="solid""#),
        style("N", r#"style:text-line-through-style="none" style:text-position="0% 100%""#),
    ];
    let body = r#"<text:p>10<text:span text:style-name="S">6</text:span> H<text:span text:style-name="L">2</text:span>O
        <text:span text:style-name="D">12 <text:span text:style-name="X">EUR</text:span></text:span>
        <text:span text:style-name="N">13</text:span></text:p><text:p><text:span text:style-name="D">all</text:span></text:p>"#;
    let document = read("a.odt", odt(&styles.concat(), body)).unwrap();
    assert_eq!(document.text, "Acme\n\n10⁶ H₂O ~~12 EUR~~ 13\n\n~~all~~\n\nPage");
}
