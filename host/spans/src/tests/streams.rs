//! What all dialects' streams have in common.

use serde_json::json;

use super::guards::{Guard, Holding, Open, through};
use super::*;

pub fn unmask() -> Holding {
    Holding::of(vec![], vec![("<N1>", "Ada")])
}

/// Says something when all was said.
pub struct Adding;
impl Guard for Adding {
    fn feed(&mut self, mut pieces: Vec<Piece>, last: bool) -> Vec<Piece> {
        if last {
            pieces.push(Piece {
                choice: 0,
                channel: "text".into(),
                call: String::new(),
                text: " [checked]".into(),
            });
        }
        pieces
    }
}

#[test]
fn events_of_any_shape_pass() {
    for operation in [
        "chat",
        "completions",
        "messages",
        "responses",
        "generate-content",
        "audio.transcribe",
    ] {
        let events = [
            json!(null),
            json!("[DONE]"),
            json!([1]),
            json!({}),
            json!({"type": 3, "choices": {"a": 1}}),
            json!({"choices": [null, {"delta": [1], "finish_reason": "x"}], "candidates": [4, {"content": 3}], "item": []}),
        ];
        let out = through(operation, &events, &[1], &mut Open);
        assert!(out.len() >= events.len(), "{operation}: {out:?}");
    }
}
