//! Views of the canonical chat documents that keep every member they do not know.
//!
//! A [`ChatRequest`] is the client's document itself; its methods read what most providers need.
//! What a provider takes out is gone, and everything else, known or not, is still there to be
//! sent. A [`ChatAnswer`] is built the same way: what has no method is a [`ChatAnswer::member`].

mod answer;
mod request;

/// Where Anthropic's marks for a cache stand in chats and responses: `ignored` of an operation whose
/// provider refuses what it does not know.
pub const CACHE_MARKS: [&str; 8] = [
    "messages[*].cache_control",
    "messages[*].content[*].cache_control",
    "messages[*].tool_calls[*].cache_control",
    "tools[*].cache_control",
    "tools[*].function.cache_control",
    "functions[*].cache_control",
    "input[*].cache_control",
    "input[*].content[*].cache_control",
];

pub use answer::{ChatAnswer, usage};
pub use request::{ChatRequest, Media, Message, Part, ToolCall};
