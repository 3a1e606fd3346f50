//! LiteLLM's `StandardLoggingPayload` of a call: users' pipelines read it, so every field is there.

use serde_json::{Map, Value, json};

use super::heard::{Came, Note, Said, members};
use super::words::{asked, usage};
use crate::auth::{BudgetWindow, Grant};
use crate::domain::{CallStatus, EntityKind, SpendRow, Usd, call_type, moment};
use crate::pipeline::bodies::redact;
use crate::pipeline::request::OURS;
use crate::prices::Cost;

/// What the status of a call is called that its client left.
const LEFT: u16 = 499;

/// The record of a call.
pub fn of(note: &Note, said: &Said, content: bool) -> Value {
    let (row, came) = (&note.row, &note.came);
    let (messages, parameters, response) = contents(said, content);
    let usage = usage(&row.usage);
    let first = row.first_token_ms.unwrap_or(row.ended_ms);
    let session = note.about.session_id.as_deref();
    let trace = session.unwrap_or(&row.call_id);
    let mut record = Map::new();
    let numbers = json!({
        "id": row.provider_id.as_deref().unwrap_or(&row.call_id),
        "trace_id": trace,
        "session_id": session,
        "litellm_call_id": row.call_id,
        "call_type": call_type(&row.operation),
        "stream": came.stream,
        "response_cost": row.cost.map_or(0.0, Usd::dollars),
        "cost_breakdown": came.bill.as_ref().map(Cost::breakdown),
        "response_cost_failure_debug_info": unpriced(row),
        "status": status(row),
        "status_fields": status_fields(row, came),
        "total_tokens": row.usage.total_tokens(),
        "prompt_tokens": row.usage.input_tokens,
        "completion_tokens": row.usage.output_tokens,
        "startTime": seconds(row.started_ms),
        "endTime": seconds(row.ended_ms),
        "completionStartTime": seconds(first),
        "response_time": seconds(first.saturating_sub(row.started_ms)),
        "cache_hit": row.cache_hit,
        "cache_key": came.cache_key,
        "saved_cache_cost": came.saved.map_or(0.0, Usd::dollars),
    });
    let names = json!({
        "custom_llm_provider": text(&row.provider),
        "model_map_information": model(note),
        "model": text(&row.model).unwrap_or(&note.about.asked),
        "model_id": text(&row.deployment),
        "model_group": text(&row.model_group),
        "api_base": row.api_base.as_deref().unwrap_or_default(),
        "request_tags": row.tags,
        "end_user": row.end_user.as_deref().unwrap_or_default(),
        "requester_ip_address": note.about.client_ip,
        "user_agent": note.about.user_agent,
    });
    let rest = json!({
        "error_str": row.error.as_ref().map(|it| it.message.as_str()).or(left(row)),
        "error_information": error(row, came),
        "hidden_params": hidden(row, came, &usage),
        "guardrail_information": guardrails(came),
        "standard_built_in_tools_params": {
            "web_search_options": parameters.get("web_search_options"),
            "file_search": Value::Null,
        },
        "messages": messages,
        "response": response,
        "model_parameters": parameters,
        "metadata": metadata(note, &usage),
    });
    for part in [numbers, names, rest] {
        if let Value::Object(part) = part {
            record.extend(part);
        }
    }
    Value::Object(record)
}

/// What was asked, by which parameters, and what was answered.
fn contents(said: &Said, content: bool) -> (Value, Value, Value) {
    if said.is_lost {
        return (Value::Null, json!({}), Value::Null);
    }
    let clean = |value: &Value| match (content, value) {
        (true, value) => value.clone(),
        (false, Value::Null) => Value::Null,
        (false, value) => redact::redacted(value.clone()),
    };
    let (messages, parameters) = asked(clean(&said.request), OURS);
    (messages, parameters, clean(&said.response))
}

fn text(text: &str) -> Option<&str> {
    Some(text).filter(|it| !it.is_empty())
}

fn seconds(ms: i64) -> f64 {
    ms as f64 / 1000.0
}

