//! The types of OpenAI's parameters, judged once for all providers: a plugin reads what it
//! understands, and what has another type would be left out, or sent on, without a word.

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::operation::Params;
use super::request::{Operation, wrong_type};
use crate::domain::Fault;

/// What a parameter's value must be. `null` always may stand for none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Text,
    Number,
    Whole,
    Flag,
    Object,
    Objects,
    Items,
    Texts,
    TextOrTexts,
    TextOrItems,
    TextOrObject,
    ToolChoice,
    ResponseFormat,
}

impl Shape {
    /// As a JSON schema.
    fn schema(self) -> Value {
        let text = || json!({"type": "string"});
        let list = |items: Value| json!({"type": ["array", "null"], "items": items});
        let either = |one: Value, other: Value| json!({"anyOf": [one, other, {"type": "null"}]});
        let object = || json!({"type": "object"});
        match self {
            Self::Text => json!({"type": ["string", "null"]}),
            Self::Number => json!({"type": ["number", "null"]}),
            // `10.0` is one, too, to both sides.
            Self::Whole => json!({"type": ["integer", "null"]}),
            Self::Flag => json!({"type": ["boolean", "null"]}),
            Self::Object => json!({"type": ["object", "null"]}),
            Self::Objects => list(object()),
            Self::Items => either(list(text()), list(object())),
            Self::Texts => list(text()),
            Self::TextOrTexts => either(text(), list(text())),
            Self::TextOrItems => json!({"anyOf": [text(), list(text()), list(object())]}),
            Self::TextOrObject => either(text(), object()),
            Self::ToolChoice => either(
                json!({"enum": ["none", "auto", "required", "any"]}),
                object(),
            ),
            Self::ResponseFormat => json!({"type": ["object", "null"], "required": ["type"],
                "properties": {"type": text(), "json_schema": object()}}),
        }
    }

    /// In the words of JSON.
    const fn name(self) -> &'static str {
        match self {
            Self::Text => "a string",
            Self::Number => "a number",
            Self::Whole => "a whole number",
            Self::Flag => "a boolean",
            Self::Object => "an object",
            Self::Objects => "an array of objects",
            Self::Items => "an array of strings or objects",
            Self::Texts => "an array of strings",
            Self::TextOrTexts => "a string or an array of strings",
            Self::TextOrItems => "a string or an array of strings or objects",
            Self::TextOrObject => "a string or an object",
            Self::ToolChoice => "`none`, `auto`, `required` or an object that names a tool",
            Self::ResponseFormat => {
                "an object with a `type`, and of type `json_schema` with a `json_schema`"
            }
        }
    }

    fn is_of(self, raw: &str) -> bool {
        let first = raw.as_bytes().first().copied().unwrap_or_default();
        let is_text = first == b'"';
        let is_object = first == b'{';
        match self {
            Self::Text => is_text,
            Self::Number => is_number(first),
            Self::Whole => is_number(first) && is_whole(raw),
            Self::Flag => matches!(first, b't' | b'f'),
            Self::Object => is_object,
            Self::Objects => items(raw, b'{'),
            Self::Items => items(raw, b'"') || items(raw, b'{'),
            Self::Texts => items(raw, b'"'),
            Self::TextOrTexts => is_text || items(raw, b'"'),
            Self::TextOrItems => is_text || items(raw, b'"') || items(raw, b'{'),
            Self::TextOrObject => is_text || is_object,
            Self::ToolChoice => is_object || is_text && is_choice(raw),
            Self::ResponseFormat => is_object && is_format(raw),
        }
    }
}

/// The parameters of chat and text completions.
const CHAT: &[(&str, Shape)] = &[
    ("audio", Shape::Object),
    ("frequency_penalty", Shape::Number),
    ("function_call", Shape::TextOrObject),
    ("functions", Shape::Objects),
    ("logit_bias", Shape::Object),
    ("max_completion_tokens", Shape::Whole),
    ("max_tokens", Shape::Whole),
    ("modalities", Shape::Texts),
    ("n", Shape::Whole),
    ("parallel_tool_calls", Shape::Flag),
    ("prediction", Shape::Object),
    ("presence_penalty", Shape::Number),
    ("prompt_cache_key", Shape::Text),
    ("reasoning_effort", Shape::TextOrObject),
    ("response_format", Shape::ResponseFormat),
    ("safety_identifier", Shape::Text),
    ("seed", Shape::Whole),
    ("service_tier", Shape::Text),
    ("stop", Shape::TextOrTexts),
    ("store", Shape::Flag),
    ("stream_options", Shape::Object),
    ("temperature", Shape::Number),
    ("thinking", Shape::Object),
    ("tool_choice", Shape::ToolChoice),
    ("tools", Shape::Objects),
    ("top_logprobs", Shape::Whole),
    ("top_p", Shape::Number),
    ("user", Shape::Text),
    ("verbosity", Shape::Text),
    ("web_search_options", Shape::Object),
];

