//! OpenDocument texts and presentations.
#![no_main]

structx_fuzz::fuzz!(["a.odt", "a.odp"]);
