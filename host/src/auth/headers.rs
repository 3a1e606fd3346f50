//! Where a key stands in a request: the headers and the query that LiteLLM takes it from.

use std::borrow::Cow;

use http::HeaderMap;

/// Headers that may hold the key, in LiteLLM's order, and whether `Bearer` must stand before it.
const KEY_HEADERS: &[(&str, bool)] = &[
    ("x-litellm-api-key", false),
    ("authorization", true),
    ("api-key", false),
    ("x-api-key", false),
    ("x-goog-api-key", false),
    ("ocp-apim-subscription-key", false),
    ("litellm_user_api_key", false),
];

/// Where browsers put the key of a socket, for which they set no other header.
const SOCKET_HEADER: &str = "sec-websocket-protocol";

/// What OpenAI's clients write before it there.
const SOCKET_KEY: &str = "openai-insecure-api-key.";

/// The end of the paths on which they do.
const SOCKET_PATH: &str = "/realtime";

/// Ends of the paths on which Google's clients put the key into the query.
const GOOGLE_ACTIONS: &[&str] = &[
    ":generateContent",
    ":streamGenerateContent",
    ":countTokens",
    ":embedContent",
    ":batchEmbedContents",
];

/// The path of Google's lists of models.
const GOOGLE_MODELS: &str = "/v1beta/models";

/// The paths below which they do whatever they ask for.
const GOOGLE_ROUTES: &[&str] = &["/gemini/", "/vertex_ai/", "/vertex-ai/"];

/// Whether a header may hold a caller's key, ours or another's. `own` is the operator's own header.
pub fn may_hold_key(own: Option<&str>, name: &str) -> bool {
    own == Some(name)
        || name == SOCKET_HEADER
        || KEY_HEADERS.iter().any(|(known, _)| *known == name)
}

/// Whether the query of a path may hold one, as `key`.
pub fn query_may_hold_key(path: &str) -> bool {
    path.starts_with(GOOGLE_MODELS)
        || GOOGLE_ACTIONS.iter().any(|end| path.ends_with(end))
        || GOOGLE_ROUTES.iter().any(|start| path.starts_with(start))
}

/// The first place that holds a key: the operator's own header (`litellm_key_header_name`), the
/// well-known ones, a socket's protocol, then `?key=` on Google's paths. An empty header is none.
pub(super) fn find_key<'r>(
    own: Option<&str>,
    headers: &'r HeaderMap,
    path: &str,
    query: Option<&'r str>,
) -> Option<Cow<'r, str>> {
    let own = own.map(|name| (name, false));
    let header = own
        .iter()
        .chain(KEY_HEADERS)
        .find_map(|(name, needs_scheme)| {
            let value = headers.get(*name)?.to_str().ok()?.trim();
            let key = match bearer(value) {
                Some(key) => key,
                None if *needs_scheme => return None,
                None => value,
            };
            Some(key).filter(|key| !key.is_empty())
        });
    header
        .or_else(|| key_of_socket(headers, path))
        .map(Cow::Borrowed)
        .or_else(|| of_query(path, query?))
}

/// The key among the protocols that a socket is asked for.
pub fn key_of_socket<'r>(headers: &'r HeaderMap, path: &str) -> Option<&'r str> {
    if !path.ends_with(SOCKET_PATH) {
        return None;
    }
    let lists = headers.get_all(SOCKET_HEADER).iter();
    let mut protocols = lists
        .filter_map(|it| it.to_str().ok())
        .flat_map(|it| it.split(','));
    let key = protocols.find_map(|it| it.trim().strip_prefix(SOCKET_KEY))?;
    Some(key).filter(|it| !it.is_empty())
}