/// The parameters of embeddings.
const EMBEDDINGS: &[(&str, Shape)] = &[
    ("dimensions", Shape::Whole),
    ("encoding_format", Shape::Text),
    ("user", Shape::Text),
];

const RERANK: &[(&str, Shape)] = &[
    ("documents", Shape::Items),
    ("max_chunks_per_doc", Shape::Whole),
    ("max_tokens_per_doc", Shape::Whole),
    ("query", Shape::TextOrObject),
    ("rank_fields", Shape::Texts),
    ("return_documents", Shape::Flag),
    ("top_n", Shape::Whole),
];

/// The parameters of images that are made, changed or varied.
const IMAGES: &[(&str, Shape)] = &[
    ("background", Shape::Text),
    ("n", Shape::Whole),
    ("output_compression", Shape::Whole),
    ("output_format", Shape::Text),
    ("prompt", Shape::Text),
    ("quality", Shape::Text),
    ("response_format", Shape::Text),
    ("size", Shape::Text),
    ("style", Shape::Text),
    ("user", Shape::Text),
];

const SPEECH: &[(&str, Shape)] = &[
    ("input", Shape::Text),
    ("instructions", Shape::Text),
    ("response_format", Shape::Text),
    ("speed", Shape::Number),
    ("voice", Shape::TextOrObject),
];

const TRANSCRIPTS: &[(&str, Shape)] = &[
    ("language", Shape::Text),
    ("prompt", Shape::Text),
    ("response_format", Shape::Text),
    ("temperature", Shape::Number),
    ("timestamp_granularities", Shape::Texts),
];

const MODERATIONS: &[(&str, Shape)] = &[("input", Shape::TextOrItems)];

const BATCHES: &[(&str, Shape)] = &[
    ("completion_window", Shape::Text),
    ("endpoint", Shape::Text),
    ("metadata", Shape::Object),
];

/// The parameters of an operation whose types are judged, each with its JSON schema: for documents.
pub fn described(operation: Operation) -> Vec<(&'static str, Value)> {
    let (table, logprobs): (&[(&str, Shape)], _) = match operation.params() {
        Params::Chat => (CHAT, Some(Shape::Flag)),
        Params::Completions => (CHAT, Some(Shape::Whole)),
        Params::Embeddings => (EMBEDDINGS, None),
        Params::Rerank => (RERANK, None),
        Params::Images => (IMAGES, None),
        Params::Speech => (SPEECH, None),
        Params::Transcripts => (TRANSCRIPTS, None),
        Params::Moderations => (MODERATIONS, None),
        Params::Batches => (BATCHES, None),
        Params::Unjudged => (&[], None),
    };
    let own = logprobs.map(|shape| ("logprobs", shape));
    let all = table.iter().copied().chain(own);
    all.map(|(name, shape)| (name, shape.schema())).collect()
}

/// Refuses a request whose member has another type than OpenAI's API gives it. Operations that are
/// a provider's own are that provider's to judge.
pub fn check(operation: Operation, name: &str, raw: &str) -> Result<(), Fault> {
    let shape = match (operation.params(), name) {
        (Params::Chat, "logprobs") => Some(Shape::Flag),
        (Params::Completions, "logprobs") => Some(Shape::Whole),
        (Params::Chat | Params::Completions, _) => find(CHAT, name),
        (Params::Embeddings, _) => find(EMBEDDINGS, name),
        (Params::Rerank, _) => find(RERANK, name),
        (Params::Images, _) => find(IMAGES, name),
        (Params::Speech, _) => find(SPEECH, name),
        (Params::Transcripts, _) => find(TRANSCRIPTS, name),
        (Params::Moderations, _) => find(MODERATIONS, name),
        (Params::Batches, _) => find(BATCHES, name),
        (Params::Unjudged, _) => None,
    };
    match shape {
        Some(shape) if raw != "null" && !shape.is_of(raw) => Err(wrong_type(name, shape.name())),
        _ => Ok(()),
    }
}

fn find(table: &[(&str, Shape)], name: &str) -> Option<Shape> {
    let found = table.iter().find(|(known, _)| *known == name);
    found.map(|(_, shape)| *shape)
}

const fn is_number(first: u8) -> bool {
    first == b'-' || first.is_ascii_digit()
}

/// `10`, and `10.0` as Python writes it.
fn is_whole(raw: &str) -> bool {
    let number: Result<f64, _> = raw.parse();
    number.is_ok_and(|it| it.fract() == 0.0)
}

