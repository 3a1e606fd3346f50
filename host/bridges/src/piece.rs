//! What a canonical message, or a delta of one, says: its members in the order in which an answer
//! is written.

use serde_json::Value;

use crate::object::{Object, items, object, text};

#[derive(Debug, Clone, PartialEq)]
pub enum Piece {
    /// What the model thinks.
    Thinking(String),
    /// Ends a thinking block.
    Signature(String),
    /// A thinking block that cannot be read.
    Redacted(Value),
    /// A block of Anthropic's own: what ran there.
    Server(Value),
    /// A part of Google's own: what ran there.
    Part(Value),
    Text(String),
    Refusal(String),
    /// An image that the model made, as a URL.
    Image(String),
    Audio(Value),
    /// Anthropic's citation of the text.
    Citation(Value),
    /// OpenAI's annotation of the text.
    Annotation(Value),
    /// Google's signature of a text.
    TextSignature(Value),
    Call(CallPiece),
}

/// A call of a tool, or a piece of one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CallPiece {
    pub index: u64,
    pub id: String,
    pub name: String,
    pub arguments: String,
    pub signature: Option<Value>,
    pub caller: Option<Value>,
}

/// The pieces of a message or a delta.
pub fn pieces(message: &Object) -> Vec<Piece> {
    let mut out = Vec::new();
    let fields = message
        .get("provider_specific_fields")
        .unwrap_or(&Value::Null);
    let blocks = items(message.get("thinking_blocks"));
    let said = |name: &str| {
        let said = message.get(name).and_then(Value::as_str);
        said.filter(|it| !it.is_empty()).map(str::to_owned)
    };
    // Thoughts stand twice where they have a signature.
    if blocks.is_empty() {
        out.extend(said("reasoning_content").map(Piece::Thinking));
    }
    for block in blocks {
        thinking(block, &mut out);
    }
    let of_fields = |name: &str| items(fields.get(name)).iter().map(bare);
    out.extend(of_fields("server_blocks").map(Piece::Server));
    out.extend(of_fields("parts").map(Piece::Part));
    content(message.get("content"), &mut out);
    // One by one in a stream, a list for each text in an answer, with a member of the gateway's.
    out.extend(fields.get("citation").cloned().map(Piece::Citation));
    for cited in items(fields.get("citations")) {
        let each = cited
            .as_array()
            .map_or(std::slice::from_ref(cited), Vec::as_slice);
        for citation in each {
            let mut citation = citation.clone();
            if let Some(members) = citation.as_object_mut() {
                members.shift_remove("supported_text");
            }
            out.push(Piece::Citation(citation));
        }
    }
    let annotations = items(message.get("annotations")).iter();
    out.extend(annotations.map(bare).map(Piece::Annotation));
    let signatures = items(fields.get("thought_signatures")).iter();
    out.extend(signatures.cloned().map(Piece::TextSignature));
    out.extend(said("refusal").map(Piece::Refusal));
    for image in items(message.get("images")) {
        let url = image.pointer("/image_url/url").and_then(Value::as_str);
        out.extend(url.map(|it| Piece::Image(it.to_owned())));
    }
    out.extend(
        message
            .get("audio")
            .filter(|it| it.is_object())
            .cloned()
            .map(Piece::Audio),
    );
    for (at, call) in items(message.get("tool_calls")).iter().enumerate() {
        out.push(Piece::Call(call_piece(call, at)));
    }
    if let Some(call) = message.get("function_call").filter(|it| it.is_object()) {
        let mut piece = CallPiece::default();
        piece.name.push_str(text(call, "name"));
        piece.arguments.push_str(text(call, "arguments"));
        // Some servers write an empty one where there is none.
        if piece != CallPiece::default() {
            out.push(Piece::Call(piece));
        }
    }
    out
}

fn thinking(block: &Value, out: &mut Vec<Piece>) {
    if text(block, "type") == "redacted_thinking" {
        return out.push(Piece::Redacted(bare(block)));
    }
    let thought = text(block, "thinking");
    if !thought.is_empty() {
        out.push(Piece::Thinking(thought.to_owned()));
    }
    let signature = text(block, "signature");
    if !signature.is_empty() {
        out.push(Piece::Signature(signature.to_owned()));
    }
}

fn content(content: Option<&Value>, out: &mut Vec<Piece>) {
    match content {
        Some(Value::String(said)) if !said.is_empty() => out.push(Piece::Text(said.clone())),
        Some(Value::Array(parts)) => {
            let texts = parts.iter().map(|it| text(it, "text"));
            let texts = texts.filter(|it| !it.is_empty());
            out.extend(texts.map(|it| Piece::Text(it.to_owned())));
        }
        _ => {}
    }
}

fn call_piece(call: &Value, at: usize) -> CallPiece {
    let function = call.get("function").unwrap_or(&Value::Null);
    let fields = object(call, "provider_specific_fields");
    let field = |name: &str| fields.and_then(|it| it.get(name)).cloned();
    let arguments = match function.get("arguments") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => String::new(),
        // Some servers give the object itself.
        Some(other) => other.to_string(),
    };
    CallPiece {
        index: call
            .get("index")
            .and_then(Value::as_u64)
            .unwrap_or(at as u64),
        id: text(call, "id").to_owned(),
        name: text(function, "name").to_owned(),
        arguments,
        signature: field("thought_signature"),
        caller: field("caller"),
    }
}

/// Without the number that orders the pieces of a stream.
fn bare(value: &Value) -> Value {
    let mut value = value.clone();
    if let Some(members) = value.as_object_mut() {
        members.shift_remove("index");
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn thoughts_that_stand_twice_are_read_once() {
        let delta = json!({"reasoning_content": "a", "thinking_blocks": [
            {"type": "thinking", "thinking": "a", "signature": "S", "index": 0}]});
        let got = pieces(delta.as_object().unwrap());
        assert_eq!(
            got,
            [Piece::Thinking("a".into()), Piece::Signature("S".into())]
        );
    }

    #[test]
    fn an_empty_call_is_none() {
        let message = json!({"content": "a", "function_call": {"name": "", "arguments": ""}});
        let got = pieces(message.as_object().unwrap());
        assert_eq!(got, [Piece::Text("a".into())]);
    }

    #[test]
    fn a_message_is_read_in_the_order_of_an_answer() {
        let message = json!({"tool_calls": [{"id": "c", "function": {"name": "f", "arguments": {"x": 1}}}],
            "content": "t", "annotations": [{"type": "url_citation", "index": 3}], "reasoning_content": "r"});
        let got = pieces(message.as_object().unwrap());
        let call = CallPiece {
            id: "c".into(),
            name: "f".into(),
            arguments: "{\"x\":1}".into(),
            ..CallPiece::default()
        };
        assert_eq!(
            got,
            [
                Piece::Thinking("r".into()),
                Piece::Text("t".into()),
                Piece::Annotation(json!({"type": "url_citation"})),
                Piece::Call(call),
            ]
        );
    }
}
