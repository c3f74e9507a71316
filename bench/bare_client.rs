//! The baseline of the benchmarks: sends the same requests with a bare reqwest client.
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

    // reqwest is built without a default TLS provider, and needs one even for plain HTTP.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build()?;
    let next = Arc::new(AtomicU32::new(0));
    let started = Instant::now();
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
    println!("{}", json!({"rows": requests, "wall_s": wall}));
    Ok(())
}