fn status(row: &SpendRow) -> &'static str {
    match row.status {
        CallStatus::Success => "success",
        CallStatus::Failure | CallStatus::Interrupted => "failure",
    }
}

fn left(row: &SpendRow) -> Option<&'static str> {
    let left = row.status == CallStatus::Interrupted;
    left.then_some("the call was cut off before the answer's end")
}

fn status_fields(row: &SpendRow, came: &Came) -> Value {
    let decisions = came.guards.decisions();
    let has = |status: &str| decisions.iter().any(|it| it["guardrail_status"] == status);
    let guardrail = [
        "guardrail_failed_to_respond",
        "guardrail_intervened",
        "success",
    ]
    .into_iter()
    .find(|it| has(it));
    json!({"llm_api_status": status(row), "guardrail_status": guardrail.unwrap_or("not_run")})
}

fn guardrails(came: &Came) -> Value {
    match came.guards.decisions() {
        none if none.is_empty() => Value::Null,
        decisions => decisions.into(),
    }
}

/// Why there is no cost, where a call was answered by a model without a price.
fn unpriced(row: &SpendRow) -> Value {
    if row.cost.is_some() || row.lines.is_empty() {
        return Value::Null;
    }
    json!({
        "error_str": "the price of the model is not known",
        "traceback_str": "",
        "model": row.model,
        "cache_hit": row.cache_hit,
        "custom_llm_provider": text(&row.provider),
        "base_model": Value::Null,
        "call_type": call_type(&row.operation),
        "custom_pricing": Value::Null,
    })
}

fn error(row: &SpendRow, came: &Came) -> Value {
    let (status, message) = match (&row.error, left(row)) {
        (Some(error), _) => (error.status, error.message.as_str()),
        (None, Some(text)) => (LEFT, text),
        (None, None) => return Value::Null,
    };
    let class = match (came.kind, row.status) {
        (Some(kind), _) => kind.class(),
        (None, CallStatus::Interrupted) => "ClientDisconnected",
        (None, _) => "InternalServerError",
    };
    let limited = matches!(class, "RateLimitError");
    let category = match came.at_door {
        true => "litellm_rate_limit",
        false => "vendor_rate_limit",
    };
    json!({
        "error_code": status.to_string(),
        "error_class": class,
        "llm_provider": row.provider,
        "traceback": "",
        "error_message": message,
        "error_rate_limit_category": limited.then_some(category),
        "error_rate_limit_type": Value::Null,
    })
}

/// What is known of the model and its prices.
fn model(note: &Note) -> Value {
    let came = &note.came;
    let info = came.line.as_ref().zip(came.prices.as_ref());
    let info = info.and_then(|(line, prices)| {
        let entry = line.price(prices, &note.row.model)?;
        Some(prices.info(&entry))
    });
    json!({"model_map_key": note.row.model, "model_map_value": info})
}

fn hidden(row: &SpendRow, came: &Came, usage: &Value) -> Value {
    let limits = came.limits.iter().map(|(name, value)| {
        let number = value.parse::<u64>().map(Value::from);
        (
            name.clone(),
            number.unwrap_or_else(|_| value.as_str().into()),
        )
    });
    let limits: Map<String, Value> = limits.collect();
    let models: Vec<&str> = row.lines.iter().map(|it| it.model.as_str()).collect();
    json!({
        "model_id": text(&row.deployment),
        "cache_key": came.cache_key,
        "api_base": row.api_base,
        "response_cost": row.cost.map(Usd::dollars),
        "litellm_overhead_time_ms": came.overhead_ms,
        "additional_headers": limits,
        "batch_models": (row.operation == "batches").then_some(models),
        "litellm_model_name": text(&row.model),
        "usage_object": usage,
    })
}

