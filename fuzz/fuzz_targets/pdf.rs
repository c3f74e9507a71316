//! PDF.
#![no_main]

structx_fuzz::fuzz!(["a.pdf"]);
