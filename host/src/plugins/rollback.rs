//! When a new version of a plugin is taken back: a pure rule over counts, and the taking back.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::journal::What;
use super::registry::{Generation, Outcome};
use super::settings::RollbackRule;
use super::{Plugins, lock, table};

/// Counts of one version.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub calls: u64,
    pub failures: u64,
    pub invalid: u64,
}

/// Whether the new version is to be taken back, `age` after its swap. Requests that the upstream
/// found invalid count as far as they exceed the old version's share of them.
pub fn is_due(rule: RollbackRule, age: Duration, new: Counts, old: Counts) -> bool {
    if age > rule.window || new.calls == 0 {
        return false;
    }
    let share = |count: u64, calls: u64| {
        if calls == 0 {
            0.0
        } else {
            count as f64 / calls as f64
        }
    };
    let expected_invalid = share(old.invalid, old.calls) * new.calls as f64;
    let failures = new.failures as f64 + (new.invalid as f64 - expected_invalid).max(0.0);
    let new_share = failures / new.calls as f64;
    failures >= rule.min_failures as f64
        && new_share >= rule.factor * share(old.failures, old.calls)
}

impl Plugins {
    /// Counts how a call through a plugin ended, and takes a bad new version back.
    pub fn report(&self, generation: &Arc<Generation>, outcome: Outcome) {
        generation.outcomes.count(outcome);
        if outcome == Outcome::Fine || !self.is_due(generation) {
            return;
        }
        if !generation.is_suspect.swap(true, Ordering::Relaxed) {
            let (plugins, generation) = (self.clone(), Arc::clone(generation));
            let taking_back = async move { plugins.take_back(&generation).await };
            self.inner.tasks.spawn(taking_back);
        }
    }

    fn is_due(&self, generation: &Arc<Generation>) -> bool {
        let previous = lock(&self.inner.previous);
        let Some(old) = previous.get(&generation.describe.name) else {
            return false;
        };
        let (rule, age) = (
            self.inner.config.load().rollback,
            generation.since.elapsed(),
        );
        // Calls that end late on the old version itself are not the new one's.
        let is_new = !Arc::ptr_eq(old, generation);
        is_new
            && is_due(
                rule,
                age,
                generation.outcomes.counts(),
                old.outcomes.counts(),
            )
    }

    async fn take_back(&self, generation: &Arc<Generation>) {
        let inner = &self.inner;
        let _turn = inner.changing.lock().await;
        let name = &generation.describe.name;
        let mut plugins = inner.table.load().plugins.clone();
        if !plugins
            .get(name)
            .is_some_and(|it| Arc::ptr_eq(it, generation))
        {
            return;
        }
        let Some(old) = lock(&inner.previous).remove(name) else {
            return;
        };
        plugins.remove(name);
        let old = self.current(&old, &inner.config.load());
        plugins.insert(old.describe.name.clone(), old);
        let table = match table::build(plugins, &inner.config.load()) {
            Ok(table) => table,
            Err(cause) => {
                tracing::error!(plugin.name = %name, %cause, "the plugin's new version fails, and the old one cannot come back");
                return;
            }
        };
        self.swap(table);
        let digest = generation.plugin.digest().to_owned();
        let counts = generation.outcomes.counts();
        let reason = format!(
            "rolled back after {} failures of its own and {} requests found invalid in {} calls",
            counts.failures, counts.invalid, counts.calls
        );
        tracing::error!(plugin.name = %name, plugin.digest = %digest, %reason, "the plugin's new version is taken back");
        inner
            .journal
            .note(name, &digest, What::RolledBack, reason.clone());
        if let Some(file) = generation.file_name() {
            self.on_disk(move |last_good| last_good.take_back(&file, &digest, &reason))
                .await;
        }
    }

    /// Lets go of versions that are no longer needed for a rollback, and warns of those that do
    /// not come to an end.
    pub(super) async fn sweep(&self) {
        let window = self.inner.config.load().rollback.window;
        let proved: Vec<Arc<Generation>> = {
            let table = self.inner.table.load();
            let mut previous = lock(&self.inner.previous);
            let mut proved = Vec::new();
            previous.retain(|name, _| match table.plugins.get(name) {
                Some(current) if current.since.elapsed() <= window => true,
                Some(current) => {
                    proved.push(Arc::clone(current));
                    false
                }
                None => false,
            });
            proved
        };
        for file in proved.iter().filter_map(|it| it.file_name()) {
            self.on_disk(move |last_good| last_good.settle(&file)).await;
        }
        for (generation, elapsed) in self.inner.draining.overdue() {
            tracing::warn!(
                plugin.name = %generation.describe.name, plugin.digest = generation.plugin.digest(),
                minutes = elapsed.as_secs() / 60, "a replaced version of the plugin is still in use"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: RollbackRule = RollbackRule {
        window: Duration::from_secs(300),
        min_failures: 5,
        factor: 10.0,
    };

    fn counts(calls: u64, failures: u64, invalid: u64) -> Counts {
        Counts {
            calls,
            failures,
            invalid,
        }
    }

    #[test]
    fn five_failures_of_its_own_are_enough_against_a_good_old_version() {
        let old = counts(1000, 0, 0);
        assert!(is_due(RULE, Duration::from_secs(10), counts(20, 5, 0), old));
        assert!(!is_due(
            RULE,
            Duration::from_secs(10),
            counts(20, 4, 0),
            old
        ));
        assert!(!is_due(
            RULE,
            Duration::from_secs(301),
            counts(20, 5, 0),
            old
        ));
    }

    #[test]
    fn a_version_no_worse_than_the_old_one_stays() {
        assert!(!is_due(
            RULE,
            Duration::ZERO,
            counts(100, 10, 0),
            counts(100, 10, 0)
        ));
        assert!(is_due(
            RULE,
            Duration::ZERO,
            counts(100, 100, 0),
            counts(100, 10, 0)
        ));
    }

    #[test]
    fn invalid_requests_count_beyond_the_old_share() {
        let old = counts(100, 0, 50);
        assert!(!is_due(RULE, Duration::ZERO, counts(20, 0, 11), old));
        assert!(is_due(RULE, Duration::ZERO, counts(20, 0, 20), old));
    }
}
