//! A conversation as one prompt, for models that take nothing else. The model's own template goes
//! around it at Replicate, so none is written here: what stands inside is a plain transcript.

use sluice_sdk::chat::{ChatRequest, Media, Message, Part};
use sluice_sdk::serde_json::Value;
use sluice_sdk::{Error, fault};

/// System texts, prompt and images.
pub struct Prompt {
    pub system: String,
    pub prompt: String,
    pub images: Vec<Value>,
}

pub fn of(chat: &ChatRequest) -> Result<Prompt, Error> {
    let (mut system, mut turns, mut images) = (Vec::new(), Vec::new(), Vec::new());
    for message in chat.messages() {
        let said = text(message, &mut images)?;
        match message.role() {
            "system" | "developer" => system.push(said),
            "user" => turns.push(("User", said)),
            "assistant" if message.tool_calls().next().is_none() => {
                turns.push(("Assistant", said));
            }
            "assistant" | "tool" | "function" => {
                return Err(fault::unsupported("replicate takes no calls of tools"));
            }
            other => {
                return Err(fault::invalid_request(format!(
                    "`messages` has the role `{other}`"
                )));
            }
        }
    }
    let prompt = match turns.as_slice() {
        [] => {
            return Err(fault::invalid_request(
                "`messages` has nothing of the user's",
            ));
        }
        [("User", only)] => only.clone(),
        [.., last] => {
            let mut lines: Vec<String> = turns
                .iter()
                .map(|(who, said)| format!("{who}: {said}"))
                .collect();
            if last.0 == "User" {
                lines.push("Assistant:".into());
            }
            lines.join("\n\n")
        }
    };
    Ok(Prompt {
        system: system.join("\n\n"),
        prompt,
        images,
    })
}

fn text(message: Message<'_>, images: &mut Vec<Value>) -> Result<String, Error> {
    let mut said = String::new();
    for part in message.parts() {
        match part {
            Part::Text(text) => said.push_str(text),
            Part::Image(Media::Url(url)) => images.push(url.into()),
            Part::Image(Media::Inline { media_type, base64 }) => {
                images.push(format!("data:{media_type};base64,{base64}").into());
            }
            Part::File(_) => return Err(lacks("file")),
            Part::Other(part) => {
                return Err(lacks(
                    part.get("type").and_then(Value::as_str).unwrap_or_default(),
                ));
            }
        }
    }
    Ok(said)
}

fn lacks(kind: &str) -> Error {
    fault::unsupported(format!("replicate takes no parts of type `{kind}`"))
}
