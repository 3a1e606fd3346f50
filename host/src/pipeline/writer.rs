//! Canonical stream events, written as the client's dialect has them on the wire.

use serde_json::Value;

use super::request::{Dialect, Operation};
use super::{audio, counted};
use crate::dialect::envelope::Envelope;
use crate::domain::{ErrorKind, Fault, Told, Usage, Usd};
use crate::upstream::splice;

/// A canonical event: its name where the dialect has names, and its JSON.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub name: String,
    pub data: String,
}

/// What a usage costs. None: nobody knows.
pub type CostOf = Box<dyn Fn(&Usage) -> Option<Usd> + Send + Sync>;

/// Writes events and keeps what settling needs: usage, whose answer it is, and whether it is
/// complete.
pub struct Writer {
    dialect: Dialect,
    /// Its events are those of sound.
    is_audio: bool,
    envelope: Envelope,
    include_usage: bool,
    usage: Option<Usage>,
    usage_json: Option<String>,
    usage_sent: bool,
    /// What is taken for the usage until one is told.
    assumed: Option<Usage>,
    finished: bool,
    told: Told,
    provider_id: Option<String>,
    /// Writes `usage.cost` for the client.
    cost_of: Option<CostOf>,
}

impl Writer {
    pub fn new(operation: Operation, envelope: Envelope, include_usage: bool) -> Self {
        Self {
            dialect: operation.dialect(),
            is_audio: operation.is_audio(),
            envelope,
            include_usage,
            usage: None,
            usage_json: None,
            usage_sent: false,
            assumed: None,
            finished: false,
            told: Told::default(),
            provider_id: None,
            cost_of: None,
        }
    }

    /// Tells the client what the answer cost, in the usage.
    pub fn tell_cost(&mut self, cost_of: CostOf) {
        self.cost_of = Some(cost_of);
    }

    /// What the request alone tells of the usage.
    pub fn assume(&mut self, usage: Option<Usage>) {
        self.assumed = usage;
    }

    /// The last usage that was seen, with what the answer tells beside it.
    pub fn usage(&self) -> Option<Usage> {
        let usage = self.usage.as_ref().or(self.assumed.as_ref());
        usage.cloned().map(|it| self.told.with(it))
    }

    /// The answer's id, as the provider gave it.
    pub fn provider_id(&self) -> Option<&str> {
        self.provider_id.as_deref()
    }

    /// Whether the answer came to its end: a finish reason, `message_stop`, `response.completed`.
    pub fn is_finished(&self) -> bool {
        self.finished
    }

    /// The stream's end marker was seen (`[DONE]`), or the plugin said it is done.
    pub fn finish(&mut self) {
        self.finished = true;
    }

    /// What the plugin knows of usage.
    pub fn learn_usage(&mut self, usage: String) {
        if let Ok(value) = serde_json::from_str::<Value>(&usage) {
            let read = match self.is_audio {
                true => Usage::told(&value),
                false => Usage::from_json(&value),
            };
            self.usage = read.or(self.usage.take());
        }
        self.usage_json = Some(usage);
    }

    /// Appends one event to `out`. An event that says the upstream failed is an error.
    pub fn write(&mut self, event: &Event, out: &mut String) -> Result<(), Fault> {
        match self.dialect {
            Dialect::OpenAi if self.is_audio => self.write_audio(event, out),
            Dialect::OpenAi | Dialect::Realtime => self.write_chunk(&event.data, out),
            Dialect::Anthropic => self.write_message_event(event, out),
            Dialect::Responses => self.write_response_event(event, out),
            Dialect::Google => self.write_content(&event.data, out),
        }
    }

    fn write_audio(&mut self, event: &Event, out: &mut String) -> Result<(), Fault> {
        let value: Value = serde_json::from_str(&event.data).map_err(garbage)?;
        let Some((usage, last)) = audio::read(&value) else {
            let error = value.get("error").unwrap_or(&value);
            return Err(stream_error(&error.to_string()));
        };
        self.usage = usage.or(self.usage.take());
        self.finished |= last;
        push_event(out, &event.name, &event.data);
        Ok(())
    }

