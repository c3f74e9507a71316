//! Tokens of JSON Pointers (RFC 6901).

use std::borrow::Cow;

/// A name as a token of a pointer.
///
/// ```
/// assert_eq!(structx_common::json_pointer::escaped("a/b~"), "a~1b~0");
/// ```
#[must_use]
pub fn escaped(name: &str) -> Cow<'_, str> {
    if name.contains(['~', '/']) {
        Cow::Owned(name.replace('~', "~0").replace('/', "~1"))
    } else {
        Cow::Borrowed(name)
    }
}

/// The name that a token stands for.
///
/// ```
/// assert_eq!(structx_common::json_pointer::unescaped("a~1b~01"), "a/b~1");
/// ```
#[must_use]
pub fn unescaped(token: &str) -> Cow<'_, str> {
    if token.contains('~') {
        // In this order, so that `~01` is `~1`.
        Cow::Owned(token.replace("~1", "/").replace("~0", "~"))
    } else {
        Cow::Borrowed(token)
    }
}
