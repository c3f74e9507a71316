//! Text recognition (OCR) for the readers: which inputs get an engine, and when it stops.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use structx_common::sync::lock;

#[cfg(feature = "ocr")]
pub use super::lazy_engine::SharedEngine;
use crate::documents::recognition::Recognizer;
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

/// The engine of one process. Its folder is empty without a home directory.
struct OfProcess {
    process: u32,
    /// The variable that may name the folder of the weights.
    cache: Option<OsString>,
    engine: Arc<SharedEngine>,
}

/// The engine of this process, whose weights may not be there.
///
/// It is found with the GIL, so that no thread forks meanwhile: a lock that is held during a fork stays
/// locked in the child. The child gets an engine of its own, since another thread of its parent may be
/// loading or using that of the parent.
pub fn shared(py: Python<'_>) -> PyResult<Arc<SharedEngine>> {
    static CURRENT: Mutex<Option<OfProcess>> = Mutex::new(None);
    let (process, cache) = (std::process::id(), std::env::var_os("STRUCTX_CACHE_DIR"));
    if let Some(current) = &*lock(&CURRENT)
        && (current.process, &current.cache) == (process, &cache)
    {
        return Ok(current.engine.clone());
    }
    let folder = weights(py)?;
    let mut held = lock(&CURRENT);
    // Python ran meanwhile, and another thread may have been here.
    if let Some(current) = &*held
        && (current.process, &current.cache) == (process, &cache)
    {
        return Ok(current.engine.clone());
    }
    let engine = Arc::new(SharedEngine::new(folder));
    let old = held.replace(OfProcess { process, cache, engine: engine.clone() });
    drop(held);
    if let Some(old) = old
        && old.process != process
    {
        std::mem::forget(old);
    }
    Ok(engine)
}

fn weights(py: Python<'_>) -> PyResult<PathBuf> {
    static FOLDER: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    match FOLDER.import(py, "structx.local_models", "ocr_folder")?.call0() {
        Err(error) if error.is_instance_of::<PyRuntimeError>(py) => Ok(PathBuf::new()),
        folder => folder?.extract(),
    }
}

/// Whether text recognition can run: it is part of this build, and its weights are on this machine.
#[pyfunction]
pub fn can_recognize(py: Python<'_>) -> PyResult<bool> {
    let engine = lazy(shared(py)?, StopOnDrop::default().signal());
    Ok(engine.is_some_and(|engine| engine.check().is_ok()))
}

/// The engine for a source that is read with these options, if its scans are to be recognised: those
/// for a model that `sees_images` are not, unless they must.
pub fn engine(
    shared: Arc<SharedEngine>,
    options: &ReadOptions,
    sees_images: bool,
    stop: StopSignal,
) -> Option<Engine> {
    let is_wanted = match options.ocr {
        Ocr::Never => false,
        Ocr::Always => true,
        Ocr::Auto => !sees_images || options.mode == Mode::Text,
    };
    if is_wanted { lazy(shared, stop).map(Engine::new) } else { None }
}

#[cfg(feature = "ocr")]
#[expect(clippy::unnecessary_wraps, reason = "a build without the feature has no engine")]
fn lazy(shared: Arc<SharedEngine>, stop: StopSignal) -> Option<Arc<dyn Recognizer>> {
    Some(Arc::new(super::lazy_engine::LazyEngine::new(shared, stop)))
}

#[cfg(not(feature = "ocr"))]
fn lazy(_: Arc<SharedEngine>, _: StopSignal) -> Option<Arc<dyn Recognizer>> {
    None
}

/// A build without the feature `ocr` has no engine.
#[cfg(not(feature = "ocr"))]
pub struct SharedEngine;

#[cfg(not(feature = "ocr"))]
impl SharedEngine {
    fn new(_: PathBuf) -> Self {
        Self
    }
}
