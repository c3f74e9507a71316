//! `_core.Document`: a document as dicts, from which `structx.documents` makes objects.

use std::ops::Range;
use std::sync::Arc;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::documents::{
    self, Block, BlockKind, Bounds, CodePoints, Content, FileError, Method, Recognition,
};

use super::errors::file_error;
use super::input::Prepared;

/// left, top, right, bottom
pub type RawBox = (f64, f64, f64, f64);
#[derive(IntoPyObject)]
struct RawPage {
    number: u32,
    start: usize,
    end: usize,
    width: Option<f32>,
    height: Option<f32>,
    needs_vision: bool,
    method: &'static str,
    recognition: Option<&'static str>,
    name: Option<String>,
}

#[derive(IntoPyObject)]
struct RawWord {
    start: usize,
    end: usize,
    page: u32,
    r#box: RawBox,
    score: Option<f32>,
}

#[derive(IntoPyObject)]
struct RawBlock {
    kind: &'static str,
    level: Option<u8>,
    start: usize,
    end: usize,
    page: Option<u32>,
    r#box: Option<RawBox>,
    address: Option<String>,
}

#[derive(IntoPyObject)]
struct RawTable {
    start: usize,
    end: usize,
    page: Option<u32>,
    r#box: Option<RawBox>,
    cells: Vec<RawCell>,
    address: Option<String>,
    continues: bool,
}

#[derive(IntoPyObject)]
struct RawCell {
    row: u32,
    column: u32,
    start: usize,
    end: usize,
    r#box: Option<RawBox>,
    address: Option<String>,
}

#[derive(IntoPyObject)]
struct RawPlace {
    start: usize,
    end: usize,
    page: Option<u32>,
    r#box: Option<RawBox>,
    address: Option<String>,
}

#[derive(IntoPyObject)]
struct RawAttachment<'py> {
    name: String,
    media_type: String,
    data: Bound<'py, PyBytes>,
}

/// A source as a document; a table becomes Markdown.
#[pyclass(frozen, module = "structx._core")]
pub struct Document {
    source: Prepared,
    /// The Markdown of a table; empty for a document.
    written: documents::Document,
    offsets: CodePoints,
}

impl Document {
    pub fn new(source: Prepared) -> Result<Self, FileError> {
        let written = match &*source.content {
            Content::Document(_) => documents::Document::default(),
            Content::Table(table) => table.document()?,
        };
        let mut document = Self { source, written, offsets: CodePoints::default() };
        document.offsets = CodePoints::new(&document.document().text);
        Ok(document)
    }

    fn document(&self) -> &documents::Document {
        match &*self.source.content {
            Content::Document(document) => document,
            Content::Table(_) => &self.written,
        }
    }

    fn range(&self, bytes: &Range<usize>) -> Range<usize> {
        self.offsets.range(&self.document().text, bytes)
    }

