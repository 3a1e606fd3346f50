//! What an answer that passes tells of its usage, in every dialect that is known. Whatever it says,
//! the answer goes on.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use sluice_framing::{Frame, Framing, Splitter};

use crate::domain::{Told, Usage};
use crate::pipeline::counted::of_google;
use crate::pipeline::writer::believed_id;
use crate::pipeline::written;

/// Longest document that is read, in bytes: of a longer one nobody knows the usage.
const MAX_DOCUMENT: usize = 16 << 20;

/// Watches one answer.
#[derive(Debug)]
pub struct Watch {
    /// None: it is nothing that is understood, or it broke.
    splitter: Option<Splitter>,
    frames: Vec<Frame>,
    usage: Option<Usage>,
    told: Told,
    id: Option<String>,
    /// Tokens of a document that came whole, about.
    whole: u64,
    /// It comes in events.
    pub streams: bool,
}

/// What more of an answer told.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Tokens that were written, about.
    pub tokens: u64,
    /// The dialect's own end was among it.
    pub ended: bool,
}

impl Watch {
    /// By the head of an answer. `streams`: the client asked for a stream.
    pub fn new(content_type: &str, headers: &HeaderMap, streams: bool) -> Self {
        let framing = Framing::from_content_type(content_type);
        let is_json = content_type.contains("json");
        let framing = framing.or(is_json.then_some(Framing::JsonArray));
        Self {
            streams: framing.is_some_and(|it| it != Framing::JsonArray) || (is_json && streams),
            splitter: framing.map(|it| Splitter::new(it, MAX_DOCUMENT)),
            frames: Vec::new(),
            usage: of_headers(headers),
            told: Told::default(),
            id: None,
            whole: 0,
        }
    }

    /// More of the body.
    pub fn see(&mut self, piece: &[u8]) -> Seen {
        let Some(splitter) = &mut self.splitter else {
            return Seen::default();
        };
        let broke = splitter.push(piece, &mut self.frames).is_err();
        let marked = splitter.done();
        if broke {
            self.splitter = None;
        }
        let seen = self.read_frames();
        Seen {
            ended: seen.ended || marked,
            ..seen
        }
    }

    /// The body has ended. About how many tokens a document is that came whole and tells no usage;
    /// told once.
    pub fn end(&mut self) -> u64 {
        let Some(mut splitter) = self.splitter.take() else {
            return 0;
        };
        // What is cut off tells no usage, and nothing else is wanted of it.
        let _ = splitter.finish(&mut self.frames);
        self.read_frames();
        if self.usage.is_some() {
            return 0;
        }
        self.whole
    }

    /// What is known by now.
    pub fn usage(&self) -> Option<Usage> {
        self.usage.clone().map(|it| self.told.with(it))
    }

    /// The answer's id, as the provider gave it.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    fn read_frames(&mut self) -> Seen {
        let mut seen = Seen::default();
        for frame in std::mem::take(&mut self.frames) {
            let tokens = written::tokens(&String::from_utf8_lossy(&frame.data));
            match self.streams {
                true => seen.tokens = seen.tokens.saturating_add(tokens),
                false => self.whole = self.whole.saturating_add(tokens),
            }
            seen.ended |= self.read(&frame.data, &frame.event);
        }
        seen
    }

    /// Reads one document; true if it is the last of its dialect.
    fn read(&mut self, data: &[u8], event: &str) -> bool {
        let Ok(document) = serde_json::from_slice::<Document<'_>>(data) else {
            return false;
        };
        let bytes = text(document.bytes);
        if let Some(inner) = bytes.and_then(|it| STANDARD.decode(it).ok()) {
            // Bedrock wraps the events of other dialects.
            return self.read(&inner, "");
        }
        if let Some(usage) = document.usage() {
            let known = self.usage.take().unwrap_or_default();
            self.usage = Some(known.updated(usage));
        }
        if let Some(tier) = document.service_tier {
            self.told.tier(tier.get());
        }
        if let Some(choices) = document.choices {
            self.told.choices(choices.get());
        }
        if let Some(output) = document.output {
            self.told.output(output.get());
        }
        let kind = text(document.kind);
        let ended = matches!(
            kind.as_deref().unwrap_or(event),
            "message_stop" | "response.completed" | "response.incomplete" | "response.failed"
        );
        if let Some(response) = document.response.filter(|_| ended) {
            self.told.response(&response);
        }
        if self.id.is_none() {
            let message = document.message.as_ref().and_then(|it| it.get("id"));
            let message = message.and_then(Value::as_str).map(str::to_owned);
            let id = text(document.id.or(document.response_id)).or(message);
            self.id = id.and_then(|it| believed_id(&it));
        }
        ended
    }
}

