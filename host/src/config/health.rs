//! Health checks: how often deployments are asked whether they are well, and what comes of it.

use std::time::Duration;

use serde_json::Value;

use super::defaults;
use super::remarks::Taken;
use super::section::Section;

/// What `general_settings` says of health checks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthChecks {
    /// `background_health_checks`
    pub background: bool,
    /// `health_check_interval`
    pub every: Duration,
    /// `health_check_concurrency`
    pub at_once: u32,
    /// `health_check_details`: lists show addresses and errors.
    pub details: bool,
}

impl Default for HealthChecks {
    fn default() -> Self {
        Self {
            background: false,
            every: defaults::HEALTH_CHECK_INTERVAL,
            at_once: defaults::HEALTH_CHECK_CONCURRENCY,
            details: true,
        }
    }
}

impl HealthChecks {
    pub(super) fn read(section: &mut Section<'_>) -> Self {
        const AT_ONCE: &str = "health_check_concurrency";
        let usual = Self::default();
        let at_once = section.count(AT_ONCE);
        if at_once == Some(0) {
            section.say(
                Taken::Wrong,
                AT_ONCE,
                "is 0: no deployment could be checked",
            );
        }
        Self {
            background: section.flag("background_health_checks").unwrap_or(false),
            every: section
                .seconds("health_check_interval")
                .unwrap_or(usual.every),
            at_once: at_once.filter(|it| *it > 0).unwrap_or(usual.at_once),
            details: section.flag("health_check_details").unwrap_or(true),
        }
    }
}

/// What `router_settings` says of them: whether calls go by their results.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HealthRouting {
    /// `enable_health_check_routing`
    pub enabled: bool,
    /// `health_check_staleness_threshold`: an older result counts for nothing. None: twice the
    /// time between two checks.
    pub stale_after: Option<Duration>,
    /// `health_check_ignore_transient_errors`: rate limits and timeouts say nothing.
    pub ignores_transient: bool,
}

impl HealthRouting {
    pub(super) fn read(section: &mut Section<'_>) -> Self {
        Self {
            enabled: section.flag("enable_health_check_routing").unwrap_or(false),
            stale_after: section.seconds("health_check_staleness_threshold"),
            ignores_transient: section
                .flag("health_check_ignore_transient_errors")
                .unwrap_or(false),
        }
    }
}

/// How one deployment is asked; of its `model_info`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checkup {
    /// `health_check_model`: the model that is asked in place of a pattern.
    pub model: Option<String>,
    /// `health_check_timeout`
    pub timeout: Option<Duration>,
    /// `health_check_max_tokens`
    pub max_tokens: Option<u32>,
    /// `disable_background_health_check`
    pub not_in_background: bool,
}

impl Checkup {
    /// What is read stays among the rest of `model_info`, which is shown whole.
    pub(super) fn read(&mut self, section: &mut Section<'_>) -> Vec<(&'static str, Value)> {
        const NAMES: [&str; 4] = [
            "health_check_model",
            "health_check_timeout",
            "health_check_max_tokens",
            "disable_background_health_check",
        ];
        let written = NAMES.map(|name| (name, section.peek(name).cloned()));
        let model = section.text("health_check_model");
        self.model = model.filter(|it| !it.is_empty()).or(self.model.take());
        self.timeout = section.seconds("health_check_timeout").or(self.timeout);
        self.max_tokens = section.count("health_check_max_tokens").or(self.max_tokens);
        let off = section.flag("disable_background_health_check");
        self.not_in_background |= off.unwrap_or(false);
        let written = written.into_iter();
        written.filter_map(|(name, it)| Some((name, it?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::env::Env;
    use super::super::remarks::Remarks;
    use super::*;

    fn read<T>(value: Value, read: impl Fn(&mut Section<'_>) -> T) -> (T, Vec<String>) {
        let (env, mut remarks) = (Env::default(), Remarks::default());
        let mut section = Section::new("s", Some(value), &env, &mut remarks);
        let read = read(&mut section);
        let wrong = remarks.0.into_iter().filter(|it| it.taken == Taken::Wrong);
        (read, wrong.map(|it| it.path).collect())
    }

    #[test]
    fn what_cannot_be_is_wrong_and_leaves_the_default() {
        let (checks, wrong) = read(
            json!({"health_check_interval": 0, "health_check_concurrency": 0}),
            HealthChecks::read,
        );
        assert_eq!(checks, HealthChecks::default());
        assert_eq!(
            wrong,
            ["s.health_check_concurrency", "s.health_check_interval"]
        );
        let (routing, wrong) = read(
            json!({"health_check_staleness_threshold": "soon"}),
            HealthRouting::read,
        );
        assert_eq!((routing.stale_after, wrong.len()), (None, 1));
    }

    #[test]
    fn a_deployment_says_what_it_is_asked_for_and_shows_it() {
        let info = json!({"health_check_model": "openai/small", "health_check_timeout": 7,
            "disable_background_health_check": true, "mode": "chat"});
        let mut checkup = Checkup::default();
        let (env, mut remarks) = (Env::default(), Remarks::default());
        let mut section = Section::new("i", Some(info), &env, &mut remarks);
        let shown = checkup.read(&mut section);
        assert_eq!(shown.len(), 3);
        assert_eq!(checkup.model.as_deref(), Some("openai/small"));
        assert_eq!(checkup.timeout, Some(Duration::from_secs(7)));
        assert!(checkup.not_in_background);
    }
}
