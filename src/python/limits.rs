//! `_core.Limits`: rate limits shared by any number of extractors.

use std::sync::{Arc, Mutex, PoisonError};

use pyo3::prelude::*;

use crate::llm::rate_limit;
use crate::llm::rate_limit::SharedLimiter;

#[pyclass(frozen, module = "structx._core")]
pub struct Limits {
    limits: rate_limit::ConfiguredLimits,
    /// With the process that made it. Locked with the GIL only, so that no thread holds it during a
    /// fork.
    limiter: Mutex<(u32, Arc<SharedLimiter>)>,
}

#[pymethods]
impl Limits {
    #[new]
    #[pyo3(signature = (max_concurrency, requests_per_minute, tokens_per_minute))]
    fn new(
        max_concurrency: Option<usize>,
        requests_per_minute: Option<f64>,
        tokens_per_minute: Option<f64>,
    ) -> Self {
        let limits = rate_limit::ConfiguredLimits {
            max_concurrency,
            requests_per_minute,
            tokens_per_minute,
        };
        let limiter = SharedLimiter::new(limits);
        Self { limits, limiter: Mutex::new((std::process::id(), limiter)) }
    }
}

impl Limits {
    /// The limiter of this process.
    pub fn limiter(&self) -> Arc<SharedLimiter> {
        let mut slot = self.limiter.lock().unwrap_or_else(PoisonError::into_inner);
        let process = std::process::id();
        if slot.0 != process {
            // Tasks of a parent process may have held its locks: leaked, not dropped.
            let own = (process, SharedLimiter::new(self.limits));
            std::mem::forget(std::mem::replace(&mut *slot, own));
        }
        slot.1.clone()
    }
}
