//! Text recognition (OCR) for the readers: which inputs get an engine, and when it stops.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use crate::documents::{Engine, Mode, Ocr, ReadOptions};

/// Ends the recognition for a job once the job is dropped.
#[derive(Default)]
pub struct StopOnDrop(Arc<AtomicBool>);

impl StopOnDrop {
    pub fn signal(&self) -> StopSignal {
        StopSignal(self.0.clone())
    }
}

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Tells that nobody waits for the recognition any more.
#[derive(Clone)]
pub struct StopSignal(Arc<AtomicBool>);

impl StopSignal {
    pub fn is_given(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The folder of the weights, whether or not they are there. Without a home directory there is none, and
/// no weights.
pub fn weights(py: Python<'_>) -> PyResult<PathBuf> {
    static FOLDER: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    match FOLDER.import(py, "structx.local_models", "ocr_folder")?.call0() {
        Err(error) if error.is_instance_of::<PyRuntimeError>(py) => Ok(PathBuf::new()),
        folder => folder?.extract(),
    }
}

/// The engine for a source that is read with these options, if its scans are to be recognised: those
/// for a model that `sees_images` are not, unless they must.
pub fn engine(
    weights: &Path,
    options: &ReadOptions,
    sees_images: bool,
    stop: StopSignal,
) -> Option<Engine> {
    let is_wanted = match options.ocr {
        Ocr::Never => false,
        Ocr::Always => true,
        Ocr::Auto => !sees_images || options.mode == Mode::Text,
    };
    if is_wanted { lazy(weights, stop) } else { None }
}

#[cfg(feature = "ocr")]
#[expect(clippy::unnecessary_wraps, reason = "a build without the feature has no engine")]
fn lazy(weights: &Path, stop: StopSignal) -> Option<Engine> {
    Some(Engine::new(Arc::new(super::lazy_engine::LazyEngine::new(weights, stop))))
}

#[cfg(not(feature = "ocr"))]
fn lazy(_: &Path, _: StopSignal) -> Option<Engine> {
    None
}
