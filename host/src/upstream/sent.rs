//! Tokens that went out for a deployment and stand in none of its settings: fetched, assumed or
//! captured. An upstream that repeats one is not to show it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::Secret;

/// As many as may be in use side by side: one a scope, and those that were just renewed.
const KEPT: usize = 16;

/// The last ones. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct SentTokens(Arc<Mutex<VecDeque<Secret>>>);

impl SentTokens {
    pub(super) fn note(&self, token: &str) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.iter().any(|it| it.reveal() == token) {
            return;
        }
        if kept.len() >= KEPT {
            kept.pop_front();
        }
        kept.push_back(Secret::new(token));
    }

    pub(super) fn all(&self) -> Vec<Secret> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().cloned().collect()
    }
}
