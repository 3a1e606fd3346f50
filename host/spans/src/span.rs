//! What is found, in the words of the contract's guardrails.

/// The contract's names of roles.
pub mod role {
    pub const SYSTEM: &str = "system";
    pub const USER: &str = "user";
    pub const ASSISTANT: &str = "assistant";
    pub const TOOL: &str = "tool";
    pub const INPUT: &str = "input";
    pub const OUTPUT: &str = "output";
}

/// The contract's names of channels.
pub mod channel {
    pub const TEXT: &str = "text";
    pub const REASONING: &str = "reasoning";
    pub const TOOL_ARGUMENTS: &str = "tool-arguments";
    pub const TOOL_RESULT: &str = "tool-result";
    pub const TRANSCRIPT: &str = "transcript";
}

/// A piece of text, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// One of [`role`]'s.
    pub role: &'static str,
    /// One of [`channel`]'s. Text of `tool-arguments` is JSON, or a part of what stands between
    /// the quotes of a JSON string.
    pub channel: &'static str,
    /// Which of several answers.
    pub choice: u32,
    /// JSON pointer (RFC 6901) of the string; of a name, that of its value.
    pub pointer: String,
    pub text: String,
    pub(crate) form: Form,
}

/// How the text stands at its place, and what an edit of it has to mind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A string of the document.
    Plain,
    /// The name of a member.
    Name,
    /// A string that is a JSON document, and has to stay one.
    Document,
    /// A string of a JSON object that is a tool's arguments: shown as JSON writes it.
    Leaf,
    /// A string that a provider's `signature` beside it vouches for. `given`: in a request.
    Signed { given: bool },
}

/// New text for a span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// Which of the spans.
    pub span: usize,
    pub text: String,
}

/// A place that a guardrail of text cannot look into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// JSON pointer of the place.
    pub pointer: String,
    pub why: Why,
}

/// Why a place cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Pictures, sound, documents.
    Media,
    /// Bytes that say of themselves that they are text.
    Encoded,
    /// What a provider has sealed: thoughts that it withholds, results that it encrypts.
    Sealed,
    /// It lies elsewhere: an address, an uploaded file, a kept response or prompt.
    Elsewhere,
    /// Numbers that stand for text.
    Tokens,
}

impl Why {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Media => "media",
            Self::Encoded => "encoded",
            Self::Sealed => "sealed",
            Self::Elsewhere => "elsewhere",
            Self::Tokens => "tokens",
        }
    }
}

/// What was found in a document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// In the order of the document.
    pub spans: Vec<Span>,
    pub unreadable: Vec<Unreadable>,
}
