//! Delimited text.
#![no_main]

structx_fuzz::fuzz!(["a.csv", "a.tsv"]);
