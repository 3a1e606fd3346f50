//! Whether a call is tried again, and where.

use crate::config::RetryPolicy;
use crate::domain::{ErrorKind, Fault, Retry};

/// What may follow a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The call fails, or falls back to another group.
    Stop,
    /// Another deployment is asked, at once.
    Another,
    /// Any deployment is asked, this one too, after a pause if it is the same.
    Any,
}

/// What may follow this failure. `done`: retries so far; `allowed`: by header, deployment or
/// setting, where the policy says nothing; `others`: whether another deployment could be asked;
/// `falls_back`: whether the group has fallbacks for this kind of failure.
pub fn next(
    fault: &Fault,
    policy: &RetryPolicy,
    (done, allowed): (u32, u32),
    others: bool,
    falls_back: bool,
) -> Next {
    let said = policy.retries(fault);
    if done >= said.unwrap_or(allowed) {
        return Next::Stop;
    }
    match fault.retry {
        // Only a policy that names the class repeats what fails everywhere.
        Retry::Never if policy.named(fault).is_some() => Next::Any,
        Retry::Never => Next::Stop,
        Retry::NextDeployment if others => Next::Another,
        Retry::NextDeployment => Next::Stop,
        Retry::SameDeployment if others => Next::Another,
        // Nobody else is healthy, and the fallback is at once where waiting is not.
        Retry::SameDeployment if fault.kind == ErrorKind::RateLimit && falls_back => Next::Stop,
        Retry::SameDeployment => Next::Any,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ErrorClass;

    fn fault(kind: ErrorKind) -> Fault {
        Fault::upstream(kind, "")
    }

    #[test]
    fn what_fails_everywhere_is_not_tried_again_unless_a_policy_names_it() {
        let mut policy = RetryPolicy::default();
        let bad = fault(ErrorKind::InvalidRequest);
        assert_eq!(next(&bad, &policy, (0, 2), true, false), Next::Stop);
        policy.default = Some(3);
        assert_eq!(next(&bad, &policy, (0, 2), true, false), Next::Stop);
        policy.set(ErrorClass::BadRequest, 1);
        assert_eq!(next(&bad, &policy, (0, 2), true, false), Next::Any);
        assert_eq!(next(&bad, &policy, (1, 2), true, false), Next::Stop);
    }

    #[test]
    fn a_policy_comes_before_the_number_of_retries() {
        let mut policy = RetryPolicy::default();
        policy.set(ErrorClass::Timeout, 0);
        let (slow, down) = (fault(ErrorKind::Timeout), fault(ErrorKind::Upstream));
        assert_eq!(next(&slow, &policy, (0, 5), true, false), Next::Stop);
        assert_eq!(next(&down, &policy, (4, 5), true, false), Next::Another);
        assert_eq!(next(&down, &policy, (5, 5), true, false), Next::Stop);
    }

    #[test]
    fn a_refused_key_needs_another_deployment() {
        let refused = fault(ErrorKind::Authentication);
        let policy = RetryPolicy::default();
        assert_eq!(next(&refused, &policy, (0, 2), false, false), Next::Stop);
        assert_eq!(next(&refused, &policy, (0, 2), true, false), Next::Another);
    }

    #[test]
    fn a_model_that_one_provider_has_not_may_be_at_the_next() {
        let policy = RetryPolicy::default();
        for kind in [ErrorKind::NotFound, ErrorKind::Permission] {
            assert_eq!(
                next(&fault(kind), &policy, (0, 2), true, false),
                Next::Another
            );
            assert_eq!(
                next(&fault(kind), &policy, (0, 2), false, false),
                Next::Stop
            );
        }
    }

    #[test]
    fn a_full_upstream_with_a_fallback_is_not_waited_for() {
        let full = fault(ErrorKind::RateLimit);
        let policy = RetryPolicy::default();
        assert_eq!(next(&full, &policy, (0, 2), false, true), Next::Stop);
        assert_eq!(next(&full, &policy, (0, 2), false, false), Next::Any);
        assert_eq!(next(&full, &policy, (0, 2), true, true), Next::Another);
    }
}
