//! Long computations on a runtime with few threads.

use tokio::runtime::{Handle, RuntimeFlavor};

/// Data of this size takes about a millisecond to encode, hash or parse, much longer than a hand-over
/// between threads. Chosen by hand, not measured.
const LARGE: usize = 128 << 10;

/// Runs `work` on data of `bytes`. While it works on much data, another thread takes over the other
/// tasks of this one, so that none waits. On a runtime with a single thread they do wait.
///
/// ```
/// let text = "x".repeat(1_000_000);
/// assert_eq!(structx_llm::cpu::run(text.len(), || text.matches('x').count()), 1_000_000);
/// ```
pub fn run<T>(bytes: usize, work: impl FnOnce() -> T) -> T {
    let has_threads = || {
        Handle::try_current()
            .is_ok_and(|runtime| runtime.runtime_flavor() == RuntimeFlavor::MultiThread)
    };
    if bytes >= LARGE && has_threads() { tokio::task::block_in_place(work) } else { work() }
}
