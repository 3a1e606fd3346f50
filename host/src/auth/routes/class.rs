//! Classes of routes, and which role passes which.

use http::Method;

use super::super::caller::Role;

pub(super) const GET: u8 = 1;
pub(super) const POST: u8 = 2;
pub(super) const PUT: u8 = 4;
pub(super) const PATCH: u8 = 8;
pub(super) const DELETE: u8 = 16;
/// A POST that changes nothing: a question that does not fit into a query.
pub(super) const ASK: u8 = 32;
pub(super) const ANY: u8 = GET | POST | PUT | PATCH | DELETE;

/// Whom a route is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Gate {
    /// Needs no key.
    Public,
    /// Calls of models: any key.
    Llm,
    /// Any key; answers hold what the caller owns.
    Info,
    /// Users for what is theirs; the handler asks whose it is.
    Own,
    /// Users who may be the admin of a team; the handler asks of which.
    TeamAdmin,
    /// Admins of an organisation; the handler asks of which.
    OrgAdmin,
    /// The operator and proxy admins; the viewer for what only reads.
    Admin,
    /// The master key only.
    Master,
}

impl Gate {
    pub const ALL: [Self; 8] = [
        Self::Public,
        Self::Llm,
        Self::Info,
        Self::Own,
        Self::TeamAdmin,
        Self::OrgAdmin,
        Self::Admin,
        Self::Master,
    ];

    /// Whether a role passes. The operator itself passes every gate and is not asked.
    pub const fn lets_in(self, role: Role, reads: bool) -> bool {
        match self {
            Self::Public | Self::Llm => true,
            Self::Info => !matches!(role, Role::Customer),
            Self::Own => match role {
                Role::ProxyAdmin | Role::OrgAdmin | Role::InternalUser => true,
                Role::ProxyAdminViewer | Role::InternalUserViewer => reads,
                Role::Team | Role::Customer => false,
            },
            Self::TeamAdmin => match role {
                Role::ProxyAdmin | Role::OrgAdmin | Role::InternalUser => true,
                Role::ProxyAdminViewer => reads,
                Role::InternalUserViewer | Role::Team | Role::Customer => false,
            },
            Self::OrgAdmin => match role {
                Role::ProxyAdmin | Role::OrgAdmin => true,
                Role::ProxyAdminViewer => reads,
                _ => false,
            },
            Self::Admin => match role {
                Role::ProxyAdmin => true,
                Role::ProxyAdminViewer => reads,
                _ => false,
            },
            Self::Master => false,
        }
    }
}

/// What a route is about: the groups of `allowed_routes` are made of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Area {
    OpenAi,
    Anthropic,
    Google,
    PassThrough,
    Guardrail,
    Utility,
    Key,
    User,
    Invitation,
    Team,
    Organization,
    Customer,
    Budget,
    Tag,
    AccessGroup,
    Model,
    ModelInfo,
    Credential,
    Spend,
    GlobalSpend,
    Health,
    Cache,
    Config,
    Audit,
    Plugins,
    Login,
    Ui,
}

/// One route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Class {
    pub area: Area,
    pub gate: Gate,
    /// Changes nothing.
    pub reads: bool,
}

/// Whether a set of methods holds this one, and whether it only reads then.
pub(super) fn method_in(set: u8, method: &Method) -> Option<bool> {
    let bit = match *method {
        Method::GET | Method::HEAD => return (set & GET != 0).then_some(true),
        Method::POST if set & ASK != 0 => return Some(true),
        Method::POST => POST,
        Method::PUT => PUT,
        Method::PATCH => PATCH,
        Method::DELETE => DELETE,
        _ => return None,
    };
    (set & bit != 0).then_some(false)
}

/// A group of routes as `allowed_routes` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RouteGroup(&'static str);

/// Names of groups, LiteLLM's.
const GROUPS: &[&str] = &[
    "llm_api_routes",
    "openai_routes",
    "anthropic_routes",
    "google_routes",
    "mapped_pass_through_routes",
    "apply_guardrail_routes",
    "info_routes",
    "management_routes",
    "key_management_routes",
    "spend_tracking_routes",
    "global_spend_tracking_routes",
    "internal_user_routes",
    "public_routes",
    "ui_routes",
];

impl RouteGroup {
    pub(super) fn parse(name: &str) -> Option<Self> {
        let name = name.strip_prefix("LiteLLMRoutes.").unwrap_or(name);
        GROUPS.iter().find(|it| **it == name).map(|it| Self(it))
    }

    pub(super) fn holds(self, class: Class) -> bool {
        let Class { area, gate, reads } = class;
        match self.0 {
            "llm_api_routes" => gate == Gate::Llm || area == Area::ModelInfo,
            "openai_routes" => area == Area::OpenAi,
            "anthropic_routes" => area == Area::Anthropic,
            "google_routes" => area == Area::Google,
            "mapped_pass_through_routes" => area == Area::PassThrough,
            "apply_guardrail_routes" => area == Area::Guardrail && gate == Gate::Llm,
            "info_routes" => gate == Gate::Info || (area == Area::OpenAi && reads),
            "management_routes" => is_management(area) && gate != Gate::Llm,
            "key_management_routes" => area == Area::Key,
            "spend_tracking_routes" => area == Area::Spend,
            "global_spend_tracking_routes" => area == Area::GlobalSpend,
            "internal_user_routes" => gate.lets_in(Role::InternalUser, reads) && gate != Gate::Llm,
            "public_routes" => gate == Gate::Public,
            "ui_routes" => matches!(area, Area::Ui | Area::Login) || gate == Gate::Info,
            _ => false,
        }
    }
}

const fn is_management(area: Area) -> bool {
    matches!(
        area,
        Area::Key
            | Area::User
            | Area::Invitation
            | Area::Team
            | Area::Organization
            | Area::Customer
            | Area::Budget
            | Area::Tag
            | Area::AccessGroup
            | Area::Model
            | Area::ModelInfo
            | Area::Credential
    )
}
