//! Browsers: which pages of other origins may call the gateway and read its answers.
//!
//! LiteLLM's `LITELLM_CORS_ORIGINS` lists them, `*` by default. A key is sent by hand, never by the
//! browser itself, so `*` gives a page nothing that its user did not. Without a master key there
//! is nothing to send, and every page that the operator visits could call models at their cost:
//! then only listed origins and pages of this machine may.

use axum::body::Body;
use axum::response::Response;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use crate::domain::{ErrorKind, Fault};

/// What the config says of browsers.
#[derive(Debug, Clone, Copy)]
pub struct Browsers<'c> {
    /// Empty: the default, every origin if there is a key.
    pub origins: &'c [String],
    pub has_key: bool,
}

/// What a request with an `Origin` may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Not from a page of another origin.
    None,
    Allowed(HeaderValue),
    /// The browser keeps the answer from the page.
    Unknown,
}

impl Browsers<'_> {
    /// Judges the request; refuses what a page must not even cause.
    pub fn judge(&self, headers: &HeaderMap) -> Result<Origin, Fault> {
        let Some(origin) = headers.get(ORIGIN) else {
            return Ok(Origin::None);
        };
        let text = origin.to_str().unwrap_or_default();
        let listed = |name: &str| self.origins.iter().any(|it| it == name);
        if listed(text) || listed("*") || (self.origins.is_empty() && self.has_key) {
            return Ok(Origin::Allowed(origin.clone()));
        }
        if of_this_machine(text) {
            return Ok(Origin::Allowed(origin.clone()));
        }
        if self.has_key {
            return Ok(Origin::Unknown);
        }
        let message = format!(
            "pages of `{text}` may not call this gateway, which has no master key: set \
             `general_settings.master_key`, or list the origin in LITELLM_CORS_ORIGINS"
        );
        Err(Fault::caller(ErrorKind::Permission, message).with_param("origin"))
    }
}

fn of_this_machine(origin: &str) -> bool {
    let host = url::Url::parse(origin).ok();
    let host = host.as_ref().and_then(url::Url::host);
    match host {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// The answer to a browser that asks before it sends: it carries no key yet.
pub fn preflight(method: &Method, headers: &HeaderMap, origin: &Origin) -> Option<Response> {
    let asks = method == Method::OPTIONS && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    if !asks || *origin == Origin::None {
        return None;
    }
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    if let Origin::Allowed(_) = origin {
        let answer = response.headers_mut();
        let methods = HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS");
        answer.insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
        if let Some(asked) = headers.get(ACCESS_CONTROL_REQUEST_HEADERS) {
            answer.insert(ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
        }
        answer.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    }
    allow(response.headers_mut(), origin);
    Some(response)
}

/// Lets the page read the answer.
pub fn allow(headers: &mut HeaderMap, origin: &Origin) {
    if *origin != Origin::None {
        headers.append(VARY, HeaderValue::from_static("origin"));
    }
    if let Origin::Allowed(origin) = origin {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("*"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(origins: &[&str], has_key: bool, origin: &str) -> Result<Origin, Fault> {
        let origins: Vec<String> = origins.iter().map(|it| (*it).to_owned()).collect();
        let mut headers = HeaderMap::new();
        headers.insert(ORIGIN, origin.parse().unwrap());
        let browsers = Browsers {
            origins: &origins,
            has_key,
        };
        browsers.judge(&headers)
    }

    #[test]
    fn with_a_key_every_page_may_call_unless_some_are_listed() {
        let page = "https://app.test";
        assert!(matches!(judged(&[], true, page), Ok(Origin::Allowed(_))));
        assert!(matches!(
            judged(&["https://app.test"], true, page),
            Ok(Origin::Allowed(_))
        ));
        let others = judged(&["https://other.test"], true, page);
        assert_eq!(others.unwrap(), Origin::Unknown);
    }

    #[test]
    fn without_a_key_only_listed_pages_and_those_of_this_machine_may() {
        for page in ["https://evil.test", "null", "http://localhost.evil.test"] {
            assert!(judged(&[], false, page).is_err(), "{page}");
        }
        for page in [
            "http://localhost:3000",
            "http://127.0.0.1:8080",
            "http://[::1]:1",
        ] {
            let judged = judged(&[], false, page);
            assert!(matches!(judged, Ok(Origin::Allowed(_))), "{page}");
        }
        assert!(judged(&["https://app.test"], false, "https://app.test").is_ok());
        assert!(judged(&["*"], false, "https://app.test").is_ok());
    }

    #[test]
    fn a_preflight_is_answered_without_a_key() {
        let origin = Origin::Allowed("https://app.test".parse().unwrap());
        let mut headers = HeaderMap::new();
        assert!(preflight(&Method::OPTIONS, &headers, &origin).is_none());
        headers.insert(ACCESS_CONTROL_REQUEST_METHOD, "POST".parse().unwrap());
        headers.insert(
            ACCESS_CONTROL_REQUEST_HEADERS,
            "authorization".parse().unwrap(),
        );
        let response = preflight(&Method::OPTIONS, &headers, &origin).unwrap();
        assert_eq!(
            response.headers()[ACCESS_CONTROL_ALLOW_HEADERS],
            "authorization"
        );
        assert!(preflight(&Method::POST, &headers, &origin).is_none());
    }
}
