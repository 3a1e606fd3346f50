//! What one call lays aside of its bodies, and what is stored of that.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;
use serde_json::value::RawValue;
use sluice_framing::{Framing, Splitter};

use crate::dialect::assemble::{Shape, assemble};
use crate::domain::json::Document;
use crate::domain::{CallBodies, CallId};

use super::super::fleet::Line;
use super::super::guards::LogGuard;
use super::super::request::{ClientRequest, Operation};
use super::cut::{self, MARK};
use super::room::Part;
use super::{BodySettings, hide, redact};

/// What a recording takes besides the bodies, in bytes; about.
const OWN: usize = 1024;

/// The most of one stream, in bytes as they were sent: some 30,000 events.
const MOST_OF_STREAM: usize = 8 << 20;

/// The bodies of a call, as they are in memory anyway.
pub struct Recording {
    settings: BodySettings,
    redacts: bool,
    call_id: CallId,
    started_ms: i64,
    operation: Operation,
    request: Arc<Document>,
    answer: Answer,
    /// Looks at what is stored.
    guard: Option<LogGuard>,
    /// Whose credentials an answer may repeat.
    line: Option<Arc<Line>>,
    part: Part,
}

enum Answer {
    None,
    Whole(Bytes),
    Stream {
        sent: Vec<Bytes>,
        bytes: usize,
        /// There was more.
        cut: bool,
    },
    /// There was no room for it, of so many bytes.
    TooLarge(usize),
}

impl Recording {
    /// None: there is no room.
    pub fn begin(
        settings: BodySettings,
        request: &ClientRequest,
        started_ms: i64,
        mut part: Part,
    ) -> Option<Self> {
        part.grow(request.body.text().len().saturating_add(OWN))
            .then(|| Self {
                settings,
                redacts: settings.redacts || request.controls.redact,
                call_id: request.id.clone(),
                started_ms,
                operation: request.operation,
                request: Arc::clone(&request.body),
                answer: Answer::None,
                guard: None,
                line: None,
                part,
            })
    }

    /// Guardrails have changed the request: what it was before is not stored.
    pub fn asks(&mut self, body: &Arc<Document>, guard: Option<LogGuard>) {
        self.request = Arc::clone(body);
        self.guard = guard;
    }

    /// The answer, whole.
    pub fn answered(&mut self, body: &Bytes) {
        self.answer = if self.part.grow(body.len()) {
            Answer::Whole(body.clone())
        } else {
            Answer::TooLarge(body.len())
        };
    }

    /// More of a stream, as the client is sent it.
    pub fn sent(&mut self, more: &Bytes) {
        if more.is_empty() {
            return;
        }
        if matches!(self.answer, Answer::None) {
            self.answer = Answer::Stream {
                sent: Vec::new(),
                bytes: 0,
                cut: false,
            };
        }
        let Answer::Stream { sent, bytes, cut } = &mut self.answer else {
            return;
        };
        let all = bytes.saturating_add(more.len());
        // A piece that is left out leaves out what follows, too.
        *cut = *cut || all > MOST_OF_STREAM || !self.part.grow(more.len());
        if !*cut {
            *bytes = all;
            sent.push(more.clone());
        }
    }

    /// The call has ended; where, if anywhere, it was answered.
    pub fn ended(&mut self, line: Option<Arc<Line>>) {
        self.line = line;
    }

    pub fn held_bytes(&self) -> u64 {
        self.part.bytes()
    }

    /// What is stored, who still looks at it, and the room that it takes until it is. It takes its
    /// time.
    pub fn bodies(self) -> (CallBodies, Option<LogGuard>, Part) {
        let request = cut::read(self.request.text());
        let request = self.stored(request, true);
        let response = self.response().map(|it| self.stored(it, false));
        let bodies = CallBodies {
            call_id: self.call_id.as_str().to_owned(),
            started_ms: self.started_ms,
            request: raw(&request),
            response: response.as_ref().and_then(raw),
        };
        (bodies, self.guard, self.part)
    }

    fn stored(&self, mut body: Value, is_request: bool) -> Value {
        if self.redacts {
            body = redact::redacted(body);
        }
        if is_request {
            hide::named(&mut body);
        }
        let line = self.line.as_deref();
        hide::anywhere(&mut body, line.map(|it| &it.target));
        let settings = self.settings;
        cut::cut(body, settings.longest_text, settings.longest_body())
    }

    fn response(&self) -> Option<Value> {
        Some(match &self.answer {
            Answer::None => return None,
            Answer::Whole(body) => match std::str::from_utf8(body) {
                Ok(text) => cut::read(text),
                Err(_) => cut::note("skipped bytes that are no text"),
            },
            Answer::TooLarge(bytes) => cut::note(format!("skipped {bytes} bytes: no room")),
            Answer::Stream { sent, cut, .. } => {
                let mut answer = assemble(shape(self.operation), events(sent));
                if let Some(members) = answer.as_object_mut().filter(|_| *cut) {
                    members.insert(MARK.to_owned(), "skipped the rest of the stream".into());
                }
                answer
            }
        })
    }
}

const fn shape(operation: Operation) -> Shape {
    match operation {
        Operation::Completions => Shape::Text,
        Operation::Responses | Operation::CountResponse => Shape::Responses,
        Operation::Messages | Operation::CountTokens => Shape::Messages,
        // All others come whole.
        _ => Shape::Chat,
    }
}

