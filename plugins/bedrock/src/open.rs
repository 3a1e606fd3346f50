//! Blocks of a stream that have begun and whose pieces are still coming.

use serde::{Deserialize, Serialize};
use sluice_sdk::serde_json::{self, Map, Value, json};

#[derive(Serialize, Deserialize)]
pub enum Open {
    Call(u64),
    /// The call that holds the answer.
    Json,
    Thinking(String, String),
    Redacted(String),
    /// A block of what ran at the provider: its kind, its head, its pieces.
    Own(String, Value, Vec<Value>),
    Image(Value),
}

impl Open {
    /// What the whole block adds to the message: the list it belongs to, and its entry.
    pub fn closed(self) -> Option<(&'static str, Value)> {
        Some(match self {
            Self::Thinking(thought, signature) => {
                let mut block = json!({"type": "thinking", "thinking": thought});
                if !signature.is_empty() {
                    block["signature"] = signature.into();
                }
                ("thinking_blocks", block)
            }
            Self::Redacted(data) => {
                let block = json!({"type": "redacted_thinking", "data": data});
                ("thinking_blocks", block)
            }
            Self::Own(kind, mut head, pieces) => {
                if kind == "toolUse" {
                    let input: String = pieces.iter().filter_map(Value::as_str).collect();
                    head["input"] = serde_json::from_str(&input).unwrap_or_else(|_| json!({}));
                } else {
                    head["content"] = pieces.into();
                }
                let mut block = Map::new();
                block.insert(kind, head);
                ("blocks", block.into())
            }
            Self::Call(_) | Self::Json | Self::Image(_) => return None,
        })
    }
}
