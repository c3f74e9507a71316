//! PDF.
#![no_main]

use libfuzzer_sys::fuzz_target;
use structx::documents::{ReadOptions, read_bytes};

fuzz_target!(|data: &[u8]| {
    let _ = read_bytes("a.pdf", data.to_vec(), &ReadOptions::default());
});
