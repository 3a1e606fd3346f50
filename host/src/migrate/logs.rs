//! LiteLLM's log of calls as rows of ours: to look up, not to count. What they cost stands in the
//! accounts and the days already.

use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};

use crate::domain::{CallBodies, CallError, CallStatus, SpendRow, Usage};
use crate::store::litellm::SpendLog;

/// Metadata that LiteLLM repeats in each row, such as the price of the model.
const REPEATED: [&str; 2] = ["model_map_information", "usage_object"];

/// The row of a call. Nobody pays for it again.
pub(super) fn row(mut it: SpendLog) -> SpendRow {
    let status = match it.status.as_deref() {
        Some("failure") => CallStatus::Failure,
        _ => CallStatus::Success,
    };
    let started_ms = it.started_ms.unwrap_or_default();
    let cached = part(&it.metadata, "cache_read_input_tokens");
    let written = part(&it.metadata, "cache_creation_input_tokens");
    let error = it.metadata.shift_remove("error_information");
    let error = error.filter(|_| status == CallStatus::Failure);
    let alias = it
        .metadata
        .get("user_api_key_alias")
        .and_then(Value::as_str);
    let key_alias = alias.map(str::to_owned);
    for name in REPEATED {
        it.metadata.shift_remove(name);
    }
    let tags = it.request_tags.iter().filter_map(Value::as_str);
    SpendRow {
        provider_id: Some(it.request_id.clone()),
        call_id: it.request_id,
        operation: operation(&it.call_type).to_owned(),
        status,
        started_ms,
        first_token_ms: it.first_token_ms,
        ended_ms: it.ended_ms.unwrap_or(started_ms),
        key_hash: it.api_key,
        key_alias,
        user_id: some(it.user),
        team_id: some(it.team_id),
        organization_id: some(it.organization_id),
        end_user: some(it.end_user),
        tags: tags.map(str::to_owned).collect(),
        model_group: it.model_group,
        deployment: it.model_id,
        provider: it.custom_llm_provider,
        model: it.model,
        api_base: some(it.api_base),
        usage: Usage {
            input_tokens: it.prompt_tokens,
            output_tokens: it.completion_tokens,
            cached_tokens: cached,
            cache_write_tokens: written,
            ..Usage::default()
        },
        cost: Some(it.spend),
        lines: Vec::new(),
        payers: Vec::new(),
        price_version: "litellm".to_owned(),
        cache_hit: it.cache_hit.eq_ignore_ascii_case("true"),
        session_id: some(it.session_id),
        client_ip: some(it.requester_ip_address),
        user_agent: None,
        error: error.as_ref().map(failure),
        metadata: to_raw_value(&it.metadata).ok(),
        why: None,
    }
}

/// The bodies of a call, where LiteLLM was told to keep them.
pub(super) fn bodies(it: &SpendLog) -> Option<CallBodies> {
    let request = [&it.proxy_server_request, &it.messages];
    let (request, response) = (request.into_iter().find_map(body), body(&it.response));
    if request.is_none() && response.is_none() {
        return None;
    }
    Some(CallBodies {
        call_id: it.request_id.clone(),
        started_ms: it.started_ms.unwrap_or_default(),
        request,
        response,
    })
}

fn some(text: Option<String>) -> Option<String> {
    text.filter(|it| !it.is_empty())
}

/// A count that newer versions keep beside the rest.
fn part(metadata: &Map<String, Value>, name: &str) -> u64 {
    let found = ["additional_usage_values", "usage_object"]
        .iter()
        .find_map(|it| metadata.get(*it)?.get(name)?.as_u64());
    found.unwrap_or(0)
}

/// A body that holds something.
fn body(value: &Value) -> Option<Box<RawValue>> {
    let empty = match value {
        Value::Object(object) => object.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::String(text) => text.is_empty(),
        _ => true,
    };
    if empty {
        return None;
    }
    to_raw_value(value).ok()
}

/// The word that calls here have for what LiteLLM calls otherwise.
fn operation(call_type: &str) -> &str {
    match call_type {
        "acompletion" | "completion" => "chat",
        "atext_completion" | "text_completion" => "completions",
        "aembedding" | "embedding" => "embeddings",
        "aresponses" | "responses" => "responses",
        other => match other {
            "anthropic_messages" => "messages",
            other => other,
        },
    }
}

fn failure(error: &Value) -> CallError {
    let text = |name: &str| {
        let found = error.get(name).and_then(Value::as_str);
        found.unwrap_or_default().to_owned()
    };
    CallError {
        status: text("error_code").parse().unwrap_or(500),
        kind: text("error_class"),
        message: text("error_message"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Usd;
    use serde_json::json;

    #[test]
    fn a_call_of_the_log_is_a_row_that_nobody_pays_again() {
        let metadata = json!({
            "user_api_key_alias": "ci", "model_map_information": {"long": 1},
            "additional_usage_values": {"cache_read_input_tokens": 4},
            "error_information": {"error_code": "429", "error_class": "RateLimitError",
                "error_message": "slow down"},
        });
        let log = SpendLog {
            request_id: "chatcmpl-1".to_owned(),
            call_type: "acompletion".to_owned(),
            spend: Usd::from_dollars(0.017).unwrap(),
            prompt_tokens: 10,
            started_ms: Some(5),
            status: Some("failure".to_owned()),
            cache_hit: "True".to_owned(),
            metadata: metadata.as_object().cloned().unwrap_or_default(),
            request_tags: vec![json!("a"), json!(1)],
            messages: json!([{"role": "user"}]),
            proxy_server_request: json!({}),
            ..SpendLog::default()
        };
        let bodies = bodies(&log).unwrap();
        let it = row(log);
        assert_eq!(
            (bodies.call_id.as_str(), bodies.started_ms),
            ("chatcmpl-1", 5)
        );
        let request = bodies.request.as_ref().map(|it| it.get());
        assert_eq!(request, Some(r#"[{"role":"user"}]"#));
        assert!(bodies.response.is_none());
        assert_eq!(
            (it.call_id.as_str(), it.operation.as_str()),
            ("chatcmpl-1", "chat")
        );
        assert_eq!((it.started_ms, it.ended_ms), (5, 5));
        assert_eq!(it.cost, Usd::from_dollars(0.017));
        assert!(it.payers.is_empty() && it.lines.is_empty() && it.cache_hit);
        assert_eq!((it.usage.input_tokens, it.usage.cached_tokens), (10, 4));
        assert_eq!((it.key_alias.as_deref(), it.tags.len()), (Some("ci"), 1));
        assert_eq!(it.error.map(|it| it.status), Some(429));
        assert!(!it.metadata.unwrap().get().contains("model_map_information"));
    }
}
