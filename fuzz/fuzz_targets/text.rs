//! Plain text, Markdown, CSV, TSV, JSON and JSON Lines: the first byte chooses.
#![no_main]

use libfuzzer_sys::fuzz_target;
use structx::documents::{ReadOptions, read_bytes};

const NAMES: [&str; 6] = ["a.txt", "a.md", "a.csv", "a.tsv", "a.json", "a.jsonl"];

fuzz_target!(|data: &[u8]| {
    if let Some((first, rest)) = data.split_first() {
        let name = NAMES[usize::from(*first) % NAMES.len()];
        let _ = read_bytes(name, rest.to_vec(), &ReadOptions::default());
    }
});
