//! The order of events in each dialect, as the recordings show it. The same rules judge recorded
//! streams and ours, so they are neither too strict nor of our own making.

use sluice_sdk::serde_json::Value;

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Judges the events of a Messages stream.
pub fn messages(events: &[Value]) -> Result<(), String> {
    let events: Vec<&Value> = events.iter().filter(|it| it["type"] != "ping").collect();
    let kinds: Vec<&str> = events.iter().map(|it| text(it, "type")).collect();
    let [first, middle @ .., before, last] = events.as_slice() else {
        return Err(format!("too short: {kinds:?}"));
    };
    if text(first, "type") != "message_start" || text(last, "type") != "message_stop" {
        return Err(format!("begins or ends otherwise: {kinds:?}"));
    }
    if text(before, "type") != "message_delta" || !before["delta"]["stop_reason"].is_string() {
        return Err("no reason before the end".into());
    }
    let (mut next, mut open) = (0, None);
    for event in middle {
        let index = event["index"].as_u64();
        match (text(event, "type"), open) {
            ("content_block_start", None) if index == Some(next) => {
                open = Some(text(&event["content_block"], "type"))
            }
            ("content_block_delta", Some(block)) if index == Some(next) => {
                let fits = match text(&event["delta"], "type") {
                    "text_delta" | "citations_delta" => block == "text",
                    "thinking_delta" | "signature_delta" => block == "thinking",
                    "input_json_delta" => block.ends_with("tool_use"),
                    "compaction_delta" => block == "compaction",
                    _ => false,
                };
                if !fits {
                    return Err(format!("{event} in a block of {block}"));
                }
            }
            ("content_block_stop", Some(_)) if index == Some(next) => {
                open = None;
                next += 1;
            }
            _ => return Err(format!("{event} where {next} is {open:?}")),
        }
    }
    match open {
        Some(open) => Err(format!("{open} is never stopped")),
        None => Ok(()),
    }
}

/// Judges the events of a response.
pub fn responses(events: &[Value]) -> Result<(), String> {
    for (at, event) in events.iter().enumerate() {
        if event["sequence_number"] != at {
            return Err(format!("{event} is number {at}"));
        }
    }
    let kinds: Vec<&str> = events.iter().map(|it| text(it, "type")).collect();
    let [first, second, middle @ .., last] = events else {
        return Err(format!("too short: {kinds:?}"));
    };
    if text(first, "type") != "response.created" || text(second, "type") != "response.in_progress" {
        return Err(format!("begins otherwise: {kinds:?}"));
    }
    let ends = [
        "response.completed",
        "response.incomplete",
        "response.failed",
    ];
    if !ends.contains(&text(last, "type")) {
        return Err(format!("ends otherwise: {kinds:?}"));
    }
    let mut items = Items::default();
    for event in middle {
        items.take(event).map_err(|why| format!("{why}: {event}"))?;
    }
    match items.open {
        Some(open) if text(last, "type") != "response.failed" => {
            Err(format!("{open} is never done"))
        }
        _ => Ok(()),
    }
}

#[derive(Default)]
struct Items {
    next: u64,
    open: Option<Value>,
    /// The part that is open, and the next one's index.
    part: Option<String>,
    next_part: u64,
    /// What the part, or the item, was said to be: nothing comes after it.
    said: bool,
}

impl Items {
    fn take(&mut self, event: &Value) -> Result<(), &'static str> {
        if event["output_index"] != self.next {
            return Err("is of another item");
        }
        let kind = text(event, "type")
            .strip_prefix("response.")
            .unwrap_or_default();
        let Some(open) = &self.open else {
            if kind != "output_item.added" {
                return Err("is of no item");
            }
            let status = event["item"].get("status");
            if status.is_some_and(|it| it != "in_progress") {
                return Err("begins with another status");
            }
            self.open = Some(event["item"].clone());
            (self.part, self.next_part, self.said) = (None, 0, false);
            return Ok(());
        };
        let item = text(open, "type");
        if kind == "output_item.done" {
            if self.part.is_some() || event["item"]["id"] != open["id"] {
                return Err("ends something else");
            }
            self.open = None;
            self.next += 1;
            return Ok(());
        }
        if event["item_id"] != open["id"] {
            return Err("has another item's id");
        }
        match (item, kind) {
            ("message", "content_part.added") | ("reasoning", "reasoning_summary_part.added") => {
                let index = event.get("content_index").or(event.get("summary_index"));
                if self.part.is_some() || index != Some(&self.next_part.into()) {
                    return Err("begins a part in a part");
                }
                self.part = Some(text(&event["part"], "type").to_owned());
                self.said = false;
            }
            ("message", "content_part.done") | ("reasoning", "reasoning_summary_part.done") => {
                if !self.said || self.part.take().as_deref() != event["part"]["type"].as_str() {
                    return Err("ends another part");
                }
                self.next_part += 1;
            }
            ("message" | "reasoning", _) => {
                let fits = match kind {
                    "output_text.delta" | "output_text.done" | "output_text.annotation.added" => {
                        "output_text"
                    }
                    "refusal.delta" | "refusal.done" => "refusal",
                    "reasoning_summary_text.delta" | "reasoning_summary_text.done" => {
                        "summary_text"
                    }
                    _ => return Err("is unknown"),
                };
                if self.part.as_deref() != Some(fits) {
                    return Err("is of another part");
                }
                self.say(kind)?;
            }
            ("function_call", "function_call_arguments.delta" | "function_call_arguments.done")
            | (
                "custom_tool_call",
                "custom_tool_call_input.delta" | "custom_tool_call_input.done",
            )
            | ("mcp_call", "mcp_call_arguments.delta" | "mcp_call_arguments.done") => {
                self.say(kind)?
            }
            _ if kind.starts_with(item) => {}
            _ => return Err("does not belong to its item"),
        }
        Ok(())
    }

    fn say(&mut self, kind: &str) -> Result<(), &'static str> {
        if self.said && !kind.ends_with("annotation.added") {
            return Err("comes after the whole");
        }
        self.said |= kind.ends_with(".done");
        Ok(())
    }
}

/// Judges the chunks of a `generateContent` stream.
pub fn google(chunks: &[Value]) -> Result<(), String> {
    let [.., last] = chunks else {
        return Err("nothing came".into());
    };
    let ended = |chunk: &Value| {
        list(&chunk["candidates"])
            .iter()
            .any(|it| it["finishReason"].is_string())
    };
    if !ended(last) || !last["usageMetadata"]["totalTokenCount"].is_u64() {
        return Err(format!("ends without reason or usage: {last}"));
    }
    for chunk in chunks {
        for candidate in list(&chunk["candidates"]) {
            let content = &candidate["content"];
            let empty = content.is_null()
                || content
                    .as_object()
                    .is_some_and(|it| !it.contains_key("parts"));
            if !empty && (content["role"] != "model" || !content["parts"].is_array()) {
                return Err(format!("is no content: {chunk}"));
            }
        }
    }
    Ok(())
}
