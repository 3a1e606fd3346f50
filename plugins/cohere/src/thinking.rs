//! How much the model is to think.

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Error, fault};

/// Models that do not think: they refuse the parameter, and blocks of thoughts in a conversation.
pub const WITHOUT: [&str; 8] = [
    "command",
    "command-light*",
    "command-nightly",
    "command-r*",
    "command-a-03*",
    "command-a-translate*",
    "command-a-vision*",
    "c4ai-*",
];

pub fn of_model(model: &str) -> bool {
    let fits = |pattern: &&str| match pattern.strip_suffix('*') {
        Some(start) => model.starts_with(start),
        None => model == *pattern,
    };
    !WITHOUT.iter().any(fits)
}

/// `thinking` of Anthropic's or of Cohere's, else `reasoning_effort`.
pub fn wish(chat: &Map<String, Value>) -> Result<Option<Value>, Error> {
    let given = |name: &str| chat.get(name).filter(|it| !it.is_null());
    if let Some(thinking) = given("thinking") {
        let kind = thinking.get("type").and_then(Value::as_str);
        let kind = kind.ok_or_else(|| fault::invalid_request("`thinking` has no `type`"))?;
        let budget = ["token_budget", "budget_tokens"];
        let budget = budget.iter().find_map(|it| thinking.get(*it));
        let kind = if kind == "disabled" { kind } else { "enabled" };
        return Ok(Some(wanted(kind, budget.cloned())));
    }
    let Some(effort) = given("reasoning_effort") else {
        return Ok(None);
    };
    let budget = match effort.as_str() {
        Some("none" | "disable") => return Ok(Some(wanted("disabled", None))),
        Some("minimal") => 128,
        Some("low") => 1024,
        Some("medium") => 2048,
        Some("high") => 4096,
        Some("xhigh") => 8192,
        Some("max") => return Ok(Some(wanted("enabled", None))),
        _ => {
            return Err(fault::invalid_request(format!(
                "`reasoning_effort` is {effort}: it is none, minimal, low, medium, high, xhigh or max"
            )));
        }
    };
    Ok(Some(wanted("enabled", Some(budget.into()))))
}

fn wanted(kind: &str, budget: Option<Value>) -> Value {
    let mut thinking = json!({ "type": kind });
    if let Some(budget) = budget.filter(|it| it.is_u64()) {
        thinking["token_budget"] = budget;
    }
    thinking
}
