//! The request: the client's own bytes with what this provider wants otherwise.

use sluice_sdk::serde_json::{Value, json};
use sluice_sdk::{Call, Error, fault};

use crate::messages;
use crate::object::{Object, text};
use crate::row::Row;
use crate::structured::{self, JSON_TOOL, Plan};

/// Members to set or take out.
pub type Patch = Vec<(String, Option<String>)>;

/// The adapter of a deployment that the path names.
const ADAPTER: &str = "adapter_id";

/// A chat completion as it is sent.
pub struct Chat {
    pub patch: Patch,
    /// The answer comes as a call of [`JSON_TOOL`].
    pub json_tool: bool,
}

/// What is sent of a chat completion.
pub fn chat(call: &Call, row: &Row, body: &str) -> Result<Chat, Error> {
    let body =
        Object::parse(body).ok_or_else(|| fault::invalid_request("the body is no JSON object"))?;
    let mut patch = Patch::new();
    model(row, &call.model, &body, &mut patch);
    clamp(row, &body, &mut patch);
    rename(&row.renamed, &body, &mut patch);
    let json_tool = formats(row, &body, &mut patch);
    reasoning(row, &body, &mut patch);
    stream_options(call.streaming, row, &body, &mut patch);
    set(row, &mut patch);
    if let Some(messages) = body
        .get("messages")
        .and_then(|raw| messages::messages(row, raw))
    {
        patch.push(("messages".into(), Some(messages)));
    }
    Ok(Chat { patch, json_tool })
}

/// The patch of the other operations, whose bodies are relayed.
pub fn other(call: &Call, row: &Row, body: &str) -> Result<Patch, Error> {
    let body =
        Object::parse(body).ok_or_else(|| fault::invalid_request("the body is no JSON object"))?;
    let mut patch = Patch::new();
    model(row, &call.model, &body, &mut patch);
    match call.operation.as_str() {
        "completions" => stream_options(call.streaming, row, &body, &mut patch),
        "embeddings" => rename(&row.renamed_embeddings, &body, &mut patch),
        _ => {}
    }
    Ok(patch)
}

/// The fields of a form.
pub fn fields(call: &Call, row: &Row, body: &str) -> Result<Value, Error> {
    let mut body: Value = sluice_sdk::parse_body(body)?;
    let members = body
        .as_object_mut()
        .ok_or_else(|| fault::invalid_request("the body is no JSON object"))?;
    members.insert("model".into(), sent_model(row, &call.model).into());
    Ok(body)
}

fn model(row: &Row, model: &str, body: &Object<'_>, patch: &mut Patch) {
    if row.model_route.as_deref() == Some("path")
        && let Some(adapter) = body.get(ADAPTER)
    {
        patch.push((ADAPTER.into(), None));
        patch.push(("model".into(), Some(adapter.to_owned())));
        return;
    }
    let sent = sent_model(row, model);
    if sent != model {
        patch.push(("model".into(), Some(json!(sent).to_string())));
    }
}

/// The model's name as the provider is told it.
pub fn sent_model(row: &Row, model: &str) -> String {
    let mut sent = model.to_owned();
    if let Some(prefix) = row.model_prefix.as_ref().filter(|_| !model.contains('/')) {
        sent = format!("{prefix}{model}");
    }
    match row.model_route.as_deref() {
        Some("suffix") => {
            let mut parts = model.splitn(3, '/');
            if let (Some(route), Some(org), Some(name)) = (parts.next(), parts.next(), parts.next())
            {
                sent = format!("{org}/{name}:{route}");
            }
        }
        // The deployment is in the path; behind it stands an adapter, or nothing.
        Some("path") => sent = model.split_once('/').map_or("", |it| it.1).to_owned(),
        _ => {}
    }
    sent
}

fn rename(
    names: &std::collections::BTreeMap<String, String>,
    body: &Object<'_>,
    patch: &mut Patch,
) {
    for (old, new) in names {
        if !body.has(old) {
            continue;
        }
        let clamped = patch.iter().find(|(name, _)| name == old);
        let value = match clamped {
            Some((_, value)) => value.clone(),
            None => body.get(old).map(str::to_owned),
        };
        patch.push((old.clone(), None));
        if let Some(value) = value.filter(|_| body.get(new).is_none()) {
            patch.push((new.clone(), Some(value)));
        }
    }
}

fn clamp(row: &Row, body: &Object<'_>, patch: &mut Patch) {
    for (name, [least, greatest]) in &row.clamp {
        let value: Option<f64> = body.get(name).and_then(|raw| raw.parse().ok());
        if let Some(value) = value.filter(|it| it < least || it > greatest) {
            let value = value.max(*least).min(*greatest);
            patch.push((name.clone(), Some(json!(value).to_string())));
        }
    }
}

