//! Images and documents as parts.

use serde_json::{Value, json};

use crate::Options;
use crate::chat;
use crate::object::{items, set, set_given, text};
use crate::refusal::Refusal;

pub fn image(block: &Value, place: &str) -> Result<Value, Refusal> {
    let source = block.get("source").unwrap_or(&Value::Null);
    let (kind, data) = (text(source, "media_type"), text(source, "data"));
    match text(source, "type") {
        "base64" => Ok(chat::image_part(&chat::data_url(kind, data))),
        "url" => Ok(chat::image_part(text(source, "url"))),
        "file" => Err(Refusal::unsupported(
            place,
            "the file was uploaded to Anthropic",
        )),
        _ => Err(Refusal::invalid(
            place,
            format!("`{place}.source` has no known `type`"),
        )),
    }
}

/// Documents of texts, which Anthropic's models cite.
pub fn is_own(block: &Value, options: &Options<'_>) -> bool {
    let kind = block.pointer("/source/type").and_then(Value::as_str);
    options.target.anthropic && matches!(kind, Some("text" | "content"))
}

pub fn document(block: &Value, place: &str, options: &Options<'_>) -> Result<Value, Refusal> {
    let source = block.get("source").unwrap_or(&Value::Null);
    let title = block.get("title").and_then(Value::as_str);
    let mut file = json!({});
    match text(source, "type") {
        "base64" => {
            let url = chat::data_url(text(source, "media_type"), text(source, "data"));
            set(&mut file, "filename", title.unwrap_or("document.pdf"));
            set(&mut file, "file_data", url);
        }
        // An address stands where every plugin looks for it.
        "url" => {
            set(&mut file, "file_id", text(source, "url"));
            set_given(&mut file, "filename", block.get("title"));
        }
        "text" => return Ok(said(title, text(source, "data"))),
        "content" => {
            let texts = match source.get("content") {
                Some(Value::String(whole)) => whole.clone(),
                parts => items(parts)
                    .iter()
                    .map(|it| text(it, "text"))
                    .collect::<Vec<_>>()
                    .join("\n"),
            };
            return Ok(said(title, &texts));
        }
        "file" if options.target.anthropic => {
            set_given(&mut file, "file_id", source.get("file_id"));
            set_given(&mut file, "filename", block.get("title"));
        }
        "file" => {
            return Err(Refusal::unsupported(
                place,
                "the file was uploaded to Anthropic",
            ));
        }
        _ => {
            return Err(Refusal::invalid(
                place,
                format!("`{place}.source` has no known `type`"),
            ));
        }
    }
    let mut part = json!({"type": "file", "file": file});
    for name in ["citations", "context"] {
        set_given(&mut part, name, block.get(name));
    }
    Ok(part)
}

/// A document of plain text: every model reads it.
fn said(title: Option<&str>, whole: &str) -> Value {
    match title {
        Some(title) => chat::text_part(&format!("{title}\n\n{whole}")),
        None => chat::text_part(whole),
    }
}
