//! A share of answers that are of no use, at random, and the same for the same seed.

use std::time::Duration;

use serde::Deserialize;

use super::limit::{Wait, throttled};
use super::script::{Fault, Step};

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Faults {
    /// Of all answers, from 0 to 1.
    share: f64,
    seed: u64,
    /// What an answer 429 asks to wait.
    #[serde(default)]
    wait_ms: u64,
    /// The only kind of answer, instead of all.
    step: Option<Step>,
    #[serde(skip)]
    random: Option<fastrand::Rng>,
}

impl Faults {
    /// The answer in place of a good one, if it is to be none. All kinds come equally often.
    pub fn take(&mut self) -> Option<Step> {
        let random = self.random.get_or_insert_with(|| fastrand::Rng::with_seed(self.seed));
        if random.f64() >= self.share {
            return None;
        }
        if let Some(step) = &self.step {
            return Some(step.clone());
        }
        let wait = Duration::from_millis(self.wait_ms);
        let status = |status| Step { status, ..Step::default() };
        let fault = |fault| Step { fault: Some(fault), ..Step::default() };
        Some(match random.u8(..11) {
            0 => throttled(Wait::Header, wait),
            1 => throttled(Wait::Body, wait),
            2 => status(500),
            3 => status(503),
            4 => status(529),
            5 => fault(Fault::Reset),
            6 => fault(Fault::Stall),
            7 => fault(Fault::Truncate),
            8 => fault(Fault::Malformed),
            9 => fault(Fault::Fence),
            _ => Step { refusal: Some("as scripted".to_owned()), ..Step::default() },
        })
    }
}
