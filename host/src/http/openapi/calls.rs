//! Calls of models: what `pipeline` judges of their bodies, and what their answers have.

use http::Method;
use serde_json::{Map, Value, json};

use super::listed::Listed;
use crate::auth::Area;
use crate::pipeline::{Dialect, Operation, described};

/// Ends of paths, and what is asked for there.
const POSTS: &[(&str, Operation)] = &[
    ("/chat/completions", Operation::Chat),
    ("/completions", Operation::Completions),
    ("/embeddings", Operation::Embeddings),
    ("/responses", Operation::Responses),
    ("/responses/input_tokens", Operation::CountResponse),
    ("/messages", Operation::Messages),
    ("/messages/count_tokens", Operation::CountTokens),
    ("/moderations", Operation::Moderations),
    ("/rerank", Operation::Rerank),
    ("/images/generations", Operation::ImagesGenerate),
    ("/images/edits", Operation::ImagesEdit),
    ("/images/variations", Operation::ImagesVary),
    ("/audio/speech", Operation::Speech),
    ("/audio/transcriptions", Operation::Transcribe),
    ("/audio/translations", Operation::Translate),
    ("/files", Operation::FilesCreate),
    (":generateContent", Operation::GenerateContent),
    (":streamGenerateContent", Operation::GenerateContent),
    (":countTokens", Operation::CountContents),
    (":embedContent", Operation::Embeddings),
    (":batchEmbedContents", Operation::Embeddings),
];

/// One call of a model, as the document needs it.
#[derive(Debug, Clone, Copy)]
pub struct Call {
    operation: Operation,
    /// The path says which model.
    names_model: bool,
    google: bool,
}

/// What a route asks a model for; None: it asks none.
pub fn of(listed: &Listed) -> Option<Call> {
    let of_models = matches!(
        listed.class.area,
        Area::OpenAi | Area::Anthropic | Area::Google
    );
    if listed.method != Method::POST || !of_models || listed.unserved {
        return None;
    }
    let (_, operation) = POSTS.iter().find(|(end, _)| listed.path.ends_with(end))?;
    Some(Call {
        operation: *operation,
        names_model: listed.path.contains('{'),
        google: listed.class.area == Area::Google,
    })
}

/// The dialect of a route's refusals.
pub fn dialect(listed: &Listed) -> Dialect {
    match listed.class.area {
        Area::Anthropic => Dialect::Anthropic,
        Area::Google => Dialect::Google,
        _ => Dialect::OpenAi,
    }
}

impl Call {
    pub fn body(self) -> Value {
        let kind = match self.operation.takes_form() {
            true => "multipart/form-data",
            false => "application/json",
        };
        let mut media = json!({"schema": self.schema()});
        if let Some(example) = self.example() {
            media["example"] = example;
        }
        json!({"required": true, "content": {kind: media}})
    }

    fn schema(self) -> Value {
        let mut properties = Map::new();
        let mut needed: Vec<&str> = Vec::new();
        if self.google {
            let name = match self.operation {
                Operation::Embeddings => return json!({"type": "object"}),
                _ => "contents",
            };
            properties.insert(
                name.to_owned(),
                json!({"type": ["array", "object", "string"]}),
            );
            return json!({"type": "object", "properties": properties});
        }
        if !self.names_model && self.operation != Operation::FilesCreate {
            properties.insert(
                "model".to_owned(),
                json!({"type": "string",
                "description": "a model group, or an alias"}),
            );
            if self.operation.usual_model().is_none() {
                needed.push("model");
            }
        }
        for name in self.operation.required() {
            properties.insert((*name).to_owned(), member(name));
            needed.push(name);
        }
        for (name, schema) in described(self.operation) {
            properties.entry(name).or_insert(schema);
        }
        if self.operation.streams() {
            let name = self.operation.stream_member();
            properties.insert(
                name.to_owned(),
                json!({"type": ["boolean", "null"],
                "description": "the answer comes in events"}),
            );
        }
        json!({"type": "object", "required": needed, "properties": properties,
            "description": "Whatever else a provider takes may stand beside these."})
    }

    fn example(self) -> Option<Value> {
        let messages = json!([{"role": "user", "content": "hello"}]);
        let mut example = match self.operation {
            Operation::Chat => json!({"messages": messages}),
            Operation::Completions => json!({"prompt": "hello"}),
            Operation::Responses | Operation::CountResponse => json!({"input": "hello"}),
            Operation::Embeddings if !self.google => json!({"input": "hello"}),
            Operation::Moderations => json!({"input": "hello"}),
            Operation::Rerank => json!({"query": "hello", "documents": ["hi", "bye"]}),
            Operation::Messages => json!({"messages": messages, "max_tokens": 64}),
            Operation::CountTokens => json!({"messages": messages}),
            Operation::ImagesGenerate => json!({"prompt": "a lock in a canal"}),
            Operation::Speech => json!({"input": "hello", "voice": "alloy"}),
            Operation::GenerateContent | Operation::CountContents => {
                json!({"contents": [{"role": "user", "parts": [{"text": "hello"}]}]})
            }
            _ => return None,
        };
        if !self.names_model && !self.google {
            example["model"] = "demo".into();
        }
        Some(example)
    }

    /// The answer that was asked for.
    pub fn answer(self) -> Value {
        let answers = self.operation.answers();
        let document = match (answers, self.google) {
            // Vectors of Google's have other members than OpenAI's, and streams are arrays.
            (_, true) => json!({"type": ["object", "array"]}),
            ([], _) => json!({"type": "object"}),
            ([one], _) => json!({"type": "object", "required": [one]}),
            (several, _) => {
                let each = several.iter().map(|it| json!({"required": [it]}));
                json!({"type": "object", "anyOf": each.collect::<Vec<_>>()})
            }
        };
        let mut content = json!({"application/json": {"schema": document}});
        if self.operation.streams() {
            content["text/event-stream"] = json!({"schema": {"type": "string"}});
        }
        match self.operation {
            Operation::Speech => content = json!({"*/*": {}}),
            Operation::Transcribe | Operation::Translate => {
                content["text/plain"] = json!({"schema": {"type": "string"}});
            }
            _ => {}
        }
        json!({"description": "The answer.", "content": content})
    }
}

/// Members that mean the same in every operation.
fn member(name: &str) -> Value {
    match name {
        "messages" => json!({"type": "array", "items": {"type": "object"}}),
        "prompt" | "input" => json!({"type": ["string", "array"]}),
        "file" | "image" => json!({"type": "string", "format": "binary"}),
        "query" => json!({"type": ["string", "object"]}),
        "documents" => json!({"type": "array"}),
        _ => json!({"type": "string"}),
    }
}
