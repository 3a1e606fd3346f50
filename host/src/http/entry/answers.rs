//! Pages that say one thing, and what the sign-in page asks before anybody is known.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};

use super::pages::escaped;
use super::{root, shield};
use crate::domain::Fault;
use crate::http::Doors;
use crate::http::error::status;

/// A page that says one thing, without a script.
pub fn plain_page(status: StatusCode, title: &str, text: &str) -> Response {
    let (title, text) = (escaped(title), escaped(text));
    let page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{title} - sluice</title></head>\n\
         <body>\n<main>\n<h1>{title}</h1>\n<p>{text}</p>\n</main>\n</body>\n</html>\n"
    );
    let mut response = Response::new(Body::from(page));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    headers.insert(CONTENT_TYPE, kind);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    shield::add(headers, None);
    response
}

/// A refusal as a page: for people whom a link led here.
pub fn told(fault: &Fault) -> Response {
    let mut letters = fault.message.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    let text: String = first.chain(letters).chain(['.']).collect();
    let title = match status(fault) {
        StatusCode::NOT_FOUND => "Nothing here",
        _ => "You are not signed in",
    };
    plain_page(status(fault), title, &text)
}

/// `GET /.well-known/litellm-ui-config`: what the sign-in page offers.
pub async fn ui_config(State(doors): State<Doors>) -> Json<Value> {
    let fleet = doors.pipeline.fleet();
    let (ui, root) = (&fleet.config.general.ui, root(&fleet));
    let shown = if root.is_empty() { "/" } else { root.as_str() };
    Json(json!({
        "server_root_path": shown,
        "proxy_base_url": ui.base_url,
        "auto_redirect_to_sso": ui.auto_sso && ui.sso.is_some(),
        "admin_ui_disabled": ui.disabled,
        "sso_configured": ui.sso.is_some(),
        "is_sso_configured": ui.sso.is_some(),
        "sso_provider": ui.sso.as_ref().map(|it| it.provider),
        "sso_url": ui.sso.as_ref().map(|_| format!("{root}/sso/key/generate")),
        "is_control_plane": false,
        "workers": [],
        "sign_in_required": fleet.config.general.master_key.is_some(),
        "proxy_logout_url": ui.logout_url,
    }))
}

/// `GET /sso/readiness`: whether single sign-on is set up.
pub async fn sso_readiness(State(doors): State<Doors>) -> Json<Value> {
    let fleet = doors.pipeline.fleet();
    let provider = fleet.config.general.ui.sso.as_ref().map(|it| it.provider);
    Json(json!({"status": "healthy", "sso_configured": provider.is_some(), "provider": provider}))
}
