//! How a deployment is doing: what is under way, what the minute saw, how fast it answers, and
//! whether it rests. Kept over a change of the config; read without a lock by every choice.

use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::cooling::{Cooling, Failure};
use super::window::{Minute, Window};
use crate::domain::ErrorClass;

/// Latencies that the mean is taken of, as in LiteLLM.
const REMEMBERED: usize = 10;
/// The moving average is forgotten after this many milliseconds without a new latency.
const FORGOTTEN_MS: i64 = 3_600_000;
/// What a failure counts for as a latency, at least: one that fails at once is not the fastest.
const FAILED: Duration = Duration::from_secs(1);
/// In how many milliseconds the moving average loses half of what it knew: short enough to notice
/// a deployment that recovers, long enough not to follow single calls.
const HALF_LIFE_MS: f64 = 10_000.0;

/// What a choice reads stands together, before the rest.
#[derive(Debug, Default)]
#[repr(C)]
pub struct Standing {
    /// Zero: it does not rest.
    rests_until_ms: AtomicI64,
    requests: Window,
    tokens: Window,
    /// Seconds per output token (per call where there are none), mean of the last ones; the bits of
    /// an `f64`. Zero: unknown.
    mean: AtomicU64,
    /// Seconds of a call, as a moving average that goes up at once and down slowly; bits likewise.
    peak: AtomicU64,
    /// When the two were learnt.
    learnt_ms: AtomicI64,
    under_way: AtomicU32,
    /// What other processes counted, as far as they are heard.
    elsewhere: Elsewhere,
    /// When a health check found it ill; zero: none did, or a later one found it well.
    ill_at_ms: AtomicI64,
    failures: Window,
    /// Until when it rests by what this process saw alone.
    own_rest_ms: AtomicI64,
    latencies: Mutex<Latencies>,
    totals: Totals,
}

#[derive(Debug, Default)]
#[repr(C)]
struct Elsewhere {
    under_way: AtomicU32,
    requests: Window,
    tokens: Window,
    failures: Window,
}

/// What one process, or several, counted of a deployment in the minute.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counted {
    pub under_way: u32,
    pub requests: u64,
    pub tokens: u64,
    pub failures: u64,
    /// Until when it rests, in milliseconds since 1970.
    pub rests_until_ms: Option<i64>,
}

/// What happened since the start, for metrics.
#[derive(Debug, Default)]
struct Totals {
    sent: AtomicU64,
    answered: AtomicU64,
    cooled: AtomicU64,
    failed: [AtomicU64; ErrorClass::ALL.len()],
}

#[derive(Debug, Default)]
struct Latencies {
    last: Vec<f64>,
    next: usize,
}

/// One call under way at a deployment. Dropping it without a word counts neither way: the client
/// left, or the gateway stops.
#[derive(Debug)]
pub struct Flight {
    standing: Arc<Standing>,
}

/// What an attempt that succeeded tells.
#[derive(Debug, Clone, Copy, Default)]
pub struct Landed {
    /// To the first token of a stream, else to the end.
    pub latency: Duration,
    pub input_tokens: u64,
    pub output_tokens: u64,
    /// Whether `latency` is that of a first token, which no output token divides.
    pub streamed: bool,
}

impl Standing {
    /// A call is sent.
    pub fn begin(self: &Arc<Self>, now_ms: i64) -> Flight {
        self.under_way.fetch_add(1, Ordering::Relaxed);
        self.requests.add(1, now_ms);
        self.totals.sent.fetch_add(1, Ordering::Relaxed);
        Flight {
            standing: Arc::clone(self),
        }
    }

    /// Calls under way, here and elsewhere.
    pub fn under_way(&self) -> u32 {
        let elsewhere = self.elsewhere.under_way.load(Ordering::Relaxed);
        let here = self.under_way.load(Ordering::Relaxed);
        here.saturating_add(elsewhere)
    }

    /// What this process alone counted and saw, for others to hear.
    pub fn own(&self, now_ms: i64) -> Counted {
        let minute = Minute::of(now_ms);
        let until = self.own_rest_ms.load(Ordering::Relaxed);
        Counted {
            under_way: self.under_way.load(Ordering::Relaxed),
            requests: self.requests.count(minute),
            tokens: self.tokens.count(minute),
            failures: self.failures.count(minute),
            rests_until_ms: (until > now_ms).then_some(until),
        }
    }

