//! Documents of office programs.

pub(super) mod docx;
mod drawing;
mod package;
mod xml;
