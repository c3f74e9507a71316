//! The floor to measure against: the same requests by a bare reqwest client, nothing around it.
//!
//! `bare-client BASE_URL BODY_FILE REQUESTS CONCURRENCY` prints one line of JSON.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use serde_json::json;
use tokio::task::JoinSet;

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [base_url, body_file, requests, concurrency] = arguments.as_slice() else {
        return Err("usage: bare-client BASE_URL BODY_FILE REQUESTS CONCURRENCY".into());
    };
    let (requests, concurrency): (u32, u32) = (requests.parse()?, concurrency.parse()?);
    let url: Arc<str> = format!("{base_url}/chat/completions").into();
    let body = std::fs::read_to_string(body_file)?;

    // reqwest is built without a default for TLS; nothing here uses it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build()?;
    let next = Arc::new(AtomicU32::new(0));
    let (started, cpu) = (Instant::now(), cpu_ms());
    let mut workers = JoinSet::new();
    for _ in 0..concurrency {
        let (client, url, body) = (client.clone(), Arc::clone(&url), body.clone());
        let next = Arc::clone(&next);
        workers.spawn(async move {
            while next.fetch_add(1, Ordering::Relaxed) < requests {
                let request = client.post(&*url).header("content-type", "application/json");
                let reply = request.body(body.clone()).send().await?.error_for_status()?;
                reply.bytes().await?;
            }
            Ok::<(), reqwest::Error>(())
        });
    }
    while let Some(result) = workers.join_next().await {
        result??;
    }
    let wall = started.elapsed().as_secs_f64();
    let spent = cpu_ms().zip(cpu).map(|(after, before)| (after - before) / f64::from(requests));
    println!("{}", json!({"rows": requests, "wall_s": wall, "cpu_ms_per_row": spent}));
    Ok(())
}

/// Processor time of this process so far, where the system tells (Linux, 100 ticks a second).
fn cpu_ms() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let after_name = stat.rsplit_once(')')?.1;
    let mut ticks = after_name.split_whitespace().skip(11).map(str::parse::<f64>);
    Some((ticks.next()?.ok()? + ticks.next()?.ok()?) * 10.0)
}
