//! Formats of answers that a provider does not take, or not beside tools: the format is asked for as
//! a tool that is called in the answer's place, and the call's arguments are the answer's text.

use sluice_sdk::serde_json::json;

use crate::message::Progress;
use crate::object::{Object, items, list, text};
use crate::row::Row;

/// The tool whose arguments are the answer; also the state of a call whose answer comes so.
pub const JSON_TOOL: &str = "json_tool_call";

const DESCRIPTION: &str = "Gives the final answer, in JSON. Call it instead of answering in text.";

/// What is sent of a request's format, its tools and the choice among them.
#[derive(Debug, PartialEq, Eq)]
pub enum Plan {
    /// All of it.
    AsWritten,
    /// No tools: the client says that none may be called.
    WithoutTools,
    /// No format: a call is demanded, so no text comes.
    WithoutFormat,
    /// This tool in the format's place, beside the client's tools or alone.
    ByTool { tool: String, beside: bool },
}

/// How the row's provider is asked for the format.
pub fn plan(row: &Row, body: &Object<'_>) -> Plan {
    let Some(tools_for) = row.format_tool.as_deref().filter(|_| !row.relay) else {
        return Plan::AsWritten;
    };
    let format = body.get("response_format").and_then(Object::parse);
    let Some((kind, tool)) = format.and_then(|it| Some((it.text("type")?, tool(&it)?))) else {
        return Plan::AsWritten;
    };
    let beside = body.get("tools").and_then(items);
    let beside = beside.is_some_and(|it| !it.is_empty());
    let alone = tools_for == "schemas" && kind == "json_schema";
    let choice = body.get("tool_choice").map(text);
    match choice.as_ref().map(Option::as_deref) {
        _ if !beside && !alone => Plan::AsWritten,
        _ if !beside => Plan::ByTool { tool, beside },
        None | Some(Some("auto")) => Plan::ByTool { tool, beside },
        Some(Some("none")) if alone => Plan::ByTool {
            tool,
            beside: false,
        },
        Some(Some("none")) => Plan::WithoutTools,
        // No call is demanded, so that an answer may come: whether there is such a choice is the
        // provider's to say, and the format is not lost without a word.
        Some(None) if may_answer(body) => Plan::AsWritten,
        Some(_) => Plan::WithoutFormat,
    }
}

/// Whether the choice is among some tools, and none of them has to be called.
fn may_answer(body: &Object<'_>) -> bool {
    let choice = body.get("tool_choice").and_then(Object::parse);
    let allowed = choice.and_then(|it| it.get("allowed_tools").map(str::to_owned));
    let mode = allowed.and_then(|it| Object::parse(&it)?.text("mode"));
    mode.as_deref() == Some("auto")
}

/// The tool that stands for a format; none if the format says nothing of JSON, or names a schema and
/// has none.
fn tool(format: &Object<'_>) -> Option<String> {
    let named = format.get("json_schema").and_then(Object::parse);
    let mut description = DESCRIPTION.to_owned();
    let parameters = match format.text("type")?.as_str() {
        "json_object" => {
            json!({"type": "object", "properties": {}, "additionalProperties": true}).to_string()
        }
        "json_schema" => {
            let named = named?;
            if let Some(more) = named.text("description") {
                description = format!("{description} {more}");
            }
            let mut schema = Object::parse(named.get("schema")?)?;
            if !schema.has("type") {
                schema.put("type", "object");
            }
            schema.write()
        }
        _ => return None,
    };
    let mut function = Object::default();
    function.put("name", JSON_TOOL);
    function.put("description", description);
    function.set("parameters", parameters);
    let mut tool = Object::default();
    tool.put("type", "function");
    tool.set("function", function.write());
    Some(tool.write())
}

/// The client's tools, as they are sent, with one more.
pub fn with(tools: Option<&str>, tool: String) -> String {
    let mut all: Vec<&str> = tools.and_then(items).unwrap_or_default();
    all.push(&tool);
    list(&all)
}

