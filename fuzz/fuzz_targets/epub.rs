//! Books.
#![no_main]

structx_fuzz::fuzz!(["a.epub"]);
