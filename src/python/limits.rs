//! `_core.Limits`: rate limits shared by any number of extractors.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use pyo3::prelude::*;

use crate::llm::rate_limit;
use crate::llm::rate_limit::SharedLimiter;
use structx_common::sync::lock;

#[pyclass(frozen, module = "structx._core")]
pub struct Limits {
    configured: rate_limit::ConfiguredLimits,
    /// Where processes share the rates.
    file: Option<PathBuf>,
    /// With the process that made it. Locked with the GIL only, so that no thread holds it during a
    /// fork.
    limiter: Mutex<(u32, Arc<SharedLimiter>)>,
}

#[pymethods]
impl Limits {
    #[new]
    #[pyo3(signature = (max_concurrency, requests_per_minute, tokens_per_minute, file))]
    fn new(
        max_concurrency: Option<usize>,
        requests_per_minute: Option<f64>,
        tokens_per_minute: Option<f64>,
        file: Option<PathBuf>,
    ) -> io::Result<Self> {
        let configured = rate_limit::ConfiguredLimits {
            max_concurrency,
            requests_per_minute,
            tokens_per_minute,
        };
        let limiter = open(configured, file.as_deref())?;
        Ok(Self { configured, file, limiter: Mutex::new((std::process::id(), limiter)) })
    }
}

impl Limits {
    /// The limiter of this process.
    ///
    /// # Errors
    /// The file can't be opened in this process.
    pub fn limiter(&self) -> io::Result<Arc<SharedLimiter>> {
        let mut slot = lock(&self.limiter);
        let process = std::process::id();
        if slot.0 != process {
            // Tasks of a parent process may have held its locks: leaked, not dropped.
            let own = (process, open(self.configured, self.file.as_deref())?);
            std::mem::forget(std::mem::replace(&mut *slot, own));
        }
        Ok(slot.1.clone())
    }
}

fn open(
    limits: rate_limit::ConfiguredLimits,
    file: Option<&Path>,
) -> io::Result<Arc<SharedLimiter>> {
    match file {
        Some(file) => SharedLimiter::open(limits, file),
        None => Ok(SharedLimiter::new(limits)),
    }
}
