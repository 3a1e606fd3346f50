//! Accounts with a budget, opened in the ledger when a call first needs them: what the database
//! knows of their spend, and what the journal has that the database does not.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::timeout;

use crate::budget::{AccountId, Ledger, Path, Standing, Terms, Window};
use crate::domain::{At, Entity, ErrorKind, Fault, Usd};
use crate::spend::{Journal, Mark, Stale};
use crate::store::{Account, Store, WHOLE};

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

/// Longest wait of a call for the database to hear of another end of a window.
const ANSWER: Duration = Duration::from_secs(2);

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
                            Box::pin(self.revise(id, terms.clone(), now_ms)).await;
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
                match Box::pin(self.open(id.clone(), terms, now_ms)).await {
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
            let known = accounts.into_iter().find(|it| it.span == span);
            let over = known.as_ref().and_then(|it| it.reset_at);
            let over = over.filter(|end| *end <= now_ms).zip(terms.period);
            let began = match over {
                // The window that runs is not the one that the database knows of.
                Some((end, period)) => Some(self.ledger.window_began(period, end, now_ms)),
                None => known.as_ref().and_then(|it| it.began_at),
            };
            let mark = Mark::from_row(mark);
            let Some((earlier, pending)) = self.pending(&entity, mark, began).await? else {
                // Stored meanwhile: the database knows more by now.
                continue;
            };
            let spent = known.as_ref().map_or(Usd::ZERO, |it| it.spent);
            let rolled = known.as_ref().is_some_and(Account::is_rolled);
            let (spend, spend_since) = match over {
                None => (spent + pending, Usd::ZERO),
                Some(_) if rolled => (Usd::ZERO, spent + pending),
                Some(_) => (spent + earlier, pending),
            };
            terms.resets_at_ms = known.and_then(|it| it.reset_at);
            let standing = Standing {
                spend,
                spend_since,
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

impl Books<'_> {
    /// Takes over other terms, and lets the database know of another end of the window: at the old one
    /// nothing ends.
    async fn revise(&self, id: &AccountId, terms: Terms, now_ms: i64) {
        let end = || self.ledger.snapshot(id, now_ms)?.resets_at_ms;
        let before = end();
        self.ledger.revise(id, terms, now_ms);
        let after = end();
        if after == before {
            return;
        }
        let (payer, span) = (payer(id), span(id));
        let moved = self.store.open_window(&payer, &span, after);
        let why = match timeout(ANSWER, moved).await {
            Ok(Ok(())) => return,
            Ok(Err(cause)) => cause.to_string(),
            Err(_) => format!("no answer in {} seconds", ANSWER.as_secs()),
        };
        tracing::warn!(account = %id, %why, "the database does not know when a budget's window ends");
    }

    /// What the journal has of a payer that is not stored: of windows before the one that began then,
    /// and since. None: it is stored meanwhile.
    async fn pending(
        &self,
        payer: &Entity,
        mark: Mark,
        began: Option<i64>,
    ) -> Result<Option<(Usd, Usd)>, Fault> {
        let (journal, payer) = (self.journal.clone(), payer.clone());
        let read = tokio::task::spawn_blocking(move || {
            let (all, _) = journal.pending_of(&payer, mark)?;
            let rows = began.map_or(Ok(Vec::new()), |it| journal.pending_before(mark, it))?;
            let own = rows.iter().filter(|row| row.payers.contains(&payer));
            let earlier: Usd = own.filter_map(|row| row.share_of(&payer)).sum();
            Ok::<_, Stale>((earlier, all - earlier))
        });
        let read = read.await.map_err(|cause| unreadable(cause.to_string()))?;
        Ok(read.ok())
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
    use crate::domain::{EntityKind, SpendRow};
    use crate::spend;
    use crate::store::tests::{Place, call, run};
    use crate::store::{Address, NextWindow};

    fn budget(key: &str) -> (AccountId, Terms) {
        let terms = Terms {
            max_budget: Some(Usd::from_pico(1000)),
            ..Terms::default()
        };
        (AccountId::whole(Entity::new(EntityKind::Key, key)), terms)
    }

    const DAY: i64 = 86_400_000;
    const NOON: i64 = 1_795_694_400_000;

    fn team() -> Entity {
        Entity::new(EntityKind::Team, "t")
    }

    /// A call of the team that ended then.
    fn ended(id: &str, at: i64, cost: i128) -> SpendRow {
        let mut row = call(id, Some(Usd::from_pico(cost)), &[team()]);
        row.ended_ms = at;
        row
    }

    /// What a day's budget of the team has spent, as a gateway that starts then finds it.
    async fn found(store: &Store, journal: &Journal, now: i64) -> i128 {
        let ledger = Ledger::new(crate::budget::Settings::default());
        let books = Books {
            store,
            journal,
            ledger: &ledger,
            said: &Said::default(),
            down: &Down::default(),
            lenient: false,
        };
        let id = AccountId::whole(team());
        let terms = Terms {
            max_budget: Some(Usd::from_pico(1000)),
            period: Some("1d".parse().unwrap()),
            ..Terms::default()
        };
        books.path(&[(id.clone(), terms)], now).await.unwrap();
        ledger.snapshot(&id, now).unwrap().spend.pico()
    }

    async fn a_journal_is_counted_by_the_window_in_which_its_calls_ended(store: &Store) {
        let folder = tempfile::tempdir().unwrap();
        let settings = spend::Settings::new(folder.path().join("journal"));
        let (journal, _) = Journal::start(settings).unwrap();
        let midnight = NOON + DAY / 2;
        let stored = [ended("stored", NOON, 500)];
        store.settle(&stored).await.unwrap();
        store
            .open_window(&team(), WHOLE, Some(midnight))
            .await
            .unwrap();
        for row in [ended("late", midnight - 1, 70), ended("new", midnight, 3)] {
            journal.record(row).unwrap();
        }
        // The database was away over the reset, and has none of the two.
        assert_eq!(found(store, &journal, NOON).await, 573);
        assert_eq!(found(store, &journal, midnight + 9).await, 3);
        // It hears of the reset first, or of the calls first.
        let due = store.accounts_due(midnight, 9).await.unwrap();
        let next = NextWindow {
            began_at: midnight,
            reset_at: Some(midnight + DAY),
            carried: Usd::ZERO,
        };
        assert!(store.reset(&due[0], next).await.unwrap());
        assert_eq!(found(store, &journal, midnight + 9).await, 3);
        let next_day = [ended("next", midnight + DAY, 8)];
        store.settle(&next_day).await.unwrap();
        assert_eq!(found(store, &journal, midnight + DAY + 9).await, 8);
    }

    async fn an_end_that_was_moved_is_the_databases_too(store: &Store) {
        let folder = tempfile::tempdir().unwrap();
        let accounting = super::super::rig::alone(store, folder.path());
        let id = AccountId::whole(team());
        for (period, end) in [("1d", NOON + DAY / 2), ("30d", 1_796_083_200_000)] {
            let terms = Terms {
                period: Some(period.parse().unwrap()),
                ..Terms::default()
            };
            let books = accounting.inner.books();
            books.path(&[(id.clone(), terms)], NOON).await.unwrap();
            let accounts = store.accounts(&[team()]).await.unwrap();
            assert_eq!(accounts[0].reset_at, Some(end), "{period}");
        }
    }

    #[tokio::test]
    async fn windows_are_told_apart_on_sqlite() {
        let counted = a_journal_is_counted_by_the_window_in_which_its_calls_ended;
        run(Place::sqlite().await, counted).await;
        run(
            Place::sqlite().await,
            an_end_that_was_moved_is_the_databases_too,
        )
        .await;
    }

    #[tokio::test]
    async fn windows_are_told_apart_on_postgres() {
        let counted = a_journal_is_counted_by_the_window_in_which_its_calls_ended;
        run(Place::postgres().await, counted).await;
        run(
            Place::postgres().await,
            an_end_that_was_moved_is_the_databases_too,
        )
        .await;
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
