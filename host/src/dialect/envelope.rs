//! The members around an answer (`id`, `object`, `created`, `model`): filled in where they are
//! missing, `model` always as the client named it. The rest of the text is not touched.

use crate::domain::json::{self, JsonError, Member};

/// What the gateway knows of an answer from outside.
#[derive(Debug, Clone)]
pub struct Envelope {
    /// For answers that have none.
    pub id: String,
    /// `chat.completion`, `chat.completion.chunk`, `list`, ...; none: the shape has no `object`.
    pub object: Option<&'static str>,
    /// Seconds since 1970; none: the shape has no `created`.
    pub created: Option<u64>,
    /// As the client named it; none: the shape has no `model`.
    pub model: Option<String>,
}

/// Members of an answer that the gateway looks at.
#[derive(Debug, Default)]
pub struct Seen<'a> {
    pub usage: Option<&'a str>,
    pub choices: Option<&'a str>,
    pub error: Option<&'a str>,
    text: &'a str,
    members: Vec<Member<'a>>,
}

impl<'a> Seen<'a> {
    /// The raw value of any member that is not null.
    pub fn member(&self, name: &str) -> Option<&'a str> {
        value(self.text, &self.members, name).filter(|raw| *raw != "null")
    }
}

impl Envelope {
    /// `text`, an object, with the envelope's members; `usage` is taken out if `keep_usage` is
    /// false.
    pub fn complete(&self, text: &str, keep_usage: bool) -> Result<String, JsonError> {
        let members = json::members_lenient(text)?;
        Ok(self.write(text, &members, keep_usage))
    }

    /// As [`complete`](Self::complete), with what was seen on the way.
    pub fn complete_seeing<'a>(
        &self,
        text: &'a str,
        keep_usage: bool,
    ) -> Result<(String, Seen<'a>), JsonError> {
        let members = json::members_lenient(text)?;
        let written = self.write(text, &members, keep_usage);
        Ok((written, see(text, members)))
    }

    fn write(&self, text: &str, members: &[Member<'_>], keep_usage: bool) -> String {
        let mut out = String::with_capacity(text.len() + 128);
        out.push('{');
        let raw = |name: &str| value(text, members, name).filter(|raw| !is_empty(raw));
        match raw("id") {
            Some(id) => push(&mut out, "id", id),
            // Not every dialect has one.
            None if self.object != Some("list") && !self.id.is_empty() => {
                push_text(&mut out, "id", &self.id)
            }
            None => {}
        }
        match (raw("object"), self.object) {
            (Some(object), _) => push(&mut out, "object", object),
            (None, Some(object)) => push_text(&mut out, "object", object),
            (None, None) => {}
        }
        match (raw("created"), self.created) {
            (Some(created), _) => push(&mut out, "created", created),
            (None, Some(created)) => push(&mut out, "created", &created.to_string()),
            (None, None) => {}
        }
        match (&self.model, raw("model")) {
            (Some(model), _) => push_text(&mut out, "model", model),
            (None, Some(model)) => push(&mut out, "model", model),
            (None, None) => {}
        }
        for member in members {
            let done = matches!(member.name.as_ref(), "id" | "object" | "created" | "model");
            if done || (member.name == "usage" && !keep_usage) {
                continue;
            }
            let raw = text.get(member.value.clone()).unwrap_or("null");
            push(&mut out, &member.name, raw);
        }
        out.push('}');
        out
    }
}

fn see<'a>(text: &'a str, members: Vec<Member<'a>>) -> Seen<'a> {
    let raw = |name: &str| value(text, &members, name).filter(|raw| *raw != "null");
    Seen {
        usage: raw("usage"),
        choices: raw("choices"),
        error: raw("error"),
        text,
        members,
    }
}

fn value<'a>(text: &'a str, members: &[Member<'_>], name: &str) -> Option<&'a str> {
    let member = members.iter().find(|member| member.name == name)?;
    text.get(member.value.clone())
}

/// Some upstreams open a stream with empty names and a zero time (azure, copilot).
fn is_empty(raw: &str) -> bool {
    matches!(raw, "null" | "\"\"" | "0")
}

fn push(out: &mut String, name: &str, raw: &str) {
    if out.len() > 1 {
        out.push(',');
    }
    push_quoted(out, name);
    out.push(':');
    out.push_str(raw);
}

fn push_text(out: &mut String, name: &str, text: &str) {
    if out.len() > 1 {
        out.push(',');
    }
    push_quoted(out, name);
    out.push(':');
    push_quoted(out, text);
}

/// Appends `text` as a JSON string.
pub fn push_quoted(out: &mut String, text: &str) {
    let plain = text
        .bytes()
        .all(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\');
    if plain {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        out.push_str(&serde_json::Value::from(text).to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn envelope() -> Envelope {
        Envelope {
            id: "chatcmpl-1".into(),
            object: Some("chat.completion"),
            created: Some(7),
            model: Some("mine".into()),
        }
    }

    #[test]
    fn what_is_missing_is_filled_in_and_the_model_is_the_clients() {
        let out = envelope().complete(
            r#"{"id":"","model":"theirs","choices":[],"x":{"y":1}}"#,
            true,
        );
        let out: Value = serde_json::from_str(&out.unwrap()).unwrap();
        let want = json!({"id":"chatcmpl-1","object":"chat.completion","created":7,"model":"mine",
            "choices":[],"x":{"y":1}});
        assert_eq!(out, want);
    }

    #[test]
    fn usage_is_seen_and_taken_out() {
        let text = r#"{"id":"a","usage":{"prompt_tokens":1},"choices":[1]}"#;
        let (out, seen) = envelope().complete_seeing(text, false).unwrap();
        assert_eq!(seen.usage, Some(r#"{"prompt_tokens":1}"#));
        assert!(!out.contains("usage") && out.contains("\"choices\":[1]"));
    }
}
