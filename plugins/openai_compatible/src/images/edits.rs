//! Edits whose answers are OpenAI's and whose requests are not: images as addresses in a document, or
//! one in a form.

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, Outbound, fault};

use super::{own, prompt, uploaded};
use crate::request::sent_model;
use crate::row::Row;

/// How far Recraft may leave the picture where nothing is said, as LiteLLM has it. Recraft itself has
/// no default.
const STRENGTH: &str = "0.2";

/// `references` is OpenRouter's list, `image-urls` Meta's.
pub fn by_address(
    dialect: &str,
    call: &Call,
    row: &Row,
    outbound: Outbound,
    asked: &Map<String, Value>,
) -> Result<Outbound, Error> {
    let mut body = json!({"model": sent_model(row, &call.model), "prompt": prompt(asked)?});
    if let Some(format) = asked.get("response_format").filter(|it| !it.is_null()) {
        body["response_format"] = format.clone();
    }
    for (name, value) in own(asked) {
        body[name] = value;
    }
    let images = uploaded(call)?.into_iter();
    if dialect == "references" {
        let images = images.map(|it| json!({"type": "image_url", "image_url": {"url": it}}));
        body["input_references"] = images.collect();
    } else {
        let images = images.map(|it| json!({ "image_url": it }));
        body["images"] = images.collect();
    }
    Ok(outbound.json(&body).canonical())
}

pub fn by_form(
    call: &Call,
    row: &Row,
    outbound: Outbound,
    mut asked: Map<String, Value>,
) -> Result<Outbound, Error> {
    if call.files.len() != 1 {
        return Err(fault::unsupported(format!(
            "`image` is one picture, and no `mask`, at {}",
            row.title
        )));
    }
    asked.insert("model".into(), sent_model(row, &call.model).into());
    let strength = asked.entry("strength").or_insert(Value::Null);
    if strength.is_null() {
        *strength = STRENGTH.into();
    }
    Ok(outbound.form(call, &asked.into()).canonical())
}
