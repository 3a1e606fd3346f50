//! OpenAI's chat, with what other providers have added to it.

use super::google::PART as GOOGLE_PART;
use super::messages;
use crate::rule::Node;
use crate::rule::Rule::{
    Address, Again, Arguments, Bytes, Elsewhere, In, Label, Link, Of, Schema, Sealed, Secret,
    Signature, Text, Title,
};
use crate::span::channel::{REASONING, TRANSCRIPT};
use crate::span::role::{ASSISTANT, SYSTEM, TOOL as TOOLS};

/// Settings, which hold names and words from lists.
pub static SETTINGS: Node = Node::of(&[
    ("model", Label),
    ("user", Label),
    ("stop", Label),
    ("metadata", Label),
    ("service_tier", Label),
    ("safety_identifier", Label),
    ("prompt_cache_key", Label),
    ("prompt_cache_retention", Label),
    ("response_format", In(&FORMAT)),
    ("reasoning_effort", Label),
    ("reasoning", Label),
    ("thinking", Label),
    ("verbosity", Label),
    ("modalities", Label),
    ("logit_bias", Label),
    ("stream_options", Label),
    ("encoding_format", Label),
    ("tags", Label),
    ("guardrails", Label),
    ("cache", Label),
    ("plugins", Label),
    ("provider", Label),
    ("transforms", Label),
    ("safety_settings", Label),
    ("extra_headers", Secret),
    ("api_key", Secret),
]);

pub static REQUEST: Node = Node::of(&[
    ("messages", In(&MESSAGE)),
    ("tools", In(&TOOL)),
    ("functions", In(&TOOL)),
    ("tool_choice", Label),
    ("function_call", Label),
    ("audio", Label),
    ("prediction", In(&PREDICTION)),
    ("web_search_options", Label),
])
.also(&SETTINGS);

static PREDICTION: Node = Node::of(&[("type", Label), ("content", In(&PART))]).role(ASSISTANT);

static FORMAT: Node = Node::of(&[("type", Label)]).rest(Schema).role(SYSTEM);

/// A message, or what a chunk adds to one.
pub static MESSAGE: Node = Node::of(&[
    ("role", Label),
    ("name", Label),
    ("content", In(&PART)),
    ("refusal", Text),
    ("reasoning_content", Of(REASONING)),
    ("reasoning", Of(REASONING)),
    ("reasoning_details", In(&DETAIL)),
    ("reasoning_signature", Signature),
    ("thinking_blocks", In(&THOUGHT)),
    ("tool_calls", In(&CALL)),
    ("tool_call_id", Label),
    ("function_call", In(&FUNCTION)),
    ("audio", In(&SOUND)),
    ("images", In(&PART)),
    ("annotations", In(&ANNOTATION)),
    ("provider_specific_fields", In(&FIELDS)),
    ("cache_control", Label),
    ("channel", Label),
    ("tool_plan", Of(REASONING)),
    ("executed_tools", In(&EXECUTED)),
    ("provider_metadata", Label),
])
.says_role();

/// A part of a content.
pub static PART: Node = Node::of(&[
    ("type", Label),
    ("text", Text),
    ("refusal", Text),
    ("thinking", In(&THINKING)),
    ("image_url", Address),
    ("video_url", Address),
    ("audio_url", Address),
    ("input_audio", In(&SOUND)),
    ("file", In(&FILE)),
    ("file_data", Address),
    ("file_url", Address),
    ("file_id", Elsewhere),
    ("filename", Label),
    ("detail", Label),
    ("format", Label),
    ("cache_control", Label),
    ("citations", In(&messages::CITATION)),
    ("content", In(&PART)),
]);

/// Mistral's thoughts are a part with parts in it.
static THINKING: Node = Node::of(&[]).also(&PART).channel(REASONING);

static FILE: Node = Node::of(&[
    ("file_data", Address),
    ("file_id", Elsewhere),
    ("filename", Label),
    ("format", Label),
]);

pub static SOUND: Node = Node::of(&[
    ("id", Label),
    ("data", Bytes),
    ("format", Label),
    ("voice", Label),
    ("transcript", Of(TRANSCRIPT)),
]);

static DETAIL: Node = Node::of(&[
    ("type", Label),
    ("id", Label),
    ("format", Label),
    ("text", Of(REASONING)),
    ("summary", Of(REASONING)),
    ("data", Sealed),
    ("signature", Signature),
])
.signed();

pub static THOUGHT: Node = Node::of(&[
    ("type", Label),
    ("thinking", Of(REASONING)),
    ("data", Sealed),
    ("signature", Signature),
])
.signed();

