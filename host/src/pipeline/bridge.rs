//! Calls in other dialects at deployments whose provider has chat and not the dialect: the request
//! goes there as chat, and what comes of it is the client's dialect again.
//!
//! An attempt knows nothing of it: it sees a chat. Nor does the writer: it sees the events of the
//! client's dialect.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use serde_json::{Map, Value, json};
use sluice_bridges::{
    Dialect, Failure, Identity, Options, Plan, Refusal, RefusalKind, Stream, Target,
};

use super::accounting::input_tokens;
use super::fleet::Line;
use super::kept::{Memo, Memory};
use super::opening::Rest;
use super::reached::Reached;
use super::request::{ClientRequest, OURS, Operation};
use super::source::{Events, Source};
use super::writer::Event;
use crate::domain::json::Document;
use crate::domain::{Blame, ErrorKind, Fault, Retry};

/// A call that goes to one deployment as chat.
pub struct Bridge {
    asked: ClientRequest,
    /// What of the client's request a chat has no place for, by its place there.
    dropped: Vec<String>,
    plan: Plan,
    identity: Identity,
    /// The answer is to be kept.
    memo: Option<Memo>,
}

impl Bridge {
    /// None: the provider has the dialect itself, or has no chat either, which is refused where it
    /// is tried. `refused`: it has the dialect, and said that this model does not.
    pub fn over(
        request: &ClientRequest,
        line: &Line,
        (model, drop_params): (&str, bool),
        (refused, memory): (bool, Option<&Memory>),
    ) -> Result<Option<Self>, Fault> {
        let dialect = match request.operation {
            Operation::Messages => Dialect::Messages,
            Operation::Responses => Dialect::Responses,
            Operation::Completions => Dialect::Completions,
            Operation::GenerateContent => Dialect::GenerateContent,
            _ => return Ok(None),
        };
        let provider = &line.provider;
        let has = |name: &str| provider.describe.operations.contains_key(name);
        let native = has(request.operation.contract()) && !refused;
        if native || !has(Operation::Chat.as_str()) {
            return Ok(None);
        }
        let controls = &request.controls;
        let drops = controls.drop_params.or(line.deployment.drop_params);
        let previous = controls.previous.as_ref();
        let options = Options {
            target: Target::of(&provider.described_as, model),
            drop_params: drops.unwrap_or(drop_params),
            streaming: Some(controls.stream),
            // Its conversation stands in the input.
            earlier: previous.map(|_| <&[Value]>::default()),
        };
        let mut body: Map<String, Value> =
            serde_json::from_str(request.body.text()).map_err(broken)?;
        body.retain(|name, _| !OURS.contains(&name.as_str()));
        if let Some(previous) = previous {
            let id = Value::from(previous.id.as_str());
            body.insert("previous_response_id".to_owned(), id);
        }
        let bridged = sluice_bridges::request(dialect, &body, &options).map_err(impossible)?;
        if bridged.keep.background {
            let why = "the provider has no responses, and nothing runs in the background here";
            return Err(impossible(Refusal::unsupported("background", why)));
        }
        for note in &bridged.notes {
            tracing::debug!(call.id = %request.id, provider = %provider.name, param = %note.param,
                why = %note.why, "left out of a call that goes on as chat");
        }
        let chat = Value::from(bridged.chat).to_string();
        let chat = Document::parse(Bytes::from(chat)).map_err(broken)?;
        let mut controls = controls.clone();
        controls.soft = bridged.soft;
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let created = now.map_or(0, |elapsed| elapsed.as_secs());
        let id = request.id.as_str().replace('-', "");
        Ok(Some(Self {
            memo: Memo::of(memory, request, bridged.keep),
            identity: Identity {
                input_tokens: Some(input_tokens(request)),
                ..Identity::new(id, created, controls.asked.clone())
            },
            plan: bridged.plan,
            dropped: bridged.notes.into_iter().map(|it| it.param).collect(),
            asked: ClientRequest {
                id: request.id.clone(),
                operation: Operation::Chat,
                body: Arc::new(chat),
                controls,
                // They are for providers of the client's own dialect.
                headers: Vec::new(),
                files: request.files.clone(),
                params: Vec::new(),
            },
        }))
    }

    /// What the deployment is asked.
    pub const fn asked(&self) -> &ClientRequest {
        &self.asked
    }

    /// What of the client's request it is not asked.
    pub fn dropped(&self) -> &[String] {
        &self.dropped
    }