    fn write_content(&mut self, data: &str, out: &mut String) -> Result<(), Fault> {
        let value: Value = serde_json::from_str(data).map_err(garbage)?;
        if let Some(error) = value.get("error") {
            return Err(stream_error(&error.to_string()));
        }
        if let Some(usage) = value.get("usageMetadata").and_then(counted::of_google) {
            self.usage = Some(usage);
        }
        let id = value.get("responseId").and_then(Value::as_str);
        self.provider_id = self.provider_id.take().or(id.and_then(believed_id));
        let candidates = value.get("candidates").and_then(Value::as_array);
        let reason = |it: &Value| it.get("finishReason").is_some_and(Value::is_string);
        let blocked = value.pointer("/promptFeedback/blockReason").is_some();
        self.finished |= blocked || candidates.into_iter().flatten().any(reason);
        // Google's own events may be written over several lines.
        push_data(out, &value.to_string());
        Ok(())
    }

    fn write_chunk(&mut self, data: &str, out: &mut String) -> Result<(), Fault> {
        let keep = self.include_usage;
        let (text, seen) = self.envelope.complete_seeing(data, keep).map_err(garbage)?;
        if let Some(error) = seen.error {
            return Err(stream_error(error));
        }
        let choices = seen.choices.unwrap_or("[]");
        if self.provider_id.is_none() {
            self.provider_id = seen.member("id").and_then(provider_id);
        }
        if let Some(tier) = seen.member("service_tier") {
            self.told.tier(tier);
        }
        self.told.choices(choices);
        self.finished |= has_finish_reason(choices);
        if let Some(usage) = seen.usage {
            let value = serde_json::from_str::<Value>(usage).unwrap_or_default();
            self.usage = Usage::from_json(&value).or(self.usage.take());
            if is_empty_list(choices) && !keep {
                return Ok(());
            }
            self.usage_sent |= keep;
            if let Some(priced) = keep.then(|| self.with_cost(&value)).flatten() {
                let edit = ("usage".to_owned(), Some(priced.to_string()));
                push_data(out, &splice::patch(&text, &[edit])?);
                return Ok(());
            }
        }
        push_data(out, &text);
        Ok(())
    }

    /// A `usage` with what it costs, if the client is told and somebody knows.
    fn with_cost(&self, usage: &Value) -> Option<Value> {
        let cost = self.cost_of.as_ref()?(&self.usage()?)?;
        let mut usage = usage.as_object()?.clone();
        usage.insert("cost".to_owned(), cost.dollars().into());
        Some(usage.into())
    }

    fn write_message_event(&mut self, event: &Event, out: &mut String) -> Result<(), Fault> {
        let kind = event.name.as_str();
        object(&event.data)?;
        if matches!(kind, "message_start" | "message_delta" | "error") {
            let value: Value = serde_json::from_str(&event.data).map_err(garbage)?;
            if kind == "error" {
                return Err(stream_error(
                    &value.get("error").unwrap_or(&value).to_string(),
                ));
            }
            let usage = value
                .pointer("/message/usage")
                .or_else(|| value.get("usage"));
            if let Some(usage) = usage.and_then(Usage::from_json) {
                self.usage = Some(merged(self.usage.take(), usage));
            }
            let id = value.pointer("/message/id").and_then(Value::as_str);
            self.provider_id = self.provider_id.take().or(id.and_then(believed_id));
            let last = value.get("usage").filter(|_| kind == "message_delta");
            if let Some(priced) = last.and_then(|it| self.with_cost(it)) {
                let edit = ("usage".to_owned(), Some(priced.to_string()));
                push_event(out, kind, &splice::patch(&event.data, &[edit])?);
                return Ok(());
            }
        }
        self.finished |= kind == "message_stop";
        push_event(out, kind, &event.data);
        Ok(())
    }

    fn write_response_event(&mut self, event: &Event, out: &mut String) -> Result<(), Fault> {
        let named = !event.name.is_empty();
        let kind = if named {
            event.name.clone()
        } else {
            kind_of(&event.data)
        };
        object(&event.data)?;
        if kind == "error" {
            return Err(stream_error(&event.data));
        }
        let last = matches!(
            kind.as_str(),
            "response.completed" | "response.incomplete" | "response.failed"
        );
        if last || (kind == "response.created" && self.provider_id.is_none()) {
            let value: Value = serde_json::from_str(&event.data).map_err(garbage)?;
            let response = value.get("response").unwrap_or(&Value::Null);
            let id = response.get("id").and_then(Value::as_str);
            self.provider_id = self.provider_id.take().or(id.and_then(believed_id));
            let usage = response.get("usage").and_then(Usage::from_json);
            self.usage = usage.or(self.usage.take());
            if last {
                self.told.response(response);
                self.finished = true;
            }
        }
        push_event(out, &kind, &event.data);
        Ok(())
    }

