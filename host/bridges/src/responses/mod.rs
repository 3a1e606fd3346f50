//! Clients of OpenAI's Responses API: Codex, OpenAI's SDKs, openai-agents.

mod answer;
mod ending;
mod items;
mod keep;
mod output;
mod request;
mod shell;
mod stream;
mod tools;

pub use answer::answer;
pub use keep::{Keep, keep};
pub use output::free_text;
pub use request::request;
pub use stream::ResponseStream;
