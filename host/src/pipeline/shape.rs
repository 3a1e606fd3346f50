//! Whole canonical answers: checked, completed, and read for usage.

use bytes::Bytes;
use serde_json::Value;

use super::operation::Id;
use super::request::{ClientRequest, Operation};
use super::writer::{Event, provider_id};
use super::{audio, counted, plain};
use crate::dialect::envelope::{Envelope, Seen};
use crate::dialect::gather::Gather;
use crate::dialect::spread::spread;
use crate::domain::{ErrorKind, Fault, Told, Usage, json};

/// A whole answer for the client.
pub struct Shaped {
    pub body: Bytes,
    pub usage: Option<Usage>,
    /// The answer's id, as the provider gave it.
    pub provider_id: Option<String>,
    /// None: it is JSON, whatever the upstream calls it; SDKs go by the type.
    pub content_type: Option<String>,
}

/// Seconds since 1970.
pub fn now() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0, |elapsed| elapsed.as_secs())
}

/// What the gateway knows of an answer to this request.
pub fn envelope(request: &ClientRequest, streaming: bool) -> Envelope {
    let id = request.id.as_str().replace('-', "");
    let operation = request.operation;
    Envelope {
        id: match operation.id() {
            Id::None => String::new(),
            Id::Prefixed(prefix) => format!("{prefix}{id}"),
            Id::Call => request.id.as_str().to_owned(),
        },
        object: operation.object(streaming),
        created: operation.is_dated().then(now),
        model: operation
            .names_model()
            .then(|| request.controls.asked.clone()),
    }
}

/// Completes a whole canonical answer. `content_type`: what came with it.
pub fn whole(
    request: &ClientRequest,
    body: &Bytes,
    usage: Option<String>,
    content_type: Option<&str>,
) -> Result<Shaped, Fault> {
    let read = |it: &str| Usage::told(&serde_json::from_str(it).ok()?);
    if let Some((body, kind)) = plain::answer(request, body, content_type)? {
        let told = usage.as_deref().and_then(read);
        return Ok(Shaped {
            body,
            usage: told.or_else(|| counted::of_request(request)),
            provider_id: None,
            content_type: Some(kind),
        });
    }
    // Where answers have no usage of their own, what a plugin tells of it is for the gateway.
    let (usage, beside) = match request.operation.counts_tokens() {
        true => (usage, None),
        false => (None, usage.as_deref().and_then(read)),
    };
    let text = std::str::from_utf8(body).map_err(garbage)?.trim();
    let with_usage;
    let text = match &usage {
        Some(usage) if !has_usage(text) => {
            with_usage =
                crate::upstream::splice::patch(text, &[("usage".into(), Some(usage.clone()))])?;
            with_usage.as_str()
        }
        _ => text,
    };
    if matches!(
        request.operation,
        Operation::CountTokens | Operation::CountResponse | Operation::CountChat
    ) {
        let members = json::members_lenient(text).map_err(garbage)?;
        let told = members.iter().find(|it| it.name == "input_tokens");
        let told = told.and_then(|it| text.get(it.value.clone()));
        if !told.is_some_and(|raw| is_of_its_type("input_tokens", raw)) {
            return Err(garbage("no `input_tokens`"));
        }
        return Ok(Shaped {
            body: Bytes::copy_from_slice(text.as_bytes()),
            usage: None,
            provider_id: None,
            content_type: None,
        });
    }
    let (full, seen) = envelope(request, false)
        .complete_seeing(text, true)
        .map_err(garbage)?;
    let answers = request.operation.answers();
    let is_there = |name: &&str| {
        let raw = seen.member(name);
        raw.is_some_and(|raw| is_of_its_type(name, raw))
    };
    if !answers.iter().any(is_there) {
        return Err(match seen.error {
            Some(error) => error_in_answer(error),
            None => no_answer(answers, &seen),
        });
    }
    // What a batch tells of its usage is charged with its results.
    let usage = seen
        .usage
        .filter(|_| !request.operation.is_remote())
        .and_then(|usage| serde_json::from_str::<Value>(usage).ok());
    let usage = beside.or_else(|| usage.as_ref().and_then(Usage::from_json));
    let usage = usage.or_else(|| counted::of_answer(request, &seen));
    let told = told(request.operation, &seen);
    Ok(Shaped {
        usage: usage.map(|it| told.with(it)),
        content_type: None,
        provider_id: seen.member("id").and_then(provider_id),
        body: Bytes::from(full),
    })
}

/// Whether a member without which an answer is none has the type that clients read.
fn is_of_its_type(name: &str, raw: &str) -> bool {
    match name {
        "candidates" | "choices" | "content" | "data" | "results" => raw.starts_with('['),
        "input_tokens" | "totalTokens" => raw.parse::<u64>().is_ok(),
        _ => true,
    }
}

