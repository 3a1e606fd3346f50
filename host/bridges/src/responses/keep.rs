//! What a request asks the gateway to remember, or to have remembered. A provider of chat remembers
//! nothing, so the gateway decides.

use serde_json::{Value, json};

use crate::object::{Object, given, items, text};
use crate::refusal::Refusal;

/// What a request for a response asks of the gateway's memory.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Keep {
    /// Its input and output come before this one's input.
    pub previous_response_id: Option<String>,
    /// The conversation that this response is part of; its items come before this one's input.
    pub conversation: Option<String>,
    /// The response is to be kept. OpenAI keeps it where nothing is said.
    pub store: bool,
    /// The answer is not waited for.
    pub background: bool,
    /// Items that are named instead of brought.
    pub references: Vec<String>,
    /// The input as items, to be kept beside the output.
    pub input: Vec<Value>,
}

/// What has to be known before the request can be translated: give the items of
/// `previous_response_id` and `conversation` in [`Options::earlier`](crate::Options::earlier).
pub fn keep(body: &Object) -> Result<Keep, Refusal> {
    let word = |name: &str| match given(body, name) {
        None => Ok(None),
        Some(Value::String(word)) => Ok(Some(word.clone())),
        Some(_) => Err(Refusal::invalid(name, format!("`{name}` is not a text"))),
    };
    let flag = |name: &str, default: bool| match given(body, name) {
        None => Ok(default),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(_) => Err(Refusal::invalid(
            name,
            format!("`{name}` is not true or false"),
        )),
    };
    let conversation = match given(body, "conversation") {
        Some(Value::Object(named)) => named.get("id").and_then(Value::as_str).map(str::to_owned),
        _ => word("conversation")?,
    };
    let previous_response_id = word("previous_response_id")?;
    if conversation.is_some() && previous_response_id.is_some() {
        return Err(Refusal::invalid(
            "previous_response_id",
            "`previous_response_id` and `conversation` cannot both be given",
        ));
    }
    let references = items(body.get("input")).iter();
    let references = references.filter(|it| text(it, "type") == "item_reference");
    let input = match body.get("input") {
        Some(Value::String(said)) => vec![json!({"type": "message", "role": "user",
            "content": [{"type": "input_text", "text": said}]})],
        list => items(list).to_vec(),
    };
    Ok(Keep {
        previous_response_id,
        conversation,
        store: flag("store", true)?,
        background: flag("background", false)?,
        references: references.map(|it| text(it, "id").to_owned()).collect(),
        input,
    })
}
