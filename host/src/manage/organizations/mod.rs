//! Organisations: teams and users under one budget, and who administers them.

mod edit;
mod info;
mod members;
mod view;

pub(super) use edit::{create, delete, update};
pub(super) use info::{info, info_of_many, list};
pub(super) use members::{
    add as member_add, delete as member_delete, join, leave, update as member_update,
};
