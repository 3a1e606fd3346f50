//! A message, or a delta of one, in canonical form: text as text, reasoning under
//! `reasoning_content` (and where it was), tool calls complete.

use serde::{Deserialize, Serialize};
use sluice_sdk::serde_json::json;

use crate::object::{Object, items, quoted, says_nothing, text};
use crate::think::Think;
use crate::tools::{self, Seen};

/// One choice of a stream so far; a whole message begins a new one.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    pub index: u64,
    /// A delta with the role went out.
    #[serde(skip_serializing_if = "is_false")]
    pub begun: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub finished: bool,
    /// The last reason was an empty text.
    #[serde(skip_serializing_if = "is_false")]
    pub blank: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<Seen>,
    /// Text that is the answer if no call stands for it: the inside of a raw string.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub held: String,
    pub think: Think,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

/// A whole message.
pub fn whole(message: &mut Object<'_>, think_tags: bool, salt: &str) {
    let mut progress = Progress::default();
    if message.text("role").is_none_or(|role| role.is_empty()) {
        message.put("role", "assistant");
    }
    content(message, think_tags.then_some(&mut progress.think));
    if think_tags {
        let (reasoning, text) = progress.think.finish();
        append(message, "reasoning_content", &reasoning);
        append(message, "content", &text);
    }
    reasoning(message);
    if let Some(raw) = message.get("tool_calls").map(str::to_owned) {
        match tools::whole(&raw, salt) {
            Some(calls) if calls != raw => message.set("tool_calls", calls),
            Some(_) => {}
            None => drop(message.take("tool_calls")),
        }
    } else if message.has("tool_calls") {
        message.take("tool_calls");
    }
    if !message.has("content") {
        message.set("content", "null");
    }
}

/// A delta. What it does not say is taken out; an empty one is left if nothing remains.
pub fn delta(delta: &mut Object<'_>, progress: &mut Progress, think_tags: bool, salt: &str) {
    delta.retain(|name, raw| raw != "null" && name != "role");
    content(delta, think_tags.then_some(&mut progress.think));
    reasoning(delta);
    if let Some(raw) = delta.get("tool_calls").map(str::to_owned) {
        match tools::pieces(&raw, &mut progress.tools, salt) {
            Some(calls) if calls != raw => delta.set("tool_calls", calls),
            Some(_) => {}
            None => drop(delta.take("tool_calls")),
        }
    }
}

/// Content that is a list of parts, an object, or begins with a think tag.
fn content(message: &mut Object<'_>, think: Option<&mut Think>) {
    let Some(raw) = message.get("content").map(str::to_owned) else {
        return;
    };
    if raw.starts_with('"') {
        // Half of a letter beyond 16 bits cannot be read, but its bytes go on, and the client joins
        // them with the other half.
        if let (Some(think), Some(said)) = (think, text(&raw)) {
            let (reasoning, answer) = think.feed(&said);
            append(message, "reasoning_content", &reasoning);
            if answer != said {
                message.put("content", answer);
            }
        }
    } else if let Some(parts) = items(&raw) {
        let parts = Parts::read(&parts);
        message.put("content", parts.text);
        append(message, "reasoning_content", &parts.reasoning);
        if let Some(signature) = parts.signature {
            let block =
                json!([{"type": "thinking", "thinking": parts.reasoning, "signature": signature}]);
            message.set("thinking_blocks", block.to_string());
        }
        if !parts.others.is_empty() {
            let fields = message.get("provider_specific_fields").map(str::to_owned);
            let mut fields = fields
                .as_deref()
                .and_then(Object::parse)
                .unwrap_or_default();
            fields.set("content_parts", crate::object::list(&parts.others));
            let fields = fields.write();
            message.set("provider_specific_fields", fields);
        }
    } else {
        // JSON mode of some upstreams: the document itself instead of its text.
        let text = quoted(&raw);
        message.set("content", text);
    }
}

/// A list of content parts, by kind.
#[derive(Default)]
struct Parts {
    text: String,
    reasoning: String,
    signature: Option<String>,
    others: Vec<String>,
}

impl Parts {
    fn read(raw: &[&str]) -> Self {
        let mut parts = Self::default();
        for raw in raw {
            match Object::parse(raw) {
                Some(part) => parts.push(&part, raw),
                None => parts.text.push_str(&text(raw).unwrap_or_default()),
            }
        }
        parts
    }

    fn push(&mut self, part: &Object<'_>, raw: &str) {
        match part.text("type").as_deref() {
            Some("text" | "output_text") => {
                self.text.push_str(&part.text("text").unwrap_or_default())
            }
            // Mistral: a list of texts. Databricks: a list of summaries.
            Some("thinking") => self.reason(part, "thinking"),
            Some("reasoning") => self.reason(part, "summary"),
            _ => self.others.push((*raw).to_owned()),
        }
    }

