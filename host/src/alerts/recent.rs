//! What was told a short time ago.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::Kind;

/// Subjects that are remembered. Beyond it nothing new is told until old ones are forgotten: ten
/// thousand messages help nobody.
const MOST: usize = 10_000;

/// Subjects that were told of, until when they are not told of again, and how often they came since.
#[derive(Debug, Default)]
pub struct Recent(Mutex<HashMap<(Kind, String), (i64, u64)>>);

impl Recent {
    /// Whether this is the first time within a period, and how often it came within the last one
    /// beyond the first.
    pub fn first(
        &self,
        (kind, subject): (Kind, &str),
        period: Duration,
        now_ms: i64,
    ) -> Option<u64> {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (kind, subject.to_owned());
        let length = i64::try_from(period.as_millis()).unwrap_or(i64::MAX);
        let until = now_ms.saturating_add(length);
        if let Some((quiet_until, unsaid)) = told.get_mut(&key) {
            if now_ms < *quiet_until {
                *unsaid = unsaid.saturating_add(1);
                return None;
            }
            *quiet_until = until;
            return Some(std::mem::take(unsaid));
        }
        if told.len() >= MOST {
            told.retain(|_, (until, _)| now_ms < *until);
        }
        if told.len() >= MOST {
            return None;
        }
        told.insert(key, (until, 0));
        Some(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn a_subject_is_told_once_a_period_with_how_often_it_came() {
        let recent = Recent::default();
        let at = |now_ms| recent.first((Kind::Budget, "key a"), HOUR, now_ms);
        assert_eq!(at(0), Some(0));
        assert_eq!((at(1), at(3_599_999)), (None, None));
        assert_eq!(at(3_600_000), Some(2));
        assert_eq!(at(7_200_000), Some(0));
        assert_eq!(recent.first((Kind::Outage, "key a"), HOUR, 1), Some(0));
    }

    #[test]
    fn what_is_remembered_has_an_end_and_old_subjects_make_room() {
        let recent = Recent::default();
        for number in 0..MOST {
            let subject = number.to_string();
            assert_eq!(recent.first((Kind::Slow, &subject), HOUR, 0), Some(0));
        }
        assert_eq!(recent.first((Kind::Slow, "more"), HOUR, 1), None);
        assert_eq!(recent.first((Kind::Slow, "more"), HOUR, 3_600_000), Some(0));
    }
}
