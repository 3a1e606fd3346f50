//! Money and limits of a call: it is admitted (limits, budgets, a line in the journal), and closed
//! when it ends, however it ends. The services behind it do not know each other; they meet here.

mod accounts;
mod again;
mod group;
mod kept;
mod later;
mod leases;
mod numbers;
mod others;
mod party;
mod permit;
mod pricer;
mod quote;
mod refused;
mod retention;
#[cfg(test)]
pub(super) mod rig;
mod row;
mod session;
mod stake;
mod throttle;
mod upkeep;
mod wishes;

use std::borrow::Cow;
use std::slice;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwap;
use tokio::sync::Notify;

use crate::alerts::Alerts;
use crate::auth::{Caller, Keys};
use crate::budget::{
    self, AccountId, DEFAULT_SLICE_TOKENS as SLICE, Exceeded, Ledger, Quote, Reason, Refusal,
    Settled, Terms,
};
use crate::config::Groups;
use crate::domain::{At, EntityKind, ErrorKind, Fault, Usd, moment};
use crate::limits::{Barred, Limiter, Tokens};
use crate::prices::{Adjustments, Entry, Prices};
use crate::shared::Shared;
use crate::spend::{Journal, Opened};
use crate::store::Store;

use super::bodies::{Bodies, BodySettings};
use super::callbacks::{Callbacks, Came};
use super::kept::{ResponseSettings, Responses};
use super::left::Told;
use super::request::ClientRequest;
use accounts::{Books, Down, Said};
use party::Party;
use wishes::Wishes;

pub use numbers::Number;
pub use permit::{Charged, KEY_SPEND, Permit, Source};
pub use pricer::Pricer;
pub use quote::{input_tokens, tokens_of};
pub use retention::Retention;
pub use session::Used;
pub use stake::{Beside, Full};
pub use throttle::Share;
pub use upkeep::StoreSink;

/// Settings of the whole gateway.
#[derive(Debug, Clone)]
pub struct AccountingSettings {
    /// `litellm_settings.max_budget`, with its duration.
    pub proxy_budget: Option<budget::Terms>,
    /// `litellm_settings.budget_exceeded_status_code`.
    pub budget_status: u16,
    /// `litellm_settings.budget_exceeded_throttle_percentage`. None: no key goes on beyond its
    /// budget.
    pub throttle: Option<Share>,
    /// `general_settings.disable_budget_reservation`: budgets are only looked at.
    pub reserves: bool,
    /// `litellm_settings.block_requests_for_models_without_pricing`.
    pub needs_prices: bool,
    pub adjustments: Adjustments,
    /// `global_max_parallel_requests`.
    pub max_parallel_requests: Option<u64>,
    /// No call with limits goes while the count that replicas share does not answer:
    /// `fail_closed_rate_limit_enforcement`.
    pub strict_limits: bool,
    /// Calls go without accounts that cannot be read: `allow_requests_on_db_unavailable`, unless
    /// `fail_closed_budget_enforcement`.
    pub goes_without_accounts: bool,
    /// None: rows are kept for ever.
    pub retention: Option<Retention>,
    /// `general_settings.disable_spend_logs`: rows say nothing of who called from where.
    pub bare_rows: bool,
    pub responses: ResponseSettings,
    /// None: no bodies are stored.
    pub bodies: Option<BodySettings>,
    /// `prometheus_initialize_budget_metrics`: metrics tell of budgets that nobody used yet, too.
    pub tells_all_budgets: bool,
}

/// Admits calls. Cheap to clone.
#[derive(Clone)]
pub struct Accounting {
    inner: Arc<Inner>,
}

struct Inner {
    settings: ArcSwap<AccountingSettings>,
    store: Store,
    keys: Keys,
    journal: Journal,
    ledger: Ledger,
    said: Said,
    down: Down,
    limiter: Limiter,
    shared: Option<Shared>,
    /// Replicas that run on the database, as far as it has heard.
    replicas: AtomicU64,
    prices: ArcSwap<Prices>,
    counts: Counts,
    forgotten: retention::Forgotten,
    /// Told when rows are to be kept for another time.
    keeps_otherwise: Notify,
    /// Read by each call that ends, between its row in the journal and its charge in the ledger.
    closing: RwLock<()>,
    bodies: Bodies,
    callbacks: Callbacks,
    responses: Responses,
    alerts: Alerts,
    /// What the database told, for metrics.
    told: ArcSwap<Told>,
}

/// What happened since the start.
#[derive(Debug, Default)]
struct Counts {
    soft_budgets: AtomicU64,
    over_budget: AtomicU64,
    over_limit: AtomicU64,
    slowed_down: AtomicU64,
}

