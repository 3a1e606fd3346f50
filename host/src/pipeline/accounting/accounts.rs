//! Accounts with a budget, opened in the ledger when a call first needs them: what the database
//! knows of their spend, and what the journal has that the database does not.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::budget::{AccountId, Ledger, Path, Standing, Terms, Window};
use crate::domain::{At, Fault, Usd};
use crate::spend::Journal;
use crate::store::{Store, WHOLE};

use super::party::payer;

/// Looks at a database that is ahead of what the journal knows to be stored.
const LOOKS: usize = 5;

/// What each account in the ledger may hold, as it was last said: a changed row is seen by it.
#[derive(Debug, Default)]
pub struct Said(Mutex<HashMap<AccountId, Terms>>);

impl Said {
    /// Whether these terms are news.
    fn is_new(&self, id: &AccountId, terms: &Terms) -> bool {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if said.get(id) == Some(terms) {
            return false;
        }
        said.insert(id.clone(), terms.clone()).is_some()
    }

    /// Every account that was opened.
    pub fn ids(&self) -> Vec<AccountId> {
        let said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        said.keys().cloned().collect()
    }

    /// Forgets accounts that the ledger dropped.
    pub fn keep_only(&self, there: impl Fn(&AccountId) -> bool) {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        said.retain(|id, _| there(id));
    }
}

/// What accounts are made of.
pub struct Books<'b> {
    pub store: &'b Store,
    pub journal: &'b Journal,
    pub ledger: &'b Ledger,
    pub said: &'b Said,
}

impl Books<'_> {
    /// The path of a call over its accounts.
    ///
    /// # Errors
    /// The database does not say what an account has spent.
    pub async fn path(&self, budgets: &[(AccountId, Terms)], now_ms: i64) -> Result<Path, Fault> {
        let ids: Vec<AccountId> = budgets.iter().map(|(id, _)| id.clone()).collect();
        loop {
            let missing = match self.ledger.path(&ids) {
                Ok(path) => {
                    for (id, terms) in budgets {
                        if self.said.is_new(id, terms) {
                            self.ledger.revise(id, terms.clone(), now_ms);
                        }
                    }
                    return Ok(path);
                }
                Err(missing) => missing,
            };
            for id in missing {
                let terms = budgets.iter().find(|(it, _)| *it == id);
                let terms = terms.map(|(_, terms)| terms.clone()).unwrap_or_default();
                self.open(id, terms, now_ms).await?;
            }
        }
    }

    async fn open(&self, id: AccountId, mut terms: Terms, now_ms: i64) -> Result<(), Fault> {
        let entity = payer(&id);
        let span = span(&id);
        let failed =
            |cause: String| Fault::ours("the budget cannot be read; try again", cause).at(At::Door);
        self.said.is_new(&id, &terms);
        for _ in 0..LOOKS {
            let (accounts, mark) = self
                .store
                .accounts_of(&entity, self.journal.id())
                .await
                .map_err(|cause| failed(cause.to_string()))?;
            let journal = self.journal.clone();
            let whose = entity.clone();
            let mark = crate::spend::Mark::from_row(mark);
            let pending = tokio::task::spawn_blocking(move || journal.pending_of(&whose, mark));
            let pending = pending.await.map_err(|cause| failed(cause.to_string()))?;
            let Ok((pending, _)) = pending else {
                // Stored meanwhile: the database knows more by now.
                continue;
            };
            let known = accounts.into_iter().find(|it| it.span == span);
            let spent = known.as_ref().map_or(Usd::ZERO, |it| it.spent);
            terms.resets_at_ms = known.and_then(|it| it.reset_at);
            let standing = Standing {
                spend: spent + pending,
                terms: terms.clone(),
            };
            let had_reset = terms.resets_at_ms;
            self.ledger.load(id.clone(), standing, now_ms);
            let resets = self
                .ledger
                .snapshot(&id, now_ms)
                .and_then(|it| it.resets_at_ms);
            if resets.is_some() && had_reset.is_none() {
                self.store
                    .open_window(&entity, &span, resets)
                    .await
                    .map_err(|cause| failed(cause.to_string()))?;
            }
            return Ok(());
        }
        Err(failed(format!(
            "the journal and the database disagree on {entity}"
        )))
    }
}

/// The window of the database that an account of the ledger is.
pub fn span(id: &AccountId) -> String {
    match &id.window {
        Window::Whole | Window::Model(_) => WHOLE.to_owned(),
        Window::Limit(period) => period.to_string(),
    }
}