/// Metadata as LiteLLM tells it. What the client wrote stands under `requester_metadata` only.
fn metadata(note: &Note, usage: &Value) -> Value {
    let about = &note.about;
    let mut own = members(about.metadata.as_deref());
    for ours in ["applied_guardrails", "guardrail_information"] {
        own.shift_remove(ours);
    }
    let mut all = match about.hides_holders {
        true => Map::new(),
        false => holders(note),
    };
    let rest = json!({
        "spend_logs_metadata": own.get("spend_logs_metadata"),
        "requester_ip_address": about.client_ip,
        "user_agent": about.user_agent,
        "requester_metadata": own,
        "requester_custom_headers": Value::Null,
        "prompt_management_metadata": Value::Null,
        "mcp_tool_call_metadata": Value::Null,
        "vector_store_request_metadata": Value::Null,
        "routing_decision": Value::Null,
        "applied_guardrails": note.came.guards.header().map_or_else(Vec::new, |it| {
            it.split(',').map(str::to_owned).collect()
        }),
        "usage_object": usage,
        "cold_storage_object_key": Value::Null,
    });
    if let Value::Object(rest) = rest {
        all.extend(rest);
    }
    Value::Object(all)
}

/// Whose call it was.
fn holders(note: &Note) -> Map<String, Value> {
    let (row, about) = (&note.row, &note.about);
    let grant = about.grant.as_deref();
    let team_alias = grant.and_then(|it| it.team.as_ref()?.alias.as_deref());
    let organization = grant.and_then(|it| it.organization.as_ref());
    let all = json!({
        "user_api_key_hash": row.key_hash,
        "user_api_key_alias": row.key_alias,
        "user_api_key_spend": note.came.key_spend.map(Usd::dollars),
        "user_api_key_max_budget": budget(grant, EntityKind::Key).0,
        "user_api_key_budget_reset_at": budget(grant, EntityKind::Key).1,
        "user_api_key_user_spend": Value::Null,
        "user_api_key_user_max_budget": budget(grant, EntityKind::User).0,
        "user_api_key_team_spend": Value::Null,
        "user_api_key_team_max_budget": budget(grant, EntityKind::Team).0,
        "user_api_key_org_id": row.organization_id,
        "user_api_key_org_alias": organization.and_then(|it| it.alias.as_deref()),
        "user_api_key_team_id": row.team_id,
        "user_api_key_team_alias": team_alias,
        "user_api_key_project_id": Value::Null,
        "user_api_key_project_alias": Value::Null,
        "user_api_key_user_id": row.user_id,
        "user_api_key_user_email": grant.and_then(|it| it.user.as_ref()?.email.as_deref()),
        "user_api_key_end_user_id": row.end_user,
        "user_api_key_request_route": about.route,
        "user_api_key_auth_metadata": auth_metadata(grant),
        "team_id": row.team_id,
        "team_alias": team_alias,
    });
    match all {
        Value::Object(all) => all,
        _ => Map::new(),
    }
}

/// The texts of the key's metadata. What it logs to, and with what, is none of them.
fn auth_metadata(grant: Option<&Grant>) -> Value {
    let key = grant.and_then(|it| it.key.as_ref());
    let texts = key.into_iter().flat_map(|it| &it.metadata);
    let texts =
        texts.filter(|(name, value)| value.is_string() && !crate::config::looks_secret(name));
    let texts: Map<String, Value> = texts.map(|(k, v)| (k.clone(), v.clone())).collect();
    match key {
        Some(_) => Value::Object(texts),
        None => Value::Null,
    }
}

/// The budget of a holder, and when it begins anew.
fn budget(grant: Option<&Grant>, kind: EntityKind) -> (Option<f64>, Option<String>) {
    let mut terms = grant.into_iter().flat_map(|it| &it.budgets);
    let whole = terms.find(|it| it.entity.kind == kind && it.window == BudgetWindow::Whole);
    let max = whole.and_then(|it| it.max).map(Usd::dollars);
    (max, whole.and_then(|it| it.reset_at_ms).map(moment))
}

#[cfg(test)]
mod tests {
    use super::super::heard::About;
    use super::*;
    use crate::domain::{CallError, ErrorKind, Usage};

