//! Documents of office programs, made here part by part.

use std::io::{Cursor, Write};

use structx_documents::{
    Block, BlockKind, Content, Document, FileError, FileErrorKind, Limits, ReadOptions, read_bytes,
};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

pub fn zip(parts: &[(&str, String)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in parts {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

pub fn relations(relations: &[(&str, &str, &str)]) -> String {
    let relation = |(id, kind, target): &(&str, &str, &str)| {
        format!(r#"<Relationship Id="{id}" Type="{OFFICE}/{kind}" Target="{target}"/>"#)
    };
    format!("<Relationships>{}</Relationships>", relations.iter().map(relation).collect::<String>())
}

/// A Word document of a body and other parts: their kind and their XML.
fn word(body: &str, others: &[(&str, &str)]) -> Vec<u8> {
    let mut parts = vec![
        ("_rels/.rels", relations(&[("r", "officeDocument", "word/document.xml")])),
        (
            "word/document.xml",
            format!(r#"<w:document xmlns:w="w" xmlns:r="r"><w:body>{body}</w:body></w:document>"#),
        ),
    ];
    let names: Vec<_> = others.iter().map(|(kind, _)| format!("{kind}.xml")).collect();
    let all: Vec<_> =
        others.iter().zip(&names).map(|((kind, _), name)| (*kind, *kind, &**name)).collect();
    parts.push(("word/_rels/document.xml.rels", relations(&all)));
    let paths: Vec<_> = names.iter().map(|name| format!("word/{name}")).collect();
    let xml = |(path, (_, xml)): (&'static str, &(&str, &str))| (path, (*xml).to_owned());
    let paths = paths.into_iter().map(|path| &*path.leak());
    parts.extend(paths.zip(others).map(xml));
    zip(&parts)
}

pub fn read(name: &str, bytes: Vec<u8>) -> Result<Document, FileError> {
    match read_bytes(name, bytes, &ReadOptions::default())? {
        Content::Document(document) => Ok(document),
        Content::Table(_) => panic!("{name} is no table"),
    }
}

fn text(body: &str, others: &[(&str, &str)]) -> String {
    read("a.docx", word(body, others)).unwrap().text
}

fn run(text: &str) -> String {
    format!("<w:r><w:t>{text}</w:t></w:r>")
}

fn paragraph(text: &str) -> String {
    format!("<w:p>{}</w:p>", run(text))
}

fn listed(list: u32, level: u32, text: &str) -> String {
    let list = format!(r#"<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{list}"/></w:numPr>"#);
    format!("<w:p><w:pPr>{list}</w:pPr>{}</w:p>", run(text))
}

fn kinds(document: &Document, kind: impl Fn(BlockKind) -> bool) -> Vec<&str> {
    let of_kind = |block: &&Block| kind(block.kind);
    let text = |block: &Block| &document.text[block.range.clone()];
    document.blocks.iter().filter(of_kind).map(text).collect()
}

#[test]
fn runs_are_read_as_they_are_printed() {
    for (runs, printed) in [
        (r#"<w:t>a</w:t><w:tab/><w:t xml:space="preserve"> b</w:t>"#, "a\t b"),
        ("<w:t>a</w:t><w:br/><w:t>b</w:t><w:cr/><w:t>c</w:t>", "a\nb\nc"),
        ("<w:t>A&amp;B &#8364;5 &lt;x&gt;</w:t>", "A&B €5 <x>"),
        (
            "<w:t>co</w:t><w:softHyphen/><w:t>op</w:t><w:noBreakHyphen/><w:t>s\u{ad}et</w:t>",
            "coop-set",
        ),
        (r#"<w:sym w:font="Wingdings" w:char="F0FC"/><w:t> done</w:t>"#, "✓ done"),
        (r#"<w:sym w:font="Symbol" w:char="F061"/><w:t>=1</w:t>"#, "α=1"),
        (r"<w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r><w:r><w:t>seen</w:t>", "seen"),
        (r#"<w:rPr><w:vanish w:val="0"/></w:rPr><w:t>seen</w:t>"#, "seen"),
        (
            r#"<w:t>on </w:t><w:fldChar w:fldCharType="begin"/><w:instrText>DATE</w:instrText><w:t>code</w:t>
            <w:fldChar w:fldCharType="separate"/><w:t>1 May</w:t><w:fldChar w:fldCharType="end"/><w:t>.</w:t>"#,
            "on 1 May.",
        ),
        (
            r#"<w:fldChar w:fldCharType="begin"><w:ffData><w:checkBox><w:default w:val="0"/><w:checked/>
            </w:checkBox></w:ffData></w:fldChar><w:fldChar w:fldCharType="end"/><w:t> agreed</w:t>"#,
            "☒ agreed",
        ),
    ] {
        let body = format!("<w:p><w:r>{runs}</w:r></w:p>");
        assert_eq!(text(&body, &[]), printed, "{runs}");
    }
}

#[test]
fn what_stands_around_runs_is_passed_through_or_dropped() {
    let body = format!(
        "<w:sdt><w:sdtPr><w:t>no</w:t></w:sdtPr><w:sdtContent><w:p>{}<w:hyperlink>{}</w:hyperlink>\
         <w:ins>{}</w:ins><w:del><w:r><w:delText>no</w:delText></w:r></w:del>\
         <w:moveFrom>{}</w:moveFrom><w:moveTo>{}</w:moveTo></w:p></w:sdtContent></w:sdt>",
        run("one "),
        run("two "),
        run("three "),
        run("no"),
        run("four")
    );
    assert_eq!(text(&body, &[]), "one two three four");
    let changed = "<w:p><w:pPr><w:pPrChange><w:pPr><w:outlineLvl w:val=\"0\"/></w:pPr></w:pPrChange>\
        </w:pPr><w:r><w:t>plain</w:t></w:r></w:p>";
    assert_eq!(text(changed, &[]), "plain");
}

#[test]
fn alternative_texts_of_pictures() {
    let picture =
        |text: &str| format!("<w:drawing><wp:inline><wp:docPr {text}/></wp:inline></w:drawing>");
    let body = format!(
        "<w:p>{}<w:r>{}</w:r><w:r>{}</w:r></w:p><w:p><w:r><w:pict><v:shape alt=\"Seal\"/></w:pict></w:r></w:p>",
        run("By"),
        picture("name=\"Picture 1\" descr=\"Logo of\nACME\""),
        picture("name=\"Picture 2\" descr=\" \""),
    );
    assert_eq!(text(&body, &[]), "By [picture: Logo of ACME]\n\n[picture: Seal]");
}

#[test]
fn a_text_box_follows_its_paragraph_once() {
    let shape = |text: &str| format!("<w:txbxContent>{}</w:txbxContent>", paragraph(text));
    let body = format!(
        "<w:p><w:r><w:t>before</w:t><mc:AlternateContent><mc:Choice>{}</mc:Choice><mc:Fallback>{}\
         </mc:Fallback></mc:AlternateContent></w:r>{}</w:p>",
        shape("in the box"),
        shape("in the box"),
        run(" and after")
    );
    assert_eq!(text(&body, &[]), "before and after\n\nin the box");
}

const NUMBERING: &str = r#"<w:numbering>
    <w:abstractNum w:abstractNumId="1">
        <w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="upperRoman"/><w:lvlText w:val="Article %1"/></w:lvl>
        <w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:isLgl/><w:lvlText w:val="%1.%2"/></w:lvl>
        <w:lvl w:ilvl="2"><w:start w:val="1"/><w:numFmt w:val="lowerLetter"/><w:lvlText w:val="(%3)"/></w:lvl>
        <w:lvl w:ilvl="3"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlRestart w:val="0"/><w:lvlText w:val="Note %4:"/></w:lvl>
    </w:abstractNum>
    <w:abstractNum w:abstractNumId="2">
        <w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:pStyle w:val="Heading1"/><w:lvlText w:val="%1"/></w:lvl>
        <w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:pStyle w:val="Heading2"/><w:lvlText w:val="%1.%2"/></w:lvl>
    </w:abstractNum>
    <w:abstractNum w:abstractNumId="3"><w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/><w:lvlText w:val="x"/></w:lvl></w:abstractNum>
    <w:abstractNum w:abstractNumId="4"><w:styleLink w:val="Clauses"/>
        <w:lvl w:ilvl="0"><w:start w:val="5"/><w:numFmt w:val="decimalZero"/><w:lvlText w:val="§ %1"/></w:lvl></w:abstractNum>
    <w:abstractNum w:abstractNumId="5"><w:numStyleLink w:val="Clauses"/></w:abstractNum>
    <w:num w:numId="1"><w:abstractNumId w:val="1"/></w:num>
    <w:num w:numId="2"><w:abstractNumId w:val="2"/></w:num>
    <w:num w:numId="3"><w:abstractNumId w:val="3"/></w:num>
    <w:num w:numId="4"><w:abstractNumId w:val="5"/></w:num>
    <w:num w:numId="6"><w:abstractNumId w:val="1"/><w:lvlOverride w:ilvl="0"><w:startOverride w:val="9"/></w:lvlOverride></w:num>
</w:numbering>"#;

const STYLES: &str = r#"<w:styles>
    <w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/></w:style>
    <w:style w:type="paragraph" w:styleId="Heading1"><w:name w:val="heading 1"/>
        <w:pPr><w:numPr><w:numId w:val="2"/></w:numPr><w:outlineLvl w:val="0"/></w:pPr></w:style>
    <w:style w:type="paragraph" w:styleId="Heading2"><w:name w:val="heading 2"/><w:basedOn w:val="Normal"/>
        <w:pPr><w:numPr><w:numId w:val="2"/></w:numPr></w:pPr></w:style>
    <w:style w:type="paragraph" w:styleId="Mine"><w:name w:val="mine"/><w:basedOn w:val="Heading2"/></w:style>
    <w:style w:type="paragraph" w:styleId="Title"><w:name w:val="Title"/></w:style>
    <w:style w:type="character" w:styleId="Secret"><w:name w:val="secret"/><w:rPr><w:vanish/></w:rPr></w:style>
</w:styles>"#;

#[test]
fn numbers_are_as_printed() {
    let others = [("numbering", NUMBERING)];
    for (items, printed) in [
        (
            &[(1, 0), (1, 1), (1, 1), (1, 2), (1, 2), (1, 0), (1, 1), (1, 2)][..],
            "Article I|  1.1|  1.2|    (a)|    (b)|Article II|  2.1|    (a)",
        ),
        (&[(1, 3), (1, 0), (1, 3)], "      Note 1:|Article II|      Note 2:"),
        (&[(1, 2), (1, 1)], "    (a)|  1.2"),
        (&[(3, 0), (3, 0)], "-|-"),
        (&[(4, 0), (4, 0)], "§ 05|§ 06"),
        (&[(1, 0), (6, 0), (1, 0), (6, 0)], "Article I|Article IX|Article X|Article XI"),
    ] {
        let body: String = items.iter().map(|(list, level)| listed(*list, *level, "x")).collect();
        let printed = printed.replace('|', " x\n") + " x";
        assert_eq!(text(&body, &others), printed, "{items:?}");
    }
    for nothing in [listed(0, 0, "x"), listed(99, 0, "x"), listed(1, 12, "x")] {
        assert_eq!(text(&nothing, &others), "x");
    }
}

#[test]
fn headings_have_their_numbers() {
    let styled = |style: &str, text: &str| {
        format!(r#"<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr>{}</w:p>"#, run(text))
    };
    let own = r#"<w:p><w:pPr><w:pStyle w:val="Heading1"/><w:numPr><w:numId w:val="0"/></w:numPr></w:pPr>
        <w:r><w:t>Annex</w:t></w:r></w:p>"#;
    let body = [
        styled("Title", "Contract"),
        styled("Heading1", "Parties"),
        styled("Heading2", "Seller"),
        styled("Heading1", ""),
        styled("Mine", "Price"),
        own.to_owned(),
        styled("Normal", "text"),
    ]
    .concat();
    let printed = "# Contract\n\n# 1 Parties\n\n## 1.1 Seller\n\n## 2.1 Price\n\n# Annex\n\ntext";
    assert_eq!(text(&body, &[("styles", STYLES), ("numbering", NUMBERING)]), printed);
    let secret = r#"<w:p><w:r><w:rPr><w:rStyle w:val="Secret"/></w:rPr><w:t>no</w:t></w:r><w:r><w:t>yes</w:t></w:r></w:p>"#;
    assert_eq!(text(secret, &[("styles", STYLES)]), "yes");
}

fn cell(properties: &str, content: &str) -> String {
    format!("<w:tc><w:tcPr>{properties}</w:tcPr>{content}</w:tc>")
}

fn table(rows: &[String]) -> String {
    let rows: String = rows.iter().map(|row| format!("<w:tr>{row}</w:tr>")).collect();
    format!("<w:tbl>{rows}</w:tbl>")
}

#[test]
fn tables() {
    let wide = r#"<w:gridSpan w:val="2"/>"#;
    let (down, below) = (r#"<w:vMerge w:val="restart"/>"#, "<w:vMerge/>");
    let nested = table(&[cell("", &paragraph("in")) + &cell("", &paragraph("side"))]);
    let body = table(&[
        cell(wide, &paragraph("Wide")) + &cell("", &paragraph("A|B")),
        cell(down, &paragraph("Tall"))
            + &cell("", &(paragraph("one") + &paragraph("two")))
            + &cell("", &nested),
        cell(below, &paragraph(""))
            + &cell("<w:cellDel/>", &paragraph("gone"))
            + &cell(wide, &paragraph("end")),
        "<w:trPr><w:del/></w:trPr>".to_owned() + &cell("", &paragraph("gone")),
        r#"<w:trPr><w:gridBefore w:val="1"/></w:trPr>"#.to_owned() + &cell("", &paragraph("late")),
    ]);
    let document = read("a.docx", word(&body, &[])).unwrap();
    let printed = "| Wide |  | A\\|B |\n| --- | --- | --- |\n| Tall | one two | in side |\n\
        |  | end |  |\n|  | late |  |";
    assert_eq!(document.text, printed);
    let cells = kinds(&document, |kind| matches!(kind, BlockKind::Cell { .. }));
    assert_eq!(cells, ["Wide", "A\\|B", "Tall", "one two", "in side", "end", "late"]);
    let frame = table(&[cell("", &(paragraph("one") + &paragraph("two")))]);
    assert_eq!(text(&frame, &[]), "one\n\ntwo");
}

#[test]
fn notes_have_the_marks_of_the_text() {
    let refer = |kind: &str, id: u32| format!(r#"<w:r><w:{kind}Reference w:id="{id}"/></w:r>"#);
    let body = format!(
        "<w:p>{}{}{}</w:p><w:p>{}{}{}{}</w:p>",
        run("Five"),
        refer("footnote", 7),
        refer("comment", 0),
        run("Six"),
        refer("footnote", 3),
        refer("endnote", 1),
        r#"<w:r><w:footnoteReference w:customMarkFollows="1" w:id="9"/><w:t>*</w:t></w:r>"#,
    );
    let note = |kind: &str, id: u32, more: &str, text: &str| {
        format!(r#"<w:{kind} w:id="{id}" {more}>{}</w:{kind}>"#, paragraph(text))
    };
    let footnotes = format!(
        "<w:footnotes>{}{}{}{}{}</w:footnotes>",
        note("footnote", 0, r#"w:type="separator""#, "line"),
        note("footnote", 3, "", "second"),
        note("footnote", 7, "", "first"),
        note("footnote", 8, "", "nobody refers to it"),
        note("footnote", 9, "", "* starred")
    );
    let endnotes = format!("<w:endnotes>{}</w:endnotes>", note("endnote", 1, "", "last"));
    let comments =
        format!("<w:comments>{}</w:comments>", note("comment", 0, r#"w:author="Ann""#, "really?"));
    let others = [("footnotes", &*footnotes), ("endnotes", &endnotes), ("comments", &comments)];
    let document = read("a.docx", word(&body, &others)).unwrap();
    let notes = ["[1] first", "[2] second", "* starred", "[i] last", "[comment 1] Ann: really?"];
    assert_eq!(kinds(&document, |kind| kind == BlockKind::Note), notes);
    assert!(document.text.starts_with("Five[1][comment 1]\n\nSix[2][i]*\n\n[1] first"));
    let settings =
        r#"<w:settings><w:footnotePr><w:numFmt w:val="lowerLetter"/></w:footnotePr></w:settings>"#;
    let text = text(&body, &[("settings", settings)]);
    assert_eq!(text, "Five[a][comment 1]\n\nSix[b][i]*");
}

#[test]
fn headers_and_footers_stand_once_around_the_text() {
    let margin = |text: &str| {
        format!(
            "<w:hdr>{}{}</w:hdr>",
            paragraph(text),
            table(&[cell("", &paragraph("Tel.")) + &cell("", &paragraph("12"))])
        )
    };
    let section = |kinds: &str| {
        format!(
            r#"<w:sectPr><w:headerReference w:type="default" r:id="header"/><w:headerReference w:type="first" r:id="header2"/>
            <w:footerReference w:type="default" r:id="footer"/>{kinds}</w:sectPr>"#
        )
    };
    let body = |kinds: &str| {
        format!("<w:p><w:pPr>{}</w:pPr>{}</w:p>{}", section(""), run("Text"), section(kinds))
    };
    let (usual, first, last) = (margin("Alder Ltd"), margin("Welcome"), margin("Bye"));
    let others = [("header", &*usual), ("header2", &first), ("footer", &last)];
    let document = read("a.docx", word(&body(""), &others)).unwrap();
    assert_eq!(document.text, "Alder Ltd\n\nTel. 12\n\nText\n\nBye\n\nTel. 12");
    let margins = kinds(&document, |kind| kind == BlockKind::HeaderFooter);
    assert_eq!(margins, ["Alder Ltd", "Tel. 12", "Bye", "Tel. 12"]);
    let titled = read("a.docx", word(&body("<w:titlePg/>"), &others)).unwrap();
    assert!(titled.text.contains("Welcome"));
}

#[test]
fn what_cannot_be_read_is_told() {
    let good = word(&paragraph("text"), &[]);
    let deep = "<w:sdt>".repeat(100_000) + &"</w:sdt>".repeat(100_000);
    let tables = "<w:tbl><w:tr><w:tc>".repeat(50_000) + &"</w:tc></w:tr></w:tbl>".repeat(50_000);
    let part = |text: &str| zip(&[("word/document.xml", text.to_owned())]);
    for (bytes, kind) in [
        (word("", &[]), FileErrorKind::Empty),
        (word("<w:p>", &[]), FileErrorKind::Corrupt),
        (part("<w:document><w:body><w:p>"), FileErrorKind::Corrupt),
        (part("<w:document><w:p></w:q>"), FileErrorKind::Corrupt),
        (zip(&[("word/document2.xml", String::new())]), FileErrorKind::Corrupt),
        (good[..good.len() - 40].to_vec(), FileErrorKind::Corrupt),
        (word(&deep, &[]), FileErrorKind::LimitExceeded),
        (word(&tables, &[]), FileErrorKind::LimitExceeded),
        (word(&" ".repeat(4 << 20), &[]), FileErrorKind::LimitExceeded),
    ] {
        let error = read("a.docx", bytes).unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
    }
    let limits = Limits { entries: 2, ..Limits::default() };
    let options = ReadOptions { limits, ..ReadOptions::default() };
    let error = read_bytes("a.docx", good, &options).unwrap_err();
    assert_eq!(error.kind, FileErrorKind::LimitExceeded);
}

#[test]
fn what_is_outside_of_the_file_is_not_read() {
    let outside = relations(&[("r", "officeDocument", "word/document.xml")]);
    let chart = r#"<w:p><w:r><c:chart r:id="c"/><w:t>text</w:t></w:r></w:p>"#;
    let links = format!(
        r#"<Relationships><Relationship Id="c" Type="{OFFICE}/chart" Target="word/secret.xml" TargetMode="External"/>
        </Relationships>"#
    );
    let bytes = zip(&[
        ("_rels/.rels", outside),
        ("word/document.xml", format!("<w:document>{chart}</w:document>")),
        ("word/_rels/document.xml.rels", links),
        ("word/word/secret.xml", "<a:t>secret</a:t>".to_owned()),
    ]);
    assert_eq!(read("a.docx", bytes).unwrap().text, "text");
    let chart_part = "<c:chart><a:p><a:r><a:t>Sal</a:t></a:r><a:r><a:t>es</a:t></a:r></a:p><c:f>Sheet1</c:f><c:v>12</c:v></c:chart>";
    let inside = text(&chart.replace("\"c\"", "\"chart\""), &[("chart", chart_part)]);
    assert_eq!(inside, "text\n\nSales 12");
}

#[test]
fn raised_lowered_and_struck_text_of_word_keeps_its_meaning() {
    let styled = |property: &str, text: &str| {
        format!(r#"<w:r><w:rPr>{property}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>"#)
    };
    let styles = r#"<w:styles><w:style w:type="character" w:styleId="Old"><w:rPr><w:strike/></w:rPr></w:style>
        <w:style w:type="character" w:styleId="Power" w:basedOn="Old"><w:rPr><w:vertAlign w:val="superscript"/></w:rPr></w:style></w:styles>"#;
    let body = [
        run("2.5 x 10"),
        styled(r#"<w:vertAlign w:val="superscript"/>"#, "6"),
        run(" H"),
        styled(r#"<w:vertAlign w:val="subscript"/>"#, "2"),
        run("O at "),
        styled("<w:strike/>", "12 "),
        styled("<w:dstrike/>", "EUR "),
        styled(r#"<w:rStyle w:val="Old"/><w:strike w:val="0"/>"#, "13 EUR"),
        styled(r#"<w:rStyle w:val="Power"/>"#, "2"),
        styled(r#"<w:rStyle w:val="Old"/>"#, " gone"),
    ];
    let expected = "2.5 x 10⁶ H₂O at ~~12 EUR~~ 13 EUR² ~~gone~~";
    assert_eq!(text(&format!("<w:p>{}</w:p>", body.concat()), &[("styles", styles)]), expected);
    let noted = format!(
        r#"<w:p>{}<w:r><w:rPr><w:vertAlign w:val="superscript"/></w:rPr><w:footnoteReference w:id="1"/></w:r></w:p>"#,
        run("12,345")
    );
    let notes = r#"<w:footnotes><w:footnote w:id="1"><w:p><w:r><w:t>net</w:t></w:r></w:p></w:footnote></w:footnotes>"#;
    assert_eq!(text(&noted, &[("footnotes", notes)]), "12,345[1]\n\n[1] net");
}

#[test]
fn formulas_of_word_are_written_in_one_line() {
    let math = |text: &str| format!("<m:r><m:t>{text}</m:t></m:r>");
    let formula = |content: &str| format!("<w:p><m:oMath>{content}</m:oMath></w:p>");
    let (three, four, n) = (math("3"), math("4"), math("n"));
    for (content, expected) in [
        (format!("<m:f><m:num>{three}</m:num><m:den>{four}</m:den></m:f>"), "(3)/(4)"),
        (format!("<m:sSup><m:e>{three}</m:e><m:sup>{four}</m:sup></m:sSup>"), "3^(4)"),
        (format!("<m:sSub><m:e>{n}</m:e><m:sub>{four}</m:sub></m:sSub>"), "n_(4)"),
        (format!("<m:rad><m:radPr><m:degHide/></m:radPr><m:deg/><m:e>{n}</m:e></m:rad>"), "√(n)"),
        (format!("<m:rad><m:deg>{three}</m:deg><m:e>{n}</m:e></m:rad>"), "(3)√(n)"),
        (
            format!(
                r#"<m:nary><m:naryPr><m:chr m:val="∑"/></m:naryPr><m:sub>{three}</m:sub><m:sup>{n}</m:sup><m:e>{four}</m:e></m:nary>"#
            ),
            "∑_(3)^(n)4",
        ),
        (format!("<m:nary><m:naryPr/><m:sub/><m:sup/><m:e>{n}</m:e></m:nary>"), "∫n"),
        (
            format!(
                r#"<m:d><m:dPr><m:begChr m:val="["/><m:endChr m:val="]"/></m:dPr><m:e>{three}</m:e><m:e>{n}</m:e></m:d>"#
            ),
            "[3|n]",
        ),
        (format!("<m:d><m:dPr/><m:e>{n}</m:e></m:d>{four}"), "(n)4"),
        (
            format!(
                "<m:m><m:mPr/><m:mr><m:e>{n}</m:e><m:e>{three}</m:e></m:mr><m:mr><m:e>{four}</m:e></m:mr></m:m>"
            ),
            "[n, 3; 4]",
        ),
        (
            format!(
                "<m:func><m:fName>{n}</m:fName><m:e><m:ctrlPr/><m:f><m:num>{three}</m:num><m:den>{four}</m:den></m:f></m:e></m:func>"
            ),
            "n((3)/(4))",
        ),
        (format!("<m:func><m:fName>{n}</m:fName><m:e>{three}</m:e></m:func>"), "n3"),
        (format!("<m:eqArr><m:e>{n}</m:e><m:e>{four}</m:e></m:eqArr>"), "n; 4"),
        (format!("<m:limLow><m:e>{n}</m:e><m:lim>{four}</m:lim></m:limLow>"), "n_(4)"),
        (format!("<m:limUpp><m:e>{n}</m:e><m:lim>{four}</m:lim></m:limUpp>"), "n^(4)"),
        (
            format!("<m:acc><m:accPr><m:chr m:val=\"\u{304}\"/></m:accPr><m:e>{n}</m:e></m:acc>"),
            "n\u{304}",
        ),
        (format!("<m:acc><m:e>{n}</m:e></m:acc>{three}"), "n\u{302}3"),
    ] {
        assert_eq!(text(&formula(&content), &[]), expected, "{content}");
    }
}

#[test]
fn choices_of_word_are_read_and_placeholders_are_not() {
    let field = |data: &str| {
        format!(
            r#"<w:r><w:fldChar w:fldCharType="begin"><w:ffData>{data}</w:ffData></w:fldChar></w:r>
            <w:r><w:instrText>FORMDROPDOWN</w:instrText></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r>"#
        )
    };
    let entries = r#"<w:listEntry w:val="Net"/><w:listEntry w:val="Gross"/>"#;
    let control = |properties: &str, text: &str| {
        format!(
            "<w:sdt><w:sdtPr><w:alias w:val=\"x\"/>{properties}</w:sdtPr><w:sdtContent>{}</w:sdtContent></w:sdt>",
            run(text)
        )
    };
    for (content, expected) in [
        (field(&format!(r#"<w:ddList><w:result w:val="1"/>{entries}</w:ddList>"#)), "is Gross."),
        (field(&format!("<w:ddList>{entries}</w:ddList>")), "is Net."),
        (control("<w:showingPlcHdr/>", "Click here to enter a date"), "is ."),
        (control(r#"<w:showingPlcHdr w:val="0"/>"#, "3 May"), "is 3 May."),
        (control("<w:dropDownList/>", "Net"), "is Net."),
    ] {
        let body = format!("<w:p>{}{content}{}</w:p>", run("is "), run("."));
        assert_eq!(text(&body, &[]), expected, "{content}");
    }
}
