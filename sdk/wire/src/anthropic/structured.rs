//! Structured output: natively where the model has it, else as a call of one tool whose arguments
//! are the answer.

use sluice_sdk::Call;
use sluice_sdk::serde_json::{Map, Value, json};

use crate::anthropic::{models, schema, thinking};

/// The tool whose arguments are the answer.
pub const JSON_TOOL: &str = "json_tool_call";

/// Sets the output format or adds the tool. True if the answer comes as a call of [`JSON_TOOL`].
pub fn apply(
    call: &Call,
    chat: &Map<String, Value>,
    body: &mut Map<String, Value>,
    tools: &mut Vec<Value>,
    choice: &mut Option<Value>,
) -> bool {
    let wanted = chat
        .get("response_format")
        .and_then(|it| it.pointer("/json_schema/schema"));
    let Some(wanted) = wanted.filter(|it| it.is_object()) else {
        return false;
    };
    let native = models::has_structured_output(&call.model);
    let can_force =
        tools.is_empty() && !thinking::is_on(body) && !models::refuses_forced_tools(&call.model);
    // The native form closes every object and knows no recursion: such schemas are better served
    // by the tool, where it can be forced.
    if native && (schema::can_be_closed(wanted) || !can_force) {
        let format = json!({"type": "json_schema", "schema": schema::closed(wanted)});
        let config = body.entry("output_config").or_insert_with(|| json!({}));
        if let Some(members) = config.as_object_mut() {
            members.insert("format".into(), format);
        }
        return false;
    }
    let parameters = schema::object(wanted.as_object().cloned().unwrap_or_default());
    tools.push(json!({"name": JSON_TOOL,
        "description": "Gives the final answer. Call it instead of answering in text.",
        "input_schema": parameters}));
    if can_force {
        *choice = Some(json!({"type": "tool", "name": JSON_TOOL}));
    } else if choice.as_ref().is_some_and(|it| it["type"] == "none") {
        // The client's own tools are not to be called, but this one has to be.
        *choice = Some(json!({"type": "auto"}));
    }
    true
}
