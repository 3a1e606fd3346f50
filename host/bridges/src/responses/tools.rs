//! Tools and the choice among them. What is no function becomes one where the client runs it, and is
//! that again in the answer.

use serde_json::{Value, json};

use super::shell;
use crate::chat;
use crate::object::{Object, given, items, list, object, set, text};
use crate::plan::{Disguise, Plan};
use crate::refusal::{Notes, Refusal};

/// Sets the tools and the choice.
pub fn apply(
    body: &Object,
    chat: &mut Object,
    plan: &mut Plan,
    notes: &mut Notes,
    soft: &mut Vec<&'static str>,
) -> Result<(), Refusal> {
    let mut tools = Vec::new();
    for (at, tool) in items(body.get("tools")).iter().enumerate() {
        let place = format!("tools[{at}]");
        match text(tool, "type") {
            "function" => tools.push(function(tool, &place, "", plan)?),
            "custom" => tools.push(custom(tool, &place, plan)?),
            "local_shell" => {
                plan.disguises
                    .insert(shell::NAME.to_owned(), Disguise::LocalShell);
                tools.push(shell::function());
            }
            "namespace" => {
                for (index, inner) in list(tool, "tools").iter().enumerate() {
                    tools.push(function(
                        inner,
                        &format!("{place}.tools[{index}]"),
                        text(tool, "name"),
                        plan,
                    )?);
                }
            }
            kind if kind.starts_with("web_search") => {
                chat.insert(
                    "web_search_options".into(),
                    web_search(tool, &place, notes)?,
                );
            }
            "" => return Err(Refusal::invalid(&place, format!("`{place}` has no `type`"))),
            other => notes.refuse(&place, &format!("the tool `{other}` runs at OpenAI"))?,
        }
    }
    if chat.contains_key("web_search_options") && !tools.is_empty() {
        // One tool among others is leave to search, not a wish to.
        soft.push("web_search_options");
    }
    if tools.is_empty() {
        return Ok(());
    }
    chat.insert("tools".into(), tools.into());
    if let Some(choice) = given(body, "tool_choice") {
        choose(choice, chat, plan, notes)?;
    }
    Ok(())
}

fn function(tool: &Value, place: &str, namespace: &str, plan: &mut Plan) -> Result<Value, Refusal> {
    let name = text(tool, "name");
    if name.is_empty() {
        return Err(Refusal::invalid(place, format!("`{place}` has no `name`")));
    }
    let short = if namespace.is_empty() {
        plan.names.short(name)
    } else {
        let short = plan.names.short(&format!("{namespace}__{name}"));
        plan.namespaces
            .insert(short.clone(), (namespace.to_owned(), name.to_owned()));
        short
    };
    let mut function = chat::function(&short, tool.get("description"), tool.get("parameters"));
    if let Some(strict) = tool.get("strict").filter(|it| it.is_boolean()) {
        set(&mut function["function"], "strict", strict.clone());
    }
    Ok(function)
}

/// A tool of free text as a function of one text. The grammar is said in words.
fn custom(tool: &Value, place: &str, plan: &mut Plan) -> Result<Value, Refusal> {
    let name = text(tool, "name");
    if name.is_empty() {
        return Err(Refusal::invalid(place, format!("`{place}` has no `name`")));
    }
    let short = plan.names.short(name);
    plan.disguises.insert(short.clone(), Disguise::Custom);
    let mut description = text(tool, "description").to_owned();
    let format = tool.get("format").unwrap_or(&Value::Null);
    if text(format, "type") == "grammar" {
        description.push_str(&format!(
            "\n\n`input` must keep to this {} grammar:\n{}",
            text(format, "syntax"),
            text(format, "definition")
        ));
    }
    let parameters = json!({"type": "object", "properties": {"input": {"type": "string",
        "description": "The whole text, as it is."}}, "required": ["input"], "additionalProperties": false});
    Ok(chat::function(
        &short,
        Some(&description.into()),
        Some(&parameters),
    ))
}

fn web_search(tool: &Value, place: &str, notes: &mut Notes) -> Result<Value, Refusal> {
    if object(tool, "filters").is_some_and(|it| it.values().any(|it| !items(Some(it)).is_empty())) {
        notes.refuse(
            &format!("{place}.filters"),
            "its search takes no list of domains",
        )?;
    }
    let mut wanted = json!({});
    if let Some(size) = tool.get("search_context_size").filter(|it| it.is_string()) {
        set(&mut wanted, "search_context_size", size.clone());
    }
    if let Some(location) = object(tool, "user_location") {
        let mut place = location.clone();
        place.shift_remove("type");
        set(
            &mut wanted,
            "user_location",
            json!({"type": "approximate", "approximate": place}),
        );
    }
    Ok(wanted)
}

fn choose(
    choice: &Value,
    chat: &mut Object,
    plan: &mut Plan,
    notes: &mut Notes,
) -> Result<(), Refusal> {
    let chosen = match choice {
        Value::String(word) if matches!(word.as_str(), "auto" | "none" | "required") => {
            choice.clone()
        }
        Value::Object(_) => match text(choice, "type") {
            "function" | "custom" => chat::choice_of(&name(choice, plan)),
            "local_shell" => chat::choice_of(shell::NAME),
            "allowed_tools" => {
                let mut tools = Vec::new();
                for (at, tool) in list(choice, "tools").iter().enumerate() {
                    match text(tool, "type") {
                        "function" | "custom" => tools.push(chat::choice_of(&name(tool, plan))),
                        "local_shell" => tools.push(chat::choice_of(shell::NAME)),
                        other => notes.dropped(
                            &format!("tool_choice.tools[{at}]"),
                            format!("the tool `{other}` runs at OpenAI"),
                        ),
                    }
                }
                let mode = if text(choice, "mode") == "required" {
                    "required"
                } else {
                    "auto"
                };
                json!({"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": tools}})
            }
            other => {
                return notes.refuse("tool_choice", &format!("the tool `{other}` runs at OpenAI"));
            }
        },
        _ => {
            return Err(Refusal::invalid(
                "tool_choice",
                "`tool_choice` is neither `none`, `auto`, `required` nor an object",
            ));
        }
    };
    chat.insert("tool_choice".into(), chosen);
    Ok(())
}

fn name(choice: &Value, plan: &mut Plan) -> String {
    plan.names.short(text(choice, "name"))
}
