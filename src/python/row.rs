//! `structx.RowResult`: how a row ended. Python's objects are made once an attribute is asked for.

use std::sync::{Arc, OnceLock};

use pyo3::gc::PyVisit;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyList, PyString, PyTuple, PyType};
use pyo3::{PyTraverseError, intern};

use crate::documents::Content;
use crate::llm::Usage;
use crate::reply::Repair;
use crate::run::{self, RowOutcome, SourceId};

use super::attempt_error::AttemptError;
use super::evidence::{self, Claim, RowText};
use super::input::{Label, Prepared};
use super::raw::RawUsage;
use super::target::Compiled;

mod facts;
mod raw_rows;
mod values;

pub use facts::facts_of;
pub use raw_rows::RawRows;
use values::{NAMES, values};

/// Characters of an error in a repr.
const LONGEST_ERROR: usize = 200;

/// How one row of the source ended: each row ends exactly once.
///
/// Examples:
///     >>> row.status, row.position, row.items[0].number
///     ('success', 0, 'HPB-20417')
#[pyclass(frozen, generic, module = "structx.results")]
pub struct RowResult {
    position: usize,
    source_position: usize,
    source: Arc<SourceId>,
    /// None: the position in the source.
    source_index: Option<Py<PyAny>>,
    input_data: Arc<str>,
    items: Box<[Py<PyAny>]>,
    calls: Box<[Usage]>,
    error: Option<Box<Failure>>,
    model: Option<Arc<str>>,
    from_journal: bool,
    /// None for nearly all rows.
    rare: Option<Box<Rare>>,
    made: OnceLock<Box<Made>>,
}

struct Failure {
    /// `None` for a row that Python made.
    kind: Option<&'static str>,
    message: Box<str>,
}

struct Rare {
    claim: Option<Claim>,
    image_pages: Vec<u32>,
    repairs: Vec<Repair>,
    errors: Vec<run::AttemptError>,
    incomplete: Vec<Py<PyAny>>,
}

/// Python's objects, once they were asked for: a change to one stays.
#[derive(Default)]
struct Made {
    items: OnceLock<Py<PyAny>>,
    usage: OnceLock<Py<PyAny>>,
    evidence: OnceLock<Py<PyAny>>,
    image_pages: OnceLock<Py<PyAny>>,
    repairs: OnceLock<Py<PyAny>>,
    errors: OnceLock<Py<PyAny>>,
    incomplete_items: OnceLock<Py<PyAny>>,
}

impl RowResult {
    fn new(
        outcome: RowOutcome<Py<PyAny>>,
        source_index: Option<Py<PyAny>>,
        target: Option<&Arc<Compiled>>,
    ) -> Self {
        let claim = outcome.content.zip(outcome.reply).zip(target);
        let (items, error) = match outcome.result {
            Ok(items) => (items.into(), None),
            Err(failure) => {
                let (kind, message) = (Some(failure.kind()), failure.to_string().into());
                (Box::default(), Some(Box::new(Failure { kind, message })))
            }
        };
        let rare = Rare {
            claim: claim.map(|((content, reply), target)| Claim {
                content,
                target: target.clone(),
                reply: reply.into(),
            }),
            image_pages: outcome.image_pages,
            repairs: outcome.repairs,
            errors: outcome.errors,
            incomplete: outcome.incomplete,
        };
        Self {
            position: outcome.position,
            source_position: outcome.source_position,
            source: outcome.source,
            source_index,
            input_data: outcome.text,
            items,
            calls: outcome.calls.into(),
            error,
            model: outcome.model,
            from_journal: outcome.from_journal,
            rare: rare.is_any().then(|| Box::new(rare)),
            made: OnceLock::new(),
        }
    }

    fn made(&self) -> &Made {
        self.made.get_or_init(Box::default)
    }

    fn has_evidence(&self) -> bool {
        let is_made = self.made.get().is_some_and(|made| made.evidence.get().is_some());
        is_made || self.rare.as_deref().is_some_and(|rare| rare.claim.is_some())
    }

    fn rare<T>(&self, part: impl FnOnce(&Rare) -> &[T]) -> &[T] {
        self.rare.as_deref().map_or(&[], part)
    }
}

impl Rare {
    fn is_any(&self) -> bool {
        let Self { claim, image_pages, repairs, errors, incomplete } = self;
        !(claim.is_none()
            && image_pages.is_empty()
            && repairs.is_empty()
            && errors.is_empty()
            && incomplete.is_empty())
    }
}

impl Made {
    fn all(&self) -> [&OnceLock<Py<PyAny>>; 7] {
        let Self { items, usage, evidence, image_pages, repairs, errors, incomplete_items } = self;
        [items, usage, evidence, image_pages, repairs, errors, incomplete_items]
    }
}

