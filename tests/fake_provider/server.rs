//! The server and what it counts, on a thread and an event loop of its own.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::connection::serve;
use super::script::Script;

pub struct FakeProvider {
    /// Such as `http://127.0.0.1:40123/v1`.
    pub base_url: String,
    state: Arc<State>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl FakeProvider {
    pub fn start() -> io::Result<Self> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let base_url = format!("http://{}/v1", listener.local_addr()?);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let state = Arc::new(State::default());
        let (stop, stopped) = oneshot::channel();
        let shared = Arc::clone(&state);
        let thread = std::thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    result = accept(listener, shared) => panic!("can't accept: {result:?}"),
                    _ = stopped => {}
                }
            });
        });
        Ok(Self { base_url, state, stop: Some(stop), thread: Some(thread) })
    }

    /// Replaces the script and clears what was counted.
    pub fn script(&self, script: &Value) {
        self.state.set_script(serde_json::from_value(script.clone()).expect("a valid script"));
    }

    pub fn stats(&self) -> Stats {
        self.state.lock().stats
    }

    pub fn requests(&self) -> Vec<Recorded> {
        self.state.lock().recorded.clone()
    }

    /// Waits until the counts meet `condition`.
    ///
    /// # Panics
    /// If they still don't after ten seconds.
    pub async fn until(&self, condition: impl Fn(Stats) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(10);
        while !condition(self.stats()) {
            assert!(Instant::now() < deadline, "never met: {}", serde_json::json!(self.stats()));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Drop for FakeProvider {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn accept(listener: std::net::TcpListener, state: Arc<State>) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let state = Arc::clone(&state);
        // A client that leaves is no error of the server.
        tokio::spawn(async move { serve(stream, &state).await.ok() });
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// Requests for completions, each counted when it has arrived whole.
    pub requests: u64,
    pub in_flight: u64,
    pub max_in_flight: u64,
    /// Requests whose client left before they were answered.
    pub aborted: u64,
    /// Answers 429.
    pub throttled: u64,
    /// Connections since the start, those of who reads the counts left out.
    pub connections: u64,
    /// Of these, open now.
    pub open: u64,
}

#[derive(Debug, Clone, Serialize)]
pub struct Recorded {
    /// Since the script was set.
    pub at_ms: u128,
    /// With its query.
    pub path: String,
    /// Names of the headers that hold a key.
    pub credentials: Vec<&'static str>,
    pub user_agent: String,
    /// The number that the script marks it by.
    pub mark: Option<u64>,
    /// Of the answer, where there was a whole one.
    pub status: Option<u16>,
    /// Empty for all but the first.
    #[serde(serialize_with = "as_json")]
    pub body: Vec<u8>,
}

impl Recorded {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// Read only when asked for: most requests of a bench never are.
fn as_json<S: serde::Serializer>(body: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serde_json::from_slice::<Value>(body).unwrap_or_default().serialize(serializer)
}

#[derive(Default)]
pub struct State(Mutex<Inner>);

pub struct Inner {
    pub script: Script,
    pub stats: Stats,
    pub since: Instant,
    pub recorded: Vec<Recorded>,
    /// Bodies of replies, by the part of the request that holds the schema.
    pub by_schema: HashMap<Vec<u8>, Arc<[u8]>>,
    /// Counts up with each script: requests of an earlier one are no longer counted.
    pub generation: u64,
}

impl Default for Inner {
    fn default() -> Self {
        Self {
            script: Script::default(),
            stats: Stats::default(),
            since: Instant::now(),
            recorded: Vec::new(),
            by_schema: HashMap::new(),
            generation: 0,
        }
    }
}

impl State {
    pub fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().expect("no thread panics with the lock")
    }

    pub fn set_script(&self, script: Script) {
        let mut inner = self.lock();
        let generation = inner.generation + 1;
        // Connections stay open and are used again.
        let Stats { connections, open, .. } = inner.stats;
        let stats = Stats { connections, open, ..Stats::default() };
        *inner = Inner { script, stats, generation, ..Inner::default() };
    }
}
