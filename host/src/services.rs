//! Opens what outlives a process (the database, the journal) and builds the services on it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use jiff::tz::TimeZone;
use regex::Regex;
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use crate::auth::{Fetch, KeySettings, Keys, OUTAGE_AGE, OwnerRules, StoredKeys};
use crate::budget::{self, Calendar, Ledger, Period, UnknownPrice};
use crate::config::{Config, Env, Rows, Stored};
use crate::domain::{Secret, Usd};
use crate::in_force::{Heard, Running, SystemClock};
use crate::limits::{Limiter, TokenCounting};
use crate::manage::{self, Manage};
use crate::pipeline::Pipeline;
use crate::pipeline::accounting::{
    Accounting, AccountingSettings, Retention, Services, StoreSink, now_ms,
};
use crate::prices::{Adjustments, Prices};
use crate::serve::ServeError;
use crate::spend::{self, Journal, JournalError};
use crate::store::{
    Address, CredentialRow, ModelRow, Parts, Query, SaltKey, Sealed, Store, StoreError,
};
use crate::upstream::Upstream;

/// Processes that may share a state directory, each with a journal of its own.
const JOURNALS: usize = 64;

/// Opens the database and the journal.
///
/// # Errors
/// One of them refuses, with the cure; or a setting of money cannot be read, with its path.
pub async fn open(config: &Config, env: &Env) -> Result<Accounting, ServeError> {
    let settings = settings(config)?;
    let ledger = Ledger::new(ledger_settings(config)?);
    let counting = config
        .money
        .token_counting
        .as_deref()
        .map_or(Some(TokenCounting::default()), TokenCounting::parse);
    let counting = counting.ok_or_else(|| {
        wrong(
            "general_settings.token_rate_limit_type",
            "is none of total, input, output",
        )
    })?;
    let address = address(config, env)?;
    for remark in &address.remarks {
        tracing::warn!("the database's address: {remark}");
    }
    let store = Store::open(&address, now_ms()).await?;
    let ttl = config.money.key_cache_ttl;
    let keys = Keys::new(
        Some(Arc::new(StoredKeys::new(
            store.clone(),
            owner_rules(config)?,
        ))),
        KeySettings {
            ttl: ttl.unwrap_or(crate::auth::CACHE_TTL),
            outage_age: config.money.serve_without_database.then_some(OUTAGE_AGE),
            ..KeySettings::default()
        },
    );
    let journal = journal(config, &state_directory(env).join("journal"), &store).await?;
    let services = Services {
        store,
        keys,
        journal,
        ledger,
        limiter: Limiter::new(counting),
        prices: Prices::embedded(),
    };
    Ok(Accounting::new(services, settings))
}

/// The management API over the running gateway.
///
/// # Errors
/// A setting of it cannot be read.
pub fn manage(
    config: &Config,
    pipeline: &Pipeline,
    running: Running,
) -> Result<Manage, ServeError> {
    let accounting = pipeline.accounting().clone();
    let listener = Arc::new(Heard {
        accounting: accounting.clone(),
        running: running.clone(),
    });
    let money = &config.money;
    let settings = manage::Settings {
        calendar: ledger_settings(config)?.calendar,
        store_models: money.store_models,
        keys: key_rules(config)?,
        default_user: money.management.user_defaults.clone(),
        default_team: money.management.team_defaults.clone(),
        ..manage::Settings::default()
    };
    let salt = salt(config);
    let store = accounting.store().clone();
    let clock = Arc::new(SystemClock);
    let running = Arc::new(running);
    Ok(Manage::new(
        store,
        Arc::new(settings),
        salt,
        listener,
        running,
        clock,
    ))
}

/// Fetches the keys of identity providers, whose addresses the operator wrote.
#[derive(Debug)]
pub struct KeyFetch(pub Upstream);

impl Fetch for KeyFetch {
    fn get<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<Bytes, String>> {
        Box::pin(self.0.fetch(url))
    }
}

