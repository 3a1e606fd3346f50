//! What can be asked for, and in whose shapes.

/// An operation of the plugin contract that has a route of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    Chat,
    Completions,
    Embeddings,
    Responses,
    Messages,
    CountTokens,
    GenerateContent,
    /// Google's `countTokens`.
    CountContents,
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
    /// What a provider has. No client's call: `GET /v1/models` is the gateway's own list.
    Models,
}

impl Operation {
    /// The contract's name for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Completions => "completions",
            Self::Embeddings => "embeddings",
            Self::Responses => "responses",
            Self::Messages => "messages",
            Self::CountTokens | Self::CountContents => "count-tokens",
            Self::GenerateContent => "generate-content",
            Self::Rerank => "rerank",
            Self::Moderations => "moderations",
            Self::ImagesGenerate => "images.generate",
            Self::ImagesEdit => "images.edit",
            Self::ImagesVary => "images.vary",
            Self::Speech => "audio.speech",
            Self::Transcribe => "audio.transcribe",
            Self::Translate => "audio.translate",
            Self::PassThrough => "pass-through",
            Self::ResponsesGet => "responses.get",
            Self::ResponsesDelete => "responses.delete",
            Self::ResponsesCancel => "responses.cancel",
            Self::ResponsesInputItems => "responses.input_items",
            Self::FilesCreate => "files.create",
            Self::FilesGet => "files.get",
            Self::FilesContent => "files.content",
            Self::FilesDelete => "files.delete",
            Self::BatchesCreate => "batches.create",
            Self::BatchesGet => "batches.get",
            Self::BatchesCancel => "batches.cancel",
            Self::Models => "models",
        }
    }

    /// The dialect its answers and errors are written in.
    pub const fn dialect(self) -> Dialect {
        match self {
            Self::Messages | Self::CountTokens => Dialect::Anthropic,
            Self::Responses
            | Self::ResponsesGet
            | Self::ResponsesDelete
            | Self::ResponsesCancel
            | Self::ResponsesInputItems => Dialect::Responses,
            Self::GenerateContent | Self::CountContents => Dialect::Google,
            _ => Dialect::OpenAi,
        }
    }

    /// Whether its parameters are OpenAI's, and `metadata` the gateway's.
    pub const fn is_openai(self) -> bool {
        !matches!(
            self,
            Self::Responses
                | Self::Messages
                | Self::CountTokens
                | Self::GenerateContent
                | Self::CountContents
                | Self::PassThrough
                | Self::ResponsesGet
                | Self::ResponsesDelete
                | Self::ResponsesCancel
                | Self::ResponsesInputItems
        )
    }

    /// Whether its answers have a `usage` in tokens.
    pub const fn counts_tokens(self) -> bool {
        matches!(
            self,
            Self::Chat
                | Self::Completions
                | Self::Embeddings
                | Self::Responses
                | Self::Messages
                | Self::CountTokens
        )
    }

    /// Whether it is about what lies at the provider, not asked of a model: nothing is added to it,
    /// it names no model, and costs nothing itself.
    pub const fn is_remote(self) -> bool {
        matches!(
            self,
            Self::FilesCreate
                | Self::FilesGet
                | Self::FilesContent
                | Self::FilesDelete
                | Self::BatchesCreate
                | Self::BatchesGet
                | Self::BatchesCancel
                | Self::Models
        )
    }

    /// Whether it comes as a form with files.
    pub const fn takes_form(self) -> bool {
        matches!(
            self,
            Self::ImagesEdit | Self::ImagesVary | Self::Transcribe | Self::Translate
        )
    }

    /// Whether its answer may be a stream of events.
    pub(super) const fn streams(self) -> bool {
        matches!(
            self,
            Self::Chat
                | Self::Completions
                | Self::Responses
                | Self::Messages
                | Self::GenerateContent
                | Self::Transcribe
        )
    }

    /// Whether it makes or hears sound, and its stream has OpenAI's events for that.
    pub const fn is_audio(self) -> bool {
        matches!(self, Self::Speech | Self::Transcribe)
    }

    /// The member by which a stream of it is asked for.
    pub const fn stream_member(self) -> &'static str {
        match self {
            Self::Speech => "stream_format",
            _ => "stream",
        }
    }

    /// The members, or files, without which the request means nothing.
    pub(super) const fn required(self) -> &'static [&'static str] {
        match self {
            Self::Chat | Self::Messages | Self::CountTokens => &["messages"],
            Self::Completions | Self::ImagesGenerate => &["prompt"],
            Self::GenerateContent => &["contents"],
            Self::CountContents | Self::PassThrough => &[],
            Self::Embeddings | Self::Responses | Self::Moderations | Self::Speech => &["input"],
            Self::Rerank => &["query", "documents"],
            Self::ImagesEdit => &["image", "prompt"],
            Self::ImagesVary => &["image"],
            Self::Transcribe | Self::Translate => &["file"],
            Self::ResponsesGet
            | Self::ResponsesDelete
            | Self::ResponsesCancel
            | Self::ResponsesInputItems => &["response_id"],
            Self::FilesCreate => &["file", "purpose"],
            Self::BatchesCreate => &["input_file_id", "endpoint", "completion_window"],
            Self::FilesGet
            | Self::FilesContent
            | Self::FilesDelete
            | Self::BatchesGet
            | Self::BatchesCancel
            | Self::Models => &[],
        }
    }

    /// The model that is meant where the request names none, as OpenAI has it.
    pub(super) const fn usual_model(self) -> Option<&'static str> {
        match self {
            Self::Moderations => Some("omni-moderation-latest"),
            _ => None,
        }
    }
}

/// Whose shapes the client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    OpenAi,
    Responses,
    Anthropic,
    Google,
}
