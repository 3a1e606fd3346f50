//! A conversation as one text, for models that complete texts and take nothing else.

use sluice_sdk::chat::{ChatRequest, Message, Part};
use sluice_sdk::serde_json::Value;
use sluice_sdk::{Error, fault};

/// The text: what the system says, then the only message of a user as it is, or a plain transcript
/// that ends where the assistant is to go on. `provider` is named in errors.
///
/// # Errors
/// Tools, pictures and files have no place in a text; a conversation without turns has none at all.
pub fn transcript(chat: &ChatRequest, provider: &str) -> Result<String, Error> {
    let (mut lines, mut turns) = (Vec::new(), Vec::new());
    for message in chat.messages() {
        let said = text(message, provider)?;
        match message.role() {
            "system" | "developer" => lines.push(said),
            "user" => turns.push(("User", said)),
            "assistant" if message.tool_calls().next().is_none() => {
                turns.push(("Assistant", said));
            }
            "assistant" | "tool" | "function" => {
                return Err(fault::unsupported(format!(
                    "{provider} takes no calls of tools"
                )));
            }
            other => {
                return Err(fault::invalid_request(format!(
                    "`messages` has the role `{other}`"
                )));
            }
        }
    }
    match turns.as_slice() {
        [] => {
            return Err(fault::invalid_request(
                "`messages` has nothing of the user's",
            ));
        }
        [("User", only)] => lines.push(only.clone()),
        [.., last] => {
            lines.extend(turns.iter().map(|(who, said)| format!("{who}: {said}")));
            if last.0 == "User" {
                lines.push("Assistant:".into());
            }
        }
    }
    Ok(lines.join("\n\n"))
}

fn text(message: Message<'_>, provider: &str) -> Result<String, Error> {
    let mut said = String::new();
    for part in message.parts() {
        let kind = match part {
            Part::Text(text) => {
                said.push_str(text);
                continue;
            }
            Part::Image(_) => "image_url",
            Part::File(_) => "file",
            Part::Other(part) => part.get("type").and_then(Value::as_str).unwrap_or_default(),
        };
        return Err(fault::unsupported(format!(
            "{provider} takes no parts of type `{kind}`"
        )));
    }
    Ok(said)
}

/// The one text that `prompt` of a text completion is.
///
/// # Errors
/// Several texts, and tokens.
pub fn only(prompt: Option<Value>, provider: &str) -> Result<String, Error> {
    match prompt {
        Some(Value::String(text)) => Ok(text),
        Some(Value::Array(list)) => match list.as_slice() {
            [Value::String(only)] => Ok(only.clone()),
            _ => Err(fault::unsupported(format!(
                "{provider} takes one text as `prompt`, no list and no tokens"
            ))),
        },
        _ => Err(fault::invalid_request("`prompt` is not a text")),
    }
}

#[cfg(test)]
mod tests {
    use sluice_sdk::serde_json::json;

    use super::*;

    fn of(messages: Value) -> Result<String, Error> {
        let chat = ChatRequest::parse(&json!({ "messages": messages }).to_string())?;
        transcript(&chat, "acme")
    }

    #[test]
    fn one_question_is_the_text_and_several_turns_are_a_transcript() {
        let said = |role: &str, text: &str| json!({"role": role, "content": text});
        let (system, user) = (said("system", "Be brief."), said("user", "Hi"));
        assert_eq!(of(json!([user])).unwrap(), "Hi");
        assert_eq!(of(json!([system, user])).unwrap(), "Be brief.\n\nHi");
        let turns = of(json!([
            system,
            user,
            said("assistant", "ok"),
            said("user", "go")
        ]));
        assert_eq!(
            turns.unwrap(),
            "Be brief.\n\nUser: Hi\n\nAssistant: ok\n\nUser: go\n\nAssistant:"
        );
        let begun = of(json!([user, said("assistant", "The")])).unwrap();
        assert!(begun.ends_with("Assistant: The"), "{begun}");
    }

    #[test]
    fn what_is_no_text_is_refused_by_its_name() {
        let image = json!([{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://a.test"}}]}]);
        assert!(
            of(image)
                .unwrap_err()
                .message
                .contains("acme takes no parts of type `image_url`")
        );
        let tool = json!([{"role": "tool", "tool_call_id": "c", "content": "x"}]);
        assert!(of(tool).unwrap_err().message.contains("no calls of tools"));
        assert!(of(json!([])).is_err() && of(json!([{"role": "x", "content": ""}])).is_err());
        assert_eq!(only(Some(json!(["a"])), "acme").unwrap(), "a");
        for prompt in [Some(json!(["a", "b"])), Some(json!([1])), None] {
            assert!(only(prompt, "acme").is_err());
        }
    }
}
