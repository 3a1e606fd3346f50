//! The table of every operation, for a door to map to routes in one loop.

use std::future::Future;
use std::pin::Pin;

use http::Method;

use super::{
    Answer, Input, Reports, activity, cached, calculate, daily, failures, gateway, global, holders,
    logs, paces, providers, questions, report, reset, tags,
};
use crate::auth::Caller;

/// One operation, called with a proven caller.
pub type Op =
    for<'a> fn(&'a Reports, &'a Caller, Input) -> Pin<Box<dyn Future<Output = Answer> + Send + 'a>>;

/// Method, path and what it does. Parts of a path stand in braces.
pub type Operation = (Method, &'static str, Op);

/// An async function as a plain one.
macro_rules! op {
    ($($name:ident)::+) => {
        |reports, caller, input| Box::pin($($name)::+(reports, caller, input))
    };
}

const GET: Method = Method::GET;
const POST: Method = Method::POST;

/// Every operation with its LiteLLM path.
pub const OPERATIONS: &[Operation] = &[
    (GET, "/spend/logs", op!(logs::list)),
    (GET, "/spend/logs/v2", op!(logs::page)),
    (GET, "/spend/logs/ui", op!(logs::page)),
    (GET, "/spend/logs/ui/{request_id}", op!(logs::one)),
    (GET, "/spend/logs/session/ui", op!(logs::session)),
    (GET, "/spend/keys", op!(holders::keys)),
    (GET, "/spend/users", op!(holders::users)),
    (GET, "/spend/tags", op!(holders::tags)),
    (POST, "/spend/calculate", op!(calculate::calculate)),
    (POST, "/utils/token_counter", op!(questions::tokens)),
    (POST, "/utils/transform_request", op!(questions::transform)),
    (GET, "/utils/model_info", op!(questions::info)),
    (
        GET,
        "/utils/supported_openai_params",
        op!(questions::params),
    ),
    (GET, "/global/spend/report", op!(report::report)),
    (GET, "/team/spend/by_user", op!(daily::by_user)),
    (GET, "/global/spend", op!(global::spend)),
    (GET, "/global/spend/logs", op!(global::logs)),
    (GET, "/global/spend/keys", op!(global::keys)),
    (GET, "/global/spend/teams", op!(global::teams)),
    (GET, "/global/spend/models", op!(global::models)),
    (GET, "/global/spend/provider", op!(global::providers)),
    (GET, "/global/spend/tags", op!(global::tags)),
    (GET, "/global/spend/all_tag_names", op!(global::tag_names)),
    (POST, "/global/spend/end_users", op!(global::end_users)),
    (GET, "/global/all_end_users", op!(global::all_end_users)),
    (POST, "/global/spend/reset", op!(reset::reset)),
    (POST, "/global/spend/refresh", op!(reset::refresh)),
    (GET, "/provider/budgets", op!(providers::budgets)),
    (GET, "/global/activity", op!(activity::all)),
    (GET, "/global/activity/model", op!(activity::by_model)),
    (GET, "/global/activity/exceptions", op!(failures::of_group)),
    (
        GET,
        "/global/activity/exceptions/deployment",
        op!(failures::of_deployments),
    ),
    (GET, "/global/activity/cache_hits", op!(cached::hits)),
    (GET, "/model/metrics", op!(paces::speed)),
    (GET, "/model/streaming_metrics", op!(paces::first_tokens)),
    (GET, "/model/metrics/slow_responses", op!(paces::slow)),
    (GET, "/model/metrics/exceptions", op!(paces::exceptions)),
    (GET, "/tag/dau", op!(tags::daily)),
    (GET, "/tag/wau", op!(tags::weekly)),
    (GET, "/tag/mau", op!(tags::monthly)),
    (GET, "/tag/summary", op!(tags::summary)),
    (GET, "/tag/distinct", op!(tags::distinct)),
    (GET, "/user/daily/activity", op!(daily::users)),
    (
        GET,
        "/user/daily/activity/aggregated",
        op!(daily::users_whole),
    ),
    (GET, "/team/daily/activity", op!(daily::teams)),
    (
        GET,
        "/team/daily/activity/aggregated",
        op!(daily::teams_whole),
    ),
    (
        GET,
        "/organization/daily/activity",
        op!(daily::organizations),
    ),
    (
        GET,
        "/organization/daily/activity/aggregated",
        op!(daily::organizations_whole),
    ),
    (GET, "/customer/daily/activity", op!(daily::customers)),
    (
        GET,
        "/customer/daily/activity/aggregated",
        op!(daily::customers_whole),
    ),
    (GET, "/end_user/daily/activity", op!(daily::customers)),
    (
        GET,
        "/end_user/daily/activity/aggregated",
        op!(daily::customers_whole),
    ),
    (GET, "/gateway/daily/activity", op!(gateway::activity)),
    // The plain one has no pages: it is whole already.
    (
        GET,
        "/gateway/daily/activity/aggregated",
        op!(gateway::activity),
    ),
    (GET, "/tag/daily/activity", op!(daily::tags)),
    (
        GET,
        "/tag/daily/activity/aggregated",
        op!(daily::tags_whole),
    ),
];
