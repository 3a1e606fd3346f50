//! What the last checks came to. Bounded: the last of each deployment, and some before them.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Semaphore;

use super::Checked;
use crate::domain::DeploymentId;

/// Checks that are remembered beside the last of each deployment.
const HISTORY: usize = 1_000;

#[derive(Debug)]
pub struct Board {
    kept: Mutex<Kept>,
    /// One permit: who asks while a round is under way takes what that one finds.
    pub(super) round: Semaphore,
}

#[derive(Debug, Default)]
struct Kept {
    latest: HashMap<DeploymentId, Checked>,
    /// The newest last.
    history: VecDeque<Checked>,
}

/// A page of the history.
#[derive(Debug, Default)]
pub struct Shown {
    /// The newest first.
    pub checks: Vec<Checked>,
    /// How many there are on all pages.
    pub total: usize,
}

impl Default for Board {
    fn default() -> Self {
        Self {
            kept: Mutex::default(),
            round: Semaphore::new(1),
        }
    }
}

impl Board {
    pub(super) fn add(&self, checked: Checked) {
        let mut kept = self.kept();
        if kept.history.len() >= HISTORY {
            kept.history.pop_front();
        }
        kept.history.push_back(checked.clone());
        kept.latest.insert(checked.id.clone(), checked);
    }

    /// Forgets deployments that there are no more.
    pub(super) fn keep_only(&self, is_there: impl Fn(&DeploymentId) -> bool) {
        self.kept().latest.retain(|id, _| is_there(id));
    }

    /// The last check of a deployment.
    pub fn latest(&self, id: &DeploymentId) -> Option<Checked> {
        self.kept().latest.get(id).cloned()
    }

    /// Earlier checks that fit, the newest first.
    pub fn history(
        &self,
        fits: impl Fn(&Checked) -> bool,
        (offset, limit): (usize, usize),
    ) -> Shown {
        let kept = self.kept();
        let fitting = || kept.history.iter().rev().filter(|it| fits(it));
        Shown {
            total: fitting().count(),
            checks: fitting().skip(offset).take(limit).cloned().collect(),
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::State;
    use super::*;

    fn checked(id: &str, at_ms: i64) -> Checked {
        Checked {
            id: DeploymentId::new(id),
            group: "g".to_owned(),
            provider: "p".to_owned(),
            model: "m".to_owned(),
            mode: None,
            api_base: None,
            at_ms,
            took: Duration::ZERO,
            state: State::Healthy,
        }
    }

    #[test]
    fn the_last_of_each_is_kept_and_the_history_is_bounded() {
        let board = Board::default();
        for at_ms in 0..1_500 {
            board.add(checked(if at_ms % 2 == 0 { "even" } else { "odd" }, at_ms));
        }
        let latest = board.latest(&DeploymentId::new("even"));
        assert_eq!(latest.map(|it| it.at_ms), Some(1_498));
        let shown = board.history(|it| it.id.as_str() == "odd", (1, 2));
        let times: Vec<i64> = shown.checks.iter().map(|it| it.at_ms).collect();
        assert_eq!((times, shown.total), (vec![1_497, 1_495], HISTORY / 2));
        board.keep_only(|id| id.as_str() == "odd");
        assert!(board.latest(&DeploymentId::new("even")).is_none());
    }
}
