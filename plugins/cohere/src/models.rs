//! The list of models, page by page.

use sluice_sdk::serde_json::{Value, json};
use sluice_sdk::{Call, Error, Outbound, Reply, Response, Step, fault, parse_state, write_json};

use crate::path;

/// A provider that never ends its list is not asked for ever.
const MAX_PAGES: usize = 20;

pub fn request(call: &Call) -> Outbound {
    Outbound::get(path::of(call, "/v1/models?page_size=1000"))
}

pub fn answer(call: &Call, reply: &Reply, answer: &Value) -> Result<Step, Error> {
    let mut pages: Vec<Vec<Value>> = parse_state(&reply.state)?;
    // One model that was asked for by name is a list of one.
    let list = match answer.get("models") {
        Some(Value::Array(list)) => list.as_slice(),
        None if answer.get("name").is_some() => std::slice::from_ref(answer),
        _ => return Err(fault::upstream("the provider's answer has no `models`")),
    };
    pages.push(list.iter().map(model).collect());
    let next = answer.get("next_page_token").and_then(Value::as_str);
    match next.filter(|it| token(it) && pages.len() < MAX_PAGES) {
        Some(token) => {
            let url = format!("/v1/models?page_size=1000&page_token={token}");
            let outbound = Outbound::get(path::of(call, &url)).state(write_json(&pages));
            Ok(outbound.send())
        }
        None => {
            let data: Vec<Value> = pages.into_iter().flatten().collect();
            Ok(Response::json(&json!({"object": "list", "data": data})).respond())
        }
    }
}

fn token(text: &str) -> bool {
    let plain = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '=' | '.');
    !text.is_empty() && text.chars().all(plain)
}

fn model(model: &Value) -> Value {
    json!({"id": model.get("name"), "object": "model", "owned_by": "cohere",
        "max_input_tokens": model.get("context_length"), "endpoints": model.get("endpoints")})
}
