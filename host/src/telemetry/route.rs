//! Where operations are asked for.

/// The path of an operation, as its clients call it.
pub fn route(operation: &str) -> &str {
    match operation {
        "chat" => "/v1/chat/completions",
        "completions" => "/v1/completions",
        "embeddings" => "/v1/embeddings",
        "responses" => "/v1/responses",
        "responses.get" | "responses.delete" => "/v1/responses/{response_id}",
        "responses.cancel" => "/v1/responses/{response_id}/cancel",
        "responses.input_items" => "/v1/responses/{response_id}/input_items",
        "messages" => "/v1/messages",
        "count-tokens" => "/v1/messages/count_tokens",
        "generate-content" => "/v1beta/models/{model}:generateContent",
        "rerank" => "/v1/rerank",
        "moderations" => "/v1/moderations",
        "images.generate" => "/v1/images/generations",
        "images.edit" => "/v1/images/edits",
        "images.vary" => "/v1/images/variations",
        "audio.speech" => "/v1/audio/speech",
        "audio.transcribe" => "/v1/audio/transcriptions",
        "audio.translate" => "/v1/audio/translations",
        "files.create" => "/v1/files",
        "files.get" | "files.delete" => "/v1/files/{file_id}",
        "files.content" => "/v1/files/{file_id}/content",
        "batches" | "batches.create" => "/v1/batches",
        "batches.get" => "/v1/batches/{batch_id}",
        "batches.cancel" => "/v1/batches/{batch_id}/cancel",
        "realtime" => "/v1/realtime",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_about_a_response_has_a_path() {
        for (operation, path) in [
            ("responses.get", "/v1/responses/{response_id}"),
            ("responses.delete", "/v1/responses/{response_id}"),
            ("responses.cancel", "/v1/responses/{response_id}/cancel"),
            (
                "responses.input_items",
                "/v1/responses/{response_id}/input_items",
            ),
        ] {
            assert_eq!(route(operation), path);
        }
    }
}
