//! When failures are an outage: enough of them within a short time, of one deployment, or of
//! several of one provider.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use crate::domain::{Blame, Fault};

use super::{FailedAttempt, Settings};

/// Deployments of a provider that are watched at most, while they fail.
const MOST: usize = 1000;
/// Providers that are.
const MOST_PROVIDERS: usize = 1000;

/// Whether a failure says anything about an upstream.
pub fn counts(fault: &Fault) -> bool {
    fault.blame != Blame::Caller
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Minor,
    Major,
}

impl Level {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Minor => "Minor",
            Self::Major => "Major",
        }
    }

    /// As messages grade it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Minor => "Medium",
            Self::Major => "High",
        }
    }
}

/// What one failure makes known: levels that are reached for the first time, with the failures
/// that led there.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Heard {
    pub deployment: Option<(Level, usize)>,
    /// With how many deployments failed.
    pub provider: Option<(Level, usize, usize)>,
}

/// Failures of the last time.
#[derive(Debug, Default)]
struct Run {
    /// When they were, in milliseconds since 1970; as many as a major outage needs.
    at: VecDeque<i64>,
    told: Option<Level>,
}

impl Run {
    /// Forgets what is over.
    fn forget(&mut self, before_ms: i64) {
        while self.at.front().is_some_and(|it| *it < before_ms) {
            self.at.pop_front();
        }
    }

    fn add(&mut self, now_ms: i64, most: u32) {
        let most = usize::try_from(most).unwrap_or(usize::MAX).max(1);
        while self.at.len() >= most {
            self.at.pop_front();
        }
        self.at.push_back(now_ms);
    }
}

/// A level that this many failures reach, if it was not told yet.
fn reached(told: &mut Option<Level>, count: usize, settings: &Settings) -> Option<Level> {
    let many = |most: u32| usize::try_from(most).is_ok_and(|most| count >= most);
    let level = match (many(settings.major_outage), many(settings.minor_outage)) {
        (true, _) => Level::Major,
        (false, true) => Level::Minor,
        (false, false) => return None,
    };
    if told.is_some_and(|it| it >= level) {
        return None;
    }
    *told = Some(level);
    Some(level)
}

/// The deployments of one provider.
#[derive(Debug, Default)]
struct Provider {
    runs: HashMap<String, Run>,
    told: Option<Level>,
}

/// Failures of every deployment.
#[derive(Debug, Default)]
pub struct Outages(Mutex<HashMap<String, Provider>>);

impl Outages {
    /// An attempt failed.
    pub fn failed(&self, attempt: &FailedAttempt<'_>, settings: &Settings, now_ms: i64) -> Heard {
        let length = i64::try_from(settings.outage_period.as_millis()).unwrap_or(i64::MAX);
        let before_ms = now_ms.saturating_sub(length);
        let mut providers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if providers.len() >= MOST_PROVIDERS && !providers.contains_key(attempt.provider) {
            return Heard::default();
        }
        let known = providers.entry(attempt.provider.to_owned()).or_default();
        known.runs.retain(|_, run| {
            run.forget(before_ms);
            !run.at.is_empty()
        });
        if known.runs.is_empty() {
            known.told = None;
        }
        if known.runs.len() >= MOST && !known.runs.contains_key(attempt.deployment) {
            return Heard::default();
        }
        let run = known.runs.entry(attempt.deployment.to_owned()).or_default();
        run.add(now_ms, settings.major_outage.max(settings.minor_outage));
        let count = run.at.len();
        let level = reached(&mut run.told, count, settings);
        let deployment = level.map(|level| (level, count));

        let mut provider = None;
        if known.runs.len() > 1 {
            let failures = known.runs.values().map(|it| it.at.len()).sum();
            let level = reached(&mut known.told, failures, settings);
            provider = level.map(|level| (level, failures, known.runs.len()));
        }
        Heard {
            deployment,
            provider,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ErrorKind;

    struct Rig {
        outages: Outages,
        settings: Settings,
        fault: Fault,
    }

    impl Rig {
        fn new() -> Self {
            Self {
                outages: Outages::default(),
                settings: Settings::usual(Vec::new()),
                fault: Fault::upstream(ErrorKind::Upstream, "down"),
            }
        }

        fn fail(&self, deployment: &str, now_ms: i64) -> Heard {
            let attempt = FailedAttempt {
                deployment,
                provider: "openai",
                model_group: "m",
                fault: &self.fault,
            };
            self.outages.failed(&attempt, &self.settings, now_ms)
        }
    }

    #[test]
    fn a_deployment_is_out_once_a_run_of_failures() {
        let rig = Rig::new();
        let heard: Vec<_> = (0..20).map(|at| rig.fail("d1", at).deployment).collect();
        let told: Vec<_> = heard.iter().flatten().collect();
        assert_eq!(told, [&(Level::Minor, 5), &(Level::Major, 10)]);
        assert!(heard[4].is_some() && heard[9].is_some());
        // A minute of quiet later it is another outage.
        let later: Vec<_> = (0..5)
            .filter_map(|at| rig.fail("d1", 100_000 + at).deployment)
            .collect();
        assert_eq!(later, [(Level::Minor, 5)]);
    }

    #[test]
    fn failures_that_are_far_apart_are_no_outage() {
        let rig = Rig::new();
        assert!((0..100).all(|at| rig.fail("d1", at * 20_000) == Heard::default()));
    }

    #[test]
    fn a_provider_is_out_when_several_of_its_deployments_fail() {
        let rig = Rig::new();
        for at in 0..4 {
            assert_eq!(rig.fail("d1", at).provider, None);
        }
        assert_eq!(rig.fail("d2", 5).provider, Some((Level::Minor, 5, 2)));
        assert_eq!(rig.fail("d2", 6).provider, None);
    }

    #[test]
    fn what_the_client_did_says_nothing_of_an_upstream() {
        assert!(!counts(&Fault::caller(ErrorKind::InvalidRequest, "no")));
        assert!(counts(&Fault::upstream(ErrorKind::RateLimit, "slow down")));
    }
}
