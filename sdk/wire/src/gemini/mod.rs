//! Google's `generateContent`: [`request::from_chat`] makes the body, [`response::to_chat`] and
//! [`stream::decode`] read the answer, [`errors`] what went wrong. [`count`] asks how long a request is.
//! [`images`], [`speech`] and [`transcripts`] are what its models make and hear beside chats.

pub mod batch;
mod contents;
pub mod count;
mod edits;
pub mod errors;
mod formats;
mod generation;
mod grounding;
pub mod images;
pub mod models;
mod parts;
pub mod request;
pub mod response;
mod schema;
pub mod speech;
pub mod stream;
mod tools;
pub mod transcripts;
mod usage;

/// Parameters of a chat that the dialect has no place for.
pub const UNSUPPORTED: [&str; 9] = [
    "logit_bias",
    "moderation",
    "prediction",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "safety_identifier",
    "store",
    "verbosity",
];

/// Parameters of a chat that change nothing here.
pub const IGNORED: [&str; 3] = ["user", "stream_options", "parallel_tool_calls"];
