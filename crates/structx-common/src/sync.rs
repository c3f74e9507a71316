//! Locks whose holders do not panic in the middle of a change.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks a mutex, also after a panic of another holder.
///
/// ```
/// let mutex = std::sync::Mutex::new(1);
/// *structx_common::sync::lock(&mutex) += 1;
/// assert_eq!(*structx_common::sync::lock(&mutex), 2);
/// ```
pub fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