/// Rules for keys that are made through the API.
fn key_rules(config: &Config) -> Result<manage::KeyRules, ServeError> {
    const LENGTH: &str = "LENGTH_OF_LITELLM_GENERATED_KEY";
    let management = &config.money.management;
    let length = config.env.text(LENGTH).filter(|it| !it.is_empty());
    let bytes = length.map(|it| {
        it.parse::<usize>()
            .ok()
            .filter(|it| (16..=256).contains(it))
    });
    let bytes = match bytes {
        Some(None) => return Err(wrong(LENGTH, "is no number of bytes from 16 to 256")),
        Some(Some(bytes)) => bytes,
        None => 0,
    };
    let pattern = management.key_alias_pattern.as_deref().map(Regex::new);
    let alias_pattern = pattern.transpose().map_err(|cause| {
        wrong(
            "litellm_settings.key_alias_pattern",
            &format!("is no pattern: {cause}"),
        )
    })?;
    let listed = |group: &str, name: &str| {
        let list = management
            .key_generation
            .get(group)?
            .get(name)?
            .as_array()?;
        let texts = list.iter().filter_map(Value::as_str).map(str::to_owned);
        Some(texts.collect::<Vec<String>>())
    };
    let (team, personal) = ("team_key_generation", "personal_key_generation");
    Ok(manage::KeyRules {
        defaults: management.key_defaults.clone(),
        upper_bounds: management.key_upper_bounds.clone(),
        generation: manage::KeyGeneration {
            team_roles: listed(team, "allowed_team_member_roles"),
            team_required: listed(team, "required_params").unwrap_or_default(),
            personal_roles: listed(personal, "allowed_user_roles"),
            personal_required: listed(personal, "required_params").unwrap_or_default(),
        },
        alias_pattern,
        no_custom_keys: management.no_custom_keys,
        bytes,
    })
}

/// What seals secrets in the database.
pub fn salt(config: &Config) -> SaltKey {
    let master = || config.general.master_key.clone();
    let salt = config.money.salt_key.clone().or_else(master);
    // Without any key nobody but this machine comes in; what is sealed then is not a secret.
    SaltKey::new(&salt.unwrap_or_else(|| Secret::new("")))
}

/// Models and credentials of the database, as a file would have them. One that cannot be opened
/// with the salt key is left out, with an error in the log.
///
/// # Errors
/// The database does not answer.
pub async fn stored(config: &Config, store: &Store) -> Result<Stored, StoreError> {
    if !config.money.store_models {
        return Ok(Stored::default());
    }
    let salt = salt(config);
    let open = |what: &str, sealed: &Sealed| match salt.open_all(sealed) {
        Ok(values) => Some(values.into_iter()),
        Err(cause) => {
            tracing::error!(%cause, "{what} of the database cannot be used");
            None
        }
    };
    let text = |(name, value): (String, Secret)| (name, Value::from(value.reveal()));
    let mut stored = Stored::default();
    for row in store.list::<ModelRow>(&Query::new()).await?.rows {
        let opened = open(&format!("the model `{}`", row.model_name), &row.sealed);
        if let Some(secrets) = opened.filter(|_| !row.blocked) {
            let mut params = row.doc.params;
            params.extend(secrets.map(text));
            let mut info = row.doc.model_info;
            info.insert("id".into(), row.id.into());
            info.insert("db_model".into(), true.into());
            stored.models.push(
                json!({"model_name": row.model_name, "litellm_params": params, "model_info": info}),
            );
        }
    }
    for row in store.list::<CredentialRow>(&Query::new()).await?.rows {
        if let Some(secrets) = open(&format!("the credential `{}`", row.id), &row.sealed) {
            let values: Map<String, Value> = secrets.map(text).collect();
            stored.credentials.push(json!({"credential_name": row.id, "credential_values": values, "credential_info": row.doc}));
        }
    }
    Ok(stored)
}

