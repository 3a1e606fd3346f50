//! Functions, Google's own tools, and the choice among them.

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Error, fault};

use crate::gemini::{formats, schema};

/// Functions stand together; each of Google's own tools stands alone.
pub fn tools(chat: &Map<String, Value>) -> Result<Vec<Value>, Error> {
    let list = |name: &str| {
        chat.get(name)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
    };
    let mut functions = Vec::new();
    let mut own = Vec::new();
    for tool in list("tools") {
        let kind = tool.get("type").and_then(Value::as_str).unwrap_or_default();
        match tool.get("function") {
            Some(function) => functions.push(declaration(function)?),
            None if kind == "function" => functions.push(declaration(tool)?),
            None if kind == "custom" => {
                return Err(fault::unsupported(
                    "Gemini has no custom tools with free text: give the tool as a `function`",
                ));
            }
            None if kind.starts_with("web_search") => own.push(json!({"googleSearch": {}})),
            None => own.push(tool.clone()),
        }
    }
    for function in list("functions") {
        functions.push(declaration(function)?);
    }
    if chat.get("web_search_options").is_some_and(Value::is_object) {
        own.push(json!({"googleSearch": {}}));
    }
    let mut tools = Vec::new();
    if !functions.is_empty() {
        tools.push(json!({ "functionDeclarations": functions }));
    }
    tools.extend(own);
    Ok(tools)
}

fn declaration(function: &Value) -> Result<Value, Error> {
    let name = function.get("name").and_then(Value::as_str);
    let name = name.ok_or_else(|| fault::invalid_request("a tool has no `function.name`"))?;
    let mut result = Map::new();
    result.insert("name".into(), name.into());
    if let Some(description) = function.get("description").filter(|it| it.is_string()) {
        result.insert("description".into(), description.clone());
    }
    let parameters = function.get("parameters").filter(|it| it.is_object());
    // The client's format: what the other form of a schema lacks would be lost in the answer.
    if let Some(schema) = parameters.filter(|_| name == formats::JSON_TOOL) {
        result.insert("parametersJsonSchema".into(), schema.clone());
        return Ok(result.into());
    }
    // An object without properties is refused, and says nothing.
    let parameters = parameters.map(schema::cleaned).transpose()?;
    let says = |it: &Value| {
        let properties = it.get("properties").and_then(Value::as_object);
        it.get("anyOf").is_some() || properties.is_some_and(|it| !it.is_empty())
    };
    if let Some(parameters) = parameters.filter(says) {
        result.insert("parameters".into(), parameters);
    }
    Ok(result.into())
}

/// `tool_choice`, or `function_call` of the form before it.
pub fn config(chat: &Map<String, Value>) -> Option<Value> {
    let given = |name: &str| chat.get(name).filter(|it| !it.is_null());
    let choice = given("tool_choice").or_else(|| given("function_call"))?;
    let config = match choice {
        Value::String(word) => json!({"mode": mode(word)?}),
        other if other.get("allowed_tools").is_some() => {
            let list = other.pointer("/allowed_tools/tools")?.as_array()?;
            let names = list.iter().filter_map(name_of).cloned();
            let required = other.pointer("/allowed_tools/mode") == Some(&"required".into());
            // Names can only be given with the modes that keep to the declarations.
            let mode = if required { "ANY" } else { "VALIDATED" };
            json!({"mode": mode, "allowedFunctionNames": names.collect::<Vec<_>>()})
        }
        other => json!({"mode": "ANY", "allowedFunctionNames": [name_of(other)?]}),
    };
    Some(json!({ "functionCallingConfig": config }))
}

fn mode(word: &str) -> Option<&'static str> {
    match word {
        "auto" => Some("AUTO"),
        "required" | "any" => Some("ANY"),
        "none" => Some("NONE"),
        _ => None,
    }
}

fn name_of(tool: &Value) -> Option<&Value> {
    tool.pointer("/function/name").or_else(|| tool.get("name"))
}
