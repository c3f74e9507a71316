//! The sources of a call: one, several that Python gives one by one, or several that are read already.

use std::collections::VecDeque;
use std::future::ready;
use std::sync::{Arc, Mutex};

use futures_util::Stream;
use futures_util::stream;
use pyo3::intern;
use pyo3::prelude::*;
use structx_common::sync::lock;

use crate::documents::{ArchivedFile, FileError};
use crate::run::error::{Error, Result};
use crate::run::{Reading, SAMPLE_CHARACTERS, Source, SourceId, Sources, sample_of};

use super::errors::unread;
use super::input::{Encoded, Input, Label, Prepared, files_in, off_the_runtime, read};
use super::ocr::{self, SharedEngine, StopOnDrop};
use super::progress::ProgressReporter;
use super::target::Pydantic;

/// A `structx._engine.sources.Sources`: gives several inputs one by one.
pub struct Several {
    take: Arc<Py<PyAny>>,
    close: Py<PyAny>,
    total: Option<usize>,
}

impl FromPyObject<'_, '_> for Several {
    type Error = PyErr;

    fn extract(given: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let py = given.py();
        Ok(Self {
            take: Arc::new(given.getattr(intern!(py, "take"))?.unbind()),
            close: given.getattr(intern!(py, "close"))?.unbind(),
            total: given.getattr(intern!(py, "total"))?.extract()?,
        })
    }
}

/// What Python gives for the next source.
enum Given {
    Input(Input),
    /// It can't be read, as Python found already.
    Unread(Label, FileError),
    End,
}

impl FromPyObject<'_, '_> for Given {
    type Error = PyErr;

    fn extract(given: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        if given.is_none() {
            return Ok(Self::End);
        }
        match given.extract::<(Label, String)>() {
            Ok((label, message)) => {
                let error = unread(&label.to_string(), &message);
                Ok(Self::Unread(label, error))
            }
            Err(_) => Ok(Self::Input(given.extract()?)),
        }
    }
}

/// What was read of the sources of a call, by their numbers.
#[derive(Default)]
pub struct Kept(Mutex<Vec<Option<Prepared>>>);

impl Kept {
    fn keep(&self, number: usize, prepared: Prepared) {
        let mut kept = lock(&self.0);
        if kept.len() <= number {
            kept.resize(number + 1, None);
        }
        kept[number] = Some(prepared);
    }

    /// All of them; `None` for those that can't be read.
    pub fn take(&self) -> Vec<Option<Prepared>> {
        std::mem::take(&mut lock(&self.0))
    }
}

/// What the sources of a call are read for.
pub struct Call<'a> {
    pub pydantic: &'a Pydantic,
    pub reporter: Option<&'a Arc<ProgressReporter>>,
    /// Whether they are read for a model that sees images.
    pub sees_images: bool,
    /// Keeps what is read.
    pub kept: Option<Arc<Kept>>,
}

/// The sources that an input is.
pub fn sources(input: Input, call: &Call<'_>) -> Sources {
    let Call { pydantic, reporter, sees_images, kept } = call;
    let tell = |count| reporter.iter().for_each(|reporter| reporter.sources(count));
    match input.encoded {
        Encoded::Several(Several { take, close, total }) => {
            tell(total);
            let methods = Some((take, close));
            let puller = Puller { methods, pydantic: (*pydantic).clone() };
            let state = Pulling {
                puller,
                reporter: reporter.cloned(),
                sees_images: *sees_images,
                kept: kept.clone(),
                waiting: VecDeque::new(),
                given: 0,
                number: 0,
                is_over: false,
            };
            Sources::several(state.readings())
        }
        Encoded::Read(read) => {
            tell(Some(read.sources.len()));
            if let Some(kept) = kept {
                for (number, prepared) in read.prepared.iter().enumerate() {
                    if let Some(prepared) = prepared {
                        kept.keep(number, prepared.clone());
                    }
                }
            }
            Sources::read(read.sources.to_vec(), true)
        }
        _ => {
            tell(Some(1));
            let id = input.label().id(0, 0);
            Sources::one(reading(input, id, *sees_images, kept.clone()))
        }
    }
}

/// Reads an input, and keeps what was read.
fn reading(input: Input, id: SourceId, sees_images: bool, kept: Option<Arc<Kept>>) -> Reading {
    Box::pin(async move { source(id, read(input, sees_images).await, kept) })
}

/// Reads a file of an archive, and keeps what was read.
fn reading_archived(
    (file, ocr, sees_images): (ArchivedFile, Option<Arc<SharedEngine>>, bool),
    id: SourceId,
    kept: Option<Arc<Kept>>,
) -> Reading {
    Box::pin(async move {
        let stop = StopOnDrop::default();
        let signal = stop.signal();
        let engine = ocr.and_then(|ocr| ocr::engine(ocr, &file.options, sees_images, signal));
        let read = off_the_runtime(move || file.read(engine).map(Prepared::from)).await;
        source(id, read.and_then(|read| read), kept)
    })
}

