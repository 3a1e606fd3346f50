//! Tools and the choice among them.

use serde_json::{Value, json};

use crate::Options;
use crate::chat;
use crate::object::{Object, given, items, object, set, set_given, text};
use crate::plan::Plan;
use crate::refusal::{Notes, Refusal};

/// Members of a tool that Anthropic's models understand.
const EXTRAS: [&str; 4] = [
    "cache_control",
    "defer_loading",
    "input_examples",
    "allowed_callers",
];

pub fn apply(
    body: &Object,
    chat: &mut Object,
    options: &Options<'_>,
    plan: &mut Plan,
    notes: &mut Notes,
    soft: &mut Vec<&'static str>,
) -> Result<(), Refusal> {
    let mut tools = Vec::new();
    for (at, tool) in items(body.get("tools")).iter().enumerate() {
        let place = format!("tools.{at}");
        let kind = text(tool, "type");
        match kind {
            "" | "custom" => tools.push(function(tool, &place, plan)?),
            _ if options.target.anthropic => tools.push(tool.clone()),
            _ if kind.starts_with("web_search_") => web_search(tool, &place, chat, notes)?,
            other => notes.refuse(&place, &format!("the tool `{other}` is Anthropic's own"))?,
        }
    }
    if chat.contains_key("web_search_options") && !tools.is_empty() {
        // One tool among others is leave to search, not a wish to.
        soft.push("web_search_options");
    }
    let has_tools = !tools.is_empty();
    if has_tools {
        chat.insert("tools".into(), tools.into());
    }
    if let Some(choice) = given(body, "tool_choice").filter(|_| has_tools) {
        choose(choice, chat, plan)?;
    }
    Ok(())
}

fn function(tool: &Value, place: &str, plan: &mut Plan) -> Result<Value, Refusal> {
    let name = text(tool, "name");
    if name.is_empty() {
        return Err(Refusal::invalid(place, format!("`{place}` has no `name`")));
    }
    let name = plan.names.short(name);
    let mut function = chat::function(&name, tool.get("description"), tool.get("input_schema"));
    if tool.get("strict") == Some(&true.into()) {
        set(&mut function["function"], "strict", true);
    }
    for name in EXTRAS {
        set_given(&mut function, name, tool.get(name));
    }
    Ok(function)
}

fn web_search(
    tool: &Value,
    place: &str,
    chat: &mut Object,
    notes: &mut Notes,
) -> Result<(), Refusal> {
    for name in ["allowed_domains", "blocked_domains"] {
        if !items(tool.get(name)).is_empty() {
            notes.refuse(
                &format!("{place}.{name}"),
                "its search takes no list of domains",
            )?;
        }
    }
    let mut wanted = json!({});
    if let Some(location) = object(tool, "user_location") {
        let mut place = location.clone();
        place.shift_remove("type");
        set(
            &mut wanted,
            "user_location",
            json!({"type": "approximate", "approximate": place}),
        );
    }
    if tool.get("max_uses").is_some_and(Value::is_number) {
        notes.dropped(
            &format!("{place}.max_uses"),
            "the provider decides how often it searches",
        );
    }
    chat.insert("web_search_options".into(), wanted);
    Ok(())
}

fn choose(choice: &Value, chat: &mut Object, plan: &mut Plan) -> Result<(), Refusal> {
    let chosen = match text(choice, "type") {
        "auto" => "auto".into(),
        "any" => "required".into(),
        "none" => "none".into(),
        "tool" => chat::choice_of(&plan.names.short(text(choice, "name"))),
        other => {
            return Err(Refusal::invalid(
                "tool_choice",
                format!("`tool_choice.type` is `{other}`"),
            ));
        }
    };
    chat.insert("tool_choice".into(), chosen);
    if choice.get("disable_parallel_tool_use") == Some(&true.into()) {
        chat.insert("parallel_tool_calls".into(), false.into());
    }
    Ok(())
}
