//! Headers of answers on their way: from an upstream to the plugin and the client, from a plugin to
//! the client.

use http::{HeaderMap, HeaderName, HeaderValue};

/// Names and values, as plugins get them.
pub fn pairs(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), text(value)))
        .collect()
}

/// The headers of a plugin's answer that are such.
pub fn headers_of(pairs: &[(String, String)]) -> HeaderMap {
    let read = |(name, value): &(String, String)| {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        Some((name, HeaderValue::from_str(value).ok()?))
    };
    pairs.iter().filter_map(read).collect()
}

/// Upstream headers that clients get to see: not the connection's, no cookies.
pub fn passed_on(headers: &HeaderMap) -> Vec<(HeaderName, HeaderValue)> {
    const KEPT_BACK: [&str; 9] = [
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "date",
        "keep-alive",
        "set-cookie",
        "transfer-encoding",
        "server",
    ];
    headers
        .iter()
        .filter(|(name, _)| !KEPT_BACK.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}