impl Inner {
    fn books(&self) -> Books<'_> {
        Books {
            store: &self.store,
            journal: &self.journal,
            ledger: &self.ledger,
            said: &self.said,
            down: &self.down,
            lenient: self.settings.load().goes_without_accounts,
        }
    }

    /// Whether an account has nothing left.
    async fn is_spent(&self, account: &(AccountId, Terms), now: i64) -> Result<bool, Fault> {
        self.books().path(slice::from_ref(account), now).await?;
        let standing = self.ledger.snapshot(&account.0, now);
        let spent = |it: budget::Snapshot| it.max_budget.is_some_and(|max| it.spend >= max);
        Ok(standing.is_some_and(spent))
    }

    /// Tells of the soft budgets that a charge has reached. `key_shown` is how people know the key.
    fn settled(&self, settled: Settled, key_shown: Option<&str>) {
        for crossed in settled.crossed {
            self.counts.soft_budgets.fetch_add(1, Ordering::Relaxed);
            let holder = &crossed.account.entity;
            let whose = crossed.account.to_string();
            let key = key_shown.filter(|_| holder.kind == EntityKind::Key);
            let amounts = (crossed.spend, crossed.soft_budget);
            self.alerts
                .soft_budget(holder, key.unwrap_or(&whose), amounts, now_ms());
            tracing::warn!(
                account = %crossed.account, spend.usd = %crossed.spend, soft_budget = %crossed.soft_budget,
                "a soft budget is reached"
            );
        }
    }
}

impl Inner {
    /// Tells people of a budget that is spent. One that calls in flight hold is not.
    fn tell_exceeded(&self, exceeded: &Exceeded, text: &str) {
        if exceeded.reason == Reason::Spent {
            let holder = &exceeded.account.entity;
            self.alerts.budget_exceeded(holder, text, now_ms());
        }
    }
}

/// What is known of the model group that is asked, and of the deployments that may answer.
#[derive(Debug, Clone, Default)]
pub struct Served<'f> {
    /// The name that is asked: the group's, an alias, or a deployment's id.
    pub name: &'f str,
    /// Says which names stand for one group. None: there are no groups.
    pub groups: Option<&'f Groups>,
    pub prices: Vec<Option<Arc<Entry>>>,
    /// Access groups that the config puts them into, each once.
    pub access_groups: Vec<&'f str>,
}

/// The services that accounting brings together.
pub struct Services {
    pub store: Store,
    pub keys: Keys,
    pub journal: Journal,
    pub ledger: Ledger,
    pub limiter: Limiter,
    /// What replicas share through Redis. None: this one is for itself.
    pub shared: Option<Shared>,
    pub prices: Prices,
    pub alerts: Alerts,
}

impl Accounting {
    pub fn new(services: Services, settings: AccountingSettings) -> Self {
        services.limiter.set_strict(settings.strict_limits);
        Self {
            inner: Arc::new(Inner {
                settings: ArcSwap::from_pointee(settings),
                store: services.store,
                keys: services.keys,
                journal: services.journal,
                ledger: services.ledger,
                said: Said::default(),
                down: Down::default(),
                limiter: services.limiter,
                shared: services.shared,
                replicas: AtomicU64::new(0),
                prices: ArcSwap::from_pointee(services.prices),
                counts: Counts::default(),
                forgotten: retention::Forgotten::default(),
                keeps_otherwise: Notify::new(),
                closing: RwLock::new(()),
                bodies: Bodies::default(),
                callbacks: Callbacks::default(),
                responses: Responses::default(),
                alerts: services.alerts,
                told: ArcSwap::default(),
            }),
        }
    }

    /// Who is told of calls.
    pub fn callbacks(&self) -> &Callbacks {
        &self.inner.callbacks
    }

    pub fn keys(&self) -> &Keys {
        &self.inner.keys
    }

    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    pub fn journal(&self) -> &Journal {
        &self.inner.journal
    }

    pub fn limiter(&self) -> &Limiter {
        &self.inner.limiter
    }

    /// What replicas share through Redis. None: this one is for itself.
    pub fn shared(&self) -> Option<&Shared> {
        self.inner.shared.as_ref()
    }

    pub fn ledger(&self) -> &Ledger {
        &self.inner.ledger
    }

    /// Whether metrics tell of budgets that nobody used yet, too.
    pub fn tells_all_budgets(&self) -> bool {
        self.inner.settings.load().tells_all_budgets
    }

    /// What the database told, for metrics.
    pub fn told(&self) -> Arc<Told> {
        self.inner.told.load_full()
    }

    /// Takes over what the database tells.
    pub fn set_told(&self, told: Told) {
        self.inner.told.store(Arc::new(told));
    }

    /// Every account that was opened.
    pub fn accounts(&self) -> Vec<AccountId> {
        self.inner.said.ids()
    }

