//! The keys that callers hold: a cache in front of the store, with a bound on how old it may be.
//!
//! A change made through this replica is seen at once. One made through another is seen when the
//! store is next asked for changes: within [`POLL_EVERY`] and the time that takes. If the store
//! cannot be asked, entries still end with their TTL.

mod cache;
mod changes;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde_json::{Map, Value};
use tokio::sync::Notify;

pub use cache::Unreachable;
use cache::{Cache, Cached, Terms};
use changes::Changes;

use super::grant::{AccessGroup, BudgetTerm, Grant, LimitTerm, Source};
use super::refuse;
use crate::domain::{EntityKind, Fault, KeyHash};

/// `user_api_key_cache_ttl`; LiteLLM's default.
pub const CACHE_TTL: Duration = Duration::from_secs(60);

/// How long a key that nobody knows is remembered as that. A key made meanwhile is known when its
/// notice comes.
pub const UNKNOWN_TTL: Duration = Duration::from_secs(30);

/// How often the store is asked for changes made elsewhere: the bound on staleness.
pub const POLL_EVERY: Duration = Duration::from_secs(2);

/// With `allow_requests_on_db_unavailable`: how long ago a key may have been checked last.
pub const OUTAGE_AGE: Duration = Duration::from_secs(3600);

/// Bytes of grants in memory: some 20,000 keys in use, at 2.9 KB for a key with a user and a team.
pub const CACHE_BYTES: u64 = 64 << 20;

/// Notices that are read at once.
const NOTICES: u32 = 1_000;

/// Where keys come from: the store, or a test's own.
pub trait Rows: std::fmt::Debug + Send + Sync {
    /// The grant of a key by its hash. Blocked and expired ones too.
    fn grant<'a>(
        &'a self,
        hash: &'a KeyHash,
        now_ms: i64,
    ) -> BoxFuture<'a, Result<Option<Grant>, Unreachable>>;

    /// The grant of somebody whom an identity provider names. None: no such user or team.
    fn identity<'a>(
        &'a self,
        who: &'a Identity,
        now_ms: i64,
    ) -> BoxFuture<'a, Result<Option<Grant>, Unreachable>>;

    /// Makes a user of the role `internal_user`; one that exists stays as it is.
    fn add_user<'a>(
        &'a self,
        id: &'a str,
        email: Option<&'a str>,
        now_ms: i64,
    ) -> BoxFuture<'a, Result<(), Unreachable>>;

    /// Makes a team; one that exists stays as it is. `actor`: whom the audit log names.
    fn add_team<'a>(
        &'a self,
        id: &'a str,
        actor: &'a str,
        now_ms: i64,
    ) -> BoxFuture<'a, Result<(), Unreachable>>;

    /// Teams or organisations of an alias; of many, at least two. None: there is none.
    fn named<'a>(
        &'a self,
        kind: EntityKind,
        alias: &'a str,
    ) -> BoxFuture<'a, Result<Option<Named>, Unreachable>>;

    /// An end user or a tag.
    fn payer<'a>(
        &'a self,
        kind: EntityKind,
        id: &'a str,
    ) -> BoxFuture<'a, Result<Option<Payer>, Unreachable>>;

    /// Access groups with a budget of their own.
    fn group_budgets(&self) -> BoxFuture<'_, Result<Option<GroupBudgets>, Unreachable>> {
        Box::pin(std::future::ready(Ok(None)))
    }

    /// What changed after a number; with None, the newest number, and everything.
    fn news(&self, after: Option<i64>, limit: u32) -> BoxFuture<'_, Result<News, Unreachable>>;
}

/// Whom a proven token names, by ids of our own rows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Identity {
    pub user_id: Option<String>,
    pub team_id: Option<String>,
    pub organization_id: Option<String>,
}

/// Somebody who pays beside the key: an end user or a tag.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Payer {
    pub blocked: bool,
    /// Of an end user: the model where the request names none.
    pub default_model: Option<Arc<str>>,
    pub allowed_model_region: Option<Arc<str>>,
    /// Of an end user: the models that may be asked on its behalf. Empty: every one.
    pub models: Vec<Arc<str>>,
    /// Access groups of the database that `models` names.
    pub access_groups: Vec<AccessGroup>,
    pub metadata: Map<String, Value>,
    pub limits: Vec<LimitTerm>,
    pub budgets: Vec<BudgetTerm>,
    pub sources: Vec<Source>,
}

