//! Teams: groups of users that share models, limits and a budget, and the users' seats in them.

mod callbacks;
mod create;
mod defaults;
mod delete;
mod fields;
mod info;
mod limits;
mod list;
mod members;
mod models;
mod permissions;
mod seats;
mod update;
mod view;

pub(super) use callbacks::{
    add as callback_add, delete as callback_delete, disable as disable_logging,
    show as callback_show,
};
pub(super) use create::create;
pub(super) use delete::{block, delete, remove, unblock};
pub(super) use info::{available, info, me};
pub(super) use limits::rise;
pub(super) use list::{filter_ui, list, list_v2};
pub(super) use members::{
    add as member_add, bulk_add as bulk_member_add, delete as member_delete,
    reset_budget as member_reset_budget, reset_spend as member_reset_spend,
    update as member_update,
};
pub(super) use models::{add as model_add, delete as model_delete};
pub(super) use permissions::{
    bulk_update as permissions_bulk_update, list as permissions_list, update as permissions_update,
};
pub(super) use seats::{Person, Seat, find_person, sit};
pub(super) use update::{patch, update};
pub(super) use view::{Views, show_seat, users_of};