/// The first journal that no other process holds. What others left behind that are gone is
/// brought to the database.
async fn journal(config: &Config, folder: &Path, store: &Store) -> Result<Journal, ServeError> {
    let (folder, money) = (folder.to_owned(), config.money.clone());
    let settings = move |slot: usize| {
        let mut settings = spend::Settings::new(folder.join(slot.to_string()));
        settings.write_every = money.write_every.unwrap_or(settings.write_every);
        settings
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

/// What the config says of those who pay, beside their rows.
fn owner_rules(config: &Config) -> Result<OwnerRules, ServeError> {
    let money = &config.money;
    let of_user = &money.management.user_defaults;
    let tags = money.tag_budgets.iter();
    let new_user = "litellm_settings.default_internal_user_params";
    let period = |text: &str| text.parse::<Period>();
    let duration = of_user.get("budget_duration").and_then(Value::as_str);
    duration
        .map(period)
        .transpose()
        .map_err(|cause| wrong(new_user, &cause.to_string()))?;
    Ok(OwnerRules {
        user_budget_on_team_keys: money.user_budget_on_team_keys,
        end_user_budget: money.end_user_budget,
        end_user_budget_id: money.end_user_budget_id.clone(),
        tag_budgets: tags
            .map(|(tag, budget)| (tag.clone(), (budget.max, budget.duration.clone())))
            .collect(),
        new_user_budget: of_user
            .get("max_budget")
            .and_then(Value::as_f64)
            .and_then(Usd::from_dollars),
        new_user_limits: serde_json::from_value(Value::Object(of_user.clone()))
            .map_err(|cause| wrong(new_user, &cause.to_string()))?,
    })
}

fn settings(config: &Config) -> Result<AccountingSettings, ServeError> {
    let money = &config.money;
    let adjustments = Adjustments::read(money.discounts.as_ref(), money.margins.as_ref())
        .map_err(|cause| wrong("litellm_settings", &cause.to_string()))?;
    let proxy_budget = match money.max_budget {
        None => None,
        Some(dollars) => {
            let max = Usd::from_dollars(dollars).filter(|it| *it >= Usd::ZERO);
            let max =
                max.ok_or_else(|| wrong("litellm_settings.max_budget", "is no amount of dollars"))?;
            let period = money.budget_duration.as_deref().map(str::parse::<Period>);
            let period = period
                .transpose()
                .map_err(|cause| wrong("litellm_settings.budget_duration", &cause.to_string()))?;
            Some(budget::Terms {
                max_budget: Some(max),
                period,
                ..budget::Terms::default()
            })
        }
    };
    Ok(AccountingSettings {
        proxy_budget,
        budget_status: money.budget_status,
        reserves: money.reserves,
        adjustments,
        max_parallel_requests: money.max_parallel_requests.map(u64::from),
        goes_without_accounts: money.serve_without_database && !money.needs_accounts,
        retention: retention(&money.rows)?,
        bare_rows: money.rows.off,
    })
}

/// How long the rows of calls are kept.
fn retention(rows: &Rows) -> Result<Option<Retention>, ServeError> {
    let time = |name: &str, text: &Option<String>| -> Result<Option<Duration>, ServeError> {
        let Some(text) = text else { return Ok(None) };
        let path = format!("general_settings.maximum_spend_logs_retention_{name}");
        let period = text.parse::<Period>();
        let period = period.map_err(|cause| wrong(&path, &cause.to_string()))?;
        let length = period.expiry(0, &TimeZone::UTC);
        Ok(Some(Duration::from_millis(
            u64::try_from(length).unwrap_or(u64::MAX),
        )))
    };
    let every = time("interval", &rows.sweep_every)?;
    let keep = match time("period", &rows.keep)? {
        _ if rows.off => Some(Retention::SHORTEST),
        Some(keep) if keep < Retention::SHORTEST => {
            let path = "general_settings.maximum_spend_logs_retention_period";
            let what = "is less than an hour: a batch that is stored twice would count twice";
            return Err(wrong(path, what));
        }
        keep => keep,
    };
    let often = Retention::SHORTEST / 6;
    let unsaid = if rows.off { often } else { Retention::EVERY };
    Ok(keep.map(|keep| Retention {
        keep,
        every: every.unwrap_or(unsaid),
    }))
}

fn ledger_settings(config: &Config) -> Result<budget::Settings, ServeError> {
    let money = &config.money;
    let calendar = Calendar::new(
        money.timezone.as_deref(),
        money.budget_reset_time.as_deref(),
    )
    .map_err(|cause| wrong("litellm_settings", &cause.to_string()))?;
    Ok(budget::Settings {
        calendar,
        unknown_price: if money.allow_unknown_prices {
            UnknownPrice::Allow
        } else {
            UnknownPrice::Refuse
        },
        rolls_over: money.rolls_over,
        ..budget::Settings::default()
    })
}

/// Where the database is.
///
/// # Errors
/// What is written of it cannot be read.
pub fn address(config: &Config, env: &Env) -> Result<Address, ServeError> {
    if let Some(url) = &config.money.database_url {
        return Ok(Address::parse(url.reveal())?);
    }
    let Some(host) = env.text("DATABASE_HOST").filter(|it| !it.is_empty()) else {
        return Ok(Address::file(state_directory(env).join("sluice.db")));
    };
    let port = env.text("DATABASE_PORT").map(|it| it.parse::<u16>());
    let port = port
        .transpose()
        .map_err(|_| wrong("DATABASE_PORT", "is no port"))?;
    Ok(Address::from_parts(&Parts {
        host,
        port,
        username: env.text("DATABASE_USERNAME"),
        password: env.get("DATABASE_PASSWORD"),
        name: env.text("DATABASE_NAME").unwrap_or_default(),
    })?)
}

/// Where the embedded database and the journal are: not a cache, this is money.
fn state_directory(env: &Env) -> PathBuf {
    let under = |name: &str, rest: &str| {
        let folder = env.text(name).filter(|it| !it.is_empty())?;
        Some(PathBuf::from(folder).join(rest))
    };
    under("SLUICE_STATE_DIR", "")
        .or_else(|| under("XDG_DATA_HOME", "sluice"))
        .or_else(|| under("HOME", ".local/share/sluice"))
        .unwrap_or_else(|| PathBuf::from("sluice-state"))
}

fn wrong(path: &str, what: &str) -> ServeError {
    ServeError::Wrong(format!("  {path}: {what}"))
}
