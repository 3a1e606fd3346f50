//! Clients of Anthropic's Messages API: Claude Code, Anthropic's SDKs.

mod answer;
mod content;
mod media;
mod request;
mod stream;
mod tools;

pub use answer::answer;
pub use request::{effort_of, request};
pub use stream::AnthropicStream;
