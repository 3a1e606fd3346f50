//! Chats that Cursor asks for in the words of a response (`input`, flat tools) while it waits for the
//! answer of a chat. To the pipeline they are chats like others.

use bytes::Bytes;
use futures_util::StreamExt as _;
use memchr::memmem;
use serde_json::{Map, Value};
use sluice_bridges::{Dialect, Options, OwnTools, Refusal, request};

use super::answer::{Answer, AnswerBody};
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
    pub back: Back,
}

/// What the answer needs.
#[derive(Default)]
pub struct Back {
    /// None: tools have their own names.
    tools: Option<Box<OwnTools>>,
    /// What of the request a chat has no place for, by its place there.
    dropped: Vec<String>,
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
        return Ok(Asked {
            body,
            soft: Vec::new(),
            back: Back::default(),
        });
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
        back: Back {
            tools: bridged.plan.own_tools().map(Box::new),
            dropped: bridged.notes.into_iter().map(|it| it.param).collect(),
        },
    })
}

impl Back {
    /// The answer as Cursor waits for it: a chat, with the tools that it gave.
    pub fn answer(self, mut answer: Answer) -> Answer {
        answer.trail.leave_out(self.dropped);
        let Some(mut tools) = self.tools else {
            return answer;
        };
        answer.body = match answer.body {
            AnswerBody::Whole(body) => AnswerBody::Whole(whole(&tools, body)),
            AnswerBody::Stream(bytes) => {
                let events = bytes.map(move |events| streamed(&mut tools, events));
                AnswerBody::Stream(Box::pin(events))
            }
            body @ (AnswerBody::Sound(_) | AnswerBody::File(_)) => body,
        };
        answer
    }
}

fn whole(tools: &OwnTools, body: Bytes) -> Bytes {
    let read = has_calls(&body).then(|| serde_json::from_slice::<Value>(&body));
    match read {
        Some(Ok(mut answer)) => {
            tools.whole(&mut answer);
            Bytes::from(answer.to_string())
        }
        _ => body,
    }
}

/// Whole events of a stream, as the pipeline writes them: one line each. What has no calls stays.
fn streamed(tools: &mut OwnTools, events: Bytes) -> Bytes {
    if !has_calls(&events) && !tools.waits() {
        return events;
    }
    let mut out = Vec::with_capacity(events.len());
    for line in events.split_inclusive(|it| *it == b'\n') {
        let data = line.strip_prefix(b"data: ");
        match data.and_then(|it| serde_json::from_slice::<Value>(it).ok()) {
            Some(mut chunk) => {
                tools.chunk(&mut chunk);
                out.extend_from_slice(format!("data: {chunk}\n").as_bytes());
            }
            None => out.extend_from_slice(line),
        }
    }
    Bytes::from(out)
}

fn has_calls(text: &[u8]) -> bool {
    memmem::find(text, b"\"tool_calls\"").is_some()
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

    #[test]
    fn what_a_chat_cannot_be_is_left_out_where_the_config_says_so_and_is_told() {
        let tools = json!([{"type": "file_search"}, {"type": "function", "name": "f"}]);
        let asks = |more: &Value| {
            let mut body =
                json!({"model": "m", "input": "hi", "truncation": "auto", "tools": tools});
            let more = more.as_object().unwrap().clone();
            body.as_object_mut().unwrap().extend(more);
            Bytes::from(body.to_string())
        };
        let refused = asked(asks(&json!({})), false).err().unwrap();
        assert_eq!(refused.param.as_deref(), Some("tools[0]"));
        assert!(asked(asks(&json!({"drop_params": false})), true).is_err());
        for (more, drops) in [(json!({}), true), (json!({"drop_params": true}), false)] {
            let asked = asked(asks(&more), drops).unwrap();
            assert_eq!(asked.back.dropped, ["tools[0]", "truncation"]);
            assert!(asked.back.tools.is_none());
        }
    }

    #[test]
    fn events_without_calls_stay_as_they_are() {
        let tools = json!([{"type": "custom", "name": "patch"}]);
        let body = json!({"model": "m", "input": "hi", "tools": tools}).to_string();
        let mut tools = asked(Bytes::from(body), false).unwrap().back.tools.unwrap();
        let chunk = |delta: Value| {
            format!(
                "data: {}\n\n",
                json!({"choices": [{"index": 0, "delta": delta}]})
            )
        };
        let call = |more: Value| chunk(json!({"tool_calls": [more]}));
        let custom = |name: &str, arguments: &str| json!({"index": 0, "function": {"name": name, "arguments": arguments}});
        let said = format!(
            ": ping\n\n{}data: [DONE]\n\n",
            chunk(json!({"content": "{\"a\": 1}"}))
        );
        assert_eq!(streamed(&mut tools, said.clone().into()), said);
        let begun = streamed(&mut tools, call(custom("patch", "{\"input\": \"a")).into());
        let opened =
            json!({"index": 0, "type": "custom", "custom": {"name": "patch", "input": ""}});
        assert_eq!(begun, call(opened));
        // In the midst of it, what is no call is left alone.
        assert_eq!(streamed(&mut tools, said.clone().into()), said);
        let ended = format!("{}{said}", call(custom("", "\"}")));
        let filled = call(json!({"index": 0, "custom": {"input": "a"}}));
        assert_eq!(
            streamed(&mut tools, ended.into()),
            format!("{filled}{said}")
        );
    }
}
