//! The table of operations: what is known of each stands in its row, and nowhere else.

use super::Operation::{self, *};
use super::{Cached, Dialect, Id, Params};

/// What is known of an operation.
pub struct Row {
    /// In rows of spend, metrics and logs.
    pub name: &'static str,
    /// What a plugin knows it by, where that is another name.
    pub contract: Option<&'static str>,
    /// The dialect its answers and errors are written in.
    pub dialect: Dialect,
    /// Its parameters are OpenAI's, and `metadata` the gateway's.
    pub is_openai: bool,
    /// Which list its parameters' types are judged by.
    pub params: Params,
    /// The members, or files, without which the request means nothing.
    pub required: &'static [&'static str],
    /// It comes as a form with files.
    pub takes_form: bool,
    /// Its answer may be a stream of events.
    pub streams: bool,
    /// Members of which an answer has at least one; without them it is none, whatever its status says.
    pub answers: &'static [&'static str],
    /// The id of an answer that has none.
    pub id: Id,
    /// `object` of a whole answer and of an event of a stream.
    pub objects: [Option<&'static str>; 2],
    /// Answers say when they were made.
    pub is_dated: bool,
    /// Answers say which model gave them.
    pub names_model: bool,
    /// Answers have a `usage` in tokens.
    pub counts_tokens: bool,
    /// It is about what lies at the provider, not asked of a model: nothing is added to it, it names no
    /// model, and costs nothing itself.
    pub is_remote: bool,
    /// Whether its answers are kept.
    pub cached: Cached,
}

/// What most have in common.
const PLAIN: Row = Row {
    name: "",
    contract: None,
    dialect: Dialect::OpenAi,
    is_openai: true,
    params: Params::Unjudged,
    required: &[],
    takes_form: false,
    streams: false,
    answers: &[],
    id: Id::None,
    objects: [None, None],
    is_dated: false,
    names_model: false,
    counts_tokens: false,
    is_remote: false,
    cached: Cached::No,
};

/// Of a dialect of its own, whose parameters are its provider's to judge.
const OWN: Row = Row {
    is_openai: false,
    ..PLAIN
};

const IMAGES: Row = Row {
    params: Params::Images,
    answers: &["data"],
    is_dated: true,
    ..PLAIN
};

const TRANSCRIPT: Row = Row {
    params: Params::Transcripts,
    required: &["file"],
    takes_form: true,
    answers: &["text"],
    ..PLAIN
};

/// What is asked about a response that was made; answers are relayed as they are.
const OF_RESPONSE: Row = Row {
    dialect: Dialect::Responses,
    required: &["response_id"],
    answers: &["object"],
    ..OWN
};

const REMOTE: Row = Row {
    answers: &["id"],
    is_remote: true,
    ..PLAIN
};

/// Free, and quickly done.
const COUNT: Row = Row {
    name: "count-tokens",
    answers: &["input_tokens"],
    ..OWN
};

