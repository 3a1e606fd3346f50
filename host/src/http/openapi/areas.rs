//! What routes are about, as the document groups them.

use crate::auth::{Area, Gate};

/// Name and description of each group, in the document's order.
pub const TAGS: &[(&str, &str)] = &[
    ("Models", "OpenAI's API, by every provider"),
    ("Anthropic", "Anthropic's API, by every provider"),
    ("Google", "Google's API, by every provider"),
    ("Pass-through", "providers as they are"),
    ("Guardrails", "who looks at what goes in and out"),
    ("Utilities", "questions about models and requests"),
    ("Keys", "virtual keys"),
    ("Users", "users, invitations, passwords"),
    ("Teams", "teams and their members"),
    ("Organizations", "organisations and their members"),
    ("Customers", "who is called for, also as `end_user`"),
    ("Budgets", "budgets that others name"),
    ("Tags", "tags and what was spent with them"),
    ("Access groups", "models under one name"),
    (
        "Deployments",
        "models and credentials of the database, prices",
    ),
    ("Spend", "calls and what they cost"),
    ("Health", "the gateway, its deployments and services"),
    ("Cache", "answers that are given again"),
    ("Settings", "settings of the file and the database"),
    ("Audit", "who changed what"),
    ("Plugins", "loaded components"),
    ("Sessions", "signing in and out"),
    ("Pages", "the admin UI and this document"),
];

/// The group of an area.
pub const fn tag(area: Area) -> &'static str {
    match area {
        Area::OpenAi => "Models",
        Area::Anthropic => "Anthropic",
        Area::Google => "Google",
        Area::PassThrough => "Pass-through",
        Area::Guardrail => "Guardrails",
        Area::Utility => "Utilities",
        Area::Key => "Keys",
        Area::User | Area::Invitation => "Users",
        Area::Team => "Teams",
        Area::Organization => "Organizations",
        Area::Customer => "Customers",
        Area::Budget => "Budgets",
        Area::Tag => "Tags",
        Area::AccessGroup => "Access groups",
        Area::Model | Area::ModelInfo | Area::Credential => "Deployments",
        Area::Spend | Area::GlobalSpend => "Spend",
        Area::Health => "Health",
        Area::Cache => "Cache",
        Area::Config => "Settings",
        Area::Audit => "Audit",
        Area::Plugins => "Plugins",
        Area::Login => "Sessions",
        Area::Ui => "Pages",
    }
}

/// Who passes, in words.
pub const fn who(gate: Gate) -> &'static str {
    match gate {
        Gate::Public => "Needs no key.",
        Gate::Llm => "Any key that may call models.",
        Gate::Info => "Any key; the answer holds what is the caller's.",
        Gate::Own => "Users, for what is theirs; proxy admins for everything.",
        Gate::TeamAdmin => "Admins of the team, and those above them.",
        Gate::OrgAdmin => "Admins of the organisation, and proxy admins.",
        Gate::Admin => "Proxy admins; their viewers where nothing is changed.",
        Gate::Master => "The master key only.",
    }
}