/// The members of an answer, or of an event of one, that are looked at.
#[derive(Debug, Deserialize)]
struct Document<'d> {
    #[serde(borrow, default)]
    id: Option<&'d RawValue>,
    #[serde(borrow, default, rename = "responseId")]
    response_id: Option<&'d RawValue>,
    #[serde(borrow, default, rename = "type")]
    kind: Option<&'d RawValue>,
    #[serde(default)]
    usage: Option<Value>,
    #[serde(default, rename = "usageMetadata")]
    usage_metadata: Option<Value>,
    /// Bedrock's, at the end of a stream of another dialect.
    #[serde(default, rename = "amazon-bedrock-invocationMetrics")]
    metrics: Option<Value>,
    /// Cohere's.
    #[serde(default)]
    meta: Option<Value>,
    /// Of an Anthropic event, or Cohere's answer.
    #[serde(default)]
    message: Option<Value>,
    /// Cohere's last event.
    #[serde(default)]
    delta: Option<Value>,
    #[serde(default)]
    response: Option<Value>,
    #[serde(borrow, default)]
    service_tier: Option<&'d RawValue>,
    #[serde(borrow, default)]
    choices: Option<&'d RawValue>,
    #[serde(borrow, default)]
    output: Option<&'d RawValue>,
    #[serde(borrow, default)]
    bytes: Option<&'d RawValue>,
    /// Vertex's, of `:predict`: long, and read for its counts alone.
    #[serde(borrow, default)]
    predictions: Option<&'d RawValue>,
}

fn text(raw: Option<&RawValue>) -> Option<String> {
    serde_json::from_str(raw?.get()).ok()
}

impl Document<'_> {
    fn usage(&self) -> Option<Usage> {
        let within =
            |it: &Option<Value>| it.as_ref().and_then(|it| it.get("usage")).and_then(of_any);
        let own = self.usage.as_ref().and_then(of_any);
        own.or_else(|| self.usage_metadata.as_ref().and_then(of_google))
            .or_else(|| self.metrics.as_ref().and_then(of_metrics))
            .or_else(|| within(&self.message))
            .or_else(|| within(&self.response))
            .or_else(|| within(&self.delta))
            .or_else(|| self.meta.as_ref().and_then(of_any))
            .or_else(|| of_predictions(self.predictions?))
    }
}

/// A `usage` in any of the shapes that are known.
fn of_any(usage: &Value) -> Option<Usage> {
    Usage::from_json(usage)
        .or_else(|| of_converse(usage))
        .or_else(|| of_cohere(usage))
}

/// Bedrock's Converse counts cached tokens beside the input.
fn of_converse(usage: &Value) -> Option<Usage> {
    let count = |name: &str| usage.get(name).and_then(Value::as_u64);
    let (input, output) = (count("inputTokens"), count("outputTokens"));
    input.or(output)?;
    let cached = count("cacheReadInputTokens").unwrap_or(0);
    let written = count("cacheWriteInputTokens").unwrap_or(0);
    let input = input
        .unwrap_or(0)
        .saturating_add(cached)
        .saturating_add(written);
    Some(Usage {
        input_tokens: input,
        output_tokens: output.unwrap_or(0),
        cached_tokens: cached,
        cache_write_tokens: written,
        ..Usage::default()
    })
}

/// Cohere says what it bills.
fn of_cohere(usage: &Value) -> Option<Usage> {
    let billed = usage.get("billed_units")?;
    Usage::from_json(billed)
}