/// Whether it is a list of which every item begins so.
fn items(raw: &str, first: u8) -> bool {
    let items: Result<Vec<&RawValue>, _> = serde_json::from_str(raw);
    items.is_ok_and(|items| {
        let mut begins = items.iter().map(|it| it.get().as_bytes().first());
        begins.all(|it| it == Some(&first))
    })
}

/// `any` is Mistral's and Anthropic's word for `required`.
fn is_choice(raw: &str) -> bool {
    let words = ["\"none\"", "\"auto\"", "\"required\"", "\"any\""];
    words.contains(&raw)
}

/// Some servers take the schema beside the type.
fn is_format(raw: &str) -> bool {
    let Ok(format) = serde_json::from_str::<Value>(raw) else {
        return false;
    };
    let Some(kind) = format.get("type").and_then(Value::as_str) else {
        return false;
    };
    let of_object = |name: &str| format.get(name).is_some_and(Value::is_object);
    let schema = format.pointer("/json_schema/schema");
    let is_schema = schema.is_none_or(|it| it.is_object() || it.is_null());
    kind != "json_schema" || (of_object("json_schema") && is_schema) || of_object("schema")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_type_is_refused_with_the_member_and_what_it_must_be() {
        for (name, raw, expected) in [
            ("tools", r#""x""#, "an array of objects"),
            ("tools", "{}", "an array of objects"),
            ("tools", r#"["x"]"#, "an array of objects"),
            ("stop", "5", "a string or an array of strings"),
            ("stop", "[5]", "a string or an array of strings"),
            ("response_format", r#""x""#, "`type`"),
            ("response_format", "{}", "`type`"),
            (
                "response_format",
                r#"{"type":"json_schema"}"#,
                "`json_schema`",
            ),
            (
                "response_format",
                r#"{"type":"json_schema","json_schema":{"name":"n","schema":"x"}}"#,
                "`json_schema`",
            ),
            ("tool_choice", r#""bogus""#, "`required`"),
            ("tool_choice", "5", "`required`"),
            ("max_tokens", r#""x""#, "a whole number"),
            ("max_tokens", "1.5", "a whole number"),
            ("temperature", r#""hot""#, "a number"),
            ("logprobs", "1", "a boolean"),
            ("user", "5", "a string"),
        ] {
            let fault = check(Operation::Chat, name, raw).unwrap_err();
            assert_eq!(fault.param.as_deref(), Some(name), "{raw}");
            assert!(fault.message.contains(expected), "{}", fault.message);
        }
        assert!(check(Operation::Embeddings, "dimensions", "\"x\"").is_err());
        assert!(check(Operation::Completions, "logprobs", "true").is_err());
        for raw in ["5", "{}", "[5]", r#"["a", {}]"#] {
            assert!(
                check(Operation::Moderations, "input", raw).is_err(),
                "{raw}"
            );
        }
        for (name, raw) in [
            ("endpoint", "5"),
            ("completion_window", "24"),
            ("metadata", "[]"),
        ] {
            assert!(
                check(Operation::BatchesCreate, name, raw).is_err(),
                "{name}"
            );
        }
    }

    #[test]
    fn what_is_described_is_what_is_judged() {
        let described = described(Operation::Chat);
        let schema = |name: &str| described.iter().find(|it| it.0 == name).unwrap().1.clone();
        assert_eq!(schema("logprobs"), json!({"type": ["boolean", "null"]}));
        for (name, _) in &described {
            // No member may be a text and a number.
            let wrong = ["1", "\"x\""].map(|raw| check(Operation::Chat, name, raw).is_err());
            assert!(wrong[0] || wrong[1], "{name} is not judged");
        }
    }

    #[test]
    fn what_clients_send_passes() {
        for (name, raw) in [
            ("tools", r#"[{"type":"function"}]"#),
            ("tools", "[]"),
            ("stop", "null"),
            ("stop", r#"["a", "b"]"#),
            ("response_format", r#"{"type":"json_object"}"#),
            (
                "response_format",
                r#"{"type":"json_schema","json_schema":{"name":"n","schema":{}}}"#,
            ),
            ("response_format", r#"{"type":"json_schema","schema":{}}"#),
            ("tool_choice", r#""auto""#),
            (
                "tool_choice",
                r#"{"type":"function","function":{"name":"f"}}"#,
            ),
            ("max_tokens", "10.0"),
            ("temperature", "1"),
            ("reasoning_effort", r#"{"effort":"low"}"#),
            ("own_thing", "[1]"),
        ] {
            assert!(check(Operation::Chat, name, raw).is_ok(), "{name}: {raw}");
        }
        assert!(check(Operation::Responses, "tools", "5").is_ok());
    }
}
