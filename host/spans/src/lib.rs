//! Finds every piece of text that a person or a model wrote, in any request, answer or stream of
//! any operation and dialect, and puts edits back. Guardrails work on what it finds. Pure: no I/O,
//! no state of the gateway.
//!
//! # What is found
//!
//! Each dialect is a table of its places ([`request`], [`answer`]); `docs/guardrails-text.md` is its
//! short form. A table says where there is *no* text: ids, names, settings, bytes, signatures. And
//! even these are believed only if they look like it: a sentence in the place of an id is found. What
//! no table names is text, whatever its shape: no text passes unseen because of a member that came
//! later, that is misspelt or that hides a list where a string should be. The names of members are
//! found too, if they are none that a program would choose.
//!
//! What cannot be read is named ([`Unreadable`]): media, text as bytes, what lies elsewhere, what a
//! provider sealed. A guardrail that must see all may refuse by that.
//!
//! Not found: numbers; the request that an answer repeats; the pieces of an answer that stand again
//! in its likelihoods, which are emptied when their text is edited.
//!
//! # Tool arguments
//!
//! The channel `tool-arguments` is JSON, always: a document in a string is one span, an object is a
//! span for each string in it, *as JSON writes it* (`a\"b`, not `a"b`). An edit is written the same
//! way, and one that would leave no JSON is refused ([`ApplyError::NotJson`]). What a tool gets as
//! free text, a custom tool's input or code, is of the channel `text`.
//!
//! # Signed thoughts
//!
//! A thought with a signature can be looked at. In a request an edit of it is refused
//! ([`ApplyError::Signed`]): its provider would refuse the conversation. In an answer the edit is put
//! in and the signature taken away, so that nobody is told that the provider wrote this.
//!
//! ```
//! use serde_json::json;
//! use sluice_spans::{Edit, apply, request};
//!
//! let mut body = json!({"messages": [{"role": "user", "content": "I am Ada"}]});
//! let spans = request("chat", &body);
//! assert_eq!((spans[0].role, spans[0].text.as_str()), ("user", "I am Ada"));
//! let edit = Edit { span: 0, text: "I am <NAME>".to_owned() };
//! apply(&mut body, &spans, &[edit])?;
//! assert_eq!(body["messages"][0]["content"], "I am <NAME>");
//! # Ok::<(), sluice_spans::ApplyError>(())
//! ```

mod apply;
mod look;
mod places;
mod rule;
mod span;
mod stream;
mod walk;

use serde_json::Value;

pub use apply::{ApplyError, apply};
pub use span::{Edit, Reading, Span, Unreadable, Why, channel, role};
pub use stream::{Piece, Stream};

/// The text of a request. `operation` is the contract's name; of an unknown one every string is
/// text.
pub fn request(operation: &str, body: &Value) -> Vec<Span> {
    read_request(operation, body).spans
}

/// The text of a whole answer.
pub fn answer(operation: &str, body: &Value) -> Vec<Span> {
    read_answer(operation, body).spans
}

/// The text of a request, and the places that cannot be read.
pub fn read_request(operation: &str, body: &Value) -> Reading {
    let (node, role) = places::request(operation);
    walk::read(body, node, walk::Context::of(role), true)
}

/// The text of a whole answer, and the places that cannot be read.
pub fn read_answer(operation: &str, body: &Value) -> Reading {
    let (node, role) = places::answer(operation);
    walk::read(body, node, walk::Context::of(role), false)
}

#[cfg(test)]
mod tests;
