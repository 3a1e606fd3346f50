//! Versions that serve no new calls, until the last call on them has ended.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::time::Instant;

use super::registry::Generation;

/// After this a version that is still in use is worth a warning.
const LONG: Duration = Duration::from_secs(600);

/// The versions that are on their way out.
#[derive(Default)]
pub struct Draining(Mutex<Vec<Old>>);

struct Old {
    generation: Weak<Generation>,
    since: Instant,
    was_said: bool,
}

impl Draining {
    /// A version stops serving.
    pub fn add(&self, generation: &Arc<Generation>) {
        let mut old = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        old.push(Old {
            generation: Arc::downgrade(generation),
            since: Instant::now(),
            was_said: false,
        });
    }

    /// A version serves again.
    pub fn forget(&self, generation: &Arc<Generation>) {
        let mut old = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        old.retain(|it| !std::ptr::eq(it.generation.as_ptr(), Arc::as_ptr(generation)));
    }

    /// Name, number and time since their last new call, of those that are still there.
    pub fn alive(&self) -> Vec<(String, u64, Duration)> {
        let mut old = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        old.retain(|it| it.generation.strong_count() > 0);
        let named = |it: &Old| {
            let generation = it.generation.upgrade()?;
            let name = generation.describe.name.clone();
            Some((name, generation.number, it.since.elapsed()))
        };
        old.iter().filter_map(named).collect()
    }

    /// Versions that do not come to an end, once each, with the time since their last new call.
    pub fn overdue(&self) -> Vec<(Arc<Generation>, Duration)> {
        let mut old = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut overdue = Vec::new();
        for it in old.iter_mut().filter(|it| !it.was_said) {
            let elapsed = it.since.elapsed();
            if let Some(generation) = it.generation.upgrade().filter(|_| elapsed > LONG) {
                it.was_said = true;
                overdue.push((generation, elapsed));
            }
        }
        overdue
    }
}