    /// What other processes counted, all together; and rests for as long as any of them says. It
    /// stands until it is said again, its counts until the minute ends.
    pub fn hear(&self, others: &Counted, now_ms: i64) {
        let elsewhere = &self.elsewhere;
        let under_way = &elsewhere.under_way;
        under_way.store(others.under_way, Ordering::Relaxed);
        elsewhere.requests.set(others.requests, now_ms);
        elsewhere.tokens.set(others.tokens, now_ms);
        elsewhere.failures.set(others.failures, now_ms);
        if let Some(until) = others.rests_until_ms {
            self.rests_until_ms.fetch_max(until, Ordering::Relaxed);
        }
    }

    /// Requests of the minute, here and elsewhere.
    pub fn requests(&self, minute: Minute) -> u64 {
        let elsewhere = self.elsewhere.requests.count(minute);
        self.requests.count(minute).saturating_add(elsewhere)
    }

    /// Tokens of the minute, in and out.
    pub fn tokens(&self, minute: Minute) -> u64 {
        let elsewhere = self.elsewhere.tokens.count(minute);
        self.tokens.count(minute).saturating_add(elsewhere)
    }

    /// Failures of the minute.
    pub fn failures(&self, minute: Minute) -> u64 {
        let elsewhere = self.elsewhere.failures.count(minute);
        self.failures.count(minute).saturating_add(elsewhere)
    }

    /// Until when it is not asked, if it rests.
    pub fn rests_until(&self, now_ms: i64) -> Option<i64> {
        let until = self.rests_until_ms.load(Ordering::Relaxed);
        (until > now_ms).then_some(until)
    }

    /// Lets it rest until then; never shorter than it rests already.
    pub fn rest_until(&self, until_ms: i64) {
        self.own_rest_ms.fetch_max(until_ms, Ordering::Relaxed);
        self.rests_until_ms.fetch_max(until_ms, Ordering::Relaxed);
    }

    /// It may be asked again: a probe succeeded, or an operator says so.
    pub fn wake(&self) {
        self.own_rest_ms.store(0, Ordering::Relaxed);
        self.rests_until_ms.store(0, Ordering::Relaxed);
    }

    /// A health check failed.
    pub fn found_ill(&self, now_ms: i64) {
        self.ill_at_ms.store(now_ms, Ordering::Relaxed);
    }

    /// A health check succeeded.
    pub fn found_well(&self) {
        self.ill_at_ms.store(0, Ordering::Relaxed);
    }

    /// Whether the last health check failed, no longer ago than this.
    pub fn is_ill(&self, now_ms: i64, counts_for: Duration) -> bool {
        let at = self.ill_at_ms.load(Ordering::Relaxed);
        let age = u128::try_from(now_ms.saturating_sub(at)).unwrap_or(0);
        at != 0 && age <= counts_for.as_millis()
    }

    /// Seconds per output token, mean of the last answers. Zero: unknown, or older than `memory`.
    pub fn mean_latency(&self, now_ms: i64, memory: Duration) -> f64 {
        let memory = i64::try_from(memory.as_millis()).unwrap_or(i64::MAX);
        self.learnt(&self.mean, now_ms, memory)
    }

    /// Calls sent, answered, and times that it was laid to rest, since the start.
    pub fn totals(&self) -> [u64; 3] {
        let totals = &self.totals;
        [&totals.sent, &totals.answered, &totals.cooled].map(|it| it.load(Ordering::Relaxed))
    }

    /// Failures since the start by class, those classes that had any.
    pub fn failed(&self) -> impl Iterator<Item = (ErrorClass, u64)> {
        let counts = ErrorClass::ALL.into_iter().zip(&self.totals.failed);
        let counts = counts.map(|(class, count)| (class, count.load(Ordering::Relaxed)));
        counts.filter(|(_, count)| *count > 0)
    }

    /// Seconds of a call, as lately as possible. Zero: unknown.
    pub fn peak_latency(&self, now_ms: i64) -> f64 {
        let age = now_ms.saturating_sub(self.learnt_ms.load(Ordering::Relaxed));
        self.learnt(&self.peak, now_ms, FORGOTTEN_MS) * decay(age)
    }

