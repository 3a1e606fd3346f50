//! What one key check needs, resolved once and shared by every call of the key: who holds it,
//! what it may use, what limits it and who pays. Plain fields, so that each service takes what
//! it needs and none of them has to know the database.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::caller::Role;
use super::network::Networks;
use crate::domain::{Entity, KeyHash, Usd};

/// The resolved rights of a virtual key, or of a token of an identity provider.
#[derive(Debug, Clone, PartialEq)]
pub struct Grant {
    pub role: Role,
    /// None: a token, not a key.
    pub key: Option<KeyPart>,
    pub user: Option<UserPart>,
    pub team: Option<TeamPart>,
    /// The user inside the team, where the two meet.
    pub member: Option<MemberPart>,
    pub organization: Option<OrganizationPart>,
    /// What a token says beside the rows that it names; None: a key.
    pub token: Option<TokenPart>,
    /// The customer whom a token names.
    pub end_user: Option<Arc<str>>,
    /// Rate limits, one entry a holder that has any.
    pub limits: Vec<LimitTerm>,
    /// Budgets of everyone on the path, soft ones too.
    pub budgets: Vec<BudgetTerm>,
    /// Of the key and the team.
    pub tags: Vec<Arc<str>>,
    /// Of the key and the team.
    pub guardrails: Vec<Arc<str>>,
    /// The key or its team goes without the guardrails that look at every call
    /// (`disable_global_guardrails`).
    pub disables_global_guardrails: bool,
    /// Members that a body must have, of the key and the team.
    pub enforced_params: Vec<Arc<str>>,
    /// What the key may say of the cache (`allowed_cache_controls`); empty: everything.
    pub cache_controls: Vec<Arc<str>>,
    /// `router_settings` of the team, and over them the key's. None: neither has any.
    pub router_settings: Option<Arc<Map<String, Value>>>,
    /// Names of model access groups that are rows of the database, and what is in them.
    pub access_groups: Vec<AccessGroup>,
    /// What this snapshot was read from: a change of any of them makes it stale.
    pub sources: Vec<Source>,
}

/// A row that a grant was read from, as the notices between replicas name it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Source {
    /// `key`, `user`, `team`, `team_member`, `organization`, `budget`, `access_group`, …
    pub kind: Arc<str>,
    pub id: Arc<str>,
}

impl Source {
    pub fn new(kind: impl Into<Arc<str>>, id: impl Into<Arc<str>>) -> Self {
        Self {
            kind: kind.into(),
            id: id.into(),
        }
    }
}

/// The virtual key itself.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyPart {
    pub hash: KeyHash,
    pub alias: Option<Arc<str>>,
    /// `sk-...` and the last four characters.
    pub name: Arc<str>,
    /// Empty: what the team, else the user, may use.
    pub models: Vec<Arc<str>>,
    pub aliases: Vec<(Arc<str>, Arc<str>)>,
    /// By model: those that are asked when the key's budget for it is spent.
    pub budget_fallbacks: Vec<(Arc<str>, Vec<Arc<str>>)>,
    /// Groups of models, by the name of the group.
    pub access_groups: Vec<Arc<str>>,
    pub allowed_routes: Vec<Arc<str>>,
    pub key_type: KeyType,
    /// Milliseconds since 1970.
    pub expires_at_ms: Option<i64>,
    /// The caller used the key from before a rotation, which ends at this time.
    pub superseded_until_ms: Option<i64>,
    pub blocked: bool,
    /// `allowed_ips` of the key; none: from everywhere.
    pub allowed_ips: Option<Networks>,
    pub metadata: Map<String, Value>,
    pub permissions: Map<String, Value>,
}

/// Which routes a key is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum KeyType {
    #[default]
    Default,
    LlmApi,
    Management,
    ReadOnly,
}

impl KeyType {
    /// As the API writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::LlmApi => "llm_api",
            Self::Management => "management",
            Self::ReadOnly => "read_only",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [
            Self::Default,
            Self::LlmApi,
            Self::Management,
            Self::ReadOnly,
        ]
        .into_iter()
        .find(|it| it.as_str() == text)
    }
}

/// What a token of an identity provider says beside the rows that it names.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TokenPart {
    /// Routes that the token is for; empty: what its role may.
    pub routes: Vec<Arc<str>>,
    /// Models that its scopes are for; empty: every one.
    pub models: Vec<Arc<str>>,
    /// The same holder in the other teams that the token names.
    pub other_teams: Vec<Arc<Grant>>,
}

/// The person or service behind a key.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct UserPart {
    pub id: Arc<str>,
    pub alias: Option<Arc<str>>,
    pub email: Option<Arc<str>>,
    pub models: Vec<Arc<str>>,
    pub metadata: Map<String, Value>,
    pub blocked: bool,
}

/// The team a key belongs to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TeamPart {
    pub id: Arc<str>,
    pub alias: Option<Arc<str>>,
    pub organization_id: Option<Arc<str>>,
    pub models: Vec<Arc<str>>,
    pub aliases: Vec<(Arc<str>, Arc<str>)>,
    pub access_groups: Vec<Arc<str>>,
    pub blocked: bool,
    pub metadata: Map<String, Value>,
}

/// The user inside the team of the key.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MemberPart {
    /// Models the member's budget is for; empty: every one of the team.
    pub models: Vec<Arc<str>>,
}

