//! Virtual keys: made, changed, shown, listed, replaced, deleted.

mod apply;
mod auto;
mod bulk;
mod delete;
mod fields;
mod generate;
mod health;
mod info;
mod list;
mod lookup;
mod policy;
mod rotate;
mod scope;
mod throughput;
mod update;
mod view;

pub(super) use apply::{limits as apply_limits, metadata as apply_metadata};
pub(super) use bulk::{bulk_update, team_bulk_update};
pub(super) use delete::{block, delete, unblock};
pub(super) use fields::{IN_METADATA, LIMITS};
pub(super) use generate::{Plan, generate, generate_service_account, make};
pub(super) use health::health;
pub(super) use info::{info, info_of_many};
pub(super) use list::{aliases, list};
pub(super) use lookup::id as key_id;
pub(super) use rotate::{regenerate, reset_spend};
pub(super) use scope::{admins_only, keeps_denied, keeps_guardrails, references, unknown};
pub(super) use update::update;
pub(super) use view::{
    Views, budgets_of, dollars, limits as show_limits, metadata as show_metadata,
};
