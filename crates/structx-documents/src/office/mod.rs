//! Office documents: .docx element by element, so that limits hold and list numbers are kept;
//! presentations and the binary formats with `office_oxide`.

mod blocks;
pub(super) mod docx;
mod drawing;
mod library;
mod model;
pub(super) mod numerals;
mod package;
mod ppt_outline;
mod xml;

pub(super) use model::{read_doc, read_slides};
