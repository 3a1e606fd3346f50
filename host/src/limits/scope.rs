//! What is counted apart, what it may do, and what is left of that.

use std::fmt;
use std::sync::Arc;

/// What kind of thing a limit is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ScopeKind {
    Key,
    User,
    Team,
    TeamMember,
    EndUser,
    Organization,
    ModelPerKey,
    ModelPerUser,
    ModelPerTeam,
    ModelPerOrganization,
    Model,
    Tag,
    /// A tag in the calls of one key.
    TagPerKey,
    Deployment,
    /// The whole gateway; its id is empty.
    Gateway,
}

impl ScopeKind {
    pub const ALL: [Self; 15] = [
        Self::Key,
        Self::User,
        Self::Team,
        Self::TeamMember,
        Self::EndUser,
        Self::Organization,
        Self::ModelPerKey,
        Self::ModelPerUser,
        Self::ModelPerTeam,
        Self::ModelPerOrganization,
        Self::Model,
        Self::Tag,
        Self::TagPerKey,
        Self::Deployment,
        Self::Gateway,
    ];

    /// As LiteLLM writes it in headers and errors.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Key => "api_key",
            Self::User => "user",
            Self::Team => "team",
            Self::TeamMember => "team_member",
            Self::EndUser => "end_user",
            Self::Organization => "organization",
            Self::ModelPerKey => "model_per_key",
            Self::ModelPerUser => "model_per_user",
            Self::ModelPerTeam => "model_per_team",
            Self::ModelPerOrganization => "model_per_organization",
            Self::Model => "model",
            Self::Tag => "tag",
            Self::TagPerKey => "tag_per_key",
            Self::Deployment => "deployment",
            Self::Gateway => "gateway",
        }
    }
}

/// One thing that is counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Scope {
    pub kind: ScopeKind,
    /// A key's hash, a team's id, `<team id>/<user id>` of a member, a model's or a tag's name,
    /// `<key's hash>:<tag>`.
    pub id: Arc<str>,
    /// Of the scopes that are per model.
    pub model: Option<Arc<str>>,
}

impl Scope {
    pub fn new(kind: ScopeKind, id: impl Into<Arc<str>>) -> Self {
        Self {
            kind,
            id: id.into(),
            model: None,
        }
    }

    #[must_use]
    pub fn on_model(mut self, model: impl Into<Arc<str>>) -> Self {
        self.model = Some(model.into());
        self
    }
}

/// As LiteLLM's errors name it: `api_key: <hash>`, `model_per_key: <hash>:<model>`.
impl fmt::Display for Scope {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.kind.as_str(), self.id)?;
        match &self.model {
            Some(model) => write!(out, ":{model}"),
            None => Ok(()),
        }
    }
}

/// What a scope may do. None: no limit. 0: nothing at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// `rpm_limit`: calls begun in a window of a minute.
    pub requests_per_minute: Option<u64>,
    /// `tpm_limit`: tokens in such a window.
    pub tokens_per_minute: Option<u64>,
    /// `tpd_limit`: tokens in a window of a day.
    pub tokens_per_day: Option<u64>,
    /// `max_parallel_requests`: calls at once.
    pub max_parallel_requests: Option<u64>,
}

impl Limits {
    /// Whether there is nothing to count.
    pub const fn is_none(&self) -> bool {
        self.requests_per_minute.is_none()
            && self.tokens_per_minute.is_none()
            && self.tokens_per_day.is_none()
            && self.max_parallel_requests.is_none()
    }
}

/// One limit and what is left of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remaining {
    pub limit: u64,
    pub remaining: u64,
}

/// What is left to a scope in its window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub scope: Scope,
    pub requests: Option<Remaining>,
    pub tokens: Option<Remaining>,
    pub tokens_of_day: Option<Remaining>,
    /// When the minute's window ends, in milliseconds since 1970.
    pub resets_at_ms: i64,
}

impl Standing {
    /// Response headers in LiteLLM's form: `x-ratelimit-api_key-remaining-tokens`.
    pub fn headers(&self) -> impl Iterator<Item = (String, u64)> {
        let kind = self.scope.kind.as_str();
        let all = [
            ("requests", self.requests),
            ("tokens", self.tokens),
            ("tokens-per-day", self.tokens_of_day),
        ];
        all.into_iter()
            .filter_map(|(what, left)| Some((what, left?)))
            .flat_map(move |(what, left)| {
                [
                    (format!("x-ratelimit-{kind}-limit-{what}"), left.limit),
                    (
                        format!("x-ratelimit-{kind}-remaining-{what}"),
                        left.remaining,
                    ),
                ]
            })
    }
}
