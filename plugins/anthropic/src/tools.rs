//! Tools, the choice among them, and structured output.

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, fault};

use crate::{schema, thinking};

/// The tool whose arguments are the answer, on models without structured output of their own.
pub const JSON_TOOL: &str = "json_tool_call";

/// Sets `tools`, `tool_choice` and the output format. True if the answer comes as a call of
/// [`JSON_TOOL`].
pub fn apply(
    call: &Call,
    chat: &Map<String, Value>,
    body: &mut Map<String, Value>,
    history_has_tools: bool,
) -> Result<bool, Error> {
    let given = chat
        .get("tools")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let mut tools = given.map(tool).collect::<Result<Vec<_>, _>>()?;
    let functions = chat
        .get("functions")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    for function in functions {
        tools.push(tool(&json!({"type": "function", "function": function}))?);
    }
    if let Some(options) = chat.get("web_search_options").filter(|it| it.is_object()) {
        tools.push(web_search(options));
    }
    if tools.is_empty() && history_has_tools {
        // The API wants tools wherever the history used some.
        tools.push(json!({"name": "unavailable_tool", "description": "Not to be called", "input_schema": {"type": "object", "properties": {}}}));
    }
    let mut choice = choice(chat, !tools.is_empty(), thinking::is_on(body));
    let json_tool = structured(call, chat, body, &mut tools, &mut choice);
    if !tools.is_empty() {
        body.insert("tools".into(), tools.into());
    }
    if let Some(choice) = choice {
        body.insert("tool_choice".into(), choice);
    }
    Ok(json_tool)
}

fn tool(tool: &Value) -> Result<Value, Error> {
    let Some(function) = tool.get("function") else {
        // A tool in Anthropic's own form: hosted ones, and `name` with `input_schema`.
        return Ok(tool.clone());
    };
    let name = function.get("name").and_then(Value::as_str);
    let name = name.ok_or_else(|| fault::invalid_request("a tool has no `function.name`"))?;
    let mut result = Map::new();
    result.insert("name".into(), name.into());
    if let Some(description) = function.get("description").filter(|it| it.is_string()) {
        result.insert("description".into(), description.clone());
    }
    let mut parameters = function
        .get("parameters")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    if parameters.get("type") != Some(&"object".into()) {
        parameters.insert("type".into(), "object".into());
        parameters.entry("properties").or_insert_with(|| json!({}));
    }
    result.insert("input_schema".into(), parameters.into());
    if function.get("strict") == Some(&true.into()) {
        result.insert("strict".into(), true.into());
    }
    for name in ["cache_control", "defer_loading", "input_examples"] {
        if let Some(value) = tool.get(name).or_else(|| function.get(name)) {
            result.insert(name.into(), value.clone());
        }
    }
    Ok(result.into())
}

fn web_search(options: &Value) -> Value {
    let uses = match options.get("search_context_size").and_then(Value::as_str) {
        Some("low") => 1,
        Some("high") => 10,
        _ => 5,
    };
    let mut tool = json!({"type": "web_search_20250305", "name": "web_search", "max_uses": uses});
    let place = options
        .pointer("/user_location/approximate")
        .and_then(Value::as_object);
    if let (Some(place), Some(members)) = (place, tool.as_object_mut()) {
        let mut place = place.clone();
        place.insert("type".into(), "approximate".into());
        members.insert("user_location".into(), place.into());
    }
    tool
}

/// A forced choice is refused while the model thinks, so it becomes a free one then.
fn choice(chat: &Map<String, Value>, has_tools: bool, thinks: bool) -> Option<Value> {
    let asked = chat
        .get("tool_choice")
        .or_else(|| chat.get("function_call"));
    let mut choice = match asked {
        Some(Value::String(word)) => match word.as_str() {
            "auto" => Some(json!({"type": "auto"})),
            "required" | "any" => Some(json!({"type": "any"})),
            "none" => Some(json!({"type": "none"})),
            _ => None,
        },
        Some(Value::Object(members)) => {
            let name = members
                .get("function")
                .and_then(|it| it.get("name"))
                .or_else(|| members.get("name"));
            match name {
                Some(name) => Some(json!({"type": "tool", "name": name})),
                None => members.contains_key("type").then(|| members.clone().into()),
            }
        }
        _ => None,
    };
    let forced = choice
        .as_ref()
        .is_some_and(|it| matches!(it["type"].as_str(), Some("any" | "tool")));
    if forced && thinks {
        choice = Some(json!({"type": "auto"}));
    }
    if chat.get("parallel_tool_calls") == Some(&false.into()) && has_tools {
        let mut parallel = choice.unwrap_or_else(|| json!({"type": "auto"}));
        if parallel["type"] != "none"
            && let Some(members) = parallel.as_object_mut()
        {
            members.insert("disable_parallel_tool_use".into(), true.into());
        }
        choice = Some(parallel);
    }
    choice.filter(|_| has_tools)
}

/// A response schema: natively where the model has it, else as a forced call of one tool.
fn structured(
    call: &Call,
    chat: &Map<String, Value>,
    body: &mut Map<String, Value>,
    tools: &mut Vec<Value>,
    choice: &mut Option<Value>,
) -> bool {
    let Some(wanted) = chat
        .get("response_format")
        .and_then(|it| it.pointer("/json_schema/schema"))
    else {
        return false;
    };
    if thinking::version(&call.model).is_some_and(|version| version >= (4, 5)) {
        let format = json!({"type": "json_schema", "schema": schema::closed(wanted)});
        let config = body.entry("output_config").or_insert_with(|| json!({}));
        if let Some(members) = config.as_object_mut() {
            members.insert("format".into(), format);
        }
        return false;
    }
    tools.push(
        json!({"name": JSON_TOOL, "description": "Answer with this tool.", "input_schema": wanted}),
    );
    let alone = tools.len() == 1 && !thinking::is_on(body);
    *choice = Some(if alone {
        json!({"type": "tool", "name": JSON_TOOL})
    } else {
        json!({"type": "auto"})
    });
    true
}
