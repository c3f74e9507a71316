//! Formats that are zip archives of other files, and the archive itself.

pub(super) mod archive;
