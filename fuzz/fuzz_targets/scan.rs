//! Images and PDFs, with an engine of text recognition that may give anything.
#![no_main]

structx_fuzz::fuzz_scans!(["a.png", "a.bmp", "a.pdf"]);
