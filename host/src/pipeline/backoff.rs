//! How long a call waits between two attempts.

use std::time::Duration;

use rand::RngExt as _;

use crate::domain::Fault;

/// Longest wait between two attempts.
const MAX_BACKOFF: Duration = Duration::from_secs(8);

/// Longest wait that an upstream may ask for, as in LiteLLM. One that asks for more is tried again
/// as if it had said nothing.
const MAX_WAIT: Duration = Duration::from_secs(60);

/// How long to wait before the group is asked again: `least`, or what the upstream asks for.
pub fn wait(fault: &Fault, retries: u32, least: Duration) -> Duration {
    let asked = fault.retry_after.filter(|it| *it <= MAX_WAIT);
    let wait = asked.unwrap_or_else(|| backoff(retries));
    wait.max(least).min(MAX_WAIT)
}

/// 0.5 s, doubling, with jitter.
fn backoff(retries: u32) -> Duration {
    let full = Duration::from_millis(500)
        .saturating_mul(1 << retries.min(8))
        .min(MAX_BACKOFF);
    full.mul_f64(rand::rng().random_range(0.25..=1.0))
}
