//! Formats that are zip archives, and bounded access to an archive.

pub(super) mod archive;
pub(super) mod epub;
pub(super) mod files;
pub(super) mod opendocument;
mod opendocument_styles;