    /// Of a call that ended so.
    fn row(status: &str) -> SpendRow {
        let row = json!({
            "call_id": "call-1", "provider_id": "chatcmpl-1", "operation": "chat", "status": status,
            "started_ms": 1_000, "first_token_ms": 1_250, "ended_ms": 2_000, "key_hash": "hash",
            "key_alias": "alias", "team_id": "red", "tags": ["blue"], "model_group": "group",
            "deployment": "d1", "provider": "openai", "model": "gpt", "usage": Usage {
                input_tokens: 10, output_tokens: 5, ..Usage::default()
            },
            "cost": Usd::from_pico(7_000_000), "lines": [], "payers": [], "price_version": "v",
            "cache_hit": false, "session_id": "s-1",
        });
        serde_json::from_value(row).unwrap()
    }

    fn told(row: SpendRow, came: Came, content: bool) -> Value {
        let mut about = About::of_row(&row);
        about.metadata =
            Some(r#"{"spend_logs_metadata":{"a":1},"guardrail_information":[1]}"#.into());
        let request = json!({"model": "group", "temperature": 0.5, "no-log": false, "metadata": {},
            "messages": [{"role": "user", "content": "hello"}]});
        let response = json!({"id": "chatcmpl-1", "choices": []});
        let said = (request, response);
        let note = Note::spoken((row, came), about, said);
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime
            .unwrap()
            .block_on(async { of(&note, note.said().await, content) })
    }

    #[test]
    fn a_call_that_succeeded_is_told_by_litellms_names() {
        let record = told(row("success"), Came::default(), true);
        for (name, value) in [
            ("id", json!("chatcmpl-1")),
            ("litellm_call_id", json!("call-1")),
            ("trace_id", json!("s-1")),
            ("call_type", json!("acompletion")),
            ("status", json!("success")),
            ("startTime", json!(1.0)),
            ("completionStartTime", json!(1.25)),
            ("response_time", json!(0.25)),
            ("endTime", json!(2.0)),
            ("total_tokens", json!(15)),
            ("response_cost", json!(7e-6)),
            ("request_tags", json!(["blue"])),
            ("model_parameters", json!({"temperature": 0.5})),
            ("messages", json!([{"role": "user", "content": "hello"}])),
            ("error_information", Value::Null),
        ] {
            assert_eq!(record[name], value, "{name}");
        }
        let metadata = &record["metadata"];
        assert_eq!(metadata["user_api_key_team_id"], "red");
        assert_eq!(metadata["spend_logs_metadata"], json!({"a": 1}));
        // A client cannot pretend that a guardrail looked.
        assert_eq!(
            metadata["requester_metadata"].get("guardrail_information"),
            None
        );
        assert_eq!(record["guardrail_information"], Value::Null);
    }

    #[test]
    fn without_content_nothing_of_what_was_said_is_told() {
        let record = told(row("success"), Came::default(), false);
        assert!(!record.to_string().contains("hello"));
        assert_eq!(record["messages"][0]["content"], redact::REDACTED);
        assert_eq!(record["model_parameters"], json!({"temperature": 0.5}));
    }

    #[test]
    fn failures_say_who_was_at_fault() {
        let mut failed = row("failure");
        failed.error = Some(CallError {
            status: 429,
            kind: "rate-limit".into(),
            message: "too many".into(),
        });
        for (at_door, category) in [(true, "litellm_rate_limit"), (false, "vendor_rate_limit")] {
            let came = Came {
                kind: Some(ErrorKind::RateLimit),
                at_door,
                ..Came::default()
            };
            let error = &told(failed.clone(), came, true)["error_information"];
            assert_eq!(error["error_code"], "429");
            assert_eq!(error["error_class"], "RateLimitError");
            assert_eq!(error["error_rate_limit_category"], category);
        }
        let left = told(row("interrupted"), Came::default(), true);
        assert_eq!(
            (&left["status"], &left["error_information"]["error_code"]),
            (&json!("failure"), &json!("499"))
        );
    }
}
