//! A neural network in an ONNX file, run on threads of its own.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::{process, thread};

use rten::{Model, ModelOptions, RunOptions, ThreadPool, Value};
use structx_common::panics;
use structx_documents::recognition::{RecognitionError, RecognitionRequest};

use crate::languages;

/// The steps that run at a time, each of which needs memory for its network.
const AT_A_TIME: usize = 2;

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

    /// The results of steps, several of which run at a time: the threads of the networks have work while
    /// the input of one step is prepared, or the output of another decoded. Where the caller wants no
    /// more, they are those of the first steps only.
    ///
    /// # Errors
    /// The first that a step gave.
    pub fn side_by_side<Step: Sync, T: Send>(
        &self,
        steps: &[Step],
        run: impl Fn(&Step) -> Result<T, RecognitionError> + Sync,
    ) -> Result<Vec<T>, RecognitionError> {
        let next = AtomicUsize::new(0);
        let work = || {
            let mut results = Vec::new();
            while let index = next.fetch_add(1, Ordering::Relaxed)
                && let Some(step) = steps.get(index)
            {
                let result = if self.is_over() { None } else { Some(run(step)) };
                if !matches!(result, Some(Ok(_))) {
                    next.store(steps.len(), Ordering::Relaxed);
                }
                results.push((index, result));
            }
            results
        };
        let mut results = thread::scope(|scope| {
            let others: Vec<_> =
                (1..AT_A_TIME.min(steps.len())).map(|_| scope.spawn(work)).collect();
            let mut results = work();
            for other in others {
                results.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
            }
            results
        });
        results.sort_unstable_by_key(|&(index, _)| index);
        results.into_iter().map_while(|(_, result)| result).collect()
    }

    fn is_over(&self) -> bool {
        (self.request.should_stop)()
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

#[cfg(test)]
mod tests {
    use super::*;

    fn session<'a>(request: &'a RecognitionRequest<'a>) -> Session<'a> {
        Session::new(request, &[]).expect("no language is asked for")
    }

    #[test]
    fn results_are_in_the_order_of_their_steps() {
        let request = RecognitionRequest { languages: &[], should_stop: &|| false };
        let steps: Vec<usize> = (0..50).collect();
        let found = session(&request).side_by_side(&steps, |&step| Ok(2 * step));
        assert_eq!(found, Ok((0..50).map(|step| 2 * step).collect()));
    }

    #[test]
    fn the_first_failure_is_given() {
        let request = RecognitionRequest { languages: &[], should_stop: &|| false };
        let failed = |step: usize| RecognitionError::Failed(step.to_string());
        let found = session(&request).side_by_side(&[1, 2, 3, 4, 5], |&step| {
            if step % 2 == 0 { Err(failed(step)) } else { Ok(()) }
        });
        assert_eq!(found, Err(failed(2)));
    }

    #[test]
    fn steps_end_when_the_caller_wants_no_more() {
        let asked = AtomicUsize::new(0);
        let should_stop = || asked.fetch_add(1, Ordering::Relaxed) >= 4;
        let request = RecognitionRequest { languages: &[], should_stop: &should_stop };
        let steps: Vec<usize> = (0..50).collect();
        let done = AtomicUsize::new(0);
        let found = session(&request).side_by_side(&steps, |&step| {
            done.fetch_add(1, Ordering::Relaxed);
            Ok(step)
        });
        // The steps that ran at the same time as the first one that did not are not among the first.
        let found = found.expect("no step failed");
        assert_eq!(done.into_inner(), 4);
        assert!(found.len() <= 4 && found.len() >= 4 - (AT_A_TIME - 1), "{found:?}");
        assert_eq!(found, steps[..found.len()]);
    }
}
