//! Presentations, made by the tests record by record or part by part.

use crate::compound::{Node, compound};
use crate::office::{read, relations, zip};

/// A record of a presentation of the binary format (.ppt); containers have the version 15.
fn record(kind: u16, version: u8, instance: u8, parts: &[Vec<u8>]) -> Vec<u8> {
    let data = parts.concat();
    let length = u32::try_from(data.len()).unwrap();
    let head = [instance << 4 | version, 0];
    [&head, &kind.to_le_bytes()[..], &length.to_le_bytes(), &data].concat()
}

fn number(number: u32) -> Vec<u8> {
    number.to_le_bytes().to_vec()
}

#[test]
fn placeholders_of_a_presentation_of_97_have_their_texts() {
    let header = |instance: u8| record(0xF9F, 0, instance, &[number(u32::from(instance))]);
    let persist = [2, 0, 0, 256, 0].map(number);
    let outline = [
        record(0x3F3, 0, 0, &persist),
        // The title is empty.
        header(0),
        header(1),
        record(0xFA8, 0, 0, &[b"Costs 12.50 EUR".to_vec()]),
    ];
    let document = record(1000, 15, 0, &[record(0xFF0, 15, 0, &outline)]);
    let shape = |content: Vec<u8>| record(0xF004, 15, 0, &[record(0xF00D, 15, 0, &[content])]);
    let slide = record(
        1006,
        15,
        0,
        &[shape(record(0xF9E, 0, 0, &[number(0)])), shape(record(0xF9E, 0, 0, &[number(1)]))],
    );
    let at_slide = u32::try_from(document.len()).unwrap();
    let at_directory = at_slide + u32::try_from(slide.len()).unwrap();
    // Two objects from number 1 on: the document and the slide.
    let directory = record(0x1772, 0, 0, &[number(2 << 20 | 1), number(0), number(at_slide)]);
    let at_edit = at_directory + u32::try_from(directory.len()).unwrap();
    let edit = record(0xFF5, 0, 0, &[0, 0, 0, at_directory, 1, 3, 0].map(number));
    let user = record(0xFF6, 0, 0, &[20, 0xE391_C05F, at_edit, 0, 0].map(number));
    let file = compound(vec![
        Node::Stream("PowerPoint Document".into(), [document, slide, directory, edit].concat()),
        Node::Stream("Current User".into(), user),
    ]);
    assert_eq!(read("a.ppt", file).unwrap().text, "Costs 12.50 EUR");
}

/// A presentation of one slide with this tree of shapes.
fn pptx(shapes: &str) -> Vec<u8> {
    let names = "xmlns:a=\"http://schemas.openxmlformats.org/drawingml/2006/main\" \
        xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\" \
        xmlns:p=\"http://schemas.openxmlformats.org/presentationml/2006/main\"";
    let office = "application/vnd.openxmlformats-officedocument.presentationml";
    let types = format!(
        "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">\
         <Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
         <Override PartName=\"/ppt/presentation.xml\" ContentType=\"{office}.presentation.main+xml\"/>\
         <Override PartName=\"/ppt/slides/slide1.xml\" ContentType=\"{office}.slide+xml\"/></Types>"
    );
    let relations = |relation: &str| {
        relations(&[("r1", relation, if relation == "slide" { "slides/slide1.xml" } else { "ppt/presentation.xml" })])
            .replace("<Relationships>", "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">")
    };
    zip(&[
        ("[Content_Types].xml", types),
        ("_rels/.rels", relations("officeDocument")),
        (
            "ppt/presentation.xml",
            format!(
                "<p:presentation {names}><p:sldIdLst><p:sldId id=\"256\" r:id=\"r1\"/></p:sldIdLst></p:presentation>"
            ),
        ),
        ("ppt/_rels/presentation.xml.rels", relations("slide")),
        (
            "ppt/slides/slide1.xml",
            format!("<p:sld {names}><p:cSld><p:spTree>{shapes}</p:spTree></p:cSld></p:sld>"),
        ),
    ])
}

#[test]
fn raised_lowered_and_struck_text_of_slides_keeps_its_meaning() {
    let run =
        |properties: &str, text: &str| format!("<a:r><a:rPr {properties}/><a:t>{text}</a:t></a:r>");
    let runs = [
        run("", "10"),
        run("baseline=\"30000\"", "6"),
        run("", " H"),
        run("baseline=\"-25000\"", "2"),
        run("", "O "),
        run("strike=\"sngStrike\"", "12 EUR"),
    ];
    let shape = format!("<p:sp><p:txBody><a:p>{}</a:p></p:txBody></p:sp>", runs.concat());
    let picture = "<p:pic><p:nvPicPr><p:cNvPr id=\"4\" name=\"Picture 3\" descr=\"Logo of ACME\"/></p:nvPicPr></p:pic>";
    let document = read("a.pptx", pptx(&(shape + picture))).unwrap();
    assert_eq!(document.text, "10⁶ H₂O ~~12 EUR~~\n\n[picture: Logo of ACME]");
}
