//! What a caller hands over as data, and what was read of it.

use std::borrow::Cow;
use std::fmt;
use std::panic::resume_unwind;
use std::path::PathBuf;
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyTuple};

use crate::documents::table::Table;
use crate::documents::vision::{self, PageImage};
use crate::documents::{
    self, ArchivedFile, Content, Document, FileError, FileErrorKind, Format, Limits, Measure, Mode,
    Origin, ReadOptions,
};
use crate::run::{SAMPLE_CHARACTERS, SourceId};

use super::document::Document as PyDocument;
use super::errors::file_error;
use super::job::Job;
use super::ocr::{self, SharedEngine, StopOnDrop, StopSignal};
use super::sources::{ReadSources, Several};
use super::target::Pydantic;

/// The data, the reader's options as JSON, and perhaps what rows call the source: a tuple made by
/// `structx._engine.inputs`.
pub struct Input {
    pub encoded: Encoded,
    pub options: String,
    pub label: Option<Label>,
    /// The engine of text recognition, for a file.
    pub ocr: Option<Arc<SharedEngine>>,
}

#[derive(FromPyObject)]
pub enum Encoded {
    Text(String),
    /// Parts of JSON as [`Table::from_json`] takes them.
    Table(Vec<PyBackedBytes>),
    /// The name of a file, and its content.
    File(String, PyBackedBytes),
    Path(PathBuf),
    Prepared(Prepared),
    Read(ReadSources),
    Several(Several),
}

impl FromPyObject<'_, '_> for Input {
    type Error = PyErr;

    fn extract(input: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let parts = input.cast::<PyTuple>()?;
        let label = if parts.len() > 2 { Some(parts.get_item(2)?.extract()?) } else { None };
        let (encoded, options) = (parts.get_item(0)?.extract()?, parts.get_item(1)?.extract()?);
        let is_file = matches!(encoded, Encoded::File(..) | Encoded::Path(_));
        let ocr = is_file.then(|| ocr::shared(input.py())).transpose()?;
        Ok(Self { encoded, options, label, ocr })
    }
}

/// What rows call their source: its path or name, or its position in what the caller gave.
#[derive(Debug, Clone, FromPyObject, IntoPyObject)]
pub enum Label {
    Index(usize),
    Name(String),
}

impl fmt::Display for Label {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Index(index) => write!(formatter, "source {index}"),
            Self::Name(name) => formatter.write_str(name),
        }
    }
}

impl Label {
    pub fn of(id: &SourceId) -> Self {
        id.name.as_deref().map_or(Self::Index(id.given), |name| Self::Name(name.to_owned()))
    }

    /// The id of the source at position `number` of all and `given` of what the caller gave.
    pub fn id(self, number: usize, given: usize) -> SourceId {
        match self {
            Self::Index(given) => SourceId { number, given, name: None },
            Self::Name(name) => SourceId { number, given, name: Some(name.into()) },
        }
    }
}

/// A source that is read once, for any number of operations.
#[pyclass(frozen, from_py_object, module = "structx._core")]
#[derive(Clone)]
pub struct Prepared {
    pub content: Arc<Content>,
    /// The file, where the source was one.
    path: Option<Arc<PathBuf>>,
}

impl Input {
    /// Whether reading takes no longer than a hand-over to another thread. The size in bytes is chosen
    /// by hand, not measured.
    pub fn is_quick(&self) -> bool {
        const SHORT: usize = 1 << 16;
        match &self.encoded {
            Encoded::Text(text) => text.len() <= SHORT,
            Encoded::Table(parts) => parts.iter().map(|part| part.len()).sum::<usize>() <= SHORT,
            Encoded::Prepared(_) | Encoded::Read(_) | Encoded::Several(_) => true,
            Encoded::File(..) | Encoded::Path(_) => false,
        }
    }

