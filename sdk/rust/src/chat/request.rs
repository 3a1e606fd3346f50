//! The canonical chat request.

use serde_json::{Map, Value};

use crate::{Error, fault, parse_body};

/// A chat request, in OpenAI's shape.
///
/// ```
/// use sluice_sdk::chat::ChatRequest;
///
/// let body = r#"{"model": "m", "max_tokens": 9, "brand_new": {"a": 1},
///     "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}]}"#;
/// let mut request = ChatRequest::parse(body)?;
/// assert_eq!(request.messages().last().map(|it| it.text()), Some("hi".to_owned()));
/// request.rename("max_tokens", "max_output_tokens");
/// request.take("messages");
/// let rest = request.into_value().to_string();
/// assert_eq!(rest, r#"{"model":"m","brand_new":{"a":1},"max_output_tokens":9}"#);
/// # Ok::<(), sluice_sdk::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ChatRequest {
    members: Map<String, Value>,
}

impl ChatRequest {
    /// Reads a body. One without a list of messages is the caller's fault.
    pub fn parse(body: &str) -> Result<Self, Error> {
        let members: Map<String, Value> = parse_body(body)?;
        match members.get("messages") {
            Some(Value::Array(_)) => Ok(Self { members }),
            _ => Err(fault::invalid_request("`messages` is not a list")),
        }
    }

    /// The conversation, oldest first.
    pub fn messages(&self) -> impl DoubleEndedIterator<Item = Message<'_>> {
        list(self.members.get("messages")).iter().map(Message)
    }

    /// A top-level member; one that is `null` counts as missing.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.members.get(name).filter(|it| !it.is_null())
    }

    /// Takes a top-level member out; one that was `null` counts as missing.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        self.members
            .shift_remove(name)
            .filter(|value| !value.is_null())
    }

    /// Sets a top-level member.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.members.insert(name.to_owned(), value.into());
    }

    /// Gives a top-level member another name, if it is there.
    pub fn rename(&mut self, from: &str, to: &str) {
        if let Some(value) = self.take(from) {
            self.set(to, value);
        }
    }

    /// The most tokens the answer may have: `max_completion_tokens`, else `max_tokens`.
    pub fn max_tokens(&self) -> Option<u64> {
        let limit = self.get("max_completion_tokens");
        limit.or_else(|| self.get("max_tokens"))?.as_u64()
    }

    /// `stop`, which may be one text or a list.
    pub fn stop(&self) -> Vec<&str> {
        match self.get("stop") {
            Some(Value::String(one)) => vec![one],
            several => list(several).iter().filter_map(Value::as_str).collect(),
        }
    }

    /// The tools, each as the client wrote it.
    pub fn tools(&self) -> &[Value] {
        list(self.members.get("tools"))
    }

    /// Everything that was not taken out.
    pub fn into_value(self) -> Value {
        self.members.into()
    }
}

/// One message of a conversation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Message<'r>(&'r Value);

impl<'r> Message<'r> {
    /// `system`, `developer`, `user`, `assistant`, `tool`.
    pub fn role(self) -> &'r str {
        text(self.0, "role")
    }

    /// All text of the content, its parts joined.
    pub fn text(self) -> String {
        let texts = self.parts().into_iter().filter_map(|part| match part {
            Part::Text(text) => Some(text),
            _ => None,
        });
        texts.collect()
    }

    /// The content, part by part; a plain text is one part.
    pub fn parts(self) -> Vec<Part<'r>> {
        match self.0.get("content") {
            Some(Value::String(text)) => vec![Part::Text(text)],
            several => list(several).iter().map(part).collect(),
        }
    }

    /// The tool calls of an assistant's message.
    pub fn tool_calls(self) -> impl Iterator<Item = ToolCall<'r>> {
        list(self.0.get("tool_calls")).iter().map(ToolCall)
    }

    /// The tool call that a `tool` message answers.
    pub fn tool_call_id(self) -> Option<&'r str> {
        self.0.get("tool_call_id")?.as_str()
    }

    /// The message as the client wrote it.
    pub fn value(self) -> &'r Value {
        self.0
    }
}

