//! How much a model is to think.

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, fault};

use crate::anthropic::models;

/// Tokens for each effort on models that take a budget (as LiteLLM's clients know them).
const BUDGETS: [(&str, u64); 6] = [
    ("minimal", MIN_BUDGET),
    ("low", MIN_BUDGET),
    ("medium", 2048),
    ("high", 4096),
    ("xhigh", 8192),
    ("max", 16384),
];

/// The smallest budget the API takes.
const MIN_BUDGET: u64 = 1024;

/// Room for the answer beside the thinking, where the client names no limit.
const ANSWER_ROOM: u64 = 4096;

/// Sets `thinking` and `output_config` from `thinking` or `reasoning_effort`.
pub fn apply(
    call: &Call,
    chat: &Map<String, Value>,
    body: &mut Map<String, Value>,
) -> Result<(), Error> {
    let model = &call.model;
    if let Some(asked) = chat.get("thinking").and_then(Value::as_object) {
        as_asked(model, asked, chat, body);
        return Ok(());
    }
    let Some(effort) = effort(chat)? else {
        return Ok(());
    };
    if models::is_adaptive(model) {
        let effort = match effort {
            "minimal" => "low",
            "xhigh" if !models::has_xhigh(model) => "high",
            other => other,
        };
        adaptive(effort, body);
    } else if let Some((_, budget)) = BUDGETS.iter().find(|(name, _)| *name == effort)
        && let Some(budget) = fitting(*budget, chat, body)
    {
        body.insert(
            "thinking".into(),
            json!({"type": "enabled", "budget_tokens": budget}),
        );
        make_room(budget, chat, body);
    }
    Ok(())
}

/// `thinking` as the client wrote it, where the model still takes it so.
fn as_asked(
    model: &str,
    asked: &Map<String, Value>,
    chat: &Map<String, Value>,
    body: &mut Map<String, Value>,
) {
    let budget = asked.get("budget_tokens").and_then(Value::as_u64);
    match asked.get("type").and_then(Value::as_str) {
        Some("disabled") if models::always_thinks(model) => {}
        Some("enabled") if models::refuses_budget(model) => {
            let effort = BUDGETS
                .iter()
                .skip(1)
                .rev()
                .find(|(_, tokens)| budget.unwrap_or(2048) >= *tokens)
                .map_or("low", |(name, _)| *name);
            adaptive(effort, body);
        }
        _ => {
            body.insert("thinking".into(), asked.clone().into());
            if let Some(budget) = budget {
                make_room(budget, chat, body);
            }
        }
    }
}

fn adaptive(effort: &str, body: &mut Map<String, Value>) {
    body.insert(
        "thinking".into(),
        json!({"type": "adaptive", "display": "summarized"}),
    );
    let config = body.entry("output_config").or_insert_with(|| json!({}));
    if let Some(members) = config.as_object_mut() {
        members.entry("effort").or_insert_with(|| effort.into());
    }
}

/// The effort asked for; none if the model is not to think.
fn effort(chat: &Map<String, Value>) -> Result<Option<&str>, Error> {
    let Some(asked) = chat.get("reasoning_effort").filter(|it| !it.is_null()) else {
        return Ok(None);
    };
    let word = asked
        .as_str()
        .or_else(|| asked.get("effort").and_then(Value::as_str));
    match word {
        Some("none" | "disable") => Ok(None),
        Some(word) if BUDGETS.iter().any(|(name, _)| *name == word) => Ok(Some(word)),
        _ => Err(fault::invalid_request(format!(
            "`reasoning_effort` is {asked}, which is none of none, minimal, low, medium, high, xhigh, max"
        ))),
    }
}

/// The budget under the client's own limit, which has to exceed it: half of the limit at most.
/// None where there is no room to think.
fn fitting(budget: u64, chat: &Map<String, Value>, body: &Map<String, Value>) -> Option<u64> {
    let limit = body.get("max_tokens").and_then(Value::as_u64).unwrap_or(0);
    if !names_limit(chat) || limit > budget {
        return Some(budget);
    }
    (limit > MIN_BUDGET).then(|| (limit / 2).max(MIN_BUDGET))
}

/// The limit has to exceed the budget.
fn make_room(budget: u64, chat: &Map<String, Value>, body: &mut Map<String, Value>) {
    let limit = body.get("max_tokens").and_then(Value::as_u64).unwrap_or(0);
    if !names_limit(chat) && limit <= budget {
        body.insert("max_tokens".into(), (budget + ANSWER_ROOM).into());
    }
}

fn names_limit(chat: &Map<String, Value>) -> bool {
    ["max_tokens", "max_completion_tokens"]
        .iter()
        .any(|name| chat.get(*name).is_some_and(|it| !it.is_null()))
}

/// Whether the model will think with this body.
pub fn is_on(body: &Map<String, Value>) -> bool {
    let kind = body
        .get("thinking")
        .and_then(|it| it.get("type"))
        .and_then(Value::as_str);
    matches!(kind, Some("enabled" | "adaptive"))
}
