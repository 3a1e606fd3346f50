//! Views of the canonical chat documents that keep every member they do not know.
//!
//! A [`ChatRequest`] is the client's document itself; its methods read what most providers need.
//! What a provider takes out is gone, and everything else, known or not, is still there to be
//! sent. A [`ChatAnswer`] is built the same way: what has no method is a [`ChatAnswer::member`].

mod answer;
mod request;

pub use answer::{ChatAnswer, usage};
pub use request::{ChatRequest, Media, Message, Part, ToolCall};
