//! JSON and JSON Lines.
#![no_main]

structx_fuzz::fuzz!(["a.json", "a.jsonl"]);
