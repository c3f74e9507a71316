//! RTF.
#![no_main]

structx_fuzz::fuzz!(["a.rtf"]);
