//! Settings of money and of the management API, understood: read whole from a config before any of
//! them is put in force, at the start as at a reload.

use std::time::Duration;

use jiff::tz::TimeZone;
use regex::Regex;
use serde_json::{Map, Value};

use crate::alerts::{self, Kind, Webhook};
use crate::auth::{KeySettings, NewTeam, OUTAGE_AGE, OwnerRules};
use crate::budget::{self, BadCalendar, Calendar, Period, UnknownPrice};
use crate::config::{Alerting, Config, MetricsShown, Rows, StoredResponses};
use crate::domain::{Secret, Usd};
use crate::limits::TokenCounting;
use crate::manage;
use crate::pipeline::accounting::{AccountingSettings, Retention, Share};
use crate::pipeline::{BodySettings, ResponseSettings};
use crate::prices::Adjustments;
use crate::spend;
use crate::store::{TeamDoc, amount};
use crate::telemetry::calls::shown;

/// A setting that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {what}")]
pub struct Misread {
    pub path: String,
    pub what: String,
}

/// Settings of money and of the management API, understood.
pub struct Understood {
    pub accounting: AccountingSettings,
    pub ledger: budget::Settings,
    pub counting: TokenCounting,
    pub keys: KeySettings,
    pub owners: OwnerRules,
    /// `proxy_batch_write_at`.
    pub write_every: Duration,
    pub manage: manage::Settings,
    /// None: nobody is told of anything.
    pub alerts: Option<alerts::Settings>,
    /// Which of LiteLLM's metrics are shown.
    pub shown: shown::Shown,
}

impl Understood {
    /// Reads what a config says.
    ///
    /// # Errors
    /// A setting cannot be read, with its path.
    pub fn read(config: &Config) -> Result<Self, Misread> {
        let money = &config.money;
        let counting = money.token_counting.as_deref();
        let counting = counting.map_or(Some(TokenCounting::default()), TokenCounting::parse);
        let counting = counting.ok_or_else(|| {
            wrong(
                "general_settings.token_rate_limit_type",
                "is none of total, input, output",
            )
        })?;
        let ledger = ledger_settings(config)?;
        Ok(Self {
            accounting: settings(config)?,
            counting,
            keys: KeySettings {
                ttl: money.key_cache_ttl.unwrap_or(crate::auth::CACHE_TTL),
                outage_age: money.serve_without_database.then_some(OUTAGE_AGE),
                ..KeySettings::default()
            },
            owners: owner_rules(config)?,
            write_every: money.write_every.unwrap_or(spend::WRITE_EVERY),
            manage: manage::Settings {
                calendar: ledger.calendar.clone(),
                store_models: money.store_models,
                keys: key_rules(config)?,
                passwords: money.management.passwords,
                default_user: money.management.user_defaults.clone(),
                default_team: money.management.team_defaults.clone(),
                base_url: config.env.text("PROXY_BASE_URL").unwrap_or_default(),
            },
            ledger,
            alerts: config
                .general
                .seeing
                .alerting
                .as_ref()
                .map(alerts_of)
                .transpose()?,
            shown: shown_of(&config.general.seeing.metrics)?,
        })
    }
}

/// Who is told of what.
fn alerts_of(alerting: &Alerting) -> Result<alerts::Settings, Misread> {
    let webhook = |url: &Secret| Webhook {
        url: url.clone(),
        guarded: alerting.of_database,
    };
    let usual = alerting.url.iter().map(webhook).collect();
    let mut settings = alerts::Settings::usual(usual);
    for (name, urls) in &alerting.by_type {
        // LiteLLM's other kinds have nothing to tell here.
        if let Some(kind) = Kind::parse(name) {
            settings
                .by_kind
                .insert(kind, urls.iter().map(webhook).collect());
        } else if !alerts::is_known(name) {
            let path = format!("general_settings.alert_to_webhook_url.{name}");
            return Err(wrong(&path, "is no type of alerts"));
        }
    }
    if let Some(types) = &alerting.types {
        // By its place: a name that comes from the environment is not said.
        let strange = types.iter().position(|it| !alerts::is_known(it));
        if let Some(at) = strange {
            let path = format!("general_settings.alert_types[{at}]");
            return Err(wrong(&path, "is no type of alerts"));
        }
        settings.kinds = types.iter().filter_map(|it| Kind::parse(it)).collect();
    }
    settings.threshold = alerting.threshold.unwrap_or(settings.threshold);
    settings.budget_period = alerting.budget_period.unwrap_or(settings.budget_period);
    settings.outage_period = alerting.outage_period.unwrap_or(settings.outage_period);
    settings.minor_outage = alerting.minor_outage.unwrap_or(settings.minor_outage);
    settings.major_outage = alerting.major_outage.unwrap_or(settings.major_outage);
    Ok(settings)
}

fn shown_of(metrics: &MetricsShown) -> Result<shown::Shown, Misread> {
    let rules = shown::Rules {
        only: metrics.only.clone(),
        without_metrics: metrics.without_metrics.clone(),
        without_labels: metrics.without_labels.clone(),
        custom: metrics.custom.clone(),
        bounds: metrics.bounds.clone(),
        end_users: metrics.end_users,
    };
    let read = shown::Shown::read(&rules);
    read.map_err(|(name, what)| wrong(&format!("litellm_settings.{name}"), &what))
}

/// Rules for keys that are made through the API.
fn key_rules(config: &Config) -> Result<manage::KeyRules, Misread> {
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

/// What the config says of those who pay, beside their rows.
fn owner_rules(config: &Config) -> Result<OwnerRules, Misread> {
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
        new_user_budget: max_budget(of_user).map_err(|what| wrong(new_user, what))?,
        new_user_limits: serde_json::from_value(Value::Object(of_user.clone()))
            .map_err(|cause| wrong(new_user, &cause.to_string()))?,
        new_team: new_team(&money.management.team_defaults)?,
    })
}

