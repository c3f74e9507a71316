//! Images.
#![no_main]

structx_fuzz::fuzz!(["a.png", "a.bmp"]);
