//! Callers who are not let in, as metrics count them: by what their path asks for, and by nothing that
//! they say of themselves.

use super::google;
use crate::pipeline::{Operation, Route};

/// What is counted of paths that call no model.
const OTHER: &str = "other";

/// What a path asks for: one of few words, whatever clients make up.
pub fn operation(path: &str) -> &'static str {
    const ENDS: [(&str, Operation); 16] = [
        ("/chat/completions", Operation::Chat),
        ("/completions", Operation::Completions),
        ("/embeddings", Operation::Embeddings),
        ("/responses", Operation::Responses),
        ("/responses/input_tokens", Operation::CountResponse),
        ("/messages", Operation::Messages),
        ("/messages/count_tokens", Operation::CountTokens),
        ("/rerank", Operation::Rerank),
        ("/moderations", Operation::Moderations),
        ("/images/generations", Operation::ImagesGenerate),
        ("/images/edits", Operation::ImagesEdit),
        ("/audio/speech", Operation::Speech),
        ("/audio/transcriptions", Operation::Transcribe),
        ("/audio/translations", Operation::Translate),
        ("/files", Operation::FilesCreate),
        ("/batches", Operation::BatchesCreate),
    ];
    let is_of_deployment = path.starts_with("/openai/deployments/");
    if Route::of(path).is_some() && !is_of_deployment && !path.starts_with("/openai/v1/responses") {
        return Operation::PassThrough.as_str();
    }
    if google::is_google(path) {
        return Operation::GenerateContent.as_str();
    }
    let found = ENDS.iter().find(|(end, _)| path.ends_with(end));
    found.map_or(OTHER, |(_, operation)| operation.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_counted_by_what_it_asks_for() {
        for (path, wanted) in [
            ("/v1/chat/completions", "chat"),
            ("/engines/a/b/chat/completions", "chat"),
            ("/openai/deployments/m/embeddings", "embeddings"),
            ("/openai/v1/responses", "responses"),
            ("/completions", "completions"),
            ("/v1/messages/count_tokens", "count-tokens"),
            ("/openai/v1/responses/input_tokens", "count-tokens"),
            ("/cursor/chat/completions", "chat"),
            ("/openai/v1/chat/completions", "pass-through"),
            ("/v1/models", "other"),
            ("/key/generate", "other"),
            ("/made/up/0123", "other"),
        ] {
            assert_eq!(operation(path), wanted, "{path}");
        }
    }
}
