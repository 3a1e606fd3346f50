//! Which headers go on: from a client to an upstream, and from an upstream to the client.

use http::{HeaderMap, HeaderName};

use crate::auth::may_hold_key;

/// Of one connection, each way (RFC 9110, 7.6.1).
const OF_A_CONNECTION: [&str; 9] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Of clients, and not for upstreams: about the connection to the gateway, about the client's network,
/// or part of a signature or a bill that is the gateway's.
const KEPT: [&str; 13] = [
    "accept-encoding",
    "content-length",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "via",
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-security-token",
    "x-goog-user-project",
    "x-original-url",
    "x-real-ip",
];

const KEPT_BEGINNINGS: [&str; 4] = ["litellm-", "x-forwarded-", "x-litellm-", "x-sluice-"];

/// LiteLLM's way to send a header under another name: it goes on without this.
const PASS: &str = "x-pass-";

/// Of upstreams, and not for clients: they would speak for the gateway's own host.
const KEPT_BACK: [&str; 4] = [
    "alt-svc",
    "set-cookie",
    "set-cookie2",
    "strict-transport-security",
];

/// What goes on of a client's headers. `own` is the operator's header for keys; `all`: not only what
/// describes the body.
pub fn to_upstream(own: Option<&str>, all: bool, headers: &HeaderMap) -> HeaderMap {
    let named = named_by_connection(headers);
    let goes_on = |name: &str| {
        !may_hold_key(own, name)
            && !OF_A_CONNECTION.contains(&name)
            && !KEPT.contains(&name)
            && !KEPT_BEGINNINGS.iter().any(|it| name.starts_with(*it))
            && !named.iter().any(|it| it == name)
    };
    let mut kept = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        let text = name.as_str();
        let wanted = all || matches!(text, "accept" | "content-type");
        if wanted && !text.starts_with(PASS) && goes_on(text) {
            kept.append(name.clone(), value.clone());
        }
    }
    for (name, value) in headers {
        let inner = name.as_str().strip_prefix(PASS);
        let inner = inner.and_then(|it| HeaderName::from_bytes(it.as_bytes()).ok());
        if let Some(inner) = inner.filter(|it| goes_on(it.as_str())) {
            kept.insert(inner, value.clone());
        }
    }
    kept
}

/// What goes on of an upstream's headers.
pub fn to_client(headers: &HeaderMap) -> HeaderMap {
    let named = named_by_connection(headers);
    let goes_on = |name: &str| {
        !OF_A_CONNECTION.contains(&name)
            && !KEPT_BACK.contains(&name)
            // Which pages may read an answer is the gateway's to say.
            && !name.starts_with("access-control-")
            && !named.iter().any(|it| it == name)
    };
    let mut kept = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers.iter().filter(|(name, _)| goes_on(name.as_str())) {
        kept.append(name.clone(), value.clone());
    }
    kept
}

fn named_by_connection(headers: &HeaderMap) -> Vec<String> {
    let values = headers.get_all(http::header::CONNECTION).iter();
    let texts = values.filter_map(|it| it.to_str().ok());
    let names = texts.flat_map(|it| it.split(','));
    names.map(|it| it.trim().to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = pairs.iter();
        let pairs =
            pairs.map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
        pairs.collect()
    }

    fn names(headers: &HeaderMap) -> Vec<&str> {
        let mut names: Vec<&str> = headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn no_header_that_may_hold_a_key_goes_on() {
        let sent = headers(&[
            ("authorization", "Bearer sk-x"),
            ("x-api-key", "sk-x"),
            ("x-goog-api-key", "sk-x"),
            ("api-key", "sk-x"),
            ("x-litellm-api-key", "sk-x"),
            ("ocp-apim-subscription-key", "sk-x"),
            ("x-mine", "sk-x"),
            ("cookie", "token=sk-x"),
            ("proxy-authorization", "sk-x"),
            ("x-pass-authorization", "sk-x"),
            ("x-pass-cookie", "sk-x"),
            ("anthropic-version", "2023-06-01"),
        ]);
        let kept = to_upstream(Some("x-mine"), true, &sent);
        assert_eq!(names(&kept), ["anthropic-version"]);
    }

    #[test]
    fn headers_of_the_connection_and_of_the_gateway_stay_and_the_rest_goes_on() {
        let sent = headers(&[
            ("connection", "keep-alive, X-Hop"),
            ("x-hop", "1"),
            ("host", "gateway"),
            ("content-length", "3"),
            ("accept-encoding", "gzip"),
            ("x-forwarded-for", "10.0.0.1"),
            ("x-litellm-tags", "a"),
            ("content-type", "application/json"),
            ("x-pass-anthropic-beta", "b"),
            ("user-agent", "me"),
        ]);
        let kept = to_upstream(None, true, &sent);
        assert_eq!(
            names(&kept),
            ["anthropic-beta", "content-type", "user-agent"]
        );
        let few = to_upstream(None, false, &sent);
        assert_eq!(names(&few), ["anthropic-beta", "content-type"]);
    }

    #[test]
    fn what_would_speak_for_the_gateways_host_does_not_come_back() {
        let answered = headers(&[
            ("set-cookie", "a=b"),
            ("strict-transport-security", "max-age=1"),
            ("access-control-allow-origin", "*"),
            ("transfer-encoding", "chunked"),
            ("request-id", "r"),
            ("content-type", "text/event-stream"),
        ]);
        assert_eq!(names(&to_client(&answered)), ["content-type", "request-id"]);
    }
}
