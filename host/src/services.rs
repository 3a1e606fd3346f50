//! Opens what outlives a process (the database, the journal) and builds the services on it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::header::CONTENT_TYPE;
use http::{Request, Response};
use tokio_util::sync::CancellationToken;

use crate::alerts::{Alerts, Post, Webhook};
use crate::auth::{Fetch, Keys, OwnerRules, StoredKeys};
use crate::budget::Ledger;
use crate::config::{Config, Env, Protocol};
use crate::domain::Secret;
use crate::held::Held;
use crate::in_force::{Heard, Running, SystemClock};
use crate::limits::Limiter;
use crate::live::Understood;
use crate::manage::Manage;
use crate::pipeline::accounting::{Accounting, Services, StoreSink, now_ms};
use crate::presence::Presence;
use crate::price_tables::{FETCH_TIME, MOST_BYTES, PriceTables};
use crate::prices::Prices;
use crate::serve::ServeError;
use crate::shared::Shared;
use crate::signin::{Exchange, SignIn};
use crate::spend::{self, Journal, JournalError};
use crate::store::{Address, Connections, Parts, SaltKey, Store};
use crate::telemetry::metrics::Metrics;
use crate::telemetry::otel::sampler::Sampler;
use crate::telemetry::otel::{self, Carried, Carry, Otel};
use crate::upstream::Upstream;

/// Processes that may share a state directory, each with a journal of its own.
const JOURNALS: usize = 64;

/// What stands beneath every config until the process ends.
#[derive(Clone)]
pub struct Ground {
    pub accounting: Accounting,
    /// Seals what is secret in the database.
    pub salt: SaltKey,
    pub state: PathBuf,
    /// What says on the database that this gateway runs.
    pub presence: Presence,
    pub upstream: Upstream,
    pub alerts: Alerts,
    /// What reading keys goes by.
    owners: Arc<ArcSwap<OwnerRules>>,
}

/// Opens the database and the journal.
///
/// # Errors
/// One of them refuses, with the cure; or a setting of money cannot be read, with its path.
pub async fn open(config: &Config, env: &Env) -> Result<Ground, ServeError> {
    let understood = Understood::read(config)?;
    let address = address(config, env)?;
    for remark in &address.remarks {
        tracing::warn!("the database's address: {remark}");
    }
    let store = Store::open(&address, now_ms()).await?;
    let presence = Presence::begin(&store).await?;
    let rows = StoredKeys::new(store.clone(), understood.owners);
    let owners = rows.rules();
    let keys = Keys::new(Some(Arc::new(rows)), understood.keys);
    let state = state_directory(env);
    let journal = journal(understood.write_every, &state.join("journal"), &store).await?;
    let upstream = Upstream::new()?;
    let hooks = Arc::new(Hooks(upstream.clone()));
    let alerts = Alerts::new(hooks, understood.alerts);
    let shared = Shared::new(config);
    let limiter = match &shared {
        Some(shared) => Limiter::shared(understood.counting, Arc::new(shared.clone())),
        None => Limiter::new(understood.counting),
    };
    let services = Services {
        alerts: alerts.clone(),
        store,
        keys,
        journal,
        ledger: Ledger::new(understood.ledger),
        limiter,
        shared,
        prices: Prices::embedded(),
    };
    Ok(Ground {
        accounting: Accounting::new(services, understood.accounting),
        salt: salt(config),
        state,
        presence,
        upstream,
        alerts,
        owners,
    })
}

impl Ground {
    /// What the database holds beside the file.
    pub fn held(&self) -> Held {
        Held::new(self.accounting.store().clone(), self.salt.clone())
    }

    /// Puts settings in force. Calls under way end as they began.
    pub fn settle(&self, understood: Understood, manage: &Manage) {
        let accounting = &self.accounting;
        accounting.set_settings(understood.accounting);
        accounting.ledger().set_settings(understood.ledger);
        accounting.limiter().set_counting(understood.counting);
        accounting.journal().set_write_every(understood.write_every);
        accounting.keys().set_settings(understood.keys);
        let before = self.owners.swap(Arc::new(understood.owners.clone()));
        if *before != understood.owners {
            accounting.keys().changed_everything();
        }
        manage.set_settings(understood.manage);
        self.alerts.set_settings(understood.alerts);
    }