/// The answer of a whole message: the arguments of the call that stands for it, whatever is said
/// beside it. True if there was such a call.
pub fn whole(message: &mut Object<'_>) -> bool {
    let Some(raw) = message.get("tool_calls").map(str::to_owned) else {
        return false;
    };
    let calls = items(&raw).unwrap_or_default();
    let (ours, others): (Vec<&str>, Vec<&str>) = calls.into_iter().partition(|it| is_ours(it));
    let Some(said) = ours.first().and_then(|it| arguments(it)) else {
        return false;
    };
    message.set("content", said);
    if others.is_empty() {
        message.take("tool_calls");
    } else {
        message.set("tool_calls", list(&others));
    }
    true
}

fn is_ours(call: &str) -> bool {
    let function = Object::parse(call).and_then(|it| it.value("function"));
    function.is_some_and(|it| it["name"] == JSON_TOOL)
}

/// A call's arguments, a raw string.
fn arguments(call: &str) -> Option<String> {
    let call = Object::parse(call)?;
    let function = call.get("function").and_then(Object::parse)?;
    function.get("arguments").map(str::to_owned)
}

/// A delta in which the call that stands for the answer is text. Other text waits: it is the answer
/// only if no such call comes.
pub fn delta(delta: &mut Object<'_>, progress: &mut Progress, last: bool) {
    if let Some(raw) = delta.take("content") {
        progress.held.push_str(inner(&raw));
    }
    let mut said = String::new();
    if let Some(raw) = delta.take("tool_calls") {
        let mut others = Vec::new();
        for raw in items(&raw).into_iter().flatten() {
            piece(raw, progress, &mut said, &mut others);
        }
        if !others.is_empty() {
            delta.set("tool_calls", list(&others));
        }
    }
    if !said.is_empty() {
        delta.set("content", format!("\"{said}\""));
    }
    if last {
        let_go(delta, progress);
    }
}

/// A piece of a call: of the answer, or of a call of the client's, whose number has to leave the
/// answer out. A second answer is none.
fn piece(raw: &str, progress: &Progress, said: &mut String, others: &mut Vec<String>) {
    let Some(mut call) = Object::parse(raw) else {
        return;
    };
    let at = call.count("index").unwrap_or_default() as usize;
    let before = progress.tools.iter().take(at);
    let before = before.filter(|it| it.is_of(JSON_TOOL)).count();
    let ours = progress.tools.get(at).is_some_and(|it| it.is_of(JSON_TOOL));
    if !ours {
        if before > 0 {
            call.put("index", at - before);
        }
        others.push(call.rewritten().unwrap_or_else(|| raw.to_owned()));
    } else if before == 0 {
        let arguments = arguments(raw).unwrap_or_default();
        said.push_str(inner(&arguments));
    }
}

/// Text that waited for an answer by call which did not come.
pub fn let_go(delta: &mut Object<'_>, progress: &mut Progress) {
    let held = std::mem::take(&mut progress.held);
    if !held.is_empty() && !answered(progress) {
        delta.set("content", format!("\"{held}\""));
    }
}

fn answered(progress: &Progress) -> bool {
    progress.tools.iter().any(|it| it.is_of(JSON_TOOL))
}

/// Whether a choice of a stream holds calls of the client's own tools.
pub fn calls(progress: &Progress, json_tool: bool) -> bool {
    let mut calls = progress.tools.iter();
    calls.any(|it| !json_tool || !it.is_of(JSON_TOOL))
}

/// An answer that is said ended by itself, not in order to have a tool called.
pub fn reason(choice: &mut Object<'_>, calls: bool) {
    if !calls && choice.text("finish_reason").as_deref() == Some("tool_calls") {
        choice.put("finish_reason", "stop");
    }
}

/// A raw string without its quotes. Pieces are put together so, because one may end within a letter.
fn inner(raw: &str) -> &str {
    let inner = raw.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
    inner.unwrap_or_default()
}
