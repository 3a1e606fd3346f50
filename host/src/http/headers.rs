//! Headers of answers: LiteLLM's names, so that clients and dashboards go on working.

use std::time::Duration;

use http::{Extensions, HeaderMap, HeaderName, HeaderValue};

use crate::domain::CallId;
use crate::pipeline::Trail;
use crate::pipeline::accounting::now_ms;

/// Names that every answer carries, parsed when the gateway is compiled.
mod names {
    use http::HeaderName;

    pub const CALL_ID: HeaderName = HeaderName::from_static("x-litellm-call-id");
    pub const VERSION: HeaderName = HeaderName::from_static("x-litellm-version");
    pub const MODEL_GROUP: HeaderName = HeaderName::from_static("x-litellm-model-group");
    pub const MODEL_ID: HeaderName = HeaderName::from_static("x-litellm-model-id");
    pub const MODEL_NAME: HeaderName = HeaderName::from_static("x-litellm-model-name");
    pub const CACHE_KEY: HeaderName = HeaderName::from_static("x-litellm-cache-key");
    pub const APPLIED_GUARDRAILS: HeaderName =
        HeaderName::from_static("x-litellm-applied-guardrails");
    pub const API_BASE: HeaderName = HeaderName::from_static("x-litellm-model-api-base");
    pub const RETRIES: HeaderName = HeaderName::from_static("x-litellm-attempted-retries");
    pub const MAX_RETRIES: HeaderName = HeaderName::from_static("x-litellm-max-retries");
    pub const TIMEOUT: HeaderName = HeaderName::from_static("x-litellm-timeout");
    pub const FALLBACKS: HeaderName = HeaderName::from_static("x-litellm-attempted-fallbacks");
    pub const DURATION: HeaderName = HeaderName::from_static("x-litellm-response-duration-ms");
    pub const CALLBACKS: HeaderName = HeaderName::from_static("x-litellm-callback-duration-ms");
    pub const DROPPED: HeaderName = HeaderName::from_static("x-sluice-dropped-params");
    pub const OVERHEAD: HeaderName = HeaderName::from_static("x-litellm-overhead-duration-ms");
}

/// About so many headers are the gateway's own.
const OWN: usize = 24;

/// What was left out of a request is told in so many bytes: clients may write many members.
const MOST_DROPPED: usize = 1024;

/// Headers of an upstream that are passed on under their own name.
const RATE_LIMITS: &[&str] = &[
    "x-ratelimit-limit-requests",
    "x-ratelimit-remaining-requests",
    "x-ratelimit-limit-tokens",
    "x-ratelimit-remaining-tokens",
];

/// The id of a request, as the router gave it.
pub fn call_id(extensions: &Extensions) -> CallId {
    let given = extensions.get::<CallId>().cloned();
    given.unwrap_or_else(|| CallId::fresh(now_ms()))
}

/// Names a request in its answer.
pub fn add_call_id(headers: &mut HeaderMap, id: &CallId) {
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        headers.insert(names::CALL_ID, value);
    }
}

