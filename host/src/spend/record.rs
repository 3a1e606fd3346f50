//! What the journal writes down of a call.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::domain::{CallError, CallStatus, CostLine, Entity, SpendRow, Usage, Usd};

/// A call has begun: what is needed to charge it if nothing more is ever heard of it. It borrows
/// from whoever holds the call, as it is only written down.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Opened<'a> {
    pub call_id: Cow<'a, str>,
    pub operation: Cow<'a, str>,
    /// Milliseconds since 1970 in UTC.
    pub started_ms: i64,
    pub key_hash: Cow<'a, str>,
    pub key_alias: Option<Cow<'a, str>>,
    pub user_id: Option<Cow<'a, str>>,
    pub team_id: Option<Cow<'a, str>>,
    pub organization_id: Option<Cow<'a, str>>,
    pub end_user: Option<Cow<'a, str>>,
    pub tags: Cow<'a, [String]>,
    pub model_group: Cow<'a, str>,
    pub payers: Cow<'a, [Entity]>,
    /// None: the price is unknown.
    pub reserved: Option<Usd>,
    pub price_version: Cow<'a, str>,
    pub session_id: Option<Cow<'a, str>>,
    pub client_ip: Option<Cow<'a, str>>,
    pub user_agent: Option<Cow<'a, str>>,
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
    Opened(Box<Opened<'static>>),
    ToppedUp(ToppedUp),
    Settled(Box<SpendRow>),
}

/// A record, as it is written.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RecordRef<'a> {
    Opened(&'a Opened<'a>),
    ToppedUp(&'a ToppedUp),
    Settled(&'a SpendRow),
}

/// A record from its payload; None: it is none of ours.
pub(super) fn read(payload: &[u8]) -> Option<Record> {
    serde_json::from_slice(payload).ok()
}

impl ToppedUp {
    /// Both as one.
    pub(super) fn then(&mut self, more: Self) {
        self.reserved = more.reserved;
        add(&mut self.payers, more.payers);
        if !more.lines.is_empty() {
            self.lines = more.lines;
        }
    }
}

impl Opened<'_> {
    pub(super) fn apply(&mut self, more: ToppedUp) {
        self.reserved = more.reserved;
        add(self.payers.to_mut(), more.payers);
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
            of_group: None,
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
            call_id: self.call_id.into_owned(),
            provider_id: None,
            operation: self.operation.into_owned(),
            status: CallStatus::Interrupted,
            started_ms: self.started_ms,
            first_token_ms: None,
            ended_ms: ended_ms.max(self.started_ms),
            key_hash: self.key_hash.into_owned(),
            key_alias: owned(self.key_alias),
            user_id: owned(self.user_id),
            team_id: owned(self.team_id),
            organization_id: owned(self.organization_id),
            end_user: owned(self.end_user),
            tags: self.tags.into_owned(),
            model_group: self.model_group.into_owned(),
            deployment: last.deployment,
            provider: last.provider,
            model: last.model,
            api_base: None,
            usage,
            cost: known.or(self.reserved),
            lines,
            payers: self.payers.into_owned(),
            price_version: self.price_version.into_owned(),
            cache_hit: false,
            session_id: owned(self.session_id),
            client_ip: owned(self.client_ip),
            user_agent: owned(self.user_agent),
            error: Some(CallError {
                status: 500,
                kind: "internal".to_owned(),
                message: "the gateway stopped before the call ended".to_owned(),
            }),
            metadata: None,
            why: None,
        }
    }
}

/// Each payer once.
fn add(payers: &mut Vec<Entity>, more: Vec<Entity>) {
    for payer in more {
        if !payers.contains(&payer) {
            payers.push(payer);
        }
    }
}

fn owned(text: Option<Cow<'_, str>>) -> Option<String> {
    text.map(Cow::into_owned)
}
