//! Operations without conversations: text goes in, something comes out.

use super::chat::{CHOICE, PART, SETTINGS};
use super::google;
use crate::rule::Node;
use crate::rule::Rule::{Address, Again, Bytes, In, Label, Link, Of, Signature, Text};
use crate::span::channel::TRANSCRIPT;
use crate::span::role::{OUTPUT, SYSTEM};

pub static COMPLETIONS: Node = Node::of(&[("prompt", Text), ("suffix", Text)]).also(&SETTINGS);

pub static COMPLETED: Node = Node::of(&[("choices", In(&CHOICE))])
    .also(&super::chat::ANSWER)
    .role(OUTPUT);

pub static EMBEDDINGS: Node = Node::of(&[
    ("input", In(&PART)),
    ("content", In(&google::ASKED)),
    ("requests", In(&google::REQUEST)),
    ("input_type", Label),
    ("taskType", Label),
    ("task", Label),
])
.also(&SETTINGS)
.google();

pub static RERANK: Node =
    Node::of(&[("query", Text), ("documents", Text), ("rank_fields", Label)]).also(&SETTINGS);

pub static RERANKED: Node = Node::of(&[
    ("id", Label),
    ("object", Label),
    ("model", Label),
    ("meta", Label),
    ("usage", Label),
    ("results", In(&DOCUMENT)),
])
.role(OUTPUT);

static DOCUMENT: Node = Node::of(&[("document", Text)]);

pub static MODERATIONS: Node = Node::of(&[("input", In(&PART))]).also(&SETTINGS);

/// Vectors, scores and counts.
pub static FIGURES: Node = Node::of(&[("data", In(&VECTOR))]).rest(Label).role(OUTPUT);

static VECTOR: Node = Node::of(&[("object", Label), ("embedding", Signature)]);

pub static IMAGES: Node = Node::of(&[
    ("prompt", Text),
    ("negative_prompt", Text),
    ("image", Address),
    ("images", Address),
    ("mask", Address),
    ("response_format", Label),
    ("size", Label),
    ("quality", Label),
    ("style", Label),
    ("background", Label),
    ("moderation", Label),
    ("output_format", Label),
    ("input_fidelity", Label),
])
.also(&SETTINGS);

pub static IMAGED: Node = Node::of(&[
    ("data", In(&IMAGE)),
    ("background", Label),
    ("output_format", Label),
    ("quality", Label),
    ("size", Label),
    ("usage", Label),
    ("id", Label),
    ("model", Label),
    // An event of a stream.
    ("type", Label),
    ("b64_json", Bytes),
])
.role(OUTPUT);

static IMAGE: Node =
    Node::of(&[("b64_json", Bytes), ("url", Link), ("revised_prompt", Text)]).choices();

pub static AUDIO: Node = Node::of(&[
    ("input", Text),
    ("prompt", Text),
    ("instructions", In(&HOW)),
    ("voice", Label),
    ("response_format", Label),
    ("language", Label),
    ("stream_format", Label),
    ("include", Label),
    ("timestamp_granularities", Label),
    ("chunking_strategy", Label),
    ("file", Label),
])
.also(&SETTINGS);

static HOW: Node = Node::of(&[]).role(SYSTEM);

/// What was heard.
pub static HEARD: Node = Node::of(&[
    ("text", Of(TRANSCRIPT)),
    ("segments", In(&SEGMENT)),
    ("words", In(&SEGMENT)),
    ("logprobs", Again),
    ("language", Label),
    ("task", Label),
    ("usage", Label),
])
.role(OUTPUT);

pub static SEGMENT: Node = Node::of(&[
    ("text", Of(TRANSCRIPT)),
    ("word", Of(TRANSCRIPT)),
    ("id", Label),
    ("type", Label),
    ("speaker", Label),
    // Numbers of a vocabulary.
    ("tokens", Label),
]);

/// An event of what is heard as a stream.
pub static HEARING: Node = Node::of(&[
    ("type", Label),
    ("delta", Of(TRANSCRIPT)),
    ("segment_id", Label),
])
.also(&HEARD)
.role(OUTPUT);

/// An event of what is spoken.
pub static SPEAKING: Node = Node::of(&[("type", Label), ("audio", Bytes), ("usage", Label)]);
