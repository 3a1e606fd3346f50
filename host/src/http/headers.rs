//! Headers of answers: LiteLLM's names, so that clients and dashboards go on working.

use std::time::Duration;

use http::{Extensions, HeaderMap, HeaderName, HeaderValue};

use crate::domain::CallId;
use crate::pipeline::Trail;

const CALL_ID: &str = "x-litellm-call-id";

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
    given.unwrap_or_else(CallId::random)
}

/// Names a request in its answer.
pub fn add_call_id(headers: &mut HeaderMap, id: &CallId) {
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        headers.insert(CALL_ID, value);
    }
}

/// Adds what is known of a call to its answer.
pub fn add_trail(headers: &mut HeaderMap, trail: &Trail) {
    let mut add = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    add("x-litellm-version", env!("CARGO_PKG_VERSION"));
    if !trail.model_group.is_empty() {
        add("x-litellm-model-group", &trail.model_group);
    }
    if let Some(id) = trail.deployment_id() {
        add("x-litellm-model-id", id);
    }
    if let (Some(provider), Some(model)) = (trail.provider(), &trail.upstream_model) {
        add("x-litellm-model-name", &format!("{provider}/{model}"));
    }
    if let Some(key) = &trail.cache_key {
        add("x-litellm-cache-key", key);
    }
    if let Some(base) = trail.api_base() {
        add("x-litellm-model-api-base", base);
    }
    add("x-litellm-attempted-retries", &trail.retries.to_string());
    if trail.retries > 0 {
        add("x-litellm-max-retries", &trail.max_retries.to_string());
    }
    if let Some(timeout) = trail.line.as_ref().and_then(|line| line.deployment.timeout) {
        add("x-litellm-timeout", &timeout.as_secs_f64().to_string());
    }
    add(
        "x-litellm-attempted-fallbacks",
        &trail.fallbacks.to_string(),
    );
    let duration = trail.started.elapsed();
    add("x-litellm-response-duration-ms", &millis(duration));
    add(
        "x-litellm-overhead-duration-ms",
        &millis(duration.saturating_sub(trail.upstream_time)),
    );
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
