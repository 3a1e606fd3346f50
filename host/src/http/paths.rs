//! Paths as clients write them, made those of the routes: `SERVER_ROOT_PATH` and a slash at the end
//! are taken off before anything looks at the path, the list of public ones included.

use std::sync::Arc;

use http::Request;
use http::uri::{PathAndQuery, Uri};

/// How paths are settled.
#[derive(Debug, Clone, Default)]
pub struct Paths {
    /// `/prefix`, without a slash at its end.
    root: Option<Arc<str>>,
}

impl Paths {
    /// `root` is the path under which a proxy serves the gateway.
    pub fn under(root: Option<&str>) -> Self {
        Self {
            root: prefix(root).map(Arc::from),
        }
    }

    /// The request with the path of a route. Requests without the prefix, as a proxy that takes it
    /// off sends them, stay as they are.
    pub fn settle<B>(&self, mut request: Request<B>) -> Request<B> {
        let path = request.uri().path();
        let inner = self.root.as_deref().and_then(|root| {
            let rest = path.strip_prefix(root)?;
            (rest.is_empty() || rest.starts_with('/')).then_some(rest)
        });
        let settled = inner.unwrap_or(path).trim_end_matches('/');
        if settled.len() == path.len() || path == "/" {
            return request;
        }
        let query = request.uri().query();
        let slash = if settled.is_empty() { "/" } else { settled };
        let text = query.map_or_else(|| slash.to_owned(), |it| format!("{slash}?{it}"));
        if let Some(uri) = with_path(request.uri(), &text) {
            *request.uri_mut() = uri;
        }
        request
    }
}

/// `/prefix` of what an operator wrote as `SERVER_ROOT_PATH`; None: no prefix.
pub fn prefix(root: Option<&str>) -> Option<String> {
    let trimmed = root.map(|it| it.trim().trim_matches('/'));
    let filled = trimmed.filter(|it| !it.is_empty());
    filled.map(|it| format!("/{it}"))
}

fn with_path(uri: &Uri, text: &str) -> Option<Uri> {
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(text.parse::<PathAndQuery>().ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(root: Option<&str>, uri: &str) -> String {
        let request = Request::builder().uri(uri).body(()).unwrap();
        Paths::under(root).settle(request).uri().to_string()
    }

    #[test]
    fn a_slash_at_the_end_is_no_other_route() {
        assert_eq!(settled(None, "/v1/models/"), "/v1/models");
        assert_eq!(settled(None, "/v1/models//?a=1"), "/v1/models?a=1");
        assert_eq!(settled(None, "/"), "/");
        assert_eq!(settled(None, "/?a"), "/?a");
    }

    #[test]
    fn the_root_path_is_taken_off_where_it_is_whole() {
        for root in ["/llm", "llm/", " /llm/ "] {
            assert_eq!(settled(Some(root), "/llm/v1/models?a=1"), "/v1/models?a=1");
            assert_eq!(settled(Some(root), "/llm"), "/");
            assert_eq!(settled(Some(root), "/llm/"), "/");
            assert_eq!(settled(Some(root), "/v1/models"), "/v1/models");
            assert_eq!(settled(Some(root), "/llmx/v1"), "/llmx/v1");
        }
        assert_eq!(settled(Some("/"), "/v1/models"), "/v1/models");
    }
}
