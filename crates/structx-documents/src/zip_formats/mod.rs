//! Formats that are zip archives of other files, and the archive itself.

pub(super) mod archive;
pub(super) mod epub;
pub(super) mod opendocument;
mod opendocument_styles;
