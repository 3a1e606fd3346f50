//! Headers of pages: nothing runs or loads that is not the gateway's own, no page of others frames
//! ours.

use http::header::{
    CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue};

/// What pages may not use, whoever asks.
const PERMISSIONS: &str = "camera=(), display-capture=(), geolocation=(), microphone=(self), \
                           payment=(), usb=()";

/// Adds them. `nonce` is what the page's own style tags carry, if it has any.
pub fn add(headers: &mut HeaderMap, nonce: Option<&str>) {
    let style = nonce.map_or_else(String::new, |it| format!(" 'nonce-{it}'"));
    let policy = format!(
        "default-src 'self'; script-src 'self'; style-src 'self'{style}; img-src 'self' data: blob:; \
         media-src 'self' blob:; font-src 'self'; connect-src 'self'; object-src 'none'; \
         base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    let fixed = [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("permissions-policy"), PERMISSIONS),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
}
