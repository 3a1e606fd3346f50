//! LiteLLM's labels, and where their values come from.

use std::sync::Arc;

/// What LiteLLM calls a label without a value.
pub const ABSENT: &str = "None";
/// The value of labels beyond the cap.
pub const REST: &str = "other";

/// A label of LiteLLM's metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Label {
    EndUser,
    User,
    UserEmail,
    Key,
    KeyAlias,
    Team,
    TeamAlias,
    Org,
    OrgAlias,
    RequestedModel,
    Model,
    LitellmModel,
    ModelId,
    ApiBase,
    Provider,
    ModelGroup,
    Route,
    Status,
    ExceptionStatus,
    ExceptionClass,
    ClientIp,
    UserAgent,
    ServiceTier,
}

impl Label {
    pub const ALL: [Self; 23] = [
        Self::EndUser,
        Self::User,
        Self::UserEmail,
        Self::Key,
        Self::KeyAlias,
        Self::Team,
        Self::TeamAlias,
        Self::Org,
        Self::OrgAlias,
        Self::RequestedModel,
        Self::Model,
        Self::LitellmModel,
        Self::ModelId,
        Self::ApiBase,
        Self::Provider,
        Self::ModelGroup,
        Self::Route,
        Self::Status,
        Self::ExceptionStatus,
        Self::ExceptionClass,
        Self::ClientIp,
        Self::UserAgent,
        Self::ServiceTier,
    ];

    /// As Prometheus has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EndUser => "end_user",
            Self::User => "user",
            Self::UserEmail => "user_email",
            Self::Key => "hashed_api_key",
            Self::KeyAlias => "api_key_alias",
            Self::Team => "team",
            Self::TeamAlias => "team_alias",
            Self::Org => "org_id",
            Self::OrgAlias => "org_alias",
            Self::RequestedModel => "requested_model",
            Self::Model => "model",
            Self::LitellmModel => "litellm_model_name",
            Self::ModelId => "model_id",
            Self::ApiBase => "api_base",
            Self::Provider => "api_provider",
            Self::ModelGroup => "model_group",
            Self::Route => "route",
            Self::Status => "status_code",
            Self::ExceptionStatus => "exception_status",
            Self::ExceptionClass => "exception_class",
            Self::ClientIp => "client_ip",
            Self::UserAgent => "user_agent",
            Self::ServiceTier => "service_tier",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == name)
    }
}

/// Whose calls: what a key check knows of their holder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Who {
    /// The hash of the key.
    pub key: Option<Arc<str>>,
    pub key_alias: Option<Arc<str>>,
    pub team: Option<Arc<str>>,
    pub team_alias: Option<Arc<str>>,
    pub user: Option<Arc<str>>,
    pub user_email: Option<Arc<str>>,
    pub organization: Option<Arc<str>>,
    pub organization_alias: Option<Arc<str>>,
}

impl Who {
    /// Everybody beyond the cap.
    pub(super) fn rest() -> Self {
        let rest = || Some(Arc::from(REST));
        Self {
            key: rest(),
            key_alias: rest(),
            team: rest(),
            team_alias: rest(),
            user: rest(),
            user_email: rest(),
            organization: rest(),
            organization_alias: rest(),
        }
    }

    pub(super) fn value(&self, label: Label) -> Option<&str> {
        match label {
            Label::Key => self.key.as_deref(),
            Label::KeyAlias => self.key_alias.as_deref(),
            Label::Team => self.team.as_deref(),
            Label::TeamAlias => self.team_alias.as_deref(),
            Label::User => self.user.as_deref(),
            Label::UserEmail => self.user_email.as_deref(),
            Label::Org => self.organization.as_deref(),
            Label::OrgAlias => self.organization_alias.as_deref(),
            _ => None,
        }
    }
}

/// The deployment of an attempt.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Site {
    /// The id of the deployment.
    pub id: Option<Arc<str>>,
    pub provider: Option<Arc<str>>,
    /// As the config has it, without the provider; a pattern stays one.
    pub model: Option<Arc<str>>,
    pub api_base: Option<Arc<str>>,
}

impl Site {
    pub(super) fn rest() -> Self {
        let rest = || Some(Arc::from(REST));
        Self {
            id: rest(),
            provider: rest(),
            model: rest(),
            api_base: rest(),
        }
    }

    pub(super) fn value(&self, label: Label) -> Option<&str> {
        match label {
            Label::ModelId => self.id.as_deref(),
            Label::Provider => self.provider.as_deref(),
            Label::LitellmModel => self.model.as_deref(),
            Label::ApiBase => self.api_base.as_deref(),
            _ => None,
        }
    }
}

/// What only a config that asks for it makes a label: each of them is as many series as clients
/// make up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Extra {
    pub end_user: Option<Arc<str>>,
    pub client_ip: Option<Arc<str>>,
    pub user_agent: Option<Arc<str>>,
    /// Of `custom_prometheus_metadata_labels`, in their order.
    pub custom: Vec<Option<Arc<str>>>,
}

impl Extra {
    pub(super) fn rest() -> Self {
        let rest = || Some(Arc::from(REST));
        Self {
            end_user: rest(),
            client_ip: rest(),
            user_agent: rest(),
            custom: Vec::new(),
        }
    }

    pub(super) fn value(&self, label: Label) -> Option<&str> {
        match label {
            Label::EndUser => self.end_user.as_deref(),
            Label::ClientIp => self.client_ip.as_deref(),
            Label::UserAgent => self.user_agent.as_deref(),
            _ => None,
        }
    }
}

/// Appends `name="value"`, with a comma before it where it is not the first.
pub fn push(out: &mut String, name: &str, value: &str) {
    if !out.is_empty() {
        out.push(',');
    }
    out.push_str(name);
    out.push_str("=\"");
    for letter in value.chars() {
        match letter {
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            '\n' => out.push_str("\\n"),
            other => out.push(other),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_label_is_read_back_from_its_name() {
        for label in Label::ALL {
            assert_eq!(Label::parse(label.as_str()), Some(label));
        }
        assert_eq!(Label::parse("weather"), None);
    }

    #[test]
    fn a_value_with_quotes_and_lines_breaks_no_line() {
        let mut out = String::new();
        push(&mut out, "a", "x\"y\\z\nw");
        push(&mut out, "b", "");
        assert_eq!(out, r#"a="x\"y\\z\nw",b="""#);
    }
}
