//! The unit of extraction.

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
    /// The pages that are sent as images beside the text.
    pub images: Arc<[Image]>,
    /// The file itself, for a model that reads such files.
    pub file: Option<File>,
}

/// The rows of `content` in order, made of the chosen columns if it has any.
pub fn rows<'a>(content: &'a Content, columns: &[String]) -> impl Iterator<Item = Row> + use<'a> {
    content.row_texts(columns).enumerate().map(|(position, text)| Row {
        position,
        text: text.into(),
        images: Arc::default(),
        file: None,
    })
}
