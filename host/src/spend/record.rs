//! What the journal writes down of a call.

use serde::{Deserialize, Serialize};

use crate::domain::{CallError, CallStatus, CostLine, Entity, SpendRow, Usage, Usd};

/// A call has begun: what is needed to charge it if nothing more is ever heard of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Opened {
    pub call_id: String,
    pub operation: String,
    /// Milliseconds since 1970 in UTC.
    pub started_ms: i64,
    pub key_hash: String,
    pub key_alias: Option<String>,
    pub user_id: Option<String>,
    pub team_id: Option<String>,
    pub organization_id: Option<String>,
    pub end_user: Option<String>,
    pub tags: Vec<String>,
    pub model_group: String,
    pub payers: Vec<Entity>,
    /// None: the price is unknown.
    pub reserved: Option<Usd>,
    pub price_version: String,
    pub session_id: Option<String>,
    pub client_ip: Option<String>,
    pub user_agent: Option<String>,
    /// What is known of its attempts so far.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<CostLine>,
}

/// More is known of a call that is under way, or more is reserved for it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ToppedUp {
    pub call_id: String,
    /// The whole reservation, not what was added to it.
    pub reserved: Option<Usd>,
    /// Accounts that pay besides those of [`Opened`]: of the deployment, of its provider.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub payers: Vec<Entity>,
    /// What is known of every attempt, the one under way included. If empty, what was known
    /// before stands.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<CostLine>,
}

/// A record, as it is read.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Record {
    Opened(Box<Opened>),
    ToppedUp(ToppedUp),
    Settled(Box<SpendRow>),
}

/// A record, as it is written.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RecordRef<'a> {
    Opened(&'a Opened),
    ToppedUp(&'a ToppedUp),
    Settled(&'a SpendRow),
}

impl Opened {
    pub(super) fn apply(&mut self, more: ToppedUp) {
        self.reserved = more.reserved;
        for payer in more.payers {
            if !self.payers.contains(&payer) {
                self.payers.push(payer);
            }
        }
        if !more.lines.is_empty() {
            self.lines = more.lines;
        }
    }

    /// The row of a call that was cut off. It is charged what is known of its attempts, if each
    /// of them has a price, else its reservation.
    pub(super) fn interrupted(self, ended_ms: i64) -> SpendRow {
        let known: Option<Usd> = self.lines.iter().map(|line| line.cost).sum();
        let known = known.filter(|_| !self.lines.is_empty());
        let used = self.lines.iter().map(|line| line.usage.clone());
        let usage = used.fold(Usage::default(), Usage::plus);
        let last = self.lines.last().cloned().unwrap_or_else(|| CostLine {
            deployment: String::new(),
            provider: String::new(),
            model: String::new(),
            usage: Usage::default(),
            cost: None,
            estimated: true,
        });
        let lines = if known.is_some() {
            self.lines
        } else {
            vec![CostLine {
                usage: usage.clone(),
                cost: self.reserved,
                estimated: true,
                ..last.clone()
            }]
        };
        SpendRow {
            call_id: self.call_id,
            provider_id: None,
            operation: self.operation,
            status: CallStatus::Interrupted,
            started_ms: self.started_ms,
            first_token_ms: None,
            ended_ms: ended_ms.max(self.started_ms),
            key_hash: self.key_hash,
            key_alias: self.key_alias,
            user_id: self.user_id,
            team_id: self.team_id,
            organization_id: self.organization_id,
            end_user: self.end_user,
            tags: self.tags,
            model_group: self.model_group,
            deployment: last.deployment,
            provider: last.provider,
            model: last.model,
            api_base: None,
            usage,
            cost: known.or(self.reserved),
            lines,
            payers: self.payers,
            price_version: self.price_version,
            cache_hit: false,
            session_id: self.session_id,
            client_ip: self.client_ip,
            user_agent: self.user_agent,
            error: Some(CallError {
                status: 500,
                kind: "internal".to_owned(),
                message: "the gateway stopped before the call ended".to_owned(),
            }),
            metadata: None,
            request: None,
            response: None,
        }
    }
}
