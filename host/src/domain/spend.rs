//! What one call cost and who pays: the row that the journal keeps and the database stores.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Entity, EntityKind, Usage, Usd, entity};

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallStatus {
    Success,
    Failure,
    /// Cut off: the gateway died, or the client left before the usage was known.
    Interrupted,
}

/// One attempt's part of the bill.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CostLine {
    pub deployment: String,
    pub provider: String,
    /// As the provider knows it.
    pub model: String,
    pub usage: Usage,
    /// None: the price is unknown, which is not the same as free.
    pub cost: Option<Usd>,
    /// The usage is an estimate: the provider named none.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub estimated: bool,
    /// Accounts of the model group that was asked, which pay for its own lines only. None: the call
    /// never left its group, and they pay for all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of_group: Option<Vec<Entity>>,
}

/// One call. Times are milliseconds since 1970 in UTC.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SpendRow {
    /// Ours, never the provider's: two answers with one provider id are two rows.
    pub call_id: String,
    /// The answer's `id`, as the provider gave it.
    pub provider_id: Option<String>,
    /// `chat`, `embeddings`, …
    pub operation: String,
    pub status: CallStatus,
    pub started_ms: i64,
    pub first_token_ms: Option<i64>,
    pub ended_ms: i64,
    /// `litellm_proxy_master_key` for the master key.
    pub key_hash: String,
    pub key_alias: Option<String>,
    pub user_id: Option<String>,
    pub team_id: Option<String>,
    pub organization_id: Option<String>,
    pub end_user: Option<String>,
    pub tags: Vec<String>,
    pub model_group: String,
    /// Of the attempt that answered, else of the last one; empty before the first.
    pub deployment: String,
    pub provider: String,
    pub model: String,
    pub api_base: Option<String>,
    /// Sum over the lines.
    pub usage: Usage,
    /// Sum over the lines; None if any line's price is unknown.
    pub cost: Option<Usd>,
    pub lines: Vec<CostLine>,
    /// Every account that pays `cost`, each once.
    pub payers: Vec<Entity>,
    /// The version of the price table that was used.
    pub price_version: String,
    pub cache_hit: bool,
    pub session_id: Option<String>,
    pub client_ip: Option<String>,
    pub user_agent: Option<String>,
    /// Status and message of a failure.
    pub error: Option<CallError>,
    /// The caller's `metadata`, and what else LiteLLM keeps there.
    pub metadata: Option<Box<RawValue>>,
    /// The choices of deployments that were made for it, where the row alone does not tell them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Box<RawValue>>,
}

/// What a client sent and was sent in one call. It stands beside the row, never in it: a call is
/// booked with or without its bodies.
#[derive(Debug, Clone)]
pub struct CallBodies {
    /// Of the row.
    pub call_id: String,
    /// As the row has it, in milliseconds since 1970: bodies go when rows of that time go.
    pub started_ms: i64,
    pub request: Option<Box<RawValue>>,
    pub response: Option<Box<RawValue>>,
}

impl CostLine {
    /// Whether this payer pays for it: of deployments and providers, the one that it was sent to;
    /// of the accounts of model groups, those of the group that was asked.
    pub fn is_of(&self, kind: EntityKind, id: &str) -> bool {
        match (kind, &self.of_group) {
            (EntityKind::Deployment, _) => self.deployment == id,
            (EntityKind::Provider, _) => self.provider == id,
            (_, Some(own)) if is_of_models(kind, id) => {
                own.iter().any(|it| it.kind == kind && *it.id == *id)
            }
            _ => true,
        }
    }
}

impl SpendRow {
    /// What of the cost is this payer's: of a deployment, of a provider and of a model group's
    /// accounts, its own lines; of everybody else, all of it. None: a price is unknown, so nobody
    /// pays.
    pub fn share_of(&self, payer: &Entity) -> Option<Usd> {
        self.share(payer.kind, &payer.id)
    }

    /// The same of a payer by its kind and id.
    pub fn share(&self, kind: EntityKind, id: &str) -> Option<Usd> {
        let whole = self.cost?;
        let own = match kind {
            EntityKind::Deployment | EntityKind::Provider => true,
            _ => is_of_models(kind, id) && self.lines.iter().any(|it| it.of_group.is_some()),
        };
        if !own || self.lines.is_empty() {
            return Some(whole);
        }
        let mut lines = self.lines.iter().filter(|line| line.is_of(kind, id));
        lines.try_fold(Usd::ZERO, |sum, line| Some(sum + line.cost?))
    }
}

/// Whether an account is one of model groups: it pays for what its groups were asked.
fn is_of_models(kind: EntityKind, id: &str) -> bool {
    kind == EntityKind::AccessGroup || entity::is_part(id)
}

/// What went wrong, as the client was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallError {
    pub status: u16,
    /// The error kind of the plugin contract.
    pub kind: String,
    pub message: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn line(cost: i128, of_group: Option<Vec<Entity>>) -> CostLine {
        CostLine {
            deployment: String::new(),
            provider: String::new(),
            model: String::new(),
            usage: Usage::default(),
            cost: Some(Usd::from_pico(cost)),
            estimated: false,
            of_group,
        }
    }

    #[test]
    fn accounts_of_a_model_pay_for_its_own_lines_where_a_call_went_to_several() {
        let key = Entity::new(EntityKind::Key, "k");
        let (asked, other) = (key.of_model("asked"), key.of_model("other"));
        let group = Entity::new(EntityKind::AccessGroup, "best");
        let share = |lines: &[CostLine], payer: &Entity| {
            let row: SpendRow = serde_json::from_value(json!({
                "call_id": "c", "operation": "chat", "status": "success", "started_ms": 1,
                "ended_ms": 2, "key_hash": "k", "tags": [], "model_group": "asked",
                "deployment": "", "provider": "", "model": "", "usage": Usage::default(),
                "cost": Usd::from_pico(100), "lines": lines, "payers": [], "price_version": "v",
                "cache_hit": false
            }))
            .unwrap();
            row.share_of(payer).map(Usd::pico)
        };
        let stayed = [line(30, None), line(70, None)];
        let moved = [
            line(30, Some(vec![asked.clone()])),
            line(70, Some(vec![other.clone(), group.clone()])),
        ];
        let left = [line(100, Some(Vec::new()))];
        for (payer, expected) in [
            (&key, [100, 100, 100]),
            (&asked, [100, 30, 0]),
            (&other, [100, 70, 0]),
            (&group, [100, 70, 0]),
        ] {
            let shares = [&stayed[..], &moved, &left].map(|it| share(it, payer));
            assert_eq!(shares, expected.map(Some), "{payer}");
        }
    }
}
