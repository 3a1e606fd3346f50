//! Routes that `auth`'s table knows, because LiteLLM has them, and that are answered 501 here. The
//! tests of the running gateway hold the list to what it answers.

use http::Method;

/// Method and end of the path.
const UNSERVED: &[(&str, &str)] = &[
    ("GET", "/responses"),
    ("POST", "/responses/compact"),
    ("POST", "/realtime/client_secrets"),
    ("POST", "/realtime/calls"),
    ("POST", "/realtime/transcription_sessions"),
    ("POST", "/guardrails/test_custom_code"),
    ("GET", "/guardrails/submissions"),
    ("POST", "/guardrails/submissions"),
    ("POST", "/access_group/{group}/update"),
    ("POST", "/access_group/{group}/delete"),
    ("GET", "/agent/daily/activity"),
    ("GET", "/agent/daily/activity/aggregated"),
    ("GET", "/debug/plugins"),
    ("POST", "/v3/login"),
    ("POST", "/v3/login/exchange"),
    ("GET", "/session/logout"),
    ("GET", "/sso/debug/login"),
    ("GET", "/sso/debug/callback"),
    ("GET", "/get_image"),
    ("GET", "/public/model_hub"),
    ("GET", "/public/model_hub/info"),
    ("GET", "/routes"),
];

/// Whether a route of the table is not served.
pub fn is(method: &Method, path: &str) -> bool {
    let openai = path.strip_prefix("/openai/v1").unwrap_or(path);
    let plain = openai.strip_prefix("/v1").unwrap_or(openai);
    // What is no route below a provider's path passes through to it.
    let passes = path.len() > openai.len() && plain != "/responses";
    let of_row = |(known, end): &&(&str, &str)| method == *known && plain == *end;
    !passes && UNSERVED.iter().any(|it| of_row(&it))
}
