//! When a new version of a plugin is taken back: a pure rule over counts.

use std::time::Duration;

use super::settings::RollbackRule;

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
