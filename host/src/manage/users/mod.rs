//! Users: people and services, their roles, and how they get in.

mod bulk;
mod create;
mod delete;
mod fields;
mod info;
mod list;
mod password;
mod roles;
mod sso;
mod update;
mod view;

pub(super) use bulk::bulk_update;
pub(super) use create::{by_email, create};
pub(super) use delete::delete;
pub(super) use fields::check_email;
pub(super) use info::{info, info_v2};
pub(super) use list::{available, filter_ui, list};
pub(super) use password::change as change_password;
pub(super) use password::check as check_password;
pub use password::{hash_password, verify_password};
pub(super) use roles::available as available_roles;
pub use sso::SsoPerson;
pub(super) use update::update;
pub(super) use view::show_all;
