//! Models in the database: deployments made through the API, and what is told of all of them.

mod edit;
mod info;
mod params;

pub(super) use edit::{block, create, delete, patch, unblock, update};
pub(super) use info::{group_info, info, info_v2};
pub(super) use params::{is_secret, opened};
