//! Documents of office programs. `.docx` is read element by element, within bounds and with its
//! numbers; for presentations and the binary formats there is `office_oxide`.

pub(super) mod docx;
mod drawing;
mod items;
mod library;
mod model;
pub(super) mod numerals;
mod package;
mod xml;

pub(super) use model::{read_doc, read_slides};
