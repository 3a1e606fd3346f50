//! The table of every operation, for a door to map to routes in one loop.

use std::future::Future;
use std::pin::Pin;

use super::{Answer, Input, Manage, keys};
use crate::auth::Caller;

/// The HTTP method of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

/// One operation, called with a proven caller.
pub type Op = for<'a> fn(
    &'a Manage,
    &'a Caller,
    Input,
) -> Pin<Box<dyn Future<Output = Answer> + Send + 'a>>;

/// Method, path and what it does. Parts of a path stand in braces; a key may hold no slash.
pub type Operation = (Method, &'static str, Op);

/// An async function as a plain one.
macro_rules! op {
    ($($name:ident)::+) => {
        |manage, caller, input| Box::pin($($name)::+(manage, caller, input))
    };
}

use Method::{Get, Post};

/// Every operation with its LiteLLM path.
pub const OPERATIONS: &[Operation] = &[
    (Post, "/key/generate", op!(keys::generate)),
    (Post, "/key/service-account/generate", op!(keys::generate_service_account)),
    (Post, "/key/update", op!(keys::update)),
    (Post, "/key/bulk_update", op!(keys::bulk_update)),
    (Post, "/team/key/bulk_update", op!(keys::team_bulk_update)),
    (Post, "/key/delete", op!(keys::delete)),
    (Get, "/key/info", op!(keys::info)),
    (Post, "/v2/key/info", op!(keys::info_of_many)),
    (Get, "/key/list", op!(keys::list)),
    (Get, "/key/aliases", op!(keys::aliases)),
    (Post, "/key/block", op!(keys::block)),
    (Post, "/key/unblock", op!(keys::unblock)),
    (Post, "/key/regenerate", op!(keys::regenerate)),
    (Post, "/key/{key}/regenerate", op!(keys::regenerate)),
    (Post, "/key/{key}/reset_spend", op!(keys::reset_spend)),
];
