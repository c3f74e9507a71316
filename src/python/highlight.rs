//! Marks places of a document in its file.

use pyo3::prelude::*;

use crate::documents::{CodePoints, Content, FileError, Mark, highlight};

use super::input::{Prepared, off_the_runtime};
use super::job::Job;
use super::target::Pydantic;

/// Ranges of the text in code points, red, green and blue, and a note.
type RawMark = (Vec<(usize, usize)>, [u8; 3], String);

/// A job that marks places of a PDF; its result is the marked file. Raises `FileError`.
#[pyfunction]
pub fn highlighting(py: Python<'_>, source: Prepared, marks: Vec<RawMark>) -> PyResult<Job> {
    let work = move || -> Result<Vec<u8>, FileError> {
        let content = source.with_file()?;
        let Content::Document(document) = &*content else { return Ok(Vec::new()) };
        let offsets = CodePoints::new(&document.text);
        let byte = |offset| offsets.byte(&document.text, offset);
        let marks: Vec<Mark> = marks
            .into_iter()
            .map(|(ranges, colour, note)| Mark {
                ranges: ranges.into_iter().map(|(start, end)| byte(start)..byte(end)).collect(),
                colour,
                note,
            })
            .collect();
        highlight(document, &marks)
    };
    let work = async { off_the_runtime(work).await? };
    Ok(Job::new(Pydantic::without_validators(py)?, None, work))
}
