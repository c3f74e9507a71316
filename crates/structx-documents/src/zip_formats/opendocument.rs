//! OpenDocument texts (.odt) and presentations (.odp): passes their XML to the flow.

use std::collections::HashMap;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::archive::Archive;
use super::opendocument_styles::{OdfNumbering, OdfStyles, attribute};
use crate::context::ReadContext;
use crate::markup::flow::{Flow, FlowKind};
use crate::markup::mathml::{self, MathWriter};
use crate::markup::text::decode;
use crate::markup::text_style::TextStyle;
use crate::markup::xml::resolved;
use crate::{Document, FileError, FileErrorKind};

pub(crate) fn read(context: &ReadContext, bytes: &[u8]) -> Result<Document, FileError> {
    let mut archive = Archive::open(context, bytes)?;
    let manifest = archive.read("META-INF/manifest.xml")?.unwrap_or_default();
    if memchr::memmem::find(&manifest, b"encryption-data").is_some() {
        let message = "is protected by a password; save it without one";
        return Err(context.error(FileErrorKind::PasswordRequired, message));
    }
    let Some(content) = archive.read("content.xml")? else {
        return Err(context.corrupt("is damaged: it has no content.xml; save it again"));
    };
    let styles = archive.read("styles.xml")?.unwrap_or_default();
    let (content, _) = decode(&content, None);
    let (page_styles, _) = decode(&styles, None);
    let mut styles = OdfStyles::default();
    styles.collect(context, &page_styles)?;
    styles.collect(context, &content)?;
    let objects = objects(&mut archive)?;
    let mut flow = Flow::new(context);
    OdfReader::new(&mut flow, &styles, &objects, Section::Headers).run(&page_styles)?;
    OdfReader::new(&mut flow, &styles, &objects, Section::Body).run(&content)?;
    OdfReader::new(&mut flow, &styles, &objects, Section::Footers).run(&page_styles)?;
    let document = flow.finish()?.finish();
    if document.text.is_empty() {
        return Err(context.error(FileErrorKind::Empty, "the document has no text"));
    }
    Ok(document)
}

/// The contents of embedded formulas and charts, by the names of their folders.
fn objects(archive: &mut Archive) -> Result<Objects, FileError> {
    let folder = |name: &str| Some(name.strip_suffix("/content.xml")?.to_owned());
    let folders: Vec<String> = archive.names().filter_map(folder).collect();
    let mut objects = Objects::new();
    for folder in folders {
        if let Some(content) = archive.read(&format!("{folder}/content.xml"))? {
            objects.insert(folder, decode(&content, None).0);
        }
    }
    Ok(objects)
}

type Objects = HashMap<String, String>;

/// The part of a document that is read in one pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Section {
    Body,
    Headers,
    Footers,
    /// A document that is one formula.
    Formula,
}

struct OdfReader<'f, 'a> {
    flow: &'f mut Flow<'a>,
    styles: &'f OdfStyles,
    objects: &'f Objects,
    section: Section,
    depth: usize,
    /// The depth of the element whose content is read.
    within: Option<usize>,
    /// The depth of the element whose content is omitted.
    skipped: Option<usize>,
    math: MathWriter,
    numbering: OdfNumbering,
    pages: u32,
    /// The kind of the paragraphs in a frame of a slide; `None` for ordinary ones.
    frame: Option<FlowKind>,
    /// The number of open headings and paragraphs; text outside of them is ignored.
    paragraphs: usize,
    /// For each open span the text style around it.
    spans: Vec<TextStyle>,
    /// The citation mark of the note that is being read.
    citation: Option<String>,
    /// The title or description of a picture that is being read.
    caption: Option<String>,
    /// The alternative text of the picture that is being read.
    alternative: String,
}

impl<'f, 'a> OdfReader<'f, 'a> {
    fn new(
        flow: &'f mut Flow<'a>,
        styles: &'f OdfStyles,
        objects: &'f Objects,
        section: Section,
    ) -> Self {
        Self {
            flow,
            styles,
            objects,
            math: MathWriter::default(),
            section,
            depth: 0,
            within: None,
            skipped: None,
            numbering: OdfNumbering::default(),
            pages: 0,
            frame: None,
            paragraphs: 0,
            spans: Vec::new(),
            citation: None,
            caption: None,
            alternative: String::new(),
        }
    }

