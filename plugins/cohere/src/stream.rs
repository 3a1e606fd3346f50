//! A streamed answer as chat chunks. Pieces come as named events; the last is `message-end`.

use serde::{Deserialize, Serialize};
use sluice_sdk::serde_json::{self, Value, json};
use sluice_sdk::{Decoded, Error, Frame, event, fault, parse_state, write_json};

use crate::{citations, errors, response, usage};

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct State {
    id: String,
    role: bool,
    calls: Vec<Call>,
    annotations: usize,
    citations: usize,
    finished: bool,
}

/// A tool call that was begun.
#[derive(Default, Serialize, Deserialize)]
struct Call {
    /// Cohere's number of it.
    at: u64,
    /// Its arguments have begun.
    said: bool,
}

pub fn decode(state: &str, frames: &[Frame], last: bool) -> Result<Decoded, Error> {
    let mut state: State = parse_state(state)?;
    let mut decoded = Decoded::more(String::new());
    for frame in frames {
        if state.finished {
            break;
        }
        if let Err(error) = state.frame(frame, &mut decoded) {
            return Ok(decoded.failed(error));
        }
    }
    if state.finished {
        decoded = decoded.done();
    } else if last {
        return Ok(decoded.failed(fault::upstream("the provider's stream ended early")));
    }
    decoded.state = write_json(&state);
    Ok(decoded)
}

impl State {
    fn frame(&mut self, frame: &Frame, out: &mut Decoded) -> Result<(), Error> {
        let text = frame.text();
        let text = text.ok_or_else(|| fault::upstream("the provider's event is not text"))?;
        let said: Value = serde_json::from_str(text).map_err(|cause| {
            fault::upstream(format!("the provider's event is not JSON: {cause}"))
        })?;
        let kind = said.get("type").and_then(Value::as_str);
        let kind = kind.unwrap_or(&frame.event);
        if kind.is_empty() {
            return self.whole(&said, out);
        }
        let at = |pointer: &str| said.pointer(pointer);
        let text = |pointer: &str| {
            at(pointer)
                .and_then(Value::as_str)
                .filter(|it| !it.is_empty())
        };
        let index = at("/index").and_then(Value::as_u64);
        match kind {
            "message-start" => {
                self.id = text("/id").unwrap_or_default().to_owned();
                self.begin(out);
            }
            "content-start" | "content-delta" => {
                self.begin(out);
                let logprobs = at("/logprobs").filter(|it| it.is_object());
                if let Some(piece) = text("/delta/message/content/thinking") {
                    out.events.push(event::reasoning(piece));
                } else if let Some(piece) = text("/delta/message/content/text") {
                    out.events.push(content(piece, logprobs));
                }
            }
            "tool-plan-delta" => {
                self.begin(out);
                let piece = text("/delta/message/tool_plan").map(event::reasoning);
                out.events.extend(piece);
            }
            "tool-call-start" => {
                self.begin(out);
                self.call(at("/delta/message/tool_calls"), index, out)?;
            }
            "tool-call-delta" => {
                let piece = text("/delta/message/tool_calls/function/arguments");
                self.arguments(index, piece, out)?;
            }
            "tool-call-end" => self.end_of_call(index, out),
            "citation-start" => {
                self.begin(out);
                self.cite(at("/delta/message/citations"), out);
            }
            "message-end" => {
                let nothing = Value::Null;
                return self.end(at("/delta").unwrap_or(&nothing), out);
            }
            _ if at("/message").is_some_and(Value::is_string) => {
                return Err(errors::instead_of_an_answer(&said));
            }
            // Ends of parts say nothing, and what is new harms nothing.
            _ => {}
        }
        Ok(())
    }

    fn begin(&mut self, out: &mut Decoded) {
        if std::mem::replace(&mut self.role, true) {
            return;
        }
        let mut first = json!({"choices": [{"index": 0,
            "delta": {"role": "assistant", "content": ""}, "finish_reason": null}]});
        if !self.id.is_empty() {
            first["id"] = self.id.clone().into();
        }
        out.events.push(Frame::json(&first));
    }

    /// Cohere's numbers are not trusted to be different: each call that begins is a new one.
    fn call(
        &mut self,
        call: Option<&Value>,
        index: Option<u64>,
        out: &mut Decoded,
    ) -> Result<(), Error> {
        // In an answer it is an object; a list of one is understood as well.
        let call = call.map(|it| it.get(0).unwrap_or(it));
        let at = |pointer: &str| call.and_then(|it| it.pointer(pointer)?.as_str());
        let name = at("/function/name");
        let name =
            name.ok_or_else(|| fault::upstream("the provider began a tool call without a name"))?;
        let ours = self.calls.len() as u64;
        let id = at("/id").filter(|it| !it.is_empty());
        let id = id.map_or_else(|| format!("call_{ours}"), str::to_owned);
        out.events.push(event::tool_call(ours, &id, name));
        self.calls.push(Call {
            at: index.unwrap_or(ours),
            said: false,
        });
        let arguments = at("/function/arguments").filter(|it| !it.is_empty());
        self.arguments(index, arguments, out)
    }

