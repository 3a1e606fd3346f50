//! Functions and the choice among them.

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Error, fault};

/// What a request says of tools, in Cohere's members.
pub fn add(chat: &Map<String, Value>, body: &mut Map<String, Value>) -> Result<(), Error> {
    let list = chat.get("tools").and_then(Value::as_array);
    let list = list.map(Vec::as_slice).unwrap_or_default();
    let mut tools: Vec<Value> = Vec::with_capacity(list.len());
    let mut strict = false;
    for tool in list {
        strict |= tool.pointer("/function/strict") == Some(&true.into());
        tools.push(function(tool)?);
    }
    let choice = chat.get("tool_choice").filter(|it| !it.is_null());
    let word = match choice {
        None => None,
        Some(Value::String(word)) => of_word(word)?,
        Some(choice) => of_choice(choice, &mut tools)?,
    };
    // An empty list is refused, and a choice needs something to choose from.
    if tools.is_empty() {
        return match word {
            Some("REQUIRED") => Err(fault::invalid_request(
                "`tool_choice` asks for a tool, and there are no `tools`",
            )),
            _ => Ok(()),
        };
    }
    body.insert("tools".into(), tools.into());
    if let Some(word) = word {
        body.insert("tool_choice".into(), word.into());
    }
    if strict {
        body.insert("strict_tools".into(), true.into());
    }
    Ok(())
}

/// `strict` is the request's at Cohere, and a function's at OpenAI.
fn function(tool: &Value) -> Result<Value, Error> {
    let Some(function) = tool.get("function").and_then(Value::as_object) else {
        let kind = tool.get("type").and_then(Value::as_str).unwrap_or_default();
        return Err(fault::unsupported(format!(
            "Cohere has no tools of the type `{kind}`: give each as a `function`"
        )));
    };
    if !function.get("name").is_some_and(Value::is_string) {
        return Err(fault::invalid_request("a tool has no `function.name`"));
    }
    let mut function = function.clone();
    function.shift_remove("strict");
    let parameters = function.entry("parameters").or_insert(Value::Null);
    if parameters.is_null() {
        *parameters = json!({"type": "object", "properties": {}});
    }
    Ok(json!({"type": "function", "function": function}))
}

fn of_word(word: &str) -> Result<Option<&'static str>, Error> {
    match word.to_ascii_lowercase().as_str() {
        "auto" => Ok(None),
        "required" | "any" => Ok(Some("REQUIRED")),
        "none" => Ok(Some("NONE")),
        _ => Err(fault::invalid_request(format!(
            "`tool_choice` is `{word}`: it is auto, required, none or a function"
        ))),
    }
}

/// Cohere cannot be told a name: the other tools are left out.
fn of_choice(choice: &Value, tools: &mut Vec<Value>) -> Result<Option<&'static str>, Error> {
    let named = |tool: &Value| {
        let name = tool.pointer("/function/name").or_else(|| tool.get("name"));
        name.cloned()
    };
    let allowed = choice.get("allowed_tools");
    let (names, word): (Vec<Value>, _) = match allowed {
        Some(allowed) => {
            let list = allowed.get("tools").and_then(Value::as_array);
            let mode = allowed
                .get("mode")
                .and_then(Value::as_str)
                .unwrap_or("auto");
            let names = list.into_iter().flatten().filter_map(named);
            (names.collect(), of_word(mode)?)
        }
        None => (named(choice).into_iter().collect(), Some("REQUIRED")),
    };
    tools.retain(|tool| named(tool).is_some_and(|name| names.contains(&name)));
    if tools.is_empty() {
        return Err(fault::invalid_request(
            "`tool_choice` names no function that is among the `tools`",
        ));
    }
    Ok(word)
}
