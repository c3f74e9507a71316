//! Answers prompts with the embedded model and reports times, for `bench/accuracy/engine.py`: reads the
//! lines `MAX_TOKENS PROMPT` (a JSON string) and writes a JSON object for each.
//!
//! Usage: `engine MODEL.gguf THREADS`

use std::error::Error;
use std::io::{BufRead, Write};
use std::sync::Arc;
use std::time::Instant;

use serde_json::{Map, json};
use structx_embedded::{LocalOptions, LocalProvider};
use structx_llm::{Message, Part, Provider, Request, Role};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("no model is given")?;
    let threads = arguments.next().map(|number| number.parse()).transpose()?;
    let options = LocalOptions { threads, ..LocalOptions::default() };
    let model = LocalProvider::open(path.into(), options)?;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let (limit, prompt) = line.split_once(' ').ok_or("a line has a limit and a prompt")?;
        let prompt: String = serde_json::from_str(prompt)?;
        let limit: u64 = limit.parse()?;
        let request = Request {
            model: "local/bench".into(),
            messages: vec![Message { role: Role::User, parts: vec![Part::Text(prompt.into())] }],
            schema: None,
            options: Arc::new(Map::from_iter([("max_tokens".to_owned(), json!(limit))])),
        };
        let started = Instant::now();
        let response = model.complete(&request).await?;
        let report = json!({
            "seconds": started.elapsed().as_secs_f64(),
            "usage": response.usage,
            "text": response.text,
        });
        println!("{report}");
        std::io::stdout().flush()?;
    }
    Ok(())
}
