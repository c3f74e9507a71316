//! PDF.
#![no_main]

use libfuzzer_sys::fuzz_target;
use structx::documents::{Limits, TableOptions, read_bytes};

fuzz_target!(|data: &[u8]| {
    let _ = read_bytes("a.pdf", data.to_vec(), &TableOptions::default(), &Limits::default());
});
