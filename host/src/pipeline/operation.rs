//! What can be asked for, and in whose shapes.

mod rows;

/// An operation of the plugin contract that has a route of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    Chat,
    Completions,
    Embeddings,
    Responses,
    Messages,
    CountTokens,
    /// Google's `countTokens`.
    CountContents,
    /// Of a response before it is made.
    CountResponse,
    /// The tokens of a chat, for whoever asks the gateway itself.
    CountChat,
    GenerateContent,
    Rerank,
    Moderations,
    ImagesGenerate,
    ImagesEdit,
    ImagesVary,
    Speech,
    Transcribe,
    Translate,
    /// Whatever a client asks a provider for, as it is.
    PassThrough,
    /// What is asked about a response that was made.
    ResponsesGet,
    ResponsesDelete,
    ResponsesCancel,
    ResponsesInputItems,
    FilesCreate,
    FilesGet,
    FilesContent,
    FilesDelete,
    BatchesCreate,
    BatchesGet,
    BatchesCancel,
    /// Lines of a batch's input, which its plugin translates before it is made.
    BatchesLines,
    /// What a provider has. No client's call: `GET /v1/models` is the gateway's own list.
    Models,
    /// A session over a socket.
    Realtime,
}

/// Whose shapes the client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    OpenAi,
    Responses,
    Anthropic,
    Google,
    /// Events of a session, each a message of its socket.
    Realtime,
}

/// Which parameters an operation has, as their types are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Params {
    Chat,
    Completions,
    Embeddings,
    Rerank,
    Images,
    Speech,
    Transcripts,
    Moderations,
    Batches,
    /// Its provider's own, which judges them.
    Unjudged,
}

/// The id that an answer is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Id {
    None,
    /// The call's, behind a prefix.
    Prefixed(&'static str),
    /// The call's.
    Call,
}

/// Whether answers are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cached {
    /// They are free and quickly done, or not the same twice.
    No,
    Whole,
    /// Each item of this member has an answer of its own.
    Each(&'static str),
}

impl Operation {
    /// Its name in rows of spend, metrics and logs.
    pub const fn as_str(self) -> &'static str {
        self.row().name
    }

    /// The contract's name for it.
    pub const fn contract(self) -> &'static str {
        match self.row().contract {
            Some(name) => name,
            None => self.as_str(),
        }
    }

    /// The dialect its answers and errors are written in.
    pub const fn dialect(self) -> Dialect {
        self.row().dialect
    }

    /// Whether its parameters are OpenAI's, and `metadata` the gateway's.
    pub const fn is_openai(self) -> bool {
        self.row().is_openai
    }

    /// Which list its parameters' types are judged by.
    pub(super) const fn params(self) -> Params {
        self.row().params
    }

    /// Whether its answers have a `usage` in tokens.
    pub const fn counts_tokens(self) -> bool {
        self.row().counts_tokens
    }

    /// Whether it is about what lies at the provider, not asked of a model: nothing is added to it,
    /// it names no model, and costs nothing itself.
    pub const fn is_remote(self) -> bool {
        self.row().is_remote
    }

    /// Whether it comes as a form with files.
    pub const fn takes_form(self) -> bool {
        self.row().takes_form
    }

    /// Whether its answer may be a stream of events.
    pub const fn streams(self) -> bool {
        self.row().streams
    }

    /// Whether it makes or hears sound, and its stream has OpenAI's events for that.
    pub const fn is_audio(self) -> bool {
        matches!(self, Self::Speech | Self::Transcribe)
    }

    /// Whether it only asks how many tokens there are.
    pub const fn is_count(self) -> bool {
        matches!(
            self,
            Self::CountTokens | Self::CountContents | Self::CountResponse | Self::CountChat
        )
    }

    /// Whether it may go on from a response that was made.
    pub const fn goes_on(self) -> bool {
        matches!(self, Self::Responses | Self::CountResponse)
    }

    /// The member by which a stream of it is asked for.
    pub const fn stream_member(self) -> &'static str {
        match self {
            Self::Speech => "stream_format",
            _ => "stream",
        }
    }

    /// The members, or files, without which the request means nothing.
    pub const fn required(self) -> &'static [&'static str] {
        self.row().required
    }

    /// Members of which an answer has at least one; without them it is none, whatever its status says.
    pub const fn answers(self) -> &'static [&'static str] {
        self.row().answers
    }

    /// The id of an answer that has none.
    pub(super) const fn id(self) -> Id {
        self.row().id
    }

    /// `object` of an answer.
    pub(super) const fn object(self, streaming: bool) -> Option<&'static str> {
        let [whole, event] = self.row().objects;
        if streaming { event } else { whole }
    }

    /// Whether answers say when they were made.
    pub(super) const fn is_dated(self) -> bool {
        self.row().is_dated
    }

    /// Whether answers say which model gave them.
    pub(super) const fn names_model(self) -> bool {
        self.row().names_model
    }

    /// Whether its answers are kept.
    pub(super) const fn cached(self) -> Cached {
        self.row().cached
    }

    /// The model that is meant where the request names none, as OpenAI has it.
    pub const fn usual_model(self) -> Option<&'static str> {
        match self {
            Self::Moderations => Some("omni-moderation-latest"),
            _ => None,
        }
    }
}
