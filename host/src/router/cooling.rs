//! When a deployment that failed rests, and for how long (`cooldown_time`, `allowed_fails`).

use std::time::Duration;

use crate::config::{Cooldowns, RouterSettings};
use crate::domain::{Blame, ErrorClass, ErrorKind, Fault, PerClass};

/// LiteLLM's `cooldown_time`.
const DEFAULT_REST: Duration = Duration::from_secs(5);
/// The longest rest that an upstream's `retry-after` is believed for.
const MAX_ASKED: Duration = Duration::from_secs(60);
/// With so many calls in the minute, a share of failures says something.
const ENOUGH_CALLS: u64 = 5;
/// With so many, all of them failed says something of a lone deployment too.
const SURELY_ENOUGH: u64 = 1000;

/// The rules of one deployment.
#[derive(Debug, Clone, PartialEq)]
pub struct Cooling {
    /// `disable_cooldowns`.
    pub disabled: bool,
    /// `cooldown_time`.
    pub rest: Duration,
    /// `allowed_fails`: more failures in the minute than this let it rest. Replaces the rules of
    /// thumb.
    pub allowed_fails: Option<u32>,
    /// `allowed_fails_policy`.
    pub allowed_by_class: PerClass<u32>,
}

impl Default for Cooling {
    fn default() -> Self {
        Self {
            disabled: false,
            rest: DEFAULT_REST,
            allowed_fails: None,
            allowed_by_class: PerClass::default(),
        }
    }
}

/// A failed attempt, as the rules see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    pub kind: ErrorKind,
    /// The upstream's, if it answered.
    pub status: Option<u16>,
    pub retry_after: Option<Duration>,
    /// There is no other deployment that could take its calls.
    pub lone: bool,
    /// Nothing was sent: the operator has to change something first.
    pub unsent: bool,
}

impl Failure {
    pub fn new(fault: &Fault, lone: bool) -> Self {
        Self {
            kind: fault.kind,
            status: fault.status,
            retry_after: fault.retry_after,
            lone,
            unsent: fault.blame == Blame::Operator && fault.status.is_none(),
        }
    }

    #[cfg(test)]
    pub fn of(status: u16) -> Self {
        let kind = match status {
            401 => ErrorKind::Authentication,
            402 => ErrorKind::Quota,
            403 => ErrorKind::Permission,
            404 => ErrorKind::NotFound,
            408 => ErrorKind::Timeout,
            429 => ErrorKind::RateLimit,
            400 => ErrorKind::InvalidRequest,
            503 => ErrorKind::Overloaded,
            _ => ErrorKind::Upstream,
        };
        Self {
            kind,
            status: Some(status),
            retry_after: None,
            lone: false,
            unsent: false,
        }
    }

    /// Whether it says anything about the deployment; a bad request says something of the caller.
    /// Wrong settings do not get better by a rest, which would hide what is wrong with them.
    pub fn counts(&self) -> bool {
        let is_callers = matches!(
            self.kind,
            ErrorKind::InvalidRequest
                | ErrorKind::Unsupported
                | ErrorKind::ContextWindow
                | ErrorKind::ContentPolicy
        );
        !is_callers && !self.unsent
    }
}

impl Cooling {
    /// What a deployment says of itself, else the router's.
    pub fn of(own: &Cooldowns, router: &RouterSettings) -> Self {
        let all = &router.cooldowns;
        let says = own.allowed_fails.is_some() || !own.by_class.is_empty();
        let counted = if says { own } else { all };
        Self {
            disabled: router.disable_cooldowns,
            rest: own.time.or(all.time).unwrap_or(DEFAULT_REST),
            allowed_fails: counted.allowed_fails,
            allowed_by_class: counted.by_class.clone(),
        }
    }

    /// Until when the deployment rests after this failure; `failures` and `requests` are those of
    /// the minute, this one among them.
    pub fn verdict(
        &self,
        failure: &Failure,
        failures: u64,
        requests: u64,
        now_ms: i64,
    ) -> Option<i64> {
        if self.disabled || !failure.counts() || !self.is_enough(failure, failures, requests) {
            return None;
        }
        let asked = failure.retry_after.map(|it| it.min(MAX_ASKED));
        let rest = asked.map_or(self.rest, |it| it.max(self.rest));
        let rest = i64::try_from(rest.as_millis()).unwrap_or(i64::MAX);
        Some(now_ms.saturating_add(rest))
    }

