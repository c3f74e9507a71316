//! A neural network in an ONNX file, run on threads of its own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::{process, thread};

use rten::{Model, ModelOptions, RunOptions, ThreadPool, Value};
use structx_common::panics;
use structx_documents::recognition::{RecognitionError, RecognitionRequest};

use crate::languages;

/// The threads and the bounds of one recognition. The threads are made anew for each, since a forked
/// child has none of its parent's and would wait for them for ever.
pub struct Session<'a> {
    request: &'a RecognitionRequest<'a>,
    /// The symbols that its languages have; `None`: all.
    pub allowed: Option<Vec<bool>>,
    threads: Arc<ThreadPool>,
}

impl<'a> Session<'a> {
    /// # Errors
    /// A language of the request is not among those of the symbols.
    pub fn new(
        request: &'a RecognitionRequest<'a>,
        symbols: &[String],
    ) -> Result<Self, RecognitionError> {
        let allowed = languages::allowed(request.languages, symbols)?;
        let count = thread::available_parallelism().map_or(1, usize::from);
        Ok(Self { request, allowed, threads: Arc::new(ThreadPool::with_num_threads(count)) })
    }

    /// # Errors
    /// The caller no longer wants the result.
    pub fn check(&self) -> Result<(), RecognitionError> {
        if (self.request.should_stop)() { Err(RecognitionError::Stopped) } else { Ok(()) }
    }
}

/// How to load a network. rten optimises on threads that it keeps for the process; a forked child does
/// not have them and would wait for ever, so it does without.
fn loading() -> ModelOptions {
    static OPTIMIZES: OnceLock<u32> = OnceLock::new();
    let mut options = ModelOptions::with_all_ops();
    options.enable_optimization(*OPTIMIZES.get_or_init(process::id) == process::id());
    options
}

pub struct Network(Model);

impl Network {
    /// # Errors
    /// The file is missing or is not a network that can be run.
    pub fn load(path: &Path) -> Result<Self, RecognitionError> {
        let unusable = |problem: &dyn std::fmt::Display| {
            RecognitionError::Unavailable(format!(
                "can't use the weights {}: {problem}",
                path.display()
            ))
        };
        match catch_unwind(|| loading().load_file(path)) {
            Ok(model) => Ok(Self(model.map_err(|error| unusable(&error))?)),
            Err(panic) => Err(unusable(&panics::message(&*panic))),
        }
    }

    /// A text that the file keeps beside its weights.
    pub fn metadata(&self, key: &str) -> Option<&str> {
        self.0.metadata().get(key)
    }

    /// Runs the network on images of the shape (images, channels, height, width).
    ///
    /// # Errors
    /// The network failed, or its output does not have `N` dimensions.
    pub fn run<const N: usize>(
        &self,
        session: &Session<'_>,
        shape: [usize; 4],
        input: Vec<f32>,
    ) -> Result<([usize; N], Vec<f32>), RecognitionError> {
        let failed = |problem: &dyn std::fmt::Display| {
            RecognitionError::Failed(format!("the network failed: {problem}"))
        };
        let input = Value::from_shape(&shape, input).map_err(|error| failed(&error))?;
        let options = RunOptions::default().with_thread_pool(Some(Arc::clone(&session.threads)));
        // Operators may panic on shapes that their authors did not expect.
        let run = catch_unwind(AssertUnwindSafe(|| self.0.run_one(input.into(), Some(options))));
        match run {
            Ok(Ok(output)) => output.into_shape_vec::<f32, N>().map_err(|error| failed(&error)),
            Ok(Err(error)) => Err(failed(&error)),
            Err(panic) => Err(failed(&panics::message(&*panic))),
        }
    }
}
