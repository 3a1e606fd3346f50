//! Who is told of what.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use crate::domain::Secret;

/// What alerts are about, by LiteLLM's names where it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Soft budgets that are crossed, budgets that are exceeded.
    Budget,
    /// Keys that expire within a day. Ours.
    KeyExpiry,
    /// One deployment fails again and again.
    Outage,
    /// Several deployments of one provider do.
    ProviderOutage,
    Cooldown,
    Exception,
    Slow,
    Database,
}

impl Kind {
    pub const ALL: [Self; 8] = [
        Self::Budget,
        Self::KeyExpiry,
        Self::Outage,
        Self::ProviderOutage,
        Self::Cooldown,
        Self::Exception,
        Self::Slow,
        Self::Database,
    ];

    /// As `alert_types` has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Budget => "budget_alerts",
            Self::KeyExpiry => "key_expiry_alerts",
            Self::Outage => "outage_alerts",
            Self::ProviderOutage => "region_outage_alerts",
            Self::Cooldown => "cooldown_deployment",
            Self::Exception => "llm_exceptions",
            Self::Slow => "llm_too_slow",
            Self::Database => "db_exceptions",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == name)
    }
}

/// LiteLLM's types that have nothing to tell here.
const OTHERS: [&str; 17] = [
    "daily_reports",
    "failed_tracking_spend",
    "fallback_reports",
    "internal_user_created",
    "internal_user_deleted",
    "internal_user_updated",
    "llm_requests_hanging",
    "model_deprecation_warnings",
    "new_internal_user_created",
    "new_model_added",
    "new_team_created",
    "new_virtual_key_created",
    "spend_reports",
    "team_deleted",
    "team_updated",
    "virtual_key_deleted",
    "virtual_key_updated",
];

/// Whether a type of alerts is one of ours or LiteLLM's.
pub fn is_known(name: &str) -> bool {
    Kind::parse(name).is_some() || OTHERS.contains(&name)
}

/// Where messages go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Whoever knows it may write there.
    pub url: Secret,
    /// Private addresses are refused: it was not written by the operator in the config file.
    pub guarded: bool,
}

/// Who is told of what.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Of kinds that have none of their own.
    pub usual: Vec<Webhook>,
    /// `alert_to_webhook_url`.
    pub by_kind: BTreeMap<Kind, Vec<Webhook>>,
    /// `alert_types`.
    pub kinds: HashSet<Kind>,
    /// `alerting_threshold`: a call is slow that takes as long.
    pub threshold: Duration,
    /// `alerting_args.budget_alert_ttl`: the same budget or key is not told of again within it.
    pub budget_period: Duration,
    /// `alerting_args.outage_alert_ttl`: failures within it are one outage.
    pub outage_period: Duration,
    /// `alerting_args.minor_outage_alert_threshold`, in failures.
    pub minor_outage: u32,
    /// `alerting_args.major_outage_alert_threshold`, in failures.
    pub major_outage: u32,
    /// The same slow or failing model group is not told of again within it.
    pub repeat_period: Duration,
}

impl Settings {
    /// LiteLLM's, but for the last.
    pub const THRESHOLD: Duration = Duration::from_secs(300);
    pub const BUDGET_PERIOD: Duration = Duration::from_secs(24 * 3600);
    pub const OUTAGE_PERIOD: Duration = Duration::from_secs(60);
    pub const MINOR_OUTAGE: u32 = 5;
    pub const MAJOR_OUTAGE: u32 = 10;
    /// Ours: LiteLLM tells of each call.
    pub const REPEAT_PERIOD: Duration = Duration::from_secs(600);

    /// Everything is told to these webhooks.
    pub fn usual(usual: Vec<Webhook>) -> Self {
        Self {
            usual,
            by_kind: BTreeMap::new(),
            kinds: Kind::ALL.into(),
            threshold: Self::THRESHOLD,
            budget_period: Self::BUDGET_PERIOD,
            outage_period: Self::OUTAGE_PERIOD,
            minor_outage: Self::MINOR_OUTAGE,
            major_outage: Self::MAJOR_OUTAGE,
            repeat_period: Self::REPEAT_PERIOD,
        }
    }

    pub fn wants(&self, kind: Kind) -> bool {
        self.kinds.contains(&kind)
    }

    pub fn webhooks(&self, kind: Kind) -> &[Webhook] {
        self.by_kind.get(&kind).unwrap_or(&self.usual)
    }
}
