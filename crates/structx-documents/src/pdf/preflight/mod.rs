//! Bounds the cost of a PDF before a library reads or draws it, as neither can be interrupted.

mod object_scan;
pub(in crate::pdf) mod render_cost;
mod stream_sizes;

use crate::FileError;
use crate::context::ReadContext;

/// Refuses a file whose objects or streams would take too much time or memory.
///
/// # Errors
/// [`FileErrorKind::LimitExceeded`](crate::FileErrorKind::LimitExceeded).
pub(in crate::pdf) fn check(context: &ReadContext, file: &[u8]) -> Result<(), FileError> {
    object_scan::check_objects(context, file)?;
    object_scan::check_streams(context, file)?;
    stream_sizes::check(context, file)
}
