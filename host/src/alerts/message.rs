//! A message, as Slack and what speaks like it take it.

use bytes::Bytes;
use serde_json::json;

use super::Kind;

/// Longest text of a message, in bytes: Slack cuts at 40,000 characters.
const LONGEST: usize = 4000;

/// What people read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// `Low`, `Medium` or `High`.
    pub level: &'static str,
    pub title: String,
    pub text: String,
}

impl Message {
    /// The body of the request.
    pub fn body(&self, kind: Kind) -> Bytes {
        let text = self.text.get(..self.text.floor_char_boundary(LONGEST));
        let text = plain(text.unwrap_or(&self.text));
        let text = format!(
            "*{}*\nLevel: `{}`\nAlert: `{}`\n{text}",
            plain(&self.title),
            self.level,
            kind.as_str()
        );
        Bytes::from(json!({ "text": text }).to_string())
    }
}

/// Slack reads these three as its own; a model's name must not call everybody in a channel.
fn plain(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_out_of_a_request_calls_nobody() {
        let message = Message {
            level: "High",
            title: "Calls fail".into(),
            text: "model `<!channel>` & more".into(),
        };
        let body: serde_json::Value = serde_json::from_slice(&message.body(Kind::Slow)).unwrap();
        let text = body["text"].as_str().unwrap();
        assert!(text.contains("`&lt;!channel&gt;` &amp; more"), "{text}");
        assert!(text.starts_with("*Calls fail*\nLevel: `High`\nAlert: `llm_too_slow`"));
    }

    #[test]
    fn a_long_text_is_cut_between_letters() {
        let message = Message {
            level: "Low",
            title: String::new(),
            text: "é".repeat(LONGEST),
        };
        let body = message.body(Kind::Slow);
        assert!(body.len() < LONGEST + 200);
        assert!(serde_json::from_slice::<serde_json::Value>(&body).is_ok());
    }
}
