//! Documents of office programs.

pub(super) mod docx;
