//! A row, the unit of extraction, and the rows of a source.

use std::sync::Arc;

use crate::documents::Content;
use crate::llm::{File, Image};

/// A record of a table, or a whole document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Zero-based.
    pub position: usize,
    /// The exact text that is sent, unless `file` replaces it.
    pub text: Arc<str>,
    /// The pages that are sent as images with the text.
    pub images: Arc<[Image]>,
    /// The file itself, for a model that accepts files.
    pub file: Option<File>,
}

/// The rows of `content` in order. Those of a table have only the given columns, or all if
/// `columns` is empty.
pub fn rows<'a>(content: &'a Content, columns: &[String]) -> impl Iterator<Item = Row> + use<'a> {
    content.row_texts(columns).enumerate().map(|(position, text)| Row {
        position,
        text: text.into(),
        images: Arc::default(),
        file: None,
    })
}
