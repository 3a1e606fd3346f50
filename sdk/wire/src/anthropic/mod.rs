//! Anthropic's Messages: [`request::from_chat`] makes the body, [`response::to_chat`] and
//! [`stream::decode`] read the answer, [`errors`] what went wrong; [`batch`] does so for many at once.

pub mod batch;
mod block;
mod blocks;
mod citations;
mod envelope;
pub mod errors;
pub mod models;
mod names;
mod parts;
pub mod request;
pub mod response;
pub mod said;
mod schema;
pub mod stream;
mod structured;
mod thinking;
mod tools;
mod usage;

pub use envelope::{Envelope, betas};

/// Parameters of a chat that the dialect has no place for.
pub const UNSUPPORTED: [&str; 17] = [
    "audio",
    "frequency_penalty",
    "logit_bias",
    "logprobs",
    "modalities",
    "moderation",
    "n",
    "prediction",
    "presence_penalty",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "safety_identifier",
    "seed",
    "store",
    "top_logprobs",
    "verbosity",
];
