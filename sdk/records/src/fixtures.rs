//! Complete records, one of each kind, that every callback is tested with. They were written for the
//! tests, by LiteLLM's `StandardLoggingPayload` (`litellm/types/utils.py` of `BerriAI/litellm`).

use serde_json::Value;

/// Name and JSON text of each.
pub const ALL: [(&str, &str); 7] = [
    ("success", SUCCESS),
    ("stream", STREAM),
    ("failure", FAILURE),
    ("cached", CACHED),
    ("embeddings", EMBEDDINGS),
    ("tools", TOOLS),
    ("budget", BUDGET),
];

/// A chat.
pub const SUCCESS: &str = include_str!("../fixtures/success.json");
/// A chat that was streamed, with names of the caller's own in its metadata.
pub const STREAM: &str = include_str!("../fixtures/stream.json");
/// A chat that the provider refused for its rate.
pub const FAILURE: &str = include_str!("../fixtures/failure.json");
/// A chat that was answered from the cache.
pub const CACHED: &str = include_str!("../fixtures/cached.json");
/// Embeddings of two texts.
pub const EMBEDDINGS: &str = include_str!("../fixtures/embeddings.json");
/// A chat with a picture, a tool call and a guardrail.
pub const TOOLS: &str = include_str!("../fixtures/tools.json");
/// A chat that the gateway refused because the key has no money left.
pub const BUDGET: &str = include_str!("../fixtures/budget.json");

/// All of them, as a batch.
///
/// # Panics
/// One of them is no JSON.
pub fn batch() -> Vec<Value> {
    ALL.iter().map(|(_, text)| read(text)).collect()
}

/// One of them.
///
/// # Panics
/// It is no JSON.
#[expect(clippy::expect_used, reason = "the texts are part of this crate")]
pub fn read(text: &str) -> Value {
    serde_json::from_str(text).expect("a fixture is JSON")
}