    /// What of a new config needs a start, each a sentence.
    pub fn needs_start(&self, old: &Config, new: &Config) -> Vec<&'static str> {
        let mut needs = Vec::new();
        if old.money.database_url != new.money.database_url {
            needs.push("general_settings.database_url is taken over at the next start");
        }
        if old.money.database_use != new.money.database_use {
            needs.push("how the database is connected to is taken over at the next start");
        }
        if old.shared_redis() != new.shared_redis() {
            needs.push("the Redis that replicas share is taken over at the next start");
        }
        if salt(new) != self.salt {
            needs.push(
                "the salt key (LITELLM_SALT_KEY, else the master key) seals with its old value \
                 until the next start; seal the database anew before it with `sluice rotate-salt`",
            );
        }
        needs
    }
}

/// The management API over the running gateway.
///
/// # Errors
/// A setting of it cannot be read.
pub fn manage(config: &Config, ground: &Ground, running: Running) -> Result<Manage, ServeError> {
    let listener = Arc::new(Heard {
        accounting: ground.accounting.clone(),
        running: running.clone(),
    });
    Ok(Manage::new(
        ground.accounting.store().clone(),
        Understood::read(config)?.manage,
        ground.salt.clone(),
        listener,
        Arc::new(running),
        Arc::new(SystemClock),
    ))
}

/// The price tables from outside of the build.
pub fn price_tables(ground: &Ground, upstream: Upstream, metrics: Metrics) -> PriceTables {
    let fetch = move |url: String| -> BoxFuture<'static, Result<Bytes, String>> {
        let upstream = upstream.clone();
        Box::pin(async move {
            let fetched = upstream.fetch_within(&url, MOST_BYTES, FETCH_TIME);
            fetched.await
        })
    };
    let accounting = ground.accounting.clone();
    let apply = move |prices| accounting.set_prices(prices);
    let folder = ground.state.join("prices");
    PriceTables::new(folder, Box::new(fetch), Box::new(apply), metrics)
}

/// Where OpenTelemetry's traces and metrics go, as the config says it; off where it says nothing, or
/// what cannot be.
pub fn otel(config: &Config) -> Otel {
    let Some(export) = &config.general.seeing.export else {
        return Otel::default();
    };
    let (name, argument) = &export.sampler;
    let sampler = match Sampler::read(name, argument.as_deref()) {
        Ok(sampler) => sampler,
        Err(cause) => {
            tracing::error!(%cause, "no traces and no metrics are exported");
            return Otel::default();
        }
    };
    Otel::new(otel::Settings {
        protocol: match export.protocol {
            Protocol::Grpc => otel::Protocol::Grpc,
            Protocol::Http => otel::Protocol::Http,
        },
        traces: export.traces.clone(),
        metrics: export.metrics.clone(),
        headers: export.headers.clone(),
        service_name: export.service_name.clone(),
        resource: export.resource.clone(),
        sampler,
        content: export.content,
        callers: !config.general.seeing.hides_callers,
        timeout: export.timeout,
        metrics_every: export.metrics_every,
    })
}

/// Carries what is exported to the collector.
#[derive(Debug)]
pub struct Line(pub Upstream);

impl Carry for Line {
    fn carry(&self, request: Request<Bytes>, time: Duration) -> Carried {
        let upstream = self.0.clone();
        Box::pin(async move { upstream.exchange(request, false, time).await })
    }
}

/// Brings messages to webhooks.
#[derive(Debug)]
struct Hooks(Upstream);

/// How long a webhook has for a message.
const HOOK_TIME: Duration = Duration::from_secs(10);

impl Post for Hooks {
    fn post<'a>(&'a self, to: &'a Webhook, body: Bytes) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move {
            let request = Request::post(to.url.reveal())
                .header(CONTENT_TYPE, "application/json")
                .body(body);
            // The cause would name the address.
            let request = request.map_err(|_| "the address is no URL".to_owned())?;
            let answer = self.0.exchange(request, to.guarded, HOOK_TIME).await?;
            match answer.status() {
                status if status.is_success() => Ok(()),
                status => Err(format!("it answers {}", status.as_u16())),
            }
        })
    }
}

/// Fetches the keys of identity providers, whose addresses the operator wrote.
#[derive(Debug)]
pub struct KeyFetch(pub Upstream);

impl Fetch for KeyFetch {
    fn get<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<Bytes, String>> {
        Box::pin(self.0.fetch(url))
    }
}

/// How long an identity provider has for an answer.
const PROVIDER_TIME: Duration = Duration::from_secs(10);

/// Asks identity providers, whose addresses the operator wrote.
#[derive(Debug)]
struct AskProvider(Upstream);

