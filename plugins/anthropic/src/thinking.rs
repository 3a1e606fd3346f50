//! How much a model is to think.

use sluice_sdk::Call;
use sluice_sdk::serde_json::{Map, Value, json};

/// Tokens for each effort on models that take a budget (as LiteLLM's clients know them).
const BUDGETS: [(&str, u64); 6] = [
    ("minimal", 1024),
    ("low", 1024),
    ("medium", 2048),
    ("high", 4096),
    ("xhigh", 8192),
    ("max", 16384),
];

/// Room for the answer beside the thinking, where the client names no limit.
const ANSWER_ROOM: u64 = 4096;

/// Models that decide themselves how long to think, and take an effort instead of a budget:
/// Claude 4.6 and later, told by the version in the name.
pub fn is_adaptive(model: &str) -> bool {
    version(model).is_some_and(|version| version >= (4, 6))
}

/// The first two numbers of a name like `claude-sonnet-4-6` or `claude-opus-5`.
pub fn version(model: &str) -> Option<(u32, u32)> {
    let mut numbers = model
        .split(['-', '.', '@', ':'])
        .filter_map(|part| part.parse::<u32>().ok())
        .filter(|it| *it < 100);
    let major = numbers.next()?;
    Some((major, numbers.next().unwrap_or(0)))
}

/// Sets `thinking` and `output_config` from `thinking` or `reasoning_effort`.
pub fn apply(call: &Call, chat: &Map<String, Value>, body: &mut Map<String, Value>) {
    if let Some(asked) = chat.get("thinking").filter(|it| it.is_object()) {
        body.insert("thinking".into(), asked.clone());
        make_room(
            asked.get("budget_tokens").and_then(Value::as_u64),
            chat,
            body,
        );
    } else if let Some(effort) = effort(chat) {
        if is_adaptive(&call.model) {
            let effort = if effort == "minimal" { "low" } else { effort };
            body.insert(
                "thinking".into(),
                json!({"type": "adaptive", "display": "summarized"}),
            );
            body.insert("output_config".into(), json!({ "effort": effort }));
        } else if let Some((_, budget)) = BUDGETS.iter().find(|(name, _)| *name == effort) {
            body.insert(
                "thinking".into(),
                json!({"type": "enabled", "budget_tokens": budget}),
            );
            make_room(Some(*budget), chat, body);
        }
    }
}

fn effort(chat: &Map<String, Value>) -> Option<&str> {
    let asked = chat.get("reasoning_effort")?;
    let effort = asked.as_str().or_else(|| asked.get("effort")?.as_str())?;
    (!matches!(effort, "none" | "disable")).then_some(effort)
}

/// The limit has to exceed the budget.
fn make_room(budget: Option<u64>, chat: &Map<String, Value>, body: &mut Map<String, Value>) {
    let asked = chat.contains_key("max_tokens") || chat.contains_key("max_completion_tokens");
    let limit = body.get("max_tokens").and_then(Value::as_u64).unwrap_or(0);
    if let Some(budget) = budget.filter(|budget| !asked && limit <= budget + ANSWER_ROOM) {
        body.insert("max_tokens".into(), (budget + ANSWER_ROOM).into());
    }
}

/// Whether the model will think with this body.
pub fn is_on(body: &Map<String, Value>) -> bool {
    let kind = body
        .get("thinking")
        .and_then(|it| it.get("type"))
        .and_then(Value::as_str);
    matches!(kind, Some("enabled" | "adaptive"))
}