/// Rows of one alias.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Named {
    pub ids: Vec<String>,
    pub sources: Vec<Source>,
}

/// Every access group with a budget of its own.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GroupBudgets {
    pub groups: Vec<GroupBudget>,
    pub sources: Vec<Source>,
}

/// An access group with a budget of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupBudget {
    pub name: Arc<str>,
    /// Models, with `*` in some; the config may have more of them under the same name.
    pub models: Vec<Arc<str>>,
    pub budgets: Vec<BudgetTerm>,
}

/// The kind of rows of access groups, and what stands for all of them.
const GROUPS: (&str, &str) = ("access_group", ALL);

/// What stands for all rows of a kind.
const ALL: &str = "*";

/// Kinds of rows that are asked for by more than their ids.
const ASKED_AS_A_WHOLE: [&str; 3] = [GROUPS.0, "team", "organization"];

/// What changed since a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    /// The number to ask from next time.
    pub seq: i64,
    /// None: nobody knows any more; everything may have changed.
    pub changed: Option<Vec<Source>>,
    /// There is more to ask for at once.
    pub more: bool,
}

/// Settings of the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeySettings {
    /// `user_api_key_cache_ttl`.
    pub ttl: Duration,
    pub unknown_ttl: Duration,
    pub max_bytes: u64,
    /// `allow_requests_on_db_unavailable`: up to this age a checked key is let in while the
    /// store does not answer. None: not at all beyond its TTL.
    pub outage_age: Option<Duration>,
}

impl Default for KeySettings {
    fn default() -> Self {
        Self {
            ttl: CACHE_TTL,
            unknown_ttl: UNKNOWN_TTL,
            max_bytes: CACHE_BYTES,
            outage_age: None,
        }
    }
}

impl KeySettings {
    fn terms(self, max_bytes: u64) -> Terms {
        Terms {
            ttl: self.ttl,
            unknown_ttl: self.unknown_ttl,
            max_bytes,
            outage_age: self.outage_age.unwrap_or_default(),
        }
    }
}

/// The keys of the store, remembered. Clones share the memory.
#[derive(Debug, Clone)]
pub struct Keys(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// None: there is no database, so there are no keys.
    rows: Option<Arc<dyn Rows>>,
    grants: Cache<Grant>,
    identities: Cache<Grant>,
    payers: Cache<Payer>,
    named: Cache<Named>,
    group_budgets: Cache<GroupBudgets>,
    changes: Arc<Changes>,
    /// The number after which the store is asked for changes; negative: not known yet.
    seen: AtomicI64,
    /// Told when there is news.
    news: Notify,
}

impl Keys {
    pub fn new(rows: Option<Arc<dyn Rows>>, settings: KeySettings) -> Self {
        let changes = Arc::new(Changes::default());
        let terms = |max_bytes| settings.terms(max_bytes);
        // Tokens and end users are fewer than keys, or smaller.
        let share = settings.max_bytes / 4;
        Self(Arc::new(Inner {
            rows,
            grants: Cache::new(terms(settings.max_bytes), Arc::clone(&changes)),
            identities: Cache::new(terms(share), Arc::clone(&changes)),
            payers: Cache::new(terms(share), Arc::clone(&changes)),
            named: Cache::new(terms(share), Arc::clone(&changes)),
            group_budgets: Cache::new(terms(share), Arc::clone(&changes)),
            changes,
            seen: AtomicI64::new(-1),
            news: Notify::new(),
        }))
    }

    /// How long keys are remembered from now on; the size of the memory stays.
    pub fn set_settings(&self, settings: KeySettings) {
        let terms = settings.terms(settings.max_bytes);
        self.0.grants.set_terms(terms);
        self.0.identities.set_terms(terms);
        self.0.payers.set_terms(terms);
        self.0.named.set_terms(terms);
    }