    /// What follows the last event of a complete answer.
    pub fn end(&mut self, out: &mut String) {
        if self.dialect != Dialect::OpenAi || self.is_audio {
            return;
        }
        let wanted = self.include_usage && !self.usage_sent;
        if let Some(usage) = self.usage_json.as_deref().filter(|_| wanted) {
            let value = serde_json::from_str::<Value>(usage).unwrap_or_default();
            let priced = self.with_cost(&value).map(|it| it.to_string());
            let usage = priced.as_deref().unwrap_or(usage);
            let chunk = format!("{{\"choices\":[],\"usage\":{usage}}}");
            if let Ok(text) = self.envelope.complete(&chunk, true) {
                push_data(out, &text);
            }
        }
        out.push_str("data: [DONE]\n\n");
    }
}

/// Longest id of a provider that is kept, in bytes.
const MAX_ID: usize = 256;

/// An answer's `id`, as JSON.
pub fn provider_id(raw: &str) -> Option<String> {
    believed_id(&serde_json::from_str::<String>(raw).ok()?)
}

pub(super) fn believed_id(id: &str) -> Option<String> {
    let plain = !id.is_empty() && id.len() <= MAX_ID && !id.contains(char::is_control);
    plain.then(|| id.to_owned())
}

fn is_empty_list(raw: &str) -> bool {
    let inside = raw.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    inside.is_some_and(|it| it.trim_ascii().is_empty())
}

/// The delta of a message repeats its totals, but not all of them on every upstream.
fn merged(known: Option<Usage>, new: Usage) -> Usage {
    known.unwrap_or_default().updated(new)
}

/// Whether any choice of a chunk has a finish reason, without parsing it: the member stands
/// outside of strings exactly where its quotes are not escaped.
fn has_finish_reason(choices: &str) -> bool {
    choices
        .match_indices("\"finish_reason\"")
        .any(|(at, name)| {
            let rest = choices
                .get(at + name.len()..)
                .unwrap_or_default()
                .trim_start();
            let value = rest.strip_prefix(':').unwrap_or_default().trim_start();
            value.starts_with('"')
        })
}