/// What an answer tells of its price beside its usage.
fn told(operation: Operation, seen: &Seen<'_>) -> Told {
    let mut told = Told::default();
    if let Some(tier) = seen.member("service_tier") {
        told.tier(tier);
    }
    match operation {
        Operation::Chat => told.choices(seen.choices.unwrap_or("[]")),
        Operation::Responses => told.output(seen.member("output").unwrap_or("[]")),
        _ => {}
    }
    told
}

/// A document that is neither an answer nor an error as OpenAI writes it; what it says is told.
fn no_answer(answers: &[&str], seen: &Seen<'_>) -> Fault {
    let said = ["message", "detail", "msg"]
        .iter()
        .find_map(|name| serde_json::from_str::<String>(seen.member(name)?).ok());
    let name = answers.first().copied().unwrap_or_default();
    let said = said.map_or_else(String::new, |it| format!(": {it}"));
    let message = format!("the upstream's answer has no `{name}`{said}");
    Fault::upstream(ErrorKind::Upstream, message)
}

fn has_usage(text: &str) -> bool {
    json::members_lenient(text)
        .is_ok_and(|members| members.iter().any(|member| member.name == "usage"))
}

/// An answer that came whole, for a client that wants a stream.
pub fn as_events(
    request: &ClientRequest,
    body: &Bytes,
) -> Result<(Vec<Event>, Option<String>), Fault> {
    if request.operation.is_audio() {
        return audio::events(request, body).map(|events| (events, None));
    }
    let answer: Value = serde_json::from_slice(body).map_err(garbage)?;
    if let Some(error) = answer
        .get("error")
        .filter(|_| answer.get("choices").is_none())
    {
        return Err(error_in_answer(&error.to_string()));
    }
    if answer.get("choices").is_none_or(Value::is_null) && request.operation == Operation::Chat {
        return Err(garbage("no `choices`"));
    }
    if request.operation != Operation::Chat {
        let message = "the upstream answered whole where a stream was asked for";
        return Err(Fault::upstream(ErrorKind::Upstream, message));
    }
    let told = ["id", "service_tier"].map(|name| (name, answer.get(name)));
    let event = |mut chunk: Value| {
        for (name, value) in told {
            if let Some(value) = value.filter(|it| it.is_string()) {
                chunk[name] = value.clone();
            }
        }
        Event {
            name: String::new(),
            data: chunk.to_string(),
        }
    };
    let usage = answer
        .get("usage")
        .filter(|it| !it.is_null())
        .map(Value::to_string);
    Ok((spread(&answer).into_iter().map(event).collect(), usage))
}

/// Chunks of a stream, for a client that wants the answer whole.
#[derive(Default)]
pub struct Gathered {
    gather: Gather,
    usage: Option<Value>,
}

impl Gathered {
    pub fn push(&mut self, event: &Event) -> Result<(), Fault> {
        let chunk: Value = serde_json::from_str(&event.data).map_err(garbage)?;
        if let Some(error) = chunk.get("error").filter(|it| !it.is_null()) {
            return Err(error_in_answer(&error.to_string()));
        }
        self.usage = chunk
            .get("usage")
            .filter(|it| !it.is_null())
            .cloned()
            .or(self.usage.take());
        self.gather.push(chunk);
        Ok(())
    }

    /// Whether any choice has its finish reason.
    pub fn is_finished(&self) -> bool {
        self.gather.is_finished()
    }

    pub fn learn_usage(&mut self, usage: &str) {
        self.usage = serde_json::from_str(usage).ok().or(self.usage.take());
    }

    /// What is known of the usage so far.
    pub fn usage(&self) -> Option<Usage> {
        Usage::from_json(self.usage.as_ref()?)
    }

    pub fn finish(self) -> Bytes {
        Bytes::from(self.gather.finish(self.usage).to_string())
    }
}

fn garbage(cause: impl std::fmt::Display) -> Fault {
    Fault::upstream(
        ErrorKind::Upstream,
        "the upstream's answer is not the JSON it should be",
    )
    .with_log(cause.to_string())
}

fn error_in_answer(error: &str) -> Fault {
    let value: Value = serde_json::from_str(error).unwrap_or_default();
    let message = value
        .get("message")
        .and_then(Value::as_str)
        .or(value.as_str())
        .unwrap_or("the upstream failed");
    let status = value
        .get("code")
        .and_then(Value::as_u64)
        .and_then(|code| u16::try_from(code).ok());
    let mut fault = Fault::upstream(ErrorKind::Upstream, message);
    if let Some(status) = status.filter(|status| (400..600).contains(status)) {
        fault = crate::upstream::errors::map(
            &Default::default(),
            status,
            &http::HeaderMap::new(),
            format!("{{\"error\":{error}}}").as_bytes(),
        );
    }
    fault
}