    /// What it answered, in the client's dialect.
    pub fn back(mut self, reached: Reached) -> Result<Reached, Fault> {
        match reached {
            Reached::Whole { body, .. } => {
                let answer: Value = serde_json::from_slice(&body).map_err(broken)?;
                let answer = self.plan.answer(&self.identity, &answer);
                let mut answer = answer.map_err(|failure| failed(&failure))?;
                if let Some(memo) = self.memo.take() {
                    memo.keep(&mut answer);
                }
                Ok(Reached::Whole {
                    body: Bytes::from(answer.to_string()),
                    content_type: None,
                })
            }
            Reached::Bytes(reply) => Ok(Reached::Bytes(reply)),
            Reached::Stream { rest, first } => {
                let mut crossing = Crossing {
                    stream: self.plan.stream(self.identity),
                    memo: self.memo,
                };
                let first = crossing.bring(first);
                let rest = match rest {
                    Rest::Source(source) => Rest::Source(bridged(source, crossing)),
                    Rest::Pending(pending) => Rest::Pending(Box::pin(async move {
                        let (read, source) = pending.await;
                        let read = read.map(|events| crossing.bring(events));
                        (read, bridged(source, crossing))
                    })),
                };
                Ok(Reached::Stream { rest, first })
            }
            // No dialect has it.
            Reached::Sound(_) | Reached::Live(_) => {
                Err(broken("sound or a session where a chat was asked for"))
            }
        }
    }
}

fn bridged(source: Source, crossing: Crossing) -> Source {
    Source::Bridged(Box::new(Bridged {
        source: Some(source),
        crossing,
    }))
}

/// Chat's events as those of the client's dialect.
struct Crossing {
    stream: Stream,
    /// Until the answer is whole.
    memo: Option<Memo>,
}

impl Crossing {
    fn bring(&mut self, chat: Events) -> Events {
        let mut out = Vec::new();
        let mut failure = None;
        // The client's dialect says less of it.
        let mut counted = None;
        for event in &chat.events {
            match serde_json::from_str::<Value>(&event.data) {
                Ok(chunk) => {
                    let usage = chunk.get("usage").filter(|it| it.is_object());
                    counted = usage.map(Value::to_string).or(counted);
                    out.extend(self.stream.push(&chunk));
                }
                Err(cause) => failure = Some(broken(cause)),
            }
            if failure.is_some() || self.stream.is_ended() {
                break;
            }
        }
        let usage = chat.usage.as_deref().map(serde_json::from_str::<Value>);
        if let Some(Ok(usage)) = usage {
            out.extend(self.stream.push(&json!({"choices": [], "usage": usage})));
        }
        let fails = failure.is_some() || chat.failure.is_some();
        if chat.last && !fails {
            if chat.complete {
                out.extend(self.stream.complete());
            }
            out.extend(self.stream.finish());
        }
        if let Some(why) = self.stream.failure() {
            // Faults are written at the door, in one place for all dialects.
            out.pop();
            failure = failure.or_else(|| Some(failed(why)));
        }
        self.keep(&mut out);
        let failure = failure.or(chat.failure);
        let ended = failure.is_some();
        Events {
            events: out.iter().filter_map(written).collect(),
            usage: chat.usage.or(counted),
            failure,
            last: chat.last || ended,
            complete: chat.last && !ended,
            bridged: true,
            upstream_time: chat.upstream_time,
        }
    }

    /// Keeps the answer, if its last event is among these.
    fn keep(&mut self, events: &mut [sluice_bridges::Event]) {
        let last = events.iter_mut().find_map(|event| match event {
            sluice_bridges::Event::Named("response.completed" | "response.incomplete", data) => {
                data.get_mut("response")
            }
            _ => None,
        });
        if let Some(response) = last
            && let Some(memo) = self.memo.take()
        {
            memo.keep(response);
        }
    }
}

fn written(event: &sluice_bridges::Event) -> Option<Event> {
    let name = match event {
        sluice_bridges::Event::Named(name, _) => (*name).to_owned(),
        _ => String::new(),
    };
    // `[DONE]` is the writer's.
    let data = event.data()?.to_string();
    Some(Event { name, data })
}

/// A stream of chat that is read as the client's dialect.
pub struct Bridged {
    /// None while it is read.
    source: Option<Source>,
    crossing: Crossing,
}

