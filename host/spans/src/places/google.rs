//! Google's `generateContent`. Its API takes names with underscores too.

use super::chat::TOOL;
use crate::rule::Node;
use crate::rule::Rule::{
    Address, Again, Arguments, Bytes, Elsewhere, In, Label, Link, Of, Schema, Signature, Text,
};
use crate::span::channel::{REASONING, TOOL_RESULT};
use crate::span::role::{ASSISTANT, SYSTEM, TOOL as TOOLS, USER};

pub static REQUEST: Node = Node::of(&[
    ("model", Label),
    ("systemInstruction", In(&INSTRUCTION)),
    ("contents", In(&ASKED)),
    ("tools", In(&TOOLSET)),
    ("toolConfig", Label),
    ("safetySettings", Label),
    ("generationConfig", In(&CONFIG)),
    ("cachedContent", Elsewhere),
    ("labels", Label),
    ("generateContentRequest", In(&REQUEST)),
])
.also(&super::chat::SETTINGS)
.google();

static INSTRUCTION: Node = Node::of(&[("role", Label), ("parts", In(&PART)), ("text", Text)])
    .role(SYSTEM)
    .google();

/// The user's, where it does not say whose.
pub static ASKED: Node = Node::of(&[("role", Label), ("parts", In(&PART))])
    .role(USER)
    .kinds(
        "role",
        &[
            ("model", &ANSWERED),
            ("assistant", &ANSWERED),
            ("system", &INSTRUCTION),
            ("function", &RETURNED),
            ("tool", &RETURNED),
        ],
    )
    .google();

static ANSWERED: Node = Node::of(&[("role", Label), ("parts", In(&PART))])
    .role(ASSISTANT)
    .google();

static RETURNED: Node = Node::of(&[("role", Label), ("parts", In(&PART))])
    .role(TOOLS)
    .google();

pub static PART: Node = Node::of(&[
    ("text", Text),
    ("thoughtSignature", Signature),
    ("inlineData", In(&BLOB)),
    ("fileData", In(&BLOB)),
    ("functionCall", In(&CALL)),
    ("functionResponse", In(&RESULT)),
    ("executableCode", In(&CODE)),
    ("codeExecutionResult", In(&OUTCOME)),
    ("toolCall", In(&CALL)),
    ("toolResponse", In(&RESULT)),
    ("videoMetadata", Label),
    ("mediaResolution", Label),
])
.kinds("thought", &[("true", &THOUGHT)])
.google();

static THOUGHT: Node = Node::of(&[("text", Of(REASONING))]).also(&PART).google();

static BLOB: Node = Node::of(&[
    ("mimeType", Label),
    ("data", Bytes),
    ("fileUri", Address),
    ("displayName", Label),
])
.google();

static CALL: Node = Node::of(&[
    ("id", Label),
    ("name", Label),
    ("toolType", Label),
    ("args", Arguments),
])
.role(ASSISTANT)
.google();

static RESULT: Node = Node::of(&[
    ("id", Label),
    ("name", Label),
    ("toolType", Label),
    ("response", Of(TOOL_RESULT)),
    ("parts", In(&PART)),
    ("scheduling", Label),
])
.role(TOOLS)
.google();

static CODE: Node = Node::of(&[("language", Label), ("code", Text), ("id", Label)])
    .role(ASSISTANT)
    .google();

static OUTCOME: Node = Node::of(&[("outcome", Label), ("output", Text), ("id", Label)])
    .role(TOOLS)
    .google();

static TOOLSET: Node = Node::of(&[("functionDeclarations", In(&TOOL))])
    .rest(Schema)
    .role(SYSTEM)
    .google();

static CONFIG: Node = Node::of(&[
    ("responseSchema", Schema),
    ("responseJsonSchema", Schema),
    ("_responseJsonSchema", Schema),
])
.rest(Label)
.role(SYSTEM)
.google();

/// A whole answer, or a chunk of one.
pub static ANSWER: Node = Node::of(&[
    ("candidates", In(&CANDIDATE)),
    ("promptFeedback", Label),
    ("usageMetadata", Label),
    ("modelVersion", Label),
    ("responseId", Label),
    ("createTime", Label),
    ("modelStatus", Label),
])
.role(ASSISTANT)
.google();

static CANDIDATE: Node = Node::of(&[
    ("content", In(&ANSWERED)),
    ("finishReason", Label),
    ("finishMessage", Text),
    ("safetyRatings", Label),
    ("citationMetadata", In(&GROUNDS)),
    ("groundingMetadata", In(&GROUNDS)),
    ("urlContextMetadata", In(&GROUNDS)),
    ("logprobsResult", Again),
])
.choices()
.google();

/// What an answer rests on: pages, searches, the passages it supports.
pub static GROUNDS: Node = Node::of(&[
    ("citations", In(&GROUNDS)),
    ("citationSources", In(&GROUNDS)),
    ("groundingChunks", In(&GROUNDS)),
    ("groundingSupports", In(&GROUNDS)),
    ("urlMetadata", In(&GROUNDS)),
    ("web", In(&GROUNDS)),
    ("retrievedContext", In(&GROUNDS)),
    ("fileSearchStore", Label),
    ("uri", Link),
    ("retrievedUrl", Link),
    ("urlRetrievalStatus", Label),
    ("domain", Label),
    ("license", Label),
    ("sdkBlob", Bytes),
])
.google();
