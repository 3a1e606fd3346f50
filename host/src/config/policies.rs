//! How often a failure is tried again, and how many of them let a deployment rest: plain numbers,
//! and policies by class of error (`retry_policy`, `allowed_fails_policy`).

use std::time::Duration;

use serde_json::Value;

use super::remarks::Taken;
use super::section::{Names, Section};
use crate::domain::{ErrorClass, Fault, PerClass};

/// `retry_policy`, `model_group_retry_policy`: how often a failure of a class is tried again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RetryPolicy {
    by_class: PerClass<u32>,
    /// `DefaultRetries`.
    pub default: Option<u32>,
}

impl RetryPolicy {
    pub fn set(&mut self, class: ErrorClass, retries: u32) {
        self.by_class.set(class, retries);
    }

    /// How many retries a failure of this kind is worth, where the policy says it.
    pub fn retries(&self, fault: &Fault) -> Option<u32> {
        self.named(fault).or(self.default)
    }

    /// The same, where the policy names its class.
    pub fn named(&self, fault: &Fault) -> Option<u32> {
        let class = ErrorClass::of(fault.kind, fault.status);
        self.by_class.get(class).copied()
    }

    /// Reads the mapping under a key.
    pub(super) fn read(section: &mut Section<'_>, name: &str) -> Self {
        let value = section.raw(name);
        section.inner(name, value, Self::read_members, &RETRIES)
    }

    fn read_members(section: &mut Section<'_>) -> Self {
        let mut policy = Self::default();
        for (name, count) in counts(section, &RETRIES, "Retries") {
            match ErrorClass::named(name) {
                Some(class) => policy.set(class, count),
                None => policy.default = Some(count),
            }
        }
        policy
    }
}

/// When deployments rest after failures; of a deployment, of the router.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cooldowns {
    /// `cooldown_time`.
    pub time: Option<Duration>,
    /// `allowed_fails`, a minute.
    pub allowed_fails: Option<u32>,
    /// `allowed_fails_policy`.
    pub by_class: PerClass<u32>,
}

impl Cooldowns {
    /// Those of `litellm_params`.
    pub(super) fn of_params(params: &mut Section<'_>) -> Self {
        let mut cooldowns = Self::default();
        cooldowns.read_time(params);
        cooldowns
    }

    /// Reads `allowed_fails` and its policy.
    pub(super) fn read_allowed(&mut self, section: &mut Section<'_>) {
        self.allowed_fails = section.count("allowed_fails").or(self.allowed_fails);
        let name = "allowed_fails_policy";
        let value = section.raw(name);
        let counts = |it: &mut Section<'_>| counts(it, &ALLOWED_FAILS, "AllowedFails");
        for (name, count) in section.inner(name, value, counts, &ALLOWED_FAILS) {
            if let Some(class) = ErrorClass::named(name) {
                self.by_class.set(class, count);
            }
        }
    }

    /// Reads `cooldown_time`; zero is none.
    pub(super) fn read_time(&mut self, section: &mut Section<'_>) {
        let name = "cooldown_time";
        let Some(seconds) = section.number(name) else {
            return;
        };
        self.time = Duration::try_from_secs_f64(seconds).ok();
        if self.time.is_none() {
            let text = format!("is `{seconds}`, expected seconds, 0 or more");
            section.say(Taken::Wrong, name, text);
        }
    }

    /// Whether anything is said.
    pub fn is_set(&self) -> bool {
        *self != Self::default()
    }
}

/// Reads a policy that stands alone.
pub(super) fn retries_of_groups(section: &mut Section<'_>) -> Vec<(String, RetryPolicy)> {
    let name = "model_group_retry_policy";
    let members = section.members(name).unwrap_or_default();
    let mut policies = Vec::new();
    for (group, value) in members {
        let path = format!("{name}.{group}");
        let value: Option<Value> = Some(value);
        let policy = section.inner(&path, value, RetryPolicy::read_members, &RETRIES);
        policies.push((group, policy));
    }
    policies
}

/// The members of a policy without the end of their names.
fn counts(section: &mut Section<'_>, names: &Names, end: &str) -> Vec<(&'static str, u32)> {
    let mut counts = Vec::new();
    for name in names.known {
        let count = section.count(name);
        counts.extend(name.strip_suffix(end).zip(count));
    }
    counts
}

pub const RETRIES: Names = Names::known(&[
    "BadRequestErrorRetries",
    "AuthenticationErrorRetries",
    "TimeoutErrorRetries",
    "RateLimitErrorRetries",
    "ContentPolicyViolationErrorRetries",
    "InternalServerErrorRetries",
    "ServiceUnavailableErrorRetries",
    "NotFoundErrorRetries",
    "BadGatewayErrorRetries",
    "DefaultRetries",
]);

pub const ALLOWED_FAILS: Names = Names::known(&[
    "BadRequestErrorAllowedFails",
    "AuthenticationErrorAllowedFails",
    "TimeoutErrorAllowedFails",
    "RateLimitErrorAllowedFails",
    "ContentPolicyViolationErrorAllowedFails",
    "InternalServerErrorAllowedFails",
    "ServiceUnavailableErrorAllowedFails",
    "NotFoundErrorAllowedFails",
    "BadGatewayErrorAllowedFails",
]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_has_its_name_in_both_policies() {
        for class in ErrorClass::ALL {
            for (names, end) in [(&RETRIES, "Retries"), (&ALLOWED_FAILS, "AllowedFails")] {
                let name = format!("{}{end}", class.as_str());
                assert!(names.known.contains(&name.as_str()), "{name}");
            }
        }
    }
}
