//! Functions, Google's own tools, and the choice among them.

use serde_json::{Value, json};

use super::{camel, listed, member, schema, within, word};
use crate::Options;
use crate::chat;
use crate::object::Object;
use crate::plan::Plan;
use crate::refusal::{Notes, Refusal};

pub fn tools(
    body: &Object,
    chat: &mut Object,
    options: &Options<'_>,
    plan: &mut Plan,
    notes: &mut Notes,
    soft: &mut Vec<&'static str>,
) -> Result<(), Refusal> {
    let mut tools = Vec::new();
    for (at, tool) in listed(member(body, "tools")).iter().enumerate() {
        for (name, value) in tool.as_object().into_iter().flatten() {
            match camel(name).as_str() {
                "functionDeclarations" => {
                    for (index, function) in listed(Some(value)).iter().enumerate() {
                        let place = format!("tools[{at}].functionDeclarations[{index}]");
                        tools.push(declaration(function, &place, plan, notes)?);
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
    if !tools.is_empty() {
        chat.insert("tools".into(), tools.into());
        if let Some(config) = member(body, "toolConfig") {
            choice(config, chat, plan, notes);
        }
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
    let parameters = within(function, "parametersJsonSchema").cloned();
    let parameters = parameters.or_else(|| within(function, "parameters").map(schema::json));
    let name = plan.names.short(name);
    Ok(chat::function(
        &name,
        within(function, "description"),
        parameters.as_ref(),
    ))
}

fn choice(config: &Value, chat: &mut Object, plan: &mut Plan, notes: &mut Notes) {
    for name in ["retrievalConfig", "includeServerSideToolInvocations"] {
        if within(config, name).is_some() {
            notes.dropped(
                &format!("toolConfig.{name}"),
                "it is for Google's own tools",
            );
        }
    }
    let Some(calling) = within(config, "functionCallingConfig") else {
        return;
    };
    let names: Vec<&str> = listed(within(calling, "allowedFunctionNames"))
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let mode = word(calling, "mode");
    let chosen = match (mode, names.as_slice()) {
        ("ANY", [one]) => chat::choice_of(&plan.names.short(one)),
        ("ANY" | "VALIDATED", [_, ..]) => {
            let tools: Vec<Value> = names
                .iter()
                .map(|it| chat::choice_of(&plan.names.short(it)))
                .collect();
            let mode = if mode == "ANY" { "required" } else { "auto" };
            json!({"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": tools}})
        }
        ("ANY", []) => "required".into(),
        ("NONE", _) => "none".into(),
        ("", _) => return,
        _ => "auto".into(),
    };
    chat.insert("tool_choice".into(), chosen);
}