/// The object of a cell. The cell is never locked while Python runs; the first object of two stays.
fn kept<'py>(
    py: Python<'py>,
    cell: &OnceLock<Py<PyAny>>,
    make: impl FnOnce() -> PyResult<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    if let Some(made) = cell.get() {
        return Ok(made.bind(py).clone());
    }
    let made = make()?;
    let _ = cell.set(made.clone().unbind());
    Ok(cell.get().map_or(made, |first| first.bind(py).clone()))
}

/// A cell with what the caller gave, if it gave anything.
fn given(object: Option<Bound<'_, PyAny>>) -> OnceLock<Py<PyAny>> {
    object.map(Bound::unbind).map_or_else(OnceLock::new, OnceLock::from)
}

#[pymethods]
impl RowResult {
    #[classattr]
    fn __match_args__(py: Python<'_>) -> PyResult<Bound<'_, PyTuple>> {
        PyTuple::new(py, NAMES)
    }

    #[new]
    #[pyo3(signature = (position, source_index, input_data, items, usage, error=None, evidence=None,
                        image_pages=None, model=None, repairs=None, errors=None,
                        incomplete_items=None, from_journal=false, source=Label::Index(0),
                        source_position=None))]
    #[expect(clippy::too_many_arguments, reason = "the attributes of a row")]
    fn from_python(
        position: usize,
        source_index: Py<PyAny>,
        input_data: &str,
        items: Bound<'_, PyAny>,
        usage: Bound<'_, PyAny>,
        error: Option<String>,
        evidence: Option<Bound<'_, PyAny>>,
        image_pages: Option<Bound<'_, PyAny>>,
        model: Option<&str>,
        repairs: Option<Bound<'_, PyAny>>,
        errors: Option<Bound<'_, PyAny>>,
        incomplete_items: Option<Bound<'_, PyAny>>,
        from_journal: bool,
        source: Label,
        source_position: Option<usize>,
    ) -> Self {
        let made = Made {
            items: given(Some(items)),
            usage: given(Some(usage)),
            evidence: given(evidence),
            image_pages: given(image_pages),
            repairs: given(repairs),
            errors: given(errors),
            incomplete_items: given(incomplete_items),
        };
        Self {
            position,
            source_position: source_position.unwrap_or(position),
            source: Arc::new(source.id(0, 0)),
            source_index: Some(source_index),
            input_data: input_data.into(),
            items: Box::default(),
            calls: Box::default(),
            error: error.map(|text| Box::new(Failure { kind: None, message: text.into() })),
            model: model.map(Into::into),
            from_journal,
            rare: None,
            made: OnceLock::from(Box::new(made)),
        }
    }

    #[getter]
    fn position(&self) -> usize {
        self.position
    }

    #[getter]
    fn source(&self) -> Label {
        Label::of(&self.source)
    }

    #[getter]
    fn source_position(&self) -> usize {
        self.source_position
    }

    /// The number of the source among all of them.
    #[getter]
    fn _source_number(&self) -> usize {
        self.source.number
    }

    /// The position of the source in what the caller gave.
    #[getter]
    fn _source_given(&self) -> usize {
        self.source.given
    }

    #[getter]
    fn source_index<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match &self.source_index {
            Some(label) => Ok(label.bind(py).clone()),
            None => Ok(self.source_position.into_pyobject(py)?.into_any()),
        }
    }

    #[getter]
    fn input_data(&self) -> &str {
        &self.input_data
    }

    #[getter]
    fn items<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        kept(py, &self.made().items, || Ok(PyList::new(py, &self.items)?.into_any()))
    }

    #[getter]
    fn usage<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        static OF_REQUESTS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        kept(py, &self.made().usage, || {
            let of_requests = OF_REQUESTS.import(py, "structx.usage", "of_requests")?;
            let calls = self.calls.iter().copied().map(RawUsage::from).collect::<Vec<_>>();
            of_requests.call1((calls,))
        })
    }

    #[getter]
    fn error(&self) -> Option<&str> {
        self.error.as_ref().map(|failure| &*failure.message)
    }

    /// The kind of the error in a word; None without one, and for a row that was pickled.
    #[getter]
    fn _error_kind(&self) -> Option<&'static str> {
        self.error.as_ref()?.kind
    }

    /// The document of the row; None for that of a table, and without evidence.
    #[getter]
    fn _document(&self) -> Option<Prepared> {
        let claim = self.rare.as_deref()?.claim.as_ref()?;
        let is_document = matches!(&*claim.content, Content::Document(_));
        let name = self.source.name.as_deref();
        is_document.then(|| Prepared::of_row(claim.content.clone(), name))
    }

    #[getter]
    fn evidence<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        kept(py, &self.made().evidence, || {
            let claim = self.rare.as_deref().and_then(|rare| rare.claim.as_ref());
            if claim.is_none() && self.items(py)?.is_truthy()? {
                return Err(evidence::not_kept());
            }
            let row = RowText {
                position: self.source_position,
                text: &self.input_data,
                has_images: !self.rare(|rare| &rare.image_pages).is_empty(),
            };
            evidence::of_row(py, claim, &row)
        })
    }

    #[getter]
    fn uncited<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.evidence(py)?.getattr(intern!(py, "uncited"))
    }

    /// The evidence of a part of an item: `evidence_of(row.items[0], "lines", 0, "price")`.
    #[pyo3(signature = (item, *path))]
    fn evidence_of<'py>(
        slf: &Bound<'py, Self>,
        item: &Bound<'py, PyAny>,
        path: &Bound<'py, PyTuple>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let module = slf.py().import("structx.evidence")?;
        module.getattr("of_part")?.call1((slf, item, path))
    }

    #[getter]
    fn image_pages<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let pages = || Ok(PyList::new(py, self.rare(|rare| &rare.image_pages))?.into_any());
        kept(py, &self.made().image_pages, pages)
    }

    #[getter]
    fn model<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyString>> {
        self.model.as_deref().map(|model| PyString::intern(py, model))
    }

    #[getter]
    fn repairs<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let described = |Repair { pointer, what }: &Repair| {
            if pointer.is_empty() { what.clone() } else { format!("{pointer}: {what}") }
        };
        let repairs = self.rare(|rare| &rare.repairs).iter().map(described);
        let repairs = || Ok(PyList::new(py, repairs.collect::<Vec<_>>())?.into_any());
        kept(py, &self.made().repairs, repairs)
    }

    #[getter]
    fn errors<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        kept(py, &self.made().errors, || {
            let errors = self.rare(|rare| &rare.errors).iter().cloned().map(AttemptError::from);
            Ok(PyList::new(py, errors.collect::<Vec<_>>())?.into_any())
        })
    }

    #[getter]
    fn incomplete_items<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let items = || Ok(PyList::new(py, self.rare(|rare| &rare.incomplete))?.into_any());
        kept(py, &self.made().incomplete_items, items)
    }

    #[getter]
    #[expect(clippy::wrong_self_convention, reason = "the name of the attribute")]
    fn from_journal(&self) -> bool {
        self.from_journal
    }

    /// `failed` with an error, `empty` without items, else `success`.
    #[getter]
    fn status(&self, py: Python<'_>) -> PyResult<&'static str> {
        Ok(match &self.error {
            Some(_) => "failed",
            None if self.items(py)?.is_truthy()? => "success",
            None => "empty",
        })
    }

    /// Without the text of the row: a repr ends up in logs.
    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let error = match self.error().filter(|error| !error.is_empty()) {
            None => "None".to_owned(),
            Some(error) => {
                let cut = py.import("structx._engine.text")?.getattr("cut")?;
                cut.call1((error, LONGEST_ERROR))?.repr()?.to_string()
            }
        };
        Ok(format!(
            "RowResult(position={}, status='{}', items={}, tokens={}, error={error})",
            self.position,
            self.status(py)?,
            self.items(py)?.len()?,
            self.usage(py)?.getattr(intern!(py, "total_tokens"))?,
        ))
    }

    /// The values of the row and where they stand, for notebooks.
    fn _repr_html_<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let claim = slf.get().rare.as_deref().and_then(|rare| rare.claim.as_ref());
        let name = slf.get().source.name.as_deref();
        let source = claim.map(|claim| Prepared::of_row(claim.content.clone(), name));
        slf.py().import("structx._engine.row_html")?.getattr("of_row")?.call1((slf, source))
    }

    fn __eq__<'py>(
        slf: &Bound<'py, Self>,
        other: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        match other.cast::<Self>() {
            Ok(other) => {
                let (one, other) = (values(slf, false)?, values(other, false)?);
                Ok(one.eq(other)?.into_pyobject(py)?.to_owned().into_any())
            }
            Err(_) => Ok(py.NotImplemented().into_bound(py)),
        }
    }

    fn __reduce__<'py>(
        slf: &Bound<'py, Self>,
    ) -> PyResult<(Bound<'py, PyType>, Bound<'py, PyTuple>)> {
        Ok((slf.get_type(), values(slf, true)?))
    }

    /// Without `__clear__`: what can be in a cycle with a row clears itself.
    #[expect(clippy::needless_pass_by_value, reason = "the signature that pyo3 calls")]
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.source_index)?;
        let incomplete = self.rare(|rare| &rare.incomplete);
        self.items.iter().chain(incomplete).try_for_each(|item| visit.call(item))?;
        let made = self.made.get().map(|made| made.all());
        made.iter().flatten().filter_map(|cell| cell.get()).try_for_each(|made| visit.call(made))
    }
}