impl Exchange for AskProvider {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, String>> {
        Box::pin(self.0.exchange(request, false, PROVIDER_TIME))
    }
}

/// Who signs in to the admin UI.
pub fn signin(ground: &Ground, fetch: Arc<dyn Fetch>) -> SignIn {
    let store = ground.accounting.store().clone();
    let exchange = Arc::new(AskProvider(ground.upstream.clone()));
    SignIn::new(store, ground.salt.clone(), fetch, exchange)
}

/// What seals secrets in the database.
pub fn salt(config: &Config) -> SaltKey {
    let master = || config.general.master_key.clone();
    let salt = config.money.salt_key.clone().or_else(master);
    // Without any key nobody but this machine comes in; what is sealed then is not a secret.
    SaltKey::new(&salt.unwrap_or_else(|| Secret::new("")))
}

/// The first journal that no other process holds. What others left behind that are gone is
/// brought to the database.
async fn journal(
    write_every: Duration,
    folder: &Path,
    store: &Store,
) -> Result<Journal, ServeError> {
    let folder = folder.to_owned();
    let settings = move |slot: usize| spend::Settings {
        write_every,
        ..spend::Settings::new(folder.join(slot.to_string()))
    };
    let started = tokio::task::spawn_blocking(move || -> Result<_, JournalError> {
        let (mut own, mut left) = (None, Vec::new());
        for slot in 0..JOURNALS {
            let settings = settings(slot);
            if own.is_some() && !settings.directory.is_dir() {
                continue;
            }
            match Journal::start(settings) {
                Ok((journal, recovered)) if own.is_none() => own = Some((journal, recovered)),
                Ok((journal, recovered)) => left.push((journal, recovered)),
                Err(JournalError::InUse { .. }) => {}
                Err(cause) => return Err(cause),
            }
        }
        Ok((own, left))
    });
    let (own, left) = started
        .await
        .map_err(|cause| ServeError::Bind(cause.to_string()))??;
    for (journal, recovered) in own.iter().chain(&left) {
        if recovered.rows > 0 {
            tracing::info!(
                rows = recovered.rows,
                interrupted = recovered.interrupted,
                torn = recovered.torn,
                damaged = recovered.damaged,
                journal = journal.id(),
                "calls of an earlier process are brought to the database"
            );
        }
    }
    for (journal, _) in left {
        let done = CancellationToken::new();
        done.cancel();
        journal.run(&StoreSink(store.clone()), done).await;
    }
    own.map(|(journal, _)| journal).ok_or_else(|| {
        ServeError::Bind(format!(
            "{JOURNALS} processes use the state directory already"
        ))
    })
}

/// Where the database is.
///
/// # Errors
/// What is written of it cannot be read.
pub fn address(config: &Config, env: &Env) -> Result<Address, ServeError> {
    let address = written_address(config, env)?;
    let usage = config.money.database_use;
    if usage.is_usual() {
        return Ok(address);
    }
    Ok(address.with(Connections {
        most: usage.connections,
        wait: usage.wait,
        connect: usage.connect,
        unprepared: usage.unprepared,
    }))
}

fn written_address(config: &Config, env: &Env) -> Result<Address, ServeError> {
    if let Some(url) = &config.money.database_url {
        return Ok(Address::parse(url.reveal())?);
    }
    let Some(host) = env.text("DATABASE_HOST").filter(|it| !it.is_empty()) else {
        return Ok(Address::file(state_directory(env).join("sluice.db")));
    };
    let port = env.text("DATABASE_PORT").map(|it| it.parse::<u16>());
    let port = port
        .transpose()
        .map_err(|_| ServeError::Wrong("  DATABASE_PORT: is no port".to_owned()))?;
    Ok(Address::from_parts(&Parts {
        host,
        port,
        username: env.text("DATABASE_USERNAME"),
        password: env.get("DATABASE_PASSWORD"),
        name: env.text("DATABASE_NAME").unwrap_or_default(),
    })?)
}

/// Where the embedded database and the journal are: not a cache, this is money.
pub fn state_directory(env: &Env) -> PathBuf {
    let under = |name: &str, rest: &str| {
        let folder = env.text(name).filter(|it| !it.is_empty())?;
        Some(PathBuf::from(folder).join(rest))
    };
    under("SLUICE_STATE_DIR", "")
        .or_else(|| under("XDG_DATA_HOME", "sluice"))
        .or_else(|| under("HOME", ".local/share/sluice"))
        .unwrap_or_else(|| PathBuf::from("sluice-state"))
}
