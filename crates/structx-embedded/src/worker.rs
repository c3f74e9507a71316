//! The thread of the engine: it answers one request at a time, in order, and ends when its provider is
//! dropped.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use rayon::ThreadPoolBuilder;
use tokio::sync::oneshot;

use super::LocalOptions;
use super::engine::{Engine, failed};
use structx_common::panics;
use structx_common::sync::lock;
use structx_llm::{LlmError, Request, Response};

type AnswerSender = oneshot::Sender<Result<Response, LlmError>>;

/// Sends requests to the thread, which the first request starts.
#[derive(Debug)]
pub struct Worker {
    path: PathBuf,
    options: LocalOptions,
    queue: Mutex<Option<Sender<Job>>>,
}

struct Job {
    request: Request,
    /// Closed when the caller no longer waits for the answer.
    answer: AnswerSender,
}

impl Worker {
    /// Names the weights and all options that affect answers.
    pub fn describe(&self) -> String {
        let LocalOptions { context, max_tokens, .. } = self.options;
        format!("local {} {context:?} {max_tokens}", self.path.display())
    }

    pub fn new(path: PathBuf, options: LocalOptions) -> Self {
        Self { path, options, queue: Mutex::new(None) }
    }

    pub fn send(&self, request: Request, answer: AnswerSender) -> Result<(), LlmError> {
        let mut queue = lock(&self.queue);
        if queue.is_none() {
            *queue = Some(self.start()?);
        }
        let sent = queue.as_ref().map(|queue| queue.send(Job { request, answer }));
        match sent {
            Some(Ok(())) => Ok(()),
            _ => Err(failed("the engine's thread has ended".to_owned())),
        }
    }

    fn start(&self) -> Result<Sender<Job>, LlmError> {
        let (sender, jobs) = channel();
        let (path, options) = (self.path.clone(), self.options.clone());
        thread::Builder::new()
            .name("structx-engine".to_owned())
            .spawn(move || work(&path, &options, &jobs))
            .map_err(|error| failed(format!("no thread for the engine: {error}")))?;
        Ok(sender)
    }
}

/// Answers requests until the provider drops the sender.
fn work(path: &std::path::Path, options: &LocalOptions, jobs: &Receiver<Job>) {
    // With 0, rayon uses one thread for each core that is available to the process.
    let threads = options.threads.unwrap_or(0);
    let pool = match ThreadPoolBuilder::new().num_threads(threads).build() {
        Ok(pool) => pool,
        Err(error) => return refuse(jobs, &format!("no threads for the engine: {error}")),
    };
    let mut engine = None;
    for Job { request, answer } in jobs {
        if answer.is_closed() {
            continue;
        }
        let mut answered = || {
            let engine = match &mut engine {
                Some(engine) => engine,
                empty => empty.insert(Engine::load(path, options)?),
            };
            engine.answer(&request, &|| answer.is_closed())
        };
        let outcome = catch_unwind(AssertUnwindSafe(|| pool.install(&mut answered)));
        let outcome = outcome.unwrap_or_else(|panic| {
            // The engine's state is unreliable after a panic.
            engine = None;
            Err(failed(format!("the engine failed: {}", panics::message(&*panic))))
        });
        // Sending fails only if the caller no longer waits.
        let _ = answer.send(outcome);
    }
}

fn refuse(jobs: &Receiver<Job>, problem: &str) {
    for job in jobs {
        let _ = job.answer.send(Err(failed(problem.to_owned())));
    }
}
