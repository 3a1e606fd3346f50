//! Tools and the choice among them.

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, fault};

use crate::anthropic::names::clean_tool;
use crate::anthropic::{models, schema, structured, thinking};

/// Tools that may be strict in one request (the API's refusal names the number, August 2026).
const MAX_STRICT: usize = 20;

/// What has to be known of the tools when the answer comes.
pub struct Toolbox {
    /// The answer comes as a call of [`structured::JSON_TOOL`].
    pub json_tool: bool,
    /// Some of the tools run at the provider, so the answer may pause.
    pub hosted: bool,
}

/// Sets `tools`, `tool_choice` and the output format.
pub fn apply(
    call: &Call,
    chat: &Map<String, Value>,
    body: &mut Map<String, Value>,
    history_has_tools: bool,
    renamed: &mut Map<String, Value>,
) -> Result<Toolbox, Error> {
    let list = |name: &str| {
        chat.get(name)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
    };
    let allowed = allowed(chat);
    let strict = models::has_structured_output(&call.model);
    let mut tools = Vec::new();
    for given in list("tools").filter(|it| is_allowed(it, allowed)) {
        tools.push(tool(given, strict, renamed)?);
    }
    for function in list("functions") {
        let given = json!({"type": "function", "function": function});
        tools.push(tool(&given, strict, renamed)?);
    }
    let mut strict_ones = 0;
    for tool in tools.iter_mut().filter_map(Value::as_object_mut) {
        strict_ones += usize::from(tool.contains_key("strict"));
        if strict_ones > MAX_STRICT {
            tool.shift_remove("strict");
        }
    }
    if let Some(options) = chat.get("web_search_options").filter(|it| it.is_object()) {
        tools.push(web_search(options));
    }
    let is_hosted = |tool: &Value| tool.get("type").is_some_and(|it| it != "custom");
    let hosted = tools.iter().any(is_hosted) || chat.contains_key("mcp_servers");
    if tools.is_empty() && history_has_tools {
        // The API wants tools wherever the history used some.
        tools.push(json!({"name": "unavailable_tool", "description": "Not to be called", "input_schema": {"type": "object", "properties": {}}}));
    }
    let free = thinking::is_on(body) || models::refuses_forced_tools(&call.model);
    let mut choice = choice(chat, allowed, !tools.is_empty(), free, renamed);
    let json_tool = structured::apply(call, chat, body, &mut tools, &mut choice);
    if !tools.is_empty() {
        body.insert("tools".into(), tools.into());
    }
    if let Some(choice) = choice {
        body.insert("tool_choice".into(), choice);
    }
    Ok(Toolbox { json_tool, hosted })
}

/// `{"type": "allowed_tools", "allowed_tools": {"mode", "tools"}}`: Anthropic has no such choice,
/// so the others are not sent.
fn allowed(chat: &Map<String, Value>) -> Option<&Value> {
    let choice = chat.get("tool_choice")?;
    let is_list = choice.get("type") == Some(&"allowed_tools".into());
    choice.get("allowed_tools").filter(|_| is_list)
}

fn is_allowed(tool: &Value, allowed: Option<&Value>) -> bool {
    let Some(list) = allowed.and_then(|it| it.get("tools")?.as_array()) else {
        return true;
    };
    list.iter().any(|it| name_of(it) == name_of(tool))
}

fn name_of(tool: &Value) -> Option<&Value> {
    tool.pointer("/function/name").or_else(|| tool.get("name"))
}

fn tool(tool: &Value, strict: bool, renamed: &mut Map<String, Value>) -> Result<Value, Error> {
    let kind = tool.get("type").and_then(Value::as_str);
    if kind == Some("custom") && tool.get("custom").is_some() {
        return Err(fault::unsupported(
            "Anthropic has no custom tools with free text: give the tool as a `function`",
        ));
    }
    let flat = kind == Some("function") && tool.get("name").is_some();
    let Some(function) = tool.get("function").or(flat.then_some(tool)) else {
        // A tool in Anthropic's own form: hosted ones, and `name` with `input_schema`.
        return Ok(tool.clone());
    };
    let name = function.get("name").and_then(Value::as_str);
    let name = name.ok_or_else(|| fault::invalid_request("a tool has no `function.name`"))?;
    let mut result = Map::new();
    result.insert("name".into(), clean_tool(name, renamed).into());
    if let Some(description) = function.get("description").filter(|it| it.is_string()) {
        result.insert("description".into(), description.clone());
    }
    let parameters = function.get("parameters").and_then(Value::as_object);
    let parameters = Value::from(schema::object(parameters.cloned().unwrap_or_default()));
    let strict = strict
        && function.get("strict") == Some(&true.into())
        && schema::can_be_closed(&parameters);
    if strict {
        result.insert("input_schema".into(), schema::closed(&parameters));
        result.insert("strict".into(), true.into());
    } else {
        result.insert("input_schema".into(), parameters);
    }
    for name in [
        "cache_control",
        "defer_loading",
        "input_examples",
        "allowed_callers",
    ] {
        let given = tool.get(name).or_else(|| function.get(name));
        if let Some(value) = given.filter(|it| !it.is_null()) {
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

/// A forced choice becomes a free one where it would be refused: while the model thinks, and by
/// some models always.
fn choice(
    chat: &Map<String, Value>,
    allowed: Option<&Value>,
    has_tools: bool,
    free: bool,
    renamed: &mut Map<String, Value>,
) -> Option<Value> {
    let mode = allowed.and_then(|it| it.get("mode"));
    let asked = mode.or_else(|| {
        let own = chat.get("tool_choice").filter(|it| !it.is_null());
        own.or_else(|| chat.get("function_call"))
    });
    let mut choice = match asked {
        Some(Value::String(word)) => match word.as_str() {
            "auto" => Some(json!({"type": "auto"})),
            "required" | "any" => Some(json!({"type": "any"})),
            "none" => Some(json!({"type": "none"})),
            _ => None,
        },
        Some(Value::Object(members)) => {
            let function = members.get("function").and_then(|it| it.get("name"));
            match function
                .or_else(|| members.get("name"))
                .and_then(Value::as_str)
            {
                Some(name) => Some(json!({"type": "tool", "name": clean_tool(name, renamed)})),
                None => members.contains_key("type").then(|| members.clone().into()),
            }
        }
        _ => None,
    };
    let forced = choice
        .as_ref()
        .is_some_and(|it| matches!(it["type"].as_str(), Some("any" | "tool")));
    if forced && free {
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