/// The budget of those who are made with these defaults.
fn max_budget(defaults: &Map<String, Value>) -> Result<Option<Usd>, &'static str> {
    let said = defaults.get("max_budget").filter(|it| !it.is_null());
    let Some(said) = said else { return Ok(None) };
    let max = amount(said).and_then(Usd::from_dollars);
    max.filter(|it| *it >= Usd::ZERO)
        .map(Some)
        .ok_or("`max_budget` is no amount of dollars")
}

/// What a team has that a token makes.
fn new_team(defaults: &Map<String, Value>) -> Result<NewTeam, Misread> {
    const PATH: &str = "litellm_settings.default_team_params";
    let misread = |cause: &dyn std::fmt::Display| wrong(PATH, &cause.to_string());
    let said = defaults.iter().filter(|(_, value)| !value.is_null());
    let said = said.map(|(name, value)| (name.clone(), value.clone()));
    let doc: TeamDoc =
        serde_json::from_value(Value::Object(said.collect())).map_err(|cause| misread(&cause))?;
    if let Some(duration) = &doc.limits.budget_duration {
        duration
            .parse::<Period>()
            .map_err(|cause| misread(&cause))?;
    }
    Ok(NewTeam {
        max_budget: max_budget(defaults).map_err(|what| wrong(PATH, what))?,
        limits: doc.limits,
        models: doc.models,
        team_member_permissions: doc.team_member_permissions,
    })
}

fn settings(config: &Config) -> Result<AccountingSettings, Misread> {
    let money = &config.money;
    let adjustments = Adjustments::read(money.discounts.as_ref(), money.margins.as_ref());
    let adjustments =
        adjustments.map_err(|it| wrong(&format!("litellm_settings.{}", it.field), &it.fault))?;
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
            // LiteLLM's default, which is no budget.
            (!max.is_zero()).then(|| budget::Terms {
                max_budget: Some(max),
                period,
                ..budget::Terms::default()
            })
        }
    };
    let throttle = money.throttle.map(|share| {
        let path = "litellm_settings.budget_exceeded_throttle_percentage";
        Share::new(share).ok_or_else(|| wrong(path, "is no share above 0 and up to 1"))
    });
    Ok(AccountingSettings {
        proxy_budget,
        throttle: throttle.transpose()?,
        budget_status: money.budget_status,
        reserves: money.reserves,
        adjustments,
        needs_prices: money.needs_prices,
        max_parallel_requests: money.max_parallel_requests.map(u64::from),
        strict_limits: money.needs_count,
        goes_without_accounts: money.serve_without_database && !money.needs_accounts,
        retention: retention(&money.rows)?,
        bare_rows: money.rows.off,
        bodies: bodies(config)?,
        responses: responses(&config.money.responses)?,
        tells_all_budgets: config.general.seeing.metrics.all_budgets,
    })
}

/// What is stored of the bodies of calls.
fn bodies(config: &Config) -> Result<Option<BodySettings>, Misread> {
    const LONGEST: &str = "MAX_STRING_LENGTH_PROMPT_IN_DB";
    let longest_text = match config.env.text(LONGEST) {
        None => BodySettings::LONGEST_TEXT,
        Some(text) => {
            let count = text.trim().parse::<usize>().ok();
            let count = count.filter(|it| (1..=BodySettings::MOST_TEXT).contains(it));
            let most = BodySettings::MOST_TEXT;
            count.ok_or_else(|| {
                wrong(
                    LONGEST,
                    &format!("is no number of characters from 1 to {most}"),
                )
            })?
        }
    };
    let rows = &config.money.rows;
    Ok((rows.bodies && !rows.off).then_some(BodySettings {
        redacts: rows.redacts,
        ignores_no_log: rows.ignores_no_log,
        longest_text,
    }))
}

/// How responses are kept.
fn responses(said: &StoredResponses) -> Result<ResponseSettings, Misread> {
    const PERIOD: &str = "general_settings.stored_responses_retention_period";
    let usual = ResponseSettings::default();
    let keep_for = match said.keep.as_deref() {
        None => usual.keep_for,
        Some(text) => {
            let period = text.parse::<Period>();
            let period = period.map_err(|cause| wrong(PERIOD, &cause.to_string()))?;
            let length = period.expiry(0, &TimeZone::UTC);
            Duration::from_millis(u64::try_from(length).unwrap_or(u64::MAX))
        }
    };
    Ok(ResponseSettings {
        keeps: !said.off,
        keep_for,
        longest: said.longest.unwrap_or(usual.longest),
        is_open: said.is_open,
    })
}

/// How long the rows of calls are kept.
fn retention(rows: &Rows) -> Result<Option<Retention>, Misread> {
    let time = |name: &str, text: &Option<String>| -> Result<Option<Duration>, Misread> {
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

fn ledger_settings(config: &Config) -> Result<budget::Settings, Misread> {
    let money = &config.money;
    let calendar = Calendar::new(
        money.timezone.as_deref(),
        money.budget_reset_time.as_deref(),
    )
    .map_err(|cause| {
        let path = match cause {
            BadCalendar::TimeZone(_) => "litellm_settings.timezone",
            BadCalendar::ResetTime(_) => "litellm_settings.budget_reset_time",
        };
        wrong(path, &cause.to_string())
    })?;
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

/// The path of a setting and what is wrong with it.
pub fn wrong(path: &str, what: &str) -> Misread {
    Misread {
        path: path.to_owned(),
        what: what.to_owned(),
    }
}

#[cfg(test)]
mod ledger_tests;
#[cfg(test)]
mod tests;
