//! Who is calling, and what they may: keys and tokens are proven here, and each route, model,
//! address and row is asked for by a function of this room.
//!
//! A [`Caller`] exists only if it was proven. What it may is its [`Grant`], a snapshot that is
//! read from the store once, kept in memory and thrown away when any row that it came from
//! changes. The room knows no HTTP server and chooses no status: refusals are
//! [`crate::domain::Fault`]s.

mod body;
mod caller;
mod customers;
mod door;
#[cfg(test)]
mod door_tests;
mod entrant;
mod grant;
mod headers;
mod jwt;
mod keys;
mod mint;
mod models;
#[cfg(test)]
mod models_tests;
mod network;
mod passing;
#[cfg(test)]
mod passing_tests;
mod refuse;
mod resolve;
mod routes;
mod rows;
#[cfg(test)]
mod rows_tests;
#[cfg(test)]
pub(crate) mod samples;
mod terms;

pub use body::{BodyRules, allow_cache_controls};
pub use caller::{Caller, Role};
pub use customers::allow_for_customer;
pub use door::{Door, Knock};
pub use entrant::Entrant;
pub use grant::{
    AccessGroup, BudgetTerm, BudgetWindow, Grant, KeyPart, KeyType, LimitTerm, MemberPart,
    OrganizationPart, Source, TeamPart, TokenPart, UserPart,
};
pub use headers::{key_of_socket, may_hold_key, query_may_hold_key};
pub use jwt::{Fetch, IdTokens, Issuer, JwtRole, RoleMapping, ScopeMapping, TokenSettings, Tokens};
pub use keys::{
    CACHE_BYTES, CACHE_TTL, GroupBudget, GroupBudgets, Identity, KeySettings, Keys, Named, News,
    OUTAGE_AGE, POLL_EVERY, Payer, Rows, UNKNOWN_TTL, Unreachable,
};
pub use mint::{KEY_BYTES, accept_custom_key, hash_key, key_or_hash, masked, new_key};
pub use models::{
    Catalog, CatalogModel, Resolved, TeamModel, allow_model, choose_team, in_team, visible_groups,
    visible_models,
};
pub use network::{Networks, ProxyTrust};
pub use passing::{Passing, allow_passing, allow_passing_for};
pub use routes::{Area, Class, Gate, Listed, RouteList, RouteRules, all_routes, class_of};
pub use rows::{NewTeam, OwnerRules, StoredKeys};