    /// The grant behind a key's hash; None: nobody knows it. Whether it is blocked or expired is
    /// for the door to say.
    ///
    /// # Errors
    /// There is no database, or it does not answer and the key is not remembered.
    pub async fn grant(&self, hash: &KeyHash, now_ms: i64) -> Result<Option<Arc<Grant>>, Fault> {
        let rows = self.rows()?;
        let sources = || vec![Source::new("key", hash.as_str())];
        let read = || rows.grant(hash, now_ms);
        let found = self.0.grants.get(hash.as_str(), sources, read);
        found.await.map_err(down)
    }

    /// The grant of a token's holder; None: there is no such user or team.
    ///
    /// # Errors
    /// As [`Keys::grant`].
    pub async fn identity(&self, who: &Identity, now_ms: i64) -> Result<Option<Arc<Grant>>, Fault> {
        let rows = self.rows()?;
        let parts = [&who.user_id, &who.team_id, &who.organization_id];
        // JSON, so that no id can be taken for two.
        let name = serde_json::json!(parts).to_string();
        let sources = || {
            let named = ["user", "team", "organization"].into_iter().zip(parts);
            named
                .filter_map(|(kind, id)| Some(Source::new(kind, id.as_deref()?)))
                .collect()
        };
        let read = || rows.identity(who, now_ms);
        let found = self.0.identities.get(&name, sources, read);
        found.await.map_err(down)
    }

    /// Makes a user whom a token named, unless somebody else just did.
    ///
    /// # Errors
    /// As [`Keys::grant`].
    pub(super) async fn add_user(
        &self,
        id: &str,
        email: Option<&str>,
        now_ms: i64,
    ) -> Result<(), Fault> {
        self.rows()?
            .add_user(id, email, now_ms)
            .await
            .map_err(down)?;
        self.changed(&Source::new("user", id));
        Ok(())
    }

    /// Makes a team whom a token named, unless somebody else just did.
    ///
    /// # Errors
    /// As [`Keys::grant`].
    pub(super) async fn add_team(&self, id: &str, actor: &str, now_ms: i64) -> Result<(), Fault> {
        self.rows()?
            .add_team(id, actor, now_ms)
            .await
            .map_err(down)?;
        self.changed(&Source::new("team", id));
        Ok(())
    }

    /// The ids of the teams or organisations of an alias; of many, at least two.
    ///
    /// # Errors
    /// As [`Keys::grant`].
    pub(super) async fn named(&self, kind: EntityKind, alias: &str) -> Result<Vec<String>, Fault> {
        let rows = self.rows()?;
        let name = format!("{} {alias}", kind.as_str());
        let sources = || vec![Source::new(kind.as_str(), ALL)];
        let found = self.0.named.get(&name, sources, || rows.named(kind, alias));
        let found = found.await.map_err(down)?;
        Ok(found.map(|it| it.ids.clone()).unwrap_or_default())
    }

    /// An end user or a tag; None: there is no row of it, so nothing limits it.
    ///
    /// # Errors
    /// As [`Keys::grant`].
    pub async fn payer(&self, kind: EntityKind, id: &str) -> Result<Option<Arc<Payer>>, Fault> {
        let Some(rows) = &self.0.rows else {
            return Ok(None);
        };
        let name = format!("{} {id}", kind.as_str());
        let sources = || vec![Source::new(kind.as_str(), id)];
        let found = self.0.payers.get(&name, sources, || rows.payer(kind, id));
        found.await.map_err(down)
    }

    /// The access groups with a budget of their own; None: there are none.
    ///
    /// # Errors
    /// As [`Keys::grant`].
    pub async fn group_budgets(&self) -> Result<Option<Arc<GroupBudgets>>, Fault> {
        let Some(rows) = &self.0.rows else {
            return Ok(None);
        };
        let (kind, all) = GROUPS;
        let sources = || vec![Source::new(kind, all)];
        let found = self
            .0
            .group_budgets
            .get(all, sources, || rows.group_budgets());
        found.await.map_err(down)
    }

    /// A row was changed or deleted through this replica: forget what was read from it, at once.
    /// To be called after the change is committed and before it is answered.
    pub fn changed(&self, source: &Source) {
        self.0.changes.mark(touched(source).iter());
    }