/// A part of a message's content.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Part<'r> {
    /// Plain text.
    Text(&'r str),
    /// `image_url`.
    Image(Media<'r>),
    /// `file_data` of a `file` part: documents.
    File(Media<'r>),
    /// Anything else, as the client wrote it.
    Other(&'r Value),
}

/// An image or a document.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Media<'r> {
    /// An address, which the provider fetches.
    Url(&'r str),
    /// A data URI. The payload is opaque: a large one is a word that the host replaces while it
    /// sends, so put it where the provider wants base64 and do not decode it.
    Inline {
        /// `image/png`, `application/pdf`.
        media_type: &'r str,
        /// The payload, or the word that stands for it.
        base64: &'r str,
    },
}

impl<'r> Media<'r> {
    /// Reads what stands in `image_url.url` or `file.file_data`.
    ///
    /// ```
    /// use sluice_sdk::chat::Media;
    ///
    /// let data = Media::read("data:image/png;base64,iVBO");
    /// assert_eq!(data, Media::Inline { media_type: "image/png", base64: "iVBO" });
    /// assert_eq!(Media::read("https://a.example/b.png"), Media::Url("https://a.example/b.png"));
    /// ```
    pub fn read(text: &'r str) -> Self {
        let inline = text
            .strip_prefix("data:")
            .and_then(|rest| rest.split_once(";base64,"));
        match inline {
            Some((media_type, base64)) => Self::Inline { media_type, base64 },
            None => Self::Url(text),
        }
    }
}

/// A call that the model made of a tool.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ToolCall<'r>(&'r Value);

impl<'r> ToolCall<'r> {
    /// By which the result will name it.
    pub fn id(self) -> &'r str {
        text(self.0, "id")
    }

    /// The tool's name.
    pub fn name(self) -> &'r str {
        self.0.get("function").map_or("", |it| text(it, "name"))
    }

    /// The arguments as the model wrote them: JSON, if it kept to the schema.
    pub fn arguments(self) -> &'r str {
        self.0
            .get("function")
            .map_or("", |it| text(it, "arguments"))
    }

    /// The call as the client wrote it.
    pub fn value(self) -> &'r Value {
        self.0
    }
}

fn part(value: &Value) -> Part<'_> {
    let at = |pointer: &str| value.pointer(pointer).and_then(Value::as_str);
    let url = || at("/image_url/url").or_else(|| at("/image_url"));
    match text(value, "type") {
        "text" => at("/text").map(Part::Text),
        "image_url" => url().map(|url| Part::Image(Media::read(url))),
        "file" => at("/file/file_data").map(|data| Part::File(Media::read(data))),
        _ => None,
    }
    .unwrap_or(Part::Other(value))
}

fn text<'r>(value: &'r Value, name: &str) -> &'r str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn list(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_not_taken_is_kept_whatever_it_is() {
        let body = json!({
            "model": "m", "messages": [], "temperature": null, "seed": 18_446_744_073_709_551_615_u64,
            "future": {"deep": [1, null, {"x": 1.5}]}
        });
        let request = ChatRequest::parse(&body.to_string()).unwrap();
        assert_eq!(request.get("temperature"), None);
        assert_eq!(request.into_value(), body);
    }

    #[test]
    fn parts_without_a_name_here_come_as_they_are() {
        let audio = json!({"type": "input_audio", "input_audio": {"data": "AA", "format": "wav"}});
        let odd = json!({"type": "image_url"});
        let body = json!({"messages": [{"role": "user", "content": [
            {"type": "text", "text": "a"}, {"type": "image_url", "image_url": "https://x.example/i"},
            audio, {"type": "text", "text": "b"}, odd,
            {"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBE"}}
        ]}]});
        let request = ChatRequest::parse(&body.to_string()).unwrap();
        let message = request.messages().next().unwrap();
        assert_eq!(message.text(), "ab");
        let pdf = Media::Inline {
            media_type: "application/pdf",
            base64: "JVBE",
        };
        assert_eq!(
            message.parts(),
            [
                Part::Text("a"),
                Part::Image(Media::Url("https://x.example/i")),
                Part::Other(&audio),
                Part::Text("b"),
                Part::Other(&odd),
                Part::File(pdf),
            ]
        );
    }

    #[test]
    fn tool_calls_and_their_results_are_read() {
        let body = json!({"stop": "x", "max_tokens": 3, "max_completion_tokens": 5, "messages": [
            {"role": "assistant", "content": null, "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}, "extra": 1}]},
            {"role": "tool", "tool_call_id": "c1", "content": "42"}
        ]});
        let request = ChatRequest::parse(&body.to_string()).unwrap();
        let call = request.messages().next().unwrap().tool_calls().next();
        let call = call.unwrap();
        assert_eq!(
            (call.id(), call.name(), call.arguments()),
            ("c1", "f", "{}")
        );
        assert_eq!(call.value()["extra"], 1);
        let result = request.messages().next_back().unwrap();
        assert_eq!(
            (result.role(), result.tool_call_id(), result.text()),
            ("tool", Some("c1"), "42".to_owned())
        );
        assert_eq!((request.stop(), request.max_tokens()), (vec!["x"], Some(5)));
    }

    #[test]
    fn a_request_without_messages_is_the_callers_fault() {
        for body in [
            r#"{"model": "m"}"#,
            r#"{"messages": "hi"}"#,
            "[]",
            "nonsense",
        ] {
            let error = ChatRequest::parse(body).unwrap_err();
            assert_eq!(error.kind, fault::kind::INVALID_REQUEST, "{body}");
        }
    }
}
