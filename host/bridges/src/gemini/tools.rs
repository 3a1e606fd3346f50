//! Functions, Google's own tools, and the choice among them.

use serde_json::{Value, json};

use super::{camel, listed, member, schema, within, word};
use crate::Options;
use crate::chat;
use crate::object::Object;
use crate::plan::Plan;
use crate::refusal::{Notes, Refusal};

/// Modes by their numbers, with which JSON that is read as protocol buffers may name them.
const MODES: [(u64, &str); 4] = [
    (0, "MODE_UNSPECIFIED"),
    (1, "AUTO"),
    (2, "ANY"),
    (3, "NONE"),
];

pub fn tools(
    body: &Object,
    chat: &mut Object,
    options: &Options<'_>,
    plan: &mut Plan,
    notes: &mut Notes,
    soft: &mut Vec<&'static str>,
) -> Result<(), Refusal> {
    let mut tools = Vec::new();
    let mut declared = Vec::new();
    for (at, tool) in listed(member(body, "tools")).iter().enumerate() {
        for (name, value) in tool.as_object().into_iter().flatten() {
            match camel(name).as_str() {
                "functionDeclarations" => {
                    for (index, function) in listed(Some(value)).iter().enumerate() {
                        let place = format!("tools[{at}].functionDeclarations[{index}]");
                        let name = word(function, "name");
                        if declared.contains(&name) {
                            let why = format!("`{place}` declares `{name}` again");
                            return Err(Refusal::invalid(&place, why));
                        }
                        tools.push(declaration(function, &place, plan, notes)?);
                        declared.push(name);
                    }
                }
                "googleSearch" | "googleSearchRetrieval" => {
                    chat.insert("web_search_options".into(), json!({}));
                }
                name if options.target.google => tools.push(json!({ name: value })),
                name => notes.refuse(&format!("tools[{at}].{name}"), "the tool is Google's own")?,
            }
        }
    }
    if chat.contains_key("web_search_options") && !tools.is_empty() {
        // One tool among others is leave to search, not a wish to.
        soft.push("web_search_options");
    }
    let config = member(body, "toolConfig");
    let chosen = config.map(|it| choice(it, &declared, plan, notes));
    let chosen = chosen.transpose()?.flatten();
    if !tools.is_empty() {
        chat.insert("tools".into(), tools.into());
        chat.extend(chosen.map(|it| ("tool_choice".into(), it)));
    }
    Ok(())
}

fn declaration(
    function: &Value,
    place: &str,
    plan: &mut Plan,
    notes: &mut Notes,
) -> Result<Value, Refusal> {
    let name = word(function, "name");
    if name.is_empty() {
        return Err(Refusal::invalid(place, format!("`{place}` has no `name`")));
    }
    for name in ["response", "responseJsonSchema", "behavior"] {
        if within(function, name).is_some() {
            notes.dropped(
                &format!("{place}.{name}"),
                "a function of chat has no such member",
            );
        }
    }
    let schemas = ["parameters", "parametersJsonSchema"];
    let schemas = schemas.map(|it| within(function, it).map(|schema| (it, schema)));
    for (name, schema) in schemas.iter().flatten() {
        if !schema.is_object() {
            let place = format!("{place}.{name}");
            let why = format!("`{place}` is not an object");
            return Err(Refusal::invalid(&place, why));
        }
    }
    if schemas.iter().all(Option::is_some) {
        let why = format!("`{place}` has both `parameters` and `parametersJsonSchema`");
        return Err(Refusal::invalid(place, why));
    }
    let parameters = within(function, "parametersJsonSchema").cloned();
    let parameters = parameters.or_else(|| within(function, "parameters").map(schema::json));
    let name = plan.names.short(name);
    Ok(chat::function(
        &name,
        within(function, "description"),
        parameters.as_ref(),
    ))
}

/// The choice among the functions that are `declared`; None: it is the model's.
fn choice(
    config: &Value,
    declared: &[&str],
    plan: &mut Plan,
    notes: &mut Notes,
) -> Result<Option<Value>, Refusal> {
    for name in ["retrievalConfig", "includeServerSideToolInvocations"] {
        if within(config, name).is_some() {
            notes.dropped(
                &format!("toolConfig.{name}"),
                "it is for Google's own tools",
            );
        }
    }
    const PLACE: &str = "toolConfig.functionCallingConfig";
    let wrong = |name: &str, why: &str| {
        let place = format!("{PLACE}{name}");
        let message = format!("`{place}` {why}");
        Err(Refusal::invalid(&place, message))
    };
    let Some(calling) = within(config, "functionCallingConfig") else {
        return Ok(None);
    };
    if !calling.is_object() {
        return wrong("", "is not an object");
    }
    let mode = match within(calling, "mode").unwrap_or(&Value::Null) {
        Value::Null => String::new(),
        Value::String(mode) => mode.to_uppercase(),
        Value::Number(mode) => match MODES.iter().find(|it| mode.as_u64() == Some(it.0)) {
            Some((_, mode)) => (*mode).to_owned(),
            None => return wrong(".mode", &format!("is {mode}")),
        },
        _ => return wrong(".mode", "is not a text"),
    };
    let given = listed(within(calling, "allowedFunctionNames"));
    let names: Vec<&str> = given.iter().filter_map(Value::as_str).collect();
    if names.len() < given.len() {
        return wrong(".allowedFunctionNames", "is not a list of texts");
    }
    if let Some(name) = names.iter().find(|it| !declared.contains(it)) {
        let why = format!("has `{name}`, which no tool declares");
        return wrong(".allowedFunctionNames", &why);
    }
    let chosen = match (mode.as_str(), names.as_slice()) {
        ("ANY", _) if declared.is_empty() => {
            return wrong(".mode", "is `ANY`, and no tool declares a function");
        }
        ("ANY", [one]) => chat::choice_of(&plan.names.short(one)),
        ("ANY" | "VALIDATED", [_, ..]) => {
            let tools: Vec<Value> = names
                .iter()
                .map(|it| chat::choice_of(&plan.names.short(it)))
                .collect();
            let mode = if mode == "ANY" { "required" } else { "auto" };
            json!({"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": tools}})
        }
        ("" | "AUTO" | "NONE" | "MODE_UNSPECIFIED", [_, ..]) => {
            let why = "is for the modes `ANY` and `VALIDATED`";
            return wrong(".allowedFunctionNames", why);
        }
        ("ANY", []) => "required".into(),
        ("NONE", []) => "none".into(),
        ("", []) => return Ok(None),
        ("AUTO" | "VALIDATED" | "MODE_UNSPECIFIED", []) => "auto".into(),
        (other, _) => return wrong(".mode", &format!("is `{other}`")),
    };
    Ok(Some(chosen))
}
