//! Tools, the choice among them, and the format of the answer as a tool where a model has no
//! better way.

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Error, fault};

use crate::claude::Advice;
use crate::conversation::parts_for;
use crate::family::Family;
use crate::names;
use crate::place::Place;

/// The tool whose arguments are the answer.
pub const JSON_TOOL: &str = "json_tool_call";

/// What the tools come to.
pub struct Toolbox {
    pub config: Option<Value>,
    /// The answer comes as a call of [`JSON_TOOL`].
    pub json_tool: bool,
}

pub fn read(
    place: &Place,
    chat: &Map<String, Value>,
    has_history: bool,
    advice: Option<&Advice>,
    renamed: &mut Map<String, Value>,
) -> Result<Toolbox, Error> {
    let given = chat
        .get("tool_choice")
        .or_else(|| chat.get("function_call"));
    let allowed = given
        .filter(|it| it.get("type") == Some(&"allowed_tools".into()))
        .and_then(|it| it.get("allowed_tools"));
    let mut tools = Vec::new();
    for function in functions(chat)? {
        if is_allowed(function, allowed) {
            tools.extend(tool(place, function, renamed)?);
        }
    }
    if place.family.is_nova() && chat.get("web_search_options").is_some_and(Value::is_object) {
        tools.push(json!({"systemTool": {"name": "nova_grounding"}}));
    }
    let mode = allowed.map_or(given, |it| it.get("mode"));
    let mut choice = choice(mode, renamed)?;
    if place.family == Family::Llama
        && let Some(asked) = choice.take()
        && asked.get("auto").is_none()
    {
        return Err(fault::unsupported(format!(
            "`{}` cannot be told which tool to call: `tool_choice` has to be `auto`",
            place.name
        )));
    }
    let forbidden = mode.and_then(Value::as_str) == Some("none");
    if forbidden && !has_history {
        // Converse has no such choice, so there is nothing to choose from.
        tools.clear();
    }
    if tools.is_empty() && has_history {
        // Turns with calls need tools to be named.
        tools.push(
            json!({"toolSpec": {"name": "unavailable_tool", "description": "Not to be called",
            "inputSchema": {"json": {"type": "object", "properties": {}}}}}),
        );
        choice = None;
    }
    let own_choice = advice.and_then(|it| it.choice.as_ref()?.get("type")?.as_str());
    if own_choice == Some("auto") && choice.is_some() {
        // Claude may not be forced while it thinks.
        choice = Some(json!({"auto": {}}));
    }
    let json_tool = json_tool(place, chat, advice);
    if let Some(schema) = json_tool {
        let alone = tools.is_empty();
        tools.push(json!({"toolSpec": {"name": JSON_TOOL,
            "description": "Gives the final answer. Call it instead of answering in text.",
            "inputSchema": {"json": trimmed(place, schema)}}}));
        let may_force = advice.is_none_or(|it| !it.thinks) && place.family != Family::Llama;
        if alone && may_force {
            choice = Some(json!({"tool": {"name": JSON_TOOL}}));
        }
    }
    let mut config = Map::new();
    let has_tools = !tools.is_empty();
    config.insert("tools".into(), tools.into());
    if let Some(choice) = choice {
        config.insert("toolChoice".into(), choice);
    }
    Ok(Toolbox {
        config: has_tools.then(|| config.into()),
        json_tool: json_tool.is_some(),
    })
}

/// The functions of `tools` and of the older `functions`.
fn functions(chat: &Map<String, Value>) -> Result<Vec<&Value>, Error> {
    let list = |name: &str| {
        let list = chat.get(name).and_then(Value::as_array);
        list.into_iter().flatten()
    };
    let mut functions: Vec<&Value> = Vec::new();
    for tool in list("tools") {
        let kind = tool.get("type").and_then(Value::as_str);
        match (kind, tool.get("function")) {
            (None | Some("function"), Some(_)) => functions.push(tool),
            _ if tool.get("toolSpec").is_some() || tool.get("systemTool").is_some() => {
                functions.push(tool);
            }
            (kind, _) => {
                return Err(fault::unsupported(format!(
                    "Converse has no tool of the type `{}`",
                    kind.unwrap_or_default()
                )));
            }
        }
    }
    functions.extend(list("functions"));
    Ok(functions)
}