    /// Forget everything.
    pub fn changed_everything(&self) {
        self.0.changes.mark_all();
    }

    /// Asks the store once what changed elsewhere.
    ///
    /// # Errors
    /// The store does not answer; nothing is forgotten then.
    pub async fn poll(&self) -> Result<(), Unreachable> {
        let Some(rows) = &self.0.rows else {
            return Ok(());
        };
        loop {
            let seen = self.0.seen.load(Ordering::Acquire);
            let news = rows.news(Some(seen).filter(|it| *it >= 0), NOTICES).await?;
            match &news.changed {
                Some(list) if !list.is_empty() => {
                    let all: Vec<Source> = list.iter().flat_map(touched).collect();
                    self.0.changes.mark(all.iter());
                }
                Some(_) => {}
                None => self.0.changes.mark_all(),
            }
            self.0.seen.store(news.seq, Ordering::Release);
            if !news.more {
                return Ok(());
            }
        }
    }

    /// There may be news in the store: it is asked at once, where it is followed.
    pub fn hurry(&self) {
        self.0.news.notify_one();
    }

    /// Asks the store again and again, for as long as the future is polled. The first failure of
    /// a row of failures is logged, and the recovery.
    pub async fn follow(&self, every: Duration) {
        let mut well = true;
        loop {
            let asked = self.poll().await;
            match &asked {
                Ok(()) if !well => tracing::info!("changes of keys are seen again"),
                Err(why) if well => {
                    tracing::warn!(%why, "changes of keys made elsewhere cannot be seen");
                }
                Ok(()) | Err(_) => {}
            }
            well = asked.is_ok();
            tokio::select! {
                () = tokio::time::sleep(every) => {}
                () = self.0.news.notified() => {}
            }
        }
    }

    /// Keys that are remembered now, for metrics.
    pub fn remembered(&self) -> u64 {
        self.0.grants.len()
    }

    fn rows(&self) -> Result<&Arc<dyn Rows>, Fault> {
        self.0.rows.as_ref().ok_or_else(refuse::no_database)
    }
}

/// A row, and what else its change may concern: a seat changes its user's rights everywhere.
fn touched(source: &Source) -> Vec<Source> {
    let mut all = vec![source.clone()];
    if matches!(&*source.kind, "team_member" | "organization_member") {
        // `<group>/<user>`, and either may hold a slash.
        let users = source.id.match_indices('/');
        let users = users.filter_map(|(at, slash)| source.id.get(at + slash.len()..));
        all.extend(users.map(|user| Source::new("user", user)));
    }
    if ASKED_AS_A_WHOLE.contains(&&*source.kind) {
        all.push(Source::new(&*source.kind, ALL));
    }
    all
}

fn down(why: Unreachable) -> Fault {
    refuse::database_down(why.0.to_string())
}

impl Cached for Grant {
    fn sources(&self) -> &[Source] {
        &self.sources
    }

    fn weight(&self) -> usize {
        Self::weight(self)
    }
}

impl Cached for Named {
    fn sources(&self) -> &[Source] {
        &self.sources
    }

    fn weight(&self) -> usize {
        let ids = self.ids.iter().map(String::len);
        ids.fold(200usize, usize::saturating_add)
    }
}

impl Cached for GroupBudgets {
    fn sources(&self) -> &[Source] {
        &self.sources
    }

    fn weight(&self) -> usize {
        let models = self.groups.iter().map(|it| it.models.len());
        let models = models.fold(0usize, usize::saturating_add);
        let groups = self.groups.len().saturating_mul(400);
        groups.saturating_add(models.saturating_mul(64))
    }
}

impl Cached for Payer {
    fn sources(&self) -> &[Source] {
        &self.sources
    }

    fn weight(&self) -> usize {
        let terms = self.limits.len().saturating_add(self.budgets.len());
        let groups = self.access_groups.iter().map(|it| it.models.len());
        let names = groups.fold(self.models.len(), usize::saturating_add);
        let terms = terms.saturating_mul(240).saturating_add(400);
        names.saturating_mul(64).saturating_add(terms)
    }
}
