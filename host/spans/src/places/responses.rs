//! OpenAI's responses.

use super::chat::{ANNOTATION, PART as CHAT_PART, SETTINGS, TOOL};
use crate::rule::Node;
use crate::rule::Rule::{
    Again, Arguments, Bytes, Elsewhere, In, Label, Link, Of, Schema, Sealed, Signature, Text,
};
use crate::span::channel::{REASONING, TRANSCRIPT};
use crate::span::role::{ASSISTANT, SYSTEM, TOOL as TOOLS, USER};

pub static REQUEST: Node = Node::of(&[
    ("instructions", In(&INSTRUCTION)),
    ("input", In(&INPUT)),
    ("previous_response_id", Elsewhere),
    ("conversation", Elsewhere),
    ("prompt", In(&PROMPT)),
    ("tools", In(&TOOL)),
    ("tool_choice", Label),
    ("text", In(&FORMAT)),
    ("include", Label),
    ("truncation", Label),
    ("context_management", Label),
])
.also(&SETTINGS);

pub static INSTRUCTION: Node = Node::of(&[]).also(&ITEM).role(SYSTEM);

/// The user's, where an item does not say whose.
pub static INPUT: Node = Node::of(&[])
    .also(&ITEM)
    .says_role_or(USER)
    .kinds("type", &KINDS);

static PROMPT: Node = Node::of(&[
    ("id", Elsewhere),
    ("version", Label),
    ("variables", In(&VARIABLES)),
])
.role(USER);

static VARIABLES: Node = Node::of(&[]).rest(In(&PART));

static FORMAT: Node = Node::of(&[("verbosity", Label), ("format", Schema)]).role(SYSTEM);

static KINDS: [(&str, &Node); 20] = [
    ("function_call_output", &RESULT),
    ("custom_tool_call_output", &RESULT),
    ("local_shell_call_output", &RESULT),
    ("shell_call_output", &RESULT),
    ("computer_call_output", &RESULT),
    ("apply_patch_call_output", &RESULT),
    ("function_call", &CALL),
    ("custom_tool_call", &CALL),
    ("local_shell_call", &CALL),
    ("shell_call", &CALL),
    ("computer_call", &CALL),
    ("apply_patch_call", &CALL),
    ("web_search_call", &CALL),
    ("file_search_call", &CALL),
    ("code_interpreter_call", &CALL),
    ("image_generation_call", &CALL),
    ("mcp_call", &CALL),
    ("mcp_list_tools", &CALL),
    ("mcp_approval_request", &CALL),
    ("reasoning", &THOUGHT),
];

/// An item of the input or the output.
pub static ITEM: Node = Node::of(&[
    ("type", Label),
    ("id", Label),
    ("status", Label),
    ("role", Label),
    ("phase", Label),
    ("content", In(&PART)),
    ("summary", In(&SUMMARY)),
    ("encrypted_content", Sealed),
    ("call_id", Label),
    ("name", Label),
    ("namespace", Label),
    ("arguments", Arguments),
    ("input", Text),
    ("output", In(&OUTPUT)),
    ("outputs", In(&OUTPUT)),
    ("results", In(&FOUND)),
    ("action", In(&ACTION)),
    ("actions", In(&ACTION)),
    ("operation", In(&ACTION)),
    ("queries", Text),
    ("code", Text),
    ("container_id", Label),
    ("environment", Label),
    ("result", Bytes),
    ("revised_prompt", Text),
    ("server_label", Label),
    ("approval_request_id", Label),
    ("tools", In(&TOOL)),
    ("output_format", Label),
    ("size", Label),
    ("quality", Label),
    ("background", Label),
    ("created_by", Label),
    ("execution", Label),
])
.also(&CHAT_PART)
.says_role()
.kinds("type", &KINDS);

static CALL: Node = Node::of(&[]).also(&ITEM).role(ASSISTANT);

static RESULT: Node = Node::of(&[]).also(&ITEM).role(TOOLS);

static THOUGHT: Node = Node::of(&[]).also(&ITEM).role(ASSISTANT).channel(REASONING);

static SUMMARY: Node = Node::of(&[("type", Label), ("text", Of(REASONING))]).channel(REASONING);

static OUTPUT: Node = Node::of(&[]).also(&PART).role(TOOLS);

static FOUND: Node = Node::of(&[
    ("file_id", Label),
    ("vector_store_id", Label),
    ("filename", Label),
    ("url", Link),
])
.role(TOOLS);

/// What a tool of the provider's is told to do.
static ACTION: Node =
    Node::of(&[("type", Label), ("button", Label), ("url", Link)]).role(ASSISTANT);

/// A part of an item.
pub static PART: Node = Node::of(&[
    ("annotations", In(&ANNOTATION)),
    ("logprobs", Again),
    ("transcript", Of(TRANSCRIPT)),
    ("audio", Bytes),
    ("stdout", Text),
    ("stderr", Text),
    ("logs", Text),
    ("outcome", Label),
    ("url", Link),
])
.also(&CHAT_PART);

/// A whole response.
pub static ANSWER: Node = Node::of(&[
    ("id", Label),
    ("object", Label),
    ("status", Label),
    ("model", Label),
    ("output", In(&ITEM)),
    ("output_text", Text),
    // The request again.
    ("instructions", Again),
    ("input", Again),
    ("prompt", Again),
    ("tools", Again),
    ("text", Again),
    ("tool_choice", Label),
    ("conversation", Label),
    ("previous_response_id", Label),
    ("truncation", Label),
    ("incomplete_details", Label),
    ("usage", Label),
    ("billing", Label),
    ("context_management", Label),
    ("reasoning", In(&REASONED)),
    ("system_fingerprint", Label),
    ("content_filters", Label),
    ("copilot_usage", Label),
])
.also(&SETTINGS)
.role(ASSISTANT);

/// How it was asked to think; at some servers, what it thought.
static REASONED: Node = Node::of(&[("effort", Label), ("summary", Label)]).channel(REASONING);

/// The items that a response was made from.
pub static ITEMS: Node = Node::of(&[
    ("object", Label),
    ("data", In(&ITEM)),
    ("first_id", Label),
    ("last_id", Label),
]);

/// An event of a stream.
pub static EVENT: Node = Node::of(&[
    ("type", Label),
    ("item_id", Label),
    ("status", Label),
    ("response", In(&ANSWER)),
    ("item", In(&ITEM)),
    ("part", In(&EVENT_PART)),
    ("annotation", In(&ANNOTATION)),
    ("name", Label),
    ("partial_image_b64", Bytes),
    ("output_format", Label),
    ("size", Label),
    ("quality", Label),
    ("background", Label),
    ("obfuscation", Signature),
    ("logprobs", Again),
])
.role(ASSISTANT);

static EVENT_PART: Node = Node::of(&[]).also(&PART).kinds(
    "type",
    &[("summary_text", &SUMMARY), ("reasoning_text", &SUMMARY)],
);