    /// Reads it for a model that sees images, or for one that doesn't, or for none. Text recognition
    /// ends when `stop` says so.
    ///
    /// # Errors
    /// The source can't be read, or an option is wrong or has no use for it.
    pub fn read(self, sees_images: bool, stop: StopSignal) -> Result<Prepared, FileError> {
        let Self { encoded, options, ocr, .. } = self;
        let mut options = ReadOptions::from_json(&options)?;
        options.engine = ocr.and_then(|ocr| ocr::engine(ocr, &options, sees_images, stop));
        match encoded {
            Encoded::Text(text) => documents::Document::from_text(text, &options)
                .map(Content::Document)
                .map(Prepared::from),
            Encoded::Path(path) => Prepared::of_file(path, &options),
            Encoded::File(name, bytes) => {
                documents::read_bytes(&name, bytes.to_vec(), &options).map(Prepared::from)
            }
            Encoded::Table(parts) => {
                options.table.allow("data", &[])?;
                let table = Table::from_json(parts)?.within(&options)?;
                Ok(Prepared::from(Content::Table(table)))
            }
            Encoded::Prepared(prepared) => {
                options.table.allow("data", &[])?;
                if options != ReadOptions::default() {
                    let message = "was read already; give the options when it is read";
                    return Err(FileError::new(FileErrorKind::Options, "data", message));
                }
                Ok(prepared)
            }
            Encoded::Read(_) | Encoded::Several(_) => {
                let message = "there are several sources; give one";
                Err(FileError::new(FileErrorKind::Options, "data", message))
            }
        }
    }

    pub fn is_several(&self) -> bool {
        matches!(self.encoded, Encoded::Read(_) | Encoded::Several(_))
    }

    /// What rows call the source.
    pub fn label(&self) -> Label {
        self.label_or(0)
    }

    /// What rows call the source: where it has no name, its position.
    pub fn label_or(&self, position: usize) -> Label {
        let named = match (&self.label, &self.encoded) {
            (Some(label), _) => return label.clone(),
            (None, Encoded::Path(path)) => Some(path.display().to_string()),
            (None, Encoded::File(name, _)) => Some(name.clone()),
            (None, Encoded::Prepared(prepared)) => prepared.name(),
            _ => None,
        };
        named.map_or(Label::Index(position), Label::Name)
    }
}

/// The files of an input that is an archive, by its name; `None` for another one.
///
/// # Errors
/// The archive can't be read.
pub async fn files_in(input: &Input) -> Result<Option<Vec<ArchivedFile>>, FileError> {
    let Label::Name(name) = input.label() else { return Ok(None) };
    if !documents::is_archive_name(&name) {
        return Ok(None);
    }
    let options = ReadOptions::from_json(&input.options)?;
    match &input.encoded {
        Encoded::Path(path) => {
            let path = path.clone();
            off_the_runtime(move || documents::files_in_path(&name, &path, &options)).await?
        }
        Encoded::File(_, bytes) => {
            let bytes = bytes.to_vec();
            off_the_runtime(move || documents::files_in_bytes(&name, &bytes, &options)).await?
        }
        _ => Ok(None),
    }
}

impl Prepared {
    /// The path, or the name of a document that has one.
    fn name(&self) -> Option<String> {
        match (&self.path, &*self.content) {
            (Some(path), _) => Some(path.display().to_string()),
            (None, Content::Document(Document { format: Some(_), name, .. })) => Some(name.clone()),
            _ => None,
        }
    }

    fn of_file(path: PathBuf, options: &ReadOptions) -> Result<Self, FileError> {
        let content = documents::read_path(&path, options)?;
        Ok(Self { content: Arc::new(content), path: Some(Arc::new(path)) })
    }

    /// What was read of a source that rows call `name`: its file is looked for there.
    pub fn of_row(content: Arc<Content>, name: Option<&str>) -> Self {
        Self { content, path: name.map(|name| Arc::new(PathBuf::from(name))) }
    }

    /// The document with its file, which is read again if it was not kept, as of most documents.
    ///
    /// # Errors
    /// The source is a table, or its file is gone or has changed.
    pub(super) fn with_file(&self) -> Result<Arc<Content>, FileError> {
        let error = |message| Err(FileError::new(FileErrorKind::Unreadable, "data", message));
        let Content::Document(document) = &*self.content else { return error("is a table") };
        if document.original.is_some() {
            return Ok(self.content.clone());
        }
        let Some(path) = self.path.as_deref() else { return error("is no longer at hand") };
        let options = ReadOptions { mode: Mode::Vision, ..(*document.options).clone() };
        match documents::read_path(path, &options)? {
            Content::Document(again) if again.text == document.text => {
                Ok(Arc::new(Content::Document(again)))
            }
            _ => error("has changed since it was read"),
        }
    }
}

