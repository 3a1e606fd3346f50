//! Messages and tools, where a provider takes less than OpenAI, or the history holds what only
//! this gateway or another provider wrote. Each edit looks for its word in the text first, so a
//! conversation that needs none is not parsed.

use sluice_sdk::serde_json::json;

use crate::object::{Object, items, list};
use crate::row::Row;

/// What other providers and the gateway itself leave in assistant messages.
const REASONING: [&str; 3] = ["reasoning_content", "reasoning", "reasoning_details"];

/// The messages as this provider takes them, if they change.
pub fn messages(row: &Row, raw: &str) -> Option<String> {
    let has = |word: &str| raw.contains(&format!("\"{word}\""));
    let touched = (has("developer") && !row.developer)
        || (has("cache_control") && !row.cache_control)
        || (has("name") && row.message_name.is_some())
        || ((has("tool_call_id") || has("tool_calls")) && row.tool_call_ids.is_some())
        || has("thinking_blocks")
        || has("provider_specific_fields")
        || REASONING.iter().any(|word| has(word))
        || row.text_only;
    if !touched {
        return None;
    }
    let mut changed = false;
    let edited: Vec<String> = items(raw)?
        .into_iter()
        .map(|raw| match edited(row, raw) {
            Some(text) => {
                changed = true;
                text
            }
            None => raw.to_owned(),
        })
        .collect();
    changed.then(|| list(&edited))
}

fn edited(row: &Row, raw: &str) -> Option<String> {
    let mut message = Object::parse(raw)?;
    let role = message.text("role").unwrap_or_default();
    if role == "developer" && !row.developer {
        message.put("role", "system");
    }
    if row.message_name.is_some() && role != "tool" {
        message.take("name");
    }
    if !row.cache_control {
        message.take("cache_control");
        if let Some(content) = message
            .get("content")
            .and_then(|it| without(it, "cache_control"))
        {
            message.set("content", content);
        }
    }
    if role == "assistant" {
        history(row, &mut message);
    }
    message.take("provider_specific_fields");
    if let Some(calls) = message.get("tool_calls").and_then(|it| tool_calls(row, it)) {
        message.set("tool_calls", calls);
    }
    if row.tool_call_ids.is_some() {
        let id = message.text("tool_call_id").and_then(|it| short_id(&it));
        if let Some(id) = id {
            message.put("tool_call_id", id);
        }
    }
    if let Some(text) = message
        .get("content")
        .filter(|_| row.text_only)
        .and_then(joined)
    {
        message.put("content", text);
    }
    message.rewritten()
}

/// Reasoning, under the name that the provider takes it back.
fn history(row: &Row, message: &mut Object<'_>) {
    message.take("thinking_blocks");
    match row.history.as_deref() {
        Some("keep") => {}
        Some("reasoning") => {
            message.take("reasoning_details");
            under_reasoning(message);
        }
        Some("details") => under_reasoning(message),
        Some("thinking-parts") => {
            let own = message.text("reasoning_content");
            REASONING.iter().for_each(|name| drop(message.take(name)));
            if let Some(reasoning) = own.filter(|it| !it.is_empty()) {
                thinking_part(message, &reasoning);
            }
        }
        _ => REASONING.iter().for_each(|name| drop(message.take(name))),
    }
}

fn under_reasoning(message: &mut Object<'_>) {
    let ours = message.take("reasoning_content");
    if let Some(ours) = ours.filter(|_| message.get("reasoning").is_none()) {
        message.set("reasoning", ours);
    }
}

/// Mistral's form: the content as parts, thinking first.
fn thinking_part(message: &mut Object<'_>, reasoning: &str) {
    let thinking = json!({"type": "thinking", "thinking": [{"type": "text", "text": reasoning}]});
    let mut parts = vec![thinking.to_string()];
    match message.get("content") {
        Some(content) if content.starts_with('[') => {
            parts.extend(items(content).into_iter().flatten().map(str::to_owned));
        }
        Some(content) => parts.push(format!("{{\"type\":\"text\",\"text\":{content}}}")),
        None => {}
    }
    let parts = list(&parts);
    message.set("content", parts);
}

/// Tool calls without members of other providers, and with ids that are accepted.
fn tool_calls(row: &Row, raw: &str) -> Option<String> {
    let mut changed = false;
    let calls: Vec<String> = items(raw)?
        .into_iter()
        .map(|raw| {
            let Some(mut call) = Object::parse(raw) else {
                return raw.to_owned();
            };
            call.take("provider_specific_fields");
            if !row.cache_control {
                call.take("cache_control");
            }
            let id = call.text("id").filter(|_| row.tool_call_ids.is_some());
            if let Some(id) = id.and_then(|it| short_id(&it)) {
                call.put("id", id);
            }
            call.rewritten()
                .inspect(|_| changed = true)
                .unwrap_or_else(|| raw.to_owned())
        })
        .collect();
    changed.then(|| list(&calls))
}

/// Nine letters and digits from any id; none if it is of that form already.
fn short_id(id: &str) -> Option<String> {
    if id.len() == 9 && id.bytes().all(|it| it.is_ascii_alphanumeric()) {
        return None;
    }
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    // FNV-1a: the same id gives the same hash on the call and on its result.
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let mut hash = id.bytes().fold(0xcbf2_9ce4_8422_2325, step);
    let mut out = String::with_capacity(9);
    for _ in 0..9 {
        let digit = DIGITS.get((hash % 36) as usize).copied().unwrap_or(b'0');
        out.push(char::from(digit));
        hash /= 36;
    }
    Some(out)
}

