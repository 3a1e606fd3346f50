//! A count of the minute, in one word: read by every choice, written by every call.

use std::sync::atomic::{AtomicU64, Ordering};

/// Length of a window in milliseconds; it begins with the minute, as LiteLLM's routers count.
const WINDOW_MS: i64 = 60_000;
/// The rest of the word is the minute: enough for five centuries.
const COUNT_BITS: u32 = 36;
const COUNT_MASK: u64 = (1 << COUNT_BITS) - 1;

/// Counts what happens in a minute; the next one begins at zero. At most 2^36 - 1 a minute, more
/// stays there.
#[derive(Debug, Default)]
pub struct Window(AtomicU64);

/// The minute of a moment: worked out once for all that is read of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Minute(u64);

impl Minute {
    /// Of milliseconds since 1970.
    pub fn of(now_ms: i64) -> Self {
        let minute = u64::try_from(now_ms.div_euclid(WINDOW_MS)).unwrap_or(0);
        Self(minute << COUNT_BITS)
    }
}

impl Window {
    pub fn add(&self, more: u64, now_ms: i64) {
        let Minute(minute) = Minute::of(now_ms);
        let next = |word: u64| {
            let before = if word & !COUNT_MASK == minute {
                word & COUNT_MASK
            } else {
                0
            };
            Some(minute | before.saturating_add(more).min(COUNT_MASK))
        };
        // The closure never gives up.
        let _ = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
    }

    /// Replaces the count of the minute of `now_ms`.
    pub fn set(&self, count: u64, now_ms: i64) {
        let word = Minute::of(now_ms).0 | count.min(COUNT_MASK);
        self.0.store(word, Ordering::Relaxed);
    }

    /// What was added in this minute.
    pub fn count(&self, minute: Minute) -> u64 {
        let word = self.0.load(Ordering::Relaxed);
        if word & !COUNT_MASK == minute.0 {
            word & COUNT_MASK
        } else {
            0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_is_counted_and_the_next_one_begins_at_zero() {
        let window = Window::default();
        window.add(3, 60_000);
        window.add(4, 119_999);
        assert_eq!(window.count(Minute::of(61_000)), 7);
        assert_eq!(window.count(Minute::of(120_000)), 0);
        window.add(1, 120_000);
        assert_eq!(window.count(Minute::of(120_000)), 1);
    }

    #[test]
    fn a_count_that_is_full_does_not_run_into_the_minute() {
        let window = Window::default();
        window.add(u64::MAX, 60_000);
        window.add(u64::MAX, 60_000);
        assert_eq!(window.count(Minute::of(60_000)), COUNT_MASK);
    }
}