    fn learnt(&self, what: &AtomicU64, now_ms: i64, memory_ms: i64) -> f64 {
        let age = now_ms.saturating_sub(self.learnt_ms.load(Ordering::Relaxed));
        if age > memory_ms {
            return 0.0;
        }
        f64::from_bits(what.load(Ordering::Relaxed))
    }

    fn learn(&self, landed: &Landed, now_ms: i64) {
        let seconds = landed.latency.as_secs_f64();
        let tokens = if landed.streamed {
            1.0
        } else {
            precise(landed.output_tokens.max(1))
        };
        let mut latencies = self
            .latencies
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mean = latencies.push(seconds / tokens);
        let peak = self.peak_latency(now_ms);
        let age = now_ms.saturating_sub(self.learnt_ms.load(Ordering::Relaxed));
        // Slower than it was thought counts at once, faster counts by and by.
        let kept = decay(age);
        let known = f64::from_bits(self.peak.load(Ordering::Relaxed));
        let peak = if seconds >= peak {
            seconds
        } else {
            known.mul_add(kept, seconds * (1.0 - kept))
        };
        self.mean.store(mean.to_bits(), Ordering::Relaxed);
        self.peak.store(peak.to_bits(), Ordering::Relaxed);
        self.learnt_ms.store(now_ms, Ordering::Relaxed);
    }
}

impl Latencies {
    /// Adds one, and gives the mean of those remembered.
    fn push(&mut self, seconds: f64) -> f64 {
        if let Some(slot) = self.last.get_mut(self.next) {
            *slot = seconds;
        } else {
            self.last.push(seconds);
        }
        self.next = (self.next + 1) % REMEMBERED;
        self.last.iter().sum::<f64>() / precise(self.last.len() as u64)
    }
}

impl Flight {
    /// The deployment answered.
    pub fn landed(self, landed: &Landed, now_ms: i64) {
        let tokens = landed.input_tokens.saturating_add(landed.output_tokens);
        self.standing.tokens.add(tokens, now_ms);
        let answered = &self.standing.totals.answered;
        answered.fetch_add(1, Ordering::Relaxed);
        self.standing.learn(landed, now_ms);
    }

