//! How many tokens a request has, counted here: by OpenAI's tokenizers, which are exact for its models
//! and near enough for others. What no text says (an image, a sound) counts as one picture.

use std::sync::Arc;

use serde_json::{Map, Value};
use tiktoken_rs::CoreBPE;

use crate::domain::Fault;
use crate::domain::json::Document;

/// What each message costs beside its text, and an answer its beginning (OpenAI's cookbook).
const MESSAGE: u64 = 3;
const NAME: u64 = 1;
const OPENING: u64 = 3;

/// A picture of about a million pixels, as OpenAI's models take it.
const PICTURE: u64 = 765;

/// Bytes that are tokenized at once: a run of letters without an end takes time by its square.
const PIECE: usize = 512;

/// How deep a document is read.
const DEEPEST: usize = 64;

/// Members that are no part of what a model reads.
const UNREAD: [&str; 12] = [
    "cache_control",
    "cacheControl",
    "detail",
    "id",
    "media_type",
    "mimeType",
    "mime_type",
    "role",
    "signature",
    "thoughtSignature",
    "tool_call_id",
    "type",
];

/// Members that hold media, or say where they are.
const MEDIA: [&str; 8] = [
    "image_url",
    "input_audio",
    "inlineData",
    "inline_data",
    "fileData",
    "file_data",
    "source",
    "file",
];

/// Members whose structure the model reads too: a schema's keys and not only its texts.
const WRITTEN: [&str; 6] = [
    "tools",
    "functions",
    "args",
    "parameters",
    "response",
    "input_schema",
];

/// Counts a request of any dialect, on a thread that may take its time.
///
/// # Errors
/// The thread is gone.
pub async fn count(model: &str, body: &Arc<Document>) -> Result<u64, Fault> {
    let (model, body) = (model.to_owned(), Arc::clone(body));
    let counted = tokio::task::spawn_blocking(move || {
        let body = serde_json::from_str(body.text()).unwrap_or_default();
        of_request(tokenizer(&model), &body)
    });
    let broken = |cause: tokio::task::JoinError| {
        Fault::ours("the tokens cannot be counted", cause.to_string())
    };
    counted.await.map_err(broken)
}

/// The tokenizer of a model: what is not known is counted as OpenAI's newest.
fn tokenizer(model: &str) -> &'static CoreBPE {
    let name = model.rsplit('/').next().unwrap_or(model);
    let name = name.strip_prefix("ft:").unwrap_or(name);
    let newer = ["gpt-4o", "gpt-4.1", "gpt-4.5"];
    let older = ["gpt-4", "gpt-3.5", "gpt-35", "text-embedding-"];
    let begins = |list: &[&str]| list.iter().any(|it| name.starts_with(it));
    match begins(&older) && !begins(&newer) {
        true => tiktoken_rs::cl100k_base_singleton(),
        false => tiktoken_rs::o200k_base_singleton(),
    }
}

fn of_request(tokenizer: &CoreBPE, body: &Map<String, Value>) -> u64 {
    let inner = ["generateContentRequest", "generate_content_request"];
    let inner = inner.iter().find_map(|it| body.get(*it)?.as_object());
    let body = inner.unwrap_or(body);
    let reader = Reader { tokenizer };
    let mut total = 0u64;
    for name in ["messages", "contents"] {
        let turns = match body.get(name) {
            Some(Value::Array(turns)) => turns,
            // Google's clients may ask with a turn, or its text, alone.
            Some(turn @ (Value::Object(_) | Value::String(_))) if name == "contents" => {
                std::slice::from_ref(turn)
            }
            _ => &[],
        };
        for turn in turns {
            total = total.saturating_add(reader.turn(turn));
        }
        if !turns.is_empty() {
            total = total.saturating_add(OPENING);
        }
    }
    for name in ["system", "systemInstruction", "system_instruction"] {
        if let Some(said) = body.get(name).filter(|it| !it.is_null()) {
            total = total.saturating_add(MESSAGE + reader.value(said, 0));
        }
    }
    for name in ["prompt", "input", "tools", "functions"] {
        if let Some(said) = body.get(name) {
            total = total.saturating_add(reader.member(name, said, 0));
        }
    }
    total
}

struct Reader<'t> {
    tokenizer: &'t CoreBPE,
}

