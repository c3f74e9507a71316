//! A row, the unit of extraction, and the rows of a source.

use std::sync::Arc;

use super::source::AskedSource;

/// A record of a table, or a whole document.
#[derive(Debug, Clone)]
pub struct Row {
    /// Among the rows of all sources, from 0.
    pub position: usize,
    /// In its source, from 0.
    pub source_position: usize,
    /// The exact text that is sent, unless the source is sent as a file.
    pub text: Arc<str>,
    pub source: Arc<AskedSource>,
}

/// The rows of a source in order, the first one at `first`. Those of a table have all columns but those
/// that are left out.
pub fn rows(
    source: &Arc<AskedSource>,
    first: usize,
    left_out: &[String],
) -> impl Iterator<Item = Row> + use<> {
    let (source, columns) = (source.clone(), source.content.columns_without(left_out));
    (0..source.content.row_count()).map(move |source_position| Row {
        position: first + source_position,
        source_position,
        text: source.content.row_text(source_position, &columns).into(),
        source: source.clone(),
    })
}