    /// The latest call of a number, or of all where there is none.
    fn find(&mut self, index: Option<u64>) -> Option<(u64, &mut Call)> {
        let mut calls = self.calls.iter_mut().enumerate().rev();
        let found = calls.find(|(_, call)| index.is_none_or(|it| it == call.at));
        found.map(|(ours, call)| (ours as u64, call))
    }

    fn arguments(
        &mut self,
        index: Option<u64>,
        piece: Option<&str>,
        out: &mut Decoded,
    ) -> Result<(), Error> {
        let Some(piece) = piece else {
            return Ok(());
        };
        let (ours, call) = self.find(index).ok_or_else(|| {
            fault::upstream("the provider goes on with a tool call that it never began")
        })?;
        call.said = true;
        out.events.push(event::tool_arguments(ours, piece));
        Ok(())
    }

    /// A function without arguments is called with an empty object.
    fn end_of_call(&mut self, index: Option<u64>, out: &mut Decoded) {
        if let Some((ours, call)) = self.find(index).filter(|(_, call)| !call.said) {
            call.said = true;
            out.events.push(event::tool_arguments(ours, "{}"));
        }
    }

    /// Entries of lists carry an `index`, by which clients put the lists together.
    fn cite(&mut self, citation: Option<&Value>, out: &mut Decoded) {
        let Some(citation) = citation
            .map(|it| it.get(0).unwrap_or(it))
            .filter(|it| it.is_object())
        else {
            return;
        };
        let mut annotations = citations::annotations(citation);
        for annotation in &mut annotations {
            annotation["index"] = self.annotations.into();
            self.annotations += 1;
        }
        let mut own = citation.clone();
        own["index"] = self.citations.into();
        self.citations += 1;
        let mut delta = json!({"provider_specific_fields": {"citations": [own]}});
        if !annotations.is_empty() {
            delta["annotations"] = annotations.into();
        }
        out.events.push(event::delta(delta));
    }

    fn end(&mut self, delta: &Value, out: &mut Decoded) -> Result<(), Error> {
        self.begin(out);
        if let Some(counted) = delta.get("usage").and_then(usage::canonical) {
            out.usage = Some(write_json(&counted));
        }
        for (ours, call) in self.calls.iter_mut().enumerate().filter(|(_, it)| !it.said) {
            call.said = true;
            out.events.push(event::tool_arguments(ours as u64, "{}"));
        }
        let native = delta.get("finish_reason").and_then(Value::as_str);
        let finish = response::finish_reason(native, !self.calls.is_empty(), delta.get("error"))?;
        let mut choice = json!({"index": 0, "delta": {}, "finish_reason": finish});
        if let Some(native) = native {
            choice["provider_specific_fields"] = json!({"native_finish_reason": native});
        }
        out.events
            .push(Frame::json(&json!({ "choices": [choice] })));
        self.finished = true;
        Ok(())
    }

    /// A nameless document: a whole answer, where a stream was asked for, or an error.
    fn whole(&mut self, answer: &Value, out: &mut Decoded) -> Result<(), Error> {
        if !answer.get("message").is_some_and(Value::is_object) {
            return Err(errors::instead_of_an_answer(answer));
        }
        let chat = response::to_chat(answer)?;
        let mut choice = chat.pointer("/choices/0").cloned().unwrap_or_default();
        let mut delta = choice.get("message").cloned().unwrap_or_default();
        for list in [
            "/tool_calls",
            "/annotations",
            "/provider_specific_fields/citations",
        ] {
            let entries = delta.pointer_mut(list).and_then(Value::as_array_mut);
            for (at, entry) in entries.into_iter().flatten().enumerate() {
                entry["index"] = at.into();
            }
        }
        if let Some(members) = choice.as_object_mut() {
            members.shift_remove("message");
            members.insert("delta".into(), delta);
        }
        out.events.push(Frame::json(
            &json!({"id": chat.get("id"), "choices": [choice]}),
        ));
        out.usage = chat.get("usage").map(Value::to_string);
        self.finished = true;
        Ok(())
    }
}

fn content(piece: &str, logprobs: Option<&Value>) -> Frame {
    let Some(entry) = logprobs else {
        return event::content(piece);
    };
    let content = [response::probability(entry)];
    Frame::json(
        &json!({"choices": [{"index": 0, "delta": {"content": piece},
        "logprobs": {"content": content, "refusal": null}, "finish_reason": null}]}),
    )
}
