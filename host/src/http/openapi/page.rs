//! `GET /docs`: the document for people, by a page of our own that loads nothing from elsewhere.

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION};
use http::{HeaderValue, StatusCode};

use super::hidden;
use crate::http::Doors;
use crate::http::entry::{self, pages, shield};

const PAGE: &str = include_str!("page.html");
const SCRIPT: &str = include_str!("page.js");
const STYLE: &str = include_str!("page.css");

/// `GET /docs`
pub async fn page(State(doors): State<Doors>) -> Response {
    let fleet = doors.pipeline.fleet();
    if fleet.config.general.no_docs {
        return hidden("NO_DOCS").into_response();
    }
    let root = pages::escaped(&entry::root(&fleet));
    file("text/html; charset=utf-8", PAGE.replace("%ROOT%", &root))
}

/// `GET /docs/page.js`
pub async fn script() -> Response {
    file("text/javascript; charset=utf-8", SCRIPT)
}

/// `GET /docs/page.css`
pub async fn style() -> Response {
    file("text/css; charset=utf-8", STYLE)
}

/// `GET /redoc`: LiteLLM's other page of the same.
pub async fn elsewhere(State(doors): State<Doors>) -> Response {
    let fleet = doors.pipeline.fleet();
    let mut response = StatusCode::TEMPORARY_REDIRECT.into_response();
    let page = format!("{}/docs", entry::root(&fleet));
    if let Ok(page) = HeaderValue::from_str(&page) {
        response.headers_mut().insert(LOCATION, page);
    }
    response
}

fn file(kind: &'static str, text: impl Into<Body>) -> Response {
    let mut response = Response::new(text.into());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    shield::add(headers, None);
    response
}