/// Adds what is known of a call to its answer.
pub fn add_trail(headers: &mut HeaderMap, trail: &Trail) {
    headers.reserve(OWN + 2 * trail.upstream_headers.len() + trail.limits.len());
    headers.insert(
        names::VERSION,
        HeaderValue::from_static(env!("CARGO_PKG_VERSION")),
    );
    let mut add = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    if !trail.model_group.is_empty() {
        add(names::MODEL_GROUP, &trail.model_group);
    }
    if let Some(id) = trail.deployment_id() {
        add(names::MODEL_ID, id);
    }
    if let (Some(provider), Some(model)) = (trail.provider(), &trail.upstream_model) {
        add(names::MODEL_NAME, &format!("{provider}/{model}"));
    }
    if let Some(key) = &trail.cache_key {
        add(names::CACHE_KEY, key);
    }
    if let Some(applied) = trail.guards.header() {
        add(names::APPLIED_GUARDRAILS, &applied);
    }
    if let Some(dropped) = listed(&trail.dropped) {
        add(names::DROPPED, &dropped);
    }
    if let Some(base) = trail.api_base() {
        add(names::API_BASE, base);
    }
    if let Some(timeout) = trail.line.as_ref().and_then(|line| line.deployment.timeout) {
        add(names::TIMEOUT, &timeout.as_secs_f64().to_string());
    }
    let duration = trail.started.elapsed();
    add(names::DURATION, &millis(duration));
    let own = duration.saturating_sub(trail.upstream_time);
    add(names::OVERHEAD, &millis(own));
    // Callbacks hear of a call when it is over: no answer waits for them.
    add(names::CALLBACKS, &millis(Duration::ZERO));
    headers.insert(names::RETRIES, trail.retries.into());
    if trail.retries > 0 {
        headers.insert(names::MAX_RETRIES, trail.max_retries.into());
    }
    headers.insert(names::FALLBACKS, trail.fallbacks.into());
    for (name, value) in &trail.upstream_headers {
        if RATE_LIMITS.contains(&name.as_str()) {
            headers.insert(name, value.clone());
        }
        let ours = format!("llm_provider-{name}");
        if let Ok(ours) = HeaderName::from_bytes(ours.as_bytes()) {
            headers.insert(ours, value.clone());
        }
    }
    add_rate_limits(headers, trail);
    if let Some(cost) = trail.cost.filter(|it| !it.is_zero()) {
        let cost = [("x-litellm-response-cost", cost)].into_iter();
        for (name, amount) in cost.chain(trail.cost_parts()) {
            if let Ok(value) = HeaderValue::from_str(&amount.to_string()) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
    }
    for (name, left) in &trail.limits {
        let name = HeaderName::from_bytes(name.as_bytes()).ok();
        if let (Some(name), Ok(value)) = (name, HeaderValue::from_str(left)) {
            headers.insert(name, value);
        }
    }
}

/// Members of a request, as far as they can stand in a header.
fn listed(members: &[String]) -> Option<String> {
    let mut list = String::new();
    for member in members {
        let is_plain = member.bytes().all(|it| it.is_ascii_graphic() && it != b',');
        if is_plain && list.len() + member.len() + 2 <= MOST_DROPPED {
            list.push_str(if list.is_empty() { "" } else { ", " });
            list.push_str(member);
        }
    }
    (!list.is_empty()).then_some(list)
}

/// Rate limits that the provider names otherwise, by the names that `describe` gives for them.
fn add_rate_limits(headers: &mut HeaderMap, trail: &Trail) {
    for (kind, theirs) in trail.rate_limit_headers() {
        let ours = format!("x-ratelimit-{}", kind.replace('_', "-"));
        let ours = HeaderName::from_bytes(ours.as_bytes()).ok();
        let mut upstream = trail.upstream_headers.iter();
        let value = upstream.find(|(name, _)| name.as_str().eq_ignore_ascii_case(theirs));
        if let (Some(ours), Some((_, value))) = (ours, value) {
            headers.insert(ours, value.clone());
        }
    }
}

fn millis(time: Duration) -> String {
    format!("{:.3}", time.as_secs_f64() * 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_left_out_is_listed_as_far_as_a_header_can_hold_it() {
        let names = |all: &[&str]| -> Vec<String> { all.iter().map(|it| (*it).into()).collect() };
        assert_eq!(listed(&[]), None);
        let odd = names(&["seed", "a\r\nb: c", "one, two", "ü", "tools[1].x"]);
        assert_eq!(listed(&odd).as_deref(), Some("seed, tools[1].x"));
        let many = vec!["a".repeat(100); 50];
        let length = listed(&many).unwrap().len();
        assert!(
            length > MOST_DROPPED / 2 && length <= MOST_DROPPED,
            "{length}"
        );
    }
}
