//! OpenAI's `local_shell`, which models elsewhere know as a function of the same name.

use serde_json::{Value, json};

use crate::chat;
use crate::object::{object, set_given};

pub const NAME: &str = "local_shell";

/// The function that stands for it.
pub fn function() -> Value {
    let parameters = json!({"type": "object", "properties": {
        "command": {"type": "array", "items": {"type": "string"}, "description": "The program and its arguments."},
        "working_directory": {"type": "string", "description": "Where it runs."},
        "timeout_ms": {"type": "integer", "description": "Milliseconds that it may take."},
        "env": {"type": "object", "additionalProperties": {"type": "string"}, "description": "Environment variables."}
    }, "required": ["command"]});
    let description = "Runs a command on the user's machine and gives its output.".into();
    chat::function(NAME, Some(&description), Some(&parameters))
}

/// An item's action as the function's arguments.
pub fn arguments(item: &Value) -> Value {
    let mut action = object(item, "action").cloned().unwrap_or_default();
    action.shift_remove("type");
    action.retain(|_, value| !value.is_null());
    action.into()
}

/// The function's arguments as an item's action.
pub fn action(arguments: &Value) -> Value {
    let mut action = json!({"type": "exec", "command": [], "env": {}});
    for name in ["command", "working_directory", "timeout_ms", "env", "user"] {
        set_given(&mut action, name, arguments.get(name));
    }
    if let Some(Value::String(line)) = arguments.get("command") {
        action["command"] = json!(["sh", "-c", line]);
    }
    action
}
