//! The texts of a request or an answer, as guardrails see them, and their edits put back.

use bytes::Bytes;
use serde_json::Value;
use sluice_engine::contract;
use sluice_spans as spans;

/// Which way a document goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    In,
    Out,
}

/// A document that is looked at.
#[derive(Debug)]
pub struct Texts {
    operation: &'static str,
    way: Way,
    content: Content,
    changed: bool,
}

#[derive(Debug)]
enum Content {
    Json(Value, Vec<spans::Span>),
    /// Text of no shape: a transcript, lines of JSON.
    Plain(String),
}

impl Texts {
    /// None: it is neither JSON nor text, so that nobody can look at it.
    pub fn of(operation: &'static str, way: Way, body: &[u8]) -> Option<Self> {
        let content = match serde_json::from_slice::<Value>(body) {
            Ok(document) => Content::read(operation, way, document),
            Err(_) => Content::Plain(std::str::from_utf8(body).ok()?.to_owned()),
        };
        Some(Self {
            operation,
            way,
            content,
            changed: false,
        })
    }

    /// The texts, in the contract's words.
    pub fn spans(&self) -> Vec<contract::Span> {
        match &self.content {
            Content::Json(_, spans) => spans.iter().map(told).collect(),
            Content::Plain(text) if text.is_empty() => Vec::new(),
            Content::Plain(text) => vec![contract::Span {
                role: match self.way {
                    Way::In => spans::role::INPUT,
                    Way::Out => spans::role::OUTPUT,
                }
                .to_owned(),
                channel: spans::channel::TEXT.to_owned(),
                choice: 0,
                pointer: String::new(),
                text: text.clone(),
            }],
        }
    }

    /// The whole document.
    pub fn document(&self) -> String {
        match &self.content {
            Content::Json(document, _) => document.to_string(),
            Content::Plain(text) => Value::from(text.as_str()).to_string(),
        }
    }

    /// Puts edits back.
    ///
    /// # Errors
    /// They do not fit the texts; nothing is changed.
    pub fn edit(&mut self, edits: &[contract::Edit]) -> Result<(), String> {
        if edits.is_empty() {
            return Ok(());
        }
        match &mut self.content {
            Content::Json(document, spans) => {
                let edits: Vec<spans::Edit> = edits.iter().map(edit).collect();
                spans::apply(document, spans, &edits).map_err(|cause| cause.to_string())?;
                *spans = found(self.operation, self.way, document);
            }
            Content::Plain(text) => match edits {
                [only] if only.span == 0 => only.text.clone_into(text),
                _ => return Err("it edits a text that is not there".to_owned()),
            },
        }
        self.changed = true;
        Ok(())
    }

    /// Puts another document in its place, which keeps these members of the old one.
    ///
    /// # Errors
    /// It is no object, or was none.
    pub fn replace(&mut self, document: &str, keep: &[&str]) -> Result<(), String> {
        let Content::Json(Value::Object(old), _) = &self.content else {
            return Err("it replaces what is no JSON object".to_owned());
        };
        let read = serde_json::from_str(document);
        let Ok(Value::Object(mut new)) = read else {
            return Err("it gives a document that is no JSON object".to_owned());
        };
        for name in keep {
            match old.get(*name) {
                Some(value) => drop(new.insert((*name).to_owned(), value.clone())),
                None => drop(new.shift_remove(*name)),
            }
        }
        self.content = Content::read(self.operation, self.way, new.into());
        self.changed = true;
        Ok(())
    }

    /// What it has become; None: it is as it was.
    pub fn changed(self) -> Option<Bytes> {
        self.changed.then(|| match self.content {
            Content::Json(document, _) => Bytes::from(document.to_string()),
            Content::Plain(text) => Bytes::from(text),
        })
    }
}

impl Content {
    fn read(operation: &'static str, way: Way, document: Value) -> Self {
        let spans = found(operation, way, &document);
        Self::Json(document, spans)
    }
}

fn found(operation: &'static str, way: Way, document: &Value) -> Vec<spans::Span> {
    let mut found = match way {
        Way::In => spans::request(operation, document),
        Way::Out => spans::answer(operation, document),
    };
    // There is nothing in it to look at, and it may stand a thousand times.
    found.retain(|it| !it.text.is_empty());
    found
}

fn told(span: &spans::Span) -> contract::Span {
    contract::Span {
        role: span.role.to_owned(),
        channel: span.channel.to_owned(),
        choice: span.choice,
        pointer: span.pointer.clone(),
        text: span.text.clone(),
    }
}

fn edit(edit: &contract::Edit) -> spans::Edit {
    spans::Edit {
        span: usize::try_from(edit.span).unwrap_or(usize::MAX),
        text: edit.text.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(span: u32, text: &str) -> contract::Edit {
        contract::Edit {
            span,
            text: text.to_owned(),
        }
    }

    #[test]
    fn an_edit_is_put_back_where_its_text_was_and_nothing_else_changes() {
        let body =
            br#"{"model":"m","x":[1,2.5],"messages":[{"role":"user","content":"I am Ada"}]}"#;
        let mut texts = Texts::of("chat", Way::In, body).unwrap();
        assert_eq!(texts.spans()[0].text, "I am Ada");
        assert!(texts.edit(&[change(9, "x")]).is_err());
        texts.edit(&[change(0, "I am <N>")]).unwrap();
        assert_eq!(texts.spans()[0].text, "I am <N>");
        let new = texts.changed().unwrap();
        let want =
            br#"{"model":"m","x":[1,2.5],"messages":[{"role":"user","content":"I am <N>"}]}"#;
        assert_eq!(new, want.as_slice());
    }

    #[test]
    fn text_without_a_shape_is_one_span_and_bytes_are_none() {
        let mut texts = Texts::of("audio.transcribe", Way::Out, b"hello Ada").unwrap();
        assert_eq!(texts.spans()[0].role, "output");
        texts.edit(&[change(0, "hello")]).unwrap();
        assert_eq!(texts.changed().unwrap(), "hello");
        assert!(Texts::of("audio.speech", Way::Out, &[0xff, 0xfe]).is_none());
    }

    #[test]
    fn a_new_document_keeps_what_the_gateway_has_acted_on() {
        let body = br#"{"model":"m","stream":true,"messages":[]}"#;
        let mut texts = Texts::of("chat", Way::In, body).unwrap();
        let new = r#"{"model":"other","messages":[{"role":"user","content":"hi"}],"n":5}"#;
        texts.replace(new, &["model", "stream", "n"]).unwrap();
        let new: Value = serde_json::from_slice(&texts.changed().unwrap()).unwrap();
        assert_eq!((&new["model"], &new["stream"]), (&"m".into(), &true.into()));
        assert!(new.get("n").is_none() && new["messages"][0]["content"] == "hi");
    }
}
