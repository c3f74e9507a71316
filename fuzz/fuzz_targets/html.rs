//! HTML.
#![no_main]

structx_fuzz::fuzz!(["a.html"]);