/// What stands after `Bearer`, which may be written in any case (RFC 9110, 11.1).
fn bearer(value: &str) -> Option<&str> {
    let (scheme, key) = value.split_once([' ', '\t']).unwrap_or((value, ""));
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

fn of_query<'r>(path: &str, query: &'r str) -> Option<Cow<'r, str>> {
    if !query_may_hold_key(path) {
        return None;
    }
    url::form_urlencoded::parse(query.as_bytes())
        .find(|(name, key)| name == "key" && !key.is_empty())
        .map(|(_, key)| key)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "sk-master-0123456789";

    fn with(name: &'static str, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        headers
    }

    fn found(headers: &HeaderMap) -> Option<String> {
        let key = find_key(Some("x-my-key"), headers, "/v1/chat/completions", None);
        key.map(Cow::into_owned)
    }

    #[test]
    fn a_key_is_found_in_every_header_form() {
        for (name, value) in [
            ("authorization", "Bearer sk-master-0123456789"),
            ("authorization", "bearer  sk-master-0123456789 "),
            ("authorization", "BEARER sk-master-0123456789"),
            ("x-litellm-api-key", "sk-master-0123456789"),
            ("x-litellm-api-key", "Bearer sk-master-0123456789"),
            ("api-key", "sk-master-0123456789"),
            ("x-api-key", "sk-master-0123456789"),
            ("x-goog-api-key", "sk-master-0123456789"),
            ("ocp-apim-subscription-key", "sk-master-0123456789"),
            ("litellm_user_api_key", "sk-master-0123456789"),
            ("x-my-key", "sk-master-0123456789"),
        ] {
            assert_eq!(found(&with(name, value)).as_deref(), Some(KEY), "{name}");
        }
    }

    #[test]
    fn a_key_without_bearer_or_in_basic_is_no_key() {
        for value in ["sk-master-0123456789", "Basic c2stbWFzdGVy"] {
            assert_eq!(found(&with("authorization", value)), None, "{value}");
        }
    }

    #[test]
    fn a_browsers_key_is_a_protocol_of_its_socket() {
        let protocols = "realtime, openai-insecure-api-key.sk-master-0123456789, openai-beta.x";
        let asked = with(SOCKET_HEADER, protocols);
        let key = |path: &str| find_key(None, &asked, path, None).map(Cow::into_owned);
        for path in ["/v1/realtime", "/openai/v1/realtime"] {
            assert_eq!(key(path).as_deref(), Some(KEY), "{path}");
        }
        assert_eq!(key("/key/list"), None);
        assert!(may_hold_key(None, SOCKET_HEADER));
        let empty = with(SOCKET_HEADER, "openai-insecure-api-key.");
        assert_eq!(find_key(None, &empty, "/realtime", None), None);
    }

    #[test]
    fn an_empty_header_does_not_hide_the_one_after_it() {
        let mut headers = with("x-api-key", KEY);
        for empty in ["x-my-key", "x-litellm-api-key", "authorization"] {
            headers.insert(empty, "Bearer ".parse().unwrap());
        }
        assert_eq!(found(&headers).as_deref(), Some(KEY));
    }

    #[test]
    fn earlier_headers_win() {
        let order = [
            "x-my-key",
            "x-litellm-api-key",
            "authorization",
            "api-key",
            "x-api-key",
            "x-goog-api-key",
            "ocp-apim-subscription-key",
            "litellm_user_api_key",
        ];
        let mut headers = HeaderMap::new();
        for name in order.into_iter().rev() {
            headers.insert(name, format!("Bearer {name}").parse().unwrap());
            assert_eq!(found(&headers).as_deref(), Some(name));
        }
    }

    #[test]
    fn the_query_holds_a_key_on_googles_paths_only() {
        let key = |path: &str, query: &'static str| {
            find_key(None, &HeaderMap::new(), path, Some(query)).map(Cow::into_owned)
        };
        for action in ["generateContent", "streamGenerateContent", "countTokens"] {
            let path = format!("/v1beta/models/gemini-2.5-pro:{action}");
            let query = "alt=sse&key=sk%2Dmaster-0123456789";
            assert_eq!(key(&path, query).as_deref(), Some(KEY));
        }
        let query = "pageSize=50&key=sk-master-0123456789";
        assert_eq!(key("/v1beta/models", query).as_deref(), Some(KEY));
        for path in ["/v1/chat/completions", "/v1/models"] {
            assert_eq!(key(path, "key=sk-master-0123456789"), None);
        }
        assert_eq!(key("/v1beta/models/m:generateContent", "key=&x=1"), None);
        let passed_on = key("/gemini/v1beta/models", "key=sk-master-0123456789");
        assert_eq!(passed_on.as_deref(), Some(KEY));
        assert_eq!(
            key("/anthropic/v1/models", "key=sk-master-0123456789"),
            None
        );
    }
}