/// The format of the answer, the tools and the choice among them. True if the format became a tool.
fn formats(row: &Row, body: &Object<'_>, patch: &mut Patch) -> bool {
    let plan = structured::plan(row, body);
    let given = body.get("tools");
    let edited = given.and_then(|raw| messages::tools(row, raw));
    match plan {
        Plan::AsWritten | Plan::WithoutTools => response_format(row, body, patch),
        Plan::WithoutFormat | Plan::ByTool { .. } => patch.push(("response_format".into(), None)),
    }
    match plan {
        Plan::AsWritten | Plan::WithoutFormat => {
            if let Some(raw) = body.get("tool_choice") {
                tool_choice(row, raw, patch);
            }
            patch.extend(edited.map(|it| ("tools".into(), Some(it))));
            false
        }
        Plan::WithoutTools => {
            let names = ["tools", "tool_choice", "parallel_tool_calls"];
            patch.extend(names.map(|name| (name.into(), None)));
            false
        }
        Plan::ByTool { tool, beside } => {
            let own = edited.as_deref().or(given).filter(|_| beside);
            patch.push(("tools".into(), Some(structured::with(own, tool))));
            let choice = match beside {
                true => json!("required"),
                false => json!({"type": "function", "function": {"name": JSON_TOOL}}),
            };
            let choice = choice.to_string();
            patch.push(("tool_choice".into(), Some(choice.clone())));
            tool_choice(row, &choice, patch);
            true
        }
    }
}

/// A choice that the provider has another word for.
fn tool_choice(row: &Row, raw: &str, patch: &mut Patch) {
    let kind = text(raw).unwrap_or_else(|| "named".to_owned());
    if let Some(sent) = row.tool_choice.get(&kind) {
        let sent = sent.as_ref().map(|it| json!(it).to_string());
        patch.retain(|(name, _)| name != "tool_choice");
        patch.push(("tool_choice".into(), sent));
    }
}

fn response_format(row: &Row, body: &Object<'_>, patch: &mut Patch) {
    let format = body.get("response_format").and_then(Object::parse);
    let kind = format.and_then(|it| it.text("type")).unwrap_or_default();
    if let Some(sent) = row.response_format.get(&kind) {
        let sent = sent.as_ref().map(|it| json!({"type": it}).to_string());
        patch.push(("response_format".into(), sent));
    }
}

/// `reasoning_effort` and `thinking`, as far as the provider has other words for them.
fn reasoning(row: &Row, body: &Object<'_>, patch: &mut Patch) {
    let effort = body.text("reasoning_effort");
    let other = effort.as_ref().and_then(|it| row.effort.get(it));
    if let Some(other) = other {
        patch.push(("reasoning_effort".into(), Some(json!(other).to_string())));
    }
    if let Some(effort) = effort.as_ref().filter(|_| row.effort_thinking) {
        let off = effort == "none";
        if body.get("thinking").is_none() {
            let kind = if off { "disabled" } else { "enabled" };
            patch.push(("thinking".into(), Some(json!({"type": kind}).to_string())));
        }
        if off {
            patch.push(("reasoning_effort".into(), None));
        }
    }
    let Some(thinking) = body.get("thinking").and_then(Object::parse) else {
        return;
    };
    let off = thinking.text("type").as_deref() == Some("disabled");
    let budget = thinking.count("budget_tokens");
    match row.thinking.as_deref() {
        Some("effort") => {
            patch.push(("thinking".into(), None));
            if effort.is_none() && !off {
                patch.push((
                    "reasoning_effort".into(),
                    Some(json!(effort_of(budget)).to_string()),
                ));
            }
        }
        Some("reasoning") => {
            patch.push(("thinking".into(), None));
            if body.get("reasoning").is_none() {
                let reasoning = match budget {
                    _ if off => json!({"enabled": false}),
                    Some(budget) => json!({"max_tokens": budget}),
                    None => json!({"enabled": true}),
                };
                patch.push(("reasoning".into(), Some(reasoning.to_string())));
            }
        }
        _ => {}
    }
}

/// The effort that stands for a budget of thinking tokens, by LiteLLM's table of budgets.
fn effort_of(budget: Option<u64>) -> &'static str {
    match budget {
        Some(..=1024) => "low",
        Some(1025..=2048) => "medium",
        Some(2049..) => "high",
        None => "medium",
    }
}

/// Usage is always asked for; the gateway keeps it from clients that did not.
fn stream_options(streaming: bool, row: &Row, body: &Object<'_>, patch: &mut Patch) {
    let given = body.get("stream_options").and_then(Object::parse);
    if !streaming || row.stream_usage == Some(false) {
        if body.has("stream_options") {
            patch.push(("stream_options".into(), None));
        }
        return;
    }
    let mut options = given.unwrap_or_default();
    if options.get("include_usage") != Some("true") {
        options.put("include_usage", true);
        patch.push(("stream_options".into(), Some(options.write())));
    }
}

fn set(row: &Row, patch: &mut Patch) {
    for (name, value) in &row.set {
        patch.push((name.clone(), Some(value.to_string())));
    }
}
