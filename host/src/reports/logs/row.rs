//! One call as LiteLLM's `SpendLogs` has it.

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::auth::Caller;
use crate::domain::{CallBodies, CallStatus, CostLine, Fault, SpendRow, Usage, Usd, call_type};
use crate::reports::ask::{Asked, Input};
use crate::reports::fault::{absent, missing, store};
use crate::reports::sight::Sight;
use crate::reports::{Answer, Reports, days};
use crate::store::SpendFilter;

/// Rows of one provider's id that are looked at.
const TWINS: u32 = 100;
/// Bodies come a second or two after the call; those that are not there after this time were not
/// kept, in milliseconds.
const BODIES_COME_WITHIN: i64 = 60_000;

/// `GET /spend/logs/ui/{request_id}`: one call with its bodies, by our id or the provider's.
pub(in crate::reports) async fn one(reports: &Reports, caller: &Caller, input: Input) -> Answer {
    // The start is what LiteLLM needs to find the row.
    Asked::query(&input, &["start_date"])?;
    let path = Asked::path(&input, &["request_id"])?;
    let id = path
        .text("request_id")?
        .ok_or_else(|| missing("request_id"))?;
    let sight = reports.sight(caller).await?;
    let mut found = reports.calls(&sight, id).await?;
    found.truncate(1);
    let one = reports.with_bodies(&found).await?.pop();
    let mut one = one.ok_or_else(|| absent("request_id", "call", id))?;
    let bill = found.first().and_then(|row| reports.outside.bill(row));
    if let Some(metadata) = one["metadata"].as_object_mut() {
        let bill = bill.map_or(Value::Null, |it| it.breakdown());
        metadata.insert("cost_breakdown".to_owned(), bill);
    }
    let awaits = found.first().is_some_and(|row| reports.awaits(row, &one));
    one["bodies_pending"] = awaits.into();
    Ok(one.into())
}

impl Reports {
    /// Whether a call, as it is shown, has no bodies yet and may still get them: they are brought
    /// to the database apart from its row.
    fn awaits(&self, row: &SpendRow, shown: &Value) -> bool {
        let is_young = self.outside.now_ms() - row.ended_ms < BODIES_COME_WITHIN;
        let has_none = shown["proxy_server_request"] == json!({}) && shown["response"] == json!({});
        has_none && is_young && self.outside.keeps_bodies()
    }

    /// Rows that the caller may see, with their bodies.
    pub(super) async fn with_bodies(&self, rows: &[SpendRow]) -> Result<Vec<Value>, Fault> {
        let ids: Vec<&str> = rows.iter().map(|row| row.call_id.as_str()).collect();
        let bodies = self.store.spend_bodies(&ids).await.map_err(store)?;
        let all = rows.iter().map(|row| json(row, bodies.get(&row.call_id)));
        Ok(all.collect())
    }

    /// The calls of an id that the caller may see; one, unless a provider gave its id twice.
    pub(super) async fn calls(&self, sight: &Sight, id: &str) -> Result<Vec<SpendRow>, Fault> {
        let filter = SpendFilter {
            request_id: Some(id.to_owned()),
            ..SpendFilter::default()
        };
        let mut rows = self
            .store
            .spend_rows(&filter, None, TWINS)
            .await
            .map_err(store)?;
        rows.retain(|row| sight.sees(row));
        // A provider may answer with an id of ours; the call that is meant is ours.
        rows.sort_by_key(|row| row.call_id != id);
        Ok(rows)
    }
}

/// A row by LiteLLM's field names, in a list without bodies. `spend` is null where the price is
/// unknown.
pub(super) fn json(row: &SpendRow, bodies: Option<&CallBodies>) -> Value {
    let request = parsed(bodies.and_then(|it| it.request.as_deref()));
    let response = parsed(bodies.and_then(|it| it.response.as_deref()));
    let messages = ["messages", "input", "prompt"];
    let messages = messages.iter().find_map(|name| request.get(*name));
    json!({
        "request_id": row.call_id,
        "litellm_call_id": row.call_id,
        "provider_request_id": row.provider_id,
        "call_type": call_type(&row.operation),
        "api_key": row.key_hash,
        "spend": row.cost.map(Usd::dollars),
        "total_tokens": row.usage.total_tokens(),
        "prompt_tokens": row.usage.input_tokens,
        "completion_tokens": row.usage.output_tokens,
        "startTime": days::iso(row.started_ms),
        "endTime": days::iso(row.ended_ms),
        "completionStartTime": row.first_token_ms.map(days::iso),
        "request_duration_ms": row.ended_ms.saturating_sub(row.started_ms).max(0),
        "model": row.model,
        "model_id": row.deployment,
        "model_group": row.model_group,
        "custom_llm_provider": row.provider,
        "api_base": row.api_base,
        "user": row.user_id,
        "metadata": metadata(row),
        "cache_hit": if row.cache_hit { "True" } else { "False" },
        "cache_key": null,
        "request_tags": row.tags,
        "team_id": row.team_id,
        "organization_id": row.organization_id,
        "end_user": row.end_user,
        "requester_ip_address": row.client_ip,
        "messages": messages.cloned().unwrap_or_else(|| json!({})),
        "response": or_empty(response),
        "proxy_server_request": or_empty(request),
        "session_id": row.session_id,
        "status": status(row.status),
    })
}

pub(super) const fn status(status: CallStatus) -> &'static str {
    match status {
        CallStatus::Success => "success",
        CallStatus::Failure => "failure",
        CallStatus::Interrupted => "interrupted",
    }
}

/// The caller's metadata, and over it what the gateway knows, so that no caller can pretend.
fn metadata(row: &SpendRow) -> Value {
    let mut all = match parsed(row.metadata.as_deref()) {
        Value::Object(map) => map,
        _ => Map::new(),
    };
    let error = row.error.as_ref().map(|error| {
        json!({
            "error_code": error.status.to_string(),
            "error_class": error.kind,
            "error_message": error.message,
            "llm_provider": row.provider,
        })
    });
    for (name, value) in [
        ("user_api_key", json!(row.key_hash)),
        ("user_api_key_alias", json!(row.key_alias)),
        ("user_api_key_user_id", json!(row.user_id)),
        ("user_api_key_team_id", json!(row.team_id)),
        ("user_api_key_org_id", json!(row.organization_id)),
        ("requester_ip_address", json!(row.client_ip)),
        ("user_agent", json!(row.user_agent)),
        ("status", json!(status(row.status))),
        ("usage_object", usage(&row.usage)),
        ("error_information", json!(error)),
        ("attempts", row.lines.iter().map(line).collect()),
        ("price_version", json!(row.price_version)),
    ] {
        all.insert(name.to_owned(), value);
    }
    Value::Object(all)
}

/// An attempt that cost something, or would have if its price were known.
fn line(line: &CostLine) -> Value {
    json!({
        "model_id": line.deployment,
        "custom_llm_provider": line.provider,
        "model": line.model,
        "spend": line.cost.map(Usd::dollars),
        "usage": usage(&line.usage),
        "estimated": line.estimated,
    })
}

fn usage(usage: &Usage) -> Value {
    json!({
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.total_tokens(),
        "prompt_tokens_details": {
            "cached_tokens": usage.cached_tokens,
            "cache_write_tokens": usage.cache_write_tokens,
        },
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    })
}

fn parsed(text: Option<&RawValue>) -> Value {
    let value = text.and_then(|it| serde_json::from_str(it.get()).ok());
    value.unwrap_or(Value::Null)
}

fn or_empty(value: Value) -> Value {
    if value.is_null() { json!({}) } else { value }
}
