//! The gateway's API as an OpenAPI 3.1 document, and a page that shows it. The document is made of what
//! the rooms go by themselves: `auth`'s table of routes, what the operations of `manage` and `reports`
//! ask for, the parameters that `pipeline` judges. Only summaries, and the few routes that no table
//! knows more of, are written here.

mod areas;
mod asked;
mod calls;
mod document;
mod errors;
mod kinds;
mod listed;
mod page;
#[cfg(test)]
mod tests;
mod unserved;

use std::sync::LazyLock;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use super::error::ApiError;
use super::{Doors, entry};
use crate::domain::{ErrorKind, Fault};

/// Adds the routes of the document and of its page.
pub fn add_routes(router: Router<Doors>) -> Router<Doors> {
    router
        .route("/openapi.json", get(openapi))
        .route("/docs", get(page::page))
        .route("/docs/page.js", get(page::script))
        .route("/docs/page.css", get(page::style))
        .route("/redoc", get(page::elsewhere))
}

/// The document without the address of the gateway, which is the config's.
static DOCUMENT: LazyLock<String> = LazyLock::new(|| document::whole().to_string());

/// `GET /openapi.json`.
async fn openapi(State(doors): State<Doors>) -> Response {
    let fleet = doors.pipeline.fleet();
    if fleet.config.general.no_openapi {
        return hidden("NO_OPENAPI").into_response();
    }
    let root = entry::root(&fleet);
    let address = if root.is_empty() { "/" } else { &root };
    let servers = serde_json::json!([{"url": address}]);
    let rest = DOCUMENT.strip_prefix('{').unwrap_or_default();
    let mut response = Response::new(format!("{{\"servers\":{servers},{rest}").into());
    let headers = response.headers_mut();
    let kind = HeaderValue::from_static("application/json");
    headers.insert(CONTENT_TYPE, kind);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// The operator does not want it to be seen.
fn hidden(variable: &str) -> ApiError {
    let message = format!("the environment's {variable} says that there is none");
    Fault::caller(ErrorKind::NotFound, message)
        .with_status(404)
        .into()
}
