//! The right to recognise a page, which one page has at a time: recognition uses all processors.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use structx_common::sync::lock;
use structx_documents::recognition::{Permit, RecognitionError};

/// How often a page that waits looks whether it shall stop: chosen by hand.
const LOOK: Duration = Duration::from_millis(50);

/// Gives the permit to one page after another, in the order of their requests.
#[derive(Default)]
pub struct Permits {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    is_held: bool,
    /// The numbers of those that wait, in their order.
    waiting: VecDeque<u64>,
    next: u64,
}

impl Permits {
    /// Waits for the permit.
    ///
    /// # Errors
    /// [`RecognitionError::Stopped`] if `should_stop` said so meanwhile.
    pub fn admit(
        self: &Arc<Self>,
        should_stop: &dyn Fn() -> bool,
    ) -> Result<Permit, RecognitionError> {
        let mut queue = lock(&self.queue);
        let number = queue.next;
        queue.next += 1;
        queue.waiting.push_back(number);
        while queue.is_held || queue.waiting.front() != Some(&number) {
            if should_stop() {
                queue.waiting.retain(|other| *other != number);
                self.changed.notify_all();
                return Err(RecognitionError::Stopped);
            }
            let waited = self.changed.wait_timeout(queue, LOOK);
            queue = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        queue.waiting.pop_front();
        queue.is_held = true;
        Ok(Box::new(Held(self.clone())))
    }
}

/// Gives the permit back when it is dropped.
struct Held(Arc<Permits>);

impl Drop for Held {
    fn drop(&mut self) {
        lock(&self.0.queue).is_held = false;
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::mpsc;
    use std::thread;

    use super::*;

    #[test]
    fn one_page_has_the_permit_at_a_time_and_one_that_waits_can_be_stopped() {
        let permits = Arc::<Permits>::default();
        let held = permits.admit(&|| false).expect("nobody has it");
        let is_gone = Arc::new(AtomicBool::new(false));
        let (done, order) = mpsc::channel();
        let wait = |name: &'static str, stop: Arc<AtomicBool>| {
            let (waiting, done) = (permits.clone(), done.clone());
            let before = lock(&permits.queue).waiting.len();
            let thread = thread::spawn(move || {
                let permit = waiting.admit(&|| stop.load(Ordering::Relaxed));
                done.send((name, permit.is_ok())).expect("the test listens");
            });
            while lock(&permits.queue).waiting.len() == before {
                thread::yield_now();
            }
            thread
        };
        let threads = [
            wait("gone", is_gone.clone()),
            wait("first", Arc::default()),
            wait("second", Arc::default()),
        ];
        is_gone.store(true, Ordering::Relaxed);
        assert_eq!(order.recv(), Ok(("gone", false)));
        assert!(order.try_recv().is_err(), "another page has the permit");
        drop(held);
        assert_eq!([order.recv(), order.recv()], [Ok(("first", true)), Ok(("second", true))]);
        for thread in threads {
            thread.join().expect("no panic");
        }
    }
}
