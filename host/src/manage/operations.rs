//! The table of every operation, for a door to map to routes in one loop.

use std::future::Future;
use std::pin::Pin;

use super::{
    Answer, Input, Manage, access_groups, audit, budgets, cache, config, credentials, customers,
    group_budgets, guardrails, invitations, keys, models, organizations, prices, tags, teams,
    users,
};
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
pub type Op =
    for<'a> fn(&'a Manage, &'a Caller, Input) -> Pin<Box<dyn Future<Output = Answer> + Send + 'a>>;

/// Method, path and what it does. Parts of a path stand in braces; a key may hold no slash.
pub type Operation = (Method, &'static str, Op);

/// An async function as a plain one.
macro_rules! op {
    ($($name:ident)::+) => {
        |manage, caller, input| Box::pin($($name)::+(manage, caller, input))
    };
}

use Method::{Delete, Get, Patch, Post, Put};

/// Every operation with its LiteLLM path.
pub const OPERATIONS: &[Operation] = &[
    (Post, "/key/generate", op!(keys::generate)),
    (
        Post,
        "/key/service-account/generate",
        op!(keys::generate_service_account),
    ),
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
    (Post, "/key/health", op!(keys::health)),
    (Post, "/team/new", op!(teams::create)),
    (Post, "/team/update", op!(teams::update)),
    (Patch, "/team/{team_id}", op!(teams::patch)),
    (Get, "/team/info", op!(teams::info)),
    (Get, "/team/list", op!(teams::list)),
    (Get, "/v2/team/list", op!(teams::list_v2)),
    (Get, "/team/available", op!(teams::available)),
    (Get, "/team/filter/ui", op!(teams::filter_ui)),
    (Get, "/team/{team_id}/members/me", op!(teams::me)),
    (Post, "/team/delete", op!(teams::delete)),
    (Post, "/team/block", op!(teams::block)),
    (Post, "/team/unblock", op!(teams::unblock)),
    (Post, "/team/member_add", op!(teams::member_add)),
    (Post, "/team/bulk_member_add", op!(teams::bulk_member_add)),
    (Post, "/team/member_update", op!(teams::member_update)),
    (Post, "/team/member_delete", op!(teams::member_delete)),
    (Post, "/team/model/add", op!(teams::model_add)),
    (Post, "/team/model/delete", op!(teams::model_delete)),
    (Post, "/team/{team_id}/callback", op!(teams::callback_add)),
    (Get, "/team/{team_id}/callback", op!(teams::callback_show)),
    (
        Delete,
        "/team/{team_id}/callback/{callback_name}",
        op!(teams::callback_delete),
    ),
    (
        Post,
        "/team/{team_id}/disable_logging",
        op!(teams::disable_logging),
    ),
    (Get, "/team/permissions_list", op!(teams::permissions_list)),
    (
        Post,
        "/team/permissions_update",
        op!(teams::permissions_update),
    ),
    (
        Post,
        "/team/permissions_bulk_update",
        op!(teams::permissions_bulk_update),
    ),
    (
        Post,
        "/team/{team_id}/member/{user_id}/reset_spend",
        op!(teams::member_reset_spend),
    ),
    (
        Post,
        "/team/{team_id}/member/{user_id}/reset_budget",
        op!(teams::member_reset_budget),
    ),
    (Post, "/user/new", op!(users::create)),
    (Get, "/user/info", op!(users::info)),
    (Get, "/v2/user/info", op!(users::info_v2)),
    (Get, "/user/list", op!(users::list)),
    (Post, "/user/update", op!(users::update)),
    (Post, "/user/bulk_update", op!(users::bulk_update)),
    (Post, "/user/delete", op!(users::delete)),
    (Get, "/user/available_roles", op!(users::available_roles)),
    (Get, "/user/available_users", op!(users::available)),
    (Get, "/user/filter/ui", op!(users::filter_ui)),
    (Post, "/user/password/change", op!(users::change_password)),
    (Post, "/organization/new", op!(organizations::create)),
    (Patch, "/organization/update", op!(organizations::update)),
    (Delete, "/organization/delete", op!(organizations::delete)),
    (Get, "/organization/list", op!(organizations::list)),
    (Get, "/organization/info", op!(organizations::info)),
    (Post, "/organization/info", op!(organizations::info_of_many)),
    (
        Post,
        "/organization/member_add",
        op!(organizations::member_add),
    ),
    (
        Patch,
        "/organization/member_update",
        op!(organizations::member_update),
    ),
    (
        Delete,
        "/organization/member_delete",
        op!(organizations::member_delete),
    ),
    (Post, "/customer/new", op!(customers::create)),
    (Post, "/customer/update", op!(customers::update)),
    (Post, "/customer/delete", op!(customers::delete)),
    (Post, "/customer/block", op!(customers::block)),
    (Post, "/customer/unblock", op!(customers::unblock)),
    (Get, "/customer/info", op!(customers::info)),
    (Get, "/customer/list", op!(customers::list)),
    (Get, "/v2/customer/list", op!(customers::list_v2)),
    (Post, "/end_user/new", op!(customers::create)),
    (Post, "/end_user/update", op!(customers::update)),
    (Post, "/end_user/delete", op!(customers::delete)),
    (Post, "/end_user/block", op!(customers::block)),
    (Post, "/end_user/unblock", op!(customers::unblock)),
    (Get, "/end_user/info", op!(customers::info)),
    (Get, "/end_user/list", op!(customers::list)),
    (Post, "/budget/new", op!(budgets::create)),
    (Post, "/budget/update", op!(budgets::update)),
    (Post, "/budget/info", op!(budgets::info)),
    (Post, "/budget/delete", op!(budgets::delete)),
    (Get, "/budget/list", op!(budgets::list)),
    (Get, "/budget/settings", op!(budgets::settings)),
    (Post, "/tag/new", op!(tags::create)),
    (Post, "/tag/update", op!(tags::update)),
    (Post, "/tag/info", op!(tags::info)),
    (Post, "/tag/delete", op!(tags::delete)),
    (Get, "/tag/list", op!(tags::list)),
    (Post, "/access_group/new", op!(access_groups::create)),
    (Get, "/access_group/list", op!(access_groups::list)),
    (
        Get,
        "/access_group/{access_group}/info",
        op!(access_groups::info),
    ),
    (
        Put,
        "/access_group/{access_group}/update",
        op!(access_groups::update),
    ),
    (
        Delete,
        "/access_group/{access_group}/delete",
        op!(access_groups::delete),
    ),
    (
        Get,
        "/access_group/{access_group}/budget",
        op!(group_budgets::get),
    ),
    (
        Put,
        "/access_group/{access_group}/budget",
        op!(group_budgets::set),
    ),
    (
        Delete,
        "/access_group/{access_group}/budget",
        op!(group_budgets::clear),
    ),
    (Post, "/v1/access_group", op!(access_groups::create_v1)),
    (Get, "/v1/access_group", op!(access_groups::list_v1)),
    (
        Get,
        "/v1/access_group/{access_group}",
        op!(access_groups::info_v1),
    ),
    (
        Put,
        "/v1/access_group/{access_group}",
        op!(access_groups::update_v1),
    ),
    (
        Delete,
        "/v1/access_group/{access_group}",
        op!(access_groups::delete),
    ),
    (Post, "/invitation/new", op!(invitations::create)),
    (Get, "/invitation/info", op!(invitations::info)),
    (Post, "/invitation/update", op!(invitations::update)),
    (Post, "/invitation/delete", op!(invitations::delete)),
    (Post, "/credentials", op!(credentials::create)),
    (Get, "/credentials", op!(credentials::list)),
    (
        Get,
        "/credentials/by_name/{credential_name}",
        op!(credentials::info),
    ),
    (
        Get,
        "/credentials/by_model/{model_id}",
        op!(credentials::of_model),
    ),
    (
        Get,
        "/credentials/{credential_name}",
        op!(credentials::info),
    ),
    (
        Patch,
        "/credentials/{credential_name}",
        op!(credentials::update),
    ),
    (
        Delete,
        "/credentials/{credential_name}",
        op!(credentials::delete),
    ),
    (Post, "/model/new", op!(models::create)),
    (Post, "/model/update", op!(models::update)),
    (Patch, "/model/{model_id}/update", op!(models::patch)),
    (Post, "/model/delete", op!(models::delete)),
    (Post, "/model/block", op!(models::block)),
    (Post, "/model/unblock", op!(models::unblock)),
    (Get, "/model/info", op!(models::info)),
    (Get, "/v1/model/info", op!(models::info)),
    (Get, "/v2/model/info", op!(models::info_v2)),
    (Get, "/model_group/info", op!(models::group_info)),
    (Post, "/guardrails", op!(guardrails::create)),
    (Get, "/v2/guardrails/list", op!(guardrails::list)),
    (Get, "/guardrails/{guardrail_id}", op!(guardrails::info)),
    (
        Get,
        "/guardrails/{guardrail_id}/info",
        op!(guardrails::info),
    ),
    (Put, "/guardrails/{guardrail_id}", op!(guardrails::update)),
    (Patch, "/guardrails/{guardrail_id}", op!(guardrails::patch)),
    (
        Delete,
        "/guardrails/{guardrail_id}",
        op!(guardrails::delete),
    ),
    (Get, "/cache/ping", op!(cache::ping)),
    (Get, "/cache/redis/info", op!(cache::redis_info)),
    (Post, "/cache/delete", op!(cache::delete)),
    (Post, "/cache/flushall", op!(cache::flush)),
    (Get, "/cache/settings", op!(cache::settings)),
    (Post, "/cache/settings", op!(cache::set)),
    (Get, "/audit", op!(audit::list)),
    (Get, "/audit/{id}", op!(audit::one)),
    (Get, "/model/cost_map/source", op!(prices::source)),
    (Get, "/get/litellm_model_cost_map", op!(prices::map)),
    (Post, "/reload/model_cost_map", op!(prices::reload)),
    (
        Post,
        "/schedule/model_cost_map_reload",
        op!(prices::schedule),
    ),
    (
        Delete,
        "/schedule/model_cost_map_reload",
        op!(prices::unschedule),
    ),
    (
        Get,
        "/schedule/model_cost_map_reload/status",
        op!(prices::status),
    ),
    (Post, "/config/update", op!(config::update)),
    (Get, "/config/list", op!(config::list)),
    (Get, "/config/field/info", op!(config::field_info)),
    (Post, "/config/field/update", op!(config::update_field)),
    (Post, "/config/field/delete", op!(config::delete_field)),
    (Get, "/config/yaml", op!(config::document)),
    (
        Get,
        "/config/pass_through_endpoint",
        op!(config::list_endpoints),
    ),
    (
        Post,
        "/config/pass_through_endpoint",
        op!(config::create_endpoint),
    ),
    (
        Delete,
        "/config/pass_through_endpoint",
        op!(config::delete_endpoint),
    ),
    (
        Post,
        "/config/pass_through_endpoint/{id}",
        op!(config::update_endpoint),
    ),
    (Post, "/reload/config", op!(config::reload)),
    (Get, "/get/config/callbacks", op!(config::with_router)),
    (Get, "/callbacks/list", op!(config::list_callbacks)),
    (Get, "/alerting/settings", op!(config::alerting_settings)),
    (Get, "/active/callbacks", op!(config::active)),
    (
        Post,
        "/config/callback/delete",
        op!(config::delete_callback),
    ),
    (Get, "/router/settings", op!(config::router_settings)),
    (Get, "/router/fields", op!(config::router_fields)),
    (Post, "/fallback", op!(config::set_fallbacks)),
    (Get, "/fallback/{model}", op!(config::get_fallbacks)),
    (Delete, "/fallback/{model}", op!(config::delete_fallbacks)),
    (Get, "/config/cost_discount_config", op!(config::discounts)),
    (
        Patch,
        "/config/cost_discount_config",
        op!(config::set_discounts),
    ),
    (Get, "/config/cost_margin_config", op!(config::margins)),
    (
        Patch,
        "/config/cost_margin_config",
        op!(config::set_margins),
    ),
];

/// An operation without a caller: a link in the request is the proof.
pub type PublicOp =
    for<'a> fn(&'a Manage, Input) -> Pin<Box<dyn Future<Output = Answer> + Send + 'a>>;

/// Method, path and what it does.
pub type PublicOperation = (Method, &'static str, PublicOp);

/// What strangers may call.
pub const PUBLIC: &[PublicOperation] = &[
    (Get, "/onboarding/get_token", |manage, input| {
        Box::pin(invitations::open(manage, input))
    }),
    (Post, "/onboarding/claim_token", |manage, input| {
        Box::pin(invitations::claim(manage, input))
    }),
];
