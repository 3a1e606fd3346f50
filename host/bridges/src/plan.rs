//! What has to be known of a request when its answer comes.

use std::collections::HashMap;

use serde_json::Value;

use crate::failure::Failure;
use crate::names::Names;
use crate::object::Object;
use crate::{Dialect, Stream, anthropic, completions, gemini, responses};

/// What a tool was before it became a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disguise {
    /// A tool of free text: its one argument is the text.
    Custom,
    /// OpenAI's `local_shell`.
    LocalShell,
}

/// Turns canonical answers into the client's.
#[derive(Debug, Clone)]
pub struct Plan {
    pub(crate) dialect: Dialect,
    pub(crate) streaming: bool,
    pub(crate) names: Names,
    pub(crate) disguises: HashMap<String, Disguise>,
    /// Tools that stood in a namespace, by the name they have in chat.
    pub(crate) namespaces: HashMap<String, (String, String)>,
    /// Thoughts are given to the client.
    pub(crate) thoughts: bool,
    /// Members of the request that the answer repeats.
    pub(crate) echo: Object,
    /// Text that stands before every choice.
    pub(crate) prefix: String,
}

/// The names of an answer, which the gateway gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Letters and digits; every id of the answer has them.
    pub id: String,
    /// Seconds since 1970.
    pub created: u64,
    /// As the client named it.
    pub model: String,
    /// A guess at the prompt's tokens, for Anthropic's first event, which comes before any count.
    pub input_tokens: Option<u64>,
}

impl Identity {
    pub fn new(id: impl Into<String>, created: u64, model: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            created,
            model: model.into(),
            input_tokens: None,
        }
    }
}

impl Plan {
    pub(crate) fn of(dialect: Dialect, streaming: bool) -> Self {
        Self {
            dialect,
            streaming,
            names: Names::default(),
            disguises: HashMap::new(),
            namespaces: HashMap::new(),
            thoughts: true,
            echo: Object::new(),
            prefix: String::new(),
        }
    }

    /// Whether the client wants a stream.
    pub const fn is_streaming(&self) -> bool {
        self.streaming
    }

    pub const fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// A whole canonical answer as the client's.
    pub fn answer(&self, identity: &Identity, answer: &Value) -> Result<Value, Failure> {
        match self.dialect {
            Dialect::Messages => anthropic::answer(self, identity, answer),
            Dialect::Responses => responses::answer(self, identity, answer),
            Dialect::GenerateContent => gemini::answer(self, identity, answer),
            Dialect::Completions => completions::answer(self, identity, answer),
        }
    }

    /// What turns canonical chunks into the client's events.
    pub fn stream(&self, identity: Identity) -> Stream {
        Stream::of(self.clone(), identity)
    }
}