/// The organisation above the team.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OrganizationPart {
    pub id: Arc<str>,
    pub alias: Option<Arc<str>>,
    pub models: Vec<Arc<str>>,
    pub metadata: Map<String, Value>,
    pub blocked: bool,
}

/// An access group of the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessGroup {
    pub name: Arc<str>,
    pub models: Vec<Arc<str>>,
}

/// Rate limits of one holder. None is no limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitTerm {
    pub entity: Entity,
    /// Requests a minute.
    pub rpm: Option<u64>,
    /// Tokens a minute.
    pub tpm: Option<u64>,
    /// Tokens a day.
    pub tpd: Option<u64>,
    pub parallel: Option<u64>,
    /// Requests a minute by model.
    pub model_rpm: Vec<(Arc<str>, u64)>,
    /// Tokens a minute by model.
    pub model_tpm: Vec<(Arc<str>, u64)>,
    /// Requests a minute by tag; of keys.
    pub tag_rpm: Vec<(Arc<str>, u64)>,
}

/// One budget of one holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BudgetTerm {
    pub entity: Entity,
    pub window: BudgetWindow,
    /// None with a soft budget: only reported.
    pub max: Option<Usd>,
    pub soft: Option<Usd>,
    /// `30d`, `1mo`, `daily`, … None: it never resets.
    pub duration: Option<Arc<str>>,
    /// When the running window ends, in milliseconds since 1970, where a row says so.
    pub reset_at_ms: Option<i64>,
    /// `temp_budget_increase`, and when it ends in milliseconds since 1970.
    pub increase: Option<(Usd, i64)>,
}

/// Which of a holder's budgets it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BudgetWindow {
    /// `max_budget`.
    Whole,
    /// One entry of `budget_limits`.
    Limit,
    /// One entry of `model_max_budget`.
    Model(Arc<str>),
}

impl KeyPart {
    /// `permissions.get_spend_routes`, which opens the reports below `/global/spend`.
    pub(super) fn opens_spend(&self) -> bool {
        let said = self.permissions.get("get_spend_routes");
        said.and_then(Value::as_bool).unwrap_or(false)
    }
}

impl Grant {
    /// A grant that allows nothing beyond its role: the start of every other one.
    pub(super) const fn bare(role: Role) -> Self {
        Self {
            role,
            key: None,
            user: None,
            team: None,
            member: None,
            organization: None,
            token: None,
            end_user: None,
            limits: Vec::new(),
            budgets: Vec::new(),
            tags: Vec::new(),
            guardrails: Vec::new(),
            disables_global_guardrails: false,
            enforced_params: Vec::new(),
            cache_controls: Vec::new(),
            router_settings: None,
            access_groups: Vec::new(),
            sources: Vec::new(),
        }
    }

    /// About how many bytes it holds in memory.
    pub fn weight(&self) -> usize {
        /// A `Vec` of names costs a pointer pair, two counts and the text for each.
        fn names(list: &[Arc<str>]) -> usize {
            list.iter().map(|it| it.len().saturating_add(32)).sum()
        }
        fn object(map: &Map<String, Value>) -> usize {
            map.iter()
                .map(|(name, value)| name.len().saturating_add(value_weight(value)))
                .fold(0, |sum, one| sum.saturating_add(one).saturating_add(64))
        }
        fn value_weight(value: &Value) -> usize {
            match value {
                Value::String(text) => text.len().saturating_add(32),
                Value::Array(list) => list
                    .iter()
                    .fold(32, |sum, one| sum.saturating_add(value_weight(one))),
                Value::Object(map) => object(map),
                Value::Null | Value::Bool(_) | Value::Number(_) => 32,
            }
        }
        let mut sum = std::mem::size_of::<Self>();
        let mut add = |bytes: usize| sum = sum.saturating_add(bytes);
        if let Some(key) = &self.key {
            add(names(&key.models));
            add(names(&key.allowed_routes));
            add(names(&key.access_groups));
            add(object(&key.metadata));
            add(object(&key.permissions));
            add(key.aliases.len().saturating_mul(96));
            for (_, list) in &key.budget_fallbacks {
                add(names(list).saturating_add(96));
            }
            add(160);
        }
        if let Some(user) = &self.user {
            add(names(&user.models));
            add(object(&user.metadata));
            add(128);
        }
        if let Some(team) = &self.team {
            add(names(&team.models));
            add(names(&team.access_groups));
            add(object(&team.metadata));
            add(team.aliases.len().saturating_mul(96));
            add(128);
        }
        if let Some(organization) = &self.organization {
            add(names(&organization.models));
            add(object(&organization.metadata));
            add(128);
        }
        let lists = [&self.tags, &self.guardrails, &self.enforced_params];
        for list in lists.into_iter().chain([&self.cache_controls]) {
            add(names(list));
        }
        if let Some(settings) = &self.router_settings {
            add(object(settings));
        }
        for group in &self.access_groups {
            add(names(&group.models).saturating_add(64));
        }
        for term in &self.limits {
            let models = term.model_rpm.len().saturating_add(term.model_tpm.len());
            let parts = models.saturating_add(term.tag_rpm.len());
            add(parts.saturating_mul(64).saturating_add(160));
        }
        add(self.budgets.len().saturating_mul(240));
        add(self.sources.len().saturating_mul(112));
        sum
    }
}
