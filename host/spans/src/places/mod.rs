//! The dialects' tables: what stands where.
//!
//! Only places that hold strings are named. What is missing here is found as text, so a gap costs a
//! guardrail a look at a name, and never a text.

pub mod chat;
pub mod google;
pub mod messages;
pub mod plain;
pub mod responses;

use crate::rule::{Node, Rule};
use crate::span::role;

/// The table of an operation's requests, and whose text is that says nothing of it.
pub fn request(operation: &str) -> (&'static Node, &'static str) {
    match operation {
        "chat" => (&chat::REQUEST, role::INPUT),
        "completions" => (&plain::COMPLETIONS, role::INPUT),
        "responses" => (&responses::REQUEST, role::INPUT),
        "messages" => (&messages::REQUEST, role::INPUT),
        "generate-content" => (&google::REQUEST, role::INPUT),
        "count-tokens" => (&COUNT, role::INPUT),
        "embeddings" => (&plain::EMBEDDINGS, role::INPUT),
        "rerank" => (&plain::RERANK, role::INPUT),
        "moderations" => (&plain::MODERATIONS, role::INPUT),
        "images.generate" | "images.edit" | "images.vary" => (&plain::IMAGES, role::INPUT),
        "audio.speech" | "audio.transcribe" | "audio.translate" => (&plain::AUDIO, role::INPUT),
        _ if is_about_names(operation) => (&NAMES, role::INPUT),
        _ => (&ANYTHING, role::INPUT),
    }
}

/// The table of an operation's answers.
pub fn answer(operation: &str) -> (&'static Node, &'static str) {
    match operation {
        "chat" => (&chat::ANSWER, role::OUTPUT),
        "completions" => (&plain::COMPLETED, role::OUTPUT),
        "responses" | "responses.get" | "responses.cancel" => (&responses::ANSWER, role::OUTPUT),
        "responses.input_items" => (&responses::ITEMS, role::USER),
        "messages" => (&messages::ANSWER, role::OUTPUT),
        "generate-content" => (&google::ANSWER, role::OUTPUT),
        "embeddings" | "moderations" | "count-tokens" => (&plain::FIGURES, role::OUTPUT),
        "rerank" => (&plain::RERANKED, role::OUTPUT),
        "images.generate" | "images.edit" | "images.vary" => (&plain::IMAGED, role::OUTPUT),
        "audio.transcribe" | "audio.translate" => (&plain::HEARD, role::OUTPUT),
        _ if is_about_names(operation) => (&NAMES, role::OUTPUT),
        _ => (&ANYTHING, role::OUTPUT),
    }
}

/// The table of an event of an operation whose events are whole.
pub fn event(operation: &str) -> (&'static Node, &'static str) {
    match operation {
        "audio.transcribe" | "audio.translate" => (&plain::HEARING, role::OUTPUT),
        "audio.speech" => (&plain::SPEAKING, role::OUTPUT),
        _ => answer(operation),
    }
}

/// Operations on what lies at a provider: ids and states. A sentence in them is found all the same.
fn is_about_names(operation: &str) -> bool {
    operation == "models"
        || ["responses.", "files.", "batches."]
            .iter()
            .any(|it| operation.starts_with(it))
}

static NAMES: Node = Node::of(&[("id", Rule::Label)]).rest(Rule::Label);

static ANYTHING: Node = Node::of(&[]);

/// Anthropic's and Google's requests to count, and those about a response, have one operation.
static COUNT: Node = Node::of(&[
    ("model", Rule::Label),
    ("instructions", Rule::In(&responses::INSTRUCTION)),
    ("input", Rule::In(&responses::INPUT)),
    ("previous_response_id", Rule::Elsewhere),
    ("conversation", Rule::Elsewhere),
])
.also(&COUNT_MESSAGES)
.google();
static COUNT_MESSAGES: Node = Node::of(&[
    ("system", Rule::In(&messages::INSTRUCTION)),
    ("messages", Rule::In(&messages::MESSAGE)),
    ("mcp_servers", Rule::In(&messages::SERVER)),
    ("thinking", Rule::Label),
    ("tool_choice", Rule::Label),
])
.also(&google::REQUEST)
.google();
