//! Cuts the bytes of an upstream's streamed answer into frames, however they arrive.

/// How a streamed answer is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// Server-sent events.
    Sse,
    /// One JSON document a line.
    Lines,
    /// The elements of one JSON array.
    JsonArray,
    /// AWS event stream messages (`application/vnd.amazon.eventstream`).
    Aws,
    /// The bytes as they come.
    Raw,
}