impl Operation {
    /// What is known of it.
    pub(super) const fn row(self) -> &'static Row {
        match self {
            Chat => &Row {
                name: "chat",
                params: Params::Chat,
                required: &["messages"],
                streams: true,
                answers: &["choices"],
                id: Id::Prefixed("chatcmpl-"),
                objects: [Some("chat.completion"), Some("chat.completion.chunk")],
                is_dated: true,
                names_model: true,
                counts_tokens: true,
                cached: Cached::Whole,
                ..PLAIN
            },
            Completions => &Row {
                name: "completions",
                params: Params::Completions,
                required: &["prompt"],
                streams: true,
                answers: &["choices"],
                id: Id::Prefixed("cmpl-"),
                objects: [Some("text_completion"), Some("text_completion")],
                is_dated: true,
                names_model: true,
                counts_tokens: true,
                cached: Cached::Whole,
                ..PLAIN
            },
            Embeddings => &Row {
                name: "embeddings",
                params: Params::Embeddings,
                required: &["input"],
                answers: &["data"],
                objects: [Some("list"), Some("list")],
                names_model: true,
                counts_tokens: true,
                cached: Cached::Each("input"),
                ..PLAIN
            },
            Responses => &Row {
                name: "responses",
                dialect: Dialect::Responses,
                required: &["input"],
                streams: true,
                // One that failed or runs in the background has no output yet.
                answers: &["output", "status"],
                id: Id::Prefixed("resp_"),
                names_model: true,
                counts_tokens: true,
                cached: Cached::Whole,
                ..OWN
            },
            Messages => &Row {
                name: "messages",
                dialect: Dialect::Anthropic,
                required: &["messages"],
                streams: true,
                answers: &["content"],
                id: Id::Prefixed("msg_"),
                names_model: true,
                counts_tokens: true,
                cached: Cached::Whole,
                ..OWN
            },
            CountTokens => &Row {
                dialect: Dialect::Anthropic,
                required: &["messages"],
                counts_tokens: true,
                ..COUNT
            },
            CountContents => &Row {
                contract: Some("count-contents"),
                dialect: Dialect::Google,
                answers: &["totalTokens"],
                ..COUNT
            },
            CountResponse => &Row {
                contract: Some("count-response"),
                dialect: Dialect::Responses,
                required: &["input"],
                ..COUNT
            },
            CountChat => &Row {
                contract: Some("count-chat"),
                ..COUNT
            },
            GenerateContent => &Row {
                name: "generate-content",
                dialect: Dialect::Google,
                required: &["contents"],
                streams: true,
                // A prompt that was blocked has no candidates.
                answers: &["candidates", "promptFeedback"],
                cached: Cached::Whole,
                ..OWN
            },
            Rerank => &Row {
                name: "rerank",
                params: Params::Rerank,
                required: &["query", "documents"],
                answers: &["results"],
                id: Id::Call,
                cached: Cached::Whole,
                ..PLAIN
            },
            Moderations => &Row {
                name: "moderations",
                params: Params::Moderations,
                required: &["input"],
                answers: &["results"],
                id: Id::Prefixed("modr-"),
                names_model: true,
                ..PLAIN
            },
            ImagesGenerate => &Row {
                name: "images.generate",
                required: &["prompt"],
                ..IMAGES
            },
            ImagesEdit => &Row {
                name: "images.edit",
                required: &["image", "prompt"],
                takes_form: true,
                ..IMAGES
            },
            ImagesVary => &Row {
                name: "images.vary",
                required: &["image"],
                takes_form: true,
                ..IMAGES
            },
            Speech => &Row {
                name: "audio.speech",
                params: Params::Speech,
                required: &["input"],
                ..PLAIN
            },
            Transcribe => &Row {
                name: "audio.transcribe",
                streams: true,
                cached: Cached::Whole,
                ..TRANSCRIPT
            },
            Translate => &Row {
                name: "audio.translate",
                ..TRANSCRIPT
            },
            PassThrough => &Row {
                name: "pass-through",
                ..OWN
            },
            ResponsesGet => &Row {
                name: "responses.get",
                ..OF_RESPONSE
            },
            ResponsesDelete => &Row {
                name: "responses.delete",
                ..OF_RESPONSE
            },
            ResponsesCancel => &Row {
                name: "responses.cancel",
                ..OF_RESPONSE
            },
            ResponsesInputItems => &Row {
                name: "responses.input_items",
                ..OF_RESPONSE
            },
            FilesCreate => &Row {
                name: "files.create",
                required: &["file", "purpose"],
                ..REMOTE
            },
            FilesGet => &Row {
                name: "files.get",
                ..REMOTE
            },
            // No document at all.
            FilesContent => &Row {
                name: "files.content",
                answers: &[],
                ..REMOTE
            },
            FilesDelete => &Row {
                name: "files.delete",
                ..REMOTE
            },
            BatchesCreate => &Row {
                name: "batches.create",
                params: Params::Batches,
                required: &["input_file_id", "endpoint", "completion_window"],
                ..REMOTE
            },
            BatchesGet => &Row {
                name: "batches.get",
                ..REMOTE
            },
            BatchesCancel => &Row {
                name: "batches.cancel",
                ..REMOTE
            },
            // What is told is for the gateway alone.
            BatchesLines => &Row {
                name: "batches.lines",
                answers: &[],
                ..REMOTE
            },
            Realtime => &Row {
                name: "realtime",
                dialect: Dialect::Realtime,
                ..PLAIN
            },
            Models => &Row {
                name: "models",
                answers: &["data"],
                ..REMOTE
            },
        }
    }
}