static CALL: Node = Node::of(&[
    ("id", Label),
    ("type", Label),
    ("function", In(&FUNCTION)),
    ("custom", In(&CUSTOM)),
    ("extra_content", Signature),
    ("thought_signature", Signature),
    ("provider_specific_fields", In(&FIELDS)),
])
.role(ASSISTANT);

/// What ran at a provider while it answered.
static EXECUTED: Node = Node::of(&[
    ("type", Label),
    ("name", Label),
    ("arguments", Arguments),
    ("output", In(&RAN)),
    ("search_results", In(&RAN)),
])
.role(ASSISTANT);

static RAN: Node = Node::of(&[("results", In(&RAN)), ("url", Link)]).role(TOOLS);

static FUNCTION: Node = Node::of(&[("name", Label), ("arguments", Arguments)]).role(ASSISTANT);

static CUSTOM: Node = Node::of(&[("name", Label), ("input", Text)]).role(ASSISTANT);

pub static ANNOTATION: Node = Node::of(&[
    ("type", Label),
    ("url", Link),
    ("title", Text),
    ("text", Text),
    ("file_id", Label),
    ("container_id", Label),
    ("filename", Label),
    ("url_citation", In(&ANNOTATION)),
    ("file_citation", In(&ANNOTATION)),
]);

/// Where other dialects' members travel in a message.
static FIELDS: Node = Node::of(&[
    ("citations", In(&messages::CITATION)),
    ("citation", In(&messages::CITATION)),
    ("server_blocks", In(&messages::BLOCK)),
    ("parts", In(&GOOGLE_PART)),
    ("thinking_blocks", In(&THOUGHT)),
    ("thought_signatures", Signature),
    ("thought_signature", Signature),
    ("caller", Label),
    ("stop_sequence", Label),
    ("stop_details", Label),
    ("container", Label),
    ("refusal", Text),
    ("reasoning_content", Of(REASONING)),
    ("reasoning", Of(REASONING)),
]);

/// A tool as the model is told of it, in any dialect.
pub static TOOL: Node = Node::of(&[
    ("type", Label),
    ("name", Label),
    ("description", Text),
    ("function", In(&TOOL)),
    ("custom", In(&TOOL)),
    ("authorization", Secret),
    ("headers", Secret),
    ("server_url", Label),
    ("server_label", Label),
    ("connector_id", Label),
    ("allowed_tools", Label),
    ("require_approval", Label),
    ("vector_store_ids", Elsewhere),
    ("container", Label),
    ("filters", Label),
    ("user_location", Label),
    ("allowed_domains", Label),
    ("blocked_domains", Label),
    ("cache_control", Label),
])
.rest(Schema)
.role(SYSTEM);

pub static ANSWER: Node = Node::of(&[
    ("id", Label),
    ("object", Label),
    ("model", Label),
    ("created", Label),
    ("provider", Title),
    ("generationId", Label),
    ("request_id", Label),
    ("metadata", Label),
    ("copilot_usage", Label),
    ("usage_breakdown", Label),
    ("system_fingerprint", Label),
    ("service_tier", Label),
    ("images", In(&FOUND)),
    ("choices", In(&CHOICE)),
    ("usage", Label),
    ("citations", Link),
    ("search_results", In(&FOUND)),
    ("x_groq", Label),
    ("prompt_filter_results", Label),
    ("vertex_ai_safety_results", Label),
    ("vertex_ai_grounding_metadata", In(&super::google::GROUNDS)),
    (
        "vertex_ai_url_context_metadata",
        In(&super::google::GROUNDS),
    ),
    ("vertex_ai_citation_metadata", In(&super::google::GROUNDS)),
    ("provider_specific_fields", In(&FIELDS)),
    ("obfuscation", Signature),
    ("p", Signature),
])
.role(ASSISTANT);

/// An answer among several, whole or as a chunk.
pub static CHOICE: Node = Node::of(&[
    ("message", In(&MESSAGE)),
    ("delta", In(&MESSAGE)),
    ("text", Text),
    ("logprobs", Again),
    ("finish_reason", Label),
    ("native_finish_reason", Label),
    ("stop_reason", Label),
    ("content_filter_results", Label),
    ("provider_specific_fields", In(&FIELDS)),
])
.choices();

static FOUND: Node = Node::of(&[
    ("url", Link),
    ("image_url", Link),
    ("origin_url", Link),
    ("source", Label),
    ("date", Label),
    ("last_updated", Label),
]);
