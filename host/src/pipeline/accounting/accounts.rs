//! Accounts with a budget, opened in the ledger when a call first needs them: what the database
//! knows of their spend, and what the journal has that the database does not.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::budget::{AccountId, Ledger, Path, Standing, Terms, Window};
use crate::domain::{At, ErrorKind, Fault, Usd};
use crate::spend::Journal;
use crate::store::{Store, WHOLE};

use super::party::payer;

/// Looks at a database that is ahead of what the journal knows to be stored.
const LOOKS: usize = 5;

/// What each account in the ledger may hold, as it was last said: a changed row is seen by it.
#[derive(Debug, Default)]
pub struct Said(Mutex<HashMap<AccountId, Terms>>);

/// When the database failed last, in milliseconds since 1970: while it is down, calls that may go
/// without their accounts do not all wait for it.
#[derive(Debug, Default)]
pub struct Down(AtomicI64);

/// How long it is not asked again.
const DOWN_MS: i64 = 1000;

impl Down {
    fn is_now(&self, now_ms: i64) -> bool {
        now_ms.saturating_sub(self.0.load(Ordering::Relaxed)) < DOWN_MS
    }

    fn since(&self, now_ms: i64) {
        self.0.store(now_ms, Ordering::Relaxed);
    }
}

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
    pub down: &'b Down,
    /// Calls go without the accounts that cannot be read: `allow_requests_on_db_unavailable`.
    pub lenient: bool,
}

impl Books<'_> {
    /// The path of a call over its accounts, and those that could not be read and are not on it.
    ///
    /// # Errors
    /// The database does not say what an account has spent, and the call may not go without.
    pub async fn path(
        &self,
        budgets: &[(AccountId, Terms)],
        now_ms: i64,
    ) -> Result<(Path, Vec<AccountId>), Fault> {
        let mut ids: Vec<AccountId> = budgets.iter().map(|(id, _)| id.clone()).collect();
        let mut unread = Vec::new();
        loop {
            let missing = match self.ledger.path(&ids) {
                Ok(path) => {
                    for (id, terms) in budgets {
                        if self.said.is_new(id, terms) {
                            self.ledger.revise(id, terms.clone(), now_ms);
                        }
                    }
                    return Ok((path, unread));
                }
                Err(missing) => missing,
            };
            for id in missing {
                let terms = budgets.iter().find(|(it, _)| *it == id);
                let terms = terms.map(|(_, terms)| terms.clone()).unwrap_or_default();
                if self.lenient && self.down.is_now(now_ms) {
                    ids.retain(|it| *it != id);
                    unread.push(id);
                    continue;
                }
                match self.open(id.clone(), terms, now_ms).await {
                    Ok(()) => {}
                    Err(fault) if self.lenient => {
                        self.down.since(super::now_ms());
                        tracing::warn!(account = %id, %fault, "calls go without a budget that cannot be read");
                        ids.retain(|it| *it != id);
                        unread.push(id);
                    }
                    Err(fault) => return Err(fault),
                }
            }
        }
    }

    async fn open(&self, id: AccountId, mut terms: Terms, now_ms: i64) -> Result<(), Fault> {
        let entity = payer(&id);
        let span = span(&id);
        let failed = unreadable;
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

/// The database does not say what may be spent.
pub fn unreadable(cause: String) -> Fault {
    let text = "the budget cannot be read: the database does not answer. Try again";
    let mut fault = Fault::ours(text, cause)
        .at(At::Door)
        .with_type("no_db_connection");
    fault.kind = ErrorKind::Overloaded;
    fault
}

/// The window of the database that an account of the ledger is.
pub fn span(id: &AccountId) -> String {
    match &id.window {
        Window::Whole | Window::Model(_) => WHOLE.to_owned(),
        Window::Limit(period) => period.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Entity, EntityKind};
    use crate::spend;
    use crate::store::Address;

    fn budget(key: &str) -> (AccountId, Terms) {
        let terms = Terms {
            max_budget: Some(Usd::from_pico(1000)),
            ..Terms::default()
        };
        (AccountId::whole(Entity::new(EntityKind::Key, key)), terms)
    }

    #[tokio::test]
    async fn a_call_goes_without_an_account_that_cannot_be_read_only_where_it_may() {
        let folder = tempfile::tempdir().unwrap();
        let address = Address::file(folder.path().join("money.db"));
        let store = Store::open(&address, super::super::now_ms()).await.unwrap();
        let settings = spend::Settings::new(folder.path().join("journal"));
        let (journal, _) = Journal::start(settings).unwrap();
        let ledger = Ledger::new(crate::budget::Settings::default());
        let (said, down) = (Said::default(), Down::default());
        let books = |lenient| Books {
            store: &store,
            journal: &journal,
            ledger: &ledger,
            said: &said,
            down: &down,
            lenient,
        };
        let now = super::super::now_ms();
        let (known, unknown) = (budget("known"), budget("unknown"));
        books(false)
            .path(std::slice::from_ref(&known), now)
            .await
            .unwrap();
        store.close().await;

        let both = [known.clone(), unknown.clone()];
        let (_, unread) = books(false).path(&[known], now).await.unwrap();
        assert_eq!(unread, []);
        let fault = books(false).path(&both, now).await.unwrap_err();
        assert_eq!((fault.kind, fault.at), (ErrorKind::Overloaded, At::Door));
        for _ in 0..2 {
            let (path, unread) = books(true).path(&both, now).await.unwrap();
            assert_eq!(unread, std::slice::from_ref(&unknown.0));
            assert!(path.try_reserve(Some(Usd::from_pico(10)), now).is_ok());
        }
    }
}
