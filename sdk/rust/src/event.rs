//! Builders for canonical stream events.
//!
//! The host makes the SSE lines and fills in `id`, `object`, `created` and `model`; usage goes
//! into [`Decoded::usage`](crate::Decoded), not into an event.
//!
//! ```
//! use sluice_sdk::{Decoded, event};
//!
//! let decoded = Decoded::more(String::new())
//!     .event(event::content("Hel"))
//!     .event(event::content("lo"))
//!     .event(event::finish("stop"))
//!     .done();
//! assert_eq!(decoded.events.len(), 3);
//! ```

use serde_json::{Value, json};

use crate::{Continuation, Decoded, Error, Frame, Outbound, Payload, write_json};

/// A chunk of the only choice, with this delta. For what has no function of its own.
pub fn delta(delta: Value) -> Frame {
    delta_of(0, delta)
}

/// A chunk of one of several choices.
pub fn delta_of(choice: u64, delta: Value) -> Frame {
    Frame::json(&json!({"choices": [{"index": choice, "delta": delta, "finish_reason": null}]}))
}

/// The first chunk: who speaks.
pub fn role() -> Frame {
    delta(json!({"role": "assistant", "content": ""}))
}

/// A piece of the answer's text.
pub fn content(piece: &str) -> Frame {
    delta(json!({"content": piece}))
}

/// A piece of what the model thinks.
pub fn reasoning(piece: &str) -> Frame {
    delta(json!({"reasoning_content": piece}))
}

/// A tool call begins. `index` counts the calls of this answer; arguments follow.
pub fn tool_call(index: u64, id: &str, name: &str) -> Frame {
    let function = json!({"name": name, "arguments": ""});
    delta(
        json!({"tool_calls": [{"index": index, "id": id, "type": "function", "function": function}]}),
    )
}

/// A piece of a tool call's arguments, which are JSON text.
pub fn tool_arguments(index: u64, piece: &str) -> Frame {
    delta(json!({"tool_calls": [{"index": index, "function": {"arguments": piece}}]}))
}

/// The last chunk: `stop`, `length`, `tool_calls`, `content_filter`.
pub fn finish(reason: &str) -> Frame {
    Frame::json(&json!({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}))
}

/// An event with a name, for operations whose dialect has them (`messages`, `responses`).
pub fn named(name: &str, data: &Value) -> Frame {
    Frame {
        event: name.to_owned(),
        data: Payload::Text(write_json(data)),
    }
}

impl Decoded {
    /// No events, nothing known, go on reading.
    pub fn more(state: String) -> Self {
        Self {
            events: Vec::new(),
            usage: None,
            failure: None,
            state,
            next: Continuation::More,
        }
    }

    /// One event more.
    #[must_use]
    pub fn event(mut self, event: Frame) -> Self {
        self.events.push(event);
        self
    }

    /// All usage known so far, in the canonical form.
    #[must_use]
    pub fn usage(mut self, usage: &Value) -> Self {
        self.usage = Some(write_json(usage));
        self
    }

    /// The answer is complete.
    #[must_use]
    pub fn done(mut self) -> Self {
        self.next = Continuation::Done;
        self
    }

    /// The upstream failed after these events.
    #[must_use]
    pub fn failed(mut self, error: Error) -> Self {
        self.failure = Some(error);
        self.done()
    }

    /// The answer goes on with another request.
    #[must_use]
    pub fn then_send(mut self, next: Outbound) -> Self {
        self.next = Continuation::ThenSend(next);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_call_is_a_head_and_pieces_of_its_arguments() {
        let frames = [tool_call(1, "c1", "f"), tool_arguments(1, "{\"a\"")];
        let read = |frame: &Frame| -> Value {
            serde_json::from_str(frame.text().unwrap_or_default()).unwrap()
        };
        let [head, piece] = frames.each_ref().map(read);
        let at = "/choices/0/delta/tool_calls/0";
        assert_eq!(
            head.pointer(at).unwrap(),
            &json!({"index": 1, "id": "c1", "type": "function", "function": {"name": "f", "arguments": ""}})
        );
        assert_eq!(
            piece.pointer(at).unwrap(),
            &json!({"index": 1, "function": {"arguments": "{\"a\""}})
        );
    }
}
