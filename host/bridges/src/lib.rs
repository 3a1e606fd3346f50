//! Clients that speak Anthropic messages, OpenAI responses, Gemini `generateContent` or text
//! completions, in front of providers that have chat and nothing else. Pure: no I/O, no clock, no
//! state of the gateway; what has to be known of it is handed in.
//!
//! A request becomes the canonical chat request ([`request`]); its [`Plan`] turns the canonical
//! answer into the client's ([`Plan::answer`]), or canonical chunks into the client's events
//! ([`Plan::stream`]). What chat has no place for is refused by name, or left out with a [`Note`];
//! [`table`] says which.
//!
//! ```
//! use serde_json::json;
//! use sluice_bridges::{Dialect, Identity, Options, request};
//!
//! let body = json!({"model": "m", "max_tokens": 9, "system": "Be brief.",
//!     "messages": [{"role": "user", "content": "Hi"}]});
//! let bridged = request(Dialect::Messages, body.as_object().unwrap(), &Options::default())?;
//! assert_eq!(bridged.chat["messages"][0], json!({"role": "system", "content": "Be brief."}));
//!
//! let answer = json!({"choices": [{"message": {"content": "Hello!"}, "finish_reason": "stop"}]});
//! let answer = bridged.plan.answer(&Identity::new("1", 0, "m"), &answer).unwrap();
//! assert_eq!(answer["content"][0], json!({"type": "text", "text": "Hello!"}));
//! # Ok::<(), sluice_bridges::Refusal>(())
//! ```

mod anthropic;
mod block;
mod blocks;
mod carrier;
mod chat;
mod completions;
mod event;
mod failure;
mod gemini;
mod names;
mod object;
mod own_tools;
mod piece;
mod plan;
mod reader;
mod refusal;
mod responses;
mod stream;
pub mod table;
mod target;
mod tokens;
mod usage;

use serde_json::{Map, Value};

pub use event::{Event, JsonArray};
pub use failure::Failure;
pub use gemini::Embed;
pub use own_tools::OwnTools;
pub use plan::{Identity, Plan};
pub use refusal::{Note, Refusal, RefusalKind};
pub use responses::{Keep, keep};
pub use stream::Stream;
pub use target::Target;
pub use tokens::{counted, to_count};

/// What a client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Anthropic's `/v1/messages`.
    Messages,
    /// OpenAI's `/v1/responses`.
    Responses,
    /// Google's `:generateContent` and `:streamGenerateContent`.
    GenerateContent,
    /// OpenAI's `/v1/completions`.
    Completions,
}

impl Dialect {
    pub const ALL: [Self; 4] = [
        Self::Messages,
        Self::Responses,
        Self::GenerateContent,
        Self::Completions,
    ];
}

/// What the gateway knows of a request beside its body.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options<'a> {
    /// What the provider's chat takes beyond OpenAI's own members.
    pub target: Target,
    /// Parameters and tools that cannot be carried are left out instead of refused.
    pub drop_params: bool,
    /// Google says it in the path; None: as the body says.
    pub streaming: Option<bool>,
    /// The items before `input`, oldest first, where the request names a response or a
    /// conversation that was kept. None: nothing is known of it.
    pub earlier: Option<&'a [Value]>,
}

/// A request for chat.
#[derive(Debug, Clone)]
pub struct Bridged {
    /// The canonical chat request. Its `model` is what the client wrote, if it stood in the body.
    pub chat: Map<String, Value>,
    /// What the answer needs.
    pub plan: Plan,
    /// What was left out.
    pub notes: Vec<Note>,
    /// Members of `chat` that are to be left out, not refused, where the provider has no place for
    /// them: wishes on how to answer that the client's program always sends.
    pub soft: Vec<&'static str>,
    /// What a request for a response asks the gateway to remember.
    pub keep: Keep,
}

/// A client's request as a chat request.
pub fn request(
    dialect: Dialect,
    body: &Map<String, Value>,
    options: &Options<'_>,
) -> Result<Bridged, Refusal> {
    match dialect {
        Dialect::Messages => anthropic::request(body, options),
        Dialect::Responses => responses::request(body, options),
        Dialect::GenerateContent => gemini::request(body, options),
        Dialect::Completions => completions::request(body, options),
    }
}

#[cfg(test)]
mod tests;
