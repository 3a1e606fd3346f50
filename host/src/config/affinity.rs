//! What binds a caller to the deployment that served it before (`optional_pre_call_checks`).

use super::remarks::{Taken, hint};
use super::section::Section;

/// Which ties count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Affinities {
    /// `session_affinity`.
    pub session: bool,
    /// `deployment_affinity`: the key.
    pub key: bool,
    /// `prompt_caching`.
    pub prompt: bool,
}

/// Limits of deployments are kept.
pub(super) const LIMITS: &str = "enforce_model_rate_limits";

/// What may be asked for. Budgets of providers and the deployment that holds a response are always
/// looked at.
const CHECKS: [&str; 6] = [
    "session_affinity",
    "deployment_affinity",
    "prompt_caching",
    "responses_api_deployment_check",
    "router_budget_limiting",
    LIMITS,
];

impl Affinities {
    /// Of a list of checks that stands at `name`.
    pub(super) fn of(section: &mut Section<'_>, name: &str, checks: &[String]) -> Self {
        let mut read = Self::default();
        for check in checks {
            match check.as_str() {
                "session_affinity" => read.session = true,
                "deployment_affinity" => read.key = true,
                "prompt_caching" => read.prompt = true,
                other if CHECKS.contains(&other) => {}
                other => {
                    let hint = hint(other, CHECKS);
                    let text = format!("`{other}` is not enforced: do not rely on it{hint}");
                    section.say(Taken::Warning, name, text);
                }
            }
        }
        read
    }

    /// Reads `model_group_affinity_config`: checks by model group.
    pub(super) fn read_groups(section: &mut Section<'_>) -> Vec<(String, Self)> {
        let name = "model_group_affinity_config";
        let mut groups = Vec::new();
        for (group, checks) in section.members(name).unwrap_or_default() {
            let text = |it: &serde_json::Value| it.as_str().map(str::to_owned);
            let list = checks.as_array();
            let list: Option<Vec<String>> = list.and_then(|it| it.iter().map(text).collect());
            let path = format!("{name}.{group}");
            match list {
                Some(checks) => {
                    groups.push((group, Self::of(section, &path, &checks)));
                }
                None => section.say(Taken::Wrong, &path, "expected a list of checks"),
            }
        }
        groups
    }
}