    fn run(&mut self, xml: &str) -> Result<(), FileError> {
        let mut reader = Reader::from_str(xml);
        let mut events: u32 = 0;
        loop {
            match reader.read_event().map_err(|_| self.damaged())? {
                Event::Start(tag) => self.open(&tag)?,
                Event::Empty(tag) => {
                    self.open(&tag)?;
                    self.close(tag.name().as_ref())?;
                }
                Event::End(tag) => self.close(tag.name().as_ref())?,
                Event::Text(text) => self.text(text.as_ref()),
                Event::CData(text) => self.text(text.as_ref()),
                Event::GeneralRef(reference) => self.text(&resolved(&reference)),
                Event::Eof if self.depth > 0 => return Err(self.damaged()),
                Event::Eof => break,
                Event::Decl(_) | Event::DocType(_) | Event::PI(_) | Event::Comment(_) => {}
            }
            events = events.wrapping_add(1);
            if events.is_multiple_of(1 << 16) {
                self.flow.context.check_time()?;
            }
        }
        match self.section {
            // A formula stands within a paragraph.
            Section::Formula => Ok(()),
            _ => self.flow.set_default(FlowKind::Paragraph),
        }
    }

    fn damaged(&self) -> FileError {
        self.flow
            .context
            .corrupt("is damaged: its XML is not well-formed; open it and save it again")
    }

    fn text(&mut self, text: &str) {
        if self.within.is_none() || self.skipped.is_some() {
            return;
        }
        match self.citation.as_mut().or(self.caption.as_mut()) {
            Some(held) => held.push_str(text),
            None if self.math.is_open() => self.flow.text(mathml::token(text)),
            None if self.paragraphs > 0 => self.flow.text(text),
            None => {}
        }
    }

    fn open(&mut self, tag: &BytesStart) -> Result<(), FileError> {
        self.depth += 1;
        self.flow.context.check_depth(self.depth)?;
        let name = tag.name();
        let name = name.as_ref();
        if self.within.is_none() {
            if self.section.begins(name) {
                self.within = Some(self.depth);
                self.math.start(self.flow.context, name)?;
            }
            return Ok(());
        }
        if self.skipped.is_some() {
            return Ok(());
        }
        if is_skipped(name) {
            self.skipped = Some(self.depth);
            return Ok(());
        }
        self.flow.text(self.math.start(self.flow.context, name)?);
        self.element(name, tag)
    }

    fn element(&mut self, name: &str, tag: &BytesStart) -> Result<(), FileError> {
        match name {
            "text:h" | "text:p" => {
                self.paragraphs += 1;
                self.paragraph(name, tag)?;
            }
            "text:span" => {
                self.spans.push(self.flow.style);
                let style =
                    self.styles.text(&attribute(tag, "text:style-name").unwrap_or_default());
                if style != TextStyle::default() {
                    self.flow.style = style;
                }
            }
            "text:s" | "text:tab" => self.flow.space(),
            "text:line-break" => self.flow.line_break(),
            "text:note-citation" => self.citation = Some(String::new()),
            "text:note-body" => {
                self.flow.open_note()?;
                let mark = self.citation.take().unwrap_or_default();
                self.flow.text(&format!("[{}] ", mark.trim()));
            }
            "office:annotation" => self.flow.open_note()?,
            "svg:title" | "svg:desc" => self.caption = Some(String::new()),
            "text:list" => self.numbering.open_list(tag),
            "text:list-item" => self.numbering.open_item(tag),
            "table:table" => self.flow.open_table()?,
            "table:table-row" => self.flow.row()?,
            "table:table-cell" => {
                let number = |name| attribute(tag, name).and_then(|number| number.parse().ok());
                let columns = number("table:number-columns-spanned")
                    .or_else(|| number("table:number-columns-repeated"));
                let rows = number("table:number-rows-spanned");
                self.flow.cell(columns.unwrap_or(1), rows.unwrap_or(1), false)?;
            }
            "draw:page" => {
                self.pages += 1;
                self.flow.page(self.pages)?;
            }
            "draw:frame" if self.frame.is_none() => {
                let class = attribute(tag, "presentation:class");
                self.frame = (class.as_deref() == Some("title")).then_some(FlowKind::Heading(1));
            }
            "presentation:notes" => self.frame = Some(FlowKind::Note),
            "draw:object" => self.object(tag)?,
            _ => {}
        }
        Ok(())
    }

    /// Reads an embedded formula or chart, which has no objects of its own.
    fn object(&mut self, tag: &BytesStart) -> Result<(), FileError> {
        let folder = attribute(tag, "xlink:href").unwrap_or_default();
        let folder = folder.trim_start_matches("./").trim_end_matches('/');
        let Some(content) = self.objects.get(folder) else { return Ok(()) };
        let none = Objects::new();
        let section =
            if content.contains("office:body") { Section::Body } else { Section::Formula };
        if self.paragraphs == 0 {
            self.flow.begin(FlowKind::Paragraph)?;
        }
        match OdfReader::new(self.flow, self.styles, &none, section).run(content) {
            Err(error) if error.kind == FileErrorKind::Corrupt => {
                self.flow.text(" [an embedded object is damaged and was not read] ");
                Ok(())
            }
            done => done,
        }
    }

