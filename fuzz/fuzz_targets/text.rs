//! Plain text and Markdown.
#![no_main]

structx_fuzz::fuzz!(["a.txt", "a.md"]);
