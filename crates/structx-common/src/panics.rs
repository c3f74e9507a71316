//! The message of a caught panic.

/// The message of a panic, as [`catch_unwind`](std::panic::catch_unwind) returns it.
///
/// ```
/// let panic = std::panic::catch_unwind(|| panic!("out of range")).unwrap_err();
/// assert_eq!(structx_common::panics::message(&*panic), "out of range");
/// ```
#[must_use]
pub fn message(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