    /// Begins a paragraph or a heading.
    fn paragraph(&mut self, name: &str, tag: &BytesStart) -> Result<(), FileError> {
        if self.section != Section::Body {
            return self.flow.begin(FlowKind::HeaderFooter);
        }
        if let Some(kind) = self.frame {
            return self.flow.begin(kind);
        }
        let style = attribute(tag, "text:style-name").unwrap_or_default();
        let level = match name {
            "text:h" => {
                let level = attribute(tag, "text:outline-level");
                Some(level.and_then(|level| level.parse().ok()).unwrap_or(1).clamp(1, 6))
            }
            _ => self.styles.is_title(&style).then_some(1),
        };
        let marker = self.numbering.marker(self.styles);
        let depth = self.numbering.depth();
        match (level, marker) {
            (Some(level), marker) => {
                self.flow.begin(FlowKind::Heading(level))?;
                if let Some(number) = marker.filter(|marker| marker != "-") {
                    self.flow.text(&number);
                    self.flow.space();
                }
                Ok(())
            }
            (None, Some(marker)) => self.flow.begin_item(depth, &marker),
            (None, None) if self.numbering.in_list() => {
                self.flow.begin(FlowKind::Continued { depth })
            }
            (None, None) => self.flow.begin(FlowKind::Paragraph),
        }
    }

    fn close(&mut self, name: &str) -> Result<(), FileError> {
        let depth = self.depth;
        self.depth = depth.saturating_sub(1);
        if self.within.is_none_or(|within| within == depth) {
            self.within = None;
            return Ok(());
        }
        if let Some(skipped) = self.skipped {
            self.skipped = (skipped < depth).then_some(skipped);
            return Ok(());
        }
        self.flow.text(self.math.end(name));
        match name {
            "text:h" | "text:p" => {
                self.paragraphs = self.paragraphs.saturating_sub(1);
                self.flow.end_block()?;
            }
            "text:note-citation" => {
                let mark = self.citation.clone().unwrap_or_default();
                self.flow.text(&format!("[{}]", mark.trim()));
            }
            "text:span" => self.flow.style = self.spans.pop().unwrap_or_default(),
            "text:note-body" | "office:annotation" => self.flow.close_note(),
            "text:list" => {
                self.numbering.close_list();
                if !self.numbering.in_list() {
                    self.flow.set_default(FlowKind::Paragraph)?;
                }
            }
            "table:table" => self.flow.close_table()?,
            "table:table-cell" => self.flow.end_cell()?,
            // The longer one counts: the title is often the start of the description.
            "svg:title" | "svg:desc" => {
                let caption = self.caption.take().unwrap_or_default();
                if caption.trim().len() > self.alternative.len() {
                    caption.trim().clone_into(&mut self.alternative);
                }
            }
            "draw:frame" => self.close_frame()?,
            "presentation:notes" => self.frame = None,
            _ => {}
        }
        Ok(())
    }

    /// Ends a frame; writes the alternative text of the picture in it.
    fn close_frame(&mut self) -> Result<(), FileError> {
        let alternative = std::mem::take(&mut self.alternative);
        if !alternative.is_empty() {
            if self.paragraphs == 0 {
                self.flow.begin(FlowKind::Paragraph)?;
            }
            self.flow.space();
            self.flow.text(&format!("[picture: {alternative}]"));
            self.flow.space();
            if self.paragraphs == 0 {
                self.flow.end_block()?;
            }
        }
        if self.frame != Some(FlowKind::Note) {
            self.frame = None;
        }
        Ok(())
    }
}

impl Section {
    /// Whether the element's content belongs to the section.
    fn begins(self, name: &str) -> bool {
        match self {
            Self::Body => name == "office:body",
            Self::Formula => name == "math" || name.ends_with(":math"),
            Self::Headers => {
                matches!(name, "style:header" | "style:header-left" | "style:header-first")
            }
            Self::Footers => {
                matches!(name, "style:footer" | "style:footer-left" | "style:footer-first")
            }
        }
    }
}

/// Elements that are not text of the document: deleted text, author names, page numbers.
fn is_skipped(name: &str) -> bool {
    matches!(
        name,
        "annotation"
            | "math:annotation"
            | "dc:creator"
            | "dc:date"
            | "meta:creator-initials"
            | "office:forms"
            | "text:page-count"
            | "text:page-number"
            | "text:tracked-changes"
    )
}