    fn is_enough(&self, failure: &Failure, failures: u64, requests: u64) -> bool {
        let own = self
            .allowed_by_class
            .get(ErrorClass::of(failure.kind, failure.status));
        if let Some(allowed) = own.copied().or(self.allowed_fails) {
            return failures > u64::from(allowed);
        }
        match failure.kind {
            // The same key and the same name fail the next call too.
            ErrorKind::Authentication | ErrorKind::Permission | ErrorKind::Quota => true,
            ErrorKind::NotFound => true,
            ErrorKind::RateLimit => !failure.lone,
            _ if failure.lone => requests >= SURELY_ENOUGH && failures >= requests,
            _ => requests >= ENOUGH_CALLS && failures.saturating_mul(2) > requests,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rests(rules: &Cooling, failure: Failure, failures: u64, requests: u64) -> bool {
        rules.verdict(&failure, failures, requests, 0).is_some()
    }

    #[test]
    fn a_refused_key_and_a_full_deployment_rest_at_once_but_not_the_only_one_that_is_full() {
        let rules = Cooling::default();
        for status in [401, 402, 403, 404, 429] {
            assert!(rests(&rules, Failure::of(status), 1, 1), "{status}");
        }
        let lone = Failure {
            lone: true,
            ..Failure::of(429)
        };
        assert!(!rests(&rules, lone, 1, 1));
    }

    #[test]
    fn wrong_settings_rest_nothing_as_long_as_nothing_was_sent() {
        let rules = Cooling::default();
        let fault = Fault::operator(ErrorKind::Permission, "its key is missing");
        assert!(!rests(&rules, Failure::new(&fault, false), 9, 9));
        assert!(rests(
            &rules,
            Failure::new(&fault.with_status(401), false),
            1,
            1
        ));
    }

    #[test]
    fn a_server_error_needs_half_of_five_calls_and_a_lone_deployment_a_thousand() {
        let rules = Cooling::default();
        assert!(!rests(&rules, Failure::of(500), 4, 4));
        assert!(!rests(&rules, Failure::of(500), 2, 5));
        assert!(rests(&rules, Failure::of(500), 3, 5));
        let lone = Failure {
            lone: true,
            ..Failure::of(500)
        };
        assert!(!rests(&rules, lone, 999, 999) && rests(&rules, lone, 1000, 1000));
    }

    #[test]
    fn a_bad_request_says_nothing_of_the_deployment() {
        let rules = Cooling {
            allowed_fails: Some(0),
            ..Cooling::default()
        };
        assert!(!rests(&rules, Failure::of(400), 1, 1));
        assert!(rests(&rules, Failure::of(500), 1, 1));
    }

    #[test]
    fn allowed_fails_by_kind_come_before_the_plain_number() {
        let mut rules = Cooling {
            allowed_fails: Some(10),
            ..Cooling::default()
        };
        rules.allowed_by_class.set(ErrorClass::RateLimit, 1);
        assert!(rests(&rules, Failure::of(429), 2, 50) && !rests(&rules, Failure::of(429), 1, 50));
        assert!(
            !rests(&rules, Failure::of(500), 10, 50) && rests(&rules, Failure::of(500), 11, 50)
        );
    }

    #[test]
    fn an_upstream_that_asks_for_more_time_gets_it_up_to_a_minute() {
        let rules = Cooling::default();
        let asking = |seconds| Failure {
            retry_after: Some(Duration::from_secs(seconds)),
            ..Failure::of(429)
        };
        assert_eq!(rules.verdict(&asking(1), 1, 1, 0), Some(5_000));
        assert_eq!(rules.verdict(&asking(20), 1, 1, 0), Some(20_000));
        assert_eq!(rules.verdict(&asking(9000), 1, 1, 0), Some(60_000));
    }

    #[test]
    fn nothing_rests_where_cooldowns_are_off() {
        let rules = Cooling {
            disabled: true,
            ..Cooling::default()
        };
        assert!(!rests(&rules, Failure::of(401), 9, 9));
    }
}