/// A list of objects without the member `name`, if one has it.
fn without(raw: &str, name: &str) -> Option<String> {
    if !raw.starts_with('[') || !raw.contains(name) {
        return None;
    }
    let strip = |raw: &str| {
        let mut part = Object::parse(raw)?;
        part.take(name);
        part.rewritten()
    };
    let parts = items(raw)?.into_iter();
    let parts: Vec<String> = parts
        .map(|raw| strip(raw).unwrap_or_else(|| raw.to_owned()))
        .collect();
    Some(list(&parts))
}

/// A list of text parts as one text; none if it holds anything else.
fn joined(raw: &str) -> Option<String> {
    let mut texts = Vec::new();
    for part in items(raw)? {
        let part = Object::parse(part)?;
        texts.push(
            part.text("text")
                .filter(|_| part.text("type").as_deref() == Some("text"))?,
        );
    }
    Some(texts.join("\n"))
}

/// The tools as this provider takes them, if they change.
pub fn tools(row: &Row, raw: &str) -> Option<String> {
    let strict = row.strict.as_deref() == Some("drop") && raw.contains("\"strict\"");
    let cached = !row.cache_control && raw.contains("\"cache_control\"");
    if !strict && !cached {
        return None;
    }
    let edit = |raw: &str| {
        let mut tool = Object::parse(raw)?;
        if cached {
            tool.take("cache_control");
        }
        if let Some(function) = tool
            .get("function")
            .and_then(|it| edited_function(it, strict, cached))
        {
            tool.set("function", function);
        }
        tool.rewritten()
    };
    let tools: Vec<String> = items(raw)?
        .into_iter()
        .map(|raw| edit(raw).unwrap_or_else(|| raw.to_owned()))
        .collect();
    Some(list(&tools))
}

fn edited_function(raw: &str, strict: bool, cached: bool) -> Option<String> {
    let mut function = Object::parse(raw)?;
    if strict {
        function.take("strict");
    }
    if cached {
        function.take("cache_control");
    }
    function.rewritten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(json: &str) -> Row {
        sluice_sdk::serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_history_without_oddities_is_left_alone() {
        let raw = r#"[{"role":"user","content":"the developer said \"name\""}]"#;
        assert_eq!(messages(&row("{}"), raw), None);
    }

    #[test]
    fn developers_are_systems_and_foreign_reasoning_goes() {
        let raw = r#"[{"role":"developer","content":"x"},{"role":"assistant","content":"y","reasoning_content":"z","thinking_blocks":[]}]"#;
        let want = r#"[{"role":"system","content":"x"},{"role":"assistant","content":"y"}]"#;
        assert_eq!(messages(&row("{}"), raw).as_deref(), Some(want));
    }

    #[test]
    fn reasoning_goes_back_under_the_providers_name() {
        let raw = r#"[{"role":"assistant","content":"y","reasoning_content":"z"}]"#;
        for (history, want) in [
            (
                "reasoning",
                r#"[{"role":"assistant","content":"y","reasoning":"z"}]"#,
            ),
            (
                "thinking-parts",
                r#"[{"role":"assistant","content":[{"type":"thinking","thinking":[{"type":"text","text":"z"}]},{"type":"text","text":"y"}]}]"#,
            ),
        ] {
            let row = row(&format!(r#"{{"history":"{history}"}}"#));
            assert_eq!(messages(&row, raw).as_deref(), Some(want));
        }
        assert_eq!(messages(&row(r#"{"history":"keep"}"#), raw), None);
    }

    #[test]
    fn a_call_and_its_result_get_the_same_short_id() {
        let raw = r#"[{"role":"assistant","tool_calls":[{"id":"call_abc","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"call_abc","content":"1"}]"#;
        let out = messages(&row(r#"{"tool_call_ids":"alphanumeric-9"}"#), raw).unwrap();
        let id = short_id("call_abc").unwrap();
        assert_eq!(id.len(), 9);
        assert_eq!(out.matches(&id).count(), 2);
        assert_eq!(short_id("abcDEF123"), None);
    }

    #[test]
    fn lists_of_texts_become_one_text_where_lists_are_not_taken() {
        let raw = r#"[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}]"#;
        let want = r#"[{"role":"user","content":"a\nb"}]"#;
        assert_eq!(
            messages(&row(r#"{"text_only":true}"#), raw).as_deref(),
            Some(want)
        );
        let image = r#"[{"role":"user","content":[{"type":"image_url","image_url":{}}]}]"#;
        assert_eq!(messages(&row(r#"{"text_only":true}"#), image), None);
    }

    #[test]
    fn marks_for_a_cache_go_where_no_provider_knows_them() {
        let mark = r#""cache_control":{"type":"ephemeral"}"#;
        let raw = format!(
            r#"[{{"role":"user",{mark},"content":[{{"type":"text","text":"x",{mark}}}]}},{{"role":"assistant","tool_calls":[{{"id":"c",{mark}}}]}}]"#
        );
        let want = r#"[{"role":"user","content":[{"type":"text","text":"x"}]},{"role":"assistant","tool_calls":[{"id":"c"}]}]"#;
        assert_eq!(messages(&row("{}"), &raw).as_deref(), Some(want));
        assert_eq!(messages(&row(r#"{"cache_control":true}"#), &raw), None);
    }

    #[test]
    fn tools_lose_what_is_not_taken() {
        let raw =
            r#"[{"type":"function","cache_control":{},"function":{"name":"f","strict":true}}]"#;
        let want = r#"[{"type":"function","function":{"name":"f"}}]"#;
        assert_eq!(
            tools(&row(r#"{"strict":"drop"}"#), raw).as_deref(),
            Some(want)
        );
    }
}
