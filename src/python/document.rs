//! `_core.Document`: a document as plain tuples, from which `structx.documents` makes objects.

use std::ops::Range;
use std::sync::Arc;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::documents::{self, Block, BlockKind, Bounds, CodePoints, Content, FileError};

use super::errors::file_error;
use super::input::Prepared;

/// left, top, right, bottom
pub type RawBox = (f64, f64, f64, f64);
/// number, start, end, (width, height), `needs_vision`, name
type RawPage = (u32, usize, usize, Option<(f32, f32)>, bool, Option<String>);
/// kind, level, start, end, page, box, address
type RawBlock =
    (&'static str, Option<u8>, usize, usize, Option<u32>, Option<RawBox>, Option<String>);
/// row, column, start, end, box, address
type RawCell = (u32, u32, usize, usize, Option<RawBox>, Option<String>);
/// start, end, page, box, address, cells
type RawTable = (usize, usize, Option<u32>, Option<RawBox>, Option<String>, Vec<RawCell>);
/// start, end, page, box, address
type RawPlace = (usize, usize, Option<u32>, Option<RawBox>, Option<String>);
/// name, media type, bytes
type RawAttachment<'py> = (String, String, Bound<'py, PyBytes>);

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
        Some((row, column, start, end, block.bounds.map(raw_box), address))
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
            (page.number, start, end, page.size, page.needs_vision, page.name.clone())
        };
        pages.map(raw).collect()
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
                BlockKind::Table => ("table", None),
                BlockKind::Cell { .. } => return None,
            };
            let Range { start, end } = self.range(&block.range);
            let address = self.document().address(&block.range);
            Some((kind, level, start, end, block.page, block.bounds.map(raw_box), address))
        };
        self.document().blocks.iter().filter_map(raw).collect()
    }

    fn tables(&self) -> Vec<RawTable> {
        let mut tables: Vec<RawTable> = Vec::new();
        for block in &self.document().blocks {
            if block.kind == BlockKind::Table {
                let Range { start, end } = self.range(&block.range);
                let (bounds, address) =
                    (block.bounds.map(raw_box), self.document().address(&block.range));
                tables.push((start, end, block.page, bounds, address, Vec::new()));
            } else if let (Some(cell), Some(table)) = (self.raw_cell(block), tables.last_mut()) {
                table.5.push(cell);
            }
        }
        tables
    }

    fn attachments<'py>(&self, py: Python<'py>) -> Vec<RawAttachment<'py>> {
        let attachments = self.document().attachments.iter();
        let raw = |attachment: &documents::Attachment| {
            let bytes = PyBytes::new(py, &attachment.bytes);
            (attachment.name.clone(), attachment.media_type.clone(), bytes)
        };
        attachments.map(raw).collect()
    }

    fn locate(&self, start: usize, end: usize) -> Vec<RawPlace> {
        let text = &self.document().text;
        let range = self.offsets.byte(text, start)..self.offsets.byte(text, end);
        let raw = |place: documents::Place| {
            let Range { start, end } = self.range(&place.range);
            (start, end, place.page, place.bounds.map(raw_box), place.address)
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
