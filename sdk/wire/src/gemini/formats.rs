//! Formats of answers beside functions. Models before Gemini 3 refuse the two together, so there the
//! format becomes a function that is called in the answer's place, and its arguments are the text.

use sluice_sdk::serde_json::{Map, Value, json};

use crate::gemini::models;

/// The function whose arguments are the answer. No client's tool has its name: LiteLLM's clients call
/// theirs for this purpose `json_tool_call`, and wait for its call.
pub const JSON_TOOL: &str = "gateway_json_answer";

/// The function whose one argument is the answer, where nothing is said of what is in it: a function
/// whose parameters are any object would be called without any.
const TEXT_TOOL: &str = "gateway_text_answer";
const TEXT: &str = "answer";

/// The chat as its model takes it: with a function in the format's place, without the format where a
/// call is demanded, or without the functions where none may be called.
pub fn settle(model: &str, chat: &mut Map<String, Value>) {
    if models::takes_formats_beside_functions(model) || !has_functions(chat) {
        return;
    }
    let Some(function) = chat.get("response_format").and_then(function) else {
        return;
    };
    let given = |name: &str| chat.get(name).filter(|it| !it.is_null());
    let choice = given("tool_choice").or_else(|| given("function_call"));
    let choice = match choice {
        Some(Value::String(word)) if word == "none" => return take_functions(chat),
        Some(Value::String(word)) if matches!(word.as_str(), "required" | "any") => None,
        None | Some(Value::String(_)) => Some(json!("required")),
        Some(choice) => with(choice, &function),
    };
    chat.shift_remove("response_format");
    // A call of the client's functions is demanded: no text comes whose format could matter.
    let Some(choice) = choice else { return };
    let mut tools = chat.get("tools").and_then(Value::as_array).cloned();
    let tool = json!({"type": "function", "function": function});
    tools.get_or_insert_default().push(tool);
    chat.insert("tools".into(), tools.into());
    chat.shift_remove("function_call");
    chat.insert("tool_choice".into(), choice);
}

fn is_function(tool: &Value) -> bool {
    tool.get("function").is_some() || tool.get("type") == Some(&"function".into())
}

fn has_functions(chat: &Map<String, Value>) -> bool {
    let list = |name: &str| chat.get(name).and_then(Value::as_array);
    let mut tools = list("tools").into_iter().flatten();
    tools.any(is_function) || list("functions").is_some_and(|it| !it.is_empty())
}

fn take_functions(chat: &mut Map<String, Value>) {
    for name in ["functions", "function_call", "tool_choice"] {
        chat.shift_remove(name);
    }
    if let Some(tools) = chat.get_mut("tools").and_then(Value::as_array_mut) {
        tools.retain(|it| !is_function(it));
    }
}

/// A choice among some functions with this one among them. None: a call of the others is demanded.
fn with(choice: &Value, function: &Value) -> Option<Value> {
    let allowed = choice.get("allowed_tools")?;
    if allowed.get("mode") == Some(&"required".into()) {
        return None;
    }
    let mut choice = choice.clone();
    let allowed = choice.get_mut("allowed_tools")?.as_object_mut()?;
    allowed.insert("mode".into(), "required".into());
    let tools = allowed.get_mut("tools")?.as_array_mut()?;
    tools.push(json!({"type": "function", "function": {"name": function["name"]}}));
    Some(choice)
}

/// The function that stands for a format; none if the format says nothing of JSON.
fn function(format: &Value) -> Option<Value> {
    let named = |name: &str, parameters: Value| {
        let description = "Gives the final answer, in JSON. Call it instead of answering in text.";
        json!({"name": name, "description": description, "parameters": parameters})
    };
    let schema = match format.get("type").and_then(Value::as_str)? {
        "json_schema" => format.pointer("/json_schema/schema"),
        // As LiteLLM's clients give a schema to Google's models.
        "json_object" => format.get("response_schema"),
        _ => return None,
    };
    if let Some(schema) = schema.filter(|it| it.is_object()) {
        return Some(named(JSON_TOOL, schema.clone()));
    }
    let text = json!({"type": "string", "description": "The whole answer: a JSON document."});
    Some(named(
        TEXT_TOOL,
        json!({"type": "object", "properties": {TEXT: text}, "required": [TEXT]}),
    ))
}

/// The text of a call that stands for the answer. None: the call is of a function of the client's.
pub fn answer(name: &str, args: &Value) -> Option<String> {
    match name {
        JSON_TOOL => Some(args.to_string()),
        TEXT_TOOL => {
            let text = args.get(TEXT).and_then(Value::as_str);
            Some(text.map_or_else(|| args.to_string(), str::to_owned))
        }
        _ => None,
    }
}