    fn raw_cell(&self, block: &Block) -> Option<RawCell> {
        let BlockKind::Cell { row, column } = block.kind else { return None };
        let Range { start, end } = self.range(&block.range);
        let address = self.document().address(&block.range);
        Some(RawCell { row, column, start, end, r#box: block.bounds.map(raw_box), address })
    }
}

#[pymethods]
impl Document {
    #[getter]
    fn name(&self) -> &str {
        &self.document().name
    }

    #[getter]
    fn format(&self) -> Option<String> {
        self.document().format.map(documents::Format::name)
    }

    #[getter]
    fn text(&self) -> &str {
        &self.document().text
    }

    #[getter]
    fn warnings(&self) -> Vec<String> {
        self.document().warnings.clone()
    }

    #[getter]
    fn source(&self) -> Prepared {
        self.source.clone()
    }

    fn pages(&self) -> Vec<RawPage> {
        let pages = self.document().pages.iter();
        let raw = |page: &documents::Page| {
            let Range { start, end } = self.range(&page.range);
            RawPage {
                number: page.number,
                start,
                end,
                width: page.size.map(|(width, _)| width),
                height: page.size.map(|(_, height)| height),
                needs_vision: page.needs_vision,
                method: match self.document().method(page) {
                    Method::Native => "native",
                    Method::Ocr => "ocr",
                    Method::None => "none",
                },
                recognition: page.recognition.map(|recognition| match recognition {
                    Recognition::Done => "done",
                    Recognition::Skipped => "skipped",
                    Recognition::Unavailable => "unavailable",
                    Recognition::Failed => "failed",
                }),
                name: page.name.clone(),
            }
        };
        pages.map(raw).collect()
    }

    /// The words with a box.
    fn words(&self) -> Vec<RawWord> {
        let raw = |word: &documents::Word| {
            let Range { start, end } = self.range(&word.range);
            let bounds = raw_box(word.bounds);
            RawWord { start, end, page: word.page, r#box: bounds, score: word.score }
        };
        self.document().words.iter().map(raw).collect()
    }

    /// All blocks but cells, which belong to their tables.
    fn blocks(&self) -> Vec<RawBlock> {
        let raw = |block: &Block| {
            let (kind, level) = match block.kind {
                BlockKind::Heading { level } => ("heading", Some(level)),
                BlockKind::Paragraph => ("paragraph", None),
                BlockKind::ListItem => ("list_item", None),
                BlockKind::Note => ("note", None),
                BlockKind::HeaderFooter => ("margin", None),
                BlockKind::Table | BlockKind::ContinuedTable => ("table", None),
                BlockKind::Cell { .. } => return None,
            };
            let Range { start, end } = self.range(&block.range);
            let address = self.document().address(&block.range);
            let (page, bounds) = (block.page, block.bounds.map(raw_box));
            Some(RawBlock { kind, level, start, end, page, r#box: bounds, address })
        };
        self.document().blocks.iter().filter_map(raw).collect()
    }

    /// The tables; one that goes on on the next page is one for each page.
    fn tables(&self) -> Vec<RawTable> {
        let mut tables: Vec<RawTable> = Vec::new();
        for block in &self.document().blocks {
            let continues = block.kind == BlockKind::ContinuedTable;
            if continues || block.kind == BlockKind::Table {
                let Range { start, end } = self.range(&block.range);
                let address = self.document().address(&block.range);
                let (page, bounds) = (block.page, block.bounds.map(raw_box));
                let cells = Vec::new();
                let table = RawTable { start, end, page, r#box: bounds, cells, address, continues };
                tables.push(table);
            } else if let (Some(cell), Some(table)) = (self.raw_cell(block), tables.last_mut()) {
                table.cells.push(cell);
            }
        }
        tables
    }

    fn attachments<'py>(&self, py: Python<'py>) -> Vec<RawAttachment<'py>> {
        let attachments = self.document().attachments.iter();
        let raw = |attachment: &documents::Attachment| {
            let (name, media_type) = (attachment.name.clone(), attachment.media_type.clone());
            RawAttachment { name, media_type, data: PyBytes::new(py, &attachment.bytes) }
        };
        attachments.map(raw).collect()
    }

    fn locate(&self, start: usize, end: usize) -> Vec<RawPlace> {
        let text = &self.document().text;
        let range = self.offsets.byte(text, start)..self.offsets.byte(text, end);
        let raw = |place: documents::Place| {
            let Range { start, end } = self.range(&place.range);
            let (page, bounds) = (place.page, place.bounds.map(raw_box));
            RawPlace { start, end, page, r#box: bounds, address: place.address }
        };
        self.document().locate(range).into_iter().map(raw).collect()
    }

    /// The arguments of [`Self::restore`] for the same document.
    fn state<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<(Bound<'py, PyBytes>, Option<Bound<'py, PyBytes>>)> {
        let content = py.detach(|| serde_json::to_vec(&*self.source.content));
        let content = content.map_err(|error| PyValueError::new_err(error.to_string()))?;
        // A pickle does not hold the password, without which a protected file is useless.
        let is_open = self.document().options.password.is_none();
        let original = self.document().original.as_deref().filter(|_| is_open);
        Ok((PyBytes::new(py, &content), original.map(|bytes| PyBytes::new(py, bytes))))
    }

    #[staticmethod]
    fn restore(py: Python<'_>, content: &[u8], original: Option<&[u8]>) -> PyResult<Self> {
        let content = py.detach(|| serde_json::from_slice(content));
        let mut content: Content =
            content.map_err(|error| PyValueError::new_err(error.to_string()))?;
        if let (Content::Document(document), Some(original)) = (&mut content, original) {
            document.original = Some(Arc::from(original));
        }
        Self::new(Prepared::from(content)).map_err(file_error)
    }
}

/// Rounds to a hundredth of a point: more digits would suggest precision that is not there.
pub fn raw_box(bounds: Bounds) -> RawBox {
    let round = |edge: f32| (f64::from(edge) * 100.0).round() / 100.0;
    (round(bounds.left), round(bounds.top), round(bounds.right), round(bounds.bottom))
}
