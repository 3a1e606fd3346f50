//! A block of an answer: a thought, a text, a call.

use serde_json::{Value, json};

use crate::failure::Failure;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Kind {
    Thinking,
    Redacted,
    Server,
    Part,
    #[default]
    Text,
    Refusal,
    Image,
    Audio,
    Call,
    /// Signatures of texts: Google's.
    Seal,
}

/// A block, whole when it is closed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Block {
    pub kind: Kind,
    /// The text, the thought, the URL, the arguments.
    pub text: String,
    pub id: String,
    pub name: String,
    /// Of a thinking block, or of a call.
    pub signature: Option<Value>,
    pub caller: Option<Value>,
    pub citations: Vec<Value>,
    pub annotations: Vec<Value>,
    /// A block or part of a provider's own.
    pub value: Value,
}

impl Block {
    /// A call's arguments as an object. `cut`: the answer was cut off by its limit, so that they
    /// may be half ones.
    pub fn arguments(&self, cut: bool) -> Result<Value, Failure> {
        match serde_json::from_str(&self.text) {
            Ok(arguments @ Value::Object(_)) => Ok(arguments),
            Ok(Value::Null) => Ok(json!({})),
            _ if cut => Ok(json!({})),
            Ok(_) => Err(Failure::upstream(format!(
                "the arguments of the call of `{}` are no object",
                self.name
            ))),
            Err(_) => Err(Failure::upstream(format!(
                "the arguments of the call of `{}` are not JSON",
                self.name
            ))),
        }
    }
}
