//! Bodies of calls, kept beside their spend rows where `store_prompts_in_spend_logs` asks for it.
//!
//! A call lays aside what it has anyway, without copying it, and what becomes of that is not its
//! business: when the call has been answered and charged, a task makes of it what is stored (secrets
//! and, where configured, everything said is taken out, what is long is cut) and brings it to the
//! database. All that waits has one bound. What finds no room there, or what the database refuses, is
//! counted and gone; money must not know of any of it.

mod cut;
mod hide;
mod keeper;
mod recording;
pub mod redact;
mod room;

pub use keeper::Bodies;
pub use recording::Recording;
pub use room::{Part, Room};

/// How bodies are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodySettings {
    /// `turn_off_message_logging`: of every call, the shape without what was said.
    pub redacts: bool,
    /// `global_disable_no_log_param`: `no-log` of a client changes nothing.
    pub ignores_no_log: bool,
    /// `MAX_STRING_LENGTH_PROMPT_IN_DB`: longer texts are cut in their middle, in characters.
    pub longest_text: usize,
}

impl BodySettings {
    /// LiteLLM's length, in characters.
    pub const LONGEST_TEXT: usize = 2048;
    /// The most that can be asked for, in characters.
    pub const MOST_TEXT: usize = 4_000_000;

    /// The longest body that is stored, in bytes of JSON.
    fn longest_body(self) -> usize {
        const LEAST: usize = 1 << 20;
        self.longest_text.saturating_mul(2).max(LEAST)
    }
}
