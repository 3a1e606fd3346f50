//! Chats that Cursor asks for in the words of a response (`input`, flat tools) while it waits for the
//! answer of a chat. To the pipeline they are chats like others.

use bytes::Bytes;
use serde_json::{Map, Value};
use sluice_bridges::{Dialect, Options, Refusal, request};

use super::bridge::impossible;
use super::request::{OURS, bad_body};
use crate::domain::Fault;
use crate::domain::json::Document;

/// What a chat has as well, and a response does not pass on.
const KEPT: [&str; 2] = ["metadata", "stream_options"];

/// A chat that was asked for.
pub struct Asked {
    pub body: Bytes,
    /// Members that are left out where a provider does not take them: Cursor always sends them.
    pub soft: Vec<&'static str>,
}

/// The body of the chat: as it came, where it has `messages`. `drop_params` holds where it says nothing.
///
/// # Errors
/// It is no JSON object, or a response that a chat cannot be.
pub fn asked(body: Bytes, drop_params: bool) -> Result<Asked, Fault> {
    // What is ambiguous is refused as everywhere, before anything of it is read.
    let document = Document::parse(body.clone()).map_err(|cause| bad_body(cause.to_string()))?;
    let has = |name: &str| document.names().any(|it| it == name);
    if has("messages") || !has("input") {
        let soft = Vec::new();
        return Ok(Asked { body, soft });
    }
    let (ours, theirs): (Map<_, _>, Map<_, _>) =
        serde_json::from_str::<Map<String, Value>>(document.text())
            .map_err(|cause| bad_body(cause.to_string()))?
            .into_iter()
            .partition(|(name, _)| OURS.contains(&&**name) || KEPT.contains(&&**name));
    let own = ours.get("drop_params").and_then(Value::as_bool);
    let options = Options {
        drop_params: own.unwrap_or(drop_params),
        ..Options::default()
    };
    let bridged = request(Dialect::Responses, &theirs, &options).map_err(impossible)?;
    if bridged.keep.background {
        let why = "a chat does not run in the background";
        return Err(impossible(Refusal::unsupported("background", why)));
    }
    let mut chat = bridged.chat;
    chat.extend(ours);
    Ok(Asked {
        body: Bytes::from(Value::from(chat).to_string()),
        soft: bridged.soft,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn chat(body: &Value) -> Value {
        let asked = asked(Bytes::from(body.to_string()), false).unwrap();
        serde_json::from_slice(&asked.body).unwrap()
    }

    #[test]
    fn what_is_asked_for_as_a_response_is_a_chat() {
        let chat = chat(&json!({
            "model": "m", "instructions": "Be brief.", "input": [{"role": "user", "content": [{"type": "input_text", "text": "hi"}]}],
            "tools": [{"type": "function", "name": "weather", "parameters": {"type": "object"}}],
            "max_output_tokens": 9, "stream": true, "stream_options": {"include_usage": true}, "fallbacks": ["n"],
        }));
        let said = |at: &str| chat.pointer(at).cloned().unwrap_or_default();
        assert_eq!(said("/messages/0/content"), "Be brief.");
        assert_eq!(said("/messages/1/role"), "user");
        assert_eq!(said("/tools/0/function/name"), "weather");
        assert_eq!(
            (said("/model"), said("/max_tokens")),
            ("m".into(), 9.into())
        );
        assert_eq!(
            (said("/stream"), said("/fallbacks/0")),
            (true.into(), "n".into())
        );
        assert_eq!(said("/stream_options/include_usage"), true);
        assert!(chat.get("input").is_none());
    }

    #[test]
    fn a_chat_goes_on_as_it_came_and_what_it_cannot_be_is_refused_by_name() {
        for body in [json!({"messages": [], "input": 5}), json!({"model": "m"})] {
            assert_eq!(chat(&body), body);
        }
        for (member, value) in [
            ("background", json!(true)),
            ("input", json!(5)),
            ("previous_response_id", json!("resp_1")),
        ] {
            let mut body = json!({"model": "m", "input": "hi"});
            body[member] = value;
            let fault = asked(Bytes::from(body.to_string()), false).err().unwrap();
            assert_eq!(fault.param.as_deref(), Some(member));
        }
    }
}