/// Vertex's vectors tell, each, the tokens of its text: `{"embeddings": {"statistics":
/// {"token_count": 7.0}}}`. Pictures and predictions of other kinds tell none.
fn of_predictions(predictions: &RawValue) -> Option<Usage> {
    #[derive(Deserialize)]
    struct Prediction {
        embeddings: Option<Embeddings>,
    }
    #[derive(Deserialize)]
    struct Embeddings {
        statistics: Option<Statistics>,
    }
    #[derive(Deserialize)]
    struct Statistics {
        token_count: Option<f64>,
    }
    let all: Vec<Prediction> = serde_json::from_str(predictions.get()).ok()?;
    let counts = all.into_iter().map(|it| {
        let count = it.embeddings?.statistics?.token_count?;
        Some(count.ceil() as u64)
    });
    let counts: Vec<u64> = counts.flatten().collect();
    (!counts.is_empty()).then(|| Usage {
        input_tokens: counts.into_iter().fold(0, u64::saturating_add),
        ..Usage::default()
    })
}

fn of_metrics(metrics: &Value) -> Option<Usage> {
    let count = |name: &str| metrics.get(name).and_then(Value::as_u64);
    Some(Usage {
        input_tokens: count("inputTokenCount")?,
        output_tokens: count("outputTokenCount").unwrap_or(0),
        ..Usage::default()
    })
}

