//! Makes workbooks, as small as readers accept them.

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

pub fn zip(parts: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in parts {
        let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        let packed = SimpleFileOptions::default();
        writer.start_file(*name, if *name == "mimetype" { stored } else { packed }).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// An XLSX of sheets, each with its name, its state and what stands in it.
pub fn xlsx(sheets: &[(&str, &str, &str)]) -> Vec<u8> {
    xlsx_with(
        sheets,
        "",
        r#"<sst uniqueCount="2"><si><t>007</t></si><si><r><t xml:space="preserve">rich </t></r><r><t>text</t></r></si></sst>"#,
    )
}

pub fn xlsx_with(sheets: &[(&str, &str, &str)], properties: &str, texts: &str) -> Vec<u8> {
    xlsx_of(sheets, properties, texts, &[])
}

/// An XLSX with further parts, each with its name and content.
pub fn xlsx_of(
    sheets: &[(&str, &str, &str)],
    properties: &str,
    texts: &str,
    further: &[(&str, &str)],
) -> Vec<u8> {
    let rel = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let listed: String = (1..)
        .zip(sheets)
        .map(|(id, (name, state, _))| {
            format!(r#"<sheet name="{name}" state="{state}" r:id="r{id}"/>"#)
        })
        .collect();
    let related: String = (1..=sheets.len())
        .map(|id| {
            format!(
                r#"<Relationship Id="r{id}" Type="{rel}/worksheet" Target="worksheets/{id}.xml"/>"#
            )
        })
        .collect();
    let workbook =
        format!(r#"<workbook xmlns:r="{rel}">{properties}<sheets>{listed}</sheets></workbook>"#);
    let related = format!("<Relationships>{related}</Relationships>");
    let root = format!(
        r#"<Relationships><Relationship Id="r" Type="{rel}/officeDocument" Target="xl/workbook.xml"/></Relationships>"#
    );
    // Format 1 is a date, 2 a duration, 3 has leading zeros, 4 is a percentage.
    let styles = r#"<styleSheet><numFmts><numFmt numFmtId="164" formatCode="[h]:mm"/><numFmt
        numFmtId="165" formatCode="00000"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/>
        <xf numFmtId="164"/><xf numFmtId="165"/><xf numFmtId="9"/></cellXfs></styleSheet>"#;
    let pages: Vec<(String, String)> = (1..)
        .zip(sheets)
        .map(|(id, (_, _, content))| {
            (format!("xl/worksheets/{id}.xml"), format!("<worksheet>{content}</worksheet>"))
        })
        .collect();
    let mut parts = vec![
        ("_rels/.rels", root.as_str()),
        ("xl/workbook.xml", &workbook),
        ("xl/_rels/workbook.xml.rels", &related),
        ("xl/styles.xml", styles),
        ("xl/sharedStrings.xml", texts),
    ];
    parts.extend(further);
    parts.extend(pages.iter().map(|(name, content)| (name.as_str(), content.as_str())));
    zip(&parts)
}

/// Rows of cells, each with its place, its attributes and what is in it.
pub fn cells(cells: &[(&str, &str, &str)]) -> String {
    let cells: String = cells
        .iter()
        .map(|(place, attributes, content)| format!(r#"<c r="{place}" {attributes}>{content}</c>"#))
        .collect();
    format!("<sheetData><row>{cells}</row></sheetData>")
}

pub fn text(place: &str, text: &str) -> String {
    format!(r#"<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>"#)
}

pub fn texts(all: &[(&str, &str)]) -> String {
    let all: String = all.iter().map(|(place, content)| text(place, content)).collect();
    format!("<sheetData><row>{all}</row></sheetData>")
}

pub fn three_sheets() -> Vec<u8> {
    xlsx(&[
        ("Empty", "visible", "<sheetData/>"),
        ("Secret", "hidden", &texts(&[("A1", "s"), ("A2", "1")])),
        ("Jan", "visible", &texts(&[("A1", "a"), ("B1", "b"), ("A2", "1"), ("B2", "2")])),
        ("Feb", "visible", &texts(&[("A1", "b"), ("B1", "sheet"), ("A2", "3"), ("B2", "4")])),
    ])
}

pub fn ods(tables: &str) -> Vec<u8> {
    let content = format!(
        r#"<?xml version="1.0"?><office:document-content><office:automatic-styles>
        <style:style style:name="h"><style:table-properties table:display="false"/></style:style>
        </office:automatic-styles><office:body><office:spreadsheet>{tables}
        </office:spreadsheet></office:body></office:document-content>"#
    );
    zip(&[
        ("mimetype", "application/vnd.oasis.opendocument.spreadsheet"),
        ("content.xml", &content),
    ])
}
