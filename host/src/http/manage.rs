//! LiteLLM's management API: every operation of `manage` at its path.

use axum::extract::{FromRequestParts as _, RawPathParams, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use axum::{Json, Router};
use http::request::Parts;
use serde_json::{Map, Value};

use super::error::ApiError;
use super::{Doors, body};
use crate::auth::Caller;
use crate::domain::{ErrorKind, Fault};
use crate::manage::{Input, Method, OPERATIONS, Op, PUBLIC, PublicOp};

/// Adds the routes of every operation.
pub fn add_routes(mut router: Router<Doors>) -> Router<Doors> {
    for (method, path, op) in OPERATIONS {
        router = router.route(path, of_caller(filter(*method), *op));
    }
    for (method, path, op) in PUBLIC {
        router = router.route(path, of_anybody(filter(*method), *op));
    }
    router
}

const fn filter(method: Method) -> MethodFilter {
    match method {
        Method::Get => MethodFilter::GET,
        Method::Post => MethodFilter::POST,
        Method::Put => MethodFilter::PUT,
        Method::Patch => MethodFilter::PATCH,
        Method::Delete => MethodFilter::DELETE,
    }
}

fn of_caller(method: MethodFilter, op: Op) -> MethodRouter<Doors> {
    let handle = move |State(doors): State<Doors>, request: Request| async move {
        let (mut parts, incoming) = request.into_parts();
        let done = async {
            // The router lets nobody in without one.
            let caller = parts.extensions.remove::<Caller>();
            let caller = caller.ok_or_else(|| {
                Fault::ours("the caller is not known", "management without a caller")
            })?;
            let input = read(&doors, &mut parts, incoming).await?;
            op(&doors.manage, &caller, input).await
        };
        answer(done.await)
    };
    on(method, handle)
}

fn of_anybody(method: MethodFilter, op: PublicOp) -> MethodRouter<Doors> {
    let handle = move |State(doors): State<Doors>, request: Request| async move {
        let (mut parts, incoming) = request.into_parts();
        let input = read(&doors, &mut parts, incoming).await;
        match input {
            Ok(input) => answer(op(&doors.manage, input).await),
            Err(fault) => answer(Err(fault)),
        }
    };
    on(method, handle)
}

fn answer(done: Result<Value, Fault>) -> Response {
    match done {
        Ok(value) => Json(value).into_response(),
        Err(fault) => {
            tracing::info!(fault = %fault, "a management request was refused");
            ApiError::from(fault).into_response()
        }
    }
}

/// What the request brings: parts of the path, the query, a JSON object.
pub(super) async fn read(
    doors: &Doors,
    parts: &mut Parts,
    incoming: axum::body::Body,
) -> Result<Input, Fault> {
    let path = RawPathParams::from_request_parts(parts, &())
        .await
        .map_err(|cause| bad("path", format!("the path cannot be read: {cause}")))?;
    let query = parts.uri.query().unwrap_or_default();
    let query: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    let bytes = body::read(incoming, &parts.headers, doors.max_request_bytes()).await?;
    let body = if bytes.iter().all(u8::is_ascii_whitespace) {
        Map::new()
    } else {
        match serde_json::from_slice(&bytes) {
            Ok(Value::Object(members)) => members,
            Ok(_) => return Err(bad("request_body", "the body must be a JSON object".into())),
            Err(cause) => {
                return Err(bad(
                    "request_body",
                    format!("the body is not JSON: {cause}"),
                ));
            }
        }
    };
    Ok(Input {
        path: Input::pairs(&path),
        query: Input::pairs(query.iter().map(|(name, value)| (&**name, &**value))),
        body,
    })
}

fn bad(param: &str, message: String) -> Fault {
    Fault::caller(ErrorKind::InvalidRequest, message).with_param(param)
}
