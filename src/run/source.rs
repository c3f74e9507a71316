//! The sources of an operation, read while earlier ones are asked about.

use std::fmt;
use std::future::ready;
use std::num::NonZero;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::thread::available_parallelism;

use futures_util::stream::{self, Stream, StreamExt};

use crate::documents::{Content, FileError, FileErrorKind};
use crate::llm::{File, Image};

use super::context::RunContext;
use super::error::{Error, Result};
use super::step::Step;
use super::visual_input::VisualInput;

/// The most warnings of sources that a call keeps; more are counted. Chosen by hand.
const MOST_WARNINGS: usize = 200;

/// Which source of an operation it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SourceId {
    /// The position among all sources, from 0.
    pub number: usize,
    /// The position in what the caller gave: the files of an archive share that of the archive.
    pub given: usize,
    /// The path as it was given, or a name; `None` for other data, such as a text.
    pub name: Option<Arc<str>>,
}

impl fmt::Display for SourceId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => formatter.write_str(name),
            None => write!(formatter, "source {}", self.given),
        }
    }
}

/// One source, or why it can't be read.
#[derive(Debug, Clone)]
pub struct Source {
    pub id: Arc<SourceId>,
    pub content: Result<Arc<Content>, FileError>,
}

/// Reads one source.
pub type Reading = Pin<Box<dyn Future<Output = Source> + Send>>;
type BoxStream<T> = Pin<Box<dyn Stream<Item = T> + Send>>;

/// What an operation reads: one source, or several in their order.
pub struct Sources {
    readings: BoxStream<Result<Reading>>,
    /// Whether the caller gave several, even if there is only one: a source that can't be read is then
    /// a row that failed.
    are_several: bool,
}

impl Sources {
    /// The one source of an operation.
    #[must_use]
    pub fn one(reading: Reading) -> Self {
        Self { readings: Box::pin(stream::iter([Ok(reading)])), are_several: false }
    }

    /// Several sources. An error ends them: no source is read after it.
    pub fn several(readings: impl Stream<Item = Result<Reading>> + Send + 'static) -> Self {
        Self { readings: Box::pin(readings), are_several: true }
    }

    /// Sources that are read already.
    #[must_use]
    pub fn read(sources: Vec<Source>, are_several: bool) -> Self {
        let read = |source| Ok(Box::pin(ready(source)) as Reading);
        Self { readings: Box::pin(stream::iter(sources.into_iter().map(read))), are_several }
    }

    /// Whether the caller gave several.
    #[must_use]
    pub fn are_several(&self) -> bool {
        self.are_several
    }

    /// Reads all of them.
    ///
    /// # Errors
    /// The error that ends them.
    pub async fn read_all(self) -> Result<Vec<Source>> {
        let mut read = self.in_order(usize::MAX);
        let mut sources = Vec::new();
        while let Some(source) = read.next().await {
            sources.push(source?);
        }
        Ok(sources)
    }

    /// The sources as they are read, at most `most` of them ahead and no more than there are processors.
    pub fn in_order(self, most: usize) -> impl Stream<Item = Result<Source>> + Send + Unpin {
        let read = |reading: Result<Reading>| async move { Ok(reading?.await) };
        Box::pin(self.readings.map(read).buffered(ahead(most)))
    }

    /// The sources as they are read, each with the visual input of at most `most_pages` pages for `step`.
    pub(super) fn asked(self, step: &Step, most_pages: usize) -> AskedSources {
        let (step, ahead) = (step.clone(), ahead(step.concurrency));
        let ask = move |reading: Result<Reading>| {
            let step = step.clone();
            async move { Ok(step.asked(reading?.await, most_pages).await) }
        };
        Box::pin(self.readings.map(ask).buffered(ahead))
    }
}

/// How many sources are read at a time, and wait for requests.
fn ahead(most: usize) -> usize {
    // Once: it opens files of the system, which takes longer than all else that a call begins with.
    static PROCESSORS: LazyLock<usize> =
        LazyLock::new(|| available_parallelism().map_or(1, NonZero::get));
    PROCESSORS.min(most).max(1)
}

impl From<&Arc<Content>> for Sources {
    fn from(content: &Arc<Content>) -> Self {
        let id = Arc::default();
        Self::read(vec![Source { id, content: Ok(content.clone()) }], false)
    }
}

/// Sources that are ready to be asked about. Nothing follows an error.
pub(super) type AskedSources = BoxStream<Result<Result<AskedSource, Unread>>>;

/// A source that can't be read, or not by the model.
#[derive(Debug)]
pub(super) struct Unread {
    pub id: Arc<SourceId>,
    pub error: FileError,
}

