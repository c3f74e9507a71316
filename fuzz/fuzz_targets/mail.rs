//! E-mails.
#![no_main]

structx_fuzz::fuzz!(["a.eml"]);
