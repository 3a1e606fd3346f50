//! `POST /spend/calculate`: what a call would cost, or did.

use serde_json::{Value, json};

use super::ask::{Asked, Input};
use super::fault::{bad, missing, shown};
use super::{Answer, Reports};
use crate::auth::Caller;
use crate::domain::{Fault, Usage};

/// Most tokens of a usage: more than any model ever takes, and few enough to be summed.
const MOST_TOKENS: u64 = 1_000_000_000_000;
/// How deep an answer may be nested.
const DEEPEST: usize = 64;

/// `{model, messages}`: the price of a prompt. `{completion_response}`, with its `usage`: the price
/// of an answer. Without a usage, four bytes of text count as a token. A price that nobody knows
/// is an error, not zero.
pub(super) async fn calculate(reports: &Reports, _caller: &Caller, input: Input) -> Answer {
    let asked = Asked::body(&input, &["model", "messages", "completion_response"])?;
    let response = asked.object("completion_response")?;
    let messages = asked.values("messages")?;
    if response.is_none() && messages.is_none() {
        return Err(missing("messages"));
    }
    let model = match (
        asked.text("model")?,
        response.and_then(|it| it.get("model")),
    ) {
        (Some(model), _) => model,
        (None, Some(Value::String(model))) if !model.is_empty() => model,
        (None, None | Some(Value::Null)) => return Err(missing("model")),
        (None, Some(_)) => {
            return Err(bad(
                "completion_response",
                "`completion_response.model` must be a text",
            ));
        }
    };
    let prompt = messages.map_or(0, |it| guessed(it, 0));
    let usage = match response
        .and_then(|it| it.get("usage"))
        .filter(|it| !it.is_null())
    {
        Some(usage) => read(usage)?,
        None => Usage {
            input_tokens: prompt,
            output_tokens: response.map_or(0, answered),
            ..Usage::default()
        },
    };
    let cost = reports.outside.price(model, &usage).ok_or_else(|| {
        let message = format!(
            "the price of model `{}` is unknown; it is not in the price table, and its deployment \
             names none",
            shown(model)
        );
        bad("model", message)
    })?;
    Ok(json!({"cost": cost.dollars()}).into())
}

/// A usage that a client wrote: counts only, and none that would overflow a sum.
fn read(usage: &Value) -> Result<Usage, Fault> {
    let field = "completion_response.usage";
    if !sound(usage, 0) {
        let message = format!("`{field}` must hold whole numbers from 0 to {MOST_TOKENS}");
        return Err(bad(field, message));
    }
    let read = Usage::from_json(usage);
    let mut usage = read.ok_or_else(|| bad(field, format!("`{field}` has no token counts")))?;
    // The price is asked for, not what the client says it was.
    usage.reported_cost_usd = None;
    Ok(usage)
}

fn sound(value: &Value, depth: usize) -> bool {
    match value {
        // Costs and other notes beside the counts are no whole numbers.
        Value::Number(number) => {
            number.is_f64() || number.as_u64().is_some_and(|it| it <= MOST_TOKENS)
        }
        Value::Object(map) => depth < DEEPEST && map.values().all(|it| sound(it, depth + 1)),
        Value::Array(list) => depth < DEEPEST && list.iter().all(|it| sound(it, depth + 1)),
        _ => true,
    }
}

/// Tokens of the answer's text.
fn answered(response: &serde_json::Map<String, Value>) -> u64 {
    let parts = ["choices", "output", "content"];
    let parts = parts.iter().filter_map(|name| response.get(*name));
    parts.fold(0, |sum: u64, part| sum.saturating_add(guessed(part, 0)))
}

/// A token for each four bytes of text that is shown to a model, or by it.
pub(super) fn guessed(value: &Value, depth: usize) -> u64 {
    fn bytes(value: &Value, depth: usize) -> u64 {
        const SHOWN: [&str; 11] = [
            "message",
            "messages",
            "content",
            "text",
            "output",
            "input",
            "reasoning_content",
            "tool_calls",
            "function",
            "arguments",
            "name",
        ];
        match value {
            Value::String(text) => u64::try_from(text.len()).unwrap_or(u64::MAX),
            Value::Array(list) if depth < DEEPEST => list
                .iter()
                .fold(0, |sum: u64, one| sum.saturating_add(bytes(one, depth + 1))),
            Value::Object(map) if depth < DEEPEST => map
                .iter()
                .filter(|(name, _)| SHOWN.contains(&name.as_str()))
                .fold(0, |sum: u64, (_, one)| {
                    sum.saturating_add(bytes(one, depth + 1))
                }),
            _ => 0,
        }
    }
    bytes(value, depth).div_ceil(4)
}
