//! Where requests go. LiteLLM's configs name a whole endpoint as `api_base`, or an older API.

use sluice_sdk::Call;

const ENDPOINTS: [&str; 4] = ["/chat", "/embed", "/rerank", "/audio/transcriptions"];
const VERSIONS: [&str; 2] = ["/v1", "/v2"];

/// The path, or the whole URL where the deployment's base is more than a host.
pub fn of(call: &Call, path: &str) -> String {
    let context = call.context();
    let Some(base) = context.get("base_url").and_then(|it| it.as_str()) else {
        return path.to_owned();
    };
    let bare = cut(cut(base.trim_end_matches('/'), &ENDPOINTS), &VERSIONS);
    if bare == base.trim_end_matches('/') {
        path.to_owned()
    } else {
        format!("{bare}{path}")
    }
}

fn cut<'t>(text: &'t str, ends: &[&str]) -> &'t str {
    let found = ends.iter().find_map(|end| text.strip_suffix(end));
    found.unwrap_or(text)
}
