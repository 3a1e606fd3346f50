//! Anthropic's messages.

use super::chat::TOOL;
use crate::rule::Node;
use crate::rule::Rule::{
    Address, Arguments, Bytes, Elsewhere, In, Label, Link, Of, Schema, Sealed, Secret, Signature,
    Text,
};
use crate::span::channel::REASONING;
use crate::span::role::{ASSISTANT, SYSTEM, TOOL as TOOLS};

pub static REQUEST: Node = Node::of(&[
    ("system", In(&INSTRUCTION)),
    ("messages", In(&MESSAGE)),
    ("tools", In(&TOOL)),
    ("tool_choice", Label),
    ("mcp_servers", In(&SERVER)),
    ("stop_sequences", Label),
    ("container", Label),
    ("context_management", Label),
    ("output_config", Schema),
    ("output_format", Schema),
    ("inference_geo", Label),
    ("speed", Label),
    ("cache_control", Label),
])
.also(&super::chat::SETTINGS);

pub static INSTRUCTION: Node = Node::of(&[]).also(&BLOCK).role(SYSTEM);

pub static SERVER: Node = Node::of(&[
    ("type", Label),
    ("name", Label),
    ("url", Label),
    ("authorization_token", Secret),
    ("tool_configuration", Label),
]);

pub static MESSAGE: Node = Node::of(&[("role", Label), ("content", In(&BLOCK))]).says_role();

/// A block, whole or as it begins in a stream.
pub static BLOCK: Node = Node::of(&[
    ("type", Label),
    ("text", Text),
    ("thinking", Of(REASONING)),
    ("signature", Signature),
    ("data", Sealed),
    ("id", Label),
    ("name", Label),
    ("input", Arguments),
    ("tool_use_id", Label),
    ("content", In(&BLOCK)),
    ("source", In(&SOURCE)),
    ("title", Text),
    ("context", Text),
    ("citations", In(&CITATION)),
    ("cache_control", Label),
    ("caller", Label),
    ("url", Link),
    ("page_age", Label),
    ("retrieved_at", Label),
    ("encrypted_content", Sealed),
    ("encrypted_stdout", Sealed),
    ("encrypted_index", Signature),
    ("file_id", Elsewhere),
    ("stdout", Text),
    ("stderr", Text),
    ("error_code", Label),
    ("server_name", Label),
    ("tool_name", Label),
    ("tool_references", In(&BLOCK)),
    ("file_type", Label),
    ("stop_reason", Label),
])
.signed()
.kinds(
    "type",
    &[
        ("tool_result", &RESULT),
        ("mcp_tool_result", &RESULT),
        ("web_search_tool_result", &RESULT),
        ("web_fetch_tool_result", &RESULT),
        ("code_execution_tool_result", &RESULT),
        ("bash_code_execution_tool_result", &RESULT),
        ("text_editor_code_execution_tool_result", &RESULT),
        ("tool_search_tool_result", &RESULT),
        ("advisor_tool_result", &RESULT),
        ("tool_use", &CALL),
        ("server_tool_use", &CALL),
        ("mcp_tool_use", &CALL),
    ],
);

/// What a tool gave.
static RESULT: Node = Node::of(&[]).also(&BLOCK).role(TOOLS);

static CALL: Node = Node::of(&[]).also(&BLOCK).role(ASSISTANT);

static SOURCE: Node = Node::of(&[
    ("type", Label),
    ("media_type", Label),
    ("data", Bytes),
    ("url", Address),
    ("file_id", Elsewhere),
    ("content", In(&BLOCK)),
])
.kinds("type", &[("text", &SOURCE_TEXT)]);

static SOURCE_TEXT: Node = Node::of(&[("type", Label), ("media_type", Label), ("data", Text)]);

pub static CITATION: Node = Node::of(&[
    ("type", Label),
    ("cited_text", Text),
    ("document_title", Text),
    ("title", Text),
    ("source", Text),
    ("url", Link),
    ("file_id", Label),
    ("encrypted_index", Signature),
]);

pub static ANSWER: Node = Node::of(&[
    ("id", Label),
    ("type", Label),
    ("model", Label),
    ("stop_reason", Label),
    ("stop_sequence", Label),
    ("stop_details", Label),
    ("usage", Label),
    ("container", Label),
    ("context_management", Label),
])
.also(&MESSAGE)
.role(ASSISTANT);

/// An event of a stream.
pub static EVENT: Node = Node::of(&[
    ("type", Label),
    ("message", In(&ANSWER)),
    ("content_block", In(&BLOCK)),
    ("delta", In(&DELTA)),
    ("usage", Label),
    ("context_management", Label),
])
.role(ASSISTANT);

static DELTA: Node = Node::of(&[
    ("partial_json", Arguments),
    ("citation", In(&CITATION)),
    ("stop_reason", Label),
    ("stop_sequence", Label),
    ("stop_details", Label),
    ("container", Label),
])
.also(&BLOCK);