fn is_allowed(tool: &Value, allowed: Option<&Value>) -> bool {
    let name = |it: &Value| {
        it.pointer("/function/name")
            .or_else(|| it.get("name"))
            .cloned()
    };
    let Some(list) = allowed.and_then(|it| it.get("tools")?.as_array()) else {
        return true;
    };
    list.iter().any(|it| name(it) == name(tool))
}

fn tool(
    place: &Place,
    given: &Value,
    renamed: &mut Map<String, Value>,
) -> Result<Vec<Value>, Error> {
    if given.get("toolSpec").is_some() || given.get("systemTool").is_some() {
        return Ok(vec![given.clone()]);
    }
    let function = given.get("function").unwrap_or(given);
    let text = |name: &str| {
        let text = function.get(name).and_then(Value::as_str);
        text.filter(|it| !it.is_empty())
    };
    let name = text("name").ok_or_else(|| fault::invalid_request("a tool has no name"))?;
    let mut spec = Map::new();
    spec.insert("name".into(), names::tool(name, renamed).into());
    // An empty description is refused, a missing one is not.
    if let Some(description) = text("description") {
        spec.insert("description".into(), description.into());
    }
    let schema = function.get("parameters").filter(|it| it.is_object());
    let schema = schema.map_or_else(
        || json!({"type": "object", "properties": {}}),
        |it| trimmed(place, it),
    );
    spec.insert("inputSchema".into(), json!({"json": schema}));
    if function.get("strict") == Some(&true.into()) && place.family == Family::Claude {
        spec.insert("strict".into(), true.into());
    }
    let mut tools = vec![json!({"toolSpec": spec})];
    if place.family == Family::Claude {
        let parts = parts_for(place);
        tools.extend(parts.point(given).or_else(|| parts.point(function)));
    }
    Ok(tools)
}

/// The schema as an object's. Models other than Claude refuse `additionalProperties` and
/// `$schema`.
fn trimmed(place: &Place, schema: &Value) -> Value {
    let mut schema = if place.family == Family::Claude {
        schema.clone()
    } else {
        without(schema)
    };
    if let Some(members) = schema.as_object_mut() {
        members.entry("type").or_insert_with(|| "object".into());
    }
    schema
}

fn without(schema: &Value) -> Value {
    match schema {
        Value::Object(members) => {
            let kept = members.iter().filter(|(name, value)| match name.as_str() {
                // A property may have the name; then its value is a schema beside others.
                "additionalProperties" => value.is_object() && value.get("type").is_some(),
                "$schema" | "strict" => !value.is_string() && !value.is_boolean(),
                _ => true,
            });
            let kept = kept.map(|(name, value)| (name.clone(), without(value)));
            Value::Object(kept.collect())
        }
        Value::Array(list) => list.iter().map(without).collect(),
        other => other.clone(),
    }
}

/// `auto`, `required` or a name. `none` is no choice here.
fn choice(given: Option<&Value>, renamed: &mut Map<String, Value>) -> Result<Option<Value>, Error> {
    let Some(given) = given.filter(|it| !it.is_null()) else {
        return Ok(None);
    };
    let name = given
        .pointer("/function/name")
        .or_else(|| given.get("name"));
    Ok(match (given.as_str(), name.and_then(Value::as_str)) {
        (Some("auto"), _) => Some(json!({"auto": {}})),
        (Some("required" | "any"), _) => Some(json!({"any": {}})),
        (Some("none"), _) => None,
        (None, Some(name)) => Some(json!({"tool": {"name": names::tool(name, renamed)}})),
        _ if given.get("type") == Some(&"allowed_tools".into()) => None,
        _ => {
            return Err(fault::invalid_request(format!(
                "`tool_choice` is {given}, which is none of auto, none, required or a function"
            )));
        }
    })
}

/// The schema of an answer that has to come as a call.
fn json_tool<'c>(
    place: &Place,
    chat: &'c Map<String, Value>,
    advice: Option<&Advice>,
) -> Option<&'c Value> {
    if place.family == Family::Claude && advice.is_some_and(|it| !it.json_tool) {
        return None;
    }
    let format = chat.get("response_format")?;
    format
        .pointer("/json_schema/schema")
        .filter(|it| it.is_object())
}
