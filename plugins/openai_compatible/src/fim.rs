//! Text completions of Mistral's kind: models of code fill in what stands between `prompt` and
//! `suffix`, and answer as chats do. Of the others the gateway asks a chat, if they are refused here.

use serde::{Deserialize, Serialize};
use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{
    Call, Error, Frame, Outbound, Payload, Reply, Response, Step, fault, parse_state, write_json,
};

use crate::answer;
use crate::object::{Object, items, list, quoted};
use crate::request::sent_model;
use crate::row::{Row, matches};
use crate::stream::Stream;

/// Members that are read here. Any other goes on as it is.
const READ: [&str; 6] = [
    "echo",
    "model",
    "prompt",
    "stream",
    "stream_options",
    "user",
];

/// What has to be known when the answer comes.
#[derive(Default, Serialize, Deserialize)]
struct Asked {
    /// The prompt, where it is to stand before the answer.
    echo: String,
}

pub fn request(call: &Call, row: &Row, outbound: Outbound, body: &str) -> Result<Outbound, Error> {
    let body: Map<String, Value> = sluice_sdk::parse_body(body)?;
    let mut fills = row.fim.iter().flatten();
    if !fills.any(|it| matches(it, &call.model)) {
        return Err(fault::unsupported(format!(
            "`{}` fills no text in: it answers chats",
            call.model
        )));
    }
    let prompt = prompt(&body)?;
    let mut sent = json!({"model": sent_model(row, &call.model), "prompt": prompt});
    if call.streaming {
        sent["stream"] = true.into();
    }
    let own = body
        .iter()
        .filter(|(name, _)| !READ.contains(&name.as_str()));
    for (name, value) in own.filter(|(_, value)| !value.is_null()) {
        let name = row.renamed.get(name).unwrap_or(name);
        if sent.get(name).is_none() {
            sent[name] = value.clone();
        }
    }
    let echoes = body.get("echo") == Some(&true.into());
    let echo = if echoes { prompt } else { "" }.to_owned();
    let outbound = outbound.json(&sent);
    Ok(if call.streaming {
        let mut stream = Stream::begin(row, &call.id);
        stream.completion = Some(echo);
        outbound.frames().state(stream.state())
    } else {
        outbound.state(write_json(&Asked { echo }))
    })
}

fn prompt(body: &Map<String, Value>) -> Result<&str, Error> {
    match body.get("prompt") {
        Some(Value::String(prompt)) => Ok(prompt),
        Some(Value::Array(list)) => match list.as_slice() {
            [Value::String(one)] => Ok(one),
            _ => Err(fault::unsupported(
                "`prompt` is one text: several, or numbers of tokens, are not understood",
            )),
        },
        _ => Err(fault::invalid_request("`prompt` is no text")),
    }
}

pub fn respond(row: &Row, reply: &Reply, call: &str) -> Result<Step, Error> {
    let asked: Asked = parse_state(&reply.state)?;
    let chat = answer::canonical(row, reply, call)?;
    let body = completion(&chat, "message", &asked.echo);
    let body = body.ok_or_else(|| fault::upstream("the provider's answer has no choices"))?;
    Ok(Response {
        body: Payload::Text(body),
        content_type: None,
        headers: Vec::new(),
        usage: None,
    }
    .respond())
}

/// A chunk of a chat as one of a text completion. `echo` is given once.
pub fn event(chunk: &Frame, echo: &mut String) -> Option<Frame> {
    let text = completion(chunk.text()?, "delta", echo)?;
    echo.clear();
    Some(Frame {
        event: String::new(),
        data: Payload::Text(text),
    })
}

/// A chat's answer, or a chunk of it, with the texts alone.
fn completion(chat: &str, part: &str, echo: &str) -> Option<String> {
    let mut chat = Object::parse(chat)?;
    let mut choices = Vec::new();
    for raw in items(chat.get("choices")?)? {
        let mut choice = Object::parse(raw)?;
        let said = choice.take(part);
        let said = said.as_deref().and_then(Object::parse);
        let said = said.and_then(|it| it.text("content"));
        // Inception has it as OpenAI's completions have.
        let said = said.or_else(|| choice.text("text")).unwrap_or_default();
        choice.set("text", quoted(&format!("{echo}{said}")));
        if !choice.has("logprobs") {
            choice.set("logprobs", "null");
        }
        if choice.text("finish_reason").as_deref() == Some("tool_calls") {
            choice.put("finish_reason", "stop");
        }
        choices.push(choice.write());
    }
    chat.put("object", "text_completion");
    chat.set("choices", list(&choices));
    Some(chat.write())
}
