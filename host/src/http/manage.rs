//! LiteLLM's management API: every operation of `manage` at its path.

use axum::extract::{FromRequestParts as _, RawPathParams, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use axum::{Json, Router};
use bytes::Bytes;
use http::request::Parts;
use serde_json::{Map, Value};

use super::error::ApiError;
use super::{Doors, body, came, headers};
use crate::domain::json::{Document, JsonError};
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
            let caller = came::proven(&mut parts)?;
            let input = read(&doors, &mut parts, incoming).await?;
            op(&doors.manage, &caller, input).await
        };
        let done = done.await;
        answer(done, &parts)
    };
    on(method, handle)
}

fn of_anybody(method: MethodFilter, op: PublicOp) -> MethodRouter<Doors> {
    let handle = move |State(doors): State<Doors>, request: Request| async move {
        let (mut parts, incoming) = request.into_parts();
        let input = read(&doors, &mut parts, incoming).await;
        match input {
            Ok(input) => answer(op(&doors.manage, input).await, &parts),
            Err(fault) => answer(Err(fault), &parts),
        }
    };
    on(method, handle)
}

fn answer(done: Result<Value, Fault>, parts: &Parts) -> Response {
    match done {
        Ok(value) => Json(value).into_response(),
        Err(fault) => {
            let (id, path) = (headers::call_id(&parts.extensions), parts.uri.path());
            tracing::info!(call.id = %id, http.path = path, fault = %fault, "a management request was refused");
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
    Ok(Input {
        path: Input::pairs(&path),
        query: Input::pairs(query.iter().map(|(name, value)| (&**name, &**value))),
        body: members(bytes)?,
        call: Some(headers::call_id(&parts.extensions)),
    })
}

/// The members of a body; none of an empty one. A member that stands twice in one object is
/// refused, as on the routes of models: two readers would see two different requests.
fn members(bytes: Bytes) -> Result<Map<String, Value>, Fault> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    let document = Document::parse(bytes).map_err(|cause| match &cause {
        JsonError::Duplicate { name, .. } => bad(name, cause.to_string()),
        _ => bad("request_body", cause.to_string()),
    })?;
    serde_json::from_str(document.text()).map_err(|cause| {
        bad(
            "request_body",
            format!("the body is not valid JSON: {cause}"),
        )
    })
}

fn bad(param: &str, message: String) -> Fault {
    Fault::caller(ErrorKind::InvalidRequest, message).with_param(param)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_that_stands_twice_is_refused_by_its_name() {
        for (body, param) in [
            (r#"{"max_budget":1,"max_budget":1000}"#, "max_budget"),
            (r#"{"metadata":{"a":1,"\u0061":2}}"#, "a"),
            (r#"[{"key":"a"}]"#, "request_body"),
            (r#"{"key":"a"} trailing"#, "request_body"),
            ("key=a", "request_body"),
        ] {
            let fault = members(Bytes::from_static(body.as_bytes())).unwrap_err();
            assert_eq!(fault.param.as_deref(), Some(param), "{body}");
        }
        assert!(members(Bytes::from_static(b" \n")).unwrap().is_empty());
        let read = members(Bytes::from_static(br#"{"b":1e3,"a":[{}]}"#)).unwrap();
        assert_eq!(
            read.keys().map(String::as_str).collect::<Vec<_>>(),
            ["b", "a"]
        );
    }
}
