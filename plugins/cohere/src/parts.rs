//! Parts of a message as Cohere's parts.

use sluice_sdk::serde_json::{Value, json};
use sluice_sdk::{Error, fault};

/// Which parts a message may have.
#[derive(Clone, Copy, PartialEq)]
pub enum May {
    /// System and assistant messages.
    Text,
    /// Users' messages.
    Images,
    /// Results of tools.
    Documents,
}

/// The `content` of a message: a text, or parts that say something.
pub fn content(message: &Value, may: May) -> Result<Value, Error> {
    match message.get("content") {
        None | Some(Value::Null) => Ok("".into()),
        Some(Value::String(text)) => Ok(text.clone().into()),
        Some(Value::Array(parts)) => {
            let parts = parts.iter().map(|it| part(it, may));
            let parts: Vec<Value> = parts
                .filter_map(Result::transpose)
                .collect::<Result<_, _>>()?;
            Ok(if parts.is_empty() {
                "".into()
            } else {
                parts.into()
            })
        }
        Some(_) => Err(fault::invalid_request(
            "`content` is neither a text nor a list of parts",
        )),
    }
}

/// An empty text says nothing, and is refused beside other parts.
fn said(text: Option<&str>) -> Option<Value> {
    let text = text.filter(|it| !it.is_empty())?;
    Some(json!({"type": "text", "text": text}))
}

fn part(part: &Value, may: May) -> Result<Option<Value>, Error> {
    let text = |name: &str| part.get(name).and_then(Value::as_str);
    let kind = text("type").or(text("text").map(|_| "text"));
    match kind.unwrap_or_default() {
        "text" | "input_text" | "output_text" => Ok(said(text("text"))),
        "refusal" => Ok(said(text("refusal"))),
        // Thoughts stand in members of the message; another provider's mean nothing here.
        "thinking" | "redacted_thinking" => Ok(None),
        "image_url" | "input_image" if may == May::Images => image(part).map(Some),
        "document" if may == May::Documents && part.get("document").is_some() => Ok(Some(
            json!({"type": "document", "document": part.get("document")}),
        )),
        other => {
            let place = match may {
                May::Text => "a system or assistant message",
                May::Images => "a user's message",
                May::Documents => "the result of a tool",
            };
            Err(fault::unsupported(format!(
                "Cohere takes no `{other}` part in {place}"
            )))
        }
    }
}

fn image(part: &Value) -> Result<Value, Error> {
    let media = part.get("image_url").unwrap_or(&Value::Null);
    let url = media.as_str().or_else(|| media.get("url")?.as_str());
    let url = url.ok_or_else(|| fault::invalid_request("an `image_url` part has no `url`"))?;
    let mut image = json!({ "url": url });
    let detail = media.get("detail").or_else(|| part.get("detail"));
    if let Some(detail) = detail.filter(|it| it.is_string()) {
        image["detail"] = detail.clone();
    }
    Ok(json!({"type": "image_url", "image_url": image}))
}