/// What the rows of a source share.
#[derive(Debug)]
pub struct AskedSource {
    pub id: Arc<SourceId>,
    pub content: Arc<Content>,
    /// The pages that are sent as images with the text.
    pub images: Arc<[Image]>,
    /// The file itself, for a model that accepts files.
    pub file: Option<File>,
    /// From reading, and about pages.
    pub warnings: Vec<String>,
    /// Rows that have not ended.
    left: AtomicUsize,
}

impl AskedSource {
    /// Counts a row that has ended; true for the last one.
    pub(super) fn end_row(&self) -> bool {
        self.left.fetch_sub(1, Ordering::Relaxed) == 1
    }

    /// Adds its warnings to those of the call, with its name.
    pub(super) fn warn(&self, context: &RunContext) {
        for warning in &self.warnings {
            context.warn_at_most(MOST_WARNINGS, format!("{}: {warning}", self.id));
        }
    }
}

impl Step {
    /// Makes a source ready to be asked about by this step.
    async fn asked(&self, source: Source, most_pages: usize) -> Result<AskedSource, Unread> {
        let Source { id, content } = source;
        let seen = match content {
            Ok(content) => self.visual_input(&content, most_pages).await.map(|it| (content, it)),
            Err(error) => Err(error),
        };
        match seen {
            Ok((content, VisualInput { images, file, warnings })) => {
                let warnings = [content.warnings(), &warnings].concat();
                let left = AtomicUsize::new(content.row_count());
                Ok(AskedSource { id, content, images, file, warnings, left })
            }
            Err(error) => Err(Unread { id, error }),
        }
    }
}

/// The first sources of an operation.
pub(super) struct First {
    /// All that were taken, in their order.
    pub taken: Vec<Result<AskedSource, Unread>>,
    /// Those among them that a plan can be made of.
    pub sample: Vec<usize>,
    /// Why no further source can be taken.
    pub failure: Option<Error>,
    /// Why the planner can't read one that the extractor can.
    pub obstacle: Option<FileError>,
}

impl First {
    /// Takes sources until `most` of them have been found that can be read and pass `check`.
    ///
    /// # Errors
    /// No source can be read.
    pub async fn take(
        sources: &mut AskedSources,
        most: usize,
        check: impl Fn(&AskedSource) -> Result<(), FileError>,
    ) -> Result<Self> {
        /// Sources that are held while none passes the check. Chosen by hand.
        const MOST_HELD: usize = 16;
        let mut first =
            Self { taken: Vec::new(), sample: Vec::new(), failure: None, obstacle: None };
        let mut readable = 0;
        while first.sample.len() < most && readable < MOST_HELD {
            let next = match sources.next().await {
                Some(Ok(next)) => next,
                Some(Err(failure)) if readable == 0 => return Err(failure),
                Some(Err(failure)) => {
                    first.failure = Some(failure);
                    break;
                }
                None => break,
            };
            if let Ok(source) = &next {
                readable += 1;
                match check(source) {
                    Ok(()) => first.sample.push(first.taken.len()),
                    Err(obstacle) => first.obstacle = first.obstacle.or(Some(obstacle)),
                }
            }
            first.taken.push(next);
        }
        if readable == 0 { Err(Error::File(first.unread())) } else { Ok(first) }
    }

    /// The sources that a plan is made of.
    pub fn sampled(&self) -> Vec<&AskedSource> {
        self.sample.iter().filter_map(|index| self.taken.get(*index)?.as_ref().ok()).collect()
    }

    /// The sources that were taken, and then the others.
    pub fn and(self, others: AskedSources) -> AskedSources {
        let taken = self.taken.into_iter().map(Ok).chain(self.failure.map(Err));
        Box::pin(stream::iter(taken.collect::<Vec<_>>()).chain(others))
    }

    fn unread(self) -> FileError {
        let count = self.taken.len();
        let mut errors = self.taken.into_iter().filter_map(Result::err);
        none_read(count, errors.next().map(|unread| unread.error))
    }
}

/// The error of an operation none of whose `count` sources can be read, with that of the first one.
pub(super) fn none_read(count: usize, first: Option<FileError>) -> FileError {
    match first {
        None => FileError::new(FileErrorKind::Empty, "data", "there is no source in it"),
        Some(error) if count == 1 => error,
        Some(error) => {
            let message =
                format!("none of the {count} sources can be read; the first one: {error}");
            FileError::new(error.kind, "data", message)
        }
    }
}

#[cfg(test)]
mod tests;