    fn reason(&mut self, part: &Object<'_>, name: &str) {
        let said = part.text(name).or_else(|| part.text("text"));
        self.reasoning.push_str(&said.unwrap_or_default());
        self.signature = part.text("signature").or(self.signature.take());
        for inner in part.get(name).and_then(items).into_iter().flatten() {
            let inner = Object::parse(inner).unwrap_or_default();
            self.reasoning
                .push_str(&inner.text("text").unwrap_or_default());
            self.signature = inner.text("signature").or(self.signature.take());
        }
    }
}

/// `reasoning_content` from where the provider has it.
fn reasoning(message: &mut Object<'_>) {
    if message
        .get("reasoning_content")
        .is_some_and(|raw| !says_nothing(raw))
    {
        return;
    }
    let named = message.get("reasoning").filter(|raw| raw.len() > 2);
    let said = named
        .filter(|raw| raw.starts_with('"'))
        .map(str::to_owned)
        .or_else(|| details(message.get("reasoning_details")?));
    if let Some(said) = said {
        message.set("reasoning_content", said);
    }
}

/// The text of OpenRouter's list of reasoning details, as a raw string.
fn details(raw: &str) -> Option<String> {
    let texts = items(raw)?.into_iter().filter_map(Object::parse);
    let texts = texts.filter_map(|it| it.text("text").or_else(|| it.text("summary")));
    let said: String = texts.collect();
    (!said.is_empty()).then(|| quoted(&said))
}

fn append(message: &mut Object<'_>, name: &str, more: &str) {
    if !more.is_empty() {
        let known = message.text(name).unwrap_or_default();
        message.put(name, known + more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(raw: &str) -> String {
        let mut message = Object::parse(raw).unwrap();
        whole(&mut message, false, "s");
        message.write()
    }

    #[test]
    fn reasoning_is_found_under_every_name() {
        let want = r#""reasoning_content":"why""#;
        for raw in [
            r#"{"role":"assistant","content":"x","reasoning_content":"why"}"#,
            r#"{"role":"assistant","content":"x","reasoning":"why"}"#,
            r#"{"role":"assistant","content":"x","reasoning":null,"reasoning_details":[{"type":"reasoning.text","text":"wh"},{"type":"reasoning.summary","summary":"y"}]}"#,
            r#"{"role":"assistant","content":[{"type":"thinking","thinking":[{"type":"text","text":"why"}],"closed":true},{"type":"text","text":"x"}]}"#,
            r#"{"role":"assistant","content":[{"type":"reasoning","summary":[{"type":"summary_text","text":"why"}]},{"type":"text","text":"x"}]}"#,
        ] {
            let out = of(raw);
            assert!(
                out.contains(want) && out.contains(r#""content":"x""#),
                "{out}"
            );
        }
    }

    #[test]
    fn a_signature_makes_a_thinking_block() {
        let out = of(
            r#"{"content":[{"type":"reasoning","summary":[{"type":"summary_text","text":"a","signature":"S"}]}]}"#,
        );
        assert!(
            out.contains(
                r#""thinking_blocks":[{"type":"thinking","thinking":"a","signature":"S"}]"#
            ),
            "{out}"
        );
    }

    #[test]
    fn parts_nobody_knows_are_kept_beside_the_text() {
        let out = of(
            r#"{"content":[{"type":"text","text":"x"},{"type":"reference","reference_ids":[1]}]}"#,
        );
        assert!(out.contains(r#""provider_specific_fields":{"content_parts":[{"type":"reference","reference_ids":[1]}]}"#), "{out}");
    }

    #[test]
    fn a_document_as_content_becomes_its_text() {
        let out = of(r#"{"role":"assistant","content":{"age":32},"tool_calls":[]}"#);
        assert_eq!(out, r#"{"role":"assistant","content":"{\"age\":32}"}"#);
    }

    #[test]
    fn half_a_letter_is_passed_on_as_it_came() {
        let raw = r#"{"role":"assistant","content":"\ud83d"}"#;
        assert_eq!(of(raw), raw);
        let raw = r#"{"role":"assistant","reasoning":"\ud83d","content":"x"}"#;
        assert!(of(raw).contains(r#""reasoning_content":"\ud83d""#));
    }

    #[test]
    fn a_clean_message_is_not_touched() {
        let raw = r#"{"role":"assistant","content":"x","refusal":null}"#;
        let mut message = Object::parse(raw).unwrap();
        whole(&mut message, false, "s");
        assert_eq!(message.rewritten(), None);
    }
}
