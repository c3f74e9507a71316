//! Files of records: rows with named columns.

pub(super) mod delimited;
pub(super) mod json;
pub(super) mod options;
pub(super) mod workbook;
