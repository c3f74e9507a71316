//! Word documents and presentations, old and new.
#![no_main]

structx_fuzz::fuzz!(["a.docx", "a.pptx", "a.doc", "a.ppt"]);
