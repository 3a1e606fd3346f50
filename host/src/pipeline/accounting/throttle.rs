//! `budget_exceeded_throttle_percentage`: a key that asked for it goes on when its own budget is
//! spent, with a share of its limits. Everybody else's budget refuses it as before.

use crate::auth::Caller;
use crate::budget::{AccountId, Terms, Window};
use crate::domain::EntityKind;
use crate::limits::ScopeKind;

use super::Party;

/// What a key says that wants it.
const ASKED: &str = "throttle_on_budget_exceeded";

/// A share of a limit, in millionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share(u32);

impl Share {
    /// A share above 0, up to 1. None: it is none.
    pub fn new(share: f64) -> Option<Self> {
        let good = share > 0.0 && share <= 1.0;
        // From 1 to a million, so nothing of it is cut off.
        good.then(|| Self((share * 1e6).round().max(1.0) as u32))
    }

    /// What is left of a limit: at least 1, or the key would be locked out.
    fn of(self, limit: u64) -> u64 {
        let part = u128::from(limit) * u128::from(self.0) / 1_000_000;
        u64::try_from(part).unwrap_or(limit).max(1).min(limit)
    }
}

impl Party {
    /// Takes the budget of a key off the path that slows the key down instead of refusing it.
    pub fn take_slowing_budget(&mut self, caller: &Caller) -> Option<(AccountId, Terms)> {
        let key = caller.grant()?.key.as_ref()?;
        key.metadata.get(ASKED)?.as_bool().filter(|asked| *asked)?;
        // Without a limit there is nothing to slow down.
        let mut limits = self
            .limits
            .iter()
            .filter(|(it, _)| it.kind == ScopeKind::Key);
        limits.find(|(_, it)| it.requests_per_minute.or(it.tokens_per_minute).is_some())?;
        let own = self.budgets.iter().position(|(id, terms)| {
            id.entity.kind == EntityKind::Key
                && id.window == Window::Whole
                && terms.max_budget.is_some()
        });
        Some(self.budgets.remove(own?))
    }

    /// Leaves a share of the key's limits.
    pub fn slow_down(&mut self, share: Share) {
        let own = self
            .limits
            .iter_mut()
            .filter(|(it, _)| it.kind == ScopeKind::Key);
        for (_, limits) in own {
            for limit in [
                &mut limits.requests_per_minute,
                &mut limits.tokens_per_minute,
            ] {
                *limit = limit.map(|it| share.of(it));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::samples;
    use crate::domain::{Entity, Usd};
    use crate::limits::{Limits, Scope};
    use proptest::prelude::*;

    fn party(rpm: Option<u64>) -> Party {
        let limits = Limits {
            requests_per_minute: rpm,
            tokens_per_minute: None,
            ..Limits::default()
        };
        let terms = Terms {
            max_budget: Some(Usd::from_pico(1)),
            ..Terms::default()
        };
        let whole = |kind| AccountId::whole(Entity::new(kind, "x"));
        Party {
            budgets: vec![
                (whole(EntityKind::Team), terms.clone()),
                (whole(EntityKind::Key), terms),
            ],
            limits: vec![
                (Scope::new(ScopeKind::Team, "x"), limits),
                (Scope::new(ScopeKind::Key, "x"), limits),
            ],
            ..Party::default()
        }
    }

    #[test]
    fn only_the_own_budget_of_a_key_that_asked_and_has_a_limit_slows_down() {
        let mut asked = party(Some(10));
        let taken = asked.take_slowing_budget(&samples::key_saying(ASKED, true.into()));
        assert_eq!(taken.map(|it| it.0.entity.kind), Some(EntityKind::Key));
        assert_eq!(asked.budgets.len(), 1);
        asked.slow_down(Share::new(0.25).unwrap());
        let left: Vec<_> = asked
            .limits
            .iter()
            .map(|it| it.1.requests_per_minute)
            .collect();
        assert_eq!(left, [Some(10), Some(2)]);
        assert!(
            party(Some(10))
                .take_slowing_budget(&samples::key_saying(ASKED, false.into()))
                .is_none()
        );
        assert!(
            party(None)
                .take_slowing_budget(&samples::key_saying(ASKED, true.into()))
                .is_none()
        );
        assert!(
            party(Some(10))
                .take_slowing_budget(&Caller::anonymous())
                .is_none()
        );
    }

    #[test]
    fn a_share_is_above_nothing_and_up_to_all() {
        for share in [0.0, -0.1, 1.000_1, 10.0, f64::NAN, f64::INFINITY] {
            assert_eq!(Share::new(share), None, "{share}");
        }
        let tenth = Share::new(0.1).unwrap();
        assert_eq!(
            [1000, 100, 10, 1, 0].map(|it| tenth.of(it)),
            [100, 10, 1, 1, 0]
        );
        assert_eq!(Share::new(1.0).unwrap().of(u64::MAX), u64::MAX);
    }

    proptest! {
        #[test]
        fn a_share_is_never_more_than_the_limit_nor_nothing(share in 1e-9f64..=1.0, limit: u64) {
            let left = Share::new(share).unwrap().of(limit);
            prop_assert!(left <= limit && (left > 0 || limit == 0));
        }
    }
}