/// The events that a client was sent.
fn events(sent: &[Bytes]) -> Vec<Value> {
    let mut splitter = Splitter::new(Framing::Sse, MOST_OF_STREAM);
    let mut frames = Vec::new();
    for bytes in sent {
        // We wrote them: no frame is longer than all.
        if splitter.push(bytes, &mut frames).is_err() {
            break;
        }
    }
    let read = frames.iter().map(|it| serde_json::from_slice(&it.data));
    read.filter_map(Result::ok).collect()
}

fn raw(value: &Value) -> Option<Box<RawValue>> {
    serde_json::value::to_raw_value(value).ok()
}

#[cfg(test)]
mod tests {
    use super::super::room::Room;
    use super::*;
    use serde_json::json;

    const SETTINGS: BodySettings = BodySettings {
        redacts: false,
        ignores_no_log: false,
        longest_text: 100,
    };

    fn request(operation: Operation, body: &Value) -> ClientRequest {
        let body = Bytes::from(body.to_string());
        ClientRequest::parse(operation, body, None, Vec::new()).unwrap()
    }

    fn recording(settings: BodySettings, body: &Value, room: &Room) -> Recording {
        let request = request(Operation::Chat, body);
        Recording::begin(settings, &request, 7, room.part()).unwrap()
    }

    fn stored(recording: Recording) -> (Value, Value) {
        let (bodies, _guard, _part) = recording.bodies();
        assert_eq!(bodies.started_ms, 7);
        let read = |it: &Option<Box<RawValue>>| {
            let text = it.as_deref().map_or("null", RawValue::get);
            serde_json::from_str(text).unwrap()
        };
        (read(&bodies.request), read(&bodies.response))
    }

    fn chunk(text: &str) -> Bytes {
        let chunk = json!({"id": "c", "choices": [{"index": 0, "delta": {"content": text}}]});
        Bytes::from(format!("data: {chunk}\n\n"))
    }

    #[test]
    fn a_whole_call_is_stored_as_it_was() {
        let body = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]});
        let room = Room::default();
        let mut recording = recording(SETTINGS, &body, &room);
        let answer = json!({"choices": [{"message": {"content": "there"}}]});
        recording.answered(&Bytes::from(answer.to_string()));
        assert!(room.taken() > 0);
        assert_eq!(stored(recording), (body, answer));
        assert_eq!(room.taken(), 0);
    }

    #[test]
    fn a_stream_is_stored_as_one_answer_also_if_it_was_cut_off() {
        let body = json!({"model": "m", "messages": []});
        let mut recording = recording(SETTINGS, &body, &Room::default());
        for piece in ["a", "b"] {
            recording.sent(&chunk(piece));
        }
        let (_, answer) = stored(recording);
        assert_eq!(answer["choices"][0]["message"]["content"], "ab");
        assert_eq!(answer["choices"][0]["finish_reason"], Value::Null);
        assert!(answer.get(MARK).is_none());
    }

    #[test]
    fn a_stream_that_is_too_long_says_that_there_was_more() {
        let room = Room::default();
        let mut recording = recording(SETTINGS, &json!({"model": "m", "messages": []}), &room);
        let long = chunk(&"x".repeat(3 << 20));
        for _ in 0..4 {
            recording.sent(&long);
        }
        recording.sent(&chunk("the end"));
        assert!(room.taken() < 7 << 20);
        let (_, answer) = stored(recording);
        assert!(answer.get(MARK).is_some());
        let text = answer["choices"][0]["message"]["content"].as_str().unwrap();
        assert!(text.ends_with('x') && text.len() < 200);
    }

    #[test]
    fn what_finds_no_room_is_not_kept() {
        let room = Room::default();
        let mut others = room.part();
        let body = json!({"model": "m", "messages": []});
        let mut recording = recording(SETTINGS, &body, &room);
        assert!(others.grow((64 << 20) - 2_000));
        recording.answered(&Bytes::from(vec![b' '; 4_000]));
        let (_, answer) = stored(recording);
        assert_eq!(answer, json!({MARK: "skipped 4000 bytes: no room"}));
        assert!(others.grow(1_500));
        let request = request(Operation::Chat, &body);
        assert!(Recording::begin(SETTINGS, &request, 7, room.part()).is_none());
    }

    #[test]
    fn redaction_takes_out_what_was_said_on_both_sides() {
        for (redacts, asked) in [(true, false), (false, true)] {
            let settings = BodySettings {
                redacts,
                ..SETTINGS
            };
            let messages = json!([{"role": "user", "content": "SAID"}]);
            let body =
                json!({"model": "m", "messages": messages, "turn_off_message_logging": asked});
            let mut recording = recording(settings, &body, &Room::default());
            recording.sent(&chunk("SAID"));
            let (request, answer) = stored(recording);
            assert!(!format!("{request}{answer}").contains("SAID"));
            assert_eq!(request["messages"][0]["role"], "user");
        }
    }

    #[test]
    fn a_key_is_never_half_cut() {
        let key = format!("sk-{}", "k".repeat(60));
        let text = format!("{}{key}{}", " ".repeat(30), " ".repeat(60));
        let body =
            json!({"model": "m", "messages": [{"content": text}], "azure_ad_token": "short"});
        let (request, _) = stored(recording(SETTINGS, &body, &Room::default()));
        let written = request.to_string();
        assert!(
            !written.contains("kkkk") && !written.contains("short"),
            "{written}"
        );
    }
}