    /// It failed after this time: counted, and the deployment rests if the rules say so; until when
    /// is given then.
    pub fn failed(
        self,
        failure: &Failure,
        took: Duration,
        rules: &Cooling,
        now_ms: i64,
    ) -> Option<i64> {
        let standing = &self.standing;
        let class = ErrorClass::of(failure.kind, failure.status);
        let counts = ErrorClass::ALL.into_iter().zip(&standing.totals.failed);
        if let Some((_, count)) = counts.into_iter().find(|(it, _)| *it == class) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        if failure.counts() {
            standing.failures.add(1, now_ms);
            let latency = took.max(FAILED);
            let output_tokens = 1;
            let failed = Landed {
                latency,
                output_tokens,
                ..Landed::default()
            };
            standing.learn(&failed, now_ms);
        }
        let minute = Minute::of(now_ms);
        let (failures, requests) = (standing.failures(minute), standing.requests(minute));
        let until = rules.verdict(failure, failures, requests, now_ms)?;
        standing.rest_until(until);
        standing.totals.cooled.fetch_add(1, Ordering::Relaxed);
        Some(until)
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.standing.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What is left of a moving average after so many milliseconds.
fn decay(age_ms: i64) -> f64 {
    let age = precise(u64::try_from(age_ms).unwrap_or(0));
    (-age / HALF_LIFE_MS).exp2()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "weights and means of counts need no more than 53 bits"
)]
fn precise(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn landed(seconds: f64, output_tokens: u64) -> Landed {
        Landed {
            latency: Duration::from_secs_f64(seconds),
            output_tokens,
            ..Landed::default()
        }
    }

    fn mean(standing: &Standing, now_ms: i64) -> f64 {
        standing.mean_latency(now_ms, Duration::from_millis(3_600_000))
    }

    #[test]
    fn a_deployment_that_fails_at_once_is_not_the_fastest() {
        let standing = Arc::new(Standing::default());
        let (rules, none) = (Cooling::default(), Duration::ZERO);
        standing.begin(0).failed(&Failure::of(500), none, &rules, 0);
        assert!(standing.peak_latency(0) >= 1.0 && mean(&standing, 0) >= 1.0);
        standing.begin(0).failed(&Failure::of(400), none, &rules, 0);
        let failed: Vec<_> = standing.failed().map(|(_, count)| count).collect();
        assert_eq!((failed, standing.totals()), (vec![1, 1], [2, 0, 0]));
    }

    #[test]
    fn a_failed_check_counts_until_it_is_stale_or_a_later_one_succeeds() {
        let (standing, while_) = (Standing::default(), Duration::from_secs(10));
        assert!(!standing.is_ill(1_000, while_));
        standing.found_ill(1_000);
        assert!(standing.is_ill(11_000, while_) && !standing.is_ill(11_001, while_));
        standing.found_well();
        assert!(!standing.is_ill(1_000, while_));
    }

    #[test]
    fn a_call_is_under_way_until_it_is_dropped_however_it_ends() {
        let standing = Arc::new(Standing::default());
        let (one, two, three) = (standing.begin(0), standing.begin(0), standing.begin(0));
        assert_eq!(standing.under_way(), 3);
        one.landed(&landed(1.0, 1), 0);
        drop(two);
        assert_eq!(
            three.failed(&Failure::of(502), Duration::ZERO, &Cooling::default(), 0),
            None
        );
        assert_eq!(
            (standing.under_way(), standing.requests(Minute::of(0))),
            (0, 3)
        );
        assert_eq!(standing.failures(Minute::of(0)), 1);
    }

    #[test]
    fn what_others_counted_is_added_and_what_they_saw_is_not_told_again() {
        let standing = Arc::new(Standing::default());
        let (_flight, minute) = (standing.begin(60_000), Minute::of(60_001));
        let others = Counted {
            under_way: 2,
            requests: 10,
            tokens: 99,
            failures: 3,
            rests_until_ms: Some(70_000),
        };
        standing.hear(&others, 60_000);
        assert_eq!((standing.under_way(), standing.requests(minute)), (3, 11));
        assert_eq!(
            (standing.tokens(minute), standing.failures(minute)),
            (99, 3)
        );
        assert_eq!(standing.rests_until(60_001), Some(70_000));
        let own = Counted {
            under_way: 1,
            requests: 1,
            ..Counted::default()
        };
        assert_eq!(standing.own(60_001), own);
        // The next minute begins at zero; who has nothing to say has nothing under way.
        assert_eq!(standing.requests(Minute::of(120_000)), 0);
        standing.hear(&Counted::default(), 120_000);
        assert_eq!(standing.under_way(), 1);
        standing.rest_until(130_000);
        assert_eq!(standing.own(120_000).rests_until_ms, Some(130_000));
    }

    #[test]
    fn the_mean_is_of_the_last_ten_answers_by_output_token() {
        let standing = Arc::new(Standing::default());
        assert_eq!(mean(&standing, 0), 0.0);
        standing.begin(0).landed(&landed(100.0, 1), 0);
        for _ in 0..10 {
            standing.begin(0).landed(&landed(2.0, 4), 0);
        }
        assert!((mean(&standing, 0) - 0.5).abs() < 1e-9);
    }

    #[test]
    fn latencies_are_forgotten_after_an_hour_without_an_answer() {
        let standing = Arc::new(Standing::default());
        standing.begin(0).landed(&landed(2.0, 1), 0);
        assert!(mean(&standing, FORGOTTEN_MS) > 0.0);
        assert_eq!(mean(&standing, FORGOTTEN_MS + 1), 0.0);
    }

    #[test]
    fn a_slow_answer_counts_at_once_and_is_forgiven_by_and_by() {
        let standing = Arc::new(Standing::default());
        standing.begin(0).landed(&landed(0.1, 1), 0);
        standing.begin(0).landed(&landed(3.0, 1), 0);
        assert!((standing.peak_latency(0) - 3.0).abs() < 1e-9);
        standing.begin(0).landed(&landed(0.1, 1), 10_000);
        let later = standing.peak_latency(10_000);
        assert!((1.5..1.6).contains(&later), "{later}");
    }
}
