//! Alibaba's Model Studio: a turn of texts and images, answered by addresses.

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, Outbound, Reply, Step};

use super::{made, only, own, prompt, sides, uploaded};
use crate::errors;
use crate::row::Row;

pub fn request(
    call: &Call,
    row: &Row,
    outbound: Outbound,
    asked: &Map<String, Value>,
) -> Result<Outbound, Error> {
    only(asked, "url", row)?;
    let images = match call.operation.as_str() {
        "images.edit" => uploaded(call)?,
        _ => Vec::new(),
    };
    let images = images.into_iter().map(|it| json!({ "image": it }));
    let mut content: Vec<Value> = images.collect();
    content.push(json!({"text": prompt(asked)?}));
    let mut parameters = Map::new();
    for (name, value) in own(asked).filter(|(name, _)| *name != "size") {
        parameters.insert(name.clone(), value);
    }
    if let Some((width, height)) = sides(asked)? {
        parameters.insert("size".into(), format!("{width}*{height}").into());
    }
    Ok(outbound.json(&json!({
        "model": call.model,
        "input": {"messages": [{"role": "user", "content": content}]},
        "parameters": parameters
    })))
}

pub fn respond(reply: &Reply) -> Result<Step, Error> {
    let answer = errors::document(reply)?;
    let list = |value: &Value, at: &str| {
        let list = value.pointer(at).and_then(Value::as_array);
        list.cloned().unwrap_or_default()
    };
    let choices = list(&answer, "/output/choices");
    let parts = choices.iter().flat_map(|it| list(it, "/message/content"));
    let images = parts.filter_map(|it| Some(json!({"url": it.get("image")?.as_str()?})));
    made(images.collect())
}