impl Reader<'_> {
    fn turn(&self, turn: &Value) -> u64 {
        let role = turn.get("role").and_then(Value::as_str).unwrap_or_default();
        let named = turn.get("name").is_some_and(Value::is_string);
        let beside = MESSAGE + self.text(role) + if named { NAME } else { 0 };
        beside.saturating_add(self.value(turn, 0))
    }

    fn member(&self, name: &str, value: &Value, depth: usize) -> u64 {
        match value {
            _ if UNREAD.contains(&name) => 0,
            Value::Null | Value::Bool(_) => 0,
            // A text that stands by is no file: Anthropic's documents.
            Value::Object(it) if MEDIA.contains(&name) && it.get("type") != Some(&TEXT.into()) => {
                PICTURE
            }
            Value::String(_) if MEDIA.contains(&name) => PICTURE,
            Value::Object(_) | Value::Array(_) if WRITTEN.contains(&name) => {
                self.text(&value.to_string())
            }
            value => self.value(value, depth),
        }
    }

    fn value(&self, value: &Value, depth: usize) -> u64 {
        if depth > DEEPEST {
            return 0;
        }
        match value {
            Value::Null | Value::Bool(_) => 0,
            Value::Number(number) => self.text(&number.to_string()),
            Value::String(text) => self.text(text),
            Value::Array(items) => items
                .iter()
                .map(|it| self.value(it, depth + 1))
                .fold(0, u64::saturating_add),
            Value::Object(members) => members
                .iter()
                .map(|(name, it)| self.member(name, it, depth + 1))
                .fold(0, u64::saturating_add),
        }
    }

    fn text(&self, text: &str) -> u64 {
        let counts = pieces(text).map(|it| self.tokenizer.encode_ordinary(it).len());
        counts
            .map(|it| u64::try_from(it).unwrap_or(u64::MAX))
            .fold(0, u64::saturating_add)
    }
}

/// Anthropic's word for a document that is text.
const TEXT: &str = "text";

/// A text in pieces that are cut before a space, where there is one.
fn pieces(mut text: &str) -> impl Iterator<Item = &str> {
    std::iter::from_fn(move || {
        if text.is_empty() {
            return None;
        }
        let most = text.floor_char_boundary(PIECE.min(text.len()));
        let end = match most < text.len() {
            true => {
                let head = text.get(1..most).unwrap_or_default();
                let space = head.rfind(char::is_whitespace);
                space.map_or(most, |at| at + 1)
            }
            false => most,
        };
        let (piece, rest) = text.split_at(end);
        text = rest;
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn counted(model: &str, body: &Value) -> u64 {
        of_request(tokenizer(model), body.as_object().unwrap())
    }

    #[test]
    fn texts_are_counted_as_openais_own_tokenizer_counts_them() {
        // By tiktoken 0.12: o200k_base, cl100k_base.
        for (text, newer, older) in [
            ("hello world", 2, 2),
            ("The quick brown fox jumps over the lazy dog.", 10, 10),
            ("你好,世界", 3, 6),
        ] {
            let body = json!({"prompt": text});
            assert_eq!(counted("gpt-4o", &body), newer, "{text}");
            assert_eq!(counted("gpt-4", &body), older, "{text}");
        }
    }

    #[test]
    fn a_conversation_counts_alike_in_every_dialect() {
        let said = "The quick brown fox jumps over the lazy dog.";
        for body in [
            json!({"messages": [{"role": "user", "content": said}]}),
            json!({"messages": [{"role": "user", "content": [{"type": "text", "text": said, "cache_control": {"type": "ephemeral"}}]}]}),
            json!({"contents": [{"role": "user", "parts": [{"text": said}]}]}),
            json!({"generateContentRequest": {"contents": [{"role": "user", "parts": [{"text": said}]}]}}),
        ] {
            assert_eq!(counted("m", &body), 10 + 1 + MESSAGE + OPENING, "{body}");
        }
        let turn = json!({"contents": {"role": "user", "parts": [{"text": said}]}});
        assert_eq!(counted("m", &turn), 10 + 1 + MESSAGE + OPENING);
        assert_eq!(
            counted("m", &json!({"contents": said})),
            10 + MESSAGE + OPENING
        );
        let picture = json!({"messages": [{"role": "user", "content": [
            {"type": "image_url", "image_url": {"url": format!("data:image/png;base64,{}", "A".repeat(50_000))}}]}]});
        assert_eq!(counted("m", &picture), PICTURE + 1 + MESSAGE + OPENING);
        let tool = json!({"messages": [], "tools": [{"type": "function", "function": {"name": "weather"}}]});
        assert!(counted("m", &tool) > 8);
    }

    #[test]
    fn a_long_text_is_cut_where_it_costs_nothing_and_letters_without_end_take_no_time() {
        let words = "word ".repeat(2_000);
        assert!(pieces(&words).all(|it| it.len() <= PIECE));
        assert_eq!(pieces(&words).collect::<String>(), words);
        let whole = tiktoken_rs::o200k_base_singleton()
            .encode_ordinary(&words)
            .len();
        assert_eq!(counted("m", &json!({"prompt": words})), whole as u64);
        let long = "ä".repeat(100_000);
        assert_eq!(pieces(&long).collect::<String>(), long);
        assert!(counted("m", &json!({"prompt": long})) > 1_000);
    }
}