fn kind_of(data: &str) -> String {
    let value: Value = serde_json::from_str(data).unwrap_or_default();
    value
        .get("type")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

fn push_data(out: &mut String, data: &str) {
    out.push_str("data: ");
    out.push_str(data);
    out.push_str("\n\n");
}

fn push_event(out: &mut String, name: &str, data: &str) {
    if !name.is_empty() {
        out.push_str("event: ");
        out.push_str(name);
        out.push('\n');
    }
    // Every line of a frame needs its own field; JSON has no raw line breaks inside strings.
    for line in data.lines() {
        out.push_str("data: ");
        out.push_str(line);
        out.push('\n');
    }
    out.push('\n');
}

/// Events that are relayed unread are at least in the shape of an object.
fn object(data: &str) -> Result<(), Fault> {
    let data = data.trim();
    if data.starts_with('{') && data.ends_with('}') {
        Ok(())
    } else {
        Err(garbage("no object"))
    }
}

fn garbage(cause: impl std::fmt::Display) -> Fault {
    Fault::upstream(
        ErrorKind::Upstream,
        "the upstream sent an event that is not JSON",
    )
    .with_log(cause.to_string())
}

/// An error document in the middle of a stream.
fn stream_error(error: &str) -> Fault {
    let value: Value = serde_json::from_str(error).unwrap_or_default();
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let message = text("message")
        .or_else(|| value.as_str())
        .unwrap_or("the upstream failed");
    let known = ["type", "code"]
        .iter()
        .find_map(|name| named_kind(text(name)?));
    let kind = known.unwrap_or(ErrorKind::Upstream);
    let mut fault = Fault::upstream(kind, message);
    fault.code = text("code").map(str::to_owned);
    fault.param = text("param").map(str::to_owned);
    fault
}

fn named_kind(name: &str) -> Option<ErrorKind> {
    Some(match name {
        "overloaded_error" => ErrorKind::Overloaded,
        "rate_limit_error" | "rate_limit_exceeded" => ErrorKind::RateLimit,
        "insufficient_quota" => ErrorKind::Quota,
        "invalid_request_error" => ErrorKind::InvalidRequest,
        "context_length_exceeded" => ErrorKind::ContextWindow,
        _ => return None,
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Writes chunks of a chat to a client that calls the model `mine`.
    pub fn writer(operation: Operation, include_usage: bool) -> Writer {
        let envelope = Envelope {
            id: "chatcmpl-1".into(),
            object: Some("chat.completion.chunk"),
            created: Some(1),
            model: Some("mine".into()),
        };
        Writer::new(operation, envelope, include_usage)
    }

    fn data(text: &str) -> Event {
        Event {
            name: String::new(),
            data: text.into(),
        }
    }

    #[test]
    fn the_usage_chunk_is_kept_from_a_client_that_did_not_ask() {
        let mut out = String::new();
        let mut writer = writer(Operation::Chat, false);
        let usage = data(r#"{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}"#);
        writer.write(&usage, &mut out).unwrap();
        writer.end(&mut out);
        assert_eq!(out, "data: [DONE]\n\n");
        assert_eq!(writer.usage().unwrap().total_tokens(), 7);
    }

    #[test]
    fn a_plugins_usage_becomes_the_last_chunk_of_a_client_that_asked() {
        let mut out = String::new();
        let mut writer = writer(Operation::Chat, true);
        writer.learn_usage(r#"{"prompt_tokens":3,"completion_tokens":4}"#.into());
        writer.end(&mut out);
        assert!(
            out.contains(r#""choices":[],"usage":{"prompt_tokens":3"#)
                && out.ends_with("[DONE]\n\n")
        );
    }

    #[test]
    fn a_finish_reason_inside_a_text_does_not_finish() {
        let mut out = String::new();
        let mut writer = writer(Operation::Chat, false);
        let text = r#"{"choices":[{"delta":{"content":"\"finish_reason\": \"stop\""},"finish_reason":null}]}"#;
        writer.write(&data(text), &mut out).unwrap();
        assert!(!writer.is_finished());
        writer
            .write(
                &data(r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#),
                &mut out,
            )
            .unwrap();
        assert!(writer.is_finished());
    }

    #[test]
    fn an_error_in_the_stream_is_a_fault_of_its_kind() {
        let mut out = String::new();
        let error = data(r#"{"error":{"message":"too many","type":"rate_limit_error"}}"#);
        let fault = writer(Operation::Chat, false)
            .write(&error, &mut out)
            .unwrap_err();
        assert_eq!(
            (fault.kind, fault.message.as_str()),
            (ErrorKind::RateLimit, "too many")
        );
    }

    #[test]
    fn an_error_event_of_responses_is_a_fault_and_no_end() {
        let mut out = String::new();
        let event = Event {
            name: "error".into(),
            data: r#"{"type":"error","code":"rate_limit_exceeded","message":"slow down"}"#.into(),
        };
        let fault = writer(Operation::Responses, false)
            .write(&event, &mut out)
            .unwrap_err();
        assert_eq!(
            (fault.kind, fault.message.as_str()),
            (ErrorKind::RateLimit, "slow down")
        );
        assert!(out.is_empty());
    }

    #[test]
    fn message_events_keep_their_names_and_bytes() {
        let mut out = String::new();
        let mut writer = writer(Operation::Messages, false);
        let start = r#"{"type":"message_start","message":{"usage":{"input_tokens":5,"output_tokens":1}}  }"#;
        writer
            .write(
                &Event {
                    name: "message_start".into(),
                    data: start.into(),
                },
                &mut out,
            )
            .unwrap();
        let stop = r#"{"type":"message_stop"}"#;
        writer
            .write(
                &Event {
                    name: "message_stop".into(),
                    data: stop.into(),
                },
                &mut out,
            )
            .unwrap();
        assert_eq!(
            out,
            format!("event: message_start\ndata: {start}\n\nevent: message_stop\ndata: {stop}\n\n")
        );
        assert!(writer.is_finished() && writer.usage().unwrap().input_tokens == 5);
    }
}
