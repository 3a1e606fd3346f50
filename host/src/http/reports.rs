//! LiteLLM's spend and usage API: every operation of `reports` at its path.

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method};

use super::error::ApiError;
use super::{Doors, came, headers, manage};
use crate::reports::{OPERATIONS, Op, Report};

/// Adds the routes of every operation.
pub fn add_routes(mut router: Router<Doors>) -> Router<Doors> {
    for (method, path, op) in OPERATIONS {
        let filter = if *method == Method::POST {
            MethodFilter::POST
        } else {
            MethodFilter::GET
        };
        router = router.route(path, route(filter, *op));
    }
    router
}

fn route(method: MethodFilter, op: Op) -> MethodRouter<Doors> {
    let handle = move |State(doors): State<Doors>, request: Request| async move {
        let (mut parts, incoming) = request.into_parts();
        let done = async {
            let caller = came::proven(&mut parts)?;
            let input = manage::read(&doors, &mut parts, incoming).await?;
            op(&doors.reports, &caller, input).await
        };
        let done = done.await;
        match done {
            Ok(report) => answer(report),
            Err(fault) => {
                let id = headers::call_id(&parts.extensions);
                tracing::info!(call.id = %id, fault = %fault, "a report was refused");
                ApiError::from(fault).into_response()
            }
        }
    };
    on(method, handle)
}

fn answer(report: Report) -> Response {
    let kind = HeaderValue::from_static(report.content_type());
    let mut response = Response::new(Body::from(report.into_text()));
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}
