//! A question about one picture, for models that look at it.

use sluice_sdk::chat::{self, ChatAnswer, ChatRequest, Media, Part};
use sluice_sdk::serde_json::{Map, Value};
use sluice_sdk::{Error, fault};

/// What is for the gateway alone.
const NOT_SENT: [&str; 6] = [
    "messages",
    "metadata",
    "model",
    "stream",
    "stream_options",
    "user",
];

/// What is asked, and the address of the picture.
fn question(chat: &ChatRequest) -> Result<(String, String), Error> {
    let (mut texts, mut pictures) = (Vec::new(), Vec::new());
    let mut messages = chat.messages();
    let (only, more) = (messages.next(), messages.next());
    let only = only.filter(|it| it.role() == "user" && more.is_none());
    let only = only.ok_or_else(|| {
        fault::unsupported("fal_ai takes one message of a user's, and no history")
    })?;
    for part in only.parts() {
        match part {
            Part::Text(text) => texts.push(text.to_owned()),
            Part::Image(Media::Url(url)) => pictures.push(url.to_owned()),
            Part::Image(Media::Inline { media_type, base64 }) => {
                pictures.push(format!("data:{media_type};base64,{base64}"));
            }
            Part::File(_) | Part::Other(_) => {
                return Err(fault::unsupported(
                    "fal_ai takes parts of type `text` and `image_url`",
                ));
            }
        }
    }
    let [picture] = pictures.as_slice() else {
        return Err(fault::invalid_request(
            "fal_ai answers questions about one picture: `messages` has none, or several",
        ));
    };
    Ok((texts.join("\n"), picture.clone()))
}

pub fn request(mut chat: ChatRequest) -> Result<Value, Error> {
    let (prompt, picture) = question(&chat)?;
    let effort = chat.take("reasoning_effort");
    for name in NOT_SENT {
        chat.take(name);
    }
    let mut body = match chat.into_value() {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    body.retain(|_, value| !value.is_null());
    body.insert("prompt".into(), prompt.into());
    body.insert("image_url".into(), picture.into());
    if let Some(effort) = effort {
        let thinks = !matches!(effort.as_str(), Some("none" | "minimal"));
        body.insert("reasoning".into(), thinks.into());
    }
    Ok(body.into())
}

pub fn answer(answer: &Value) -> Result<Value, Error> {
    let text = answer.get("output").and_then(Value::as_str);
    let text = text.ok_or_else(|| fault::upstream("the provider's answer has no `output`"))?;
    let mut chat = ChatAnswer::new().content(text);
    if let Some(thought) = answer.get("reasoning").and_then(Value::as_str) {
        chat = chat.reasoning(thought);
    }
    let reason = answer.get("finish_reason").and_then(Value::as_str);
    chat = chat.finish_reason(if reason == Some("length") {
        "length"
    } else {
        "stop"
    });
    let count = |name: &str| answer.pointer(&format!("/usage_info/{name}"))?.as_u64();
    if let Some(output) = count("output_tokens") {
        chat = chat.usage(chat::usage(count("input_tokens").unwrap_or(0), output));
    }
    Ok(chat.into_value())
}