    /// The spend of every key and team was set to zero.
    pub fn forget_spend(&self) {
        let now = now_ms();
        for id in self.inner.said.ids() {
            if matches!(id.entity.kind, EntityKind::Key | EntityKind::Team) {
                self.inner.ledger.set_spend(&id, Usd::ZERO, now);
            }
        }
    }

    /// Settings for the calls that come; those under way keep theirs.
    pub fn set_settings(&self, settings: AccountingSettings) {
        self.inner.limiter.set_strict(settings.strict_limits);
        let now = settings.retention;
        let before = self.inner.settings.swap(Arc::new(settings));
        if before.retention != now {
            self.inner.keeps_otherwise.notify_one();
        }
    }

    /// Whether calls go without accounts that cannot be read.
    pub fn goes_without_accounts(&self) -> bool {
        self.inner.settings.load().goes_without_accounts
    }

    pub fn prices(&self) -> Arc<Prices> {
        self.inner.prices.load_full()
    }

    /// Prices for the calls that come; those under way keep theirs.
    pub fn set_prices(&self, prices: Prices) {
        self.inner.prices.store(Arc::new(prices));
    }

    /// Lets a call begin: every limit and every budget on its path has room, or none is touched.
    ///
    /// # Errors
    /// A limit is reached, a budget is spent, or an account cannot be read.
    pub async fn admit(
        &self,
        caller: &Caller,
        request: &ClientRequest,
        served: Served<'_>,
        source: Source,
    ) -> Result<Permit, Fault> {
        let inner = &self.inner;
        let now = now_ms();
        let heard = inner.callbacks.listen(caller, request, &source, now);
        match self.let_in(caller, request, served, (source, now)).await {
            Ok(mut permit) => {
                permit.heard = heard;
                Ok(permit)
            }
            Err(fault) => {
                if let Some(heard) = heard {
                    let status = inner.callbacks.status_of(&fault);
                    let row = refused::row(caller, request, (status, &fault), now);
                    let came = Came::refused(request.controls.stream, &fault);
                    inner.callbacks.ended(*heard, row, came);
                }
                Err(fault)
            }
        }
    }

    async fn let_in(
        &self,
        caller: &Caller,
        request: &ClientRequest,
        served: Served<'_>,
        (source, now): (Source, i64),
    ) -> Result<Permit, Fault> {
        let inner = &self.inner;
        let (settings, prices) = (inner.settings.load_full(), inner.prices.load_full());
        let source = match settings.bare_rows {
            true => Source::default(),
            false => source,
        };
        let mut party = Party::of(caller, request, &inner.keys, &settings).await?;
        let dues = party.dues(&inner.keys, &served).await?;
        let wishes = Wishes::of(request);
        let quote = quote::quote(request, &wishes, &served.prices);
        settings.allow_price(quote, served.name)?;
        let mut unheld = Vec::new();
        // What has no price is left to the rule for unknown prices.
        if let Some(share) = settings.throttle.filter(|_| quote.is_some())
            && let Some(own) = party.take_slowing_budget(caller)
        {
            if inner.is_spent(&own, now).await? {
                inner.counts.slowed_down.fetch_add(1, Ordering::Relaxed);
                party.slow_down(share);
            }
            unheld.push(own.0);
        }
        let input_tokens = input_tokens(request);
        let estimate = Tokens::estimate(input_tokens, request.controls.max_output_tokens);
        let limits = both(&party.limits, &dues.limits);
        let admitted = inner.limiter.let_in(&limits, estimate, now).await;
        let admitted = admitted.map_err(|refusal| {
            inner.counts.over_limit.fetch_add(1, Ordering::Relaxed);
            over_limit(&refusal)
        })?;
        // Whatever refuses the call from here on, its minute has not had it.
        let mut admission = admitted.tentative();
        let mut reservation = None;
        let budgets = both(&party.budgets, &dues.budgets);
        if !budgets.is_empty() {
            let (path, not_there) = inner.books().path(&budgets, now).await?;
            unheld.extend(not_there);
            let amount = opening(quote, settings.reserves);
            let hold = path.reserve(amount, now).await.map_err(|refusal| {
                inner.counts.over_budget.fetch_add(1, Ordering::Relaxed);
                let fault = refused(&refusal, &party, settings.budget_status);
                if let Refusal::Exceeded(exceeded) = &refusal {
                    inner.tell_exceeded(exceeded, &fault.message);
                }
                fault
            })?;
            reservation = Some(hold.start());
        }
        let reserved = quote.map(|it| it.opening(SLICE));
        let price_version = prices.version();
        let journaled = inner.journal.open(&Opened {
            call_id: request.id.as_str().into(),
            operation: request.operation.as_str().into(),
            started_ms: now,
            key_hash: party.key_hash.as_str().into(),
            key_alias: party.key_alias.as_deref().map(Cow::from),
            user_id: party.user_id.as_deref().map(Cow::from),
            team_id: party.team_id.as_deref().map(Cow::from),
            organization_id: party.organization_id.as_deref().map(Cow::from),
            end_user: party.end_user.as_deref().map(Cow::from),
            tags: party.tags.as_slice().into(),
            model_group: request.controls.model.as_str().into(),
            payers: both(&party.payers, &dues.payers),
            reserved,
            price_version: (&*price_version).into(),
            session_id: source.session_id.as_deref().map(Cow::from),
            client_ip: source.client_ip.as_deref().map(Cow::from),
            user_agent: source.user_agent.as_deref().map(Cow::from),
            lines: Vec::new(),
        });
        journaled.map_err(|cause| {
            Fault::ours(
                "the call cannot be accounted for; try again",
                cause.to_string(),
            )
            .at(At::Door)
        })?;
        admission.begin();
        drop((limits, budgets));
        let group = group::Held::first(dues, &mut reservation, &mut admission);
        Ok(Permit {
            inner: Arc::clone(inner),
            prices,
            wishes: Arc::new(wishes),
            party,
            group,
            reservation,
            admission,
            quote,
            journaled: reserved.unwrap_or_default(),
            started_ms: now,
            input_tokens,
            written_tokens: 0,
            source,
            stake: None,
            under_way: false,
            earlier: Vec::new(),
            session: Vec::new(),
            bill: None,
            noted: false,
            unheld,
            recording: inner.bodies.begin(settings.bodies, request, now),
            heard: None,
            why: None,
            settings,
        })
    }
}