impl Bridged {
    /// The next events: at least one, unless it is the end.
    pub async fn next(&mut self) -> Result<Events, Fault> {
        let mut brought = Events::default();
        while brought.events.is_empty() && !brought.last {
            let Some(source) = self.source.take() else {
                return Err(Fault::ours(
                    "the stream broke",
                    "a bridged stream has no source",
                ));
            };
            let (read, source) = source.into_next().await;
            self.source = Some(source);
            brought.extend(self.crossing.bring(read?));
        }
        Ok(brought)
    }
}

/// The provider's answer is no chat.
pub(super) fn failed(failure: &Failure) -> Fault {
    Fault::upstream(ErrorKind::Upstream, failure.message.clone())
}

pub(super) fn broken(cause: impl std::fmt::Display) -> Fault {
    let message = "the upstream's answer is not the JSON it should be";
    Fault::upstream(ErrorKind::Upstream, message).with_log(cause.to_string())
}

/// What cannot be said in chat. Another deployment may have the dialect itself.
pub(super) fn impossible(refusal: Refusal) -> Fault {
    let param = refusal.param.clone().unwrap_or_default();
    let mut fault = match refusal.kind {
        RefusalKind::Invalid => Fault::caller(ErrorKind::InvalidRequest, refusal.message),
        RefusalKind::NotFound => Fault::caller(ErrorKind::NotFound, refusal.message),
        RefusalKind::Unsupported => {
            let mut fault = Fault::upstream(ErrorKind::Unsupported, refusal.message);
            fault.blame = Blame::Caller;
            fault
        }
    };
    fault.retry = match refusal.kind {
        RefusalKind::Invalid => Retry::Never,
        RefusalKind::NotFound | RefusalKind::Unsupported => Retry::NextDeployment,
    };
    fault.with_param(param)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crossing(dialect: Dialect, body: Value) -> Crossing {
        let Value::Object(body) = body else { panic!() };
        let bridged = sluice_bridges::request(dialect, &body, &Options::default()).unwrap();
        Crossing {
            stream: bridged.plan.stream(Identity::new("1", 0, "m")),
            memo: None,
        }
    }

    fn messages() -> Crossing {
        let body =
            json!({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]});
        crossing(Dialect::Messages, body)
    }

    fn chat(data: &[&str], last: bool) -> Events {
        let event = |data: &&str| Event {
            name: String::new(),
            data: (*data).to_owned(),
        };
        Events {
            events: data.iter().map(event).collect(),
            last,
            ..Events::default()
        }
    }

    #[test]
    fn a_chat_is_brought_as_messages_and_ends_with_its_usage() {
        let mut crossing = messages();
        let word = r#"{"choices":[{"index":0,"delta":{"content":"a"}}]}"#;
        let end = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;
        let first = crossing.bring(chat(&[word], false));
        assert!(
            !first.last
                && first
                    .events
                    .iter()
                    .any(|it| it.name == "content_block_delta")
        );
        let mut rest = chat(&[end], true);
        rest.usage = Some(r#"{"prompt_tokens":3,"completion_tokens":1}"#.to_owned());
        let rest = crossing.bring(rest);
        assert!(rest.complete && rest.failure.is_none());
        let names: Vec<&str> = rest.events.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(
            names,
            ["content_block_stop", "message_delta", "message_stop"]
        );
        assert!(
            rest.events
                .iter()
                .any(|it| it.data.contains("\"input_tokens\":3"))
        );
    }

    #[test]
    fn a_chat_that_ends_with_its_marker_and_no_reason_is_whole() {
        let mut crossing = messages();
        let word = r#"{"choices":[{"index":0,"delta":{"content":"a"}}]}"#;
        let mut marked = chat(&[word], true);
        marked.complete = true;
        let brought = crossing.bring(marked);
        assert!(brought.failure.is_none() && brought.complete);
        let last = brought.events.last().map(|it| it.name.as_str());
        assert_eq!(last, Some("message_stop"));
    }

    #[test]
    fn a_chat_that_was_cut_off_is_a_fault_and_no_event() {
        let mut crossing = messages();
        let word = r#"{"choices":[{"index":0,"delta":{"content":"a"}}]}"#;
        let brought = crossing.bring(chat(&[word], true));
        assert!(brought.failure.is_some() && brought.last && !brought.complete);
        assert!(brought.events.iter().all(|it| it.name != "error"));
    }
}
