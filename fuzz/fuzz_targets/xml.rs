//! XML.
#![no_main]

structx_fuzz::fuzz!(["a.xml"]);