impl From<Content> for Prepared {
    fn from(content: Content) -> Self {
        Self { content: Arc::new(content), path: None }
    }
}

#[pymethods]
impl Prepared {
    /// The file, where the source was one.
    #[getter]
    fn path(&self) -> Option<PathBuf> {
        self.path.as_deref().cloned()
    }

    /// Whether the source is a document, and not a table.
    #[getter]
    fn is_document(&self) -> bool {
        matches!(&*self.content, Content::Document(_))
    }

    /// The number of rows; 1 for a document.
    #[getter]
    fn row_count(&self) -> usize {
        self.content.row_count()
    }

    #[getter]
    fn is_pdf(&self) -> bool {
        let Content::Document(document) = &*self.content else { return false };
        document.format == Some(Format::Pdf)
    }

    /// Whether text of the document was recognised (OCR).
    #[getter]
    fn is_recognized(&self) -> bool {
        let Content::Document(document) = &*self.content else { return false };
        document.words.iter().any(|word| word.score.is_some())
    }

    /// The text of a document; None for a table.
    #[getter]
    fn text(&self) -> Option<&str> {
        match &*self.content {
            Content::Document(document) => Some(&document.text),
            Content::Table(_) => None,
        }
    }

    /// The names of a table's columns; none for a document.
    #[getter]
    fn columns(&self) -> Vec<&str> {
        self.content.columns().iter().map(String::as_str).collect()
    }

    /// A table's values as JSON, a list for each column; None for a document.
    fn values<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        let Content::Table(table) = &*self.content else { return None };
        let json = py.detach(|| table.values_json());
        Some(PyBytes::new(py, json.as_bytes()))
    }

    /// The sample that is sent for planning.
    fn sample(&self) -> String {
        self.content.sample(SAMPLE_CHARACTERS)
    }

    /// The text of a row as it is sent, with all columns; empty if there is no such row.
    fn row_text(&self, position: usize) -> Cow<'_, str> {
        let columns: Vec<usize> = (0..self.content.columns().len()).collect();
        self.content.row_text(position, &columns)
    }
}

/// A job that reads a source; raises `FileError`.
#[pyfunction]
pub fn reading(py: Python<'_>, input: Input) -> PyResult<Job> {
    Ok(Job::new(Pydantic::without_validators(py)?, None, read(input, false)))
}

/// A job that reads a source as a document; raises `FileError`.
#[pyfunction]
pub fn reading_document(py: Python<'_>, input: Input) -> PyResult<Job> {
    let work = read_and(input, false, PyDocument::new);
    Ok(Job::new(Pydantic::without_validators(py)?, None, work))
}

/// A job that measures a source, without the text of its scans; raises `FileError`.
#[pyfunction]
pub fn measuring(py: Python<'_>, input: Input) -> PyResult<Job> {
    let work = read_and(input, true, |prepared| {
        let Measure { pages, rows, characters, tokens, vision_pages } = prepared.content.measure();
        Ok((pages, rows, characters, tokens, vision_pages))
    });
    Ok(Job::new(Pydantic::without_validators(py)?, None, work))
}