impl AccountingSettings {
    /// Whether a call with this quote may go, whoever pays.
    fn allow_price(&self, quote: Option<Quote>, model: &str) -> Result<(), Fault> {
        if quote.is_some() || !self.needs_prices {
            return Ok(());
        }
        let message = format!(
            "the price of `{model}` is not known, and \
             `litellm_settings.block_requests_for_models_without_pricing` lets no such call go: give \
             its deployment a price"
        );
        let fault = Fault::caller(ErrorKind::Permission, message);
        Err(fault
            .with_param("model")
            .with_type("model_cost_map_missing"))
    }
}

/// One list after the other.
fn both<'l, T: Clone>(first: &'l [T], second: &'l [T]) -> Cow<'l, [T]> {
    match (first, second) {
        (first, []) => first.into(),
        ([], second) => second.into(),
        (first, second) => [first, second].concat().into(),
    }
}

/// What a call holds before it begins. None: its price is unknown.
fn opening(quote: Option<Quote>, reserves: bool) -> Option<Usd> {
    quote.map(|it| {
        if reserves {
            it.opening(SLICE)
        } else {
            Usd::ZERO
        }
    })
}

/// Milliseconds since 1970.
pub fn now_ms() -> i64 {
    #[cfg(test)]
    if let Some(now) = rig::now_ms() {
        return now;
    }
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

fn over_limit(barred: &Barred) -> Fault {
    let refusal = match barred {
        Barred::Limit(refusal) => refusal,
        Barred::Uncounted => return uncounted(),
    };
    let mut fault = Fault::caller(ErrorKind::RateLimit, refusal.to_string());
    fault.retry_after = Some(Duration::from_secs(refusal.retry_after_s));
    fault.headers = vec![
        ("rate_limit_type", refusal.limit_type.as_str().to_owned()),
        ("reset_at", moment(refusal.resets_at_ms)),
    ];
    fault
}

/// Limits cannot be kept, and no call may go without them.
fn uncounted() -> Fault {
    let cause = Barred::Uncounted.to_string();
    let mut fault = Fault::ours(format!("{cause}. Try again"), cause).at(At::Door);
    fault.kind = ErrorKind::Overloaded;
    fault
}

fn refused(refusal: &Refusal, party: &Party, status: u16) -> Fault {
    match refusal {
        Refusal::Exceeded(exceeded) => {
            over_budget(exceeded, &party.shown(&exceeded.account.entity), status)
        }
        Refusal::Unleased(_) => accounts::unreadable(refusal.to_string()),
        Refusal::UnknownPrice(_) => {
            Fault::caller(ErrorKind::InvalidRequest, refusal.to_string()).with_param("model")
        }
    }
}

fn over_budget(exceeded: &Exceeded, shown: &str, status: u16) -> Fault {
    let mut fault = Fault::caller(ErrorKind::Quota, exceeded.client_message(shown))
        .with_type("budget_exceeded");
    fault.status = Some(status);
    debug_assert_eq!(fault.at, At::Door);
    fault
}
