//! LiteLLM's words for operations.

/// What LiteLLM calls an operation in its records and its log.
pub fn call_type(operation: &str) -> &str {
    match operation {
        "chat" => "acompletion",
        "completions" => "atext_completion",
        "embeddings" => "aembedding",
        "responses" => "aresponses",
        "responses.get" => "aget_responses",
        "responses.delete" => "adelete_responses",
        "responses.cancel" => "acancel_responses",
        "responses.input_items" => "alist_input_items",
        "messages" => "anthropic_messages",
        "generate-content" => "agenerate_content",
        "rerank" => "arerank",
        "moderations" => "amoderation",
        "images.generate" => "aimage_generation",
        "images.edit" => "aimage_edit",
        "images.vary" => "aimage_variation",
        "audio.speech" => "aspeech",
        "audio.transcribe" | "audio.translate" => "atranscription",
        "pass-through" => "pass_through_endpoint",
        "realtime" => "_arealtime",
        "files.create" => "acreate_file",
        "files.get" => "afile_retrieve",
        "files.content" => "afile_content",
        "files.delete" => "afile_delete",
        "batches.create" => "acreate_batch",
        "batches.cancel" => "acancel_batch",
        "batches" | "batches.get" => "aretrieve_batch",
        other => other,
    }
}