/// The image of a page, or why it has none.
#[derive(IntoPyObject)]
enum Drawing {
    /// media type, bytes
    Image((&'static str, Vec<u8>)),
    Message(String),
}

/// A job that draws the pages with these numbers, in their order, until the images have `most` bytes
/// together: a drawing for each page that was reached. `longest_side` is in pixels.
#[pyfunction]
pub fn drawing(
    py: Python<'_>,
    source: Prepared,
    pages: Vec<u32>,
    longest_side: u32,
    most: usize,
) -> PyResult<Job> {
    let drawn = |page: Result<PageImage, FileError>| match page {
        Ok(PageImage { media_type, bytes, .. }) => Drawing::Image((media_type, bytes.to_vec())),
        Err(error) => Drawing::Message(error.message),
    };
    let draw = move || -> Vec<Drawing> {
        match source.with_file().as_deref() {
            Ok(Content::Document(document)) => {
                let drawings = vision::previews(document, &pages, longest_side, most);
                drawings.into_iter().map(drawn).collect()
            }
            Ok(Content::Table(_)) => Vec::new(),
            Err(error) => pages.iter().map(|_| Drawing::Message(error.message.clone())).collect(),
        }
    };
    Ok(Job::new(Pydantic::without_validators(py)?, None, off_the_runtime(draw)))
}

/// A job that renders a page of a PDF at `resolution` in dots per inch, at less if that would be more
/// than `most` pixels: width, height, and three bytes (RGB) for each pixel, row by row. Raises
/// `FileError`.
#[pyfunction]
pub fn rendering(
    py: Python<'_>,
    source: Prepared,
    page: u32,
    resolution: f64,
    most: u64,
) -> PyResult<Job> {
    let render = move || {
        let content = source.with_file()?;
        let Content::Document(document) = &*content else {
            return Err(FileError::new(FileErrorKind::Unsupported, "data", "is a table"));
        };
        let image = vision::pixels(document, page, resolution, most)?;
        Ok((image.width(), image.height(), image.into_raw()))
    };
    Ok(Job::new(
        Pydantic::without_validators(py)?,
        None,
        async move { off_the_runtime(render).await? },
    ))
}

/// Reads on a thread for sources, see [`Input::read`].
pub async fn read(input: Input, sees_images: bool) -> Result<Prepared, FileError> {
    if input.is_quick() {
        return input.read(sees_images, StopOnDrop::default().signal());
    }
    read_and(input, sees_images, Ok).await
}

/// [`read`] and `then` in one piece on one thread: a second one would queue behind the reads of all
/// other files. Text recognition ends if the future is dropped.
pub async fn read_and<T: Send + 'static>(
    input: Input,
    sees_images: bool,
    then: impl FnOnce(Prepared) -> Result<T, FileError> + Send + 'static,
) -> Result<T, FileError> {
    let stop = StopOnDrop::default();
    let signal = stop.signal();
    off_the_runtime(move || input.read(sees_images, signal).and_then(then)).await?
}

/// Runs `work`, which takes a processor for more than a millisecond, on a thread for sources: the
/// runtime has one worker, which serves all requests.
pub async fn off_the_runtime<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, FileError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => Ok(done),
        Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
        Err(error) => {
            let message = format!("could not be read: {error}");
            Err(FileError::new(FileErrorKind::Unreadable, "data", message))
        }
    }
}

/// The default limits, as JSON.
#[pyfunction]
pub fn default_limits() -> String {
    serde_json::json!(Limits::default()).to_string()
}

/// The most bytes that are read of a file of this name where the limit is `bytes`.
#[pyfunction]
pub fn most_bytes(name: &str, bytes: u64) -> u64 {
    Limits { bytes, ..Limits::default() }.most_bytes(name)
}

/// The format that the extension of a file name stands for; None for an unknown one.
#[pyfunction]
pub fn format_of(name: &str) -> Option<String> {
    Format::from_name(name).map(Format::name)
}

/// The positions of the rows that meet `where` of the options, of a table encoded as JSON in parts and
/// read from the file `name`.
#[pyfunction]
pub fn rows_where(
    py: Python<'_>,
    parts: Vec<PyBackedBytes>,
    name: &str,
    options: &str,
) -> PyResult<Vec<usize>> {
    let rows = || {
        let options = ReadOptions::from_json(options)?;
        let mut table = Table::from_json(parts)?;
        let all = table.records.len();
        Ok(options.table.keep_rows(name, &mut table)?.unwrap_or_else(|| (0..all).collect()))
    };
    py.detach(rows).map_err(file_error)
}

/// The path that a string given as data names, by the documented rule; None for a text.
#[pyfunction]
pub fn path_of(data: &str) -> PyResult<Option<PathBuf>> {
    Ok(match documents::resolve(data).map_err(file_error)? {
        Origin::Path(path) => Some(path),
        Origin::Text => None,
    })
}