/// Bedrock tells in headers what a model of any dialect used.
fn of_headers(headers: &HeaderMap) -> Option<Usage> {
    let count = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse().ok();
    Some(Usage {
        input_tokens: count("x-amzn-bedrock-input-token-count")?,
        output_tokens: count("x-amzn-bedrock-output-token-count").unwrap_or(0),
        ..Usage::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tokens in and out of an answer that comes byte by byte.
    fn used(kind: &str, body: &str) -> Option<(u64, u64)> {
        let mut watch = Watch::new(kind, &HeaderMap::new(), false);
        for byte in body.as_bytes().chunks(1) {
            watch.see(byte);
        }
        watch.end();
        let usage = watch.usage()?;
        Some((usage.input_tokens, usage.output_tokens))
    }

    #[test]
    fn whole_answers_of_each_dialect_tell_what_they_used() {
        for body in [
            r#"{"id":"c","choices":[],"usage":{"prompt_tokens":7,"completion_tokens":5}}"#,
            r#"{"object":"response","output":[],"usage":{"input_tokens":7,"output_tokens":5}}"#,
            r#"{"type":"message","usage":{"input_tokens":4,"cache_read_input_tokens":3,"output_tokens":5}}"#,
            r#"{"candidates":[],"usageMetadata":{"promptTokenCount":7,"candidatesTokenCount":5}}"#,
            r#"[{"candidates":[]},{"usageMetadata":{"promptTokenCount":7,"candidatesTokenCount":5}}]"#,
            r#"{"output":{"message":{}},"usage":{"inputTokens":7,"outputTokens":5,"totalTokens":12}}"#,
            r#"{"message":{"content":[]},"usage":{"billed_units":{"input_tokens":7,"output_tokens":5}}}"#,
            r#"{"text":"x","meta":{"billed_units":{"input_tokens":7,"output_tokens":5}}}"#,
        ] {
            assert_eq!(used("application/json", body), Some((7, 5)), "{body}");
        }
    }

    #[test]
    fn vertexs_vectors_tell_the_tokens_of_their_texts() {
        let vector = r#"{"embeddings":{"values":[0.5],"statistics":{"truncated":false,"token_count":TOKENS}}}"#;
        let vectors = |counts: &[&str]| {
            let each: Vec<String> = counts
                .iter()
                .map(|it| vector.replace("TOKENS", it))
                .collect();
            format!(
                r#"{{"predictions":[{}],"metadata":{{"billableCharacterCount":9}}}}"#,
                each.join(",")
            )
        };
        let json = "application/json; charset=UTF-8";
        assert_eq!(used(json, &vectors(&["4", "3.0"])), Some((7, 0)));
        for body in [
            r#"{"predictions":[{"imageEmbedding":[0.5]}]}"#,
            r#"{"predictions":[{"bytesBase64Encoded":"AA"}]}"#,
            r#"{"predictions":"many"}"#,
            r#"{"predictions":[]}"#,
        ] {
            assert_eq!(used(json, body), None, "{body}");
        }
    }

    #[test]
    fn streams_of_each_dialect_tell_what_they_used() {
        let sse = |events: &[&str]| -> String {
            events.iter().map(|it| format!("data: {it}\n\n")).collect()
        };
        for events in [
            &[
                r#"{"type":"message_start","message":{"id":"m","usage":{"input_tokens":7,"output_tokens":1}}}"#,
                r#"{"type":"message_delta","usage":{"output_tokens":5}}"#,
                r#"{"type":"message_stop"}"#,
            ][..],
            &[
                r#"{"choices":[{"delta":{"content":"x"}}],"usage":null}"#,
                r#"{"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":5}}"#,
                "[DONE]",
            ],
            &[
                r#"{"type":"response.created","response":{"usage":null}}"#,
                r#"{"type":"response.completed","response":{"usage":{"input_tokens":7,"output_tokens":5}}}"#,
            ],
            &[
                r#"{"candidates":[],"usageMetadata":{"promptTokenCount":7,"candidatesTokenCount":5}}"#,
            ],
            &[
                r#"{"type":"message-end","delta":{"usage":{"billed_units":{"input_tokens":7,"output_tokens":5}}}}"#,
            ],
        ] {
            let body = sse(events);
            assert_eq!(
                used("text/event-stream; charset=utf-8", &body),
                Some((7, 5)),
                "{body}"
            );
        }
    }

    #[test]
    fn the_end_is_seen_with_the_event_that_is_it() {
        let mut watch = Watch::new("text/event-stream", &HeaderMap::new(), true);
        let text = watch.see(b"data: {\"choices\":[{\"delta\":{\"content\":\"12345678\"}}]}\n\n");
        assert_eq!((text.tokens, text.ended), (2, false));
        assert!(watch.see(b"data: [DONE]\n\n").ended);
        let mut watch = Watch::new("text/event-stream", &HeaderMap::new(), true);
        assert!(
            watch
                .see(b"event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n")
                .ended
        );
    }

    #[test]
    fn bedrock_tells_it_in_headers_and_in_what_it_wraps() {
        let mut headers = HeaderMap::new();
        headers.insert("x-amzn-bedrock-input-token-count", "7".parse().unwrap());
        headers.insert("x-amzn-bedrock-output-token-count", "5".parse().unwrap());
        let watch = Watch::new("application/octet-stream", &headers, false);
        assert_eq!(watch.usage().map(|it| it.input_tokens), Some(7));
        let inner = r#"{"type":"message_stop","amazon-bedrock-invocationMetrics":{"inputTokenCount":7,"outputTokenCount":5}}"#;
        let mut watch = Watch::new("application/json", &HeaderMap::new(), true);
        let wrapped = format!("{{\"bytes\":\"{}\"}}", STANDARD.encode(inner));
        watch.see(wrapped.as_bytes());
        watch.end();
        assert_eq!(watch.usage().map(|it| it.output_tokens), Some(5));
    }

    #[test]
    fn a_whole_answer_without_a_usage_is_about_as_long_as_its_text_and_told_once() {
        let guess = |body: &str| {
            let mut watch = Watch::new("application/json", &HeaderMap::new(), false);
            watch.see(body.as_bytes());
            [watch.end(), watch.end()]
        };
        let text = r#"{"content":[{"type":"text","text":"12345678"}]}"#;
        assert_eq!(guess(text), [2, 0]);
        let told = r#"{"content":[{"type":"text","text":"12345678"}],"usage":{"input_tokens":1,"output_tokens":3}}"#;
        assert_eq!(guess(told), [0, 0]);
    }

    #[test]
    fn what_is_not_understood_tells_nothing_and_harms_nobody() {
        for (kind, body) in [
            ("application/json", r#"{"usage":{"prompt_tokens":7"#),
            ("application/json", r#"{"usage":"many"}"#),
            ("application/json", "not json"),
            ("text/event-stream", "data: {\"usage\":[1]}\n\n"),
            (
                "application/vnd.amazon.eventstream",
                "garbage that is no message at all",
            ),
            ("audio/mpeg", "{\"usage\":{\"prompt_tokens\":7}}"),
            ("", "x"),
        ] {
            assert_eq!(used(kind, body), None, "{kind} {body}");
        }
    }
}