fn source(id: SourceId, read: Result<Prepared, FileError>, kept: Option<Arc<Kept>>) -> Source {
    let content = read.map(|prepared| {
        let content = prepared.content.clone();
        if let Some(kept) = kept {
            kept.keep(id.number, prepared);
        }
        content
    });
    Source { id: Arc::new(id), content }
}

/// Takes the inputs of Python's.
struct Puller {
    /// `take` and `close`, until they are dropped.
    methods: Option<(Arc<Py<PyAny>>, Py<PyAny>)>,
    pydantic: Pydantic,
}

impl Puller {
    async fn take(&self, number: usize) -> Result<Given> {
        let Some((take, _)) = &self.methods else { return Ok(Given::End) };
        let given = self.pydantic.pull(take.clone(), number).await;
        given.map_err(|error| Error::Sources(Box::new(error)))
    }
}

impl Drop for Puller {
    /// Lets go of the caller's iterator on a thread that has the GIL.
    fn drop(&mut self) {
        let Some((take, close)) = self.methods.take() else { return };
        self.pydantic.caller.post(move |py| {
            // It only forgets the iterator, and has no errors.
            drop(close.call0(py));
            drop(take);
        });
    }
}

/// The state between two sources.
struct Pulling {
    puller: Puller,
    reporter: Option<Arc<ProgressReporter>>,
    sees_images: bool,
    kept: Option<Arc<Kept>>,
    /// Files of an archive, with the engine of text recognition.
    waiting: VecDeque<(ArchivedFile, Option<Arc<SharedEngine>>)>,
    given: usize,
    number: usize,
    is_over: bool,
}

impl Pulling {
    fn readings(self) -> impl Stream<Item = Result<Reading>> + Send + 'static {
        stream::unfold(self, |mut state| async move {
            let reading = state.next().await.transpose()?;
            Some((reading, state))
        })
    }

    async fn next(&mut self) -> Result<Option<Reading>> {
        loop {
            if let Some((file, ocr)) = self.waiting.pop_front() {
                let id = Label::Name(file.name.clone()).id(self.next_number(), self.given - 1);
                let file = (file, ocr, self.sees_images);
                return Ok(Some(reading_archived(file, id, self.kept.clone())));
            }
            if self.is_over {
                return Ok(None);
            }
            // Until it has given one.
            self.is_over = true;
            let given = self.given;
            let input = match self.puller.take(given).await? {
                Given::End => return Ok(None),
                Given::Unread(label, error) => Err((label, error)),
                Given::Input(input) => {
                    let input = Input { label: Some(input.label_or(given)), ..input };
                    match files_in(&input).await {
                        Ok(files) => Ok((input, files)),
                        Err(error) => Err((input.label(), error)),
                    }
                }
            };
            (self.given, self.is_over) = (given + 1, false);
            match input {
                Err((label, error)) => {
                    let id = Arc::new(label.id(self.next_number(), given));
                    let source = Source { id, content: Err(error) };
                    return Ok(Some(Box::pin(ready(source))));
                }
                Ok((input, None)) => {
                    let id = input.label().id(self.next_number(), given);
                    return Ok(Some(reading(input, id, self.sees_images, self.kept.clone())));
                }
                Ok((input, Some(files))) => {
                    if let Some(reporter) = &self.reporter {
                        reporter.archive(files.len());
                    }
                    let ocr = &input.ocr;
                    self.waiting = files.into_iter().map(|file| (file, ocr.clone())).collect();
                }
            }
        }
    }

    fn next_number(&mut self) -> usize {
        self.number += 1;
        self.number - 1
    }
}

/// Several sources that are read once, for any number of operations.
#[pyclass(frozen, from_py_object, module = "structx._core")]
#[derive(Clone)]
pub struct ReadSources {
    sources: Arc<[Source]>,
    /// By their numbers; `None` for those that can't be read.
    prepared: Arc<[Option<Prepared>]>,
}

impl ReadSources {
    pub async fn read(input: Input, pydantic: &Pydantic, sees_images: bool) -> Result<Self> {
        let kept = Arc::new(Kept::default());
        let call = Call { pydantic, reporter: None, sees_images, kept: Some(kept.clone()) };
        let read = sources(input, &call).read_all().await?;
        let mut prepared = kept.take();
        prepared.resize(read.len(), None);
        Ok(Self { sources: read.into(), prepared: prepared.into() })
    }
}

#[pymethods]
impl ReadSources {
    /// What was read, by source; None for those that can't be read.
    #[getter]
    fn prepared(&self) -> Vec<Option<Prepared>> {
        self.prepared.to_vec()
    }

    /// The path or name of each source, or its position in what the caller gave.
    #[getter]
    fn labels(&self) -> Vec<Label> {
        self.sources.iter().map(|source| Label::of(&source.id)).collect()
    }

    /// The message of each source that can't be read; else None.
    #[getter]
    fn errors(&self) -> Vec<Option<String>> {
        let error = |source: &Source| source.content.as_ref().err().map(ToString::to_string);
        self.sources.iter().map(error).collect()
    }

    /// The sample that is sent for planning.
    fn sample(&self) -> String {
        let read = self.sources.iter().filter_map(|source| source.content.as_deref().ok());
        sample_of(&read.take(3).collect::<Vec<_>>(), SAMPLE_CHARACTERS)
    }
}
